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

    /// The time now, in the microseconds that the database keeps.
    pub fn now(&self) -> DateTime<Utc> {
        (self.0)().trunc_subsecs(6)
    }
}
