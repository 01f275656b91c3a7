//! The route of what to send to the site's support.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use crate::access::Actor;
use crate::app::App;
use crate::clusters::api::find_cluster;
use crate::jobs;
use crate::problem::{Problem, ProblemDocument};
use crate::requests::PathOf;

#[derive(Serialize, ToSchema)]
pub(super) struct Help {
    /// The site's address for questions; null where it names none.
    email: Option<String>,
    /// Its page for questions.
    url: Option<String>,
    #[schema(example = "Job 5 on slurm failed: aerodynamics")]
    subject: String,
    /// Markdown, for the person to read before she sends it.
    text: String,
    /// How many secrets were taken out of it.
    redacted: usize,
}

/// Script, reasons, environment and the end of the output, put together to be read and sent to the site's support.
#[utoipa::path(get, path = "/clusters/{cluster}/jobs/{job}/help", tag = "jobs",
    params(("cluster" = String, Path), ("job" = String, Path)),
    responses((status = 200, body = Help), (status = 403, body = ProblemDocument),
        (status = 404, body = ProblemDocument)))]
pub(super) async fn help(
    State(app): State<App>,
    actor: Actor,
    PathOf((cluster, job)): PathOf<(String, String)>,
) -> Result<Json<Help>, Problem> {
    let cluster = find_cluster(&app, &cluster)?;
    let jobs::Help { subject, text, redacted } = jobs::help(&app, &actor, &cluster, &job).await?;
    let support = &app.config.support;
    Ok(Json(Help { email: support.email.clone(), url: support.url.clone(), subject, text, redacted }))
}
