//! A file's bytes, as many as one look may cost.

use std::cell::{Cell, RefCell};
use std::io;

use regex::bytes::{Regex, RegexSet};

/// Read at once, at the file's beginning and at its end. A zip's directory is found in as much.
pub(super) const HEAD_BYTES: u64 = 64 << 10;
/// Read in all of one file, whatever it claims of itself.
const MOST_BYTES: u64 = 16 << 20;
/// Searched from the beginning on for words that may stand anywhere.
const SEARCHED_BYTES: u64 = 8 << 20;
const PIECE_BYTES: u64 = 1 << 20;
/// Longer than any word that is searched for: one may lie across two pieces.
const OVERLAP_BYTES: u64 = 64;

/// Fills a buffer from an offset on, and answers how many bytes there were.
pub(in super::super) type Read<'a> = dyn Fn(u64, &mut [u8]) -> io::Result<usize> + 'a;

pub(super) struct Source<'a> {
    read: &'a Read<'a>,
    size: u64,
    head: Vec<u8>,
    left: Cell<u64>,
    failed: RefCell<Option<io::Error>>,
}

impl<'a> Source<'a> {
    /// `size`: bytes of the file, or those of it that have come.
    pub(super) fn open(read: &'a Read<'a>, size: u64) -> Source<'a> {
        let mut source =
            Source { read, size, head: Vec::new(), left: Cell::new(MOST_BYTES), failed: RefCell::new(None) };
        source.head = source.at(0, HEAD_BYTES);
        source
    }

    pub(super) fn size(&self) -> u64 {
        self.size
    }

    pub(super) fn head(&self) -> &[u8] {
        &self.head
    }

    /// Whether the head is all there is.
    pub(super) fn is_whole(&self) -> bool {
        self.head.len() as u64 >= self.size
    }

    /// The bytes of the head from `offset` on; none behind its end.
    pub(super) fn head_from(&self, offset: usize) -> &[u8] {
        self.head.get(offset..).unwrap_or_default()
    }

    /// The file's last bytes, at most `length`.
    pub(super) fn tail(&self, length: u64) -> Vec<u8> {
        self.at(self.size.saturating_sub(length), length)
    }

    /// Up to `length` bytes from `offset` on: fewer at the file's end, and none where the look has cost enough.
    pub(super) fn at(&self, offset: u64, length: u64) -> Vec<u8> {
        let length = length.min(self.size.saturating_sub(offset));
        if length == 0 || length > self.left.get() || self.failed.borrow().is_some() {
            return Vec::new();
        }
        self.left.set(self.left.get() - length);
        let mut buffer = vec![0; length as usize];
        match (self.read)(offset, &mut buffer) {
            Ok(filled) => buffer.truncate(filled),
            Err(error) => {
                buffer.clear();
                *self.failed.borrow_mut() = Some(error);
            }
        }
        buffer
    }

    /// Whether this stands in the file's first megabytes, or at its end.
    pub(super) fn contains(&self, pattern: &Regex) -> bool {
        self.search(|piece| pattern.is_match(piece).then_some(())).is_some()
    }

    /// The first of these of which one stands in the file's first megabytes, or at its end.
    pub(super) fn first_of(&self, patterns: &RegexSet) -> Option<usize> {
        self.search(|piece| patterns.matches(piece).iter().next())
    }

    fn search<T>(&self, look: impl Fn(&[u8]) -> Option<T>) -> Option<T> {
        if let Some(found) = look(&self.head) {
            return Some(found);
        }
        let mut at = (self.head.len() as u64).saturating_sub(OVERLAP_BYTES);
        while at + OVERLAP_BYTES < self.size.min(SEARCHED_BYTES) {
            let piece = self.at(at, PIECE_BYTES);
            if let Some(found) = look(&piece) {
                return Some(found);
            }
            if (piece.len() as u64) < PIECE_BYTES {
                break;
            }
            at += PIECE_BYTES - OVERLAP_BYTES;
        }
        if self.size > SEARCHED_BYTES { look(&self.tail(HEAD_BYTES)) } else { None }
    }

    /// What was found, unless the file could not be read.
    pub(super) fn end<T>(self, found: T) -> io::Result<T> {
        match self.failed.into_inner() {
            Some(error) => Err(error),
            None => Ok(found),
        }
    }
}

/// The integer at `offset`, little-endian; `None` behind the end.
pub(super) fn u16_le(bytes: &[u8], offset: usize) -> Option<u16> {
    Some(u16::from_le_bytes(*bytes.get(offset..)?.first_chunk()?))
}

pub(super) fn u32_le(bytes: &[u8], offset: usize) -> Option<u32> {
    Some(u32::from_le_bytes(*bytes.get(offset..)?.first_chunk()?))
}

pub(super) fn u64_le(bytes: &[u8], offset: usize) -> Option<u64> {
    Some(u64::from_le_bytes(*bytes.get(offset..)?.first_chunk()?))
}

pub(super) fn u32_be(bytes: &[u8], offset: usize) -> Option<u32> {
    Some(u32::from_be_bytes(*bytes.get(offset..)?.first_chunk()?))
}
