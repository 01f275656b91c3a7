//! Records many uploads at a time: of a folder of small files each would wait for the database as long as it takes to
//! send it.

use quarterdeck_types::{FileKind, FileName};
use sea_orm::DbErr;
use sea_orm::prelude::async_trait;
use uuid::Uuid;

use super::{Judgement, Upload, kind, store};
use crate::audit::{self, Prepared};
use crate::db::together::{Together, Write};
use crate::db::{Db, Transaction};

#[derive(Clone)]
pub(super) struct Recorder {
    pub(super) whole: Together<Whole>,
    pub(super) finished: Together<Finished>,
}

impl Recorder {
    pub(super) fn start(db: &Db, audit: &audit::Log) -> Recorder {
        Recorder {
            whole: Together::start(db.clone(), Whole(audit.clone())),
            finished: Together::start(db.clone(), Finished(audit.clone())),
        }
    }
}

/// Files that came whole with their announcements, and the intents to put them in place.
pub(super) struct Whole(audit::Log);

#[derive(Clone)]
pub(super) struct NewWhole {
    pub(super) row: store::Model,
    pub(super) said: Option<Said>,
    pub(super) intent: Prepared,
}

/// What a user says of a file, to be remembered.
#[derive(Clone)]
pub(super) struct Said {
    pub(super) user: Uuid,
    pub(super) name: FileName,
    pub(super) kind: FileKind,
    pub(super) at_us: i64,
}

#[async_trait::async_trait]
impl Write for Whole {
    type Item = NewWhole;
    type Outcome = ();

    async fn write(&self, tx: &Transaction, items: Vec<NewWhole>) -> Result<Vec<()>, DbErr> {
        let written = vec![(); items.len()];
        let (mut rows, mut intents) = (Vec::with_capacity(items.len()), Vec::with_capacity(items.len()));
        for NewWhole { row, said, intent } in items {
            rows.push(row);
            intents.push(intent);
            if let Some(Said { user, name, kind, at_us }) = said {
                kind::remember(tx, user, &name, kind, at_us).await?;
            }
        }
        store::insert(tx, rows).await?;
        self.0.record_all(tx, intents).await?;
        Ok(written)
    }
}

/// Uploads that are in place, and what their intents came to.
pub(super) struct Finished(audit::Log);

#[derive(Clone)]
pub(super) struct NewFinished {
    pub(super) upload: Upload,
    /// What its content says.
    pub(super) judged: Option<Judgement>,
    /// The number of the lease under which it was written.
    pub(super) fence: i64,
    pub(super) conclusion: Prepared,
}

#[async_trait::async_trait]
impl Write for Finished {
    type Item = NewFinished;
    /// As it is recorded; `None`: another server writes by now, or it was removed.
    type Outcome = Option<Upload>;

    async fn write(&self, tx: &Transaction, items: Vec<NewFinished>) -> Result<Vec<Option<Upload>>, DbErr> {
        let (uploads, conclusions): (Vec<_>, Vec<_>) =
            items.into_iter().map(|item| ((item.upload, item.judged, item.fence), item.conclusion)).unzip();
        let finished = store::finish(tx, uploads).await?;
        let of_finished = conclusions.into_iter().zip(&finished).filter(|(_, finished)| finished.is_some());
        self.0.record_all(tx, of_finished.map(|(conclusion, _)| conclusion).collect()).await?;
        Ok(finished)
    }
}
