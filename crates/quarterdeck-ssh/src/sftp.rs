//! A client of SFTP that reads, and knows no request that changes anything.
//!
//! Source: draft-ietf-secsh-filexfer-02 (version 3, OpenSSH's). Names and handles are bytes, as they are on the node.

mod packet;

use std::collections::HashMap;
use std::io;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::oneshot;
use tokio::task::AbortHandle;
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;

use crate::error::{Error, Phase};
use packet::{Answer, Request};
pub use packet::{Attributes, Entry, Kind};

/// Of one answer: OpenSSH's own limit.
const MAX_PACKET_BYTES: u32 = 256 << 10;
/// Of what directories' answers take together, on one connection: a directory without an end has one all the same.
const MAX_LISTING_BYTES: u64 = 128 << 20;
/// What every server gives in one answer, if the file has it.
const READ_BYTES: usize = 32 << 10;
/// Reads on their way at once.
const READS_AT_ONCE: usize = 8;

/// A session of SFTP. Dropping it ends it.
pub struct Sftp {
    shared: Arc<Shared>,
    writer: Arc<tokio::sync::Mutex<Box<dyn AsyncWrite + Send + Unpin>>>,
    reader: AbortHandle,
    next_id: AtomicU32,
    listed: AtomicU64,
    request: Duration,
    deadline: Instant,
}

struct Shared {
    waiting: Mutex<HashMap<u32, oneshot::Sender<Answer>>>,
    /// Why nothing is to be expected any more.
    lost: OnceLock<String>,
    cut: CancellationToken,
}

/// Why an answer is not what was asked for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// The node says so; `message` is harmless.
    #[error("{}", refusal(*.code, .message))]
    Refused { code: u32, message: String },
    /// Nothing more comes over this connection, for this reason.
    #[error("{0}")]
    Lost(String),
}

fn refusal(code: u32, message: &str) -> String {
    match code {
        packet::NO_SUCH_FILE => "it is not there".to_owned(),
        packet::PERMISSION_DENIED => "permission denied".to_owned(),
        _ => format!("the node says \"{message}\" ({code})"),
    }
}

impl From<Failure> for io::Error {
    fn from(failure: Failure) -> io::Error {
        let kind = match &failure {
            Failure::Refused { code: packet::NO_SUCH_FILE, .. } => io::ErrorKind::NotFound,
            Failure::Refused { code: packet::PERMISSION_DENIED, .. } => io::ErrorKind::PermissionDenied,
            Failure::Refused { .. } => io::ErrorKind::Other,
            Failure::Lost(_) => io::ErrorKind::ConnectionAborted,
        };
        io::Error::new(kind, failure)
    }
}

/// A directory that is being read.
#[derive(Clone)]
pub struct Directory {
    handle: Bytes,
}

/// A file that is open for reading.
#[derive(Clone)]
pub struct File {
    handle: Bytes,
    pub attributes: Attributes,
}

impl Sftp {
    /// On the stream of a channel; `cut` ends the whole connection.
    pub(crate) async fn start<S: AsyncRead + AsyncWrite + Send + 'static>(
        stream: S,
        request: Duration,
        deadline: Instant,
        cut: CancellationToken,
    ) -> Result<Sftp, Error> {
        let failed = |why: &str| Error::Failed { phase: Phase::Sftp, why: why.to_owned() };
        let closed = |_| Error::Closed(Phase::Sftp);
        let (mut reader, mut writer) = tokio::io::split(stream);
        writer.write_all(&packet::init()).await.map_err(closed)?;
        let first = read_packet(&mut reader).await.map_err(|error| match error {
            Some(why) => failed(&why),
            None => Error::Closed(Phase::Sftp),
        })?;
        packet::check_version(first).map_err(failed)?;
        let shared = Arc::new(Shared { waiting: Mutex::default(), lost: OnceLock::new(), cut });
        let reading = tokio::spawn(receive(reader, shared.clone()));
        Ok(Sftp {
            shared,
            writer: Arc::new(tokio::sync::Mutex::new(Box::new(writer))),
            reader: reading.abort_handle(),
            next_id: AtomicU32::new(1),
            listed: AtomicU64::new(0),
            request,
            deadline,
        })
    }

    /// Why this session is of no use any more.
    pub fn lost(&self) -> Option<String> {
        self.shared.lost.get().cloned()
    }

    pub async fn open_directory(&self, path: &[u8]) -> Result<Directory, Failure> {
        match self.ask(Request::OpenDirectory { path }).await? {
            Answer::Handle(handle) => Ok(Directory { handle }),
            other => Err(self.surprised(other)),
        }
    }

    /// The next entries; `None` behind the last.
    pub async fn next_entries(&self, directory: &Directory) -> Result<Option<Vec<Entry>>, Failure> {
        match self.ask(Request::ReadDirectory { handle: &directory.handle }).await? {
            Answer::Entries { entries, bytes } => {
                if entries.is_empty() {
                    return Err(self.lose("it answers with no entry where there should be one"));
                }
                if self.listed.fetch_add(bytes as u64, Ordering::Relaxed) + bytes as u64 > MAX_LISTING_BYTES {
                    return Err(self.lose("its directories have no end: more than 128 MiB of names came"));
                }
                Ok(Some(entries))
            }
            Answer::Status { code: packet::END_OF_FILE, .. } => Ok(None),
            other => Err(self.surprised(other)),
        }
    }

    pub async fn close_directory(&self, directory: Directory) {
        self.close(&directory.handle).await;
    }

    /// What the path is, without following a link.
    pub async fn attributes(&self, path: &[u8]) -> Result<Attributes, Failure> {
        match self.ask(Request::Lstat { path }).await? {
            Answer::Attributes(attributes) => Ok(attributes),
            other => Err(self.surprised(other)),
        }
    }

    pub async fn open(&self, path: &[u8]) -> Result<File, Failure> {
        let handle = match self.ask(Request::Open { path }).await? {
            Answer::Handle(handle) => handle,
            other => return Err(self.surprised(other)),
        };
        match self.ask(Request::Fstat { handle: &handle }).await? {
            Answer::Attributes(attributes) => Ok(File { handle, attributes }),
            other => {
                self.close(&handle).await;
                Err(self.surprised(other))
            }
        }
    }

    pub async fn close_file(&self, file: &File) {
        self.close(&file.handle).await;
    }

    /// Fills the buffer from `offset` as far as the file goes; answers how much that is.
    pub async fn read(&self, file: &File, offset: u64, buffer: &mut [u8]) -> Result<usize, Failure> {
        let mut filled = 0;
        // One after the other behind the first that the file's end cuts short.
        for group in buffer.chunks_mut(READ_BYTES * READS_AT_ONCE) {
            let at = offset.saturating_add(filled as u64);
            let wanted = group.len();
            let mut pieces = Vec::new();
            for (number, piece) in group.chunks_mut(READ_BYTES).enumerate() {
                pieces.push(self.read_piece(file, at.saturating_add((number * READ_BYTES) as u64), piece));
            }
            let mut read = 0;
            for (number, piece) in join_all(pieces).await.into_iter().enumerate() {
                // What follows a short piece is none of the bytes in order.
                if read == number * READ_BYTES {
                    read += piece?;
                }
            }
            filled += read;
            if read < wanted {
                break;
            }
        }
        Ok(filled)
    }

    async fn read_piece(&self, file: &File, offset: u64, piece: &mut [u8]) -> Result<usize, Failure> {
        let mut filled = 0;
        while filled < piece.len() {
            let length = (piece.len() - filled) as u32;
            let at = offset.saturating_add(filled as u64);
            match self.ask(Request::Read { handle: &file.handle, offset: at, length }).await? {
                Answer::Data(data) if !data.is_empty() && data.len() <= length as usize => {
                    piece[filled..filled + data.len()].copy_from_slice(&data);
                    filled += data.len();
                }
                Answer::Status { code: packet::END_OF_FILE, .. } => break,
                Answer::Data(_) => return Err(self.lose("it answers a read with another number of bytes")),
                other => return Err(self.surprised(other)),
            }
        }
        Ok(filled)
    }

    /// Whatever comes of it.
    async fn close(&self, handle: &[u8]) {
        let (id, _unheard) = self.register();
        let _ = self.send(id, Request::Close { handle }).await;
    }

    async fn ask(&self, request: Request<'_>) -> Result<Answer, Failure> {
        if let Some(why) = self.lost() {
            return Err(Failure::Lost(why));
        }
        let left = self.deadline.saturating_duration_since(Instant::now());
        let (limit, why) = if left < self.request {
            (left, "all together took longer than its time limit".to_owned())
        } else {
            (self.request, format!("it did not answer within {} s", self.request.as_secs_f64()))
        };
        let (id, answer) = self.register();
        let asked = async {
            self.send(id, request).await?;
            answer.await.map_err(|_| self.lose("it closed the connection"))
        };
        match timeout(limit, asked).await {
            Ok(answer) => answer,
            Err(_) => Err(self.lose(&why)),
        }
    }

    fn register(&self) -> (u32, oneshot::Receiver<Answer>) {
        let id = self.next_id.fetch_add(1, Ordering::Relaxed);
        let (sender, receiver) = oneshot::channel();
        self.shared.waiting().insert(id, sender);
        // Nobody would take it away again.
        if self.shared.lost.get().is_some() {
            self.shared.waiting().clear();
        }
        (id, receiver)
    }

    async fn send(&self, id: u32, request: Request<'_>) -> Result<(), Failure> {
        let bytes = request.to_bytes(id);
        // A request that is cut off half written would shift all that follow: it is written to its end, or the
        // connection is lost.
        let written = self.writer.lock().await.write_all(&bytes).await;
        written.map_err(|_| self.lose("it closed the connection"))
    }

    fn surprised(&self, answer: Answer) -> Failure {
        match answer {
            Answer::Status { code: packet::OK | packet::END_OF_FILE, .. } => {
                self.lose("it answers something else than it was asked")
            }
            Answer::Status { code, message } => Failure::Refused { code, message },
            _ => self.lose("it answers something else than it was asked"),
        }
    }

    fn lose(&self, why: &str) -> Failure {
        Failure::Lost(self.shared.lose(why))
    }
}

impl Drop for Sftp {
    fn drop(&mut self) {
        self.reader.abort();
    }
}

impl Shared {
    fn waiting(&self) -> MutexGuard<'_, HashMap<u32, oneshot::Sender<Answer>>> {
        self.waiting.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    /// The first reason stays.
    fn lose(&self, why: &str) -> String {
        let why = self.lost.get_or_init(|| why.to_owned()).clone();
        self.cut.cancel();
        self.waiting().clear();
        why
    }
}

/// Hands answers to who waits for them, until there are no more.
async fn receive(mut reader: impl AsyncRead + Unpin, shared: Arc<Shared>) {
    loop {
        let bytes = match read_packet(&mut reader).await {
            Ok(bytes) => bytes,
            Err(why) => {
                shared.lose(why.as_deref().unwrap_or("it closed the connection"));
                return;
            }
        };
        let Some((id, answer)) = packet::read(bytes) else {
            shared.lose("it sends what is no SFTP");
            return;
        };
        let Some(asker) = shared.waiting().remove(&id) else {
            shared.lose("it answers what nobody asked");
            return;
        };
        // Who no longer waits has said why.
        let _ = asker.send(answer);
    }
}

/// `Err(None)`: the stream is at its end.
async fn read_packet(reader: &mut (impl AsyncRead + Unpin)) -> Result<Bytes, Option<String>> {
    let length = reader.read_u32().await.map_err(|_| None)?;
    if length == 0 || length > MAX_PACKET_BYTES {
        let why = "it sends what is no SFTP: the account's shell must print nothing when it starts";
        return Err(Some(why.to_owned()));
    }
    let mut bytes = vec![0; length as usize];
    reader.read_exact(&mut bytes).await.map_err(|_| None)?;
    Ok(bytes.into())
}

/// All of them at once, in their order.
async fn join_all<F: Future>(futures: Vec<F>) -> Vec<F::Output> {
    let mut futures: Vec<_> = futures.into_iter().map(|future| (Box::pin(future), None)).collect();
    std::future::poll_fn(|context| {
        let mut is_done = true;
        for (future, output) in futures.iter_mut().filter(|(_, output)| output.is_none()) {
            match future.as_mut().poll(context) {
                std::task::Poll::Ready(done) => *output = Some(done),
                std::task::Poll::Pending => is_done = false,
            }
        }
        if is_done { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
    futures.into_iter().filter_map(|(_, output)| output).collect()
}
