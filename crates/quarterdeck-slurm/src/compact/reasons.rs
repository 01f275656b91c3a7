//! Who gave the reason why a node is out of service, and when, from sinfo: of all nodes at once, where `scontrol show
//! node` tells it of one.

use std::collections::HashMap;

use super::{Reading, Separator};
use crate::notation::parse_time;
use crate::{AnswerError, ReasonAuthor};

const SINFO: &str = "sinfo";
/// In the order in which [`parse`] takes them.
const FIELDS: [&str; 3] = ["NodeList", "User", "Timestamp"];

pub fn reading(separator: &Separator) -> Reading {
    let format = format!("--Format={}", separator.format(&FIELDS));
    Reading::new(SINFO, &["--noheader", "--all", "--Node", "--list-reasons", &format])
}

/// Of each node that has a reason.
pub fn parse(answer: &[u8], separator: &Separator) -> Result<HashMap<String, ReasonAuthor>, AnswerError> {
    let mut authors = HashMap::new();
    for mut fields in separator.records(SINFO, answer, FIELDS.len())? {
        let node = fields.text();
        let user = fields.optional();
        let at = fields.read("reason's time", parse_time)?;
        authors.insert(node, ReasonAuthor { user, at });
    }
    Ok(authors)
}
