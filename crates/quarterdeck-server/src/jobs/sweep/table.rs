//! A sweep as its table again: what was asked for in each row, and how its task stands.

use std::collections::HashMap;

use serde_json::{Map, Value};

use super::{MOST_ROWS, task_number};
use crate::access::Actor;
use crate::app::App;
use crate::clusters::Cluster;
use crate::jobs::{Error, Job, JobState, NewJob, find_for, is_mine, read, store, whole, whole_of};

pub struct SweepTable {
    /// The columns, in their order.
    pub parameters: Vec<String>,
    pub rows: Vec<SweepRow>,
}

pub struct SweepRow {
    /// Of the task, counted from 1.
    pub number: u32,
    pub values: Map<String, Value>,
    /// `None`: the scheduler told nothing of it, as of tasks that have not started.
    pub job: Option<Job>,
    /// `None` where it cannot be told.
    pub state: Option<JobState>,
}

/// The table of a sweep of the person's own; of one of its tasks, that row.
pub async fn sweep(app: &App, actor: &Actor, cluster: &Cluster, job: &str) -> Result<SweepTable, Error> {
    let job = find_for(app, actor, cluster, job).await?;
    if !is_mine(actor, &job) {
        return Err(Error::NotYours);
    }
    let only = job.job_id.as_ref().and_then(task_number).and_then(|number| number.parse::<u32>().ok());
    let submitted = match only {
        Some(_) => whole_of(app, &job).await?.ok_or(Error::NoSweep)?,
        None => job,
    };
    let request = store::request_of(app.db.read(), submitted.id).await?;
    let request = request.and_then(|request| serde_json::from_value::<NewJob>(request).ok());
    let asked = request.and_then(|request| request.sweep).ok_or(Error::NoSweep)?;
    let mut tasks = tasks(app, actor, cluster, &submitted).await?;
    let rows = asked.rows.into_iter().zip(1..).filter(|(_, number)| only.is_none_or(|only| only == *number));
    let row = |(values, number): (Map<String, Value>, u32)| {
        let job = tasks.remove(&number);
        let state = job.as_ref().map_or_else(|| state_of_unseen(submitted.state), |job| Some(job.state));
        SweepRow { number, values, job, state }
    };
    let rows = rows.map(row).collect();
    Ok(SweepTable { parameters: asked.parameters, rows })
}

async fn tasks(app: &App, actor: &Actor, cluster: &Cluster, submitted: &Job) -> Result<HashMap<u32, Job>, Error> {
    if submitted.job_id.is_none() {
        return Ok(HashMap::new());
    }
    let whole = whole(app, actor, cluster, &submitted.id.to_string()).await?;
    let filter = store::Filter { parts: store::Parts::Of(whole), ..store::Filter::default() };
    let rows = store::list(app.db.read(), &cluster.name, &filter, None, true, MOST_ROWS as u64).await?;
    let number = |job: &Job| job.job_id.as_ref().and_then(task_number).and_then(|number| number.parse().ok());
    Ok(rows.into_iter().filter_map(read).filter_map(|job| Some((number(&job)?, job))).collect())
}

/// Slurm lists waiting tasks as one, and forgets those that were cancelled before they started.
fn state_of_unseen(whole: JobState) -> Option<JobState> {
    match whole {
        JobState::Submitting | JobState::NotSubmitted | JobState::OutcomeUnknown | JobState::Cancelled => Some(whole),
        whole if !whole.is_final() => Some(JobState::Pending),
        _ => None,
    }
}
