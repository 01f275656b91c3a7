//! Routes of templates.

mod bundles;
mod editing;
mod sharing;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::access::Actor;
use crate::app::App;
use crate::jobs::Resources;
use crate::problem::{Problem, ProblemDocument};
use crate::requests::{Page, PathOf, QueryOf, limit};
use crate::templates::{self, FileSlot, ImageUse, Offer, Parameter, SchedulerName, Text};

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(get))
        .routes(routes!(faults, scan))
        .routes(routes!(versions))
        .routes(routes!(version))
        .routes(routes!(keep_at_hand, keep_no_longer))
        .merge(editing::routes())
        .merge(bundles::routes())
        .merge(sharing::routes())
}

#[derive(Serialize, ToSchema)]
struct Template {
    id: String,
    version: String,
    name: Text,
    description: Text,
    category: String,
    source: Source,
    /// Of its text, SHA-256: jobs remember it.
    hash: String,
    tags: Vec<String>,
    schedulers: Vec<SchedulerName>,
    image: ImageUse,
    parameters: Vec<Parameter>,
    files: Vec<FileSlot>,
    /// What a job gets unless it asks for something else.
    resources: Resources,
    uses: TemplateUses,
    available: bool,
    unavailable_reason: Option<UnavailableReason>,
}

/// What people make of a template.
#[derive(Serialize, ToSchema)]
struct TemplateUses {
    /// You keep it at hand.
    favourite: bool,
    /// Jobs that you made of it.
    own_jobs: u64,
    /// When you last did.
    last_used_at: Option<DateTime<Utc>>,
    /// Jobs that all users made of it; of a template of your own, only yours.
    jobs: u64,
}

/// Ships with Quarterdeck, the site's own, or one user's.
#[derive(Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = TemplateSource)]
enum Source {
    Official,
    Community,
    Private,
}

/// Why a template that needs an image cannot be used.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
enum UnavailableReason {
    NoImage,
    NoApptainer,
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Filter {
    category: Option<String>,
    source: Option<Source>,
    tag: Option<String>,
    /// Words that are all in name, description, tags, category or id, in either language.
    q: Option<String>,
    limit: Option<u64>,
    cursor: Option<String>,
}

#[derive(Serialize, ToSchema)]
struct TemplateScan {
    /// Templates that can be used now.
    loaded: usize,
    /// Files that cannot be used, and why; of those that you may know of.
    failed: Vec<Failure>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = TemplateFailure)]
struct Failure {
    /// Relative to the templates' directory.
    file: String,
    /// Counted from 1; null: it concerns no line.
    line: Option<usize>,
    message: String,
    /// `id@version`: the last that the file held, which is offered meanwhile; null: there is none.
    served: Option<String>,
}

/// One of the versions that a template ever had.
#[derive(Serialize, ToSchema)]
struct TemplateVersion {
    /// Counted from 1.
    number: u64,
    /// What the template calls itself.
    version: String,
    /// Of its text, SHA-256.
    hash: String,
    source: Source,
    seen_at: DateTime<Utc>,
    /// Who wrote it here; null: the file was changed by other means.
    author: Option<String>,
    /// It is the one that is offered now.
    current: bool,
}

#[derive(Serialize, ToSchema)]
struct TemplateVersionText {
    #[serde(flatten)]
    version: TemplateVersion,
    /// The YAML file, byte for byte.
    text: String,
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct VersionPage {
    limit: Option<u64>,
    cursor: Option<u64>,
}

/// The templates that I may use, by id.
#[utoipa::path(get, path = "/templates", tag = "templates", params(Filter),
    responses((status = 200, body = Page<Template>), (status = 400, body = ProblemDocument)))]
async fn list(
    State(app): State<App>,
    actor: Actor,
    QueryOf(filter): QueryOf<Filter>,
) -> Result<Json<Page<Template>>, Problem> {
    let Filter { category, source, tag, q, limit: asked, cursor } = filter;
    let wanted = templates::Filter { category, source: source.map(templates::Source::from), tag, q, after: cursor };
    let (offers, next_cursor) = templates::list(&app, &actor, &wanted, limit(asked) as usize).await?;
    Ok(Json(Page { items: offers.into_iter().map(Template::from).collect(), next_cursor, total: None }))
}

/// A template, by `id` or `id@version`.
#[utoipa::path(get, path = "/templates/{id}", tag = "templates", params(("id" = String, Path)),
    responses((status = 200, body = Template), (status = 404, body = ProblemDocument)))]
async fn get(State(app): State<App>, actor: Actor, PathOf(id): PathOf<String>) -> Result<Json<Template>, Problem> {
    Ok(Json(templates::get(&app, &actor, &id).await?.into()))
}

/// The files that cannot be used: operators learn of all that are the site's, everybody of her own.
#[utoipa::path(get, path = "/templates/scan", tag = "templates", responses((status = 200, body = TemplateScan)))]
async fn faults(State(app): State<App>, actor: Actor) -> Json<TemplateScan> {
    Json(templates::faults(&app, &actor).await.into())
}

/// Look at the templates' directory now. It is followed in any case.
#[utoipa::path(post, path = "/templates/scan", tag = "templates",
    responses((status = 200, body = TemplateScan), (status = 503, body = ProblemDocument)))]
async fn scan(State(app): State<App>, actor: Actor) -> Result<Json<TemplateScan>, Problem> {
    Ok(Json(templates::scan(&app, &actor).await?.into()))
}

/// Every version that a template ever had, the newest first. They stay when the template is gone.
#[utoipa::path(get, path = "/templates/{id}/versions", tag = "templates", params(("id" = String, Path), VersionPage),
    responses((status = 200, body = Page<TemplateVersion>), (status = 404, body = ProblemDocument)))]
async fn versions(
    State(app): State<App>,
    actor: Actor,
    PathOf(id): PathOf<String>,
    QueryOf(page): QueryOf<VersionPage>,
) -> Result<Json<Page<TemplateVersion>>, Problem> {
    let (versions, next) = templates::versions(&app, &actor, &id, page.cursor, limit(page.limit)).await?;
    let items = versions.into_iter().map(TemplateVersion::from).collect();
    Ok(Json(Page { items, next_cursor: next.map(|number| number.to_string()), total: None }))
}

/// One version and its text.
#[utoipa::path(get, path = "/templates/{id}/versions/{number}", tag = "templates",
    params(("id" = String, Path), ("number" = u64, Path)),
    responses((status = 200, body = TemplateVersionText), (status = 404, body = ProblemDocument)))]
async fn version(
    State(app): State<App>,
    actor: Actor,
    PathOf((id, number)): PathOf<(String, u64)>,
) -> Result<Json<TemplateVersionText>, Problem> {
    let (version, text) = templates::version(&app, &actor, &id, number).await?;
    Ok(Json(TemplateVersionText { version: version.into(), text }))
}

/// Keep a template at hand.
#[utoipa::path(put, path = "/templates/{id}/favourite", tag = "templates", params(("id" = String, Path)),
    responses((status = 204), (status = 404, body = ProblemDocument)))]
async fn keep_at_hand(State(app): State<App>, actor: Actor, PathOf(id): PathOf<String>) -> Result<StatusCode, Problem> {
    templates::set_favourite(&app, &actor, &id, true).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Keep a template at hand no longer.
#[utoipa::path(delete, path = "/templates/{id}/favourite", tag = "templates", params(("id" = String, Path)),
    responses((status = 204), (status = 404, body = ProblemDocument)))]
async fn keep_no_longer(
    State(app): State<App>,
    actor: Actor,
    PathOf(id): PathOf<String>,
) -> Result<StatusCode, Problem> {
    templates::set_favourite(&app, &actor, &id, false).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The hash that `If-Match` names.
fn hash_in(headers: &HeaderMap) -> Option<String> {
    let tag = headers.get(header::IF_MATCH)?.to_str().ok()?.trim();
    Some(tag.strip_prefix("W/").unwrap_or(tag).trim_matches('"').to_owned())
}

impl From<Source> for templates::Source {
    fn from(source: Source) -> templates::Source {
        match source {
            Source::Official => templates::Source::Official,
            Source::Community => templates::Source::Community,
            Source::Private => templates::Source::Private,
        }
    }
}

impl From<templates::Source> for Source {
    fn from(source: templates::Source) -> Source {
        match source {
            templates::Source::Official => Source::Official,
            templates::Source::Community => Source::Community,
            templates::Source::Private => Source::Private,
        }
    }
}

impl From<templates::Report> for TemplateScan {
    fn from(templates::Report { loaded, failed }: templates::Report) -> TemplateScan {
        let failure =
            |f: templates::Failure| Failure { file: f.file, line: f.line, message: f.message, served: f.served };
        TemplateScan { loaded, failed: failed.into_iter().map(failure).collect() }
    }
}

impl From<templates::Version> for TemplateVersion {
    fn from(version: templates::Version) -> TemplateVersion {
        TemplateVersion {
            number: version.number,
            version: version.version,
            hash: version.hash,
            source: version.source.into(),
            seen_at: version.seen_at,
            author: version.author,
            current: version.is_current,
        }
    }
}

impl From<Offer> for Template {
    fn from(Offer { template, source, hash, unavailable, uses }: Offer) -> Template {
        let templates::Uses { favourite, own_jobs, last_used_at, jobs } = uses;
        Template {
            uses: TemplateUses { favourite, own_jobs, last_used_at, jobs },
            id: template.id,
            version: template.version,
            name: template.name,
            description: template.description,
            category: template.category,
            source: source.into(),
            hash,
            tags: template.tags,
            schedulers: template.schedulers,
            image: template.image,
            parameters: template.parameters,
            files: template.files,
            resources: template.resources,
            available: unavailable.is_none(),
            unavailable_reason: unavailable.map(|reason| match reason {
                templates::Unavailable::NoImage => UnavailableReason::NoImage,
                templates::Unavailable::NoApptainer => UnavailableReason::NoApptainer,
            }),
        }
    }
}
