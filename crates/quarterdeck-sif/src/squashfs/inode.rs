//! Inodes of the three kinds that lead to a file, basic and extended.

use super::blocks::{Blocks, Cursor};
use super::directory::Directory;
use super::superblock::InodeReference;
use super::{Failure, damaged};
use crate::source::{ReadAt, field};

/// A fragment number that says there is none.
const NO_FRAGMENT: u32 = u32::MAX;
/// Linux allows no longer link.
const MAX_LINK_BYTES: u32 = 4096;

pub(super) enum Inode {
    Directory(Directory),
    File(File),
    /// Where it points, relative to its directory or to the root.
    Link(Vec<u8>),
    /// A device, pipe or socket.
    Other,
}

pub(super) struct File {
    pub(super) size: u64,
    /// Of the first data block, in bytes from the beginning of the file system.
    start: u64,
    fragment: Option<(u32, u32)>,
    /// Where the lengths of the data blocks are.
    lengths: Cursor,
}

impl Inode {
    pub(super) fn read<R: ReadAt + ?Sized>(
        blocks: &mut Blocks<'_, R>,
        reference: InodeReference,
    ) -> Result<Inode, Failure> {
        let mut cursor = blocks.cursor(blocks.superblock().inode_table, reference.block, reference.offset)?;
        let header: [u8; 16] = blocks.take(&mut cursor)?;
        Ok(match u16::from_le_bytes(field(&header, 0)) {
            1 => {
                let raw: [u8; 16] = blocks.take(&mut cursor)?;
                Inode::Directory(Directory {
                    block: u32::from_le_bytes(field(&raw, 0)),
                    size: u16::from_le_bytes(field(&raw, 8)).into(),
                    offset: u16::from_le_bytes(field(&raw, 10)),
                    index: None,
                })
            }
            8 => {
                let raw: [u8; 24] = blocks.take(&mut cursor)?;
                let indexes = u16::from_le_bytes(field(&raw, 16));
                Inode::Directory(Directory {
                    size: u32::from_le_bytes(field(&raw, 4)),
                    block: u32::from_le_bytes(field(&raw, 8)),
                    offset: u16::from_le_bytes(field(&raw, 18)),
                    index: (indexes > 0).then_some((cursor, indexes)),
                })
            }
            2 => {
                let raw: [u8; 16] = blocks.take(&mut cursor)?;
                let number = |at| u32::from_le_bytes(field(&raw, at));
                Inode::File(File {
                    start: number(0).into(),
                    fragment: fragment(number(4), number(8)),
                    size: number(12).into(),
                    lengths: cursor,
                })
            }
            9 => {
                let raw: [u8; 40] = blocks.take(&mut cursor)?;
                Inode::File(File {
                    start: u64::from_le_bytes(field(&raw, 0)),
                    size: u64::from_le_bytes(field(&raw, 8)),
                    fragment: fragment(u32::from_le_bytes(field(&raw, 28)), u32::from_le_bytes(field(&raw, 32))),
                    lengths: cursor,
                })
            }
            3 | 10 => {
                let raw: [u8; 8] = blocks.take(&mut cursor)?;
                let length = u32::from_le_bytes(field(&raw, 4));
                if length > MAX_LINK_BYTES {
                    return damaged(format!("a symbolic link has {length} bytes"));
                }
                let mut target = vec![0; length as usize];
                blocks.fill(&mut cursor, &mut target)?;
                Inode::Link(target)
            }
            4..=7 | 11..=14 => Inode::Other,
            other => return damaged(format!("an inode is of the unknown type {other}")),
        })
    }
}

fn fragment(number: u32, offset: u32) -> Option<(u32, u32)> {
    (number != NO_FRAGMENT).then_some((number, offset))
}

impl File {
    /// The whole of it; the caller has checked its size.
    pub(super) fn read<R: ReadAt + ?Sized>(self, blocks: &mut Blocks<'_, R>) -> Result<Vec<u8>, Failure> {
        let block_size = u64::from(blocks.superblock().block_size);
        let full = if self.fragment.is_some() { self.size / block_size } else { self.size.div_ceil(block_size) };
        let (mut content, mut at, mut lengths) = (Vec::new(), self.start, self.lengths);
        for number in 0..full {
            let length = u32::from_le_bytes(blocks.take(&mut lengths)?);
            let wanted = (self.size - number * block_size).min(block_size) as usize;
            if length == 0 {
                // A hole, of which nothing is stored.
                content.resize(content.len() + wanted, 0);
                continue;
            }
            let block = blocks.data(at, length)?;
            if block.len() != wanted {
                return damaged(format!("a data block unpacks to {} bytes instead of {wanted}", block.len()));
            }
            content.extend_from_slice(&block);
            match at.checked_add(Blocks::<R>::stored_length(length)) {
                Some(next) => at = next,
                None => return damaged("a data block lies past its end"),
            }
        }
        if let Some((number, offset)) = self.fragment {
            let length = (self.size % block_size) as usize;
            let block = blocks.fragment(number)?;
            match (offset as usize).checked_add(length).and_then(|end| block.get(offset as usize..end)) {
                Some(end) => content.extend_from_slice(end),
                None => return damaged("the end of a file lies outside its fragment"),
            }
        }
        Ok(content)
    }
}
