//! Measures a job that is not in the database yet: once for all who look, and not more often than is of use.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use chrono::TimeDelta;
use quarterdeck_slurm::compact::usage::{self, JobUsage};
use quarterdeck_types::agent::{ErrorCode, Request};
use uuid::Uuid;

use super::collect::is_whole;
use super::figures::Figures;
use super::{Missing, Stage, stage};
use crate::access::Actor;
use crate::agents;
use crate::app::App;
use crate::auth;
use crate::clusters::Commands;
use crate::jobs::{Job, is_mine};

/// Within it, what was measured is answered again. Slurm itself samples every 30 s where the site says nothing else.
const GOOD_FOR: Duration = Duration::from_secs(5);
const FORGOTTEN_AFTER: Duration = Duration::from_secs(60);
/// Commands at once, whoever looks at whatever.
const AT_ONCE: usize = 2;

/// Accounting learns of an end some seconds late: who looks at once gets her answer then, and need not ask again.
const WAIT: Duration = Duration::from_secs(2);
const WAITS: usize = 5;
fn just_ended() -> TimeDelta {
    TimeDelta::seconds(30)
}

#[derive(Clone, Default)]
pub struct Measured {
    pub figures: Option<Figures>,
    pub missing: Option<Missing>,
}

/// The last ones.
pub struct Measurements {
    jobs: Mutex<HashMap<Uuid, Arc<Slot>>>,
    turns: tokio::sync::Semaphore,
}

/// Who waits for it finds what the first one brought.
#[derive(Default)]
struct Slot {
    last: tokio::sync::Mutex<Option<Last>>,
    used: Mutex<Option<Instant>>,
}

struct Last {
    at: Instant,
    /// What a job used so far is no answer any more when it is over.
    stage: Stage,
    measured: Measured,
}

impl Default for Measurements {
    fn default() -> Measurements {
        Measurements { jobs: Mutex::default(), turns: tokio::sync::Semaphore::new(AT_ONCE) }
    }
}

impl Measurements {
    pub(super) async fn measure(&self, app: &App, actor: &Actor, commands: &Commands, job: &Job) -> Measured {
        let slot = self.slot(job.id);
        let mut last = slot.last.lock().await;
        let is_own = is_mine(actor, job);
        if let Some(last) = last.as_ref()
            && last.at.elapsed() < GOOD_FOR
            && last.stage == stage(job)
            && !(is_own && last.measured.missing == Some(Missing::OwnerOnly))
        {
            return last.measured.clone();
        }
        let mut measured = self.once(app, actor, commands, job).await;
        for _ in 0..WAITS {
            let awaited = measured.missing == Some(Missing::NotYet) && stage(job) == Stage::Ended;
            if !awaited || job.ended_at.is_none_or(|end| app.clock.now() - end > just_ended()) {
                break;
            }
            tokio::time::sleep(WAIT).await;
            measured = self.once(app, actor, commands, job).await;
        }
        *last = Some(Last { at: Instant::now(), stage: stage(job), measured: measured.clone() });
        measured
    }

    async fn once(&self, app: &App, actor: &Actor, commands: &Commands, job: &Job) -> Measured {
        let Ok(_turn) = self.turns.acquire().await else { return Measured::default() };
        measure(app, actor, commands, job).await
    }

    fn slot(&self, job: Uuid) -> Arc<Slot> {
        let mut jobs = self.jobs.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        let now = Instant::now();
        let fresh = |slot: &Slot| {
            let used = slot.used.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
            used.is_some_and(|used| now.duration_since(used) < FORGOTTEN_AFTER)
        };
        jobs.retain(|_, slot| Arc::strong_count(slot) > 1 || fresh(slot));
        let slot = jobs.entry(job).or_default().clone();
        *slot.used.lock().unwrap_or_else(|poisoned| poisoned.into_inner()) = Some(now);
        slot
    }
}

async fn measure(app: &App, actor: &Actor, commands: &Commands, job: &Job) -> Measured {
    let missing = |missing| Measured { figures: None, missing: Some(missing) };
    let Some(job_id) = &job.job_id else { return missing(Missing::NotStarted) };
    let told = match commands.usage(std::slice::from_ref(job_id)).await {
        Ok(told) => told,
        Err(reason) => {
            tracing::warn!(job = %job.id, %reason, "accounting does not say what a job used");
            return missing(Missing::Unreachable);
        }
    };
    let submitted_at = job.submitted_at;
    let found = told.into_iter().find(|usage| usage.job_id == *job_id && usage.submitted_at == submitted_at);
    let Some(mut usage) = found else { return missing(Missing::NotYet) };
    if stage(job) == Stage::Ended {
        let known = Some(Figures::of(&usage)).filter(|_| is_whole(&usage));
        return Measured { missing: known.is_none().then_some(Missing::NotYet), figures: known };
    }
    // Of what has just started accounting knows little.
    usage.given.cpus = usage.given.cpus.or(Some(job.cpus));
    usage.given.memory_mib = usage.given.memory_mib.or(job.memory_mib);
    usage.given.gpus = usage.given.gpus.or(Some(job.gpus));
    usage.nodes = usage.nodes.max(job.nodes);
    let lacking = add_live(app, actor, job, &mut usage).await;
    Measured { figures: Some(Figures::of(&usage)), missing: lacking }
}

/// Puts what running steps use in the place of what accounting knows of them; answers why it could not.
async fn add_live(app: &App, actor: &Actor, job: &Job, usage: &mut JobUsage) -> Option<Missing> {
    if !is_mine(actor, job) {
        return Some(Missing::OwnerOnly);
    }
    let (Ok(user), Some(job_id)) = (auth::unix_user(actor), job.job_id.clone()) else {
        return Some(Missing::OwnerOnly);
    };
    match app.agents.of(user).program(Request::Sstat { job_id }).await {
        Ok(answer) => {
            let live = usage::parse_live(&answer.stdout);
            if live.is_empty() {
                return Some(Missing::NotYet);
            }
            for measured in live {
                match usage.steps.iter_mut().find(|step| step.name == measured.name) {
                    Some(step) if step.ended_at.is_none() => {
                        let (started_at, nodes) = (step.started_at, step.nodes);
                        *step = usage::StepUsage { started_at, nodes, ..measured };
                    }
                    Some(_) => {}
                    None => usage.steps.push(measured),
                }
            }
            None
        }
        Err(agents::Error::Answered(error))
            if matches!(error.code, ErrorCode::NoSuchProgram | ErrorCode::BadRequest) =>
        {
            Some(Missing::NoSstat)
        }
        Err(error) => {
            tracing::warn!(job = %job.id, %error, "what a running job uses could not be asked");
            Some(Missing::Unreachable)
        }
    }
}
