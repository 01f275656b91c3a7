//! Fetches a file in ranges side by side (RFC 9110, 14), from where it was cut off, and only ever one state of it.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use anyhow::{Context, bail};
use chrono::{DateTime, Utc};
use futures_util::StreamExt;
use futures_util::future::try_join_all;
use reqwest::header::{ETAG, HeaderValue, IF_RANGE, RANGE};
use reqwest::{Method, StatusCode};
use serde::{Deserialize, Serialize};
use tempfile::TempPath;
use tokio::sync::Semaphore;

use super::parts::parts_of;
use super::place::Place;
use super::progress::FileProgress;
use super::unfinished::Unfinished;
use super::{Failure, Patience, Portal, broken, send};

/// Synced and remembered at once: what is fetched again after a crash.
const STEP: u64 = 32 << 20;
/// Written at once.
const BUFFER: usize = 1 << 20;

/// A file of the portal's, and where it goes on this machine.
pub(crate) struct Wanted {
    pub(crate) place: Place,
    pub(crate) target: PathBuf,
    pub(crate) size: u64,
    pub(crate) modified_at: DateTime<Utc>,
}

impl Wanted {
    /// Whether it is there already, as it was when it was fetched.
    pub(crate) fn is_there(&self) -> bool {
        let same = |about: std::fs::Metadata| {
            about.len() == self.size && about.modified().is_ok_and(|at| at == self.modified())
        };
        std::fs::metadata(&self.target).is_ok_and(same)
    }

    fn modified(&self) -> SystemTime {
        self.modified_at.into()
    }
}

/// How the files of one command are fetched.
pub(crate) struct Fetcher {
    pub(crate) portal: Portal,
    /// Requests at once.
    pub(crate) connections: Semaphore,
    pub(crate) most_parts: u64,
    /// Takes the place of other files.
    pub(crate) replace: bool,
}

/// What of a file is here already, in a hidden file beside its target.
#[derive(Clone, Serialize, Deserialize)]
struct Known {
    /// The state of the file that it is of.
    tag: String,
    parts: Vec<Part>,
}

#[derive(Clone, Serialize, Deserialize)]
struct Part {
    from: u64,
    length: u64,
    /// Bytes of it that are on the disk.
    done: u64,
}

/// The file is not the one any more of which the first bytes are.
#[derive(Debug, thiserror::Error)]
#[error("it was changed while it was fetched: fetch it again when nobody writes to it")]
struct Changed;

impl Fetcher {
    /// Fetches what is not here yet and puts it in place when it is whole.
    ///
    /// # Errors
    /// Another file is in its place, it cannot be written, it changes meanwhile, the portal refuses it, or it cannot be
    /// reached for minutes.
    pub(crate) async fn fetch(&self, wanted: &Wanted, progress: &FileProgress) -> anyhow::Result<()> {
        if !self.replace && wanted.target.try_exists()? {
            bail!("there is another file of this name already (--replace to have it replaced)");
        }
        let unfinished = Unfinished::of(&[self.portal.url(), &wanted.place, &wanted.target])?;
        let hidden = wanted.target.with_file_name(format!(".quarterdeck-part-{}", unfinished.name()));
        let fetched = self.fetch_hidden(wanted, &unfinished, &hidden, progress).await;
        let breaks_off = |error: &anyhow::Error| matches!(error.downcast_ref(), Some(Failure::Passing { .. }));
        if !fetched.as_ref().is_err_and(breaks_off) {
            unfinished.forget();
        }
        if fetched.as_ref().is_err_and(|error| !breaks_off(error)) {
            // Of a state that is gone, or that is not to be had.
            let _ = std::fs::remove_file(&hidden);
        }
        fetched
    }

    async fn fetch_hidden(
        &self,
        wanted: &Wanted,
        unfinished: &Unfinished<Known>,
        hidden: &Path,
        progress: &FileProgress,
    ) -> anyhow::Result<()> {
        let tag = self.tag(wanted).await?;
        let known = unfinished.recall().filter(|known| known.tag == tag && hidden.exists());
        let known = known.unwrap_or_else(|| Known { tag: tag.clone(), parts: self.plan(wanted.size) });
        let file = File::options().create(true).truncate(false).write(true).open(hidden).context("writing it")?;
        let file = Arc::new(file);
        progress.advance(known.parts.iter().map(|part| part.done).sum());
        let shared = Mutex::new(known.clone());
        let fetch_part = async |at: usize, part: Part| {
            let remember = |done: u64| {
                let mut known = shared.lock().unwrap_or_else(PoisonError::into_inner);
                known.parts[at].done = done;
                unfinished.remember(&known)
            };
            let fetching = PartFetching { fetcher: self, wanted, tag: &tag, file: &file, part, progress };
            fetching.fetch(remember).await
        };
        try_join_all(known.parts.into_iter().enumerate().map(|(at, part)| fetch_part(at, part))).await?;
        let modified = wanted.modified();
        let size = wanted.size;
        let finish = move || -> io::Result<()> {
            file.set_len(size)?;
            file.set_modified(modified)?;
            file.sync_all()
        };
        tokio::task::spawn_blocking(finish).await?.context("writing it")?;
        let whole = TempPath::try_from_path(hidden)?;
        match self.replace {
            true => whole.persist(&wanted.target)?,
            false => whole.persist_noclobber(&wanted.target)?,
        }
        Ok(())
    }

    /// What names the state that the file is in now.
    async fn tag(&self, wanted: &Wanted) -> anyhow::Result<String> {
        let mut patience = Patience::new();
        loop {
            let turn = self.connections.acquire().await?;
            match send(self.request(Method::HEAD, wanted)).await {
                Ok(answer) => {
                    let tag = answer.headers().get(ETAG).and_then(|tag| tag.to_str().ok());
                    return tag.map(str::to_owned).context("the portal did not say which state of it this is");
                }
                Err(failure) => {
                    drop(turn);
                    patience.after(failure).await?;
                }
            }
        }
    }

    fn request(&self, method: Method, wanted: &Wanted) -> reqwest::RequestBuilder {
        let request = self.portal.request(method, &["files", wanted.place.space.as_str(), "content"]);
        request.query(&[("path", wanted.place.path.to_string())])
    }

    fn plan(&self, size: u64) -> Vec<Part> {
        let part = |(from, length)| Part { from, length, done: 0 };
        parts_of(size, self.most_parts).map(part).collect()
    }
}

/// One part under way.
struct PartFetching<'a> {
    fetcher: &'a Fetcher,
    wanted: &'a Wanted,
    tag: &'a str,
    file: &'a Arc<File>,
    part: Part,
    progress: &'a FileProgress,
}

impl PartFetching<'_> {
    async fn fetch(mut self, remember: impl Fn(u64) -> anyhow::Result<()>) -> anyhow::Result<()> {
        let mut patience = Patience::new();
        while self.part.done < self.part.length {
            let before = self.part.done;
            let outcome = self.go_on(&remember).await;
            if self.part.done > before {
                patience.renew();
            }
            match outcome.map_err(anyhow::Error::downcast::<Failure>) {
                Ok(()) => {}
                Err(Ok(failure)) => patience.after(failure).await?,
                Err(Err(other)) => return Err(other),
            }
        }
        Ok(())
    }

    /// One request: up to the end of the part, or as far as the connection bears.
    async fn go_on(&mut self, remember: &impl Fn(u64) -> anyhow::Result<()>) -> anyhow::Result<()> {
        let _turn = self.fetcher.connections.acquire().await?;
        let (from, to) = (self.part.from + self.part.done, self.part.from + self.part.length - 1);
        let request = self.fetcher.request(Method::GET, self.wanted).header(RANGE, format!("bytes={from}-{to}"));
        let answer = send(request.header(IF_RANGE, HeaderValue::from_str(self.tag)?)).await?;
        if answer.status() != StatusCode::PARTIAL_CONTENT {
            bail!(Changed);
        }
        let mut bytes = answer.bytes_stream();
        let mut buffer = Vec::with_capacity(BUFFER);
        let mut unsynced = 0;
        let mut failure = None;
        while failure.is_none() {
            let next = match bytes.next().await {
                Some(Ok(some)) => {
                    buffer.extend_from_slice(&some);
                    true
                }
                Some(Err(error)) => {
                    failure = Some(broken(error));
                    false
                }
                None => false,
            };
            if next && buffer.len() < BUFFER {
                continue;
            }
            let written = self.write(std::mem::take(&mut buffer)).await?;
            unsynced += written;
            if unsynced >= STEP || !next {
                let file = self.file.clone();
                tokio::task::spawn_blocking(move || file.sync_data()).await?.context("writing it")?;
                remember(self.part.done)?;
                unsynced = 0;
            }
            if !next {
                break;
            }
        }
        failure.map_or(Ok(()), |failure| Err(failure.into()))
    }

    async fn write(&mut self, mut bytes: Vec<u8>) -> anyhow::Result<u64> {
        // A portal that sends more than was asked would write into the next part.
        bytes.truncate((self.part.length - self.part.done) as usize);
        let count = bytes.len() as u64;
        let (file, at) = (self.file.clone(), self.part.from + self.part.done);
        tokio::task::spawn_blocking(move || file.write_all_at(&bytes, at)).await?.context("writing it")?;
        self.part.done += count;
        self.progress.advance(count);
        Ok(count)
    }
}
