//! Brings what a task makes to the disk before it is called done.

use std::os::fd::AsFd;

use rustix::fs::{fstatfs, fsync, syncfs};
use rustix::io::Errno;

/// A file of so many bytes is worth a sync of its own.
const LARGE: u64 = 1 << 20;
/// File systems that know when a file is written that they have room for it: ext2 to ext4, XFS, Btrfs, F2FS, ZFS, tmpfs,
/// and overlayfs above them. All others may find out when they send it on, and tell nobody but who syncs the file.
const LOCAL: [u32; 7] = [0xef53, 0x5846_5342, 0x9123_683e, 0xf2f5_2010, 0x2fc1_2fc1, 0x0102_1994, 0x794c_7630];

/// A sync takes about a millisecond, which is too much for each of 65,000 small files: where it is as safe, they are
/// left to one of the whole file system.
pub(crate) struct Durable {
    is_local: bool,
}

impl Durable {
    /// `into` is where something is made.
    pub(crate) fn new(into: impl AsFd) -> Durable {
        // As of another one where nobody can tell.
        let is_local = fstatfs(into).is_ok_and(|about| LOCAL.contains(&(about.f_type as u32)));
        Durable { is_local }
    }

    /// A file in a directory that is being made, when it is whole.
    pub(crate) fn file(&self, file: impl AsFd, size: u64) -> Result<(), Errno> {
        if self.is_local && size < LARGE { Ok(()) } else { fsync(file) }
    }

    /// The directory that was made, when all is in it.
    pub(crate) fn directory(&self, directory: impl AsFd) -> Result<(), Errno> {
        match self.is_local {
            true => syncfs(directory),
            // The names in it are at their server since they were made.
            false => fsync(directory),
        }
    }
}
