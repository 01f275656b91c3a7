//! The HTTP server around the features: routes put together, request ids, headers, problems, the embedded page.

use std::net::{IpAddr, SocketAddr};

use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, DefaultBodyLimit, Request, State};
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{DefaultPredicate, Predicate};
use tower_http::cors::{AllowHeaders, Any, CorsLayer};
use utoipa::OpenApi;
use utoipa::openapi::content::Content;
use utoipa::openapi::response::ResponseBuilder;
use utoipa::openapi::schema::Ref;
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityRequirement, SecurityScheme};
use utoipa_axum::router::OpenApiRouter;
use uuid::Uuid;

use crate::access::{self, Role, Rule, TABLE};
use crate::app::App;
use crate::client_address::client_address;
use crate::problem::{Problem, ProblemDocument};
use crate::{
    accounts, api_docs, api_keys, audit, auth, clusters, files, health, history, host, images, jobs, limits, live,
    method_override, nodes, notifications, page, redact, templates, unchanged, uploads, users,
};

/// A request's JSON may hold a batch script (Slurm's own limit is 4 MB) and little else.
const MAX_JSON_BYTES: usize = 8 << 20;
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The id of one request, in its answer, in the log and in the audit.
#[derive(Clone)]
pub(crate) struct RequestId(pub(crate) String);

/// The address that a request came from.
#[derive(Clone, Copy)]
pub(crate) struct ClientAddress(pub(crate) IpAddr);

#[derive(OpenApi)]
#[openapi(
    info(title = "Quarterdeck", description = "A web portal for Slurm clusters."),
    components(schemas(ProblemDocument))
)]
struct Document;

/// Everything that the server answers.
pub(crate) fn router(app: App) -> Router {
    let (router, document) = api().split_for_parts();
    let document = finish_document(document);
    let router = router
        .route("/api/v1/openapi.json", get(async move || axum::Json(document)))
        .route("/api/docs", get(api_docs::enter))
        .route("/api/docs/{*file}", get(api_docs::file))
        .route_layer(middleware::from_fn_with_state(app.clone(), access::guard));
    let router = match cross_origin(&app.config.server.cors_origins) {
        Some(cross_origin) => router.layer(cross_origin),
        // It would answer each OPTIONS itself, and tus has a use for that.
        None => router,
    };
    let router = router
        .with_state(app.clone())
        .fallback(page::serve)
        .layer(DefaultBodyLimit::max(MAX_JSON_BYTES))
        .layer(middleware::from_fn(unchanged::apply))
        .layer(CompressionLayer::new().compress_when(DefaultPredicate::new().and(not_secret)))
        .layer(CatchPanicLayer::custom(|_| Problem::internal("a handler panicked").into_response()))
        .layer(middleware::from_fn_with_state(app, finish));
    // Layers of a router run when the route is found already; this one is around the router as a whole.
    Router::new().fallback_service(router).layer(middleware::from_fn(method_override::apply))
}

/// Pages of other origins may call the API where the site names them, with a token of their own: cookies stay here.
/// Without any, nothing is said of other origins, and browsers keep them out.
fn cross_origin(origins: &[String]) -> Option<CorsLayer> {
    let origins: Vec<HeaderValue> = origins.iter().filter_map(|origin| HeaderValue::from_str(origin).ok()).collect();
    if origins.is_empty() {
        return None;
    }
    let methods = [Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::PATCH, Method::DELETE];
    // `*` does not stand for Authorization, which must be named (Fetch, 3.3).
    let headers = AllowHeaders::mirror_request();
    Some(CorsLayer::new().allow_origin(origins).allow_methods(methods).allow_headers(headers).expose_headers(Any))
}

/// The OpenAPI document, as `quarterdeck openapi` prints it.
pub fn openapi() -> utoipa::openapi::OpenApi {
    finish_document(api().split_for_parts().1)
}

fn api() -> OpenApiRouter<App> {
    let v1 = OpenApiRouter::new()
        .merge(auth::api::routes())
        .merge(api_keys::api::routes())
        .merge(users::api::routes())
        .merge(clusters::api::routes())
        .merge(nodes::api::routes())
        .merge(accounts::api::routes())
        .merge(history::api::routes())
        .merge(jobs::api::routes())
        .merge(templates::api::routes())
        .merge(images::api::routes())
        .merge(uploads::api::routes())
        .merge(files::api::routes())
        .merge(notifications::api::routes())
        .merge(audit::api::routes())
        .merge(limits::api::routes())
        .merge(live::api::routes());
    OpenApiRouter::with_openapi(Document::openapi()).merge(health::routes()).nest("/api/v1", v1)
}

/// Writes into the document what the access table says of each operation.
fn finish_document(mut document: utoipa::openapi::OpenApi) -> utoipa::openapi::OpenApi {
    let schemes = &mut document.components.get_or_insert_default().security_schemes;
    for (name, what) in [(SESSION, "An access token."), (API_KEY, "An API key: `qd_…`.")] {
        let mut bearer = Http::new(HttpAuthScheme::Bearer);
        bearer.description = Some(what.to_owned());
        schemes.insert(name.to_owned(), SecurityScheme::Http(bearer).into());
    }
    for route in TABLE {
        let Some(item) = document.paths.paths.get_mut(route.path) else { continue };
        let operation = match route.method {
            "GET" => &mut item.get,
            "POST" => &mut item.post,
            "PUT" => &mut item.put,
            "PATCH" => &mut item.patch,
            "DELETE" => &mut item.delete,
            "HEAD" => &mut item.head,
            _ => &mut item.options,
        };
        let Some(operation) = operation else { continue };
        // Handlers are named for the deed alone; generated clients need names that are one operation's own.
        let tag = operation.tags.iter().flatten().next().cloned();
        operation.operation_id = tag.zip(operation.operation_id.take()).map(|(tag, deed)| format!("{tag}_{deed}"));
        operation.security = security(route.rule);
        let mut answers = |status: &str, description: &str| {
            let answer = ResponseBuilder::new().description(description).content("application/problem+json", problem());
            operation.responses.responses.entry(status.to_owned()).or_insert(answer.build().into());
        };
        if route.rule != Rule::Public {
            answers("401", "Not signed in.");
            answers("403", "Not allowed.");
        }
        if route.class.is_some() {
            answers("429", "Too many requests: `Retry-After` says when to come back.");
        }
    }
    document
}

fn problem() -> Content {
    Content::new(Some(Ref::from_schema_name("ProblemDocument")))
}

const SESSION: &str = "session";
const API_KEY: &str = "api_key";

/// The rule as OpenAPI says it: a session of this role, or a key of this scope. `None` for everybody.
fn security(rule: Rule) -> Option<Vec<SecurityRequirement>> {
    let session = |role: Role| SecurityRequirement::new(SESSION, [role.as_str()]);
    let key = |scopes: Vec<String>| SecurityRequirement::new(API_KEY, scopes);
    match rule {
        Rule::Public => None,
        Rule::Session(role) => Some(vec![session(role)]),
        Rule::Known => Some(vec![session(Role::Viewer), key(Vec::new())]),
        Rule::Role(role, scope) => Some(vec![session(role), key(vec![scope.to_string()])]),
    }
}

/// Outermost: names the request before, and completes headers and problems after.
async fn finish(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let id = Uuid::now_v7().to_string();
    host::complete(&mut request);
    let is_always_safe = host::is_always_safe(&app.config, &request);
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip());
    let peer = peer.unwrap_or(IpAddr::from([127, 0, 0, 1]));
    let address = client_address(peer, request.headers(), &app.config.server.trusted_proxies);
    request.extensions_mut().insert(RequestId(id.clone()));
    request.extensions_mut().insert(ClientAddress(address));
    let method = redact::method(request.method());
    // The path alone: a query may hold what does not belong into a log.
    let path = redact::path(request.uri().path()).into_owned();
    let started = std::time::Instant::now();

    let mut response = match host::check(&app.config, &request) {
        Ok(()) => next.run(request).await,
        Err(problem) => problem.into_response(),
    };
    if let Some(problem) = response.extensions_mut().remove::<Problem>() {
        let document = serde_json::to_vec(&problem.document(&id)).unwrap_or_default();
        *response.body_mut() = Body::from(document);
        response.headers_mut().remove(header::CONTENT_LENGTH);
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    }
    let status = response.status().as_u16();
    tracing::info!(target: "quarterdeck::request", method, path, status, request_id = %id, elapsed_us = started.elapsed().as_micros() as u64);
    let headers = response.headers_mut();
    if let Ok(value) = HeaderValue::from_str(&id) {
        headers.insert(REQUEST_ID, value);
    }
    for (name, value) in SECURITY_HEADERS {
        headers.entry(HeaderName::from_static(name)).or_insert(HeaderValue::from_static(value));
    }
    if is_always_safe {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000"));
    }
    if path.starts_with("/api/") {
        headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    }
    response
}

/// Styles may be inline, since Mantine needs it; scripts never.
const SECURITY_HEADERS: [(&str, &str); 6] = [
    (
        "content-security-policy",
        "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; \
         connect-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    ),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
    ("x-frame-options", "DENY"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
];

/// Answers with secrets beside what an attacker may choose are never compressed (BREACH); a job's output keeps its length.
fn not_secret(
    _: StatusCode,
    _: axum::http::Version,
    headers: &axum::http::HeaderMap,
    extensions: &axum::http::Extensions,
) -> bool {
    extensions.get::<Uncompressed>().is_none() && !headers.contains_key(header::CONTENT_RANGE)
}

/// Put into a response that must go out as it is.
#[derive(Clone, Copy)]
pub(crate) struct Uncompressed;
