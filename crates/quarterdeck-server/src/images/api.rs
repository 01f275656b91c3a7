//! Routes of images.

mod scans;
mod told;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

pub(crate) use scans::ImageScan;
use told::{Image, ImageDetail, ImageDrift, ImageState, Kind};

use crate::access::Actor;
use crate::app::App;
use crate::images;
use crate::problem::{Problem, ProblemDocument};
use crate::requests::{Page, PathOf, QueryOf, limit};

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(drift))
        .routes(routes!(get))
        .routes(routes!(apps))
        .routes(routes!(digest))
        .merge(scans::routes())
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Filter {
    cluster: Option<String>,
    /// On nodes of this partition.
    partition: Option<String>,
    /// On this node. What the portal's own host has is on every node.
    node: Option<String>,
    kind: Option<Kind>,
    /// Only your own, or only the site's.
    own: Option<bool>,
    /// Without it those that are there, as far as is known.
    state: Option<ImageState>,
    /// Words that are all in name, path, labels or apps.
    q: Option<String>,
    limit: Option<u64>,
    cursor: Option<String>,
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct DriftFilter {
    cluster: Option<String>,
    limit: Option<u64>,
    cursor: Option<String>,
}

/// The app's name, as jobs give it.
#[derive(Serialize, ToSchema)]
struct ImageApp {
    name: String,
}

/// The catalogue, by name: the site's images, and your own.
#[utoipa::path(get, path = "/images", tag = "images", params(Filter),
    responses((status = 200, body = Page<Image>), (status = 400, body = ProblemDocument)))]
async fn list(
    State(app): State<App>,
    actor: Actor,
    QueryOf(filter): QueryOf<Filter>,
) -> Result<Json<Page<Image>>, Problem> {
    let after = filter.cursor.as_deref().map(read_cursor).transpose()?;
    let wanted = images::Filter {
        cluster: filter.cluster,
        partition: filter.partition,
        node: filter.node,
        kind: filter.kind.map(images::Kind::from),
        own: filter.own,
        state: filter.state.map(images::State::from),
        q: filter.q,
        after,
    };
    let limit = limit(filter.limit);
    let mut found = images::list(&app, &actor, &wanted, limit).await?;
    let has_more = found.len() as u64 > limit;
    found.truncate(limit as usize);
    let next_cursor = found.last().filter(|_| has_more).map(|last| write_cursor(&last.image.name, last.image.id));
    Ok(Json(Page { items: found.into_iter().map(Image::from).collect(), next_cursor, total: None }))
}

/// Paths at which hosts of one cluster have different images.
#[utoipa::path(get, path = "/images/drift", tag = "images", params(DriftFilter),
    responses((status = 200, body = Page<ImageDrift>), (status = 400, body = ProblemDocument)))]
async fn drift(
    State(app): State<App>,
    QueryOf(filter): QueryOf<DriftFilter>,
) -> Result<Json<Page<ImageDrift>>, Problem> {
    let after = filter.cursor.as_deref().map(read_drift_cursor).transpose()?;
    let limit = limit(filter.limit);
    let cluster = filter.cluster.as_deref();
    if cluster.is_some_and(|name| app.clusters.find(name).is_none()) {
        return Ok(Json(Page::whole(Vec::new())));
    }
    let mut found = images::drifts(&app.db, cluster, &after, limit).await?;
    let has_more = found.len() as u64 > limit;
    found.truncate(limit as usize);
    let next_cursor = found.last().filter(|_| has_more).map(|last| write_drift_cursor(&last.cluster, &last.path));
    Ok(Json(Page { items: found.into_iter().map(ImageDrift::from).collect(), next_cursor, total: None }))
}

/// An image with its definition and what `apptainer inspect` says of it.
#[utoipa::path(get, path = "/images/{id}", tag = "images", params(("id" = Uuid, Path)),
    responses((status = 200, body = ImageDetail), (status = 404, body = ProblemDocument)))]
async fn get(State(app): State<App>, actor: Actor, PathOf(id): PathOf<Uuid>) -> Result<Json<ImageDetail>, Problem> {
    Ok(Json(images::get(&app, &actor, id).await?.into()))
}

/// An image's apps.
#[utoipa::path(get, path = "/images/{id}/apps", tag = "images", params(("id" = Uuid, Path)),
    responses((status = 200, body = Page<ImageApp>), (status = 404, body = ProblemDocument)))]
async fn apps(State(app): State<App>, actor: Actor, PathOf(id): PathOf<Uuid>) -> Result<Json<Page<ImageApp>>, Problem> {
    let image = images::find(&app, &actor, id).await?;
    Ok(Json(Page::whole(image.apps.into_iter().map(|name| ImageApp { name }).collect())))
}

/// Have the SHA-256 of the image's files computed that is not known; `locations` says it when it is.
#[utoipa::path(post, path = "/images/{id}/digest", tag = "images", params(("id" = Uuid, Path)),
    responses((status = 202), (status = 404, body = ProblemDocument), (status = 409, body = ProblemDocument)))]
async fn digest(State(app): State<App>, actor: Actor, PathOf(id): PathOf<Uuid>) -> Result<StatusCode, Problem> {
    images::digest(&app, &actor, id).await?;
    Ok(StatusCode::ACCEPTED)
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

fn write_drift_cursor(cluster: &str, path: &str) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(format!("{cluster}\0{path}"))
}

fn read_drift_cursor(cursor: &str) -> Result<(String, String), Problem> {
    let read = || {
        let text = String::from_utf8(BASE64_URL_SAFE_NO_PAD.decode(cursor).ok()?).ok()?;
        let (cluster, path) = text.split_once('\0')?;
        Some((cluster.to_owned(), path.to_owned())).filter(|(_, path)| !path.contains('\0'))
    };
    read().ok_or_else(|| Problem::unreadable("The cursor is none of this list: begin without one."))
}
