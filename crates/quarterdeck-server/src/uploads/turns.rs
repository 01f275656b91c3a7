//! Bounds what one user sends at once: so many requests with bytes of uploads, and, where the site says so, so many
//! bytes a second of all of them together. Each server counts for itself.

use std::collections::HashMap;
use std::ops::RangeInclusive;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use tokio::time::Instant;
use uuid::Uuid;

/// Bytes that all requests together collect for their next writes.
const COLLECTED: usize = 8 << 20;
/// What one of them collects at least and at most, so that small network reads do not become small writes.
const PIECE: RangeInclusive<usize> = (128 << 10)..=(1 << 20);

/// The users who are sending just now.
#[derive(Clone, Default)]
pub(super) struct Turns(Arc<Mutex<HashMap<Uuid, Sending>>>);

#[derive(Default)]
struct Sending {
    requests: usize,
    /// When what came until now has taken the time that it should.
    paid_at: Option<Instant>,
}

impl Turns {
    /// `None`: this user has as many already.
    pub(super) fn begin(&self, user: Uuid, most: usize) -> Option<Turn> {
        let mut senders = self.lock();
        let sending = senders.entry(user).or_default();
        if sending.requests >= most {
            return None;
        }
        sending.requests += 1;
        Some(Turn { turns: self.clone(), user })
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Uuid, Sending>> {
        self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

/// One request that sends, until it is dropped.
pub(super) struct Turn {
    turns: Turns,
    user: Uuid,
}

impl Turn {
    /// How many bytes to collect for one write. With one piece in flight to the disk this bounds the memory of all
    /// uploads, whatever the size of their chunks.
    pub(super) fn piece(&self) -> usize {
        let requests: usize = self.turns.lock().values().map(|sending| sending.requests).sum();
        (COLLECTED / requests.max(1)).clamp(*PIECE.start(), *PIECE.end())
    }

    /// Waits for as long as these bytes should take. Nobody reads from the network meanwhile, so the sender slows down.
    pub(super) async fn pace(&self, bytes: usize, bytes_per_second: u64) {
        let takes = Duration::from_secs_f64(bytes as f64 / bytes_per_second as f64);
        let paid_at = {
            let mut senders = self.turns.lock();
            let sending = senders.entry(self.user).or_default();
            let now = Instant::now();
            *sending.paid_at.insert(sending.paid_at.map_or(now, |paid_at| paid_at.max(now)) + takes)
        };
        tokio::time::sleep_until(paid_at).await;
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let mut senders = self.turns.lock();
        if let Some(sending) = senders.get_mut(&self.user) {
            sending.requests -= 1;
            if sending.requests == 0 {
                senders.remove(&self.user);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_user_has_so_many_requests_at_once() {
        let (turns, alice, bob) = (Turns::default(), Uuid::now_v7(), Uuid::now_v7());
        let first = turns.begin(alice, 2);
        let second = turns.begin(alice, 2);
        assert!(second.is_some() && turns.begin(alice, 2).is_none() && turns.begin(bob, 2).is_some());
        drop(first);
        assert!(turns.begin(alice, 2).is_some());
        assert_eq!(second.as_ref().unwrap().piece(), *PIECE.end());
        let many: Vec<_> = (0..64).map(|_| turns.begin(bob, 64).unwrap()).collect();
        assert_eq!(second.as_ref().unwrap().piece(), *PIECE.start(), "the more there are, the less has each");
        drop((second, many));
        assert!(turns.lock().is_empty(), "nobody is remembered who sends nothing");
    }

    #[tokio::test]
    async fn all_requests_of_a_user_share_her_bytes_a_second() {
        let (turns, user) = (Turns::default(), Uuid::now_v7());
        let (one, other) = (turns.begin(user, 2).unwrap(), turns.begin(user, 2).unwrap());
        let begun = Instant::now();
        let send = async |turn: &Turn| {
            for _ in 0..5 {
                turn.pace(100, 5000).await;
            }
        };
        tokio::join!(send(&one), send(&other));
        assert!(begun.elapsed() >= Duration::from_millis(200), "1000 bytes at 5000 a second: {:?}", begun.elapsed());
    }
}
