//! Writes a zip archive to a new file.

use std::fs::File;
use std::io::{self, BufWriter, Read, Write};
use std::os::unix::fs::FileExt;

use crc32fast::Hasher;
use flate2::Compression;
use flate2::write::DeflateEncoder;

use super::*;
use crate::{Entry, Kind};

/// From here on a packed file could be larger than 32 bits say.
const LARGE: u64 = 0xf000_0000;

pub struct ZipWriter {
    file: BufWriter<File>,
    /// Where the next byte goes.
    at: u64,
    /// The central directory, which stands at the end: kept on the disk until then.
    directory: BufWriter<File>,
    entries: u64,
}

impl ZipWriter {
    /// Both files are empty; the second is needed until the end.
    pub fn new(file: File, directory: File) -> ZipWriter {
        ZipWriter { file: BufWriter::new(file), at: 0, directory: BufWriter::new(directory), entries: 0 }
    }

    /// Adds an entry whose bytes `content` gives: of a file as many as it holds, at most its size; of a link its target.
    pub fn add(&mut self, entry: &Entry<'_>, content: &mut dyn Read) -> io::Result<()> {
        let Entry { kind, size: most, .. } = *entry;
        let large = most >= LARGE;
        let method = if kind == Kind::File && most > 0 { DEFLATED } else { STORED };
        let mut name = entry.path.to_vec();
        if kind == Kind::Directory {
            name.push(b'/');
        }
        let name_length = u16::try_from(name.len()).map_err(|_| io::Error::other("a path is too long for a zip"))?;
        let flags = if name.is_ascii() || std::str::from_utf8(&name).is_err() { 0 } else { UTF_8 };
        let (time, date) = dos_time(entry.modified);
        let mut times = Vec::new();
        put_16(&mut times, EXTRA_TIMES);
        put_16(&mut times, 5);
        times.push(1);
        // Unix time of 32 bits: enough until 2038, and what readers understand.
        put_32(&mut times, entry.modified.clamp(0, i64::from(i32::MAX)) as u32);

        let start = self.at;
        let needed: u16 = if large { 45 } else { 20 };
        let mut header = Vec::with_capacity(LOCAL_BYTES);
        put_32(&mut header, LOCAL);
        for field in [needed, flags, method, time, date] {
            put_16(&mut header, field);
        }
        // Checksum and sizes are not known yet.
        header.extend([0; 12]);
        put_16(&mut header, name_length);
        put_16(&mut header, times.len() as u16 + if large { 20 } else { 0 });
        header.extend(&name);
        let sizes_at = start + header.len() as u64 + 4;
        if large {
            put_16(&mut header, EXTRA_ZIP_64);
            put_16(&mut header, 16);
            header.extend([0; 16]);
        }
        header.extend(&times);
        self.file.write_all(&header)?;

        let mut packed = Counted { to: &mut self.file, count: 0 };
        let mut content = Summed { from: content, crc: Hasher::new(), count: 0 };
        if kind != Kind::Directory {
            if method == DEFLATED {
                let mut deflate = DeflateEncoder::new(&mut packed, Compression::default());
                io::copy(&mut (&mut content).take(most), &mut deflate)?;
                deflate.finish()?;
            } else if kind == Kind::Link {
                io::copy(&mut content, &mut packed)?;
            }
        }
        let (crc, size, packed) = (content.crc.finalize(), content.count, packed.count);
        self.at = start + header.len() as u64 + packed;
        self.file.flush()?;
        let file = self.file.get_ref();
        file.write_all_at(&crc.to_le_bytes(), start + 14)?;
        let mut sizes = Vec::new();
        if large {
            put_64(&mut sizes, size);
            put_64(&mut sizes, packed);
            file.write_all_at(&[0xff; 8], start + 18)?;
            file.write_all_at(&sizes, sizes_at)?;
        } else {
            put_32(&mut sizes, packed as u32);
            put_32(&mut sizes, size as u32);
            file.write_all_at(&sizes, start + 18)?;
        }

        let far = start > u64::from(u32::MAX) - 1;
        let mut extra = Vec::new();
        if large || far {
            put_16(&mut extra, EXTRA_ZIP_64);
            put_16(&mut extra, if large { 16 } else { 0 } + if far { 8 } else { 0 });
            if large {
                put_64(&mut extra, size);
                put_64(&mut extra, packed);
            }
            if far {
                put_64(&mut extra, start);
            }
        }
        extra.extend(&times);
        let small = |value: u64, wide: bool| if wide { u32::MAX } else { value as u32 };
        let mut header = Vec::with_capacity(CENTRAL_BYTES);
        put_32(&mut header, CENTRAL);
        for field in [u16::from(HOST_UNIX) << 8 | 45, if far { 45 } else { needed }, flags, method, time, date] {
            put_16(&mut header, field);
        }
        put_32(&mut header, crc);
        put_32(&mut header, small(packed, large));
        put_32(&mut header, small(size, large));
        put_16(&mut header, name_length);
        put_16(&mut header, extra.len() as u16);
        // No comment, the first disk, no attributes of the inside.
        header.extend([0; 6]);
        let dos = if kind == Kind::Directory { 0x10 } else { 0 };
        put_32(&mut header, (type_of(kind) | entry.mode & 0o777) << 16 | dos);
        put_32(&mut header, small(start, far));
        self.directory.write_all(&header)?;
        self.directory.write_all(&name)?;
        self.directory.write_all(&extra)?;
        self.entries += 1;
        Ok(())
    }

    /// Writes the central directory; answers the file.
    pub fn finish(mut self) -> io::Result<File> {
        let start = self.at;
        let directory = self.directory.into_inner().map_err(io::IntoInnerError::into_error)?;
        let mut read_at = 0;
        let mut buffer = vec![0; 64 << 10];
        loop {
            match directory.read_at(&mut buffer, read_at)? {
                0 => break,
                read => {
                    self.file.write_all(&buffer[..read])?;
                    read_at += read as u64;
                }
            }
        }
        let size = read_at;
        let limit = u64::from(u32::MAX);
        let mut end = Vec::new();
        if self.entries >= u64::from(u16::MAX) || start >= limit || size >= limit {
            put_32(&mut end, END_64);
            put_64(&mut end, END_64_BYTES as u64 - 12);
            put_16(&mut end, u16::from(HOST_UNIX) << 8 | 45);
            put_16(&mut end, 45);
            put_64(&mut end, 0);
            for field in [self.entries, self.entries, size, start] {
                put_64(&mut end, field);
            }
            put_32(&mut end, LOCATOR_64);
            put_32(&mut end, 0);
            put_64(&mut end, start + size);
            put_32(&mut end, 1);
        }
        put_32(&mut end, END);
        put_32(&mut end, 0);
        let entries = self.entries.min(u64::from(u16::MAX)) as u16;
        put_16(&mut end, entries);
        put_16(&mut end, entries);
        put_32(&mut end, size.min(limit) as u32);
        put_32(&mut end, start.min(limit) as u32);
        put_16(&mut end, 0);
        self.file.write_all(&end)?;
        self.file.into_inner().map_err(io::IntoInnerError::into_error)
    }
}

/// As Unix writes it beside the permission bits.
fn type_of(kind: Kind) -> u32 {
    match kind {
        Kind::File => 0o100_000,
        Kind::Directory => 0o040_000,
        Kind::Link => 0o120_000,
    }
}

fn put_16(to: &mut Vec<u8>, value: u16) {
    to.extend(value.to_le_bytes());
}

fn put_32(to: &mut Vec<u8>, value: u32) {
    to.extend(value.to_le_bytes());
}

fn put_64(to: &mut Vec<u8>, value: u64) {
    to.extend(value.to_le_bytes());
}

struct Counted<'a> {
    to: &'a mut BufWriter<File>,
    count: u64,
}

impl Write for Counted<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.to.write(bytes)?;
        self.count += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}

struct Summed<'a> {
    from: &'a mut dyn Read,
    crc: Hasher,
    count: u64,
}

impl Read for Summed<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.from.read(buffer)?;
        self.crc.update(&buffer[..read]);
        self.count += read as u64;
        Ok(read)
    }
}
