//! Tells those who watch what changed. The sockets are in `api`; here is what is published to them.

pub(crate) mod api;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};

use tokio::sync::broadcast;
use uuid::Uuid;

use crate::clusters::Freshness;
use crate::jobs::Job;

/// A watcher that falls behind by more than this many events is sent a new snapshot instead.
const BACKLOG: usize = 256;

pub struct Live {
    events: broadcast::Sender<Event>,
    /// Of each cluster's jobs: goes up by one with each change, so that a client sees when it missed one.
    versions: Mutex<HashMap<String, u64>>,
}

#[derive(Clone)]
pub(crate) enum Event {
    Jobs {
        cluster: Arc<str>,
        version: u64,
        jobs: Arc<Vec<Job>>,
    },
    Freshness {
        cluster: Arc<str>,
        freshness: Freshness,
    },
    /// A session, a key, or all that an account has, is no longer good.
    AccessEnded(Uuid),
}

impl Default for Live {
    fn default() -> Live {
        Live { events: broadcast::channel(BACKLOG).0, versions: Mutex::default() }
    }
}

impl Live {
    /// Jobs are new or have changed.
    pub fn jobs_changed(&self, cluster: &str, jobs: Vec<Job>) {
        let mut versions = self.versions();
        let version = versions.entry(cluster.to_owned()).or_default();
        *version += 1;
        // Still locked: they are sent in the order of their versions.
        self.publish(Event::Jobs { cluster: cluster.into(), version: *version, jobs: Arc::new(jobs) });
    }

    /// The reading of a cluster's queue is this old.
    pub fn freshness(&self, cluster: &str, freshness: Freshness) {
        self.publish(Event::Freshness { cluster: cluster.into(), freshness });
    }

    /// Closes the sockets of this session, key or account.
    pub fn access_ended(&self, id: Uuid) {
        self.publish(Event::AccessEnded(id));
    }

    fn publish(&self, event: Event) {
        // That nobody listens is no error.
        let _ = self.events.send(event);
    }

    pub(crate) fn subscribe(&self) -> broadcast::Receiver<Event> {
        self.events.subscribe()
    }

    /// To be taken before a snapshot is read: what is published after it has a higher version.
    fn version(&self, cluster: &str) -> u64 {
        self.versions().get(cluster).copied().unwrap_or(0)
    }

    fn versions(&self) -> MutexGuard<'_, HashMap<String, u64>> {
        self.versions.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}
