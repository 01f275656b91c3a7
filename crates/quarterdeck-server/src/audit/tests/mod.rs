//! What the audit records, what readers see of it, and what is found when somebody changes it, on every database.

mod keeping;
mod reading;
mod tampering;

use std::path::PathBuf;

use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::EntityTrait;
use serde_json::json;
use uuid::Uuid;

use super::store::{events, seals};
use super::walk::Kind;
use super::{Event, Log, Outcome, Report};
use crate::access::{Actor, Role};
use crate::app::testing::{actor, app_at};
use crate::config::Config;
use crate::db::Db;

/// A server's audit on a test's database, at times that the tests choose.
struct Server {
    db: Db,
    data: tempfile::TempDir,
    alice: Actor,
}

impl Server {
    fn on(db: &Db) -> Server {
        Server { db: db.clone(), data: tempfile::tempdir().unwrap(), alice: actor("alice", Role::User) }
    }

    /// With this many events in its chain, a second apart: the event of place 1 first.
    async fn with_chain(db: &Db, length: i64) -> (Server, Vec<Uuid>) {
        let server = Server::on(db);
        for second in 1..=length {
            server.deed(second).await;
        }
        let mut sealed = seals::Entity::find().all(db.read()).await.unwrap();
        sealed.sort_by_key(|seal| seal.seq);
        (server, sealed.into_iter().map(|seal| seal.event_id).collect())
    }

    /// The audit at this second.
    fn at(&self, second: i64) -> Log {
        app_at(&self.db, self.data.path(), time(second)).audit.clone()
    }

    /// Alice does something, and it is sealed.
    async fn deed(&self, second: i64) {
        let log = self.at(second);
        let event = Event::new("job.hold", "작업 <1>").with(json!({"name": "it's \"한글\"", "n": second}));
        log.note(&self.alice, Outcome::Done, event.job(Some("5_1".to_owned()))).await.unwrap();
        log.seal().await.unwrap();
    }

    async fn verify(&self) -> Report {
        self.at(1_000).verify().await.unwrap()
    }

    fn path(&self, name: &str) -> PathBuf {
        self.data.path().join(name)
    }

    async fn event(&self, id: Uuid) -> events::Model {
        events::Entity::find_by_id(id).one(self.db.read()).await.unwrap().unwrap()
    }
}

fn time(second: i64) -> DateTime<Utc> {
    "2026-11-24T12:00:00.000001Z".parse::<DateTime<Utc>>().unwrap() + TimeDelta::seconds(second)
}

/// What is told: the kind, the place, the event.
fn told(report: &Report) -> Vec<(Kind, Option<i64>, Option<Uuid>)> {
    report.findings.iter().map(|finding| (finding.kind, finding.seq, finding.event_id)).collect()
}

/// A log of a site that configures the audit like this.
fn configured(db: &Db, data: &std::path::Path, second: i64, change: impl FnOnce(&mut Config)) -> Log {
    let mut config = Config::load(None).unwrap();
    config.server.data = data.to_owned();
    change(&mut config);
    Log::new(db.clone(), crate::clock::Clock::fixed(time(second)), &config).unwrap()
}
