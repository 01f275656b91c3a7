//! Jobs from `squeue --json`, `scontrol show job --json` and slurmrestd's `jobs` and `job/{id}`, whose shapes differ by
//! version more than by program.

use quarterdeck_types::{JobId, JobState};
use serde_json::Value;

use super::{JSON, count, number, text, time};
use crate::notation::{ExitStatus, Tres, count_gpus, parse_job_state};
use crate::{AnswerError, Job, JobPaths};

/// A job and where it reads and writes. 22.05 leaves the paths empty unless the script named them.
#[derive(Clone, Debug, PartialEq)]
pub struct JobDetails {
    pub job: Job,
    pub paths: JobPaths,
    /// By which Slurm considers who waits.
    pub priority: i64,
}

pub(super) fn read_job(job: &Value) -> Result<JobDetails, AnswerError> {
    let state = read_state(&job["job_state"])?;
    let nodes = count(&job["node_count"]);
    let requested = tres(job, "tres_req_str")?;
    let allocated = tres(job, "tres_alloc_str")?;
    let gpus = || {
        let of = |key: &str| job[key].as_str().map_or(Ok(0), count_gpus).unwrap_or(0);
        of("tres_per_job").max(of("tres_per_node").saturating_mul(nodes))
    };
    let node_list = text(&job["nodes"]);
    let ended_at = time(&job["end_time"]).filter(|_| state.is_final());
    let exit =
        if ended_at.is_some() && node_list.is_some() { read_exit(&job["exit_code"]) } else { ExitStatus::default() };
    let submitted_at = time(&job["submit_time"]).ok_or_else(|| AnswerError::field(JSON, "submit_time", "no time"))?;
    let read = Job {
        job_id: read_id(job)?,
        name: job["name"].as_str().unwrap_or_default().to_owned(),
        // As squeue writes whom this host does not know.
        user: text(&job["user_name"]).unwrap_or_else(|| count(&job["user_id"]).to_string()),
        account: text(&job["account"]),
        partition: text(&job["partition"]),
        qos: text(&job["qos"]),
        state,
        reason: text(&job["state_reason"]).filter(|reason| reason != "None"),
        submitted_at,
        eligible_at: time(&job["eligible_time"]),
        // Before that an estimate; of a job cancelled while it waited, the time when it was.
        started_at: time(&job["start_time"]).filter(|_| state != JobState::Pending && node_list.is_some()),
        expected_start_at: time(&job["start_time"]).filter(|_| state == JobState::Pending),
        ended_at,
        time_limit_minutes: number(&job["time_limit"]).and_then(|minutes| u32::try_from(minutes).ok()),
        nodes: allocated.nodes.or(requested.nodes).unwrap_or(nodes),
        cpus: allocated.cpus.or(requested.cpus).unwrap_or_else(|| count(&job["cpus"])),
        memory_mib: allocated.memory_mib.or(requested.memory_mib),
        gpus: allocated.gpus.or(requested.gpus).unwrap_or_else(gpus),
        node_list,
        exit_code: exit.code,
        signal: exit.signal,
        working_directory: text(&job["current_working_directory"]),
        comment: text(&job["comment"]),
        dependency: text(&job["dependency"]),
    };
    let paths = JobPaths {
        output: text(&job["standard_output"]),
        error: text(&job["standard_error"]),
        input: text(&job["standard_input"]),
    };
    Ok(JobDetails { job: read, paths, priority: number(&job["priority"]).unwrap_or(0) })
}

/// As people write it: by array and task, or by heterogeneous job and component.
fn read_id(job: &Value) -> Result<JobId, AnswerError> {
    let own = count(&job["job_id"]);
    let (array, het) = (count(&job["array_job_id"]), count(&job["het_job_id"]));
    let id = match (number(&job["array_task_id"]), text(&job["array_task_string"])) {
        (Some(task), _) if array != 0 => format!("{array}_{task}"),
        (None, Some(tasks)) if array != 0 => format!("{array}_[{tasks}]"),
        _ if het != 0 => format!("{het}+{}", count(&job["het_job_offset"])),
        _ => own.to_string(),
    };
    JobId::parse(&id).map_err(|_| AnswerError::field(JSON, "job_id", id))
}

/// A word, or since 23.11 a list of a base state and flags.
fn read_state(value: &Value) -> Result<JobState, AnswerError> {
    let words = match value {
        Value::Array(words) => words.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(","),
        _ => value.as_str().unwrap_or_default().to_owned(),
    };
    parse_job_state(&words).map_err(|_| AnswerError::field(JSON, "job_state", words))
}

/// A wait status, or since 23.11 an object that spells it out.
fn read_exit(value: &Value) -> ExitStatus {
    let small = |value: &Value| number(value).and_then(|number| i32::try_from(number).ok());
    match value {
        Value::Object(parts) if parts.contains_key("return_code") => {
            ExitStatus::of(small(&value["return_code"]).unwrap_or(0), small(&value["signal"]["id"]).unwrap_or(0))
        }
        _ => small(value).map(ExitStatus::from_wait_status).unwrap_or_default(),
    }
}

fn tres(job: &Value, key: &'static str) -> Result<Tres, AnswerError> {
    let text = job[key].as_str().unwrap_or_default();
    Tres::parse(text).map_err(|_| AnswerError::field(JSON, key, text))
}
