//! Starts, cancels and looks at jobs of the `local` scheduler. Each has a supervisor of its own ([`crate::supervisor`]),
//! which outlives the agent; what is known about a job stands in its record.

use std::ffi::OsString;
use std::fs::File;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use quarterdeck_types::agent::{AgentError, ErrorCode, LocalJob, LocalJobState, LocalJobStatus};
use rustix::fs::OFlags;
use uuid::Uuid;

use crate::crash;
use crate::errors::{During, Outcome};
use crate::programs::Programs;
use crate::records::{self, Claim, Record, Records};
use crate::resolve::Spaces;
use crate::serve::{SMALL_STACK, Work};
use crate::supervisor::{CANCEL, RUNNING, Running, TASK, Task};

/// How long a supervisor may take to say that the job runs. After that the job counts as running all the same.
const STARTING: Duration = Duration::from_secs(5);
const LOOK: Duration = Duration::from_millis(2);

pub(crate) struct LocalJobs {
    pub(crate) records: Records,
    /// What stands before `supervise` when this executable is started again.
    pub(crate) self_arguments: Vec<String>,
}

impl LocalJobs {
    /// Starts a job unless this id was started, or sealed, before. `work` is kept until the job has ended.
    pub(crate) fn start(
        &self,
        id: Uuid,
        job: LocalJob,
        spaces: &Spaces,
        programs: &Programs,
        work: Work,
    ) -> Outcome<LocalJobStatus> {
        let what = format!("local job {id}");
        let record = match self.records.claim(id).during(&what)? {
            Claim::Settled(status) => return Ok(status),
            Claim::Held => return self.running(id),
            Claim::Left(record) if has_run(&record).during(&what)? => return lost(id, &record),
            Claim::Left(record) | Claim::Fresh(record) => record,
        };
        let at = spaces.locate(&job.directory)?;
        spaces.open(&at, OFlags::PATH | OFlags::DIRECTORY)?;
        let task = Task { id, job, directory: at.absolute, environment: programs.environment().to_vec() };
        records::write(record.directory(), TASK, &task).during(&what)?;
        record.mark_started().during(&what)?;
        crash::point(crash::LOCAL_MARKED);
        match self.spawn_supervisor(&record) {
            Ok(child) => {
                wait_in_background(child, work);
                let directory = record.directory().to_owned();
                // Ours to let go, or the lock would not end with the supervisor.
                drop(record);
                wait_for_start(&directory);
                self.status(id)
            }
            Err(error) => {
                let message = format!("the supervisor could not be started: {error}");
                let status = ended(id, LocalJobState::Failed { message });
                record.settle(&status).during(&what)?;
                Ok(status)
            }
        }
    }

    /// How a job stands; one never started is sealed.
    pub(crate) fn status(&self, id: Uuid) -> Outcome<LocalJobStatus> {
        let what = format!("local job {id}");
        match self.records.claim(id).during(&what)? {
            Claim::Settled(status) => Ok(status),
            Claim::Held => self.running(id),
            Claim::Left(record) => lost(id, &record),
            Claim::Fresh(record) => {
                let status = ended(id, LocalJobState::NotStarted);
                record.settle(&status).during(&what)?;
                Ok(status)
            }
        }
    }

    /// Asks a job's supervisor to end it: the file is the wish, and the supervisor watches for it.
    pub(crate) fn cancel(&self, id: Uuid) -> Outcome<()> {
        let directory = self.records.directory_of(id);
        if records::read::<Task>(&directory, TASK).during(format_args!("local job {id}"))?.is_none() {
            return Err(AgentError::new(ErrorCode::NotFound, format!("local job {id}: it was never started")));
        }
        File::create(directory.join(CANCEL)).during(format_args!("local job {id}"))?;
        Ok(())
    }

    fn running(&self, id: Uuid) -> Outcome<LocalJobStatus> {
        let running: Option<Running> =
            records::read(&self.records.directory_of(id), RUNNING).during(format_args!("local job {id}"))?;
        let started_us = running.map(|running| running.started_us);
        Ok(LocalJobStatus { id, state: LocalJobState::Running, started_us, ended_us: None })
    }

    fn spawn_supervisor(&self, record: &Record) -> std::io::Result<Child> {
        let mut arguments: Vec<OsString> = self.self_arguments.iter().map(OsString::from).collect();
        arguments.extend(["supervise".into(), record.directory().into()]);
        // The executable that runs now, even where an upgrade has replaced the file.
        Command::new("/proc/self/exe")
            .arg0("quarterdeck-agent")
            .args(arguments)
            .env_clear()
            .current_dir("/")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(record.log()?)
            .spawn()
    }
}

/// Keeps the agent from leaving, and the supervisor from becoming a zombie.
fn wait_in_background(mut child: Child, work: Work) {
    let wait = move || {
        let _ = child.wait();
        drop(work);
    };
    // Without the thread the job runs all the same; the agent may then leave before it ends.
    let _ = std::thread::Builder::new().stack_size(SMALL_STACK).name("supervisor".into()).spawn(wait);
}

fn wait_for_start(directory: &Path) {
    let deadline = Instant::now() + STARTING;
    let known = |name: &str| directory.join(name).exists();
    while !known(RUNNING) && !known("result") && Instant::now() < deadline {
        std::thread::sleep(LOOK);
    }
}

/// Its supervisor says so before it starts the script. An agent that was killed before that left a job that can still be
/// started.
fn has_run(record: &Record) -> std::io::Result<bool> {
    record.directory().join(RUNNING).try_exists()
}

fn lost(id: Uuid, record: &Record) -> Outcome<LocalJobStatus> {
    let what = format!("local job {id}");
    let running: Option<Running> = records::read(record.directory(), RUNNING).during(&what)?;
    let status =
        LocalJobStatus { started_us: running.map(|running| running.started_us), ..ended(id, LocalJobState::Lost) };
    record.settle(&status).during(&what)?;
    Ok(status)
}

fn ended(id: Uuid, state: LocalJobState) -> LocalJobStatus {
    LocalJobStatus { id, state, started_us: None, ended_us: None }
}
