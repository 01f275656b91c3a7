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
    /// How many tasks of an array have never started; 0 where that is not known.
    pub tasks: u32,
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
            let tasks = tasks_that_wait(&job.job_id);
            waiting.insert(key(&job.job_id).to_owned(), Waiting { expected_start_at, ahead, depends_on, tasks });
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

/// Of `5_[2-9:2,12%3]` five. What Slurm has cut short (`…`) is not known.
fn tasks_that_wait(job_id: &JobId) -> u32 {
    let Some((_, list)) = job_id.as_str().split_once('[') else { return 0 };
    let list = list.trim_end_matches(']').split('%').next().unwrap_or_default();
    let count = |range: &str| -> Option<u32> {
        let (range, step) = range.split_once(':').unwrap_or((range, "1"));
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        let (first, last, step): (u32, u32, u32) = (first.parse().ok()?, last.parse().ok()?, step.parse().ok()?);
        Some(last.checked_sub(first)?.checked_div(step)?.saturating_add(1))
    };
    list.split(',').try_fold(0, |all: u32, range| Some(all.saturating_add(count(range)?))).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("5_[2-9:2,12%3]", 5)]
    #[case("5_[0-49]", 50)]
    #[case("5_[7]", 1)]
    #[case("5_[1,3,5,...]", 0)]
    #[case("5_1", 0)]
    fn tasks_that_have_never_started_are_counted(#[case] job_id: &str, #[case] tasks: u32) {
        assert_eq!(tasks_that_wait(&JobId::parse(job_id).unwrap()), tasks);
    }
}
