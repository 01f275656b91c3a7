//! Jobs, nodes and partitions as Slurm knows them, in one shape whatever command they were read from.

use chrono::{DateTime, Utc};
use quarterdeck_types::{JobId, JobState};
use serde::Serialize;

/// A job, a task of an array, or the pending rest of an array.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Job {
    pub job_id: JobId,
    /// As the user gave it: any text, even empty or with line ends. Accounting changes it (see
    /// [`crate::compact::accounting`]), so the queue's is the truer one.
    pub name: String,
    pub user: String,
    pub account: Option<String>,
    /// A pending job may name several, separated by commas.
    pub partition: Option<String>,
    pub qos: Option<String>,
    pub state: JobState,
    pub reason: Option<String>,
    /// With the id it names a job for good: Slurm uses ids again. A requeued job has a new one.
    pub submitted_at: DateTime<Utc>,
    pub eligible_at: Option<DateTime<Utc>>,
    /// `None` until it really started, though Slurm estimates it before.
    pub started_at: Option<DateTime<Utc>>,
    /// Slurm's estimate while it waits, where the scheduler has one. It moves with each look of the scheduler's.
    pub expected_start_at: Option<DateTime<Utc>>,
    /// `None` until it really ended.
    pub ended_at: Option<DateTime<Utc>>,
    /// `None`: unlimited, or left to the partition.
    pub time_limit_minutes: Option<u32>,
    /// Compressed as Slurm writes it: `c[1-3]`.
    pub node_list: Option<String>,
    pub nodes: u32,
    pub cpus: u32,
    /// Of the whole job. `None`: not asked for and not tracked.
    pub memory_mib: Option<u64>,
    pub gpus: u32,
    /// The batch script's. squeue does not tell it; accounting and JSON do.
    pub exit_code: Option<i32>,
    pub signal: Option<i32>,
    /// `None` where the source does not tell it, or tells it cut short.
    pub working_directory: Option<String>,
    pub comment: Option<String>,
    pub dependency: Option<String>,
}

/// Where a batch job reads and writes, with `%j` and the like already replaced by Slurm.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct JobPaths {
    pub output: Option<String>,
    pub error: Option<String>,
    pub input: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Node {
    pub name: String,
    /// One word, as `sinfo` shows it, without the marks behind it: `idle`, `mixed`, `drained` …
    pub state: String,
    /// What else holds for it: `drain`, `cloud`, `powered_down`, `not_responding`, `planned` …
    pub flags: Vec<String>,
    pub cpus_total: u32,
    pub cpus_used: u32,
    pub memory_total_mib: u64,
    /// What jobs were given, not what they touch.
    pub memory_used_mib: u64,
    pub gpus_total: u32,
    pub gpus_used: u32,
    /// The load average; `None` where the node has not reported.
    pub load: Option<f64>,
    pub partitions: Vec<String>,
    pub reason: Option<String>,
}

/// What is worth knowing of one node beside its place in the list.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct NodeDetails {
    /// The Unix user who gave the reason.
    pub reason_by: Option<String>,
    pub reason_at: Option<DateTime<Utc>>,
    pub booted_at: Option<DateTime<Utc>>,
    /// Of slurmd.
    pub started_at: Option<DateTime<Utc>>,
    pub features: Vec<String>,
    pub active_features: Vec<String>,
    /// As configured: `gpu:a100:2`.
    pub gres: Option<String>,
    /// As the operating system reports it.
    pub memory_free_mib: Option<u64>,
    pub architecture: Option<String>,
    pub os: Option<String>,
    /// Of slurmd.
    pub version: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Partition {
    pub name: String,
    pub is_default: bool,
    /// `UP`, `DOWN`, `DRAIN` or `INACTIVE`.
    pub state: String,
    /// `None`: unlimited.
    pub time_limit_minutes: Option<u32>,
    /// `None`: the same as the limit.
    pub default_time_minutes: Option<u32>,
    /// Compressed as Slurm writes it: `c[1-3]`.
    pub node_list: Option<String>,
    pub nodes: u32,
    pub cpus: u32,
    /// 0 also where the site's accounting does not track `gres/gpu`: the nodes know better.
    pub gpus: u32,
    pub max_nodes: Option<u32>,
    pub max_cpus_per_node: Option<u32>,
    pub max_memory_mib_per_node: Option<u64>,
    pub access: PartitionAccess,
}

/// Who may submit to a partition. `None`: this keeps nobody out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct PartitionAccess {
    pub groups: Option<Vec<String>>,
    pub accounts: Option<Vec<String>>,
    /// Counts where `accounts` is not set.
    pub denied_accounts: Option<Vec<String>>,
    pub qos: Option<Vec<String>>,
    /// Counts where `qos` is not set.
    pub denied_qos: Option<Vec<String>>,
}

/// Who gave the reason why a node is out of service.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ReasonAuthor {
    /// The Unix user.
    pub user: Option<String>,
    pub at: Option<DateTime<Utc>>,
}

/// A time in which a node was out of service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NodeEvent {
    pub node: String,
    /// Accounting's words, in small letters: `drain`, `down*`.
    pub state: String,
    pub reason: Option<String>,
    /// The Unix user.
    pub reason_by: Option<String>,
    pub started_at: DateTime<Utc>,
    /// `None`: it goes on, or accounting was not told.
    pub ended_at: Option<DateTime<Utc>>,
}

/// Nodes that are kept for some, or for nobody, from one time to another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Reservation {
    pub name: String,
    /// Of one that repeats, the time that is next.
    pub starts_at: DateTime<Utc>,
    pub ends_at: DateTime<Utc>,
    /// Compressed as Slurm writes it: `c[1-3]`. `None`: of licences, not of nodes.
    pub node_list: Option<String>,
    pub partition: Option<String>,
    /// `MAINT`, `DAILY`, `IGNORE_JOBS` …
    pub flags: Vec<String>,
    /// Who may use it, with accounts. A name with `-` before it may not.
    pub users: Vec<String>,
    pub accounts: Vec<String>,
    /// `ACTIVE` or `INACTIVE`.
    pub state: String,
}

impl Reservation {
    /// No job runs on its nodes.
    pub fn is_maintenance(&self) -> bool {
        self.flags.iter().any(|flag| flag == "MAINT")
    }
}

/// What a user may charge to one of her accounts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Association {
    pub user: String,
    pub account: String,
    /// In this one alone; `None`: in all.
    pub partition: Option<String>,
    pub default_qos: Option<String>,
    /// Those allowed.
    pub qos: Vec<String>,
    pub limits: Limits,
}

/// `None`: unlimited. TRES as Slurm writes them: `cpu=8,gres/gpu=2`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Limits {
    /// Of those that run.
    pub max_jobs: Option<u32>,
    pub max_submitted_jobs: Option<u32>,
    /// Of one job.
    pub max_time_minutes: Option<u32>,
    pub max_tres_per_job: Option<String>,
    /// Of all together who share it.
    pub group_jobs: Option<u32>,
    pub group_submitted_jobs: Option<u32>,
    pub group_tres: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Qos {
    pub name: String,
    pub description: Option<String>,
    pub priority: u32,
    pub max_jobs_per_user: Option<u32>,
    pub max_submitted_jobs_per_user: Option<u32>,
    pub max_time_minutes: Option<u32>,
    pub max_tres_per_job: Option<String>,
    pub max_tres_per_user: Option<String>,
}

/// A word for nodes of one kind, and where they are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Feature {
    pub name: String,
    pub partitions: Vec<String>,
}

/// A device of nodes: `gpu` of the kind `a100`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Gres {
    pub name: String,
    pub kind: Option<String>,
    pub most_per_node: u32,
    pub partitions: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct License {
    pub name: String,
    pub total: u32,
    pub used: u32,
}

/// Something that a job ran within its resources: its script (`batch`), and each `srun` (`0`, `1`).
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Step {
    pub step: String,
    pub name: String,
    pub state: JobState,
    pub exit_code: Option<i32>,
    pub signal: Option<i32>,
    pub started_at: Option<DateTime<Utc>>,
    pub ended_at: Option<DateTime<Utc>>,
    pub nodes: u32,
    pub tasks: u32,
    pub node_list: Option<String>,
    pub cpus: u32,
    pub memory_mib: Option<u64>,
    pub gpus: u32,
}
