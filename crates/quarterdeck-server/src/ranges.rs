//! Answers with bytes of a user's file, all or those that `Range` asks for: never as a page of ours.

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::agents::UserFile;
use crate::problem::Problem;
use crate::web::Uncompressed;

/// The whole file, or one range of it.
pub(crate) fn answer(file: UserFile, range: Option<&HeaderValue>) -> Result<Response, Problem> {
    let size = file.entry().size;
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

fn bytes(file: UserFile, from: u64, to: u64) -> Response {
    let mut response = Body::from_stream(file.stream(from, to)).into_response();
    let headers = response.headers_mut();
    // A file that becomes shorter meanwhile breaks the connection, lest the half be taken for the whole.
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(to.saturating_sub(from)));
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
    headers.insert(header::CONTENT_DISPOSITION, HeaderValue::from_static("attachment"));
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("sandbox; default-src 'none'"));
    headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
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
