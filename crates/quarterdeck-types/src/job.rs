//! Slurm's job ids and job states.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize};
use thiserror::Error;

/// A Slurm job id as people write it: `5`, the array task `5_1`, the heterogeneous component `5+1`, or the
/// pending rest of an array `5_[2-9%2]`. Kept as text, because clients treat it so.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct JobId(String);

#[derive(Debug, Error, PartialEq, Eq)]
#[error("\"{0}\" is not a job id: write 5, 5_1 or 5+1")]
pub struct NotAJobId(String);

impl JobId {
    pub fn parse(text: &str) -> Result<JobId, NotAJobId> {
        let wrong = || NotAJobId(text.chars().take(40).collect());
        let digits = |part: &str| !part.is_empty() && part.len() <= 10 && part.bytes().all(|b| b.is_ascii_digit());
        let valid = match text.split_once(['_', '+']) {
            None => digits(text),
            Some((job, task)) if digits(task) => digits(job),
            Some((job, task)) => {
                let inner = task.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
                text.contains('_')
                    && digits(job)
                    && inner.is_some_and(|list| {
                        !list.is_empty() && list.bytes().all(|b| b.is_ascii_digit() || b"-,:%.".contains(&b))
                    })
            }
        };
        if valid { Ok(JobId(text.to_owned())) } else { Err(wrong()) }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The number that every task of an array and every component of a heterogeneous job shares.
    pub fn root(&self) -> &str {
        self.0.split(['_', '+']).next().unwrap_or(&self.0)
    }

    /// Of a task or a component: the number of the whole.
    pub fn whole(&self) -> Option<&str> {
        self.0.split_once(['_', '+']).map(|(whole, _)| whole)
    }
}

impl fmt::Display for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for JobId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        JobId::parse(&text).map_err(serde::de::Error::custom)
    }
}

/// Where a job stands: Slurm's base states (`squeue`'s manual page, "JOB STATE CODES"), and before them the three
/// that only Quarterdeck knows, for a job whose submission has not, or not surely, reached the scheduler.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum JobState {
    /// The row is written and the scheduler has not answered yet.
    Submitting,
    /// The submission was interrupted, and it is certain that the scheduler never had the job.
    NotSubmitted,
    /// The submission was interrupted, and whether the scheduler has the job cannot be told. Never submitted again.
    OutcomeUnknown,
    Pending,
    Configuring,
    Running,
    Suspended,
    Completing,
    Completed,
    Failed,
    Cancelled,
    Timeout,
    OutOfMemory,
    NodeFail,
    BootFail,
    Deadline,
    Preempted,
}

impl JobState {
    pub const ALL: [JobState; 17] = [
        JobState::Submitting,
        JobState::NotSubmitted,
        JobState::OutcomeUnknown,
        JobState::Pending,
        JobState::Configuring,
        JobState::Running,
        JobState::Suspended,
        JobState::Completing,
        JobState::Completed,
        JobState::Failed,
        JobState::Cancelled,
        JobState::Timeout,
        JobState::OutOfMemory,
        JobState::NodeFail,
        JobState::BootFail,
        JobState::Deadline,
        JobState::Preempted,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            JobState::Submitting => "SUBMITTING",
            JobState::NotSubmitted => "NOT_SUBMITTED",
            JobState::OutcomeUnknown => "OUTCOME_UNKNOWN",
            JobState::Pending => "PENDING",
            JobState::Configuring => "CONFIGURING",
            JobState::Running => "RUNNING",
            JobState::Suspended => "SUSPENDED",
            JobState::Completing => "COMPLETING",
            JobState::Completed => "COMPLETED",
            JobState::Failed => "FAILED",
            JobState::Cancelled => "CANCELLED",
            JobState::Timeout => "TIMEOUT",
            JobState::OutOfMemory => "OUT_OF_MEMORY",
            JobState::NodeFail => "NODE_FAIL",
            JobState::BootFail => "BOOT_FAIL",
            JobState::Deadline => "DEADLINE",
            JobState::Preempted => "PREEMPTED",
        }
    }

    /// Reads one of the words of [`JobState::as_str`]; Slurm's own spellings are read in `quarterdeck-slurm`.
    pub fn parse(text: &str) -> Option<JobState> {
        JobState::ALL.into_iter().find(|state| state.as_str() == text)
    }

    /// Nothing more will happen to the job by itself.
    pub fn is_final(self) -> bool {
        !matches!(
            self,
            JobState::Submitting
                | JobState::Pending
                | JobState::Configuring
                | JobState::Running
                | JobState::Suspended
                | JobState::Completing
        )
    }
}

impl fmt::Display for JobState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("5", "5")]
    #[case("5_1", "5")]
    #[case("5+1", "5")]
    #[case("5_[2-9%2]", "5")]
    #[case("5_[1,3,7-9:2]", "5")]
    fn reads_slurms_ids(#[case] text: &str, #[case] root: &str) {
        let id = JobId::parse(text).unwrap();
        assert_eq!((id.as_str(), id.root()), (text, root));
    }

    #[rstest]
    fn refuses_what_could_be_an_option_or_a_list(
        #[values("", "-u", "5,6", "5 6", "5_", "_1", "5_x", "5+[1]", "5\n", "12345678901")] text: &str,
    ) {
        assert!(JobId::parse(text).is_err());
    }

    #[test]
    fn a_state_survives_its_own_word() {
        for state in JobState::ALL {
            assert_eq!(JobState::parse(state.as_str()), Some(state));
            assert_eq!(serde_json::to_string(&state).unwrap(), format!("\"{state}\""));
        }
    }
}
