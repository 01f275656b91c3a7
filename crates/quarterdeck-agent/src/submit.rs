//! Hands a batch script to `sbatch`, at most once for an id, and remembers what came of it.
//!
//! Nothing of it depends on the agent's staying alive: the script is whole before `sbatch` starts and is a file, not a
//! pipe; `sbatch` writes the job id and its messages into files of the record; and the record's lock ends with
//! `sbatch` itself ([`crate::records`]).

use std::ffi::OsString;
use std::fs;
use std::io::{Seek, Write};
use std::os::fd::OwnedFd;
use std::path::Path;
use std::process::{Command, ExitStatus};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use quarterdeck_types::agent::{AgentError, ErrorCode, MAX_PROGRAM_OUTPUT, SubmissionOutcome};
use quarterdeck_types::{JobId, Place};
use rustix::fs::OFlags;
use uuid::Uuid;

use crate::crash;
use crate::errors::{During, Outcome};
use crate::programs::{Programs, describe_end};
use crate::records::{Claim, Record, Records};
use crate::resolve::Spaces;
use crate::serve::{SMALL_STACK, Work};

const OUT: &str = "out";
const LOG: &str = "log";
/// How often a second request for the same id looks whether the first is done.
const LOOK: Duration = Duration::from_millis(25);

/// Messages of `sbatch` after which the controller may have the job all the same: the request went out, and the answer
/// did not come back whole. (`slurm_errno.c`: SLURM_COMMUNICATIONS_*, SLURMCTLD_COMMUNICATIONS_*, SLURM_PROTOCOL_*.)
/// Not among them is "(connect failure)": with it nothing was sent.
const UNCERTAIN: [&str; 10] = [
    "socket timed out",
    "zero bytes were transmitted",
    "send failure",
    "receive failure",
    "shutdown failure",
    "unexpected message rec", // "recieved" in older versions
    "protocol authentication error",
    "insane message length",
    "header lengths are longer",
    "connection reset",
];
/// Says that the protocol's authentication failed before anything was sent.
const NEVER_SENT: &str = "munge encode failed";
const REFUSED: &str = "batch job submission failed";

pub(crate) struct Submissions {
    pub(crate) records: Records,
    pub(crate) time: Duration,
}

pub(crate) struct Submission<'a> {
    pub(crate) id: Uuid,
    pub(crate) directory: &'a Place,
    pub(crate) script: &'a str,
    pub(crate) comment: Option<&'a str>,
}

impl Submissions {
    /// Runs `sbatch` unless it ran for this id before. `work` is kept until `sbatch` has ended, which may be after
    /// this returns [`SubmissionOutcome::Running`].
    pub(crate) fn submit(
        &self,
        submission: &Submission<'_>,
        spaces: &Spaces,
        programs: &Programs,
        work: Work,
    ) -> Outcome<SubmissionOutcome> {
        let what = format!("submission {}", submission.id);
        let deadline = Instant::now() + self.time;
        let record = loop {
            match self.records.claim(submission.id).during(&what)? {
                Claim::Settled(outcome) => return Ok(outcome),
                Claim::Held if Instant::now() >= deadline => return Ok(SubmissionOutcome::Running),
                Claim::Held => std::thread::sleep(LOOK),
                Claim::Left(record) => return settle(&record, None).during(&what),
                Claim::Fresh(record) => break record,
            }
        };
        let prepared = prepare(submission, &record, spaces, programs)?;
        let (tell, told) = mpsc::channel();
        let run = move || {
            let _work = work;
            // Nobody listens any more once the time is over; the record has it then.
            let _ = tell.send(run_sbatch(prepared, &record));
        };
        std::thread::Builder::new().stack_size(SMALL_STACK).name("sbatch".into()).spawn(run).during(&what)?;
        match told.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
            Ok(outcome) => outcome.during(&what),
            Err(mpsc::RecvTimeoutError::Timeout) => Ok(SubmissionOutcome::Running),
            Err(mpsc::RecvTimeoutError::Disconnected) => {
                Err(AgentError::new(ErrorCode::Io, format!("{what}: the agent failed: ask again what became of it")))
            }
        }
    }

    /// What became of a submission; one that never began is sealed.
    pub(crate) fn outcome(&self, id: Uuid) -> Outcome<SubmissionOutcome> {
        let what = format!("submission {id}");
        match self.records.claim(id).during(&what)? {
            Claim::Settled(outcome) => Ok(outcome),
            Claim::Held => Ok(SubmissionOutcome::Running),
            Claim::Left(record) => settle(&record, None).during(&what),
            Claim::Fresh(record) => {
                record.settle(&SubmissionOutcome::NotStarted).during(&what)?;
                Ok(SubmissionOutcome::NotStarted)
            }
        }
    }
}

/// `sbatch` with its arguments and streams, and the directory that it starts in: the command names it by this
/// descriptor.
struct Prepared {
    command: Command,
    _directory: OwnedFd,
}

/// Everything that can fail before `sbatch` runs; after an error here the id may be submitted again.
fn prepare(submission: &Submission<'_>, record: &Record, spaces: &Spaces, programs: &Programs) -> Outcome<Prepared> {
    let directory = spaces.locate(submission.directory)?;
    let opened = spaces.open(&directory, OFlags::PATH | OFlags::DIRECTORY)?;
    let comment = match submission.comment {
        Some(text) if text.contains('\0') => {
            return Err(AgentError::new(ErrorCode::BadRequest, "the comment holds a NUL byte: remove it"));
        }
        Some(text) => format!("--comment=qd:{} {text}", submission.id),
        None => format!("--comment=qd:{}", submission.id),
    };
    let mut chdir = OsString::from("--chdir=");
    chdir.push(&directory.absolute);
    let mut script = record.create("script").during("the script")?;
    script.write_all(submission.script.as_bytes()).during("the script")?;
    script.rewind().during("the script")?;
    let mut command = programs.sbatch(&opened)?;
    command.args(["--parsable", "--export=ALL", &comment]).arg(chdir);
    command.stdin(script).stdout(record.create(OUT).during("the record")?).stderr(record.log().during("the record")?);
    Ok(Prepared { command, _directory: opened })
}

fn run_sbatch(prepared: Prepared, record: &Record) -> std::io::Result<SubmissionOutcome> {
    let Prepared { mut command, _directory } = prepared;
    record.mark_started()?;
    let mut child = match command.spawn() {
        Ok(child) => child,
        Err(error) => {
            let program = command.get_program().to_string_lossy();
            let outcome = SubmissionOutcome::Refused { message: format!("{program} could not be started: {error}") };
            record.settle(&outcome)?;
            return Ok(outcome);
        }
    };
    crash::point(crash::SBATCH_STARTED);
    let status = child.wait()?;
    crash::point(crash::SBATCH_ANSWERED);
    let outcome = settle(record, Some(status))?;
    crash::point(crash::RECORDED);
    Ok(outcome)
}

fn settle(record: &Record, status: Option<ExitStatus>) -> std::io::Result<SubmissionOutcome> {
    let outcome = judge(&output(record.directory(), OUT)?, &output(record.directory(), LOG)?, status);
    record.settle(&outcome)?;
    Ok(outcome)
}

fn output(directory: &Path, name: &str) -> std::io::Result<String> {
    let mut bytes = match fs::read(directory.join(name)) {
        // `out` is made after `started` only by power failures.
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Vec::new(),
        other => other?,
    };
    bytes.truncate(MAX_PROGRAM_OUTPUT);
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// What `sbatch` meant; without a status, when the agent was not there to see it end. When in doubt: unknown.
fn judge(out: &str, log: &str, status: Option<ExitStatus>) -> SubmissionOutcome {
    // `--parsable`: "5" or "5;cluster", and the line's end, without which it may be cut.
    let last = out.strip_suffix('\n').and_then(|whole| whole.lines().last());
    if let Some(job_id) = last.and_then(|line| JobId::parse(line.split(';').next()?.trim()).ok()) {
        return SubmissionOutcome::Accepted { job_id };
    }
    let message = log.trim().to_owned();
    let lower = message.to_lowercase();
    let uncertain = UNCERTAIN.iter().any(|phrase| lower.contains(phrase)) && !lower.contains(NEVER_SENT);
    let said_no = match status {
        Some(status) => status.code().is_some_and(|code| code != 0) && !message.is_empty(),
        None => lower.contains(REFUSED),
    };
    if said_no && !uncertain {
        return SubmissionOutcome::Refused { message };
    }
    let end = status.map_or_else(|| "the agent was not there when it ended".to_owned(), describe_end);
    let separator = if message.is_empty() { "" } else { ": " };
    SubmissionOutcome::Unknown { message: format!("sbatch named no job, and {end}{separator}{message}") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;
    use std::os::unix::process::ExitStatusExt;

    fn exit(code: i32) -> Option<ExitStatus> {
        Some(ExitStatus::from_raw(code << 8))
    }

    #[rstest]
    #[case("5\n", exit(0), "5")]
    #[case("5;cluster\n", exit(0), "5")]
    #[case("a site's wrapper greets\n17\n", None, "17")]
    // Slurm's own failure after the job was made, and a wrapper's.
    #[case("5\n", exit(1), "5")]
    fn a_job_id_means_that_the_job_exists(#[case] out: &str, #[case] status: Option<ExitStatus>, #[case] id: &str) {
        let job_id = JobId::parse(id).unwrap();
        assert_eq!(judge(out, "sbatch: warning: x\n", status), SubmissionOutcome::Accepted { job_id });
    }

    #[rstest]
    #[case("sbatch: error: Batch job submission failed: Invalid partition name specified", exit(1))]
    #[case("sbatch: error: Batch job submission failed: Invalid partition name specified", None)]
    #[case("sbatch: error: Batch job submission failed: Unable to contact slurm controller (connect failure)", exit(1))]
    #[case(
        "sbatch: error: Munge encode failed\nsbatch: error: Batch job submission failed: Protocol authentication error",
        exit(1)
    )]
    #[case("sbatch: unrecognized option '--gpu'", exit(255))]
    fn a_certain_no_is_a_refusal(#[case] log: &str, #[case] status: Option<ExitStatus>) {
        assert_eq!(judge("", log, status), SubmissionOutcome::Refused { message: log.into() });
    }

    #[rstest]
    #[case("", "sbatch: error: Batch job submission failed: Socket timed out on send/recv operation", exit(1))]
    #[case("", "sbatch: error: Batch job submission failed: Socket timed out on send/recv operation", None)]
    #[case(
        "",
        "sbatch: error: Batch job submission failed: Unable to contact slurm controller (receive failure)",
        exit(1)
    )]
    #[case("", "sbatch: error: Batch job submission failed: Zero Bytes were transmitted or received", exit(1))]
    #[case("", "sbatch: error: Batch job submission failed: Unexpected message received", exit(1))]
    #[case("", "", exit(0))]
    #[case("", "", exit(1))]
    #[case("", "", None)]
    #[case("", "sbatch: error: something", Some(ExitStatus::from_raw(9)))]
    #[case("12", "", None)] // cut: it may be the beginning of 123
    fn everything_else_is_unknown(#[case] out: &str, #[case] log: &str, #[case] status: Option<ExitStatus>) {
        assert!(matches!(judge(out, log, status), SubmissionOutcome::Unknown { .. }));
    }
}
