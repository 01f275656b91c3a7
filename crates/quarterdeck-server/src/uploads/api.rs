//! Routes of uploads: tus 1.0.0 (creation, creation-with-upload, termination) under `/uploads` and `/uploads/{id}`,
//! and the JSON view beside it. The protocol: https://tus.io/protocols/resumable-upload

use std::collections::HashMap;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use chrono::{DateTime, Utc};
use quarterdeck_types::{FileKind, FileName, RelativePath, SpaceName};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use crate::access::Actor;
use crate::app::App;
use crate::problem::{FieldError, Problem, ProblemDocument};
use crate::requests::{JsonBody, Page, PathOf, QueryOf, limit, to_the_end};
use crate::uploads::{self, KindSource, NewUpload, State as UploadState, Upload};
use crate::web::Uncompressed;

const VERSION: &str = "1.0.0";
const EXTENSIONS: &str = "creation,creation-with-upload,termination";
const OCTETS: &str = "application/offset+octet-stream";

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(options, create, list))
        .routes(routes!(offset, append, terminate))
        .routes(routes!(info, set_kind))
        .layer(axum::middleware::map_response(name_protocol))
}

/// What tus asks of every answer, refusals too.
async fn name_protocol(mut response: Response) -> Response {
    let refused_version = response.status() == StatusCode::PRECONDITION_FAILED;
    let headers = response.headers_mut();
    headers.insert("tus-resumable", HeaderValue::from_static(VERSION));
    if refused_version {
        headers.insert("tus-version", HeaderValue::from_static(VERSION));
    }
    response
}

#[derive(Serialize, ToSchema)]
pub(crate) struct UploadInfo {
    id: Uuid,
    filename: String,
    kind: Kind,
    kind_source: Source,
    /// Bytes announced.
    size: u64,
    /// Bytes that are on the disk.
    offset: u64,
    state: Progress,
    space: String,
    /// Where the finished file is, beneath its space.
    path: Option<String>,
    created_at: DateTime<Utc>,
    finished_at: Option<DateTime<Utc>>,
}

/// The seven kinds of file.
#[derive(Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    Data,
    Config,
    Script,
    Model,
    Mesh,
    Result,
    Document,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Source {
    Name,
    User,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Progress {
    Uploading,
    Finished,
}

/// What tus can do here.
#[utoipa::path(options, path = "/uploads", tag = "uploads", responses((status = 204)))]
async fn options(State(app): State<App>) -> Response {
    let mut response = tus(StatusCode::NO_CONTENT);
    let headers = response.headers_mut();
    headers.insert("tus-version", HeaderValue::from_static(VERSION));
    headers.insert("tus-extension", HeaderValue::from_static(EXTENSIONS));
    headers.insert("tus-max-size", HeaderValue::from(app.config.uploads.max_size));
    response
}

/// Announce an upload; its first bytes may come along.
#[utoipa::path(post, path = "/uploads", tag = "uploads",
    params(("Upload-Length" = u64, Header), ("Upload-Metadata" = Option<String>, Header), ("Tus-Resumable" = String, Header)),
    responses((status = 201, headers(("Location" = String), ("Upload-Offset" = u64))),
        (status = 412, body = ProblemDocument), (status = 413, body = ProblemDocument), (status = 422, body = ProblemDocument)))]
async fn create(State(app): State<App>, actor: Actor, headers: HeaderMap, body: Body) -> Result<Response, Problem> {
    check_version(&headers)?;
    let size = number(&headers, "upload-length")?.ok_or_else(|| missing("Upload-Length"))?;
    let new = announced(&headers, size)?;
    let with_bytes = headers.contains_key(header::CONTENT_TYPE);
    if with_bytes {
        check_octets(&headers)?;
    }
    let upload = to_the_end(async move {
        let upload = uploads::create(&app, &actor, new).await?;
        if !with_bytes || upload.state == UploadState::Finished {
            return Ok(upload);
        }
        match uploads::append(&app, &actor, upload.id, 0, body.into_data_stream()).await {
            // The upload exists; the client goes on from the offset that it asks for.
            Err(uploads::Error::Broken | uploads::Error::TooManyAtOnce(_)) => {
                Ok(uploads::find(&app, &actor, upload.id).await?)
            }
            other => Ok(other?),
        }
    })
    .await?;
    let mut response = tus(StatusCode::CREATED);
    let location = format!("/api/v1/uploads/{}", upload.id);
    let headers = response.headers_mut();
    headers.insert(header::LOCATION, HeaderValue::from_str(&location).map_err(Problem::internal)?);
    headers.insert("upload-offset", HeaderValue::from(upload.offset));
    Ok(response)
}

/// Where an upload stands.
#[utoipa::path(head, path = "/uploads/{id}", tag = "uploads", params(("id" = Uuid, Path)),
    responses((status = 200, headers(("Upload-Offset" = u64), ("Upload-Length" = u64))), (status = 404)))]
async fn offset(
    State(app): State<App>,
    actor: Actor,
    PathOf(id): PathOf<Uuid>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    check_version(&headers)?;
    let upload = to_the_end(async move { Ok(uploads::resume(&app, &actor, id).await?) }).await?;
    let mut response = tus(StatusCode::OK);
    let headers = response.headers_mut();
    headers.insert("upload-offset", HeaderValue::from(upload.offset));
    headers.insert("upload-length", HeaderValue::from(upload.size));
    Ok(response)
}

/// Append bytes at the offset where the upload stands.
#[utoipa::path(patch, path = "/uploads/{id}", tag = "uploads",
    params(("id" = Uuid, Path), ("Upload-Offset" = u64, Header), ("Tus-Resumable" = String, Header)),
    request_body(content_type = OCTETS),
    responses((status = 204, headers(("Upload-Offset" = u64))), (status = 404, body = ProblemDocument),
        (status = 409, body = ProblemDocument), (status = 415, body = ProblemDocument), (status = 423, body = ProblemDocument)))]
async fn append(
    State(app): State<App>,
    actor: Actor,
    PathOf(id): PathOf<Uuid>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    check_version(&headers)?;
    check_octets(&headers)?;
    let offset = number(&headers, "upload-offset")?.ok_or_else(|| missing("Upload-Offset"))?;
    let upload =
        to_the_end(async move { Ok(uploads::append(&app, &actor, id, offset, body.into_data_stream()).await?) })
            .await?;
    let mut response = tus(StatusCode::NO_CONTENT);
    response.headers_mut().insert("upload-offset", HeaderValue::from(upload.offset));
    Ok(response)
}

/// End an upload and remove what came of it. The file of a finished one stays.
#[utoipa::path(delete, path = "/uploads/{id}", tag = "uploads", params(("id" = Uuid, Path)),
    responses((status = 204), (status = 404, body = ProblemDocument)))]
async fn terminate(
    State(app): State<App>,
    actor: Actor,
    PathOf(id): PathOf<Uuid>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    check_version(&headers)?;
    to_the_end(async move { Ok(uploads::discard(&app, &actor, id).await?) }).await?;
    Ok(tus(StatusCode::NO_CONTENT))
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Filter {
    limit: Option<u64>,
    cursor: Option<Uuid>,
}

/// My uploads, the newest first.
#[utoipa::path(get, path = "/uploads", tag = "uploads", params(Filter), responses((status = 200, body = Page<UploadInfo>)))]
async fn list(
    State(app): State<App>,
    actor: Actor,
    QueryOf(filter): QueryOf<Filter>,
) -> Result<Json<Page<UploadInfo>>, Problem> {
    let limit = limit(filter.limit);
    let uploads = uploads::list(&app, &actor, filter.cursor, limit).await?;
    let next_cursor = uploads.last().filter(|_| uploads.len() as u64 == limit).map(|last| last.id.to_string());
    Ok(Json(Page { items: uploads.into_iter().map(UploadInfo::from).collect(), next_cursor, total: None }))
}

/// One upload, as JSON.
#[utoipa::path(get, path = "/uploads/{id}/info", tag = "uploads", params(("id" = Uuid, Path)),
    responses((status = 200, body = UploadInfo), (status = 404, body = ProblemDocument)))]
async fn info(State(app): State<App>, actor: Actor, PathOf(id): PathOf<Uuid>) -> Result<Json<UploadInfo>, Problem> {
    Ok(Json(uploads::find(&app, &actor, id).await?.into()))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Change {
    kind: Kind,
}

/// Say what kind the file is.
#[utoipa::path(patch, path = "/uploads/{id}/info", tag = "uploads", params(("id" = Uuid, Path)), request_body = Change,
    responses((status = 200, body = UploadInfo), (status = 404, body = ProblemDocument)))]
async fn set_kind(
    State(app): State<App>,
    actor: Actor,
    PathOf(id): PathOf<Uuid>,
    JsonBody(change): JsonBody<Change>,
) -> Result<Json<UploadInfo>, Problem> {
    Ok(Json(uploads::set_kind(&app, &actor, id, change.kind.into()).await?.into()))
}

impl From<Kind> for FileKind {
    fn from(kind: Kind) -> FileKind {
        match kind {
            Kind::Data => FileKind::Data,
            Kind::Config => FileKind::Config,
            Kind::Script => FileKind::Script,
            Kind::Model => FileKind::Model,
            Kind::Mesh => FileKind::Mesh,
            Kind::Result => FileKind::Result,
            Kind::Document => FileKind::Document,
        }
    }
}

impl From<FileKind> for Kind {
    fn from(kind: FileKind) -> Kind {
        match kind {
            FileKind::Data => Kind::Data,
            FileKind::Config => Kind::Config,
            FileKind::Script => Kind::Script,
            FileKind::Model => Kind::Model,
            FileKind::Mesh => Kind::Mesh,
            FileKind::Result => Kind::Result,
            FileKind::Document => Kind::Document,
        }
    }
}

impl From<Upload> for UploadInfo {
    fn from(upload: Upload) -> UploadInfo {
        UploadInfo {
            id: upload.id,
            filename: upload.filename.display(),
            kind: upload.kind.into(),
            kind_source: match upload.kind_source {
                KindSource::Name => Source::Name,
                KindSource::User => Source::User,
            },
            size: upload.size,
            offset: upload.offset,
            state: match upload.state {
                UploadState::Uploading => Progress::Uploading,
                UploadState::Finished => Progress::Finished,
            },
            space: upload.space.to_string(),
            path: upload.path.map(|path| path.to_string()),
            created_at: upload.created_at,
            finished_at: upload.finished_at,
        }
    }
}

/// What `Upload-Metadata` says: pairs of a key and a base64 value, separated by commas.
fn announced(headers: &HeaderMap, size: u64) -> Result<NewUpload, Problem> {
    let mut metadata = HashMap::new();
    let text = headers.get("upload-metadata").and_then(|value| value.to_str().ok()).unwrap_or_default();
    for pair in text.split(',').map(str::trim).filter(|pair| !pair.is_empty()) {
        let (key, value) = pair.split_once(' ').unwrap_or((pair, ""));
        let decoded = BASE64_STANDARD.decode(value.trim()).ok().and_then(|bytes| String::from_utf8(bytes).ok());
        let decoded = decoded.ok_or_else(|| {
            Problem::unreadable(format!(
                "The value of {} in Upload-Metadata is not UTF-8 in base64.",
                key.escape_default()
            ))
        })?;
        metadata.insert(key.to_owned(), decoded);
    }
    let wrong = |field: &str, detail: String| {
        Problem::invalid(vec![FieldError::new(format!("/{field}"), "bad-metadata", detail)])
    };
    // A name as people type it: a % in it is a %.
    let filename = metadata.remove("filename").ok_or_else(|| wrong("filename", "Name the file.".to_owned()))?;
    let filename = FileName::from_bytes(filename.as_bytes()).map_err(|error| wrong("filename", error.to_string()))?;
    let kind = match metadata.remove("kind").filter(|kind| !kind.is_empty()) {
        Some(kind) => Some(FileKind::parse(&kind).ok_or_else(|| wrong("kind", format!("\"{kind}\" is not a kind.")))?),
        None => None,
    };
    let space = match metadata.remove("space").filter(|space| !space.is_empty()) {
        Some(space) => SpaceName::parse(&space).map_err(|error| wrong("space", error.to_string()))?,
        None => SpaceName::home(),
    };
    let directory = match metadata.remove("directory") {
        Some(path) => Some(RelativePath::parse(&path).map_err(|error| wrong("directory", error.to_string()))?),
        None => None,
    };
    Ok(NewUpload { filename, size, kind, space, directory })
}

fn check_version(headers: &HeaderMap) -> Result<(), Problem> {
    match headers.get("tus-resumable").map(|value| value.as_bytes()) {
        Some(version) if version == VERSION.as_bytes() => Ok(()),
        _ => Err(Problem::new(StatusCode::PRECONDITION_FAILED, "tus-version", "Send Tus-Resumable: 1.0.0.")),
    }
}

fn check_octets(headers: &HeaderMap) -> Result<(), Problem> {
    match headers.get(header::CONTENT_TYPE).map(|value| value.as_bytes()) {
        Some(kind) if kind == OCTETS.as_bytes() => Ok(()),
        _ => Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "not-octets", format!("Send {OCTETS}."))),
    }
}

fn number(headers: &HeaderMap, name: &str) -> Result<Option<u64>, Problem> {
    let Some(value) = headers.get(name) else { return Ok(None) };
    let digits = value.to_str().ok().filter(|text| text.bytes().all(|b| b.is_ascii_digit()));
    let number = digits.and_then(|text| text.parse::<i64>().ok());
    let number = number.ok_or_else(|| Problem::unreadable(format!("{name} is not a number of bytes.")))?;
    Ok(Some(number as u64))
}

fn missing(name: &str) -> Problem {
    Problem::unreadable(format!("The header {name} is missing."))
}

fn tus(status: StatusCode) -> Response {
    let mut response = status.into_response();
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response.extensions_mut().insert(Uncompressed);
    response
}
