//! What to ask for next time, from what was used: never less than any run used, and more where one had too little.

use quarterdeck_types::JobState;

use super::figures::Figures;

/// What one run asked for and used.
#[derive(Clone, Debug, PartialEq)]
pub struct Run {
    pub figures: Figures,
    /// `None`: unlimited.
    pub time_limit_minutes: Option<u32>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resource {
    /// MiB for each node.
    Memory,
    Minutes,
    CpusPerTask,
    /// For each node.
    Gpus,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Suggestion {
    pub resource: Resource,
    /// What the runs used at most; of CPUs on the average of a run, begun ones whole.
    pub used: u64,
    /// What the last run asked for.
    pub asked: u64,
    pub value: u64,
    /// Runs that this was learnt from.
    pub runs: usize,
}

/// Averages of shorter runs are those of their beginnings.
const LONG_ENOUGH_SECONDS: u64 = 10;
/// Less is not worth a change.
const LEAST_MEMORY_SAVED_MIB: u64 = 64;
const LEAST_MINUTES_SAVED: u64 = 10;

/// `runs` from the newest to the oldest; `least`: how many that completed allow advice to ask for less.
pub fn suggest(runs: &[Run], least: usize) -> Vec<Suggestion> {
    [memory(runs, least), minutes(runs, least), cpus(runs, least), gpus(runs, least)].into_iter().flatten().collect()
}

fn memory(runs: &[Run], least: usize) -> Option<Suggestion> {
    let given = |run: &Run| Some(run.figures.memory_given_mib? / u64::from(run.figures.nodes.max(1)));
    let asked = given(runs.first()?)?;
    let known: Vec<(&Run, u64)> =
        runs.iter().filter_map(|run| Some((run, run.figures.memory_of_a_node_mib?))).collect();
    let used = known.iter().map(|(_, used)| *used).max();
    let exhausted = runs.iter().filter(|run| run.figures.state == JobState::OutOfMemory).filter_map(given).max();
    let suggestion = |used, value, runs| Some(Suggestion { resource: Resource::Memory, used, asked, value, runs });
    // What ran out needed more than it had; unless a run has since done with it.
    if let Some(had) = exhausted.filter(|had| used.is_none_or(|used| used <= *had)) {
        let value = round_memory(had + had / 2);
        let out = runs.iter().filter(|run| run.figures.state == JobState::OutOfMemory).count();
        return if value > asked { suggestion(had, value, out) } else { None };
    }
    let (used, value) = used.map(|used| (used, round_memory(used + used / 4)))?;
    let too_tight = used * 20 > asked * 19;
    let too_much = completed(known.iter().map(|(run, _)| *run)) >= least
        && value <= asked / 4 * 3
        && asked - value >= LEAST_MEMORY_SAVED_MIB;
    if too_tight && value > asked || too_much { suggestion(used, value, known.len()) } else { None }
}

fn minutes(runs: &[Run], least: usize) -> Option<Suggestion> {
    let asked = u64::from(runs.first()?.time_limit_minutes?);
    let suggestion = |used, value, runs| Some(Suggestion { resource: Resource::Minutes, used, asked, value, runs });
    let stopped = runs.iter().filter(|run| run.figures.state == JobState::Timeout);
    let longest = runs.iter().map(|run| run.figures.elapsed_seconds.div_ceil(60)).max()?;
    if let Some(had) = stopped.clone().filter_map(|run| run.time_limit_minutes).max().map(u64::from)
        // Slurm ends it up to a minute late.
        && longest <= had + 2
    {
        let value = round_minutes(had * 2);
        return if value > asked { suggestion(had, value, stopped.count()) } else { None };
    }
    let value = round_minutes(longest + longest / 2);
    let too_much = completed(runs.iter()) >= least && value <= asked / 2 && asked - value >= LEAST_MINUTES_SAVED;
    if too_much { suggestion(longest, value, runs.len()) } else { None }
}

/// Only of one task on one node: which of several tasks had nothing to do, nobody can tell.
fn cpus(runs: &[Run], least: usize) -> Option<Suggestion> {
    let alone = |run: &&Run| run.figures.nodes == 1 && run.figures.tasks <= 1;
    let asked = u64::from(runs.first().filter(alone)?.figures.cpus);
    let alike = runs.iter().filter(alone).filter(|run| run.figures.elapsed_seconds >= LONG_ENOUGH_SECONDS);
    let measured = alike.filter(|run| run.figures.cpu_milliseconds.is_some());
    let busy = |run: &Run| run.figures.cpu_milliseconds.unwrap_or(0) / run.figures.elapsed_seconds.max(1);
    // In thousandths. What is just above a whole number is measuring, not work.
    let used = measured.clone().map(busy).max()?.saturating_sub(100).div_ceil(1000).max(1);
    if completed(measured.clone()) >= least && used <= asked / 2 {
        Some(Suggestion { resource: Resource::CpusPerTask, used, asked, value: used, runs: measured.count() })
    } else {
        None
    }
}

/// Only where none ever worked.
fn gpus(runs: &[Run], least: usize) -> Option<Suggestion> {
    let last = &runs.first()?.figures;
    let asked = u64::from(last.gpus / last.nodes.max(1));
    let with = runs.iter().filter(|run| run.figures.gpus > 0);
    let idle = with.clone().all(|run| run.figures.gpu_percent == Some(0));
    if asked > 0 && idle && completed(with.clone()) >= least {
        Some(Suggestion { resource: Resource::Gpus, used: 0, asked, value: 0, runs: with.count() })
    } else {
        None
    }
}

fn completed<'a>(runs: impl Iterator<Item = &'a Run>) -> usize {
    runs.filter(|run| run.figures.state == JobState::Completed).count()
}

fn round_memory(mib: u64) -> u64 {
    let step = match mib {
        0..1024 => 64,
        1024..16_384 => 256,
        _ => 1024,
    };
    mib.div_ceil(step).max(1) * step
}

fn round_minutes(minutes: u64) -> u64 {
    let step = match minutes {
        0..60 => 5,
        60..600 => 15,
        _ => 60,
    };
    minutes.div_ceil(step).max(1) * step
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(state: JobState) -> Run {
        Run {
            figures: Figures {
                state,
                elapsed_seconds: 600,
                nodes: 1,
                tasks: 1,
                cpus: 2,
                cpu_milliseconds: Some(1_200_000),
                memory_given_mib: Some(32 << 10),
                memory_used_mib: Some(30 << 10),
                memory_of_a_node_mib: Some(30 << 10),
                gpus: 0,
                gpu_percent: None,
                gpu_memory_mib: None,
            },
            time_limit_minutes: Some(20),
        }
    }

    fn used_memory(state: JobState, given: u64, used: u64) -> Run {
        let mut run = run(state);
        run.figures.memory_given_mib = Some(given);
        run.figures.memory_of_a_node_mib = Some(used);
        run
    }

    fn of(resource: Resource, runs: &[Run]) -> Option<(u64, u64, u64)> {
        let found = suggest(runs, 3).into_iter().find(|suggestion| suggestion.resource == resource)?;
        Some((found.used, found.asked, found.value))
    }

    #[test]
    fn runs_that_used_what_they_asked_for_need_no_advice() {
        assert_eq!(suggest(&vec![run(JobState::Completed); 5], 3), []);
    }

    #[test]
    fn memory_is_what_the_greediest_run_used_and_some_more() {
        let runs = [1000, 3100, 2000].map(|used| used_memory(JobState::Completed, 32 << 10, used));
        assert_eq!(of(Resource::Memory, &runs), Some((3100, 32 << 10, 4096)));
        assert_eq!(of(Resource::Memory, &runs[..2]), None, "two runs are no history");
        // Over two nodes each has half.
        let spread = runs.map(|run| Run { figures: Figures { nodes: 2, ..run.figures }, ..run });
        assert_eq!(of(Resource::Memory, &spread), Some((3100, 16 << 10, 4096)));
    }

    #[test]
    fn runs_that_failed_never_make_it_less_but_show_what_was_needed() {
        let failed = [used_memory(JobState::Failed, 8192, 10), used_memory(JobState::Cancelled, 8192, 10)];
        assert_eq!(of(Resource::Memory, &[failed.to_vec(), failed.to_vec()].concat()), None);
        let mut runs = vec![used_memory(JobState::Completed, 8192, 500); 3];
        runs.push(used_memory(JobState::Failed, 8192, 4000));
        assert_eq!(of(Resource::Memory, &runs), Some((4000, 8192, 5120)));
    }

    #[test]
    fn a_run_that_ran_out_of_memory_asks_for_more() {
        let mut runs = vec![used_memory(JobState::OutOfMemory, 4096, 4000)];
        assert_eq!(of(Resource::Memory, &runs), Some((4096, 4096, 6144)));
        runs.extend(vec![used_memory(JobState::Completed, 4096, 500); 5]);
        assert_eq!(of(Resource::Memory, &runs), Some((4096, 4096, 6144)));
        // Since then more was asked for, and used.
        runs.splice(0..0, vec![used_memory(JobState::Completed, 8192, 5000); 2]);
        assert_eq!(of(Resource::Memory, &runs), None);
        runs[0] = used_memory(JobState::Completed, 64 << 10, 5000);
        assert_eq!(of(Resource::Memory, &runs), Some((5000, 64 << 10, 6400)));
    }

    #[test]
    fn memory_that_hardly_sufficed_is_told_at_once() {
        assert_eq!(of(Resource::Memory, &[used_memory(JobState::Completed, 1000, 990)]), Some((990, 1000, 1280)));
    }

    #[test]
    fn a_time_limit_far_above_the_longest_run_is_lowered_and_one_that_was_hit_raised() {
        let limited = |state, seconds, limit| {
            let mut run = run(state);
            run.figures.elapsed_seconds = seconds;
            Run { time_limit_minutes: limit, ..run }
        };
        let runs = [300, 620, 400].map(|seconds| limited(JobState::Completed, seconds, Some(1440)));
        assert_eq!(of(Resource::Minutes, &runs), Some((11, 1440, 20)));
        let stopped = [limited(JobState::Timeout, 3640, Some(60))];
        assert_eq!(of(Resource::Minutes, &stopped), Some((60, 60, 120)));
        let since = [limited(JobState::Completed, 5400, Some(120)), stopped[0].clone()];
        assert_eq!(of(Resource::Minutes, &since), None);
        assert_eq!(of(Resource::Minutes, &[limited(JobState::Completed, 60, None)]), None);
    }

    #[test]
    fn cpus_that_idled_on_average_are_given_back_where_one_task_had_them() {
        let busy = |milliseconds, cpus| {
            let mut run = run(JobState::Completed);
            (run.figures.cpu_milliseconds, run.figures.cpus) = (Some(milliseconds), cpus);
            run
        };
        assert_eq!(of(Resource::CpusPerTask, &vec![busy(610_000, 8); 3]), Some((1, 8, 1)));
        assert_eq!(of(Resource::CpusPerTask, &vec![busy(1_300_000, 8); 3]), Some((3, 8, 3)));
        assert_eq!(of(Resource::CpusPerTask, &vec![busy(4_000_000, 8); 3]), None);
        let tasks = vec![Run { figures: Figures { tasks: 8, ..busy(600_000, 8).figures }, ..busy(0, 8) }; 3];
        assert_eq!(of(Resource::CpusPerTask, &tasks), None);
    }

    #[test]
    fn gpus_that_never_worked_are_given_back_and_unmeasured_ones_are_not() {
        let gpu = |percent| {
            let mut run = run(JobState::Completed);
            (run.figures.gpus, run.figures.gpu_percent) = (2, percent);
            run
        };
        assert_eq!(of(Resource::Gpus, &vec![gpu(Some(0)); 3]), Some((0, 2, 0)));
        assert_eq!(of(Resource::Gpus, &vec![gpu(None); 3]), None);
        assert_eq!(of(Resource::Gpus, &[gpu(Some(0)), gpu(Some(3)), gpu(Some(0))]), None);
    }
}
