//! Runs one job of the `local` scheduler and writes how it ended: a process of its own, in its own session, that
//! neither the agent's nor the server's end touches.
//!
//! It holds the record's lock through its standard error ([`crate::records`]): that it is free, and no result there,
//! means that this process was killed. Every process that the job makes stays below this one (it is a subreaper), so
//! that all of them end with the job, whatever sessions they made for themselves.

use std::fs::{self, File};
use std::io::{self, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use quarterdeck_types::agent::{LocalJob, LocalJobState, LocalJobStatus};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::inotify;
use rustix::process::{
    Pid, PidfdFlags, Signal, WaitOptions, WaitStatus, getpid, pidfd_open, set_child_subreaper, setsid, wait,
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::files::CAREFUL;
use crate::processes::{Identity, descendants};
use crate::records;

/// The files of a job's record, beside those of every record.
pub(crate) const TASK: &str = "task";
pub(crate) const RUNNING: &str = "running";
pub(crate) const CANCEL: &str = "cancel";

/// Between TERM and KILL.
const GRACE: Duration = Duration::from_secs(5);
/// After KILL: what is not gone then cannot be killed (another uid's, or stuck in the kernel).
const GIVE_UP: Duration = Duration::from_secs(10);
/// How often orphans of a running job are reaped.
const REAP: Duration = Duration::from_secs(10);
const SWEEP: Duration = Duration::from_millis(50);

/// What the agent writes for its supervisor.
#[derive(Serialize, Deserialize)]
pub(crate) struct Task {
    pub(crate) id: Uuid,
    pub(crate) job: LocalJob,
    /// The job's working directory, absolute.
    pub(crate) directory: PathBuf,
    pub(crate) environment: Vec<(String, String)>,
}

/// What the supervisor writes when the job runs.
#[derive(Serialize, Deserialize)]
pub(crate) struct Running {
    /// For people and for `ps`; whether it lives is told by the lock.
    pub(crate) supervisor: Identity,
    pub(crate) started_us: i64,
}

/// Runs the job whose record this is.
pub(crate) fn run(record: &Path) -> io::Result<()> {
    setsid()?;
    set_child_subreaper(Some(getpid()))?;
    let task: Task = records::read(record, TASK)?.ok_or_else(|| io::Error::other("there is no task here"))?;
    // Watched from before the start, so that no wish to cancel is missed.
    let wishes = watch_for_cancel(record)?;
    let started_us = now_us();
    records::write(record, RUNNING, &Running { supervisor: Identity::own()?, started_us })?;
    let state = match start(&task, record) {
        Ok(script) => Job { script, status: None }.follow(&task, record, &wishes),
        Err(message) => LocalJobState::Failed { message },
    };
    let status = LocalJobStatus { id: task.id, state, started_us: Some(started_us), ended_us: Some(now_us()) };
    records::settle(record, &status)
}

fn watch_for_cancel(record: &Path) -> io::Result<OwnedFd> {
    let watch = inotify::init(inotify::CreateFlags::CLOEXEC | inotify::CreateFlags::NONBLOCK)?;
    inotify::add_watch(&watch, record, inotify::WatchFlags::CREATE)?;
    Ok(watch)
}

/// Starts the script as Slurm would; the error is for people.
fn start(task: &Task, record: &Path) -> Result<Pid, String> {
    let job = &task.job;
    let fail = |what: &Path, error: io::Error| format!("{}: {error}", what.display());
    let script = write_script(record, &job.script).map_err(|error| fail(record, error))?;
    let output = task.directory.join(&job.output);
    let stdout = open_output(&output).map_err(|error| fail(&output, error))?;
    let stderr = match &job.error {
        Some(name) if *name != job.output => {
            let path = task.directory.join(name);
            open_output(&path).map_err(|error| fail(&path, error))?
        }
        _ => stdout.try_clone().map_err(|error| fail(&output, error))?,
    };
    let mut command = Command::new(&script);
    command.env_clear().envs(task.environment.iter().map(|(name, value)| (name, value)));
    command.env("SLURM_JOB_ID", job.job_id.as_str()).env("SLURM_JOB_NAME", &job.name);
    command.env("SLURM_CPUS_PER_TASK", job.cpus.to_string()).env("SLURM_CPUS_ON_NODE", job.cpus.to_string());
    if let Some((array, task)) = job.job_id.as_str().split_once('_') {
        command.env("SLURM_ARRAY_JOB_ID", array).env("SLURM_ARRAY_TASK_ID", task);
    }
    command.env("SLURM_SUBMIT_DIR", &task.directory).env("SLURM_CLUSTER_NAME", "local");
    command.current_dir(&task.directory).process_group(0);
    command.stdin(Stdio::null()).stdout(stdout).stderr(stderr);
    match command.spawn() {
        Ok(child) => Ok(Pid::from_child(&child)),
        Err(error) => Err(format!("the script could not be started in {}: {error}", task.directory.display())),
    }
}

/// Written by this process, which has no other threads: a script that any process still holds open for writing
/// cannot be executed.
fn write_script(record: &Path, text: &str) -> io::Result<PathBuf> {
    let path = record.join("script");
    let mut file = File::options().write(true).create(true).truncate(true).mode(0o700).open(&path)?;
    file.set_permissions(fs::Permissions::from_mode(0o700))?;
    file.write_all(text.as_bytes())?;
    Ok(path)
}

fn open_output(path: &Path) -> io::Result<File> {
    File::options().write(true).create(true).truncate(true).custom_flags(CAREFUL.bits() as i32).open(path)
}

struct Job {
    script: Pid,
    /// The script's, once it has ended.
    status: Option<WaitStatus>,
}

impl Job {
    fn follow(mut self, task: &Task, record: &Path, wishes: &OwnedFd) -> LocalJobState {
        let minutes = task.job.time_limit_minutes;
        let deadline = minutes.map(|minutes| Instant::now() + Duration::from_secs(u64::from(minutes) * 60));
        let ended = pidfd_open(self.script, PidfdFlags::NONBLOCK);
        loop {
            self.reap();
            if let Some(status) = self.status {
                // As with Slurm, what the script left behind ends with it.
                self.end_all(Signal::KILL, GIVE_UP);
                return state_of(status);
            }
            if record.join(CANCEL).exists() {
                self.terminate();
                return LocalJobState::Cancelled;
            }
            let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
            if left == Some(Duration::ZERO) {
                self.terminate();
                return LocalJobState::TimedOut;
            }
            sleep_until_something(ended.as_ref().ok(), wishes, left.unwrap_or(REAP).min(REAP));
        }
    }

    fn terminate(&mut self) {
        if !self.end_all(Signal::TERM, GRACE) {
            self.end_all(Signal::KILL, GIVE_UP);
        }
    }

    /// Signals all descendants until none is left, or the time is over (`false`). Again and again, because they may
    /// be making new ones; TERM once only, since a program may take a second one for impatience.
    fn end_all(&mut self, signal: Signal, time: Duration) -> bool {
        let deadline = Instant::now() + time;
        let mut told: Vec<Identity> = Vec::new();
        loop {
            let below = descendants(getpid().as_raw_pid());
            if below.is_empty() {
                self.reap();
                return true;
            }
            for process in below {
                if signal == Signal::TERM && told.contains(&process) {
                    continue;
                }
                // Refused for another uid's (a setuid program): nothing we can do, and GIVE_UP ends the wait.
                let _ = process.signal(signal);
                let _ = process.signal(Signal::CONT);
                told.push(process);
            }
            if Instant::now() >= deadline {
                return false;
            }
            std::thread::sleep(SWEEP);
            self.reap();
        }
    }

    fn reap(&mut self) {
        while let Ok(Some((pid, status))) = wait(WaitOptions::NOHANG) {
            if pid == self.script {
                self.status = Some(status);
            }
        }
    }
}

fn state_of(status: WaitStatus) -> LocalJobState {
    match (status.exit_status(), status.terminating_signal()) {
        (Some(code), _) => LocalJobState::Exited { code },
        (None, Some(signal)) => LocalJobState::Signalled { signal },
        (None, None) => LocalJobState::Lost,
    }
}

fn sleep_until_something(ended: Option<&OwnedFd>, wishes: &OwnedFd, time: Duration) {
    let waiting = ended.map(AsFd::as_fd).into_iter().chain([wishes.as_fd()]);
    let mut waiting: Vec<PollFd<'_>> = waiting.map(|fd| PollFd::from_borrowed_fd(fd, PollFlags::IN)).collect();
    let time = Timespec { tv_sec: time.as_secs() as i64, tv_nsec: time.subsec_nanos().into() };
    let _ = poll(&mut waiting, Some(&time));
    // Emptied, or the next poll would return at once; what was made is looked for by its name.
    let _ = rustix::io::read(wishes, &mut [0u8; 4096]);
}

pub(crate) fn now_us() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
}
