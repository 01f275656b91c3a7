//! Answers with bytes of a user's file, all or those that `Range` asks for: never as a page of ours.

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use quarterdeck_types::agent::FileVersion;

use crate::agents::UserFile;
use crate::problem::Problem;
use crate::web::Uncompressed;

/// The whole file, or the range of it that the request asks for; the whole too where it asks for the range of another
/// state of the file (`If-Range`).
pub(crate) fn answer(file: UserFile, asked: &HeaderMap) -> Result<Response, Problem> {
    let size = file.entry().size;
    let tag = entity_tag(file.entry().version())?;
    let is_same = asked.get(header::IF_RANGE).is_none_or(|wanted| *wanted == tag);
    let range = asked.get(header::RANGE).filter(|_| is_same);
    let Some((from, to)) = range.map(|range| read(range, size)).transpose()?.flatten() else {
        return Ok(self::from(file, 0));
    };
    let mut response = bytes(file, from, to);
    *response.status_mut() = StatusCode::PARTIAL_CONTENT;
    let range = format!("bytes {from}-{}/{size}", to.saturating_sub(1));
    let range = HeaderValue::from_str(&range).map_err(Problem::internal)?;
    response.headers_mut().insert(header::CONTENT_RANGE, range);
    Ok(response)
}

/// All from this byte on.
pub(crate) fn from(file: UserFile, from: u64) -> Response {
    let size = file.entry().size;
    bytes(file, from, size)
}

/// Strong enough for ranges and conditions: another file, another size or another time of its content.
pub(crate) fn entity_tag(version: FileVersion) -> Result<HeaderValue, Problem> {
    let FileVersion { inode, size, modified_us } = version;
    HeaderValue::from_str(&format!("\"{inode:x}-{size:x}-{modified_us:x}\"")).map_err(Problem::internal)
}

/// The state that [`entity_tag`] names so.
pub(crate) fn version_of(tag: &str) -> Option<FileVersion> {
    let mut parts = tag.strip_prefix('"')?.strip_suffix('"')?.split('-');
    let mut next = || u64::from_str_radix(parts.next()?, 16).ok();
    let version = FileVersion { inode: next()?, size: next()?, modified_us: next()?.cast_signed() };
    parts.next().is_none().then_some(version)
}

fn bytes(file: UserFile, from: u64, to: u64) -> Response {
    let tag = entity_tag(file.entry().version());
    let mut response = attachment(Body::from_stream(file.stream(from, to)));
    let headers = response.headers_mut();
    // A file that becomes shorter meanwhile breaks the connection, lest the half be taken for the whole.
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(to.saturating_sub(from)));
    headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    if let Ok(tag) = tag {
        headers.insert(header::ETAG, tag);
    }
    response
}

/// Bytes of a user's, to be saved.
pub(crate) fn attachment(body: Body) -> Response {
    let mut response = body.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
    headers.insert(header::CONTENT_DISPOSITION, HeaderValue::from_static("attachment"));
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("sandbox; default-src 'none'"));
    response.extensions_mut().insert(Uncompressed);
    response
}

/// One range of `bytes=` (RFC 9110, 14.1.2), as from and to (exclusive); several ranges are answered with the whole.
fn read(value: &HeaderValue, size: u64) -> Result<Option<(u64, u64)>, Problem> {
    let unsatisfiable = || {
        Problem::new(StatusCode::RANGE_NOT_SATISFIABLE, "range", "The file does not have these bytes (yet).")
            .with("size", size)
    };
    let Some((from, to)) = value.to_str().ok().and_then(|text| text.strip_prefix("bytes=")?.split_once('-')) else {
        return Ok(None);
    };
    // A number beyond what is counted here is beyond every file too.
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let number =
        |text: &str| Some(text.trim()).filter(|text| is_number(text)).map(|text| text.parse().unwrap_or(u64::MAX));
    match (number(from), number(to)) {
        (Some(from), _) if from >= size => Err(unsatisfiable()),
        // Of nothing there is no end either, and no last 0 bytes of anything.
        (None, Some(last)) if from.trim().is_empty() && (size == 0 || last == 0) => Err(unsatisfiable()),
        (Some(from), None) if to.trim().is_empty() => Ok(Some((from, size))),
        (Some(from), Some(to)) if from <= to => Ok(Some((from, size.min(to.saturating_add(1))))),
        (None, Some(last)) if from.trim().is_empty() => Ok(Some((size.saturating_sub(last), size))),
        _ => Ok(None),
    }
}
