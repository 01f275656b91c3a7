//! What people make of templates: how many jobs, when one last did, and which she keeps at hand.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use sea_orm::{ConnectionTrait, DbErr};
use uuid::Uuid;

use crate::access::Actor;
use crate::app::App;
use crate::db::{from_us, to_us};
use crate::jobs::OWN_TEMPLATE;
use crate::templates::{Error, Loaded, Source, find_loaded, store};

/// As one user sees a template.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Uses {
    pub favourite: bool,
    /// That she submitted.
    pub own_jobs: u64,
    pub last_used_at: Option<DateTime<Utc>>,
    /// That all users submitted; of a template of one's own, only hers.
    pub jobs: u64,
}

/// Counts one job more. `reference` is what the job says it was made of.
pub(crate) async fn count(
    tx: &impl ConnectionTrait,
    user_id: Uuid,
    reference: &str,
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    let template = reference.split_once('@').map_or(reference, |(template, _)| template);
    store::uses::add(tx, user_id, template, to_us(now)).await
}

/// Keeps a template at hand, or no longer.
pub async fn set_favourite(app: &App, actor: &Actor, id: &str, favourite: bool) -> Result<(), Error> {
    let loaded = find_loaded(app, actor, id).await?;
    Ok(store::uses::set_favourite(app.db.write(), actor.user_id, &key(&loaded), favourite).await?)
}

/// In the order of the templates.
pub(super) async fn of(app: &App, actor: &Actor, templates: &[Arc<Loaded>]) -> Result<Vec<Uses>, Error> {
    let keys: Vec<String> = templates.iter().map(|loaded| key(loaded)).collect();
    let own = store::uses::of_user(app.db.read(), actor.user_id, &keys).await?;
    let all = store::uses::jobs_of_all(app.db.read(), &keys).await?;
    let of_key = |key: &String| {
        let row = own.get(key);
        let own_jobs = row.map_or(0, |row| row.jobs as u64);
        let is_own = key.starts_with(OWN_TEMPLATE);
        Uses {
            favourite: row.is_some_and(|row| row.favourite),
            own_jobs,
            last_used_at: row.and_then(|row| row.last_us).map(from_us),
            jobs: if is_own { own_jobs } else { all.get(key).map_or(0, |jobs| *jobs as u64) },
        }
    };
    Ok(keys.iter().map(of_key).collect())
}

fn key(loaded: &Loaded) -> String {
    match loaded.source {
        Source::Private => format!("{OWN_TEMPLATE}{}", loaded.template.id),
        Source::Official | Source::Community => loaded.template.id.clone(),
    }
}
