//! Routes by which a user's template becomes everybody's.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::hash_in;
use crate::access::Actor;
use crate::app::App;
use crate::problem::{Problem, ProblemDocument};
use crate::requests::{JsonBody, OptionalJsonBody, Page, PathOf, QueryOf, limit, to_the_end};
use crate::templates::share::{self, Offered, Replaced, Seen, Share, Wish};

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(ask))
        .routes(routes!(list))
        .routes(routes!(look_at, take_back))
        .routes(routes!(accept))
        .routes(routes!(refuse))
}

#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ShareTemplate {
    /// For whoever decides; at most 1,000 characters.
    #[serde(default)]
    note: String,
    /// The id that it is to have for everybody; unless told, that of your own. Under the id of a template that you
    /// shared before it becomes that one's new version.
    #[serde(default)]
    id: Option<String>,
}

#[derive(Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
enum TemplateShareState {
    Open,
    Accepted,
    Refused,
    /// By the user who made it.
    TakenBack,
}

/// A template that a user offered to everybody.
#[derive(Serialize, ToSchema)]
struct TemplateShare {
    id: Uuid,
    /// The id that it is to have for everybody.
    template: String,
    /// The id of the user's own template that it was made of.
    own_template: String,
    version: String,
    /// Of its text, SHA-256.
    hash: String,
    /// The name of the user.
    author: String,
    note: String,
    state: TemplateShareState,
    asked_at: DateTime<Utc>,
    decided_at: Option<DateTime<Utc>>,
    decided_by: Option<String>,
    /// Why it was refused.
    reason: Option<String>,
}

/// A share as one decides on it.
#[derive(Serialize, ToSchema)]
struct OfferedTemplate {
    #[serde(flatten)]
    share: TemplateShare,
    /// The YAML file, byte for byte.
    text: String,
    /// What everybody has under its id now; null: nothing.
    replaces: Option<ReplacedTemplate>,
}

#[derive(Serialize, ToSchema)]
struct ReplacedTemplate {
    version: String,
    /// Of its text, SHA-256.
    hash: String,
    /// The YAML file, byte for byte.
    text: String,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct AcceptShare {
    /// Of the text that you have looked at.
    hash: String,
    /// Of the text that it replaces, as you have looked at it; null: it replaces nothing.
    replaces: Option<String>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct RefuseShare {
    /// What the user is told; at most 1,000 characters.
    reason: String,
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct ShareFilter {
    /// Only your own, those that you took back among them.
    #[serde(default)]
    mine: bool,
    state: Option<TemplateShareState>,
    /// The id that it is to have for everybody.
    template: Option<String>,
    /// The id of the user's own template that it was made of.
    own_template: Option<String>,
    limit: Option<u64>,
    cursor: Option<Uuid>,
    #[serde(default)]
    count: bool,
}

/// Offer a template of your own to everybody, as its file says now.
///
/// Where the site wants it looked at first (`templates.share` in `/meta`), it waits for an administrator: 201 with the
/// state `open`. Else it is everybody's at once: `accepted`. Your own file goes to `archived/` then, unless you shared it
/// under another id. An id that somebody else has is 409. With `If-Match` only the text of that hash is shared.
#[utoipa::path(post, path = "/templates/{id}/share", tag = "templates",
    params(("id" = String, Path), ("If-Match" = Option<String>, Header)), operation_id = "share",
    request_body = Option<ShareTemplate>,
    responses((status = 201, body = TemplateShare, headers(("Location" = String))),
        (status = 403, body = ProblemDocument), (status = 404, body = ProblemDocument),
        (status = 409, body = ProblemDocument), (status = 412, body = ProblemDocument),
        (status = 422, body = ProblemDocument), (status = 503, body = ProblemDocument)))]
async fn ask(
    State(app): State<App>,
    actor: Actor,
    PathOf(id): PathOf<String>,
    headers: HeaderMap,
    OptionalJsonBody(ShareTemplate { note, id: under }): OptionalJsonBody<ShareTemplate>,
) -> Result<Response, Problem> {
    let wish = Wish { note, under, expected: hash_in(&headers) };
    let share = to_the_end(async move { Ok(share::ask(&app, &actor, &id, wish).await?) }).await?;
    let location = format!("/api/v1/template-shares/{}", share.id);
    Ok((StatusCode::CREATED, [(header::LOCATION, location)], Json(TemplateShare::from(share))).into_response())
}

/// What users offered to everybody, the newest first: administrators see everybody's, others their own.
#[utoipa::path(get, path = "/template-shares", tag = "templates", params(ShareFilter), operation_id = "list_shares",
    responses((status = 200, body = Page<TemplateShare>), (status = 400, body = ProblemDocument)))]
async fn list(
    State(app): State<App>,
    actor: Actor,
    QueryOf(asked): QueryOf<ShareFilter>,
) -> Result<Json<Page<TemplateShare>>, Problem> {
    let ShareFilter { mine, state, template, own_template, limit: most, cursor, count } = asked;
    let filter = share::Filter { mine, state: state.map(share::State::from), template, own_template };
    let total = if count { Some(share::count(&app, &actor, filter.clone()).await?) } else { None };
    let (shares, next) = share::list(&app, &actor, filter, cursor, limit(most)).await?;
    let items = shares.into_iter().map(TemplateShare::from).collect();
    Ok(Json(Page { items, next_cursor: next.map(|id| id.to_string()), total }))
}

/// A template that was offered, with its text and with what it would replace.
#[utoipa::path(get, path = "/template-shares/{id}", tag = "templates", params(("id" = Uuid, Path)),
    operation_id = "get_share",
    responses((status = 200, body = OfferedTemplate), (status = 404, body = ProblemDocument)))]
async fn look_at(
    State(app): State<App>,
    actor: Actor,
    PathOf(id): PathOf<Uuid>,
) -> Result<Json<OfferedTemplate>, Problem> {
    Ok(Json(share::look_at(&app, &actor, id).await?.into()))
}

/// Take back what you offered and nobody has decided yet.
#[utoipa::path(delete, path = "/template-shares/{id}", tag = "templates", params(("id" = Uuid, Path)),
    operation_id = "take_back_share",
    responses((status = 204), (status = 403, body = ProblemDocument), (status = 404, body = ProblemDocument),
        (status = 409, body = ProblemDocument)))]
async fn take_back(State(app): State<App>, actor: Actor, PathOf(id): PathOf<Uuid>) -> Result<StatusCode, Problem> {
    share::take_back(&app, &actor, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Make it everybody's: the very text that you have looked at, in the place of what you have looked at.
///
/// What was changed meanwhile is 412 `changed`.
#[utoipa::path(post, path = "/template-shares/{id}/accept", tag = "templates", params(("id" = Uuid, Path)),
    operation_id = "accept_share", request_body = AcceptShare,
    responses((status = 200, body = TemplateShare), (status = 404, body = ProblemDocument),
        (status = 409, body = ProblemDocument), (status = 412, body = ProblemDocument),
        (status = 422, body = ProblemDocument), (status = 503, body = ProblemDocument)))]
async fn accept(
    State(app): State<App>,
    actor: Actor,
    PathOf(id): PathOf<Uuid>,
    JsonBody(AcceptShare { hash, replaces }): JsonBody<AcceptShare>,
) -> Result<Json<TemplateShare>, Problem> {
    let seen = Seen { hash, replaces };
    let accepted = to_the_end(async move { Ok(share::accept(&app, &actor, id, &seen).await?) }).await?;
    Ok(Json(accepted.into()))
}

/// Say no, and why: the user is told.
#[utoipa::path(post, path = "/template-shares/{id}/refuse", tag = "templates", params(("id" = Uuid, Path)),
    operation_id = "refuse_share", request_body = RefuseShare,
    responses((status = 200, body = TemplateShare), (status = 404, body = ProblemDocument),
        (status = 409, body = ProblemDocument), (status = 422, body = ProblemDocument)))]
async fn refuse(
    State(app): State<App>,
    actor: Actor,
    PathOf(id): PathOf<Uuid>,
    JsonBody(RefuseShare { reason }): JsonBody<RefuseShare>,
) -> Result<Json<TemplateShare>, Problem> {
    Ok(Json(share::refuse(&app, &actor, id, &reason).await?.into()))
}

impl From<TemplateShareState> for share::State {
    fn from(state: TemplateShareState) -> share::State {
        match state {
            TemplateShareState::Open => share::State::Open,
            TemplateShareState::Accepted => share::State::Accepted,
            TemplateShareState::Refused => share::State::Refused,
            TemplateShareState::TakenBack => share::State::TakenBack,
        }
    }
}

impl From<share::State> for TemplateShareState {
    fn from(state: share::State) -> TemplateShareState {
        match state {
            share::State::Open => TemplateShareState::Open,
            share::State::Accepted => TemplateShareState::Accepted,
            share::State::Refused => TemplateShareState::Refused,
            share::State::TakenBack => TemplateShareState::TakenBack,
        }
    }
}

impl From<Share> for TemplateShare {
    fn from(share: Share) -> TemplateShare {
        TemplateShare {
            id: share.id,
            template: share.template,
            own_template: share.own_template,
            version: share.version,
            hash: share.hash,
            author: share.author,
            note: share.note,
            state: share.state.into(),
            asked_at: share.asked_at,
            decided_at: share.decided_at,
            decided_by: share.decided_by,
            reason: share.reason,
        }
    }
}

impl From<Offered> for OfferedTemplate {
    fn from(Offered { share, text, replaces }: Offered) -> OfferedTemplate {
        let replaced = |Replaced { version, hash, text }: Replaced| ReplacedTemplate { version, hash, text };
        OfferedTemplate { share: share.into(), text, replaces: replaces.map(replaced) }
    }
}
