//! Locks a name, or an address, for a while when passwords are tried out. Whether the name exists is never asked, so
//! that the lock does not tell. The rules stand twice, here and in `lockout.lua` for Redis.

use std::hash::Hash;
use std::sync::{LazyLock, Mutex, MutexGuard};
use std::time::Duration;

use redis::Script;

use super::bounded::Bounded;
use super::{Address, HashedName};
use crate::redis::Redis;

/// Failures in a row, for one name and from one address, that lock. Many people may share an address.
const NAME_RUN: u32 = 10;
const ADDRESS_RUN: u32 = 30;
/// The first lock; each further run doubles it, up to the longest.
const FIRST_US: i64 = 60_000_000;
const LONGEST_US: i64 = 15 * 60_000_000;
/// After so long without an attempt that counted, and without a lock, failures are forgotten.
const QUIET_US: i64 = 15 * 60_000_000;
/// Of each kind; some 10 MB at most.
const MOST_COUNTS: usize = 100_000;

static SCRIPT: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("lockout.lua")));

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Deed {
    /// Asks whether name and address are unlocked, and counts a failure for the name at once: a thousand attempts at
    /// the same time are not a thousand guesses.
    Try,
    /// Counts a failure for the address. Not at once: forty people of one institute sign in at nine o'clock.
    Fail,
    /// Forgets the name's failures.
    Succeed,
}

/// The counts of this process.
pub(super) struct Counts(Mutex<Tables>);

struct Tables {
    names: Bounded<HashedName, Count>,
    addresses: Bounded<Address, Count>,
}

#[derive(Clone, Copy, Default)]
struct Count {
    failures: u32,
    locked_until_us: i64,
}

impl Counts {
    pub(super) fn new() -> Counts {
        Counts(Mutex::new(Tables { names: Bounded::new(MOST_COUNTS), addresses: Bounded::new(MOST_COUNTS) }))
    }

    /// How long the lock lasts that is in the way; zero: none is.
    pub(super) fn note(&self, deed: Deed, name: HashedName, address: Address, now_us: i64) -> Duration {
        let mut tables = self.tables();
        match deed {
            Deed::Try => {
                let of_name = left(&mut tables.names, name, now_us);
                let left_us = of_name.max(left(&mut tables.addresses, address, now_us));
                if left_us == 0 {
                    count(&mut tables.names, name, NAME_RUN, now_us);
                }
                return Duration::from_micros(left_us as u64);
            }
            Deed::Fail => count(&mut tables.addresses, address, ADDRESS_RUN, now_us),
            Deed::Succeed => tables.names.remove(&name),
        }
        Duration::ZERO
    }

    fn tables(&self) -> MutexGuard<'_, Tables> {
        self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

/// The same in Redis, for all replicas together, at Redis's own time. `None`: Redis is away.
pub(super) async fn note_shared(redis: &Redis, deed: Deed, name: HashedName, address: Address) -> Option<Duration> {
    let keys = [format!("qd:limit:lock:name:{name}"), format!("qd:limit:lock:address:{address}")];
    let mut script = SCRIPT.key(&keys);
    arguments(&mut script, deed);
    redis.run::<u64>(&script).await.map(Duration::from_micros)
}

fn arguments(script: &mut redis::ScriptInvocation<'_>, deed: Deed) {
    let deed = match deed {
        Deed::Try => "try",
        Deed::Fail => "fail",
        Deed::Succeed => "succeed",
    };
    script.arg(deed).arg(NAME_RUN).arg(ADDRESS_RUN).arg(FIRST_US).arg(LONGEST_US).arg(QUIET_US);
}

fn left<K: Eq + Hash>(counts: &mut Bounded<K, Count>, key: K, now_us: i64) -> i64 {
    let Some(count) = counts.get(&key, now_us) else { return 0 };
    let longest_us = now_us + LONGEST_US;
    // A clock that was set back must lock nobody out for as long as it was wrong.
    if count.locked_until_us > longest_us {
        counts.put(key, Count { locked_until_us: longest_us, ..count }, longest_us + QUIET_US, now_us);
    }
    (count.locked_until_us - now_us).clamp(0, LONGEST_US)
}

fn count<K: Eq + Hash>(counts: &mut Bounded<K, Count>, key: K, run: u32, now_us: i64) {
    let mut count = counts.get(&key, now_us).unwrap_or_default();
    count.failures += 1;
    if count.failures.is_multiple_of(run) {
        let doublings = (count.failures / run - 1).min(10);
        count.locked_until_us = now_us + (FIRST_US << doublings).min(LONGEST_US);
    }
    counts.put(key, count, count.locked_until_us.max(now_us) + QUIET_US, now_us);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::limits::testing::at_chosen_times;
    use crate::redis::testing::OwnRedis;

    const START_US: i64 = 1_764_000_000_000_000;

    fn name(text: &str) -> HashedName {
        HashedName::of(text)
    }

    fn address(last: u8) -> Address {
        Address::of([192, 0, 2, last].into())
    }

    #[tokio::test]
    async fn redis_locks_the_same() {
        let Some(server) = OwnRedis::start() else { return };
        let redis = server.client().await;
        let script = at_chosen_times(include_str!("lockout.lua"));
        let mut runner = proptest::test_runner::TestRunner::deterministic();
        let deed = prop_oneof![6 => Just(Deed::Try), 12 => Just(Deed::Fail), 1 => Just(Deed::Succeed)];
        let pause = prop_oneof![20 => 0..3_000_000i64, 2 => Just(FIRST_US), 1 => Just(LONGEST_US)];
        let steps = prop::collection::vec((deed, 0..2u8, 0..2u8, pause), 1..400);
        // The last ones with a clock that is set back at times.
        for case in 0..20 {
            use proptest::strategy::ValueTree;
            let counts = Counts::new();
            let mut now_us = START_US;
            let mut locked = 0;
            for (deed, who, from, pause) in steps.new_tree(&mut runner).unwrap().current() {
                now_us += if case >= 15 && pause >= FIRST_US { -2 * pause } else { pause };
                let ours = counts.note(deed, name(&who.to_string()), address(from), now_us);
                let mut call = script.key(format!("name-{case}-{who}"));
                arguments(call.key(format!("address-{case}-{from}")), deed);
                call.arg(now_us / 1_000_000).arg(now_us % 1_000_000);
                let theirs = redis.run::<u64>(&call).await.map(Duration::from_micros);
                assert_eq!(theirs, Some(ours));
                locked += u32::from(!ours.is_zero());
            }
            eprintln!("case {case}: {locked} attempts met a lock");
        }
    }
}
