//! Sends a file by tus 1.0.0 (https://tus.io/protocols/resumable-upload): from where it was cut off, and big files in
//! parts side by side, which the portal puts together (the extension `concatenation`).

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::SystemTime;

use anyhow::{Context, bail};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use futures_util::future::try_join_all;
use futures_util::stream;
use reqwest::header::{CONTENT_LENGTH, CONTENT_TYPE, LOCATION};
use reqwest::{Method, RequestBuilder, Response, StatusCode};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tokio::sync::Semaphore;
use uuid::Uuid;

use super::parts::parts_of;
use super::progress::FileProgress;
use super::unfinished::Unfinished;
use super::{Failure, Patience, Portal, send};

/// Sent at once: what is lost when the connection breaks, and what the portal syncs to its disk before it answers.
const CHUNK: u64 = 8 << 20;
/// After which the bar moves.
const SLICE: usize = 256 << 10;
/// The portal's own refusal of a chunk whose checksum is another one (tus, `checksum`).
const CHECKSUM_MISMATCH: u16 = 460;

/// A file to be sent, as it was when it was looked at.
pub(crate) struct Source {
    pub(crate) path: PathBuf,
    pub(crate) size: u64,
    pub(crate) modified: SystemTime,
    /// Of `Upload-Metadata`: `filename` or `relativePath` first, then `space` …
    pub(crate) metadata: Vec<(&'static str, String)>,
}

impl Source {
    /// As it will be called on the cluster, beneath the directory that it goes to.
    pub(crate) fn name(&self) -> &str {
        self.metadata.first().map_or("", |(_, name)| name)
    }
}

/// How the files of one command are sent.
pub(crate) struct Sender {
    pub(crate) portal: Portal,
    /// Requests at once.
    pub(crate) connections: Semaphore,
    pub(crate) most_parts: u64,
    /// The portal compares the whole file's SHA-256 when it has all of it.
    pub(crate) checksum: bool,
}

/// What of a file the portal may have already.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Known {
    /// One: the file itself. More: parts that have yet to be put together.
    parts: Vec<Part>,
}

#[derive(Clone, Serialize, Deserialize)]
struct Part {
    /// `None`: not announced yet.
    upload: Option<Uuid>,
    from: u64,
    length: u64,
}

impl Sender {
    /// Sends what the portal does not have yet. The id of the finished upload.
    ///
    /// # Errors
    /// The file cannot be read or changes meanwhile, the portal refuses it, or it cannot be reached for minutes.
    pub(crate) async fn upload(&self, source: &Source, progress: &FileProgress) -> anyhow::Result<Uuid> {
        let file = Arc::new(File::open(&source.path).context("opening it")?);
        let what = (&source.path, source.size, source.modified);
        let unfinished = Unfinished::of(&[self.portal.url(), &what, &source.metadata])?;
        let known = unfinished.recall().unwrap_or_else(|| self.plan(source.size));
        let uploaded = self.upload_known(source, &file, known, &unfinished, progress).await;
        // What failed for good is not to be gone on with; what broke off is.
        let is_over = match &uploaded {
            Ok(_) => true,
            Err(error) => !matches!(error.downcast_ref(), Some(Failure::Passing { .. })),
        };
        if is_over {
            unfinished.forget();
        }
        uploaded
    }

    fn plan(&self, size: u64) -> Known {
        let part = |(from, length)| Part { upload: None, from, length };
        Known { parts: parts_of(size, self.most_parts).map(part).collect() }
    }

    async fn upload_known(
        &self,
        source: &Source,
        file: &Arc<File>,
        known: Known,
        unfinished: &Unfinished<Known>,
        progress: &FileProgress,
    ) -> anyhow::Result<Uuid> {
        let in_parts = known.parts.len() > 1;
        let digest = Digesting::begin(self.checksum.then(|| file.clone()));
        // A file in one piece says it when it is announced, one in parts when they are put together.
        let mut metadata = source.metadata.clone();
        let mut digest = Some(digest);
        if !in_parts && let Some(digest) = digest.take() {
            metadata.extend(digest.finish().await?.map(|hex| ("sha256", hex)));
        }
        let announced = if in_parts { Vec::new() } else { metadata.clone() };
        let shared = std::sync::Mutex::new(known.clone());
        let send_part = async |at: usize, part: Part| {
            let remember = |upload: Uuid| {
                let mut known = shared.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
                known.parts[at].upload = Some(upload);
                unfinished.remember(&known)
            };
            let sending = PartSending { sender: self, source, file, part, metadata: &announced, in_parts, progress };
            sending.send(remember).await
        };
        let sends = known.parts.into_iter().enumerate().map(|(at, part)| send_part(at, part));
        let uploads = try_join_all(sends).await?;
        let Some(digest) = digest else { return Ok(uploads[0]) };
        metadata.extend(digest.finish().await?.map(|hex| ("sha256", hex)));
        check_unchanged(source, file)?;
        self.put_together(&uploads, &metadata).await
    }

    /// Asked again after an answer was lost, the portal answers the same.
    async fn put_together(&self, parts: &[Uuid], metadata: &[(&str, String)]) -> anyhow::Result<Uuid> {
        let addresses: Vec<String> = parts.iter().map(|part| format!("/api/v1/uploads/{part}")).collect();
        let mut patience = Patience::new();
        loop {
            let request = self.request(Method::POST, &["uploads"]);
            let request = request.header("Upload-Concat", format!("final;{}", addresses.join(" ")));
            match send(request.header("Upload-Metadata", written(metadata))).await {
                Ok(response) => return id_of(&response),
                Err(failure) => patience.after(failure).await?,
            }
        }
    }

    fn request(&self, method: Method, names: &[&str]) -> RequestBuilder {
        self.portal.request(method, names).header("Tus-Resumable", "1.0.0")
    }
}

/// One part under way, or a file in one piece.
struct PartSending<'a> {
    sender: &'a Sender,
    source: &'a Source,
    file: &'a Arc<File>,
    part: Part,
    metadata: &'a [(&'static str, String)],
    in_parts: bool,
    progress: &'a FileProgress,
}

impl PartSending<'_> {
    async fn send(self, remember: impl Fn(Uuid) -> anyhow::Result<()>) -> anyhow::Result<Uuid> {
        let mut upload = self.part.upload;
        let mut patience = Patience::new();
        // Bytes that the bar counts as there.
        let mut shown = 0;
        loop {
            match self.go_on(&mut upload, &mut shown, &mut patience, &remember).await {
                Ok(upload) => return Ok(upload),
                Err(error) => match error.downcast::<Failure>() {
                    // Expired, or of another portal's past.
                    Ok(Failure::Refused { status: StatusCode::NOT_FOUND | StatusCode::GONE, .. })
                        if upload.is_some() =>
                    {
                        upload = None;
                    }
                    // Where it stands was another place than was thought, or the chunk was damaged on the way.
                    Ok(Failure::Refused { status, detail })
                        if status == StatusCode::CONFLICT || status.as_u16() == CHECKSUM_MISMATCH =>
                    {
                        patience.after(Failure::Passing { message: detail, after: None }).await?;
                    }
                    Ok(failure) => patience.after(failure).await?,
                    Err(other) => return Err(other),
                },
            }
        }
    }

    /// Until the part is whole, or something is in the way.
    async fn go_on(
        &self,
        upload: &mut Option<Uuid>,
        shown: &mut u64,
        patience: &mut Patience,
        remember: &impl Fn(Uuid) -> anyhow::Result<()>,
    ) -> anyhow::Result<Uuid> {
        let (id, mut offset) = match *upload {
            Some(id) => (id, self.offset(id).await?),
            None => {
                let id = self.announce().await?;
                *upload = Some(id);
                remember(id)?;
                (id, 0)
            }
        };
        self.show(shown, offset);
        while offset < self.part.length {
            if offset + CHUNK >= self.part.length {
                check_unchanged(self.source, self.file)?;
            }
            offset = self.append(id, offset, shown).await?;
            self.show(shown, offset);
            patience.renew();
        }
        Ok(id)
    }

    async fn announce(&self) -> anyhow::Result<Uuid> {
        let _turn = self.sender.connections.acquire().await?;
        let mut request = self.sender.request(Method::POST, &["uploads"]).header("Upload-Length", self.part.length);
        if self.in_parts {
            request = request.header("Upload-Concat", "partial");
            // Where the whole will be: the same file system, so that nothing is copied from one to another.
            let place = self.source.metadata.iter().filter(|(key, _)| matches!(*key, "space" | "directory"));
            request = request.header("Upload-Metadata", written(&place.cloned().collect::<Vec<_>>()));
        } else {
            request = request.header("Upload-Metadata", written(self.metadata));
        }
        id_of(&send(request).await?)
    }

    async fn offset(&self, id: Uuid) -> anyhow::Result<u64> {
        let _turn = self.sender.connections.acquire().await?;
        offset_of(&send(self.sender.request(Method::HEAD, &["uploads", &id.to_string()])).await?)
    }

    /// Sends a chunk from `offset` on. Where the upload stands afterwards.
    async fn append(&self, id: Uuid, offset: u64, shown: &mut u64) -> anyhow::Result<u64> {
        let _turn = self.sender.connections.acquire().await?;
        let length = CHUNK.min(self.part.length - offset) as usize;
        let chunk = read(self.file.clone(), self.part.from + offset, length).await?;
        let checksum = format!("crc32 {}", BASE64_STANDARD.encode(crc32fast::hash(&chunk).to_be_bytes()));
        let (sent, mut counts) = tokio::sync::mpsc::unbounded_channel();
        let slices = (0..length).step_by(SLICE).map(move |at| {
            let slice = chunk.slice(at..(at + SLICE).min(length));
            let _ = sent.send(slice.len() as u64);
            Ok::<_, std::io::Error>(slice)
        });
        let request = self
            .sender
            .request(Method::PATCH, &["uploads", &id.to_string()])
            .header("Upload-Offset", offset)
            .header("Upload-Checksum", checksum)
            .header(CONTENT_TYPE, "application/offset+octet-stream")
            .header(CONTENT_LENGTH, length)
            .body(reqwest::Body::wrap_stream(stream::iter(slices)));
        let mut answer = std::pin::pin!(send(request));
        loop {
            tokio::select! {
                answer = &mut answer => return offset_of(&answer?),
                Some(bytes) = counts.recv() => self.show(shown, *shown + bytes),
            }
        }
    }

    fn show(&self, shown: &mut u64, now: u64) {
        match now.checked_sub(*shown) {
            Some(more) => self.progress.advance(more),
            None => self.progress.retreat(*shown - now),
        }
        *shown = now;
    }
}

/// Half of one state and half of another would be a file that never was.
fn check_unchanged(source: &Source, file: &File) -> anyhow::Result<()> {
    let now = file.metadata()?;
    if now.len() != source.size || now.modified()? != source.modified {
        bail!("it was changed while it was sent: send it again when nobody writes to it");
    }
    Ok(())
}

async fn read(file: Arc<File>, at: u64, length: usize) -> anyhow::Result<Bytes> {
    let read = move || -> std::io::Result<Bytes> {
        let mut bytes = vec![0; length];
        file.read_exact_at(&mut bytes, at)?;
        Ok(bytes.into())
    };
    tokio::task::spawn_blocking(read).await?.context("reading it")
}

/// The SHA-256 of a file, made beside its sending.
struct Digesting(Option<tokio::task::JoinHandle<std::io::Result<String>>>);

impl Digesting {
    fn begin(file: Option<Arc<File>>) -> Digesting {
        Digesting(file.map(|file| tokio::task::spawn_blocking(move || sha256(&file))))
    }

    async fn finish(self) -> anyhow::Result<Option<String>> {
        match self.0 {
            Some(work) => Ok(Some(work.await?.context("reading it")?)),
            None => Ok(None),
        }
    }
}

/// In hexadecimal.
pub(crate) fn sha256(file: &File) -> std::io::Result<String> {
    let mut digest = Sha256::new();
    let mut buffer = vec![0; 1 << 20];
    let mut at = 0;
    loop {
        let count = file.read_at(&mut buffer, at)?;
        if count == 0 {
            return Ok(quarterdeck_types::hex(&digest.finalize()));
        }
        digest.update(&buffer[..count]);
        at += count as u64;
    }
}

fn written(metadata: &[(&str, String)]) -> String {
    let pair = |(key, value): &(&str, String)| format!("{key} {}", BASE64_STANDARD.encode(value));
    metadata.iter().map(pair).collect::<Vec<_>>().join(",")
}

fn id_of(response: &Response) -> anyhow::Result<Uuid> {
    let location = response.headers().get(LOCATION).and_then(|value| value.to_str().ok());
    let name = location.and_then(|location| location.rsplit('/').next());
    name.and_then(|name| name.parse().ok()).context("the portal did not say where the upload is")
}

fn offset_of(response: &Response) -> anyhow::Result<u64> {
    let offset = response.headers().get("upload-offset").and_then(|value| value.to_str().ok());
    offset.and_then(|text| text.parse().ok()).context("the portal did not say how far the upload is")
}
