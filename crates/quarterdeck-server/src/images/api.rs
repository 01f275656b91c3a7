//! Routes of images.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use crate::access::Actor;
use crate::app::App;
use crate::images;
use crate::problem::{Problem, ProblemDocument};
use crate::requests::{Page, PathOf, QueryOf, limit};

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(get))
        .routes(routes!(apps))
        .routes(routes!(scan))
        .routes(routes!(progress))
}

/// An Apptainer image. Its texts are its author's; nothing of them is verified.
#[derive(Serialize, ToSchema)]
struct Image {
    id: Uuid,
    /// The file's name without its extension.
    name: String,
    path: String,
    cluster: String,
    host: String,
    kind: Kind,
    /// In bytes.
    size: u64,
    version: Option<String>,
    architecture: Option<String>,
    apps: Vec<String>,
    labels: BTreeMap<String, String>,
    /// It carries a signature, unverified.
    signed: bool,
    modified_at: DateTime<Utc>,
    /// What of it could not be read, and what to do.
    problem: Option<String>,
}

#[derive(Serialize, ToSchema)]
struct ImageDetail {
    #[serde(flatten)]
    image: Image,
    /// What `apptainer inspect --json --all` prints.
    #[schema(value_type = Option<Object>)]
    inspect: Option<Value>,
    help: Option<String>,
    definition: Option<String>,
    locations: Vec<Location>,
}

/// Where an image lies.
#[derive(Serialize, ToSchema)]
#[schema(as = ImageLocation)]
struct Location {
    cluster: String,
    host: String,
    path: String,
}

#[derive(Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ImageKind)]
enum Kind {
    Viz,
    Compute,
    Custom,
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Filter {
    cluster: Option<String>,
    kind: Option<Kind>,
    /// In name or path.
    q: Option<String>,
    limit: Option<u64>,
    cursor: Option<String>,
}

/// The app's name, as jobs give it.
#[derive(Serialize, ToSchema)]
struct ImageApp {
    name: String,
}

#[derive(Serialize, ToSchema)]
struct ImageScanStarted {
    scan_id: Uuid,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct ImageScan {
    id: Uuid,
    state: ScanState,
    /// Why it failed.
    message: Option<String>,
    asked_at: DateTime<Utc>,
    finished_at: Option<DateTime<Utc>>,
    hosts: Vec<HostProgress>,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ImageScanState)]
enum ScanState {
    Queued,
    Running,
    Finished,
    Failed,
}

#[derive(Serialize, ToSchema)]
#[schema(as = ImageScanHost)]
struct HostProgress {
    host: String,
    files_seen: u64,
    images_read: u64,
    images_unchanged: u64,
    images_removed: u64,
    errors_total: u64,
    /// The first of them.
    errors: Vec<ScanError>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = ImageScanError)]
struct ScanError {
    path: String,
    message: String,
}

/// The catalogue, by name.
#[utoipa::path(get, path = "/images", tag = "images", params(Filter),
    responses((status = 200, body = Page<Image>), (status = 400, body = ProblemDocument)))]
async fn list(State(app): State<App>, QueryOf(filter): QueryOf<Filter>) -> Result<Json<Page<Image>>, Problem> {
    let kind = filter.kind.map(|kind| match kind {
        Kind::Viz => images::Kind::Viz,
        Kind::Compute => images::Kind::Compute,
        Kind::Custom => images::Kind::Custom,
    });
    let after = filter.cursor.as_deref().map(read_cursor).transpose()?;
    let wanted = images::Filter { cluster: filter.cluster, kind, q: filter.q, after };
    let limit = limit(filter.limit);
    let mut found = images::list(&app, &wanted, limit).await?;
    let has_more = found.len() as u64 > limit;
    found.truncate(limit as usize);
    let next_cursor = found.last().filter(|_| has_more).map(|last| write_cursor(&last.name, last.id));
    Ok(Json(Page { items: found.into_iter().map(Image::from).collect(), next_cursor, total: None }))
}

/// An image with its definition and what `apptainer inspect` says of it.
#[utoipa::path(get, path = "/images/{id}", tag = "images", params(("id" = Uuid, Path)),
    responses((status = 200, body = ImageDetail), (status = 404, body = ProblemDocument)))]
async fn get(State(app): State<App>, PathOf(id): PathOf<Uuid>) -> Result<Json<ImageDetail>, Problem> {
    let detail = images::get(&app, id).await?;
    let image = Image::from(detail.image);
    let location = Location { cluster: image.cluster.clone(), host: image.host.clone(), path: image.path.clone() };
    Ok(Json(ImageDetail {
        image,
        inspect: detail.inspect,
        help: detail.help,
        definition: detail.definition,
        locations: vec![location],
    }))
}

/// An image's apps.
#[utoipa::path(get, path = "/images/{id}/apps", tag = "images", params(("id" = Uuid, Path)),
    responses((status = 200, body = Page<ImageApp>), (status = 404, body = ProblemDocument)))]
async fn apps(State(app): State<App>, PathOf(id): PathOf<Uuid>) -> Result<Json<Page<ImageApp>>, Problem> {
    let image = images::find(&app, id).await?;
    Ok(Json(Page::whole(image.apps.into_iter().map(|name| ImageApp { name }).collect())))
}

/// Look through the directories again.
#[utoipa::path(post, path = "/images/scan", tag = "images", responses((status = 202, body = ImageScanStarted)))]
async fn scan(State(app): State<App>, actor: Actor) -> Result<(StatusCode, Json<ImageScanStarted>), Problem> {
    let scan_id = images::scan(&app, &actor).await?;
    Ok((StatusCode::ACCEPTED, Json(ImageScanStarted { scan_id })))
}

/// How far a scan is.
#[utoipa::path(get, path = "/images/scans/{id}", tag = "images", params(("id" = Uuid, Path)),
    responses((status = 200, body = ImageScan), (status = 404, body = ProblemDocument)))]
async fn progress(State(app): State<App>, PathOf(id): PathOf<Uuid>) -> Result<Json<ImageScan>, Problem> {
    Ok(Json(app.images.progress(id)?.into()))
}

fn write_cursor(name: &str, id: Uuid) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(format!("{id}{name}"))
}

fn read_cursor(cursor: &str) -> Result<(String, Uuid), Problem> {
    let read = || {
        let text = String::from_utf8(BASE64_URL_SAFE_NO_PAD.decode(cursor).ok()?).ok()?;
        let (id, name) = text.split_at_checked(uuid::fmt::Hyphenated::LENGTH)?;
        Some((name.to_owned(), id.parse().ok()?)).filter(|(name, _)| !name.contains('\0'))
    };
    read().ok_or_else(|| Problem::unreadable("The cursor is none of this list: begin without one."))
}

impl From<images::Image> for Image {
    fn from(image: images::Image) -> Image {
        Image {
            id: image.id,
            name: image.name,
            path: image.path,
            cluster: image.cluster,
            host: image.host,
            kind: match image.kind {
                images::Kind::Viz => Kind::Viz,
                images::Kind::Compute => Kind::Compute,
                images::Kind::Custom => Kind::Custom,
            },
            size: image.size,
            version: image.version,
            architecture: image.architecture,
            apps: image.apps,
            labels: image.labels,
            signed: image.signed,
            modified_at: image.modified_at,
            problem: image.problem,
        }
    }
}

impl From<images::Scan> for ImageScan {
    fn from(scan: images::Scan) -> ImageScan {
        let (state, message) = match scan.state {
            images::ScanState::Queued => (ScanState::Queued, None),
            images::ScanState::Running => (ScanState::Running, None),
            images::ScanState::Finished => (ScanState::Finished, None),
            images::ScanState::Failed(message) => (ScanState::Failed, Some(message)),
        };
        let error = |error: images::ScanError| ScanError { path: error.path, message: error.message };
        let host = |host: images::HostProgress| HostProgress {
            host: host.host,
            files_seen: host.files_seen,
            images_read: host.images_read,
            images_unchanged: host.images_unchanged,
            images_removed: host.images_removed,
            errors_total: host.errors_total,
            errors: host.errors.into_iter().map(error).collect(),
        };
        ImageScan {
            id: scan.id,
            state,
            message,
            asked_at: scan.asked_at,
            finished_at: scan.finished_at,
            hosts: scan.hosts.into_iter().map(host).collect(),
        }
    }
}
