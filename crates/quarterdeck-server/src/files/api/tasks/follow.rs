//! Routes that tell how far tasks are and what they found, and that end them.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::super::{FileEntry, view_at};
use super::view::{FileTask, view};
use crate::access::Actor;
use crate::app::App;
use crate::files::tasks;
use crate::problem::{FieldError, Problem, ProblemDocument};
use crate::requests::{Page, PathOf, QueryOf, limit};

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list_tasks)).routes(routes!(task, cancel_task)).routes(routes!(found))
}

/// My tasks that are under way, and the last that ended, the newest first.
#[utoipa::path(get, path = "/files/tasks", tag = "files",
    responses((status = 200, body = Page<FileTask>), (status = 403, body = ProblemDocument)))]
async fn list_tasks(State(app): State<App>, actor: Actor) -> Result<Json<Page<FileTask>>, Problem> {
    let tasks = tasks::list(&app, &actor).await?;
    Ok(Json(Page::whole(tasks.into_iter().map(|status| view(status, &actor)).collect())))
}

/// How far a task of mine is.
#[utoipa::path(get, path = "/files/tasks/{id}", tag = "files", params(("id" = Uuid, Path)),
    responses((status = 200, body = FileTask), (status = 404, body = ProblemDocument)))]
async fn task(State(app): State<App>, actor: Actor, PathOf(id): PathOf<Uuid>) -> Result<Json<FileTask>, Problem> {
    Ok(Json(view(tasks::status(&app, &actor, id).await?, &actor)))
}

/// Cancel a task: what it was making is removed. One that has ended is not listed any more.
#[utoipa::path(delete, path = "/files/tasks/{id}", tag = "files", params(("id" = Uuid, Path)),
    responses((status = 204), (status = 404, body = ProblemDocument)))]
async fn cancel_task(State(app): State<App>, actor: Actor, PathOf(id): PathOf<Uuid>) -> Result<StatusCode, Problem> {
    tasks::cancel(&app, &actor, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Paging {
    limit: Option<u64>,
    cursor: Option<String>,
}

/// One page of what a search has found by now, in the order in which it did.
///
/// While the search goes on, the last page has a cursor too: what is found after it comes there.
#[utoipa::path(get, path = "/files/tasks/{id}/found", tag = "files", params(("id" = Uuid, Path), Paging),
    responses((status = 200, body = Page<FileEntry>), (status = 404, body = ProblemDocument)))]
async fn found(
    State(app): State<App>,
    actor: Actor,
    PathOf(id): PathOf<Uuid>,
    QueryOf(paging): QueryOf<Paging>,
) -> Result<Json<Page<FileEntry>>, Problem> {
    let from: u32 = match &paging.cursor {
        None => 0,
        Some(cursor) => cursor.parse().map_err(|_| {
            let detail = "Send a cursor as it came.".to_owned();
            Problem::invalid(vec![FieldError::new("/cursor", "bad-cursor", detail)])
        })?,
    };
    // Asked first: what is found between the two questions is on the next page.
    let is_running = tasks::status(&app, &actor, id).await?.ended_us.is_none();
    let (found, more) = tasks::found(&app, &actor, id, from, limit(paging.limit)).await?;
    let next = u64::from(from) + found.len() as u64;
    let next_cursor = (more || is_running).then(|| next.to_string());
    let items = found.into_iter().map(|found| view_at(found.entry, &found.path)).collect();
    Ok(Json(Page { items, next_cursor, total: None }))
}
