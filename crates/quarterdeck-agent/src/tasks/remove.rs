//! Removes for good, with all that is below.

use std::ffi::{OsStr, OsString};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;

use quarterdeck_types::agent::{AgentError, ErrorCode};
use quarterdeck_types::{FileName, Place, SpaceName};
use rustix::fs::{AtFlags, CWD, Dir, Mode, OFlags, ResolveFlags, chmodat, fstat, renameat, unlinkat};
use rustix::io::Errno;
use rustix::process::geteuid;

use crate::errors::{During, Outcome};
use crate::files::{CAREFUL, descriptor_path, stat_name};
use crate::resolve::{Spaces, open_name, open_name_with};
use crate::tasks::progress::Progress;
use crate::tasks::tree::{MAX_DEPTH, is_directory};
use crate::trash;

/// A directory into which somebody keeps writing is left after so many rounds.
const MAX_ROUNDS: u32 = 20;

pub(crate) fn run(spaces: &Spaces, progress: &Progress, at: &[Place]) -> Outcome<()> {
    for place in at {
        let at = spaces.locate(place)?;
        let (parent, name) = spaces.open_parent(&at)?;
        stat_name(&parent, name.as_os_str()).during(&at)?;
        told(remove(parent.as_fd(), name.as_os_str(), Some(progress))?, &at)?;
    }
    Ok(())
}

fn told(removed: Result<(), Errno>, what: &dyn std::fmt::Display) -> Outcome<()> {
    if removed == Err(Errno::XDEV) {
        let message = format!("{what}: another file system is mounted below, and nothing on it is removed");
        return Err(AgentError::new(ErrorCode::OtherFileSystem, message));
    }
    removed.during(what)
}

pub(crate) fn empty_trash(
    spaces: &Spaces,
    progress: &Progress,
    space: &SpaceName,
    items: Option<&[FileName]>,
) -> Outcome<()> {
    let Some(trash) = trash::Trash::open(spaces, space)? else { return Ok(()) };
    let empty = |item: &FileName| {
        let what = format!("{space}: \"{item}\" in the trash");
        match remove(trash.files().as_fd(), item.as_os_str(), Some(progress))? {
            Err(Errno::NOENT) => {}
            removed => told(removed, &what)?,
        }
        // After the item: whatever is killed in between, nothing is there of which nobody knows where it was.
        trash.remove_note(item).during(&what)
    };
    match items {
        Some(items) => items.iter().try_for_each(empty),
        None => trash.all_before(progress.status().started_us, empty),
    }
}

/// Removes what a task made, whatever it wishes meanwhile.
pub(crate) fn remove_whole(parent: BorrowedFd<'_>, name: &OsStr) -> Result<(), Errno> {
    match remove(parent, name, None) {
        Ok(removed) => removed,
        Err(_) => Err(Errno::IO),
    }
}

struct Level {
    /// In the level above.
    name: OsString,
    directory: OwnedFd,
    rounds: u32,
}

/// The outer error is a wish that it end; `None`: nobody may wish that.
fn remove(parent: BorrowedFd<'_>, name: &OsStr, progress: Option<&Progress>) -> Outcome<Result<(), Errno>> {
    let gone = |path: &[u8]| {
        if let Some(progress) = progress {
            progress.entry(path);
        }
    };
    match unlinkat(parent, name, AtFlags::empty()) {
        Ok(()) => {
            gone(name.as_bytes());
            return Ok(Ok(()));
        }
        Err(Errno::ISDIR | Errno::PERM) => {}
        Err(errno) => return Ok(Err(errno)),
    }
    let mut levels = match open_to_empty(parent, name) {
        Ok(directory) => vec![Level { name: name.to_owned(), directory, rounds: 0 }],
        Err(errno) => return Ok(Err(errno)),
    };
    let mut moved = 0;
    while let Some(level) = levels.last() {
        let entered = match empty_level(level, progress)? {
            Ok(entered) => entered,
            Err(errno) => return Ok(Err(errno)),
        };
        let depth = levels.len();
        if let Some((name, directory)) = entered {
            if depth < MAX_DEPTH {
                levels.push(Level { name, directory, rounds: 0 });
                continue;
            }
            // Deeper than descriptors are held for: it is moved up, where the walk comes by again.
            drop(directory);
            moved += 1;
            let here = &levels[depth - 1].directory;
            let up = format!(".quarterdeck-removed-{}-{moved}", std::process::id());
            if let Err(errno) = renameat(here, &name, &levels[0].directory, &up) {
                return Ok(Err(errno));
            }
            continue;
        }
        let Some(Level { name, rounds, .. }) = levels.pop() else { break };
        let above = levels.last().map_or(parent, |level| level.directory.as_fd());
        match unlinkat(above, &name, AtFlags::REMOVEDIR) {
            Ok(()) | Err(Errno::NOENT) => gone(name.as_bytes()),
            // Something was written into it since it was read.
            Err(Errno::NOTEMPTY | Errno::EXIST) if rounds < MAX_ROUNDS => match open_to_empty(above, &name) {
                Ok(directory) => levels.push(Level { name, directory, rounds: rounds + 1 }),
                Err(errno) => return Ok(Err(errno)),
            },
            Err(errno) => return Ok(Err(errno)),
        }
    }
    Ok(Ok(()))
}

/// Removes what is no directory; answers the first directory that is left in it, open.
fn empty_level(level: &Level, progress: Option<&Progress>) -> Outcome<Result<Option<(OsString, OwnedFd)>, Errno>> {
    let mut names = match Dir::read_from(&level.directory) {
        Ok(names) => names,
        Err(errno) => return Ok(Err(errno)),
    };
    while let Some(found) = names.read() {
        if let Some(progress) = progress {
            progress.check()?;
        }
        let found = match found {
            Ok(found) => found,
            Err(errno) => return Ok(Err(errno)),
        };
        let name = OsStr::from_bytes(found.file_name().to_bytes());
        if name == "." || name == ".." {
            continue;
        }
        match stat_name(&level.directory, name) {
            Ok(about) if is_directory(&about) => match open_to_empty(level.directory.as_fd(), name) {
                Ok(opened) => return Ok(Ok(Some((name.to_owned(), opened)))),
                Err(Errno::NOENT | Errno::NOTDIR) => {}
                Err(errno) => return Ok(Err(errno)),
            },
            Ok(_) => match unlinkat(&level.directory, name, AtFlags::empty()) {
                Ok(()) => {
                    if let Some(progress) = progress {
                        progress.entry(name.as_bytes());
                    }
                }
                Err(Errno::NOENT | Errno::ISDIR) => {}
                Err(errno) => return Ok(Err(errno)),
            },
            Err(Errno::NOENT) => {}
            Err(errno) => return Ok(Err(errno)),
        }
    }
    Ok(Ok(None))
}

/// A directory on the same mount, which the user may empty: of her own, she is given the permission.
fn open_to_empty(parent: BorrowedFd<'_>, name: &OsStr) -> Result<OwnedFd, Errno> {
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::NOFOLLOW;
    let named = open_name_with(parent, name, flags, Mode::empty(), ResolveFlags::NO_XDEV)?;
    let about = fstat(&named)?;
    if about.st_uid == geteuid().as_raw() && about.st_mode & 0o700 != 0o700 {
        let mode = Mode::from_raw_mode(about.st_mode & 0o7777 | 0o700);
        chmodat(CWD, descriptor_path(&named), mode, AtFlags::empty())?;
    }
    open_name(&named, OsStr::new("."), OFlags::RDONLY | OFlags::DIRECTORY | CAREFUL, Mode::empty())
}
