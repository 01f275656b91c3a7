//! A job that could still run when a maintenance begins is not started before its end: which limit would fit before it?

use std::collections::HashSet;

use chrono::TimeDelta;
use quarterdeck_slurm::{Reservation, node_list};

use super::waiting::Seen;
use super::{Finding, Job};

/// What is left before a maintenance is advised as a limit from this on: whoever reads it still has to submit.
const SHORTEST_MINUTES: i64 = 15;

/// The maintenance that keeps the job waiting, on each of its partition's nodes or, where Slurm itself says so, on some.
pub(super) fn crossed(job: &Job, slurm_says_so: bool, seen: &Seen<'_>) -> Option<Finding> {
    let partitions: Vec<&str> = job.partition.as_deref().unwrap_or_default().split(',').collect();
    let within = |node: &&quarterdeck_slurm::Node| node.partitions.iter().any(|name| partitions.contains(&&**name));
    let nodes: Vec<&str> = seen.nodes.iter().filter(within).map(|node| node.name.as_str()).collect();
    let holds_up = |reservation: &&Reservation| {
        let list = reservation.node_list.as_deref().and_then(node_list::expand).unwrap_or_default();
        let reserved: HashSet<&str> = list.iter().map(String::as_str).collect();
        let count = nodes.iter().filter(|node| reserved.contains(*node)).count();
        count > 0 && (count == nodes.len() || slurm_says_so)
    };
    let ahead = seen.reservations.iter().filter(|reservation| reservation.is_maintenance());
    let ahead = ahead.filter(|reservation| reservation.ends_at > seen.now).filter(holds_up);
    let next = ahead.min_by_key(|reservation| reservation.starts_at)?;
    let left = next.starts_at - seen.now;
    if left <= TimeDelta::zero() {
        return Some(Finding::new("maintenance-now").with("name", Some(next.name.clone())).at("ends_at", next.ends_at));
    }
    let limit = job.time_limit_minutes.map(|minutes| TimeDelta::minutes(minutes.into()));
    if limit.is_some_and(|limit| limit <= left) {
        return None;
    }
    let fits = round_down(left.num_minutes());
    let code = match (fits, limit) {
        (None, _) => "maintenance-soon",
        (Some(_), None) => "maintenance-unlimited",
        (Some(_), Some(_)) => "maintenance-ahead",
    };
    let finding = Finding::new(code)
        .with("name", Some(next.name.clone()))
        .with("limit_minutes", job.time_limit_minutes)
        .with("fits_minutes", fits);
    Some(finding.at("starts_at", next.starts_at).at("ends_at", next.ends_at))
}

/// A limit that is easily said and still fits some minutes later: whole hours, or less exactly 15 minutes.
fn round_down(minutes: i64) -> Option<i64> {
    let step = if minutes >= 120 { 60 } else { SHORTEST_MINUTES };
    // Never so exactly that it no longer fits when it arrives.
    let rounded = (minutes - 1) / step * step;
    (rounded >= SHORTEST_MINUTES).then_some(rounded)
}
