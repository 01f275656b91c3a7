//! Routes of the trash.

use axum::Json;
use axum::extract::State;
use chrono::{DateTime, Utc};
use quarterdeck_types::agent::TrashItem;
use quarterdeck_types::{FileName, place};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{FileEntryKind, after, bad_path, kind_of, space_named};
use crate::access::Actor;
use crate::app::App;
use crate::db::from_us;
use crate::files::change;
use crate::problem::{Problem, ProblemDocument};
use crate::requests::{Page, PathOf, QueryOf, limit, to_the_end};

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(trash)).routes(routes!(restore))
}

/// What was deleted and can be taken back.
#[derive(Serialize, ToSchema)]
pub(super) struct TrashEntry {
    /// To be sent back as it is.
    id: String,
    /// For display: the name it has in the trash.
    name: String,
    /// The absolute path it had; null: nothing says it any more, and it cannot be restored.
    #[schema(required)]
    was_at: Option<String>,
    #[schema(required)]
    deleted_at: Option<DateTime<Utc>>,
    kind: FileEntryKind,
    /// Bytes.
    size: u64,
}

pub(super) fn trashed(item: TrashItem) -> TrashEntry {
    TrashEntry {
        id: item.entry.path_name,
        name: item.entry.name,
        was_at: item.was_at.as_deref().map(place::plain),
        deleted_at: item.deleted_us.map(from_us),
        kind: kind_of(item.entry.kind),
        size: item.entry.size,
    }
}

/// Where a restored item is now.
#[derive(Serialize, ToSchema)]
struct Restored {
    space: String,
    /// Beneath the space.
    path: String,
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Paging {
    limit: Option<u64>,
    cursor: Option<String>,
}

/// One page of a space's trash, ordered by name.
#[utoipa::path(get, path = "/files/{space}/trash", tag = "files", params(("space" = String, Path), Paging),
    responses((status = 200, body = Page<TrashEntry>), (status = 403, body = ProblemDocument),
        (status = 404, body = ProblemDocument), (status = 409, body = ProblemDocument)))]
async fn trash(
    State(app): State<App>,
    actor: Actor,
    PathOf(space): PathOf<String>,
    QueryOf(paging): QueryOf<Paging>,
) -> Result<Json<Page<TrashEntry>>, Problem> {
    let after = after(paging.cursor.as_deref())?;
    let (items, more) = change::trash(&app, &actor, space_named(&space)?, after, limit(paging.limit)).await?;
    let next_cursor = items.last().filter(|_| more).map(|last| last.entry.path_name.clone());
    Ok(Json(Page { items: items.into_iter().map(trashed).collect(), next_cursor, total: None }))
}

/// Put an item of the trash back where it was. Never replaces what is there now.
#[utoipa::path(post, path = "/files/{space}/trash/{item}/restore", tag = "files",
    params(("space" = String, Path), ("item" = String, Path)),
    responses((status = 200, body = Restored), (status = 403, body = ProblemDocument),
        (status = 404, body = ProblemDocument), (status = 409, body = ProblemDocument)))]
async fn restore(
    State(app): State<App>,
    actor: Actor,
    PathOf((space, item)): PathOf<(String, String)>,
) -> Result<Json<Restored>, Problem> {
    let space = space_named(&space)?;
    let item = FileName::parse(&item).map_err(|error| bad_path("/item", &error))?;
    let (space, path) = to_the_end(async move { Ok(change::restore(&app, &actor, space, item).await?) }).await?;
    Ok(Json(Restored { space: space.to_string(), path: path.to_string() }))
}
