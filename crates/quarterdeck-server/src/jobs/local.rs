//! The one-machine queue: the order is kept here, the processes are the agents'.

mod arrays;

use std::collections::BTreeMap;

use arrays::Arrays;
use quarterdeck_slurm::{Node, Partition, PartitionAccess};
use quarterdeck_types::agent::{LocalJob, LocalJobState, LocalJobStatus, Request, SubmissionOutcome};
use quarterdeck_types::{JobId, JobState, Place};
use sea_orm::DbErr;
use tokio::sync::{Mutex, Notify};

pub(super) use arrays::tasks_of;

use super::{Action, Error, Job, read, save_and_publish, store, whole_of};
use crate::agents::{self, Agent};
use crate::app::App;
use crate::clusters::{Cluster, Demand};
use crate::db::from_us;

/// While something waits or runs, the queue is looked at this often; its jobs' ends are on the disk.
const LOOK_EVERY: std::time::Duration = std::time::Duration::from_millis(500);
/// More submissions than this are never put together at the same time.
const AT_ONCE: u64 = 64;
const ASK_TIME: std::time::Duration = std::time::Duration::from_secs(5);
const HELD: &str = "JobHeldUser";
const WAITING: &str = "Resources";

#[derive(Default)]
pub struct LocalQueue {
    /// The number that was given last; `None` before the first.
    last: Mutex<Option<u64>>,
    /// Held by whoever changes jobs of the queue: what is started may not be cancelled in between, and the other way
    /// round.
    turn: Mutex<()>,
    changed: Notify,
}

impl LocalQueue {
    /// A job number that no other job has.
    pub(super) async fn next_id(&self, app: &App) -> Result<JobId, Error> {
        let mut last = self.last.lock().await;
        let before = match *last {
            Some(number) => number,
            None => highest(app).await?,
        };
        *last = Some(before + 1);
        JobId::parse(&(before + 1).to_string()).map_err(|_| Error::Unsupported { scheduler: "local" })
    }

    /// Takes a job in, or says why not.
    pub(super) async fn accept(&self, app: &App, job: &Job) -> Result<SubmissionOutcome, Error> {
        if !arrays::is_array_or_none(job) {
            return Ok(SubmissionOutcome::Refused { message: arrays::NO_ARRAY.to_owned() });
        }
        Ok(SubmissionOutcome::Accepted { job_id: self.next_id(app).await? })
    }

    /// Makes the queue be looked at now.
    pub(super) fn look(&self) {
        self.changed.notify_one();
    }
}

/// Submissions that came at once may have been numbered in another order than their rows.
async fn highest(app: &App) -> Result<u64, DbErr> {
    let newest = store::newest_numbers(app.db.read(), crate::config::LOCAL_CLUSTER, AT_ONCE).await?;
    let number = |text: &String| JobId::parse(text).ok()?.root().parse().ok();
    Ok(newest.iter().filter_map(number).max().unwrap_or(0))
}

/// Starts what fits and records what ended, for as long as the server runs.
pub async fn watch_local(app: App, cluster: Cluster) {
    loop {
        let busy = match look(&app, &cluster).await {
            Ok(busy) => busy,
            Err(error) => {
                tracing::warn!(%error, "the local queue could not be looked at");
                true
            }
        };
        tokio::select! {
            () = app.jobs.local.changed.notified() => {}
            () = tokio::time::sleep(LOOK_EVERY), if busy => {}
        }
    }
}

/// Cancels, holds or releases a job of this queue.
pub(super) async fn act(app: &App, job: &Job, action: &Action) -> Result<(), Error> {
    let _turn = app.jobs.local.turn.lock().await;
    let row = store::by_id(app.db.read(), &job.cluster, job.id).await?;
    let job = row.and_then(read).ok_or(Error::NotFound)?;
    if job.state.is_final() {
        return Err(Error::Over(job.state));
    }
    let array = if job.array.is_some() { Some(job.clone()) } else { whole_of(app, &job).await? };
    let result = if job.array.is_some() {
        act_on_tasks(app, arrays::tasks(app, &job).await?, action).await
    } else {
        act_on_one(app, job, action).await
    };
    if let Some(array) = array {
        arrays::record(app, array).await?;
    }
    result
}

/// Of an array that runs, the tasks that wait are held.
async fn act_on_tasks(app: &App, tasks: Vec<Job>, action: &Action) -> Result<(), Error> {
    let mut result = Err(Error::Unsupported { scheduler: "The local queue" });
    for task in tasks {
        if task.state.is_final() || (task.state == JobState::Running && *action != Action::Cancel) {
            continue;
        }
        result = Ok(act_on_one(app, task, action).await?);
    }
    result
}

async fn act_on_one(app: &App, mut job: Job, action: &Action) -> Result<(), Error> {
    match (action, job.state) {
        (Action::Cancel, JobState::Pending) => {
            // It may have been started although no answer came. Asked for, one that was not is never started.
            let agent = app.agents.of(&job.user);
            let statuses = agent.local_jobs(Request::LocalJobs { ids: vec![job.id] }).await?;
            match statuses.first() {
                Some(status) if status.state == LocalJobState::Running => {
                    agent.done(Request::CancelLocal { id: job.id }).await?;
                }
                Some(status) if status.state != LocalJobState::NotStarted => job = ended(job, status),
                _ => {
                    job.state = JobState::Cancelled;
                    job.reason = None;
                    job.ended_at = Some(app.clock.now());
                }
            }
        }
        (Action::Cancel, _) => app.agents.of(&job.user).done(Request::CancelLocal { id: job.id }).await?,
        (Action::Hold, JobState::Pending) => job.reason = Some(HELD.to_owned()),
        (Action::Release, JobState::Pending) => job.reason = Some(WAITING.to_owned()),
        _ => return Err(Error::Unsupported { scheduler: "The local queue" }),
    }
    if job.state != JobState::Running {
        save_and_publish(app, job).await?;
    }
    Ok(())
}

/// One look at the queue; whether there is anything to look at again soon.
async fn look(app: &App, cluster: &Cluster) -> Result<bool, DbErr> {
    let _turn = app.jobs.local.turn.lock().await;
    let states = [JobState::Running.as_str(), JobState::Pending.as_str(), JobState::Submitting.as_str()];
    let mut open: Vec<Job> =
        store::in_states(app.db.read(), &cluster.name, &states).await?.into_iter().filter_map(read).collect();
    let mut arrays = Arrays::take_from(&mut open);
    let demand = Demand::of(open.iter().map(|job| (job.state, Some(cluster.name.as_str()))));
    let (running, waiting): (Vec<Job>, Vec<Job>) = open.into_iter().partition(|job| job.state == JobState::Running);
    let total = total_cpus(app);
    let mut used = record_ended(app, running, &mut arrays).await?;
    let mut waits = false;
    for job in waiting {
        // A submission that the server's end interrupted: it never had a number, so it never began.
        if job.state == JobState::Submitting {
            if !app.jobs.is_in_flight(job.id) {
                let message = "the submission was interrupted before it began; submit it again".to_owned();
                save_and_publish(app, Job { state: JobState::NotSubmitted, message: Some(message), ..job }).await?;
            }
            continue;
        }
        if job.reason.as_deref() == Some(HELD) {
            continue;
        }
        waits = true;
        if arrays.is_full(&job) {
            continue;
        }
        // First come, first served: what does not fit now keeps those behind it waiting.
        if used.saturating_add(job.cpus) > total && used > 0 {
            break;
        }
        used = used.saturating_add(job.cpus);
        arrays.count_running(&job);
        arrays.touch(&job);
        let source = arrays.source(&job).clone();
        start(app, &source, job).await?;
    }
    arrays.record(app).await?;
    show(app, cluster, total, used, demand);
    Ok(waits || used > 0)
}

/// Writes down the jobs that ended; answers how many CPUs the others use.
async fn record_ended(app: &App, running: Vec<Job>, arrays: &mut Arrays) -> Result<u32, DbErr> {
    let mut by_user: BTreeMap<String, Vec<Job>> = BTreeMap::new();
    for job in running {
        by_user.entry(job.user.clone()).or_default().push(job);
    }
    let mut used: u32 = 0;
    for (user, jobs) in by_user {
        let ids = jobs.iter().map(|job| job.id).collect();
        let statuses = match ask(&app.agents.of(&user), Request::LocalJobs { ids }).await {
            Ok(statuses) => statuses,
            Err(error) => {
                tracing::warn!(%user, %error, "local jobs cannot be looked at");
                for job in &jobs {
                    arrays.count_running(job);
                    used = used.saturating_add(job.cpus);
                }
                continue;
            }
        };
        for job in jobs {
            match statuses.iter().find(|status| status.id == job.id) {
                Some(status) if status.state != LocalJobState::Running => {
                    arrays.touch(&job);
                    save_and_publish(app, ended(job, status)).await?;
                }
                _ => {
                    arrays.count_running(&job);
                    used = used.saturating_add(job.cpus);
                }
            }
        }
    }
    Ok(used)
}

/// `source`: the job, or the array that it is a task of.
async fn start(app: &App, source: &Job, job: Job) -> Result<(), DbErr> {
    let Some(job_id) = job.job_id.clone() else { return Ok(()) };
    let local = LocalJob {
        job_id,
        name: job.name.clone(),
        script: source.script.clone().unwrap_or_default(),
        directory: Place::absolute(source.working_directory.as_deref().unwrap_or_default()),
        output: job.output_path.clone().unwrap_or_default(),
        error: job.error_path.clone(),
        cpus: job.cpus,
        time_limit_minutes: job.time_limit_minutes,
    };
    let job = match ask(&app.agents.of(&job.user), Request::StartLocal { id: job.id, job: local }).await {
        Ok(statuses) => match statuses.first() {
            Some(status) if status.state == LocalJobState::Running => Job {
                state: JobState::Running,
                reason: None,
                started_at: Some(status.started_us.map_or_else(|| app.clock.now(), from_us)),
                node_list: Some("localhost".to_owned()),
                ..job
            },
            Some(status) => ended(job, status),
            None => return Ok(()),
        },
        // Asked again at the next look; the agent starts a job once.
        Err(error) if !is_certain(&error) => return Ok(()),
        Err(error) => {
            Job { state: JobState::Failed, message: Some(error.to_string()), ended_at: Some(app.clock.now()), ..job }
        }
    };
    save_and_publish(app, job).await
}

/// One user's hung agent holds up everybody's queue for so long at most.
async fn ask(agent: &Agent, request: Request) -> Result<Vec<LocalJobStatus>, agents::Error> {
    tokio::time::timeout(ASK_TIME, agent.local_jobs(request)).await.unwrap_or(Err(agents::Error::TimedOut))
}

/// The job was not started and will not be.
fn is_certain(error: &agents::Error) -> bool {
    use quarterdeck_types::agent::ErrorCode;
    match error {
        agents::Error::Answered(answer) => {
            !matches!(answer.code, ErrorCode::Io | ErrorCode::Busy | ErrorCode::TimedOut)
        }
        other => other.is_denied(),
    }
}

fn ended(job: Job, status: &LocalJobStatus) -> Job {
    let (state, exit_code, signal, message) = match &status.state {
        LocalJobState::Running => return job,
        LocalJobState::Exited { code: 0 } => (JobState::Completed, Some(0), None, None),
        LocalJobState::Exited { code } => (JobState::Failed, Some(*code), None, None),
        LocalJobState::Signalled { signal } => (JobState::Failed, None, Some(*signal), None),
        LocalJobState::Cancelled => (JobState::Cancelled, None, None, None),
        LocalJobState::TimedOut => (JobState::Timeout, None, None, None),
        LocalJobState::Lost => {
            (JobState::NodeFail, None, None, Some("The machine or the job's supervisor went down.".to_owned()))
        }
        LocalJobState::NotStarted => {
            (JobState::NotSubmitted, None, None, Some("The job was never started.".to_owned()))
        }
        LocalJobState::Failed { message } => (JobState::Failed, None, None, Some(message.clone())),
    };
    Job {
        state,
        exit_code,
        signal,
        message,
        reason: None,
        started_at: status.started_us.map(from_us).or(job.started_at),
        ended_at: status.ended_us.map(from_us),
        ..job
    }
}

fn total_cpus(app: &App) -> u32 {
    let here = std::thread::available_parallelism().map_or(1, |n| n.get() as u32);
    app.config.local.cpus.unwrap_or(here)
}

/// The portal's own host as a cluster of one node.
fn show(app: &App, cluster: &Cluster, total: u32, used: u32, demand: Demand) {
    let memory_mib = rustix::system::sysinfo().totalram as u64 / (1 << 20);
    let node = Node {
        name: "localhost".to_owned(),
        state: if used == 0 {
            "idle".to_owned()
        } else if used < total {
            "mixed".to_owned()
        } else {
            "allocated".to_owned()
        },
        flags: Vec::new(),
        cpus_total: total,
        cpus_used: used.min(total),
        memory_total_mib: memory_mib,
        memory_used_mib: 0,
        gpus_total: 0,
        gpus_used: 0,
        load: None,
        partitions: vec![cluster.name.clone()],
        reason: None,
    };
    let partition = Partition {
        name: cluster.name.clone(),
        is_default: true,
        state: "UP".to_owned(),
        time_limit_minutes: None,
        default_time_minutes: None,
        node_list: Some("localhost".to_owned()),
        nodes: 1,
        cpus: total,
        gpus: 0,
        max_nodes: Some(1),
        max_cpus_per_node: Some(total),
        max_memory_mib_per_node: Some(memory_mib),
        access: PartitionAccess::default(),
    };
    cluster.show_local(&app.live, app.clock.now(), node, partition, demand);
}
