//! Routes of templates.

use axum::Json;
use axum::extract::State;
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
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(get)).routes(routes!(scan))
}

#[derive(Serialize, ToSchema)]
struct Template {
    id: String,
    version: String,
    name: Text,
    description: Text,
    category: String,
    source: Source,
    tags: Vec<String>,
    schedulers: Vec<SchedulerName>,
    image: ImageUse,
    parameters: Vec<Parameter>,
    files: Vec<FileSlot>,
    /// What a job gets unless it asks for something else.
    resources: Resources,
    available: bool,
    unavailable_reason: Option<UnavailableReason>,
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
    /// In name, description, tags, category or id.
    q: Option<String>,
    limit: Option<u64>,
    cursor: Option<String>,
}

#[derive(Serialize, ToSchema)]
struct TemplateScan {
    /// Templates that can be used now.
    loaded: usize,
    /// Files that cannot be used, and why.
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
}

/// The templates that I may use, by id.
#[utoipa::path(get, path = "/templates", tag = "templates", params(Filter),
    responses((status = 200, body = Page<Template>), (status = 400, body = ProblemDocument)))]
async fn list(
    State(app): State<App>,
    actor: Actor,
    QueryOf(filter): QueryOf<Filter>,
) -> Result<Json<Page<Template>>, Problem> {
    let source = filter.source.map(|source| match source {
        Source::Official => templates::Source::Official,
        Source::Community => templates::Source::Community,
        Source::Private => templates::Source::Private,
    });
    let wanted = templates::Filter { category: filter.category, source, q: filter.q, after: filter.cursor };
    let (offers, next_cursor) = templates::list(&app, &actor, &wanted, limit(filter.limit)).await?;
    Ok(Json(Page { items: offers.into_iter().map(Template::from).collect(), next_cursor, total: None }))
}

/// A template, by `id` or `id@version`.
#[utoipa::path(get, path = "/templates/{id}", tag = "templates", params(("id" = String, Path)),
    responses((status = 200, body = Template), (status = 404, body = ProblemDocument)))]
async fn get(State(app): State<App>, actor: Actor, PathOf(id): PathOf<String>) -> Result<Json<Template>, Problem> {
    Ok(Json(templates::get(&app, &actor, &id).await?.into()))
}

/// Read the templates' directory again.
#[utoipa::path(post, path = "/templates/scan", tag = "templates",
    responses((status = 200, body = TemplateScan), (status = 503, body = ProblemDocument)))]
async fn scan(State(app): State<App>, actor: Actor) -> Result<Json<TemplateScan>, Problem> {
    let report = templates::scan(&app, &actor).await?;
    let failure = |f: templates::Failure| Failure { file: f.file, line: f.line, message: f.message };
    Ok(Json(TemplateScan { loaded: report.loaded, failed: report.failed.into_iter().map(failure).collect() }))
}

impl From<Offer> for Template {
    fn from(Offer { template, source, unavailable }: Offer) -> Template {
        Template {
            id: template.id,
            version: template.version,
            name: template.name,
            description: template.description,
            category: template.category,
            source: match source {
                templates::Source::Official => Source::Official,
                templates::Source::Community => Source::Community,
                templates::Source::Private => Source::Private,
            },
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
