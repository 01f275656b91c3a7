//! Talks to the users' agents: whatever acts for a user is asked of the process that runs as her.
//!
//! Each user has a few persistent connections and as many turns for reading and writing her files, so that a file
//! system that hangs stalls its own users alone. An agent's answers are hostile input: bounded, typed, and the uid at
//! the other end of the socket is checked by the kernel's word.

pub mod complaint;
mod connection;
mod failing;
mod file;
mod start;

use std::collections::HashMap;
use std::io;
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use quarterdeck_types::acl::FileAcl;
use quarterdeck_types::agent::{
    AgentError, Answer, Entry, ErrorCode, Hello, LocalJobStatus, ProgramResult, Request, SubmissionOutcome, TrashItem,
};
use quarterdeck_types::file_task::{Found, TaskStatus};
use quarterdeck_types::launcher::RefusalCode;
use thiserror::Error;
use tokio::sync::{OnceCell, Semaphore};

use connection::Connection;
use failing::Failing;
pub use failing::Failure;
pub use file::UserFile;
pub use start::{Child, Start};

/// Longer than the agent itself gives `sbatch`, so that it is the agent that says what became of it.
const SUBMIT_TIME: Duration = Duration::from_secs(75);
const CALL_TIME: Duration = Duration::from_secs(40);
/// Waited before asking a second and a third time. An agent that is killed closes its connections a moment before its
/// socket: who connects in between is cut off again.
const REPEAT_AFTER: [Duration; 2] = [Duration::from_millis(50), Duration::from_millis(500)];

#[derive(Debug, Error)]
pub enum Error {
    #[error("The process that acts for you on the cluster does not answer ({0}): try again in a moment.")]
    Unreachable(String),
    #[error("{message}")]
    Refused { code: RefusalCode, message: String },
    #[error(
        "The process that acts for you on the cluster took too long: try again, and look whether a file system hangs."
    )]
    TimedOut,
    #[error("The process that acts for you on the cluster gave an answer that makes no sense: {0}")]
    Protocol(String),
    #[error(transparent)]
    Answered(#[from] AgentError),
}

impl Error {
    /// The account may not have an agent, and asking again will not change that.
    pub fn is_denied(&self) -> bool {
        matches!(
            self,
            Error::Refused {
                code: RefusalCode::NoSuchUser
                    | RefusalCode::Root
                    | RefusalCode::SystemUser
                    | RefusalCode::NotInPortalGroup
                    | RefusalCode::Locked
                    | RefusalCode::Expired
                    | RefusalCode::NoLogin,
                ..
            }
        )
    }

    pub fn is_a_directory(&self) -> bool {
        matches!(self, Error::Answered(answer) if answer.code == ErrorCode::IsADirectory)
    }

    /// The agent itself said that what was asked for is not there.
    pub fn is_not_found(&self) -> bool {
        matches!(self, Error::Answered(answer) if answer.code == ErrorCode::NotFound)
    }
}

/// All users' agents.
pub struct Agents {
    start: Arc<Start>,
    connections: usize,
    users: Mutex<HashMap<String, Agent>>,
    failing: Arc<Failing>,
}

/// One user's agent. Cheap to clone.
#[derive(Clone)]
pub struct Agent(Arc<Inner>);

struct Inner {
    user: String,
    start: Arc<Start>,
    host: OnceCell<String>,
    idle: Mutex<Vec<Connection>>,
    /// One turn a connection.
    calls: Semaphore,
    /// One turn a blocking read or write of this user's files.
    file_turns: Arc<Semaphore>,
    failing: Arc<Failing>,
}

impl Agents {
    pub fn new(start: Start, connections: usize) -> Agents {
        Agents { start: Arc::new(start), connections, users: Mutex::default(), failing: Arc::default() }
    }

    /// This Unix user's agent; it is started by the first call.
    pub fn of(&self, unix_user: &str) -> Agent {
        let mut users = self.users.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        let new = || {
            Agent(Arc::new(Inner {
                user: unix_user.to_owned(),
                start: self.start.clone(),
                host: OnceCell::new(),
                idle: Mutex::default(),
                calls: Semaphore::new(self.connections),
                file_turns: Arc::new(Semaphore::new(self.connections)),
                failing: self.failing.clone(),
            }))
        };
        users.entry(unix_user.to_owned()).or_insert_with(new).clone()
    }

    /// Those that did not answer when they were last asked, the newest first.
    pub fn failing(&self) -> Vec<Failure> {
        self.failing.list()
    }
}

impl Agent {
    pub fn user(&self) -> &str {
        &self.0.user
    }

    /// Who the agent is and which spaces it offers.
    pub async fn hello(&self) -> Result<Hello, Error> {
        match self.call(Request::Hello { protocol: quarterdeck_types::agent::PROTOCOL }).await? {
            (Answer::Hello(hello), None) => Ok(hello),
            other => Err(unexpected(other)),
        }
    }

    /// The host that the agent runs on.
    pub async fn host(&self) -> Result<&str, Error> {
        let host = self.0.host.get_or_try_init(async || Ok(self.hello().await?.host));
        host.await.map(String::as_str)
    }

    /// Opens a file: [`Request::OpenRead`], [`Request::CreateUpload`] or [`Request::OpenUpload`].
    pub async fn open(&self, request: Request) -> Result<UserFile, Error> {
        match self.call(request).await? {
            (Answer::Opened { entry }, Some(descriptor)) => {
                Ok(UserFile::new(descriptor, entry, self.0.file_turns.clone()))
            }
            other => Err(unexpected(other)),
        }
    }

    /// [`Request::Stat`], [`Request::Mkdir`], [`Request::Link`], [`Request::SetMode`], [`Request::Restore`],
    /// [`Request::SetAcl`], [`Request::ReplaceFile`].
    pub async fn entry(&self, request: Request) -> Result<Entry, Error> {
        match self.call(request).await? {
            (Answer::Entry { entry }, None) => Ok(entry),
            other => Err(unexpected(other)),
        }
    }

    /// [`Request::List`]: the page, and whether there is more.
    pub async fn entries(&self, request: Request) -> Result<(Vec<Entry>, bool), Error> {
        match self.call(request).await? {
            (Answer::Entries { items, more }, None) => Ok((items, more)),
            other => Err(unexpected(other)),
        }
    }

    /// [`Request::GetAcl`].
    pub async fn acl(&self, request: Request) -> Result<FileAcl, Error> {
        match self.call(request).await? {
            (Answer::Acl { acl }, None) => Ok(acl),
            other => Err(unexpected(other)),
        }
    }

    /// [`Request::MoveToTrash`], [`Request::ListTrash`]: the items, and whether there are more.
    pub async fn trash(&self, request: Request) -> Result<(Vec<TrashItem>, bool), Error> {
        match self.call(request).await? {
            (Answer::Trash { items, more }, None) => Ok((items, more)),
            other => Err(unexpected(other)),
        }
    }

    /// [`Request::FinishUpload`]: the path in its space, and the absolute one.
    pub async fn placed(&self, request: Request) -> Result<(quarterdeck_types::RelativePath, String), Error> {
        match self.call(request).await? {
            (Answer::Placed { path, absolute, .. }, None) => Ok((path, absolute)),
            other => Err(unexpected(other)),
        }
    }

    /// [`Request::StartTask`], [`Request::TaskStatus`].
    pub async fn task(&self, request: Request) -> Result<TaskStatus, Error> {
        match self.call(request).await? {
            (Answer::Task { status }, None) => Ok(*status),
            other => Err(unexpected(other)),
        }
    }

    /// [`Request::Tasks`].
    pub async fn tasks(&self) -> Result<Vec<TaskStatus>, Error> {
        match self.call(Request::Tasks).await? {
            (Answer::Tasks { items }, None) => Ok(items),
            other => Err(unexpected(other)),
        }
    }

    /// [`Request::TaskFound`]: what was found, and whether there is more.
    pub async fn found(&self, request: Request) -> Result<(Vec<Found>, bool), Error> {
        match self.call(request).await? {
            (Answer::Found { items, more }, None) => Ok((items, more)),
            other => Err(unexpected(other)),
        }
    }

    pub async fn done(&self, request: Request) -> Result<(), Error> {
        match self.call(request).await? {
            (Answer::Done, None) => Ok(()),
            other => Err(unexpected(other)),
        }
    }

    /// [`Request::Sbatch`], [`Request::Submission`].
    pub async fn submission(&self, request: Request) -> Result<SubmissionOutcome, Error> {
        match self.call(request).await? {
            (Answer::Submission { outcome }, None) => Ok(outcome),
            other => Err(unexpected(other)),
        }
    }

    pub async fn program(&self, request: Request) -> Result<ProgramResult, Error> {
        match self.call(request).await? {
            (Answer::Program(result), None) => Ok(result),
            other => Err(unexpected(other)),
        }
    }

    /// [`Request::StartLocal`], [`Request::LocalJobs`].
    pub async fn local_jobs(&self, request: Request) -> Result<Vec<LocalJobStatus>, Error> {
        match self.call(request).await? {
            (Answer::LocalJobs { items }, None) => Ok(items),
            other => Err(unexpected(other)),
        }
    }

    /// Asks once; asks anew on a fresh connection where one broke and asking again does no harm.
    async fn call(&self, request: Request) -> Result<(Answer, Option<OwnedFd>), Error> {
        let time = match request {
            Request::Sbatch { .. } | Request::SbatchTest { .. } => SUBMIT_TIME,
            _ => CALL_TIME,
        };
        let attempt = async {
            let _turn = self.0.calls.acquire().await.map_err(|error| Error::Unreachable(error.to_string()))?;
            let mut outcome = self.exchange(&request).await;
            for pause in REPEAT_AFTER {
                if !matches!(outcome, Err(Error::Unreachable(_))) || !may_repeat(&request) {
                    break;
                }
                tokio::time::sleep(pause).await;
                match self.exchange(&request).await {
                    // The first attempt may have been heard: that a later one was turned away says nothing of it.
                    Err(Error::Refused { .. } | Error::TimedOut) => break,
                    other => outcome = other,
                }
            }
            outcome
        };
        let outcome = tokio::time::timeout(time, attempt).await.unwrap_or(Err(Error::TimedOut));
        self.0.failing.note(&self.0.user, &outcome);
        let (answer, descriptor) = outcome?;
        match answer {
            Answer::Error(error) => Err(Error::Answered(error)),
            answer => Ok((answer, descriptor)),
        }
    }

    async fn exchange(&self, request: &Request) -> Result<(Answer, Option<OwnedFd>), Error> {
        let mut connection = match self.take_idle() {
            Some(connection) => connection,
            None => Connection::open(&self.0.start, &self.0.user).await?,
        };
        let answer = connection.exchange(request).await.map_err(|error| match error.kind() {
            io::ErrorKind::InvalidData => Error::Protocol(error.to_string()),
            _ => Error::Unreachable(error.to_string()),
        })?;
        // Only a connection whose exchange was whole goes back; a dropped future drops it.
        self.idle().push(connection);
        Ok(answer)
    }

    fn take_idle(&self) -> Option<Connection> {
        let mut idle = self.idle();
        while let Some(connection) = idle.pop() {
            if connection.is_alive() {
                return Some(connection);
            }
        }
        None
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Connection>> {
        self.0.idle.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

/// Where an agent's socket is, and whose uid must be behind it.
struct Address {
    socket: PathBuf,
    uid: u32,
}

/// Reading twice is harmless, and submissions are made once by their id; the rest might be done twice.
fn may_repeat(request: &Request) -> bool {
    !matches!(
        request,
        Request::Rename { .. }
            | Request::Remove { .. }
            | Request::ReplaceFile { .. }
            | Request::SetAcl { .. }
            | Request::MoveToTrash { .. }
            | Request::Restore { .. }
            | Request::Link { .. }
            | Request::Scontrol { .. }
            | Request::SignalJob { .. }
            | Request::UpdateJob { .. }
            | Request::UpdateNode { .. }
            | Request::RebootNode { .. }
    )
}

fn unexpected((answer, descriptor): (Answer, Option<OwnedFd>)) -> Error {
    let with = if descriptor.is_some() { " with a descriptor" } else { "" };
    Error::Protocol(format!("{:?}{with} was not asked for", std::mem::discriminant(&answer)))
}
