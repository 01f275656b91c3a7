//! The queue: every job that slurmctld knows, waiting, running, or finished within its `MinJobAge`.

use quarterdeck_types::{JobId, JobState};

use super::{Fields, Reading, Separator, id_list};
use crate::notation::{Tres, count_gpus, parse_count, parse_job_state, parse_time, parse_time_limit};
use crate::{AnswerError, Job};

const SQUEUE: &str = "squeue";

/// In the order in which [`read_job`] takes them.
const FIELDS: [&str; 22] = [
    "JobArrayID",
    "Name",
    "UserName",
    "Account",
    "Partition",
    "QOS",
    "State",
    "Reason",
    "SubmitTime",
    "EligibleTime",
    "StartTime",
    "EndTime",
    "TimeLimit",
    "NodeList",
    "NumNodes",
    "NumCPUs",
    "tres-alloc",
    "tres-per-node",
    "tres-per-job",
    "WorkDir",
    "Comment",
    "Dependency",
];

/// Whose jobs to read.
#[derive(Clone, Copy, Debug)]
pub enum Jobs<'a> {
    All,
    /// Of an array's id all its tasks. An unknown id among several is left out; a single unknown one makes squeue fail
    /// with "Invalid job id".
    Ids(&'a [JobId]),
    User(&'a str),
}

pub fn reading(jobs: Jobs<'_>, separator: &Separator) -> Reading {
    // --all: also of partitions hidden from whoever asks. Who waits is sorted as Slurm considers it: by priority, then
    // by number.
    let mut reading = Reading::new(SQUEUE, &["--noheader", "--all", "--states=all", "--sort=-p,i"]);
    match jobs {
        Jobs::All => {}
        Jobs::Ids(ids) => reading.arguments.push(format!("--jobs={}", id_list(ids))),
        Jobs::User(user) => reading.arguments.push(format!("--user={user}")),
    }
    reading.environment.push(("SQUEUE_FORMAT2", separator.format(&FIELDS)));
    // Else the numbers of the tasks that wait are cut at 64 bytes.
    reading.environment.push(("SLURM_BITSTR_LEN", "4096".to_owned()));
    reading
}

pub fn parse(answer: &[u8], separator: &Separator) -> Result<Vec<Job>, AnswerError> {
    separator.records(SQUEUE, answer, FIELDS.len())?.into_iter().map(read_job).collect()
}

fn read_job(mut fields: Fields<'_>) -> Result<Job, AnswerError> {
    let job_id = fields.job_id()?;
    let name = fields.text();
    let user = fields.text();
    let account = fields.optional();
    let partition = fields.optional();
    let qos = fields.optional();
    let state = fields.read("state", parse_job_state)?;
    let reason = fields.optional();
    let submitted_at = fields.known_time("submit time")?;
    let eligible_at = fields.read("eligible time", parse_time)?;
    let started_at = fields.read("start time", parse_time)?;
    let ended_at = fields.read("end time", parse_time)?;
    let time_limit_minutes = fields.read("time limit", parse_time_limit)?;
    let node_list = fields.optional();
    let nodes = fields.read("nodes", parse_count)?;
    let cpus = fields.read("CPUs", parse_count)?;
    let tres = fields.read("TRES", Tres::parse)?;
    // Sites that do not track gres/gpu leave it out of the TRES; then what was asked for tells.
    let gpus_per_node = fields.read("TRES per node", count_gpus)?;
    let gpus_per_job = fields.read("TRES per job", count_gpus)?;
    let nodes = tres.nodes.unwrap_or(nodes);
    Ok(Job {
        job_id,
        name,
        user,
        account,
        partition,
        qos,
        state,
        reason,
        submitted_at,
        eligible_at,
        // Before that they are Slurm's estimates; of a job cancelled while it waited, the time when it was.
        started_at: started_at.filter(|_| super::has_started(state) && node_list.is_some()),
        // What `squeue --start` shows, which takes no columns of ours (22.05), is this very column.
        expected_start_at: started_at.filter(|_| state == JobState::Pending),
        ended_at: ended_at.filter(|_| state.is_final()),
        time_limit_minutes,
        node_list,
        nodes,
        cpus: tres.cpus.unwrap_or(cpus),
        memory_mib: tres.memory_mib,
        gpus: tres.gpus.unwrap_or_else(|| gpus_per_job.max(gpus_per_node.saturating_mul(nodes))),
        exit_code: None,
        signal: None,
        working_directory: fields.free_text(),
        comment: fields.free_text(),
        dependency: fields.optional(),
    })
}
