//! What `scontrol show node` alone tells of one node. Its free text (reason, comment) is written by administrators, and
//! each key is looked for at the start of its own line or word.

use chrono::{DateTime, Utc};

use super::{Reading, text, value_of};
use crate::notation::parse_time;
use crate::{AnswerError, NodeDetails};

const SCONTROL: &str = "scontrol";

/// `node`: one name, from the list of nodes.
pub fn reading(node: &str) -> Reading {
    Reading::new(SCONTROL, &["--all", "show", "node", node])
}

pub fn parse(answer: &[u8]) -> Result<NodeDetails, AnswerError> {
    let answer = text(answer);
    // Facts first: what follows the reason is free text.
    let (facts, reason) = answer.split_once("\n   Reason=").unwrap_or((&answer, ""));
    let lines = || facts.lines().map(str::trim);
    let word = |key: &str| lines().find_map(|line| value_of(line, key)).and_then(known);
    let rest = |key: &str| lines().find_map(|line| line.strip_prefix(key)?.strip_prefix('=')).and_then(known);
    let list = |key: &str| rest(key).map(|list| list.split(',').map(str::to_owned).collect()).unwrap_or_default();
    let time = |key: &'static str| read_time(key, lines().find_map(|line| value_of(line, key)).unwrap_or_default());
    if word("NodeName").is_none() {
        return Err(AnswerError::layout(SCONTROL, "it shows no node"));
    }
    // "bad disk [root@1795577463]" on the first line of several.
    let author = reason.lines().next().and_then(|line| line.trim_end().strip_suffix(']')?.rsplit_once(" ["));
    let (reason_by, reason_at) = match author.and_then(|(_, author)| author.rsplit_once('@')) {
        Some((user, time)) => (Some(user.to_owned()), read_time("Reason", time)?),
        None => (None, None),
    };
    Ok(NodeDetails {
        reason_by,
        reason_at,
        booted_at: time("BootTime")?,
        started_at: time("SlurmdStartTime")?,
        features: list("AvailableFeatures"),
        active_features: list("ActiveFeatures"),
        gres: rest("Gres"),
        memory_free_mib: word("FreeMem").and_then(|mib| mib.parse().ok()),
        architecture: word("Arch"),
        os: rest("OS"),
        version: word("Version"),
    })
}

fn known(value: &str) -> Option<String> {
    Some(value.trim()).filter(|value| !["", "(null)", "N/A"].contains(value)).map(str::to_owned)
}

fn read_time(key: &'static str, value: &str) -> Result<Option<DateTime<Utc>>, AnswerError> {
    parse_time(value).map_err(|_| AnswerError::field(SCONTROL, key, value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_tells_neither_facts_nor_another_author() {
        let answer = "NodeName=g1 Arch=x86_64 \n   Gres=(null)\n   BootTime=None SlurmdStartTime=1795576944\n   \
                      Reason=OS=x [alice@5] Version=1 [root@1795577654]\n          Version=2 [bob@6]\n";
        let details = parse(answer.as_bytes()).unwrap();
        assert_eq!(details.reason_by.as_deref(), Some("root"));
        assert_eq!(details.reason_at.map(|time| time.timestamp()), Some(1_795_577_654));
        assert_eq!((details.os, details.version, details.gres, details.booted_at), (None, None, None, None));
        assert!(parse(b"Node g1 not found\n").is_err());
    }
}
