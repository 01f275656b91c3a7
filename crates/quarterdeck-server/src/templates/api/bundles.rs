//! Routes by which many templates go in one zip.

use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Template;
use crate::access::Actor;
use crate::app::App;
use crate::problem::{FieldError, Problem, ProblemDocument};
use crate::requests::{JsonBody, QueryOf, WholeBody, to_the_end};
use crate::templates;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(export_many)).routes(routes!(import_zip))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct TemplatesToExport {
    /// At most 500, each `id` or `id@version`.
    ids: Vec<String>,
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct ZipTrial {
    /// Only say what each file would be; nothing is written.
    #[serde(default)]
    dry_run: bool,
}

/// What came of the files of a zip.
#[derive(Serialize, ToSchema)]
struct BroughtTemplates {
    /// In the zip's order.
    items: Vec<BroughtTemplate>,
}

#[derive(Serialize, ToSchema)]
struct BroughtTemplate {
    /// As the zip has it.
    name: String,
    /// What it is, or with `dry_run` would be; null: nothing was made of it.
    template: Option<Template>,
    /// Why nothing was made of it.
    errors: Vec<FieldError>,
    /// With `dry_run`, the file byte for byte; null: it was not read.
    yaml: Option<String>,
}

/// A zip of many templates' YAML files, each `<id>.yaml`, byte for byte.
#[utoipa::path(post, path = "/template-exports", tag = "templates", request_body = TemplatesToExport,
    responses((status = 200, body = String, content_type = "application/zip"),
        (status = 422, body = ProblemDocument)))]
async fn export_many(
    State(app): State<App>,
    actor: Actor,
    JsonBody(TemplatesToExport { ids }): JsonBody<TemplatesToExport>,
) -> Result<Response, Problem> {
    let zip = templates::pack(&app, &actor, &ids).await?;
    let headers = [
        (header::CONTENT_TYPE, "application/zip"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"templates.zip\""),
    ];
    Ok((headers, zip).into_response())
}

/// Make templates of your own of a zip's YAML files (`.yaml`, `.yml`), wherever they lie in it.
///
/// Each file has its own verdict: one that is no template, encrypted, too large, twice in the zip or whose id is taken
/// keeps no other from being made. At most 8 MiB packed, 32 MiB unpacked, 500 files: else 413 or 422, and nothing is made.
#[utoipa::path(post, path = "/templates/import/zip", tag = "templates", params(ZipTrial),
    request_body(content = Vec<u8>, content_type = "application/zip"),
    responses((status = 200, body = BroughtTemplates), (status = 413, body = ProblemDocument),
        (status = 422, body = ProblemDocument)))]
async fn import_zip(
    State(app): State<App>,
    actor: Actor,
    QueryOf(ZipTrial { dry_run }): QueryOf<ZipTrial>,
    WholeBody(zip): WholeBody,
) -> Result<Json<BroughtTemplates>, Problem> {
    let brought = to_the_end(async move { Ok(templates::bring(&app, &actor, zip, dry_run).await?) }).await?;
    let items = brought.into_iter().map(|templates::Brought { name, yaml, outcome }| {
        let (template, errors) = match outcome {
            Ok(offer) => (Some(offer.into()), Vec::new()),
            Err(error) => (None, Problem::from(error).into_errors()),
        };
        BroughtTemplate { name, template, errors, yaml: yaml.filter(|_| dry_run) }
    });
    Ok(Json(BroughtTemplates { items: items.collect() }))
}
