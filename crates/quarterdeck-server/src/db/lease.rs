//! What one server at a time does, where several share a database. A lease holds by the database's clock; its holder
//! renews it, and a server that died or sleeps loses it by itself.

use std::time::Duration;

use sea_orm::Set;
use sea_orm::entity::prelude::*;
use sea_orm::sea_query::{Alias, Condition, Expr, ExprTrait, OnConflict};
use tokio::runtime::Handle;
use tokio::time::sleep;

use super::Db;

const LASTS: Duration = Duration::from_secs(30);
const RENEW_EVERY: Duration = Duration::from_secs(8);
/// How often one that another server holds is asked for.
const ASK_EVERY: Duration = Duration::from_secs(1);

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "leases")]
pub(super) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub name: String,
    pub holder: Uuid,
    pub until_us: i64,
    pub done_us: Option<i64>,
}

impl ActiveModelBehavior for ActiveModel {}

/// What can be held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Task {
    /// Looking at the nodes' images.
    ScanNodes,
    /// Reading whole images on nodes.
    ReadNodes,
}

impl Task {
    fn name(self) -> &'static str {
        match self {
            Task::ScanNodes => "images.scan_nodes",
            Task::ReadNodes => "images.read_nodes",
        }
    }
}

/// Does the work while no other server does, waiting for that. `None`: the lease was lost meanwhile, and the work dropped.
pub(crate) async fn hold<T>(db: &Db, task: Task, work: impl Future<Output = T>) -> Result<Option<T>, DbErr> {
    if !db.is_shared() {
        return Ok(Some(work.await));
    }
    let held = Held { db: db.clone(), task, holder: Uuid::now_v7() };
    while !held.take().await? {
        sleep(ASK_EVERY).await;
    }
    Ok(tokio::select! {
        done = work => Some(done),
        () = held.lost() => None,
    })
}

/// Whether another server does this now, or has done it since then.
pub(crate) async fn is_taken_care_of(db: &Db, task: Task, since_us: Option<i64>) -> Result<bool, DbErr> {
    if !db.is_shared() {
        return Ok(false);
    }
    let now_us = db.now_us().await?;
    let row = Entity::find_by_id(task.name()).one(db.read()).await?;
    let was_done = |row: &Model| since_us.zip(row.done_us).is_some_and(|(since, done)| done >= since);
    Ok(row.is_some_and(|row| row.until_us > now_us || was_done(&row)))
}

/// Says that all of it was done just now.
pub(crate) async fn done(db: &Db, task: Task) -> Result<(), DbErr> {
    if !db.is_shared() {
        return Ok(());
    }
    let now_us = db.now_us().await?;
    Entity::update_many()
        .col_expr(Column::DoneUs, now_us.into())
        .filter(Column::Name.eq(task.name()))
        .exec(db.write())
        .await
        .map(drop)
}

/// Dropping it gives it back.
struct Held {
    db: Db,
    task: Task,
    holder: Uuid,
}

impl Held {
    /// Also when it is held already, for longer.
    async fn take(&self) -> Result<bool, DbErr> {
        let now_us = self.db.now_us().await?;
        let row = ActiveModel {
            name: Set(self.task.name().to_owned()),
            holder: Set(self.holder),
            until_us: Set(now_us + LASTS.as_micros() as i64),
            done_us: Set(None),
        };
        let mut conflict = OnConflict::column(Column::Name);
        conflict.update_columns([Column::Holder, Column::UntilUs]);
        let is_free = Condition::any()
            .add(Expr::col((Alias::new("leases"), Column::UntilUs)).lte(now_us))
            .add(Expr::col((Alias::new("leases"), Column::Holder)).eq(self.holder));
        conflict.action_cond_where(is_free);
        let taken = Entity::insert(row).on_conflict(conflict).exec_without_returning(self.db.write()).await?;
        Ok(taken > 0)
    }

    /// Renews it until that can no longer be done.
    async fn lost(&self) {
        let mut left = LASTS;
        loop {
            sleep(RENEW_EVERY).await;
            match self.take().await {
                Ok(true) => left = LASTS,
                Ok(false) => return,
                // The database may come back in time.
                Err(_) if left > 2 * RENEW_EVERY => left -= RENEW_EVERY,
                Err(_) => return,
            }
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let (db, task, holder) = (self.db.clone(), self.task, self.holder);
        // One that is not given back ends by itself.
        let Ok(runtime) = Handle::try_current() else { return };
        runtime.spawn(async move {
            let ended = Entity::update_many()
                .col_expr(Column::UntilUs, 0_i64.into())
                .filter(Column::Name.eq(task.name()))
                .filter(Column::Holder.eq(holder))
                .exec(db.write());
            if let Err(error) = ended.await {
                tracing::warn!(%error, ?task, "giving back a lease");
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;
    use crate::db::testing::on_each_database;

    #[tokio::test]
    async fn one_server_at_a_time_does_it_and_the_others_wait() {
        on_each_database(async |db| {
            if !db.is_shared() {
                return;
            }
            let (at_once, most, done) = (AtomicU32::new(0), AtomicU32::new(0), AtomicU32::new(0));
            let work = async || {
                hold(&db, Task::ScanNodes, async {
                    most.fetch_max(at_once.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                    sleep(Duration::from_millis(300)).await;
                    at_once.fetch_sub(1, Ordering::SeqCst);
                    done.fetch_add(1, Ordering::SeqCst);
                })
                .await
                .unwrap()
                .unwrap();
            };
            let other = hold(&db, Task::ReadNodes, sleep(Duration::from_secs(2)));
            let (.., other) = tokio::join!(work(), work(), work(), other);
            assert_eq!(other.unwrap(), Some(()));
            assert_eq!((most.load(Ordering::SeqCst), done.load(Ordering::SeqCst)), (1, 3));
        })
        .await;
    }

    #[tokio::test]
    async fn one_that_is_not_renewed_passes_on_and_one_that_was_lost_ends_its_work() {
        on_each_database(async |db| {
            if !db.is_shared() {
                return;
            }
            let dead = Held { db: db.clone(), task: Task::ScanNodes, holder: Uuid::now_v7() };
            assert!(dead.take().await.unwrap());
            assert!(is_taken_care_of(&db, Task::ScanNodes, None).await.unwrap());
            let late = Entity::update_many().col_expr(Column::UntilUs, 1_i64.into()).exec(db.write());
            late.await.unwrap();
            assert!(!is_taken_care_of(&db, Task::ScanNodes, None).await.unwrap());
            let work = hold(&db, Task::ScanNodes, async {
                sleep(Duration::from_secs(1)).await;
                // As if this server had slept, and another one had come.
                let other = Uuid::now_v7();
                let far = Entity::update_many()
                    .col_expr(Column::Holder, other.into())
                    .col_expr(Column::UntilUs, i64::MAX.into())
                    .exec(db.write());
                far.await.unwrap();
                std::future::pending::<()>().await
            });
            assert_eq!(tokio::time::timeout(Duration::from_secs(20), work).await.unwrap().unwrap(), None);
        })
        .await;
    }

    #[tokio::test]
    async fn what_was_done_is_known_to_all() {
        on_each_database(async |db| {
            let before = db.now_us().await.unwrap();
            assert_eq!(hold(&db, Task::ScanNodes, async { 5 }).await.unwrap(), Some(5));
            done(&db, Task::ScanNodes).await.unwrap();
            let is_done = |since| is_taken_care_of(&db, Task::ScanNodes, Some(since));
            // It is given back a moment later.
            sleep(Duration::from_millis(300)).await;
            // Where a server has a database of its own, nobody else has done anything.
            assert_eq!(is_done(before).await.unwrap(), db.is_shared());
            assert!(!is_done(i64::MAX).await.unwrap());
            assert!(!is_taken_care_of(&db, Task::ScanNodes, None).await.unwrap());
        })
        .await;
    }
}
