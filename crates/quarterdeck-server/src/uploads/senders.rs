//! One request at a time writes to an upload. A sender that has fallen silent makes way for the next one: whoever lost
//! her connection comes back long before this side hears that it is broken.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use tokio::sync::{Notify, watch};
use tokio::time::Instant;
use uuid::Uuid;

/// A sender of whom nothing came for so long may be taken over from.
const STALLED: Duration = Duration::from_millis(500);
/// How long the one who makes way may take to put what came on the disk.
const MAKES_WAY: Duration = Duration::from_secs(2);

/// Who writes on this server just now.
#[derive(Clone, Default)]
pub(super) struct Senders(Arc<Mutex<HashMap<Uuid, Arc<Sending>>>>);

struct Sending {
    /// Since when it waits for bytes.
    waiting: Mutex<Option<Instant>>,
    end: Notify,
    /// Closed when it is over.
    over: watch::Sender<()>,
}

/// The right to write to an upload, until it is dropped.
pub(super) struct Sender {
    senders: Senders,
    id: Uuid,
    sending: Arc<Sending>,
}

impl Senders {
    /// `None`: somebody writes.
    pub(super) fn begin(&self, id: Uuid) -> Option<Sender> {
        let mut senders = lock(&self.0);
        if senders.contains_key(&id) {
            return None;
        }
        let sending = Arc::new(Sending { waiting: Mutex::default(), end: Notify::new(), over: watch::Sender::new(()) });
        senders.insert(id, sending.clone());
        Some(Sender { senders: self.clone(), id, sending })
    }

    /// Whether somebody writes of whom nothing comes any more.
    pub(super) fn is_stalled(&self, id: Uuid) -> bool {
        lock(&self.0).get(&id).is_some_and(|sending| sending.is_stalled())
    }

    /// Ends the sender of whom nothing comes any more, if there is one, and waits until what had come is kept.
    pub(super) async fn end_stalled(&self, id: Uuid) {
        let stalled = lock(&self.0).get(&id).filter(|sending| sending.is_stalled()).cloned();
        let Some(sending) = stalled else { return };
        let mut over = sending.over.subscribe();
        sending.end.notify_one();
        drop(sending);
        // Ends with an error when the other side is gone, which is what is waited for.
        let _ = tokio::time::timeout(MAKES_WAY, async { while over.changed().await.is_ok() {} }).await;
    }
}

impl Sending {
    fn is_stalled(&self) -> bool {
        lock(&self.waiting).is_some_and(|since| since.elapsed() >= STALLED)
    }
}

impl Sender {
    /// Runs what waits for the sender's next bytes.
    pub(super) async fn waiting<T>(&self, next: impl Future<Output = T>) -> T {
        *lock(&self.sending.waiting) = Some(Instant::now());
        let come = next.await;
        *lock(&self.sending.waiting) = None;
        come
    }

    pub(super) fn is_stalled(&self) -> bool {
        self.sending.is_stalled()
    }

    /// Done when another one is to write.
    pub(super) async fn taken_over(&self) {
        self.sending.end.notified().await;
    }
}

impl Drop for Sender {
    fn drop(&mut self) {
        lock(&self.senders.0).remove(&self.id);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn one_writes_at_a_time_and_who_is_silent_makes_way() {
        let (senders, id) = (Senders::default(), Uuid::now_v7());
        let first = senders.begin(id).unwrap();
        assert!(senders.begin(id).is_none() && senders.begin(Uuid::now_v7()).is_some());
        assert!(!senders.is_stalled(id), "it works");
        let silent = tokio::spawn(async move {
            let waits = first.waiting(first.taken_over());
            waits.await;
            // What had come is written meanwhile.
            tokio::time::sleep(Duration::from_millis(50)).await;
        });
        tokio::time::sleep(STALLED * 2).await;
        let begun = Instant::now();
        senders.end_stalled(id).await;
        assert!(begun.elapsed() >= Duration::from_millis(50) && begun.elapsed() < Duration::from_secs(1));
        assert!(senders.begin(id).is_some());
        silent.await.unwrap();
    }
}
