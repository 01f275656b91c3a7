//! Routes of files and spaces.

mod acl;
mod changes;
mod tasks;
mod trash;

use std::fmt::Write;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use futures_util::StreamExt;
use quarterdeck_types::agent::{Entry, EntryKind};
use quarterdeck_types::{FileName, Place, RelativePath, SpaceName};
use serde::{Deserialize, Serialize};
use tokio::task::JoinSet;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::access::{Actor, Origin};
use crate::app::App;
use crate::auth;
use crate::cross_site;
use crate::db::from_us;
use crate::files;
use crate::files::downloads::{self, Content};
use crate::problem::{FieldError, Problem, ProblemDocument};
use crate::ranges;
use crate::requests::{JsonBody, Page, PathOf, QueryOf, limit};
use crate::web::Uncompressed;

const COOKIE: &str = "qd_download";
/// That one download may name.
const MOST_PATHS: usize = 100;

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(spaces))
        .routes(routes!(list))
        .routes(routes!(stat))
        .routes(routes!(content))
        .routes(routes!(new_download))
        .routes(routes!(download))
        .merge(acl::routes())
        .merge(changes::routes())
        .merge(tasks::routes())
        .merge(trash::routes())
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
    let space = space_named(&space)?;
    let path = path_in(&filter.path, "/path")?;
    let after = after(filter.cursor.as_deref())?;
    let at = Place::In { space, path: path.clone() };
    let (entries, more) = files::list(&app, &actor, at, after, limit(filter.limit)).await?;
    let next_cursor = entries.last().filter(|_| more).map(|last| last.path_name.clone());
    let items = entries.into_iter().map(|entry| view_in(entry, &path)).collect();
    Ok(Json(Page { items, next_cursor, total: None }))
}

fn view_in(entry: Entry, directory: &RelativePath) -> FileEntry {
    let path = match FileName::parse(&entry.path_name) {
        Ok(name) => directory.join(&name),
        Err(_) => directory.clone(),
    };
    view_at(entry, &path)
}

fn view_at(entry: Entry, path: &RelativePath) -> FileEntry {
    FileEntry {
        name: entry.name,
        path: path.to_string(),
        kind: kind_of(entry.kind),
        size: entry.size,
        modified_at: from_us(entry.modified_us),
        mode: format!("{:04o}", entry.mode),
    }
}

fn kind_of(kind: EntryKind) -> FileEntryKind {
    match kind {
        EntryKind::File => FileEntryKind::File,
        EntryKind::Directory => FileEntryKind::Directory,
        EntryKind::Link => FileEntryKind::Link,
        EntryKind::Other => FileEntryKind::Other,
    }
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct File {
    /// Beneath the space.
    path: String,
}

/// What is at a path; of a link the link itself.
#[utoipa::path(get, path = "/files/{space}/stat", tag = "files", params(("space" = String, Path), File),
    responses((status = 200, body = FileEntry), (status = 403, body = ProblemDocument), (status = 404, body = ProblemDocument)))]
async fn stat(
    State(app): State<App>,
    actor: Actor,
    PathOf(space): PathOf<String>,
    QueryOf(file): QueryOf<File>,
) -> Result<Json<FileEntry>, Problem> {
    let path = path_in(&file.path, "/path")?;
    let at = Place::In { space: space_named(&space)?, path: path.clone() };
    Ok(Json(view_at(files::stat(&app, &actor, at).await?, &path)))
}

/// A file's bytes. `Range` is honoured.
#[utoipa::path(get, path = "/files/{space}/content", tag = "files", params(("space" = String, Path), File),
    responses((status = 200, content_type = "application/octet-stream"),
        (status = 206, content_type = "application/octet-stream"), (status = 403, body = ProblemDocument),
        (status = 404, body = ProblemDocument), (status = 416, body = ProblemDocument)))]
async fn content(
    State(app): State<App>,
    actor: Actor,
    PathOf(space): PathOf<String>,
    QueryOf(file): QueryOf<File>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let space = space_named(&space)?;
    let path = path_in(&file.path, "/path")?;
    let opened = files::open(&app, &actor, space, path.clone()).await?;
    let response = ranges::answer(opened, &headers)?;
    Ok(while_admitted(app, actor, named(response, &path, "")?))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewDownload {
    space: String,
    /// One file is sent as it is; a directory, or several paths, as a tar archive.
    #[schema(min_items = 1, max_items = 100)]
    paths: Vec<String>,
}

#[derive(Serialize, ToSchema)]
struct Download {
    /// Where this browser finds the file, once.
    url: String,
    expires_at: DateTime<Utc>,
}

/// Prepare a download that the browser does by itself.
#[utoipa::path(post, path = "/downloads", tag = "files", request_body = NewDownload,
    responses((status = 201, body = Download), (status = 403, body = ProblemDocument),
        (status = 404, body = ProblemDocument), (status = 422, body = ProblemDocument)))]
async fn new_download(
    State(app): State<App>,
    actor: Actor,
    JsonBody(new): JsonBody<NewDownload>,
) -> Result<Response, Problem> {
    let space = space_named(&new.space)?;
    if !(1..=MOST_PATHS).contains(&new.paths.len()) {
        let error = FieldError::new("/paths", "bad-count", format!("Name 1 to {MOST_PATHS} paths."));
        return Err(Problem::invalid(vec![error]));
    }
    let paths = new.paths.iter().enumerate().map(|(at, path)| path_in(path, &format!("/paths/{at}")));
    let paths = paths.collect::<Result<_, _>>()?;
    let downloads::Ticket { ticket, cookie, expires_at } = downloads::issue(&app, &actor, space, paths).await?;
    let url = format!("/api/v1/downloads/{ticket}");
    let secure = if app.config.cookies_are_secure() { "; Secure" } else { "" };
    let seconds = downloads::TICKET_LIFE.num_seconds();
    // Of this address alone, so that several downloads may begin at once.
    let cookie = format!("{COOKIE}={cookie}; HttpOnly; SameSite=Strict; Path={url}; Max-Age={seconds}{secure}");
    let cookie = HeaderValue::from_str(&cookie).map_err(Problem::internal)?;
    let mut response =
        (StatusCode::CREATED, [(header::SET_COOKIE, cookie)], Json(Download { url, expires_at })).into_response();
    response.extensions_mut().insert(Uncompressed);
    Ok(response)
}

/// The file of a download that was prepared, once.
#[utoipa::path(get, path = "/downloads/{ticket}", tag = "files", params(("ticket" = String, Path)),
    responses((status = 200, content_type = "application/octet-stream"), (status = 403, body = ProblemDocument),
        (status = 404, body = ProblemDocument)))]
async fn download(
    State(app): State<App>,
    origin: Origin,
    PathOf(ticket): PathOf<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    cross_site::refuse(&headers)?;
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = cookies.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    let cookie = pairs.find(|(name, _)| *name == COOKIE).map(|(_, value)| value);
    let cookie = cookie.ok_or_else(|| Problem::not_found("download"))?;
    let (actor, content) = downloads::redeem(&app, origin, &ticket, cookie).await?;
    let response = match content {
        Content::File(path, file) => named(ranges::answer(file, &HeaderMap::new())?, &path, "")?,
        Content::Archive(path, bytes) => named(ranges::attachment(Body::from_stream(bytes)), &path, ".tar")?,
    };
    Ok(while_admitted(app, actor, response))
}

fn space_named(text: &str) -> Result<SpaceName, Problem> {
    SpaceName::parse(text).map_err(|_| Problem::not_found("space"))
}

fn path_in(text: &str, pointer: &str) -> Result<RelativePath, Problem> {
    RelativePath::parse(text).map_err(|error| bad_path(pointer, &error))
}

/// The name behind which a page of a directory begins.
fn after(cursor: Option<&str>) -> Result<Option<FileName>, Problem> {
    cursor.map(FileName::parse).transpose().map_err(|error| bad_path("/cursor", &error))
}

fn bad_path(pointer: &str, error: &quarterdeck_types::place::InvalidPath) -> Problem {
    Problem::invalid(vec![FieldError::new(pointer, "bad-path", error.to_string())])
}

/// What was admitted breaks off when the reader's access ends.
fn while_admitted(app: App, actor: Actor, response: Response) -> Response {
    // In a task of its own, which goes with the body: nobody drives a body that is not taken, and a query that stands
    // still in it would keep its connection to the database from everybody else.
    let mut watch = JoinSet::new();
    watch.spawn(async move { auth::access_ended(&app, &actor).await });
    let ended = async move { watch.join_next().await };
    response.map(|body| Body::from_stream(body.into_data_stream().take_until(Box::pin(ended))))
}

/// Saved under its own name (RFC 8187), where it has one.
fn named(mut response: Response, path: &RelativePath, ending: &str) -> Result<Response, Problem> {
    let name = match path.split() {
        Some((_, name)) => name.display(),
        None if ending.is_empty() => return Ok(response),
        None => "files".to_owned(),
    };
    let mut disposition = "attachment; filename*=UTF-8''".to_owned();
    for byte in name.bytes().chain(ending.bytes()) {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'.' | b'_' | b'-' => disposition.push(char::from(byte)),
            _ => write!(disposition, "%{byte:02X}").map_err(Problem::internal)?,
        }
    }
    let disposition = HeaderValue::from_str(&disposition).map_err(Problem::internal)?;
    response.headers_mut().insert(header::CONTENT_DISPOSITION, disposition);
    Ok(response)
}
