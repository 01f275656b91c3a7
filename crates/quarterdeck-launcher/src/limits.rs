//! Bounds how often agents are started: a server that was taken over shall not grow processes.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

const WINDOW: Duration = Duration::from_secs(60);

/// The starts of the last minute.
pub(crate) struct Starts {
    all: usize,
    of_one: usize,
    recent: VecDeque<(Instant, u32)>,
}

impl Starts {
    pub(crate) fn new(all: usize, of_one: usize) -> Starts {
        Starts { all, of_one, recent: VecDeque::new() }
    }

    /// Counts a start, or says that it is one too many.
    pub(crate) fn admit(&mut self, uid: u32, now: Instant) -> bool {
        while self.recent.front().is_some_and(|(at, _)| now.duration_since(*at) >= WINDOW) {
            self.recent.pop_front();
        }
        let of_this_one = self.recent.iter().filter(|(_, other)| *other == uid).count();
        let admitted = self.recent.len() < self.all && of_this_one < self.of_one;
        if admitted {
            self.recent.push_back((now, uid));
        }
        admitted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_each_user_and_all_over_a_minute() {
        let mut starts = Starts::new(3, 2);
        let begin = Instant::now();
        let at = |second| begin + Duration::from_secs(second);
        assert!(starts.admit(1, at(0)) && starts.admit(1, at(1)));
        assert!(!starts.admit(1, at(2)), "a third of one user");
        assert!(starts.admit(2, at(3)));
        assert!(!starts.admit(3, at(4)), "a fourth of all");
        assert!(starts.admit(3, at(60)), "the first is a minute old");
        assert!(!starts.admit(4, at(60)));
    }
}
