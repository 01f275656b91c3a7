//! Why a job waits.

use chrono::{DateTime, Utc};
use quarterdeck_slurm::dependency::Dependency;
use quarterdeck_slurm::reason::{LimitOf, LimitOn, Resource};
use quarterdeck_slurm::{Node, Reason, Reservation};

use super::{Finding, Job, maintenance};
use crate::clusters::Waiting;

/// What is known of the cluster beside the job.
pub(super) struct Seen<'a> {
    /// `None`: not known, or not for this reader's eyes.
    pub waiting: Option<&'a Waiting>,
    pub depends_on: &'a [Dependency],
    pub nodes: &'a [Node],
    pub reservations: &'a [Reservation],
    pub now: DateTime<Utc>,
}

pub(super) fn findings(job: &Job, seen: &Seen<'_>) -> Vec<Finding> {
    let reason = job.reason.as_deref().and_then(Reason::parse);
    let maintenance = maintenance::crossed(job, reason == Some(Reason::ReservedForMaintenance), seen);
    let ahead = seen.waiting.and_then(|waiting| waiting.ahead).filter(|ahead| *ahead > 0);
    let first = match reason {
        None => Some(Finding::new("not-considered")),
        // The hint says it better.
        Some(Reason::ReservedForMaintenance) if maintenance.is_some() => None,
        Some(Reason::Priority) => Some(Finding::new("priority").with("count", ahead)),
        Some(Reason::Resources) => Some(Finding::new("resources").with("count", ahead)),
        Some(Reason::Dependency) => Some(dependency(seen.depends_on)),
        Some(reason) => Some(of(reason, job)),
    };
    first.into_iter().chain(maintenance).collect()
}

fn dependency(depends_on: &[Dependency]) -> Finding {
    let failed: Vec<&str> =
        depends_on.iter().filter(|job| job.failed).map(|dependency| dependency.job_id.as_str()).collect();
    if !failed.is_empty() {
        return Finding::new("dependency-failed").with("jobs", Some(failed.join(", ")));
    }
    let jobs: Vec<&str> = depends_on.iter().map(|dependency| dependency.job_id.as_str()).collect();
    match jobs.as_slice() {
        [] => Finding::new("dependency"),
        jobs => Finding::new("dependency-of").with("jobs", Some(jobs.join(", "))),
    }
}

/// Reasons that are the same for every job that has them, waiting or over.
pub(super) fn of(reason: Reason, job: &Job) -> Finding {
    let partition = || job.partition.clone().unwrap_or_default();
    let of_partition = |code| Finding::new(code).with("partition", Some(partition()));
    match reason {
        Reason::Priority => Finding::new("priority"),
        Reason::Resources => Finding::new("resources"),
        Reason::NodesOutOfService => of_partition("nodes-out-of-service"),
        Reason::NodesNotAvailable { nodes: Some(nodes) } => {
            Finding::new("nodes-not-available").with("nodes", Some(nodes))
        }
        Reason::NodesNotAvailable { nodes: None } => Finding::new("node-not-available"),
        Reason::ReservedForMaintenance => Finding::new("maintenance"),
        Reason::ReservedForAnotherJob => Finding::new("reserved-for-another"),
        Reason::Dependency => Finding::new("dependency"),
        Reason::DependencyNeverSatisfied => Finding::new("dependency-never"),
        Reason::BeginTime => Finding::new("begin-time"),
        Reason::Licenses => Finding::new("licences"),
        Reason::HeldByUser => Finding::new("held"),
        Reason::HeldByAdministrator => Finding::new("held-by-administrator"),
        Reason::HeldAfterRequeue => Finding::new("held-after-requeue"),
        Reason::ArrayTaskLimit => Finding::new("array-task-limit"),
        Reason::Reservation => Finding::new("reservation"),
        Reason::ReservationGone => Finding::new("reservation-gone"),
        Reason::PartitionDown => of_partition("partition-down"),
        Reason::PartitionInactive => of_partition("partition-inactive"),
        Reason::PartitionNodeLimit => of_partition("partition-node-limit"),
        Reason::PartitionTimeLimit => of_partition("partition-time-limit"),
        Reason::NotAllowedInPartition => of_partition("not-allowed-in-partition"),
        Reason::AccountNotAllowed => Finding::new("account-not-allowed"),
        Reason::QosNotAllowed => Finding::new("qos-not-allowed"),
        Reason::QosUsageThreshold => Finding::new("qos-usage-threshold"),
        Reason::Limit(limit) => {
            let code = match limit.on {
                LimitOn::Group => "limit-group",
                LimitOn::User => "limit-user",
                LimitOn::Account => "limit-account",
                LimitOn::Job => "limit-job",
                LimitOn::Least => "limit-least",
            };
            let of = match limit.of {
                LimitOf::Qos => "qos",
                LimitOf::Association => "association",
            };
            Finding::new(code)
                .with("of", Some(of))
                .with("resource", Some(resource(limit.resource)))
                .with("reason", job.reason.clone())
        }
        Reason::MemoryLimit => Finding::new("memory-limit"),
        Reason::BadConstraints => Finding::new("bad-constraints"),
        Reason::BurstBuffer => Finding::new("burst-buffer").with("reason", job.reason.clone()),
        Reason::Preparing => Finding::new("preparing"),
        Reason::Scheduling => Finding::new("scheduling"),
        Reason::PoweringLimit => Finding::new("powering-limit"),
        Reason::NodeDown => Finding::new("node-failed"),
        Reason::LaunchFailure => Finding::new("launch-failed"),
        Reason::SystemFailure => Finding::new("system-failure"),
        Reason::NonZeroExitCode => Finding::new("exit-code").with("exit_code", job.exit_code),
        Reason::RaisedSignal => Finding::new("signal").with("signal", job.signal),
        Reason::TimeLimit => Finding::new("time-limit").with("limit_minutes", job.time_limit_minutes),
        Reason::InactiveLimit => Finding::new("inactive-limit"),
        Reason::OutOfMemory => Finding::new("out-of-memory").with("memory_mib", job.memory_mib),
        Reason::Deadline => Finding::new("deadline"),
        Reason::Other(text) => Finding::new("other").with("reason", Some(text)),
    }
}

fn resource(resource: Resource) -> &'static str {
    match resource {
        Resource::Cpus => "cpus",
        Resource::Memory => "memory",
        Resource::Nodes => "nodes",
        Resource::Gres => "gres",
        Resource::Licenses => "licences",
        Resource::Energy => "energy",
        Resource::BurstBuffer => "burst-buffer",
        Resource::Billing => "billing",
        Resource::Jobs => "jobs",
        Resource::SubmittedJobs => "submitted-jobs",
        Resource::WallTime => "time",
        Resource::Other => "other",
    }
}
