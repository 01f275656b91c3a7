//! Routes of accounts, QOS, and what else jobs may ask for.

use axum::Json;
use axum::extract::State;
use quarterdeck_slurm as slurm;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::access::Actor;
use crate::accounts;
use crate::app::App;
use crate::clusters::api::{Age, FreshPage, find_cluster};
use crate::problem::{Problem, ProblemDocument};
use crate::requests::PathOf;

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(qos)).routes(routes!(choices))
}

/// What somebody may charge to an account.
#[derive(Serialize, ToSchema)]
struct ClusterAccount {
    #[schema(example = "physics")]
    account: String,
    /// The Unix user.
    user: String,
    /// Charged where a job names no account.
    is_default: bool,
    /// In this partition alone; null: in all.
    partition: Option<String>,
    default_qos: Option<String>,
    /// Those allowed.
    qos: Vec<String>,
    limits: AccountLimits,
}

/// Null: unlimited. TRES as Slurm writes them.
#[derive(Serialize, ToSchema)]
struct AccountLimits {
    /// Of those that run.
    max_jobs: Option<u32>,
    max_submitted_jobs: Option<u32>,
    /// Of one job.
    max_time_minutes: Option<u32>,
    #[schema(example = "cpu=8,gres/gpu=2")]
    max_tres_per_job: Option<String>,
    /// Of all together who share it.
    group_jobs: Option<u32>,
    group_submitted_jobs: Option<u32>,
    group_tres: Option<String>,
}

/// The accounts that you may charge; for operators, everybody's.
#[utoipa::path(get, path = "/clusters/{cluster}/accounts", tag = "accounts", params(("cluster" = String, Path)),
    responses((status = 200, body = FreshPage<ClusterAccount>), (status = 404, body = ProblemDocument)))]
async fn list(
    State(app): State<App>,
    actor: Actor,
    PathOf(cluster): PathOf<String>,
) -> Result<Json<FreshPage<ClusterAccount>>, Problem> {
    let view = find_cluster(&app, &cluster)?.view();
    let show = |association: &slurm::Association| ClusterAccount {
        account: association.account.clone(),
        user: association.user.clone(),
        is_default: view.accounts.default_of(&association.user) == Some(&association.account),
        partition: association.partition.clone(),
        default_qos: association.default_qos.clone(),
        qos: association.qos.clone(),
        limits: AccountLimits {
            max_jobs: association.limits.max_jobs,
            max_submitted_jobs: association.limits.max_submitted_jobs,
            max_time_minutes: association.limits.max_time_minutes,
            max_tres_per_job: association.limits.max_tres_per_job.clone(),
            group_jobs: association.limits.group_jobs,
            group_submitted_jobs: association.limits.group_submitted_jobs,
            group_tres: association.limits.group_tres.clone(),
        },
    };
    let items = accounts::visible(&actor, &view.accounts).into_iter().map(show).collect();
    Ok(Json(FreshPage::new(items, None, None, &view.accounts_read)))
}

#[derive(Serialize, ToSchema)]
struct ClusterQos {
    name: String,
    description: Option<String>,
    /// A higher one is considered first.
    priority: u32,
    /// Of your accounts, those that allow it.
    accounts: Vec<String>,
    /// Null here and below: unlimited.
    max_jobs_per_user: Option<u32>,
    max_submitted_jobs_per_user: Option<u32>,
    max_time_minutes: Option<u32>,
    max_tres_per_job: Option<String>,
    max_tres_per_user: Option<String>,
}

/// The QOS that you may ask for; for operators, all.
#[utoipa::path(get, path = "/clusters/{cluster}/qos", tag = "accounts", params(("cluster" = String, Path)),
    responses((status = 200, body = FreshPage<ClusterQos>), (status = 404, body = ProblemDocument)))]
async fn qos(
    State(app): State<App>,
    actor: Actor,
    PathOf(cluster): PathOf<String>,
) -> Result<Json<FreshPage<ClusterQos>>, Problem> {
    let view = find_cluster(&app, &cluster)?.view();
    let show = |(qos, accounts): (slurm::Qos, Vec<String>)| ClusterQos {
        name: qos.name,
        description: qos.description,
        priority: qos.priority,
        accounts,
        max_jobs_per_user: qos.max_jobs_per_user,
        max_submitted_jobs_per_user: qos.max_submitted_jobs_per_user,
        max_time_minutes: qos.max_time_minutes,
        max_tres_per_job: qos.max_tres_per_job,
        max_tres_per_user: qos.max_tres_per_user,
    };
    let items = accounts::visible_qos(&actor, &view.accounts).into_iter().map(show).collect();
    Ok(Json(FreshPage::new(items, None, None, &view.accounts_read)))
}

#[derive(Serialize, ToSchema)]
struct JobChoices {
    /// Of nodes.
    features: Vec<NodeFeature>,
    /// Devices of nodes.
    gres: Vec<NodeGres>,
    licenses: Vec<License>,
    #[serde(flatten)]
    age: Age,
}

#[derive(Serialize, ToSchema)]
struct NodeFeature {
    name: String,
    partitions: Vec<String>,
}

#[derive(Serialize, ToSchema)]
struct NodeGres {
    #[schema(example = "gpu")]
    name: String,
    #[serde(rename = "type")]
    #[schema(rename = "type", example = "a100")]
    kind: Option<String>,
    most_per_node: u32,
    partitions: Vec<String>,
}

#[derive(Serialize, ToSchema)]
struct License {
    name: String,
    total: u32,
    used: u32,
}

/// What else a job may ask for here: features and devices of nodes, and licences.
#[utoipa::path(get, path = "/clusters/{cluster}/choices", tag = "accounts", params(("cluster" = String, Path)),
    responses((status = 200, body = JobChoices), (status = 404, body = ProblemDocument)))]
async fn choices(
    State(app): State<App>,
    actor: Actor,
    PathOf(cluster): PathOf<String>,
) -> Result<Json<JobChoices>, Problem> {
    let cluster = find_cluster(&app, &cluster)?;
    let view = cluster.view();
    // What a private partition has is its own affair.
    let shown = cluster.shows_partitions_to(&actor);
    let partitions = |names: &[String]| if shown { names.to_vec() } else { Vec::new() };
    let features = view.choices.features.iter();
    let gres = view.choices.gres.iter();
    let licenses = view.choices.licenses.iter();
    Ok(Json(JobChoices {
        features: features
            .map(|feature| NodeFeature { name: feature.name.clone(), partitions: partitions(&feature.partitions) })
            .collect(),
        gres: gres
            .map(|gres| NodeGres {
                name: gres.name.clone(),
                kind: gres.kind.clone(),
                most_per_node: gres.most_per_node,
                partitions: partitions(&gres.partitions),
            })
            .collect(),
        licenses: licenses
            .map(|license| License { name: license.name.clone(), total: license.total, used: license.used })
            .collect(),
        age: Age::from(&view.choices_read),
    }))
}
