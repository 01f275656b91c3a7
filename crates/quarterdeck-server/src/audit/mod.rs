//! Records who did what to what, when, from where, with which result. A plain table for now; sealing comes on top.
//!
//! A deed that reaches outside the database is recorded twice: the intent, committed before it, and the result after.
//! An intent without a result reads "outcome unknown".

mod store;

use sea_orm::{ConnectionTrait, DbErr};
use serde_json::Value;
use uuid::Uuid;

use crate::access::{Actor, Via};
use crate::app::App;

/// What happened to what.
pub struct Event<'a> {
    /// A noun and a deed: `job.submit`, `upload.finish`, `session.begin`.
    pub action: &'static str,
    /// What it was done to: an id, a name.
    pub object: &'a str,
    pub detail: Value,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Result {
    Done,
    Refused,
    Failed,
    Unknown,
}

/// Records a deed inside the database; pass the transaction that does it.
pub async fn record(
    db: &impl ConnectionTrait,
    app: &App,
    actor: &Actor,
    event: Event<'_>,
) -> std::result::Result<(), DbErr> {
    store::insert(db, entry(app, actor, &event, "done", None)).await
}

/// Records that a deed outside the database is about to be done. Commit it before the deed.
pub async fn intend(
    db: &impl ConnectionTrait,
    app: &App,
    actor: &Actor,
    event: Event<'_>,
) -> std::result::Result<Uuid, DbErr> {
    let entry = entry(app, actor, &event, "intent", None);
    let id = entry.id;
    store::insert(db, entry).await?;
    Ok(id)
}

/// Records how the deed of an intent ended.
pub async fn conclude(
    db: &impl ConnectionTrait,
    app: &App,
    actor: &Actor,
    intent: Uuid,
    result: Result,
    event: Event<'_>,
) -> std::result::Result<(), DbErr> {
    let word = match result {
        Result::Done => "done",
        Result::Refused => "refused",
        Result::Failed => "failed",
        Result::Unknown => "unknown",
    };
    store::insert(db, entry(app, actor, &event, word, Some(intent))).await
}

fn entry(app: &App, actor: &Actor, event: &Event<'_>, result: &'static str, intent: Option<Uuid>) -> store::Model {
    let Via::Session(session) = actor.via;
    store::Model {
        id: Uuid::now_v7(),
        at_us: crate::db::to_us(app.clock.now()),
        actor_id: Some(actor.user_id),
        actor: actor.username.clone(),
        session_id: Some(session),
        address: actor.address.to_string(),
        request_id: actor.request_id.clone(),
        action: event.action.to_owned(),
        object: event.object.to_owned(),
        result: result.to_owned(),
        intent_id: intent,
        detail: event.detail.clone(),
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
            let event =
                || Event { action: "job.submit", object: "작업 <1>", detail: json!({"name": "it's \"한글\""}) };
            let intent = intend(db.write(), &app, &alice, event()).await.unwrap();
            conclude(db.write(), &app, &alice, intent, Result::Refused, event()).await.unwrap();
            let tx = db.begin().await.unwrap();
            record(&tx, &app, &alice, Event { action: "session.end", ..event() }).await.unwrap();
            tx.rollback().await.unwrap();

            let rows = store::Entity::find().order_by_asc(store::Column::Id).all(db.read()).await.unwrap();
            let told: Vec<_> = rows.iter().map(|row| (row.result.as_str(), row.intent_id)).collect();
            assert_eq!(told, [("intent", None), ("refused", Some(intent))], "what was rolled back did not happen");
            for row in &rows {
                assert_eq!((row.actor.as_str(), row.actor_id), ("alice", Some(alice.user_id)));
                assert_eq!((row.object.as_str(), &row.detail), ("작업 <1>", &json!({"name": "it's \"한글\""})));
                assert_eq!((row.at_us, row.address.as_str()), (1_795_521_600_000_001, "127.0.0.1"));
            }
        })
        .await;
    }
}
