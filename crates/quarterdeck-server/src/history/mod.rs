//! Keeps how clusters were, for a year: how much of them was in use, and when which nodes were out of service and why.
//!
//! Of several servers on one database one keeps it for a cluster: whoever holds its row of `cluster_recorders`, for as
//! long as it renews it.

pub(crate) mod api;
mod periods;
mod samples;
mod store;
#[cfg(test)]
mod tests;

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::DbErr;
use thiserror::Error;
use tokio::sync::broadcast::error::RecvError;
use uuid::Uuid;

use crate::app::App;
use crate::clusters::{Cluster, Scheduler};
use crate::db::Db;
use crate::live::Event;
pub use periods::note_resume;
pub use samples::Resolution;

const TICK: Duration = Duration::from_secs(10);
/// Who has not been heard for so long has ended.
const HOLD: TimeDelta = TimeDelta::seconds(45);
const ACCOUNTING_EVERY: TimeDelta = TimeDelta::hours(1);

#[derive(Debug, Error)]
pub enum Error {
    #[error("Ask for an end after the beginning.")]
    NoTime,
    #[error(transparent)]
    Db(#[from] DbErr),
}

/// Runs as long as the server does.
pub async fn watch(app: App, cluster: Cluster) {
    let mut events = app.live.subscribe();
    let mut tick = tokio::time::interval(TICK);
    let mut recorder = Recorder::new(cluster.clone());
    loop {
        tokio::select! {
            _ = tick.tick() => {}
            event = events.recv() => match event {
                Ok(Event::Nodes { cluster: name, .. }) if *name == *cluster.name => {}
                Ok(_) => continue,
                Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => return,
            }
        }
        if let Err(error) = recorder.look(&app.db, app.clock.now()).await {
            tracing::warn!(cluster = %cluster.name, %error, "the cluster's history could not be kept");
        }
    }
}

/// What one server remembers between two looks at a cluster.
struct Recorder {
    id: Uuid,
    cluster: Cluster,
    /// The minute that was sampled last, and the hour that was put together last.
    minute: Option<DateTime<Utc>>,
    hour: Option<DateTime<Utc>>,
    accounting_due: Option<DateTime<Utc>>,
    open: Option<Vec<store::Period>>,
}

impl Recorder {
    fn new(cluster: Cluster) -> Recorder {
        Recorder { id: Uuid::now_v7(), cluster, minute: None, hour: None, accounting_due: None, open: None }
    }

    async fn look(&mut self, db: &Db, now: DateTime<Utc>) -> Result<(), DbErr> {
        if !store::hold(db, &self.cluster.name, self.id, now, now + HOLD).await? {
            // What another one writes meanwhile is read anew.
            self.open = None;
            return Ok(());
        }
        self.note_periods(db, now).await?;
        let minute = samples::Step::MINUTE.start_of(now);
        if self.minute != Some(minute) && samples::take(db, &self.cluster, now).await? {
            self.minute = Some(minute);
        }
        // A moment later, so that a last sample by another server's clock is there.
        let hour = samples::Step::HOUR.start_of(now - TimeDelta::minutes(2));
        if self.hour != Some(hour) {
            samples::put_together(db, &self.cluster.name, now).await?;
            store::prune_samples(db, &self.cluster.name, now).await?;
            store::prune_periods(db, &self.cluster.name, now).await?;
            self.hour = Some(hour);
        }
        if self.accounting_due.is_none_or(|due| now >= due) {
            self.accounting_due = Some(now + ACCOUNTING_EVERY);
            self.ask_accounting(db, now).await?;
        }
        Ok(())
    }

    async fn note_periods(&mut self, db: &Db, now: DateTime<Utc>) -> Result<(), DbErr> {
        let view = self.cluster.view();
        // Nothing is known of the nodes while they cannot be read, nor before.
        if view.nodes.is_stale() || view.node_list.is_empty() {
            return Ok(());
        }
        let open = match self.open.take() {
            Some(open) => open,
            None => store::open_periods(db, &self.cluster.name).await?,
        };
        let change = periods::compare(&self.cluster.name, open, &view.node_list, &view.reason_authors, now);
        store::write(db, &change).await?;
        self.open = Some(change.open);
        Ok(())
    }

    /// What happened before this server watched, or between two of its looks.
    async fn ask_accounting(&self, db: &Db, now: DateTime<Utc>) -> Result<(), DbErr> {
        let Scheduler::Slurm(commands) = &self.cluster.scheduler else { return Ok(()) };
        let since = store::newest_of_accounting(db, &self.cluster.name).await?;
        let since = since.unwrap_or(now - store::KEPT).max(now - store::KEPT);
        match commands.node_events(since - TimeDelta::hours(2)).await {
            Ok(events) => periods::take_in(db, &self.cluster.name, events, now).await,
            // A site may have no accounting.
            Err(reason) => {
                tracing::debug!(cluster = %self.cluster.name, %reason, "accounting tells nothing of the nodes");
                Ok(())
            }
        }
    }
}
