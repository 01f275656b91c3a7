//! Arrays of the one-machine queue. A task is a job of its own here; the array's own row starts nothing and says how its
//! tasks stand.

use std::collections::HashMap;

use quarterdeck_slurm::array::ArrayTasks;
use quarterdeck_types::{JobId, JobState};
use sea_orm::DbErr;
use uuid::Uuid;

use super::WAITING;
use crate::app::App;
use crate::jobs::observe::whole_state;
use crate::jobs::{Job, paths, read, save_and_publish, store, sweep};

/// As many as Slurm takes unless it is told otherwise.
const MOST_TASKS: usize = 1001;

/// Why a list is none that this queue takes.
pub(super) const NO_ARRAY: &str = "the local queue takes at most 1001 array tasks, written as 0-9, 1,3,5 or 0-99%10";

/// Whether the job's array, if it is one, can be taken in.
pub(super) fn is_array_or_none(job: &Job) -> bool {
    job.array.as_ref().is_none_or(|list| ArrayTasks::parse(list, MOST_TASKS).is_some())
}

/// The tasks of an array that has its number; none of any other job.
pub(in crate::jobs) fn tasks_of(array: &Job) -> Vec<Job> {
    let (Some(list), Some(number)) = (&array.array, &array.job_id) else { return Vec::new() };
    let tasks = ArrayTasks::parse(list, MOST_TASKS).map(|tasks| tasks.numbers).unwrap_or_default();
    let task = |task: u32| {
        let job_id = JobId::parse(&format!("{number}_{task}")).ok()?;
        let directory = array.working_directory.clone().unwrap_or_default();
        let mut job = Job {
            id: Uuid::now_v7(),
            working_directory: sweep::directory_of(array, &job_id).or_else(|| Some(directory.clone())),
            job_id: Some(job_id),
            script: None,
            array: None,
            rows_directory: None,
            ..array.clone()
        };
        paths::record(&mut job, array.script.as_deref().unwrap_or_default(), &directory);
        Some(job)
    };
    tasks.into_iter().filter_map(task).collect()
}

/// The arrays whose tasks are in the queue.
pub(super) struct Arrays {
    by_number: HashMap<String, Array>,
}

struct Array {
    whole: Job,
    at_once: Option<u32>,
    running: u32,
    /// Whether a task of it is in the queue.
    open: bool,
    /// Whether one was started or ended now.
    touched: bool,
}

impl Arrays {
    /// Takes the arrays' own rows out of the queue.
    pub(super) fn take_from(open: &mut Vec<Job>) -> Arrays {
        let mut by_number = HashMap::new();
        let mut rest = Vec::with_capacity(open.len());
        for whole in open.drain(..) {
            match (&whole.array, &whole.job_id) {
                (Some(list), Some(number)) => {
                    let at_once = ArrayTasks::parse(list, MOST_TASKS).and_then(|tasks| tasks.at_once);
                    by_number
                        .insert(number.to_string(), Array { whole, at_once, running: 0, open: false, touched: false });
                }
                _ => rest.push(whole),
            }
        }
        *open = rest;
        let mut arrays = Arrays { by_number };
        for task in open.iter() {
            if let Some(array) = arrays.of_mut(task) {
                array.open = true;
            }
        }
        arrays
    }

    /// What to start for a job: where, and which script. A task has its array's.
    pub(super) fn source<'a>(&'a self, job: &'a Job) -> &'a Job {
        self.of(job).map_or(job, |array| &array.whole)
    }

    /// Whether as many of the array's tasks run as may.
    pub(super) fn is_full(&self, task: &Job) -> bool {
        self.of(task).is_some_and(|array| array.at_once.is_some_and(|at_once| array.running >= at_once))
    }

    pub(super) fn count_running(&mut self, task: &Job) {
        if let Some(array) = self.of_mut(task) {
            array.running += 1;
        }
    }

    pub(super) fn touch(&mut self, task: &Job) {
        if let Some(array) = self.of_mut(task) {
            array.touched = true;
        }
    }

    fn of(&self, task: &Job) -> Option<&Array> {
        self.by_number.get(task.job_id.as_ref()?.whole()?)
    }

    fn of_mut(&mut self, task: &Job) -> Option<&mut Array> {
        self.by_number.get_mut(task.job_id.as_ref()?.whole()?)
    }

    /// Writes how those arrays stand of which something changed.
    pub(super) async fn record(self, app: &App) -> Result<(), DbErr> {
        for array in self.by_number.into_values().filter(|array| array.touched || !array.open) {
            record(app, array.whole).await?;
        }
        Ok(())
    }
}

/// Writes how an array stands.
pub(super) async fn record(app: &App, whole: Job) -> Result<(), DbErr> {
    let tasks = tasks(app, &whole).await?;
    let now = summary(&whole, &tasks);
    if now != whole { save_and_publish(app, now).await } else { Ok(()) }
}

/// The tasks of an array that are known, in their order.
pub(super) async fn tasks(app: &App, array: &Job) -> Result<Vec<Job>, DbErr> {
    let Some(number) = &array.job_id else { return Ok(Vec::new()) };
    let whole = store::Whole { root: number.to_string(), id: array.id, next: None };
    let filter = store::Filter { parts: store::Parts::Of(whole), ..store::Filter::default() };
    let rows = store::list(app.db.read(), &array.cluster, &filter, None, true, MOST_TASKS as u64).await?;
    Ok(rows.into_iter().filter_map(read).collect())
}

fn summary(whole: &Job, tasks: &[Job]) -> Job {
    let state = whole_state(tasks.iter().map(|task| task.state));
    let waiting = tasks.iter().find(|task| task.state == JobState::Pending);
    Job {
        state,
        reason: waiting.and_then(|task| task.reason.clone()).or_else(|| waiting.map(|_| WAITING.to_owned())),
        started_at: tasks.iter().filter_map(|task| task.started_at).min(),
        ended_at: tasks.iter().filter_map(|task| task.ended_at).max().filter(|_| state.is_final()),
        exit_code: tasks.iter().filter_map(|task| task.exit_code).max().filter(|_| state.is_final()),
        ..whole.clone()
    }
}
