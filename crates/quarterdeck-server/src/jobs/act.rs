//! Does things with jobs that are not over, as the person's own Unix user: Slurm says whether she may.

use futures_util::StreamExt;
use quarterdeck_types::agent::{Request, ScontrolVerb};
use quarterdeck_types::control::{JobChange, JobSignal, SignalTo};
use quarterdeck_types::{JobId, JobState};
use serde_json::{Value, json};

use super::{Error, Job, find_for, is_mine, local, look_soon, store};
use crate::access::{Actor, Role};
use crate::agents::complaint;
use crate::app::App;
use crate::audit::{Event, Outcome};
use crate::auth;
use crate::clusters::{Cluster, Scheduler};

/// Of one request so many jobs are worked on at the same time. The person's agent has turns of its own.
const AT_ONCE: usize = 8;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    Cancel,
    Hold,
    Release,
    Requeue,
    Signal {
        signal: JobSignal,
        to: SignalTo,
    },
    /// All of it, or what Slurm does of it before it refuses one.
    Update(Vec<JobChange>),
}

/// What may be done with a job now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Offer {
    Cancel,
    Hold,
    Release,
    Requeue,
    Signal,
    Update,
    Resubmit,
}

/// What this person may do with the job now.
pub fn offers(actor: &Actor, cluster: &Cluster, job: &Job) -> Vec<Offer> {
    if actor.unix_user.is_none() || actor.role < Role::User {
        return Vec::new();
    }
    let mut offers = Vec::new();
    if may_act(actor, cluster, job) && job.job_id.is_some() && !job.state.is_final() {
        let held = job.reason.as_deref().is_some_and(|reason| reason.starts_with("JobHeld"));
        offers.push(Offer::Cancel);
        match (job.state, &cluster.scheduler) {
            (JobState::Pending, _) if held => offers.push(Offer::Release),
            (JobState::Pending, _) => offers.push(Offer::Hold),
            (JobState::Running, Scheduler::Slurm(_)) => offers.extend([Offer::Requeue, Offer::Signal]),
            _ => {}
        }
        if let Scheduler::Slurm(_) = cluster.scheduler {
            offers.push(Offer::Update);
        }
    }
    // Whoever submitted it here.
    if is_mine(actor, job) && job.owner_id == Some(actor.user_id) {
        offers.push(Offer::Resubmit);
    }
    offers
}

/// May this person try to act on the job? Its owner may, coordinators of its account, and operators; Slurm, as her
/// own Unix user, decides.
fn may_act(actor: &Actor, cluster: &Cluster, job: &Job) -> bool {
    let coordinates = |account: &String| cluster.coordinated_by(actor).contains(account);
    is_mine(actor, job) || actor.role >= Role::Operator || job.account.as_ref().is_some_and(coordinates)
}

/// Does something with a job, or with some tasks of an array.
pub async fn act(app: &App, actor: &Actor, cluster: &Cluster, job: &str, action: &Action) -> Result<(), Error> {
    let (job, job_id) = find_target(app, actor, cluster, job).await?;
    if !may_act(actor, cluster, &job) {
        return Err(Error::NotYours);
    }
    let unix_user = auth::unix_user(actor)?;
    let job_id = job_id.filter(|_| !job.state.is_final()).ok_or(Error::Over(job.state))?;
    if matches!(action, Action::Signal { .. }) && job.state == JobState::Pending {
        return Err(Error::NotRunning(job.state));
    }
    let object = job.id.to_string();
    let event = || Event::new(audited(action), &object).job(Some(job_id.to_string())).with(told(action));
    let intent = app.audit.intend(actor, event()).await?;
    // Before it is done, since the queue may tell of it at once. A task's end says nothing of its array's.
    let by_user = *action == Action::Cancel && is_mine(actor, &job) && job.job_id.as_ref() == Some(&job_id);
    if by_user {
        store::set_cancelled_by_user(app.db.write(), job.id, true).await?;
    }
    let result = match &cluster.scheduler {
        Scheduler::Slurm(_) => match action {
            Action::Signal { .. } => signal_what_runs(app, cluster, unix_user, &job_id, action).await,
            _ => ask_slurm(app, cluster, unix_user, job_id.clone(), action).await,
        },
        Scheduler::Local => local::act(app, &job, action).await,
    };
    let word = match &result {
        Ok(()) => Outcome::Done,
        Err(Error::Refused { .. } | Error::Unsupported { .. }) => Outcome::Refused,
        Err(_) => Outcome::Failed,
    };
    if by_user && result.is_err() {
        store::set_cancelled_by_user(app.db.write(), job.id, false).await?;
    }
    app.audit.conclude(actor, intent, word, event()).await?;
    look_soon(app, cluster);
    result
}

/// The same with each of several jobs. What one meets does not keep the others waiting.
pub async fn act_on_many(
    app: &App,
    actor: &Actor,
    cluster: &Cluster,
    jobs: Vec<String>,
    action: &Action,
) -> Vec<(String, Result<(), Error>)> {
    let one = async |job: String| {
        let result = act(app, actor, cluster, &job, action).await;
        (job, result)
    };
    futures_util::stream::iter(jobs.into_iter().map(one)).buffered(AT_ONCE).collect().await
}

/// The job that somebody named, and the id by which Slurm is asked. Tasks of an array that wait have no row of their
/// own: the array's row says whose they are.
async fn find_target(app: &App, actor: &Actor, cluster: &Cluster, job: &str) -> Result<(Job, Option<JobId>), Error> {
    let task = match find_for(app, actor, cluster, job).await {
        Err(Error::NotFound) => JobId::parse(job).ok().filter(|id| id.as_str().contains('_')).ok_or(Error::NotFound)?,
        Ok(job) => {
            let job_id = job.job_id.clone();
            return Ok((job, job_id));
        }
        Err(error) => return Err(error),
    };
    let array = find_for(app, actor, cluster, task.root()).await?;
    match &cluster.scheduler {
        // scancel says nothing of a task that is not there (seen on 22.05).
        Scheduler::Slurm(commands) if commands.knows(&task).await => {
            Ok((Job { state: JobState::Pending, ..array }, Some(task)))
        }
        _ => Err(Error::NotFound),
    }
}

/// Of an array the tasks that run. Asked to signal one of which a part waits, scancel signals the others ten times over
/// (seen on 22.05).
async fn signal_what_runs(
    app: &App,
    cluster: &Cluster,
    user: &str,
    job_id: &JobId,
    action: &Action,
) -> Result<(), Error> {
    let mut running = vec![job_id.clone()];
    if job_id.as_str() == job_id.root() {
        let tasks = store::running_tasks(app.db.read(), &cluster.name, job_id.root()).await?;
        let tasks: Vec<JobId> = tasks.into_iter().filter_map(|task| JobId::parse(&task).ok()).collect();
        running = if tasks.is_empty() { running } else { tasks };
    }
    for job_id in running {
        ask_slurm(app, cluster, user, job_id, action).await?;
    }
    Ok(())
}

async fn ask_slurm(app: &App, cluster: &Cluster, user: &str, job_id: JobId, action: &Action) -> Result<(), Error> {
    let request = match action {
        Action::Cancel => Request::Scancel { job_id },
        Action::Hold => Request::Scontrol { verb: ScontrolVerb::Hold, job_id },
        Action::Release => Request::Scontrol { verb: ScontrolVerb::Release, job_id },
        Action::Requeue => Request::Scontrol { verb: ScontrolVerb::Requeue, job_id },
        Action::Signal { signal, to } => Request::SignalJob { job_id, signal: *signal, to: *to },
        Action::Update(changes) => Request::UpdateJob { job_id, changes: changes.clone() },
    };
    let result = app.agents.of(user).program(request).await?;
    match complaint::refusal(&result) {
        None => Ok(()),
        Some(message) => Err(Error::Refused { cluster: cluster.name.clone(), message }),
    }
}

fn audited(action: &Action) -> &'static str {
    match action {
        Action::Cancel => "job.cancel",
        Action::Hold => "job.hold",
        Action::Release => "job.release",
        Action::Requeue => "job.requeue",
        Action::Signal { .. } => "job.signal",
        Action::Update(_) => "job.update",
    }
}

fn told(action: &Action) -> Value {
    match action {
        Action::Cancel | Action::Hold | Action::Release | Action::Requeue => json!({}),
        Action::Signal { signal, to } => json!({"signal": signal, "to": to}),
        Action::Update(changes) => json!({"changes": changes}),
    }
}
