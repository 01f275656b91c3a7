//! The audit for `quarterdeck audit`, on the server's own database, whether the server runs or not.

use chrono::{DateTime, Utc};
use serde_json::json;

use super::list::Export;
use super::{Event, Log, Outcome, Report, Who};
use crate::clock::Clock;
use crate::config::Config;
use crate::db::Db;

pub struct Commands(Log);

/// An export under way.
pub struct Exported {
    log: Log,
    next: Option<Export>,
}

impl Commands {
    /// # Errors
    /// There is no key, or a weak one.
    pub fn open(db: Db, config: &Config) -> anyhow::Result<Commands> {
        Ok(Commands(Log::new(db, Clock::system(), config)?))
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
