//! What the routes of several features read alike: JSON bodies whose errors point to the field, and pages of lists.

use std::time::Duration;

use axum::body::{Bytes, HttpBody};
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;

use crate::problem::{FieldError, Problem};

const DEFAULT_LIMIT: u64 = 50;
const MAX_LIMIT: u64 = 500;
const BODY_TIME: Duration = Duration::from_secs(30);
/// A path of 4,096 bytes fits, percent-encoded. Databases refuse patterns that are much longer.
const LONGEST_QUERY: usize = 16 << 10;

/// A JSON body. What is not JSON is a 400; JSON of another shape is a 422 with a pointer to the field.
pub(crate) struct JsonBody<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for JsonBody<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let kind =
            request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        if !kind.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case("application/json") {
            let detail = "Send application/json.";
            return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "not-json", detail));
        }
        let WholeBody(bytes) = WholeBody::from_request(request, state).await?;
        let mut deserializer = serde_json::Deserializer::from_slice(&bytes);
        match serde_path_to_error::deserialize::<_, T>(&mut deserializer) {
            Ok(value) => match deserializer.end() {
                Ok(()) => Ok(JsonBody(value)),
                Err(_) => Err(Problem::unreadable("The body goes on behind its JSON: send one value.")),
            },
            Err(error) if error.inner().is_data() => Err(Problem::invalid(vec![FieldError::wrong_shape(&error)])),
            Err(error) => Err(Problem::unreadable(format!("The body is not JSON: {}", error.inner()))),
        }
    }
}

/// The same where the body may be left out.
pub(crate) struct OptionalJsonBody<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned + Default> FromRequest<S> for OptionalJsonBody<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        if request.body().is_end_stream() {
            return Ok(OptionalJsonBody(T::default()));
        }
        JsonBody::from_request(request, state).await.map(|JsonBody(value)| OptionalJsonBody(value))
    }
}

/// A body that is short and comes at once; one that trickles must not hold its connection.
pub(crate) struct WholeBody(pub(crate) Bytes);

impl<S: Send + Sync> FromRequest<S> for WholeBody {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let Ok(read) = tokio::time::timeout(BODY_TIME, Bytes::from_request(request, state)).await else {
            let detail = "The body did not come in time: look at your connection.";
            return Err(Problem::new(StatusCode::REQUEST_TIMEOUT, "too-slow", detail));
        };
        read.map(WholeBody).map_err(|rejection| {
            let status = rejection.status();
            let code = if status == StatusCode::PAYLOAD_TOO_LARGE { "too-large" } else { "unreadable" };
            Problem::new(status, code, rejection.body_text())
        })
    }
}

/// Tells a member that is null from one that is not there.
pub(crate) fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

/// Query parameters; those that cannot be read are a 400 problem.
pub(crate) struct QueryOf<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for QueryOf<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        if parts.uri.query().is_some_and(|query| query.len() > LONGEST_QUERY) {
            return Err(Problem::unreadable("The query is too long: search for less."));
        }
        if parts.uri.query().is_some_and(|query| query.contains("%00")) {
            return Err(Problem::unreadable("A query cannot hold a NUL byte."));
        }
        match Query::<T>::from_request_parts(parts, state).await {
            Ok(Query(value)) => Ok(QueryOf(value)),
            Err(rejection) => Err(Problem::unreadable(rejection.body_text())),
        }
    }
}

/// Path parameters; an id that cannot be one names nothing: 404.
pub(crate) struct PathOf<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for PathOf<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        // Nothing here is named with a NUL, and PostgreSQL would call it an error of ours.
        if parts.uri.path().contains("%00") {
            return Err(Problem::not_found("object"));
        }
        match Path::<T>::from_request_parts(parts, state).await {
            Ok(Path(value)) => Ok(PathOf(value)),
            Err(_) => Err(Problem::not_found("object")),
        }
    }
}

/// Whether a text can stand for something in a list: 1 to 100 characters on one line, and none that are not seen or
/// that turn the direction of what stands beside them.
pub(crate) fn is_label(text: &str) -> bool {
    let deceives =
        |c: char| matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}');
    let counted = (1..=100).contains(&text.chars().count());
    counted && !text.trim().is_empty() && !text.contains(|c: char| c.is_control() || deceives(c))
}

/// `limit` of a list: 50 unless told, at most 500.
pub(crate) fn limit(asked: Option<u64>) -> u64 {
    asked.unwrap_or(DEFAULT_LIMIT).clamp(1, MAX_LIMIT)
}

/// One page of a list.
#[derive(Serialize, Deserialize, ToSchema)]
pub(crate) struct Page<T> {
    pub(crate) items: Vec<T>,
    /// Send it as `cursor` to get the next page; null: this was the last.
    pub(crate) next_cursor: Option<String>,
    /// With `count=true`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    pub(crate) total: Option<u64>,
}

impl<T> Page<T> {
    /// A list that always fits one page.
    pub(crate) fn whole(items: Vec<T>) -> Page<T> {
        Page { items, next_cursor: None, total: None }
    }
}

/// Runs work to its end even when the client goes away in the middle: what has begun outside the database (a file put
/// in place, a job submitted) must also be recorded.
pub(crate) async fn to_the_end<T: Send + 'static>(
    work: impl Future<Output = Result<T, Problem>> + Send + 'static,
) -> Result<T, Problem> {
    tokio::spawn(work).await.map_err(Problem::internal)?
}
