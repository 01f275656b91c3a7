//! Brings the catalogue up to date with the directories: at start, and when somebody asks. One scan at a time; what
//! is asked for while one runs begins when it ends, so that it sees what was put there before it was asked for.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard};
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use serde_json::json;
use uuid::Uuid;

use crate::access::Actor;
use crate::app::App;
use crate::audit::{Event, Outcome};
use crate::clock::Clock;
use crate::config::LOCAL_CLUSTER;
use crate::db::{Db, to_us};
use crate::images::read::{self, Reading};
use crate::images::visit::{self, Host, Need, Source, Visit};
use crate::images::{Error, walk};

/// Scans that are remembered, the running one among them.
const REMEMBERED: usize = 20;
/// Errors that are remembered of one scan; all are counted, and all are in the log.
const MAX_ERRORS: usize = 200;
/// How often those who watch are told of a scan's progress.
const TELL_EVERY: Duration = Duration::from_millis(250);

/// The scans of this process.
#[derive(Default)]
pub struct Images {
    /// The newest last.
    scans: Mutex<VecDeque<Scan>>,
    /// When those who watch were last told.
    told: Mutex<Option<Instant>>,
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
    /// The catalogue could not be written; the reason is for people.
    Failed(String),
}

#[derive(Clone, Debug, Default)]
pub struct HostProgress {
    pub host: String,
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

/// Starts a scan, or answers the one that waits already.
pub async fn scan(app: &App, actor: &Actor) -> Result<Uuid, Error> {
    let id = begin(app);
    let detail = json!({ "directories": app.config.images.directories });
    app.audit.note(actor, Outcome::Done, Event::new("image.scan", &id.to_string()).with(detail)).await?;
    Ok(id)
}

/// Starts a scan in the background, on the runtime that this is awaited on.
pub async fn scan_at_start(app: &App) {
    begin(app);
}

impl Images {
    /// How far a scan is, or how it ended.
    pub fn progress(&self, id: Uuid) -> Result<Scan, Error> {
        self.scans().iter().find(|scan| scan.id == id).cloned().ok_or(Error::NoSuchScan)
    }

    /// The scan that answers the wish for one, and whether it is to be run now.
    fn ask(&self, now: DateTime<Utc>) -> (Uuid, bool) {
        let mut scans = self.scans();
        if let Some(waiting) = scans.iter().find(|scan| scan.state == ScanState::Queued) {
            return (waiting.id, false);
        }
        let is_free = !scans.iter().any(|scan| scan.state == ScanState::Running);
        let state = if is_free { ScanState::Running } else { ScanState::Queued };
        let scan = Scan { id: Uuid::now_v7(), state, asked_at: now, finished_at: None, hosts: Vec::new() };
        let id = scan.id;
        scans.push_back(scan);
        while scans.len() > REMEMBERED {
            scans.pop_front();
        }
        (id, is_free)
    }

    /// Ends a scan; answers the one that is to be run next.
    fn end(&self, id: Uuid, state: ScanState, now: DateTime<Utc>) -> Option<Uuid> {
        let mut scans = self.scans();
        if let Some(scan) = scans.iter_mut().find(|scan| scan.id == id) {
            scan.state = state;
            scan.finished_at = Some(now);
        }
        let next = scans.iter_mut().find(|scan| scan.state == ScanState::Queued)?;
        next.state = ScanState::Running;
        Some(next.id)
    }

    fn update(&self, id: Uuid, host: &str, change: impl FnOnce(&mut HostProgress)) {
        let mut scans = self.scans();
        let Some(scan) = scans.iter_mut().find(|scan| scan.id == id) else { return };
        let index = scan.hosts.iter().position(|progress| progress.host == host).unwrap_or_else(|| {
            scan.hosts.push(HostProgress { host: host.to_owned(), ..HostProgress::default() });
            scan.hosts.len() - 1
        });
        change(&mut scan.hosts[index]);
    }

    /// Those that are not over, and the last that is.
    pub fn latest(&self) -> Vec<Scan> {
        let scans = self.scans();
        let is_over = |scan: &&Scan| matches!(scan.state, ScanState::Finished | ScanState::Failed(_));
        let last = scans.iter().rev().find(is_over).map(|scan| scan.id);
        scans.iter().filter(|scan| !is_over(scan) || Some(scan.id) == last).cloned().collect()
    }

    /// Whether those who watch are to be told of progress now: not of each file.
    fn is_time(&self) -> bool {
        let mut told = self.told.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        let is_time = told.is_none_or(|told| told.elapsed() >= TELL_EVERY);
        if is_time {
            *told = Some(Instant::now());
        }
        is_time
    }

    fn scans(&self) -> MutexGuard<'_, VecDeque<Scan>> {
        self.scans.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

impl HostProgress {
    fn add_error(&mut self, error: ScanError) {
        tracing::warn!(path = error.path, "image with a problem: {}", error.message);
        self.errors_total += 1;
        if self.errors.len() < MAX_ERRORS {
            self.errors.push(error);
        }
    }
}

fn begin(app: &App) -> Uuid {
    let (id, is_first) = app.images.ask(app.clock.now());
    tell(app, id);
    if is_first {
        app.spawn(work_off(app.clone(), id));
    }
    id
}

/// One scan after the other, until none was asked for meanwhile.
async fn work_off(app: App, first: Uuid) {
    let mut next = Some(first);
    while let Some(id) = next {
        let state = match scan_this_host(&app, id).await {
            Ok(()) => ScanState::Finished,
            Err(error) => {
                tracing::error!("the scan for images failed: {error}");
                ScanState::Failed(error.to_string())
            }
        };
        next = app.images.end(id, state, app.clock.now());
        tell(&app, id);
        if let Some(next) = next {
            tell(&app, next);
        }
    }
}

/// Says how far a scan is to those who watch.
fn tell(app: &App, id: Uuid) {
    if let Ok(scan) = app.images.progress(id) {
        app.live.scan_changed(scan);
    }
}

async fn scan_this_host(app: &App, id: Uuid) -> Result<(), Error> {
    let host = Host { source: Source::Server, cluster: cluster_of_this_host(app), node: host_name() };
    let (name, progress_of) = (host.node.clone(), app.clone());
    let progress = move |change: Change| {
        progress_of.images.update(id, &name, change);
        if progress_of.images.is_time() {
            tell(&progress_of, id);
        }
    };
    bring_up_to_date(&app.db, &app.clock, &app.config.images.directories, host, progress).await
}

pub(super) type Change = Box<dyn FnOnce(&mut HostProgress) + Send>;

pub(super) async fn bring_up_to_date(
    db: &Db,
    clock: &Clock,
    directories: &[PathBuf],
    host: Host,
    progress: impl Fn(Change) + Clone + Send + 'static,
) -> Result<(), Error> {
    progress(Box::new(|_| ()));
    let (directories, seen) = (directories.to_vec(), progress.clone());
    let walking = move || walk::walk(&directories, || seen(Box::new(|host| host.files_seen += 1)));
    let mut walked = tokio::task::spawn_blocking(walking).await.map_err(anyhow::Error::from)?;
    for error in std::mem::take(&mut walked.errors) {
        progress(Box::new(|host| host.add_error(error)));
    }

    let mut visit = Visit::begin(db, host.clone(), to_us(clock.now())).await?;
    for candidate in std::mem::take(&mut walked.candidates) {
        if visit.meet(&candidate) == Need::Nothing {
            progress(Box::new(|host| host.images_unchanged += 1));
            continue;
        }
        let path = candidate.path.clone();
        let reading = match tokio::task::spawn_blocking(move || read::read(&path)).await {
            Ok(Reading::NoImage) => Reading::NoImage,
            Ok(reading) => {
                progress(Box::new(|host| host.images_read += 1));
                reading
            }
            // A file that the reader stumbles over is that file's trouble alone.
            Err(panic) => Reading::Unreadable(format!("reading it failed: {panic}")),
        };
        let path = candidate.path.clone();
        if let Some(message) = visit.take(candidate, reading).await? {
            progress(Box::new(|host| host.add_error(ScanError { path, message })));
        }
    }
    let outcome = visit.end(|path| walked.may_be_there(path)).await?;
    visit::leave_other_clusters(db, &host, to_us(clock.now())).await?;
    progress(Box::new(move |host| {
        host.images_removed = outcome.removed;
        host.images_stale = outcome.stale;
    }));
    Ok(())
}

/// The directories are the portal host's own; with Slurm its nodes are taken to see the same.
fn cluster_of_this_host(app: &App) -> String {
    let name = if app.config.offers_slurm(app.mode) { &app.config.slurm.name } else { LOCAL_CLUSTER };
    name.to_owned()
}

fn host_name() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests;
