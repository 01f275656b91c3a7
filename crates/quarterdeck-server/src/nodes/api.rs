//! Routes of nodes, partitions and reservations.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use quarterdeck_slurm as slurm;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::access::Actor;
use crate::app::App;
use crate::clusters::api::{FreshPage, Usage, find_cluster};
use crate::problem::{Problem, ProblemDocument};
use crate::requests::PathOf;

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(nodes)).routes(routes!(partitions)).routes(routes!(reservations))
}

#[derive(Serialize, ToSchema)]
struct Node {
    name: String,
    /// One word, as `sinfo` shows it.
    #[schema(example = "idle")]
    state: String,
    /// What else holds for it: `drain`, `not_responding`.
    flags: Vec<String>,
    cpus: Usage,
    memory_mib: Usage,
    gpus: Usage,
    /// Load average; null where the node has not reported.
    load: Option<f64>,
    partitions: Vec<String>,
    reason: Option<String>,
}

impl From<&slurm::Node> for Node {
    fn from(node: &slurm::Node) -> Node {
        Node {
            name: node.name.clone(),
            state: node.state.clone(),
            flags: node.flags.clone(),
            cpus: Usage { total: node.cpus_total.into(), used: node.cpus_used.into() },
            memory_mib: Usage { total: node.memory_total_mib, used: node.memory_used_mib },
            gpus: Usage { total: node.gpus_total.into(), used: node.gpus_used.into() },
            load: node.load,
            partitions: node.partitions.clone(),
            reason: node.reason.clone(),
        }
    }
}

/// The cluster's nodes.
#[utoipa::path(get, path = "/clusters/{cluster}/nodes", tag = "nodes", params(("cluster" = String, Path)),
    responses((status = 200, body = FreshPage<Node>), (status = 404, body = ProblemDocument)))]
async fn nodes(
    State(app): State<App>,
    actor: Actor,
    PathOf(cluster): PathOf<String>,
) -> Result<Json<FreshPage<Node>>, Problem> {
    let cluster = find_cluster(&app, &cluster)?;
    if !cluster.shows_nodes_to(&actor) {
        return Err(private("nodes"));
    }
    let view = cluster.view();
    Ok(Json(FreshPage::new(view.node_list.iter().map(Node::from).collect(), None, None, &view.nodes)))
}

fn private(what: &'static str) -> Problem {
    let detail = format!("This site shows its {what} to operators alone (Slurm's PrivateData).");
    Problem::new(StatusCode::FORBIDDEN, "private-data", detail).with("what", what)
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
    max_cpus_per_node: Option<u32>,
    max_memory_mib_per_node: Option<u64>,
}

/// The cluster's partitions and their limits.
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
    let of = |partition: &slurm::Partition| Partition {
        name: partition.name.clone(),
        is_default: partition.is_default,
        state: partition.state.clone(),
        time_limit_minutes: partition.time_limit_minutes,
        default_time_minutes: partition.default_time_minutes,
        nodes: partition.nodes,
        cpus: partition.cpus,
        gpus: gpus_of(&view.node_list, &partition.name),
        max_cpus_per_node: partition.max_cpus_per_node,
        max_memory_mib_per_node: partition.max_memory_mib_per_node,
    };
    Ok(Json(FreshPage::new(view.partitions.iter().map(of).collect(), None, None, &view.nodes)))
}

#[derive(Serialize, ToSchema)]
struct Reservation {
    name: String,
    starts_at: DateTime<Utc>,
    ends_at: DateTime<Utc>,
    /// Compressed, as Slurm writes it; null: of licences, not of nodes.
    #[schema(example = "c[1-3]")]
    nodes: Option<String>,
    /// Slurm's words: `MAINT`, `DAILY`.
    flags: Vec<String>,
    /// `ACTIVE` or `INACTIVE`.
    state: String,
}

impl From<&slurm::Reservation> for Reservation {
    fn from(reservation: &slurm::Reservation) -> Reservation {
        Reservation {
            name: reservation.name.clone(),
            starts_at: reservation.starts_at,
            ends_at: reservation.ends_at,
            nodes: reservation.node_list.clone(),
            flags: reservation.flags.clone(),
            state: reservation.state.clone(),
        }
    }
}

/// Nodes that are kept for some, or for nobody, for a time.
#[utoipa::path(get, path = "/clusters/{cluster}/reservations", tag = "nodes", params(("cluster" = String, Path)),
    responses((status = 200, body = FreshPage<Reservation>), (status = 404, body = ProblemDocument)))]
async fn reservations(
    State(app): State<App>,
    actor: Actor,
    PathOf(cluster): PathOf<String>,
) -> Result<Json<FreshPage<Reservation>>, Problem> {
    let cluster = find_cluster(&app, &cluster)?;
    if !cluster.shows_reservations_to(&actor) {
        return Err(private("reservations"));
    }
    let view = cluster.view();
    let items = view.reservation_list.iter().map(Reservation::from).collect();
    Ok(Json(FreshPage::new(items, None, None, &view.reservations)))
}

/// The nodes know their GPUs better than the partition does.
fn gpus_of(nodes: &[slurm::Node], partition: &str) -> u32 {
    let within = nodes.iter().filter(|node| node.partitions.iter().any(|name| name == partition));
    within.map(|node| node.gpus_total).sum()
}
