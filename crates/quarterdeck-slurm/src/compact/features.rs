//! The features of the nodes, from sinfo: one line for all nodes that have the same ones. Administrators alone choose
//! them, and they change seldom: they are read apart from the nodes.

use std::collections::HashMap;

use super::{Reading, Separator};
use crate::{AnswerError, node_list};

const SINFO: &str = "sinfo";
/// In the order in which [`parse`] takes them.
const FIELDS: [&str; 2] = ["Features", "NodeList"];
/// In all lists; no cluster has more.
const MOST_NODES: usize = 200_000;

pub fn reading(separator: &Separator) -> Reading {
    let format = format!("--Format={}", separator.format(&FIELDS));
    Reading::new(SINFO, &["--noheader", "--all", &format])
}

/// The features of each node that has some, in alphabetical order.
pub fn parse(answer: &[u8], separator: &Separator) -> Result<HashMap<String, Vec<String>>, AnswerError> {
    let mut features = HashMap::new();
    let mut count = 0;
    for mut fields in separator.records(SINFO, answer, FIELDS.len())? {
        let Some(words) = fields.optional() else { continue };
        let mut words: Vec<String> = words.split(',').map(str::to_owned).collect();
        words.sort_unstable();
        let list = fields.text();
        let nodes = node_list::expand(&list).ok_or_else(|| AnswerError::field(SINFO, "node list", list.clone()))?;
        count += nodes.len();
        if count > MOST_NODES {
            return Err(AnswerError::layout(SINFO, "it lists more nodes than a cluster has"));
        }
        features.extend(nodes.into_iter().map(|node| (node, words.clone())));
    }
    Ok(features)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nodes_with_the_same_features_stand_on_one_line() {
        let separator = Separator::new([0; 16]);
        let line = |features, nodes| format!("{features}{0}{nodes}{0}\n", separator.0);
        let answer = line("ib,avx512", "c[1-2],c9") + &line("(null)", "c3");
        let features = parse(answer.as_bytes(), &separator).unwrap();
        let mut nodes: Vec<&str> = features.keys().map(String::as_str).collect();
        nodes.sort();
        assert_eq!((nodes.join(" "), features["c9"].join(" ")), ("c1 c2 c9".to_owned(), "avx512 ib".to_owned()));
        let joke = line("ib", "n[1-99999]").repeat(3);
        assert!(parse(joke.as_bytes(), &separator).is_err());
    }
}
