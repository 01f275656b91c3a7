//! What a job was given and what it used, from what its steps used.

use quarterdeck_slurm::compact::usage::{JobUsage, StepUsage};
use quarterdeck_types::JobState;

/// Of one job, or of one task of an array.
#[derive(Clone, Debug, PartialEq)]
pub struct Figures {
    pub state: JobState,
    pub elapsed_seconds: u64,
    pub nodes: u32,
    /// Of the step that had most.
    pub tasks: u32,
    pub cpus: u32,
    /// User and system time of all steps. `None`: not measured.
    pub cpu_milliseconds: Option<u64>,
    /// On all nodes together.
    pub memory_given_mib: Option<u64>,
    /// The most that steps running at the same time used together, each with the peaks of all its tasks.
    pub memory_used_mib: Option<u64>,
    /// The same, of the node that had most: what `--mem` has to cover.
    pub memory_of_a_node_mib: Option<u64>,
    pub gpus: u32,
    /// The highest of Slurm's samples, of one GPU's 100 % each.
    pub gpu_percent: Option<u32>,
    pub gpu_memory_mib: Option<u64>,
}

/// What was given and not used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wasted {
    pub cpu_seconds: u64,
    pub memory_mib_seconds: u64,
    pub gpu_seconds: u64,
}

impl Figures {
    pub fn of(usage: &JobUsage) -> Figures {
        let steps = &usage.steps;
        let memory = |of: fn(&StepUsage) -> Option<u64>| peak(steps, of);
        Figures {
            state: usage.state,
            elapsed_seconds: usage.elapsed_seconds,
            nodes: usage.nodes,
            tasks: steps.iter().map(|step| step.tasks).max().unwrap_or(0),
            cpus: usage.given.cpus.unwrap_or(0),
            cpu_milliseconds: sum(steps.iter().map(|step| step.cpu_milliseconds)),
            memory_given_mib: usage.given.memory_mib,
            memory_used_mib: memory(|step| step.memory.map(|memory| memory.all_tasks_mib)),
            memory_of_a_node_mib: memory(of_a_node),
            gpus: usage.given.gpus.unwrap_or(0),
            gpu_percent: memory(|step| step.gpu_percent.map(u64::from)).and_then(|percent| u32::try_from(percent).ok()),
            gpu_memory_mib: memory(|step| step.gpu_memory_mib),
        }
    }

    pub fn cpu_seconds_given(&self) -> u64 {
        u64::from(self.cpus).saturating_mul(self.elapsed_seconds)
    }

    /// Of what was not measured nothing counts as wasted.
    pub fn wasted(&self) -> Wasted {
        let cpu = self.cpu_milliseconds.map(|used| self.cpu_seconds_given().saturating_sub(used.div_ceil(1000)));
        let memory = self.memory_given_mib.zip(self.memory_used_mib).map(|(given, used)| given.saturating_sub(used));
        let gpu = self.gpu_percent.map(|percent| {
            let whole = u64::from(self.gpus) * 100;
            whole.saturating_sub(percent.into()).saturating_mul(self.elapsed_seconds) / 100
        });
        Wasted {
            cpu_seconds: cpu.unwrap_or(0),
            memory_mib_seconds: memory.unwrap_or(0).saturating_mul(self.elapsed_seconds),
            gpu_seconds: gpu.unwrap_or(0),
        }
    }
}

/// Slurm tells the largest task and the sum of all. Where tasks are spread over nodes, one node holds no more than its
/// tasks would if each were the largest.
fn of_a_node(step: &StepUsage) -> Option<u64> {
    let memory = step.memory?;
    if step.nodes <= 1 || step.tasks <= 1 {
        return Some(memory.all_tasks_mib);
    }
    let tasks_of_a_node = u64::from(step.tasks.div_ceil(step.nodes));
    Some(memory.all_tasks_mib.min(memory.largest_task_mib.saturating_mul(tasks_of_a_node)))
}

/// The sum of what is known; `None` where nothing is.
fn sum(values: impl Iterator<Item = Option<u64>>) -> Option<u64> {
    values.fold(None, |sum, value| match (sum, value) {
        (Some(sum), Some(value)) => Some(u64::saturating_add(sum, value)),
        (known, None) | (None, known) => known,
    })
}

/// The highest sum over steps that run at the same time. The batch script goes on while the steps that it starts run.
fn peak(steps: &[StepUsage], of: impl Fn(&StepUsage) -> Option<u64>) -> Option<u64> {
    let mut changes: Vec<(i64, bool, u64)> = Vec::new();
    for step in steps {
        let Some(value) = of(step) else { continue };
        let begin = step.started_at.map_or(i64::MIN, |time| time.timestamp());
        // Times are whole seconds: one that ended in its first second ran all the same.
        let end = step.ended_at.map_or(i64::MAX, |time| time.timestamp().max(begin.saturating_add(1)));
        changes.push((begin, true, value));
        changes.push((end, false, value));
    }
    // Of one second, ends come first: `false` is less than `true`.
    changes.sort_unstable();
    let (mut now, mut most) = (0u64, None);
    for (_, begins, value) in changes {
        now = if begins { now.saturating_add(value) } else { now.saturating_sub(value) };
        most = most.max(Some(now));
    }
    most
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, Utc};
    use quarterdeck_slurm::compact::usage::{self, StepMemory};
    use quarterdeck_slurm::notation::Tres;
    use quarterdeck_types::JobId;

    use super::*;

    const RECORDED: &[u8] = include_bytes!("../../../../quarterdeck-slurm/tests/recorded/22.05/usage");

    fn recorded(id: &str) -> Figures {
        let jobs = usage::parse(RECORDED).unwrap();
        Figures::of(jobs.iter().find(|job| job.job_id.as_str() == id).unwrap())
    }

    fn at(second: i64) -> Option<DateTime<Utc>> {
        DateTime::from_timestamp(1_800_000_000 + second, 0)
    }

    fn step(from: i64, to: i64, mib: u64) -> StepUsage {
        StepUsage {
            started_at: at(from),
            ended_at: at(to),
            nodes: 1,
            tasks: 1,
            memory: Some(StepMemory { largest_task_mib: mib, all_tasks_mib: mib }),
            ..StepUsage::default()
        }
    }

    fn job(steps: Vec<StepUsage>) -> JobUsage {
        JobUsage {
            job_id: JobId::parse("5").unwrap(),
            state: JobState::Completed,
            submitted_at: at(0).unwrap(),
            started_at: at(0),
            ended_at: at(100),
            elapsed_seconds: 100,
            nodes: 1,
            given: Tres { cpus: Some(4), memory_mib: Some(1000), nodes: Some(1), gpus: None },
            steps,
        }
    }

    #[test]
    fn a_task_that_gave_memory_back_is_known_by_its_peak() {
        let figures = recorded("1");
        assert_eq!((figures.cpus, figures.elapsed_seconds, figures.cpu_milliseconds), (2, 10, Some(2393)));
        assert_eq!((figures.memory_given_mib, figures.memory_used_mib), (Some(1000), Some(310)));
        let wasted = Wasted { cpu_seconds: 17, memory_mib_seconds: 690 * 10, gpu_seconds: 0 };
        assert_eq!(figures.wasted(), wasted);
    }

    /// Steps 0 (three tasks on two nodes, 68 MiB each), then 1 and 2 at once (58 each), the script beside them.
    #[test]
    fn steps_that_ran_at_once_add_up_and_others_do_not() {
        let figures = recorded("2");
        assert_eq!(figures.memory_used_mib, Some(204 + 22));
        // A node holds two of the three tasks at most.
        assert_eq!((figures.tasks, figures.nodes, figures.memory_of_a_node_mib), (3, 2, Some(2 * 68 + 22)));
        assert_eq!(figures.cpu_milliseconds, Some(33 + 455 + 43 + 43));
    }

    #[test]
    fn what_was_too_short_to_be_sampled_has_no_memory() {
        let figures = recorded("4");
        assert_eq!((figures.memory_used_mib, figures.cpu_milliseconds), (None, Some(1)));
        assert_eq!(figures.wasted().memory_mib_seconds, 0);
    }

    #[test]
    fn without_any_measuring_nothing_is_known_and_nothing_wasted() {
        let figures = Figures::of(&job(vec![StepUsage { tasks: 1, ..StepUsage::default() }]));
        assert_eq!((figures.cpu_milliseconds, figures.memory_used_mib, figures.gpu_percent), (None, None, None));
        assert_eq!(figures.wasted(), Wasted::default());
    }

    #[test]
    fn one_step_after_the_other_is_not_two_at_once() {
        let figures = |steps| Figures::of(&job(steps)).memory_used_mib;
        assert_eq!(figures(vec![step(0, 10, 100), step(10, 20, 100)]), Some(100));
        assert_eq!(figures(vec![step(0, 11, 100), step(10, 20, 100)]), Some(200));
        assert_eq!(figures(vec![step(5, 5, 100), step(5, 5, 100)]), Some(200));
        let running = StepUsage { ended_at: None, ..step(50, 0, 7) };
        assert_eq!(figures(vec![step(0, 60, 100), running]), Some(107));
    }

    #[test]
    fn a_node_holds_its_share_of_the_tasks() {
        let memory = StepMemory { largest_task_mib: 100, all_tasks_mib: 400 };
        let step = StepUsage { nodes: 4, tasks: 16, memory: Some(memory), ..step(0, 10, 0) };
        assert_eq!(of_a_node(&step), Some(400), "four of the largest");
        let even = StepMemory { largest_task_mib: 30, all_tasks_mib: 400 };
        assert_eq!(of_a_node(&StepUsage { memory: Some(even), ..step.clone() }), Some(120));
        assert_eq!(of_a_node(&StepUsage { tasks: 1, ..step }), Some(400));
    }

    /// Two GPUs: one worked at 60 %, the other not at all. (The form is Slurm's; no GPU is here to record from.)
    #[test]
    fn gpus_that_idle_are_wasted() {
        let mut job = job(vec![StepUsage { gpu_percent: Some(60), gpu_memory_mib: Some(900), ..step(0, 100, 1) }]);
        job.given.gpus = Some(2);
        let figures = Figures::of(&job);
        assert_eq!((figures.gpu_percent, figures.gpu_memory_mib), (Some(60), Some(900)));
        assert_eq!(figures.wasted().gpu_seconds, 140);
    }

    #[test]
    fn more_than_was_given_is_no_waste() {
        let figures = Figures { cpu_milliseconds: Some(900_000), ..Figures::of(&job(vec![step(0, 100, 5000)])) };
        assert_eq!((figures.wasted().cpu_seconds, figures.wasted().memory_mib_seconds), (0, 0));
    }
}
