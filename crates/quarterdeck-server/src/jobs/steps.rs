//! What a job has run within its resources: its script, and each `srun`.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::Duration;

use quarterdeck_slurm::Step;
use quarterdeck_types::JobId;
use tokio::time::Instant;

use super::{Error, find_for};
use crate::access::Actor;
use crate::app::App;
use crate::clusters::{Cluster, Freshness, Scheduler};

/// Whoever else asks within this time gets the same answer, so that accounting is asked no oftener.
const KEPT: Duration = Duration::from_secs(3);
const MOST_KEPT: usize = 200;

/// What was read just now.
#[derive(Default)]
pub struct Kept {
    readings: Mutex<HashMap<(String, JobId), (Instant, Reading)>>,
}

type Reading = (Vec<Step>, Freshness);

impl Kept {
    fn find(&self, key: &(String, JobId)) -> Option<Reading> {
        let readings = self.readings.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        readings.get(key).filter(|(at, _)| at.elapsed() < KEPT).map(|(_, reading)| reading.clone())
    }

    fn keep(&self, key: (String, JobId), reading: Reading) {
        let mut readings = self.readings.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        readings.retain(|_, (at, _)| at.elapsed() < KEPT);
        if readings.len() < MOST_KEPT {
            readings.insert(key, (Instant::now(), reading));
        }
    }
}

/// The steps of a job that the actor may see, in their order. The one-machine queue has none, nor has a job that never
/// got a number.
pub async fn steps(app: &App, actor: &Actor, cluster: &Cluster, job: &str) -> Result<Reading, Error> {
    let job = find_for(app, actor, cluster, job).await?;
    let now = app.clock.now();
    let (Scheduler::Slurm(commands), Some(job_id)) = (&cluster.scheduler, &job.job_id) else {
        return Ok((Vec::new(), Freshness { as_of: Some(now), ..Freshness::default() }));
    };
    let key = (cluster.name.clone(), job_id.clone());
    if let Some(reading) = app.jobs.steps.find(&key) {
        return Ok(reading);
    }
    let reading = match commands.steps(job_id).await {
        Ok(steps) => (steps, Freshness { as_of: Some(now), ..Freshness::default() }),
        Err(reason) => (Vec::new(), Freshness { stale_reason: Some(reason), ..Freshness::default() }),
    };
    app.jobs.steps.keep(key, reading.clone());
    Ok(reading)
}
