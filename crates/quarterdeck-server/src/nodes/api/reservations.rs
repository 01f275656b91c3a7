//! Routes of reservations.

use axum::Json;
use axum::extract::State;
use chrono::{DateTime, Utc};
use quarterdeck_slurm as slurm;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::access::Actor;
use crate::app::App;
use crate::clusters::api::{FreshPage, find_cluster};
use crate::nodes;
use crate::problem::{Problem, ProblemDocument};
use crate::requests::PathOf;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(reservations))
}

#[derive(Serialize, ToSchema)]
pub(crate) struct Reservation {
    name: String,
    /// Of one that repeats (`DAILY`, `WEEKLY` …) the time that is next.
    starts_at: DateTime<Utc>,
    ends_at: DateTime<Utc>,
    /// Compressed, as Slurm writes it; null: of licences, not of nodes.
    #[schema(example = "c[1-3]")]
    nodes: Option<String>,
    node_count: u64,
    partition: Option<String>,
    /// No job runs on its nodes.
    is_maintenance: bool,
    /// Slurm's words: `MAINT`, `DAILY`.
    flags: Vec<String>,
    /// Who may use it, with `accounts`. A name with `-` before it may not.
    users: Vec<String>,
    accounts: Vec<String>,
    /// `ACTIVE` or `INACTIVE`.
    state: String,
}

impl From<&slurm::Reservation> for Reservation {
    fn from(reservation: &slurm::Reservation) -> Reservation {
        let names = reservation.node_list.as_deref().and_then(slurm::node_list::expand).unwrap_or_default();
        Reservation {
            name: reservation.name.clone(),
            starts_at: reservation.starts_at,
            ends_at: reservation.ends_at,
            nodes: reservation.node_list.clone(),
            node_count: names.len() as u64,
            partition: reservation.partition.clone(),
            is_maintenance: reservation.is_maintenance(),
            flags: reservation.flags.clone(),
            users: reservation.users.clone(),
            accounts: reservation.accounts.clone(),
            state: reservation.state.clone(),
        }
    }
}

/// Nodes that are kept for some, or for nobody, for a time.
///
/// Where the site's reservations are private (Slurm's `PrivateData`), whoever is no operator sees those that name her
/// or an account that she coordinates.
#[utoipa::path(get, path = "/clusters/{cluster}/reservations", tag = "nodes", params(("cluster" = String, Path)),
    responses((status = 200, body = FreshPage<Reservation>), (status = 404, body = ProblemDocument)))]
async fn reservations(
    State(app): State<App>,
    actor: Actor,
    PathOf(cluster): PathOf<String>,
) -> Result<Json<FreshPage<Reservation>>, Problem> {
    let cluster = find_cluster(&app, &cluster)?;
    let items = nodes::reservations(&actor, &cluster).iter().map(Reservation::from).collect();
    Ok(Json(FreshPage::new(items, None, None, &cluster.view().reservations)))
}
