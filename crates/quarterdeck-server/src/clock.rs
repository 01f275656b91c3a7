//! The time, passed to whoever needs it, so that tests can say what time it is.

use std::sync::Arc;

use chrono::{DateTime, SubsecRound, Utc};

#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> DateTime<Utc> + Send + Sync>);

impl Clock {
    pub fn system() -> Clock {
        Clock(Arc::new(Utc::now))
    }

    pub fn fixed(time: DateTime<Utc>) -> Clock {
        Clock(Arc::new(move || time))
    }

    /// Shows whatever time the test has set.
    #[cfg(test)]
    pub(crate) fn set_by(time: &Arc<std::sync::Mutex<DateTime<Utc>>>) -> Clock {
        let time = time.clone();
        Clock(Arc::new(move || *time.lock().unwrap()))
    }

    /// The time now, in the microseconds that the database keeps.
    pub fn now(&self) -> DateTime<Utc> {
        (self.0)().trunc_subsecs(6)
    }
}
