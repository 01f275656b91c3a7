//! Transactions that write. A commit waits for the disk, and SQLite takes one writer at a time: those who wait for each
//! other's commit would get through one a wait. So what queues up meanwhile shares the next commit, each behind a
//! savepoint of its own, and each is told only when all of it is on the disk.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use sea_orm::prelude::async_trait;
use sea_orm::{
    ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr, ExecResult, QueryResult,
    SqliteTransactionMode, Statement, TransactionOptions, TransactionTrait,
};
use tokio::sync::{Mutex, OwnedMutexGuard, oneshot};

/// Takes effect when it is committed, as a whole or not at all; one that is dropped takes none.
pub struct Transaction {
    /// `None` only while it is committed.
    deeds: Option<DatabaseTransaction>,
    turn: Option<Turn>,
}

/// SQLite's one writer, and who waits for it.
#[derive(Clone, Default)]
pub(super) struct Queue(Arc<Waiting>);

#[derive(Default)]
struct Waiting {
    /// Tokio's mutex lets in the one who waits longest.
    group: Arc<Mutex<Group>>,
    count: AtomicUsize,
}

/// Who shares the next commit.
#[derive(Default)]
struct Group {
    open: Option<DatabaseTransaction>,
    members: Vec<oneshot::Sender<Result<(), DbErr>>>,
}

struct Turn {
    group: OwnedMutexGuard<Group>,
    queue: Queue,
    /// Of a group that others have begun.
    is_nested: bool,
}

impl Transaction {
    pub(super) async fn begin(pool: &DatabaseConnection) -> Result<Transaction, DbErr> {
        Ok(Transaction { deeds: Some(pool.begin().await?), turn: None })
    }

    /// # Errors
    /// Nothing of it has taken effect, unless the connection broke while the database committed.
    pub async fn commit(mut self) -> Result<(), DbErr> {
        let Some(deeds) = self.deeds.take() else { return Ok(()) };
        match self.turn.take() {
            None => deeds.commit().await,
            Some(turn) => to_the_end(turn.commit(deeds)).await,
        }
    }

    fn deeds(&self) -> &DatabaseTransaction {
        self.deeds.as_ref().expect("only commit takes it, and consumes")
    }
}

impl Queue {
    pub(super) async fn begin(&self, writer: &DatabaseConnection) -> Result<Transaction, DbErr> {
        let (queue, writer) = (self.clone(), writer.clone());
        to_the_end(async move {
            queue.0.count.fetch_add(1, Ordering::Relaxed);
            let group = queue.0.group.clone().lock_owned().await;
            queue.0.count.fetch_sub(1, Ordering::Relaxed);
            let is_nested = group.open.is_some();
            let deeds = match &group.open {
                Some(open) => open.begin().await?,
                None => {
                    let sqlite_transaction_mode = Some(SqliteTransactionMode::Immediate);
                    let options = TransactionOptions { sqlite_transaction_mode, ..Default::default() };
                    writer.begin_with_options(options).await?
                }
            };
            Ok(Transaction { deeds: Some(deeds), turn: Some(Turn { group, queue, is_nested }) })
        })
        .await
    }

    fn is_waited_for(&self) -> bool {
        self.0.count.load(Ordering::Relaxed) > 0
    }
}

impl Turn {
    async fn commit(mut self, deeds: DatabaseTransaction) -> Result<(), DbErr> {
        if self.is_nested {
            deeds.commit().await?;
        } else {
            self.group.open = Some(deeds);
        }
        if !self.queue.is_waited_for() {
            return self.group.commit().await;
        }
        let (member, committed) = oneshot::channel();
        self.group.members.push(member);
        if self.group.members.len() == 1 {
            // Stands in the queue behind those who wait now, so that they share it.
            let mutex = self.queue.0.group.clone();
            tokio::spawn(async move { mutex.lock_owned().await.commit().await });
        }
        drop(self);
        committed.await.unwrap_or_else(|_| Err(DbErr::Custom("the database's writer has ended".to_owned())))
    }
}

impl Group {
    /// Commits what all have done, and tells them.
    async fn commit(&mut self) -> Result<(), DbErr> {
        let Some(open) = self.open.take() else { return Ok(()) };
        let members = std::mem::take(&mut self.members);
        let outcome = open.commit().await;
        for member in members {
            // Who asked may have gone; it is kept all the same.
            let _ = member.send(match &outcome {
                Ok(()) => Ok(()),
                Err(error) => Err(DbErr::Custom(error.to_string())),
            });
        }
        outcome
    }
}

/// A request whose client hangs up is dropped where it waits. Half a savepoint or half a commit would be the others'
/// too.
async fn to_the_end<T: Send + 'static>(
    work: impl Future<Output = Result<T, DbErr>> + Send + 'static,
) -> Result<T, DbErr> {
    tokio::spawn(work).await.map_err(|error| DbErr::Custom(error.to_string()))?
}

#[async_trait::async_trait]
impl ConnectionTrait for Transaction {
    fn get_database_backend(&self) -> DbBackend {
        self.deeds().get_database_backend()
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        self.deeds().execute_raw(statement).await
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        self.deeds().execute_unprepared(sql).await
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        self.deeds().query_one_raw(statement).await
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        self.deeds().query_all_raw(statement).await
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use futures_util::future::join_all;

    use super::*;
    use crate::db::Db;
    use crate::db::testing::on_each_database;

    async fn table(db: &Db) {
        db.write().execute_unprepared("create table kept (number bigint primary key)").await.unwrap();
    }

    async fn insert(tx: &Transaction, number: i64) -> Result<(), DbErr> {
        tx.execute_unprepared(&format!("insert into kept values ({number})")).await.map(drop)
    }

    async fn kept(db: &Db) -> Vec<i64> {
        let select =
            Statement::from_string(db.read().get_database_backend(), "select number from kept order by number");
        let rows = db.read().query_all_raw(select).await.unwrap();
        rows.iter().map(|row| row.try_get("", "number").unwrap()).collect()
    }

    #[tokio::test]
    async fn of_many_at_once_each_is_kept_or_not_by_itself() {
        on_each_database(async |db| {
            table(&db).await;
            let each = (0..60_i64).map(|number| {
                let db = db.clone();
                tokio::spawn(async move {
                    let tx = db.begin().await.unwrap();
                    insert(&tx, number).await.unwrap();
                    match number % 3 {
                        0 => tx.commit().await.unwrap(),
                        1 => drop(tx),
                        // Twice the same.
                        _ => {
                            assert!(insert(&tx, number).await.is_err());
                            drop(tx);
                        }
                    }
                    if number % 3 == 0 {
                        assert!(kept(&db).await.contains(&number), "what was committed can be read");
                    }
                })
            });
            for done in join_all(each).await {
                done.unwrap();
            }
            assert_eq!(kept(&db).await, (0..60).step_by(3).collect::<Vec<_>>());
        })
        .await;
    }

    #[tokio::test]
    async fn those_who_wait_share_a_commit_and_nobody_is_told_before() {
        let directory = tempfile::tempdir().unwrap();
        let db = Db::open(&format!("sqlite://{}?mode=rwc", directory.path().join("test.db").display())).await.unwrap();
        table(&db).await;
        let first = db.begin().await.unwrap();
        insert(&first, 1).await.unwrap();
        let second = tokio::spawn({
            let db = db.clone();
            async move { db.begin().await.unwrap() }
        });
        while !db.queue.as_ref().unwrap().is_waited_for() {
            tokio::task::yield_now().await;
        }
        let mut first = std::pin::pin!(first.commit());
        assert!(tokio::time::timeout(Duration::from_millis(50), &mut first).await.is_err(), "the second is to come");
        assert!(kept(&db).await.is_empty());
        let second = second.await.unwrap();
        insert(&second, 2).await.unwrap();
        second.commit().await.unwrap();
        first.await.unwrap();
        assert_eq!(kept(&db).await, [1, 2]);
    }

    /// As when a client hangs up.
    #[tokio::test]
    async fn one_that_is_let_go_of_anywhere_takes_nothing_from_the_others() {
        on_each_database(async |db| {
            table(&db).await;
            let others = (0..40_i64).map(|number| {
                let db = db.clone();
                tokio::spawn(async move {
                    let tx = db.begin().await.unwrap();
                    insert(&tx, number).await.unwrap();
                    tx.commit().await.unwrap();
                })
            });
            let let_go = (100..180_u64).map(|number| {
                let db = db.clone();
                tokio::spawn(async move {
                    let work = async {
                        let tx = db.begin().await.unwrap();
                        insert(&tx, number as i64).await.unwrap();
                        tx.commit().await.unwrap();
                    };
                    let _ = tokio::time::timeout(Duration::from_micros((number - 100) * 100), work).await;
                })
            });
            let all: Vec<_> = others.collect::<Vec<_>>().into_iter().chain(let_go.collect::<Vec<_>>()).collect();
            for done in join_all(all).await {
                done.unwrap();
            }
            // Whoever let go may have been kept; who waited for it was.
            let kept = kept(&db).await;
            assert!((0..40).all(|number| kept.contains(&number)), "{kept:?}");
            let tx = db.begin().await.unwrap();
            insert(&tx, 1000).await.unwrap();
            tx.commit().await.unwrap();
        })
        .await;
    }
}
