//! Makes what an archive says beneath a new directory, and counts it.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;

use quarterdeck_types::FileName;
use quarterdeck_types::agent::{AgentError, ErrorCode};
use quarterdeck_types::file_task::LeftOutWhy;
use rustix::fs::{
    AtFlags, CWD, Mode, OFlags, Timespec, Timestamps, UTIME_OMIT, fstat, futimens, linkat, mkdirat, symlinkat, unlinkat,
};
use rustix::io::Errno;

use crate::errors::{During, Outcome};
use crate::files::descriptor_path;
use crate::resolve::{Located, open_name};
use crate::tasks::Limits;
use crate::tasks::durable::Durable;
use crate::tasks::making::Making;
use crate::tasks::progress::Progress;
use crate::tasks::tree::{MAX_DEPTH, is_file, open_directory, open_here};

const BUFFER: usize = 256 << 10;
/// So much may come out of any archive, however small it is.
const RATIO_FROM: u64 = 64 << 20;

pub(super) struct Unpacker<'a> {
    pub(super) progress: &'a Progress,
    at: &'a Located,
    durable: &'a Durable,
    root: OwnedFd,
    limits: Limits,
    /// The archive's size.
    packed: u64,
    entries: u64,
    bytes: u64,
    /// The directory that was needed last: most entries lie beside the one before.
    last: Option<(Vec<FileName>, OwnedFd)>,
    buffer: Vec<u8>,
}

/// What an archive says of a file, beside its name and its bytes.
#[derive(Clone, Copy)]
pub(super) struct About {
    /// Permission bits.
    pub(super) mode: u32,
    /// Seconds since 1970.
    pub(super) modified: Option<i64>,
}

/// Where an entry goes, or why it is left out.
pub(super) type Names = Result<Vec<FileName>, LeftOutWhy>;

impl<'a> Unpacker<'a> {
    pub(super) fn new(
        progress: &'a Progress,
        making: &'a Making<'_>,
        root: OwnedFd,
        limits: Limits,
        packed: u64,
    ) -> Unpacker<'a> {
        let (at, durable) = (&making.at, &making.durable);
        Unpacker {
            progress,
            at,
            durable,
            root,
            limits,
            packed,
            entries: 0,
            bytes: 0,
            last: None,
            buffer: vec![0; BUFFER],
        }
    }

    /// Counts an entry; answers where it goes.
    pub(super) fn begin(&mut self, name: &[u8]) -> Outcome<Names> {
        self.progress.check()?;
        self.progress.entry(name);
        self.entries += 1;
        if self.entries > self.limits.extract_entries {
            let message = format!("the archive holds more than {} entries", self.limits.extract_entries);
            return Err(AgentError::new(ErrorCode::TooMuch, message));
        }
        Ok(names_of(name))
    }

    pub(super) fn directory(&mut self, names: &[FileName], mode: u32) -> Outcome<Result<(), LeftOutWhy>> {
        match self.open(names, mode)? {
            Ok(_) => Ok(Ok(())),
            Err(why) => Ok(Err(why)),
        }
    }

    pub(super) fn file(
        &mut self,
        names: &[FileName],
        about: About,
        content: &mut dyn Read,
        read_error: &dyn Fn(io::Error) -> AgentError,
    ) -> Outcome<Result<(), LeftOutWhy>> {
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL;
        // As a mode of a new file, so that her umask counts; hers to read and write in any case.
        let mode = Mode::from_raw_mode(about.mode & 0o777 | 0o600);
        let made = self.make(names, |above, name| open_here(above, name, flags, mode))?;
        let mut file = match made {
            Ok(made) => File::from(made),
            Err(why) => return Ok(Err(why)),
        };
        let before = self.bytes;
        self.pass_on(content, Some(&mut file), read_error)?;
        if let Some(seconds) = about.modified {
            let omit = Timespec { tv_sec: 0, tv_nsec: UTIME_OMIT };
            let times = Timestamps { last_access: omit, last_modification: Timespec { tv_sec: seconds, tv_nsec: 0 } };
            // A time that the file system does not take is no reason to leave the file out.
            let _ = futimens(&file, &times);
        }
        self.durable.file(&file, self.bytes - before).during(self.at)?;
        Ok(Ok(()))
    }

    /// A symbolic link, if it leads to somewhere beneath the new directory.
    pub(super) fn link(&mut self, names: &[FileName], target: &[u8]) -> Outcome<Result<(), LeftOutWhy>> {
        if !stays_within(names.len() - 1, target) {
            return Ok(Err(LeftOutWhy::LinkLeadsOut));
        }
        self.make(names, |above, name| symlinkat(OsStr::from_bytes(target), above, name))
    }

    /// Another name of a file that came before.
    pub(super) fn hard_link(&mut self, names: &[FileName], target: &[u8]) -> Outcome<Result<(), LeftOutWhy>> {
        let Ok(target) = names_of(target) else { return Ok(Err(LeftOutWhy::LinkLeadsOut)) };
        if target == names {
            return Ok(Err(LeftOutWhy::LinkLeadsOut));
        }
        let Some((name, above)) = target.split_last() else { return Ok(Err(LeftOutWhy::LinkLeadsOut)) };
        let opened = match self.open(above, 0o777)? {
            Ok(above) => open_name(above, name.as_os_str(), OFlags::PATH | OFlags::NOFOLLOW, Mode::empty()),
            Err(why) => return Ok(Err(why)),
        };
        let opened = match opened.and_then(|opened| Ok((fstat(&opened)?, opened))) {
            Ok((about, opened)) if is_file(&about) => opened,
            _ => return Ok(Err(LeftOutWhy::LinkLeadsOut)),
        };
        self.make(names, |above, name| linkat(CWD, descriptor_path(&opened), above, name, AtFlags::SYMLINK_FOLLOW))
    }

    /// Reads what is not wanted, which counts like what is.
    pub(super) fn skip(&mut self, content: &mut dyn Read, read_error: &dyn Fn(io::Error) -> AgentError) -> Outcome<()> {
        self.pass_on(content, None, read_error)
    }

    fn pass_on(
        &mut self,
        content: &mut dyn Read,
        mut to: Option<&mut File>,
        read_error: &dyn Fn(io::Error) -> AgentError,
    ) -> Outcome<()> {
        loop {
            self.progress.check()?;
            let read = match content.read(&mut self.buffer) {
                Ok(0) => return Ok(()),
                Ok(read) => read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(read_error(error)),
            };
            self.bytes += read as u64;
            self.check_size()?;
            if let Some(file) = &mut to {
                file.write_all(&self.buffer[..read]).during(self.at)?;
            }
        }
    }

    fn check_size(&self) -> Outcome<()> {
        let too_much = |message: String| Err(AgentError::new(ErrorCode::TooMuch, message));
        if self.bytes > self.limits.extract_bytes {
            let gib = self.limits.extract_bytes >> 30;
            return too_much(format!("more than {gib} GiB come out of the archive, which is what the site allows"));
        }
        if self.bytes > RATIO_FROM && self.bytes / self.packed.max(1) > self.limits.extract_ratio {
            let ratio = self.limits.extract_ratio;
            return too_much(format!(
                "more than {ratio} times the archive's size comes out of it, as of one that is made to fill disks"
            ));
        }
        Ok(())
    }

    /// Makes an entry in its directory. One of the same name that came before makes way.
    fn make<T>(
        &mut self,
        names: &[FileName],
        make: impl Fn(&OwnedFd, &OsStr) -> Result<T, Errno>,
    ) -> Outcome<Result<T, LeftOutWhy>> {
        let Some((name, above)) = names.split_last() else { return Ok(Err(LeftOutWhy::BadName)) };
        let (progress, at) = (self.progress, self.at);
        let above = match self.open(above, 0o777)? {
            Ok(above) => above,
            Err(why) => return Ok(Err(why)),
        };
        let mut made = make(above, name.as_os_str());
        if made.as_ref().is_err_and(|errno| *errno == Errno::EXIST) {
            match unlinkat(above, name.as_os_str(), AtFlags::empty()) {
                Ok(()) => progress.leave_out(name.as_os_str().as_bytes(), LeftOutWhy::Twice),
                // A directory.
                Err(_) => return Ok(Err(LeftOutWhy::Clash)),
            }
            made = make(above, name.as_os_str());
        }
        match made {
            Ok(made) => Ok(Ok(made)),
            Err(errno) => left_out(errno).map(Err).ok_or(errno).during(at),
        }
    }

    /// A directory beneath the new one, made where it is missing; never through a link.
    fn open(&mut self, names: &[FileName], mode: u32) -> Outcome<Result<&OwnedFd, LeftOutWhy>> {
        if names.is_empty() {
            return Ok(Ok(&self.root));
        }
        let is_last = self.last.as_ref().is_some_and(|(last, _)| last == names);
        if !is_last {
            let mut opened: Option<OwnedFd> = None;
            for (depth, name) in names.iter().enumerate() {
                let above = opened.as_ref().unwrap_or(&self.root);
                let mode = if depth + 1 == names.len() { mode & 0o777 | 0o700 } else { 0o777 };
                let made = match mkdirat(above, name.as_os_str(), Mode::from_raw_mode(mode)) {
                    Ok(()) | Err(Errno::EXIST) => open_directory(above, name.as_os_str()),
                    Err(errno) => Err(errno),
                };
                match made {
                    Ok(made) => opened = Some(made),
                    Err(Errno::NOTDIR | Errno::LOOP) => return Ok(Err(LeftOutWhy::Clash)),
                    Err(errno) => return left_out(errno).map(Err).ok_or(errno).during(self.at),
                }
            }
            self.last = opened.map(|opened| (names.to_vec(), opened));
        }
        let (_, opened) = self.last.as_ref().expect("it was opened just now");
        Ok(Ok(opened))
    }
}

/// What concerns one name alone.
fn left_out(errno: Errno) -> Option<LeftOutWhy> {
    matches!(errno, Errno::NAMETOOLONG | Errno::INVAL | Errno::ILSEQ).then_some(LeftOutWhy::BadName)
}

/// The names on an entry's way; that they begin at the root is as if they did not.
fn names_of(path: &[u8]) -> Names {
    let mut names = Vec::new();
    for name in path.split(|byte| *byte == b'/') {
        match name {
            b"" | b"." => {}
            b".." => return Err(LeftOutWhy::LeadsOut),
            name => names.push(FileName::from_bytes(name).map_err(|_| LeftOutWhy::BadName)?),
        }
    }
    if names.len() > MAX_DEPTH { Err(LeftOutWhy::TooDeep) } else { Ok(names) }
}

/// Whether a link so many levels down leads to somewhere beneath the top, whatever other links are there. It may go up
/// at its beginning alone: behind a name that is a link itself, `..` could lead anywhere.
fn stays_within(depth: usize, target: &[u8]) -> bool {
    if target.is_empty() || target.starts_with(b"/") || target.contains(&0) {
        return false;
    }
    let (mut up, mut down) = (0, 0);
    for name in target.split(|byte| *byte == b'/') {
        match name {
            b"" | b"." => {}
            b".." if down > 0 => return false,
            b".." => up += 1,
            _ => down += 1,
        }
    }
    up <= depth
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case(0, "file", true)]
    #[case(0, "a/b", true)]
    #[case(1, "../file", true)]
    #[case(2, ".././../file", true)]
    #[case(0, "..", false)]
    #[case(1, "../../file", false)]
    #[case(2, "link/../../file", false)]
    #[case(0, "/etc/passwd", false)]
    #[case(0, "", false)]
    fn a_link_may_lead_to_where_nothing_else_is(#[case] depth: usize, #[case] target: &str, #[case] stays: bool) {
        assert_eq!(stays_within(depth, target.as_bytes()), stays);
    }
}
