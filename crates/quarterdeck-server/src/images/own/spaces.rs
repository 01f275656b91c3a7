//! A person's spaces, seen through her agent: by what she may read, and as slowly as her file system answers.

use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::time::{Duration, Instant};

use quarterdeck_sif::ReadAt;
use quarterdeck_types::agent::{self, EntryKind, Request};
use quarterdeck_types::{FileName, Place, RelativePath, agent::MAX_LIST_ENTRIES};
use tokio::runtime::Handle;

use crate::agents::{self, Agent, UserFile};
use crate::images::tree::{self, Entry, Kind, Stat, Tree};

/// Cheap to clone.
#[derive(Clone)]
pub(super) struct Spaces {
    agent: Agent,
    runtime: Handle,
    ends: Instant,
}

pub(super) struct OwnFile {
    file: UserFile,
    runtime: Handle,
}

impl Spaces {
    /// Within the runtime. `time`: after it the spaces are as good as lost.
    pub(super) fn of(agent: Agent, time: Duration) -> Spaces {
        Spaces { agent, runtime: Handle::current(), ends: Instant::now() + time }
    }

    fn wait<T, F>(&self, ask: impl FnOnce(Agent) -> F) -> io::Result<T>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, agents::Error>> + Send + 'static,
    {
        let asking = ask(self.agent.clone());
        tree::wait(&self.runtime, async move { asking.await.map_err(as_io) })
    }
}

impl Tree for Spaces {
    type File = OwnFile;

    fn list(&self, directory: &Path, each: &mut dyn FnMut(io::Result<Entry>) -> bool) -> io::Result<()> {
        let at = place(directory)?;
        let mut after = None;
        loop {
            let request = Request::List { at: at.clone(), after, limit: MAX_LIST_ENTRIES };
            let (entries, more) = self.wait(|agent| async move { agent.entries(request).await })?;
            after = None;
            for found in entries {
                let name = FileName::parse(&found.path_name).map_err(io::Error::other)?;
                let entry =
                    Entry { name: name.as_os_str().to_owned(), kind: kind(found.kind), stat: Some(stat(&found)) };
                if !each(Ok(entry)) {
                    return Ok(());
                }
                after = Some(name);
            }
            if !more || after.is_none() || self.lost().is_some() {
                return Ok(());
            }
        }
    }

    fn stat(&self, path: &Path) -> io::Result<Stat> {
        let at = place(path)?;
        let entry = self.wait(|agent| async move { agent.entry(Request::Stat { at }).await })?;
        Ok(stat(&entry))
    }

    fn open(&self, path: &str) -> io::Result<OwnFile> {
        let at = place(Path::new(path))?;
        let file = self.wait(|agent| async move { agent.open(Request::OpenRead { at }).await })?;
        Ok(OwnFile { file, runtime: self.runtime.clone() })
    }

    fn lost(&self) -> Option<String> {
        (Instant::now() >= self.ends).then(|| "looking took too long, and was ended: try again later".to_owned())
    }
}

impl ReadAt for OwnFile {
    fn size(&self) -> io::Result<u64> {
        Ok(self.file.entry().size)
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        let (file, length) = (self.file.clone(), buffer.len());
        let read = tree::wait(&self.runtime, async move { file.read_at(offset, length).await })?;
        if read.len() < length {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        buffer.copy_from_slice(&read);
        Ok(())
    }
}

/// Beneath which space the path lies, is for the agent to find out.
fn place(path: &Path) -> io::Result<Place> {
    let relative = path.strip_prefix("/").unwrap_or(path);
    let escaped = RelativePath::from_bytes(relative.as_os_str().as_bytes()).map_err(io::Error::other)?;
    Ok(Place::Absolute { absolute: format!("/{escaped}") })
}

fn kind(kind: EntryKind) -> Kind {
    match kind {
        EntryKind::Directory => Kind::Directory,
        EntryKind::File => Kind::File,
        EntryKind::Link | EntryKind::Other => Kind::Other,
    }
}

fn stat(entry: &agent::Entry) -> Stat {
    Stat { size: entry.size, modified_us: entry.modified_us, inode: Some(entry.inode), device: None }
}

fn as_io(error: agents::Error) -> io::Error {
    let kind = if error.is_not_found() { io::ErrorKind::NotFound } else { io::ErrorKind::Other };
    io::Error::new(kind, error.to_string())
}
