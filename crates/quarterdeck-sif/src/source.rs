//! Bytes at an offset, with every size checked before anything is allocated.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use crate::Error;

/// How much of the file's beginning is read at once. An image made by a current Apptainer has its header,
/// descriptors, definition and metadata there, so that one round trip over SSH brings all of them.
const HEAD_BYTES: u64 = 48 << 10;

/// Where an image's bytes come from. Offsets and sizes are in bytes.
pub trait ReadAt {
    fn size(&self) -> io::Result<u64>;

    /// Fills the whole of `buffer` from `offset`, or fails: a file that has become shorter answers
    /// [`io::ErrorKind::UnexpectedEof`].
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()>;
}

impl ReadAt for [u8] {
    fn size(&self) -> io::Result<u64> {
        Ok(self.len() as u64)
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        let start = usize::try_from(offset).map_err(|_| io::ErrorKind::UnexpectedEof)?;
        let end = start.checked_add(buffer.len()).ok_or(io::ErrorKind::UnexpectedEof)?;
        buffer.copy_from_slice(self.get(start..end).ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }
}

impl ReadAt for File {
    fn size(&self) -> io::Result<u64> {
        Ok(self.metadata()?.len())
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        self.read_exact_at(buffer, offset)
    }
}

/// A [`ReadAt`] with its size asked once and its beginning kept.
pub(crate) struct Source<'a, R: ReadAt + ?Sized> {
    reader: &'a R,
    size: u64,
    head: Vec<u8>,
}

impl<'a, R: ReadAt + ?Sized> Source<'a, R> {
    pub(crate) fn open(reader: &'a R) -> Result<Self, Error> {
        let size = reader.size()?;
        let mut head = vec![0; size.min(HEAD_BYTES) as usize];
        reader.read_at(0, &mut head)?;
        Ok(Source { reader, size, head })
    }

    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    /// The file's first bytes: at most `length`, fewer where the file is shorter.
    pub(crate) fn beginning(&self, length: usize) -> &[u8] {
        &self.head[..length.min(self.head.len())]
    }

    /// Whether `offset..offset + length` lies within the file.
    pub(crate) fn holds(&self, offset: u64, length: u64) -> bool {
        offset.checked_add(length).is_some_and(|end| end <= self.size)
    }

    /// The `length` bytes at `offset`, of the part of the image that errors are to name.
    pub(crate) fn bytes(&self, part: &'static str, offset: u64, length: u64, limit: u64) -> Result<Vec<u8>, Error> {
        if length > limit {
            return Err(Error::TooLarge { part, bytes: length, limit });
        }
        if !self.holds(offset, length) {
            return Err(Error::Truncated { part, size: self.size });
        }
        let end = offset + length;
        if end <= self.head.len() as u64 {
            return Ok(self.head[offset as usize..end as usize].to_vec());
        }
        let mut bytes = vec![0; length as usize];
        self.reader.read_at(offset, &mut bytes)?;
        Ok(bytes)
    }
}

/// The `N` bytes at `at` in a record whose length the caller has checked.
pub(crate) fn field<const N: usize>(record: &[u8], at: usize) -> [u8; N] {
    let mut bytes = [0; N];
    bytes.copy_from_slice(&record[at..at + N]);
    bytes
}

/// The text before the first NUL; bytes that are not UTF-8 become U+FFFD.
pub(crate) fn text_before_nul(bytes: &[u8]) -> String {
    let end = bytes.iter().position(|b| *b == 0).unwrap_or(bytes.len());
    String::from_utf8_lossy(&bytes[..end]).into_owned()
}
