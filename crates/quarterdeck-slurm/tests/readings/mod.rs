//! Everything that is read of Slurm's programs, each under the name that its recorded answer has: its module's, and
//! beside others in that module its own behind it (`associations-qos`).

use chrono::DateTime;
use quarterdeck_slurm::compact::{
    Reading, Separator, accounting, associations, choices, features, node_details, node_events, nodes, partitions,
    paths, privacy, queue, reasons, reservations, shares, steps, usage, version_reading,
};
use quarterdeck_types::JobId;

/// Of the cluster that `tests/recorded/record` fills: `steps` is the job 2, `gpu` the job 3, an array 19, and the node c3
/// is drained.
pub fn readings() -> Vec<(&'static str, Reading)> {
    let separator = separator();
    let begin = DateTime::UNIX_EPOCH;
    vec![
        ("accounting", accounting::reading(accounting::Jobs::Since(begin))),
        ("associations", associations::reading()),
        ("associations-defaults", associations::defaults_reading()),
        ("associations-qos", associations::qos_reading()),
        ("choices-licenses", choices::licenses_reading()),
        ("choices-nodes", choices::nodes_reading()),
        ("features", features::reading(&separator)),
        ("node-details", node_details::reading("c3")),
        ("node-events", node_events::reading(begin)),
        ("nodes", nodes::reading(&separator)),
        ("nodes-of", nodes::reading_of("c3", &separator)),
        ("partitions", partitions::reading()),
        ("paths", paths::reading(&job(3))),
        ("privacy", privacy::reading()),
        ("privacy-coordinators", privacy::coordinators_reading()),
        ("privacy-level", privacy::level_reading("quarterdeck")),
        ("queue", queue::reading(queue::Jobs::All, &separator)),
        ("reasons", reasons::reading(&separator)),
        ("reservations", reservations::reading()),
        ("shares", shares::reading()),
        ("steps", steps::reading(&job(2))),
        ("usage", usage::reading(&(1..=7).chain([19]).map(job).collect::<Vec<_>>())),
        ("version", version_reading()),
    ]
}

/// Known beforehand, unlike in service, so that the recorded answers can be read again.
pub fn separator() -> Separator {
    Separator::new([0; 16])
}

fn job(number: u32) -> JobId {
    JobId::parse(&number.to_string()).expect("a number is an id")
}
