//! From the root to a file by its path, through symbolic links, as a program in the container would come there.

use std::collections::VecDeque;

use super::blocks::Blocks;
use super::directory::{Directory, Next};
use super::inode::Inode;
use super::{Failure, damaged, superblock};
use crate::source::{ReadAt, Source};

/// Linux follows no more on the way to one file.
const MAX_LINKS: u32 = 40;
/// Names of one directory that are kept: in no real image more than a few dozen.
const MAX_NAMES: usize = 4096;
/// Directories from the root to one: no path is longer on Linux, and each takes a byte and a slash at least.
const MAX_DEPTH: usize = 2048;

pub(crate) struct FileSystem<'a, R: ReadAt + ?Sized> {
    blocks: Blocks<'a, R>,
    root: Place,
}

/// A directory, and those above it, the root first.
#[derive(Clone)]
pub(crate) struct Place(Vec<Directory>);

enum Found {
    Directory(Place),
    Other(Inode),
}

impl<'a, R: ReadAt + ?Sized> FileSystem<'a, R> {
    /// The file system at `offset` in the file, of at most `length` bytes.
    pub(crate) fn open(source: &'a Source<'a, R>, offset: u64, length: u64) -> Result<Self, Failure> {
        let superblock = superblock::read(source, offset, length)?;
        if !superblock.compression.is_supported() {
            return Err(Failure::Compression(superblock.compression));
        }
        let reference = superblock.root;
        let mut blocks = Blocks::new(source, offset, superblock);
        match Inode::read(&mut blocks, reference)? {
            Inode::Directory(root) => Ok(FileSystem { blocks, root: Place(vec![root]) }),
            _ => damaged("its root is no directory"),
        }
    }

    pub(crate) fn root(&self) -> Place {
        self.root.clone()
    }

    /// The directory at `path` from `place`; `None` where there is none.
    pub(crate) fn directory(&mut self, place: &Place, path: &[u8]) -> Result<Option<Place>, Failure> {
        Ok(match self.resolve(place, path)? {
            Some(Found::Directory(place)) => Some(place),
            _ => None,
        })
    }

    /// What is in the regular file at `path` from `place`; `None` where there is none. Fails if it is longer than
    /// `limit` bytes.
    pub(crate) fn file(&mut self, place: &Place, path: &[u8], limit: u64) -> Result<Option<Vec<u8>>, Failure> {
        let Some(Found::Other(Inode::File(file))) = self.resolve(place, path)? else {
            return Ok(None);
        };
        if file.size > limit {
            return Err(Failure::Limit(format!("{limit} bytes in {}", String::from_utf8_lossy(path))));
        }
        file.read(&mut self.blocks).map(Some)
    }

    /// The names in a directory that `is_wanted`.
    pub(crate) fn names(&mut self, place: &Place, is_wanted: impl Fn(&[u8]) -> bool) -> Result<Vec<Vec<u8>>, Failure> {
        let Some(directory) = place.0.last() else { return Ok(Vec::new()) };
        let mut names = Vec::new();
        directory.each(&mut self.blocks, |name, _| {
            if is_wanted(name) {
                if names.len() == MAX_NAMES {
                    return Err(Failure::Limit(format!("{MAX_NAMES} names in a directory")));
                }
                names.push(name.to_vec());
            }
            Ok(Next::Go)
        })?;
        Ok(names)
    }

    fn resolve(&mut self, from: &Place, path: &[u8]) -> Result<Option<Found>, Failure> {
        let mut place = from.clone();
        let mut ahead: VecDeque<Vec<u8>> = VecDeque::new();
        push_front(&mut ahead, path);
        let mut links = 0;
        while let Some(name) = ahead.pop_front() {
            self.blocks.step()?;
            match name.as_slice() {
                b"" | b"." => continue,
                b".." => {
                    // Above the root is the root.
                    place.0.truncate(place.0.len().saturating_sub(1).max(1));
                    continue;
                }
                _ => {}
            }
            let Some(directory) = place.0.last() else { return Ok(None) };
            let Some(reference) = directory.find(&mut self.blocks, &name)? else { return Ok(None) };
            match Inode::read(&mut self.blocks, reference)? {
                // A directory that contains itself would make the way to it ever longer.
                Inode::Directory(_) if place.0.len() > MAX_DEPTH => return damaged("its directories are too deep"),
                Inode::Directory(directory) => place.0.push(directory),
                Inode::Link(target) => {
                    links += 1;
                    if links > MAX_LINKS {
                        return Ok(None);
                    }
                    if target.first() == Some(&b'/') {
                        place = self.root.clone();
                    }
                    push_front(&mut ahead, &target);
                }
                // What has something below it is a directory.
                file => return Ok(ahead.is_empty().then_some(Found::Other(file))),
            }
        }
        Ok(Some(Found::Directory(place)))
    }
}

fn push_front(ahead: &mut VecDeque<Vec<u8>>, path: &[u8]) {
    for name in path.split(|byte| *byte == b'/').rev() {
        ahead.push_front(name.to_vec());
    }
}
