//! How far a task is, told while it goes on; and the wish that it end.

use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use quarterdeck_types::agent::{AgentError, ErrorCode};
use quarterdeck_types::file_task::{
    Amount, FileTask, Found, LeftOut, LeftOutWhy, MAX_TOLD, TaskResult, TaskState, TaskStatus,
};
use rustix::io::Errno;
use uuid::Uuid;

use crate::errors::Outcome;
use crate::supervisor::now_us;

/// Of a path that is told for display.
const MAX_SHOWN: usize = 300;

pub(crate) struct Progress {
    cancelled: Arc<AtomicBool>,
    status: Mutex<TaskStatus>,
    found: Mutex<Vec<Found>>,
}

impl Progress {
    pub(crate) fn new(id: Uuid, task: &FileTask) -> Progress {
        let (subject, count) = task.subject();
        let status = TaskStatus {
            id,
            kind: task.kind(),
            subject,
            count,
            state: TaskState::Running,
            started_us: now_us(),
            ended_us: None,
            bytes: Amount::default(),
            entries: Amount::default(),
            current: String::new(),
            results: Vec::new(),
            checksum: None,
            found: 0,
            more: false,
            left_out: Vec::new(),
            left_out_count: 0,
        };
        Progress { cancelled: Arc::default(), status: Mutex::new(status), found: Mutex::default() }
    }

    /// Of a look in front, which tells nobody and ends when the task is to.
    pub(crate) fn counting(of: &Progress) -> Progress {
        let status = Mutex::new(of.status());
        Progress { cancelled: Arc::clone(&of.cancelled), status, found: Mutex::default() }
    }

    pub(crate) fn id(&self) -> Uuid {
        self.change().id
    }

    pub(crate) fn status(&self) -> TaskStatus {
        self.change().clone()
    }

    pub(crate) fn has_ended(&self) -> bool {
        self.change().ended_us.is_some()
    }

    pub(crate) fn found(&self) -> Vec<Found> {
        self.found.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn cancel(&self) {
        self.cancelled.store(true, Ordering::Relaxed);
    }

    /// To be asked often: an error once somebody wishes that it end.
    pub(crate) fn check(&self) -> Outcome<()> {
        match self.cancelled.load(Ordering::Relaxed) {
            true => Err(AgentError::new(ErrorCode::Cancelled, "this was cancelled")),
            false => Ok(()),
        }
    }

    pub(crate) fn bytes(&self, more: u64) {
        self.change().bytes.done += more;
    }

    pub(crate) fn entry(&self, path: &[u8]) {
        let mut status = self.change();
        status.entries.done += 1;
        status.current = shown(path);
    }

    pub(crate) fn totals(&self, bytes: Option<u64>, entries: Option<u64>) {
        let mut status = self.change();
        (status.bytes.total, status.entries.total) = (bytes, entries);
    }

    pub(crate) fn made(&self, result: TaskResult) {
        let mut status = self.change();
        if status.results.len() < MAX_TOLD {
            status.results.push(result);
        }
    }

    pub(crate) fn checksum(&self, digits: String) {
        self.change().checksum = Some(digits);
    }

    /// How many were found by now.
    pub(crate) fn find(&self, found: Found) -> usize {
        let mut all = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        all.push(found);
        self.change().found = all.len() as u64;
        all.len()
    }

    pub(crate) fn more(&self) {
        self.change().more = true;
    }

    pub(crate) fn leave_out(&self, path: &[u8], why: LeftOutWhy) {
        let mut status = self.change();
        status.left_out_count += 1;
        if status.left_out.len() < MAX_TOLD {
            status.left_out.push(LeftOut { path: shown(path), why });
        }
    }

    pub(crate) fn leave_out_since(&self, path: &[u8], errno: Errno) {
        self.leave_out(path, why(errno));
    }

    pub(crate) fn end(&self, result: Outcome<()>) -> TaskStatus {
        let mut status = self.change();
        status.ended_us = Some(now_us().max(status.started_us));
        status.current.clear();
        status.state = match result {
            Ok(()) => TaskState::Done,
            Err(error) if error.code == ErrorCode::Cancelled => TaskState::Cancelled,
            Err(error) => TaskState::Failed { error },
        };
        status.clone()
    }

    fn change(&self) -> MutexGuard<'_, TaskStatus> {
        self.status.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn why(errno: Errno) -> LeftOutWhy {
    match errno {
        Errno::ACCESS | Errno::PERM => LeftOutWhy::PermissionDenied,
        Errno::NOENT | Errno::NOTDIR | Errno::LOOP | Errno::ISDIR => LeftOutWhy::Changed,
        Errno::XDEV => LeftOutWhy::OtherFileSystem,
        Errno::NXIO => LeftOutWhy::NotRegular,
        Errno::NAMETOOLONG | Errno::INVAL | Errno::ILSEQ => LeftOutWhy::BadName,
        _ => LeftOutWhy::NotRead,
    }
}

/// The end of a long path tells more than its beginning.
fn shown(path: &[u8]) -> String {
    let text = Path::new(std::ffi::OsStr::from_bytes(path)).to_string_lossy();
    let text: String = text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect();
    match text.char_indices().rev().nth(MAX_SHOWN - 1) {
        Some((at, _)) if at > 0 => format!("…{}", &text[at..]),
        _ => text,
    }
}
