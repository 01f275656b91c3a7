//! Walks directories as they are found: follows no link, stays on one mount, holds one descriptor a level and none of
//! the names, and takes what changes on the way as it comes.

use std::ffi::OsStr;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;

use quarterdeck_types::file_task::LeftOutWhy;
use rustix::fs::{Dir, FileType, Mode, OFlags, ResolveFlags, Stat, fstat};
use rustix::io::Errno;

use crate::errors::{During, Outcome};
use crate::files::{CAREFUL, stat_name};
use crate::resolve::{open_name, open_name_with};
use crate::tasks::progress::Progress;

/// Levels below what was chosen. A copy holds two descriptors a level; four tasks stay below the usual 1,024.
pub(crate) const MAX_DEPTH: usize = 100;

/// An entry where the walk is.
pub(crate) struct Here<'a> {
    pub(crate) parent: BorrowedFd<'a>,
    pub(crate) name: &'a OsStr,
    pub(crate) about: &'a Stat,
    /// From what was chosen on, its own name among it.
    pub(crate) path: &'a [u8],
}

pub(crate) trait Visit {
    /// A directory, before what is in it. `false`: leave it out.
    fn enter(&mut self, here: &Here<'_>) -> Outcome<bool>;
    /// The directory that was entered last, after what is in it.
    fn leave(&mut self) -> Outcome<()> {
        Ok(())
    }
    /// Anything but a directory.
    fn entry(&mut self, here: &Here<'_>) -> Outcome<()>;
}

struct Level {
    directory: Dir,
    /// Of the path to it.
    length: usize,
}

/// A name in a directory, and all below it.
pub(crate) fn walk(
    progress: &Progress,
    parent: BorrowedFd<'_>,
    name: &OsStr,
    what: &dyn std::fmt::Display,
    visitor: &mut dyn Visit,
) -> Outcome<()> {
    let about = stat_name(parent, name).during(what)?;
    let path = name.as_bytes().to_vec();
    if !is_directory(&about) {
        return visitor.entry(&Here { parent, name, about: &about, path: &path });
    }
    // What was chosen may be a mount itself.
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | CAREFUL;
    let opened = open_name(parent, name, flags, Mode::empty()).during(what)?;
    let about = fstat(&opened).during(what)?;
    if !visitor.enter(&Here { parent, name, about: &about, path: &path })? {
        return Ok(());
    }
    below(progress, opened, path, what, visitor)
}

/// All that is in a directory, and below it; `path` is what theirs begin with.
pub(crate) fn below(
    progress: &Progress,
    directory: OwnedFd,
    mut path: Vec<u8>,
    what: &dyn std::fmt::Display,
    visitor: &mut dyn Visit,
) -> Outcome<()> {
    let mut levels = vec![Level { directory: Dir::new(directory).during(what)?, length: path.len() }];
    loop {
        progress.check()?;
        let depth = levels.len();
        let Some(Level { directory, length }) = levels.last_mut() else { return Ok(()) };
        path.truncate(*length);
        let found = match directory.read() {
            Some(Ok(found)) => found,
            ended => {
                if let Some(Err(errno)) = ended {
                    progress.leave_out_since(&path, errno);
                }
                levels.pop();
                visitor.leave()?;
                continue;
            }
        };
        let name = OsStr::from_bytes(found.file_name().to_bytes());
        if name == "." || name == ".." {
            continue;
        }
        if !path.is_empty() {
            path.push(b'/');
        }
        path.extend_from_slice(name.as_bytes());
        let parent = directory.fd().during(what)?;
        let about = match stat_name(parent, name) {
            Ok(about) => about,
            // Removed since its name was read.
            Err(Errno::NOENT) => continue,
            Err(errno) => {
                progress.leave_out_since(&path, errno);
                continue;
            }
        };
        if !is_directory(&about) {
            visitor.entry(&Here { parent, name, about: &about, path: &path })?;
            continue;
        }
        if depth >= MAX_DEPTH {
            progress.leave_out(&path, LeftOutWhy::TooDeep);
            continue;
        }
        let opened = open_directory(parent, name).and_then(|opened| Ok((fstat(&opened)?, opened)));
        match opened {
            Ok((about, opened)) => {
                if visitor.enter(&Here { parent, name, about: &about, path: &path })? {
                    levels.push(Level { directory: Dir::new(opened).during(what)?, length: path.len() });
                }
            }
            Err(errno) => progress.leave_out_since(&path, errno),
        }
    }
}

/// A directory in another, on the same mount and by no link.
pub(crate) fn open_directory(parent: impl AsFd, name: &OsStr) -> Result<OwnedFd, Errno> {
    open_here(parent, name, OFlags::RDONLY | OFlags::DIRECTORY, Mode::empty())
}

/// Opens the file where the walk is; `None`: it is left out, and why is told.
pub(crate) fn open_file(here: &Here<'_>, progress: &Progress) -> Option<(OwnedFd, Stat)> {
    let opened = open_here(here.parent, here.name, OFlags::RDONLY, Mode::empty());
    match opened.and_then(|file| fstat(&file).map(|about| (file, about))) {
        Ok((file, about)) if is_file(&about) => Some((file, about)),
        Ok(_) => {
            progress.leave_out(here.path, LeftOutWhy::Changed);
            None
        }
        Err(errno) => {
            progress.leave_out_since(here.path, errno);
            None
        }
    }
}

/// What is in a directory, on the same mount and by no link; `mode` counts where `flags` create.
pub(crate) fn open_here(parent: impl AsFd, name: &OsStr, flags: OFlags, mode: Mode) -> Result<OwnedFd, Errno> {
    open_name_with(parent, name, flags | OFlags::NOFOLLOW | CAREFUL, mode, ResolveFlags::NO_XDEV)
}

pub(crate) fn is_directory(about: &Stat) -> bool {
    FileType::from_raw_mode(about.st_mode) == FileType::Directory
}

pub(crate) fn is_file(about: &Stat) -> bool {
    FileType::from_raw_mode(about.st_mode) == FileType::RegularFile
}

/// How much there is, so that progress can be told of all of it.
#[derive(Default)]
pub(crate) struct Count {
    pub(crate) bytes: u64,
    pub(crate) entries: u64,
}

impl Visit for Count {
    fn enter(&mut self, _: &Here<'_>) -> Outcome<bool> {
        self.entries += 1;
        Ok(true)
    }

    fn entry(&mut self, here: &Here<'_>) -> Outcome<()> {
        self.entries += 1;
        if is_file(here.about) {
            self.bytes += size_of(here.about);
        }
        Ok(())
    }
}

pub(crate) fn size_of(about: &Stat) -> u64 {
    u64::try_from(about.st_size).unwrap_or(0)
}
