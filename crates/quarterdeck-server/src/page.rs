//! The web page inside the executable.

use axum::http::{HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use rust_embed::Embed;

use crate::problem::Problem;

#[derive(Embed)]
#[folder = "$CARGO_MANIFEST_DIR/../../web/dist"]
#[allow_missing = true]
struct Dist;

/// Serves the page's files; every other address is the page itself, since its routes are the browser's.
pub(crate) async fn serve(method: Method, uri: Uri) -> Response {
    let path = uri.path().trim_start_matches('/');
    if path == "api" || path.starts_with("api/") || (method != Method::GET && method != Method::HEAD) {
        return Problem::not_found("route").into_response();
    }
    match Dist::get(path) {
        Some(file) if !path.is_empty() => answer(path, file),
        // A missing asset must not be answered with HTML: an old tab would run it as a script.
        _ if path.starts_with("assets/") => Problem::not_found("file").into_response(),
        _ => match Dist::get("index.html") {
            Some(file) => answer("index.html", file),
            None => (StatusCode::NOT_FOUND, "The web page was not built into this executable: run `make web`.\n")
                .into_response(),
        },
    }
}

fn answer(path: &str, file: rust_embed::EmbeddedFile) -> Response {
    // Vite names assets by their content.
    let caching = if path.starts_with("assets/") { "public, max-age=31536000, immutable" } else { "no-cache" };
    let mut response = file.data.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type(path)));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(caching));
    response
}

/// The kinds of file that a build of the page holds.
fn content_type(path: &str) -> &'static str {
    match path.rsplit('.').next().unwrap_or_default() {
        "html" => "text/html; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        "json" | "map" => "application/json",
        "webmanifest" => "application/manifest+json",
        "txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}
