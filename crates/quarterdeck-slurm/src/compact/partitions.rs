//! The partitions, from scontrol: administrators alone choose the words in its answer, and none of those read here
//! can hold a space.

use super::{Reading, text, value_of};
use crate::notation::{BadNotation, Tres, parse_count, parse_memory, parse_time_limit};
use crate::{AnswerError, Partition, PartitionAccess};

const SCONTROL: &str = "scontrol";

pub fn reading() -> Reading {
    Reading::new(SCONTROL, &["--oneliner", "--all", "show", "partition"])
}

pub fn parse(answer: &[u8]) -> Result<Vec<Partition>, AnswerError> {
    let answer = text(answer);
    let lines = answer.lines().filter(|line| !line.trim().is_empty() && !line.starts_with("No partitions"));
    lines.map(read_partition).collect()
}

fn read_partition(line: &str) -> Result<Partition, AnswerError> {
    let name =
        value_of(line, "PartitionName").ok_or_else(|| AnswerError::layout(SCONTROL, "a partition has no name"))?;
    let tres = read(line, "TRES", Tres::parse)?.unwrap_or_default();
    Ok(Partition {
        name: name.to_owned(),
        is_default: value_of(line, "Default") == Some("YES"),
        state: value_of(line, "State").unwrap_or("UP").to_owned(),
        time_limit_minutes: read(line, "MaxTime", parse_time_limit)?.flatten(),
        default_time_minutes: read(line, "DefaultTime", parse_time_limit)?.flatten(),
        node_list: value_of(line, "Nodes").filter(|nodes| !["", "(null)"].contains(nodes)).map(str::to_owned),
        nodes: read(line, "TotalNodes", parse_count)?.unwrap_or(0),
        cpus: read(line, "TotalCPUs", parse_count)?.unwrap_or(0),
        gpus: tres.gpus.unwrap_or(0),
        max_nodes: read(line, "MaxNodes", limit)?.flatten(),
        max_cpus_per_node: read(line, "MaxCPUsPerNode", limit)?.flatten(),
        max_memory_mib_per_node: read(line, "MaxMemPerNode", parse_memory)?.flatten().map(|memory| memory.mib),
        access: PartitionAccess {
            groups: names(line, "AllowGroups"),
            accounts: names(line, "AllowAccounts"),
            denied_accounts: names(line, "DenyAccounts"),
            qos: names(line, "AllowQos"),
            denied_qos: names(line, "DenyQos"),
        },
    })
}

fn names(line: &str, key: &str) -> Option<Vec<String>> {
    let value = value_of(line, key).filter(|value| !["", "ALL", "(null)"].contains(value))?;
    Some(value.split(',').map(str::to_owned).collect())
}

fn read<T>(
    line: &str,
    key: &'static str,
    parse: impl Fn(&str) -> Result<T, BadNotation>,
) -> Result<Option<T>, AnswerError> {
    let value = value_of(line, key);
    value.map(|value| parse(value).map_err(|_| AnswerError::field(SCONTROL, key, value))).transpose()
}

fn limit(text: &str) -> Result<Option<u32>, BadNotation> {
    if text == "UNLIMITED" { Ok(None) } else { parse_count(text).map(Some) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_partition_tells_whom_it_is_for() {
        let answer = b"PartitionName=big AllowGroups=hpc,staff DenyAccounts=guests AllowQos=ALL QoS=N/A MaxTime=1:00\n";
        let access = parse(answer).unwrap().remove(0).access;
        let names = |list: &[&str]| Some(list.iter().map(|&name| name.to_owned()).collect());
        let denied_accounts = names(&["guests"]);
        let expected =
            PartitionAccess { groups: names(&["hpc", "staff"]), denied_accounts, ..PartitionAccess::default() };
        assert_eq!(access, expected);
    }
}
