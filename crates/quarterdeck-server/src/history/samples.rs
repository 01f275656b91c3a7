//! How much of a cluster is in use: sampled each minute, put together by hour and by day.
//!
//! A row holds sums over its readings, so that coarser ones are sums of finer ones and nothing is rounded twice.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use quarterdeck_slurm::Node;
use sea_orm::DbErr;

use super::Error;
use super::store::{self, Sample};
use crate::clusters::{Cluster, JobCount, Scheduler, View};
use crate::db::{Db, from_us, to_us};
use crate::nodes::is_out_of_service;

/// A reading that is older says nothing of this minute.
const FRESH: TimeDelta = TimeDelta::seconds(50);
/// Partitions beyond are in the whole alone.
const MOST_PARTITIONS: usize = 200;
/// Points that an answer has at most where it chooses the resolution itself.
const MOST_POINTS: i64 = 750;

/// How long the time is that one row stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Step {
    pub seconds: i32,
    /// Days that its rows are kept.
    pub kept_days: i64,
}

impl Step {
    pub const MINUTE: Step = Step { seconds: 60, kept_days: 3 };
    pub const HOUR: Step = Step { seconds: 3600, kept_days: 62 };
    pub const DAY: Step = Step { seconds: 86_400, kept_days: 366 };
    pub const ALL: [Step; 3] = [Step::MINUTE, Step::HOUR, Step::DAY];

    pub fn start_of(self, time: DateTime<Utc>) -> DateTime<Utc> {
        from_us(self.start_of_us(to_us(time)))
    }

    pub fn us(self) -> i64 {
        i64::from(self.seconds) * 1_000_000
    }

    fn start_of_us(self, us: i64) -> i64 {
        us - us.rem_euclid(self.us())
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resolution {
    Minute,
    Hour,
    Day,
}

impl Resolution {
    pub(super) fn step(self) -> Step {
        match self {
            Resolution::Minute => Step::MINUTE,
            Resolution::Hour => Step::HOUR,
            Resolution::Day => Step::DAY,
        }
    }

    /// The finest that is kept for this time and is not too much for a picture.
    fn fitting(since: DateTime<Utc>, until: DateTime<Utc>, now: DateTime<Utc>) -> Resolution {
        let fits = |resolution: &Resolution| {
            let step = resolution.step();
            let is_kept = since >= now - TimeDelta::days(step.kept_days);
            is_kept && (until - since).num_seconds() / i64::from(step.seconds) <= MOST_POINTS
        };
        [Resolution::Minute, Resolution::Hour].into_iter().find(fits).unwrap_or(Resolution::Day)
    }
}

/// What was in use over a time: mean values. Where nothing was read there is no point.
pub struct Use {
    pub resolution: Resolution,
    pub since: DateTime<Utc>,
    pub until: DateTime<Utc>,
    pub points: Vec<Sample>,
}

/// @param partition `None`: the whole cluster.
pub async fn read(
    db: &Db,
    cluster: &str,
    partition: Option<&str>,
    range: (Option<DateTime<Utc>>, Option<DateTime<Utc>>),
    resolution: Option<Resolution>,
    now: DateTime<Utc>,
) -> Result<Use, Error> {
    let until = range.1.unwrap_or(now).min(now);
    // Of the first day that can be written there is none before.
    let since = range.0.or_else(|| until.checked_sub_signed(TimeDelta::days(1))).ok_or(Error::NoTime)?;
    if since >= until {
        return Err(Error::NoTime);
    }
    let resolution = resolution.unwrap_or_else(|| Resolution::fitting(since, until, now));
    let step = resolution.step();
    let since = since.max(now - TimeDelta::days(step.kept_days));
    let partition = partition.unwrap_or_default();
    let mut points = store::samples(db, cluster, Some(partition), step, since, until).await?;
    // What is not yet put together: the hour, and the day, that go on.
    let mut behind = points.last().map_or(to_us(step.start_of(since)), |last| last.at_us + step.us());
    let mut rest = Vec::new();
    for finer in Step::ALL.into_iter().rev().filter(|finer| finer.seconds < step.seconds) {
        let rows = store::samples(db, cluster, Some(partition), finer, from_us(behind), until).await?;
        behind = rows.last().map_or(behind, |last| last.at_us + finer.us());
        rest.extend(rows);
    }
    points.extend(sums(rest, step));
    Ok(Use { resolution, since, until, points })
}

/// Samples this minute, where the cluster was read in it and nobody has sampled it yet; whether it is there now.
pub(super) async fn take(db: &Db, cluster: &Cluster, now: DateTime<Utc>) -> Result<bool, DbErr> {
    let view = cluster.view();
    if !is_fresh(cluster, &view, now) {
        return Ok(false);
    }
    let at_us = to_us(Step::MINUTE.start_of(now));
    store::insert_samples(db, measure(&cluster.name, &view, at_us)).await?;
    Ok(true)
}

fn is_fresh(cluster: &Cluster, view: &View, now: DateTime<Utc>) -> bool {
    // The local queue is looked at when something happens in it.
    if matches!(cluster.scheduler, Scheduler::Local) {
        return !view.node_list.is_empty();
    }
    [&view.jobs, &view.nodes]
        .iter()
        .all(|reading| !reading.is_stale() && reading.as_of.is_some_and(|as_of| now - as_of < FRESH))
}

/// The whole first, then each partition.
fn measure(cluster: &str, view: &View, at_us: i64) -> Vec<Sample> {
    let empty = |partition: &str, jobs: JobCount| Sample {
        jobs_running: jobs.running as i64,
        jobs_pending: jobs.pending as i64,
        ..Sample::nothing(cluster, partition, Step::MINUTE, at_us)
    };
    let mut whole = empty("", view.demand.total);
    let names = view.partitions.iter().take(MOST_PARTITIONS).map(|partition| partition.name.as_str());
    let mut parts: BTreeMap<&str, Sample> =
        names.map(|name| (name, empty(name, view.demand.in_partition(name)))).collect();
    for node in view.node_list.iter() {
        add_node(&mut whole, node);
        for partition in &node.partitions {
            if let Some(part) = parts.get_mut(partition.as_str()) {
                add_node(part, node);
            }
        }
    }
    std::iter::once(whole).chain(parts.into_values()).collect()
}

fn add_node(sample: &mut Sample, node: &Node) {
    let is_out = is_out_of_service(node);
    let add = |[allocated, idle, down]: [&mut i64; 3], used: u64, total: u64| {
        let rest = total.saturating_sub(used) as i64;
        *allocated += used as i64;
        *(if is_out { down } else { idle }) += rest;
    };
    let Sample { cpus_allocated, cpus_idle, cpus_down, .. } = sample;
    add([cpus_allocated, cpus_idle, cpus_down], node.cpus_used.into(), node.cpus_total.into());
    let Sample { memory_mib_allocated, memory_mib_idle, memory_mib_down, .. } = sample;
    add([memory_mib_allocated, memory_mib_idle, memory_mib_down], node.memory_used_mib, node.memory_total_mib);
    let Sample { gpus_allocated, gpus_idle, gpus_down, .. } = sample;
    add([gpus_allocated, gpus_idle, gpus_down], node.gpus_used.into(), node.gpus_total.into());
}

/// Puts hours together from minutes and days from hours, as far as they are over. Doing it again changes nothing.
pub(super) async fn put_together(db: &Db, cluster: &str, now: DateTime<Utc>) -> Result<(), DbErr> {
    for (fine, coarse) in [(Step::MINUTE, Step::HOUR), (Step::HOUR, Step::DAY)] {
        let end = to_us(coarse.start_of(now - TimeDelta::minutes(2)));
        let done = store::newest_sample(db, cluster, coarse).await?.map(|at_us| at_us + coarse.us());
        let oldest = store::oldest_sample(db, cluster, fine).await?.map(|at_us| coarse.start_of_us(at_us));
        let Some(first) = done.max(oldest) else { continue };
        let mut start = first;
        // One at a time, so that little is in memory however long nobody did it.
        while start < end {
            let rows =
                store::samples(db, cluster, None, fine, from_us(start), from_us(start + coarse.us() - 1)).await?;
            let next = rows.iter().map(|row| row.at_us).min();
            store::insert_samples(db, sums(rows, coarse)).await?;
            start += coarse.us();
            // A long time without rows is passed over at once.
            if next.is_none() {
                let ahead = store::next_sample(db, cluster, fine, from_us(start)).await?;
                start = ahead.map_or(end, |at_us| coarse.start_of_us(at_us));
            }
        }
    }
    Ok(())
}

/// Rows in any order, of any finer step.
fn sums(rows: Vec<Sample>, step: Step) -> Vec<Sample> {
    let mut all: BTreeMap<(i64, String), Sample> = BTreeMap::new();
    for row in rows {
        let at_us = step.start_of_us(row.at_us);
        let nothing = || Sample::nothing(&row.cluster, &row.partition, step, at_us);
        all.entry((at_us, row.partition.clone())).or_insert_with(nothing).add(&row);
    }
    all.into_values().collect()
}
