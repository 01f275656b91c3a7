//! What `bench/figures.rs` measures: the audit alone, without HTTP and its limits before it.

use std::net::IpAddr;

use serde_json::json;
use uuid::Uuid;

use super::{Event, Log, Outcome};
use crate::access::{Actor, Role, Via};
use crate::clock::Clock;
use crate::config::Config;
use crate::db::Db;

/// A server's audit, sealing, with one actor who does things.
pub struct Bench {
    log: Log,
    actor: Actor,
}

impl Bench {
    pub async fn start(config: &Config) -> anyhow::Result<Bench> {
        let log = Log::new(Db::open(&config.database_url()).await?, Clock::system(), config)?;
        log.start().await?;
        let actor = Actor {
            user_id: Uuid::now_v7(),
            username: "alice".to_owned(),
            role: Role::User,
            unix_user: Some("alice".to_owned()),
            via: Via::Session(Uuid::now_v7()),
            address: IpAddr::from([192, 0, 2, 1]),
            request_id: Uuid::now_v7().to_string(),
        };
        Ok(Bench { log, actor })
    }

    /// One event, which is on the disk when this returns.
    pub async fn record(&self) -> anyhow::Result<()> {
        let event = Event::new("job.hold", "0193b0e0-0000-7000-8000-000000000000");
        Ok(self.log.note(&self.actor, Outcome::Done, event.with(json!({"cluster": "wind"}))).await?)
    }

    /// How many events have their place, once all have; they must verify.
    pub async fn sealed(&self) -> anyhow::Result<u64> {
        self.log.seal().await?;
        let report = self.log.verify().await?;
        anyhow::ensure!(report.is_ok() && report.waiting == 0, "the chain does not verify");
        Ok(report.checked)
    }
}
