//! Routes of jobs.

mod control;
mod efficiency;
mod help;
mod related;
mod sweep;

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use quarterdeck_types::JobState;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use crate::access::Actor;
use crate::app::App;
use crate::clusters::Cluster;
use crate::clusters::api::{Age, FreshPage, find_cluster};
use crate::jobs::{self, Filter, NewJob, Stream, Wanted};
use crate::problem::{FieldError, Problem, ProblemDocument};
use crate::ranges;
use crate::requests::{JsonBody, PathOf, QueryOf, limit, to_the_end};
use control::JobAction;

const LONGEST_KEY: usize = 200;

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list, submit))
        .routes(routes!(preview))
        .routes(routes!(detail, control::cancel, control::update))
        .routes(routes!(output))
        .routes(routes!(directory))
        .routes(routes!(why))
        .merge(related::routes())
        .routes(routes!(help::help))
        .merge(efficiency::routes())
        .merge(control::routes())
        .merge(sweep::routes())
}

/// A job, in the queue or over.
#[derive(Serialize, ToSchema)]
pub(crate) struct Job {
    id: Uuid,
    cluster: String,
    /// The scheduler's: `5`, `5_1`, `5+1`; null until it has given one.
    job_id: Option<String>,
    name: String,
    user: String,
    account: Option<String>,
    partition: Option<String>,
    qos: Option<String>,
    /// Slurm's word, or SUBMITTING, NOT_SUBMITTED, OUTCOME_UNKNOWN.
    #[schema(example = "RUNNING")]
    state: String,
    /// Slurm's word for why it waits or ended.
    reason: Option<String>,
    /// Why the submission was refused, or is not known.
    message: Option<String>,
    exit_code: Option<i32>,
    signal: Option<i32>,
    submitted_at: DateTime<Utc>,
    started_at: Option<DateTime<Utc>>,
    ended_at: Option<DateTime<Utc>>,
    /// Null: unlimited.
    time_limit_minutes: Option<u32>,
    node_list: Option<String>,
    nodes: u32,
    cpus: u32,
    memory_mib: Option<u64>,
    gpus: u32,
    /// `id@version`.
    template: Option<String>,
    /// Which of the template's versions it was, exactly: the SHA-256 of its text. Null also where the job is another's.
    template_hash: Option<String>,
    image: Option<String>,
    working_directory: Option<String>,
    mine: bool,
    /// Of an array or a heterogeneous job, in its detail, in a list with `collapse`, and live: how many parts are in which state.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false, example = json!({"COMPLETED": 47, "FAILED": 3}))]
    parts: Option<BTreeMap<&'static str, u64>>,
}

impl Job {
    pub(crate) fn seen_by(actor: &Actor, job: &jobs::Job) -> Job {
        let mine = jobs::is_mine(actor, job);
        Job {
            id: job.id,
            cluster: job.cluster.clone(),
            job_id: job.job_id.as_ref().map(ToString::to_string),
            name: job.name.clone(),
            user: job.user.clone(),
            account: job.account.clone(),
            partition: job.partition.clone(),
            qos: job.qos.clone(),
            state: job.state.to_string(),
            reason: job.reason.clone(),
            message: job.message.clone().filter(|_| mine),
            exit_code: job.exit_code,
            signal: job.signal,
            submitted_at: job.submitted_at,
            started_at: job.started_at,
            ended_at: job.ended_at,
            time_limit_minutes: job.time_limit_minutes,
            node_list: job.node_list.clone(),
            nodes: job.nodes,
            cpus: job.cpus,
            memory_mib: job.memory_mib,
            gpus: job.gpus,
            template: match &job.template {
                Some(template) if template.starts_with(jobs::OWN_TEMPLATE) => {
                    mine.then(|| template.trim_start_matches(jobs::OWN_TEMPLATE).to_owned())
                }
                shared => shared.clone(),
            },
            template_hash: job.template_hash.clone().filter(|_| mine),
            image: job.image.clone(),
            working_directory: job.working_directory.clone().filter(|_| mine),
            mine,
            parts: (!job.parts.is_empty())
                .then(|| job.parts.iter().map(|(state, count)| (state.as_str(), *count)).collect()),
        }
    }
}

#[derive(Serialize, ToSchema)]
struct JobDetail {
    #[serde(flatten)]
    job: Job,
    /// For the owner's eyes, like the paths.
    script: Option<String>,
    output_path: Option<String>,
    error_path: Option<String>,
    comment: Option<String>,
    files: Vec<JobFile>,
    /// Whether it has a table: see `/sweep`.
    sweep: bool,
    /// What you may do with it now.
    actions: Vec<JobAction>,
    #[serde(flatten)]
    age: Age,
}

#[derive(Serialize, ToSchema)]
struct JobFile {
    name: String,
    kind: String,
    /// The environment variable that holds its path.
    variable: String,
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Query {
    /// A Unix user, or `me`.
    user: Option<String>,
    /// One or several, separated by commas: `PENDING,RUNNING`.
    state: Option<String>,
    partition: Option<String>,
    account: Option<String>,
    /// Part of the name, or the beginning of the job id.
    q: Option<String>,
    since: Option<DateTime<Utc>>,
    /// Only the tasks of this array, or the components of this heterogeneous job: our id or the scheduler's.
    array: Option<String>,
    /// An array or a heterogeneous job as one row, without its parts.
    collapse: Option<bool>,
    /// `-submitted_at` (default) or `submitted_at`.
    sort: Option<String>,
    limit: Option<u64>,
    cursor: Option<String>,
    count: Option<bool>,
}

/// Jobs in the queue and those that are over, the newest first.
#[utoipa::path(get, path = "/clusters/{cluster}/jobs", tag = "jobs", params(("cluster" = String, Path), Query),
    responses((status = 200, body = FreshPage<Job>), (status = 404, body = ProblemDocument)))]
async fn list(
    State(app): State<App>,
    actor: Actor,
    PathOf(cluster): PathOf<String>,
    QueryOf(query): QueryOf<Query>,
) -> Result<Json<FreshPage<Job>>, Problem> {
    let cluster = find_cluster(&app, &cluster)?;
    let wrong =
        |pointer: &str, code: &str, detail: String| Problem::invalid(vec![FieldError::new(pointer, code, detail)]);
    let ascending = match query.sort.as_deref() {
        None | Some("-submitted_at") => false,
        Some("submitted_at") => true,
        Some(_) => return Err(wrong("/sort", "not-sortable", "Sort by submitted_at or -submitted_at.".to_owned())),
    };
    let mut states = Vec::new();
    for word in query.state.iter().flat_map(|list| list.split(',')).filter(|word| !word.is_empty()) {
        let state = JobState::parse(word);
        states.push(state.ok_or_else(|| wrong("/state", "no-such-state", format!("\"{word}\" is not a job state.")))?);
    }
    let user = match query.user {
        // Someone without a Unix user has no jobs.
        Some(me) if me == "me" => Some(actor.unix_user.clone().unwrap_or_default()),
        other => other,
    };
    let filter = Filter {
        user,
        states,
        partition: query.partition,
        account: query.account,
        text: query.q,
        since: query.since,
        array: query.array,
        collapse: query.collapse.unwrap_or(false),
    };
    let wanted = Wanted {
        cursor: query.cursor.as_deref(),
        ascending,
        limit: limit(query.limit),
        count: query.count.unwrap_or(false),
    };
    let page = jobs::list(&app, &actor, &cluster, filter, wanted).await?;
    let items = page.items.iter().map(|job| Job::seen_by(&actor, job)).collect();
    Ok(Json(FreshPage::new(items, page.next_cursor, page.total, &cluster.view().jobs)))
}

/// Submit a job.
#[utoipa::path(post, path = "/clusters/{cluster}/jobs", tag = "jobs",
    params(("cluster" = String, Path), ("Idempotency-Key" = Option<String>, Header)), request_body = NewJob,
    responses((status = 201, body = Job, headers(("Location" = String))), (status = 409, body = ProblemDocument),
        (status = 422, body = ProblemDocument), (status = 504, body = ProblemDocument)))]
async fn submit(
    State(app): State<App>,
    actor: Actor,
    PathOf(cluster): PathOf<String>,
    headers: HeaderMap,
    JsonBody(new): JsonBody<NewJob>,
) -> Result<Response, Problem> {
    let cluster = find_cluster(&app, &cluster)?;
    let key = idempotency_key(&headers)?;
    let acting = actor.clone();
    let job = to_the_end(async move { Ok(jobs::submit(&app, &acting, &cluster, new, key).await?) }).await?;
    created(&actor, &job)
}

fn created(actor: &Actor, job: &jobs::Job) -> Result<Response, Problem> {
    let location = format!("/api/v1/clusters/{}/jobs/{}", job.cluster, job.id);
    let location = HeaderValue::from_str(&location).map_err(Problem::internal)?;
    Ok((StatusCode::CREATED, [(header::LOCATION, location)], Json(Job::seen_by(actor, job))).into_response())
}

#[derive(Serialize, ToSchema)]
struct Preview {
    script: String,
    /// What will be otherwise than the script says (`ignored-directive`), what the scheduler says against it
    /// (`scheduler-says`), and that the image is not the one that was signed (`image-signature-bad`).
    warnings: Vec<FieldError>,
    /// When Slurm thinks it would start.
    start_estimate: Option<DateTime<Utc>>,
}

/// The batch script that a submission would send.
#[utoipa::path(post, path = "/clusters/{cluster}/jobs/preview", tag = "jobs", params(("cluster" = String, Path)),
    request_body = NewJob, responses((status = 200, body = Preview), (status = 422, body = ProblemDocument)))]
async fn preview(
    State(app): State<App>,
    actor: Actor,
    PathOf(cluster): PathOf<String>,
    JsonBody(new): JsonBody<NewJob>,
) -> Result<Json<Preview>, Problem> {
    let cluster = find_cluster(&app, &cluster)?;
    let preview = jobs::preview(&app, &actor, &cluster, new).await?;
    let jobs::Preview { script, warnings, start_estimate } = preview;
    Ok(Json(Preview { script, warnings, start_estimate }))
}

/// One job, by our id or by the scheduler's.
#[utoipa::path(get, path = "/clusters/{cluster}/jobs/{job}", tag = "jobs",
    params(("cluster" = String, Path), ("job" = String, Path)),
    responses((status = 200, body = JobDetail), (status = 404, body = ProblemDocument)))]
async fn detail(
    State(app): State<App>,
    actor: Actor,
    PathOf((cluster, job)): PathOf<(String, String)>,
) -> Result<Json<JobDetail>, Problem> {
    let cluster = find_cluster(&app, &cluster)?;
    let job = jobs::detail(&app, &actor, &cluster, &job).await?;
    Ok(Json(view(&actor, &cluster, job)))
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct OutputQuery {
    #[serde(default)]
    #[param(inline)]
    stream: OutputStream,
    /// Only this many bytes, from the end.
    tail: Option<u64>,
}

#[derive(Clone, Copy, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum OutputStream {
    #[default]
    Stdout,
    Stderr,
}

/// What the job wrote. `Range` is honoured.
#[utoipa::path(get, path = "/clusters/{cluster}/jobs/{job}/output", tag = "jobs",
    params(("cluster" = String, Path), ("job" = String, Path), OutputQuery),
    responses((status = 200, content_type = "application/octet-stream", headers(("X-Output-Size" = u64))),
        (status = 206, content_type = "application/octet-stream"), (status = 403, body = ProblemDocument),
        (status = 404, body = ProblemDocument), (status = 416, body = ProblemDocument)))]
async fn output(
    State(app): State<App>,
    actor: Actor,
    PathOf((cluster, job)): PathOf<(String, String)>,
    QueryOf(query): QueryOf<OutputQuery>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let cluster = find_cluster(&app, &cluster)?;
    let file = jobs::output(&app, &actor, &cluster, &job, query.stream.into()).await?;
    let size = file.entry().size;
    let mut response = match query.tail {
        Some(tail) => ranges::from(file, size.saturating_sub(tail)),
        None => ranges::answer(file, &headers)?,
    };
    response.headers_mut().insert(HeaderName::from_static("x-output-size"), HeaderValue::from(size));
    Ok(response)
}

/// A directory of mine.
#[derive(Serialize, ToSchema)]
struct Directory {
    space: String,
    /// Beneath the space, as `/files/{space}` takes it; empty: the space itself.
    path: String,
}

/// Where the job worked, as a space and a path in it.
#[utoipa::path(get, path = "/clusters/{cluster}/jobs/{job}/directory", tag = "jobs",
    params(("cluster" = String, Path), ("job" = String, Path)),
    responses((status = 200, body = Directory), (status = 403, body = ProblemDocument),
        (status = 404, body = ProblemDocument)))]
async fn directory(
    State(app): State<App>,
    actor: Actor,
    PathOf((cluster, job)): PathOf<(String, String)>,
) -> Result<Json<Directory>, Problem> {
    let cluster = find_cluster(&app, &cluster)?;
    let (space, path) = jobs::directory(&app, &actor, &cluster, &job).await?;
    Ok(Json(Directory { space: space.to_string(), path: path.to_string() }))
}

#[derive(Serialize, ToSchema)]
struct Why {
    /// The most telling first; none where all is well.
    items: Vec<Finding>,
    /// When the scheduler thinks that a waiting job will start.
    starts_at: Option<DateTime<Utc>>,
    #[serde(flatten)]
    age: Age,
}

#[derive(Serialize, ToSchema)]
struct Finding {
    /// Stable word for translation.
    #[schema(example = "command-not-found")]
    code: String,
    /// Numbers, times (`…_at`), and words of Slurm's, the system's and the job's.
    #[schema(value_type = Object)]
    params: serde_json::Map<String, serde_json::Value>,
    /// For the owner's eyes.
    line: Option<OutputLine>,
}

/// A line of the job's output, cut.
#[derive(Serialize, ToSchema)]
struct OutputLine {
    text: String,
    /// 1 is the last line.
    from_end: u32,
    #[schema(inline)]
    stream: OutputStream,
}

impl From<jobs::Finding> for Finding {
    fn from(finding: jobs::Finding) -> Finding {
        let line = finding.line.map(|line| OutputLine {
            text: line.text,
            from_end: line.from_end,
            stream: line.stream.into(),
        });
        Finding { code: finding.code.to_owned(), params: finding.params, line }
    }
}

/// Why the job waits, or failed.
#[utoipa::path(get, path = "/clusters/{cluster}/jobs/{job}/why", tag = "jobs",
    params(("cluster" = String, Path), ("job" = String, Path)),
    responses((status = 200, body = Why), (status = 404, body = ProblemDocument)))]
async fn why(
    State(app): State<App>,
    actor: Actor,
    PathOf((cluster, job)): PathOf<(String, String)>,
) -> Result<Json<Why>, Problem> {
    let cluster = find_cluster(&app, &cluster)?;
    let why = jobs::why(&app, &actor, &cluster, &job).await?;
    Ok(Json(Why {
        items: why.findings.into_iter().map(Finding::from).collect(),
        starts_at: why.starts_at,
        age: Age::from(&why.freshness),
    }))
}

impl From<Stream> for OutputStream {
    fn from(stream: Stream) -> OutputStream {
        match stream {
            Stream::Stdout => OutputStream::Stdout,
            Stream::Stderr => OutputStream::Stderr,
        }
    }
}

impl From<OutputStream> for Stream {
    fn from(stream: OutputStream) -> Stream {
        match stream {
            OutputStream::Stdout => Stream::Stdout,
            OutputStream::Stderr => Stream::Stderr,
        }
    }
}

fn view(actor: &Actor, cluster: &Cluster, job: jobs::Job) -> JobDetail {
    let mine = jobs::is_mine(actor, &job);
    let freshness = cluster.view().jobs;
    let files = if mine { job.files.clone() } else { Vec::new() };
    JobDetail {
        actions: jobs::offers(actor, cluster, &job).into_iter().map(JobAction::from).collect(),
        script: job.script.clone().filter(|_| mine),
        output_path: job.output_path.clone().filter(|_| mine),
        error_path: job.error_path.clone().filter(|_| mine),
        comment: job.comment.clone().filter(|_| mine),
        files: files.into_iter().map(|f| JobFile { name: f.name, kind: f.kind, variable: f.variable }).collect(),
        sweep: mine && job.rows_directory.is_some(),
        job: Job::seen_by(actor, &job),
        age: Age::from(&freshness),
    }
}

fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let Some(value) = headers.get("idempotency-key") else { return Ok(None) };
    match value.to_str() {
        Ok(key) if !key.is_empty() && key.len() <= LONGEST_KEY => Ok(Some(key.to_owned())),
        _ => Err(Problem::unreadable(format!("Idempotency-Key has 1 to {LONGEST_KEY} visible characters."))),
    }
}
