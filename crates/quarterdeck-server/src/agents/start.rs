//! Gets a user's agent to run: through the launcher on a site, as our own child for a single user.

use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use quarterdeck_types::launcher::{Answer, MAX_LINE_BYTES, PROTOCOL, RefusalCode, Request};
use quarterdeck_types::wire;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::sync::Mutex;

use super::{Address, Error};

/// How long a freshly started agent may take until it listens.
const START_TIME: Duration = Duration::from_secs(5);

pub enum Start {
    /// Multi-user mode.
    Launcher { socket: PathBuf },
    /// Single-user mode.
    Child(Child),
}

/// The same agent as a child with our own uid.
pub struct Child {
    pub user: String,
    pub uid: u32,
    /// This executable; its sub-command `agent` is the agent.
    pub executable: PathBuf,
    pub socket: PathBuf,
    pub config: PathBuf,
    /// One start at a time.
    pub starting: Mutex<()>,
}

impl Start {
    /// Where the user's agent listens, after making sure that it does.
    pub(super) async fn address(&self, user: &str) -> Result<Address, Error> {
        match self {
            Start::Launcher { socket } => ask_launcher(socket, user).await,
            Start::Child(child) => child.address(user).await,
        }
    }
}

/// Connects, waiting a little for an agent that has just been started.
pub(super) async fn connect(socket: &Path) -> Result<UnixStream, Error> {
    let deadline = tokio::time::Instant::now() + START_TIME;
    loop {
        match UnixStream::connect(socket).await {
            Ok(stream) => return Ok(stream),
            Err(error) if tokio::time::Instant::now() > deadline => return Err(Error::Unreachable(error.to_string())),
            Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
        }
    }
}

async fn ask_launcher(socket: &Path, user: &str) -> Result<Address, Error> {
    let exchange = async {
        let mut stream = UnixStream::connect(socket).await?;
        let peer = stream.peer_cred()?;
        if peer.uid() != 0 {
            return Err(io::Error::other(format!("uid {} answers on the launcher's socket, not root", peer.uid())));
        }
        stream.write_all(&wire::encode(&Request::Start { protocol: PROTOCOL, user: user.to_owned() })?).await?;
        let mut line = Vec::new();
        (&mut stream).take(MAX_LINE_BYTES as u64).read_to_end(&mut line).await?;
        Ok(serde_json::from_slice::<Answer>(&line)?)
    };
    let answer = tokio::time::timeout(START_TIME, exchange).await;
    match answer.map_err(|_| Error::Unreachable("the launcher takes too long".to_owned()))? {
        Ok(Answer::Running { socket, uid }) => Ok(Address { socket: PathBuf::from(socket), uid }),
        Ok(Answer::Refused { code, message }) => Err(Error::Refused { code, message }),
        Ok(Answer::Stopped { .. }) => Err(Error::Protocol("the launcher answered another question".to_owned())),
        Err(error) => Err(Error::Unreachable(format!("launcher at {}: {error}", socket.display()))),
    }
}

impl Child {
    async fn address(&self, user: &str) -> Result<Address, Error> {
        if user != self.user {
            let message = format!(
                "In single-user mode everything runs as {}: sign in with an account of that Unix user.",
                self.user
            );
            return Err(Error::Refused { code: RefusalCode::NoSuchUser, message });
        }
        let _one = self.starting.lock().await;
        // An agent of an earlier server may still be there; it is as good as a new one.
        if UnixStream::connect(&self.socket).await.is_err() {
            self.spawn().map_err(|error| Error::Unreachable(format!("starting it: {error}")))?;
            drop(connect(&self.socket).await?);
        }
        Ok(Address { socket: self.socket.clone(), uid: self.uid })
    }

    fn spawn(&self) -> io::Result<()> {
        let mut command = tokio::process::Command::new(&self.executable);
        command
            .arg("agent")
            .arg("--socket")
            .arg(&self.socket)
            .arg("--config")
            .arg(&self.config)
            .arg("--server-uid")
            .arg(self.uid.to_string())
            // glibc's heap for each thread would double what an idle agent keeps.
            .env("MALLOC_ARENA_MAX", "1")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            // A Ctrl-C at the server's terminal is not for the agent, which may be watching jobs.
            .process_group(0);
        command.spawn().map(drop)
    }
}
