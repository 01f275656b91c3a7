//! Routes of scans for images.

use std::path::PathBuf;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use crate::access::Actor;
use crate::app::App;
use crate::images;
use crate::problem::{Problem, ProblemDocument};
use crate::requests::{OptionalJsonBody, PathOf};

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(scan)).routes(routes!(scan_own)).routes(routes!(progress, cancel))
}

/// What to look at. Nothing named: everything.
#[derive(Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
struct ImageScanRequest {
    /// These nodes alone, by their names; the portal's own host has one too.
    nodes: Option<Vec<String>>,
    /// What lies beneath these directories alone. Each must be one that is configured, or lie beneath one.
    paths: Option<Vec<String>>,
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

/// `cancelled`: somebody ended it; what it had not looked at is as it was known.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ImageScanState)]
enum ScanState {
    Queued,
    Running,
    Finished,
    Cancelled,
    Failed,
}

/// `failed`: it could not be looked at, or not to the end.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ImageScanHostState)]
enum HostState {
    Waiting,
    Running,
    Finished,
    Failed,
}

#[derive(Serialize, ToSchema)]
#[schema(as = ImageScanHost)]
struct HostProgress {
    host: String,
    state: HostState,
    /// Why it failed, and what to do.
    error: Option<String>,
    files_seen: u64,
    images_read: u64,
    images_unchanged: u64,
    /// Those that are gone, or have become others.
    images_removed: u64,
    /// Known ones that nobody could look at.
    images_stale: u64,
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

/// Look for images again, everywhere or at a part.
#[utoipa::path(post, path = "/images/scan", tag = "images", request_body = Option<ImageScanRequest>,
    responses((status = 202, body = ImageScanStarted), (status = 422, body = ProblemDocument)))]
async fn scan(
    State(app): State<App>,
    actor: Actor,
    OptionalJsonBody(wanted): OptionalJsonBody<ImageScanRequest>,
) -> Result<(StatusCode, Json<ImageScanStarted>), Problem> {
    let paths = wanted.paths.map(|paths| paths.into_iter().map(PathBuf::from).collect());
    let scan_id = images::scan(&app, &actor, images::Wish { nodes: wanted.nodes, paths }).await?;
    Ok((StatusCode::ACCEPTED, Json(ImageScanStarted { scan_id })))
}

/// Look for your own images again, in the directories of your spaces that the site names. Answers when that is done.
#[utoipa::path(post, path = "/images/own/scan", tag = "images",
    responses((status = 200, body = HostProgress), (status = 403, body = ProblemDocument)))]
async fn scan_own(State(app): State<App>, actor: Actor) -> Result<Json<HostProgress>, Problem> {
    Ok(Json(images::scan_own(&app, &actor).await?.into()))
}

/// How far a scan is.
#[utoipa::path(get, path = "/images/scans/{id}", tag = "images", params(("id" = Uuid, Path)),
    responses((status = 200, body = ImageScan), (status = 404, body = ProblemDocument)))]
async fn progress(State(app): State<App>, PathOf(id): PathOf<Uuid>) -> Result<Json<ImageScan>, Problem> {
    Ok(Json(app.images.progress(id)?.into()))
}

/// End a scan before it is done. One that is over stays as it is.
#[utoipa::path(delete, path = "/images/scans/{id}", tag = "images", params(("id" = Uuid, Path)),
    responses((status = 202), (status = 404, body = ProblemDocument)))]
async fn cancel(State(app): State<App>, actor: Actor, PathOf(id): PathOf<Uuid>) -> Result<StatusCode, Problem> {
    images::cancel(&app, &actor, id).await?;
    Ok(StatusCode::ACCEPTED)
}

impl From<images::Scan> for ImageScan {
    fn from(scan: images::Scan) -> ImageScan {
        let (state, message) = match scan.state {
            images::ScanState::Queued => (ScanState::Queued, None),
            images::ScanState::Running => (ScanState::Running, None),
            images::ScanState::Finished => (ScanState::Finished, None),
            images::ScanState::Cancelled => (ScanState::Cancelled, None),
            images::ScanState::Failed(message) => (ScanState::Failed, Some(message)),
        };
        ImageScan {
            id: scan.id,
            state,
            message,
            asked_at: scan.asked_at,
            finished_at: scan.finished_at,
            hosts: scan.hosts.into_iter().map(HostProgress::from).collect(),
        }
    }
}

impl From<images::HostProgress> for HostProgress {
    fn from(host: images::HostProgress) -> HostProgress {
        let error = |error: images::ScanError| ScanError { path: error.path, message: error.message };
        HostProgress {
            host: host.host,
            state: match host.state {
                images::HostState::Waiting => HostState::Waiting,
                images::HostState::Running => HostState::Running,
                images::HostState::Finished => HostState::Finished,
                images::HostState::Failed => HostState::Failed,
            },
            error: host.error,
            files_seen: host.files_seen,
            images_read: host.images_read,
            images_unchanged: host.images_unchanged,
            images_removed: host.images_removed,
            images_stale: host.images_stale,
            errors_total: host.errors_total,
            errors: host.errors.into_iter().map(error).collect(),
        }
    }
}
