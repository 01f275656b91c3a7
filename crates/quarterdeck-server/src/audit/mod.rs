//! Records who did what to what, when, from where, with which result.
//!
//! What happens inside the database is recorded in its transaction. A deed that reaches outside is recorded twice: the
//! intent, committed before it, and the outcome after; an intent without an outcome reads "outcome unknown".

mod store;

use sea_orm::{ConnectionTrait, DbErr};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::access::{Actor, Origin, Via};
use crate::clock::Clock;
use crate::db::{Db, to_us};

/// What happened to what.
#[derive(Clone, Debug)]
pub struct Event<'a> {
    /// A noun and a deed: `job.submit`, `upload.finish`, `session.begin`.
    pub action: &'static str,
    /// What it was done to: an id, a name.
    pub object: &'a str,
    /// The scheduler's id, where it is about a job that has one.
    pub job_id: Option<String>,
    /// What else is worth knowing; never a secret.
    pub detail: Value,
}

impl<'a> Event<'a> {
    pub fn new(action: &'static str, object: &'a str) -> Event<'a> {
        Event { action, object, job_id: None, detail: json!({}) }
    }

    pub fn with(self, detail: Value) -> Event<'a> {
        Event { detail, ..self }
    }

    pub fn job(self, job_id: Option<String>) -> Event<'a> {
        Event { job_id, ..self }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Done,
    Refused,
    Failed,
    Unknown,
}

/// Who did it.
#[derive(Clone, Copy, Debug)]
pub enum Who<'a> {
    /// Somebody who is signed in, or whose key it was.
    Actor(&'a Actor),
    /// Somebody who is not, or not yet; with the account that was tried, where there is one of that name.
    Stranger { origin: &'a Origin, account: Option<(Uuid, &'a str)> },
    /// Whoever runs `quarterdeck` on the server's host.
    CommandLine,
    /// The server by itself.
    Server,
}

impl<'a> From<&'a Actor> for Who<'a> {
    fn from(actor: &'a Actor) -> Who<'a> {
        Who::Actor(actor)
    }
}

/// The audit log. Cheap to clone.
#[derive(Clone)]
pub struct Log {
    db: Db,
    clock: Clock,
}

impl Log {
    pub fn new(db: Db, clock: Clock) -> Log {
        Log { db, clock }
    }

    /// Records a deed inside the database, in the transaction that does it.
    pub async fn record<'a>(
        &self,
        tx: &impl ConnectionTrait,
        who: impl Into<Who<'a>>,
        event: Event<'_>,
    ) -> Result<(), DbErr> {
        store::insert(tx, self.entry(who.into(), &event, "done", None)).await
    }

    /// Records something by itself: a refusal, a reading of what is another's. It is kept when this returns.
    pub async fn note<'a>(&self, who: impl Into<Who<'a>>, outcome: Outcome, event: Event<'_>) -> Result<(), DbErr> {
        store::insert(self.db.write(), self.entry(who.into(), &event, word(outcome), None)).await
    }

    /// Records that a deed outside the database is about to be done. It is kept when this returns.
    pub async fn intend<'a>(&self, who: impl Into<Who<'a>>, event: Event<'_>) -> Result<Uuid, DbErr> {
        self.intend_within(self.db.write(), who, event).await
    }

    /// The same in a transaction, to be committed before the deed.
    pub async fn intend_within<'a>(
        &self,
        tx: &impl ConnectionTrait,
        who: impl Into<Who<'a>>,
        event: Event<'_>,
    ) -> Result<Uuid, DbErr> {
        let entry = self.entry(who.into(), &event, "intent", None);
        let id = entry.id;
        store::insert(tx, entry).await?;
        Ok(id)
    }

    /// Records how the deed of an intent ended.
    pub async fn conclude<'a>(
        &self,
        who: impl Into<Who<'a>>,
        intent: Uuid,
        outcome: Outcome,
        event: Event<'_>,
    ) -> Result<(), DbErr> {
        self.conclude_within(self.db.write(), who, intent, outcome, event).await
    }

    /// The same in the transaction that records what came of it.
    pub async fn conclude_within<'a>(
        &self,
        tx: &impl ConnectionTrait,
        who: impl Into<Who<'a>>,
        intent: Uuid,
        outcome: Outcome,
        event: Event<'_>,
    ) -> Result<(), DbErr> {
        store::insert(tx, self.entry(who.into(), &event, word(outcome), Some(intent))).await
    }

    fn entry(&self, who: Who<'_>, event: &Event<'_>, result: &'static str, intent: Option<Uuid>) -> store::Model {
        let (mut actor_id, mut actor, mut unix_user) = (None, String::new(), None);
        let (mut session_id, mut key_id) = (None, None);
        let (mut address, mut request_id) = (String::new(), String::new());
        match who {
            Who::Actor(who) => {
                (actor_id, actor, unix_user) = (Some(who.user_id), who.username.clone(), who.unix_user.clone());
                match who.via {
                    Via::Session(id) => session_id = Some(id),
                    Via::Key(id, _) => key_id = Some(id),
                }
                (address, request_id) = (who.address.to_string(), who.request_id.clone());
            }
            Who::Stranger { origin, account } => {
                if let Some((id, name)) = account {
                    (actor_id, actor) = (Some(id), name.to_owned());
                }
                (address, request_id) = (origin.address.to_string(), origin.request_id.clone());
            }
            Who::CommandLine => actor = "(command line)".to_owned(),
            Who::Server => actor = "(server)".to_owned(),
        }
        store::Model {
            id: Uuid::now_v7(),
            at_us: to_us(self.clock.now()),
            actor_id,
            actor,
            unix_user,
            session_id,
            key_id,
            address,
            request_id,
            action: event.action.to_owned(),
            object: event.object.to_owned(),
            job_id: event.job_id.clone(),
            result: result.to_owned(),
            intent_id: intent,
            detail: event.detail.clone(),
        }
    }
}

fn word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Done => "done",
        Outcome::Refused => "refused",
        Outcome::Failed => "failed",
        Outcome::Unknown => "unknown",
    }
}

#[cfg(test)]
mod tests {
    use sea_orm::{EntityTrait, QueryOrder};
    use serde_json::json;

    use super::*;
    use crate::access::Role;
    use crate::app::testing::{actor, app_at};
    use crate::db::testing::on_each_database;

    #[tokio::test]
    async fn a_deed_outside_is_recorded_before_and_after() {
        on_each_database(async |db| {
            let data = tempfile::tempdir().unwrap();
            let now = "2026-11-24T12:00:00.000001Z".parse().unwrap();
            let (app, alice) = (app_at(&db, data.path(), now), actor("alice", Role::User));
            let event = || Event::new("job.submit", "작업 <1>").with(json!({"name": "it's \"한글\""}));
            let intent = app.audit.intend(&alice, event()).await.unwrap();
            let concluded = event().job(Some("5_1".to_owned()));
            app.audit.conclude(&alice, intent, Outcome::Refused, concluded).await.unwrap();
            let tx = db.begin().await.unwrap();
            app.audit.record(&tx, &alice, Event { action: "session.end", ..event() }).await.unwrap();
            tx.rollback().await.unwrap();

            let rows = store::Entity::find().order_by_asc(store::Column::Id).all(db.read()).await.unwrap();
            let told: Vec<_> =
                rows.iter().map(|row| (row.result.as_str(), row.intent_id, row.job_id.as_deref())).collect();
            let expected = [("intent", None, None), ("refused", Some(intent), Some("5_1"))];
            assert_eq!(told, expected, "what was rolled back did not happen");
            for row in &rows {
                assert_eq!((row.actor.as_str(), row.actor_id), ("alice", Some(alice.user_id)));
                assert_eq!((row.object.as_str(), &row.detail), ("작업 <1>", &json!({"name": "it's \"한글\""})));
                assert_eq!((row.at_us, row.address.as_str()), (1_795_521_600_000_001, "127.0.0.1"));
            }
        })
        .await;
    }
}
