//! Routes of the audit. Reading it is itself recorded.

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use futures_util::stream;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::list::Export;
use super::{Ending, Entry, Event, Filter, Finding, Outcome, Report};
use crate::access::Actor;
use crate::app::App;
use crate::problem::{Problem, ProblemDocument};
use crate::requests::{Page, QueryOf, limit};

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(export)).routes(routes!(verify))
}

#[derive(Serialize, ToSchema)]
struct AuditEvent {
    id: Uuid,
    /// Its place in the chain; null until it has one, within a second.
    seq: Option<i64>,
    at: DateTime<Utc>,
    /// The user's name; empty for strangers, `(server)` and `(command line)` for what no user did.
    actor: String,
    actor_id: Option<Uuid>,
    /// The account on the cluster that it was done as.
    unix_user: Option<String>,
    session_id: Option<Uuid>,
    /// The API key, where it was done with one.
    key_id: Option<Uuid>,
    address: String,
    request_id: String,
    /// A noun and a deed: `job.submit`.
    action: String,
    object: String,
    /// The scheduler's id, where it is about a job.
    job_id: Option<String>,
    result: AuditResult,
    /// When a deed outside the database ended.
    concluded_at: Option<DateTime<Utc>>,
    #[schema(value_type = Object)]
    detail: Value,
}

/// `pending`: the deed may still be under way; `unknown`: nobody recorded how it ended.
#[derive(Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum AuditResult {
    Done,
    Refused,
    Failed,
    Unknown,
    Pending,
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Query {
    /// A user's name or id.
    actor: Option<String>,
    /// A deed (`job.submit`), or all of a noun: `job.`.
    action: Option<String>,
    /// What it was done to; for a job also the scheduler's id.
    object: Option<String>,
    result: Option<AuditResult>,
    since: Option<DateTime<Utc>>,
    /// Events before this time.
    until: Option<DateTime<Utc>>,
    /// In actor, action, object, address or request id.
    q: Option<String>,
    limit: Option<u64>,
    cursor: Option<String>,
    /// Count all that match, too.
    count: Option<bool>,
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Span {
    since: Option<DateTime<Utc>>,
    /// Events before this time.
    until: Option<DateTime<Utc>>,
}

#[derive(Serialize, ToSchema)]
struct AuditReport {
    /// Nothing was altered, removed, added or reordered.
    ok: bool,
    /// Events with a place in the chain that were looked at.
    checked: u64,
    first_seq: Option<i64>,
    last_seq: Option<i64>,
    /// Events that do not have their place yet.
    waiting: u64,
    /// An event has its place this soon.
    window_seconds: u32,
    head: AuditHead,
    archives: Vec<AuditArchive>,
    findings: Vec<AuditFinding>,
    /// Further findings, not told one by one.
    omitted: u64,
}

/// What the head file, outside the database, knows of the chain.
#[derive(Serialize, ToSchema)]
struct AuditHead {
    seq: Option<i64>,
    at: Option<DateTime<Utc>>,
}

#[derive(Serialize, ToSchema)]
struct AuditArchive {
    file: String,
    first_seq: i64,
    last_seq: i64,
    /// The file is there, and was looked at.
    is_there: bool,
}

#[derive(Serialize, ToSchema)]
struct AuditFinding {
    /// `altered`, `removed`, `added`, `reordered`, `broken-link`, `cut-tail`, `unsealed` or `head`.
    kind: String,
    seq: Option<i64>,
    event_id: Option<Uuid>,
    at: Option<DateTime<Utc>>,
    action: Option<String>,
    detail: String,
}

/// Who did what to what, the newest first. A deed outside the database is one event, with how it ended.
#[utoipa::path(get, path = "/audit", tag = "audit", params(Query),
    responses((status = 200, body = Page<AuditEvent>), (status = 400, body = ProblemDocument)))]
async fn list(
    State(app): State<App>,
    actor: Actor,
    QueryOf(query): QueryOf<Query>,
) -> Result<Json<Page<AuditEvent>>, Problem> {
    let before = query.cursor.as_deref().map(read_cursor).transpose()?;
    let detail = json!({
        "actor": query.actor,
        "action": query.action,
        "object": query.object,
        "result": query.result,
        "since": query.since,
        "until": query.until,
        "q": query.q,
        "cursor": query.cursor,
    });
    let filter = Filter {
        actor: query.actor,
        action: query.action,
        object: query.object,
        result: query.result.map(Ending::from),
        since: query.since,
        until: query.until,
        text: query.q,
    };
    // Each page: whoever makes a cursor up reads without a first one.
    app.audit.note(&actor, Outcome::Done, Event::new("audit.read", "").with(detail)).await?;
    let list = app.audit.list(&filter, before, limit(query.limit), query.count == Some(true)).await?;
    let next_cursor = list.next.map(|(at, id)| write_cursor(at, id));
    Ok(Json(Page { items: list.entries.into_iter().map(AuditEvent::from).collect(), next_cursor, total: list.total }))
}

/// All events as newline-delimited JSON in the order of the chain, with their codes.
#[utoipa::path(get, path = "/audit/export", tag = "audit", params(Span),
    responses((status = 200, content_type = "application/x-ndjson", body = String)))]
async fn export(State(app): State<App>, actor: Actor, QueryOf(span): QueryOf<Span>) -> Result<Response, Problem> {
    let event = Event::new("audit.export", "").with(json!({"since": span.since, "until": span.until}));
    app.audit.note(&actor, Outcome::Done, event).await?;
    let name = format!("audit-{}.ndjson", app.clock.now().format("%Y%m%dT%H%M%SZ"));
    // The next page is read when the client has taken the last one. An error breaks the connection off, so that half
    // an export is not taken for a whole one.
    let pages = stream::try_unfold(Export::of(span.since, span.until), move |from| {
        let audit = app.audit.clone();
        async move { audit.export_page(from).await }
    });
    let headers = [
        (CONTENT_TYPE, "application/x-ndjson".to_owned()),
        (CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")),
    ];
    Ok((headers, Body::from_stream(pages)).into_response())
}

/// Whether the audit is what was written.
#[utoipa::path(get, path = "/audit/verify", tag = "audit", responses((status = 200, body = AuditReport)))]
async fn verify(State(app): State<App>, actor: Actor) -> Result<Json<AuditReport>, Problem> {
    let report = app.audit.verify().await?;
    let detail = json!({"findings": report.findings.len(), "last_seq": report.last_seq});
    app.audit.note(&actor, Outcome::Done, Event::new("audit.verify", "").with(detail)).await?;
    Ok(Json(report.into()))
}

fn write_cursor(at: DateTime<Utc>, id: Uuid) -> String {
    format!("{}.{id}", at.timestamp_micros())
}

fn read_cursor(text: &str) -> Result<(DateTime<Utc>, Uuid), Problem> {
    let read = || {
        let (at, id) = text.split_once('.')?;
        Some((DateTime::from_timestamp_micros(at.parse().ok()?)?, Uuid::parse_str(id).ok()?))
    };
    read().ok_or_else(|| Problem::unreadable("The cursor is none of this list: begin without one."))
}

impl From<Entry> for AuditEvent {
    fn from(entry: Entry) -> AuditEvent {
        AuditEvent {
            id: entry.id,
            seq: entry.seq,
            at: entry.at,
            actor: entry.actor,
            actor_id: entry.actor_id,
            unix_user: entry.unix_user,
            session_id: entry.session_id,
            key_id: entry.key_id,
            address: entry.address,
            request_id: entry.request_id,
            action: entry.action,
            object: entry.object,
            job_id: entry.job_id,
            result: entry.result.into(),
            concluded_at: entry.concluded_at,
            detail: entry.detail,
        }
    }
}

impl From<Ending> for AuditResult {
    fn from(ending: Ending) -> AuditResult {
        match ending {
            Ending::Done => AuditResult::Done,
            Ending::Refused => AuditResult::Refused,
            Ending::Failed => AuditResult::Failed,
            Ending::Unknown => AuditResult::Unknown,
            Ending::Pending => AuditResult::Pending,
        }
    }
}

impl From<AuditResult> for Ending {
    fn from(result: AuditResult) -> Ending {
        match result {
            AuditResult::Done => Ending::Done,
            AuditResult::Refused => Ending::Refused,
            AuditResult::Failed => Ending::Failed,
            AuditResult::Unknown => Ending::Unknown,
            AuditResult::Pending => Ending::Pending,
        }
    }
}

impl From<Report> for AuditReport {
    fn from(report: Report) -> AuditReport {
        let archive = |archive: super::verify::Archive| AuditArchive {
            file: archive.file,
            first_seq: archive.first_seq,
            last_seq: archive.last_seq,
            is_there: archive.is_there,
        };
        AuditReport {
            ok: report.is_ok(),
            checked: report.checked,
            first_seq: report.first_seq,
            last_seq: report.last_seq,
            waiting: report.waiting,
            window_seconds: report.window_seconds,
            head: AuditHead { seq: report.head_seq, at: report.head_at },
            archives: report.archives.into_iter().map(archive).collect(),
            findings: report.findings.into_iter().map(AuditFinding::from).collect(),
            omitted: report.omitted,
        }
    }
}

impl From<Finding> for AuditFinding {
    fn from(finding: Finding) -> AuditFinding {
        AuditFinding {
            kind: finding.kind.as_str().to_owned(),
            seq: finding.seq,
            event_id: finding.event_id,
            at: finding.at,
            action: finding.action,
            detail: finding.detail,
        }
    }
}
