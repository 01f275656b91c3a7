//! A node's directories and files, by SFTP.

use std::ffi::OsString;
use std::io;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use quarterdeck_sif::ReadAt;
use quarterdeck_ssh::sftp::{self, Attributes};
use quarterdeck_ssh::{Connection, DigestError, Sftp, printable};
use tokio::runtime::Handle;

use crate::images::tree::{self, Entry, Kind, Stat, Tree};

/// What is read of a file's beginning at once: as much as the reader of images asks for first.
const HEAD_BYTES: usize = 48 << 10;

/// Cheap to clone. What goes over the connection is the runtime's work; threads that block wait for it, and no longer
/// than the runtime lives.
#[derive(Clone)]
pub(super) struct Remote {
    session: Arc<Session>,
    runtime: Handle,
}

struct Session {
    sftp: Sftp,
    connection: Connection,
}

pub(super) struct RemoteFile {
    remote: Remote,
    file: sftp::File,
    size: u64,
    /// The beginning, once more than a header of it was asked for.
    head: Mutex<Option<Vec<u8>>>,
}

impl Remote {
    /// Within the runtime.
    pub(super) fn new(connection: Connection, sftp: Sftp) -> Remote {
        Remote { session: Arc::new(Session { sftp, connection }), runtime: Handle::current() }
    }

    /// The file's SHA-256, which the node computes.
    pub(super) async fn sha256(&self, path: &str, limit: Duration) -> Result<String, DigestError> {
        self.session.connection.sha256(path.as_bytes(), limit).await
    }

    /// Nothing more is wanted of the node: whoever waits for it stops waiting.
    pub(super) fn cut(&self) {
        self.session.connection.cut();
    }

    fn wait<T, F>(&self, work: impl FnOnce(Arc<Session>) -> F + Send + 'static) -> io::Result<T>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, sftp::Failure>> + Send,
    {
        let session = self.session.clone();
        tree::wait(&self.runtime, async move { work(session).await.map_err(io::Error::from) })
    }

    fn entry(&self, directory: &Path, found: sftp::Entry) -> io::Result<Entry> {
        let name = &found.name;
        if name.is_empty() || name.contains(&b'/') || name.contains(&0) {
            return Err(io::Error::other(format!("the node names a file \"{}\"", printable(name))));
        }
        let name = OsString::from_vec(name.to_vec());
        let mut attributes = found.attributes;
        // Some servers leave out what a file is.
        if attributes.kind.is_none() || attributes.size.is_none() || attributes.modified.is_none() {
            attributes = self.attributes(&directory.join(&name))?;
        }
        Ok(Entry { name, kind: kind(&attributes), stat: stat(&attributes) })
    }

    fn attributes(&self, path: &Path) -> io::Result<Attributes> {
        let path = bytes_of(path);
        self.wait(|session| async move { session.sftp.attributes(&path).await })
    }
}

impl Tree for Remote {
    type File = RemoteFile;

    fn list(&self, directory: &Path, each: &mut dyn FnMut(io::Result<Entry>) -> bool) -> io::Result<()> {
        let path = bytes_of(directory);
        let open = self.wait(|session| async move { session.sftp.open_directory(&path).await })?;
        let mut goes_on = true;
        while goes_on {
            let of = open.clone();
            let entries = self.wait(|session| async move { session.sftp.next_entries(&of).await })?;
            let Some(entries) = entries else { break };
            for found in entries.into_iter().filter(|entry| entry.name != "." && entry.name != "..") {
                goes_on = each(self.entry(directory, found));
                if !goes_on {
                    break;
                }
            }
        }
        self.wait(|session| async move {
            session.sftp.close_directory(open).await;
            Ok(())
        })
    }

    fn stat(&self, path: &Path) -> io::Result<Stat> {
        stat(&self.attributes(path)?).ok_or_else(|| io::Error::other("the node does not tell its size and time"))
    }

    fn open(&self, path: &str) -> io::Result<RemoteFile> {
        let path = path.as_bytes().to_vec();
        let file = self.wait(|session| async move { session.sftp.open(&path).await })?;
        let file = RemoteFile {
            size: file.attributes.size.unwrap_or_default(),
            remote: self.clone(),
            head: Mutex::default(),
            file,
        };
        // It was one when the directory was read. A server that does not say is believed: nothing but bytes comes.
        match file.file.attributes.kind {
            None | Some(sftp::Kind::File) => Ok(file),
            Some(_) => Err(io::Error::other("it is no regular file")),
        }
    }

    fn lost(&self) -> Option<String> {
        self.session.sftp.lost()
    }
}

impl RemoteFile {
    fn fill(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        let (file, mut bytes) = (self.file.clone(), vec![0; buffer.len()]);
        let bytes = self.remote.wait(move |session| async move {
            let read = session.sftp.read(&file, offset, &mut bytes).await?;
            bytes.truncate(read);
            Ok(bytes)
        })?;
        if bytes.len() < buffer.len() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        buffer.copy_from_slice(&bytes);
        Ok(())
    }
}

impl ReadAt for RemoteFile {
    fn size(&self) -> io::Result<u64> {
        Ok(self.size)
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        let mut head = self.head.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        let end = usize::try_from(offset).ok().and_then(|offset| offset.checked_add(buffer.len()));
        if let (Some(head), Some(end)) = (head.as_ref(), end)
            && end <= head.len()
        {
            buffer.copy_from_slice(&head[end - buffer.len()..end]);
            return Ok(());
        }
        self.fill(offset, buffer)?;
        // What comes of it is looked at more than once.
        if offset == 0 && buffer.len() <= HEAD_BYTES {
            *head = Some(buffer.to_vec());
        }
        Ok(())
    }
}

impl Drop for RemoteFile {
    fn drop(&mut self) {
        let remote = self.remote.clone();
        let file = self.file.clone();
        self.remote.runtime.spawn(async move { remote.session.sftp.close_file(&file).await });
    }
}

fn bytes_of(path: &Path) -> Vec<u8> {
    path.as_os_str().as_bytes().to_vec()
}

fn kind(attributes: &Attributes) -> Kind {
    match attributes.kind {
        Some(sftp::Kind::Directory) => Kind::Directory,
        Some(sftp::Kind::File) => Kind::File,
        _ => Kind::Other,
    }
}

fn stat(attributes: &Attributes) -> Option<Stat> {
    let (size, modified) = attributes.size.zip(attributes.modified)?;
    Some(Stat { size, modified_us: i64::from(modified) * 1_000_000, inode: None, device: None })
}
