//! Prints the readings as shell commands, one a line with its name before it: to try them by hand, and for
//! `tests/recorded/record`, which keeps real answers for the tests.

use chrono::DateTime;
use quarterdeck_slurm::compact::{
    Reading, Separator, accounting, nodes, partitions, queue, reservations, shares, usage, version_reading,
};
use quarterdeck_slurm::script::quote;
use quarterdeck_types::JobId;

fn main() {
    // Known beforehand, unlike in service, so that the recorded answers can be read again.
    let separator = Separator::new([0; 16]);
    let begin = DateTime::from_timestamp(0, 0).unwrap_or_default();
    show("queue", queue::reading(queue::Jobs::All, &separator));
    show("accounting", accounting::reading(accounting::Jobs::Since(begin)));
    show("nodes", nodes::reading(&separator));
    show("partitions", partitions::reading());
    show("reservations", reservations::reading());
    let first = (1..=30).filter_map(|number| JobId::parse(&number.to_string()).ok());
    show("usage", usage::reading(&first.collect::<Vec<_>>()));
    show("shares", shares::reading());
    show("version", version_reading());
}

fn show(name: &str, reading: Reading) {
    let environment: Vec<String> =
        reading.environment.iter().map(|(name, value)| format!("{name}={}", quote(value))).collect();
    let arguments: Vec<String> = reading.arguments.iter().map(|argument| quote(argument)).collect();
    println!("{name}\t{} {} {}", environment.join(" "), reading.program, arguments.join(" "));
}
