//! Records who did what to what, when, from where, with which result, so that it cannot be altered unnoticed.
//!
//! What happens inside the database is recorded in its transaction. A deed that reaches outside is recorded twice: the
//! intent, committed before it, and the outcome after; an intent without an outcome reads "outcome unknown". Each
//! event carries a code that only the server can make; within a second it also gets its place in a chain.
//! `docs/decisions/0007-the-audit-is-chained.md` says why it is built like this.

pub(crate) mod api;
mod archive;
mod bench;
mod chain;
mod commands;
mod head;
mod line;
mod list;
mod refusals;
mod seal;
mod store;
mod syslog;
#[cfg(test)]
mod tests;
mod verify;
mod walk;

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::bail;
use chrono::TimeDelta;
use sea_orm::prelude::async_trait;
use sea_orm::{ConnectionTrait, DbErr};
use serde_json::{Value, json};
use tokio::sync::{Notify, Semaphore};
use uuid::Uuid;

use crate::access::{Actor, Origin, Via};
use crate::clock::Clock;
use crate::config::Config;
use crate::db::together::{Together, Write};
use crate::db::{Db, Transaction, to_us};
use crate::secret_file;
pub use bench::Bench;
use chain::Key;
pub use commands::Commands;
use list::Entry;
pub use list::Filter;
use refusals::{Recording, Source, Tally};
pub use verify::{Error, Report};
pub use walk::Finding;

/// What happened to what.
#[derive(Clone, Debug)]
pub struct Event<'a> {
    /// A noun and a deed: `job.submit`, `upload.finish`, `session.begin`.
    pub action: &'static str,
    /// What it was done to: an id, a name.
    pub object: &'a str,
    /// The scheduler's id, where it is about a job that has one.
    pub job_id: Option<String>,
    /// What else is worth knowing; never a secret. Numbers with a fraction are kept as text.
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

impl Outcome {
    /// As in the database, in exports and for the log daemon.
    pub fn as_str(self) -> &'static str {
        match self {
            Outcome::Done => "done",
            Outcome::Refused => "refused",
            Outcome::Failed => "failed",
            Outcome::Unknown => "unknown",
        }
    }

    fn parse(text: &str) -> Option<Outcome> {
        let all = [Outcome::Done, Outcome::Refused, Outcome::Failed, Outcome::Unknown];
        all.into_iter().find(|outcome| outcome.as_str() == text)
    }
}

/// How a deed ended, as a reader sees it: what an intent's conclusion says, or that there is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    Done,
    Refused,
    Failed,
    Unknown,
    /// It may still be under way.
    Pending,
}

impl From<Outcome> for Ending {
    fn from(outcome: Outcome) -> Ending {
        match outcome {
            Outcome::Done => Ending::Done,
            Outcome::Refused => Ending::Refused,
            Outcome::Failed => Ending::Failed,
            Outcome::Unknown => Ending::Unknown,
        }
    }
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

/// An event that is yet to be written, with [`Log::record_all`].
#[derive(Clone, Debug)]
pub struct Prepared(store::events::Model);

/// Events that stand by themselves.
struct Events;

#[async_trait::async_trait]
impl Write for Events {
    type Item = store::events::Model;
    type Outcome = ();

    async fn write(&self, tx: &Transaction, events: Vec<store::events::Model>) -> Result<Vec<()>, DbErr> {
        let written = vec![(); events.len()];
        store::insert(tx, events).await?;
        Ok(written)
    }
}

/// The audit log. Cheap to clone.
#[derive(Clone)]
pub struct Log(Arc<Inner>);

struct Inner {
    db: Db,
    clock: Clock,
    key: Key,
    places: Places,
    /// How long events stay in the database.
    keep: TimeDelta,
    writer: Together<Events>,
    refusals: Tally,
    /// Wakes the sealer.
    written: Notify,
    sealer: seal::Sealer,
    /// One verification at a time: each looks at everything there is.
    verifying: Semaphore,
    copies: Option<syslog::Copies>,
}

/// Where the audit keeps what is not in the database.
struct Places {
    key: PathBuf,
    head: PathBuf,
    archive: PathBuf,
}

impl Log {
    /// # Errors
    /// A key that others may read or that is weak; or none, where there was one: a new one could not continue the chain.
    pub(crate) fn new(db: Db, clock: Clock, config: &Config) -> anyhow::Result<Log> {
        let places = Places::of(config);
        if places.head.exists() && !places.key.exists() {
            let (head, key) = (places.head.display(), places.key.display());
            bail!("{head} is there, but not the key {key} that it was written with: restore the key from your backup");
        }
        let remedy = "restore another from your backup (docs/admin/audit.md says what a lost key means)";
        let key = Key::new(&secret_file::load_or_generate(&places.key, remedy)?)?;
        Ok(Log(Arc::new(Inner {
            writer: Together::start(db.clone(), Events),
            db,
            clock,
            key,
            places,
            keep: TimeDelta::days(config.audit.keep_days.into()),
            refusals: Tally::default(),
            written: Notify::new(),
            sealer: seal::Sealer::default(),
            verifying: Semaphore::new(1),
            copies: config.audit.syslog.clone().map(syslog::Copies::start),
        })))
    }

    /// Begins or takes up the chain, and what runs beside the requests: sealing and archiving.
    ///
    /// # Errors
    /// The chain was made with another key.
    pub async fn start(&self) -> anyhow::Result<()> {
        seal::take_up(self).await?;
        // Not before: what a crash left unsealed has its place by now.
        seal::announce(self);
        tokio::spawn(seal::run(self.clone()));
        tokio::spawn(archive::run(self.clone()));
        Ok(())
    }

    /// Records a deed inside the database, in the transaction that does it.
    pub async fn record<'a>(
        &self,
        tx: &impl ConnectionTrait,
        who: impl Into<Who<'a>>,
        event: Event<'_>,
    ) -> Result<(), DbErr> {
        self.insert(tx, self.entry(who.into(), event, Outcome::Done.as_str(), None)).await
    }

    /// Records something by itself: a reading of what is another's. It is kept when this returns.
    pub async fn note<'a>(&self, who: impl Into<Who<'a>>, outcome: Outcome, event: Event<'_>) -> Result<(), DbErr> {
        self.write(self.entry(who.into(), event, outcome.as_str(), None)).await
    }

    /// Records that somebody was refused. Of one address, and of one account, only so many an hour: a scanner must not
    /// fill the audit. The log has the others.
    pub async fn refused<'a>(&self, who: impl Into<Who<'a>>, mut event: Event<'_>) -> Result<(), DbErr> {
        let who = who.into();
        let source = match who {
            Who::Actor(actor) => Some(Source::Account(actor.user_id)),
            Who::Stranger { origin, .. } => Some(Source::address(origin.address)),
            Who::CommandLine | Who::Server => None,
        };
        match source.map_or(Recording::Audit, |source| self.0.refusals.count(source, self.0.clock.now())) {
            Recording::Audit => {}
            Recording::AuditAsLast => {
                if let Value::Object(detail) = &mut event.detail {
                    detail.insert("further".to_owned(), "within the hour only in the server's log".into());
                }
            }
            Recording::LogOnly => {
                tracing::info!(action = event.action, object = event.object, ?who, "refused, and too often to record");
                return Ok(());
            }
        }
        self.note(who, Outcome::Refused, event).await
    }

    /// Records that a deed outside the database is about to be done. It is kept when this returns.
    pub async fn intend<'a>(&self, who: impl Into<Who<'a>>, event: Event<'_>) -> Result<Uuid, DbErr> {
        let entry = self.entry(who.into(), event, INTENT, None);
        let id = entry.id;
        self.write(entry).await?;
        Ok(id)
    }

    /// The same in a transaction, to be committed before the deed.
    pub async fn intend_within<'a>(
        &self,
        tx: &impl ConnectionTrait,
        who: impl Into<Who<'a>>,
        event: Event<'_>,
    ) -> Result<Uuid, DbErr> {
        let entry = self.entry(who.into(), event, INTENT, None);
        let id = entry.id;
        self.insert(tx, entry).await?;
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
        self.write(self.entry(who.into(), event, outcome.as_str(), Some(intent))).await
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
        self.insert(tx, self.entry(who.into(), event, outcome.as_str(), Some(intent))).await
    }

    /// The intent to do what is to be recorded together with others' by [`Log::record_all`], and its id.
    pub fn intent<'a>(&self, who: impl Into<Who<'a>>, event: Event<'_>) -> (Uuid, Prepared) {
        let entry = self.entry(who.into(), event, INTENT, None);
        (entry.id, Prepared(entry))
    }

    /// How the deed of an intent ended, to be recorded together with others' by [`Log::record_all`].
    pub fn conclusion<'a>(
        &self,
        who: impl Into<Who<'a>>,
        intent: Uuid,
        outcome: Outcome,
        event: Event<'_>,
    ) -> Prepared {
        Prepared(self.entry(who.into(), event, outcome.as_str(), Some(intent)))
    }

    /// In the caller's transaction.
    pub async fn record_all(&self, tx: &impl ConnectionTrait, events: Vec<Prepared>) -> Result<(), DbErr> {
        if events.is_empty() {
            return Ok(());
        }
        store::insert(tx, events.into_iter().map(|Prepared(event)| event).collect()).await?;
        self.0.written.notify_one();
        Ok(())
    }

    async fn write(&self, event: store::events::Model) -> Result<(), DbErr> {
        self.0.writer.write(event).await?;
        self.0.written.notify_one();
        Ok(())
    }

    async fn insert(&self, tx: &impl ConnectionTrait, event: store::events::Model) -> Result<(), DbErr> {
        store::insert(tx, vec![event]).await?;
        self.0.written.notify_one();
        Ok(())
    }

    fn entry(
        &self,
        who: Who<'_>,
        event: Event<'_>,
        result: &'static str,
        intent: Option<Uuid>,
    ) -> store::events::Model {
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
        let mut entry = store::events::Model {
            id: Uuid::now_v7(),
            at_us: to_us(self.0.clock.now()),
            actor_id,
            actor: chain::without_nul(actor),
            unix_user: unix_user.map(chain::without_nul),
            session_id,
            key_id,
            address,
            request_id: chain::without_nul(request_id),
            action: event.action.to_owned(),
            object: chain::without_nul(event.object.to_owned()),
            job_id: event.job_id.map(chain::without_nul),
            result: result.to_owned(),
            intent_id: intent,
            detail: chain::storable(event.detail),
            mac: None,
        };
        entry.mac = Some(self.0.key.event(&entry));
        entry
    }
}

impl Places {
    fn of(config: &Config) -> Places {
        let (data, audit) = (&config.server.data, &config.audit);
        let place = |given: &Option<PathBuf>, usual: &str| given.clone().unwrap_or_else(|| data.join(usual));
        Places {
            key: place(&audit.key, "audit.key"),
            head: place(&audit.head, "audit.head"),
            archive: place(&audit.archive, "audit-archive"),
        }
    }
}

/// What the event of a deed that is about to be done says as its result.
const INTENT: &str = "intent";
