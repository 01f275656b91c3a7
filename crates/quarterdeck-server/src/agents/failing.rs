//! Whose agents did not answer when they were last asked, for whoever is to look after them.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard};
use std::time::{Duration, Instant};

use super::Error;

/// Further ones are not remembered: something is wrong with all of them.
const MOST: usize = 500;

#[derive(Default)]
pub(super) struct Failing(Mutex<HashMap<String, (Instant, String)>>);

/// The last thing that went wrong with a user's agent.
pub struct Failure {
    pub user: String,
    pub reason: String,
    pub ago: Duration,
}

impl Failing {
    /// An agent that says no has answered, and so has a launcher that may not start one.
    pub fn note<T>(&self, user: &str, outcome: &Result<T, Error>) {
        let mut failing = self.lock();
        match outcome {
            Err(error @ (Error::Unreachable(_) | Error::TimedOut | Error::Protocol(_))) => {
                if failing.len() < MOST || failing.contains_key(user) {
                    failing.insert(user.to_owned(), (Instant::now(), error.to_string()));
                }
            }
            _ => drop(failing.remove(user)),
        }
    }

    /// The newest first.
    pub fn list(&self) -> Vec<Failure> {
        let now = Instant::now();
        let failing = self.lock();
        let all = failing.iter().map(|(user, (at, reason))| Failure {
            user: user.clone(),
            reason: reason.clone(),
            ago: now.saturating_duration_since(*at),
        });
        let mut all: Vec<Failure> = all.collect();
        all.sort_by_key(|failure| failure.ago);
        all
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, (Instant, String)>> {
        self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_agent_is_failing_until_it_answers_again() {
        let failing = Failing::default();
        failing.note("alice", &Err::<(), _>(Error::TimedOut));
        failing.note("bob", &Err::<(), _>(Error::Unreachable("gone".to_owned())));
        failing.note("alice", &Ok(()));
        let users: Vec<String> = failing.list().into_iter().map(|failure| failure.user).collect();
        assert_eq!(users, ["bob"]);
    }
}
