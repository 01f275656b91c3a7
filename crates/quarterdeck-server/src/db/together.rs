//! Writes what many ask for at once. What queued up while the last transaction was committed goes into one, by
//! statements that take all of it: a commit waits for the disk, and each statement for SQLite's thread.

use std::sync::Arc;

use sea_orm::DbErr;
use sea_orm::prelude::async_trait;
use tokio::sync::{mpsc, oneshot};

use super::{Db, Transaction};

/// Who comes when this many wait, waits for a place.
const QUEUE: usize = 1_024;
/// Items of one transaction. Each brings up to 30 parameters, of which PostgreSQL takes 65,535 a statement and SQLite
/// 32,766.
const BATCH: usize = 256;

/// One table's, or one deed's, way into the database.
#[async_trait::async_trait]
pub(crate) trait Write: Send + Sync + 'static {
    type Item: Clone + Send + Sync;
    type Outcome: Send;

    /// Writes all of them; answers with as many outcomes, in their order.
    async fn write(&self, tx: &Transaction, items: Vec<Self::Item>) -> Result<Vec<Self::Outcome>, DbErr>;
}

/// Works for as long as somebody holds it.
pub(crate) struct Together<W: Write>(mpsc::Sender<Waiting<W>>);

struct Waiting<W: Write> {
    item: W::Item,
    written: oneshot::Sender<Result<W::Outcome, DbErr>>,
}

impl<W: Write> Together<W> {
    /// Within a runtime.
    pub(crate) fn start(db: Db, write: W) -> Together<W> {
        let (sender, mut queue) = mpsc::channel(QUEUE);
        let write = Arc::new(write);
        tokio::spawn(async move {
            let mut batch = Vec::with_capacity(BATCH);
            while queue.recv_many(&mut batch, BATCH).await > 0 {
                write_batch(&db, &*write, std::mem::take(&mut batch)).await;
            }
        });
        Together(sender)
    }

    /// It is kept when this returns.
    ///
    /// # Errors
    /// This item could not be written; what others wrote at the same time is kept.
    pub(crate) async fn write(&self, item: W::Item) -> Result<W::Outcome, DbErr> {
        let (written, answer) = oneshot::channel();
        let ended = || DbErr::Custom("what writes to the database has ended".to_owned());
        self.0.send(Waiting { item, written }).await.map_err(|_| ended())?;
        answer.await.map_err(|_| ended())?
    }
}

impl<W: Write> Clone for Together<W> {
    fn clone(&self) -> Self {
        Together(self.0.clone())
    }
}

async fn write_batch<W: Write>(db: &Db, write: &W, batch: Vec<Waiting<W>>) {
    let items = batch.iter().map(|waiting| waiting.item.clone()).collect();
    match commit(db, write, items).await {
        Ok(outcomes) => {
            // Who asked may have gone: it is kept all the same.
            let told = batch.into_iter().zip(outcomes).map(|(waiting, outcome)| waiting.written.send(Ok(outcome)));
            told.for_each(drop);
        }
        Err(error) if batch.len() == 1 => {
            batch.into_iter().for_each(|waiting| drop(waiting.written.send(Err(DbErr::Custom(error.to_string())))));
        }
        // One that the database does not take must not take the others with it.
        Err(_) => {
            for Waiting { item, written } in batch {
                let alone = commit(db, write, vec![item]).await;
                let outcome = alone.and_then(|outcomes| outcomes.into_iter().next().ok_or_else(nothing_said));
                let _ = written.send(outcome);
            }
        }
    }
}

async fn commit<W: Write>(db: &Db, write: &W, items: Vec<W::Item>) -> Result<Vec<W::Outcome>, DbErr> {
    let count = items.len();
    let tx = db.begin().await?;
    let outcomes = write.write(&tx, items).await?;
    if outcomes.len() != count {
        return Err(nothing_said());
    }
    tx.commit().await?;
    Ok(outcomes)
}

fn nothing_said() -> DbErr {
    DbErr::Custom("not each item that was written has an outcome".to_owned())
}

#[cfg(test)]
mod tests {
    use futures_util::future::join_all;
    use sea_orm::{ConnectionTrait, Statement};

    use super::*;
    use crate::db::testing::on_each_database;

    struct Numbers;

    #[async_trait::async_trait]
    impl Write for Numbers {
        type Item = i64;
        type Outcome = i64;

        async fn write(&self, tx: &Transaction, numbers: Vec<i64>) -> Result<Vec<i64>, DbErr> {
            let rows: Vec<String> = numbers.iter().map(|number| format!("({number})")).collect();
            tx.execute_unprepared(&format!("insert into kept values {}", rows.join(", "))).await?;
            Ok(numbers.into_iter().map(|number| number * 2).collect())
        }
    }

    #[tokio::test]
    async fn each_of_many_is_told_of_its_own_and_one_that_is_refused_takes_no_other_with_it() {
        on_each_database(async |db| {
            let table = "create table kept (number bigint primary key check (number <> 7))";
            db.write().execute_unprepared(table).await.unwrap();
            let together = Together::start(db.clone(), Numbers);
            let outcomes = join_all((0..600).map(|number| together.write(number))).await;
            for (number, outcome) in outcomes.into_iter().enumerate() {
                match number {
                    7 => assert!(outcome.is_err()),
                    _ => assert_eq!(outcome.unwrap(), number as i64 * 2),
                }
            }
            let count = Statement::from_string(db.read().get_database_backend(), "select count(*) as n from kept");
            let row = db.read().query_one_raw(count).await.unwrap().unwrap();
            assert_eq!(row.try_get::<i64>("", "n").unwrap(), 599);
        })
        .await;
    }
}
