//! What else a job may ask for: features and devices (GRES) of the nodes, and licences. Administrators alone choose these
//! words, and none of them can hold a space.

use std::collections::{BTreeMap, BTreeSet};

use super::{Reading, text, value_of};
use crate::notation::parse_count;
use crate::{AnswerError, Feature, Gres, License};

const SINFO: &str = "sinfo";
const SCONTROL: &str = "scontrol";

/// Nodes that are alike are one line.
pub fn nodes_reading() -> Reading {
    Reading::new(SINFO, &["--noheader", "--all", "--format=%R|%D|%f|%G"])
}

/// By name.
pub fn parse_nodes(answer: &[u8]) -> Result<(Vec<Feature>, Vec<Gres>), AnswerError> {
    let mut features: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut devices: BTreeMap<(String, Option<String>), (BTreeSet<String>, u32)> = BTreeMap::new();
    for line in text(answer).lines().filter(|line| !line.trim().is_empty()) {
        let fields: Vec<&str> = line.trim_end().splitn(4, '|').collect();
        let &[partition, _, of_nodes, gres] = fields.as_slice() else {
            return Err(AnswerError::layout(SINFO, "a line has other columns than were asked for"));
        };
        for feature in of_nodes.split(',').filter(|name| !["", "(null)"].contains(name)) {
            features.entry(feature.to_owned()).or_default().insert(partition.to_owned());
        }
        for (name, kind, count) in gres_list(gres) {
            let (partitions, most) = devices.entry((name, kind)).or_default();
            partitions.insert(partition.to_owned());
            *most = (*most).max(count);
        }
    }
    let features = features.into_iter();
    let devices = devices.into_iter();
    Ok((
        features.map(|(name, partitions)| Feature { name, partitions: partitions.into_iter().collect() }).collect(),
        devices
            .map(|((name, kind), (partitions, most))| Gres {
                name,
                kind,
                most_per_node: most,
                partitions: partitions.into_iter().collect(),
            })
            .collect(),
    ))
}

/// `gpu:a100:2(S:0-1),shard:no_consume:8`: sockets and flags are left out.
fn gres_list(text: &str) -> Vec<(String, Option<String>, u32)> {
    let mut plain = String::new();
    let mut depth = 0_u32;
    for c in text.chars() {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            c if depth == 0 => plain.push(c),
            _ => {}
        }
    }
    let entries = plain.split(',').filter(|entry| !entry.is_empty());
    let read = entries.filter_map(|entry| {
        let mut words: Vec<&str> = entry.split(':').filter(|word| *word != "no_consume").collect();
        let count = words.last().and_then(|word| parse_count(word).ok()).filter(|_| words.len() > 1);
        if count.is_some() {
            words.pop();
        }
        Some((words.first()?.to_string(), words.get(1).map(|kind| (*kind).to_owned()), count.unwrap_or(1)))
    });
    read.collect()
}

pub fn licenses_reading() -> Reading {
    Reading::new(SCONTROL, &["--oneliner", "show", "licenses"])
}

/// Without any, scontrol says so in words.
pub fn parse_licenses(answer: &[u8]) -> Result<Vec<License>, AnswerError> {
    let answer = text(answer);
    let lines = answer.lines().filter(|line| !line.trim().is_empty() && !line.starts_with("No licenses"));
    lines.map(read_license).collect()
}

fn read_license(line: &str) -> Result<License, AnswerError> {
    let name = value_of(line, "LicenseName").ok_or_else(|| AnswerError::layout(SCONTROL, "a licence has no name"))?;
    let count = |key: &'static str| {
        let value = value_of(line, key).unwrap_or("0");
        parse_count(value).map_err(|_| AnswerError::field(SCONTROL, key, value))
    };
    Ok(License { name: name.to_owned(), total: count("Total")?, used: count("Used")? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn features_and_devices_are_known_with_their_partitions() {
        let answer =
            b"compute|3|cpu,avx512|(null)\ngpu|1|gpu|gpu:a100:2(S:0-1),shard:no_consume:8\nall|4|cpu|gpu:a100:4\n";
        let (features, gres) = parse_nodes(answer).unwrap();
        let names: Vec<&str> = features.iter().map(|feature| feature.name.as_str()).collect();
        assert_eq!(names, ["avx512", "cpu", "gpu"]);
        assert_eq!(features[1].partitions, ["all", "compute"]);
        let a100 = Gres {
            name: "gpu".into(),
            kind: Some("a100".into()),
            most_per_node: 4,
            partitions: vec!["all".into(), "gpu".into()],
        };
        assert_eq!(gres[0], a100);
        assert_eq!((gres[1].name.as_str(), gres[1].kind.as_deref(), gres[1].most_per_node), ("shard", None, 8));
        assert!(parse_nodes(b"sinfo: error\n").is_err());
    }

    #[test]
    fn licences_are_counted_and_may_be_none() {
        // As 22.05 prints them.
        let answer = b"LicenseName=matlab Total=5 Used=2 Free=3 Reserved=0 Remote=no\nLicenseName=ansys@db Total=10 Used=0 Free=10 Reserved=0 Remote=yes\n";
        let read = parse_licenses(answer).unwrap();
        assert_eq!(read[0], License { name: "matlab".into(), total: 5, used: 2 });
        assert_eq!(read[1].name, "ansys@db");
        assert_eq!(parse_licenses(b"No licenses configured in Slurm.\n"), Ok(Vec::new()));
    }
}
