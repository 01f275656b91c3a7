//! Reads a few files out of a squashfs file system (version 4.0, little-endian), and of the file that holds it only the
//! blocks on the way to them: superblock, inodes, directories, data.
//!
//! Whatever the file system says, a walk ends: what it may read, unpack and look at is counted in [`blocks`], and a
//! position in a listing only grows. Times, owners, modes and extended attributes are passed over.

mod blocks;
mod compression;
mod directory;
mod inode;
mod superblock;
mod walk;

use std::io;

pub use compression::Compression;
pub(crate) use superblock::MAGIC;
pub(crate) use walk::{FileSystem, Place};

use crate::Error;

/// Why something in the file system could not be read.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The reader failed, which says nothing about the image.
    Io(io::Error),
    /// What does not hold together, in words that follow "the file system is damaged: ".
    Damaged(String),
    Compression(Compression),
    /// The limit that was reached, in words that follow "more than ".
    Limit(String),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        match error {
            Error::Io(error) => Failure::Io(error),
            Error::Damaged { why, .. } => Failure::Damaged(why),
            other => Failure::Damaged(other.to_string()),
        }
    }
}

fn damaged<T>(why: impl Into<String>) -> Result<T, Failure> {
    Err(Failure::Damaged(why.into()))
}
