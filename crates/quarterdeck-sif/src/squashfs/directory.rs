//! Listings of directories. Their entries are sorted by name; in a big one an index says where names begin.

use super::blocks::{Blocks, Cursor};
use super::superblock::InodeReference;
use super::{Failure, damaged};
use crate::source::{ReadAt, field};

/// The size of a listing counts `.` and `..`, which are not in it, as this many bytes.
const DOTS: u32 = 3;
/// Entries share a header in groups of at most so many.
const MAX_GROUP: u32 = 256;
const MAX_NAME_BYTES: usize = 256;

#[derive(Clone)]
pub(super) struct Directory {
    /// Of its listing: metadata block, from the beginning of the directory table, and byte in it once unpacked.
    pub(super) block: u32,
    pub(super) offset: u16,
    pub(super) size: u32,
    /// Where its index is, and how many entries that has.
    pub(super) index: Option<(Cursor, u16)>,
}

/// What the reader of a listing says to an entry.
pub(super) enum Next {
    Go,
    Stop,
}

impl Directory {
    /// The entry of this name.
    pub(super) fn find<R: ReadAt + ?Sized>(
        &self,
        blocks: &mut Blocks<'_, R>,
        name: &[u8],
    ) -> Result<Option<InodeReference>, Failure> {
        let (cursor, left) = self.begin_near(blocks, name)?;
        let mut found = None;
        walk(blocks, cursor, left, |entry, reference| {
            if entry == name {
                found = Some(reference);
            }
            // As Linux does it: who sorts otherwise is not found there either.
            if found.is_some() || entry.first() > name.first() { Ok(Next::Stop) } else { Ok(Next::Go) }
        })?;
        Ok(found)
    }

    pub(super) fn each<R: ReadAt + ?Sized>(
        &self,
        blocks: &mut Blocks<'_, R>,
        visit: impl FnMut(&[u8], InodeReference) -> Result<Next, Failure>,
    ) -> Result<(), Failure> {
        let cursor = self.cursor(blocks, self.block, self.offset)?;
        walk(blocks, cursor, self.size.saturating_sub(DOTS), visit)
    }

    fn cursor<R: ReadAt + ?Sized>(&self, blocks: &Blocks<'_, R>, block: u32, offset: u16) -> Result<Cursor, Failure> {
        blocks.cursor(blocks.superblock().directory_table, block.into(), offset.into())
    }

    /// The position in the listing from which `name` can come, and how much of the listing is left there.
    fn begin_near<R: ReadAt + ?Sized>(
        &self,
        blocks: &mut Blocks<'_, R>,
        name: &[u8],
    ) -> Result<(Cursor, u32), Failure> {
        let size = self.size.saturating_sub(DOTS);
        let (mut block, mut offset, mut skipped) = (self.block, self.offset, 0);
        if let Some((cursor, entries)) = &self.index {
            let mut cursor = cursor.clone();
            for _ in 0..*entries {
                blocks.step()?;
                let raw: [u8; 12] = blocks.take(&mut cursor)?;
                let number = |at| u32::from_le_bytes(field(&raw, at));
                let mut first = vec![0; name_length(number(8))?];
                blocks.fill(&mut cursor, &mut first)?;
                if first.as_slice() > name {
                    break;
                }
                (skipped, block) = (number(0), number(4));
                // Where an entry of the index points, a metadata block of 8 KiB began.
                offset = (u32::from(self.offset).wrapping_add(skipped) % 8192) as u16;
            }
        }
        Ok((self.cursor(blocks, block, offset)?, size.saturating_sub(skipped)))
    }
}

/// A name's length, which is stored without its last byte.
fn name_length(stored: u32) -> Result<usize, Failure> {
    match usize::try_from(stored) {
        Ok(length) if length < MAX_NAME_BYTES => Ok(length + 1),
        _ => damaged(format!("a name has more than {stored} bytes")),
    }
}

fn walk<R: ReadAt + ?Sized>(
    blocks: &mut Blocks<'_, R>,
    mut cursor: Cursor,
    mut left: u32,
    mut visit: impl FnMut(&[u8], InodeReference) -> Result<Next, Failure>,
) -> Result<(), Failure> {
    let too_short = || Failure::Damaged("a directory ends within an entry".to_owned());
    let mut name = Vec::new();
    while left > 0 {
        left = left.checked_sub(12).ok_or_else(too_short)?;
        let header: [u8; 12] = blocks.take(&mut cursor)?;
        let (stored, block) = (u32::from_le_bytes(field(&header, 0)), u32::from_le_bytes(field(&header, 4)));
        if stored >= MAX_GROUP {
            return damaged(format!("a directory has a group of more than {stored} entries"));
        }
        for _ in 0..=stored {
            blocks.step()?;
            let entry: [u8; 8] = blocks.take(&mut cursor)?;
            name.resize(name_length(u16::from_le_bytes(field(&entry, 6)).into())?, 0);
            left = left.checked_sub(8 + name.len() as u32).ok_or_else(too_short)?;
            blocks.fill(&mut cursor, &mut name)?;
            let offset = u16::from_le_bytes(field(&entry, 0)).into();
            if let Next::Stop = visit(&name, InodeReference { block: block.into(), offset })? {
                return Ok(());
            }
        }
    }
    Ok(())
}
