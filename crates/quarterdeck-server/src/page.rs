//! The web page inside the executable.

use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use rust_embed::Embed;

use crate::problem::Problem;

#[derive(Embed)]
#[folder = "$CARGO_MANIFEST_DIR/../../web/dist"]
#[allow_missing = true]
struct Dist;

/// Serves the page's files; every other address is the page itself, since its routes are the browser's.
pub(crate) async fn serve(method: Method, uri: Uri, headers: HeaderMap) -> Response {
    let path = uri.path().trim_start_matches('/');
    if path == "api" || path.starts_with("api/") || (method != Method::GET && method != Method::HEAD) {
        return Problem::not_found("route").into_response();
    }
    match Dist::get(path) {
        Some(file) if !path.is_empty() => answer(path, file, &headers),
        // A missing asset must not be answered with HTML: an old tab would run it as a script.
        _ if path.starts_with("assets/") => Problem::not_found("file").into_response(),
        _ => match Dist::get("index.html") {
            Some(file) => answer("index.html", file, &headers),
            None => (StatusCode::NOT_FOUND, "The web page was not built into this executable: run `make web`.\n")
                .into_response(),
        },
    }
}

fn answer(path: &str, file: rust_embed::EmbeddedFile, asked: &HeaderMap) -> Response {
    // Vite names assets by their content.
    let caching = if path.starts_with("assets/") { "public, max-age=31536000, immutable" } else { "no-cache" };
    // Compressed when the page was built, better than there is time for while somebody waits.
    let compressed = accepts_brotli(asked).then(|| Dist::get(&format!("{path}.br"))).flatten();
    let is_compressed = compressed.is_some();
    let mut response = compressed.unwrap_or(file).data.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type(path)));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(caching));
    if is_compressed {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("br"));
        headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    }
    response
}

fn accepts_brotli(headers: &HeaderMap) -> bool {
    let codings = headers.get_all(header::ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    codings.flat_map(|value| value.split(',')).any(|coding| {
        let (name, weight) = coding.split_once(';').unwrap_or((coding, ""));
        let refused = weight.trim().strip_prefix("q=").is_some_and(|q| q.parse() == Ok(0.0_f32));
        name.trim().eq_ignore_ascii_case("br") && !refused
    })
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

#[cfg(test)]
mod tests {
    use super::*;

    fn accepting(codings: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(header::ACCEPT_ENCODING, HeaderValue::from_static(codings))])
    }

    #[test]
    fn brotli_goes_to_those_alone_who_take_it() {
        for codings in ["br", "gzip, deflate, br, zstd", "gzip;q=0.8, BR;q=0.5"] {
            assert!(accepts_brotli(&accepting(codings)), "{codings}");
        }
        for codings in ["gzip", "br;q=0", "gzip, br; q=0.0", "brotli", ""] {
            assert!(!accepts_brotli(&accepting(codings)), "{codings}");
        }
        assert!(!accepts_brotli(&HeaderMap::new()));
    }
}
