//! The channel of the watcher's own notifications.

use axum::extract::ws::WebSocket;
use serde_json::json;
use uuid::Uuid;

use super::{Closed, NONE, TOO_SLOW, Watcher, closed, delta_of, send};
use crate::live::Topic;
use crate::notifications::api::Notification;
use crate::notifications::{self, Filter};

pub(super) const CHANNEL: &str = "notifications";
/// Notifications in a snapshot; older ones are in the list.
const SNAPSHOT: u64 = 50;

/// What she was last told.
pub(super) struct Watched {
    version: u64,
    unread: u64,
}

impl Watcher<'_> {
    /// The newest, and how many she has not read.
    pub(super) async fn notifications_snapshot(&mut self, socket: &mut WebSocket) -> Result<(), Closed> {
        // Before the rows are read, so that no later change is taken for an older one.
        let version = self.app.live.version(Topic::Notifications, &self.actor.user_id.to_string());
        let page = notifications::list(self.app, &self.actor, &Filter::default(), None, SNAPSHOT, false).await;
        let page = page.map_err(|error| {
            tracing::error!(%error, "a snapshot of notifications");
            closed(TOO_SLOW, "the notifications cannot be read now")
        })?;
        let unread = self.unread().await?;
        self.notifications = Some(Watched { version, unread });
        let items: Vec<Notification> = page.items.into_iter().map(Notification::from).collect();
        let mut snapshot = self.snapshot_of(CHANNEL, version, &items);
        snapshot["unread"] = json!(unread);
        send(socket, snapshot).await
    }

    pub(super) async fn notifications_delta(
        &mut self,
        socket: &mut WebSocket,
        user: Uuid,
        version: u64,
        items: &[notifications::Notification],
    ) -> Result<(), Closed> {
        let is_new = self.notifications.as_ref().is_some_and(|watched| version > watched.version);
        if user != self.actor.user_id || !is_new {
            return Ok(());
        }
        let unread = self.unread().await?;
        self.notifications = Some(Watched { version, unread });
        let upsert: Vec<Notification> = items.iter().cloned().map(Notification::from).collect();
        let mut delta = delta_of(CHANNEL, version, &upsert, &NONE);
        delta["unread"] = json!(unread);
        send(socket, delta).await
    }

    /// Tells what another server of the site wrote.
    pub(super) async fn catch_up_with_notifications(&mut self, socket: &mut WebSocket) -> Result<(), Closed> {
        let Some(told) = self.notifications.as_ref().map(|watched| watched.unread) else { return Ok(()) };
        if self.unread().await? == told { Ok(()) } else { self.notifications_snapshot(socket).await }
    }

    async fn unread(&self) -> Result<u64, Closed> {
        notifications::unread(self.app, self.actor.user_id).await.map_err(|error| {
            tracing::error!(%error, "counting notifications");
            closed(TOO_SLOW, "the notifications cannot be read now")
        })
    }
}
