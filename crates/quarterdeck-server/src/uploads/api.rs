//! Routes of uploads: tus under `/uploads` and `/uploads/{id}`, and the JSON view beside it.

mod tus;

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use chrono::{DateTime, Utc};
use quarterdeck_types::FileKind;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use crate::access::Actor;
use crate::app::App;
use crate::problem::{FieldError, Problem, ProblemDocument};
use crate::requests::{JsonBody, Page, PathOf, QueryOf, limit};
use crate::uploads::expiry::{self, Leftover};
use crate::uploads::{self, KindSource, PartOf, Reason, Risk, State as UploadState, Upload, Which, metadata};

/// Fingerprints in one question.
const MOST_SOUGHT: usize = 500;

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(tus::options, tus::create, list))
        .routes(routes!(tus::offset, tus::send, tus::terminate))
        .routes(routes!(info, set_kind))
        .routes(routes!(leftovers))
        .routes(routes!(find))
        .layer(axum::middleware::map_response(tus::name_protocol))
}

#[derive(Serialize, ToSchema)]
pub(crate) struct UploadInfo {
    id: Uuid,
    filename: String,
    kind: Kind,
    kind_source: Source,
    kind_reason: KindReason,
    /// What to be careful with; known when the file is whole.
    warnings: Vec<Warning>,
    /// Bytes announced; null: it has yet to be said.
    size: Option<u64>,
    /// Bytes that are on the disk.
    offset: u64,
    state: Progress,
    space: String,
    /// The directory that the file comes to, beneath its space.
    directory: String,
    /// Where the finished file is, beneath its space.
    path: Option<String>,
    created_at: DateTime<Utc>,
    finished_at: Option<DateTime<Utc>>,
    /// When it is removed if nothing more comes; null for a finished one.
    expires_at: Option<DateTime<Utc>>,
    /// In hexadecimal, where the client said it; that of a finished one was checked.
    sha256: Option<String>,
    /// By what the client that began it knows the file again.
    fingerprint: Option<String>,
    /// Of a part of a file that is yet to be put together: which one, as its client said.
    part: Option<PartInfo>,
}

#[derive(Serialize, ToSchema)]
struct PartInfo {
    /// Counted from 1.
    number: u16,
    count: u16,
    /// Bytes of the whole file.
    whole_size: u64,
}

/// The seven kinds of file.
#[derive(Clone, Copy, Serialize, Deserialize, ToSchema)]
#[schema(as = FileKind)]
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
#[schema(as = UploadKindSource)]
#[serde(rename_all = "snake_case")]
enum Source {
    Name,
    Content,
    SiteRule,
    User,
}

/// Why a file is of its kind.
#[derive(Serialize, ToSchema)]
struct KindReason {
    /// Stable, for translation.
    code: String,
    /// Values for the translation.
    params: BTreeMap<String, String>,
    /// In English.
    text: String,
}

/// `executables`: programs as machine code; `macros`: an Office document with programs in it; `pickles`: Python objects,
/// which run what they say when they are loaded.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Warning {
    Executables,
    Macros,
    Pickles,
}

#[derive(Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Progress {
    Uploading,
    Finished,
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Filter {
    limit: Option<u64>,
    cursor: Option<Uuid>,
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct MyFilter {
    limit: Option<u64>,
    cursor: Option<Uuid>,
    state: Option<Progress>,
    /// Parts too that are yet to be put together.
    #[serde(default)]
    parts: bool,
}

/// My uploads, the newest first.
#[utoipa::path(get, path = "/uploads", tag = "uploads", params(MyFilter), responses((status = 200, body = Page<UploadInfo>)))]
async fn list(
    State(app): State<App>,
    actor: Actor,
    QueryOf(filter): QueryOf<MyFilter>,
) -> Result<Json<Page<UploadInfo>>, Problem> {
    let limit = limit(filter.limit);
    let state = filter.state.map(|state| match state {
        Progress::Uploading => UploadState::Uploading,
        Progress::Finished => UploadState::Finished,
    });
    let which = Which { state, parts: filter.parts };
    let uploads = uploads::list(&app, &actor, which, filter.cursor, limit).await?;
    let next_cursor = uploads.last().filter(|_| uploads.len() as u64 == limit).map(|last| last.id.to_string());
    Ok(Json(Page { items: uploads.into_iter().map(UploadInfo::from).collect(), next_cursor, total: None }))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Sought {
    /// At most 500.
    fingerprints: Vec<String>,
}

#[derive(Serialize, ToSchema)]
struct Found {
    /// The newest first.
    items: Vec<UploadInfo>,
}

/// My uploads of files that I have in hand again, by the fingerprints with which I began them: all that can be gone on
/// with, parts among them, and of each directory the last that is finished and still lies where it was put.
#[utoipa::path(post, path = "/uploads/find", operation_id = "find_uploads", tag = "uploads", request_body = Sought,
    responses((status = 200, body = Found), (status = 422, body = ProblemDocument)))]
async fn find(
    State(app): State<App>,
    actor: Actor,
    JsonBody(sought): JsonBody<Sought>,
) -> Result<Json<Found>, Problem> {
    if sought.fingerprints.len() > MOST_SOUGHT || !sought.fingerprints.iter().all(|text| metadata::is_fingerprint(text))
    {
        let detail = format!("Name at most {MOST_SOUGHT} fingerprints, as they were sent.");
        return Err(Problem::invalid(vec![FieldError::new("/fingerprints", "bad-metadata", detail)]));
    }
    let found = uploads::find_by_fingerprint(&app, &actor, &sought.fingerprints).await?;
    Ok(Json(Found { items: found.into_iter().map(UploadInfo::from).collect() }))
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
    /// `null`: what its content says, and that of the next ones with its ending.
    // Left out is not `null`.
    #[serde(deserialize_with = "Option::deserialize")]
    #[schema(required = true)]
    kind: Option<Kind>,
}

/// Say what kind the file is, and the next ones with its ending; or take back what was said.
#[utoipa::path(patch, path = "/uploads/{id}/info", tag = "uploads", params(("id" = Uuid, Path)), request_body = Change,
    responses((status = 200, body = UploadInfo), (status = 404, body = ProblemDocument)))]
async fn set_kind(
    State(app): State<App>,
    actor: Actor,
    PathOf(id): PathOf<Uuid>,
    JsonBody(change): JsonBody<Change>,
) -> Result<Json<UploadInfo>, Problem> {
    Ok(Json(uploads::set_kind(&app, &actor, id, change.kind.map(FileKind::from)).await?.into()))
}

/// What expired and could not be removed.
#[derive(Serialize, ToSchema)]
struct LeftoverInfo {
    id: Uuid,
    user: String,
    host: String,
    space: String,
    /// The directory that the hidden file `.quarterdeck-upload-<id>` is in, beneath its space.
    directory: String,
    filename: String,
    /// Bytes that had come.
    offset: u64,
    expired_at: Option<DateTime<Utc>>,
    reason: String,
}

/// Uploads that expired and could not be removed, the newest first.
#[utoipa::path(get, path = "/uploads/leftovers", tag = "uploads", params(Filter),
    responses((status = 200, body = Page<LeftoverInfo>)))]
async fn leftovers(
    State(app): State<App>,
    QueryOf(filter): QueryOf<Filter>,
) -> Result<Json<Page<LeftoverInfo>>, Problem> {
    let limit = limit(filter.limit);
    let leftovers = expiry::leftovers(&app, filter.cursor, limit).await?;
    let last = leftovers.last().filter(|_| leftovers.len() as u64 == limit);
    let next_cursor = last.map(|last| last.upload.id.to_string());
    Ok(Json(Page { items: leftovers.into_iter().map(LeftoverInfo::from).collect(), next_cursor, total: None }))
}

impl From<Leftover> for LeftoverInfo {
    fn from(leftover: Leftover) -> LeftoverInfo {
        let Leftover { upload, user, host, expired_at, reason } = leftover;
        LeftoverInfo {
            id: upload.id,
            user,
            host,
            space: upload.space.to_string(),
            directory: upload.directory.to_string(),
            filename: upload.filename.display(),
            offset: upload.offset,
            expired_at,
            reason,
        }
    }
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

impl From<Reason> for KindReason {
    fn from(reason: Reason) -> KindReason {
        let (code, params) = reason.parts();
        KindReason { code, params, text: reason.to_string() }
    }
}

impl From<Risk> for Warning {
    fn from(risk: Risk) -> Warning {
        match risk {
            Risk::Executables => Warning::Executables,
            Risk::Macros => Warning::Macros,
            Risk::Pickles => Warning::Pickles,
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
                KindSource::Content => Source::Content,
                KindSource::SiteRule => Source::SiteRule,
                KindSource::User => Source::User,
            },
            kind_reason: upload.kind_reason.into(),
            warnings: upload.risks.into_iter().map(Warning::from).collect(),
            size: upload.size,
            offset: upload.offset,
            state: match upload.state {
                UploadState::Uploading => Progress::Uploading,
                UploadState::Finished => Progress::Finished,
            },
            space: upload.space.to_string(),
            directory: upload.directory.to_string(),
            path: upload.path.map(|path| path.to_string()),
            created_at: upload.created_at,
            finished_at: upload.finished_at,
            expires_at: upload.expires_at,
            sha256: upload.sha256,
            fingerprint: upload.fingerprint,
            part: upload.part.map(|PartOf { number, count, whole_size }| PartInfo { number, count, whole_size }),
        }
    }
}
