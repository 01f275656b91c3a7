//! Every door through which foreign text comes in, opened at once. `fuzz/` goes through the same.

use quarterdeck_slurm::array::ArrayTasks;
use quarterdeck_slurm::compact::{
    Separator, accounting, associations, choices, features, node_details, node_events, nodes, parse_version,
    partitions, paths, privacy, queue, reasons, reservations, shares, steps, usage,
};
use quarterdeck_slurm::notation::{self, ExitStatus, Tres};
use quarterdeck_slurm::output_path::{JobWords, output_path};
use quarterdeck_slurm::script::BatchScript;
use quarterdeck_slurm::{Reason, dependency, host_list, json, node_list};
use quarterdeck_types::JobId;

/// Reads these bytes as each of Slurm's answers, notations and scripts. They are none of most: all that counts is that
/// each says so.
pub fn read_as_everything(bytes: &[u8]) {
    read_as_answers(bytes);
    read_as_text(&String::from_utf8_lossy(bytes));
}

fn read_as_answers(answer: &[u8]) {
    // The recorded answers have this one.
    let separator = Separator::new([0; 16]);
    let _ = queue::parse(answer, &separator);
    let _ = nodes::parse(answer, &separator);
    let _ = accounting::parse(answer);
    let _ = node_details::parse(answer);
    let _ = features::parse(answer, &separator);
    let _ = reasons::parse(answer, &separator);
    let _ = node_events::parse(answer);
    let _ = partitions::parse(answer);
    let _ = reservations::parse(answer);
    let _ = usage::parse(answer);
    let _ = shares::parse(answer);
    let _ = privacy::parse(answer);
    let _ = privacy::parse_coordinators(answer);
    let _ = privacy::parse_level(answer);
    let _ = parse_version(answer);
    let _ = associations::parse(answer, "quarterdeck");
    let _ = associations::parse_defaults(answer);
    let _ = associations::parse_qos(answer);
    let _ = associations::enforcement(answer);
    let _ = choices::parse_nodes(answer);
    let _ = choices::parse_licenses(answer);
    if let Ok(job) = JobId::parse("7") {
        let _ = steps::parse(answer, &job);
    }
    let _ = paths::parse(answer);
    let _ = json::parse_jobs(answer);
    let _ = json::parse_nodes(answer);
}

fn read_as_text(text: &str) {
    if let Ok(limit) = notation::parse_time_limit(text) {
        notation::format_time_limit(limit);
    }
    if let Ok(Some(memory)) = notation::parse_memory(text) {
        notation::format_memory(memory.mib);
    }
    let _ = notation::parse_time(text);
    let _ = notation::parse_job_state(text);
    let _ = ExitStatus::parse(text);
    usage::parse_live(text);
    let _ = Tres::parse(text);
    let _ = notation::count_gpus(text);
    if let Some(reason) = Reason::parse(text) {
        reason.is_in_line();
    }
    dependency::parse(text);
    let _ = ArrayTasks::parse(text, 10_000);
    let _ = node_list::expand(text);
    let (one, other) = text.split_once(' ').unwrap_or((text, "c11111"));
    host_list::contains(one, other);
    notation::parse_node_state(one, other);
    if let Ok(job_id) = JobId::parse("5_1") {
        let _ =
            output_path(Some(text), "/home/alice", &JobWords { job_id: &job_id, name: one, user: other, host: None });
    }
    let directive = format!("#!/bin/bash\n#SBATCH {text}\ntrue\n");
    for script in [BatchScript::parse(text), BatchScript::of_commands(text), BatchScript::parse(&directive)] {
        let Ok(script) = script else { continue };
        let _ = (script.resources(), script.time_limit());
        let _ = (script.job_name(), script.output(), script.error(), script.chdir(), script.comment());
    }
}
