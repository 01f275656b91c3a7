//! Routes of files and spaces.

use axum::Json;
use axum::extract::State;
use chrono::{DateTime, Utc};
use quarterdeck_types::agent::{Entry, EntryKind};
use quarterdeck_types::{FileName, Place, RelativePath, SpaceName};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::access::Actor;
use crate::app::App;
use crate::db::from_us;
use crate::files;
use crate::problem::{FieldError, Problem, ProblemDocument};
use crate::requests::{Page, PathOf, QueryOf, limit};

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(spaces)).routes(routes!(list))
}

#[derive(Serialize, ToSchema)]
struct Space {
    name: String,
    /// Its absolute path on the cluster.
    root: String,
}

/// The places where my files are.
#[utoipa::path(get, path = "/spaces", tag = "files", responses((status = 200, body = Page<Space>)))]
async fn spaces(State(app): State<App>, actor: Actor) -> Result<Json<Page<Space>>, Problem> {
    let spaces = files::spaces(&app, &actor).await?;
    let items = spaces.into_iter().map(|space| Space { name: space.name.to_string(), root: space.root }).collect();
    Ok(Json(Page::whole(items)))
}

#[derive(Serialize, ToSchema)]
struct FileEntry {
    /// For display.
    name: String,
    /// Beneath the space, to be sent back as it is: safe for names that are not UTF-8.
    path: String,
    kind: FileEntryKind,
    /// Bytes.
    size: u64,
    modified_at: DateTime<Utc>,
    /// Permission bits, octal.
    #[schema(example = "0644")]
    mode: String,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum FileEntryKind {
    File,
    Directory,
    Link,
    Other,
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Filter {
    /// Beneath the space; empty: the space itself.
    #[serde(default)]
    path: String,
    limit: Option<u64>,
    cursor: Option<String>,
}

/// One page of a directory, ordered by name.
#[utoipa::path(get, path = "/files/{space}", tag = "files", params(("space" = String, Path), Filter),
    responses((status = 200, body = Page<FileEntry>), (status = 403, body = ProblemDocument), (status = 404, body = ProblemDocument)))]
async fn list(
    State(app): State<App>,
    actor: Actor,
    PathOf(space): PathOf<String>,
    QueryOf(filter): QueryOf<Filter>,
) -> Result<Json<Page<FileEntry>>, Problem> {
    let space = SpaceName::parse(&space).map_err(|_| Problem::not_found("space"))?;
    let wrong = |pointer: &str, error: quarterdeck_types::place::InvalidPath| {
        Problem::invalid(vec![FieldError::new(pointer, "bad-path", error.to_string())])
    };
    let path = RelativePath::parse(&filter.path).map_err(|error| wrong("/path", error))?;
    let after = filter.cursor.as_deref().map(FileName::parse).transpose().map_err(|error| wrong("/cursor", error))?;
    let at = Place::In { space, path: path.clone() };
    let (entries, more) = files::list(&app, &actor, at, after, limit(filter.limit)).await?;
    let next_cursor = entries.last().filter(|_| more).map(|last| last.path_name.clone());
    let items = entries.into_iter().map(|entry| view(entry, &path)).collect();
    Ok(Json(Page { items, next_cursor, total: None }))
}

fn view(entry: Entry, directory: &RelativePath) -> FileEntry {
    let path = match FileName::parse(&entry.path_name) {
        Ok(name) => directory.join(&name),
        Err(_) => directory.clone(),
    };
    FileEntry {
        name: entry.name,
        path: path.to_string(),
        kind: match entry.kind {
            EntryKind::File => FileEntryKind::File,
            EntryKind::Directory => FileEntryKind::Directory,
            EntryKind::Link => FileEntryKind::Link,
            EntryKind::Other => FileEntryKind::Other,
        },
        size: entry.size,
        modified_at: from_us(entry.modified_us),
        mode: format!("{:04o}", entry.mode),
    }
}
