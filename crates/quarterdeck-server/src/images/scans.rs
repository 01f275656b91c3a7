//! The scans of this process: which one runs, which wait, how far they are, and which are to end.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard};
use std::time::{Duration, Instant};

use anyhow::Context;
use chrono::{DateTime, Utc};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::config;
use crate::images::own::Turns;
use crate::images::whole::Reading;
use crate::images::{Error, SigningKeys};

/// Scans that are remembered, the running one among them.
const REMEMBERED: usize = 20;
/// Scans that wait. More wishes than these are for the same few nodes.
const MAX_WAITING: usize = 8;
/// Errors that are remembered of one host; all are counted, and all are in the log.
const MAX_ERRORS: usize = 200;
/// Errors that are remembered of one scan.
const MAX_ERRORS_OF_ALL: usize = 2000;
/// How often those who watch are told of a scan's progress.
const TELL_EVERY: Duration = Duration::from_millis(250);
/// The same where there is more to tell.
const TELL_EVERY_OF_MANY: Duration = Duration::from_secs(1);
const MANY_HOSTS: usize = 50;

/// What is to be looked at. Nothing named: everything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wish {
    pub nodes: Option<Vec<String>>,
    pub paths: Option<Vec<PathBuf>>,
}

impl Wish {
    /// Whether this host is to be looked at.
    pub(super) fn names(&self, host: &str) -> bool {
        self.nodes.as_ref().is_none_or(|nodes| nodes.iter().any(|node| node == host))
    }
}

/// The scans of this process, and the keys with which it checks what they find.
#[derive(Default)]
pub struct Images {
    pub(super) signing: Option<SigningKeys>,
    pub(super) checking: Reading,
    pub(super) digesting: Reading,
    pub(super) own: Turns,
    /// The newest last.
    scans: Mutex<VecDeque<Kept>>,
    /// When those who watch were last told.
    told: Mutex<Option<Instant>>,
}

struct Kept {
    scan: Scan,
    /// Errors that are remembered, of all hosts together.
    errors: usize,
    wish: Wish,
    end: CancellationToken,
}

/// How far a scan is.
#[derive(Clone, Debug)]
pub struct Scan {
    pub id: Uuid,
    pub state: ScanState,
    pub asked_at: DateTime<Utc>,
    pub finished_at: Option<DateTime<Utc>>,
    pub hosts: Vec<HostProgress>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ScanState {
    /// Waits for the running one to end.
    Queued,
    Running,
    Finished,
    /// Somebody ended it. What it had not looked at is as it was known.
    Cancelled,
    /// The catalogue could not be written; the reason is for people.
    Failed(String),
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum HostState {
    #[default]
    Waiting,
    Running,
    Finished,
    /// See [`HostProgress::error`].
    Failed,
}

#[derive(Clone, Debug, Default)]
pub struct HostProgress {
    pub host: String,
    pub state: HostState,
    /// Why the host could not be looked at, or not to the end.
    pub error: Option<String>,
    /// Files looked at, whatever their names.
    pub files_seen: u64,
    /// Images that were read, since they are new or have changed.
    pub images_read: u64,
    /// Images that are as they were.
    pub images_unchanged: u64,
    /// Images that are no longer there, or have become others.
    pub images_removed: u64,
    /// Known images that nobody could look at.
    pub images_stale: u64,
    pub errors_total: u64,
    /// The first of them.
    pub errors: Vec<ScanError>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScanError {
    pub path: String,
    pub message: String,
}

/// A scan that is to be run now.
pub(super) struct Begun {
    pub(super) id: Uuid,
    pub(super) wish: Wish,
    /// Rings when somebody ends it.
    pub(super) end: CancellationToken,
}

impl Images {
    /// # Errors
    /// A file of the site's signing keys has none.
    pub fn new(config: &config::Images) -> anyhow::Result<Images> {
        let signing = if config.signing_keys.is_empty() {
            None
        } else {
            Some(SigningKeys::load(&config.signing_keys).context("images.signing_keys")?)
        };
        Ok(Images { signing, ..Images::default() })
    }

    /// Tells the site's signing keys from others.
    pub(super) fn keys_id(&self) -> Option<&str> {
        self.signing.as_ref().map(|signing| signing.id.as_str())
    }

    /// How far a scan is, or how it ended.
    pub fn progress(&self, id: Uuid) -> Result<Scan, Error> {
        self.scans().iter().find(|kept| kept.scan.id == id).map(|kept| kept.scan.clone()).ok_or(Error::NoSuchScan)
    }

    /// The scan that answers the wish, and what is to be run now.
    pub(super) fn ask(&self, wish: Wish, now: DateTime<Utc>) -> (Uuid, Option<Begun>) {
        let mut scans = self.scans();
        let waiting = || scans.iter().filter(|kept| kept.scan.state == ScanState::Queued);
        // One that waits and looks at everything answers every wish.
        if let Some(kept) = waiting().find(|kept| kept.wish == wish || kept.wish == Wish::default()) {
            return (kept.scan.id, None);
        }
        let wish = if waiting().count() < MAX_WAITING { wish } else { Wish::default() };
        let is_free = !scans.iter().any(|kept| kept.scan.state == ScanState::Running);
        let state = if is_free { ScanState::Running } else { ScanState::Queued };
        let scan = Scan { id: Uuid::now_v7(), state, asked_at: now, finished_at: None, hosts: Vec::new() };
        let id = scan.id;
        let kept = Kept { scan, errors: 0, wish, end: CancellationToken::new() };
        let begun = is_free.then(|| kept.begun());
        scans.push_back(kept);
        while scans.len() > REMEMBERED {
            scans.pop_front();
        }
        (id, begun)
    }

    /// Ends a scan; answers the one that is to be run next.
    pub(super) fn end(&self, id: Uuid, state: ScanState, now: DateTime<Utc>) -> Option<Begun> {
        let mut scans = self.scans();
        if let Some(kept) = scans.iter_mut().find(|kept| kept.scan.id == id) {
            kept.scan.state = state;
            kept.scan.finished_at = Some(now);
        }
        let next = scans.iter_mut().find(|kept| kept.scan.state == ScanState::Queued)?;
        next.scan.state = ScanState::Running;
        Some(next.begun())
    }

    /// Has a scan end before it is done; answers whether there was something to end.
    pub(super) fn cancel(&self, id: Uuid, now: DateTime<Utc>) -> Result<bool, Error> {
        let mut scans = self.scans();
        let kept = scans.iter_mut().find(|kept| kept.scan.id == id).ok_or(Error::NoSuchScan)?;
        match kept.scan.state {
            ScanState::Queued => {
                kept.scan.state = ScanState::Cancelled;
                kept.scan.finished_at = Some(now);
                Ok(true)
            }
            ScanState::Running => {
                kept.end.cancel();
                Ok(true)
            }
            ScanState::Finished | ScanState::Cancelled | ScanState::Failed(_) => Ok(false),
        }
    }

    /// The hosts that a running scan is about to look at, in the order in which they are told.
    pub(super) fn announce(&self, id: Uuid, hosts: &[String]) {
        self.change(id, |kept| {
            let waiting = |host: &String| HostProgress { host: host.clone(), ..HostProgress::default() };
            kept.scan.hosts.extend(hosts.iter().map(waiting));
        });
    }

    /// `host` counts from 0, as they were announced.
    pub(super) fn update(&self, id: Uuid, host: usize, change: impl FnOnce(&mut HostProgress)) {
        self.change(id, |kept| {
            if let Some(host) = kept.scan.hosts.get_mut(host) {
                let before = host.errors.len();
                change(host);
                // Each host has one of its own all the same.
                if kept.errors >= MAX_ERRORS_OF_ALL {
                    host.errors.truncate(before.max(1));
                }
                kept.errors += host.errors.len() - before;
            }
        });
    }

    fn change(&self, id: Uuid, change: impl FnOnce(&mut Kept)) {
        let mut scans = self.scans();
        // Of one that is over nothing is heard any more.
        let running = scans.iter_mut().find(|kept| kept.scan.id == id && kept.scan.state == ScanState::Running);
        if let Some(kept) = running {
            change(kept);
        }
    }

    /// Those that are not over, and the last that is.
    pub fn latest(&self) -> Vec<Scan> {
        let scans = self.scans();
        let is_over = |kept: &&Kept| !matches!(kept.scan.state, ScanState::Queued | ScanState::Running);
        let last = scans.iter().rev().find(is_over).map(|kept| kept.scan.id);
        let told = scans.iter().filter(|kept| !is_over(kept) || Some(kept.scan.id) == last);
        told.map(|kept| kept.scan.clone()).collect()
    }

    /// The last that is over.
    pub(super) fn last_over(&self) -> Option<Scan> {
        self.latest().into_iter().find(|scan| !matches!(scan.state, ScanState::Queued | ScanState::Running))
    }

    /// Whether those who watch are to be told of progress now: not of each file.
    pub(super) fn is_time(&self, id: Uuid) -> bool {
        let hosts = self.scans().iter().find(|kept| kept.scan.id == id).map_or(0, |kept| kept.scan.hosts.len());
        let every = if hosts < MANY_HOSTS { TELL_EVERY } else { TELL_EVERY_OF_MANY };
        let mut told = self.told.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        let is_time = told.is_none_or(|told| told.elapsed() >= every);
        if is_time {
            *told = Some(Instant::now());
        }
        is_time
    }

    fn scans(&self) -> MutexGuard<'_, VecDeque<Kept>> {
        self.scans.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

impl Kept {
    fn begun(&self) -> Begun {
        Begun { id: self.scan.id, wish: self.wish.clone(), end: self.end.clone() }
    }
}

impl HostProgress {
    pub(super) fn add_error(&mut self, error: ScanError) {
        tracing::warn!(host = self.host, path = ?error.path, "image with a problem: {}", error.message);
        self.errors_total += 1;
        if self.errors.len() < MAX_ERRORS {
            self.errors.push(error);
        }
    }

    pub(super) fn fail(&mut self, why: String) {
        tracing::warn!(host = self.host, "images could not be looked at: {why}");
        self.state = HostState::Failed;
        self.error = Some(why);
    }
}

#[cfg(test)]
mod tests;
