//! The superblock: 96 bytes at the beginning of the file system.

use super::{Compression, Failure, damaged};
use crate::source::{ReadAt, Source, field};

const BYTES: u64 = 96;
pub(crate) const MAGIC: &[u8; 4] = b"hsqs";

/// Places are in bytes from the beginning of the file system.
pub(super) struct Superblock {
    pub(super) compression: Compression,
    pub(super) block_size: u32,
    pub(super) fragments: u32,
    pub(super) root: InodeReference,
    pub(super) bytes_used: u64,
    pub(super) inode_table: u64,
    pub(super) directory_table: u64,
    pub(super) fragment_table: u64,
}

/// Where an inode is: its metadata block, from the beginning of the inode table, and the byte in it once unpacked.
#[derive(Clone, Copy)]
pub(super) struct InodeReference {
    pub(super) block: u64,
    pub(super) offset: usize,
}

/// The superblock at `offset` in the file, of a file system of at most `length` bytes.
pub(super) fn read<R: ReadAt + ?Sized>(
    source: &Source<'_, R>,
    offset: u64,
    length: u64,
) -> Result<Superblock, Failure> {
    if length < BYTES {
        return damaged(format!("it has {length} bytes"));
    }
    let raw = source.bytes("squashfs file system", offset, BYTES, BYTES)?;
    let (block_size, block_log) = (u32::from_le_bytes(field(&raw, 12)), u16::from_le_bytes(field(&raw, 22)));
    let version = (u16::from_le_bytes(field(&raw, 28)), u16::from_le_bytes(field(&raw, 30)));
    let code = u16::from_le_bytes(field(&raw, 20));
    let place = |at| u64::from_le_bytes(field(&raw, at));
    let (root, bytes_used) = (place(32), place(40));

    if &raw[..4] != MAGIC {
        return damaged("its magic number is missing");
    }
    if version != (4, 0) {
        return damaged(format!("its version is {}.{}", version.0, version.1));
    }
    if !(12..=20).contains(&block_log) || block_size != 1 << block_log {
        return damaged(format!("its block size is {block_size}"));
    }
    if bytes_used > length {
        return damaged(format!("it needs {bytes_used} bytes and has {length}"));
    }
    let Some(compression) = Compression::from_code(code) else {
        return damaged(format!("its compression is unknown ({code})"));
    };
    Ok(Superblock {
        compression,
        block_size,
        fragments: u32::from_le_bytes(field(&raw, 16)),
        root: InodeReference { block: root >> 16, offset: (root & 0xffff) as usize },
        bytes_used,
        inode_table: place(64),
        directory_table: place(72),
        fragment_table: place(80),
    })
}
