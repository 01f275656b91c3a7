//! `X-HTTP-Method-Override`, for clients behind proxies that let through nothing but GET and POST. tus asks for it, and
//! nothing else gets it: elsewhere a POST stays a POST, whatever a header says.

use axum::extract::Request;
use axum::http::{HeaderName, Method};
use axum::middleware::Next;
use axum::response::Response;

const OVERRIDE: HeaderName = HeaderName::from_static("x-http-method-override");
/// What follows is an upload's id, and nothing more.
const UPLOAD: &str = "/api/v1/uploads/";

/// Changes the method before a route is looked for, and so before anybody asks whether it is allowed.
pub(crate) async fn apply(mut request: Request, next: Next) -> Response {
    let id = request.uri().path().strip_prefix(UPLOAD);
    if id.is_some_and(|id| !id.is_empty() && !id.contains('/')) && *request.method() == Method::POST {
        let meant = [Method::PATCH, Method::DELETE, Method::HEAD];
        let said = request.headers().get(OVERRIDE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        if let Some(method) = meant.into_iter().find(|method| method.as_str() == said) {
            *request.method_mut() = method;
        }
    }
    next.run(request).await
}
