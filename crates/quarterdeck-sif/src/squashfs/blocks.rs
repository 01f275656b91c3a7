//! The file system's blocks, read and unpacked as they are asked for, kept for a while, and counted.

use std::collections::{HashMap, VecDeque};
use std::rc::Rc;

use super::superblock::Superblock;
use super::{Failure, damaged};
use crate::source::{ReadAt, Source, field};

/// A metadata block unpacks to at most this, and all but the last of a table to exactly this.
const METADATA_BYTES: usize = 8192;
/// A metadata block with its length before it takes no more. Read at once it mostly brings its neighbours too.
const READ_AHEAD: u64 = METADATA_BYTES as u64 + 2;
/// How many stretches read ahead are kept, and how many unpacked metadata blocks.
const KEPT_STRETCHES: usize = 16;
const KEPT_METADATA: usize = 64;
/// Marks a metadata block, and the length of a data block, as not compressed.
const METADATA_AS_IT_IS: u16 = 1 << 15;
const DATA_AS_IT_IS: u32 = 1 << 24;
/// Fragment entries of 16 bytes in a metadata block.
const FRAGMENTS_IN_A_BLOCK: u32 = 512;

// What one walk may cost. The largest of a few thousand real images took 60 reads; one on another machine takes
// some milliseconds a read.
const MAX_READS: u32 = 1000;
const MAX_READ_BYTES: u64 = 8 << 20;
const MAX_UNPACKED_BYTES: u64 = 64 << 20;
/// Directory entries looked at, indexes of directories, links and names in paths.
const MAX_STEPS: u32 = 1_000_000;

pub(super) struct Blocks<'a, R: ReadAt + ?Sized> {
    source: &'a Source<'a, R>,
    /// Where the file system begins in the file.
    base: u64,
    superblock: Superblock,
    stretches: VecDeque<(u64, Vec<u8>)>,
    metadata: HashMap<u64, Rc<Metadata>>,
    /// The fragment block that was last unpacked: small files lie beside each other.
    fragment: Option<(u32, Rc<Vec<u8>>)>,
    reads: u32,
    read_bytes: u64,
    unpacked_bytes: u64,
    steps: u32,
}

struct Metadata {
    bytes: Vec<u8>,
    /// Where the block behind it begins.
    next: u64,
}

/// A position in a row of metadata blocks.
#[derive(Clone)]
pub(super) struct Cursor {
    block: u64,
    offset: usize,
}

impl<'a, R: ReadAt + ?Sized> Blocks<'a, R> {
    pub(super) fn new(source: &'a Source<'a, R>, base: u64, superblock: Superblock) -> Self {
        Blocks {
            source,
            base,
            superblock,
            stretches: VecDeque::new(),
            metadata: HashMap::new(),
            fragment: None,
            reads: 0,
            read_bytes: 0,
            unpacked_bytes: 0,
            steps: 0,
        }
    }

    pub(super) fn superblock(&self) -> &Superblock {
        &self.superblock
    }

    /// Counts what costs neither a read nor unpacking, but time.
    pub(super) fn step(&mut self) -> Result<(), Failure> {
        self.steps += 1;
        if self.steps > MAX_STEPS { Err(Failure::Limit(format!("{MAX_STEPS} steps"))) } else { Ok(()) }
    }

    /// `offset`: in the block once unpacked.
    pub(super) fn cursor(&self, table: u64, block: u64, offset: usize) -> Result<Cursor, Failure> {
        match table.checked_add(block) {
            Some(block) => Ok(Cursor { block, offset }),
            None => damaged("a table lies past its end"),
        }
    }

    /// The next `N` bytes, which the cursor then is past.
    pub(super) fn take<const N: usize>(&mut self, cursor: &mut Cursor) -> Result<[u8; N], Failure> {
        let mut bytes = [0; N];
        self.fill(cursor, &mut bytes)?;
        Ok(bytes)
    }

    pub(super) fn fill(&mut self, cursor: &mut Cursor, mut buffer: &mut [u8]) -> Result<(), Failure> {
        while !buffer.is_empty() {
            let block = self.metadata(cursor.block)?;
            let Some(rest) = block.bytes.get(cursor.offset..).filter(|rest| !rest.is_empty()) else {
                // The block behind the last full one begins a new one; an offset beyond the block's end is a lie.
                if cursor.offset > block.bytes.len() || block.bytes.is_empty() {
                    return damaged("a position lies outside its metadata block");
                }
                *cursor = Cursor { block: block.next, offset: 0 };
                continue;
            };
            let length = rest.len().min(buffer.len());
            let (now, later) = buffer.split_at_mut(length);
            now.copy_from_slice(&rest[..length]);
            cursor.offset += length;
            buffer = later;
        }
        Ok(())
    }

    fn metadata(&mut self, at: u64) -> Result<Rc<Metadata>, Failure> {
        if let Some(block) = self.metadata.get(&at) {
            return Ok(block.clone());
        }
        let header = u16::from_le_bytes(field(&self.ahead(at, 2)?, 0));
        let length = u64::from(header & !METADATA_AS_IT_IS);
        if length == 0 || length > METADATA_BYTES as u64 {
            return damaged(format!("a metadata block has {length} bytes"));
        }
        let stored = self.ahead(at + 2, length)?;
        let bytes = if header & METADATA_AS_IT_IS == 0 { self.unpack(&stored, METADATA_BYTES)? } else { stored };
        let block = Rc::new(Metadata { bytes, next: at + 2 + length });
        if self.metadata.len() == KEPT_METADATA {
            self.metadata.clear();
        }
        self.metadata.insert(at, block.clone());
        Ok(block)
    }

    /// The `length` bytes at `at`, from what has been read or from a longer read that begins there.
    fn ahead(&mut self, at: u64, length: u64) -> Result<Vec<u8>, Failure> {
        if let Some(bytes) = self.kept(at, length) {
            return Ok(bytes);
        }
        let left = self.superblock.bytes_used.saturating_sub(at);
        self.keep(at, left.min(READ_AHEAD).max(length))?;
        self.kept(at, length).ok_or_else(|| Failure::Damaged("it ends within a metadata block".to_owned()))
    }

    fn kept(&self, at: u64, length: u64) -> Option<Vec<u8>> {
        self.stretches.iter().find_map(|(begin, bytes)| {
            let from = usize::try_from(at.checked_sub(*begin)?).ok()?;
            Some(bytes.get(from..from.checked_add(length as usize)?)?.to_vec())
        })
    }

    fn keep(&mut self, at: u64, length: u64) -> Result<(), Failure> {
        let bytes = self.read(at, length)?;
        if self.stretches.len() == KEPT_STRETCHES {
            self.stretches.pop_front();
        }
        self.stretches.push_back((at, bytes));
        Ok(())
    }

    fn read(&mut self, at: u64, length: u64) -> Result<Vec<u8>, Failure> {
        if at.checked_add(length).is_none_or(|end| end > self.superblock.bytes_used) {
            return damaged("a block lies outside of it");
        }
        self.reads += 1;
        self.read_bytes += length;
        if self.reads > MAX_READS {
            return Err(Failure::Limit(format!("{MAX_READS} reads")));
        }
        if self.read_bytes > MAX_READ_BYTES {
            return Err(Failure::Limit(format!("{} MiB", MAX_READ_BYTES >> 20)));
        }
        Ok(self.source.bytes("squashfs file system", self.base + at, length, MAX_READ_BYTES)?)
    }

    fn unpack(&mut self, packed: &[u8], limit: usize) -> Result<Vec<u8>, Failure> {
        // Counted before it is done, and as if it were full: a decoder may work long for few bytes.
        self.unpacked_bytes += limit as u64;
        if self.unpacked_bytes > MAX_UNPACKED_BYTES {
            return Err(Failure::Limit(format!("{} MiB of unpacked blocks", MAX_UNPACKED_BYTES >> 20)));
        }
        let compression = self.superblock.compression;
        compression
            .unpack(packed, limit)
            .map_err(|why| Failure::Damaged(format!("a block cannot be unpacked with {compression}: {why}")))
    }

    /// The data block at `at` whose length and compression `size` says, as a block or a fragment entry has it.
    pub(super) fn data(&mut self, at: u64, size: u32) -> Result<Vec<u8>, Failure> {
        let length = u64::from(size & !DATA_AS_IT_IS);
        let limit = self.superblock.block_size as usize;
        if length > limit as u64 {
            return damaged(format!("a data block has {length} bytes"));
        }
        let stored = self.read(at, length)?;
        if size & DATA_AS_IT_IS == 0 { self.unpack(&stored, limit) } else { Ok(stored) }
    }

    /// Bytes that data block `size` takes in the file.
    pub(super) fn stored_length(size: u32) -> u64 {
        u64::from(size & !DATA_AS_IT_IS)
    }

    /// The block that holds the ends of several files.
    pub(super) fn fragment(&mut self, number: u32) -> Result<Rc<Vec<u8>>, Failure> {
        if let Some((_, block)) = self.fragment.as_ref().filter(|(kept, _)| *kept == number) {
            return Ok(block.clone());
        }
        if number >= self.superblock.fragments {
            return damaged(format!("fragment {number} is not there"));
        }
        let table = self.superblock.fragment_table;
        let Some(pointer) = table.checked_add(8 * u64::from(number / FRAGMENTS_IN_A_BLOCK)) else {
            return damaged("its fragment table lies past its end");
        };
        // The metadata blocks that the table points to lie before it: in most file systems one read brings both.
        if self.kept(pointer, 8).is_none() {
            let begin = pointer.saturating_sub(READ_AHEAD);
            self.keep(begin, pointer.saturating_add(8) - begin)?;
        }
        let block = u64::from_le_bytes(field(&self.ahead(pointer, 8)?, 0));
        let mut cursor = self.cursor(0, block, 16 * (number % FRAGMENTS_IN_A_BLOCK) as usize)?;
        let entry: [u8; 16] = self.take(&mut cursor)?;
        let (at, size) = (u64::from_le_bytes(field(&entry, 0)), u32::from_le_bytes(field(&entry, 8)));
        let unpacked = Rc::new(self.data(at, size)?);
        self.fragment = Some((number, unpacked.clone()));
        Ok(unpacked)
    }
}
