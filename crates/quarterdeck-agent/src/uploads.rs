//! Collects an upload in a hidden file beside its place, and puts it there when it is whole: a finished upload is
//! complete, synced and in place, or it is not there.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::FileExt;

use quarterdeck_types::agent::{AgentError, Answer, Entry, ErrorCode};
use quarterdeck_types::{FileName, Place};
use rustix::fs::{
    AtFlags, FlockOperation, Mode, OFlags, Stat, copy_file_range, flock, fstat, fstatvfs, ftruncate, unlinkat,
};
use rustix::io::Errno;
use uuid::Uuid;

use crate::errors::{During, Outcome};
use crate::files::{CAREFUL, check_regular, entry, make_directories, rename_new, same_file, stat_name, sync_directory};
use crate::resolve::{Located, Spaces, escape_absolute, open_name};

const MAX_NAME_BYTES: usize = 255;
/// A directory in which so many names are taken is somebody's mistake.
const MAX_NUMBERED: u32 = 9999;
/// Copied in one call of the kernel's.
const COPY_BYTES: u64 = 64 << 20;
const BUFFER_BYTES: u64 = 1 << 20;

pub(crate) fn create(spaces: &Spaces, upload: Uuid, directory: &Place, size: u64) -> Outcome<(Entry, OwnedFd)> {
    let at = spaces.locate(directory)?;
    let name = hidden_name(upload);
    let parent = make_directories(spaces, &at)?;
    check_room(&parent, &at, size)?;
    let flags = OFlags::RDWR | OFlags::CREATE | OFlags::NOFOLLOW | CAREFUL;
    let opened = open_name(&parent, name.as_os_str(), flags, Mode::from_raw_mode(0o666)).during(&at)?;
    let place = spaces.child(&at, &name);
    let about = check_regular(&opened, &place)?;
    lock(&opened, &place)?;
    Ok((entry(&name, &about, Some(&place.absolute)), opened))
}

/// Asked in front, so that nobody sends for an hour what cannot be kept. What others take meanwhile is met when it is
/// written; a user's own quota, too, since only her file system knows it.
fn check_room(directory: &OwnedFd, at: &Located, size: u64) -> Outcome<()> {
    let about = fstatvfs(directory).during(at)?;
    let free = about.f_bavail.saturating_mul(about.f_frsize);
    // Some network file systems know neither.
    if about.f_blocks == 0 || size <= free {
        return Ok(());
    }
    let message =
        format!("{at}: {size} bytes are to come, and the file system has room for {free}: remove files first");
    Err(AgentError::new(ErrorCode::NoSpaceLeft, message))
}

pub(crate) fn open(spaces: &Spaces, upload: Uuid, directory: &Place, keep: u64) -> Outcome<(Entry, OwnedFd)> {
    let (opened, place, name) = open_hidden(spaces, upload, directory)?;
    check_regular(&opened, &place)?;
    lock(&opened, &place)?;
    let mut about = fstat(&opened).during(&place)?;
    if u64::try_from(about.st_size).is_ok_and(|size| size > keep) {
        ftruncate(&opened, keep).during(&place)?;
        about = fstat(&opened).during(&place)?;
    }
    Ok((entry(&name, &about, Some(&place.absolute)), opened))
}

/// Held by the open file, wherever its descriptor goes: a server that is stopped in the middle of writing keeps it, and
/// one that is killed does not. Some file systems have no locks; the server's own order is all there is then.
fn lock(opened: &OwnedFd, place: &Located) -> Outcome<()> {
    match flock(opened, FlockOperation::NonBlockingLockExclusive) {
        Err(Errno::WOULDBLOCK) => {
            let message = format!("{place}: another request is writing to this upload");
            Err(AgentError::new(ErrorCode::Locked, message))
        }
        Err(Errno::NOLCK | Errno::NOSYS | Errno::OPNOTSUPP) => Ok(()),
        other => other.during(place),
    }
}

/// From and to: an upload, its directory, and the byte where it begins.
pub(crate) fn copy(
    spaces: &Spaces,
    from: (Uuid, &Place, u64),
    to: (Uuid, &Place, u64),
    mut length: u64,
) -> Outcome<()> {
    let (source, from_place, _) = open_hidden(spaces, from.0, from.1)?;
    let (target, to_place, _) = open_hidden(spaces, to.0, to.1)?;
    check_regular(&source, &from_place)?;
    check_regular(&target, &to_place)?;
    let (mut read_at, mut write_at) = (from.2, to.2);
    let mut by_kernel = true;
    while length > 0 {
        let piece = length.min(COPY_BYTES);
        let copied = if by_kernel {
            match copy_file_range(&source, Some(&mut read_at), &target, Some(&mut write_at), piece as usize) {
                Err(Errno::XDEV | Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP) => {
                    by_kernel = false;
                    continue;
                }
                Err(Errno::INTR) => continue,
                other => other.during(&to_place)? as u64,
            }
        } else {
            let copied = copy_piece(&source, read_at, &target, write_at, piece).during(&to_place)?;
            (read_at, write_at) = (read_at + copied, write_at + copied);
            copied
        };
        if copied == 0 {
            let message = format!("{from_place}: the part is shorter than it was: send it again");
            return Err(AgentError::new(ErrorCode::SizeMismatch, message));
        }
        length -= copied;
    }
    Ok(())
}

/// Between file systems that the kernel does not copy between.
fn copy_piece(source: &OwnedFd, read_at: u64, target: &OwnedFd, write_at: u64, length: u64) -> io::Result<u64> {
    let mut buffer = vec![0; length.min(BUFFER_BYTES) as usize];
    let read = rustix::io::retry_on_intr(|| rustix::io::pread(source, &mut buffer[..], read_at))?;
    File::from(target.try_clone()?).write_all_at(&buffer[..read], write_at)?;
    Ok(read as u64)
}

fn open_hidden(spaces: &Spaces, upload: Uuid, directory: &Place) -> Outcome<(OwnedFd, Located, FileName)> {
    let at = spaces.locate(directory)?;
    let name = hidden_name(upload);
    let place = spaces.child(&at, &name);
    let parent = spaces.open(&at, OFlags::PATH | OFlags::DIRECTORY)?;
    let flags = OFlags::RDWR | OFlags::NOFOLLOW | CAREFUL;
    // openat2 refuses a mode for what it is not to make.
    let opened = open_name(&parent, name.as_os_str(), flags, Mode::empty()).during(&place)?;
    Ok((opened, place, name))
}

/// Asked again after an answer was lost, it answers the same. `inode`: the hidden file's, where the server knows it.
pub(crate) fn finish(
    spaces: &Spaces,
    upload: Uuid,
    directory: &Place,
    name: &FileName,
    (size, inode): (u64, Option<u64>),
) -> Outcome<Answer> {
    let at = spaces.locate(directory)?;
    let parent = spaces.open(&at, OFlags::RDONLY | OFlags::DIRECTORY)?;
    let hidden = hidden_name(upload);
    let flags = OFlags::RDWR | OFlags::NOFOLLOW | CAREFUL;
    let opened = match open_name(&parent, hidden.as_os_str(), flags, Mode::empty()) {
        Err(Errno::NOENT) => return find_placed(spaces, &at, &parent, name, (size, inode)),
        other => other.during(&at)?,
    };
    check_regular(&opened, &at)?;
    let file = File::from(opened);
    file.sync_all().during(&at)?;
    let about = fstat(&file).during(&at)?;
    if u64::try_from(about.st_size) != Ok(size) {
        let message = format!("{at}: the upload holds {} of {size} bytes: send the rest first", about.st_size);
        return Err(AgentError::new(ErrorCode::SizeMismatch, message));
    }
    for number in 0..=MAX_NUMBERED {
        let name = numbered(name, number);
        match rename_new((parent.as_fd(), hidden.as_os_str()), (parent.as_fd(), name.as_os_str())) {
            Err(Errno::EXIST) => continue,
            other => other.during(spaces.child(&at, &name))?,
        }
        if !stat_name(&parent, name.as_os_str()).is_ok_and(|there| same_file(&there, &about)) {
            let message = format!("{at}: something else changed the upload while it was put in place as \"{name}\"");
            return Err(AgentError::new(ErrorCode::Io, message));
        }
        sync_directory(&parent).during(&at)?;
        return Ok(placed(spaces, &at, &name, &about));
    }
    let message = format!("{at}: {MAX_NUMBERED} files are named like \"{name}\" already: choose another name");
    Err(AgentError::new(ErrorCode::AlreadyExists, message))
}

pub(crate) fn discard(spaces: &Spaces, upload: Uuid, directory: &Place) -> Outcome<()> {
    let at = spaces.locate(directory)?;
    let parent = match spaces.open(&at, OFlags::PATH | OFlags::DIRECTORY) {
        Err(error) if error.code == ErrorCode::NotFound => return Ok(()),
        other => other?,
    };
    match unlinkat(&parent, hidden_name(upload).as_os_str(), AtFlags::empty()) {
        Err(Errno::NOENT) => Ok(()),
        other => other.during(&at),
    }
}

/// The file that an upload became whose agent was killed between the deed and the answer.
fn find_placed(
    spaces: &Spaces,
    at: &Located,
    parent: &OwnedFd,
    name: &FileName,
    (size, inode): (u64, Option<u64>),
) -> Outcome<Answer> {
    for number in 0..=MAX_NUMBERED {
        let name = numbered(name, number);
        let Ok(about) = stat_name(parent, name.as_os_str()) else { break };
        if inode == Some(about.st_ino) && u64::try_from(about.st_size) == Ok(size) {
            return Ok(placed(spaces, at, &name, &about));
        }
    }
    Err(AgentError::new(ErrorCode::NotFound, format!("{at}: there is no such upload here: begin it again")))
}

fn placed(spaces: &Spaces, at: &Located, name: &FileName, about: &Stat) -> Answer {
    let place = spaces.child(at, name);
    Answer::Placed {
        entry: entry(name, about, Some(&place.absolute)),
        absolute: escape_absolute(&place.absolute),
        path: place.path,
    }
}

pub(crate) fn hidden_name(upload: Uuid) -> FileName {
    let name = format!(".quarterdeck-upload-{upload}");
    FileName::parse(&name).expect("letters, digits and dashes are a name")
}

/// `name-N` before the extension: `mesh-2.tar.gz` would be nicer than `mesh.tar-2.gz`, so the two that travel together
/// stay together. Cut at a character's end where the name gets too long.
pub(crate) fn numbered(name: &FileName, number: u32) -> FileName {
    if number == 0 {
        return name.clone();
    }
    let bytes = name.as_os_str().as_bytes();
    let last_dot = |bytes: &[u8]| bytes.iter().rposition(|b| *b == b'.').filter(|at| *at > 0);
    let mut cut = last_dot(bytes).unwrap_or(bytes.len());
    if let Some(inner) = last_dot(&bytes[..cut]).filter(|at| &bytes[*at..cut] == b".tar") {
        cut = inner;
    }
    let (stem, extension) = bytes.split_at(cut);
    let suffix = [format!("-{number}").as_bytes(), extension].concat();
    let mut keep = stem.len().min(MAX_NAME_BYTES.saturating_sub(suffix.len()));
    while keep > 0 && keep < stem.len() && stem[keep] & 0xc0 == 0x80 {
        keep -= 1;
    }
    FileName::from_bytes(&[&stem[..keep], &suffix].concat()).unwrap_or_else(|_| name.clone())
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("mesh.stl", "mesh-2.stl")]
    #[case("mesh.tar.gz", "mesh-2.tar.gz")]
    #[case("README", "README-2")]
    #[case(".bashrc", ".bashrc-2")]
    #[case("a.b.c", "a.b-2.c")]
    #[case("%FF.bin", "%FF-2.bin")]
    fn numbers_stand_before_the_extension(#[case] name: &str, #[case] second: &str) {
        assert_eq!(numbered(&FileName::parse(name).unwrap(), 2).to_string(), second);
    }

    #[test]
    fn a_name_of_full_length_is_cut_between_characters() {
        let name = FileName::parse(&format!("{}.dat", "가".repeat(83))).unwrap();
        let second = numbered(&name, 1).to_string();
        assert_eq!(second, format!("{}-1.dat", "가".repeat(83)));
        let name = FileName::parse(&format!("{}a.dat", "가".repeat(83))).unwrap();
        assert_eq!(numbered(&name, 12).to_string(), format!("{}-12.dat", "가".repeat(82)));
    }
}
