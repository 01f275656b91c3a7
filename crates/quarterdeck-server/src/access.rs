//! Who may call what: one table from route to rule. A route that is not in the table is denied.

use std::net::IpAddr;

use axum::extract::{FromRequestParts, MatchedPath, Request, State};
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use axum::http::{Extensions, Method};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::app::App;
use crate::problem::Problem;
use crate::web::{ClientAddress, RequestId};

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

/// How an actor proved who she is. Keys and the server's own deeds come beside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Via {
    Session(Uuid),
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

/// What an API key must have been given to call a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    JobsRead,
    JobsWrite,
    ImagesRead,
    ImagesWrite,
    TemplatesRead,
    TemplatesWrite,
    UploadsRead,
    UploadsWrite,
    FilesRead,
    NodesRead,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// Anybody, signed in or not.
    Public,
    /// Whoever is signed in; never a key.
    SignedIn,
    /// Whoever is signed in with at least this role; a key needs the scope too.
    Role(Role, Scope),
}

use Role::{Operator, User, Viewer};
use Rule::{Public, SignedIn};

/// Paths as in the OpenAPI document.
pub const TABLE: &[(&str, &str, Rule)] = &[
    ("GET", "/healthz", Public),
    ("GET", "/readyz", Public),
    ("GET", "/api/v1/openapi.json", Public),
    ("GET", "/api/v1/meta", Public),
    // The socket's first message carries the token.
    ("GET", "/api/v1/live", Public),
    ("POST", "/api/v1/auth/login", Public),
    ("POST", "/api/v1/auth/refresh", Public),
    ("POST", "/api/v1/auth/logout", Public),
    ("GET", "/api/v1/auth/me", SignedIn),
    ("GET", "/api/v1/clusters", Rule::Role(Viewer, Scope::NodesRead)),
    ("GET", "/api/v1/clusters/{cluster}/overview", Rule::Role(Viewer, Scope::NodesRead)),
    ("GET", "/api/v1/clusters/{cluster}/nodes", Rule::Role(Viewer, Scope::NodesRead)),
    ("GET", "/api/v1/clusters/{cluster}/partitions", Rule::Role(Viewer, Scope::NodesRead)),
    ("GET", "/api/v1/clusters/{cluster}/jobs", Rule::Role(Viewer, Scope::JobsRead)),
    ("POST", "/api/v1/clusters/{cluster}/jobs", Rule::Role(User, Scope::JobsWrite)),
    ("POST", "/api/v1/clusters/{cluster}/jobs/preview", Rule::Role(User, Scope::JobsWrite)),
    ("GET", "/api/v1/clusters/{cluster}/jobs/{job}", Rule::Role(Viewer, Scope::JobsRead)),
    ("DELETE", "/api/v1/clusters/{cluster}/jobs/{job}", Rule::Role(User, Scope::JobsWrite)),
    ("POST", "/api/v1/clusters/{cluster}/jobs/{job}/hold", Rule::Role(User, Scope::JobsWrite)),
    ("POST", "/api/v1/clusters/{cluster}/jobs/{job}/release", Rule::Role(User, Scope::JobsWrite)),
    ("POST", "/api/v1/clusters/{cluster}/jobs/{job}/requeue", Rule::Role(User, Scope::JobsWrite)),
    ("GET", "/api/v1/clusters/{cluster}/jobs/{job}/output", Rule::Role(User, Scope::JobsRead)),
    ("GET", "/api/v1/templates", Rule::Role(Viewer, Scope::TemplatesRead)),
    ("GET", "/api/v1/templates/{id}", Rule::Role(Viewer, Scope::TemplatesRead)),
    ("POST", "/api/v1/templates/scan", Rule::Role(Operator, Scope::TemplatesWrite)),
    ("GET", "/api/v1/images", Rule::Role(Viewer, Scope::ImagesRead)),
    ("GET", "/api/v1/images/{id}", Rule::Role(Viewer, Scope::ImagesRead)),
    ("GET", "/api/v1/images/{id}/apps", Rule::Role(Viewer, Scope::ImagesRead)),
    ("POST", "/api/v1/images/scan", Rule::Role(Operator, Scope::ImagesWrite)),
    ("GET", "/api/v1/images/scans/{id}", Rule::Role(Viewer, Scope::ImagesRead)),
    ("OPTIONS", "/api/v1/uploads", Public),
    ("POST", "/api/v1/uploads", Rule::Role(User, Scope::UploadsWrite)),
    ("GET", "/api/v1/uploads", Rule::Role(User, Scope::UploadsRead)),
    ("HEAD", "/api/v1/uploads/{id}", Rule::Role(User, Scope::UploadsRead)),
    ("PATCH", "/api/v1/uploads/{id}", Rule::Role(User, Scope::UploadsWrite)),
    ("DELETE", "/api/v1/uploads/{id}", Rule::Role(User, Scope::UploadsWrite)),
    ("GET", "/api/v1/uploads/{id}/info", Rule::Role(User, Scope::UploadsRead)),
    ("PATCH", "/api/v1/uploads/{id}/info", Rule::Role(User, Scope::UploadsWrite)),
    ("GET", "/api/v1/spaces", Rule::Role(User, Scope::FilesRead)),
    ("GET", "/api/v1/files/{space}", Rule::Role(User, Scope::FilesRead)),
    ("GET", "/api/v1/notifications", SignedIn),
];

/// Admits a request to its route, or answers 401, 403 or 404; leaves the [`Actor`] for the handler.
pub(crate) async fn guard(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let path = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    let rule = path.as_deref().and_then(|path| rule_for(request.method(), path));
    let Some(rule) = rule else {
        return Problem::not_found("route").into_response();
    };
    if rule != Rule::Public {
        let token = request
            .headers()
            .get(AUTHORIZATION)
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.split_once(' '))
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
            .map(|(_, token)| token);
        let actor = match crate::auth::authenticate(&app, token, Origin::of(request.extensions())).await {
            Ok(actor) => actor,
            Err(problem) => return problem.into_response(),
        };
        if let Rule::Role(least, _) = rule
            && actor.role < least
        {
            return Problem::forbidden().into_response();
        }
        request.extensions_mut().insert(actor);
    }
    next.run(request).await
}

/// The rule of a route; axum serves HEAD by GET's handler, so it is admitted like GET where it has no rule of its own.
fn rule_for(method: &Method, path: &str) -> Option<Rule> {
    let find = |method: &str| TABLE.iter().find(|(m, p, _)| *m == method && *p == path).map(|(_, _, rule)| *rule);
    find(method.as_str()).or_else(|| if *method == Method::HEAD { find("GET") } else { None })
}

/// Where a request comes from, before anybody is known.
#[derive(Clone, Debug)]
pub struct Origin {
    pub address: IpAddr,
    pub request_id: String,
}

impl Origin {
    fn of(extensions: &Extensions) -> Origin {
        Origin {
            address: extensions.get::<ClientAddress>().map_or(IpAddr::from([0, 0, 0, 0]), |address| address.0),
            request_id: extensions.get::<RequestId>().map(|id| id.0.clone()).unwrap_or_default(),
        }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Origin {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        Ok(Origin::of(&parts.extensions))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Actor {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        parts.extensions.get::<Actor>().cloned().ok_or_else(Problem::not_signed_in)
    }
}
