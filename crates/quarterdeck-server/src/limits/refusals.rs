//! How many requests were refused in the last hour, of each class, for administrators who wonder whether a limit is
//! too low.

use std::sync::Mutex;

use super::Class;

const MINUTE_US: i64 = 60_000_000;

#[derive(Default)]
pub(super) struct Refusals(Mutex<[LastHour; Class::ALL.len()]>);

/// A slot for each minute; one of an earlier hour counts for nothing.
struct LastHour([Minute; 60]);

#[derive(Clone, Copy, Default)]
struct Minute {
    number: i64,
    refused: u64,
}

impl Default for LastHour {
    fn default() -> LastHour {
        LastHour([Minute::default(); 60])
    }
}

impl Refusals {
    pub(super) fn count(&self, class: Class, now_us: i64) {
        let number = now_us / MINUTE_US;
        let mut hours = self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        let slot = &mut hours[class as usize].0[number.rem_euclid(60) as usize];
        if slot.number != number {
            *slot = Minute { number, refused: 0 };
        }
        slot.refused += 1;
    }

    pub(super) fn last_hour(&self, class: Class, now_us: i64) -> u64 {
        let now = now_us / MINUTE_US;
        let hours = self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        hours[class as usize].0.iter().filter(|minute| now - minute.number < 60).map(|minute| minute.refused).sum()
    }
}
