//! Routes of what jobs used, wasted and should ask for.

use axum::Json;
use axum::extract::State;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use crate::access::Actor;
use crate::app::App;
use crate::clusters::api::find_cluster;
use crate::jobs;
use crate::problem::{Problem, ProblemDocument};
use crate::requests::{PathOf, QueryOf};

/// Users and jobs in a summary.
const MOST: u64 = 10;
const MOST_DAYS: u32 = 365;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(efficiency))
        .routes(routes!(advice))
        .routes(routes!(own_waste))
        .routes(routes!(waste_of_all))
}

#[derive(Serialize, ToSchema)]
struct Efficiency {
    stage: Stage,
    /// Why figures are missing or incomplete; null: they are not.
    missing: Option<Missing>,
    /// Null: there are none.
    figures: Option<Figures>,
    /// Of an array or a heterogeneous job: its parts, whose figures are added up.
    parts: Option<Parts>,
    /// Nothing while it runs.
    wasted: Wasted,
    /// What to ask for next time; empty: it was right, or nobody can tell.
    suggestions: Vec<Suggestion>,
    measured_at: DateTime<Utc>,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Stage {
    Waiting,
    Running,
    Ended,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Missing {
    NotStarted,
    /// The scheduler keeps none.
    NotKept,
    /// Accounting has not told yet.
    NotYet,
    /// Slurm does not measure here, or the job was too short to be sampled.
    NotMeasured,
    /// Slurm tells what runs to its owner alone.
    OwnerOnly,
    /// The site does not offer `sstat`.
    NoSstat,
    Unreachable,
}

/// What it was given and what it used. Null: not measured.
#[derive(Serialize, ToSchema)]
struct Figures {
    /// Without the time it was suspended.
    elapsed_seconds: u64,
    nodes: u32,
    cpus: u32,
    /// CPUs times elapsed time.
    cpu_seconds_given: u64,
    /// User and system time of all steps.
    cpu_seconds_used: Option<f64>,
    /// On all nodes together.
    memory_mib_given: Option<u64>,
    /// The most that steps running at the same time used together; of tasks, the sum of their peaks.
    memory_mib_used: Option<u64>,
    /// The same, of the node that had most.
    memory_mib_used_of_a_node: Option<u64>,
    gpus: u32,
    /// The highest of Slurm's samples, 100 for each GPU; null where the site does not record `gres/gpuutil`.
    gpu_percent: Option<u32>,
    gpu_memory_mib: Option<u64>,
}

#[derive(Serialize, ToSchema)]
struct Parts {
    count: u64,
    /// How many used up to 10 %, 20 % … 100 % of their CPU time.
    cpu: Vec<u64>,
    /// The same of memory.
    memory: Vec<u64>,
}

/// Given and not used, in hours.
#[derive(Serialize, ToSchema)]
struct Wasted {
    cpu_hours: f64,
    memory_gib_hours: f64,
    /// At least: Slurm keeps the highest use of a GPU, not the average.
    gpu_hours: f64,
}

impl From<jobs::Wasted> for Wasted {
    fn from(wasted: jobs::Wasted) -> Wasted {
        let hours = |seconds: u64| seconds as f64 / 3600.0;
        Wasted {
            cpu_hours: hours(wasted.cpu_seconds),
            memory_gib_hours: hours(wasted.memory_mib_seconds) / 1024.0,
            gpu_hours: hours(wasted.gpu_seconds),
        }
    }
}

#[derive(Serialize, ToSchema)]
struct Suggestion {
    resource: Resource,
    /// What the runs used at most, in the resource's unit.
    used: u64,
    /// What the last of them asked for.
    asked: u64,
    /// What to ask for, with a margin.
    value: u64,
    /// How many runs that was learnt from.
    runs: u64,
}

/// The fields of a submission's `resources`; `gpus` and `memory_mib` are per node.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Resource {
    MemoryMib,
    TimeLimitMinutes,
    CpusPerTask,
    Gpus,
}

impl From<jobs::Suggestion> for Suggestion {
    fn from(suggestion: jobs::Suggestion) -> Suggestion {
        let jobs::Suggestion { resource, used, asked, value, runs } = suggestion;
        let resource = match resource {
            jobs::Resource::Memory => Resource::MemoryMib,
            jobs::Resource::Minutes => Resource::TimeLimitMinutes,
            jobs::Resource::CpusPerTask => Resource::CpusPerTask,
            jobs::Resource::Gpus => Resource::Gpus,
        };
        Suggestion { resource, used, asked, value, runs: runs as u64 }
    }
}

/// What a job used of what it was given.
#[utoipa::path(get, path = "/clusters/{cluster}/jobs/{job}/efficiency", tag = "jobs",
    params(("cluster" = String, Path), ("job" = String, Path)),
    responses((status = 200, body = Efficiency), (status = 404, body = ProblemDocument)))]
async fn efficiency(
    State(app): State<App>,
    actor: Actor,
    PathOf((cluster, job)): PathOf<(String, String)>,
) -> Result<Json<Efficiency>, Problem> {
    let cluster = find_cluster(&app, &cluster)?;
    let found = jobs::efficiency(&app, &actor, &cluster, &job).await?;
    let figures = found.figures.map(|figures| Figures {
        elapsed_seconds: figures.elapsed_seconds,
        nodes: figures.nodes,
        cpus: figures.cpus,
        cpu_seconds_given: figures.cpu_seconds_given(),
        cpu_seconds_used: figures.cpu_milliseconds.map(|used| used as f64 / 1000.0),
        memory_mib_given: figures.memory_given_mib,
        memory_mib_used: figures.memory_used_mib,
        memory_mib_used_of_a_node: figures.memory_of_a_node_mib,
        gpus: figures.gpus,
        gpu_percent: figures.gpu_percent,
        gpu_memory_mib: figures.gpu_memory_mib,
    });
    Ok(Json(Efficiency {
        stage: match found.stage {
            jobs::Stage::Waiting => Stage::Waiting,
            jobs::Stage::Running => Stage::Running,
            jobs::Stage::Ended => Stage::Ended,
        },
        missing: found.missing.map(|missing| match missing {
            jobs::Missing::NotStarted => Missing::NotStarted,
            jobs::Missing::NotKept => Missing::NotKept,
            jobs::Missing::NotYet => Missing::NotYet,
            jobs::Missing::NotMeasured => Missing::NotMeasured,
            jobs::Missing::OwnerOnly => Missing::OwnerOnly,
            jobs::Missing::NoSstat => Missing::NoSstat,
            jobs::Missing::Unreachable => Missing::Unreachable,
        }),
        figures,
        parts: found.parts.map(|parts| Parts {
            count: parts.count,
            cpu: parts.cpu.to_vec(),
            memory: parts.memory.to_vec(),
        }),
        wasted: found.wasted.into(),
        suggestions: found.suggestions.into_iter().map(Suggestion::from).collect(),
        measured_at: found.measured_at,
    }))
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct AdviceQuery {
    /// `id` or `id@version`; runs of every version count.
    template: String,
}

#[derive(Serialize, ToSchema)]
struct Advice {
    /// Your own runs of the template that were looked at: at most the last 20 of half a year.
    runs: u64,
    suggestions: Vec<Suggestion>,
}

/// What your own runs of a template teach about the next.
#[utoipa::path(get, path = "/clusters/{cluster}/efficiency/advice", tag = "jobs",
    params(("cluster" = String, Path), AdviceQuery),
    responses((status = 200, body = Advice), (status = 404, body = ProblemDocument)))]
async fn advice(
    State(app): State<App>,
    actor: Actor,
    PathOf(cluster): PathOf<String>,
    QueryOf(query): QueryOf<AdviceQuery>,
) -> Result<Json<Advice>, Problem> {
    let cluster = find_cluster(&app, &cluster)?;
    let jobs::Advice { runs, suggestions } = jobs::advice(&app, &actor, &cluster, &query.template).await?;
    Ok(Json(Advice { runs: runs as u64, suggestions: suggestions.into_iter().map(Suggestion::from).collect() }))
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct WasteQuery {
    /// Of jobs that ended in so many days; 30 unless told, at most 365.
    days: Option<u32>,
}

impl WasteQuery {
    fn days(&self) -> u32 {
        self.days.unwrap_or(30).clamp(1, MOST_DAYS)
    }
}

#[derive(Serialize, ToSchema)]
struct Waste {
    days: u32,
    #[serde(flatten)]
    sums: WasteSums,
    /// Those that wasted most.
    worst: Vec<WastefulJob>,
}

#[derive(Serialize, ToSchema)]
struct WasteSums {
    jobs: u64,
    cpu_hours_given: f64,
    wasted: Wasted,
}

#[derive(Serialize, ToSchema)]
struct WastefulJob {
    id: Uuid,
    job_id: Option<String>,
    name: String,
    user: String,
    ended_at: Option<DateTime<Utc>>,
    wasted: Wasted,
}

impl From<jobs::WastefulJob> for WastefulJob {
    fn from(jobs::WastefulJob { job, wasted }: jobs::WastefulJob) -> WastefulJob {
        WastefulJob {
            id: job.id,
            job_id: job.job_id.map(|number| number.to_string()),
            name: job.name,
            user: job.user,
            ended_at: job.ended_at,
            wasted: wasted.into(),
        }
    }
}

impl From<jobs::Waste> for WasteSums {
    fn from(waste: jobs::Waste) -> WasteSums {
        WasteSums {
            jobs: waste.jobs,
            cpu_hours_given: waste.cpu_seconds_given as f64 / 3600.0,
            wasted: waste.wasted.into(),
        }
    }
}

/// What your own jobs were given and did not use.
#[utoipa::path(get, path = "/clusters/{cluster}/efficiency", tag = "jobs",
    params(("cluster" = String, Path), WasteQuery),
    responses((status = 200, body = Waste), (status = 404, body = ProblemDocument)))]
async fn own_waste(
    State(app): State<App>,
    actor: Actor,
    PathOf(cluster): PathOf<String>,
    QueryOf(query): QueryOf<WasteQuery>,
) -> Result<Json<Waste>, Problem> {
    let cluster = find_cluster(&app, &cluster)?;
    let (waste, worst) = jobs::own_waste(&app, &actor, &cluster, query.days(), MOST).await?;
    let worst = worst.into_iter().map(WastefulJob::from).collect();
    Ok(Json(Waste { days: query.days(), sums: waste.into(), worst }))
}

#[derive(Serialize, ToSchema)]
struct WasteOfAll {
    days: u32,
    /// Those who wasted most.
    users: Vec<WasteOfUser>,
    /// The jobs that did.
    worst: Vec<WastefulJob>,
}

#[derive(Serialize, ToSchema)]
struct WasteOfUser {
    user: String,
    #[serde(flatten)]
    sums: WasteSums,
}

/// Whose jobs did not use what they were given. For operators.
#[utoipa::path(get, path = "/clusters/{cluster}/efficiency/users", tag = "jobs",
    params(("cluster" = String, Path), WasteQuery),
    responses((status = 200, body = WasteOfAll), (status = 403, body = ProblemDocument)))]
async fn waste_of_all(
    State(app): State<App>,
    PathOf(cluster): PathOf<String>,
    QueryOf(query): QueryOf<WasteQuery>,
) -> Result<Json<WasteOfAll>, Problem> {
    let cluster = find_cluster(&app, &cluster)?;
    let (users, worst) = jobs::waste_of_all(&app, &cluster, query.days(), MOST).await?;
    let users = users.into_iter().map(|of| WasteOfUser { user: of.user, sums: of.waste.into() });
    let worst = worst.into_iter().map(WastefulJob::from).collect();
    Ok(Json(WasteOfAll { days: query.days(), users: users.collect(), worst }))
}
