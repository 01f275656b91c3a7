//! Slurm's JSON, as slurmrestd answers: jobs and nodes in the same shape as those of [`crate::compact`]. Its versions
//! differ more than its programs do: plain numbers on 22.05, since 23.02 `{"set", "infinite", "number"}`, states as
//! words or as lists, text or lists of texts.
//!
//! Partitions and reservations are not read from it: v0.0.42 does not say which partition is the default, and none
//! whether a reservation is active.

mod jobs;
mod nodes;

use std::fmt;

use chrono::{DateTime, Utc};
use serde::de::{Deserializer, SeqAccess, Visitor};
use serde_json::Value;

pub use jobs::JobDetails;

use crate::{AnswerError, Node, NodeDetails};

const JSON: &str = "Slurm's JSON";

/// Reads an answer's jobs.
///
/// # Errors
/// [`AnswerError::Slurm`] for what stands in its `errors`, which is to be looked at whatever the exit status or HTTP
/// status: 22.05's squeue exits 0 when slurmctld is down.
pub fn parse_jobs(answer: &[u8]) -> Result<Vec<JobDetails>, AnswerError> {
    parse(answer, jobs::read_job)
}

/// Reads an answer's nodes, of the list or of one.
///
/// # Errors
/// As for [`parse_jobs`].
pub fn parse_nodes(answer: &[u8]) -> Result<Vec<(Node, NodeDetails)>, AnswerError> {
    parse(answer, nodes::read_node)
}

type Read<T> = fn(&Value) -> Result<T, AnswerError>;

fn parse<T>(answer: &[u8], read: Read<T>) -> Result<Vec<T>, AnswerError> {
    // 22.05 writes names as they are, and they need not be UTF-8.
    let text = String::from_utf8_lossy(answer);
    let mut reader = serde_json::Deserializer::from_str(&text);
    let answer = Answer { read, items: None, errors: Value::Null };
    let broken = |error: serde_json::Error| AnswerError::layout(JSON, error.to_string());
    let answer = reader.deserialize_map(answer).map_err(broken)?;
    reader.end().map_err(broken)?;
    refuse_errors(&answer.errors)?;
    answer.items.ok_or_else(|| AnswerError::layout(JSON, "it has neither jobs nor nodes"))?
}

/// An answer while it is read. One item at a time is taken apart: as a whole, 21,000 jobs would be a gigabyte.
struct Answer<T> {
    read: Read<T>,
    items: Option<Result<Vec<T>, AnswerError>>,
    errors: Value,
}

impl<'de, T> Visitor<'de> for Answer<T> {
    type Value = Answer<T>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an answer of slurmrestd")
    }

    fn visit_map<A: serde::de::MapAccess<'de>>(mut self, mut map: A) -> Result<Answer<T>, A::Error> {
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "jobs" | "nodes" => self.items = Some(map.next_value_seed(Items(self.read))?),
                "errors" => self.errors = map.next_value()?,
                _ => drop(map.next_value::<serde::de::IgnoredAny>()?),
            }
        }
        Ok(self)
    }
}

struct Items<T>(Read<T>);

impl<'de, T> serde::de::DeserializeSeed<'de> for Items<T> {
    type Value = Result<Vec<T>, AnswerError>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de, T> Visitor<'de> for Items<T> {
    type Value = Result<Vec<T>, AnswerError>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let mut items = Ok(Vec::new());
        // To its end even after an error, since Slurm's own words may follow.
        while let Some(value) = list.next_element::<Value>()? {
            if let Ok(known) = &mut items {
                match self.0(&value) {
                    Ok(item) => known.push(item),
                    Err(error) => items = Err(error),
                }
            }
        }
        Ok(items)
    }
}

/// Errors carry their code under one of three names; code 0 is no error (24.11 for "not found").
fn refuse_errors(errors: &Value) -> Result<(), AnswerError> {
    for error in errors.as_array().into_iter().flatten() {
        let code = ["error_number", "error_code", "errno"].iter().find_map(|key| error[*key].as_i64());
        if code != Some(0) {
            let words =
                ["error", "description"].iter().find_map(|key| error[*key].as_str().filter(|text| !text.is_empty()));
            let message = words.unwrap_or("an error without a description").to_owned();
            return Err(AnswerError::Slurm { code: code.unwrap_or(-1), message });
        }
    }
    Ok(())
}

/// A plain number, or since 23.02 `{"set", "infinite", "number"}`. `None`: unset or unlimited.
fn number(value: &Value) -> Option<i64> {
    match value {
        Value::Object(parts) => {
            let holds = |key: &str| parts.get(key).and_then(Value::as_bool).unwrap_or(false);
            if holds("set") && !holds("infinite") { parts.get("number")?.as_i64() } else { None }
        }
        _ => value.as_i64(),
    }
}

fn count(value: &Value) -> u32 {
    number(value).and_then(|number| u32::try_from(number).ok()).unwrap_or(0)
}

fn time(value: &Value) -> Option<DateTime<Utc>> {
    number(value).filter(|seconds| *seconds > 0).and_then(|seconds| DateTime::from_timestamp(seconds, 0))
}

fn text(value: &Value) -> Option<String> {
    value.as_str().filter(|text| !text.is_empty()).map(str::to_owned)
}
