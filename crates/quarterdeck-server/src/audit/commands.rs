//! The audit for `quarterdeck audit`, on the server's own database, whether the server runs or not.

use anyhow::{Context, bail};
use chrono::{DateTime, Utc};
use serde_json::json;

use super::list::Export;
use super::{Event, Log, Outcome, Places, Report, Who, seal, store};
use crate::clock::Clock;
use crate::config::Config;
use crate::db::Db;
use crate::secret_file;

pub struct Commands(Log);

impl Log {
    /// Opens the server's database, and its audit, for a command. With the wrong data directory a command would make a
    /// key there, find everything altered, and record so with a code that nobody can check; run by root it would leave a
    /// key that the server cannot read.
    ///
    /// # Errors
    /// The data directory is another user's; there is no key beside events; or the key is not the one they were made
    /// with.
    pub async fn for_command(clock: Clock, config: &Config) -> anyhow::Result<(Db, Log)> {
        secret_file::check_owner(&config.server.data)?;
        let db = Db::open(&config.database_url()).await.context("opening the database")?;
        let key = Places::of(config).key;
        // Where nothing was ever recorded, a command comes before the first start, and may make the key.
        if !key.exists() && store::has_any(db.read()).await? {
            bail!(
                "the audit's key {} is not there, but the database has events: name the server's data directory \
                 (server.data), restore the key from your backup, or start this version of the server once",
                key.display()
            );
        }
        let log = Log::new(db.clone(), clock, config)?;
        if seal::is_anothers(&log).await? {
            return Err(seal::wrong_key(&log));
        }
        Ok((db, log))
    }
}

/// An export under way.
pub struct Exported {
    log: Log,
    next: Option<Export>,
}

impl Commands {
    /// # Errors
    /// Those of [`Log::for_command`].
    pub async fn open(config: &Config) -> anyhow::Result<Commands> {
        Ok(Commands(Log::for_command(Clock::system(), config).await?.1))
    }

    pub async fn verify(&self) -> anyhow::Result<Report> {
        let report = self.0.verify().await?;
        let detail = json!({"findings": report.findings.len(), "last_seq": report.last_seq});
        self.0.note(Who::CommandLine, Outcome::Done, Event::new("audit.verify", "").with(detail)).await?;
        Ok(report)
    }

    pub async fn export(&self, since: Option<DateTime<Utc>>, until: Option<DateTime<Utc>>) -> anyhow::Result<Exported> {
        let event = Event::new("audit.export", "").with(json!({"since": since, "until": until}));
        self.0.note(Who::CommandLine, Outcome::Done, event).await?;
        Ok(Exported { log: self.0.clone(), next: Some(Export::of(since, until)) })
    }
}

impl Exported {
    /// Further lines, each with its end; `None`: that was all.
    pub async fn next(&mut self) -> anyhow::Result<Option<String>> {
        let Some(from) = self.next.take() else { return Ok(None) };
        let Some((text, next)) = self.log.export_page(from).await? else { return Ok(None) };
        self.next = Some(next);
        Ok(Some(text))
    }
}
