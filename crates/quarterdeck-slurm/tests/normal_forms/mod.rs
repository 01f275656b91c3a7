//! Each answer in its normal form, which is one snapshot for all versions: without what no two recordings have in common.

use std::collections::BTreeSet;
use std::fs;

use insta::assert_json_snapshot;
use quarterdeck_slurm::compact::{
    accounting, associations, choices, features, node_details, node_events, nodes, parse_version, partitions, paths,
    privacy, queue, reasons, reservations, shares, steps, usage,
};
use quarterdeck_slurm::{Job, NodeDetails, Reason, Step, json};
use quarterdeck_types::JobId;
use serde::Serialize;
use serde_json::{Value, json};

use super::readings::{readings, separator};
use super::{VERSIONS, recorded};

/// Figures that no two recordings have in common: that they are told is what counts.
const FIGURES: [&str; 13] = [
    "all_tasks_mib",
    "cpu_milliseconds",
    "elapsed_seconds",
    "fair_share",
    "largest_task_mib",
    "level",
    "load",
    "memory_free_mib",
    "os",
    "raw_usage",
    "reserved_minutes",
    "usage",
    "used_minutes",
];

#[test]
fn every_answer_that_is_read_is_recorded_and_has_one_normal_form() {
    let doors = doors();
    for (name, _) in readings() {
        assert!(doors.contains(name), "nothing in src/compact reads or asks for {name}");
    }
    for name in doors {
        for version in VERSIONS {
            eprintln!("{name} of {version}");
            assert_json_snapshot!(name.as_str(), normal_form(version, &name));
        }
    }
}

/// By what their functions are called: what is asked for, and what is read, each under the name of its recorded answer.
fn doors() -> BTreeSet<String> {
    let source = format!("{}/src", env!("CARGO_MANIFEST_DIR"));
    let mut doors = BTreeSet::new();
    for entry in fs::read_dir(format!("{source}/compact")).unwrap() {
        let path = entry.unwrap().path();
        let module = path.file_stem().and_then(|stem| stem.to_str()).filter(|stem| *stem != "mod").unwrap_or("");
        for function in public_functions(&fs::read_to_string(&path).unwrap()) {
            let own = match function.as_str() {
                "reading" | "parse" => "",
                _ => match ["reading_", "parse_"].iter().find_map(|begin| function.strip_prefix(begin)) {
                    Some(own) => own,
                    None => match function.strip_suffix("_reading") {
                        Some(own) => own,
                        None => continue,
                    },
                },
            };
            let name: Vec<&str> = [module, own].into_iter().filter(|part| !part.is_empty()).collect();
            doors.insert(name.join("-").replace('_', "-"));
        }
    }
    let json = public_functions(&fs::read_to_string(format!("{source}/json/mod.rs")).unwrap());
    doors.extend(json.iter().filter_map(|function| Some(format!("{}.json", function.strip_prefix("parse_")?))));
    doors
}

fn public_functions(source: &str) -> Vec<String> {
    let names = source.lines().filter_map(|line| line.strip_prefix("pub fn ")?.split(['(', '<']).next());
    names.map(str::to_owned).collect()
}

fn normal_form(version: &str, name: &str) -> Value {
    let answer = recorded(version, name);
    let form = match name {
        "accounting" => jobs(accounting::parse(&answer).unwrap()),
        "associations" => in_order(associations::parse(&answer, "quarterdeck").unwrap()),
        "associations-defaults" => json!(associations::parse_defaults(&answer).unwrap()),
        "associations-qos" => json!(associations::parse_qos(&answer).unwrap()),
        "choices-licenses" => json!(choices::parse_licenses(&answer).unwrap()),
        "choices-nodes" => json!(choices::parse_nodes(&answer).unwrap()),
        "features" => json!(features::parse(&answer, &separator()).unwrap()),
        "jobs.json" => jobs(json::parse_jobs(&answer).unwrap().into_iter().map(|details| details.job).collect()),
        "node-details" => node_details_of(version, node_details::parse(&answer).unwrap()),
        "node-events" => json!(node_events::parse(&answer).unwrap()),
        "nodes" | "nodes-of" => json!(nodes::parse(&answer, &separator()).unwrap()),
        "nodes.json" => {
            let nodes = json::parse_nodes(&answer).unwrap().into_iter();
            nodes.map(|(node, details)| json!([node, node_details_of(version, details)])).collect()
        }
        "partitions" => json!(partitions::parse(&answer).unwrap()),
        "paths" => json!(paths::parse(&answer)),
        "privacy" => {
            let (private, enforced) = (privacy::parse(&answer).unwrap(), associations::enforcement(&answer));
            json!([format!("{private:?}"), format!("{enforced:?}"), accounting::is_kept(&answer)])
        }
        "privacy-coordinators" => json!(privacy::parse_coordinators(&answer).unwrap()),
        "privacy-level" => json!(privacy::parse_level(&answer)),
        "queue" => jobs(queue::parse(&answer, &separator()).unwrap()),
        "reasons" => reasons::parse(&answer, &separator()).unwrap().into_iter().map(|of| json!(of)).collect(),
        "reservations" => json!(reservations::parse(&answer).unwrap()),
        "shares" => in_order(shares::parse(&answer).unwrap()),
        "steps" => steps_of(steps::parse(&answer, &JobId::parse("2").unwrap()).unwrap()),
        "usage" => json!(usage::parse(&answer).unwrap()),
        "usage-live" => json!(usage::parse_live(str::from_utf8(&answer).unwrap())),
        "version" => json!(parse_version(&answer).unwrap().starts_with(version)),
        _ => panic!(
            "{name} is read or asked for and has no normal form here: add it, and to the readings, and record it"
        ),
    };
    plain(form)
}

/// 24.11 refused to take `too-big`; and 22.05 says of a job that a signal ended nothing better than `JobLaunchFailure`.
fn jobs(mut jobs: Vec<Job>) -> Value {
    jobs.retain(|job| job.name != "too-big");
    jobs.sort_by(|a, b| a.job_id.cmp(&b.job_id));
    for job in &mut jobs {
        job.expected_start_at = None;
        job.node_list = job.node_list.take().map(|_| "placed".to_owned());
        if let Some(Reason::RaisedSignal | Reason::LaunchFailure) = job.reason.as_deref().and_then(Reason::parse) {
            job.reason = Some("a signal".to_owned());
        }
    }
    json!(jobs)
}

/// Of the two that began at once, either was first.
fn steps_of(mut steps: Vec<Step>) -> Value {
    let [.., one, other] = steps.as_mut_slice() else { panic!("{steps:?}") };
    if one.name > other.name {
        std::mem::swap(&mut one.name, &mut other.name);
    }
    json!(steps)
}

/// An account's users come in any order.
fn in_order(items: Vec<impl Serialize>) -> Value {
    let mut items: Vec<Value> = items.into_iter().map(|item| plain(json!(item))).collect();
    items.sort_by_key(Value::to_string);
    json!(items)
}

fn node_details_of(version: &str, mut details: NodeDetails) -> Value {
    assert!(details.version.take().unwrap().starts_with(version));
    json!(details)
}

fn plain(form: Value) -> Value {
    match form {
        Value::Array(values) => values.into_iter().map(plain).collect(),
        Value::Object(fields) => fields
            .into_iter()
            .map(|(key, value)| match value {
                Value::Null => (key, Value::Null),
                _ if key == "at" || key.ends_with("_at") => (key, json!("a time")),
                _ if FIGURES.contains(&key.as_str()) => (key, json!("told")),
                _ => (key, plain(value)),
            })
            .collect(),
        other => other,
    }
}
