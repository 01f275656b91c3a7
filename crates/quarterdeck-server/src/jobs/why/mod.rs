//! Says why a job waits or failed: codes with parameters, which the page puts in words.
//!
//! What is found comes from the job itself, from the cluster as it was last read, and, for the job's owner, from the
//! end of its output. No English is written here: parameters are numbers, times (`…_at`), and words that Slurm, the
//! system or the job wrote.

mod ended;
mod maintenance;
mod output;
#[cfg(test)]
mod tests;
mod waiting;

use chrono::{DateTime, Utc};
use quarterdeck_types::JobState;
use serde_json::{Map, Value};

use super::output::{OUTPUT_ROUTE, tails};
use super::{Error, Job, Stream, find_for, is_mine};
use crate::access::{Actor, permit_reading};
use crate::app::App;
use crate::audit::{Ending, Filter};
use crate::clusters::{Cluster, Freshness, Sight};

/// How much of the output's end is looked at, of both streams together.
const TAIL: u64 = 64 << 10;

pub struct Why {
    /// The most telling first.
    pub findings: Vec<Finding>,
    /// When the scheduler thinks it will start.
    pub starts_at: Option<DateTime<Utc>>,
    pub freshness: Freshness,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// Stable word for translation.
    pub code: &'static str,
    pub params: Map<String, Value>,
    /// The line of the output that says so.
    pub line: Option<OutputLine>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutputLine {
    /// Cut, and without control characters.
    pub text: String,
    /// 1 is the last line.
    pub from_end: u32,
    pub stream: Stream,
}

impl Finding {
    fn new(code: &'static str) -> Finding {
        Finding { code, params: Map::new(), line: None }
    }

    /// What is not known is left out.
    fn with(mut self, name: &str, value: Option<impl Into<Value>>) -> Finding {
        if let Some(value) = value {
            self.params.insert(name.to_owned(), value.into());
        }
        self
    }

    fn at(self, name: &str, time: DateTime<Utc>) -> Finding {
        self.with(name, Some(time.to_rfc3339_opts(chrono::SecondsFormat::Secs, true)))
    }
}

/// Why the job waits or failed, as far as the actor may know. Nothing is found where all is well.
pub async fn why(app: &App, actor: &Actor, cluster: &Cluster, job: &str) -> Result<Why, Error> {
    let job = find_for(app, actor, cluster, job).await?;
    let view = cluster.view();
    let waiting = job.job_id.as_ref().filter(|_| job.state == JobState::Pending).and_then(|id| view.line.find(id));
    let starts_at = waiting.and_then(|waiting| waiting.expected_start_at);
    let findings = match job.state {
        JobState::Pending => {
            let seen = waiting::Seen {
                // How many others there are is theirs where jobs are private.
                waiting: waiting.filter(|_| cluster.sight_of(actor) == Sight::All),
                depends_on: waiting.map_or(&[], |waiting| &waiting.depends_on),
                nodes: &view.node_list,
                reservations: if cluster.shows_reservations_to(actor) { &view.reservation_list } else { &[] },
                now: app.clock.now(),
            };
            waiting::findings(&job, &seen)
        }
        JobState::Configuring => vec![Finding::new("preparing")],
        JobState::Cancelled => vec![ended::cancelled(&job, canceller(app, &job).await?)],
        JobState::Failed | JobState::Timeout | JobState::OutOfMemory => {
            // What it wrote is for whom the output is for.
            let may_read = is_mine(actor, &job) && permit_reading(actor, OUTPUT_ROUTE).is_ok();
            let tails = if may_read { tails(app, actor, cluster, &job, TAIL).await } else { Vec::new() };
            ended::findings(&job, &tails)
        }
        _ => ended::findings(&job, &[]),
    };
    Ok(Why { findings, starts_at, freshness: view.jobs })
}

/// Who cancelled it through the portal; Slurm's own record names nobody in the queue.
async fn canceller(app: &App, job: &Job) -> Result<Option<String>, Error> {
    let filter =
        Filter { action: Some("job.cancel".to_owned()), object: Some(job.id.to_string()), ..Filter::default() };
    let events = app.audit.list(&filter, None, 1, false).await?.entries;
    Ok(events.into_iter().next().filter(|event| event.result == Ending::Done).map(|event| event.actor))
}
