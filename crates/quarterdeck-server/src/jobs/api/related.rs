//! Routes of what belongs to a job: its steps, what it waits for and what waits for it.

use axum::Json;
use axum::extract::State;
use chrono::{DateTime, Utc};
use quarterdeck_slurm as slurm;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use crate::access::Actor;
use crate::app::App;
use crate::clusters::api::{FreshPage, find_cluster};
use crate::jobs;
use crate::problem::{Problem, ProblemDocument};
use crate::requests::PathOf;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(steps)).routes(routes!(dependencies))
}

/// Something that a job ran within its resources.
#[derive(Serialize, ToSchema)]
struct Step {
    /// `batch`: the script; a number: an `srun`; in a heterogeneous job `+1.0`.
    #[schema(example = "0")]
    step: String,
    name: String,
    #[schema(example = "COMPLETED")]
    state: String,
    exit_code: Option<i32>,
    signal: Option<i32>,
    started_at: Option<DateTime<Utc>>,
    ended_at: Option<DateTime<Utc>>,
    nodes: u32,
    node_list: Option<String>,
    tasks: u32,
    cpus: u32,
    memory_mib: Option<u64>,
    gpus: u32,
}

impl From<slurm::Step> for Step {
    fn from(step: slurm::Step) -> Step {
        Step {
            step: step.step,
            name: step.name,
            state: step.state.as_str().to_owned(),
            exit_code: step.exit_code,
            signal: step.signal,
            started_at: step.started_at,
            ended_at: step.ended_at,
            nodes: step.nodes,
            node_list: step.node_list,
            tasks: step.tasks,
            cpus: step.cpus,
            memory_mib: step.memory_mib,
            gpus: step.gpus,
        }
    }
}

/// What the job has run: its script, and each `srun`.
#[utoipa::path(get, path = "/clusters/{cluster}/jobs/{job}/steps", tag = "jobs",
    params(("cluster" = String, Path), ("job" = String, Path)),
    responses((status = 200, body = FreshPage<Step>), (status = 404, body = ProblemDocument)))]
async fn steps(
    State(app): State<App>,
    actor: Actor,
    PathOf((cluster, job)): PathOf<(String, String)>,
) -> Result<Json<FreshPage<Step>>, Problem> {
    let cluster = find_cluster(&app, &cluster)?;
    let (steps, freshness) = jobs::steps(&app, &actor, &cluster, &job).await?;
    Ok(Json(FreshPage::new(steps.into_iter().map(Step::from).collect(), None, None, &freshness)))
}

#[derive(Serialize, ToSchema)]
struct JobDependencies {
    /// What it waits for, or waited for.
    before: Vec<JobDependency>,
    /// What waits for it.
    after: Vec<JobDependency>,
}

#[derive(Serialize, ToSchema)]
struct JobDependency {
    /// Slurm's word.
    #[serde(rename = "type")]
    #[schema(rename = "type", example = "afterok")]
    kind: String,
    /// The number that is waited for: `5`, `5_1`, or `5_*` for a whole array.
    on: String,
    standing: DependencyStanding,
    /// The job at the other end; null where it is not known, or not yours to see.
    job: Option<LinkedJob>,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum DependencyStanding {
    Waiting,
    Fulfilled,
    /// The job that is waited for ended so that this can no longer come true.
    Never,
    Unknown,
}

#[derive(Serialize, ToSchema)]
struct LinkedJob {
    id: Uuid,
    job_id: Option<String>,
    name: String,
    #[schema(example = "RUNNING")]
    state: String,
}

impl From<jobs::Link> for JobDependency {
    fn from(link: jobs::Link) -> JobDependency {
        JobDependency {
            kind: link.kind,
            on: link.on,
            standing: match link.standing {
                jobs::Standing::Waiting => DependencyStanding::Waiting,
                jobs::Standing::Fulfilled => DependencyStanding::Fulfilled,
                jobs::Standing::Never => DependencyStanding::Never,
                jobs::Standing::Unknown => DependencyStanding::Unknown,
            },
            job: link.job.map(|job| LinkedJob {
                id: job.id,
                job_id: job.job_id.map(|id| id.to_string()),
                name: job.name,
                state: job.state.as_str().to_owned(),
            }),
        }
    }
}

/// The jobs that this one waits for, and those that wait for it.
#[utoipa::path(get, path = "/clusters/{cluster}/jobs/{job}/dependencies", tag = "jobs",
    params(("cluster" = String, Path), ("job" = String, Path)),
    responses((status = 200, body = JobDependencies), (status = 404, body = ProblemDocument)))]
async fn dependencies(
    State(app): State<App>,
    actor: Actor,
    PathOf((cluster, job)): PathOf<(String, String)>,
) -> Result<Json<JobDependencies>, Problem> {
    let cluster = find_cluster(&app, &cluster)?;
    let jobs::Dependencies { before, after } = jobs::dependencies(&app, &actor, &cluster, &job).await?;
    Ok(Json(JobDependencies {
        before: before.into_iter().map(JobDependency::from).collect(),
        after: after.into_iter().map(JobDependency::from).collect(),
    }))
}
