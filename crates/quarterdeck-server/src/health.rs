//! Whether the process is alive, and how its parts stand: for whoever starts it, watches it or sends it requests.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::problem::{Problem, ProblemDocument};

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(alive)).routes(routes!(ready))
}

/// The process is alive.
#[utoipa::path(get, path = "/healthz", tag = "operation", responses((status = 204)))]
async fn alive() -> StatusCode {
    StatusCode::NO_CONTENT
}

#[derive(Serialize, ToSchema)]
struct Readiness {
    parts: Vec<ServerPart>,
}

/// Why a part is down is for those who are signed in.
#[derive(Serialize, ToSchema)]
struct ServerPart {
    /// `database`, `redis`, or `cluster:` and its name.
    #[schema(example = "cluster:slurm")]
    name: String,
    state: PartState,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum PartState {
    Up,
    /// What needs it says so of itself; the rest works.
    Down,
}

/// The server can answer requests, and how its parts stand. Without the database it cannot: 503.
#[utoipa::path(get, path = "/readyz", tag = "operation",
    responses((status = 200, body = Readiness), (status = 503, body = ProblemDocument)))]
async fn ready(State(app): State<App>) -> Response {
    if app.db.read().ping().await.is_err() {
        let detail = "The database does not answer: look at its log.";
        return Problem::new(StatusCode::SERVICE_UNAVAILABLE, "database-unavailable", detail).into_response();
    }
    let part = |name: String, is_up| ServerPart { name, state: if is_up { PartState::Up } else { PartState::Down } };
    let mut parts = vec![part("database".to_owned(), true)];
    parts.extend(app.limits.shared().map(|is_up| part("redis".to_owned(), is_up)));
    let clusters = app.clusters.all().iter();
    parts.extend(clusters.map(|cluster| part(format!("cluster:{}", cluster.name), !cluster.view().jobs.is_stale())));
    Json(Readiness { parts }).into_response()
}
