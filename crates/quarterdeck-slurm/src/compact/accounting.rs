//! The history: jobs as slurmdbd's database has them, which learns of them some seconds late.
//!
//! A job that was cancelled before it ever became eligible (held, or waiting for another) belongs to no span of time for
//! sacct: it is found by its id alone. Names come back changed: cut at 255 bytes, with `` ` `` for `"`, without spaces around them, and
//! as `allocation` where there was none.
//!
//! Of a short job the end may reach the database before its start: then there is a record with a final state and without
//! partition, directory and limits. Such half records are left out, and read whole a few seconds later.

use chrono::{DateTime, Utc};
use quarterdeck_types::JobId;

use super::{Fields, Reading, columns, id_list, setting};
use crate::notation::{ExitStatus, Tres, parse_count, parse_job_state, parse_time, parse_time_limit};
use crate::{AnswerError, Job};

const SACCT: &str = "sacct";

/// Columns and their widths in bytes, in the order in which [`read_job`] takes them. What is longer is cut, and ends
/// with `+`. The database itself keeps no more than 255 bytes of a name.
const COLUMNS: [(&str, usize); 20] = [
    ("JobID", 96),
    ("JobName", 256),
    ("User", 64),
    ("Account", 64),
    ("Partition", 128),
    ("QOS", 64),
    ("State", 32),
    ("Reason", 64),
    ("Submit", 20),
    ("Eligible", 20),
    ("Start", 20),
    ("End", 20),
    ("TimelimitRaw", 20),
    ("NodeList", 512),
    ("NNodes", 12),
    ("ReqTRES", 192),
    ("AllocTRES", 192),
    ("ExitCode", 12),
    ("WorkDir", 1024),
    ("Comment", 256),
];

/// Which jobs to read.
#[derive(Clone, Copy, Debug)]
pub enum Jobs<'a> {
    /// All that waited, ran or ended since then.
    Since(DateTime<Utc>),
    /// The same, of one user.
    OfUserSince(&'a str, DateTime<Utc>),
    /// Of an array's id all its tasks. Unknown ids are left out.
    Ids(&'a [JobId]),
}

/// Whether the site keeps a history at all, from the answer to [`super::privacy::reading`], the whole configuration
/// (slurm.conf, `AccountingStorageType`).
pub fn is_kept(configuration: &[u8]) -> bool {
    let kind = setting(configuration, "AccountingStorageType");
    !matches!(kind.as_deref(), None | Some("" | "(null)" | "accounting_storage/none"))
}

pub fn reading(jobs: Jobs<'_>) -> Reading {
    let mut reading = Reading::new(SACCT, &["--noheader", "--allocations"]);
    let since = |time: DateTime<Utc>| format!("--starttime={}", time.format("%Y-%m-%dT%H:%M:%S"));
    match jobs {
        Jobs::Since(time) => reading.arguments.extend(["--allusers".to_owned(), since(time)]),
        Jobs::OfUserSince(user, time) => reading.arguments.extend([format!("--user={user}"), since(time)]),
        Jobs::Ids(ids) => reading.arguments.extend(["--allusers".to_owned(), format!("--jobs={}", id_list(ids))]),
    }
    reading.arguments.push(columns::format(&COLUMNS));
    // sacct reads the start time in its own time zone, and understands no offset.
    reading.environment.push(("TZ", "UTC".to_owned()));
    reading
}

pub fn parse(answer: &[u8]) -> Result<Vec<Job>, AnswerError> {
    let jobs = columns::records(SACCT, &COLUMNS, answer).map(|record| read_job(record?));
    jobs.filter(|job| job.as_ref().map_or(true, |job| job.partition.is_some())).collect()
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
    // Accounting learns it when the job starts.
    let time_limit_minutes = fields.read("time limit", |text| match text {
        "" => Ok(None),
        _ => parse_time_limit(text),
    })?;
    let node_list = fields.optional().filter(|nodes| nodes != "None assigned");
    let nodes = fields.read("nodes", parse_count)?;
    let requested = fields.read("requested TRES", Tres::parse)?;
    let allocated = fields.read("allocated TRES", Tres::parse)?;
    let exit = fields.read("exit code", ExitStatus::parse)?;
    // Before that, and for what was cancelled while it waited, it is 0:0 and means nothing.
    let exit = if started_at.is_some() && state.is_final() { exit } else { ExitStatus::default() };
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
        started_at,
        expected_start_at: None,
        ended_at: ended_at.filter(|_| state.is_final()),
        time_limit_minutes,
        node_list,
        nodes: allocated.nodes.or(requested.nodes).unwrap_or(nodes),
        cpus: allocated.cpus.or(requested.cpus).unwrap_or(0),
        memory_mib: allocated.memory_mib.or(requested.memory_mib),
        gpus: allocated.gpus.or(requested.gpus).unwrap_or(0),
        exit_code: exit.code,
        signal: exit.signal,
        // Half a path is none.
        working_directory: fields.free_text().filter(|path| path.len() < 1024),
        comment: fields.free_text(),
        dependency: None,
    })
}
