//! Everything that can go wrong, as RFC 9457 problem documents: what happened, what to do, and a code that the page
//! translates. The only file that knows which error of a feature is which HTTP status.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use quarterdeck_slurm::script::ScriptError;
use quarterdeck_types::control::BadValue;
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::access::Scope;
use crate::limits::Class;

/// A problem before it is sent; [`crate::web`] adds the request id and writes the document.
#[derive(Clone, Debug)]
pub struct Problem {
    status: StatusCode,
    code: &'static str,
    detail: String,
    params: Map<String, Value>,
    errors: Vec<FieldError>,
    /// Seconds after which the same request may succeed.
    retry_after: Option<u64>,
}

/// One field of the request that is wrong.
#[derive(Clone, Debug, Serialize, ToSchema, PartialEq, Eq)]
pub struct FieldError {
    /// JSON pointer (RFC 6901) to the field.
    #[schema(example = "/resources/nodes")]
    pub pointer: String,
    /// Stable word for translation.
    pub code: String,
    pub detail: String,
    #[schema(value_type = Object)]
    pub params: Map<String, Value>,
}

impl FieldError {
    pub fn new(pointer: impl Into<String>, code: &str, detail: impl Into<String>) -> FieldError {
        FieldError { pointer: pointer.into(), code: code.to_owned(), detail: detail.into(), params: Map::new() }
    }

    /// JSON of another shape than expected, and where.
    pub fn wrong_shape(error: &serde_path_to_error::Error<serde_json::Error>) -> FieldError {
        FieldError::new(pointer(error.path()), "wrong-shape", error.inner().to_string())
    }

    /// What is wrong with a value that goes to Slurm.
    pub fn of(pointer: impl Into<String>, fault: &BadValue) -> FieldError {
        let code = match fault {
            BadValue::NodeName => "no-such-node",
            BadValue::Word => "not-a-word",
            BadValue::ControlCharacter => "control-character",
            BadValue::Empty => "missing-text",
            BadValue::TooLong(_) => "too-long",
            BadValue::Dependency => "not-a-dependency",
        };
        let words = fault.to_string();
        let sentence: String =
            words.chars().take(1).flat_map(char::to_uppercase).chain(words.chars().skip(1)).collect();
        FieldError::new(pointer, code, sentence + ".")
    }

    /// Why a batch script would be refused, with what its sentence names.
    pub fn of_script(pointer: &str, error: &ScriptError) -> FieldError {
        let said = FieldError::new(pointer, error.code(), error.to_string());
        match error {
            ScriptError::DosLineEnd { line }
            | ScriptError::OpenQuote { line }
            | ScriptError::BackslashBeforeSpace { line } => said.with("script_line", *line),
            ScriptError::NotAnOption { line, word } => said.with("script_line", *line).with("word", word.as_str()),
            ScriptError::NoValue { line, option } => said.with("script_line", *line).with("option", option.as_str()),
            ScriptError::BadValue { option, value, .. } => said.with("option", *option).with("value", value.as_str()),
            ScriptError::NoInterpreter
            | ScriptError::Nul
            | ScriptError::ControlCharacter { .. }
            | ScriptError::BadWord { .. }
            | ScriptError::BadVariable(_)
            | ScriptError::NotAShell { .. } => said,
        }
    }

    pub fn with(mut self, name: &str, value: impl Into<Value>) -> FieldError {
        self.params.insert(name.to_owned(), value.into());
        self
    }
}

fn pointer(path: &serde_path_to_error::Path) -> String {
    use serde_path_to_error::Segment;
    let mut pointer = String::new();
    for segment in path.iter() {
        match segment {
            Segment::Seq { index } => pointer.push_str(&format!("/{index}")),
            Segment::Map { key } => pointer.push_str(&format!("/{}", pointer_token(key))),
            Segment::Enum { .. } | Segment::Unknown => {}
        }
    }
    pointer
}

/// A member's name as a JSON pointer writes it (RFC 6901, 3).
pub fn pointer_token(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

/// The document as clients see it (RFC 9457).
#[derive(Serialize, ToSchema)]
pub struct ProblemDocument {
    #[serde(rename = "type")]
    #[schema(rename = "type")]
    kind: String,
    title: String,
    status: u16,
    detail: String,
    /// Stable word for translation.
    code: String,
    #[schema(value_type = Object)]
    params: Map<String, Value>,
    /// The request's id, as in the log and in the audit.
    instance: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    errors: Vec<FieldError>,
}

impl Problem {
    pub fn new(status: StatusCode, code: &'static str, detail: impl Into<String>) -> Problem {
        Problem { status, code, detail: detail.into(), params: Map::new(), errors: Vec::new(), retry_after: None }
    }

    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Problem {
        self.params.insert(name.to_owned(), value.into());
        self
    }

    /// Trying again makes sense after so many seconds.
    pub fn retry_after(mut self, seconds: u64) -> Problem {
        self.retry_after = Some(seconds);
        self
    }

    pub fn not_found(what: &'static str) -> Problem {
        Problem::new(StatusCode::NOT_FOUND, "not-found", format!("There is no such {what}.")).with("what", what)
    }

    pub fn not_signed_in() -> Problem {
        Problem::new(StatusCode::UNAUTHORIZED, "not-signed-in", "Sign in to do this.")
    }

    pub fn forbidden() -> Problem {
        Problem::new(StatusCode::FORBIDDEN, "forbidden", "Your role does not allow this: ask an administrator.")
    }

    pub fn not_by_key() -> Problem {
        let detail = "An API key may not do this: sign in with name and password.";
        Problem::new(StatusCode::FORBIDDEN, "not-by-key", detail)
    }

    pub fn missing_scope(scope: Scope) -> Problem {
        let detail = format!("This API key lacks the scope {scope}: make one that has it.");
        Problem::new(StatusCode::FORBIDDEN, "missing-scope", detail).with("scope", scope.to_string())
    }

    pub fn unreadable(detail: impl Into<String>) -> Problem {
        Problem::new(StatusCode::BAD_REQUEST, "unreadable", detail)
    }

    /// The same request may succeed after so many seconds.
    pub fn too_many(code: &'static str, detail: impl Into<String>, seconds: u64) -> Problem {
        let problem = Problem::new(StatusCode::TOO_MANY_REQUESTS, code, detail).with("seconds", seconds);
        Problem { retry_after: Some(seconds), ..problem }
    }

    /// The request was read, and these fields are wrong.
    pub fn invalid(errors: Vec<FieldError>) -> Problem {
        let detail = errors.first().map_or_else(|| "The request is not valid.".to_owned(), |e| e.detail.clone());
        Problem { errors, ..Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid", detail) }
    }

    /// The fault is ours; the log has the cause, the client gets the request id.
    pub fn internal(cause: impl std::fmt::Display) -> Problem {
        tracing::error!(%cause, "internal error");
        Problem::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal",
            "Something went wrong on the server: try again, and give an administrator the request id if it persists.",
        )
    }

    pub(crate) fn document(&self, request_id: &str) -> ProblemDocument {
        ProblemDocument {
            kind: format!("/problems/{}", self.code),
            title: self.status.canonical_reason().unwrap_or("Error").to_owned(),
            status: self.status.as_u16(),
            detail: self.detail.clone(),
            code: self.code.to_owned(),
            params: self.params.clone(),
            instance: request_id.to_owned(),
            errors: self.errors.clone(),
        }
    }

    /// As one of several things that went wrong beside others that did not.
    pub(crate) fn into_errors(self) -> Vec<FieldError> {
        match self.errors.is_empty() {
            true => vec![FieldError {
                pointer: String::new(),
                code: self.code.to_owned(),
                detail: self.detail,
                params: self.params,
            }],
            false => self.errors,
        }
    }

    /// The word that clients translate, for channels other than HTTP.
    pub fn code(&self) -> &'static str {
        self.code
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        if self.status == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(seconds) = self.retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response.extensions_mut().insert(self);
        response
    }
}

impl From<sea_orm::DbErr> for Problem {
    fn from(error: sea_orm::DbErr) -> Problem {
        Problem::internal(format!("database: {error}"))
    }
}

impl From<crate::auth::Error> for Problem {
    fn from(error: crate::auth::Error) -> Problem {
        use crate::auth::Error;
        match error {
            Error::WrongCredentials => Problem::new(StatusCode::UNAUTHORIZED, "wrong-credentials", error.to_string()),
            Error::NotSignedIn => Problem::not_signed_in(),
            Error::WrongPassword => {
                Problem::invalid(vec![FieldError::new("/current_password", "wrong-password", error.to_string())])
            }
            Error::NoSuchSession => Problem::not_found("session"),
            Error::NoUnixUser => Problem::new(StatusCode::FORBIDDEN, "no-unix-user", error.to_string()),
            Error::TooMany(refused) => refused.into(),
            Error::Key(error) => error.into(),
            Error::User(error) => error.into(),
            Error::Db(error) => error.into(),
            Error::Internal(cause) => Problem::internal(cause),
        }
    }
}

impl From<crate::users::Error> for Problem {
    fn from(error: crate::users::Error) -> Problem {
        use crate::users::Error;
        let of = |status, code| Problem::new(status, code, error.to_string());
        match error {
            Error::NotFound => Problem::not_found("user"),
            Error::Invalid(errors) => Problem::invalid(errors),
            Error::NameTaken => of(StatusCode::CONFLICT, "user-name-taken"),
            Error::LastAdmin => of(StatusCode::CONFLICT, "last-admin"),
            Error::OwnAccount => of(StatusCode::CONFLICT, "own-account"),
            Error::NotByKey => of(StatusCode::FORBIDDEN, "not-by-key"),
            Error::NoPasswordForServices => of(StatusCode::CONFLICT, "no-password-for-services"),
            Error::Busy => of(StatusCode::SERVICE_UNAVAILABLE, "sign-in-busy").retry_after(5),
            Error::Db(error) => error.into(),
            Error::Internal(cause) => Problem::internal(cause),
        }
    }
}

impl From<crate::api_keys::Error> for Problem {
    fn from(error: crate::api_keys::Error) -> Problem {
        use crate::api_keys::Error;
        match error {
            Error::NotFound => Problem::not_found("key"),
            Error::Invalid(errors) => Problem::invalid(errors),
            Error::TooMany => Problem::new(StatusCode::CONFLICT, "too-many-keys", error.to_string()),
            Error::NotAService => Problem::new(StatusCode::CONFLICT, "not-a-service", error.to_string()),
            Error::User(error) => error.into(),
            Error::Db(error) => error.into(),
            Error::Internal(cause) => Problem::internal(cause),
        }
    }
}

impl From<crate::limits::RetryAfter> for Problem {
    fn from(refused: crate::limits::RetryAfter) -> Problem {
        let code = match refused.class {
            Class::SignIn => "sign-in-locked",
            _ => "too-many-requests",
        };
        Problem::too_many(code, refused.to_string(), refused.seconds()).with("class", refused.class.as_str())
    }
}

impl From<crate::audit::Error> for Problem {
    fn from(error: crate::audit::Error) -> Problem {
        use crate::audit::Error;
        match error {
            Error::Busy => Problem::too_many("verify-busy", error.to_string(), 5),
            Error::Internal(cause) => Problem::internal(format!("{cause:#}")),
        }
    }
}

impl From<crate::agents::Error> for Problem {
    fn from(error: crate::agents::Error) -> Problem {
        use crate::agents::Error;
        use quarterdeck_types::agent::ErrorCode;
        let detail = error.to_string();
        let of = |status, code| Problem::new(status, code, detail.clone());
        match &error {
            Error::Unreachable(_) => of(StatusCode::SERVICE_UNAVAILABLE, "agent-unreachable"),
            Error::Refused { .. } => of(StatusCode::FORBIDDEN, "agent-refused"),
            Error::TimedOut => of(StatusCode::GATEWAY_TIMEOUT, "agent-timed-out"),
            Error::Protocol(_) => of(StatusCode::BAD_GATEWAY, "agent-protocol"),
            Error::Answered(answer) => match answer.code {
                ErrorCode::NotFound => of(StatusCode::NOT_FOUND, "file-not-found"),
                ErrorCode::NoSuchSpace => of(StatusCode::NOT_FOUND, "no-such-space"),
                ErrorCode::PermissionDenied => of(StatusCode::FORBIDDEN, "permission-denied"),
                ErrorCode::LeavesSpace => of(StatusCode::FORBIDDEN, "leaves-space"),
                ErrorCode::AlreadyExists => of(StatusCode::CONFLICT, "already-exists"),
                ErrorCode::DirectoryNotEmpty => of(StatusCode::CONFLICT, "directory-not-empty"),
                ErrorCode::OtherFileSystem => of(StatusCode::CONFLICT, "other-file-system"),
                ErrorCode::AclUnsupported => of(StatusCode::CONFLICT, "acl-unsupported"),
                ErrorCode::NoTrash => of(StatusCode::CONFLICT, "no-trash"),
                ErrorCode::Changed => of(StatusCode::PRECONDITION_FAILED, "changed"),
                ErrorCode::NotADirectory => of(StatusCode::CONFLICT, "not-a-directory"),
                ErrorCode::IsADirectory => of(StatusCode::CONFLICT, "is-a-directory"),
                ErrorCode::NotRegular => of(StatusCode::CONFLICT, "not-a-regular-file"),
                ErrorCode::IntoItself => of(StatusCode::CONFLICT, "into-itself"),
                ErrorCode::TooMuch => of(StatusCode::UNPROCESSABLE_ENTITY, "too-much"),
                ErrorCode::NotAnArchive => of(StatusCode::UNPROCESSABLE_ENTITY, "not-an-archive"),
                ErrorCode::ArchiveDamaged => of(StatusCode::UNPROCESSABLE_ENTITY, "archive-damaged"),
                ErrorCode::Cancelled => of(StatusCode::CONFLICT, "cancelled"),
                ErrorCode::Interrupted => of(StatusCode::SERVICE_UNAVAILABLE, "interrupted"),
                ErrorCode::Locked => of(StatusCode::LOCKED, "upload-busy"),
                ErrorCode::SizeMismatch => of(StatusCode::CONFLICT, "size-mismatch"),
                ErrorCode::NoSpaceLeft => of(StatusCode::INSUFFICIENT_STORAGE, "no-space-left"),
                ErrorCode::QuotaExceeded => of(StatusCode::INSUFFICIENT_STORAGE, "quota-exceeded"),
                ErrorCode::TimedOut => of(StatusCode::GATEWAY_TIMEOUT, "agent-timed-out"),
                ErrorCode::Busy => of(StatusCode::SERVICE_UNAVAILABLE, "agent-busy"),
                ErrorCode::NoSuchProgram | ErrorCode::Unsupported => of(StatusCode::NOT_IMPLEMENTED, "unsupported"),
                ErrorCode::BadRequest | ErrorCode::Version | ErrorCode::Io => {
                    of(StatusCode::BAD_GATEWAY, "agent-failed")
                }
            },
        }
    }
}

impl From<crate::templates::Error> for Problem {
    fn from(error: crate::templates::Error) -> Problem {
        use crate::templates::Error;
        match error {
            Error::NotFound | Error::OtherVersion { .. } => Problem::not_found("template"),
            Error::Directory(_) => {
                Problem::new(StatusCode::SERVICE_UNAVAILABLE, "templates-unreadable", error.to_string())
            }
            Error::IdTaken(_) => Problem::new(StatusCode::CONFLICT, "template-id-taken", error.to_string()),
            Error::NotYours(_) => Problem::new(StatusCode::FORBIDDEN, "template-of-the-site", error.to_string()),
            Error::Changed(_) => Problem::new(StatusCode::PRECONDITION_FAILED, "changed", error.to_string()),
            Error::SharingOff => Problem::new(StatusCode::CONFLICT, "sharing-off", error.to_string()),
            Error::SharedAlready(_) => Problem::new(StatusCode::CONFLICT, "shared-already", error.to_string()),
            Error::TooManyShares => Problem::new(StatusCode::CONFLICT, "too-many-shares", error.to_string()),
            Error::NoSuchShare => Problem::not_found("share"),
            Error::NotYourShare => Problem::new(StatusCode::FORBIDDEN, "not-your-share", error.to_string()),
            Error::ShareDecided => Problem::new(StatusCode::CONFLICT, "share-decided", error.to_string()),
            Error::NotWritten(_) => {
                Problem::new(StatusCode::SERVICE_UNAVAILABLE, "community-not-writable", error.to_string())
            }
            Error::Invalid(errors) => Problem::invalid(errors),
            Error::Agent(error) => error.into(),
            Error::Files(error) => error.into(),
            Error::Auth(error) => error.into(),
            Error::Db(error) => error.into(),
            Error::Internal(cause) => Problem::internal(cause),
        }
    }
}

impl From<crate::images::Invalid> for FieldError {
    fn from(invalid: crate::images::Invalid) -> FieldError {
        use crate::images::Invalid;
        match invalid {
            Invalid::Node { index } => {
                let detail = "This node is none of those that are looked at: see images.ssh.nodes.";
                FieldError::new(format!("/nodes/{index}"), "no-such-node", detail)
            }
            Invalid::Path { index } => {
                let detail = "This path is beneath no directory that is looked at: see images.directories.";
                FieldError::new(format!("/paths/{index}"), "no-such-directory", detail)
            }
            Invalid::TooManyPaths { most } => {
                let detail = format!("Name at most {most} directories: what lies beneath them is looked at too.");
                FieldError::new("/paths", "too-many-directories", detail)
            }
        }
    }
}

impl From<crate::images::Error> for Problem {
    fn from(error: crate::images::Error) -> Problem {
        use crate::images::Error;
        match error {
            Error::NotFound => Problem::not_found("image"),
            Error::NoSuchScan => Problem::not_found("scan"),
            Error::NoDigests => Problem::new(StatusCode::CONFLICT, "no-digests", error.to_string()),
            Error::NoDigestsOfNodes => Problem::new(StatusCode::CONFLICT, "no-digests-of-nodes", error.to_string()),
            Error::NoDigestsOfOwn => Problem::new(StatusCode::CONFLICT, "no-digests-of-own", error.to_string()),
            Error::Invalid(errors) => Problem::invalid(errors.into_iter().map(FieldError::from).collect()),
            Error::Agent(error) => error.into(),
            Error::Auth(error) => error.into(),
            Error::Db(error) => error.into(),
            Error::Internal(cause) => Problem::internal(cause),
        }
    }
}

impl From<crate::uploads::Error> for Problem {
    fn from(error: crate::uploads::Error) -> Problem {
        use crate::uploads::{Error, Risk};
        let detail = error.to_string();
        let of = |status, code| Problem::new(status, code, detail.clone());
        match error {
            Error::NotFound => Problem::not_found("upload"),
            Error::TooLarge(limit) => of(StatusCode::PAYLOAD_TOO_LARGE, "upload-too-large").with("limit", limit),
            Error::WrongOffset { expected, .. } => of(StatusCode::CONFLICT, "wrong-offset").with("expected", expected),
            Error::TooManyBytes => of(StatusCode::PAYLOAD_TOO_LARGE, "too-many-bytes"),
            Error::LengthDiffers => of(StatusCode::CONFLICT, "length-differs"),
            Error::WrongChecksum => of(checksum_mismatch(), "checksum-mismatch"),
            Error::WrongContent { expected, found } => {
                of(StatusCode::UNPROCESSABLE_ENTITY, "wrong-content").with("expected", expected).with("found", found)
            }
            Error::TakenOver => of(StatusCode::CONFLICT, "upload-taken-over"),
            Error::Expired => of(StatusCode::GONE, "upload-expired"),
            Error::Refused(Risk::Executables) => of(StatusCode::UNPROCESSABLE_ENTITY, "executables-refused"),
            Error::Refused(Risk::Macros) => of(StatusCode::UNPROCESSABLE_ENTITY, "macros-refused"),
            Error::Refused(Risk::Pickles) => of(StatusCode::UNPROCESSABLE_ENTITY, "pickles-refused"),
            Error::MadeOfParts => of(StatusCode::FORBIDDEN, "upload-made-of-parts"),
            Error::NoSuchPart(part) => {
                of(StatusCode::UNPROCESSABLE_ENTITY, "no-such-part").with("part", part.to_string())
            }
            Error::PartNotWhole(part) => of(StatusCode::CONFLICT, "part-not-whole").with("part", part.to_string()),
            Error::Busy => of(StatusCode::LOCKED, "upload-busy"),
            Error::TooManyAtOnce(limit) => {
                Problem::too_many("too-many-uploads-at-once", detail, 1).with("limit", limit)
            }
            Error::Finished => of(StatusCode::CONFLICT, "upload-finished"),
            Error::Gone => of(StatusCode::GONE, "upload-gone"),
            Error::Broken => of(StatusCode::BAD_REQUEST, "connection-broke"),
            Error::Write(cause) => of(StatusCode::BAD_GATEWAY, "write-failed").with("cause", cause.to_string()),
            Error::Agent(error) => error.into(),
            Error::Auth(error) => error.into(),
            Error::Db(error) => error.into(),
        }
    }
}

/// tus' own status.
fn checksum_mismatch() -> StatusCode {
    StatusCode::from_u16(460).unwrap_or(StatusCode::BAD_REQUEST)
}

impl From<crate::files::Error> for Problem {
    fn from(error: crate::files::Error) -> Problem {
        use crate::files::Error;
        match error {
            Error::NoSuchTicket => Problem::not_found("download"),
            Error::NoSuchTask => Problem::not_found("task"),
            Error::AclChanged => Problem::new(StatusCode::PRECONDITION_FAILED, "changed", error.to_string()),
            Error::Invalid(errors) => Problem::invalid(errors),
            Error::Accounts => {
                Problem::new(StatusCode::SERVICE_UNAVAILABLE, "accounts-unreachable", error.to_string()).retry_after(5)
            }
            Error::Agent(error) => error.into(),
            Error::Auth(error) => error.into(),
            Error::Db(error) => error.into(),
            Error::Internal(cause) => Problem::internal(cause),
        }
    }
}

impl From<crate::history::Error> for Problem {
    fn from(error: crate::history::Error) -> Problem {
        use crate::history::Error;
        match error {
            Error::NoTime => Problem::invalid(vec![FieldError::new("/until", "too-early", error.to_string())]),
            Error::Db(error) => error.into(),
        }
    }
}

impl From<crate::notifications::Error> for Problem {
    fn from(error: crate::notifications::Error) -> Problem {
        use crate::notifications::Error;
        let detail = error.to_string();
        match error {
            Error::NotFound => Problem::not_found("notification"),
            Error::Invalid(errors) => Problem::invalid(errors),
            Error::NotOffered => Problem::new(StatusCode::CONFLICT, "channel-not-offered", detail),
            Error::NotSet(channel) => {
                Problem::new(StatusCode::CONFLICT, "no-address", detail).with("channel", channel.as_str())
            }
            Error::TooMany => Problem::too_many("too-many-messages", detail, 3600),
            Error::NotSent(cause) => Problem::new(StatusCode::BAD_GATEWAY, "message-not-sent", detail)
                .with("reason", cause.code.into_owned())
                .with("answer", cause.answer),
            Error::WrongCode => Problem::new(StatusCode::CONFLICT, "wrong-mail-code", detail),
            Error::Random(error) => Problem::internal(&error),
            Error::Db(error) => error.into(),
        }
    }
}

impl From<crate::nodes::Error> for Problem {
    fn from(error: crate::nodes::Error) -> Problem {
        use crate::nodes::Error;
        let detail = error.to_string();
        let of = |status, code| Problem::new(status, code, detail.clone());
        match error {
            Error::NotFound => Problem::not_found("node"),
            Error::Refused { cluster, message } => of(StatusCode::UNPROCESSABLE_ENTITY, "scheduler-refused")
                .with("cluster", cluster)
                .with("message", message),
            Error::Unsupported { .. } => of(StatusCode::CONFLICT, "unsupported"),
            Error::Agent(error) => error.into(),
            Error::Auth(error) => error.into(),
            Error::Jobs(error) => error.into(),
            Error::Db(error) => error.into(),
        }
    }
}

impl From<crate::jobs::Error> for Problem {
    fn from(error: crate::jobs::Error) -> Problem {
        use crate::jobs::Error;
        let detail = error.to_string();
        let of = |status, code| Problem::new(status, code, detail.clone());
        match error {
            Error::NotFound => Problem::not_found("job"),
            Error::Invalid(errors) => Problem::invalid(errors),
            Error::NotYours => of(StatusCode::FORBIDDEN, "not-your-job"),
            Error::OperatorsOnly { what } => of(StatusCode::FORBIDDEN, "operators-only").with("what", what),
            Error::NoSweep => of(StatusCode::NOT_FOUND, "no-sweep"),
            Error::NotSubmittedHere => of(StatusCode::CONFLICT, "not-submitted-here"),
            Error::Refused { cluster, message } => of(StatusCode::UNPROCESSABLE_ENTITY, "scheduler-refused")
                .with("cluster", cluster)
                .with("message", message),
            Error::Unknown { id, cluster, message } => of(StatusCode::GATEWAY_TIMEOUT, "outcome-unknown")
                .with("id", id.to_string())
                .with("cluster", cluster)
                .with("message", message),
            Error::KeyReused => of(StatusCode::UNPROCESSABLE_ENTITY, "idempotency-key-reused"),
            Error::KeyInFlight => of(StatusCode::CONFLICT, "idempotency-key-in-flight"),
            Error::NoOutputPath => of(StatusCode::NOT_FOUND, "no-output-path"),
            Error::OutputNotKept => of(StatusCode::CONFLICT, "output-not-kept"),
            Error::NoOutputYet => of(StatusCode::NOT_FOUND, "no-output-yet"),
            Error::NoWorkingDirectory => of(StatusCode::NOT_FOUND, "no-working-directory"),
            Error::Files(error) => error.into(),
            Error::Unsupported { .. } => of(StatusCode::CONFLICT, "unsupported"),
            Error::NotRunning(state) => of(StatusCode::CONFLICT, "job-not-running").with("state", state.as_str()),
            Error::Over(state) => of(StatusCode::CONFLICT, "job-over").with("state", state.as_str()),
            Error::Agent(error) => error.into(),
            Error::Auth(error) => error.into(),
            Error::Db(error) => error.into(),
        }
    }
}
