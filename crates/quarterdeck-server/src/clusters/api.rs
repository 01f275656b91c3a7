//! Routes of clusters, and what the lists read from one share.

mod shares;
mod trouble;

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use chrono::{DateTime, Utc};
use quarterdeck_types::JobState;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{Fallback, Freshness};
use crate::access::Actor;
use crate::app::App;
use crate::config::{Mode, Sharing};
use crate::jobs;
use crate::problem::{Problem, ProblemDocument};
use crate::requests::{Page, PathOf};
use crate::templates::SchedulerName;

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(meta))
        .routes(routes!(list))
        .routes(routes!(overview))
        .routes(routes!(shares::shares))
        .merge(trouble::routes())
}

/// A page of a list that was taken from a reading of the cluster.
#[derive(Serialize, ToSchema)]
pub(crate) struct FreshPage<T> {
    items: Vec<T>,
    /// Send it as `cursor` to get the next page; null: this was the last.
    next_cursor: Option<String>,
    /// With `count=true`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    total: Option<u64>,
    #[serde(flatten)]
    reading: ReadingAge,
}

impl<T> FreshPage<T> {
    pub(crate) fn new(items: Vec<T>, next_cursor: Option<String>, total: Option<u64>, freshness: &Freshness) -> Self {
        FreshPage { items, next_cursor, total, reading: ReadingAge::from(freshness) }
    }
}

/// How old what was read of one of the scheduler's parts is.
#[derive(Serialize, ToSchema)]
pub(crate) struct Age {
    /// When it last answered.
    as_of: Option<DateTime<Utc>>,
    stale: bool,
    /// Why there is no newer reading.
    stale_reason: Option<String>,
}

impl From<&Freshness> for Age {
    fn from(freshness: &Freshness) -> Age {
        Age { as_of: freshness.as_of, stale: freshness.is_stale(), stale_reason: freshness.reason() }
    }
}

/// The same of what can be read in two ways.
#[derive(Serialize, ToSchema)]
pub(crate) struct ReadingAge {
    #[serde(flatten)]
    age: Age,
    /// slurmrestd fails, and Slurm's commands were read instead. Null: it does not, or the site has none.
    fallback: Option<Fallback>,
}

impl From<&Freshness> for ReadingAge {
    fn from(freshness: &Freshness) -> ReadingAge {
        ReadingAge { age: Age::from(freshness), fallback: freshness.fallback.clone() }
    }
}

/// The cluster of this name, or 404.
pub(crate) fn find_cluster(app: &App, name: &str) -> Result<super::Cluster, Problem> {
    app.clusters.find(name).cloned().ok_or_else(|| Problem::not_found("cluster"))
}

#[derive(Serialize, ToSchema)]
struct Meta {
    version: &'static str,
    mode: ServerMode,
    upload: UploadMeta,
    templates: TemplateMeta,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
enum ServerMode {
    SingleUser,
    MultiUser,
}

#[derive(Serialize, ToSchema)]
struct UploadMeta {
    /// Bytes to send in one request.
    chunk_size: u64,
    /// Bytes of the largest upload.
    max_size: u64,
    /// Beneath a person's home, where uploads go that name no other directory.
    directory: String,
}

#[derive(Serialize, ToSchema)]
struct TemplateMeta {
    share: Sharing,
}

/// What a client should know before anybody signs in.
#[utoipa::path(get, path = "/meta", tag = "operation", responses((status = 200, body = Meta)))]
async fn meta(State(app): State<App>) -> Json<Meta> {
    let uploads = &app.config.uploads;
    Json(Meta {
        version: env!("CARGO_PKG_VERSION"),
        mode: match app.mode {
            Mode::SingleUser => ServerMode::SingleUser,
            Mode::MultiUser => ServerMode::MultiUser,
        },
        upload: UploadMeta {
            chunk_size: uploads.chunk_size,
            max_size: uploads.max_size,
            directory: uploads.directory.clone(),
        },
        templates: TemplateMeta { share: app.config.templates.share },
    })
}

#[derive(Serialize, ToSchema)]
struct Cluster {
    name: String,
    scheduler: SchedulerName,
    version: Option<String>,
    state: ClusterState,
    #[serde(flatten)]
    age: Age,
    /// Accounting (slurmdbd), which tells how jobs ended; null where the site keeps none.
    accounting: Option<Age>,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum ClusterState {
    Up,
    Down,
}

/// The clusters of this site.
#[utoipa::path(get, path = "/clusters", tag = "clusters", responses((status = 200, body = Page<Cluster>)))]
async fn list(State(app): State<App>) -> Json<Page<Cluster>> {
    let view = |cluster: &super::Cluster| {
        let view = cluster.view();
        Cluster {
            name: cluster.name.clone(),
            scheduler: match cluster.scheduler {
                super::Scheduler::Slurm(_) => SchedulerName::Slurm,
                super::Scheduler::Local => SchedulerName::Local,
            },
            version: view.version,
            state: if view.jobs.is_stale() { ClusterState::Down } else { ClusterState::Up },
            age: Age::from(&view.jobs),
            accounting: view.accounting.as_ref().map(Age::from),
        }
    };
    Json(Page::whole(app.clusters.all().iter().map(view).collect()))
}

#[derive(Serialize, ToSchema)]
struct Overview {
    #[serde(flatten)]
    reading: ReadingAge,
    /// Jobs submitted in the last seven days.
    jobs: JobCounts,
    mine: JobCounts,
    /// What my jobs wait for; null where none waits.
    waiting: Option<Waiting>,
    /// This and what follows: null where the site shows its nodes to operators alone.
    cpus: Option<Usage>,
    memory_mib: Option<Usage>,
    gpus: Option<Usage>,
    nodes: Option<NodeCounts>,
}

#[derive(Default, Serialize, ToSchema)]
struct JobCounts {
    pending: u64,
    running: u64,
    completed: u64,
    /// Also those that ran out of time or memory, or lost their node.
    failed: u64,
    cancelled: u64,
}

#[derive(Serialize, ToSchema)]
struct Waiting {
    /// Of at most 500 that are looked at.
    jobs: u64,
    /// The earliest start that Slurm expects for one of them.
    next_start_at: Option<DateTime<Utc>>,
    /// Why most of them wait, in Slurm's word.
    #[schema(example = "Resources")]
    reason: Option<String>,
}

/// How much there is, and how much of it jobs were given.
#[derive(Default, Serialize, ToSchema)]
pub(crate) struct Usage {
    pub(crate) total: u64,
    pub(crate) used: u64,
}

#[derive(Serialize, ToSchema)]
struct NodeCounts {
    total: u64,
    by_state: BTreeMap<String, u64>,
}

/// How the cluster stands.
#[utoipa::path(get, path = "/clusters/{cluster}/overview", tag = "clusters", params(("cluster" = String, Path)),
    responses((status = 200, body = Overview), (status = 404, body = ProblemDocument)))]
async fn overview(
    State(app): State<App>,
    actor: Actor,
    PathOf(cluster): PathOf<String>,
) -> Result<Json<Overview>, Problem> {
    let cluster = find_cluster(&app, &cluster)?;
    let all = jobs::counts(&app, &actor, &cluster, None).await?;
    let mine = match actor.unix_user.as_deref() {
        Some(user) => jobs::counts(&app, &actor, &cluster, Some(user)).await?,
        None => Vec::new(),
    };
    let waiting = match actor.unix_user.as_deref() {
        Some(user) => jobs::waiting(&app, &cluster, user).await?.map(|waiting| Waiting {
            jobs: waiting.jobs as u64,
            next_start_at: waiting.next_start_at,
            reason: waiting.reason,
        }),
        None => None,
    };
    let view = cluster.view();
    let shown = cluster.shows_nodes_to(&actor);
    let nodes = view.node_list.iter();
    let mut by_state = BTreeMap::new();
    for node in nodes.clone() {
        *by_state.entry(node.state.clone()).or_default() += 1;
    }
    let oldest = if view.jobs.is_stale() { &view.jobs } else { &view.nodes };
    Ok(Json(Overview {
        reading: ReadingAge {
            age: Age::from(oldest),
            fallback: view.jobs.fallback.clone().or_else(|| view.nodes.fallback.clone()),
        },
        jobs: count(&all),
        mine: count(&mine),
        waiting,
        cpus: shown.then(|| Usage {
            total: nodes.clone().map(|node| u64::from(node.cpus_total)).sum(),
            used: nodes.clone().map(|node| u64::from(node.cpus_used)).sum(),
        }),
        memory_mib: shown.then(|| Usage {
            total: nodes.clone().map(|node| node.memory_total_mib).sum(),
            used: nodes.clone().map(|node| node.memory_used_mib).sum(),
        }),
        gpus: shown.then(|| Usage {
            total: nodes.clone().map(|node| u64::from(node.gpus_total)).sum(),
            used: nodes.clone().map(|node| u64::from(node.gpus_used)).sum(),
        }),
        nodes: shown.then(|| NodeCounts { total: view.node_list.len() as u64, by_state }),
    }))
}

fn count(states: &[(JobState, u64)]) -> JobCounts {
    let mut counts = JobCounts::default();
    for (state, n) in states {
        let counter = match state {
            JobState::Submitting | JobState::Pending | JobState::Configuring => &mut counts.pending,
            JobState::Running | JobState::Suspended | JobState::Completing => &mut counts.running,
            JobState::Completed => &mut counts.completed,
            JobState::Cancelled | JobState::Preempted => &mut counts.cancelled,
            JobState::NotSubmitted
            | JobState::OutcomeUnknown
            | JobState::Failed
            | JobState::Timeout
            | JobState::OutOfMemory
            | JobState::NodeFail
            | JobState::BootFail
            | JobState::Deadline => &mut counts.failed,
        };
        *counter += n;
    }
    counts
}
