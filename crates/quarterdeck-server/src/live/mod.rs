//! Tells those who watch what changed. The sockets are in `api`; here is what is published to them.

pub(crate) mod api;
mod history;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};

use quarterdeck_slurm::Node;
use tokio::sync::broadcast;
use uuid::Uuid;

use crate::clusters::Freshness;
use crate::images::Scan;
use crate::jobs::Job;
use crate::notifications::Notification;
use crate::uploads::Upload;
use history::History;

/// A watcher that falls behind by more than this many events is sent a new snapshot instead.
const BACKLOG: usize = 256;
/// Of one account: a person's tabs and scripts are fewer.
const MOST_SOCKETS: usize = 64;
/// Outputs that one account follows, in all its sockets: each is looked at twice a second.
const MOST_FOLLOWED: usize = 32;

pub struct Live {
    events: broadcast::Sender<Event>,
    sockets: Places,
    followed: Places,
    /// Of each channel: goes up by one with each change, so that a client sees when it missed one.
    versions: Mutex<HashMap<(Topic, String), u64>>,
    /// Of those channels that can be gone on with.
    histories: Mutex<HashMap<(Topic, String), History>>,
    /// Versions count for this process alone.
    epoch: String,
}

/// What a channel is about: something of a cluster, or of a user.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Topic {
    Jobs,
    Nodes,
    Reservations,
    Notifications,
    Uploads,
    Scans,
    Templates,
}

/// Templates that are new, have changed or are gone; none of both: other files than before cannot be used.
#[derive(Debug, Default)]
pub(crate) struct TemplateChange {
    /// The Unix user whose alone they are.
    pub(crate) owner: Option<String>,
    /// `id@version`.
    pub(crate) upsert: Vec<String>,
    /// Ids.
    pub(crate) remove: Vec<String>,
}

impl TemplateChange {
    pub(crate) fn is_empty(&self) -> bool {
        self.upsert.is_empty() && self.remove.is_empty()
    }
}

#[derive(Clone)]
pub(crate) enum Event {
    Jobs {
        cluster: Arc<str>,
        version: u64,
        jobs: Arc<Vec<Job>>,
    },
    Nodes {
        cluster: Arc<str>,
        version: u64,
        upsert: Arc<Vec<Node>>,
        remove: Arc<Vec<String>>,
    },
    /// There are few: who watches is sent all of them anew.
    Reservations {
        cluster: Arc<str>,
    },
    /// Of one user's: new ones, and those that stand otherwise.
    Notifications {
        user: Uuid,
        version: u64,
        items: Arc<Vec<Notification>>,
    },
    /// She has read all of them.
    NotificationsRead(Uuid),
    Upload {
        owner: Uuid,
        version: u64,
        id: Uuid,
        /// `None`: it is gone.
        upload: Option<Arc<Upload>>,
    },
    Scan {
        version: u64,
        scan: Arc<Scan>,
    },
    Templates {
        version: u64,
        change: Arc<TemplateChange>,
    },
    Freshness {
        cluster: Arc<str>,
        of: Topic,
        freshness: Freshness,
    },
    /// A session, a key, or all that an account has, is no longer good.
    AccessEnded(Uuid),
}

impl Default for Live {
    fn default() -> Live {
        Live {
            events: broadcast::channel(BACKLOG).0,
            sockets: Places::new(MOST_SOCKETS),
            followed: Places::new(MOST_FOLLOWED),
            versions: Mutex::default(),
            histories: Mutex::default(),
            epoch: Uuid::new_v4().simple().to_string(),
        }
    }
}

impl Live {
    /// Jobs are new or have changed.
    pub fn jobs_changed(&self, cluster: &str, mut jobs: Vec<Job>) {
        // Nobody is told of these, and they may be large.
        jobs.iter_mut().for_each(|job| job.script = None);
        let mut versions = self.versions();
        let version = versions.entry((Topic::Jobs, cluster.to_owned())).or_default();
        *version += 1;
        // Still locked: they are sent in the order of their versions.
        let (version, things) = (*version, jobs.len());
        let event = Event::Jobs { cluster: cluster.into(), version, jobs: Arc::new(jobs) };
        self.keep(Topic::Jobs, cluster, version, &event, things);
        self.publish(event);
    }

    /// A user's notifications are new or stand otherwise.
    pub(crate) fn notified(&self, user: Uuid, items: Vec<Notification>) {
        let mut versions = self.versions();
        let version = versions.entry((Topic::Notifications, user.to_string())).or_default();
        *version += 1;
        self.publish(Event::Notifications { user, version: *version, items: Arc::new(items) });
    }

    /// A user has read all that she was told.
    pub(crate) fn notifications_read(&self, user: Uuid) {
        self.publish(Event::NotificationsRead(user));
    }

    /// Nodes are new, have changed, or are gone.
    pub(crate) fn nodes_changed(&self, cluster: &str, upsert: Vec<Node>, remove: Vec<String>) {
        let mut versions = self.versions();
        let version = versions.entry((Topic::Nodes, cluster.to_owned())).or_default();
        *version += 1;
        let (upsert, remove) = (Arc::new(upsert), Arc::new(remove));
        let (version, things) = (*version, upsert.len() + remove.len());
        let event = Event::Nodes { cluster: cluster.into(), version, upsert, remove };
        self.keep(Topic::Nodes, cluster, version, &event, things);
        self.publish(event);
    }

    /// An upload of this account's is new or has changed.
    pub(crate) fn upload_changed(&self, owner: Uuid, upload: &Upload) {
        self.tell_of_upload(owner, upload.id, Some(Arc::new(upload.clone())));
    }

    /// It is gone.
    pub(crate) fn upload_gone(&self, owner: Uuid, id: Uuid) {
        self.tell_of_upload(owner, id, None);
    }

    fn tell_of_upload(&self, owner: Uuid, id: Uuid, upload: Option<Arc<Upload>>) {
        let mut versions = self.versions();
        let version = versions.entry((Topic::Uploads, owner.to_string())).or_default();
        *version += 1;
        self.publish(Event::Upload { owner, version: *version, id, upload });
    }

    /// A scan for images began, went on or ended.
    pub(crate) fn scan_changed(&self, scan: Scan) {
        let mut versions = self.versions();
        let version = versions.entry((Topic::Scans, String::new())).or_default();
        *version += 1;
        self.publish(Event::Scan { version: *version, scan: Arc::new(scan) });
    }

    /// The library has changed.
    pub(crate) fn templates_changed(&self, change: TemplateChange) {
        let mut versions = self.versions();
        let version = versions.entry((Topic::Templates, String::new())).or_default();
        *version += 1;
        self.publish(Event::Templates { version: *version, change: Arc::new(change) });
    }

    /// Reservations are new, have changed, or are gone.
    pub(crate) fn reservations_changed(&self, cluster: &str) {
        *self.versions().entry((Topic::Reservations, cluster.to_owned())).or_default() += 1;
        self.publish(Event::Reservations { cluster: cluster.into() });
    }

    /// The reading of a cluster's queue or nodes is this old.
    pub(crate) fn freshness(&self, cluster: &str, of: Topic, freshness: Freshness) {
        self.publish(Event::Freshness { cluster: cluster.into(), of, freshness });
    }

    /// Closes the sockets of this session, key or account.
    pub fn access_ended(&self, id: Uuid) {
        self.publish(Event::AccessEnded(id));
    }

    /// Under the lock of the versions, so that no change is missing between two others.
    fn keep(&self, of: Topic, name: &str, version: u64, event: &Event, things: usize) {
        let mut histories = lock(&self.histories);
        histories.entry((of, name.to_owned())).or_default().keep(version, event.clone(), things);
    }

    /// The channel's version now, and what was said in it after another one; `None` where that is not known any more.
    fn since(&self, of: Topic, name: &str, version: u64) -> Option<(u64, Vec<Event>)> {
        let versions = self.versions();
        let now = versions.get(&(of, name.to_owned())).copied().unwrap_or(0);
        let histories = lock(&self.histories);
        let missed = match histories.get(&(of, name.to_owned())) {
            Some(history) => history.since(version, now),
            None => History::default().since(version, now),
        };
        Some((now, missed?))
    }

    fn epoch(&self) -> &str {
        &self.epoch
    }

    fn publish(&self, event: Event) {
        // That nobody listens is no error.
        let _ = self.events.send(event);
    }

    pub(crate) fn subscribe(&self) -> broadcast::Receiver<Event> {
        self.events.subscribe()
    }

    /// To be taken before a snapshot is read: what is published after it has a higher version.
    fn version(&self, of: Topic, whose: &str) -> u64 {
        self.versions().get(&(of, whose.to_owned())).copied().unwrap_or(0)
    }

    fn versions(&self) -> MutexGuard<'_, HashMap<(Topic, String), u64>> {
        lock(&self.versions)
    }
}

/// What each account may have so many of at the same time.
struct Places {
    most: usize,
    taken: Arc<Mutex<HashMap<Uuid, usize>>>,
}

impl Places {
    fn new(most: usize) -> Places {
        Places { most, taken: Arc::default() }
    }

    /// `None`: the account has as many as it may.
    fn take(&self, user: Uuid) -> Option<Place> {
        let mut places = lock(&self.taken);
        let taken = places.entry(user).or_default();
        if *taken >= self.most {
            return None;
        }
        *taken += 1;
        Some(Place { taken: self.taken.clone(), user })
    }
}

/// Given back when it is dropped.
struct Place {
    taken: Arc<Mutex<HashMap<Uuid, usize>>>,
    user: Uuid,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut places = lock(&self.taken);
        if let Some(taken) = places.get_mut(&self.user) {
            *taken -= 1;
            if *taken == 0 {
                places.remove(&self.user);
            }
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}
