//! Routes of sign-in.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::access::{Actor, Origin, Role};
use crate::app::App;
use crate::auth::{self, Error, SignedIn, tokens};
use crate::problem::{Problem, ProblemDocument};
use crate::requests::JsonBody;
use crate::web::Uncompressed;

const COOKIE: &str = "qd_refresh";

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(login)).routes(routes!(refresh)).routes(routes!(logout)).routes(routes!(me))
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
    username: String,
    display_name: String,
    roles: Vec<Role>,
    /// The account on the cluster; without one there are no cluster actions.
    unix_user: Option<String>,
}

impl From<auth::User> for User {
    fn from(user: auth::User) -> User {
        User {
            username: user.username,
            display_name: user.display_name,
            roles: vec![user.role],
            unix_user: user.unix_user,
        }
    }
}

/// Sign in with name and password.
#[utoipa::path(post, path = "/auth/login", tag = "auth", request_body = Login,
    responses((status = 200, body = Tokens), (status = 401, body = ProblemDocument)))]
async fn login(
    State(app): State<App>,
    origin: Origin,
    headers: HeaderMap,
    JsonBody(body): JsonBody<Login>,
) -> Result<Response, Problem> {
    let device = headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let signed_in = auth::login(&app, origin, &body.username, body.password, device).await?;
    Ok(tokens_response(&app, signed_in, body.token_delivery))
}

/// Exchange the refresh token (cookie, or body) for new tokens.
#[utoipa::path(post, path = "/auth/refresh", tag = "auth", request_body(content = Option<Refresh>),
    responses((status = 200, body = Tokens), (status = 401, body = ProblemDocument)))]
async fn refresh(
    State(app): State<App>,
    origin: Origin,
    headers: HeaderMap,
    body: axum::body::Bytes,
) -> Result<Response, Problem> {
    let (token, delivery) = refresh_token(&headers, &body)?.ok_or_else(Problem::not_signed_in)?;
    match auth::refresh(&app, origin, &token).await {
        Ok(signed_in) => Ok(tokens_response(&app, signed_in, delivery)),
        Err(Error::NotSignedIn) => Ok(without_cookie(&app, Problem::not_signed_in().into_response())),
        Err(error) => Err(error.into()),
    }
}

/// Sign out: end this session.
#[utoipa::path(post, path = "/auth/logout", tag = "auth", request_body(content = Option<Refresh>),
    responses((status = 204)))]
async fn logout(
    State(app): State<App>,
    origin: Origin,
    headers: HeaderMap,
    body: axum::body::Bytes,
) -> Result<Response, Problem> {
    if let Some((token, _)) = refresh_token(&headers, &body)? {
        auth::logout(&app, origin, &token).await?;
    }
    Ok(without_cookie(&app, StatusCode::NO_CONTENT.into_response()))
}

/// Who is signed in.
#[utoipa::path(get, path = "/auth/me", tag = "auth",
    responses((status = 200, body = User), (status = 401, body = ProblemDocument)))]
async fn me(State(app): State<App>, actor: Actor) -> Result<Json<User>, Problem> {
    Ok(Json(auth::me(&app, &actor).await?.into()))
}

fn tokens_response(app: &App, signed_in: SignedIn, delivery: TokenDelivery) -> Response {
    let cookie = cookie(app, &signed_in.refresh_token, 7 * 24 * 3600);
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

fn without_cookie(app: &App, mut response: Response) -> Response {
    if let Some(cookie) = cookie(app, "", 0) {
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    response
}

fn cookie(app: &App, token: &str, seconds: u32) -> Option<HeaderValue> {
    let secure = if app.config.cookies_are_secure() { "; Secure" } else { "" };
    let text = format!("{COOKIE}={token}; HttpOnly; SameSite=Strict; Path=/api/v1/auth; Max-Age={seconds}{secure}");
    HeaderValue::from_str(&text).ok()
}

/// The token from the body, else from the cookie.
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
    Ok(token)
}
