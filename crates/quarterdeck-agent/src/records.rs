//! Makes that something happens at most once, whatever is killed meanwhile: a directory for each id, in which one
//! file's lock says whether someone is at it, `started` that it was begun, and `result` how it ended.
//!
//! Whoever holds the lock decides. The lock belongs to an *open file description*, which the program that does the
//! work inherits as its standard error (`log`): so it is held exactly as long as that program lives, whether or not
//! the agent that started it does, and no process id is needed. `started` is on the disk before the program starts,
//! `result` before anybody is told; a lock free and neither there means that it never began.

use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;
use serde::{Serialize, de::DeserializeOwned};
use uuid::Uuid;

const RESULT: &str = "result";
const STARTED: &str = "started";
/// How long somebody may hold the lock who only looks (another thread, or a child between fork and exec).
const GLANCE: Duration = Duration::from_millis(5);
const GLANCES: u32 = 20;

/// All records of one sort: `~/.local/state/quarterdeck/submissions`, `…/local`.
pub(crate) struct Records {
    directory: PathBuf,
}

/// What stands in a record.
pub(crate) enum Claim<R> {
    /// It has ended, or was sealed.
    Settled(R),
    /// Someone is at it.
    Held,
    /// It was begun, whoever was at it is gone, and how it ended was never written.
    Left(Record),
    /// It was never begun.
    Fresh(Record),
}

/// A record whose lock we hold.
pub(crate) struct Record {
    directory: PathBuf,
    log: File,
}

impl Records {
    pub(crate) fn new(directory: PathBuf) -> Records {
        Records { directory }
    }

    pub(crate) fn directory(&self) -> &Path {
        &self.directory
    }

    pub(crate) fn directory_of(&self, id: Uuid) -> PathBuf {
        self.directory.join(id.to_string())
    }

    /// Looks at a record, makes it where there is none, and takes its lock if nobody holds it.
    pub(crate) fn claim<R: DeserializeOwned>(&self, id: Uuid) -> io::Result<Claim<R>> {
        let directory = self.directory_of(id);
        let mut glances = 0;
        loop {
            if let Some(result) = read(&directory, RESULT)? {
                return Ok(Claim::Settled(result));
            }
            let log = self.make(&directory)?;
            match flock(&log, FlockOperation::NonBlockingLockExclusive) {
                // The lock may have become free because the result was written just now.
                Ok(()) => {
                    if let Some(result) = read(&directory, RESULT)? {
                        return Ok(Claim::Settled(result));
                    }
                    let started = directory.join(STARTED).try_exists()?;
                    let record = Record { directory, log };
                    return Ok(if started { Claim::Left(record) } else { Claim::Fresh(record) });
                }
                Err(Errno::WOULDBLOCK) if glances < GLANCES && !directory.join(STARTED).try_exists()? => {
                    glances += 1;
                    std::thread::sleep(GLANCE);
                }
                Err(Errno::WOULDBLOCK) => return Ok(Claim::Held),
                Err(Errno::INTR) => {}
                Err(errno) => return Err(errno.into()),
            }
        }
    }

    fn make(&self, directory: &Path) -> io::Result<File> {
        match open_log(directory) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                fs::DirBuilder::new().recursive(true).mode(0o700).create(directory)?;
                File::open(&self.directory)?.sync_all()?;
                open_log(directory)
            }
            other => other,
        }
    }
}

impl Record {
    pub(crate) fn directory(&self) -> &Path {
        &self.directory
    }

    /// From here on nobody begins it again.
    pub(crate) fn mark_started(&self) -> io::Result<()> {
        self.create(STARTED)?;
        File::open(&self.directory)?.sync_all()
    }

    /// A new file in the record, to be read and written.
    pub(crate) fn create(&self, name: &str) -> io::Result<File> {
        let path = self.directory.join(name);
        File::options().read(true).write(true).create(true).truncate(true).mode(0o600).open(path)
    }

    /// The standard error of the program that does the work; the lock goes with it.
    pub(crate) fn log(&self) -> io::Result<File> {
        self.log.try_clone()
    }

    pub(crate) fn settle<R: Serialize>(&self, result: &R) -> io::Result<()> {
        settle(&self.directory, result)
    }
}

/// Removes records that did not change for `age` and nobody is at. Nobody asks for them any more, since the server keeps
/// its own.
pub(crate) fn remove_old(directory: &Path, age: Duration) -> io::Result<()> {
    let entries = match fs::read_dir(directory) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        other => other?,
    };
    let limit = SystemTime::now() - age;
    for entry in entries {
        let entry = entry?;
        let path = entry.path();
        let about = entry.metadata()?;
        let ours = entry.file_name().to_str().is_some_and(|name| Uuid::try_parse(name).is_ok());
        if !ours || !about.is_dir() || about.modified()? >= limit {
            continue;
        }
        if flock(open_log(&path)?, FlockOperation::NonBlockingLockExclusive).is_ok() {
            fs::remove_dir_all(path)?;
        }
    }
    Ok(())
}

fn open_log(directory: &Path) -> io::Result<File> {
    File::options().read(true).append(true).create(true).mode(0o600).open(directory.join("log"))
}

/// Writes the result of a record, whole or not at all, and keeps it through a power failure.
pub(crate) fn settle<R: Serialize>(directory: &Path, result: &R) -> io::Result<()> {
    write(directory, RESULT, result)
}

/// Writes one JSON file of a record, whole or not at all.
pub(crate) fn write<T: Serialize>(directory: &Path, name: &str, value: &T) -> io::Result<()> {
    let unfinished = directory.join(format!("{name}.new"));
    let mut file = File::options().write(true).create(true).truncate(true).mode(0o600).open(&unfinished)?;
    file.write_all(&serde_json::to_vec(value)?)?;
    file.sync_all()?;
    fs::rename(&unfinished, directory.join(name))?;
    File::open(directory)?.sync_all()
}

/// Reads one JSON file of a record; `None` where it is not there.
pub(crate) fn read<T: DeserializeOwned>(directory: &Path, name: &str) -> io::Result<Option<T>> {
    match fs::read(directory.join(name)) {
        Ok(bytes) => Ok(Some(serde_json::from_slice(&bytes)?)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}
