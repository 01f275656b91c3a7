//! Routes of notifications.

use axum::Json;
use axum::extract::State;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use crate::access::Actor;
use crate::app::App;
use crate::notifications;
use crate::problem::Problem;
use crate::requests::{Page, QueryOf, limit};

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list))
}

#[derive(Serialize, ToSchema)]
struct Notification {
    id: Uuid,
    /// Stable word for translation.
    code: String,
    params: Value,
    created_at: DateTime<Utc>,
    read_at: Option<DateTime<Utc>>,
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Filter {
    limit: Option<u64>,
}

/// My notifications, the newest first.
#[utoipa::path(get, path = "/notifications", tag = "notifications", params(Filter),
    responses((status = 200, body = Page<Notification>)))]
async fn list(
    State(app): State<App>,
    actor: Actor,
    QueryOf(filter): QueryOf<Filter>,
) -> Result<Json<Page<Notification>>, Problem> {
    let items = notifications::list(&app, &actor, limit(filter.limit)).await?;
    let view = |n: notifications::Notification| Notification {
        id: n.id,
        code: n.code,
        params: n.params,
        created_at: n.created_at,
        read_at: n.read_at,
    };
    Ok(Json(Page::whole(items.into_iter().map(view).collect())))
}
