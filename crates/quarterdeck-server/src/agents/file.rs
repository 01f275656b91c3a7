//! A user's file that her agent opened for us. We read, write and sync by position, and nothing else.

use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use futures_util::Stream;
use quarterdeck_types::agent::Entry;
use tokio::sync::Semaphore;

const READ_CHUNK: u64 = 256 << 10;

/// Cheap to clone.
#[derive(Clone)]
pub struct UserFile {
    file: Arc<File>,
    entry: Entry,
    turns: Arc<Semaphore>,
}

impl UserFile {
    pub(super) fn new(descriptor: OwnedFd, entry: Entry, turns: Arc<Semaphore>) -> UserFile {
        UserFile { file: Arc::new(File::from(descriptor)), entry, turns }
    }

    /// What the agent saw when it opened the file. The size may have grown since.
    pub fn entry(&self) -> &Entry {
        &self.entry
    }

    /// Up to `length` bytes from `offset`; fewer, or none, at the end of the file.
    pub async fn read_at(&self, offset: u64, length: usize) -> io::Result<Bytes> {
        self.blocking(move |file| {
            let mut buffer = BytesMut::zeroed(length);
            let mut filled = 0;
            while filled < length {
                match file.read_at(&mut buffer[filled..], offset + filled as u64) {
                    Ok(0) => break,
                    Ok(read) => filled += read,
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    Err(error) => return Err(error),
                }
            }
            buffer.truncate(filled);
            Ok(buffer.freeze())
        })
        .await
    }

    /// Writes all the pieces, one behind the other, from `offset` on.
    pub async fn write_at(&self, pieces: Vec<Bytes>, offset: u64) -> io::Result<()> {
        self.blocking(move |file| write_all_at(file, &pieces, offset)).await
    }

    /// Writes all of a file that was empty, and makes it survive a crash of the machine where `sync` says so.
    pub async fn write_all(&self, pieces: Vec<Bytes>, sync: bool) -> io::Result<()> {
        self.blocking(move |file| {
            write_all_at(file, &pieces, 0)?;
            if sync { file.sync_data() } else { Ok(()) }
        })
        .await
    }

    /// Makes what was written survive a crash of the machine.
    pub async fn sync(&self) -> io::Result<()> {
        self.blocking(|file| file.sync_data()).await
    }

    /// The bytes of `from..to`, read a piece at a time as the receiver takes them. Ends early if the file does.
    pub fn stream(self, from: u64, to: u64) -> impl Stream<Item = io::Result<Bytes>> {
        futures_util::stream::try_unfold((self, from), move |(file, at)| async move {
            if at >= to {
                return Ok(None);
            }
            let piece = file.read_at(at, READ_CHUNK.min(to - at) as usize).await?;
            let next = at + piece.len() as u64;
            Ok((!piece.is_empty()).then_some((piece, (file, next))))
        })
    }

    /// Looks into the file by several reads, one depending on the other, on a thread that may block.
    pub async fn examine<T: Send + 'static>(
        &self,
        look: impl FnOnce(&File) -> io::Result<T> + Send + 'static,
    ) -> io::Result<T> {
        self.blocking(look).await
    }

    /// Runs on a thread that may block, in this user's turn.
    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&File) -> io::Result<T> + Send + 'static,
    ) -> io::Result<T> {
        let turn = self.turns.clone().acquire_owned().await.map_err(io::Error::other)?;
        let file = self.file.clone();
        let done = tokio::task::spawn_blocking(move || {
            let result = work(&file);
            // Held to the end of the work, not of the request: a stalled call keeps its turn.
            drop(turn);
            result
        });
        done.await.map_err(io::Error::other)?
    }
}

fn write_all_at(file: &File, pieces: &[Bytes], mut offset: u64) -> io::Result<()> {
    for piece in pieces {
        file.write_all_at(piece, offset)?;
        offset += piece.len() as u64;
    }
    Ok(())
}
