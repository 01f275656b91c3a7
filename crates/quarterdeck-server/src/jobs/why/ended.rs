//! Why a job ended as it did, from its state and what it wrote last.

use bytes::Bytes;
use quarterdeck_slurm::Reason;
use quarterdeck_types::JobState;

use super::output::{self, KILLED, OUT_OF_MEMORY, TIME_LIMIT};
use super::{Finding, Job, Stream, waiting};

/// More causes than this are no explanation.
const MOST: usize = 4;
const SIGKILL: i32 = 9;
const SIGTERM: i32 = 15;
/// Exit codes above it are a signal that ended what a shell ran: 137 is 128 and SIGKILL.
const SIGNALLED: i32 = 128;

/// `tails`: what it wrote last, where it is for the reader's eyes.
pub(super) fn findings(job: &Job, tails: &[(Stream, Bytes)]) -> Vec<Finding> {
    let mut found = Vec::new();
    for (stream, tail) in tails {
        for finding in output::findings(tail, *stream) {
            if found.iter().all(|known: &Finding| known.code != finding.code) {
                found.push(finding);
            }
        }
    }
    let verdict = verdict(job, &found);
    let mut all: Vec<Finding> = verdict.into_iter().collect();
    for finding in found {
        match all.iter_mut().find(|known| known.code == finding.code) {
            Some(known) => known.line = finding.line,
            None => all.push(finding),
        }
    }
    // That it ended with an error says less than the error.
    if all.len() > 1 && all[0].code == "exit-code" {
        all.remove(0);
    }
    all.truncate(MOST);
    all
}

/// `by`: who cancelled it, where that is known.
pub(super) fn cancelled(job: &Job, by: Option<String>) -> Finding {
    match by {
        Some(by) if by != job.user => Finding::new("cancelled-by").with("user", Some(by)),
        Some(_) => Finding::new("cancelled-by-owner"),
        None if was_over_its_limit(job) => time_limit(job),
        None => Finding::new("cancelled"),
    }
}

fn verdict(job: &Job, found: &[Finding]) -> Option<Finding> {
    let finding = match job.state {
        JobState::Timeout => time_limit(job),
        JobState::OutOfMemory => out_of_memory(job),
        JobState::NodeFail => Finding::new("node-failed").with("nodes", job.node_list.clone()),
        JobState::BootFail => Finding::new("boot-failed"),
        JobState::Deadline => Finding::new("deadline"),
        JobState::Preempted => Finding::new("preempted"),
        JobState::NotSubmitted => Finding::new("not-submitted"),
        JobState::OutcomeUnknown => Finding::new("outcome-unknown"),
        JobState::Failed => return failed(job, found),
        _ => return None,
    };
    Some(finding)
}

fn failed(job: &Job, found: &[Finding]) -> Option<Finding> {
    let reason = job.reason.as_deref().and_then(Reason::parse);
    let says = |code: &str| found.iter().any(|finding| finding.code == code);
    let signal = match job.exit_code {
        // sacct takes 128 off (22.05): 137 arrives as 9, as `exit 9` does. The output tells them apart.
        Some(SIGKILL) if says(KILLED) || says(OUT_OF_MEMORY) => Some(SIGKILL),
        Some(code) if code > SIGNALLED => Some(code - SIGNALLED),
        _ => job.signal,
    };
    match (signal, reason) {
        (_, Some(Reason::OutOfMemory)) => Some(out_of_memory(job)),
        (Some(SIGKILL), _) if says(OUT_OF_MEMORY) => Some(out_of_memory(job)),
        (Some(SIGKILL | SIGTERM), _) if was_over_its_limit(job) => Some(time_limit(job)),
        (Some(SIGKILL), _) => Some(Finding::new(KILLED).with("memory_mib", job.memory_mib)),
        (Some(signal), _) => Some(Finding::new("signal").with("signal", Some(signal))),
        (None, Some(Reason::NonZeroExitCode | Reason::RaisedSignal) | None) => {
            job.exit_code.map(|code| Finding::new("exit-code").with("exit_code", Some(code)))
        }
        (None, Some(reason)) => Some(waiting::of(reason, job)),
    }
}

/// Slurm ends a job up to a minute late, and never early.
fn was_over_its_limit(job: &Job) -> bool {
    let ran = job.started_at.zip(job.ended_at).map(|(start, end)| (end - start).num_seconds());
    let limit = job.time_limit_minutes.map(|minutes| i64::from(minutes) * 60);
    limit.zip(ran).is_some_and(|(limit, ran)| ran >= limit)
}

fn time_limit(job: &Job) -> Finding {
    Finding::new(TIME_LIMIT).with("limit_minutes", job.time_limit_minutes)
}

fn out_of_memory(job: &Job) -> Finding {
    Finding::new(OUT_OF_MEMORY).with("memory_mib", job.memory_mib)
}
