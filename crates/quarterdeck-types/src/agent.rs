//! What the server asks a user's agent, and what the agent answers.
//!
//! One request, one answer, each a JSON line (see [`crate::wire`]); the server may hold several connections. The
//! answers marked *with descriptor* carry one open file. Everything is typed: no request holds a program's path,
//! a shell line or an absolute path that would be opened as it stands.

use serde::{Deserialize, Serialize};
use thiserror::Error;
use uuid::Uuid;

use crate::acl::{Acl, FileAcl};
use crate::control::{JobChange, JobSignal, NodeChange, NodeName, Reason, SignalTo};
use crate::file_task::{FileTask, Found, TaskStatus};
use crate::{FileName, JobId, Place, RelativePath, SpaceName};

/// Raised when a request or an answer changes in a way that the other side would misread.
pub const PROTOCOL: u16 = 5;

/// A request line's limit: a batch script (Slurm's own default limit is 4 MB) written as JSON, and some room.
pub const MAX_REQUEST_BYTES: usize = 8 << 20;
/// An answer line's limit: the largest page of a directory, and some room.
pub const MAX_ANSWER_BYTES: usize = 4 << 20;
/// The most entries that one [`Request::List`] answers.
pub const MAX_LIST_ENTRIES: u32 = 1000;
/// What is kept of a program's output on each stream.
pub const MAX_PROGRAM_OUTPUT: usize = 64 << 10;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub enum Request {
    /// First on every connection. Answer: [`Answer::Hello`], or [`ErrorCode::Version`].
    Hello { protocol: u16 },

    /// Opens a regular file for reading. Answer: [`Answer::Opened`] *with descriptor*.
    OpenRead { at: Place },
    /// Answer: [`Answer::Entry`]. Does not follow a link in the last name.
    Stat { at: Place },
    /// One page of a directory, ordered by the bytes of the names; starts behind `after`. Answer: [`Answer::Entries`].
    List { at: Place, after: Option<FileName>, limit: u32 },
    /// With `parents`, missing directories above are made too and one that is there already is no error.
    /// Answer: [`Answer::Entry`].
    Mkdir { at: Place, parents: bool },
    /// Never replaces what is there, unless `replace`. Answer: [`Answer::Done`].
    Rename { from: Place, to: Place, replace: bool },
    /// Removes a file, a link, or a directory that is empty. Answer: [`Answer::Done`].
    Remove { at: Place },
    /// Sets the permission bits (`0o7777`) of a file or a directory, never of what a link leads to.
    /// Answer: [`Answer::Entry`].
    SetMode { at: Place, mode: u32 },
    /// The access control lists of a file or a directory. Answer: [`Answer::Acl`].
    GetAcl { at: Place },
    /// Sets them, each with a mask that takes nothing from anybody, if they still are as `expected`. Answer:
    /// [`Answer::Entry`], [`ErrorCode::Changed`], or [`ErrorCode::AclUnsupported`].
    SetAcl { at: Place, access: Acl, default: Option<Acl>, expected: Box<FileAcl> },
    /// Moves what is there, whatever it is, to its space's trash. Answer: [`Answer::Trash`] with that one item, or
    /// [`ErrorCode::NoTrash`].
    MoveToTrash { at: Place },
    /// One page of a space's trash, ordered by the bytes of the items' names; starts behind `after`.
    /// Answer: [`Answer::Trash`].
    ListTrash { space: SpaceName, after: Option<FileName>, limit: u32 },
    /// Puts an item of the trash back where it was, with the directories above that are missing. Never replaces.
    /// Answer: [`Answer::Entry`].
    Restore { space: SpaceName, item: FileName },
    /// Makes the file `from` appear as `to` too: a hard link, or a symbolic one across file systems.
    /// Never replaces. Answer: [`Answer::Entry`].
    Link { from: Place, to: Place },

    /// Makes the hidden file that collects an upload's bytes, in its target directory, and the missing directories
    /// above it. [`ErrorCode::NoSpaceLeft`] where the file system has no room for `size` bytes; 0: nobody knows yet.
    /// That it is there is no error. Answer: [`Answer::Entry`].
    CreateUpload { upload: Uuid, directory: Place, size: u64 },
    /// Opens an upload's hidden file for writing and cuts off what stands behind the first `keep` bytes. That it is
    /// gone is an error, lest a hole take the place of what it held. It is locked for whoever gets the descriptor, until
    /// that is closed: [`ErrorCode::Locked`] while another has it. Answer: [`Answer::Opened`] *with descriptor*.
    OpenUpload { upload: Uuid, directory: Place, keep: u64 },
    /// Copies `length` bytes from byte `from` of one upload's hidden file to byte `at` of another's; done again, it does
    /// no harm. Answer: [`Answer::Done`].
    CopyUpload { upload: Uuid, directory: Place, at: u64, part: Uuid, part_directory: Place, from: u64, length: u64 },
    /// Syncs the hidden file, checks that it holds `size` bytes, and puts it in place under `name`, or, if that is
    /// taken, under `name-1`, `name-2` … before its extension. Syncs the directory. Asked again after an answer was
    /// lost, it answers the same. Answer: [`Answer::Placed`].
    FinishUpload { upload: Uuid, directory: Place, name: FileName, size: u64 },
    /// Syncs the hidden file of an upload and puts it in the place of the file `at`, if that is still as `expected`, with
    /// its permissions; without `expected`, only where there is nothing yet. The hidden file is gone afterwards, also
    /// where it was refused. Answer: [`Answer::Entry`], or [`ErrorCode::Changed`].
    ReplaceFile { upload: Uuid, at: Place, expected: Option<FileVersion> },
    /// Removes the hidden file; that it is not there is no error. Answer: [`Answer::Done`].
    DiscardUpload { upload: Uuid, directory: Place },

    /// Begins work that takes a while, at most once for an `id`. Answer: [`Answer::Task`], or [`ErrorCode::Busy`] where
    /// as many are under way as may be.
    StartTask { id: Uuid, task: FileTask },
    /// Answer: [`Answer::Task`].
    TaskStatus { id: Uuid },
    /// Those under way and the last that ended, the newest first. Answer: [`Answer::Tasks`].
    Tasks,
    /// Asks a task to end, which undoes what it was making; one that has ended is forgotten. Answer: [`Answer::Done`].
    CancelTask { id: Uuid },
    /// What a search has found, in the order in which it did, from the `from`th on. Answer: [`Answer::Found`].
    TaskFound { id: Uuid, from: u32, limit: u32 },

    /// Runs `sbatch` with this script, at most once for an `id` whatever happens: asked again, it answers what the
    /// first time brought. `comment` follows `qd:<id>` in the job's comment. Answer: [`Answer::Submission`].
    Sbatch { id: Uuid, directory: Place, script: String, comment: Option<String> },
    /// What became of [`Request::Sbatch`] with this id. If it never began, it is sealed: it will not begin any more.
    /// Answer: [`Answer::Submission`].
    Submission { id: Uuid },
    /// Runs `sbatch --test-only`. Answer: [`Answer::Program`], whatever the exit status.
    SbatchTest { directory: Place, script: String },
    /// Runs `scancel`. Answer: [`Answer::Program`].
    Scancel { job_id: JobId },
    /// Runs `scontrol hold|release|requeue`. Answer: [`Answer::Program`].
    Scontrol { verb: ScontrolVerb, job_id: JobId },
    /// Runs `scancel --signal`. Answer: [`Answer::Program`].
    SignalJob { job_id: JobId, signal: JobSignal, to: SignalTo },
    /// Runs `scontrol update JobId=…`, once for all changes. Answer: [`Answer::Program`].
    UpdateJob { job_id: JobId, changes: Vec<JobChange> },
    /// Runs `sstat`: what the job's running steps use, a line each, as `JobID|NTasks|AveCPU|TRESUsageInMax|TRESUsageInTot`.
    /// Answer: [`Answer::Program`].
    Sstat { job_id: JobId },
    /// Runs `scontrol update NodeName=…`. Answer: [`Answer::Program`].
    UpdateNode { node: NodeName, change: NodeChange },
    /// Runs `scontrol reboot`; with `asap` no further job starts before it. Answer: [`Answer::Program`].
    RebootNode { node: NodeName, asap: bool, reason: Option<Reason> },

    /// Starts a job of the `local` scheduler under a supervisor of its own, at most once for an `id`.
    /// Answer: [`Answer::LocalJobs`] with that one job.
    StartLocal { id: Uuid, job: LocalJob },
    /// Answer: [`Answer::LocalJobs`], in the order asked. Like [`Request::Submission`] it seals an id never started.
    LocalJobs { ids: Vec<Uuid> },
    /// Ends the job's whole process groups: TERM, then KILL after a grace. Answer: [`Answer::Done`].
    CancelLocal { id: Uuid },

    /// Reserved for a shell on the portal's host or in a running job. Answers [`ErrorCode::Unsupported`] for now.
    OpenTerminal { columns: u16, rows: u16 },
    /// Reserved for bytes that the agent relays itself (files on FUSE, archives made on the way).
    /// Answers [`ErrorCode::Unsupported`] for now.
    OpenStream { at: Place },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ScontrolVerb {
    Hold,
    Release,
    Requeue,
}

/// A job of the `local` scheduler: what its `#SBATCH` lines came to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LocalJob {
    pub job_id: JobId,
    pub name: String,
    pub script: String,
    pub directory: Place,
    /// As `--output` gives it, relative to the directory or absolute, `%j` and the like already replaced.
    pub output: String,
    /// `None`: standard error joins the output.
    pub error: Option<String>,
    pub cpus: u32,
    /// `None`: unlimited.
    pub time_limit_minutes: Option<u32>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum Answer {
    Hello(Hello),
    Opened { entry: Entry },
    Entry { entry: Entry },
    Entries { items: Vec<Entry>, more: bool },
    Acl { acl: FileAcl },
    Trash { items: Vec<TrashItem>, more: bool },
    Placed { entry: Entry, path: RelativePath, absolute: String },
    Done,
    Task { status: Box<TaskStatus> },
    Tasks { items: Vec<TaskStatus> },
    Found { items: Vec<Found>, more: bool },
    Submission { outcome: SubmissionOutcome },
    Program(ProgramResult),
    LocalJobs { items: Vec<LocalJobStatus> },
    Error(AgentError),
}

/// Who the agent is. The server checks the uid against the socket's `SO_PEERCRED`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Hello {
    pub protocol: u16,
    /// The agent's own release.
    pub version: String,
    pub user: String,
    pub uid: u32,
    pub gid: u32,
    pub host: String,
    pub spaces: Vec<Space>,
    /// CPUs this agent may use, for the `local` scheduler.
    pub cpus: u32,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Space {
    pub name: SpaceName,
    /// Its absolute root on the agent's host, escaped like a [`RelativePath`].
    pub root: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    pub name: String,
    /// The name escaped like a [`RelativePath`], to ask for the entry again; empty for a space's root.
    pub path_name: String,
    /// The absolute path, escaped likewise, where the request's place made it known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub absolute: Option<String>,
    pub kind: EntryKind,
    /// Bytes.
    pub size: u64,
    /// Microseconds since 1970.
    pub modified_us: i64,
    /// The permission bits, `0o7777`.
    pub mode: u32,
    pub uid: u32,
    pub gid: u32,
    pub inode: u64,
}

impl Entry {
    pub fn version(&self) -> FileVersion {
        FileVersion { inode: self.inode, size: self.size, modified_us: self.modified_us }
    }
}

/// What tells one state of a file from the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileVersion {
    pub inode: u64,
    /// Bytes.
    pub size: u64,
    /// Microseconds since 1970.
    pub modified_us: i64,
}

/// What lies in a space's trash.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TrashItem {
    /// Under its name in the trash, which is not always the one it had.
    pub entry: Entry,
    /// The absolute path it had, escaped like a [`RelativePath`]; `None`: nothing says it, or it is in no space.
    pub was_at: Option<String>,
    /// Microseconds since 1970, in whole seconds; `None`: whatever put it there did not say.
    pub deleted_us: Option<i64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EntryKind {
    File,
    Directory,
    Link,
    Other,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum SubmissionOutcome {
    /// It never began and never will.
    NotStarted,
    /// `sbatch` is still running.
    Running,
    Accepted {
        job_id: JobId,
    },
    /// `sbatch` said no, and the job does not exist.
    Refused {
        message: String,
    },
    /// `sbatch` began, and nothing says how it ended: the job may exist.
    Unknown {
        message: String,
    },
}

/// How a program ended. Its output is cut at [`MAX_PROGRAM_OUTPUT`]; what is not UTF-8 becomes U+FFFD.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ProgramResult {
    /// `None`: ended by a signal, or by the agent when its time was over.
    pub exit_code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LocalJobStatus {
    pub id: Uuid,
    pub state: LocalJobState,
    /// Microseconds since 1970.
    pub started_us: Option<i64>,
    pub ended_us: Option<i64>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum LocalJobState {
    NotStarted,
    Running,
    Exited {
        code: i32,
    },
    Signalled {
        signal: i32,
    },
    Cancelled,
    TimedOut,
    /// The supervisor is gone and left no exit status: the machine went down, or someone killed it.
    Lost,
    /// It could not be started at all.
    Failed {
        message: String,
    },
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Error)]
#[error("{message}")]
pub struct AgentError {
    pub code: ErrorCode,
    /// What happened, in English, for the log and for people without a translation of the code.
    pub message: String,
}

impl AgentError {
    pub fn new(code: ErrorCode, message: impl Into<String>) -> AgentError {
        AgentError { code, message: message.into() }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorCode {
    /// The line was not a request of this protocol.
    BadRequest,
    /// The two sides speak different protocols.
    Version,
    Unsupported,
    NotFound,
    PermissionDenied,
    AlreadyExists,
    /// The file is not as the request expects it any more.
    Changed,
    NotADirectory,
    IsADirectory,
    DirectoryNotEmpty,
    /// A device, FIFO, socket, or a file on FUSE, proc or sys.
    NotRegular,
    /// The path, or a link on its way, leads out of every space the site allows.
    LeavesSpace,
    /// The site has no space of this name.
    NoSuchSpace,
    /// The two places are on different file systems: what was asked for takes a copy.
    OtherFileSystem,
    /// The space has no trash that this could go to: it can only be removed for good.
    NoTrash,
    /// The file system knows no POSIX access control lists.
    AclUnsupported,
    NoSpaceLeft,
    QuotaExceeded,
    /// The finished upload does not hold the bytes it should.
    SizeMismatch,
    /// Somebody else is writing to this upload.
    Locked,
    /// A directory cannot be copied or moved into itself.
    IntoItself,
    /// More entries, bytes or levels than the site allows, or far more bytes than an archive of its size should hold.
    TooMuch,
    /// The file is no archive that can be unpacked here.
    NotAnArchive,
    /// The archive breaks off, or what it holds is not what it says.
    ArchiveDamaged,
    /// A task ended because it was asked to.
    Cancelled,
    /// The agent ended while it was at a task.
    Interrupted,
    /// The site's programs do not include this one.
    NoSuchProgram,
    /// A program did not end in its time.
    TimedOut,
    /// Too many connections or requests at once.
    Busy,
    /// Any other failure of the operating system.
    Io,
}
