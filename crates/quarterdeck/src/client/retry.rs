//! How long what may pass is tried again.

use std::time::Duration;

use tokio::time::Instant;

use super::Failure;

/// Without any progress.
const GIVE_UP: Duration = Duration::from_secs(300);
const FIRST_WAIT: Duration = Duration::from_millis(500);
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// Of one transfer: renewed by each progress.
pub(crate) struct Patience {
    until: Instant,
    wait: Duration,
}

impl Patience {
    pub(crate) fn new() -> Patience {
        Patience { until: Instant::now() + GIVE_UP, wait: FIRST_WAIT }
    }

    pub(crate) fn renew(&mut self) {
        *self = Patience::new();
    }

    /// Waits where it may pass and patience is left; else the failure comes back.
    pub(crate) async fn after(&mut self, failure: Failure) -> Result<(), Failure> {
        let Failure::Passing { after, .. } = &failure else { return Err(failure) };
        let wait = after.unwrap_or(self.wait).min(2 * LONGEST_WAIT);
        if Instant::now() + wait > self.until {
            return Err(failure);
        }
        tokio::time::sleep(wait).await;
        self.wait = (self.wait * 2).min(LONGEST_WAIT);
        Ok(())
    }
}
