//! A map for what strangers make us remember: it forgets what is over, and never grows beyond its bound.

use std::collections::HashMap;
use std::hash::Hash;

/// What is over is dropped this often.
const SWEEP_US: i64 = 60_000_000;

/// Each entry is worth keeping until its time. When the map is full, those go first that would be over soonest.
pub(super) struct Bounded<K, V> {
    entries: HashMap<K, Entry<V>>,
    most: usize,
    swept_us: i64,
}

struct Entry<V> {
    value: V,
    until_us: i64,
}

impl<K: Eq + Hash, V: Copy> Bounded<K, V> {
    pub(super) fn new(most: usize) -> Bounded<K, V> {
        Bounded { entries: HashMap::new(), most, swept_us: 0 }
    }

    pub(super) fn get(&self, key: &K, now_us: i64) -> Option<V> {
        self.entries.get(key).filter(|entry| entry.until_us > now_us).map(|entry| entry.value)
    }

    pub(super) fn put(&mut self, key: K, value: V, until_us: i64, now_us: i64) {
        // In both directions, since clocks are set back too.
        if (now_us - self.swept_us).abs() >= SWEEP_US {
            self.sweep(now_us);
        }
        if self.entries.len() >= self.most && !self.entries.contains_key(&key) {
            self.make_room(now_us);
        }
        self.entries.insert(key, Entry { value, until_us });
    }

    pub(super) fn remove(&mut self, key: &K) {
        self.entries.remove(key);
    }

    fn sweep(&mut self, now_us: i64) {
        self.swept_us = now_us;
        self.entries.retain(|_, entry| entry.until_us > now_us);
        // A crowd leaves a big table behind.
        if self.entries.capacity() / 4 > self.entries.len() {
            self.entries.shrink_to_fit();
        }
    }

    /// A tenth at once, so that a full map is not searched for each new entry.
    fn make_room(&mut self, now_us: i64) {
        self.sweep(now_us);
        if self.entries.len() < self.most {
            return;
        }
        let mut times: Vec<i64> = self.entries.values().map(|entry| entry.until_us).collect();
        let (_, soon, _) = times.select_nth_unstable(self.most / 10);
        let soon = *soon;
        self.entries.retain(|_, entry| entry.until_us > soon);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forgets_what_is_over() {
        let mut map = Bounded::new(100);
        map.put("a", 1, 50, 0);
        assert_eq!((map.get(&"a", 49), map.get(&"a", 50)), (Some(1), None));
        map.put("b", 2, 2 * SWEEP_US, SWEEP_US);
        assert_eq!(map.entries.len(), 1);
    }

    #[test]
    fn when_it_is_full_those_go_that_would_be_over_soonest() {
        let mut map = Bounded::new(100);
        for number in 0..1000 {
            map.put(number, number, 1000 + number, 0);
            assert!(map.entries.len() <= 100);
        }
        assert!((911..1000).all(|number| map.get(&number, 0) == Some(number)), "the last ones are there");
    }
}
