//! Routes of notifications.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use crate::access::{Actor, Origin};
use crate::app::App;
use crate::db::from_us;
use crate::notifications::{self, Channel, Language, NewSubscription, Settings};
use crate::problem::{Problem, ProblemDocument};
use crate::requests::{JsonBody, Page, PathOf, QueryOf, limit};
use crate::web::Uncompressed;

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(read))
        .routes(routes!(read_all))
        .routes(routes!(settings, set_settings))
        .routes(routes!(send_email_code, forget_email))
        .routes(routes!(confirm_email))
        .routes(routes!(new_secret))
        .routes(routes!(test))
        .routes(routes!(subscribe))
        .routes(routes!(unsubscribe))
}

#[derive(Serialize, ToSchema)]
pub(crate) struct Notification {
    id: Uuid,
    /// Stable word for translation.
    code: String,
    params: Value,
    created_at: DateTime<Utc>,
    read_at: Option<DateTime<Utc>>,
    /// The messages that left the portal with it, or are to.
    deliveries: Vec<Delivery>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = NotificationDelivery)]
struct Delivery {
    #[schema(example = "mail")]
    channel: String,
    /// `waiting`, `sent` or `failed`.
    #[schema(example = "sent")]
    state: String,
    attempts: u32,
    /// Why the last attempt failed: a stable word for translation.
    #[schema(example = "no-connection")]
    reason: Option<String>,
    /// What the receiver answered then.
    answer: Option<u16>,
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct ListQuery {
    limit: Option<u64>,
    cursor: Option<String>,
    /// Only those that were not read.
    #[serde(default)]
    unread: bool,
    /// Only those with this code.
    code: Option<String>,
    #[serde(default)]
    count: bool,
}

#[derive(Serialize, ToSchema)]
struct NotificationSettings {
    #[serde(flatten)]
    settings: Settings,
    /// Where mail goes to; null: nowhere yet.
    email: Option<String>,
    /// An address that was sent a code, which was not told yet.
    pending_email: Option<String>,
    /// Of these domains mail addresses are; empty: of any.
    mail_domains: Vec<String>,
    /// What this site sends.
    channels: Vec<Channel>,
    /// What a browser subscribes to push messages with.
    push_key: Option<String>,
    browsers: Vec<PushBrowser>,
}

/// A browser that is pushed to.
#[derive(Serialize, ToSchema)]
struct PushBrowser {
    id: Uuid,
    device: String,
    created_at: DateTime<Utc>,
}

#[derive(Serialize, ToSchema)]
struct WebhookSecret {
    /// What signatures are verified with. It is shown this once; null where it is the same as before.
    webhook_secret: Option<String>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewMailAddress {
    email: String,
    /// Of messages, from now on.
    language: Language,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct MailCode {
    code: String,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NotificationTest {
    channel: Channel,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewPushBrowser {
    endpoint: String,
    keys: PushKeys,
    /// Of messages, from now on.
    language: Language,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PushKeys {
    p256dh: String,
    auth: String,
}

#[derive(Serialize, ToSchema)]
struct PushBrowserAdded {
    id: Uuid,
}

/// My notifications, the newest first.
#[utoipa::path(get, path = "/notifications", tag = "notifications", params(ListQuery),
    responses((status = 200, body = Page<Notification>), (status = 422, body = ProblemDocument)))]
async fn list(
    State(app): State<App>,
    actor: Actor,
    QueryOf(query): QueryOf<ListQuery>,
) -> Result<Json<Page<Notification>>, Problem> {
    let filter = notifications::Filter { unread: query.unread, code: query.code };
    let (limit, cursor) = (limit(query.limit), query.cursor.as_deref());
    let page = notifications::list(&app, &actor, &filter, cursor, limit, query.count).await?;
    let items = page.items.into_iter().map(Notification::from).collect();
    Ok(Json(Page { items, next_cursor: page.next_cursor, total: page.total }))
}

/// Mark one as read.
#[utoipa::path(post, path = "/notifications/{id}/read", tag = "notifications", params(("id" = Uuid, Path)),
    responses((status = 204), (status = 404, body = ProblemDocument)))]
async fn read(State(app): State<App>, actor: Actor, PathOf(id): PathOf<Uuid>) -> Result<StatusCode, Problem> {
    notifications::mark_read(&app, &actor, Some(id)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Mark all as read.
#[utoipa::path(post, path = "/notifications/read-all", tag = "notifications", responses((status = 204)))]
async fn read_all(State(app): State<App>, actor: Actor) -> Result<StatusCode, Problem> {
    notifications::mark_read(&app, &actor, None).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What I am told, of which jobs, and how.
#[utoipa::path(get, path = "/notifications/settings", tag = "notifications",
    responses((status = 200, body = NotificationSettings)))]
async fn settings(State(app): State<App>, actor: Actor) -> Result<Json<NotificationSettings>, Problem> {
    let mine = notifications::settings(&app, &actor).await?;
    let browser = |browser: notifications::Subscription| PushBrowser {
        id: browser.id,
        device: browser.device,
        created_at: from_us(browser.created_us),
    };
    Ok(Json(NotificationSettings {
        settings: mine.settings,
        email: mine.email,
        pending_email: mine.pending_email,
        mail_domains: app.config.mail.domains.clone(),
        channels: notifications::offered_channels(&app),
        push_key: notifications::push_key(&app),
        browsers: mine.browsers.into_iter().map(browser).collect(),
    }))
}

/// Change what I am told, and how.
#[utoipa::path(put, path = "/notifications/settings", tag = "notifications", request_body = Settings,
    responses((status = 200, body = WebhookSecret), (status = 422, body = ProblemDocument)))]
async fn set_settings(
    State(app): State<App>,
    actor: Actor,
    JsonBody(settings): JsonBody<Settings>,
) -> Result<Response, Problem> {
    Ok(secret(notifications::set_settings(&app, &actor, settings).await?))
}

/// Have a code sent to this address, so that mail may go there.
#[utoipa::path(post, path = "/notifications/email", tag = "notifications", request_body = NewMailAddress,
    responses((status = 204), (status = 409, body = ProblemDocument), (status = 422, body = ProblemDocument),
        (status = 502, body = ProblemDocument)))]
async fn send_email_code(
    State(app): State<App>,
    actor: Actor,
    JsonBody(new): JsonBody<NewMailAddress>,
) -> Result<StatusCode, Problem> {
    notifications::send_email_code(&app, &actor, &new.email, new.language).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Tell the code that came: mail goes to the address from now on.
#[utoipa::path(post, path = "/notifications/email/confirm", tag = "notifications", request_body = MailCode,
    responses((status = 204), (status = 409, body = ProblemDocument)))]
async fn confirm_email(
    State(app): State<App>,
    actor: Actor,
    JsonBody(told): JsonBody<MailCode>,
) -> Result<StatusCode, Problem> {
    notifications::confirm_email(&app, &actor, &told.code).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Send no more mail to my address.
#[utoipa::path(delete, path = "/notifications/email", tag = "notifications", responses((status = 204)))]
async fn forget_email(State(app): State<App>, actor: Actor) -> Result<StatusCode, Problem> {
    notifications::forget_email(&app, &actor).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Replace the secret of my webhook.
#[utoipa::path(post, path = "/notifications/webhook-secret", tag = "notifications",
    responses((status = 200, body = WebhookSecret), (status = 409, body = ProblemDocument)))]
async fn new_secret(State(app): State<App>, actor: Actor) -> Result<Response, Problem> {
    Ok(secret(Some(notifications::new_secret(&app, &actor).await?)))
}

/// Send me a message by this channel now; answers what became of it.
#[utoipa::path(post, path = "/notifications/test", tag = "notifications", request_body = NotificationTest,
    responses((status = 200, body = Page<Delivery>), (status = 409, body = ProblemDocument)))]
async fn test(
    State(app): State<App>,
    actor: Actor,
    JsonBody(test): JsonBody<NotificationTest>,
) -> Result<Json<Page<Delivery>>, Problem> {
    let deliveries = notifications::test(&app, &actor, test.channel).await?;
    Ok(Json(Page::whole(deliveries.into_iter().map(Delivery::from).collect())))
}

/// Push messages to this browser.
#[utoipa::path(post, path = "/notifications/browsers", tag = "notifications", request_body = NewPushBrowser,
    responses((status = 201, body = PushBrowserAdded), (status = 409, body = ProblemDocument),
        (status = 422, body = ProblemDocument)))]
async fn subscribe(
    State(app): State<App>,
    actor: Actor,
    origin: Origin,
    JsonBody(new): JsonBody<NewPushBrowser>,
) -> Result<(StatusCode, Json<PushBrowserAdded>), Problem> {
    let (p256dh, auth) = (new.keys.p256dh, new.keys.auth);
    let new = NewSubscription { endpoint: new.endpoint, p256dh, auth, language: new.language };
    let id = notifications::subscribe(&app, &actor, &origin, new).await?;
    Ok((StatusCode::CREATED, Json(PushBrowserAdded { id })))
}

/// Push no more messages to a browser of mine.
#[utoipa::path(delete, path = "/notifications/browsers/{id}", tag = "notifications", params(("id" = Uuid, Path)),
    responses((status = 204), (status = 404, body = ProblemDocument)))]
async fn unsubscribe(State(app): State<App>, actor: Actor, PathOf(id): PathOf<Uuid>) -> Result<StatusCode, Problem> {
    notifications::unsubscribe(&app, &actor, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn secret(webhook_secret: Option<String>) -> Response {
    let mut response = Json(WebhookSecret { webhook_secret }).into_response();
    response.extensions_mut().insert(Uncompressed);
    response
}

impl From<notifications::Notification> for Notification {
    fn from(n: notifications::Notification) -> Notification {
        Notification {
            id: n.id,
            code: n.code,
            params: n.params,
            created_at: n.created_at,
            read_at: n.read_at,
            deliveries: n.deliveries.into_iter().map(Delivery::from).collect(),
        }
    }
}

impl From<notifications::Delivery> for Delivery {
    fn from(delivery: notifications::Delivery) -> Delivery {
        Delivery {
            channel: delivery.channel,
            state: delivery.state,
            attempts: delivery.attempts,
            reason: delivery.reason,
            answer: delivery.answer,
        }
    }
}
