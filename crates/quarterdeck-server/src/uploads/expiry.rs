//! Removes uploads that nobody finished, as their owners. What cannot be removed is kept in the list of leftovers, for
//! an administrator to see to, and tried again.

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde_json::json;
use uuid::Uuid;

use super::{Error, Upload, Writer, remove_hidden, store};
use crate::agents;
use crate::app::App;
use crate::audit::{Event, Outcome, Who};
use crate::db::{from_us, to_us};
use crate::users;

const EVERY: Duration = Duration::from_secs(3600);
/// Looked at in one sweep.
const MOST: u64 = 1000;

/// What expired and could not be removed.
pub struct Leftover {
    pub upload: Upload,
    pub user: String,
    pub host: String,
    pub expired_at: Option<DateTime<Utc>>,
    pub reason: String,
}

/// Sweeps now and then, for as long as the server runs.
pub(crate) async fn sweep(app: App) {
    loop {
        if let Err(error) = sweep_once(&app).await {
            tracing::warn!(%error, "removing uploads that expired");
        }
        tokio::time::sleep(EVERY).await;
    }
}

/// Everybody's, the newest first.
pub(super) async fn leftovers(app: &App, before: Option<Uuid>, limit: u64) -> Result<Vec<Leftover>, Error> {
    let mut leftovers = Vec::new();
    for row in store::leftovers(app.db.read(), before, limit).await? {
        let user = users::find(app.db.read(), row.user_id).await.map(|user| user.username).unwrap_or_default();
        let (host, expired_at) = (row.host.clone(), row.expires_us.map(from_us));
        let reason = row.leftover.clone().unwrap_or_default();
        if let Some(upload) = store::read(row) {
            leftovers.push(Leftover { upload, user, host, expired_at, reason });
        }
    }
    Ok(leftovers)
}

async fn sweep_once(app: &App) -> Result<(), Error> {
    for row in store::expired(app.db.read(), to_us(app.clock.now()), MOST).await? {
        let (owner, known) = (row.user_id, row.leftover.is_some());
        let Some(upload) = store::read(row) else { continue };
        let writer = match Writer::begin(app, upload.id).await {
            Err(Error::Busy) => continue,
            other => other?,
        };
        writer.end(app, remove(app, owner, &upload, known).await).await?;
    }
    Ok(())
}

/// `known`: that it could not be removed was told before.
async fn remove(app: &App, owner: Uuid, upload: &Upload, known: bool) -> Result<(), Error> {
    let object = upload.id.to_string();
    let detail = json!({"name": upload.filename.to_string(), "space": upload.space.to_string()});
    match remove_file(app, owner, upload).await {
        Ok(()) => {
            let tx = app.db.begin().await?;
            store::delete(&tx, upload.id).await?;
            app.audit.record(&tx, Who::Server, Event::new("upload.expire", &object).with(detail)).await?;
            tx.commit().await?;
            app.live.upload_gone(owner, upload.id);
        }
        Err(reason) => {
            tracing::warn!(upload = %upload.id, reason, "an upload that expired cannot be removed");
            store::set_leftover(app.db.write(), upload.id, &reason).await?;
            if known {
                return Ok(());
            }
            let event = Event::new("upload.expire", &object).with(detail);
            app.audit.note(Who::Server, Outcome::Failed, event).await?;
        }
    }
    Ok(())
}

async fn remove_file(app: &App, owner: Uuid, upload: &Upload) -> Result<(), String> {
    let user = users::find(app.db.read(), owner).await.map_err(|error| error.to_string())?;
    let unix_user = user.unix_user.ok_or("Its owner has no Unix account any more.")?;
    match remove_hidden(&app.agents.of(&unix_user), upload).await {
        // The directory itself is gone, and so is what was in it.
        Err(error @ agents::Error::Answered(_)) if error.is_not_found() => Ok(()),
        other => other.map_err(|error| error.to_string()),
    }
}
