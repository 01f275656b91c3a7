//! Work on files that takes a while, each on a thread of its own, with its record on the disk.
//!
//! What a task makes stands under a hidden name beside its place until it is whole, so that nothing half-made has a
//! name of its own. A task that fails or is cancelled removes what it was making; what a killed agent left is removed by
//! the next one, which finds the record begun and not ended.

mod archive;
mod checksum;
mod copy;
mod durable;
mod extract;
mod making;
mod progress;
mod remove;
mod search;
pub(crate) mod tree;

use std::collections::HashMap;
use std::fs;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use quarterdeck_types::agent::{AgentError, Answer, ErrorCode};
use quarterdeck_types::file_task::{FileTask, Found, MAX_FOUND, MAX_TOLD, TaskStatus};
use uuid::Uuid;

use crate::errors::{During, Outcome};
use crate::records::{self, Claim, Record, Records};
use crate::resolve::Spaces;
use crate::serve::Work;
use crate::supervisor::now_us;
use progress::Progress;

const TASK: &str = "task";
const FOUND: &str = "found";
const DISMISSED: &str = "dismissed";
/// How a task ended that is not listed any more is known so long: whoever began it may still have to write it down.
const KEPT_US: i64 = 3600 * 1_000_000;
/// Buffers are on the heap; this is for what decompresses and for a few levels of calls.
const STACK: usize = 1 << 20;

pub(crate) struct Tasks {
    records: Records,
    limits: Limits,
    /// And those that have ended and whose records could not say so.
    running: Mutex<HashMap<Uuid, Arc<Progress>>>,
}

/// What the site allows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Limits {
    /// Tasks at the same time.
    pub(crate) running: usize,
    /// Entries of an archive that is unpacked.
    pub(crate) extract_entries: u64,
    /// Bytes that come out of it.
    pub(crate) extract_bytes: u64,
    /// Bytes that come out of it for each that goes in.
    pub(crate) extract_ratio: u64,
}

impl Tasks {
    pub(crate) fn new(records: Records, limits: Limits) -> Tasks {
        Tasks { records, limits, running: Mutex::default() }
    }

    /// Begins a task unless this id was begun before. `work` is kept until it has ended.
    pub(crate) fn start(
        self: &Arc<Tasks>,
        id: Uuid,
        task: FileTask,
        spaces: &Arc<Spaces>,
        work: Work,
    ) -> Outcome<Answer> {
        let what = format!("file task {id}");
        // Locked to the end: of two who ask at once, the second is told of what the first began.
        let mut running = self.running();
        if let Some(progress) = running.get(&id) {
            return Ok(told(progress.status()));
        }
        if running.values().filter(|progress| !progress.has_ended()).count() >= self.limits.running {
            let message = format!("{} tasks are under way already: wait until one of them ends", self.limits.running);
            return Err(AgentError::new(ErrorCode::Busy, message));
        }
        let record = match self.records.claim::<TaskStatus>(id).during(&what)? {
            Claim::Settled(status) => return Ok(told(status)),
            Claim::Held => return self.elsewhere(id).map(told),
            Claim::Left(record) => return interrupted(spaces, &record, id).map(told),
            Claim::Fresh(record) => record,
        };
        records::write(record.directory(), TASK, &task).during(&what)?;
        record.mark_started().during(&what)?;
        let progress = Arc::new(Progress::new(id, &task));
        running.insert(id, Arc::clone(&progress));
        let (tasks, spaces) = (Arc::clone(self), Arc::clone(spaces));
        let began = Arc::clone(&progress);
        let run = move || {
            let error = catch_unwind(AssertUnwindSafe(|| perform(&task, &spaces, tasks.limits, &began)));
            let error = error
                .unwrap_or_else(|_| Err(AgentError::new(ErrorCode::Io, "a fault in the agent: its log says more")));
            tasks.end(&record, &began, error);
            drop(work);
        };
        if let Err(error) = std::thread::Builder::new().stack_size(STACK).name("file task".into()).spawn(run) {
            running.remove(&id);
            return Err(error).during(&what);
        }
        Ok(told(progress.status()))
    }

    pub(crate) fn status(&self, spaces: &Spaces, id: Uuid) -> Outcome<TaskStatus> {
        if let Some(progress) = self.running().get(&id) {
            return Ok(progress.status());
        }
        let directory = self.records.directory_of(id);
        if !directory.is_dir() {
            return Err(none(id));
        }
        match self.records.claim::<TaskStatus>(id).during(format_args!("file task {id}"))? {
            Claim::Settled(status) => Ok(status),
            Claim::Left(record) => interrupted(spaces, &record, id),
            Claim::Held => self.elsewhere(id),
            Claim::Fresh(_) => Err(none(id)),
        }
    }

    /// Another agent is at it, or another thread of this one is cleaning up after a killed one.
    fn elsewhere(&self, id: Uuid) -> Outcome<TaskStatus> {
        let task = records::read(&self.records.directory_of(id), TASK).during(format_args!("file task {id}"))?;
        task.map(|task| Progress::new(id, &task).status()).ok_or_else(|| none(id))
    }

    /// Cleans up after an agent that was killed, beside whatever is asked.
    pub(crate) fn clean_up(self: &Arc<Tasks>, spaces: &Arc<Spaces>) -> io::Result<()> {
        let (tasks, spaces) = (Arc::clone(self), Arc::clone(spaces));
        let clean = move || {
            if let Err(error) = tasks.list(&spaces) {
                eprintln!("quarterdeck-agent: looking for file tasks that were interrupted: {error}");
            }
        };
        std::thread::Builder::new().stack_size(STACK).name("clean up".into()).spawn(clean).map(drop)
    }

    /// Those under way and the last that ended, the newest first; older ones are forgotten.
    pub(crate) fn list(&self, spaces: &Spaces) -> Outcome<Vec<TaskStatus>> {
        let what = "the records of file tasks";
        let ids = match fs::read_dir(self.records.directory()) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            other => other.during(what)?.filter_map(|entry| Uuid::try_parse(entry.ok()?.file_name().to_str()?).ok()),
        };
        let mut all: Vec<TaskStatus> = ids.filter_map(|id| self.status(spaces, id).ok()).collect();
        all.sort_by_key(|status| std::cmp::Reverse((status.started_us, status.id)));
        let mut ended = 0;
        all.retain(|status| {
            let Some(ended_us) = status.ended_us else { return true };
            let directory = self.records.directory_of(status.id);
            ended += 1;
            let told = ended <= MAX_TOLD && !directory.join(DISMISSED).exists();
            if !told && now_us() - ended_us > KEPT_US {
                self.forget(status.id);
            }
            told
        });
        Ok(all)
    }

    /// Asks a task to end; one that has ended is not listed any more.
    pub(crate) fn cancel(&self, spaces: &Spaces, id: Uuid) -> Outcome<()> {
        if let Some(progress) = self.running().get(&id).filter(|progress| !progress.has_ended()) {
            progress.cancel();
            return Ok(());
        }
        self.status(spaces, id)?;
        let dismissed = self.records.directory_of(id).join(DISMISSED);
        fs::write(dismissed, "").during(format_args!("file task {id}"))
    }

    pub(crate) fn found(&self, id: Uuid, from: u32, limit: u32) -> Outcome<Answer> {
        let running = self.running().get(&id).cloned();
        let found: Vec<Found> = match running {
            Some(progress) => progress.found(),
            None if !self.records.directory_of(id).is_dir() => return Err(none(id)),
            None => records::read(&self.records.directory_of(id), FOUND)
                .during(format_args!("file task {id}"))?
                .unwrap_or_default(),
        };
        let from = from as usize;
        let limit = (limit as usize).clamp(1, MAX_FOUND);
        let items: Vec<Found> = found.iter().skip(from).take(limit).cloned().collect();
        Ok(Answer::Found { more: found.len() > from + items.len(), items })
    }

    fn end(&self, record: &Record, progress: &Progress, result: Outcome<()>) {
        let status = progress.end(result);
        let found = progress.found();
        let kept = if found.is_empty() { Ok(()) } else { records::write(record.directory(), FOUND, &found) };
        if let Err(error) = kept.and_then(|()| record.settle(&status)) {
            eprintln!("quarterdeck-agent: file task {}: keeping its record: {error}", status.id);
            // Told from memory, lest it be taken for one that was interrupted.
            return;
        }
        self.running().remove(&status.id);
    }

    fn forget(&self, id: Uuid) {
        if let Err(error) = fs::remove_dir_all(self.records.directory_of(id)) {
            eprintln!("quarterdeck-agent: file task {id}: removing its record: {error}");
        }
    }

    fn running(&self) -> MutexGuard<'_, HashMap<Uuid, Arc<Progress>>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn perform(task: &FileTask, spaces: &Spaces, limits: Limits, progress: &Progress) -> Outcome<()> {
    match task {
        FileTask::Copy { from, into, name, taken } => copy::run(spaces, progress, from, into, name.as_ref(), *taken),
        FileTask::Remove { at } => remove::run(spaces, progress, at),
        FileTask::EmptyTrash { space, items } => remove::empty_trash(spaces, progress, space, items.as_deref()),
        FileTask::Archive { from, into, name, format, taken } => {
            archive::run(spaces, progress, from, into, name, *format, *taken)
        }
        FileTask::Extract { archive, into, name, taken } => {
            extract::run(spaces, progress, limits, archive, into, name.as_ref(), *taken)
        }
        FileTask::Checksum { at, algorithm } => checksum::run(spaces, progress, at, *algorithm),
        FileTask::Search { below, wanted } => search::run(spaces, progress, below, wanted),
    }
}

/// Cleans up after an agent that was killed while it was at this task.
fn interrupted(spaces: &Spaces, record: &Record, id: Uuid) -> Outcome<TaskStatus> {
    let what = format!("file task {id}");
    let task: Option<FileTask> = records::read(record.directory(), TASK).during(&what)?;
    let task = task.ok_or_else(|| none(id))?;
    making::remove_left(spaces, id, &task);
    let message = "the process that acts for you ended before this was done: begin it again";
    let status = Progress::new(id, &task).end(Err(AgentError::new(ErrorCode::Interrupted, message)));
    record.settle(&status).during(&what)?;
    Ok(status)
}

fn none(id: Uuid) -> AgentError {
    AgentError::new(ErrorCode::NotFound, format!("file task {id}: there is none"))
}

fn told(status: TaskStatus) -> Answer {
    Answer::Task { status: Box::new(status) }
}
