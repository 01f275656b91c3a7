//! Writes the events that stand by themselves. What queued up while the last transaction was committed goes into one:
//! a commit waits for the disk, and there are many who write.

use sea_orm::DbErr;
use tokio::sync::{mpsc, oneshot};

use super::store::{self, events};
use crate::db::Db;

/// Who comes when this many wait, waits for a place.
const QUEUE: usize = 1_024;
/// Events of one transaction.
const BATCH: usize = 256;

#[derive(Clone)]
pub(super) struct Writer(mpsc::Sender<Waiting>);

struct Waiting {
    event: events::Model,
    written: oneshot::Sender<Result<(), DbErr>>,
}

impl Writer {
    /// Works for as long as somebody holds it.
    pub(super) fn start(db: Db) -> Writer {
        let (sender, mut queue) = mpsc::channel(QUEUE);
        tokio::spawn(async move {
            let mut batch = Vec::with_capacity(BATCH);
            while queue.recv_many(&mut batch, BATCH).await > 0 {
                write(&db, std::mem::take(&mut batch)).await;
            }
        });
        Writer(sender)
    }

    /// The event is kept when this returns.
    pub(super) async fn write(&self, event: events::Model) -> Result<(), DbErr> {
        let (written, answer) = oneshot::channel();
        let ended = || DbErr::Custom("the audit's writer has ended".to_owned());
        self.0.send(Waiting { event, written }).await.map_err(|_| ended())?;
        answer.await.map_err(|_| ended())?
    }
}

async fn write(db: &Db, batch: Vec<Waiting>) {
    let events = batch.iter().map(|waiting| waiting.event.clone()).collect();
    let together = commit(db, events).await;
    let alone = batch.len() == 1;
    for Waiting { event, written } in batch {
        // One that the database does not take must not take the others with it.
        let result = match &together {
            Err(_) if !alone => commit(db, vec![event]).await,
            Err(error) => Err(DbErr::Custom(error.to_string())),
            Ok(()) => Ok(()),
        };
        // Who asked may have gone: the event is kept all the same.
        let _ = written.send(result);
    }
}

async fn commit(db: &Db, events: Vec<events::Model>) -> Result<(), DbErr> {
    let tx = db.begin().await?;
    store::insert(&tx, events).await?;
    tx.commit().await
}
