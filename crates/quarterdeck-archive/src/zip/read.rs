//! Reads a zip archive whose every byte may have been chosen by somebody else.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::os::unix::fs::FileExt;

use encoding_rs::EUC_KR;
use flate2::read::DeflateDecoder;

use super::*;

/// The last record stands so far from the end at most: its comment is of 65,535 bytes.
const END_WITHIN: u64 = END_BYTES as u64 + 0xffff;

pub struct ZipReader<'a> {
    file: &'a File,
    /// Where the central directory goes on.
    directory: BufReader<Part<'a>>,
    /// What stands before the archive in the file, as in those that unpack themselves.
    shift: u64,
    /// As the archive says.
    pub entries: u64,
}

#[derive(Debug)]
pub struct ZipEntry {
    pub name: Vec<u8>,
    /// With the type in it; `None`: the archive was made where there are none.
    pub mode: Option<u32>,
    /// Seconds since 1970.
    pub modified: Option<i64>,
    pub is_directory: bool,
    pub is_encrypted: bool,
    pub packed: u64,
    pub size: u64,
    pub crc: u32,
    method: u16,
    header_at: u64,
}

impl<'a> ZipReader<'a> {
    pub fn open(file: &'a File) -> io::Result<ZipReader<'a>> {
        let length = file.metadata()?.len();
        let tail_at = length.saturating_sub(END_WITHIN);
        let mut tail = vec![0; (length - tail_at) as usize];
        file.read_exact_at(&mut tail, tail_at)?;
        let candidates = (0..=tail.len().saturating_sub(END_BYTES)).rev();
        let found = candidates.filter(|at| tail.len() >= END_BYTES && u32_at(&tail, *at) == END);
        let fits = |at: &usize| at + END_BYTES + usize::from(u16_at(&tail, at + 20)) <= tail.len();
        let at = found.into_iter().find(fits).ok_or_else(|| damaged("it has no end"))?;
        let end_at = tail_at + at as u64;
        let mut entries = u64::from(u16_at(&tail, at + 10));
        let mut size = u64::from(u32_at(&tail, at + 12));
        let mut start = u64::from(u32_at(&tail, at + 16));
        let mut directory_end = end_at;
        if let Some(locator_at) = end_at.checked_sub(LOCATOR_64_BYTES as u64) {
            let mut locator = [0; LOCATOR_64_BYTES];
            file.read_exact_at(&mut locator, locator_at)?;
            if u32_at(&locator, 0) == LOCATOR_64 {
                // Directly before its locator, or where that says.
                let beside = locator_at.checked_sub(END_64_BYTES as u64);
                let record = [beside, Some(u64_at(&locator, 8))].into_iter().flatten().find_map(|at| {
                    let mut record = [0; END_64_BYTES];
                    file.read_exact_at(&mut record, at).ok()?;
                    (u32_at(&record, 0) == END_64).then_some((at, record))
                });
                let (at, record) = record.ok_or_else(|| damaged("its end is not where it should be"))?;
                (entries, size, start) = (u64_at(&record, 32), u64_at(&record, 40), u64_at(&record, 48));
                directory_end = at;
            }
        }
        let found =
            directory_end.checked_sub(size).ok_or_else(|| damaged("its directory is not where it should be"))?;
        let shift = found.checked_sub(start).ok_or_else(|| damaged("its directory is not where it should be"))?;
        let directory = BufReader::new(Part { file, at: found, left: size });
        Ok(ZipReader { file, directory, shift, entries })
    }

    /// The next entry; `None`: that was all.
    pub fn next_entry(&mut self) -> io::Result<Option<ZipEntry>> {
        let mut header = [0; CENTRAL_BYTES];
        match self.directory.read(&mut header[..1])? {
            0 => return Ok(None),
            _ => self.directory.read_exact(&mut header[1..])?,
        }
        if u32_at(&header, 0) != CENTRAL {
            return Err(damaged("its directory is broken"));
        }
        let (host, flags) = (header[5], u16_at(&header, 8));
        let mut read = |length: u16| {
            let mut bytes = vec![0; usize::from(length)];
            self.directory.read_exact(&mut bytes).map(|()| bytes)
        };
        let (name, extra) = (read(u16_at(&header, 28))?, read(u16_at(&header, 30))?);
        read(u16_at(&header, 32))?;
        let mut wide = Vec::new();
        let (mut modified, mut utf_8_path) = (seconds_of((u16_at(&header, 12), u16_at(&header, 14))), None);
        for (kind, field) in fields(&extra) {
            match kind {
                EXTRA_ZIP_64 => wide = field.chunks_exact(8).map(|bytes| u64_at(bytes, 0)).collect(),
                EXTRA_TIMES if field.len() >= 5 && field[0] & 1 == 1 => {
                    modified = Some(i64::from(u32_at(field, 1) as i32));
                }
                // Of this very name, and not of one that somebody changed since.
                EXTRA_UTF_8_PATH if field.len() > 5 && field[0] == 1 && u32_at(field, 1) == crc32fast::hash(&name) => {
                    utf_8_path = Some(field[5..].to_vec());
                }
                _ => {}
            }
        }
        let mut wide = wide.into_iter();
        let mut full = |small: u32| match small {
            u32::MAX => wide.next().ok_or_else(|| damaged("a size is missing")),
            small => Ok(u64::from(small)),
        };
        // In this order.
        let size = full(u32_at(&header, 24))?;
        let packed = full(u32_at(&header, 20))?;
        let header_at = full(u32_at(&header, 42))?;
        let attributes = u32_at(&header, 38);
        let mode = (host == HOST_UNIX && attributes >> 16 != 0).then_some(attributes >> 16);
        let mut name = utf_8_path.unwrap_or_else(|| decoded(name, flags & UTF_8 != 0));
        if matches!(host, HOST_DOS | HOST_NTFS) && !name.contains(&b'/') {
            name.iter_mut().filter(|byte| **byte == b'\\').for_each(|byte| *byte = b'/');
        }
        let is_directory = name.ends_with(b"/") || mode.is_some_and(|mode| mode & 0o170_000 == 0o040_000);
        Ok(Some(ZipEntry {
            is_directory,
            name,
            mode,
            modified,
            is_encrypted: flags & ENCRYPTED != 0,
            packed,
            size,
            crc: u32_at(&header, 16),
            method: u16_at(&header, 10),
            header_at,
        }))
    }

    /// An entry's bytes, unpacked; `None` where it is packed in another way than deflate.
    pub fn content(&self, entry: &ZipEntry) -> io::Result<Option<Box<dyn Read + 'a>>> {
        let at =
            entry.header_at.checked_add(self.shift).ok_or_else(|| damaged("an entry is not where it should be"))?;
        let mut header = [0; LOCAL_BYTES];
        self.file.read_exact_at(&mut header, at)?;
        if u32_at(&header, 0) != LOCAL {
            return Err(damaged("an entry is not where it should be"));
        }
        let behind = u64::from(u16_at(&header, 26)) + u64::from(u16_at(&header, 28)) + LOCAL_BYTES as u64;
        let part = BufReader::new(Part { file: self.file, at: at + behind, left: entry.packed });
        Ok(match entry.method {
            STORED => Some(Box::new(part)),
            DEFLATED => Some(Box::new(DeflateDecoder::new(part))),
            _ => None,
        })
    }
}

/// A part of a file, read from its beginning to its end.
struct Part<'a> {
    file: &'a File,
    at: u64,
    left: u64,
}

impl Read for Part<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = buffer.len().min(usize::try_from(self.left).unwrap_or(usize::MAX));
        let read = self.file.read_at(&mut buffer[..most], self.at)?;
        self.at = self.at.saturating_add(read as u64);
        self.left -= read as u64;
        Ok(read)
    }
}

/// A name as UTF-8, where it is that or what Korean Windows writes (CP949); else its bytes.
fn decoded(name: Vec<u8>, is_utf_8: bool) -> Vec<u8> {
    if is_utf_8 || std::str::from_utf8(&name).is_ok() {
        return name;
    }
    match EUC_KR.decode_without_bom_handling_and_without_replacement(&name) {
        Some(text) => text.into_owned().into_bytes(),
        None => name,
    }
}

/// An extra field's parts: what they are, and their bytes.
fn fields(mut extra: &[u8]) -> impl Iterator<Item = (u16, &[u8])> {
    std::iter::from_fn(move || {
        let (head, rest) = extra.split_at_checked(4)?;
        let (field, rest) = rest.split_at_checked(usize::from(u16_at(head, 2)))?;
        extra = rest;
        Some((u16_at(head, 0), field))
    })
}

fn u16_at(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes([bytes[at], bytes[at + 1]])
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from(u16_at(bytes, at)) | u32::from(u16_at(bytes, at + 2)) << 16
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from(u32_at(bytes, at)) | u64::from(u32_at(bytes, at + 4)) << 32
}

fn damaged(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

#[cfg(test)]
mod tests {
    use std::io::{Seek, Write};

    use super::*;
    use crate::zip::write::ZipWriter;
    use crate::{Entry, Kind};
    use proptest::prelude::*;

    fn archive() -> Vec<u8> {
        let mut content = tempfile::tempfile().unwrap();
        content.write_all(&b"content ".repeat(100)).unwrap();
        let mut zip = ZipWriter::new(tempfile::tempfile().unwrap(), tempfile::tempfile().unwrap());
        for path in ["one", "두 번째"] {
            content.rewind().unwrap();
            let entry = Entry { path: path.as_bytes(), kind: Kind::File, mode: 0o644, modified: 0, size: 800 };
            zip.add(&entry, &mut content).unwrap();
        }
        let mut file = zip.finish().unwrap();
        let mut bytes = Vec::new();
        file.rewind().unwrap();
        file.read_to_end(&mut bytes).unwrap();
        bytes
    }

    /// The names and contents, as far as they can be read.
    fn read(bytes: &[u8]) -> io::Result<Vec<(Vec<u8>, Vec<u8>)>> {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(bytes).unwrap();
        let mut reader = ZipReader::open(&file)?;
        let mut all = Vec::new();
        while let Some(entry) = reader.next_entry()? {
            let mut content = Vec::new();
            if let Some(packed) = reader.content(&entry)? {
                packed.take(1 << 20).read_to_end(&mut content)?;
            }
            all.push((entry.name, content));
        }
        Ok(all)
    }

    #[test]
    fn what_is_written_is_read_also_behind_something_else() {
        let content = b"content ".repeat(100);
        let expected = vec![(b"one".to_vec(), content.clone()), ("두 번째".as_bytes().to_vec(), content)];
        assert_eq!(read(&archive()).unwrap(), expected);
        assert_eq!(read(&[b"#!/bin/sh\n".as_slice(), &archive()].concat()).unwrap(), expected);
    }

    proptest! {
        #[test]
        fn bytes_that_somebody_changed_are_an_error_or_another_archive(
            changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
            length in any::<prop::sample::Index>(),
            cut in any::<bool>(),
        ) {
            let mut bytes = archive();
            for (at, byte) in changes {
                let at = at.index(bytes.len());
                bytes[at] = byte;
            }
            if cut {
                bytes.truncate(length.index(bytes.len()));
            }
            // It ends, and does not panic.
            let _ = read(&bytes);
        }
    }
}
