//! The steps of one job, as accounting has them: those that run too. Users choose a step's name, so columns are of fixed
//! widths (see [`super::accounting`]).

use super::columns::{self, Column};
use super::{Fields, Reading, text};
use crate::notation::{ExitStatus, Tres, parse_count, parse_job_state, parse_time};
use crate::{AnswerError, Step};
use quarterdeck_types::JobId;

const SACCT: &str = "sacct";

/// Columns and their widths in bytes, in the order in which [`read_step`] takes them.
const COLUMNS: [Column; 10] = [
    ("JobID", 96),
    ("JobName", 256),
    ("State", 32),
    ("ExitCode", 12),
    ("Start", 20),
    ("End", 20),
    ("NNodes", 12),
    ("NTasks", 12),
    ("NodeList", 512),
    ("AllocTRES", 192),
];

pub fn reading(job: &JobId) -> Reading {
    let mut reading = Reading::new(SACCT, &["--noheader", "--allusers"]);
    reading.arguments.push(format!("--jobs={}", job.as_str()));
    reading.arguments.push(columns::format(&COLUMNS));
    reading.environment.push(("TZ", "UTC".to_owned()));
    reading
}

/// Without the line of the job itself; of an array those of this very number alone, of a heterogeneous job those of its
/// components too (`+1.0`).
pub fn parse(answer: &[u8], job: &JobId) -> Result<Vec<Step>, AnswerError> {
    let mut steps = Vec::new();
    for fields in columns::records(SACCT, &COLUMNS, answer) {
        steps.extend(read_step(fields?, job)?);
    }
    Ok(steps)
}

fn read_step(mut fields: Fields<'_>, job: &JobId) -> Result<Option<Step>, AnswerError> {
    let id = text(fields.values.pop_front().unwrap_or_default());
    let Some(rest) = id.strip_prefix(job.as_str()) else { return Ok(None) };
    let of_component = rest.starts_with('+') && rest.contains('.');
    let Some(step) = rest.strip_prefix('.').or(of_component.then_some(rest)) else { return Ok(None) };
    let name = fields.text();
    let state = fields.read("state", parse_job_state)?;
    let exit = fields.read("exit code", ExitStatus::parse)?;
    let started_at = fields.read("start time", parse_time)?;
    let ended_at = fields.read("end time", parse_time)?;
    let nodes = fields.read("nodes", parse_count)?;
    let tasks = fields.read("tasks", |text| if text.is_empty() { Ok(0) } else { parse_count(text) })?;
    let node_list = fields.optional().filter(|nodes| nodes != "None assigned");
    let tres = fields.read("allocated TRES", Tres::parse)?;
    let exit = if state.is_final() { exit } else { ExitStatus::default() };
    Ok(Some(Step {
        step: step.to_owned(),
        name,
        state,
        exit_code: exit.code,
        signal: exit.signal,
        started_at,
        ended_at: ended_at.filter(|_| state.is_final()),
        nodes,
        tasks,
        node_list,
        cpus: tres.cpus.unwrap_or(0),
        memory_mib: tres.memory_mib,
        gpus: tres.gpus.unwrap_or(0),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use quarterdeck_types::JobState;

    fn record(id: &str, name: &str, state: &str, exit: &str) -> String {
        let values = [id, name, state, exit, "1795529381", "1795529382", "1", "1", "c1", "cpu=1,mem=100M,node=1"];
        let fields = COLUMNS.iter().zip(values).map(|((_, width), value)| format!("{value:<width$} "));
        fields.collect::<String>() + "\n"
    }

    #[test]
    fn steps_are_this_jobs_and_their_names_forge_nothing() {
        let answer = [
            record("7", "job", "COMPLETED", "0:0"),
            record("7.batch", "batch", "COMPLETED", "0:0"),
            record("7.0", "7.9|FAILED\n8.0 x", "FAILED", "3:0"),
            record("7_1.0", "task", "RUNNING", "0:0"),
            record("7+1", "component", "RUNNING", "0:0"),
            record("7+1.0", "hostname", "RUNNING", "0:0"),
        ];
        let steps = parse(answer.concat().as_bytes(), &JobId::parse("7").unwrap()).unwrap();
        let told: Vec<_> = steps.iter().map(|step| (step.step.as_str(), step.state, step.exit_code)).collect();
        let expected = [
            ("batch", JobState::Completed, Some(0)),
            ("0", JobState::Failed, Some(3)),
            ("+1.0", JobState::Running, None),
        ];
        assert_eq!(told, expected);
        assert_eq!(steps[1].name, "7.9|FAILED\n8.0 x");
        assert!(parse(b"sacct: error", &JobId::parse("7").unwrap()).is_err());
    }
}
