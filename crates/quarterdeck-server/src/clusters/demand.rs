//! How many jobs wait and run, in all and in each partition, as the last reading of the queue has them: what `squeue`
//! lists, so that an array's waiting tasks are one.

use std::collections::HashMap;

use quarterdeck_slurm::Job;
use quarterdeck_types::JobState;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct JobCount {
    pub pending: u64,
    pub running: u64,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Demand {
    pub total: JobCount,
    by_partition: HashMap<String, JobCount>,
}

impl Demand {
    pub fn count<'a>(queue: impl IntoIterator<Item = &'a Job>) -> Demand {
        let jobs = queue.into_iter().map(|job| (job.state, job.partition.as_deref()));
        Demand::of(jobs)
    }

    /// A job that waits for one of several partitions waits in each of them.
    pub fn of<'a>(jobs: impl IntoIterator<Item = (JobState, Option<&'a str>)>) -> Demand {
        let mut demand = Demand::default();
        for (state, partition) in jobs {
            let add = |count: &mut JobCount| match state {
                JobState::Pending => count.pending += 1,
                JobState::Configuring | JobState::Running | JobState::Suspended | JobState::Completing => {
                    count.running += 1;
                }
                _ => {}
            };
            add(&mut demand.total);
            for name in partition.unwrap_or_default().split(',').filter(|name| !name.is_empty()) {
                if let Some(count) = demand.by_partition.get_mut(name) {
                    add(count);
                } else {
                    add(demand.by_partition.entry(name.to_owned()).or_default());
                }
            }
        }
        demand
    }

    pub fn in_partition(&self, partition: &str) -> JobCount {
        self.by_partition.get(partition).copied().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_for_several_partitions_waits_in_each_and_counts_once() {
        let demand = Demand::of([
            (JobState::Pending, Some("a,b")),
            (JobState::Running, Some("a")),
            (JobState::Completed, Some("a")),
            (JobState::Completing, None),
        ]);
        assert_eq!(demand.total, JobCount { pending: 1, running: 2 });
        assert_eq!(demand.in_partition("a"), JobCount { pending: 1, running: 1 });
        assert_eq!(demand.in_partition("b"), JobCount { pending: 1, running: 0 });
        assert_eq!(demand.in_partition("c"), JobCount::default());
    }
}
