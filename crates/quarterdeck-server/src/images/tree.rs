//! A host's directories and files, wherever the host is. Everything in here blocks: for a thread of its own.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;

use quarterdeck_sif::ReadAt;
use rustix::fs::OFlags;
use tokio::runtime::Handle;
use tokio::sync::oneshot;

/// What of a host a scan looks at. Nothing in here changes anything there.
pub(super) trait Tree: Clone + Send + 'static {
    type File: ReadAt + Send + 'static;

    /// Calls `each` with what the directory has, in any order, until it answers false. Links are not followed, but for
    /// the directory itself.
    fn list(&self, directory: &Path, each: &mut dyn FnMut(io::Result<Entry>) -> bool) -> io::Result<()>;

    /// Of a file, without following a link.
    fn stat(&self, path: &Path) -> io::Result<Stat>;

    fn open(&self, path: &str) -> io::Result<Self::File>;

    /// Why nothing more is to be learnt of the host.
    fn lost(&self) -> Option<String>;
}

pub(super) struct Entry {
    pub(super) name: OsString,
    pub(super) kind: Kind,
    /// Where it came along with the name.
    pub(super) stat: Option<Stat>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Directory,
    File,
    Other,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Stat {
    /// In bytes.
    pub(super) size: u64,
    pub(super) modified_us: i64,
    pub(super) inode: Option<u64>,
    pub(super) device: Option<u64>,
}

/// Has the runtime do the work, and blocks until it is done, no longer than the runtime lives.
pub(super) fn wait<T: Send + 'static>(
    runtime: &Handle,
    work: impl Future<Output = io::Result<T>> + Send + 'static,
) -> io::Result<T> {
    let (sender, answer) = oneshot::channel();
    runtime.spawn(async move {
        let _ = sender.send(work.await);
    });
    answer.blocking_recv().map_err(|_| io::Error::new(io::ErrorKind::ConnectionAborted, "the server stops"))?
}

/// The server's own host.
#[derive(Clone)]
pub(super) struct Local;

impl Tree for Local {
    type File = File;

    fn list(&self, directory: &Path, each: &mut dyn FnMut(io::Result<Entry>) -> bool) -> io::Result<()> {
        for entry in fs::read_dir(directory)? {
            let entry = entry.and_then(|entry| {
                let kind = entry.file_type()?;
                let kind = match () {
                    () if kind.is_dir() => Kind::Directory,
                    () if kind.is_file() => Kind::File,
                    () => Kind::Other,
                };
                Ok(Entry { name: entry.file_name(), kind, stat: None })
            });
            if !each(entry) {
                break;
            }
        }
        Ok(())
    }

    fn stat(&self, path: &Path) -> io::Result<Stat> {
        let metadata = fs::symlink_metadata(path)?;
        Ok(Stat {
            size: metadata.len(),
            modified_us: metadata.mtime().saturating_mul(1_000_000).saturating_add(metadata.mtime_nsec() / 1000),
            inode: Some(metadata.ino()),
            device: Some(metadata.dev()),
        })
    }

    fn open(&self, path: &str) -> io::Result<File> {
        // What was a file a moment ago may be a link or a pipe by now.
        let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits() as i32;
        let file = File::options().read(true).custom_flags(flags).open(path)?;
        if file.metadata()?.is_file() { Ok(file) } else { Err(io::Error::other("it is no regular file")) }
    }

    fn lost(&self) -> Option<String> {
        None
    }
}
