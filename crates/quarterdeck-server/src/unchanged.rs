//! An answer that the client has already is not sent again: entity tags and `If-None-Match` (RFC 9110, 13.1.2).

use axum::body::{Body, Bytes, HttpBody, to_bytes};
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use quarterdeck_types::hex;
use sha2::{Digest, Sha256};

use crate::problem::Problem;
use crate::web::Uncompressed;

/// Smaller answers cost less than asking whether they changed.
const LEAST_BYTES: u64 = 1 << 10;

/// Gives JSON of some size its tag, made of what is in it and so of what the caller may see, and answers 304 to whoever
/// names that tag. What holds secrets ([`Uncompressed`]) is kept nowhere and has none.
pub(crate) async fn apply(request: Request, next: Next) -> Response {
    let asked = (request.method() == Method::GET).then(|| request.headers().get(header::IF_NONE_MATCH).cloned());
    let response = next.run(request).await;
    let Some(known) = asked.filter(|_| is_taggable(&response)) else { return response };
    let (mut parts, body) = response.into_parts();
    let bytes = match to_bytes(body, usize::MAX).await {
        Ok(bytes) => bytes,
        Err(error) => return Problem::internal(error).into_response(),
    };
    let tag = tag_of(&bytes);
    let is_known = known.is_some_and(|known| names(&known, &tag));
    add(&mut parts.headers, tag);
    if !is_known {
        return Response::from_parts(parts, Body::from(bytes));
    }
    parts.status = StatusCode::NOT_MODIFIED;
    parts.headers.remove(header::CONTENT_LENGTH);
    parts.headers.remove(header::CONTENT_TYPE);
    Response::from_parts(parts, Body::empty())
}

fn is_taggable(response: &Response) -> bool {
    let is_json = response.headers().get(header::CONTENT_TYPE).is_some_and(|kind| kind == "application/json");
    // Of a stream nobody knows the size, and it is not to be collected.
    let size = response.body().size_hint().exact();
    response.status() == StatusCode::OK
        && is_json
        && size.is_some_and(|size| size >= LEAST_BYTES)
        && response.extensions().get::<Uncompressed>().is_none()
        && !response.headers().contains_key(header::ETAG)
}

/// Weak: compressed, the bytes are others.
fn tag_of(bytes: &Bytes) -> String {
    format!("W/\"{}\"", hex(&Sha256::digest(bytes)[..16]))
}

fn names(known: &HeaderValue, tag: &str) -> bool {
    let opaque = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
    let text = known.to_str().unwrap_or_default();
    text.trim() == "*" || text.split(',').any(|one| opaque(one) == opaque(tag))
}

fn add(headers: &mut HeaderMap, tag: String) {
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        headers.insert(header::ETAG, tag);
    }
    // Each time the server is asked, and no other caller is given it.
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    headers.append(header::VARY, HeaderValue::from_static("authorization"));
}
