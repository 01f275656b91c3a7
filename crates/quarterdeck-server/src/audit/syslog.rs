//! Sends a copy of each event to the log daemon of this host, where a taken-over database does not reach. The copy
//! never makes a request wait or fail: what the daemon does not take is missing there, and the server's log says so.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use chrono::{DateTime, Local};
use tokio::net::UnixDatagram;
use tokio::sync::mpsc;

use super::Outcome;
use super::line::Line;

/// Events that wait for the daemon.
const QUEUE: usize = 10_000;
/// The facility of security messages that not everybody may read, at the level of notices.
const AUTHPRIV: u8 = 10 << 3;
const INFO: u8 = AUTHPRIV | 6;
const WARNING: u8 = AUTHPRIV | 4;

pub(super) struct Copies {
    queue: mpsc::Sender<Line>,
    /// Events that found the queue full.
    left_out: Arc<AtomicU64>,
}

impl Copies {
    pub(super) fn start(socket: PathBuf) -> Copies {
        let (sender, queue) = mpsc::channel(QUEUE);
        let left_out = Arc::new(AtomicU64::new(0));
        tokio::spawn(run(socket, queue, left_out.clone()));
        Copies { queue: sender, left_out }
    }

    pub(super) fn send(&self, line: Line) {
        if self.queue.try_send(line).is_err() {
            self.left_out.fetch_add(1, Ordering::Relaxed);
        }
    }
}

async fn run(path: PathBuf, mut queue: mpsc::Receiver<Line>, left_out: Arc<AtomicU64>) {
    let (mut socket, mut lost, mut failing) = (None, 0, false);
    while let Some(line) = queue.recv().await {
        lost += left_out.swap(0, Ordering::Relaxed);
        match send(&path, &mut socket, line).await {
            Ok(()) => {
                if lost > 0 {
                    tracing::warn!(lost, path = %path.display(), "the log daemon lacks so many of the audit's events");
                }
                (lost, failing) = (0, false);
            }
            Err(error) => {
                if !failing {
                    tracing::error!(%error, path = %path.display(), "the log daemon does not take the audit's copy");
                }
                (socket, failing) = (None, true);
                lost += 1;
            }
        }
    }
}

async fn send(path: &Path, socket: &mut Option<UnixDatagram>, line: Line) -> std::io::Result<()> {
    let connected = match socket.take() {
        Some(socket) => socket,
        None => connect(path)?,
    };
    let sent = match connected.send(message(&line).as_bytes()).await {
        // The daemon was started anew.
        Err(error) if matches!(error.kind(), ErrorKind::ConnectionRefused | ErrorKind::NotConnected) => {
            return connect(path)?.send(message(&line).as_bytes()).await.map(drop);
        }
        Err(error) if error.raw_os_error() == Some(rustix::io::Errno::MSGSIZE.raw_os_error()) => {
            connected.send(message(&line.without_detail()).as_bytes()).await
        }
        sent => sent,
    };
    *socket = Some(connected);
    sent.map(drop)
}

fn connect(path: &Path) -> std::io::Result<UnixDatagram> {
    let socket = UnixDatagram::unbound()?;
    socket.connect(path)?;
    Ok(socket)
}

/// As RFC 3164 and as glibc's `syslog` writes it: both journald and rsyslog read it from their socket. JSON has no
/// control characters, so that an event is one line.
fn message(line: &Line) -> String {
    let level = match Outcome::parse(line.result()) {
        Some(Outcome::Refused | Outcome::Failed | Outcome::Unknown) => WARNING,
        // Or an intent.
        Some(Outcome::Done) | None => INFO,
    };
    let at = line.at().map_or_else(Local::now, DateTime::<Local>::from).format("%b %e %H:%M:%S");
    format!("<{level}>{at} quarterdeck[{}]: {}", std::process::id(), line.to_text())
}
