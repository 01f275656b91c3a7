//! Nodes from slurmrestd's `nodes` and `node/{name}`.

use serde_json::Value;

use super::{JSON, count, number, text, time};
use crate::notation::{count_gpus, node_state_of};
use crate::{AnswerError, Node, NodeDetails};

/// `NO_VAL`, and what lies beyond it: not known.
const UNKNOWN: i64 = 0xffff_fffe;

pub(super) fn read_node(node: &Value) -> Result<(Node, NodeDetails), AnswerError> {
    let name = text(&node["name"]).ok_or_else(|| AnswerError::field(JSON, "name", "no name"))?;
    // A word and beside it its flags, or since 23.11 a list of them all.
    let mut words = list(&node["state"]);
    words.extend(list(&node["state_flags"]));
    let words: Vec<String> = words.iter().map(|word| word.to_ascii_lowercase()).collect();
    let (base, flags) = words.split_first().ok_or_else(|| AnswerError::field(JSON, "state", "no state"))?;
    let gpus = |key: &'static str| {
        let written = node[key].as_str().unwrap_or_default();
        count_gpus(written).map_err(|_| AnswerError::field(JSON, key, written))
    };
    let load = number(&node["cpu_load"]).filter(|load| (0..UNKNOWN).contains(load));
    let reason = text(&node["reason"]);
    let details = NodeDetails {
        reason_by: text(&node["reason_set_by_user"]).filter(|_| reason.is_some()),
        reason_at: time(&node["reason_changed_at"]).filter(|_| reason.is_some()),
        booted_at: time(&node["boot_time"]),
        started_at: time(&node["slurmd_start_time"]),
        features: list(&node["features"]),
        active_features: list(&node["active_features"]),
        gres: text(&node["gres"]),
        memory_free_mib: ["free_mem", "free_memory"].iter().find_map(|key| mib(&node[*key])),
        architecture: text(&node["architecture"]),
        os: text(&node["operating_system"]).map(|os| os.trim().to_owned()),
        version: ["version", "slurmd_version"].iter().find_map(|key| text(&node[*key])),
    };
    let node = Node {
        name,
        state: node_state_of(base, flags),
        flags: flags.to_vec(),
        cpus_total: count(&node["cpus"]),
        cpus_used: count(&node["alloc_cpus"]),
        memory_total_mib: mib(&node["real_memory"]).unwrap_or(0),
        memory_used_mib: mib(&node["alloc_memory"]).unwrap_or(0),
        gpus_total: gpus("gres")?,
        gpus_used: gpus("gres_used")?,
        load: load.map(|hundredths| hundredths as f64 / 100.0),
        partitions: list(&node["partitions"]),
        reason,
    };
    Ok((node, details))
}

/// A list, or a text with commas.
fn list(value: &Value) -> Vec<String> {
    match value {
        Value::Array(items) => items.iter().filter_map(text).collect(),
        _ => text(value).map(|words| words.split(',').map(str::to_owned).collect()).unwrap_or_default(),
    }
}

fn mib(value: &Value) -> Option<u64> {
    number(value).and_then(|mib| u64::try_from(mib).ok())
}
