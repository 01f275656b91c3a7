//! Recognises a squashfs file system by its superblock (version 4.0, little-endian, 96 bytes).
//! Reading its files is to come here: a walk from the root inode to the few files of `/.singularity.d` and `/scif`.

use std::fmt;

use crate::Error;
use crate::source::{ReadAt, Source, field};

const SUPERBLOCK_BYTES: u64 = 96;
pub(crate) const MAGIC: &[u8; 4] = b"hsqs";

/// How the file system's blocks are compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compression {
    Gzip,
    Lzma,
    Lzo,
    Xz,
    Lz4,
    Zstd,
}

impl fmt::Display for Compression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Compression::Gzip => "gzip",
            Compression::Lzma => "lzma",
            Compression::Lzo => "lzo",
            Compression::Xz => "xz",
            Compression::Lz4 => "lz4",
            Compression::Zstd => "zstd",
        })
    }
}

/// Checks the superblock at `offset` in a file system of at most `length` bytes.
pub(crate) fn compression<R: ReadAt + ?Sized>(
    source: &Source<'_, R>,
    offset: u64,
    length: u64,
) -> Result<Compression, Error> {
    let damaged = |why: String| Error::Damaged { part: "squashfs file system", why };
    if length < SUPERBLOCK_BYTES {
        return Err(damaged(format!("it has {length} bytes")));
    }
    let raw = source.bytes("squashfs file system", offset, SUPERBLOCK_BYTES, SUPERBLOCK_BYTES)?;
    let (block_size, block_log) = (u32::from_le_bytes(field(&raw, 12)), u16::from_le_bytes(field(&raw, 22)));
    let version = (u16::from_le_bytes(field(&raw, 28)), u16::from_le_bytes(field(&raw, 30)));
    let bytes_used = u64::from_le_bytes(field(&raw, 40));

    if &raw[..4] != MAGIC {
        return Err(damaged("its magic number is missing".to_owned()));
    }
    if version != (4, 0) {
        return Err(damaged(format!("its version is {}.{}", version.0, version.1)));
    }
    if !(12..=20).contains(&block_log) || block_size != 1 << block_log {
        return Err(damaged(format!("its block size is {block_size}")));
    }
    if bytes_used > length {
        return Err(damaged(format!("it needs {bytes_used} bytes and has {length}")));
    }
    match u16::from_le_bytes(field(&raw, 20)) {
        1 => Ok(Compression::Gzip),
        2 => Ok(Compression::Lzma),
        3 => Ok(Compression::Lzo),
        4 => Ok(Compression::Xz),
        5 => Ok(Compression::Lz4),
        6 => Ok(Compression::Zstd),
        other => Err(damaged(format!("its compression is unknown ({other})"))),
    }
}
