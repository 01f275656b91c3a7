//! What is counted together and what is not, when a lock begins and ends, in one process and over several with a
//! Redis.

use std::sync::{Arc, Mutex};

use chrono::{DateTime, TimeDelta, Utc};

use super::*;
use crate::redis::testing::OwnRedis;

const HOME: &str = "192.0.2.1";

/// One server's limits, at a time that the test moves.
struct Server {
    limits: Limits,
    time: Arc<Mutex<DateTime<Utc>>>,
}

impl Server {
    fn alone() -> Server {
        Server::with(None)
    }

    fn with(redis: Option<Redis>) -> Server {
        let time = Arc::new(Mutex::new("2026-11-24T12:00:00Z".parse().unwrap()));
        let config = Config::load(None).unwrap();
        Server { limits: Limits::new(&config, Clock::set_by(&time), redis), time }
    }

    fn wait(&self, seconds: i64) {
        *self.time.lock().unwrap() += TimeDelta::seconds(seconds);
    }

    async fn lets(&self, class: Class, bucket: Bucket) -> bool {
        self.limits.check(class, bucket).await.admitted().is_ok()
    }

    /// How many of a hundred thousand it lets through at once.
    async fn lets_through(&self, class: Class, bucket: Bucket) -> u32 {
        let mut through = 0;
        while through < 100_000 && self.lets(class, bucket).await {
            through += 1;
        }
        through
    }

    /// Tries a wrong password; the seconds of the lock that is in the way.
    async fn fail(&self, from: &str, name: &str) -> Result<(), u64> {
        let attempt = self.limits.may_try(ip(from), name).await.map_err(|refused| refused.seconds())?;
        attempt.failed().await;
        Ok(())
    }

    async fn succeed(&self, from: &str, name: &str) -> Result<(), u64> {
        let attempt = self.limits.may_try(ip(from), name).await.map_err(|refused| refused.seconds())?;
        attempt.succeeded().await;
        Ok(())
    }
}

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

#[tokio::test]
async fn each_class_lets_through_what_the_product_says() {
    let server = Server::alone();
    let alice = Bucket::user(Uuid::now_v7());
    let expected = [
        (Class::SignIn, 5),
        (Class::Submit, 100),
        (Class::NewUpload, 20000),
        (Class::NodeAction, 60),
        (Class::Reboot, 5),
        (Class::Scan, 6),
        (Class::Write, 300),
        (Class::Read, 1200),
    ];
    for (class, at_once) in expected {
        assert_eq!(server.lets_through(class, alice).await, at_once, "{class:?}");
    }
    server.wait(60);
    for (class, a_minute_later) in
        [(Class::Submit, 60), (Class::Read, 1200), (Class::NodeAction, 1), (Class::Reboot, 0)]
    {
        assert_eq!(server.lets_through(class, alice).await, a_minute_later, "{class:?}");
    }
}

#[tokio::test]
async fn users_keys_addresses_and_names_are_counted_apart() {
    let server = Server::alone();
    let id = Uuid::now_v7();
    let buckets = [
        Bucket::user(id),
        Bucket::user(Uuid::now_v7()),
        Bucket::key(id),
        Bucket::key(Uuid::now_v7()),
        Bucket::address(ip(HOME)),
        Bucket::address(ip("192.0.2.2")),
        Bucket::address(ip("2001:db8:0:1::1")),
        Bucket::address(ip("2001:db8:0:2::1")),
        Bucket::sign_in(ip(HOME), "alice"),
        Bucket::sign_in(ip(HOME), "bob"),
        Bucket::sign_in(ip("192.0.2.2"), "alice"),
    ];
    for bucket in buckets {
        assert_eq!(server.lets_through(Class::Scan, bucket).await, 6, "{bucket:?}");
    }
}

#[tokio::test]
async fn one_household_and_one_spelling_are_counted_together() {
    let server = Server::alone();
    let same = [
        (Bucket::address(ip("2001:db8:0:1::1")), Bucket::address(ip("2001:db8:0:1:ffff:ffff:ffff:ffff"))),
        (Bucket::address(ip(HOME)), Bucket::address(ip("::ffff:192.0.2.1"))),
        (Bucket::sign_in(ip(HOME), "alice"), Bucket::sign_in(ip(HOME), " ALICE ")),
        (Bucket::sign_in(ip(HOME), &"a".repeat(200)), Bucket::sign_in(ip(HOME), &"a".repeat(1_000_000))),
    ];
    for (one, other) in same {
        assert_eq!(server.lets_through(Class::Scan, one).await, 6);
        assert_eq!(server.lets_through(Class::Scan, other).await, 0, "{other:?}");
    }
}

#[tokio::test]
async fn who_is_refused_is_told_when_to_come_back_and_is_let_in_then() {
    let server = Server::alone();
    let alice = Bucket::user(Uuid::now_v7());
    let full = Standing { limit: 6, remaining: 5, reset: Duration::from_secs(600) };
    assert_eq!(server.limits.check(Class::Scan, alice).await, Verdict::Allowed(full));
    assert_eq!(server.lets_through(Class::Scan, alice).await, 5);
    server.wait(1);
    let Verdict::Refused(standing, retry_after) = server.limits.check(Class::Scan, alice).await else { panic!() };
    assert_eq!((standing.remaining, standing.reset), (0, Duration::from_secs(3599)));
    assert_eq!(retry_after.seconds(), 599);
    server.wait(598);
    assert!(!server.lets(Class::Scan, alice).await);
    server.wait(1);
    assert!(server.lets(Class::Scan, alice).await);
    assert_eq!(server.limits.overview()[Class::Scan as usize].refused_last_hour, 3);
    server.wait(3600);
    assert_eq!(server.limits.overview()[Class::Scan as usize].refused_last_hour, 0);
}

#[tokio::test]
async fn ten_failures_lock_a_name_from_everywhere_and_for_longer_each_time() {
    let server = Server::alone();
    // From ever new addresses, and whether there is such a user is not asked.
    let from = |number: u32| format!("198.51.{}.{}", number / 250, number % 250);
    let mut number = 0;
    for lock in [60, 120, 240, 480, 900, 900] {
        for _ in 0..10 {
            number += 1;
            assert_eq!(server.fail(&from(number), "alice").await, Ok(()));
        }
        assert_eq!(server.fail(&from(number + 1), "Alice").await, Err(lock));
        assert_eq!(server.succeed(HOME, "bob").await, Ok(()), "others are not concerned");
        server.wait(lock as i64 - 1);
        assert_eq!(server.succeed(HOME, "alice").await, Err(1), "the right password does not open a lock");
        server.wait(1);
    }
    assert_eq!(server.succeed(HOME, "alice").await, Ok(()));
    for _ in 0..9 {
        assert_eq!(server.fail(HOME, "alice").await, Ok(()), "after a success the count begins anew");
    }
    assert_eq!(server.succeed(HOME, "alice").await, Ok(()));
}

#[tokio::test]
async fn a_thousand_attempts_at_once_are_ten_guesses() {
    let server = Server::alone();
    let mut attempts = Vec::new();
    for number in 0..1000u32 {
        let address = IpAddr::from(number.to_be_bytes());
        attempts.extend(server.limits.may_try(address, "alice").await);
    }
    assert_eq!(attempts.len(), 10);
}

#[tokio::test]
async fn thirty_failures_lock_an_address_whatever_the_names() {
    let server = Server::alone();
    for number in 0..30 {
        assert_eq!(server.fail(HOME, &format!("name-{number}")).await, Ok(()));
        assert_eq!(server.succeed(HOME, "my-own").await, if number < 29 { Ok(()) } else { Err(60) });
    }
    assert_eq!(server.succeed("192.0.2.2", "my-own").await, Ok(()));
    server.wait(60);
    assert_eq!(server.succeed(HOME, "my-own").await, Ok(()));
}

#[tokio::test]
async fn a_room_full_of_people_signs_in_at_once() {
    let server = Server::alone();
    let mut attempts = Vec::new();
    for number in 0..100 {
        attempts.push(server.limits.may_try(ip(HOME), &format!("person-{number}")).await.unwrap());
    }
    for attempt in attempts {
        attempt.succeeded().await;
    }
}

#[tokio::test]
async fn failures_are_forgotten_after_a_quiet_quarter_of_an_hour() {
    let server = Server::alone();
    for quiet in [899, 900] {
        for _ in 0..5 {
            assert_eq!(server.fail(HOME, "alice").await, Ok(()));
        }
        server.wait(quiet);
    }
    // Ten, with 899 s between: locked. Then 900 s, of which 840 s were quiet.
    for _ in 0..9 {
        assert_eq!(server.fail(HOME, "alice").await, Ok(()));
    }
    server.wait(900);
    for _ in 0..9 {
        assert_eq!(server.fail(HOME, "alice").await, Ok(()));
    }
}

#[tokio::test]
async fn where_sign_in_is_off_nothing_is_locked() {
    let mut server = Server::alone();
    server.limits.quotas.sign_in = Quota::Off;
    for _ in 0..100 {
        assert_eq!(server.fail(HOME, "alice").await, Ok(()));
    }
    assert_eq!(server.limits.check(Class::SignIn, Bucket::sign_in(ip(HOME), "alice")).await, Verdict::Uncounted);
}

#[tokio::test]
async fn several_servers_count_and_lock_together_in_redis() {
    let Some(redis) = OwnRedis::start() else { return };
    let servers = [Server::with(Some(redis.client().await)), Server::with(Some(redis.client().await))];
    let alice = Bucket::user(Uuid::now_v7());
    let mut through = 0;
    for turn in 0..300 {
        through += u32::from(servers[turn % 2].lets(Class::Submit, alice).await);
    }
    assert!((100..110).contains(&through), "100, and one for each second that passed: {through}");
    for turn in 0..10 {
        assert_eq!(servers[turn % 2].fail(&format!("192.0.2.{turn}"), "alice").await, Ok(()));
    }
    for server in &servers {
        assert!(matches!(server.fail(HOME, "alice").await, Err(59..=60)));
    }
}

#[tokio::test]
async fn without_redis_each_server_counts_for_itself_until_it_returns() {
    let Some(mut redis) = OwnRedis::start() else { return };
    let server = Server::with(Some(redis.client().await));
    let alice = Bucket::user(Uuid::now_v7());
    assert_eq!(server.lets_through(Class::Scan, alice).await, 6);
    redis.kill();
    assert_eq!(server.lets_through(Class::Scan, alice).await, 6);
    assert_eq!(server.limits.shared(), Some(false));
    for _ in 0..10 {
        assert_eq!(server.fail(HOME, "alice").await, Ok(()));
    }
    assert_eq!(server.fail(HOME, "alice").await, Err(60));
    redis.start_again();
    while server.limits.shared() == Some(false) {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(server.lets_through(Class::Scan, alice).await, 6, "an empty Redis");
    assert_eq!(server.fail(HOME, "alice").await, Ok(()));
}
