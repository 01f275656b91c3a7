//! Submits a job: checks it, writes its row, hands its script to the user's agent, and records what became of it.

use chrono::{DateTime, Utc};
use quarterdeck_types::agent::{Request, SubmissionOutcome};
use quarterdeck_types::{JobId, JobState, Place, RelativePath};
use serde_json::json;
use uuid::Uuid;

use super::prepare::{Prepared, prepare};
use super::{Error, Job, NewJob, dependencies, idempotency, local, look_soon, paths, row, save_submission, store};
use crate::access::Actor;
use crate::agents::{self, Agent, complaint};
use crate::app::App;
use crate::audit::{Event, Outcome};
use crate::auth;
use crate::clusters::{Cluster, Scheduler};
use crate::crash;
use crate::db::to_us;
use crate::notifications;
use crate::problem::FieldError;
use crate::templates;

/// What a job would look like.
pub struct Preview {
    pub script: String,
    /// What will be otherwise than the script says, and what the scheduler says against it.
    pub warnings: Vec<FieldError>,
    pub start_estimate: Option<DateTime<Utc>>,
}

/// Submits a job. With an idempotency key, the same request again answers the same job.
pub async fn submit(
    app: &App,
    actor: &Actor,
    cluster: &Cluster,
    new: NewJob,
    idempotency_key: Option<String>,
) -> Result<Job, Error> {
    submit_as(app, actor, cluster, new, idempotency_key, None).await
}

/// Submits what was asked for when another job was submitted.
pub(super) async fn submit_again(
    app: &App,
    actor: &Actor,
    cluster: &Cluster,
    new: NewJob,
    idempotency_key: Option<String>,
    before: Uuid,
) -> Result<Job, Error> {
    submit_as(app, actor, cluster, new, idempotency_key, Some(before)).await
}

async fn submit_as(
    app: &App,
    actor: &Actor,
    cluster: &Cluster,
    new: NewJob,
    idempotency_key: Option<String>,
    again: Option<Uuid>,
) -> Result<Job, Error> {
    let unix_user = auth::unix_user(actor)?.to_owned();
    let hash = idempotency::request_hash(&new);
    if let Some(key) = &idempotency_key
        && let Some(job) = idempotency::replay(app, actor, cluster, key, &hash).await?
    {
        return Ok(job);
    }
    let agent = app.agents.of(&unix_user);
    let request = json!(new);
    let notify = new.notify;
    let prepared = prepare(app, actor, cluster, new).await?;
    give_directory_and_files(&agent, &prepared).await?;
    let mut job = prepared.job.clone();
    let _flight = app.jobs.take_off(job.id);

    let object = job.id.to_string();
    let event = |job: &Job| {
        let event = Event::new("job.submit", &object).job(job.job_id.as_ref().map(ToString::to_string));
        let mut detail = json!({"name": job.name, "cluster": job.cluster});
        if let Some(before) = again {
            detail["again"] = json!(before);
        }
        event.with(detail)
    };
    // Written before the scheduler hears of it, so that a crash leaves a row to mend.
    let tx = app.db.begin().await?;
    let written = row(&job, idempotency_key, Some(hash), to_us(app.clock.now()));
    store::insert(&tx, written).await.map_err(idempotency::not_written)?;
    store::insert_request(&tx, job.id, request).await?;
    if let Some(dependency) = &prepared.dependency {
        dependencies::keep(&tx, &cluster.name, &[(job.id, dependency)]).await?;
    }
    if notify {
        notifications::ask_about(&tx, job.id, actor.user_id).await?;
    }
    if let Some(template) = &job.template {
        templates::count_use(&tx, actor.user_id, template, app.clock.now()).await?;
    }
    let intent = app.audit.intend_within(&tx, actor, event(&job)).await?;
    tx.commit().await?;
    app.live.jobs_changed(&cluster.name, vec![job.clone()]);
    crash::point("row-written");

    let outcome = hand_over(app, cluster, &agent, &prepared).await;
    crash::point("answered");
    let result = settle(&mut job, outcome, cluster);
    let tasks = match cluster.scheduler {
        Scheduler::Local => local::tasks_of(&job),
        Scheduler::Slurm(_) => Vec::new(),
    };
    let job = save_submission(app, job, tasks).await?;
    // The queue has it: whatever was said of it, it exists.
    let result = if job.job_id.is_some() { Ok(()) } else { result };
    let word = match &result {
        Ok(()) => Outcome::Done,
        Err(Error::Unknown { .. }) => Outcome::Unknown,
        Err(Error::Refused { .. }) => Outcome::Refused,
        Err(_) => Outcome::Failed,
    };
    app.audit.conclude(actor, intent, word, event(&job)).await?;
    crash::point("recorded");
    look_soon(app, cluster);
    result.map(|()| job)
}

/// The script as it would be submitted, and when Slurm thinks it would start.
pub async fn preview(app: &App, actor: &Actor, cluster: &Cluster, new: NewJob) -> Result<Preview, Error> {
    let agent = app.agents.of(auth::unix_user(actor)?);
    let prepared = prepare(app, actor, cluster, new).await?;
    let shown = prepared.shown_script();
    let Prepared { script, warnings, .. } = prepared;
    let mut preview = Preview { script: shown, warnings, start_estimate: None };
    if let Scheduler::Slurm(_) = cluster.scheduler {
        let directory = Place::home(RelativePath::default());
        let answer = agent.program(Request::SbatchTest { directory, script }).await?;
        // The answer comes on standard error: "sbatch: Job 5 to start at 2026-11-24T02:00:00 using 1 …".
        if answer.exit_code == Some(0) {
            preview.start_estimate = start_estimate(&answer.stderr);
        } else {
            preview.warnings.push(FieldError::new("", "scheduler-says", complaint::complaint(&answer)));
        }
    }
    Ok(preview)
}

/// What became of a submission, written into the job.
pub(super) fn settle(job: &mut Job, outcome: Result<SubmissionOutcome, Error>, cluster: &Cluster) -> Result<(), Error> {
    let unknown = |job: &Job, message: String| Error::Unknown { id: job.id, cluster: cluster.name.clone(), message };
    match outcome {
        Ok(SubmissionOutcome::Accepted { job_id }) => {
            accept(job, job_id);
            Ok(())
        }
        Ok(SubmissionOutcome::Refused { message }) => {
            let message = complaint::without_prefixes(&message);
            job.state = JobState::NotSubmitted;
            job.message = Some(message.clone());
            Err(Error::Refused { cluster: cluster.name.clone(), message })
        }
        Ok(SubmissionOutcome::NotStarted) => {
            job.state = JobState::NotSubmitted;
            let message = "the submission was interrupted before it began; submit it again".to_owned();
            job.message = Some(message.clone());
            Err(Error::Refused { cluster: cluster.name.clone(), message })
        }
        // Recovery goes on asking.
        Ok(SubmissionOutcome::Running) => Err(unknown(job, "sbatch has not answered yet".to_owned())),
        Ok(SubmissionOutcome::Unknown { message }) => Err(unknown(job, message)),
        // The agent may have begun.
        Err(Error::Agent(error)) if may_have_begun(&error) => Err(unknown(job, error.to_string())),
        Err(error) => {
            job.state = JobState::NotSubmitted;
            job.message = Some(error.to_string());
            Err(error)
        }
    }
}

pub(super) fn accept(job: &mut Job, job_id: JobId) {
    job.state = JobState::Pending;
    job.message = None;
    job.job_id = Some(job_id);
    if let (Some(script), Some(directory)) = (job.script.clone(), job.working_directory.clone()) {
        paths::record(job, &script, &directory);
    }
}

fn may_have_begun(error: &crate::agents::Error) -> bool {
    use crate::agents::Error;
    use quarterdeck_types::agent::ErrorCode;
    match error {
        Error::Refused { .. } => false,
        Error::Answered(answer) => matches!(answer.code, ErrorCode::Io | ErrorCode::TimedOut | ErrorCode::Busy),
        Error::Unreachable(_) | Error::TimedOut | Error::Protocol(_) => true,
    }
}

/// Before the row is written: what fails here is a fault of the request, and there is no job.
async fn give_directory_and_files(agent: &Agent, prepared: &Prepared) -> Result<(), Error> {
    let at = Place::home(prepared.directory.clone());
    if let Err(error) = agent.entry(Request::Mkdir { at, parents: true }).await {
        let field = prepared.chosen_directory.then_some(("/working_directory".to_owned(), "unusable-directory"));
        return Err(fault_of(field, error));
    }
    for (i, input) in prepared.files.iter().enumerate() {
        let from = Place::Absolute { absolute: input.upload.absolute.clone().unwrap_or_default() };
        let to = Place::home(prepared.directory.join(&input.name));
        if let Err(error) = agent.entry(Request::Link { from, to }).await {
            return Err(fault_of(Some((format!("/files/{i}"), "unusable-file")), error));
        }
    }
    Ok(())
}

/// What the agent says of a field's value is the field's fault; that it cannot be asked is not.
fn fault_of(field: Option<(String, &str)>, error: agents::Error) -> Error {
    match (field, &error) {
        (Some((pointer, code)), agents::Error::Answered(answer)) => {
            Error::Invalid(vec![FieldError::new(pointer, code, answer.message.clone())])
        }
        _ => error.into(),
    }
}

/// Gives the job to its scheduler.
async fn hand_over(
    app: &App,
    cluster: &Cluster,
    agent: &Agent,
    prepared: &Prepared,
) -> Result<SubmissionOutcome, Error> {
    match &cluster.scheduler {
        Scheduler::Slurm(_) => {
            let request = Request::Sbatch {
                id: prepared.job.id,
                directory: Place::home(prepared.directory.clone()),
                script: prepared.script.clone(),
                comment: prepared.job.comment.clone(),
            };
            Ok(agent.submission(request).await?)
        }
        Scheduler::Local => Ok(app.jobs.local.accept(app, &prepared.job).await?),
    }
}

/// When Slurm thinks the job would start. `sbatch --test-only` says so on standard error, in the host's local time:
/// "sbatch: Job 5 to start at 2026-11-24T02:00:00 using 1 processors …".
fn start_estimate(answer: &str) -> Option<DateTime<Utc>> {
    let (_, rest) = answer.split_once(" to start at ")?;
    let time = chrono::NaiveDateTime::parse_from_str(rest.split_whitespace().next()?, "%Y-%m-%dT%H:%M:%S").ok()?;
    time.and_local_timezone(chrono::Local).earliest().map(|time| time.to_utc())
}
