//! Why a job waits, or ended as it did, in Slurm's words: the reasons of 22.05 to 26.05, and what else they tell.
//!
//! Slurm writes one of a closed list of words, or a description in its place that it keeps beside the word
//! (`ReqNodeNotAvail, UnavailableNodes:c[1-3]`; `Nodes required for job are DOWN, DRAINED or …`). Words that are not in
//! the list, since a newer version has them, stay what they are.
//!
//! Sources: squeue(1), "JOB REASON CODES"; `enum job_state_reason` of slurm.h. The descriptions were seen on 22.05, or
//! are quoted by its users.

/// Parameters are Slurm's own words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    Priority,
    Resources,
    /// Too many of its partition's nodes are out of service, or kept for partitions of higher priority.
    NodesOutOfService,
    /// It asked for these nodes, or for so many that it needs them.
    NodesNotAvailable {
        /// Compressed: `c[1-3]`.
        nodes: Option<String>,
    },
    ReservedForMaintenance,
    /// Its nodes may be kept for another job until it starts.
    ReservedForAnotherJob,
    Dependency,
    DependencyNeverSatisfied,
    BeginTime,
    Licenses,
    HeldByUser,
    HeldByAdministrator,
    /// It was held since it could not be launched, or was put back too often, or asked to be.
    HeldAfterRequeue,
    ArrayTaskLimit,
    Reservation,
    ReservationGone,
    PartitionDown,
    PartitionInactive,
    /// It asks for more nodes than its partition allows, or fewer.
    PartitionNodeLimit,
    PartitionTimeLimit,
    /// Its account or QOS may not use the partition, or the partition does not fit it otherwise.
    NotAllowedInPartition,
    AccountNotAllowed,
    QosNotAllowed,
    QosUsageThreshold,
    Limit(Limit),
    MemoryLimit,
    BadConstraints,
    BurstBuffer,
    /// The nodes, or Slurm's part in them, are being made ready.
    Preparing,
    /// Slurm will look at it again, and says no more.
    Scheduling,
    PoweringLimit,
    NodeDown,
    LaunchFailure,
    SystemFailure,
    NonZeroExitCode,
    RaisedSignal,
    TimeLimit,
    InactiveLimit,
    OutOfMemory,
    Deadline,
    /// A word of a newer Slurm's.
    Other(String),
}

/// A limit of accounting's that was reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limit {
    pub of: LimitOf,
    pub on: LimitOn,
    pub resource: Resource,
}

/// Who set it: sacctmgr's QOS, or the association of user, account and partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LimitOf {
    Qos,
    Association,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LimitOn {
    /// All jobs of the QOS, or of the account and those below it, together.
    Group,
    User,
    Account,
    /// What one job may ask for: waiting does not help.
    Job,
    /// What one job must ask for at least.
    Least,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resource {
    Cpus,
    Memory,
    Nodes,
    Gres,
    Licenses,
    Energy,
    BurstBuffer,
    Billing,
    Jobs,
    SubmittedJobs,
    /// Of the job, or of all of them together.
    WallTime,
    Other,
}

impl Reason {
    /// Reads what squeue and sacct print. `None` where they give no reason.
    pub fn parse(text: &str) -> Option<Reason> {
        let text = text.trim();
        let word = text.split([' ', ',', '(', ':']).next().unwrap_or(text);
        match word {
            "" | "None" => None,
            "ReqNodeNotAvail" => Some(nodes_not_available(text)),
            _ => Some(described(text).or_else(|| known(word)).or_else(|| limit(word)).unwrap_or_else(|| other(text))),
        }
    }

    /// Whether a job that waits so stands in line with others: those that are held, or wait for something of their
    /// own, are passed by.
    pub fn is_in_line(&self) -> bool {
        matches!(self, Reason::Priority | Reason::Resources | Reason::NodesOutOfService | Reason::Scheduling)
    }
}

fn nodes_not_available(text: &str) -> Reason {
    if text.contains("Reserved for maintenance") {
        return Reason::ReservedForMaintenance;
    }
    if text.contains("reserved for other job") {
        return Reason::ReservedForAnotherJob;
    }
    // Before 15.08 it was written `ReqNodeNotAvail(Unavailable:c1)`.
    let nodes = ["UnavailableNodes:", "Unavailable:"].iter().find_map(|key| Some(text.split_once(key)?.1));
    let nodes = nodes.map(|nodes| nodes.trim_end_matches(')')).filter(|nodes| !nodes.is_empty());
    Reason::NodesNotAvailable { nodes: nodes.map(str::to_owned) }
}

/// Descriptions that stand in the place of the word.
fn described(text: &str) -> Option<Reason> {
    let text = text.to_ascii_lowercase().replace('_', " ");
    if text.starts_with("nodes required for job are down, drained") {
        return Some(Reason::NodesOutOfService);
    }
    if text.starts_with("launch failed requeued held") || text.starts_with("job requeued in held state") {
        return Some(Reason::HeldAfterRequeue);
    }
    // "Job's account not permitted to use this partition (gpu allows bio not physics)", and likewise for the QOS.
    if text.contains("not permitted to use this partition") {
        return Some(Reason::NotAllowedInPartition);
    }
    None
}

fn known(word: &str) -> Option<Reason> {
    let reason = match word {
        "Priority" => Reason::Priority,
        "Resources" => Reason::Resources,
        "Dependency" => Reason::Dependency,
        "DependencyNeverSatisfied" => Reason::DependencyNeverSatisfied,
        "BeginTime" => Reason::BeginTime,
        "Licenses" => Reason::Licenses,
        "JobHeldUser" => Reason::HeldByUser,
        "JobHeldAdmin" => Reason::HeldByAdministrator,
        "JobHoldMaxRequeue" => Reason::HeldAfterRequeue,
        "JobArrayTaskLimit" => Reason::ArrayTaskLimit,
        "Reservation" => Reason::Reservation,
        "ReservationDeleted" | "ReservationInvalid" => Reason::ReservationGone,
        "PartitionDown" => Reason::PartitionDown,
        "PartitionInactive" => Reason::PartitionInactive,
        "PartitionNodeLimit" => Reason::PartitionNodeLimit,
        "PartitionTimeLimit" => Reason::PartitionTimeLimit,
        "PartitionConfig" => Reason::NotAllowedInPartition,
        "InvalidAccount" | "AccountNotAllowed" => Reason::AccountNotAllowed,
        "InvalidQOS" | "QOSNotAllowed" => Reason::QosNotAllowed,
        "QOSUsageThreshold" => Reason::QosUsageThreshold,
        "MaxMemPerLimit" => Reason::MemoryLimit,
        "BadConstraints" | "Constraints" => Reason::BadConstraints,
        "BurstBufferResources" | "BurstBufferStageIn" | "BurstBufferOperation" => Reason::BurstBuffer,
        "Prolog" | "Cleaning" => Reason::Preparing,
        "SchedDefer" | "FedJobLock" | "MpiPortsBusy" => Reason::Scheduling,
        "MaxPoweredUpNodes" => Reason::PoweringLimit,
        "NodeDown" | "FrontEndDown" => Reason::NodeDown,
        "JobLaunchFailure" => Reason::LaunchFailure,
        "SystemFailure" => Reason::SystemFailure,
        "NonZeroExitCode" => Reason::NonZeroExitCode,
        "RaisedSignal" => Reason::RaisedSignal,
        "TimeLimit" => Reason::TimeLimit,
        "InactiveLimit" => Reason::InactiveLimit,
        "OutOfMemory" => Reason::OutOfMemory,
        "DeadLine" => Reason::Deadline,
        _ => return None,
    };
    Some(reason)
}

/// The limits of accounting, some 150 words put together from few: `QOSGrpCpuLimit`, `AssocMaxJobsLimit`,
/// `QOSMaxGRESPerUser`. Those on an account, and since 25.11 those on a user, have no `QOS` before them.
fn limit(word: &str) -> Option<Reason> {
    let (of, rest) = match (word.strip_prefix("QOS"), word.strip_prefix("Assoc"), word.starts_with("Max")) {
        (Some(rest), _, _) => (LimitOf::Qos, rest),
        (_, Some(rest), _) => (LimitOf::Association, rest),
        (_, _, true) => (LimitOf::Qos, word),
        _ if word == "AccountingPolicy" => (LimitOf::Association, ""),
        _ => return None,
    };
    let on = if rest.contains("PerUser") || rest.starts_with("MaxJobs") || rest.starts_with("MaxSubmit") {
        if rest.contains("PerAccount") { LimitOn::Account } else { LimitOn::User }
    } else if rest.contains("PerAccount") {
        LimitOn::Account
    } else if rest.starts_with("Min") {
        LimitOn::Least
    } else if rest.starts_with("Max") {
        LimitOn::Job
    } else {
        // `Grp…`, and the words of before 2.6 that do not say more (`AssociationJobLimit`, `QOSResourceLimit`).
        LimitOn::Group
    };
    Some(Reason::Limit(Limit { of, on, resource: resource(rest) }))
}

fn resource(rest: &str) -> Resource {
    const NAMES: [(&str, Resource); 14] = [
        ("Submit", Resource::SubmittedJobs),
        ("Wall", Resource::WallTime),
        ("Time", Resource::WallTime),
        ("Cpu", Resource::Cpus),
        ("CPU", Resource::Cpus),
        ("Mem", Resource::Memory),
        ("GRES", Resource::Gres),
        ("License", Resource::Licenses),
        ("Energy", Resource::Energy),
        ("BB", Resource::BurstBuffer),
        ("Billing", Resource::Billing),
        ("Jobs", Resource::Jobs),
        ("JobLimit", Resource::Jobs),
        ("Node", Resource::Nodes),
    ];
    // `PerNode` says on what, not of what.
    let of = rest.split("Per").next().unwrap_or(rest);
    let of = if of.trim_start_matches("Max").is_empty() { rest } else { of };
    NAMES.iter().find(|(name, _)| of.contains(name)).map_or(Resource::Other, |(_, resource)| *resource)
}

fn other(text: &str) -> Reason {
    Reason::Other(text.to_owned())
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("Priority", Reason::Priority)]
    #[case("JobHeldUser", Reason::HeldByUser)]
    #[case("ReqNodeNotAvail, Reserved for maintenance", Reason::ReservedForMaintenance)]
    #[case("ReqNodeNotAvail, May be reserved for other job", Reason::ReservedForAnotherJob)]
    #[case("ReqNodeNotAvail, UnavailableNodes:c[1-3],g1", Reason::NodesNotAvailable { nodes: Some("c[1-3],g1".into()) })]
    #[case("ReqNodeNotAvail(Unavailable:c1)", Reason::NodesNotAvailable { nodes: Some("c1".into()) })]
    #[case("ReqNodeNotAvail, UnavailableNodes:", Reason::NodesNotAvailable { nodes: None })]
    #[case("ReqNodeNotAvail", Reason::NodesNotAvailable { nodes: None })]
    #[case(
        "Nodes required for job are DOWN, DRAINED or reserved for jobs in higher priority partitions",
        Reason::NodesOutOfService
    )]
    #[case("launch failed requeued held", Reason::HeldAfterRequeue)]
    #[case("launch_failed_requeued_held", Reason::HeldAfterRequeue)]
    #[case(
        "Job's account not permitted to use this partition (gpu allows bio not physics)",
        Reason::NotAllowedInPartition
    )]
    #[case("BurstBufferOperation: pre_run: no space", Reason::BurstBuffer)]
    #[case("Teleporting, since it may", Reason::Other("Teleporting, since it may".into()))]
    fn reads_words_and_what_stands_in_their_place(#[case] text: &str, #[case] reason: Reason) {
        assert_eq!(Reason::parse(text), Some(reason));
    }

    #[rstest]
    fn no_reason_is_none(#[values("", "None", " ")] text: &str) {
        assert_eq!(Reason::parse(text), None);
    }

    #[rstest]
    #[case("QOSGrpCpuLimit", LimitOf::Qos, LimitOn::Group, Resource::Cpus)]
    #[case("QOSGrpCPUMinutesLimit", LimitOf::Qos, LimitOn::Group, Resource::Cpus)]
    #[case("QOSMaxJobsPerUserLimit", LimitOf::Qos, LimitOn::User, Resource::Jobs)]
    #[case("QOSMaxSubmitJobPerUserLimit", LimitOf::Qos, LimitOn::User, Resource::SubmittedJobs)]
    #[case("QOSMaxGRESPerUser", LimitOf::Qos, LimitOn::User, Resource::Gres)]
    #[case("QOSMaxMemoryPerNode", LimitOf::Qos, LimitOn::Job, Resource::Memory)]
    #[case("QOSMaxNodePerJobLimit", LimitOf::Qos, LimitOn::Job, Resource::Nodes)]
    #[case("QOSMaxWallDurationPerJobLimit", LimitOf::Qos, LimitOn::Job, Resource::WallTime)]
    #[case("QOSMinGRES", LimitOf::Qos, LimitOn::Least, Resource::Gres)]
    #[case("AssocMaxJobsLimit", LimitOf::Association, LimitOn::User, Resource::Jobs)]
    #[case("AssocGrpMemLimit", LimitOf::Association, LimitOn::Group, Resource::Memory)]
    #[case("AssocMaxCpuPerNode", LimitOf::Association, LimitOn::Job, Resource::Cpus)]
    #[case("AssocGrpUnknown", LimitOf::Association, LimitOn::Group, Resource::Other)]
    #[case("AssociationTimeLimit", LimitOf::Association, LimitOn::Group, Resource::WallTime)]
    #[case("MaxJobsPerAccount", LimitOf::Qos, LimitOn::Account, Resource::Jobs)]
    #[case("MaxGRESRunMinsPerUser", LimitOf::Qos, LimitOn::User, Resource::Gres)]
    #[case("MaxBillingPerUser", LimitOf::Qos, LimitOn::User, Resource::Billing)]
    fn reads_limits(#[case] word: &str, #[case] of: LimitOf, #[case] on: LimitOn, #[case] resource: Resource) {
        assert_eq!(Reason::parse(word), Some(Reason::Limit(Limit { of, on, resource })));
    }

    /// Whatever `libslurmfull.so` of 22.05 may print (`strings`), and what 26.05 has beside it.
    #[test]
    fn knows_each_word_of_slurms() {
        let words = include_str!("../tests/recorded/reasons").split_whitespace();
        let unknown: Vec<&str> = words.filter(|word| matches!(Reason::parse(word), Some(Reason::Other(_)))).collect();
        assert_eq!(unknown, Vec::<&str>::new());
    }

    #[test]
    fn who_is_held_or_waits_for_something_of_its_own_is_passed_by() {
        let in_line = |text| Reason::parse(text).is_some_and(|reason| reason.is_in_line());
        assert!(in_line("Priority") && in_line("Resources"));
        assert!(!in_line("JobHeldUser") && !in_line("Dependency") && !in_line("QOSMaxJobsPerUserLimit"));
    }
}
