//! Routes that begin work on files that takes a while.

mod follow;
mod view;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use quarterdeck_types::file_task::{ArchiveFormat, ChecksumAlgorithm, FileTask as Task, NameTaken, Wanted};
use quarterdeck_types::{FileName, Place, RelativePath, SpaceName};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use self::view::{FileTask, view};
use super::{MOST_PATHS, bad_path, path_in, space_named};
use crate::access::Actor;
use crate::app::App;
use crate::db::to_us;
use crate::files::tasks;
use crate::problem::{FieldError, Problem, ProblemDocument};
use crate::requests::{JsonBody, OptionalJsonBody, PathOf, to_the_end};

const LONGEST_PATTERN: usize = 255;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(copy))
        .routes(routes!(archive))
        .routes(routes!(extract))
        .routes(routes!(remove))
        .routes(routes!(empty_trash))
        .routes(routes!(checksum))
        .routes(routes!(search))
        .merge(follow::routes())
}

/// What was begun.
#[derive(Serialize, ToSchema)]
struct BegunTask {
    task: FileTask,
}

async fn start(app: App, actor: Actor, task: Task) -> Result<(StatusCode, Json<BegunTask>), Problem> {
    to_the_end(async move {
        let status = tasks::start(&app, &actor, task).await?;
        Ok((StatusCode::ACCEPTED, Json(BegunTask { task: view(status, &actor) })))
    })
    .await
}

/// What becomes of a name that is taken.
#[derive(Clone, Copy, Default, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum IfTaken {
    /// The new one is called `name-1`, `name-2` …
    #[default]
    Number,
    Refuse,
}

impl From<IfTaken> for NameTaken {
    fn from(taken: IfTaken) -> NameTaken {
        match taken {
            IfTaken::Number => NameTaken::Number,
            IfTaken::Refuse => NameTaken::Refuse,
        }
    }
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewCopy {
    /// Beneath the space.
    #[schema(min_items = 1, max_items = 100)]
    paths: Vec<String>,
    /// The directory in which the copies are made, beneath `to_space`.
    to: String,
    /// The same space unless told.
    to_space: Option<String>,
    /// Another name, where one path is copied.
    name: Option<String>,
    #[serde(default)]
    if_taken: IfTaken,
}

/// Copy files, links (as links) and directories with all that is in them.
#[utoipa::path(post, path = "/files/{space}/copy", tag = "files", params(("space" = String, Path)),
    request_body = NewCopy,
    responses((status = 202, body = BegunTask), (status = 403, body = ProblemDocument),
        (status = 422, body = ProblemDocument), (status = 503, body = ProblemDocument)))]
async fn copy(
    State(app): State<App>,
    actor: Actor,
    PathOf(space): PathOf<String>,
    JsonBody(new): JsonBody<NewCopy>,
) -> Result<(StatusCode, Json<BegunTask>), Problem> {
    let space = space_named(&space)?;
    let name = new.name.as_deref().map(name_in).transpose()?;
    if name.is_some() && new.paths.len() > 1 {
        let detail = "Only one path can be given another name.".to_owned();
        return Err(Problem::invalid(vec![FieldError::new("/name", "one-name", detail)]));
    }
    let into = directory(&space, new.to_space.as_deref(), &new.to)?;
    let task = Task::Copy { from: places(&space, &new.paths)?, into, name, taken: new.if_taken.into() };
    start(app, actor, task).await
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewArchive {
    /// Beneath the space.
    #[schema(min_items = 1, max_items = 100)]
    paths: Vec<String>,
    /// Of the archive; its ending says what it is: `.zip`, `.tar.gz` (`.tgz`), `.tar.zst` (`.tzst`), `.tar.xz` (`.txz`) or `.tar`.
    name: String,
    /// The directory in which it is made, beneath `to_space`.
    to: String,
    /// The same space unless told.
    to_space: Option<String>,
    #[serde(default)]
    if_taken: IfTaken,
}

/// Pack files, links and directories into a new archive.
#[utoipa::path(post, path = "/files/{space}/archive", tag = "files", params(("space" = String, Path)),
    request_body = NewArchive,
    responses((status = 202, body = BegunTask), (status = 403, body = ProblemDocument),
        (status = 422, body = ProblemDocument), (status = 503, body = ProblemDocument)))]
async fn archive(
    State(app): State<App>,
    actor: Actor,
    PathOf(space): PathOf<String>,
    JsonBody(new): JsonBody<NewArchive>,
) -> Result<(StatusCode, Json<BegunTask>), Problem> {
    let space = space_named(&space)?;
    let name = name_in(&new.name)?;
    let format = ArchiveFormat::of_name(new.name.as_bytes());
    let (format, _) = format.ok_or_else(|| {
        let detail = "The name ends with .zip, .tar.gz, .tar.zst, .tar.xz or .tar.".to_owned();
        Problem::invalid(vec![FieldError::new("/name", "unknown-archive", detail)])
    })?;
    let into = directory(&space, new.to_space.as_deref(), &new.to)?;
    let from = places(&space, &new.paths)?;
    start(app, actor, Task::Archive { from, into, name, format, taken: new.if_taken.into() }).await
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewExtract {
    /// Of the archive, beneath the space: zip, tar, tar.gz, tar.zst or tar.xz.
    path: String,
    /// The directory in which the new one is made, beneath `to_space`; that of the archive unless told.
    to: Option<String>,
    /// The same space unless told.
    to_space: Option<String>,
    /// Of the new directory; that of the archive without its ending unless told.
    name: Option<String>,
    #[serde(default)]
    if_taken: IfTaken,
}

/// Unpack an archive into a new directory.
///
/// What would lead out of the directory is left out and told, as are devices and encrypted files. An archive out of
/// which comes more than the site allows fails, and what was unpacked is removed.
#[utoipa::path(post, path = "/files/{space}/extract", tag = "files", params(("space" = String, Path)),
    request_body = NewExtract,
    responses((status = 202, body = BegunTask), (status = 403, body = ProblemDocument),
        (status = 422, body = ProblemDocument), (status = 503, body = ProblemDocument)))]
async fn extract(
    State(app): State<App>,
    actor: Actor,
    PathOf(space): PathOf<String>,
    JsonBody(new): JsonBody<NewExtract>,
) -> Result<(StatusCode, Json<BegunTask>), Problem> {
    let space = space_named(&space)?;
    let path = path_in(&new.path, "/path")?;
    let name = new.name.as_deref().map(name_in).transpose()?;
    let into = match &new.to {
        Some(to) => directory(&space, new.to_space.as_deref(), to)?,
        None => {
            let beside = path.split().map(|(above, _)| above).unwrap_or_default();
            directory(&space, new.to_space.as_deref(), &beside.to_string())?
        }
    };
    let archive = Place::In { space, path };
    start(app, actor, Task::Extract { archive, into, name, taken: new.if_taken.into() }).await
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Removal {
    /// Beneath the space.
    #[schema(min_items = 1, max_items = 100)]
    paths: Vec<String>,
}

/// Delete for good, directories with all that is in them. Nothing takes it back.
#[utoipa::path(post, path = "/files/{space}/remove", tag = "files", params(("space" = String, Path)),
    request_body = Removal,
    responses((status = 202, body = BegunTask), (status = 403, body = ProblemDocument),
        (status = 422, body = ProblemDocument), (status = 503, body = ProblemDocument)))]
async fn remove(
    State(app): State<App>,
    actor: Actor,
    PathOf(space): PathOf<String>,
    JsonBody(new): JsonBody<Removal>,
) -> Result<(StatusCode, Json<BegunTask>), Problem> {
    let space = space_named(&space)?;
    start(app, actor, Task::Remove { at: places(&space, &new.paths)? }).await
}

#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct EmptyTrash {
    /// The ids of items; all, where there is none.
    #[schema(min_items = 1, max_items = 100)]
    items: Option<Vec<String>>,
}

/// Delete for good what is in a space's trash.
#[utoipa::path(post, path = "/files/{space}/trash/empty", tag = "files", params(("space" = String, Path)),
    request_body = EmptyTrash,
    responses((status = 202, body = BegunTask), (status = 403, body = ProblemDocument),
        (status = 422, body = ProblemDocument), (status = 503, body = ProblemDocument)))]
async fn empty_trash(
    State(app): State<App>,
    actor: Actor,
    PathOf(space): PathOf<String>,
    OptionalJsonBody(asked): OptionalJsonBody<EmptyTrash>,
) -> Result<(StatusCode, Json<BegunTask>), Problem> {
    let space = space_named(&space)?;
    let items = match asked.items {
        None => None,
        Some(items) => {
            count("/items", items.len())?;
            let parse = |(at, item): (usize, &String)| {
                FileName::parse(item).map_err(|error| bad_path(&format!("/items/{at}"), &error))
            };
            Some(items.iter().enumerate().map(parse).collect::<Result<_, _>>()?)
        }
    };
    start(app, actor, Task::EmptyTrash { space, items }).await
}

#[derive(Clone, Copy, Default, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Algorithm {
    #[default]
    Sha256,
    Sha1,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewChecksum {
    /// Of a file, beneath the space.
    path: String,
    #[serde(default)]
    algorithm: Algorithm,
}

/// Compute a file's checksum.
#[utoipa::path(post, path = "/files/{space}/checksum", tag = "files", params(("space" = String, Path)),
    request_body = NewChecksum,
    responses((status = 202, body = BegunTask), (status = 403, body = ProblemDocument),
        (status = 422, body = ProblemDocument), (status = 503, body = ProblemDocument)))]
async fn checksum(
    State(app): State<App>,
    actor: Actor,
    PathOf(space): PathOf<String>,
    JsonBody(new): JsonBody<NewChecksum>,
) -> Result<(StatusCode, Json<BegunTask>), Problem> {
    let at = Place::In { space: space_named(&space)?, path: path_in(&new.path, "/path")? };
    let algorithm = match new.algorithm {
        Algorithm::Sha256 => ChecksumAlgorithm::Sha256,
        Algorithm::Sha1 => ChecksumAlgorithm::Sha1,
    };
    start(app, actor, Task::Checksum { at, algorithm }).await
}

/// All that is given must hold; one must be given.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewSearch {
    /// The directory to look through with all below it, beneath the space.
    #[serde(default)]
    path: String,
    /// Part of the name, whatever the case; with `*` or `?` a pattern of the whole name.
    #[schema(max_length = 255)]
    name: Option<String>,
    /// Bytes; of files.
    min_size: Option<u64>,
    /// Bytes; of files.
    max_size: Option<u64>,
    modified_since: Option<DateTime<Utc>>,
}

/// Search a directory and all below it. Links are not followed; the search ends with the thousandth entry.
#[utoipa::path(post, path = "/files/{space}/search", tag = "files", params(("space" = String, Path)),
    request_body = NewSearch,
    responses((status = 202, body = BegunTask), (status = 403, body = ProblemDocument),
        (status = 422, body = ProblemDocument), (status = 503, body = ProblemDocument)))]
async fn search(
    State(app): State<App>,
    actor: Actor,
    PathOf(space): PathOf<String>,
    JsonBody(new): JsonBody<NewSearch>,
) -> Result<(StatusCode, Json<BegunTask>), Problem> {
    let below = Place::In { space: space_named(&space)?, path: path_in(&new.path, "/path")? };
    let refuse = |pointer: &str, code, detail: &str| {
        Err(Problem::invalid(vec![FieldError::new(pointer, code, detail.to_owned())]))
    };
    let name = new.name.filter(|name| !name.is_empty());
    if name.as_ref().is_some_and(|name| name.len() > LONGEST_PATTERN) {
        return refuse("/name", "too-long", "No name is longer than 255 bytes.");
    }
    if name.is_none() && new.min_size.is_none() && new.max_size.is_none() && new.modified_since.is_none() {
        return refuse("/name", "nothing-asked", "Say what to look for: a name, a size or a time.");
    }
    if new.min_size.zip(new.max_size).is_some_and(|(least, most)| least > most) {
        return refuse("/max_size", "out-of-range", "The largest size is below the smallest.");
    }
    let modified_since_us = new.modified_since.map(to_us);
    let wanted = Wanted { name, min_size: new.min_size, max_size: new.max_size, modified_since_us };
    start(app, actor, Task::Search { below, wanted }).await
}

fn places(space: &SpaceName, paths: &[String]) -> Result<Vec<Place>, Problem> {
    count("/paths", paths.len())?;
    let place = |(at, path): (usize, &String)| {
        Ok(Place::In { space: space.clone(), path: path_in(path, &format!("/paths/{at}"))? })
    };
    paths.iter().enumerate().map(place).collect()
}

fn count(pointer: &str, count: usize) -> Result<(), Problem> {
    if (1..=MOST_PATHS).contains(&count) {
        return Ok(());
    }
    let detail = format!("Name 1 to {MOST_PATHS}.");
    Err(Problem::invalid(vec![FieldError::new(pointer, "bad-count", detail)]))
}

fn directory(space: &SpaceName, to_space: Option<&str>, to: &str) -> Result<Place, Problem> {
    let space = match to_space {
        Some(name) => space_named(name)?,
        None => space.clone(),
    };
    let path: RelativePath = path_in(to, "/to")?;
    Ok(Place::In { space, path })
}

fn name_in(text: &str) -> Result<FileName, Problem> {
    FileName::parse(text).map_err(|error| bad_path("/name", &error))
}
