//! What is wrong with a cluster and with what serves it, for those who are to mend it.

use axum::Json;
use axum::extract::State;
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::find_cluster;
use crate::app::App;
use crate::clusters::{Freshness, View};
use crate::nodes;
use crate::problem::{Problem, ProblemDocument};
use crate::requests::PathOf;

/// Of each kind; `nodes_total` counts the others.
const MOST: usize = 100;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(trouble))
}

#[derive(Serialize, ToSchema)]
struct Trouble {
    /// Out of service, or not responding; those longest so first.
    #[schema(max_items = 100)]
    nodes: Vec<NodeInTrouble>,
    nodes_total: u64,
    /// Users whose agents did not answer when they were last asked, the newest first.
    #[schema(max_items = 100)]
    agents: Vec<AgentInTrouble>,
    sources: Vec<SourceInTrouble>,
}

#[derive(Serialize, ToSchema)]
struct NodeInTrouble {
    name: String,
    state: String,
    flags: Vec<String>,
    reason: Option<String>,
    reason_by: Option<String>,
    since: Option<DateTime<Utc>>,
    /// CPUs of jobs that run on it still.
    cpus_used: u32,
}

#[derive(Serialize, ToSchema)]
struct AgentInTrouble {
    /// The Unix user.
    user: String,
    reason: String,
    at: DateTime<Utc>,
}

/// What is shown of it is old.
#[derive(Serialize, ToSchema)]
struct SourceInTrouble {
    source: Source,
    /// When it was last read.
    as_of: Option<DateTime<Utc>>,
    reason: String,
}

#[derive(Serialize, ToSchema)]
#[schema(as = ClusterSource)]
#[serde(rename_all = "snake_case")]
enum Source {
    Jobs,
    Nodes,
    Reservations,
    Accounting,
}

/// What an operator should look at first.
#[utoipa::path(get, path = "/clusters/{cluster}/trouble", tag = "clusters", params(("cluster" = String, Path)),
    responses((status = 200, body = Trouble), (status = 404, body = ProblemDocument)))]
async fn trouble(State(app): State<App>, PathOf(cluster): PathOf<String>) -> Result<Json<Trouble>, Problem> {
    let view = find_cluster(&app, &cluster)?.view();
    let mut nodes = nodes_in_trouble(&view);
    let nodes_total = nodes.len() as u64;
    // Unknown times last.
    nodes.sort_by_key(|node| (node.since.is_none(), node.since));
    nodes.truncate(MOST);
    let now = app.clock.now();
    let agents = app.agents.failing().into_iter().take(MOST);
    let agents =
        agents.map(|failure| AgentInTrouble { at: now - failure.ago, user: failure.user, reason: failure.reason });
    Ok(Json(Trouble { nodes, nodes_total, agents: agents.collect(), sources: sources_in_trouble(&view) }))
}

fn nodes_in_trouble(view: &View) -> Vec<NodeInTrouble> {
    let silent = |node: &quarterdeck_slurm::Node| node.flags.iter().any(|flag| flag == "not_responding");
    let nodes = view.node_list.iter().filter(|node| nodes::is_out_of_service(node) || silent(node));
    let of = |node: &quarterdeck_slurm::Node| {
        let author = view.reason_authors.get(&node.name);
        NodeInTrouble {
            name: node.name.clone(),
            state: node.state.clone(),
            flags: node.flags.clone(),
            reason: node.reason.clone(),
            reason_by: author.and_then(|author| author.user.clone()),
            since: author.and_then(|author| author.at),
            cpus_used: node.cpus_used,
        }
    };
    nodes.map(of).collect()
}

fn sources_in_trouble(view: &View) -> Vec<SourceInTrouble> {
    let of = |source, freshness: &Freshness| {
        Some(SourceInTrouble { source, as_of: freshness.as_of, reason: freshness.reason()? })
    };
    let all = [
        of(Source::Jobs, &view.jobs),
        of(Source::Nodes, &view.nodes),
        of(Source::Reservations, &view.reservations),
        view.accounting.as_ref().and_then(|accounting| of(Source::Accounting, accounting)),
    ];
    all.into_iter().flatten().collect()
}
