//! Routes of partitions.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::private;
use crate::access::Actor;
use crate::app::App;
use crate::clusters::api::{FreshPage, Usage, find_cluster};
use crate::clusters::{Sight, View};
use crate::nodes;
use crate::problem::{Problem, ProblemDocument};
use crate::requests::PathOf;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(partitions))
}

#[derive(Serialize, ToSchema)]
struct Partition {
    name: String,
    is_default: bool,
    /// `UP`, `DOWN`, `DRAIN` or `INACTIVE`.
    state: String,
    /// Null: unlimited.
    time_limit_minutes: Option<u32>,
    /// Null: the same as the limit.
    default_time_minutes: Option<u32>,
    nodes: u32,
    cpus: u32,
    gpus: u32,
    /// Of one job.
    max_nodes: Option<u32>,
    max_cpus_per_node: Option<u32>,
    max_memory_mib_per_node: Option<u64>,
    access: PartitionAccess,
    /// What is there now; null where the site shows its nodes to operators alone.
    now: Option<PartitionNow>,
    /// As `squeue` lists them: an array's waiting tasks are one. Null where you may not see everybody's jobs.
    jobs: Option<PartitionJobs>,
}

/// Who may submit to it. Null: this keeps nobody out.
#[derive(Serialize, ToSchema)]
struct PartitionAccess {
    /// Unix groups.
    groups: Option<Vec<String>>,
    accounts: Option<Vec<String>>,
    denied_accounts: Option<Vec<String>>,
    qos: Option<Vec<String>>,
    denied_qos: Option<Vec<String>>,
}

#[derive(Default, Serialize, ToSchema)]
struct PartitionNow {
    nodes_by_state: BTreeMap<String, u64>,
    cpus: Usage,
    /// Of nodes that are in service, and given to no job.
    cpus_free: u64,
    gpus: Usage,
    gpus_free: u64,
}

#[derive(Serialize, ToSchema)]
struct PartitionJobs {
    pending: u64,
    running: u64,
}

/// The cluster's partitions: limits, who may use them, what is free and what waits.
#[utoipa::path(get, path = "/clusters/{cluster}/partitions", tag = "nodes", params(("cluster" = String, Path)),
    responses((status = 200, body = FreshPage<Partition>), (status = 404, body = ProblemDocument)))]
async fn partitions(
    State(app): State<App>,
    actor: Actor,
    PathOf(cluster): PathOf<String>,
) -> Result<Json<FreshPage<Partition>>, Problem> {
    let cluster = find_cluster(&app, &cluster)?;
    if !cluster.shows_partitions_to(&actor) {
        return Err(private("partitions"));
    }
    let view = cluster.view();
    let shows_nodes = cluster.shows_nodes_to(&actor);
    let sees_all = cluster.sight_of(&actor) == Sight::All;
    let mut now = now_by_partition(&view);
    let items = view.partitions.iter().map(|partition| {
        let now = now.remove(&*partition.name).unwrap_or_default();
        let count = view.demand.in_partition(&partition.name);
        let access = partition.access.clone();
        Partition {
            name: partition.name.clone(),
            is_default: partition.is_default,
            state: partition.state.clone(),
            time_limit_minutes: partition.time_limit_minutes,
            default_time_minutes: partition.default_time_minutes,
            nodes: partition.nodes,
            cpus: partition.cpus,
            // The nodes know their GPUs better than the partition does.
            gpus: now.gpus.total as u32,
            max_nodes: partition.max_nodes,
            max_cpus_per_node: partition.max_cpus_per_node,
            max_memory_mib_per_node: partition.max_memory_mib_per_node,
            access: PartitionAccess {
                groups: access.groups,
                accounts: access.accounts,
                denied_accounts: access.denied_accounts,
                qos: access.qos,
                denied_qos: access.denied_qos,
            },
            now: shows_nodes.then_some(now),
            jobs: sees_all.then_some(PartitionJobs { pending: count.pending, running: count.running }),
        }
    });
    Ok(Json(FreshPage::new(items.collect(), None, None, &view.nodes)))
}

/// In one walk over the nodes, of which there may be thousands.
fn now_by_partition(view: &View) -> BTreeMap<&str, PartitionNow> {
    let mut all: BTreeMap<&str, PartitionNow> = BTreeMap::new();
    for node in view.node_list.iter() {
        let is_out = nodes::is_out_of_service(node);
        let free = |total: u32, used: u32| if is_out { 0 } else { u64::from(total.saturating_sub(used)) };
        for partition in &node.partitions {
            let now = all.entry(partition).or_default();
            *now.nodes_by_state.entry(node.state.clone()).or_default() += 1;
            now.cpus.total += u64::from(node.cpus_total);
            now.cpus.used += u64::from(node.cpus_used);
            now.cpus_free += free(node.cpus_total, node.cpus_used);
            now.gpus.total += u64::from(node.gpus_total);
            now.gpus.used += u64::from(node.gpus_used);
            now.gpus_free += free(node.gpus_total, node.gpus_used);
        }
    }
    all
}
