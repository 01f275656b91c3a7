//! Mends submissions that were interrupted: asks the agent, then the queue, then accounting. What stays ambiguous is
//! shown as such and never submitted again.

use std::collections::HashSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use chrono::TimeDelta;
use quarterdeck_slurm::Job as Seen;
use quarterdeck_slurm::compact::accounting;
use quarterdeck_types::JobState;
use quarterdeck_types::agent::{Request, SubmissionOutcome};
use sea_orm::DbErr;
use uuid::Uuid;

use super::observe::our_id;
use super::submit::{accept, settle};
use super::{Job, Jobs, read, save_submission, store};
use crate::agents;
use crate::app::App;
use crate::clusters::{Cluster, Commands};

/// Accounting may learn of a job a little after it is there.
const ACCOUNTING_DELAY: TimeDelta = TimeDelta::seconds(30);
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// One hung agent holds up the others' mending for so long at most.
const ASK_TIME: Duration = Duration::from_secs(10);
/// Clocks of the portal and of Slurm may differ by this much.
const CLOCK_SKEW: TimeDelta = TimeDelta::minutes(5);

/// A submission that a request is working on; it lands when this is dropped.
pub(super) struct Flight {
    in_flight: Arc<Mutex<HashSet<Uuid>>>,
    id: Uuid,
}

impl Drop for Flight {
    fn drop(&mut self) {
        self.in_flight.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).remove(&self.id);
    }
}

impl Jobs {
    pub(super) fn take_off(&self, id: Uuid) -> Flight {
        self.in_flight.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).insert(id);
        Flight { in_flight: self.in_flight.clone(), id }
    }

    pub(super) fn is_in_flight(&self, id: Uuid) -> bool {
        self.in_flight.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).contains(&id)
    }
}

/// Looks again and again at every submission of this cluster that nobody is working on and whose end is not known.
/// Beside the reading of the queue and never in its way, since an agent may hang.
pub async fn recover(app: App, cluster: Cluster, commands: Arc<Commands>) {
    loop {
        let submitting = store::in_states(app.db.read(), &cluster.name, &[JobState::Submitting.as_str()]).await;
        match submitting {
            Ok(rows) => {
                let interrupted = rows.into_iter().filter_map(read).filter(|job| !app.jobs.is_in_flight(job.id));
                let looks = interrupted.map(|job| look_at(&app, &cluster, &commands, job));
                futures_util::future::join_all(looks).await;
            }
            Err(error) => tracing::warn!(%error, "interrupted submissions cannot be read"),
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

async fn look_at(app: &App, cluster: &Cluster, commands: &Commands, job: Job) {
    let id = job.id;
    let agent = app.agents.of(&job.user);
    let asked = tokio::time::timeout(ASK_TIME, agent.submission(Request::Submission { id })).await;
    let looked = match asked.unwrap_or(Err(agents::Error::TimedOut)) {
        Ok(SubmissionOutcome::Running) => Ok(()),
        Ok(SubmissionOutcome::Unknown { message }) => look_for(app, commands, job, message).await,
        Ok(outcome) => {
            let mut job = job;
            // Whatever it says is in the job now.
            let _ = settle(&mut job, Ok(outcome), cluster);
            save_submission(app, job, Vec::new()).await.map(|_| app.clusters.look_soon())
        }
        // The account may have no agent any more; only the scheduler can tell then.
        Err(error) if error.is_denied() => look_for(app, commands, job, error.to_string()).await,
        Err(error) => {
            tracing::warn!(job = %id, %error, "an interrupted submission cannot be looked at yet");
            Ok(())
        }
    };
    if let Err(error) = looked {
        tracing::warn!(job = %id, %error, "an interrupted submission cannot be mended yet");
    }
}

/// Nobody knows how sbatch ended: does the scheduler have the job?
async fn look_for(app: &App, commands: &Commands, mut job: Job, message: String) -> Result<(), DbErr> {
    let since = job.submitted_at - CLOCK_SKEW;
    let known = match commands.accounting(accounting::Jobs::OfUserSince(&job.user, since)).await {
        Ok(known) => known,
        Err(reason) => {
            tracing::warn!(job = %job.id, %reason, "an interrupted submission cannot be looked up yet");
            return Ok(());
        }
    };
    if let Some(job_id) = the_one(app, &job, &known).await? {
        accept(&mut job, job_id);
        app.clusters.look_soon();
    } else if app.clock.now() - job.submitted_at < ACCOUNTING_DELAY {
        return Ok(());
    } else {
        job.state = JobState::OutcomeUnknown;
        job.message = Some(message);
    }
    save_submission(app, job, Vec::new()).await.map(drop)
}

/// By the comment; where accounting keeps none, by the directory if exactly one job that nobody else claims ran in it.
async fn the_one(app: &App, job: &Job, known: &[Seen]) -> Result<Option<quarterdeck_types::JobId>, DbErr> {
    if let Some(seen) = known.iter().find(|seen| our_id(seen.comment.as_deref()) == Some(job.id)) {
        return Ok(Some(seen.job_id.clone()));
    }
    let alike = |seen: &&Seen| {
        our_id(seen.comment.as_deref()).is_none()
            && seen.working_directory.is_some()
            && seen.working_directory == job.working_directory
            && seen.submitted_at >= job.submitted_at - CLOCK_SKEW
    };
    let mut candidates = Vec::new();
    for seen in known.iter().filter(alike) {
        let row = store::by_job_id(app.db.read(), &job.cluster, seen.job_id.as_str()).await?;
        if row.is_none_or(|row| row.owner_id.is_none()) {
            candidates.push(seen.job_id.clone());
        }
    }
    Ok(if candidates.len() == 1 { candidates.pop() } else { None })
}
