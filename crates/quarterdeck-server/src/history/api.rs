//! Routes of how a cluster was: its use over time, and what became of a node.

use axum::Json;
use axum::extract::State;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::samples::read;
use super::store::{Sample, Source};
use super::{Resolution, store};
use crate::access::Actor;
use crate::app::App;
use crate::clusters::Sight;
use crate::clusters::api::find_cluster;
use crate::db::from_us;
use crate::nodes::api::private;
use crate::problem::{Problem, ProblemDocument};
use crate::requests::{Page, PathOf, QueryOf, limit};

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(use_over_time)).routes(routes!(of_node))
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct UseQuery {
    /// A day before the end unless told.
    since: Option<DateTime<Utc>>,
    /// Now unless told.
    until: Option<DateTime<Utc>>,
    /// Minutes are kept for 3 days, hours for 62, days for a year. Unless told the finest that is kept for this time and
    /// has at most 750 points.
    resolution: Option<UseResolution>,
    /// The whole cluster unless told.
    partition: Option<String>,
}

#[derive(Clone, Copy, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum UseResolution {
    Minute,
    Hour,
    Day,
}

#[derive(Serialize, ToSchema)]
struct UseOverTime {
    resolution: UseResolution,
    step_seconds: i32,
    since: DateTime<Utc>,
    until: DateTime<Utc>,
    /// In order of time. Where nothing was read, since the server or Slurm was down, there is none.
    items: Vec<UsePoint>,
}

/// Mean values of a minute, hour or day.
#[derive(Serialize, ToSchema)]
struct UsePoint {
    /// When it begins: whole hours and days are UTC's.
    at: DateTime<Utc>,
    /// Minutes of it that were read.
    readings: i32,
    cpus: UseOf,
    memory_mib: UseOf,
    gpus: UseOf,
    /// Null where you may not see everybody's jobs.
    jobs: Option<UseJobs>,
}

#[derive(Serialize, ToSchema)]
struct UseOf {
    /// Given to jobs.
    allocated: f64,
    idle: f64,
    /// Of nodes that are out of service: down, drained, in maintenance.
    down: f64,
}

#[derive(Serialize, ToSchema)]
struct UseJobs {
    running: f64,
    pending: f64,
}

/// How much of a cluster, or of a partition, was in use.
#[utoipa::path(get, path = "/clusters/{cluster}/use", tag = "clusters", params(("cluster" = String, Path), UseQuery),
    responses((status = 200, body = UseOverTime), (status = 404, body = ProblemDocument),
        (status = 422, body = ProblemDocument)))]
async fn use_over_time(
    State(app): State<App>,
    actor: Actor,
    PathOf(cluster): PathOf<String>,
    QueryOf(query): QueryOf<UseQuery>,
) -> Result<Json<UseOverTime>, Problem> {
    let cluster = find_cluster(&app, &cluster)?;
    let partition = query.partition.as_deref().filter(|name| !name.is_empty());
    let may = cluster.shows_nodes_to(&actor) && (partition.is_none() || cluster.shows_partitions_to(&actor));
    if !may {
        return Err(private("nodes"));
    }
    let range = (query.since, query.until);
    let resolution = query.resolution.map(Resolution::from);
    let used = read(&app.db, &cluster.name, partition, range, resolution, app.clock.now()).await?;
    let sees_all = cluster.sight_of(&actor) == Sight::All;
    Ok(Json(UseOverTime {
        resolution: used.resolution.into(),
        step_seconds: used.resolution.step().seconds,
        since: used.since,
        until: used.until,
        items: used.points.iter().map(|sample| point(sample, sees_all)).collect(),
    }))
}

fn point(sample: &Sample, sees_all: bool) -> UsePoint {
    let readings = f64::from(sample.readings.max(1));
    let mean = |sum: i64| (sum as f64 / readings * 100.0).round() / 100.0;
    let of = |allocated, idle, down| UseOf { allocated: mean(allocated), idle: mean(idle), down: mean(down) };
    UsePoint {
        at: from_us(sample.at_us),
        readings: sample.readings,
        cpus: of(sample.cpus_allocated, sample.cpus_idle, sample.cpus_down),
        memory_mib: of(sample.memory_mib_allocated, sample.memory_mib_idle, sample.memory_mib_down),
        gpus: of(sample.gpus_allocated, sample.gpus_idle, sample.gpus_down),
        jobs: sees_all.then(|| UseJobs { running: mean(sample.jobs_running), pending: mean(sample.jobs_pending) }),
    }
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct HistoryQuery {
    /// 50 unless told, at most 500, which is all that is kept of a node.
    limit: Option<u64>,
}

/// A time in which a node was out of service.
#[derive(Serialize, ToSchema)]
struct NodePeriod {
    /// As `sinfo` shows it, or as accounting calls it.
    #[schema(example = "drained")]
    state: String,
    reason: Option<String>,
    /// The Unix user who gave the reason.
    reason_by: Option<String>,
    started_at: DateTime<Utc>,
    /// Null: it goes on.
    ended_at: Option<DateTime<Utc>>,
    /// The Unix user who took it back, where that was done here.
    ended_by: Option<String>,
    /// `seen` by this server, or told by Slurm's `accounting` of a time when no server watched.
    source: PeriodSource,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum PeriodSource {
    Seen,
    Accounting,
}

/// When a node was out of service and why, the newest first. Kept for a year.
#[utoipa::path(get, path = "/clusters/{cluster}/nodes/{node}/history", tag = "nodes",
    params(("cluster" = String, Path), ("node" = String, Path), HistoryQuery),
    responses((status = 200, body = Page<NodePeriod>), (status = 404, body = ProblemDocument)))]
async fn of_node(
    State(app): State<App>,
    actor: Actor,
    PathOf((cluster, node)): PathOf<(String, String)>,
    QueryOf(query): QueryOf<HistoryQuery>,
) -> Result<Json<Page<NodePeriod>>, Problem> {
    let cluster = find_cluster(&app, &cluster)?;
    if !cluster.shows_nodes_to(&actor) {
        return Err(private("nodes"));
    }
    let periods = store::periods_of_node(&app.db, &cluster.name, &node, limit(query.limit)).await?;
    // A node that is gone has its history all the same.
    if periods.is_empty() && cluster.view().node_list.iter().all(|known| known.name != node) {
        return Err(Problem::not_found("node"));
    }
    let items = periods.into_iter().map(|period| NodePeriod {
        source: match Source::of(&period) {
            Source::Seen => PeriodSource::Seen,
            Source::Accounting => PeriodSource::Accounting,
        },
        state: period.state,
        reason: period.reason,
        reason_by: period.reason_by,
        started_at: from_us(period.started_us),
        ended_at: period.ended_us.map(from_us),
        ended_by: period.ended_by,
    });
    Ok(Json(Page::whole(items.collect())))
}

impl From<UseResolution> for Resolution {
    fn from(resolution: UseResolution) -> Resolution {
        match resolution {
            UseResolution::Minute => Resolution::Minute,
            UseResolution::Hour => Resolution::Hour,
            UseResolution::Day => Resolution::Day,
        }
    }
}

impl From<Resolution> for UseResolution {
    fn from(resolution: Resolution) -> UseResolution {
        match resolution {
            Resolution::Minute => UseResolution::Minute,
            Resolution::Hour => UseResolution::Hour,
            Resolution::Day => UseResolution::Day,
        }
    }
}
