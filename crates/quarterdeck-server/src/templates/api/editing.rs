//! Routes that change one's own templates, and those that try a template out.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{Template, hash_in};
use crate::access::Actor;
use crate::app::App;
use crate::problem::{FieldError, Problem, ProblemDocument};
use crate::requests::{JsonBody, PathOf, QueryOf, WholeBody, to_the_end};
use crate::templates;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(create))
        .routes(routes!(import))
        .routes(routes!(convert_script))
        .routes(routes!(convert_form))
        .routes(routes!(change, archive))
        .routes(routes!(clone))
        .routes(routes!(validate))
        .routes(routes!(render))
        .routes(routes!(export))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewTemplate {
    /// The file, which is kept byte for byte.
    yaml: String,
    /// With `dry_run`: what to try its script with.
    #[serde(default)]
    #[schema(value_type = Object)]
    parameters: Map<String, Value>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct TemplateText {
    /// The file, which is kept byte for byte.
    yaml: String,
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Trial {
    /// Only say what is wrong with it; nothing is written.
    #[serde(default)]
    dry_run: bool,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct CloneTemplate {
    /// Of the new template.
    id: String,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct TemplateValues {
    #[serde(default)]
    #[schema(value_type = Object)]
    parameters: Map<String, Value>,
}

#[derive(Serialize, ToSchema)]
struct TemplateValidation {
    valid: bool,
    /// What is wrong, by JSON pointer.
    errors: Vec<FieldError>,
}

#[derive(Serialize, ToSchema)]
struct RenderedTemplate {
    /// The batch script's body; where the template uses an image, `apptainer exec IMAGE` stands for the real words.
    script: String,
}

/// What a text would be as a template.
#[derive(Serialize, ToSchema)]
struct TemplateTrial {
    template: Template,
    /// As of `render`; null: the parameters do not fit.
    script: Option<String>,
    /// What is wrong with the parameters, by JSON pointer.
    errors: Vec<FieldError>,
}

/// Make a template of your own. It is a file beneath your home that nobody else can read.
#[utoipa::path(post, path = "/templates", tag = "templates", params(Trial), request_body = NewTemplate,
    responses((status = 200, body = TemplateTrial, description = "What it would be, with `dry_run`"),
        (status = 201, body = Template, headers(("ETag" = String), ("Location" = String))),
        (status = 409, body = ProblemDocument), (status = 422, body = ProblemDocument)))]
async fn create(
    State(app): State<App>,
    actor: Actor,
    QueryOf(trial): QueryOf<Trial>,
    JsonBody(NewTemplate { yaml, parameters }): JsonBody<NewTemplate>,
) -> Result<Response, Problem> {
    if trial.dry_run {
        let (offer, script) = templates::try_text(&app, yaml, &parameters).await?;
        let (script, errors) = match script {
            Ok(script) => (Some(script), Vec::new()),
            Err(errors) => (None, errors),
        };
        return Ok(Json(TemplateTrial { template: offer.into(), script, errors }).into_response());
    }
    make(app, actor, yaml).await
}

/// Make a template of your own of a YAML file, for example one that was exported.
#[utoipa::path(post, path = "/templates/import", tag = "templates",
    request_body(content = String, content_type = "application/yaml"),
    responses((status = 201, body = Template, headers(("ETag" = String), ("Location" = String))),
        (status = 409, body = ProblemDocument), (status = 422, body = ProblemDocument)))]
async fn import(State(app): State<App>, actor: Actor, WholeBody(bytes): WholeBody) -> Result<Response, Problem> {
    let text = String::from_utf8(bytes.to_vec()).map_err(|_| {
        Problem::invalid(vec![FieldError::new("", "not-a-template", "The file is no UTF-8 text: save it as UTF-8.")])
    })?;
    make(app, actor, text).await
}

/// What a batch script would be as a template: a file to look over and save. Nothing is written, nothing run.
///
/// Directives that a form can say become `resources`, all else stays in `script` as it is.
#[utoipa::path(post, path = "/templates/import/batch-script", tag = "templates",
    request_body = templates::ScriptToConvert,
    responses((status = 200, body = templates::Converted), (status = 422, body = ProblemDocument)))]
async fn convert_script(
    State(app): State<App>,
    JsonBody(given): JsonBody<templates::ScriptToConvert>,
) -> Result<Json<templates::Converted>, Problem> {
    Ok(Json(templates::of_batch_script(&app, given).await?))
}

/// What an Open OnDemand application's form would be as a template. Ruby in it is reported, and never run.
#[utoipa::path(post, path = "/templates/import/open-ondemand", tag = "templates",
    request_body = templates::FormToConvert,
    responses((status = 200, body = templates::Converted), (status = 422, body = ProblemDocument)))]
async fn convert_form(
    JsonBody(given): JsonBody<templates::FormToConvert>,
) -> Result<Json<templates::Converted>, Problem> {
    Ok(Json(templates::of_open_ondemand(given).await?))
}

async fn make(app: App, actor: Actor, text: String) -> Result<Response, Problem> {
    Ok(created(to_the_end(async move { Ok(templates::create(&app, &actor, text).await?) }).await?))
}

/// Change a template of your own, if it still has the text whose `hash` is sent as `If-Match`.
///
/// What was changed meanwhile is not written over: 412 `changed`. The site's templates are cloned first.
#[utoipa::path(put, path = "/templates/{id}", tag = "templates",
    params(("id" = String, Path), ("If-Match" = String, Header)), request_body = TemplateText,
    responses((status = 200, body = Template, headers(("ETag" = String))), (status = 403, body = ProblemDocument),
        (status = 404, body = ProblemDocument), (status = 412, body = ProblemDocument),
        (status = 422, body = ProblemDocument), (status = 428, body = ProblemDocument)))]
async fn change(
    State(app): State<App>,
    actor: Actor,
    PathOf(id): PathOf<String>,
    headers: HeaderMap,
    JsonBody(text): JsonBody<TemplateText>,
) -> Result<Response, Problem> {
    let expected = expected(&headers)?;
    let change = async move { Ok(templates::change(&app, &actor, &id, text.yaml, &expected).await?) };
    Ok(tagged(to_the_end(change).await?).into_response())
}

/// Take a template of your own out of the library: its file moves to `archived/` beside the others.
#[utoipa::path(delete, path = "/templates/{id}", tag = "templates",
    params(("id" = String, Path), ("If-Match" = String, Header)),
    responses((status = 204), (status = 403, body = ProblemDocument), (status = 404, body = ProblemDocument),
        (status = 412, body = ProblemDocument), (status = 428, body = ProblemDocument)))]
async fn archive(
    State(app): State<App>,
    actor: Actor,
    PathOf(id): PathOf<String>,
    headers: HeaderMap,
) -> Result<StatusCode, Problem> {
    let expected = expected(&headers)?;
    to_the_end(async move { Ok(templates::archive(&app, &actor, &id, &expected).await?) }).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Make a template of your own of one that you may use.
#[utoipa::path(post, path = "/templates/{id}/clone", tag = "templates", params(("id" = String, Path)),
    request_body = CloneTemplate,
    responses((status = 201, body = Template, headers(("ETag" = String), ("Location" = String))),
        (status = 404, body = ProblemDocument), (status = 409, body = ProblemDocument),
        (status = 422, body = ProblemDocument)))]
async fn clone(
    State(app): State<App>,
    actor: Actor,
    PathOf(id): PathOf<String>,
    JsonBody(wanted): JsonBody<CloneTemplate>,
) -> Result<Response, Problem> {
    Ok(created(to_the_end(async move { Ok(templates::clone(&app, &actor, &id, &wanted.id).await?) }).await?))
}

/// Whether these values fit the template, and what is wrong with them.
#[utoipa::path(post, path = "/templates/{id}/validate", tag = "templates", params(("id" = String, Path)),
    request_body = TemplateValues,
    responses((status = 200, body = TemplateValidation), (status = 404, body = ProblemDocument)))]
async fn validate(
    State(app): State<App>,
    actor: Actor,
    PathOf(id): PathOf<String>,
    JsonBody(values): JsonBody<TemplateValues>,
) -> Result<Json<TemplateValidation>, Problem> {
    match templates::try_out(&app, &actor, &id, &values.parameters).await {
        Ok(_) => Ok(Json(TemplateValidation { valid: true, errors: Vec::new() })),
        Err(templates::Error::Invalid(errors)) => Ok(Json(TemplateValidation { valid: false, errors })),
        Err(error) => Err(error.into()),
    }
}

/// The script that the template makes of these values; nothing is submitted.
#[utoipa::path(post, path = "/templates/{id}/render", tag = "templates", params(("id" = String, Path)),
    request_body = TemplateValues,
    responses((status = 200, body = RenderedTemplate), (status = 404, body = ProblemDocument),
        (status = 422, body = ProblemDocument)))]
async fn render(
    State(app): State<App>,
    actor: Actor,
    PathOf(id): PathOf<String>,
    JsonBody(values): JsonBody<TemplateValues>,
) -> Result<Json<RenderedTemplate>, Problem> {
    let script = templates::try_out(&app, &actor, &id, &values.parameters).await?;
    Ok(Json(RenderedTemplate { script }))
}

/// The template's YAML file, byte for byte.
#[utoipa::path(get, path = "/templates/{id}/export", tag = "templates", params(("id" = String, Path)),
    responses((status = 200, body = String, content_type = "application/yaml", headers(("ETag" = String))),
        (status = 404, body = ProblemDocument)))]
async fn export(State(app): State<App>, actor: Actor, PathOf(id): PathOf<String>) -> Result<Response, Problem> {
    let (hash, text) = templates::export(&app, &actor, &id).await?;
    // An id has nothing that would have to be escaped; what stands behind "@" is not for a file's name.
    let id = id.split('@').next().unwrap_or_default();
    let headers = [
        (header::CONTENT_TYPE, "application/yaml; charset=utf-8".to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{id}.yaml\"")),
        (header::ETAG, format!("\"{hash}\"")),
    ];
    Ok((headers, text).into_response())
}

fn created(offer: templates::Offer) -> Response {
    let location = format!("/api/v1/templates/{}", offer.template.id);
    (StatusCode::CREATED, [(header::LOCATION, location)], tagged(offer)).into_response()
}

fn tagged(offer: templates::Offer) -> impl IntoResponse {
    ([(header::ETAG, format!("\"{}\"", offer.hash))], Json(Template::from(offer)))
}

/// The hash of the text that is to be there still.
fn expected(headers: &HeaderMap) -> Result<String, Problem> {
    hash_in(headers).ok_or_else(|| {
        let detail = "Send If-Match with the hash of the text that you have changed.";
        Problem::new(StatusCode::PRECONDITION_REQUIRED, "precondition-required", detail)
    })
}
