//! Tells those who watch what changed. The sockets are in `api`; here is what is published to them.

pub(crate) mod api;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};

use tokio::sync::broadcast;
use uuid::Uuid;

use crate::clusters::Freshness;
use crate::jobs::Job;
use crate::notifications::Notification;

/// A watcher that falls behind by more than this many events is sent a new snapshot instead.
const BACKLOG: usize = 256;
/// Of one account: a person's tabs and scripts are fewer.
const MOST_SOCKETS: usize = 64;

pub struct Live {
    events: broadcast::Sender<Event>,
    /// How many sockets each account has open.
    sockets: Arc<Mutex<HashMap<Uuid, usize>>>,
    /// Of each cluster's jobs: goes up by one with each change, so that a client sees when it missed one.
    versions: Mutex<HashMap<String, u64>>,
    /// Likewise, of each user's notifications.
    notification_versions: Mutex<HashMap<Uuid, u64>>,
}

#[derive(Clone)]
pub(crate) enum Event {
    Jobs {
        cluster: Arc<str>,
        version: u64,
        jobs: Arc<Vec<Job>>,
    },
    /// Of one user's: new ones, and those that stand otherwise.
    Notifications {
        user: Uuid,
        version: u64,
        items: Arc<Vec<Notification>>,
    },
    /// She has read all of them.
    NotificationsRead(Uuid),
    Freshness {
        cluster: Arc<str>,
        freshness: Freshness,
    },
    /// A session, a key, or all that an account has, is no longer good.
    AccessEnded(Uuid),
}

impl Default for Live {
    fn default() -> Live {
        Live {
            events: broadcast::channel(BACKLOG).0,
            sockets: Arc::default(),
            versions: Mutex::default(),
            notification_versions: Mutex::default(),
        }
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

    /// A user's notifications are new or stand otherwise.
    pub fn notified(&self, user: Uuid, items: Vec<Notification>) {
        let mut versions = lock(&self.notification_versions);
        let version = versions.entry(user).or_default();
        *version += 1;
        self.publish(Event::Notifications { user, version: *version, items: Arc::new(items) });
    }

    /// A user has read all that she was told.
    pub fn notifications_read(&self, user: Uuid) {
        self.publish(Event::NotificationsRead(user));
    }

    fn notification_version(&self, user: Uuid) -> u64 {
        lock(&self.notification_versions).get(&user).copied().unwrap_or(0)
    }

    /// The reading of a cluster's queue is this old.
    pub fn freshness(&self, cluster: &str, freshness: Freshness) {
        self.publish(Event::Freshness { cluster: cluster.into(), freshness });
    }

    /// Closes the sockets of this session, key or account.
    pub fn access_ended(&self, id: Uuid) {
        self.publish(Event::AccessEnded(id));
    }

    /// A socket's place among those of its account; `None`: it has as many as it may.
    fn take_place(&self, user: Uuid) -> Option<Place> {
        let mut sockets = lock(&self.sockets);
        let open = sockets.entry(user).or_default();
        if *open >= MOST_SOCKETS {
            return None;
        }
        *open += 1;
        Some(Place { sockets: self.sockets.clone(), user })
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
        lock(&self.versions)
    }
}

/// Given back when the socket is closed.
struct Place {
    sockets: Arc<Mutex<HashMap<Uuid, usize>>>,
    user: Uuid,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut sockets = lock(&self.sockets);
        if let Some(open) = sockets.get_mut(&self.user) {
            *open -= 1;
            if *open == 0 {
                sockets.remove(&self.user);
            }
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}
