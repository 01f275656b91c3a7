//! The nodes, from sinfo: one line a node and partition, here one node with all its partitions.

use super::{Fields, Reading, Separator};
use crate::notation::{BadNotation, count_gpus, parse_node_state};
use crate::{AnswerError, Node};

const SINFO: &str = "sinfo";

/// In the order in which [`read_node`] takes them.
const FIELDS: [&str; 11] = [
    "NodeList",
    "StateLong",
    "StateComplete",
    "CPUsState",
    "Memory",
    "AllocMem",
    "Gres",
    "GresUsed",
    "CPUsLoad",
    "PartitionName",
    "Reason",
];

pub fn reading(separator: &Separator) -> Reading {
    let format = format!("--Format={}", separator.format(&FIELDS));
    Reading::new(SINFO, &["--noheader", "--all", "--Node", &format])
}

/// The same of one node: a name from the list.
pub fn reading_of(node: &str, separator: &Separator) -> Reading {
    let mut reading = reading(separator);
    reading.arguments.push(format!("--nodes={node}"));
    reading
}

/// In the order of the answer, which is by name.
pub fn parse(answer: &[u8], separator: &Separator) -> Result<Vec<Node>, AnswerError> {
    let mut nodes: Vec<Node> = Vec::new();
    for fields in separator.records(SINFO, answer, FIELDS.len())? {
        let node = read_node(fields)?;
        match nodes.last_mut().filter(|last| last.name == node.name) {
            Some(last) => last.partitions.extend(node.partitions),
            None => nodes.push(node),
        }
    }
    Ok(nodes)
}

fn read_node(mut fields: Fields<'_>) -> Result<Node, AnswerError> {
    let name = fields.text();
    let (state, flags) = parse_node_state(&fields.text(), &fields.text());
    let (cpus_used, cpus_total) = fields.read("CPUs", cpus)?;
    let memory_total_mib = fields.read("memory", mib)?;
    let memory_used_mib = fields.read("allocated memory", mib)?;
    let gpus_total = fields.read("GRES", count_gpus)?;
    let gpus_used = fields.read("GRES in use", count_gpus)?;
    let load = fields.text().parse().ok();
    Ok(Node {
        name,
        state,
        flags,
        cpus_total,
        cpus_used,
        memory_total_mib,
        memory_used_mib,
        gpus_total,
        gpus_used,
        load,
        partitions: fields.optional().into_iter().collect(),
        reason: fields.optional(),
    })
}

/// The first and last of "allocated/idle/other/total".
fn cpus(text: &str) -> Result<(u32, u32), BadNotation> {
    let counts: Option<Vec<u32>> = text.split('/').map(|count| count.parse().ok()).collect();
    match counts.as_deref() {
        Some([used, _, _, total]) => Ok((*used, *total)),
        _ => Err(BadNotation::Count(text.to_owned())),
    }
}

fn mib(text: &str) -> Result<u64, BadNotation> {
    text.parse().map_err(|_| BadNotation::Memory(text.to_owned()))
}
