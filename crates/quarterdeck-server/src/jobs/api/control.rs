//! Routes that do something with jobs.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use quarterdeck_types::control::{JobSignal, SignalTo};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{Job, created, idempotency_key};
use crate::access::Actor;
use crate::app::App;
use crate::clusters::api::find_cluster;
use crate::jobs::{self, Action, JobUpdate, NewJob, Offer};
use crate::problem::{FieldError, Problem, ProblemDocument};
use crate::requests::{JsonBody, OptionalJsonBody, PathOf, to_the_end};

/// Jobs that one request may name.
const MOST_JOBS: usize = 500;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(actions))
        .routes(routes!(hold))
        .routes(routes!(release))
        .routes(routes!(requeue))
        .routes(routes!(signal))
        .routes(routes!(resubmit))
        .routes(routes!(request))
}

/// Cancel a job.
#[utoipa::path(delete, path = "/clusters/{cluster}/jobs/{job}", tag = "jobs",
    params(("cluster" = String, Path), ("job" = String, Path)),
    responses((status = 202), (status = 403, body = ProblemDocument), (status = 409, body = ProblemDocument)))]
pub(super) async fn cancel(
    state: State<App>,
    actor: Actor,
    path: PathOf<(String, String)>,
) -> Result<StatusCode, Problem> {
    act(state, actor, path, Action::Cancel).await
}

/// Keep a waiting job from starting.
#[utoipa::path(post, path = "/clusters/{cluster}/jobs/{job}/hold", tag = "jobs",
    params(("cluster" = String, Path), ("job" = String, Path)),
    responses((status = 202), (status = 403, body = ProblemDocument), (status = 409, body = ProblemDocument)))]
async fn hold(state: State<App>, actor: Actor, path: PathOf<(String, String)>) -> Result<StatusCode, Problem> {
    act(state, actor, path, Action::Hold).await
}

/// Let a held job start.
#[utoipa::path(post, path = "/clusters/{cluster}/jobs/{job}/release", tag = "jobs",
    params(("cluster" = String, Path), ("job" = String, Path)),
    responses((status = 202), (status = 403, body = ProblemDocument), (status = 409, body = ProblemDocument)))]
async fn release(state: State<App>, actor: Actor, path: PathOf<(String, String)>) -> Result<StatusCode, Problem> {
    act(state, actor, path, Action::Release).await
}

/// Stop a running job and put it back into the queue.
#[utoipa::path(post, path = "/clusters/{cluster}/jobs/{job}/requeue", tag = "jobs",
    params(("cluster" = String, Path), ("job" = String, Path)),
    responses((status = 202), (status = 403, body = ProblemDocument), (status = 409, body = ProblemDocument)))]
async fn requeue(state: State<App>, actor: Actor, path: PathOf<(String, String)>) -> Result<StatusCode, Problem> {
    act(state, actor, path, Action::Requeue).await
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Signal {
    /// `HUP`, `INT`, `QUIT`, `USR1`, `USR2`, `TERM`, `KILL`, `STOP`, `CONT` or `TSTP`.
    #[schema(value_type = String, example = "USR1")]
    signal: JobSignal,
    /// `all` (default): the batch script, what it started, and the job's steps; `script`: its shell alone; `steps`: what
    /// `srun` started.
    #[serde(default)]
    #[schema(value_type = String, required = false, example = "all")]
    to: SignalTo,
}

/// Send a signal to a running job.
#[utoipa::path(post, path = "/clusters/{cluster}/jobs/{job}/signal", tag = "jobs",
    params(("cluster" = String, Path), ("job" = String, Path)), request_body = Signal,
    responses((status = 202), (status = 403, body = ProblemDocument), (status = 409, body = ProblemDocument),
        (status = 422, body = ProblemDocument)))]
async fn signal(
    state: State<App>,
    actor: Actor,
    path: PathOf<(String, String)>,
    JsonBody(Signal { signal, to }): JsonBody<Signal>,
) -> Result<StatusCode, Problem> {
    act(state, actor, path, Action::Signal { signal, to }).await
}

/// Change what may still be changed of a job.
#[utoipa::path(patch, path = "/clusters/{cluster}/jobs/{job}", tag = "jobs",
    params(("cluster" = String, Path), ("job" = String, Path)), request_body = JobUpdate,
    responses((status = 202), (status = 403, body = ProblemDocument), (status = 409, body = ProblemDocument),
        (status = 422, body = ProblemDocument)))]
pub(super) async fn update(
    State(app): State<App>,
    actor: Actor,
    PathOf((cluster, job)): PathOf<(String, String)>,
    JsonBody(body): JsonBody<JobUpdate>,
) -> Result<StatusCode, Problem> {
    let cluster = find_cluster(&app, &cluster)?;
    to_the_end(async move { Ok(jobs::update(&app, &actor, &cluster, &job, body).await?) }).await?;
    Ok(StatusCode::ACCEPTED)
}

/// What is different from the first time, in the shape of a submission; null takes away (RFC 7396).
#[derive(Default, Deserialize, ToSchema)]
#[schema(value_type = Object)]
struct Changes(Map<String, Value>);

/// Submit a job of your own again, with changes.
///
/// It is put together anew from what was asked for then: template and files have to be there still. Of an array's task,
/// that task runs again.
#[utoipa::path(post, path = "/clusters/{cluster}/jobs/{job}/resubmit", tag = "jobs",
    params(("cluster" = String, Path), ("job" = String, Path), ("Idempotency-Key" = Option<String>, Header)),
    request_body = Option<Changes>,
    responses((status = 201, body = Job, headers(("Location" = String))), (status = 403, body = ProblemDocument),
        (status = 409, body = ProblemDocument), (status = 422, body = ProblemDocument),
        (status = 504, body = ProblemDocument)))]
async fn resubmit(
    State(app): State<App>,
    actor: Actor,
    PathOf((cluster, job)): PathOf<(String, String)>,
    headers: HeaderMap,
    OptionalJsonBody(Changes(changes)): OptionalJsonBody<Changes>,
) -> Result<Response, Problem> {
    let cluster = find_cluster(&app, &cluster)?;
    let key = idempotency_key(&headers)?;
    let acting = actor.clone();
    let work = async move { Ok(jobs::resubmit(&app, &acting, &cluster, &job, changes, key).await?) };
    created(&actor, &to_the_end(work).await?)
}

/// What was asked for when a job of your own was submitted here.
///
/// It is what `resubmit` lays changes over: of an array's task, that task alone.
#[utoipa::path(get, path = "/clusters/{cluster}/jobs/{job}/request", tag = "jobs",
    params(("cluster" = String, Path), ("job" = String, Path)),
    responses((status = 200, body = NewJob), (status = 403, body = ProblemDocument),
        (status = 404, body = ProblemDocument), (status = 409, body = ProblemDocument)))]
async fn request(
    State(app): State<App>,
    actor: Actor,
    PathOf((cluster, job)): PathOf<(String, String)>,
) -> Result<Json<NewJob>, Problem> {
    let cluster = find_cluster(&app, &cluster)?;
    Ok(Json(jobs::asked_for(&app, &actor, &cluster, &job).await?))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct JobActions {
    action: ManyAction,
    /// Our ids or the scheduler's.
    #[schema(max_items = 500)]
    jobs: Vec<String>,
}

#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum ManyAction {
    Cancel,
    Hold,
    Release,
    Requeue,
}

#[derive(Serialize, ToSchema)]
struct JobResults {
    /// In the order asked.
    items: Vec<JobResult>,
}

#[derive(Serialize, ToSchema)]
struct JobResult {
    job: String,
    ok: bool,
    /// Why not.
    problem: Option<ProblemDocument>,
}

/// Do the same with several jobs.
#[utoipa::path(post, path = "/clusters/{cluster}/jobs/actions", tag = "jobs", params(("cluster" = String, Path)),
    request_body = JobActions, responses((status = 200, body = JobResults), (status = 404, body = ProblemDocument),
        (status = 422, body = ProblemDocument)))]
async fn actions(
    State(app): State<App>,
    actor: Actor,
    PathOf(cluster): PathOf<String>,
    JsonBody(body): JsonBody<JobActions>,
) -> Result<Json<JobResults>, Problem> {
    let cluster = find_cluster(&app, &cluster)?;
    if body.jobs.len() > MOST_JOBS {
        let error = FieldError::new("/jobs", "too-many", "Name at most 500 jobs at a time.");
        return Err(Problem::invalid(vec![error.with("limit", MOST_JOBS)]));
    }
    let action = match body.action {
        ManyAction::Cancel => Action::Cancel,
        ManyAction::Hold => Action::Hold,
        ManyAction::Release => Action::Release,
        ManyAction::Requeue => Action::Requeue,
    };
    let request_id = actor.request_id.clone();
    let work = async move { Ok(jobs::act_on_many(&app, &actor, &cluster, body.jobs, &action).await) };
    let item = |(job, result): (String, Result<(), jobs::Error>)| JobResult {
        job,
        ok: result.is_ok(),
        problem: result.err().map(|error| Problem::from(error).document(&request_id)),
    };
    Ok(Json(JobResults { items: to_the_end(work).await?.into_iter().map(item).collect() }))
}

async fn act(
    State(app): State<App>,
    actor: Actor,
    PathOf((cluster, job)): PathOf<(String, String)>,
    action: Action,
) -> Result<StatusCode, Problem> {
    let cluster = find_cluster(&app, &cluster)?;
    to_the_end(async move { Ok(jobs::act(&app, &actor, &cluster, &job, &action).await?) }).await?;
    Ok(StatusCode::ACCEPTED)
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum JobAction {
    Cancel,
    Hold,
    Release,
    Requeue,
    Signal,
    Update,
    Resubmit,
}

impl From<Offer> for JobAction {
    fn from(offer: Offer) -> JobAction {
        match offer {
            Offer::Cancel => JobAction::Cancel,
            Offer::Hold => JobAction::Hold,
            Offer::Release => JobAction::Release,
            Offer::Requeue => JobAction::Requeue,
            Offer::Signal => JobAction::Signal,
            Offer::Update => JobAction::Update,
            Offer::Resubmit => JobAction::Resubmit,
        }
    }
}
