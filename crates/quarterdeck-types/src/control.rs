//! What somebody may have done to nodes and jobs: the values that become arguments of `scontrol` and `scancel`. What
//! has been read here is one value; it cannot become an option, a list, or another key beside its own.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize};
use thiserror::Error;

/// slurmdbd keeps 255 bytes of a reason, and Slurm adds words like "reboot issued" to it.
const MAX_REASON_BYTES: usize = 230;
const MAX_JOB_NAME_CHARS: usize = 200;
const MAX_NAME_BYTES: usize = 128;
const MAX_DEPENDENCY_BYTES: usize = 1000;

#[derive(Debug, Error, PartialEq, Eq)]
pub enum BadValue {
    #[error("this is no node's name: choose one from the list")]
    NodeName,
    #[error("use letters, digits, \"-\", \"_\", \".\" and \",\"")]
    Word,
    #[error("write one line without control characters")]
    ControlCharacter,
    #[error("it is empty: write something")]
    Empty,
    #[error("write at most {0}")]
    TooLong(&'static str),
    #[error("write what to wait for and the jobs' ids: afterok:5, afterany:5:6_1, singleton")]
    Dependency,
}

/// One node's name, never a list of nodes (`c[1-3]`) nor `ALL`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct NodeName(String);

impl NodeName {
    pub fn parse(text: &str) -> Result<NodeName, BadValue> {
        // `scontrol reboot` reads these where a node's name may stand.
        let is_keyword = ["all", "asap"].contains(&text.to_ascii_lowercase().as_str());
        let is_name = is_word(text, b"-_.");
        if is_name && !is_keyword { Ok(NodeName(text.to_owned())) } else { Err(BadValue::NodeName) }
    }
}

/// Why a node is taken out of service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Reason(String);

impl Reason {
    /// Spaces around it are dropped.
    pub fn parse(text: &str) -> Result<Reason, BadValue> {
        let text = line(text)?.trim();
        if text.len() > MAX_REASON_BYTES {
            return Err(BadValue::TooLong("230 bytes, which are 76 letters in Korean"));
        }
        if text.is_empty() { Err(BadValue::Empty) } else { Ok(Reason(text.to_owned())) }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "to", rename_all = "snake_case")]
pub enum NodeChange {
    Drain { reason: Reason },
    Resume,
}

/// The name that a job gets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct JobName(String);

impl JobName {
    pub fn parse(text: &str) -> Result<JobName, BadValue> {
        if line(text)?.chars().count() > MAX_JOB_NAME_CHARS {
            return Err(BadValue::TooLong("200 characters"));
        }
        if text.trim().is_empty() { Err(BadValue::Empty) } else { Ok(JobName(text.to_owned())) }
    }
}

/// What an administrator named: a partition, an account, a QOS, a reservation; also several with commas.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Word(String);

impl Word {
    pub fn parse(text: &str) -> Result<Word, BadValue> {
        if is_word(text, b"-_.,") { Ok(Word(text.to_owned())) } else { Err(BadValue::Word) }
    }
}

/// What a job waits for, as `sbatch --dependency` takes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Dependency(String);

impl Dependency {
    pub fn parse(text: &str) -> Result<Dependency, BadValue> {
        let valid = text.len() <= MAX_DEPENDENCY_BYTES && text.split([',', '?']).all(is_condition);
        if valid { Ok(Dependency(text.to_owned())) } else { Err(BadValue::Dependency) }
    }
}

/// `singleton`, or a word and the ids of jobs: `afterok:5:6_1`, `after:5+10` (ten minutes later).
fn is_condition(text: &str) -> bool {
    const WORDS: [&str; 6] = ["after", "afterany", "afterburstbuffer", "aftercorr", "afternotok", "afterok"];
    let is_job = |job: &str| {
        let allowed = |b: u8| b.is_ascii_digit() || b"_+*".contains(&b);
        job.starts_with(|c: char| c.is_ascii_digit()) && job.bytes().all(allowed)
    };
    match text.split_once(':') {
        None => text == "singleton",
        Some((word, jobs)) => WORDS.contains(&word) && jobs.split(':').all(is_job),
    }
}

/// One thing about a job that may be changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "change", rename_all = "snake_case")]
pub enum JobChange {
    TimeLimit {
        /// `None`: unlimited.
        minutes: Option<u32>,
    },
    Partition {
        name: Word,
    },
    Account {
        name: Word,
    },
    Qos {
        name: Word,
    },
    Priority {
        value: u32,
    },
    Name {
        text: JobName,
    },
    Nice {
        value: i32,
    },
    Dependency {
        /// `None`: it waits for no job.
        on: Option<Dependency>,
    },
    Begin {
        /// Seconds since 1970; `None`: as soon as it can.
        at: Option<u32>,
    },
    Reservation {
        /// `None`: it needs none.
        name: Option<Word>,
    },
}

/// The signals that people send to jobs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum JobSignal {
    Hup,
    Int,
    Quit,
    Usr1,
    Usr2,
    Term,
    Kill,
    Stop,
    Cont,
    Tstp,
}

impl JobSignal {
    pub const ALL: [JobSignal; 10] = [
        JobSignal::Hup,
        JobSignal::Int,
        JobSignal::Quit,
        JobSignal::Usr1,
        JobSignal::Usr2,
        JobSignal::Term,
        JobSignal::Kill,
        JobSignal::Stop,
        JobSignal::Cont,
        JobSignal::Tstp,
    ];

    /// As scancel(1) takes it.
    pub fn as_str(self) -> &'static str {
        match self {
            JobSignal::Hup => "HUP",
            JobSignal::Int => "INT",
            JobSignal::Quit => "QUIT",
            JobSignal::Usr1 => "USR1",
            JobSignal::Usr2 => "USR2",
            JobSignal::Term => "TERM",
            JobSignal::Kill => "KILL",
            JobSignal::Stop => "STOP",
            JobSignal::Cont => "CONT",
            JobSignal::Tstp => "TSTP",
        }
    }

    pub fn parse(text: &str) -> Option<JobSignal> {
        JobSignal::ALL.into_iter().find(|signal| signal.as_str() == text)
    }
}

/// Which of a job's processes get a signal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SignalTo {
    /// The batch script, what it started, and the job's steps.
    #[default]
    All,
    /// The batch script's shell alone.
    Script,
    /// What `srun` started.
    Steps,
}

fn line(text: &str) -> Result<&str, BadValue> {
    if text.chars().any(char::is_control) { Err(BadValue::ControlCharacter) } else { Ok(text) }
}

fn is_word(text: &str, beside_letters: &[u8]) -> bool {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || beside_letters.contains(&b);
    (1..=MAX_NAME_BYTES).contains(&text.len()) && text.bytes().all(allowed) && !text.starts_with('-')
}

macro_rules! text_that_is_checked {
    ($($type:ident),*) => {$(
        impl $type {
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }
        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                $type::parse(&text).map_err(serde::de::Error::custom)
            }
        }
    )*};
}
text_that_is_checked!(NodeName, Reason, JobName, Word, Dependency);

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    fn refuses_what_would_name_other_nodes(
        #[values("", "ALL", "all", "ASAP", "c[1-3]", "c1,c2", "-c1", "c1 c2", "a=b", "c1\n", "노드")] text: &str,
    ) {
        assert_eq!(NodeName::parse(text), Err(BadValue::NodeName));
    }

    #[rstest]
    #[case("", BadValue::Empty)]
    #[case("  ", BadValue::Empty)]
    #[case("two\nlines", BadValue::ControlCharacter)]
    #[case("\u{1b}[31mred", BadValue::ControlCharacter)]
    #[case("a\0b", BadValue::ControlCharacter)]
    #[case(&"x".repeat(231), BadValue::TooLong("230 bytes, which are 76 letters in Korean"))]
    fn a_reason_is_a_line_of_bounded_length(#[case] text: &str, #[case] fault: BadValue) {
        assert_eq!(Reason::parse(text), Err(fault));
    }

    #[rstest]
    fn takes_what_sbatch_takes_as_a_dependency(
        #[values(
            "afterok:5",
            "afterany:5:6_1",
            "after:5+10",
            "singleton",
            "afterok:1,afternotok:2",
            "aftercorr:5_*?after:1"
        )]
        text: &str,
    ) {
        assert_eq!(Dependency::parse(text).unwrap().as_str(), text);
    }

    #[rstest]
    fn refuses_other_words_as_a_dependency(
        #[values("", "5", "afterok", "afterok:", "afterok:x", "afterok:5 Partition=gpu", "before:5", "afterok:5,")]
        text: &str,
    ) {
        assert_eq!(Dependency::parse(text), Err(BadValue::Dependency));
    }

    #[test]
    fn a_signal_has_the_same_word_everywhere() {
        for signal in JobSignal::ALL {
            assert_eq!(JobSignal::parse(signal.as_str()), Some(signal));
            assert_eq!(serde_json::to_string(&signal).unwrap(), format!("\"{}\"", signal.as_str()));
        }
    }
}
