//! Copies files, links and directories.

use std::ffi::OsStr;
use std::fs::File;
use std::io::Write;
use std::os::fd::{AsFd, OwnedFd};

use quarterdeck_types::agent::{AgentError, ErrorCode};
use quarterdeck_types::file_task::{LeftOutWhy, NameTaken};
use quarterdeck_types::{FileName, Place};
use rustix::fs::{
    AtFlags, FileType, Mode, OFlags, SeekFrom, Stat, Timespec, Timestamps, UTIME_OMIT, copy_file_range, fchmod, fstat,
    fsync, ftruncate, futimens, ioctl_ficlone, mkdirat, readlinkat, seek, symlinkat, utimensat,
};
use rustix::io::Errno;

use crate::acl::Lists;
use crate::errors::{During, Outcome};
use crate::files::{same_file, stat_name};
use crate::resolve::{Located, Spaces};
use crate::tasks::durable::Durable;
use crate::tasks::making::Making;
use crate::tasks::progress::Progress;
use crate::tasks::tree::{self, Count, Here, Visit, is_directory, open_directory, open_file, open_here, size_of};

/// Copied by the kernel in one call, so that progress is told and a wish to end is heard now and then.
const PIECE: u64 = 16 << 20;
const BUFFER: usize = 1 << 20;

pub(crate) fn run(
    spaces: &Spaces,
    progress: &Progress,
    from: &[Place],
    into: &Place,
    name: Option<&FileName>,
    taken: NameTaken,
) -> Outcome<()> {
    let making = Making::open(spaces, progress, into, taken)?;
    let sources = Sources::open(spaces, progress, from)?;
    for (at, parent, source) in &sources.0 {
        let about = stat_name(parent, source.as_os_str()).during(at)?;
        if is_directory(&about) && making.is_within(&about)? {
            let message = format!("{at}: a directory cannot be copied into itself: choose another place");
            return Err(AgentError::new(ErrorCode::IntoItself, message));
        }
        making.make(name.unwrap_or(source), || {
            let (into, hidden) = (&making.into, making.hidden.as_os_str());
            let copy =
                &mut Copy { progress, at: &making.at, durable: &making.durable, into, hidden, levels: Vec::new() };
            tree::walk(progress, parent.as_fd(), source.as_os_str(), at, copy)?;
            match stat_name(into, hidden) {
                Err(Errno::NOENT) => Err(match progress.status().left_out.last() {
                    Some(left_out) if left_out.why == LeftOutWhy::PermissionDenied => {
                        AgentError::new(ErrorCode::PermissionDenied, format!("{at}: your account may not read this"))
                    }
                    _ => AgentError::new(ErrorCode::NotRegular, format!("{at}: this can be neither read nor copied")),
                }),
                other => other.map(drop).during(&making.at),
            }
        })?;
    }
    Ok(())
}

/// What was chosen: each with the directory above it, so that what the names mean is settled once.
pub(crate) struct Sources(pub(crate) Vec<(Located, OwnedFd, FileName)>);

impl Sources {
    /// Counts all that is there, too, so that progress can be told of it.
    pub(crate) fn open(spaces: &Spaces, progress: &Progress, from: &[Place]) -> Outcome<Sources> {
        let mut count = Count::default();
        let mut sources = Vec::with_capacity(from.len());
        for place in from {
            let at = spaces.locate(place)?;
            let (parent, name) = spaces.open_parent(&at)?;
            // What is left out is told when it is left out.
            let counting = Progress::counting(progress);
            tree::walk(&counting, parent.as_fd(), name.as_os_str(), &at, &mut count)?;
            sources.push((at, parent, name));
        }
        progress.totals(Some(count.bytes), Some(count.entries));
        Ok(Sources(sources))
    }
}

struct Copy<'a> {
    progress: &'a Progress,
    at: &'a Located,
    durable: &'a Durable,
    into: &'a OwnedFd,
    hidden: &'a OsStr,
    /// The directories that are being made, and what they are copies of.
    levels: Vec<Level>,
}

struct Level {
    made: OwnedFd,
    about: Stat,
    lists: Lists,
}

impl Visit for Copy<'_> {
    fn enter(&mut self, here: &Here<'_>) -> Outcome<bool> {
        // Somebody moved the place into what is being copied.
        let made = self.levels.first().and_then(|level| fstat(&level.made).ok());
        if made.is_some_and(|made| same_file(&made, here.about)) {
            return Ok(false);
        }
        let lists = match open_directory(here.parent, here.name).and_then(Lists::of) {
            Ok(lists) => lists,
            Err(errno) => {
                self.progress.leave_out_since(here.path, errno);
                return Ok(false);
            }
        };
        let (into, name) = self.target(here);
        mkdirat(into, name, Mode::from_raw_mode(0o700)).during(self.at)?;
        let made = open_directory(into, name).during(self.at)?;
        self.levels.push(Level { made, about: *here.about, lists });
        self.progress.entry(here.path);
        Ok(true)
    }

    fn leave(&mut self) -> Outcome<()> {
        let Some(Level { made, about, lists }) = self.levels.pop() else { return Ok(()) };
        // Set-group-ID of a directory is the new place's, which passes its group on.
        let inherited = fstat(&made).during(self.at)?.st_mode & 0o2000;
        fchmod(&made, Mode::from_raw_mode(about.st_mode & 0o1777 | inherited)).during(self.at)?;
        lists.give(&made).during(self.at)?;
        futimens(&made, &modified(&about)).during(self.at)?;
        if self.levels.is_empty() {
            self.durable.directory(&made).during(self.at)?;
        }
        Ok(())
    }

    fn entry(&mut self, here: &Here<'_>) -> Outcome<()> {
        self.progress.entry(here.path);
        match FileType::from_raw_mode(here.about.st_mode) {
            FileType::RegularFile => self.file(here),
            FileType::Symlink => self.link(here),
            _ => {
                self.progress.leave_out(here.path, LeftOutWhy::NotRegular);
                Ok(())
            }
        }
    }
}

impl Copy<'_> {
    fn target<'b>(&'b self, here: &Here<'b>) -> (&'b OwnedFd, &'b OsStr) {
        match self.levels.last() {
            Some(level) => (&level.made, here.name),
            None => (self.into, self.hidden),
        }
    }

    fn link(&self, here: &Here<'_>) -> Outcome<()> {
        let (into, name) = self.target(here);
        let target = match readlinkat(here.parent, here.name, Vec::new()) {
            Ok(target) => target,
            Err(errno) => {
                // EINVAL: it is no link any more.
                let errno = if errno == Errno::INVAL { Errno::NOENT } else { errno };
                self.progress.leave_out_since(here.path, errno);
                return Ok(());
            }
        };
        symlinkat(&*target, into, name).during(self.at)?;
        // Not every file system keeps the times of links.
        let _ = utimensat(into, name, &modified(here.about), AtFlags::SYMLINK_NOFOLLOW);
        Ok(())
    }

    fn file(&self, here: &Here<'_>) -> Outcome<()> {
        let Some((source, about)) = open_file(here, self.progress) else { return Ok(()) };
        let (into, name) = self.target(here);
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL;
        let made = open_here(into, name, flags, Mode::from_raw_mode(0o600)).during(self.at)?;
        match ioctl_ficlone(&made, &source) {
            Ok(()) => self.progress.bytes(size_of(&about)),
            Err(_) => {
                if let Err(errno) = self.content(&source, &about, &made)? {
                    self.progress.leave_out_since(here.path, errno);
                    return rustix::fs::unlinkat(into, name, AtFlags::empty()).during(self.at);
                }
            }
        }
        fchmod(&made, Mode::from_raw_mode(about.st_mode & 0o777)).during(self.at)?;
        Lists::of(&source).and_then(|lists| lists.give(&made)).during(self.at)?;
        futimens(&made, &modified(&about)).during(self.at)?;
        match self.levels.is_empty() {
            true => fsync(&made).during(self.at),
            false => self.durable.file(&made, size_of(&about)).during(self.at),
        }
    }

    /// The parts that hold data, so that holes stay holes. The inner error is one of reading.
    fn content(&self, source: &OwnedFd, about: &Stat, made: &OwnedFd) -> Outcome<Result<(), Errno>> {
        let size = size_of(about);
        let (mut at, mut told, mut by_kernel) = (0, 0, true);
        while at < size {
            let (from, to) = match data_from(source, at, size) {
                Ok(Some(part)) => part,
                Ok(None) => break,
                Err(errno) => return Ok(Err(errno)),
            };
            at = from;
            while at < to {
                self.progress.check()?;
                let piece = (to - at).min(PIECE);
                let copied = if by_kernel {
                    let (mut read_at, mut write_at) = (at, at);
                    match copy_file_range(source, Some(&mut read_at), made, Some(&mut write_at), piece as usize) {
                        // Between file systems, or of one that says that there is nothing.
                        Err(Errno::XDEV | Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP) | Ok(0) => {
                            by_kernel = false;
                            continue;
                        }
                        Err(Errno::INTR) => continue,
                        other => other.during(self.at)? as u64,
                    }
                } else {
                    match copy_piece(source, made, at, piece).during(self.at)? {
                        Ok(0) => break,
                        Ok(copied) => copied,
                        Err(errno) => return Ok(Err(errno)),
                    }
                };
                at += copied;
                self.progress.bytes(at - told);
                told = at;
            }
            if at < to {
                // It became shorter meanwhile, and so is the copy.
                return Ok(Ok(()));
            }
        }
        self.progress.bytes(size - told);
        ftruncate(made, size).during(self.at).map(Ok)
    }
}

/// The next part that holds data, from byte to byte; `None`: only a hole is left.
fn data_from(source: &OwnedFd, at: u64, size: u64) -> Result<Option<(u64, u64)>, Errno> {
    match seek(source, SeekFrom::Data(at)) {
        Ok(from) if from >= size => Ok(None),
        Ok(from) => {
            let to = seek(source, SeekFrom::Hole(from)).unwrap_or(size);
            Ok(Some((from, to.clamp(from + 1, size))))
        }
        Err(Errno::NXIO) => Ok(None),
        // A file system that knows no holes.
        Err(Errno::INVAL | Errno::OPNOTSUPP) => Ok(Some((at, size))),
        Err(errno) => Err(errno),
    }
}

fn copy_piece(source: &OwnedFd, made: &OwnedFd, at: u64, length: u64) -> std::io::Result<Result<u64, Errno>> {
    let mut buffer = vec![0; (length as usize).min(BUFFER)];
    let read = match rustix::io::retry_on_intr(|| rustix::io::pread(source, &mut buffer[..], at)) {
        Ok(read) => read,
        Err(errno) => return Ok(Err(errno)),
    };
    seek(made, SeekFrom::Start(at))?;
    let mut made = File::from(made.try_clone()?);
    made.write_all(&buffer[..read])?;
    Ok(Ok(read as u64))
}

/// The time of its last change, and no other.
pub(crate) fn modified(about: &Stat) -> Timestamps {
    let last_modification = Timespec { tv_sec: about.st_mtime, tv_nsec: about.st_mtime_nsec as _ };
    Timestamps { last_access: Timespec { tv_sec: 0, tv_nsec: UTIME_OMIT }, last_modification }
}
