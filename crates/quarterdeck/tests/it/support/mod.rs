//! What every test here uses: a [`Site`] of processes, a [`Client`] of its API, the [`Slurm`] beneath.

pub mod archives;
mod client;
pub mod files;
mod live;
mod mail_server;
mod postgres;
pub mod processes;
pub mod receiver;
#[path = "../../../../quarterdeck-server/src/redis/testing.rs"]
#[allow(dead_code, reason = "shared with the server's own tests, which use more of it")]
mod redis;
pub mod secrets;
mod site;
mod slurm;
pub mod small;
pub mod uploading;

use std::time::{Duration, Instant};

pub use client::{Answer, Client};
pub use live::Live;
pub use mail_server::MailServer;
pub use postgres::OwnDatabase;
pub use receiver::Receiver;
pub use redis::OwnRedis;
pub use site::{CROWD, Site, runs_as};
pub use slurm::{OwnSlurm, Slurm};

/// Leaves a test out, since the machine lacks something: says why, or fails where everything has to be there.
pub fn left_out<T>(why: &str) -> Option<T> {
    let required = std::env::var("QD_TEST_REQUIRE").is_ok_and(|value| value == "1");
    assert!(!required, "QD_TEST_REQUIRE=1, and {why}");
    eprintln!("left out: {why}");
    None
}

/// A name that no other test, on the same Slurm and at the same time, has.
pub fn unique(name: &str) -> String {
    let id = uuid::Uuid::now_v7().simple().to_string();
    format!("{name}-{}", &id[20..])
}

/// Asks again and again until there is an answer.
pub async fn eventually<T>(what: &str, limit: Duration, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + limit;
    loop {
        if let Some(answer) = ask().await {
            return answer;
        }
        assert!(Instant::now() < deadline, "{what}: not within {limit:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
