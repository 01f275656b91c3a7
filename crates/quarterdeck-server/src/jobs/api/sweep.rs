//! Routes of sweeps: the table of a sweep's tasks.

use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Job;
use crate::access::Actor;
use crate::app::App;
use crate::clusters::api::find_cluster;
use crate::jobs::{self, sweep};
use crate::problem::{Problem, ProblemDocument};
use crate::requests::{PathOf, QueryOf};

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(table)).routes(routes!(export)).routes(routes!(values))
}

#[derive(Serialize, ToSchema)]
struct SweepTable {
    /// The columns, in their order.
    parameters: Vec<String>,
    rows: Vec<SweepRow>,
}

#[derive(Serialize, ToSchema)]
struct SweepRow {
    /// Of the task, counted from 1.
    number: u32,
    /// By column; what is left out has the job's own value.
    #[schema(value_type = Object)]
    values: Map<String, Value>,
    /// Null where it cannot be told.
    #[schema(example = "RUNNING")]
    state: Option<String>,
    /// Null: the scheduler told nothing of this task by itself, as of tasks that have not started.
    job: Option<Job>,
}

/// The rows of a sweep of your own, each with its task; of one of its tasks, that row.
#[utoipa::path(get, path = "/clusters/{cluster}/jobs/{job}/sweep", tag = "jobs",
    params(("cluster" = String, Path), ("job" = String, Path)),
    responses((status = 200, body = SweepTable), (status = 403, body = ProblemDocument),
        (status = 404, body = ProblemDocument)))]
async fn table(
    State(app): State<App>,
    actor: Actor,
    PathOf((cluster, job)): PathOf<(String, String)>,
) -> Result<Json<SweepTable>, Problem> {
    let cluster = find_cluster(&app, &cluster)?;
    let jobs::SweepTable { parameters, rows } = jobs::sweep(&app, &actor, &cluster, &job).await?;
    let row = |row: jobs::SweepRow| SweepRow {
        number: row.number,
        values: row.values,
        state: row.state.map(|state| state.to_string()),
        job: row.job.as_ref().map(|job| Job::seen_by(&actor, job)),
    };
    Ok(Json(SweepTable { parameters, rows: rows.into_iter().map(row).collect() }))
}

/// The same for a spreadsheet.
///
/// A text that a spreadsheet would compute begins with an apostrophe.
#[utoipa::path(get, path = "/clusters/{cluster}/jobs/{job}/sweep/export", tag = "jobs",
    params(("cluster" = String, Path), ("job" = String, Path)),
    responses((status = 200, content_type = "text/csv"), (status = 403, body = ProblemDocument),
        (status = 404, body = ProblemDocument)))]
async fn export(
    State(app): State<App>,
    actor: Actor,
    PathOf((cluster, job)): PathOf<(String, String)>,
) -> Result<Response, Problem> {
    let cluster = find_cluster(&app, &cluster)?;
    let table = jobs::sweep(&app, &actor, &cluster, &job).await?;
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8; header=present"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"sweep.csv\""),
    ];
    Ok((headers, sweep::csv(&table)).into_response())
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct ValuesQuery {
    /// A file in each task's own directory; unset: its standard output.
    file: Option<String>,
    #[serde(default)]
    #[param(inline)]
    line: Line,
    /// The first task, counted from 1: a hundred are answered at a time.
    from: Option<u32>,
}

#[derive(Clone, Copy, Default, PartialEq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Line {
    First,
    #[default]
    Last,
}

#[derive(Serialize, ToSchema)]
struct SweepValues {
    items: Vec<SweepValue>,
}

#[derive(Serialize, ToSchema)]
struct SweepValue {
    /// Of the task.
    number: u32,
    /// Cut after 200 letters; null where there is no such line.
    text: Option<String>,
}

/// A line of what each task of a sweep of your own wrote.
///
/// Empty lines do not count. Tasks whose files are not read in time are left out.
#[utoipa::path(get, path = "/clusters/{cluster}/jobs/{job}/sweep/values", tag = "jobs",
    params(("cluster" = String, Path), ("job" = String, Path), ValuesQuery),
    responses((status = 200, body = SweepValues), (status = 403, body = ProblemDocument),
        (status = 404, body = ProblemDocument), (status = 422, body = ProblemDocument)))]
async fn values(
    State(app): State<App>,
    actor: Actor,
    PathOf((cluster, job)): PathOf<(String, String)>,
    QueryOf(query): QueryOf<ValuesQuery>,
) -> Result<Json<SweepValues>, Problem> {
    let cluster = find_cluster(&app, &cluster)?;
    let file = query.file.filter(|file| !file.is_empty());
    let wanted = sweep::Wanted { file, last: query.line == Line::Last, from: query.from.unwrap_or(1) };
    let values = sweep::values(&app, &actor, &cluster, &job, &wanted).await?;
    let item = |(number, text): (u32, Option<String>)| SweepValue { number, text };
    Ok(Json(SweepValues { items: values.into_iter().map(item).collect() }))
}
