//! Makes a submission that is sent twice one job: the same key and request again answer what the first time brought.

use chrono::TimeDelta;
use quarterdeck_types::JobState;
use sea_orm::{DbErr, SqlErr};
use sha2::{Digest, Sha256};

use super::{Error, Job, NewJob, read, store};
use crate::access::Actor;
use crate::app::App;
use crate::clusters::Cluster;
use crate::db::to_us;

/// An Idempotency-Key is remembered this long.
const KEY_LIFE: TimeDelta = TimeDelta::hours(24);

/// What this key already brought, if the request is the same: the job, or why there is none.
pub(super) async fn replay(
    app: &App,
    actor: &Actor,
    cluster: &Cluster,
    key: &str,
    hash: &str,
) -> Result<Option<Job>, Error> {
    let tx = app.db.begin().await?;
    let Some(mut old) = store::by_idempotency_key(&tx, &cluster.name, actor.user_id, key).await? else {
        return Ok(None);
    };
    if old.submitted_us < to_us(app.clock.now() - KEY_LIFE) {
        old.idempotency_key = None;
        store::save(&tx, old).await?;
        tx.commit().await?;
        return Ok(None);
    }
    drop(tx);
    if old.request_hash.as_deref() != Some(hash) {
        return Err(Error::KeyReused);
    }
    let Some(job) = read(old) else { return Ok(None) };
    let message = || job.message.clone().unwrap_or_default();
    match job.state {
        JobState::Submitting => Err(Error::KeyInFlight),
        JobState::NotSubmitted => Err(Error::Refused { cluster: cluster.name.clone(), message: message() }),
        JobState::OutcomeUnknown => {
            Err(Error::Unknown { id: job.id, cluster: cluster.name.clone(), message: message() })
        }
        _ => Ok(Some(job)),
    }
}

/// Why a new row was not written. Of two requests that bring the same key at once, the database takes one.
pub(super) fn not_written(error: DbErr) -> Error {
    match error.sql_err() {
        Some(SqlErr::UniqueConstraintViolation(_)) => Error::KeyInFlight,
        _ => error.into(),
    }
}

/// What tells one request from another.
pub(super) fn request_hash(new: &NewJob) -> String {
    let text = serde_json::to_vec(new).unwrap_or_default();
    Sha256::digest(&text).iter().map(|byte| format!("{byte:02x}")).collect()
}
