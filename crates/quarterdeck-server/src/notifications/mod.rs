//! Tells a user what happened: a code that the page translates, and its parameters.

pub(crate) mod api;
mod store;

use chrono::{DateTime, Utc};
use sea_orm::{ConnectionTrait, DbErr};
use serde_json::Value;
use uuid::Uuid;

use crate::access::Actor;
use crate::app::App;
use crate::clock::Clock;
use crate::db::{from_us, to_us};

pub struct Notification {
    pub id: Uuid,
    pub code: String,
    pub params: Value,
    pub created_at: DateTime<Utc>,
    pub read_at: Option<DateTime<Utc>>,
}

/// Leaves a notification for a user, in the transaction of what it is about.
pub async fn notify(
    tx: &impl ConnectionTrait,
    clock: &Clock,
    user: Uuid,
    code: &str,
    params: Value,
) -> Result<(), DbErr> {
    let row = store::Model {
        id: Uuid::now_v7(),
        user_id: user,
        code: code.to_owned(),
        params,
        created_us: to_us(clock.now()),
        read_us: None,
    };
    store::insert(tx, row).await
}

/// The actor's own, the newest first.
pub async fn list(app: &App, actor: &Actor, limit: u64) -> Result<Vec<Notification>, DbErr> {
    let rows = store::list(app.db.read(), actor.user_id, limit).await?;
    let read = |row: store::Model| Notification {
        id: row.id,
        code: row.code,
        params: row.params,
        created_at: from_us(row.created_us),
        read_at: row.read_us.map(from_us),
    };
    Ok(rows.into_iter().map(read).collect())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::access::Role;
    use crate::app::testing::{actor, app_at};
    use crate::db::testing::on_each_database;

    #[tokio::test]
    async fn each_reads_her_own_the_newest_first() {
        on_each_database(async |db| {
            let data = tempfile::tempdir().unwrap();
            let (alice, bob) = (actor("alice", Role::User), actor("bob", Role::User));
            let at = |second: i64| app_at(&db, data.path(), from_us(second * 1_000_000));
            for second in 1..=3 {
                let params = json!({"name": "한글", "second": second});
                notify(db.write(), &at(second).clock, alice.user_id, "job-ended", params).await.unwrap();
            }
            notify(db.write(), &at(4).clock, bob.user_id, "job-ended", json!({})).await.unwrap();
            let told = list(&at(5), &alice, 2).await.unwrap();
            let seconds: Vec<&Value> = told.iter().map(|notification| &notification.params["second"]).collect();
            assert_eq!(seconds, [&json!(3), &json!(2)]);
            assert_eq!(
                (told[0].created_at, told[0].read_at, &told[0].params["name"]),
                (from_us(3_000_000), None, &json!("한글"))
            );
        })
        .await;
    }
}
