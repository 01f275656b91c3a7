//! Routes that change files.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use quarterdeck_types::Place;
use quarterdeck_types::agent::FileVersion;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::trash::{TrashEntry, trashed};
use super::{File, FileEntry, path_in, space_named, view_at};
use crate::access::Actor;
use crate::app::App;
use crate::files::change;
use crate::problem::{FieldError, Problem, ProblemDocument};
use crate::ranges::{entity_tag, version_of};
use crate::requests::{JsonBody, PathOf, QueryOf, WholeBody, to_the_end};

/// All but set-user-id: what runs as its owner for whoever starts it is no business of a page's.
const SETTABLE: u32 = 0o3777;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(write))
        .routes(routes!(mkdir))
        .routes(routes!(rename))
        .routes(routes!(permissions))
        .routes(routes!(delete))
}

/// Write a small file: a new one with `If-None-Match: *`, or in the place of the one whose `ETag` is sent as `If-Match`.
///
/// What was changed meanwhile is not written over: 412 `changed`. Big files are uploaded.
#[utoipa::path(put, path = "/files/{space}/content", tag = "files", params(("space" = String, Path), File,
    ("If-Match" = Option<String>, Header), ("If-None-Match" = Option<String>, Header)),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses((status = 200, body = FileEntry, headers(("ETag" = String))), (status = 201, body = FileEntry),
        (status = 403, body = ProblemDocument), (status = 404, body = ProblemDocument),
        (status = 409, body = ProblemDocument), (status = 412, body = ProblemDocument),
        (status = 413, body = ProblemDocument), (status = 422, body = ProblemDocument),
        (status = 428, body = ProblemDocument), (status = 507, body = ProblemDocument)))]
async fn write(
    State(app): State<App>,
    actor: Actor,
    PathOf(space): PathOf<String>,
    QueryOf(file): QueryOf<File>,
    headers: HeaderMap,
    WholeBody(bytes): WholeBody,
) -> Result<Response, Problem> {
    let space = space_named(&space)?;
    let path = path_in(&file.path, "/path")?;
    let expected = expected(&headers)?;
    let status = if expected.is_none() { StatusCode::CREATED } else { StatusCode::OK };
    let to = path.clone();
    let write = async move { Ok(change::write(&app, &actor, space, to, bytes, expected).await?) };
    let written = to_the_end(write).await?;
    let tag = entity_tag(written.version())?;
    Ok((status, [(header::ETAG, tag)], Json(view_at(written, &path))).into_response())
}

/// The state in which the file has to be; `None`: there must be none.
fn expected(headers: &HeaderMap) -> Result<Option<FileVersion>, Problem> {
    let text = |name| headers.get(name).map(|value| value.to_str().unwrap_or_default().trim());
    match (text(header::IF_MATCH), text(header::IF_NONE_MATCH)) {
        (None, Some("*")) => Ok(None),
        // A tag that is none of ours is that of no state any more.
        (Some(tag), None) => Ok(Some(version_of(tag).unwrap_or(FileVersion { inode: 0, size: 0, modified_us: 0 }))),
        _ => {
            let detail = "Send If-Match with the ETag that the file was read with, or If-None-Match: * for a new file.";
            Err(Problem::new(StatusCode::PRECONDITION_REQUIRED, "precondition-required", detail))
        }
    }
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewDirectory {
    /// Beneath the space.
    path: String,
    /// Make the directories above too; that it is there already is no error.
    #[serde(default)]
    parents: bool,
}

/// Make a directory.
#[utoipa::path(post, path = "/files/{space}/mkdir", tag = "files", params(("space" = String, Path)),
    request_body = NewDirectory,
    responses((status = 201, body = FileEntry), (status = 403, body = ProblemDocument),
        (status = 404, body = ProblemDocument), (status = 409, body = ProblemDocument),
        (status = 422, body = ProblemDocument), (status = 507, body = ProblemDocument)))]
async fn mkdir(
    State(app): State<App>,
    actor: Actor,
    PathOf(space): PathOf<String>,
    JsonBody(new): JsonBody<NewDirectory>,
) -> Result<Response, Problem> {
    let space = space_named(&space)?;
    let path = path_in(&new.path, "/path")?;
    let at = Place::In { space, path: path.clone() };
    let made = to_the_end(async move { Ok(change::make_directory(&app, &actor, at, new.parents).await?) }).await?;
    Ok((StatusCode::CREATED, Json(view_at(made, &path))).into_response())
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Rename {
    /// Beneath the space.
    from: String,
    /// The whole new path, beneath `to_space`.
    to: String,
    /// The same space unless told.
    to_space: Option<String>,
    /// Put it in the place of a file that is there.
    #[serde(default)]
    replace: bool,
}

/// Rename or move within a file system.
///
/// What lies on another file system takes a copy: 409 `other-file-system`.
#[utoipa::path(post, path = "/files/{space}/rename", tag = "files", params(("space" = String, Path)),
    request_body = Rename,
    responses((status = 200, body = FileEntry), (status = 403, body = ProblemDocument),
        (status = 404, body = ProblemDocument), (status = 409, body = ProblemDocument),
        (status = 422, body = ProblemDocument)))]
async fn rename(
    State(app): State<App>,
    actor: Actor,
    PathOf(space): PathOf<String>,
    JsonBody(asked): JsonBody<Rename>,
) -> Result<Json<FileEntry>, Problem> {
    let space = space_named(&space)?;
    let to_space = match &asked.to_space {
        Some(name) => space_named(name)?,
        None => space.clone(),
    };
    let from = Place::In { space, path: path_in(&asked.from, "/from")? };
    let path = path_in(&asked.to, "/to")?;
    let to = Place::In { space: to_space, path: path.clone() };
    let renamed = to_the_end(async move { Ok(change::rename(&app, &actor, from, to, asked.replace).await?) }).await?;
    Ok(Json(view_at(renamed, &path)))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Permissions {
    /// Beneath the space.
    path: String,
    /// Octal, as `chmod` takes them.
    #[schema(example = "0644", pattern = "^[0-7]{3,4}$")]
    mode: String,
}

/// Set the permissions of a file or a directory.
#[utoipa::path(post, path = "/files/{space}/permissions", tag = "files", params(("space" = String, Path)),
    request_body = Permissions,
    responses((status = 200, body = FileEntry), (status = 403, body = ProblemDocument),
        (status = 404, body = ProblemDocument), (status = 409, body = ProblemDocument),
        (status = 422, body = ProblemDocument)))]
async fn permissions(
    State(app): State<App>,
    actor: Actor,
    PathOf(space): PathOf<String>,
    JsonBody(asked): JsonBody<Permissions>,
) -> Result<Json<FileEntry>, Problem> {
    let space = space_named(&space)?;
    let path = path_in(&asked.path, "/path")?;
    let mode = mode_of(&asked.mode)?;
    let at = Place::In { space, path: path.clone() };
    let changed = to_the_end(async move { Ok(change::set_mode(&app, &actor, at, mode).await?) }).await?;
    Ok(Json(view_at(changed, &path)))
}

fn mode_of(text: &str) -> Result<u32, Problem> {
    let octal = (3..=4).contains(&text.len()) && text.bytes().all(|digit| (b'0'..=b'7').contains(&digit));
    let mode = octal.then(|| u32::from_str_radix(text, 8).ok()).flatten();
    let refuse = |code, detail: &str| Problem::invalid(vec![FieldError::new("/mode", code, detail.to_owned())]);
    let mode = mode.ok_or_else(|| refuse("bad-mode", "Write three or four octal digits, as in 0644."))?;
    if mode & !SETTABLE != 0 {
        return Err(refuse("set-user-id", "The set-user-id bit cannot be set here: use a shell."));
    }
    Ok(mode)
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Finally {
    /// For good, instead of to the trash: a file, a link, or a directory that is empty.
    #[serde(default)]
    permanent: bool,
}

/// Delete: to the space's trash, unless told otherwise.
///
/// What has no trash to go to (it is on another file system) is refused with 409 `no-trash`.
#[utoipa::path(delete, path = "/files/{space}", tag = "files", params(("space" = String, Path), File, Finally),
    responses((status = 200, body = TrashEntry), (status = 204), (status = 403, body = ProblemDocument),
        (status = 404, body = ProblemDocument), (status = 409, body = ProblemDocument),
        (status = 422, body = ProblemDocument)))]
async fn delete(
    State(app): State<App>,
    actor: Actor,
    PathOf(space): PathOf<String>,
    QueryOf(file): QueryOf<File>,
    QueryOf(finally): QueryOf<Finally>,
) -> Result<Response, Problem> {
    let at = Place::In { space: space_named(&space)?, path: path_in(&file.path, "/path")? };
    to_the_end(async move {
        Ok(match finally.permanent {
            true => {
                change::remove(&app, &actor, at).await?;
                StatusCode::NO_CONTENT.into_response()
            }
            false => Json(trashed(change::move_to_trash(&app, &actor, at).await?)).into_response(),
        })
    })
    .await
}
