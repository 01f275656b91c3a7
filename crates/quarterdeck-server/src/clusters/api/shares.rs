//! The route of accounts' fair share and balances.

use axum::Json;
use axum::extract::State;
use quarterdeck_slurm::compact::shares;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{FreshPage, find_cluster};
use crate::access::Actor;
use crate::app::App;
use crate::problem::{FieldError, Problem, ProblemDocument};
use crate::requests::{PathOf, QueryOf, limit};

/// An account, or a user in one.
#[derive(Serialize, ToSchema)]
pub(super) struct Share {
    account: String,
    /// Null: the account itself.
    user: Option<String>,
    /// The account above; of a user, the account.
    parent: Option<String>,
    /// Null: as its parent has it.
    raw_shares: Option<u64>,
    /// Of the whole cluster, 0 to 1.
    share: Option<f64>,
    /// Seconds of what the site bills, the older the less.
    raw_usage_seconds: Option<u64>,
    /// Of what it and its siblings used, 0 to 1.
    usage: Option<f64>,
    /// 0 to 1: what counts for a job's priority. Accounts have none.
    fair_share: Option<f64>,
    /// Above 1: used less than its share. Null also where nothing was used yet.
    level: Option<f64>,
    /// Its limits of what may be used in all (`GrpTRESMins`).
    limits: Vec<Balance>,
    mine: bool,
}

#[derive(Serialize, ToSchema)]
struct Balance {
    #[schema(example = "cpu")]
    resource: String,
    limit_minutes: u64,
    /// The older the less, as the usage.
    used_minutes: u64,
    /// What running jobs may still use until their time limits.
    reserved_minutes: u64,
    remaining_minutes: u64,
}

impl Share {
    fn seen_by(actor: &Actor, share: shares::Share) -> Share {
        let balance = |balance: shares::Balance| {
            let shares::Balance { resource, limit_minutes, used_minutes, reserved_minutes } = balance;
            let remaining_minutes = limit_minutes.saturating_sub(used_minutes).saturating_sub(reserved_minutes);
            Balance { resource, limit_minutes, used_minutes, reserved_minutes, remaining_minutes }
        };
        Share {
            mine: share.user.is_some() && share.user == actor.unix_user,
            account: share.account,
            user: share.user,
            parent: share.parent,
            raw_shares: share.raw_shares,
            share: share.share,
            raw_usage_seconds: share.raw_usage,
            usage: share.usage,
            fair_share: share.fair_share,
            level: share.level,
            limits: share.limits.into_iter().map(balance).collect(),
        }
    }
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Query {
    account: Option<String>,
    limit: Option<u64>,
    cursor: Option<String>,
    count: Option<bool>,
}

/// Fair share and balances of your accounts; of operators, of all. In the order of the tree of accounts.
#[utoipa::path(get, path = "/clusters/{cluster}/shares", tag = "clusters", params(("cluster" = String, Path), Query),
    responses((status = 200, body = FreshPage<Share>), (status = 404, body = ProblemDocument)))]
pub(super) async fn shares(
    State(app): State<App>,
    actor: Actor,
    PathOf(cluster): PathOf<String>,
    QueryOf(query): QueryOf<Query>,
) -> Result<Json<FreshPage<Share>>, Problem> {
    let cluster = find_cluster(&app, &cluster)?;
    let wrong = || Problem::invalid(vec![FieldError::new("/cursor", "bad-cursor", "This cursor is not one of ours.")]);
    let from = query.cursor.map_or(Ok(0), |cursor| cursor.parse::<usize>()).map_err(|_| wrong())?;
    let (mut shares, freshness) = cluster.shares_for(&app, &actor).await;
    if let Some(account) = &query.account {
        shares.retain(|share| share.account == *account);
    }
    let total = shares.len();
    let page = shares.into_iter().skip(from).take(limit(query.limit) as usize);
    let items: Vec<Share> = page.map(|share| Share::seen_by(&actor, share)).collect();
    let next = from.saturating_add(items.len());
    let next_cursor = (next < total).then(|| next.to_string());
    let total = query.count.unwrap_or(false).then_some(total as u64);
    Ok(Json(FreshPage::new(items, next_cursor, total, &freshness)))
}
