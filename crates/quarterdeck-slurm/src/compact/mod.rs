//! The cheapest exact way to read each list: which program to run, and how to read its answer.
//!
//! squeue needs 0.16 s for 21,000 jobs where its JSON needs 2.7 s and 66 MB, so lists are read as text. Users choose
//! much of that text. Job names, comments and directories may hold any byte but NUL, so no fixed character can stand
//! between two fields, and a name could forge whole lines of other people's jobs. Therefore
//!
//! - [`queue`] and [`nodes`] separate fields by a random [`Separator`], new for each reading. squeue takes it from its
//!   environment, which other users cannot see; sinfo only from its arguments, but in its answer only administrators
//!   write free text.
//! - [`accounting`] asks for columns of fixed widths in bytes, because sacct takes its delimiter from its arguments
//!   alone, where every user of the host can read it while sacct runs.
//!
//! Answers are bytes: widths count bytes, and names need not be UTF-8.

pub mod accounting;
mod columns;
pub mod node_details;
pub mod nodes;
pub mod partitions;
pub mod paths;
pub mod privacy;
pub mod queue;
pub mod reservations;
pub mod shares;
pub mod usage;

use std::collections::VecDeque;

use chrono::{DateTime, Utc};
use quarterdeck_types::{JobId, JobState};

use crate::AnswerError;
use crate::notation::BadNotation;

/// A program to run and how. `environment` comes on top of `SLURM_CONF` and `PATH`; nothing else should be in it, since
/// variables such as `SQUEUE_STATES` change what the programs answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reading {
    /// Its name without a directory.
    pub program: &'static str,
    pub arguments: Vec<String>,
    pub environment: Vec<(&'static str, String)>,
}

impl Reading {
    fn new(program: &'static str, arguments: &[&str]) -> Reading {
        Reading {
            program,
            arguments: arguments.iter().map(|&argument| argument.to_owned()).collect(),
            // Seconds since 1970, whatever the host's time zone.
            environment: vec![("SLURM_TIME_FORMAT", "%s".to_owned())],
        }
    }
}

/// Asks for the version: `slurm-wlm 22.05.8`.
pub fn version_reading() -> Reading {
    Reading::new("scontrol", &["--version"])
}

/// Reads the number in the answer to [`version_reading`]: `22.05.8`.
pub fn parse_version(answer: &[u8]) -> Result<String, AnswerError> {
    let text = text(answer);
    let number = text.split_whitespace().last().filter(|word| word.starts_with(|c: char| c.is_ascii_digit()));
    number.map(str::to_owned).ok_or_else(|| AnswerError::field("scontrol", "version", text.trim()))
}

/// Stands behind each field. Whoever could foresee it could forge fields, so 96 random bits choose it; and it is short,
/// because it makes up much of a long answer.
///
/// Its first character does not come again in it, so what stands before it cannot shift where it is found.
#[derive(Clone, PartialEq, Eq)]
pub struct Separator(String);

impl Separator {
    /// `random`: from the operating system, used once.
    pub fn new(random: [u8; 16]) -> Separator {
        const FIRST: char = 'Q';
        const LETTERS: &[u8; 64] = b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPRSTUVWXYZ_-+";
        let letters = random.iter().map(|byte| char::from(LETTERS[usize::from(byte % 64)]));
        Separator(std::iter::once(FIRST).chain(letters).collect())
    }

    /// The `-O` format for these fields: each without a limit to its width and followed by the separator.
    fn format(&self, fields: &[&str]) -> String {
        let fields: Vec<String> = fields.iter().map(|field| format!("{field}:0{}", self.0)).collect();
        fields.join(",")
    }

    /// Cuts an answer into records of `count` fields. Each record ends with a line end.
    fn records<'a>(
        &self,
        source_name: &'static str,
        answer: &'a [u8],
        count: usize,
    ) -> Result<Vec<Fields<'a>>, AnswerError> {
        let broken = |detail: &str| AnswerError::layout(source_name, detail);
        let mut pieces = split(answer, self.0.as_bytes());
        let rest = pieces.pop_back().unwrap_or_default();
        if !pieces.len().is_multiple_of(count) {
            return Err(broken("a record is cut short"));
        }
        let mut records = Vec::with_capacity(pieces.len() / count);
        while !pieces.is_empty() {
            let mut values: VecDeque<&[u8]> = pieces.drain(..count).collect();
            if !records.is_empty() {
                let first = values[0].strip_prefix(b"\n").ok_or_else(|| broken("a record does not end its line"))?;
                values[0] = first;
            }
            records.push(Fields { source_name, values });
        }
        let ended: &[u8] = if records.is_empty() { b"" } else { b"\n" };
        if rest == ended { Ok(records) } else { Err(broken("text stands behind the last record")) }
    }
}

fn split<'a>(mut bytes: &'a [u8], separator: &[u8]) -> VecDeque<&'a [u8]> {
    let mut pieces = VecDeque::new();
    while let Some(at) = find(bytes, separator) {
        pieces.push_back(&bytes[..at]);
        bytes = &bytes[at + separator.len()..];
    }
    pieces.push_back(bytes);
    pieces
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    let mut from = 0;
    while let Some(at) = bytes[from..].iter().position(|byte| *byte == wanted[0]).map(|at| at + from) {
        if bytes[at..].starts_with(wanted) {
            return Some(at);
        }
        from = at + 1;
    }
    None
}

/// One record's fields, taken one after the other in the order in which they were asked for.
struct Fields<'a> {
    source_name: &'static str,
    values: VecDeque<&'a [u8]>,
}

impl Fields<'_> {
    fn text(&mut self) -> String {
        text(self.values.pop_front().unwrap_or_default())
    }

    /// Text of a user's own making. `None` where she made none.
    fn free_text(&mut self) -> Option<String> {
        let text = self.text();
        (!["", "(null)"].contains(&text.as_str())).then_some(text)
    }

    /// `None` for the words that Slurm writes where there is nothing.
    fn optional(&mut self) -> Option<String> {
        let text = self.text();
        let nothing = ["", "(null)", "N/A", "none", "None", "Unknown"].contains(&text.as_str());
        (!nothing).then_some(text)
    }

    fn read<T>(
        &mut self,
        field: &'static str,
        parse: impl Fn(&str) -> Result<T, BadNotation>,
    ) -> Result<T, AnswerError> {
        let text = self.text();
        parse(&text).map_err(|_| AnswerError::field(self.source_name, field, text))
    }

    fn job_id(&mut self) -> Result<JobId, AnswerError> {
        let text = self.text();
        JobId::parse(&text).map_err(|_| AnswerError::field(self.source_name, "job id", text))
    }

    fn known_time(&mut self, field: &'static str) -> Result<DateTime<Utc>, AnswerError> {
        let time = self.read(field, crate::notation::parse_time)?;
        time.ok_or_else(|| AnswerError::field(self.source_name, field, "no time"))
    }
}

/// Whether times of start and end, and the exit status, are facts.
fn has_started(state: JobState) -> bool {
    !matches!(state, JobState::Pending | JobState::Submitting | JobState::NotSubmitted | JobState::OutcomeUnknown)
}

/// Ids for an option of Slurm's. No command takes the pending rest of an array (`5_[2-9]`) by its id: asked for is the
/// array, and the answer has its tasks.
fn id_list(ids: &[JobId]) -> String {
    let mut ids: Vec<&str> = ids.iter().map(askable).collect();
    ids.dedup();
    ids.join(",")
}

fn askable(id: &JobId) -> &str {
    if id.as_str().contains('[') { id.root() } else { id.as_str() }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A setting of slurm.conf in the answer to `scontrol show config`: `PrivateData             = jobs,usage`.
fn setting(configuration: &[u8], name: &str) -> Option<String> {
    text(configuration).lines().find_map(|line| {
        let (found, value) = line.split_once('=')?;
        (found.trim() == name).then(|| value.trim().to_owned())
    })
}

/// The words of `Key=Value Key=Value` lines, as scontrol's `-o` writes them.
fn value_of<'a>(line: &'a str, key: &str) -> Option<&'a str> {
    line.split(' ').find_map(|word| word.strip_prefix(key)?.strip_prefix('='))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn no_text_in_a_field_moves_the_fields_behind_it(
            values in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..40), 6),
            random: [u8; 16],
        ) {
            let separator = Separator::new(random);
            let mut answer = Vec::new();
            for (at, value) in values.iter().enumerate() {
                answer.extend_from_slice(value);
                answer.extend_from_slice(separator.0.as_bytes());
                if at % 3 == 2 {
                    answer.push(b'\n');
                }
            }
            let records = separator.records("squeue", &answer, 3).unwrap();
            let read: Vec<&[u8]> = records.iter().flat_map(|record| record.values.iter().copied()).collect();
            prop_assert_eq!(read, values);
        }
    }

    #[test]
    fn the_start_of_a_separator_before_it_does_not_hide_it() {
        let separator = Separator::new([0; 16]);
        let answer = format!("Q000{0}Q{0}\n", separator.0);
        let mut records = separator.records("squeue", answer.as_bytes(), 2).unwrap();
        assert_eq!((records[0].text(), records[0].text()), ("Q000".to_owned(), "Q".to_owned()));
    }

    #[test]
    fn a_record_cut_short_is_an_error_and_an_empty_answer_is_no_record() {
        let separator = Separator::new([1; 16]);
        assert!(separator.records("squeue", format!("a{}", separator.0).as_bytes(), 2).is_err());
        assert!(separator.records("squeue", format!("a{0}b{0}", separator.0).as_bytes(), 2).is_err());
        assert!(separator.records("squeue", b"", 2).unwrap().is_empty());
    }

    #[test]
    fn the_pending_rest_of_an_array_is_asked_for_by_the_array() {
        let ids: Vec<JobId> = ["5_[2-9%2]", "5", "6_1"].iter().map(|id| JobId::parse(id).unwrap()).collect();
        let separator = Separator::new([0; 16]);
        assert!(queue::reading(queue::Jobs::Ids(&ids), &separator).arguments.contains(&"--jobs=5,6_1".to_owned()));
        assert!(accounting::reading(accounting::Jobs::Ids(&ids)).arguments.contains(&"--jobs=5,6_1".to_owned()));
        assert_eq!(paths::reading(&ids[0]).arguments.last().unwrap(), "5");
    }

    #[test]
    fn reads_the_version() {
        assert_eq!(parse_version(b"slurm-wlm 22.05.8\n").unwrap(), "22.05.8");
        assert_eq!(parse_version(b"slurm 24.11.5\n").unwrap(), "24.11.5");
        assert!(parse_version(b"command not found\n").is_err());
    }
}
