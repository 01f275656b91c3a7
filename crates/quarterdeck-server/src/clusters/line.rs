//! Who waits, for what, how far ahead in line, and until when as Slurm thinks: from the reading of the queue, which
//! tells it anyway. Kept apart from the jobs, since it moves with each look of the scheduler's.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use quarterdeck_slurm::{Job, Reason, dependency};
use quarterdeck_types::{JobId, JobState};

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Line {
    waiting: HashMap<String, Waiting>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Waiting {
    pub expected_start_at: Option<DateTime<Utc>>,
    /// How many jobs of its partition Slurm considers before it. `None` where it stands in no line, or in several.
    pub ahead: Option<u32>,
    pub depends_on: Vec<dependency::Dependency>,
}

impl Line {
    /// Takes the estimates out of a reading, which is in the order in which Slurm considers who waits.
    pub fn take(queue: &mut [Job]) -> Line {
        let mut waiting = HashMap::new();
        let mut lengths: HashMap<String, u32> = HashMap::new();
        for job in queue {
            let expected_start_at = job.expected_start_at.take();
            if job.state != JobState::Pending {
                continue;
            }
            let in_line = job.reason.as_deref().and_then(Reason::parse).is_none_or(|reason| reason.is_in_line());
            let partition = job.partition.as_ref().filter(|partition| in_line && !partition.contains(','));
            let ahead = partition.map(|partition| {
                let length = lengths.entry(partition.clone()).or_default();
                *length += 1;
                *length - 1
            });
            let depends_on = job.dependency.as_deref().map(dependency::parse).unwrap_or_default();
            waiting.insert(key(&job.job_id).to_owned(), Waiting { expected_start_at, ahead, depends_on });
        }
        Line { waiting }
    }

    pub fn find(&self, job_id: &JobId) -> Option<&Waiting> {
        self.waiting.get(key(job_id))
    }
}

/// The pending rest of an array (`5_[2-9]`) is known by the array.
fn key(job_id: &JobId) -> &str {
    if job_id.as_str().contains('[') { job_id.root() } else { job_id.as_str() }
}
