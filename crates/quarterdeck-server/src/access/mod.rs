//! Who may call what: admits each request as the table says, and tells the handlers who it is from.

mod scope;
mod table;

use std::net::IpAddr;

use axum::extract::{FromRequestParts, MatchedPath, Request, State};
use axum::http::header::{AUTHORIZATION, HeaderName, USER_AGENT};
use axum::http::request::Parts;
use axum::http::{Extensions, HeaderMap, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::app::App;
use crate::audit::{Event, Who};
use crate::limits::{self, Bucket, Class, Verdict};
use crate::problem::Problem;
use crate::redact;
use crate::users::User;
use crate::web::{ClientAddress, RequestId};
pub use scope::{Area, Scope, Scopes};
pub use table::{Route, Rule, TABLE};

/// A page sends this with what it asks by itself.
const BY_ITSELF: HeaderName = HeaderName::from_static("quarterdeck-by-itself");

/// Who does something, by which session, from where. Passed to every feature, and recorded by the audit.
#[derive(Clone, Debug)]
pub struct Actor {
    pub user_id: Uuid,
    pub username: String,
    pub role: Role,
    /// The account on the cluster that this user acts as; without one there are no cluster actions.
    pub unix_user: Option<String>,
    pub via: Via,
    pub address: IpAddr,
    pub request_id: String,
}

impl Actor {
    pub(crate) fn new(user: &User, via: Via, origin: Origin) -> Actor {
        Actor {
            user_id: user.id,
            username: user.username.clone(),
            role: user.role,
            unix_user: user.unix_user.clone(),
            via,
            address: origin.address,
            request_id: origin.request_id,
        }
    }

    /// Whether this is the session, the key or the account that she acts by.
    pub(crate) fn acts_by(&self, id: Uuid) -> bool {
        let (Via::Session(by) | Via::Key(by, _)) = self.via;
        [by, self.user_id].contains(&id)
    }

    /// Whether a key has this scope; sessions need none.
    pub fn may(&self, scope: Scope) -> bool {
        match self.via {
            Via::Session(_) => true,
            Via::Key(_, scopes) => scopes.has(scope),
        }
    }
}

/// How an actor proved who she is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Via {
    Session(Uuid),
    /// An API key, and what it may do of what its owner may.
    Key(Uuid, Scopes),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    Viewer,
    User,
    Operator,
    Admin,
}

impl Role {
    pub const ALL: [Role; 4] = [Role::Viewer, Role::User, Role::Operator, Role::Admin];

    pub fn as_str(self) -> &'static str {
        match self {
            Role::Viewer => "viewer",
            Role::User => "user",
            Role::Operator => "operator",
            Role::Admin => "admin",
        }
    }

    pub fn parse(text: &str) -> Option<Role> {
        Role::ALL.into_iter().find(|role| role.as_str() == text)
    }
}

/// Admits a request to its route, or answers 401, 403 or 404; leaves the [`Actor`] for the handler.
pub(crate) async fn guard(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let path = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    let Some(route) = path.as_deref().and_then(|path| route_for(request.method(), path)) else {
        return Problem::not_found("route").into_response();
    };
    let origin = Origin::of(request.headers(), request.extensions());
    let (actor, unknown) = match route.rule {
        Rule::Public => (None, None),
        _ => match crate::auth::authenticate(&app, bearer(request.headers()), origin.clone()).await {
            Ok(actor) => (Some(actor), None),
            Err(error) => (None, Some(Problem::from(error))),
        },
    };
    let verdict = count(&app, route, actor.as_ref(), &origin).await;
    let allowed = || match (&actor, unknown) {
        (_, Some(problem)) => Err(problem),
        (Some(actor), None) => permit(actor, route.rule),
        (None, None) => Ok(()),
    };
    let path = redact::path(request.uri().path()).into_owned();
    let mut response = match verdict.admitted().map_err(Problem::from).and_then(|()| allowed()) {
        Ok(()) => {
            if let Some(actor) = actor.clone() {
                request.extensions_mut().insert(actor);
            }
            next.run(request).await
        }
        Err(problem) => problem.into_response(),
    };
    limits::api::tell(verdict, response.headers_mut());
    if is_refusal(route, response.status()) {
        let code = response.extensions().get::<Problem>().map(Problem::code);
        let detail = json!({"code": code, "path": path});
        record_refusal(&app, route, detail, actor.as_ref(), &origin).await;
    }
    response
}

/// Whether somebody was turned away, here or by the handler. Sign-in records its own; a page that asks for new tokens
/// without having any is no attempt at anything.
fn is_refusal(route: &Route, status: StatusCode) -> bool {
    match status {
        StatusCode::UNAUTHORIZED => route.rule != Rule::Public,
        StatusCode::FORBIDDEN | StatusCode::TOO_MANY_REQUESTS => route.class != Some(Class::SignIn),
        _ => false,
    }
}

async fn record_refusal(app: &App, route: &Route, detail: Value, actor: Option<&Actor>, origin: &Origin) {
    let object = format!("{} {}", route.method, route.path);
    let event = Event::new("access.refused", &object).with(detail);
    let who = actor.map_or(Who::Stranger { origin, account: None }, Who::Actor);
    if let Err(error) = app.audit.refused(who, event).await {
        // The refusal stands all the same.
        tracing::error!(%error, "a refusal could not be recorded");
    }
}

/// Counts a request before it is asked what the caller may, so that what is refused is counted too.
async fn count(app: &App, route: &Route, actor: Option<&Actor>, origin: &Origin) -> Verdict {
    let bucket = actor.map_or_else(|| Bucket::address(origin.address), Bucket::of);
    match route.class {
        // By the sign-in itself, which knows the name.
        Some(Class::SignIn) => Verdict::Uncounted,
        // What is bounded otherwise is bounded for those who are known.
        None if actor.is_none() && route.rule != Rule::Public => app.limits.check(Class::Read, bucket).await,
        None => Verdict::Uncounted,
        Some(class) => app.limits.check(class, bucket).await,
    }
}

/// Whether this actor may have, in another way than by a request, what `GET` of this path in the table answers.
pub(crate) fn permit_reading(actor: &Actor, path: &str) -> Result<(), Problem> {
    let route = route_for(&Method::GET, path).ok_or_else(|| Problem::not_found("route"))?;
    permit(actor, route.rule)
}

/// Whether the rule admits this actor.
fn permit(actor: &Actor, rule: Rule) -> Result<(), Problem> {
    match rule {
        Rule::Session(_) if matches!(actor.via, Via::Key(..)) => Err(Problem::not_by_key()),
        // What the owner may not do, no key of hers may.
        Rule::Session(least) | Rule::Role(least, _) if actor.role < least => Err(Problem::forbidden()),
        Rule::Role(_, scope) if !actor.may(scope) => Err(Problem::missing_scope(scope)),
        Rule::Public | Rule::Known | Rule::Session(_) | Rule::Role(..) => Ok(()),
    }
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token)
}

/// The route's row; axum serves HEAD by GET's handler, so it is admitted like GET where it has no row of its own.
fn route_for(method: &Method, path: &str) -> Option<&'static Route> {
    let find = |method: &str| TABLE.iter().find(|route| route.method == method && route.path == path);
    find(method.as_str()).or_else(|| if *method == Method::HEAD { find("GET") } else { None })
}

/// Where a request comes from, before anybody is known.
#[derive(Clone, Debug)]
pub struct Origin {
    pub address: IpAddr,
    /// What the client calls itself.
    pub device: String,
    pub request_id: String,
    /// A person, or a script of hers, is behind it. The page says so of what it asks by itself while nobody touches it,
    /// so that a page left open does not keep its session alive.
    pub by_hand: bool,
}

impl Origin {
    fn of(headers: &HeaderMap, extensions: &Extensions) -> Origin {
        let device = headers.get(USER_AGENT).map(|value| String::from_utf8_lossy(value.as_bytes()));
        Origin {
            address: extensions.get::<ClientAddress>().map_or(IpAddr::from([0, 0, 0, 0]), |address| address.0),
            device: device.unwrap_or_default().chars().take(200).collect(),
            request_id: extensions.get::<RequestId>().map(|id| id.0.clone()).unwrap_or_default(),
            by_hand: !headers.contains_key(BY_ITSELF),
        }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Origin {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        Ok(Origin::of(&parts.headers, &parts.extensions))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Actor {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        parts.extensions.get::<Actor>().cloned().ok_or_else(Problem::not_signed_in)
    }
}
