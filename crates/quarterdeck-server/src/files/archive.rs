//! Packs directories and files of a user's into a tar archive while it is sent. Her agent lists and opens, one file at a
//! time; nothing is written down and nothing is held but the piece on its way.

use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use quarterdeck_archive::{Entry as Packed, Kind, tar};
use quarterdeck_types::agent::{Entry, EntryKind, ErrorCode, MAX_LIST_ENTRIES, Request};
use quarterdeck_types::{FileName, Place, RelativePath, SpaceName};
use tokio::sync::mpsc;

use crate::agents::{self, Agent, UserFile};

/// More is for other tools.
const MOST_ENTRIES: usize = 100_000;
/// Names that are listed as left out.
const MOST_NOTES: usize = 1000;
/// Pieces on their way to a slow reader.
const PIECES: usize = 4;
const NOTES: &str = "left-out.txt";

/// What goes in: a directory with all that is beneath it, or a file.
pub(super) struct Chosen {
    pub(super) path: RelativePath,
    pub(super) is_directory: bool,
}

/// The archive's bytes. A failure breaks it off, lest the half be taken for the whole.
pub(super) fn stream(agent: Agent, space: SpaceName, chosen: Vec<Chosen>) -> impl Stream<Item = io::Result<Bytes>> {
    let (sender, receiver) = mpsc::channel(PIECES);
    tokio::spawn(async move {
        let mut packer = Packer { agent, space, sender: sender.clone(), entries: 0, notes: Vec::new(), unnamed: 0 };
        if let Err(error) = packer.pack(chosen).await {
            let _ = sender.send(Err(error)).await;
        }
    });
    futures_util::stream::unfold(receiver, async |mut receiver| Some((receiver.recv().await?, receiver)))
}

struct Packer {
    agent: Agent,
    space: SpaceName,
    sender: mpsc::Sender<io::Result<Bytes>>,
    entries: usize,
    /// What is not in it, and why.
    notes: Vec<String>,
    /// Of what was left out, what `notes` does not name.
    unnamed: usize,
}

impl Packer {
    async fn pack(&mut self, chosen: Vec<Chosen>) -> io::Result<()> {
        for Chosen { path, is_directory } in chosen {
            let name = match path.split() {
                Some((_, name)) => PathBuf::from(name.as_os_str()),
                // A space's name may have a colon in it, which some systems do not take.
                None => PathBuf::from(self.space.as_str().replace(':', "-")),
            };
            if is_directory {
                self.directories(path, name).await?;
            } else {
                self.file(&path, &name).await?;
            }
        }
        self.end().await
    }

    /// A directory and all beneath it. Links to directories are not followed: they might lead in circles.
    async fn directories(&mut self, path: RelativePath, name: PathBuf) -> io::Result<()> {
        let mut open = vec![(path, name)];
        while let Some((path, name)) = open.pop() {
            self.send_header(Kind::Directory, &name, 0, 0o755, None).await?;
            let mut after = None;
            loop {
                let (entries, more) = match self.list(&path, after).await {
                    Ok(page) => page,
                    Err(error) => {
                        self.leave_out(&name, &error)?;
                        break;
                    }
                };
                let last = entries.last().and_then(|entry| FileName::parse(&entry.path_name).ok());
                for entry in entries {
                    let Ok(entry_name) = FileName::parse(&entry.path_name) else { continue };
                    let below = (path.join(&entry_name), name.join(entry_name.as_os_str()));
                    match entry.kind {
                        EntryKind::Directory => open.push(below),
                        EntryKind::File | EntryKind::Link => self.file(&below.0, &below.1).await?,
                        EntryKind::Other => self.note(&below.1, "not a regular file"),
                    }
                    self.count()?;
                }
                match last.filter(|_| more) {
                    Some(last) => after = Some(last),
                    None => break,
                }
            }
        }
        Ok(())
    }

    async fn list(&self, path: &RelativePath, after: Option<FileName>) -> Result<(Vec<Entry>, bool), agents::Error> {
        let at = Place::In { space: self.space.clone(), path: path.clone() };
        self.agent.entries(Request::List { at, after, limit: MAX_LIST_ENTRIES }).await
    }

    /// Opened as a single download is: a link is followed where it may be.
    async fn file(&mut self, path: &RelativePath, name: &Path) -> io::Result<()> {
        let at = Place::In { space: self.space.clone(), path: path.clone() };
        let file = match self.agent.open(Request::OpenRead { at }).await {
            Ok(file) => file,
            Err(error) => return self.leave_out(name, &error),
        };
        let entry = file.entry();
        let (size, mode, modified_us) = (entry.size, entry.mode, entry.modified_us);
        self.send_header(Kind::File, name, size, mode, Some(modified_us)).await?;
        self.content(file, size).await
    }

    /// So many bytes as the header says, whatever is written to the file meanwhile.
    async fn content(&mut self, file: UserFile, size: u64) -> io::Result<()> {
        let mut sent = 0;
        let mut pieces = Box::pin(file.stream(0, size));
        while let Some(piece) = pieces.next().await {
            let piece = piece?;
            sent += piece.len() as u64;
            self.send(piece).await?;
        }
        if sent < size {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "a file became shorter while it was packed"));
        }
        self.send(Bytes::from_static(tar::padding(size))).await
    }

    async fn end(&mut self) -> io::Result<()> {
        if !self.notes.is_empty() {
            let mut text = "What is not in this archive, and why:\n\n".to_owned();
            text.extend(self.notes.drain(..));
            if self.unnamed > 0 {
                text.push_str(&format!("and {} more\n", self.unnamed));
            }
            let size = text.len() as u64;
            self.send_header(Kind::File, Path::new(NOTES), size, 0o644, None).await?;
            self.send(Bytes::from(text)).await?;
            self.send(Bytes::from_static(tar::padding(size))).await?;
        }
        self.send(Bytes::from_static(tar::END)).await
    }

    async fn send_header(
        &mut self,
        kind: Kind,
        name: &Path,
        size: u64,
        mode: u32,
        modified_us: Option<i64>,
    ) -> io::Result<()> {
        let modified = modified_us.map_or(0, |us| us.max(0) / 1_000_000);
        let entry = Packed { path: name.as_os_str().as_bytes(), kind, mode, modified, size };
        self.send(Bytes::from(tar::head(&entry, b"")?)).await
    }

    /// The reader may be gone: then there is nobody to pack for.
    async fn send(&self, piece: Bytes) -> io::Result<()> {
        if piece.is_empty() {
            return Ok(());
        }
        self.sender.send(Ok(piece)).await.map_err(|_| io::ErrorKind::BrokenPipe.into())
    }

    fn count(&mut self) -> io::Result<()> {
        self.entries += 1;
        if self.entries > MOST_ENTRIES {
            return Err(io::Error::other("there is too much in it for an archive"));
        }
        Ok(())
    }

    /// What she may not read, or what is gone meanwhile, is left out and named; a failing agent ends it.
    fn leave_out(&mut self, name: &Path, error: &agents::Error) -> io::Result<()> {
        let agents::Error::Answered(answer) = error else { return Err(io::Error::other(error.to_string())) };
        let why = match answer.code {
            ErrorCode::NotFound => "not found",
            ErrorCode::PermissionDenied => "permission denied",
            ErrorCode::LeavesSpace => "a link out of the spaces",
            ErrorCode::IsADirectory => "a link to a directory",
            ErrorCode::NotRegular => "not a regular file",
            ErrorCode::Busy => return Err(io::Error::other(answer.message.clone())),
            _ => "could not be read",
        };
        self.note(name, why);
        Ok(())
    }

    fn note(&mut self, name: &Path, why: &str) {
        if self.notes.len() == MOST_NOTES {
            self.unnamed += 1;
            return;
        }
        let shown = String::from_utf8_lossy(name.as_os_str().as_bytes()).replace(char::is_control, " ");
        self.notes.push(format!("{shown}: {why}\n"));
    }
}
