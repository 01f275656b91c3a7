//! Ends sessions that nobody uses any more, and forgets those that ended long ago.

use std::time::Duration;

use chrono::TimeDelta;
use tokio::time::Instant;

use super::{Error, store};
use crate::api_keys;
use crate::app::App;
use crate::audit::{Event, Who};
use crate::db::to_us;
use crate::users;

const LOOK_EVERY: Duration = Duration::from_secs(15);
const FORGET_EVERY: Duration = Duration::from_secs(3600);
/// Ended sessions are kept this long, so that a refresh token of theirs is still known.
const KEEP: TimeDelta = TimeDelta::days(7);

/// Runs for as long as the server does.
pub async fn watch_sessions(app: App) {
    let mut forget_due = Instant::now();
    loop {
        if let Err(error) = end_idle(&app).await {
            tracing::error!(%error, "ending idle sessions");
        }
        if Instant::now() >= forget_due {
            if let Err(error) = forget_old(&app).await {
                tracing::error!(%error, "forgetting old sessions and keys");
            }
            forget_due = Instant::now() + FORGET_EVERY;
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

async fn forget_old(app: &App) -> Result<(), Error> {
    store::forget_sessions(app.db.write(), to_us(app.clock.now() - KEEP)).await?;
    Ok(api_keys::forget_old(app).await?)
}

/// Ends the sessions whose people have done nothing for as long as the site allows; their sockets are closed.
pub(super) async fn end_idle(app: &App) -> Result<(), Error> {
    let Some(idle) = app.config.sign_in.idle() else { return Ok(()) };
    let now = app.clock.now();
    let before = to_us(now - idle);
    if store::idle_sessions(app.db.read(), before, to_us(now)).await?.is_empty() {
        return Ok(());
    }
    let tx = app.db.begin().await?;
    let sessions = store::idle_sessions(&tx, before, to_us(now)).await?;
    let ids: Vec<_> = sessions.iter().map(|session| session.id).collect();
    store::end_sessions(&tx, &ids, to_us(now)).await?;
    for session in &sessions {
        let owner = users::find(&tx, session.user_id).await?.username;
        let detail = serde_json::json!({"session": session.id});
        app.audit.record(&tx, Who::Server, Event::new("session.end-idle", &owner).with(detail)).await?;
    }
    tx.commit().await?;
    ids.into_iter().for_each(|id| app.live.access_ended(id));
    Ok(())
}
