//! tus 1.0.0 in HTTP: what its headers say, and what they answer. The protocol:
//! https://tus.io/protocols/resumable-upload

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use quarterdeck_types::{FileName, RelativePath};
use uuid::Uuid;

use crate::access::Actor;
use crate::app::App;
use crate::problem::{FieldError, Problem, ProblemDocument};
use crate::requests::{PathOf, to_the_end};
use crate::uploads::append::Chunk;
use crate::uploads::checksum::{self, Algorithm, Checksum};
use crate::uploads::{self, Concat, NewUpload, State as UploadState, Upload, append, create, metadata, store};
use crate::web::Uncompressed;

const VERSION: &str = "1.0.0";
const EXTENSIONS: &str =
    "creation,creation-with-upload,creation-defer-length,expiration,checksum,termination,concatenation";
const OCTETS: &str = "application/offset+octet-stream";

/// What tus asks of every answer, refusals too.
pub(super) async fn name_protocol(mut response: Response) -> Response {
    let refused_version = response.status() == StatusCode::PRECONDITION_FAILED;
    let headers = response.headers_mut();
    headers.insert("tus-resumable", HeaderValue::from_static(VERSION));
    if refused_version {
        headers.insert("tus-version", HeaderValue::from_static(VERSION));
    }
    response
}

/// What tus can do here.
#[utoipa::path(options, path = "/uploads", tag = "uploads", responses((status = 204)))]
pub(super) async fn options(State(app): State<App>) -> Response {
    let mut response = tus(StatusCode::NO_CONTENT);
    let headers = response.headers_mut();
    headers.insert("tus-version", HeaderValue::from_static(VERSION));
    headers.insert("tus-extension", HeaderValue::from_static(EXTENSIONS));
    headers.insert("tus-max-size", HeaderValue::from(app.config.uploads.max_size));
    headers.insert("tus-checksum-algorithm", HeaderValue::from_static(checksum::ALGORITHMS));
    response
}

/// Announce an upload; its first bytes may come along. With `Upload-Concat: final;…` it is made of others.
#[utoipa::path(post, path = "/uploads", tag = "uploads",
    params(("Upload-Length" = Option<u64>, Header), ("Upload-Defer-Length" = Option<String>, Header, description = "1"),
        ("Upload-Metadata" = Option<String>, Header), ("Upload-Concat" = Option<String>, Header),
        ("Upload-Checksum" = Option<String>, Header), ("Tus-Resumable" = String, Header)),
    responses((status = 201, headers(("Location" = String), ("Upload-Offset" = u64), ("Upload-Expires" = String))),
        (status = 409, body = ProblemDocument), (status = 412, body = ProblemDocument),
        (status = 413, body = ProblemDocument), (status = 422, body = ProblemDocument),
        (status = 460, body = ProblemDocument), (status = 507, body = ProblemDocument)))]
pub(super) async fn create(
    State(app): State<App>,
    actor: Actor,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    check_version(&headers)?;
    let new = announced(&headers, &app)?;
    let with_bytes = headers.contains_key(header::CONTENT_TYPE) && !matches!(new.concat, Some(Concat::Final(_)));
    if with_bytes {
        check_octets(&headers)?;
    }
    let checksum = checksum(&headers)?;
    let upload = to_the_end(async move {
        Ok(match with_bytes {
            true => create::create_with(&app, &actor, new, checksum, body.into_data_stream()).await?,
            false => create::create(&app, &actor, new).await?,
        })
    })
    .await?;
    let mut response = tus(StatusCode::CREATED);
    let location = format!("/api/v1/uploads/{}", upload.id);
    let headers = response.headers_mut();
    headers.insert(header::LOCATION, HeaderValue::from_str(&location).map_err(Problem::internal)?);
    headers.insert("upload-offset", HeaderValue::from(upload.offset));
    say_when_it_expires(headers, &upload);
    Ok(response)
}

/// Where an upload stands.
#[utoipa::path(head, path = "/uploads/{id}", tag = "uploads", params(("id" = Uuid, Path)),
    responses((status = 200, headers(("Upload-Offset" = u64), ("Upload-Length" = u64), ("Upload-Expires" = String))),
        (status = 404), (status = 410)))]
pub(super) async fn offset(
    State(app): State<App>,
    actor: Actor,
    PathOf(id): PathOf<Uuid>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    check_version(&headers)?;
    let upload = to_the_end(async move { Ok(uploads::resume(&app, &actor, id).await?) }).await?;
    let mut response = tus(StatusCode::OK);
    let headers = response.headers_mut();
    match upload.size {
        Some(size) => headers.insert("upload-length", HeaderValue::from(size)),
        None => headers.insert("upload-defer-length", HeaderValue::from_static("1")),
    };
    if let Some(concat) = &upload.concat {
        let value = HeaderValue::from_str(&store::written(concat)).map_err(Problem::internal)?;
        headers.insert("upload-concat", value);
    }
    headers.insert("upload-offset", HeaderValue::from(upload.offset));
    headers.insert("upload-metadata", metadata_of(&upload).map_err(Problem::internal)?);
    say_when_it_expires(headers, &upload);
    Ok(response)
}

/// Append bytes at the offset where the upload stands.
#[utoipa::path(patch, path = "/uploads/{id}", tag = "uploads",
    params(("id" = Uuid, Path), ("Upload-Offset" = u64, Header), ("Upload-Length" = Option<u64>, Header),
        ("Upload-Checksum" = Option<String>, Header), ("Tus-Resumable" = String, Header)),
    request_body(content_type = OCTETS),
    responses((status = 204, headers(("Upload-Offset" = u64), ("Upload-Expires" = String))),
        (status = 404, body = ProblemDocument), (status = 409, body = ProblemDocument),
        (status = 410, body = ProblemDocument), (status = 415, body = ProblemDocument),
        (status = 422, body = ProblemDocument), (status = 423, body = ProblemDocument),
        (status = 460, body = ProblemDocument), (status = 507, body = ProblemDocument)))]
pub(super) async fn send(
    State(app): State<App>,
    actor: Actor,
    PathOf(id): PathOf<Uuid>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    check_version(&headers)?;
    check_octets(&headers)?;
    let chunk = Chunk {
        offset: number(&headers, "upload-offset")?.ok_or_else(|| missing("Upload-Offset"))?,
        length: number(&headers, "upload-length")?,
        checksum: checksum(&headers)?,
    };
    let body = body.into_data_stream();
    let upload = to_the_end(async move { Ok(append::append(&app, &actor, id, chunk, body).await?) }).await?;
    let mut response = tus(StatusCode::NO_CONTENT);
    response.headers_mut().insert("upload-offset", HeaderValue::from(upload.offset));
    say_when_it_expires(response.headers_mut(), &upload);
    Ok(response)
}

/// End an upload and remove what came of it. The file of a finished one stays.
#[utoipa::path(delete, path = "/uploads/{id}", tag = "uploads", params(("id" = Uuid, Path)),
    responses((status = 204), (status = 404, body = ProblemDocument)))]
pub(super) async fn terminate(
    State(app): State<App>,
    actor: Actor,
    PathOf(id): PathOf<Uuid>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    check_version(&headers)?;
    to_the_end(async move { Ok(uploads::discard(&app, &actor, id).await?) }).await?;
    Ok(tus(StatusCode::NO_CONTENT))
}

/// What the headers of a new upload say.
fn announced(headers: &HeaderMap, app: &App) -> Result<NewUpload, Problem> {
    let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    let concat = match text("upload-concat") {
        Some(text) => Some(store::read_concat(text).ok_or_else(|| {
            Problem::unreadable("Upload-Concat is partial, or final;, and behind it the addresses of its parts.")
        })?),
        None => None,
    };
    let size = number(headers, "upload-length")?;
    let deferred = match text("upload-defer-length") {
        None => false,
        Some("1") => true,
        Some(_) => return Err(Problem::unreadable("Upload-Defer-Length can be 1 alone.")),
    };
    match (&concat, size, deferred) {
        (Some(Concat::Final(_)), ..) => {}
        (_, Some(_), true) => {
            return Err(Problem::unreadable("Send Upload-Length or Upload-Defer-Length, and not both."));
        }
        (_, None, false) => return Err(missing("Upload-Length")),
        _ => {}
    }
    let said = metadata::parse(text("upload-metadata").unwrap_or_default())?;
    let nameless = || {
        let detail = "Name the file.";
        Problem::invalid(vec![FieldError::new("/filename", "bad-metadata", detail)])
    };
    let filename = match (said.filename, &concat) {
        (Some(name), _) => name,
        // What a part is called never shows.
        (None, Some(Concat::Partial)) => FileName::parse("part").map_err(|_| nameless())?,
        (None, _) => return Err(nameless()),
    };
    let default = || RelativePath::parse(&app.config.uploads.directory).unwrap_or_default();
    let directory = metadata::beneath(said.directory.unwrap_or_else(default), &said.within)?;
    Ok(NewUpload {
        filename,
        size,
        kind: said.kind,
        space: said.space,
        directory,
        concat,
        sha256: said.sha256,
        fingerprint: said.fingerprint,
        part: said.part,
    })
}

fn metadata_of(upload: &Upload) -> Result<HeaderValue, header::InvalidHeaderValue> {
    HeaderValue::from_str(&format!("filename {}", BASE64_STANDARD.encode(upload.filename.display())))
}

/// `Upload-Checksum: <algorithm> <base64>`.
fn checksum(headers: &HeaderMap) -> Result<Option<Checksum>, Problem> {
    let Some(value) = headers.get("upload-checksum") else { return Ok(None) };
    let (name, digest) = value.to_str().ok().and_then(|text| text.split_once(' ')).unwrap_or_default();
    let algorithm = Algorithm::parse(name);
    let expected = BASE64_STANDARD.decode(digest.trim()).ok().filter(|digest| !digest.is_empty());
    match (algorithm, expected) {
        (Some(algorithm), Some(expected)) => Ok(Some(Checksum { algorithm, expected })),
        _ => {
            let detail =
                format!("Upload-Checksum is one of {}, a space, and the checksum in base64.", checksum::ALGORITHMS);
            Err(Problem::new(StatusCode::BAD_REQUEST, "bad-checksum", detail))
        }
    }
}

fn say_when_it_expires(headers: &mut HeaderMap, upload: &Upload) {
    let at = upload.expires_at.filter(|_| upload.state == UploadState::Uploading);
    let written = at.map(|at| at.format("%a, %d %b %Y %H:%M:%S GMT").to_string());
    if let Some(Ok(value)) = written.map(|at| HeaderValue::from_str(&at)) {
        headers.insert("upload-expires", value);
    }
}

fn check_version(headers: &HeaderMap) -> Result<(), Problem> {
    match headers.get("tus-resumable").map(|value| value.as_bytes()) {
        Some(version) if version == VERSION.as_bytes() => Ok(()),
        _ => Err(Problem::new(StatusCode::PRECONDITION_FAILED, "tus-version", "Send Tus-Resumable: 1.0.0.")),
    }
}

fn check_octets(headers: &HeaderMap) -> Result<(), Problem> {
    match headers.get(header::CONTENT_TYPE).map(|value| value.as_bytes()) {
        Some(kind) if kind == OCTETS.as_bytes() => Ok(()),
        _ => Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "not-octets", format!("Send {OCTETS}."))),
    }
}

fn number(headers: &HeaderMap, name: &str) -> Result<Option<u64>, Problem> {
    let Some(value) = headers.get(name) else { return Ok(None) };
    let digits = value.to_str().ok().filter(|text| text.bytes().all(|b| b.is_ascii_digit()));
    let number = digits.and_then(|text| text.parse::<i64>().ok());
    let number = number.ok_or_else(|| Problem::unreadable(format!("{name} is not a number of bytes.")))?;
    Ok(Some(number as u64))
}

fn missing(name: &str) -> Problem {
    Problem::unreadable(format!("The header {name} is missing."))
}

fn tus(status: StatusCode) -> Response {
    let mut response = status.into_response();
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response.extensions_mut().insert(Uncompressed);
    response
}
