//! Routes of nodes, partitions and reservations.

mod partitions;
mod reservations;

use std::collections::HashMap;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use quarterdeck_slurm as slurm;
use quarterdeck_types::control::{BadValue, Reason};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::access::Actor;
use crate::app::App;
use crate::clusters::api::{Age, FreshPage, Usage, find_cluster};
use crate::jobs::api::Job;
use crate::limits::{Bucket, Class};
use crate::nodes::{self, Action, Offer};
use crate::problem::{FieldError, Problem, ProblemDocument};
use crate::requests::{JsonBody, OptionalJsonBody, PathOf, to_the_end};

/// Nodes that one request may name.
const MOST_NODES: usize = 500;

pub(crate) use reservations::Reservation;

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(actions))
        .routes(routes!(detail))
        .routes(routes!(drain))
        .routes(routes!(resume))
        .routes(routes!(reboot))
        .merge(partitions::routes())
        .merge(reservations::routes())
}

#[derive(Serialize, ToSchema)]
pub(crate) struct Node {
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
    /// In alphabetical order.
    features: Vec<String>,
    reason: Option<String>,
}

impl Node {
    pub(crate) fn of(node: &slurm::Node, features: &HashMap<String, Vec<String>>) -> Node {
        Node {
            name: node.name.clone(),
            state: node.state.clone(),
            flags: node.flags.clone(),
            cpus: Usage { total: node.cpus_total.into(), used: node.cpus_used.into() },
            memory_mib: Usage { total: node.memory_total_mib, used: node.memory_used_mib },
            gpus: Usage { total: node.gpus_total.into(), used: node.gpus_used.into() },
            load: node.load,
            partitions: node.partitions.clone(),
            features: features.get(&node.name).cloned().unwrap_or_default(),
            reason: node.reason.clone(),
        }
    }
}

/// The cluster's nodes.
#[utoipa::path(get, path = "/clusters/{cluster}/nodes", tag = "nodes", params(("cluster" = String, Path)),
    responses((status = 200, body = FreshPage<Node>), (status = 404, body = ProblemDocument)))]
async fn list(
    State(app): State<App>,
    actor: Actor,
    PathOf(cluster): PathOf<String>,
) -> Result<Json<FreshPage<Node>>, Problem> {
    let cluster = find_cluster(&app, &cluster)?;
    if !cluster.shows_nodes_to(&actor) {
        return Err(private("nodes"));
    }
    let view = cluster.view();
    let items = view.node_list.iter().map(|node| Node::of(node, &view.features)).collect();
    Ok(Json(FreshPage::new(items, None, None, &view.nodes)))
}

/// One node, read anew.
#[derive(Serialize, ToSchema)]
struct NodeDetail {
    #[serde(flatten)]
    node: Node,
    /// The Unix user who gave the reason. This and what follows: null where the scheduler does not tell.
    reason_by: Option<String>,
    reason_at: Option<DateTime<Utc>>,
    booted_at: Option<DateTime<Utc>>,
    /// When its slurmd started.
    started_at: Option<DateTime<Utc>>,
    active_features: Vec<String>,
    /// As configured.
    #[schema(example = "gpu:a100:2")]
    gres: Option<String>,
    /// As its operating system reports it.
    memory_free_mib: Option<u64>,
    architecture: Option<String>,
    os: Option<String>,
    /// Of its slurmd.
    version: Option<String>,
    /// What runs on it, of what you may see.
    jobs: Vec<Job>,
    /// What you may do with it now.
    actions: Vec<NodeAction>,
    #[serde(flatten)]
    age: Age,
}

#[derive(Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum NodeAction {
    Drain,
    Resume,
    Reboot,
}

/// One node, and what runs on it.
#[utoipa::path(get, path = "/clusters/{cluster}/nodes/{node}", tag = "nodes",
    params(("cluster" = String, Path), ("node" = String, Path)),
    responses((status = 200, body = NodeDetail), (status = 404, body = ProblemDocument)))]
async fn detail(
    State(app): State<App>,
    actor: Actor,
    PathOf((cluster, node)): PathOf<(String, String)>,
) -> Result<Json<NodeDetail>, Problem> {
    let cluster = find_cluster(&app, &cluster)?;
    if !cluster.shows_nodes_to(&actor) {
        return Err(private("nodes"));
    }
    let nodes::Detail { node, details, jobs, freshness } = nodes::detail(&app, &actor, &cluster, &node).await?;
    let offers = nodes::offers(&actor, &cluster, &node).into_iter();
    let details = details.unwrap_or_default();
    // Read anew, where the list's are some minutes old.
    let features = if details.features.is_empty() { cluster.features_of(&node.name) } else { details.features };
    Ok(Json(NodeDetail {
        node: Node { features, ..Node::of(&node, &HashMap::new()) },
        reason_by: details.reason_by,
        reason_at: details.reason_at,
        booted_at: details.booted_at,
        started_at: details.started_at,
        active_features: details.active_features,
        gres: details.gres,
        memory_free_mib: details.memory_free_mib,
        architecture: details.architecture,
        os: details.os,
        version: details.version,
        jobs: jobs.iter().map(|job| Job::seen_by(&actor, job)).collect(),
        actions: offers.map(NodeAction::from).collect(),
        age: Age::from(&freshness),
    }))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Drain {
    /// Why, in one line of at most 230 bytes.
    #[schema(example = "bad disk")]
    reason: String,
}

/// Let no further job start on a node. Those that run go on.
#[utoipa::path(post, path = "/clusters/{cluster}/nodes/{node}/drain", tag = "nodes",
    params(("cluster" = String, Path), ("node" = String, Path)), request_body = Drain,
    responses((status = 204), (status = 404, body = ProblemDocument), (status = 409, body = ProblemDocument),
        (status = 422, body = ProblemDocument)))]
async fn drain(
    state: State<App>,
    actor: Actor,
    path: PathOf<(String, String)>,
    JsonBody(body): JsonBody<Drain>,
) -> Result<StatusCode, Problem> {
    act(state, actor, path, Action::Drain { reason: reason(&body.reason)? }).await
}

/// Take a node back into service.
#[utoipa::path(post, path = "/clusters/{cluster}/nodes/{node}/resume", tag = "nodes",
    params(("cluster" = String, Path), ("node" = String, Path)),
    responses((status = 204), (status = 404, body = ProblemDocument), (status = 409, body = ProblemDocument),
        (status = 422, body = ProblemDocument)))]
async fn resume(state: State<App>, actor: Actor, path: PathOf<(String, String)>) -> Result<StatusCode, Problem> {
    act(state, actor, path, Action::Resume).await
}

#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
struct Reboot {
    /// Why, in one line of at most 230 bytes.
    reason: Option<String>,
    /// Let no further job start before it; else it waits until the node happens to be idle.
    asap: bool,
}

/// Reboot a node when it is idle.
#[utoipa::path(post, path = "/clusters/{cluster}/nodes/{node}/reboot", tag = "nodes",
    params(("cluster" = String, Path), ("node" = String, Path)), request_body = Option<Reboot>,
    responses((status = 204), (status = 404, body = ProblemDocument), (status = 409, body = ProblemDocument),
        (status = 422, body = ProblemDocument)))]
async fn reboot(
    state: State<App>,
    actor: Actor,
    path: PathOf<(String, String)>,
    OptionalJsonBody(body): OptionalJsonBody<Reboot>,
) -> Result<StatusCode, Problem> {
    let reason = body.reason.as_deref().map(reason).transpose()?;
    act(state, actor, path, Action::Reboot { asap: body.asap, reason }).await
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NodeActions {
    action: NodeAction,
    #[schema(max_items = 500)]
    nodes: Vec<String>,
    /// Why; needed for `drain`, and none for `resume`.
    reason: Option<String>,
    /// For `reboot`: let no further job start before it.
    #[serde(default)]
    asap: bool,
}

#[derive(Serialize, ToSchema)]
struct NodeResults {
    /// In the order asked.
    items: Vec<NodeResult>,
}

#[derive(Serialize, ToSchema)]
struct NodeResult {
    node: String,
    ok: bool,
    /// Why not.
    problem: Option<ProblemDocument>,
}

/// Do the same to several nodes.
#[utoipa::path(post, path = "/clusters/{cluster}/nodes/actions", tag = "nodes", params(("cluster" = String, Path)),
    request_body = NodeActions, responses((status = 200, body = NodeResults), (status = 404, body = ProblemDocument),
        (status = 422, body = ProblemDocument)))]
async fn actions(
    State(app): State<App>,
    actor: Actor,
    PathOf(cluster): PathOf<String>,
    JsonBody(body): JsonBody<NodeActions>,
) -> Result<Json<NodeResults>, Problem> {
    let cluster = find_cluster(&app, &cluster)?;
    if body.nodes.len() > MOST_NODES {
        let error = FieldError::new("/nodes", "too-many", "Name at most 500 nodes at a time.");
        return Err(Problem::invalid(vec![error.with("limit", MOST_NODES)]));
    }
    let given = body.reason.as_deref().map(reason).transpose()?;
    let action = match body.action {
        NodeAction::Drain => Action::Drain { reason: given.ok_or_else(|| bad_reason(BadValue::Empty))? },
        NodeAction::Resume => Action::Resume,
        NodeAction::Reboot => Action::Reboot { asap: body.asap, reason: given },
    };
    if let Action::Reboot { .. } = action {
        app.limits.check(Class::Reboot, Bucket::of(&actor)).await.admitted()?;
    }
    let request_id = actor.request_id.clone();
    let work = async move { Ok(nodes::act_on_many(&app, &actor, &cluster, body.nodes, &action).await) };
    let item = |(node, result): (String, Result<(), nodes::Error>)| NodeResult {
        node,
        ok: result.is_ok(),
        problem: result.err().map(|error| Problem::from(error).document(&request_id)),
    };
    Ok(Json(NodeResults { items: to_the_end(work).await?.into_iter().map(item).collect() }))
}

async fn act(
    State(app): State<App>,
    actor: Actor,
    PathOf((cluster, node)): PathOf<(String, String)>,
    action: Action,
) -> Result<StatusCode, Problem> {
    let cluster = find_cluster(&app, &cluster)?;
    to_the_end(async move { Ok(nodes::act(&app, &actor, &cluster, &node, &action).await?) }).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn reason(text: &str) -> Result<Reason, Problem> {
    Reason::parse(text).map_err(bad_reason)
}

fn bad_reason(fault: BadValue) -> Problem {
    Problem::invalid(vec![FieldError::of("/reason", &fault)])
}

impl From<Offer> for NodeAction {
    fn from(offer: Offer) -> NodeAction {
        match offer {
            Offer::Drain => NodeAction::Drain,
            Offer::Resume => NodeAction::Resume,
            Offer::Reboot => NodeAction::Reboot,
        }
    }
}

/// Where Slurm's `PrivateData` keeps something from all but operators.
pub(crate) fn private(what: &'static str) -> Problem {
    let detail = format!("This site shows its {what} to operators alone (Slurm's PrivateData).");
    Problem::new(StatusCode::FORBIDDEN, "private-data", detail).with("what", what)
}
