//! Routes of API keys: one's own, and, for administrators, those of others.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use crate::access::{Actor, Scope};
use crate::api_keys::{self, NewKey};
use crate::app::App;
use crate::problem::{Problem, ProblemDocument};
use crate::requests::{JsonBody, Page, PathOf};
use crate::web::Uncompressed;

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(revoke))
        .routes(routes!(list_of, create_of))
        .routes(routes!(revoke_of))
}

#[derive(Serialize, ToSchema)]
struct ApiKey {
    id: Uuid,
    name: String,
    #[schema(value_type = Vec<String>, example = json!(["jobs:read", "jobs:write"]))]
    scopes: Vec<Scope>,
    created_at: DateTime<Utc>,
    expires_at: DateTime<Utc>,
    revoked_at: Option<DateTime<Utc>>,
    last_used_at: Option<DateTime<Utc>>,
    last_used_address: Option<String>,
}

#[derive(Serialize, ToSchema)]
struct CreatedKey {
    /// The key itself. It is shown this once.
    key: String,
    #[serde(flatten)]
    about: ApiKey,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewApiKey {
    #[schema(example = "nightly runs")]
    name: String,
    #[schema(value_type = Vec<String>, example = json!(["jobs:read", "jobs:write"]))]
    scopes: Vec<Scope>,
    expires_at: DateTime<Utc>,
}

/// My keys, the newest first.
#[utoipa::path(get, path = "/api-keys", tag = "api_keys", responses((status = 200, body = Page<ApiKey>)))]
async fn list(State(app): State<App>, actor: Actor) -> Result<Json<Page<ApiKey>>, Problem> {
    page(&app, &actor, actor.user_id).await
}

/// Make a key.
#[utoipa::path(post, path = "/api-keys", tag = "api_keys", request_body = NewApiKey,
    responses((status = 201, body = CreatedKey), (status = 422, body = ProblemDocument)))]
async fn create(State(app): State<App>, actor: Actor, JsonBody(new): JsonBody<NewApiKey>) -> Result<Response, Problem> {
    Ok(created(api_keys::create(&app, &actor, new.into()).await?))
}

/// Revoke a key: it is refused from now on.
#[utoipa::path(delete, path = "/api-keys/{id}", tag = "api_keys", params(("id" = Uuid, Path)),
    responses((status = 204), (status = 404, body = ProblemDocument)))]
async fn revoke(State(app): State<App>, actor: Actor, PathOf(id): PathOf<Uuid>) -> Result<StatusCode, Problem> {
    api_keys::revoke(&app, &actor, actor.user_id, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A user's keys, the newest first.
#[utoipa::path(get, path = "/users/{id}/api-keys", tag = "users", params(("id" = Uuid, Path)),
    operation_id = "list_keys",
    responses((status = 200, body = Page<ApiKey>), (status = 404, body = ProblemDocument)))]
async fn list_of(
    State(app): State<App>,
    actor: Actor,
    PathOf(id): PathOf<Uuid>,
) -> Result<Json<Page<ApiKey>>, Problem> {
    page(&app, &actor, id).await
}

/// Make a key for a service account.
#[utoipa::path(post, path = "/users/{id}/api-keys", tag = "users", params(("id" = Uuid, Path)),
    operation_id = "create_key", request_body = NewApiKey,
    responses((status = 201, body = CreatedKey), (status = 404, body = ProblemDocument),
        (status = 409, body = ProblemDocument), (status = 422, body = ProblemDocument)))]
async fn create_of(
    State(app): State<App>,
    actor: Actor,
    PathOf(id): PathOf<Uuid>,
    JsonBody(new): JsonBody<NewApiKey>,
) -> Result<Response, Problem> {
    Ok(created(api_keys::create_for_service(&app, &actor, id, new.into()).await?))
}

/// Revoke a user's key.
#[utoipa::path(delete, path = "/users/{id}/api-keys/{key}", tag = "users",
    operation_id = "revoke_key", params(("id" = Uuid, Path), ("key" = Uuid, Path)),
    responses((status = 204), (status = 404, body = ProblemDocument)))]
async fn revoke_of(
    State(app): State<App>,
    actor: Actor,
    PathOf((id, key)): PathOf<(Uuid, Uuid)>,
) -> Result<StatusCode, Problem> {
    api_keys::revoke(&app, &actor, id, key).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn page(app: &App, actor: &Actor, user: Uuid) -> Result<Json<Page<ApiKey>>, Problem> {
    let keys = api_keys::list(app, actor, user).await?;
    Ok(Json(Page::whole(keys.into_iter().map(ApiKey::from).collect())))
}

fn created((key, text): (api_keys::ApiKey, String)) -> Response {
    let mut response = (StatusCode::CREATED, Json(CreatedKey { key: text, about: key.into() })).into_response();
    response.extensions_mut().insert(Uncompressed);
    response
}

impl From<NewApiKey> for NewKey {
    fn from(new: NewApiKey) -> NewKey {
        NewKey { name: new.name, scopes: new.scopes, expires_at: new.expires_at }
    }
}

impl From<api_keys::ApiKey> for ApiKey {
    fn from(key: api_keys::ApiKey) -> ApiKey {
        ApiKey {
            id: key.id,
            name: key.name,
            scopes: key.scopes.iter().collect(),
            created_at: key.created_at,
            expires_at: key.expires_at,
            revoked_at: key.revoked_at,
            last_used_at: key.last_used_at,
            last_used_address: key.last_used_address,
        }
    }
}
