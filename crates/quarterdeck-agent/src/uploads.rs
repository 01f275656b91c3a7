//! Collects an upload in a hidden file beside its place, and puts it there when it is whole: a finished upload is
//! complete, synced and in place, or it is not there.

use std::fs::{self, File};
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::DirBuilderExt;
use std::path::PathBuf;

use quarterdeck_types::agent::{AgentError, Answer, Entry, ErrorCode};
use quarterdeck_types::{FileName, Place};
use rustix::fs::{AtFlags, Mode, OFlags, Stat, fstat, unlinkat};
use rustix::io::Errno;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::errors::{During, Outcome};
use crate::files::{CAREFUL, check_regular, entry, make_directories, rename_new, same_file, stat_name, sync_directory};
use crate::records;
use crate::resolve::{Located, Spaces, escape_absolute, open_name};

const MAX_NAME_BYTES: usize = 255;
/// A directory in which so many names are taken is somebody's mistake.
const MAX_NUMBERED: u32 = 9999;

pub(crate) fn open(spaces: &Spaces, upload: Uuid, directory: &Place, create: bool) -> Outcome<(Entry, OwnedFd)> {
    let at = spaces.locate(directory)?;
    let name = hidden_name(upload);
    // openat2 refuses a mode for what it is not to make.
    let (parent, creating, mode) = match create {
        true => (make_directories(spaces, &at)?, OFlags::CREATE, Mode::from_raw_mode(0o666)),
        false => (spaces.open(&at, OFlags::RDONLY | OFlags::DIRECTORY)?, OFlags::empty(), Mode::empty()),
    };
    let flags = OFlags::RDWR | creating | OFlags::NOFOLLOW | CAREFUL;
    let opened = open_name(&parent, name.as_os_str(), flags, mode).during(&at)?;
    let place = spaces.child(&at, &name);
    let about = check_regular(&opened, &place)?;
    Ok((entry(&name, &about, Some(&place.absolute)), opened))
}

/// Asked again after an answer was lost, it answers the same.
pub(crate) fn finish(
    spaces: &Spaces,
    placings: &Placings,
    upload: Uuid,
    directory: &Place,
    name: &FileName,
    size: u64,
) -> Outcome<Answer> {
    let at = spaces.locate(directory)?;
    let parent = spaces.open(&at, OFlags::RDONLY | OFlags::DIRECTORY)?;
    let hidden = hidden_name(upload);
    let flags = OFlags::RDWR | OFlags::NOFOLLOW | CAREFUL;
    let opened = match open_name(&parent, hidden.as_os_str(), flags, Mode::empty()) {
        Err(Errno::NOENT) => return find_placed(spaces, placings, upload, &at, &parent, name),
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
    placings.note(upload, &about).during(format_args!("upload {upload}"))?;
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

/// Which file each upload was about to become, so that one whose agent was killed between the deed and the answer is
/// found again. Files in the agent's state directory.
pub(crate) struct Placings {
    pub(crate) directory: PathBuf,
}

#[derive(Serialize, Deserialize)]
struct Placing {
    device: u64,
    inode: u64,
}

impl Placings {
    fn note(&self, upload: Uuid, about: &Stat) -> io::Result<()> {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(&self.directory)?;
        let placing = Placing { device: about.st_dev, inode: about.st_ino };
        records::write(&self.directory, &upload.to_string(), &placing)
    }

    fn is_noted(&self, upload: Uuid, about: &Stat) -> io::Result<bool> {
        let noted: Option<Placing> = records::read(&self.directory, &upload.to_string())?;
        Ok(noted.is_some_and(|noted| (noted.device, noted.inode) == (about.st_dev, about.st_ino)))
    }
}

fn find_placed(
    spaces: &Spaces,
    placings: &Placings,
    upload: Uuid,
    at: &Located,
    parent: &OwnedFd,
    name: &FileName,
) -> Outcome<Answer> {
    for number in 0..=MAX_NUMBERED {
        let name = numbered(name, number);
        let Ok(about) = stat_name(parent, name.as_os_str()) else { break };
        if placings.is_noted(upload, &about).during(format_args!("upload {upload}"))? {
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
