//! What was last said in a channel, for those who come back: so much of it as memory is set aside for.

use std::collections::VecDeque;

use super::Event;

/// Changes that are remembered of a channel.
const MOST_CHANGES: usize = 256;
/// Things (jobs, nodes) in all of them together.
const MOST_THINGS: usize = 4000;

#[derive(Default)]
pub(super) struct History {
    changes: VecDeque<Change>,
    things: usize,
}

struct Change {
    version: u64,
    event: Event,
    things: usize,
}

impl History {
    /// Of as many things.
    pub(super) fn keep(&mut self, version: u64, event: Event, things: usize) {
        self.changes.push_back(Change { version, event, things });
        self.things += things;
        while self.changes.len() > MOST_CHANGES || self.things > MOST_THINGS {
            self.things -= self.changes.pop_front().map_or(0, |change| change.things);
        }
    }

    /// What came after this version, where nothing of it is forgotten; `now` is the channel's.
    pub(super) fn since(&self, version: u64, now: u64) -> Option<Vec<Event>> {
        let missed: Vec<&Change> = self.changes.iter().filter(|change| change.version > version).collect();
        let whole = version <= now && missed.len() as u64 == now - version;
        whole.then(|| missed.into_iter().map(|change| change.event.clone()).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn history(versions: std::ops::RangeInclusive<u64>, things: usize) -> History {
        let mut history = History::default();
        versions.for_each(|version| history.keep(version, Event::AccessEnded(Uuid::nil()), things));
        history
    }

    fn missed(history: &History, version: u64, now: u64) -> Option<usize> {
        history.since(version, now).map(|events| events.len())
    }

    #[test]
    fn who_comes_back_hears_what_she_missed_and_nothing_else() {
        let history = history(1..=10, 1);
        assert_eq!(missed(&history, 7, 10), Some(3));
        assert_eq!(missed(&history, 10, 10), Some(0));
        assert_eq!(missed(&History::default(), 0, 0), Some(0));
        assert_eq!(missed(&history, 11, 10), None, "a version that never was");
    }

    #[test]
    fn what_is_forgotten_cannot_be_made_good() {
        let many = history(1..=300, 1);
        assert_eq!(missed(&many, 44, 300), Some(256));
        assert_eq!(missed(&many, 43, 300), None);
        let large = history(1..=10, 1000);
        assert_eq!(missed(&large, 6, 10), Some(4));
        assert_eq!(missed(&large, 5, 10), None);
        assert_eq!(missed(&history(1..=1, 5000), 0, 1), None, "larger than all that is kept");
    }
}
