//! What jobs were given and what they used: of what ended as accounting has it, of what runs as its nodes say.
//!
//! Used is told for each step (`5.batch`, `5.extern`, `5.0`), nothing for the job itself. Of memory, `TRESUsageInMax` is
//! the peak of the largest task, and `TRESUsageInTot` the sum of all tasks' peaks once the step is over; while it runs
//! that is what they hold now (seen on 22.05). A step shorter than the time between two samples
//! (`JobAcctGatherFrequency`) has CPU time alone, and with `jobacct_gather/none` no step has anything.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use quarterdeck_types::{JobId, JobState};
use serde::Serialize;

use super::columns::{self, Column};
use super::{Fields, Reading, id_list};
use crate::AnswerError;
use crate::notation::{Tres, parse_count, parse_cpu_time, parse_job_state, parse_memory, parse_time};

const SACCT: &str = "sacct";

/// In the order in which [`read_record`] takes them. No user writes any of these.
const COLUMNS: [Column; 12] = [
    ("JobID", 96),
    ("State", 32),
    ("Submit", 20),
    ("Start", 20),
    ("End", 20),
    ("ElapsedRaw", 12),
    ("NNodes", 12),
    ("NTasks", 12),
    ("TotalCPU", 24),
    ("AllocTRES", 192),
    ("TRESUsageInMax", 512),
    ("TRESUsageInTot", 512),
];

/// A job, a task of an array, or a component.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct JobUsage {
    pub job_id: JobId,
    pub state: JobState,
    pub submitted_at: DateTime<Utc>,
    pub started_at: Option<DateTime<Utc>>,
    pub ended_at: Option<DateTime<Utc>>,
    /// Without the time it was suspended.
    pub elapsed_seconds: u64,
    pub nodes: u32,
    /// Nothing where it never started.
    pub given: Tres,
    pub steps: Vec<StepUsage>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct StepUsage {
    /// `batch`, `extern`, `0`.
    pub name: String,
    pub started_at: Option<DateTime<Utc>>,
    /// `None` while it runs.
    pub ended_at: Option<DateTime<Utc>>,
    pub nodes: u32,
    pub tasks: u32,
    /// User and system time of all tasks. `None`: not measured.
    pub cpu_milliseconds: Option<u64>,
    pub memory: Option<StepMemory>,
    /// Per cent of one GPU, summed over tasks. `None` also where the site does not record it (`gres/gpuutil`).
    pub gpu_percent: Option<u32>,
    pub gpu_memory_mib: Option<u64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct StepMemory {
    pub largest_task_mib: u64,
    pub all_tasks_mib: u64,
}

/// Of an array's id all its tasks. Unknown ids are left out; of a number that was used again, or a job that was requeued,
/// the last is told.
pub fn reading(ids: &[JobId]) -> Reading {
    let mut reading = Reading::new(SACCT, &["--noheader", "--allusers"]);
    reading.arguments.extend([format!("--jobs={}", id_list(ids)), columns::format(&COLUMNS)]);
    reading
}

pub fn parse(answer: &[u8]) -> Result<Vec<JobUsage>, AnswerError> {
    let mut jobs: Vec<JobUsage> = Vec::new();
    let mut known: HashMap<String, usize> = HashMap::new();
    for record in columns::records(SACCT, &COLUMNS, answer) {
        let mut fields = record?;
        let id = fields.text();
        match id.split_once('.') {
            None => {
                known.insert(id.clone(), jobs.len());
                jobs.push(read_job(&id, fields)?);
            }
            // A step whose job is not in the answer would have to be a lie.
            Some((job, step)) => {
                if let Some(job) = known.get(job).and_then(|at| jobs.get_mut(*at)) {
                    job.steps.push(read_step(step, fields)?);
                }
            }
        }
    }
    Ok(jobs)
}

/// What stands behind the id, for a job and for a step.
struct Record {
    state: JobState,
    submitted_at: Option<DateTime<Utc>>,
    started_at: Option<DateTime<Utc>>,
    ended_at: Option<DateTime<Utc>>,
    elapsed_seconds: u64,
    nodes: u32,
    tasks: u32,
    cpu_milliseconds: u64,
    given: Tres,
    most: Used,
    total: Used,
}

fn read_record(mut fields: Fields<'_>) -> Result<Record, AnswerError> {
    let or_none = |text: &str| if text.is_empty() { Ok(0) } else { parse_count(text) };
    Ok(Record {
        state: fields.read("state", parse_job_state)?,
        submitted_at: fields.read("submit time", parse_time)?,
        started_at: fields.read("start time", parse_time)?,
        ended_at: fields.read("end time", parse_time)?,
        elapsed_seconds: fields.read("elapsed time", or_none)?.into(),
        nodes: fields.read("nodes", or_none)?,
        tasks: fields.read("tasks", or_none)?,
        cpu_milliseconds: fields.read("CPU time", |text| if text.is_empty() { Ok(0) } else { parse_cpu_time(text) })?,
        given: fields.read("allocated TRES", Tres::parse)?,
        most: Used::read(&fields.text()),
        total: Used::read(&fields.text()),
    })
}

fn read_job(id: &str, fields: Fields<'_>) -> Result<JobUsage, AnswerError> {
    let job_id = JobId::parse(id).map_err(|_| AnswerError::field(SACCT, "job id", id))?;
    let record = read_record(fields)?;
    Ok(JobUsage {
        job_id,
        state: record.state,
        submitted_at: record.submitted_at.ok_or_else(|| AnswerError::field(SACCT, "submit time", "no time"))?,
        started_at: record.started_at,
        ended_at: record.ended_at.filter(|_| record.state.is_final()),
        elapsed_seconds: record.elapsed_seconds,
        nodes: record.given.nodes.unwrap_or(record.nodes),
        given: record.given,
        steps: Vec::new(),
    })
}

fn read_step(name: &str, fields: Fields<'_>) -> Result<StepUsage, AnswerError> {
    let record = read_record(fields)?;
    // 0 is what is told where nothing was measured.
    let measured = record.cpu_milliseconds > 0 || record.total.has_cpu;
    Ok(StepUsage {
        name: name.to_owned(),
        started_at: record.started_at,
        ended_at: record.ended_at.filter(|_| record.state.is_final()),
        nodes: record.nodes,
        tasks: record.tasks,
        cpu_milliseconds: measured.then_some(record.cpu_milliseconds),
        ..used(&record.most, &record.total)
    })
}

/// Reads what the owner's agent relays of `sstat --format=JobID,NTasks,AveCPU,TRESUsageInMax,TRESUsageInTot`: lines that do not look like one are left out.
pub fn parse_live(answer: &str) -> Vec<StepUsage> {
    let steps = answer.lines().filter_map(|line| {
        let [id, tasks, average, most, total] = line.split('|').collect::<Vec<_>>().try_into().ok()?;
        let (_, name) = id.split_once('.')?;
        let tasks = parse_count(tasks).ok()?;
        let cpu = parse_cpu_time(average).ok().and_then(|each| each.checked_mul(tasks.into()));
        let (most, total) = (Used::read(most), Used::read(total));
        Some(StepUsage {
            name: name.to_owned(),
            tasks,
            cpu_milliseconds: total.cpu_milliseconds.or(cpu),
            ..used(&most, &total)
        })
    });
    steps.collect()
}

fn used(most: &Used, total: &Used) -> StepUsage {
    let memory = most.memory_mib.or(total.memory_mib).map(|largest| StepMemory {
        largest_task_mib: largest,
        all_tasks_mib: total.memory_mib.unwrap_or(0).max(largest),
    });
    StepUsage {
        memory,
        gpu_percent: total.gpu_percent.or(most.gpu_percent),
        gpu_memory_mib: total.gpu_memory_mib.or(most.gpu_memory_mib),
        ..StepUsage::default()
    }
}

/// `cpu=00:00:04,energy=0,fs/disk=52449,mem=318524K,pages=3,vmem=325416K,gres/gpumem=512M,gres/gpuutil=95`. What cannot
/// be read, or was cut, is as if it were not there.
#[derive(Default)]
struct Used {
    has_cpu: bool,
    cpu_milliseconds: Option<u64>,
    memory_mib: Option<u64>,
    gpu_percent: Option<u32>,
    gpu_memory_mib: Option<u64>,
}

impl Used {
    fn read(text: &str) -> Used {
        let mut used = Used::default();
        let memory = |value| parse_memory(value).ok().flatten().map(|memory| memory.mib);
        for (name, value) in text.split(',').filter_map(|part| part.split_once('=')) {
            match name {
                "cpu" => {
                    used.has_cpu = true;
                    used.cpu_milliseconds = parse_cpu_time(value).ok();
                }
                "mem" => used.memory_mib = memory(value),
                "gres/gpuutil" => used.gpu_percent = parse_count(value).ok(),
                "gres/gpumem" => used.gpu_memory_mib = memory(value),
                _ => {}
            }
        }
        used
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_running_steps_figures_are_its_peak_and_what_it_holds_now() {
        // As 22.05 said of a script that had given back 300 MiB.
        let answer = "1.batch|1|00:00:04|cpu=00:00:04,energy=0,fs/disk=52449,mem=318524K,pages=3,vmem=325416K|\
                      cpu=00:00:04,energy=0,fs/disk=52449,mem=11364K,pages=3,vmem=18212K\n\
                      sstat: error: no such line\n";
        let steps = parse_live(answer);
        let memory = StepMemory { largest_task_mib: 312, all_tasks_mib: 312 };
        assert_eq!(steps.len(), 1);
        assert_eq!((steps[0].cpu_milliseconds, steps[0].memory), (Some(4000), Some(memory)));
    }

    #[test]
    fn what_was_not_measured_is_not_nothing() {
        let short = Used::read("energy=0");
        assert_eq!((short.has_cpu, short.memory_mib, short.gpu_percent), (false, None, None));
        assert_eq!(used(&short, &short), StepUsage::default());
    }

    #[test]
    fn gpus_are_read_where_the_site_records_them() {
        let text = "cpu=00:10:00,mem=2G,gres/gpumem=1536M,gres/gpuutil=183";
        let step = used(&Used::read(text), &Used::read(text));
        assert_eq!((step.gpu_percent, step.gpu_memory_mib), (Some(183), Some(1536)));
    }
}
