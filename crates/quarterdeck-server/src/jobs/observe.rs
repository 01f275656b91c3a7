//! Compares what the scheduler says with what is known, writes what changed and tells who watches.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, TimeDelta, Utc};
use quarterdeck_slurm as slurm;
use quarterdeck_types::{JobId, JobState};
use sea_orm::{ConnectionTrait, DbErr};
use uuid::Uuid;

use super::news::happened;
use super::rows::update;
use super::{Job, dependencies, parts, paths, read, row, store, sweep};
use crate::app::App;
use crate::db::to_us;
use crate::notifications;

/// Statements carry a parameter for each id.
const AT_ONCE: usize = 400;
/// The beginning of the comment that our submissions carry.
const COMMENT: &str = "qd:";

/// Accounting may answer this often without an exit code: at each reading at first, then ever more seldom, for a quarter
/// of an hour in all. One that was away learns of jobs late (24.11: some ten seconds after its return).
const TRIES: u8 = 20;
const TRIES_AT_ONCE: u8 = 10;

#[derive(Default)]
pub(super) struct Observed {
    /// The last reading, so that a job that did not change costs nothing.
    last: HashMap<(String, DateTime<Utc>), slurm::Job>,
    /// Jobs that are over and whose exit code only accounting tells.
    without_exit_code: HashMap<JobId, Asked>,
}

/// How often accounting did not tell, and when it is to be asked again.
#[derive(Default)]
struct Asked {
    times: u8,
    due: DateTime<Utc>,
}

impl Asked {
    fn in_vain(&mut self, now: DateTime<Utc>) {
        self.times += 1;
        let pause = self.times.checked_sub(TRIES_AT_ONCE).map_or(0, |late| 1 << late.min(TRIES - TRIES_AT_ONCE));
        self.due = now + TimeDelta::seconds(pause);
    }
}

/// Takes in a whole reading of the queue. Answers the jobs that are not over as far as we know but are not in the
/// queue any more: accounting must say how they ended.
pub async fn observe(app: &App, cluster: &str, queue: Vec<slurm::Job>) -> Result<Vec<JobId>, DbErr> {
    let queue = with_array_parents(queue);
    let mut observed = app.jobs.observed.lock().await;
    let mut now_seen = HashMap::with_capacity(queue.len());
    let mut changed = Vec::new();
    let mut present = HashSet::with_capacity(queue.len());
    for job in queue {
        present.insert(job.job_id.as_str().to_owned());
        let key = (job.job_id.as_str().to_owned(), job.submitted_at);
        if observed.last.get(&key) != Some(&job) {
            if job.state.is_final() && job.exit_code.is_none() {
                observed.without_exit_code.insert(job.job_id.clone(), Asked::default());
            }
            changed.push(job.clone());
        }
        now_seen.insert(key, job);
    }
    take_in(app, cluster, changed).await?;
    observed.last = now_seen;
    let now = app.clock.now();
    let due = observed.without_exit_code.iter().filter(|(_, asked)| asked.due <= now);
    let ended: Vec<JobId> = due.map(|(job_id, _)| job_id.clone()).collect();
    drop(observed);
    let open = store::numbers_in_states(app.db.read(), cluster, &open_states()).await?;
    let left = open.into_iter().filter(|id| !present.contains(id)).filter_map(|id| JobId::parse(&id).ok());
    Ok(left.chain(ended).collect())
}

/// Takes in what accounting answered about these jobs, which left the queue or ended. An array's tasks make up its own
/// row.
pub async fn watch_ended(app: &App, cluster: &str, asked: &[JobId], answered: Vec<slurm::Job>) -> Result<(), DbErr> {
    let mut observed = app.jobs.observed.lock().await;
    for job_id in asked {
        if let Some(asked) = observed.without_exit_code.get_mut(job_id) {
            asked.in_vain(app.clock.now());
        }
    }
    for job in answered.iter().filter(|job| job.exit_code.is_some()) {
        observed.without_exit_code.remove(&job.job_id);
    }
    observed.without_exit_code.retain(|_, asked| asked.times < TRIES);
    let mut ended = with_array_parents(answered);
    // Accounting may have taken its time: what the queue has again by now (a requeue) is as the queue says.
    let open: HashSet<&JobId> =
        observed.last.values().filter(|job| !job.state.is_final()).map(|job| &job.job_id).collect();
    ended.retain(|job| !open.contains(&job.job_id));
    // The lock is held, so that no newer reading of the queue comes in between.
    take_in(app, cluster, ended).await
}

/// Our own id in a job's comment.
pub(super) fn our_id(comment: Option<&str>) -> Option<Uuid> {
    let text = comment?.strip_prefix(COMMENT)?;
    Uuid::parse_str(text.get(..36)?).ok()
}

async fn take_in(app: &App, cluster: &str, jobs: Vec<slurm::Job>) -> Result<(), DbErr> {
    for some in jobs.chunks(AT_ONCE) {
        let (mut published, mut waiting, mut news) = (Vec::new(), Vec::new(), Vec::new());
        let tx = app.db.begin().await?;
        let mut known = Known::read(&tx, cluster, some).await?;
        let now = app.clock.now();
        let now_us = to_us(now);
        for seen in some {
            let parent = known.parent(seen).cloned().and_then(read);
            let id = match known.position(seen) {
                Some(at) => {
                    let Some(before) = read(known.rows[at].clone()) else { continue };
                    let after = merged(before.clone(), seen, parent.as_ref());
                    let id = after.id;
                    if before != after {
                        known.change(at, update(known.rows[at].clone(), &after, now_us));
                        news.extend(happened(Some(&before), &after, now));
                        published.push(after);
                    }
                    id
                }
                None => {
                    let job = merged(new_job(cluster, seen, parent.as_ref()), seen, parent.as_ref());
                    let id = job.id;
                    known.add(row(&job, None, None, now_us));
                    news.extend(happened(None, &job, now));
                    published.push(job);
                    id
                }
            };
            if let Some(text) = &seen.dependency {
                waiting.push((id, text.as_str()));
            }
        }
        known.write(&tx).await?;
        dependencies::keep(&tx, cluster, &waiting).await?;
        let told = notifications::tell(&tx, app, &news).await?;
        tx.commit().await?;
        told.publish(app);
        if !published.is_empty() {
            parts::publish(app, cluster, &known.rows, published).await?;
        }
    }
    Ok(())
}

/// The rows that some jobs of a reading may be, and those that they make. A queue has thousands: rows are found by an
/// index and written together.
#[derive(Default)]
struct Known {
    rows: Vec<store::Model>,
    /// So many are in the database; the others are to be added.
    stored: usize,
    /// Of those that are in the database.
    changed: HashSet<usize>,
    by_number: HashMap<String, Vec<usize>>,
    by_id: HashMap<Uuid, usize>,
}

impl Known {
    /// Finds them by number, by the number of their array, and by our id in the comment.
    async fn read(db: &impl ConnectionTrait, cluster: &str, jobs: &[slurm::Job]) -> Result<Known, DbErr> {
        let mut numbers: Vec<&str> = jobs.iter().flat_map(|job| [job.job_id.as_str(), job.job_id.root()]).collect();
        numbers.sort_unstable();
        numbers.dedup();
        let mut ids: Vec<Uuid> = jobs.iter().filter_map(|job| our_id(job.comment.as_deref())).collect();
        ids.sort_unstable();
        ids.dedup();
        let mut known = Known::default();
        for row in store::by_job_ids(db, cluster, &numbers).await? {
            known.add(row);
        }
        for row in store::by_ids(db, cluster, &ids).await? {
            if !known.by_id.contains_key(&row.id) {
                known.add(row);
            }
        }
        known.stored = known.rows.len();
        Ok(known)
    }

    fn position(&self, seen: &slurm::Job) -> Option<usize> {
        let by_id = our_id(seen.comment.as_deref()).and_then(|id| self.by_id.get(&id));
        let candidates = self.of_number(seen.job_id.as_str()).iter().chain(by_id);
        candidates.copied().find(|at| is_same(&self.rows[*at], seen))
    }

    /// The array or heterogeneous job that this is a part of: the newest of that number, since Slurm's ids wrap.
    fn parent(&self, seen: &slurm::Job) -> Option<&store::Model> {
        let root = seen.job_id.whole()?;
        let rows = self.of_number(root).iter().map(|at| &self.rows[*at]);
        rows.filter(|row| row.user == seen.user).max_by_key(|row| row.id)
    }

    fn of_number(&self, number: &str) -> &[usize] {
        self.by_number.get(number).map_or(&[], Vec::as_slice)
    }

    fn add(&mut self, row: store::Model) {
        let at = self.rows.len();
        if let Some(number) = &row.job_id {
            self.by_number.entry(number.clone()).or_default().push(at);
        }
        self.by_id.insert(row.id, at);
        self.rows.push(row);
    }

    fn change(&mut self, at: usize, row: store::Model) {
        let number = row.job_id.as_deref().unwrap_or_default();
        if self.rows[at].job_id.as_deref() != Some(number) {
            self.by_number.entry(number.to_owned()).or_default().push(at);
        }
        if at < self.stored {
            self.changed.insert(at);
        }
        self.rows[at] = row;
    }

    async fn write(&self, db: &impl ConnectionTrait) -> Result<(), DbErr> {
        for at in &self.changed {
            store::save(db, self.rows[*at].clone()).await?;
        }
        store::insert_all(db, self.rows[self.stored..].iter().cloned()).await
    }
}

fn is_same(row: &store::Model, seen: &slurm::Job) -> bool {
    let submitted_us = to_us(seen.submitted_at);
    // Anybody can write any comment on a job of her own: it counts for her own submissions alone.
    let claims = our_id(seen.comment.as_deref()) == Some(row.id) && seen.user == row.user;
    match &row.job_id {
        // Ids wrap, and the submit time tells them apart: but a requeue changes it, and a row of ours has our own time
        // until Slurm's is first seen. While a job is not over, no other can have its number.
        Some(job_id) if job_id == seen.job_id.as_str() => {
            let over = JobState::parse(&row.state).is_some_and(JobState::is_final);
            !over || row.submitted_us == submitted_us || claims
        }
        Some(_) => false,
        // The tasks of an array carry its comment too.
        None => seen.job_id.as_str() == seen.job_id.root() && claims,
    }
}

/// What the scheduler says now, on top of what only we know.
fn merged(before: Job, seen: &slurm::Job, parent: Option<&Job>) -> Job {
    let seen = seen.clone();
    // A job that accounting reports without an end state it once had (22.05 after a restart) keeps it.
    let state =
        if before.state.is_final() && before.job_id.is_some() && !seen.state.is_final() && seen.ended_at.is_some() {
            before.state
        } else {
            seen.state
        };
    let mut job = Job {
        job_id: Some(seen.job_id.clone()),
        submitted_at: seen.submitted_at,
        account: seen.account.or(before.account),
        partition: seen.partition.or(before.partition),
        qos: seen.qos.or(before.qos),
        state,
        // The queue tells why it ended; accounting, which comes after it, does not.
        reason: seen.reason.or(before.reason.filter(|_| before.state == state && state.is_final())),
        message: None,
        exit_code: seen.exit_code.or(before.exit_code).filter(|_| state.is_final()),
        signal: seen.signal.or(before.signal).filter(|_| state.is_final()),
        started_at: seen.started_at,
        ended_at: if state.is_final() { seen.ended_at } else { None },
        time_limit_minutes: seen.time_limit_minutes,
        node_list: seen.node_list,
        nodes: seen.nodes,
        cpus: seen.cpus,
        memory_mib: seen.memory_mib.or(before.memory_mib),
        gpus: seen.gpus.max(before.gpus),
        // Accounting cuts these short, and the name too: what came first is truer.
        working_directory: before.working_directory.or(seen.working_directory),
        comment: before.comment.or(seen.comment),
        ..before
    };
    // A path that names its node is known only now.
    let submitted = parent.filter(|parent| parent.script.is_some()).unwrap_or(&job);
    if let (None, Some(script), Some(directory)) =
        (&job.output_path, submitted.script.clone(), submitted.working_directory.clone())
    {
        paths::record(&mut job, &script, &directory);
    }
    job
}

/// A job that was not submitted here, or a task of an array that was.
pub(super) fn new_job(cluster: &str, seen: &slurm::Job, parent: Option<&Job>) -> Job {
    Job {
        id: Uuid::now_v7(),
        cluster: cluster.to_owned(),
        job_id: Some(seen.job_id.clone()),
        submitted_at: seen.submitted_at,
        name: seen.name.clone(),
        user: seen.user.clone(),
        owner_id: parent.and_then(|parent| parent.owner_id),
        account: None,
        partition: None,
        qos: None,
        state: seen.state,
        reason: None,
        message: None,
        exit_code: None,
        signal: None,
        started_at: None,
        ended_at: None,
        time_limit_minutes: None,
        node_list: None,
        nodes: 0,
        cpus: 0,
        memory_mib: None,
        gpus: 0,
        template: parent.and_then(|parent| parent.template.clone()),
        template_hash: parent.and_then(|parent| parent.template_hash.clone()),
        image: parent.and_then(|parent| parent.image.clone()),
        working_directory: parent.and_then(|parent| sweep::directory_of(parent, &seen.job_id)),
        output_path: None,
        error_path: None,
        comment: None,
        // Thousands of tasks would keep it thousands of times.
        script: None,
        files: parent.map(|parent| parent.files.clone()).unwrap_or_default(),
        parts: Vec::new(),
        array: None,
        rows_directory: None,
        cancelled_by_user: false,
    }
}

/// Slurm lists an array as its tasks, and the tasks that wait as one record (`5_[2-9]`); a heterogeneous job as its
/// components (`5+0`, `5+1`). People know it as `5`: that row says how the whole stands. Tasks that have started, and
/// components, get rows of their own.
fn with_array_parents(jobs: Vec<slurm::Job>) -> Vec<slurm::Job> {
    let mut arrays: HashMap<String, Vec<usize>> = HashMap::new();
    for (at, job) in jobs.iter().enumerate() {
        if job.job_id.as_str() != job.job_id.root() {
            arrays.entry(job.job_id.root().to_owned()).or_default().push(at);
        }
    }
    let mut parents = Vec::with_capacity(arrays.len());
    for (root, tasks) in arrays {
        let of_tasks = || tasks.iter().map(|at| &jobs[*at]);
        let Some(first) = of_tasks().next() else { continue };
        let Ok(job_id) = JobId::parse(&root) else { continue };
        let state = whole_state(of_tasks().map(|task| task.state));
        parents.push(slurm::Job {
            job_id,
            state,
            submitted_at: of_tasks().map(|task| task.submitted_at).min().unwrap_or(first.submitted_at),
            started_at: of_tasks().filter_map(|task| task.started_at).min(),
            ended_at: of_tasks().filter_map(|task| task.ended_at).max().filter(|_| state.is_final()),
            reason: of_tasks().find(|task| task.state == JobState::Pending).and_then(|task| task.reason.clone()),
            exit_code: of_tasks().filter_map(|task| task.exit_code).max(),
            node_list: None,
            ..first.clone()
        });
    }
    let mut all = parents;
    all.extend(jobs.into_iter().filter(|job| !job.job_id.as_str().contains('[')));
    all
}

/// How an array stands whose tasks stand so: it runs while one does, and failed when one did.
pub(super) fn whole_state(states: impl Iterator<Item = JobState> + Clone) -> JobState {
    let order = [
        JobState::Running,
        JobState::Completing,
        JobState::Configuring,
        JobState::Suspended,
        JobState::Pending,
        JobState::NodeFail,
        JobState::BootFail,
        JobState::OutOfMemory,
        JobState::Timeout,
        JobState::Deadline,
        JobState::Failed,
        JobState::Preempted,
        JobState::Cancelled,
    ];
    order.into_iter().find(|state| states.clone().any(|s| s == *state)).unwrap_or(JobState::Completed)
}

/// The states of jobs that the scheduler has and that are not over.
fn open_states() -> Vec<&'static str> {
    let open = JobState::ALL.into_iter().filter(|state| !state.is_final() && *state != JobState::Submitting);
    open.map(JobState::as_str).collect()
}
