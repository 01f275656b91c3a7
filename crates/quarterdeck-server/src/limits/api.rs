//! The limits as administrators and as clients see them: a route, and the headers of every counted answer.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{Class, Overview, Verdict, whole_seconds};
use crate::access::Actor;
use crate::app::App;

const LIMIT: HeaderName = HeaderName::from_static("ratelimit-limit");
const REMAINING: HeaderName = HeaderName::from_static("ratelimit-remaining");
const RESET: HeaderName = HeaderName::from_static("ratelimit-reset");

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list))
}

/// Writes into an answer how its bucket stands.
pub(crate) fn tell(verdict: Verdict, headers: &mut HeaderMap) {
    let (Verdict::Allowed(standing) | Verdict::Refused(standing, _)) = verdict else { return };
    headers.insert(LIMIT, HeaderValue::from(standing.limit));
    headers.insert(REMAINING, HeaderValue::from(standing.remaining));
    headers.insert(RESET, HeaderValue::from(whole_seconds(standing.reset)));
}

#[derive(Serialize, ToSchema)]
struct Limits {
    store: Store,
    /// Whether Redis answers; null without one. While it is down each server counts for itself.
    store_state: Option<StoreState>,
    items: Vec<Limit>,
}

/// Where is counted: by each server for itself, or by all of them together.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Store {
    Process,
    Redis,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum StoreState {
    Up,
    Down,
}

#[derive(Serialize, ToSchema)]
struct Limit {
    class: Class,
    /// So many in each period; null: this class is not limited.
    amount: Option<u32>,
    period_seconds: Option<u32>,
    /// So many at once after a pause.
    burst: Option<u32>,
    counted_by: CountedBy,
    /// By this server.
    refused_last_hour: u64,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum CountedBy {
    /// A user's sessions together, each API key for itself, whoever is not signed in by address.
    User,
    AddressAndName,
}

impl From<Overview> for Limit {
    fn from(overview: Overview) -> Limit {
        Limit {
            class: overview.class,
            amount: overview.rate.map(|rate| rate.amount),
            period_seconds: overview.rate.map(|rate| rate.period_seconds),
            burst: overview.rate.map(|rate| rate.burst),
            counted_by: if overview.class == Class::SignIn { CountedBy::AddressAndName } else { CountedBy::User },
            refused_last_hour: overview.refused_last_hour,
        }
    }
}

/// How often what may be done, and what was refused lately.
#[utoipa::path(get, path = "/limits", tag = "limits", responses((status = 200, body = Limits)))]
async fn list(State(app): State<App>, _: Actor) -> Json<Limits> {
    let up = app.limits.shared();
    Json(Limits {
        store: if up.is_some() { Store::Redis } else { Store::Process },
        store_state: up.map(|up| if up { StoreState::Up } else { StoreState::Down }),
        items: app.limits.overview().into_iter().map(Limit::from).collect(),
    })
}
