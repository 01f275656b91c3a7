//! Routes of sign-in, of one's own sessions and of one's own password.

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use crate::access::{Actor, Origin, Role, Scope, Via};
use crate::api_keys;
use crate::app::App;
use crate::auth::{self, Error, Session, SignedIn, tokens};
use crate::cross_site;
use crate::limits;
use crate::problem::{Problem, ProblemDocument};
use crate::requests::{JsonBody, Page, PathOf, to_the_end};
use crate::users;
use crate::web::Uncompressed;

const COOKIE: &str = "qd_refresh";

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(login))
        .routes(routes!(refresh))
        .routes(routes!(logout))
        .routes(routes!(logout_all))
        .routes(routes!(me))
        .routes(routes!(change_password))
        .routes(routes!(sessions))
        .routes(routes!(end_session))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Login {
    username: String,
    password: String,
    /// Where the refresh token goes: into a cookie, or, for clients without cookies, into the body.
    #[serde(default)]
    token_delivery: TokenDelivery,
}

#[derive(Clone, Copy, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum TokenDelivery {
    #[default]
    Cookie,
    Body,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Refresh {
    refresh_token: String,
}

#[derive(Serialize, ToSchema)]
struct Tokens {
    access_token: String,
    #[schema(example = "Bearer")]
    token_type: &'static str,
    /// Seconds.
    expires_in: i64,
    /// Only where `token_delivery` asked for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    refresh_token: Option<String>,
    user: User,
}

#[derive(Serialize, ToSchema)]
struct User {
    id: Uuid,
    username: String,
    display_name: String,
    roles: Vec<Role>,
    /// The account on the cluster; without one there are no cluster actions.
    unix_user: Option<String>,
    /// What a key of this user's may be given.
    #[schema(value_type = Vec<String>)]
    scopes: Vec<Scope>,
}

impl From<users::User> for User {
    fn from(user: users::User) -> User {
        User {
            id: user.id,
            username: user.username,
            display_name: user.display_name,
            roles: vec![user.role],
            unix_user: user.unix_user,
            scopes: api_keys::scopes_of(user.role).iter().collect(),
        }
    }
}

/// Sign in with name and password.
#[utoipa::path(post, path = "/auth/login", tag = "auth", request_body = Login,
    responses((status = 200, body = Tokens), (status = 401, body = ProblemDocument)))]
async fn login(State(app): State<App>, origin: Origin, JsonBody(body): JsonBody<Login>) -> Response {
    let verdict = auth::count_attempt(&app, &origin, &body.username).await;
    let site = app.clone();
    // Also for a client that hangs up: its attempt counts.
    let outcome =
        to_the_end(async move { Ok(auth::login(&site, origin, verdict, &body.username, body.password).await?) });
    let mut response = match outcome.await {
        Ok(signed_in) => tokens_response(&app, signed_in, body.token_delivery),
        Err(problem) => problem.into_response(),
    };
    limits::api::tell(verdict, response.headers_mut());
    response
}

/// Exchange the refresh token (cookie, or body) for new tokens.
#[utoipa::path(post, path = "/auth/refresh", tag = "auth", request_body(content = Option<Refresh>),
    responses((status = 200, body = Tokens), (status = 401, body = ProblemDocument), (status = 403, body = ProblemDocument)))]
async fn refresh(State(app): State<App>, origin: Origin, headers: HeaderMap, body: Bytes) -> Result<Response, Problem> {
    let (token, delivery) = refresh_token(&headers, &body)?.ok_or_else(Problem::not_signed_in)?;
    match auth::refresh(&app, origin, &token).await {
        Ok(signed_in) => Ok(tokens_response(&app, signed_in, delivery)),
        Err(Error::NotSignedIn) => Ok(without_cookie(&app, Problem::not_signed_in().into_response())),
        Err(error) => Err(error.into()),
    }
}

/// Sign out: end this session.
#[utoipa::path(post, path = "/auth/logout", tag = "auth", request_body(content = Option<Refresh>),
    responses((status = 204), (status = 403, body = ProblemDocument)))]
async fn logout(State(app): State<App>, origin: Origin, headers: HeaderMap, body: Bytes) -> Result<Response, Problem> {
    if let Some((token, _)) = refresh_token(&headers, &body)? {
        auth::logout(&app, origin, &token).await?;
    }
    Ok(signed_out(&app))
}

/// Sign out everywhere: end all my sessions, this one too.
#[utoipa::path(post, path = "/auth/logout-all", tag = "auth", responses((status = 204)))]
async fn logout_all(State(app): State<App>, actor: Actor) -> Result<Response, Problem> {
    users::sign_out(app.desk(), (&actor).into(), actor.user_id).await?;
    Ok(signed_out(&app))
}

/// Who is signed in, or whose key it is.
#[utoipa::path(get, path = "/auth/me", tag = "auth",
    responses((status = 200, body = User), (status = 401, body = ProblemDocument)))]
async fn me(State(app): State<App>, actor: Actor) -> Result<Json<User>, Problem> {
    Ok(Json(auth::me(&app, &actor).await?.into()))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ChangePassword {
    current_password: String,
    new_password: String,
}

/// Choose a new password. My other sessions end.
#[utoipa::path(post, path = "/auth/password", tag = "auth", request_body = ChangePassword,
    responses((status = 204), (status = 422, body = ProblemDocument)))]
async fn change_password(
    State(app): State<App>,
    actor: Actor,
    JsonBody(body): JsonBody<ChangePassword>,
) -> Result<StatusCode, Problem> {
    auth::change_password(&app, &actor, body.current_password, body.new_password).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A session that goes on.
#[derive(Serialize, ToSchema)]
pub(crate) struct SessionView {
    id: Uuid,
    /// What the browser or program calls itself.
    device: String,
    /// From where it signed in.
    address: String,
    created_at: DateTime<Utc>,
    last_used_at: DateTime<Utc>,
    expires_at: DateTime<Utc>,
    /// It is the one that asks.
    current: bool,
}

impl SessionView {
    pub(crate) fn seen_by(actor: &Actor, session: Session) -> SessionView {
        SessionView {
            current: actor.via == Via::Session(session.id),
            id: session.id,
            device: session.device,
            address: session.address,
            created_at: session.created_at,
            last_used_at: session.last_used_at,
            expires_at: session.expires_at,
        }
    }
}

/// My sessions that go on, the last used first.
#[utoipa::path(get, path = "/auth/sessions", tag = "auth", responses((status = 200, body = Page<SessionView>)))]
async fn sessions(State(app): State<App>, actor: Actor) -> Result<Json<Page<SessionView>>, Problem> {
    let sessions = auth::sessions_of(&app, &actor, actor.user_id).await?;
    Ok(Json(Page::whole(sessions.into_iter().map(|session| SessionView::seen_by(&actor, session)).collect())))
}

/// End one of my sessions.
#[utoipa::path(delete, path = "/auth/sessions/{id}", tag = "auth", params(("id" = Uuid, Path)),
    responses((status = 204), (status = 404, body = ProblemDocument)))]
async fn end_session(State(app): State<App>, actor: Actor, PathOf(id): PathOf<Uuid>) -> Result<StatusCode, Problem> {
    auth::end_session(&app, &actor, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn tokens_response(app: &App, signed_in: SignedIn, delivery: TokenDelivery) -> Response {
    let cookie = cookie(app, &signed_in.refresh_token, signed_in.lasts);
    let in_body = delivery == TokenDelivery::Body;
    let tokens = Tokens {
        access_token: signed_in.access_token,
        token_type: "Bearer",
        expires_in: tokens::ACCESS_SECONDS,
        refresh_token: in_body.then_some(signed_in.refresh_token),
        user: signed_in.user.into(),
    };
    let mut response = Json(tokens).into_response();
    if let (false, Some(cookie)) = (in_body, cookie) {
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    response.extensions_mut().insert(Uncompressed);
    response
}

/// What the browser kept of answers goes with the session.
fn signed_out(app: &App) -> Response {
    let mut response = without_cookie(app, StatusCode::NO_CONTENT.into_response());
    response.headers_mut().insert("clear-site-data", HeaderValue::from_static("\"cache\""));
    response
}

fn without_cookie(app: &App, mut response: Response) -> Response {
    if let Some(cookie) = cookie(app, "", TimeDelta::zero()) {
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    response
}

fn cookie(app: &App, token: &str, lasts: TimeDelta) -> Option<HeaderValue> {
    let secure = if app.config.cookies_are_secure() { "; Secure" } else { "" };
    let seconds = lasts.num_seconds();
    let text = format!("{COOKIE}={token}; HttpOnly; SameSite=Strict; Path=/api/v1/auth; Max-Age={seconds}{secure}");
    HeaderValue::from_str(&text).ok()
}

/// The token from the body, else from the cookie. A cookie goes along with what other sites make a browser ask, so
/// that only our own page may use it.
fn refresh_token(headers: &HeaderMap, body: &[u8]) -> Result<Option<(String, TokenDelivery)>, Problem> {
    if !body.is_empty() && body != b"{}" && body != b"null" {
        let body: Refresh = serde_json::from_slice(body).map_err(|error| Problem::unreadable(error.to_string()))?;
        return Ok(Some((body.refresh_token, TokenDelivery::Body)));
    }
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let token = cookies
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(name, value)| *name == COOKIE && !value.is_empty())
        .map(|(_, value)| (value.to_owned(), TokenDelivery::Cookie));
    if token.is_some() {
        cross_site::refuse(headers)?;
    }
    Ok(token)
}
