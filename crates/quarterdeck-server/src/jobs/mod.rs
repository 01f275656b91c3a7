//! Submits, watches, lists and cancels jobs.

mod act;
pub(crate) mod api;
mod asked;
mod bench;
mod dependencies;
mod directory;
mod efficiency;
mod help;
mod idempotency;
mod image;
mod local;
mod news;
mod observe;
mod output;
mod parts;
#[cfg(test)]
mod parts_tests;
mod paths;
mod prepare;
mod recover;
mod request;
mod resubmit;
mod rows;
mod steps;
mod store;
mod submit;
pub(crate) mod sweep;
#[cfg(test)]
mod tests;
mod update;
mod why;

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex};

use chrono::{DateTime, TimeDelta, Utc};
use quarterdeck_slurm::host_list;
use quarterdeck_types::{JobId, JobState};
use sea_orm::DbErr;
use serde::{Deserialize, Serialize};
use thiserror::Error;
use uuid::Uuid;

use crate::access::Actor;
use crate::agents;
use crate::app::App;
use crate::audit::{Event, Outcome};
use crate::auth;
use crate::clusters::{Cluster, Scheduler};
use crate::db::{Transaction, to_us};
use crate::notifications;
use crate::problem::FieldError;
use rows::{read, row};

pub use act::{Action, Offer, act, act_on_many, offers};
pub use bench::Bench;
pub use dependencies::{Dependencies, Link, Standing, dependencies};
pub use directory::directory;
pub use efficiency::{
    Advice, Missing, Resource, Stage, Suggestion, Waste, Wasted, WastefulJob, advice, collect_usage, efficiency,
    own_waste, waste_of_all,
};
pub use help::{Help, help};
pub use local::{LocalQueue, watch_local};
pub use news::watch_time_limits;
pub use observe::{observe, watch_ended};
pub use output::{OUTPUT_ROUTE, Stream, output};
pub use recover::recover;
pub use request::{ImageChoice, NewJob, Resources};
pub use resubmit::{asked_for, resubmit};
pub use steps::steps;
pub use submit::{Preview, preview, submit};
pub use sweep::{Sweep, SweepRow, SweepTable, sweep};
pub use update::{JobUpdate, update};
pub use why::{Finding, why};

/// More jobs than ever run at the same time on nodes of like names.
const MOST_ON_NODES: u64 = 20_000;
/// Of one person, for a word on all of them.
const MOST_WAITING: u64 = 500;

/// Marks a template that nobody but the job's user knows of.
pub const OWN_TEMPLATE: char = '~';

#[derive(Debug, Error)]
pub enum Error {
    #[error("There is no such job.")]
    NotFound,
    #[error("The job is not valid.")]
    Invalid(Vec<FieldError>),
    #[error("This job is another user's: only its owner, a coordinator of its account or an operator may do this.")]
    NotYours,
    #[error("{cluster} does not accept this: {message}")]
    Refused { cluster: String, message: String },
    #[error("Whether {cluster} has the job cannot be told yet ({message}): look at the job before submitting again.")]
    Unknown { id: Uuid, cluster: String, message: String },
    #[error("This Idempotency-Key was used for another job: use a new key for a new job.")]
    KeyReused,
    #[error("The first request with this Idempotency-Key is still under way: ask again in a moment.")]
    KeyInFlight,
    #[error("The job's output path is not known, since it was not submitted through Quarterdeck.")]
    NoOutputPath,
    #[error("The job's output goes to /dev/null, which keeps nothing: name a file with --output next time.")]
    OutputNotKept,
    #[error("The job has written no output yet.")]
    NoOutputYet,
    #[error("Where the job works is not known yet: look again when it is over.")]
    NoWorkingDirectory,
    #[error(transparent)]
    Files(#[from] crate::files::Error),
    #[error("This job is no sweep.")]
    NoSweep,
    #[error("This job was not submitted through Quarterdeck, or by an earlier release: submit it as a new one.")]
    NotSubmittedHere,
    #[error("Only operators change a job's {what}.")]
    OperatorsOnly { what: &'static str },
    #[error("{scheduler} cannot do this with a job.")]
    Unsupported { scheduler: &'static str },
    #[error("A job that is {0} does not run: it hears no signal.")]
    NotRunning(JobState),
    #[error("A job that is {0} can no longer be changed.")]
    Over(JobState),
    #[error(transparent)]
    Agent(#[from] agents::Error),
    #[error(transparent)]
    Auth(#[from] auth::Error),
    #[error(transparent)]
    Db(#[from] DbErr),
}

/// A job as everybody may see it.
#[derive(Clone, Debug, PartialEq)]
pub struct Job {
    pub id: Uuid,
    pub cluster: String,
    /// `None` until the scheduler has given one.
    pub job_id: Option<JobId>,
    pub submitted_at: DateTime<Utc>,
    pub name: String,
    pub user: String,
    pub owner_id: Option<Uuid>,
    pub account: Option<String>,
    pub partition: Option<String>,
    pub qos: Option<String>,
    pub state: JobState,
    /// Slurm's word for why it waits or ended.
    pub reason: Option<String>,
    /// Why the submission was refused, or is not known.
    pub message: Option<String>,
    pub exit_code: Option<i32>,
    pub signal: Option<i32>,
    pub started_at: Option<DateTime<Utc>>,
    pub ended_at: Option<DateTime<Utc>>,
    /// `None`: unlimited.
    pub time_limit_minutes: Option<u32>,
    pub node_list: Option<String>,
    pub nodes: u32,
    pub cpus: u32,
    pub memory_mib: Option<u64>,
    pub gpus: u32,
    /// `id@version`, behind [`OWN_TEMPLATE`] where it is its user's own.
    pub template: Option<String>,
    /// Of the template's text as it was then, SHA-256.
    pub template_hash: Option<String>,
    pub image: Option<String>,
    pub working_directory: Option<String>,
    pub output_path: Option<String>,
    pub error_path: Option<String>,
    pub comment: Option<String>,
    /// For the owner's eyes. A part of an array or a heterogeneous job has its whole's.
    pub script: Option<String>,
    pub files: Vec<JobFile>,
    /// How many parts of an array or a heterogeneous job are in each state; in details, collapsed lists and live messages alone.
    pub parts: Vec<(JobState, u64)>,
    /// Of an array that was submitted here: its tasks as sbatch takes them.
    pub array: Option<String>,
    /// Of a sweep: above the directories of its tasks, absolute.
    pub rows_directory: Option<String>,
    /// Its own user asked the portal to cancel it.
    pub cancelled_by_user: bool,
}

impl Job {
    /// No task of an array and no component of a heterogeneous job.
    fn is_whole(&self) -> bool {
        self.job_id.as_ref().is_some_and(|id| id.whole().is_none())
    }
}

/// An uploaded file that a job was given.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct JobFile {
    pub name: String,
    pub kind: String,
    /// The environment variable that holds its path.
    pub variable: String,
}

/// What a list is filtered by; states are any of these.
#[derive(Default)]
pub struct Filter {
    pub user: Option<String>,
    pub states: Vec<JobState>,
    pub partition: Option<String>,
    pub account: Option<String>,
    pub text: Option<String>,
    pub since: Option<DateTime<Utc>>,
    /// Only the tasks or components of this job, by our id or the scheduler's.
    pub array: Option<String>,
    /// Arrays and heterogeneous jobs without their parts.
    pub collapse: bool,
}

/// Which page of a list.
pub struct Wanted<'a> {
    /// Behind this one, or the first.
    pub cursor: Option<&'a str>,
    pub ascending: bool,
    pub limit: u64,
    /// Count them all too.
    pub count: bool,
}

pub struct Page {
    pub items: Vec<Job>,
    pub next_cursor: Option<String>,
    pub total: Option<u64>,
}

/// What the feature keeps in memory.
#[derive(Default)]
pub struct Jobs {
    /// Submissions that a request of this process is working on; recovery leaves these alone.
    in_flight: Arc<Mutex<HashSet<Uuid>>>,
    observed: tokio::sync::Mutex<observe::Observed>,
    steps: steps::Kept,
    pub(crate) local: LocalQueue,
    measurements: efficiency::Measurements,
}

/// A page of the cluster's jobs that the actor may see, by the time of submission.
pub async fn list(
    app: &App,
    actor: &Actor,
    cluster: &Cluster,
    filter: Filter,
    wanted: Wanted<'_>,
) -> Result<Page, Error> {
    let Wanted { cursor, ascending, limit, count } = wanted;
    let parts = match &filter.array {
        Some(array) => store::Parts::Of(whole(app, actor, cluster, array).await?),
        None if filter.collapse => store::Parts::None,
        None => store::Parts::WithWholes,
    };
    let filter = store::Filter {
        user: filter.user,
        states: filter.states.iter().map(|state| state.as_str()).collect(),
        partition: filter.partition,
        account: filter.account,
        text: filter.text.filter(|text| !text.is_empty()),
        since_us: filter.since.map(to_us),
        node_list: None,
        parts,
        sight: Some(cluster.sight_of(actor)),
    };
    let after = cursor.map(read_cursor).transpose()?;
    let db = app.db.read();
    let rows = store::list(db, &cluster.name, &filter, after, ascending, limit).await?;
    let next_cursor = rows.last().filter(|_| rows.len() as u64 == limit).map(write_cursor);
    let total = if count { Some(store::count(db, &cluster.name, &filter).await?) } else { None };
    let mut items: Vec<Job> = rows.into_iter().filter_map(read).collect();
    if matches!(filter.parts, store::Parts::None) {
        parts::count(app, &cluster.name, &mut items).await?;
    }
    Ok(Page { items, next_cursor, total })
}

/// A part of an array or a heterogeneous job with its whole's script.
async fn with_script(app: &App, mut job: Job) -> Result<Job, DbErr> {
    if job.script.is_none() {
        job.script = whole_of(app, &job).await?.and_then(|whole| whole.script);
    }
    Ok(job)
}

/// The array or heterogeneous job that this is a part of.
async fn whole_of(app: &App, part: &Job) -> Result<Option<Job>, DbErr> {
    let Some(root) = part.job_id.as_ref().and_then(JobId::whole) else { return Ok(None) };
    let row = store::last_before(app.db.read(), &part.cluster, root, part.id).await?;
    Ok(row.and_then(read).filter(|whole| whole.user == part.user))
}

async fn whole(app: &App, actor: &Actor, cluster: &Cluster, job: &str) -> Result<store::Whole, Error> {
    let job = find_for(app, actor, cluster, job).await?;
    let number = job.job_id.ok_or(Error::NotFound)?;
    let next = store::next_of_number(app.db.read(), &cluster.name, number.as_str(), job.id).await?;
    Ok(store::Whole { root: number.to_string(), id: job.id, next })
}

/// How many jobs that the actor may see are in each state: all that are not over, and those submitted in the last
/// seven days.
pub async fn counts(
    app: &App,
    actor: &Actor,
    cluster: &Cluster,
    user: Option<&str>,
) -> Result<Vec<(JobState, u64)>, Error> {
    let since = app.clock.now() - TimeDelta::days(7);
    let filter = store::Filter {
        user: user.map(str::to_owned),
        since_us: Some(to_us(since)),
        sight: Some(cluster.sight_of(actor)),
        ..store::Filter::default()
    };
    let rows = store::count_by_state(app.db.read(), &cluster.name, &filter).await?;
    Ok(rows.into_iter().filter_map(|(state, n)| Some((JobState::parse(&state)?, n as u64))).collect())
}

/// What somebody's jobs wait for, all together.
pub struct WaitingJobs {
    pub jobs: usize,
    pub next_start_at: Option<DateTime<Utc>>,
    /// Of most of them.
    pub reason: Option<String>,
}

/// `None`: none of hers waits.
pub async fn waiting(app: &App, cluster: &Cluster, user: &str) -> Result<Option<WaitingJobs>, Error> {
    let filter = store::Filter {
        user: Some(user.to_owned()),
        states: vec![JobState::Pending.as_str()],
        ..store::Filter::default()
    };
    let rows = store::list(app.db.read(), &cluster.name, &filter, None, false, MOST_WAITING).await?;
    let line = cluster.view().line;
    let mut reasons: HashMap<String, usize> = HashMap::new();
    let mut next_start_at = None;
    let jobs: Vec<Job> = rows.into_iter().filter_map(read).collect();
    for job in &jobs {
        let expected = job.job_id.as_ref().and_then(|job_id| line.find(job_id)?.expected_start_at);
        next_start_at = [next_start_at, expected].into_iter().flatten().min();
        if let Some(reason) = &job.reason {
            *reasons.entry(reason.clone()).or_default() += 1;
        }
    }
    let reason = reasons.into_iter().max_by(|one, other| one.1.cmp(&other.1).then(other.0.cmp(&one.0)));
    let waiting = WaitingJobs { jobs: jobs.len(), next_start_at, reason: reason.map(|(reason, _)| reason) };
    Ok((waiting.jobs > 0).then_some(waiting))
}

/// One job that the actor may see, by our id or by the scheduler's. Others are as if they were not there.
pub async fn find_for(app: &App, actor: &Actor, cluster: &Cluster, job: &str) -> Result<Job, Error> {
    let job = find(app, cluster, job).await?;
    if !cluster.sight_of(actor).covers(&job.user, job.account.as_deref()) {
        return Err(Error::NotFound);
    }
    Ok(job)
}

/// The same, looked at closely: that an operator reads what Slurm shows to its owner and coordinators alone is
/// recorded.
pub async fn detail(app: &App, actor: &Actor, cluster: &Cluster, job: &str) -> Result<Job, Error> {
    let job = with_script(app, find_for(app, actor, cluster, job).await?).await?;
    if !cluster.own_sight_of(actor).covers(&job.user, job.account.as_deref()) {
        let object = job.id.to_string();
        let event = Event::new("job.read", &object).job(job.job_id.as_ref().map(ToString::to_string));
        app.audit.note(actor, Outcome::Done, event).await?;
    }
    let mut one = [job];
    parts::count(app, &cluster.name, &mut one).await?;
    let [job] = one;
    Ok(job)
}

/// The same for those who may see all.
async fn find(app: &App, cluster: &Cluster, job: &str) -> Result<Job, Error> {
    let db = app.db.read();
    let row = match Uuid::parse_str(job) {
        Ok(id) => store::by_id(db, &cluster.name, id).await?,
        Err(_) => match JobId::parse(job) {
            Ok(job_id) => store::by_job_id(db, &cluster.name, job_id.as_str()).await?,
            Err(_) => None,
        },
    };
    row.and_then(read).ok_or(Error::NotFound)
}

/// The most recent jobs that the actor may see, for a client that begins to watch.
pub async fn recent(app: &App, actor: &Actor, cluster: &Cluster, limit: u64) -> Result<Vec<Job>, Error> {
    let filter = store::Filter { sight: Some(cluster.sight_of(actor)), ..store::Filter::default() };
    let rows = store::list(app.db.read(), &cluster.name, &filter, None, false, limit).await?;
    Ok(rows.into_iter().filter_map(read).collect())
}

/// The jobs that run on a node, of those that the actor may see.
pub async fn on_node(app: &App, actor: &Actor, cluster: &Cluster, node: &str) -> Result<Vec<Job>, Error> {
    let on_nodes = [JobState::Configuring, JobState::Running, JobState::Suspended, JobState::Completing];
    let filter = store::Filter {
        states: on_nodes.map(JobState::as_str).to_vec(),
        sight: Some(cluster.sight_of(actor)),
        // A list of hosts is written `c[1-3]`: without its number a name is part of it, whatever the range.
        node_list: Some(node.trim_end_matches(|c: char| c.is_ascii_digit()).to_owned()),
        ..store::Filter::default()
    };
    let rows = store::list(app.db.read(), &cluster.name, &filter, None, false, MOST_ON_NODES).await?;
    let jobs = rows.into_iter().filter_map(read);
    // An array's own row names no node.
    Ok(jobs.filter(|job| job.node_list.as_deref().is_some_and(|list| host_list::contains(list, node))).collect())
}

/// May this person see the job's script and output? Its owner may; the kernel decides about the files besides.
pub fn is_mine(actor: &Actor, job: &Job) -> bool {
    actor.unix_user.as_deref() == Some(&job.user)
}

/// What was just done is to be seen at once.
fn look_soon(app: &App, cluster: &Cluster) {
    match cluster.scheduler {
        Scheduler::Slurm(_) => app.clusters.look_soon(),
        Scheduler::Local => app.jobs.local.look(),
    }
}

/// Writes a changed job and tells who watches.
async fn save_and_publish(app: &App, job: Job) -> Result<(), DbErr> {
    let tx = app.db.begin().await?;
    if let Some(old) = store::by_id_to_change(&tx, &job.cluster, job.id).await? {
        save_within(app, tx, old, job, Vec::new()).await?;
    }
    Ok(())
}

/// Writes how a submission ended, and answers the job as it stands then: where the queue told of it in the meantime,
/// that is newer and stays. `tasks`: of an array whose tasks no queue will tell of.
async fn save_submission(app: &App, job: Job, tasks: Vec<Job>) -> Result<Job, DbErr> {
    let tx = app.db.begin().await?;
    let Some(old) = store::by_id_to_change(&tx, &job.cluster, job.id).await? else { return Ok(job) };
    if old.state != JobState::Submitting.as_str() {
        return Ok(read(old).unwrap_or(job));
    }
    if let Some(job_id) = &job.job_id {
        store::delete_strays(&tx, &job.cluster, job_id.as_str()).await?;
    }
    save_within(app, tx, old, job.clone(), tasks).await?;
    Ok(job)
}

async fn save_within(app: &App, tx: Transaction, old: store::Model, job: Job, tasks: Vec<Job>) -> Result<(), DbErr> {
    let now = app.clock.now();
    let before = read(old.clone());
    let news = news::happened(before.as_ref(), &job, now);
    store::save(&tx, rows::update(old, &job, to_us(now))).await?;
    store::insert_all(&tx, tasks.iter().map(|task| row(task, None, None, to_us(now)))).await?;
    let told = notifications::tell(&tx, app, &news).await?;
    tx.commit().await?;
    told.publish(app);
    app.live.jobs_changed(&job.cluster.clone(), [vec![job], tasks].concat());
    Ok(())
}

fn write_cursor(row: &store::Model) -> String {
    format!("{}.{}", row.submitted_us, row.id)
}

fn read_cursor(text: &str) -> Result<store::After, Error> {
    let parse = || {
        let (time, id) = text.split_once('.')?;
        Some(store::After { submitted_us: time.parse().ok()?, id: Uuid::parse_str(id).ok()? })
    };
    let wrong = || Error::Invalid(vec![FieldError::new("/cursor", "bad-cursor", "This cursor is not one of ours.")]);
    parse().ok_or_else(wrong)
}
