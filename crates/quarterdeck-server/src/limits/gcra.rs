//! The generic cell rate algorithm: of each bucket one number is kept, the time at which it will be full again. The
//! arithmetic stands twice, here and in `gcra.lua` for Redis, in whole microseconds both times, so that both always
//! decide alike.

use std::sync::{LazyLock, Mutex};
use std::time::Duration;

use redis::Script;

use super::bounded::Bounded;
use super::{Bucket, Class, Rate};
use crate::redis::Redis;

/// Some 10 MB at most; a site's users and their addresses are far fewer.
const MOST_BUCKETS: usize = 100_000;

static SCRIPT: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("gcra.lua")));

/// What taking one out of a bucket came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Taken {
    pub allowed: bool,
    pub remaining: u32,
    pub full_in: Duration,
    /// Zero where it was allowed.
    pub wait: Duration,
}

/// The buckets of this process.
pub(super) struct Buckets(Mutex<Bounded<(Class, Bucket), i64>>);

impl Buckets {
    pub(super) fn new() -> Buckets {
        Buckets(Mutex::new(Bounded::new(MOST_BUCKETS)))
    }

    pub(super) fn take(&self, class: Class, bucket: Bucket, rate: Rate, now_us: i64) -> Taken {
        let key = (class, bucket);
        let mut buckets = self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        let (taken, full_us) = take(buckets.get(&key, now_us), rate, now_us);
        buckets.put(key, full_us, full_us, now_us);
        taken
    }
}

/// The same out of Redis, for all replicas together, at Redis's own time. `None`: Redis is away.
pub(super) async fn take_shared(redis: &Redis, class: Class, bucket: Bucket, rate: Rate) -> Option<Taken> {
    let mut script = SCRIPT.key(format!("qd:limit:{}:{bucket}", class.as_str()));
    script.arg(rate.interval_us()).arg(rate.burst);
    redis.run(&script).await.map(read)
}

/// The answer of `gcra.lua`.
fn read((allowed, remaining, full_in_us, wait_us): (bool, u32, u64, u64)) -> Taken {
    Taken { allowed, remaining, full_in: Duration::from_micros(full_in_us), wait: Duration::from_micros(wait_us) }
}

fn take(full_us: Option<i64>, rate: Rate, now_us: i64) -> (Taken, i64) {
    let interval = rate.interval_us();
    let whole = interval * i64::from(rate.burst);
    // Also to its end when a clock was set back, which must lock nobody out for as long as it was wrong.
    let full_us = full_us.unwrap_or(now_us).clamp(now_us, now_us + whole);
    let next_us = full_us + interval;
    if next_us > now_us + whole {
        return (read((false, 0, (full_us - now_us) as u64, (next_us - now_us - whole) as u64)), full_us);
    }
    (read((true, ((now_us + whole - next_us) / interval) as u32, (next_us - now_us) as u64, 0)), next_us)
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use governor::clock::FakeRelativeClock;
    use governor::middleware::StateInformationMiddleware;
    use governor::{Quota as Theirs, RateLimiter};
    use proptest::prelude::*;

    use super::*;
    use crate::limits::testing::at_chosen_times;
    use crate::redis::testing::OwnRedis;

    const START_US: i64 = 1_764_000_000_000_000;

    /// Slow ones: keys in Redis expire by the real time, and must not while a test only pretends that time passes.
    fn rates() -> impl Strategy<Value = Rate> {
        let period = prop::sample::select(vec![60u32, 3600]);
        (1..30u32, period, 1..50u32).prop_map(|(amount, period_seconds, burst)| Rate { amount, period_seconds, burst })
    }

    /// Pauses between requests: none, short ones, and long ones; in microseconds.
    fn pauses() -> impl Strategy<Value = Vec<i64>> {
        let pause = prop_oneof![Just(0), 0..2_000_000i64, 0..60_000_000i64];
        prop::collection::vec(pause, 1..100)
    }

    fn decisions(rate: Rate, pauses: &[i64]) -> Vec<Taken> {
        let buckets = Buckets::new();
        let bucket = Bucket::user(uuid::Uuid::nil());
        let mut now_us = START_US;
        let decide = |pause: &i64| {
            now_us += pause;
            buckets.take(Class::Submit, bucket, rate, now_us)
        };
        pauses.iter().map(decide).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

        /// `governor` is the implementation that others rely on. It counts in nanoseconds and we in microseconds, so
        /// only rates are compared that both can write.
        #[test]
        fn decides_as_governor_does(rate in rates(), pauses in pauses()) {
            prop_assume!(i64::from(rate.period_seconds) * 1_000_000 % i64::from(rate.amount) == 0);
            let clock = FakeRelativeClock::default();
            let theirs = Theirs::with_period(Duration::from_micros(rate.interval_us() as u64)).unwrap();
            let theirs = RateLimiter::direct_with_clock(theirs.allow_burst(NonZeroU32::new(rate.burst).unwrap()), clock.clone())
                .with_middleware::<StateInformationMiddleware>();
            for (pause, ours) in pauses.iter().zip(decisions(rate, &pauses)) {
                clock.advance(Duration::from_micros(*pause as u64));
                match theirs.check() {
                    Ok(state) => prop_assert_eq!((ours.allowed, ours.remaining), (true, state.remaining_burst_capacity())),
                    Err(not_until) => {
                        use governor::clock::Clock;
                        prop_assert_eq!((ours.allowed, ours.wait), (false, not_until.wait_time_from(clock.now())));
                    }
                }
            }
        }
    }

    #[test]
    fn never_lets_more_through_than_burst_and_rate_in_any_stretch() {
        let rate = Rate { amount: 60, period_seconds: 60, burst: 100 };
        let allowed = |taken: &Taken| taken.allowed;
        assert_eq!(decisions(rate, &[0; 500]).iter().filter(|taken| allowed(taken)).count(), 100);
        let steady = decisions(rate, &[100_000; 6000]);
        assert_eq!(steady.iter().filter(|taken| allowed(taken)).count(), 100 + 600 - 1);
    }

    #[test]
    fn a_clock_that_is_set_back_keeps_nobody_out_for_longer_than_an_empty_bucket() {
        let rate = Rate { amount: 60, period_seconds: 60, burst: 1 };
        let taken = decisions(rate, &[0, -3_600_000_000, 999_999, 1]);
        assert_eq!(taken.iter().map(|taken| taken.allowed).collect::<Vec<_>>(), [true, false, false, true]);
    }

    #[tokio::test]
    async fn redis_decides_the_same() {
        let Some(server) = OwnRedis::start() else { return };
        let redis = server.client().await;
        let mut runner = proptest::test_runner::TestRunner::deterministic();
        for case in 0..60 {
            use proptest::strategy::ValueTree;
            let (rate, pauses) = (rates(), pauses()).new_tree(&mut runner).unwrap().current();
            let script = at_chosen_times(include_str!("gcra.lua"));
            let mut now_us = START_US;
            for (pause, ours) in pauses.iter().zip(decisions(rate, &pauses)) {
                now_us += pause;
                let mut call = script.key(format!("bucket-{case}"));
                call.arg(rate.interval_us()).arg(rate.burst).arg(now_us / 1_000_000).arg(now_us % 1_000_000);
                let theirs: Taken = redis.run(&call).await.map(read).expect("Redis answers");
                assert_eq!(theirs, ours, "{rate:?} {pauses:?}");
            }
        }
    }
}
