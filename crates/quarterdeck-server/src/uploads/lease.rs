//! One server at a time writes to an upload, where several share a database: a lease in its row, by the database's
//! clock. Each lease has a higher number than those before; what is recorded of an upload is recorded under the number
//! of whoever writes, so that a server that slept over the end of its lease changes nothing any more. (Her agent's lock
//! on the file keeps such a one's bytes away.)

use std::time::Duration;

use tokio::time::Instant;
use uuid::Uuid;

use super::senders::Sender;
use super::{Error, store};
use crate::app::App;

const LASTS: Duration = Duration::from_secs(5);
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// Of the looks at a lease, each so-manieth renews it.
const RENEW_EACH: u32 = 4;
/// How long another server is given to notice that its sender has fallen silent.
const WAIT: Duration = Duration::from_secs(1);

pub(super) struct Lease {
    id: Uuid,
    pub(super) fence: i64,
}

impl Lease {
    pub(super) async fn take(app: &App, id: Uuid) -> Result<Lease, Error> {
        if !app.db.is_shared() {
            return Ok(Lease { id, fence: 0 });
        }
        let deadline = Instant::now() + WAIT;
        loop {
            let now = app.db.now_us().await?;
            let tx = app.db.begin().await?;
            if let Some(fence) = store::take_lease(&tx, id, now, now + LASTS.as_micros() as i64).await? {
                tx.commit().await?;
                return Ok(Lease { id, fence });
            }
            drop(tx);
            store::want_lease(app.db.write(), id).await?;
            if Instant::now() > deadline {
                return Err(Error::Busy);
            }
            tokio::time::sleep(WAIT / 10).await;
        }
    }

    /// Of an upload that nobody knows of yet, and until when it holds: its row says both.
    pub(super) async fn of_new(app: &App, id: Uuid) -> Result<(Lease, Option<i64>), Error> {
        if !app.db.is_shared() {
            return Ok((Lease { id, fence: 0 }, None));
        }
        Ok((Lease { id, fence: 1 }, Some(app.db.now_us().await? + LASTS.as_micros() as i64)))
    }

    /// Keeps the lease; done when it is lost, or another server wants it and nothing comes of this one's sender.
    pub(super) async fn lost(&self, app: &App, sender: &Sender) {
        if !app.db.is_shared() {
            return std::future::pending().await;
        }
        let mut looks = 0;
        loop {
            tokio::time::sleep(LOOK_EVERY).await;
            looks += 1;
            if sender.is_stalled() && matches!(store::lease_is_wanted(app.db.read(), self.id).await, Ok(true)) {
                return;
            }
            if looks % RENEW_EACH == 0 && matches!(self.renew(app).await, Ok(false)) {
                return;
            }
        }
    }

    async fn renew(&self, app: &App) -> Result<bool, Error> {
        let until = app.db.now_us().await? + LASTS.as_micros() as i64;
        Ok(store::renew_lease(app.db.write(), self.id, self.fence, until).await?)
    }

    /// A lease that is not given back ends by itself, so a failure is no more than a delay.
    pub(super) async fn give_back(&self, app: &App) {
        if app.db.is_shared()
            && let Err(error) = store::end_lease(app.db.write(), self.id, self.fence).await
        {
            tracing::warn!(%error, upload = %self.id, "giving back an upload's lease");
        }
    }
}
