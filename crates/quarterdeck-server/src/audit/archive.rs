//! Moves old events out of the database into files, so that it does not grow for ever; the chain goes through them.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, bail};
use chrono::{DateTime, Utc};
use quarterdeck_types::hex;
use serde_json::json;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::chain::Key;
use super::line::Line;
use super::store::{self, PAGE, archives, events, seals};
use super::walk::{Place, places};
use super::{Event, Log, Who};
use crate::db::to_us;

const DAILY: Duration = Duration::from_secs(24 * 3600);
/// Events of one file, which are removed from the database in one transaction.
const EVENTS: usize = 20_000;
/// No line that the server writes is longer.
const MAX_LINE: u64 = 16 << 20;

/// Archives each day, until the process ends.
pub(super) async fn run(log: Log) {
    loop {
        match log.archive().await {
            Ok(0) => {}
            Ok(events) => tracing::info!(events, "old events of the audit are in the archive now"),
            Err(error) => tracing::error!(error = format!("{error:#}"), "the audit cannot be archived now"),
        }
        tokio::time::sleep(DAILY).await;
    }
}

impl Log {
    /// Archives what is older than the site keeps; answers how many events that were.
    pub(super) async fn archive(&self) -> anyhow::Result<usize> {
        let before = self.0.clock.now() - self.0.keep;
        let mut archived = 0;
        loop {
            let events = archive_file(self, before, EVENTS).await?;
            if events == 0 {
                return Ok(archived);
            }
            archived += events;
        }
    }
}

async fn archive_file(log: &Log, before: DateTime<Utc>, most: usize) -> anyhow::Result<usize> {
    let (lines, last) = read(log, before, most).await?;
    let (Some(first), Some((last, last_at_us))) = (lines.first().and_then(|line| line.seq), last) else { return Ok(0) };
    let ids: Vec<Uuid> = lines.iter().map(|line| line.event_id).collect();
    let file = file_name(first, last.seq);
    let path = log.0.places.archive.join(&file);
    let sha256 = tokio::task::spawn_blocking(move || write(&path, &lines)).await??;
    let mut row = archives::Model {
        first_seq: first,
        last_seq: last.seq,
        last_mac: last.mac,
        last_at_us,
        file,
        sha256,
        mac: String::new(),
    };
    row.mac = code(&log.0.key, &row);
    let detail = json!({"sha256": row.sha256, "first_seq": first, "last_seq": row.last_seq, "last_mac": row.last_mac});
    let name = row.file.clone();
    let tx = log.0.db.begin().await?;
    store::take_turn(&tx).await?;
    store::archived(&tx, row, &ids).await?;
    log.record(&tx, Who::Server, Event::new("audit.archive", &name).with(detail)).await?;
    tx.commit().await?;
    Ok(ids.len())
}

/// The chain's beginning, as far as it is old enough; and the last seal of it.
async fn read(
    log: &Log,
    before: DateTime<Utc>,
    most: usize,
) -> anyhow::Result<(Vec<Line>, Option<(seals::Model, i64)>)> {
    let db = log.0.db.read();
    let end = store::last_seal(db).await?.map_or(0, |seal| seal.seq);
    let (mut lines, mut last) = (Vec::new(), None);
    let (mut after, mut at_us) = (None, 0);
    while lines.len() < most {
        let page = store::seals_after(db, after, PAGE).await?;
        let seals: Vec<seals::Model> = page.into_iter().map_while(Result::ok).collect();
        let Some(page_end) = seals.last() else { break };
        after = Some(page_end.seq);
        let ids: Vec<Uuid> = seals.iter().map(|seal| seal.event_id).collect();
        let mut events = places(store::events_by_ids(db, &ids).await?);
        for seal in seals {
            let event = match events.remove(&seal.event_id) {
                Some(Place::Event(event)) => Some(event),
                Some(Place::Unreadable) => bail!("the event {} cannot be read: verify the audit", seal.event_id),
                Some(Place::Empty) | None => None,
            };
            at_us = event.as_ref().map_or(at_us, |event| event.at_us);
            // The chain's end stays in the database, for the next seal and the head file.
            if at_us >= to_us(before) || seal.seq == end {
                return Ok((lines, last));
            }
            lines.push(Line::new(Some(&seal), seal.event_id, event.as_deref()));
            last = Some((seal, at_us));
        }
    }
    Ok((lines, last))
}

/// On the disk, whole, before anything is removed from the database; answers its digest. What a crash left there
/// under this name is written anew.
fn write(path: &Path, lines: &[Line]) -> anyhow::Result<String> {
    let directory = path.parent().context("the archive's directory has no parent")?;
    fs::DirBuilder::new().recursive(true).mode(0o700).create(directory)?;
    let new = path.with_added_extension("new");
    let mut digest = Sha256::new();
    let file = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&new)?;
    let mut out = std::io::BufWriter::new(file);
    for line in lines {
        let text = line.to_text() + "\n";
        digest.update(text.as_bytes());
        out.write_all(text.as_bytes())?;
    }
    out.into_inner()?.sync_all()?;
    fs::rename(&new, path)?;
    fs::File::open(directory)?.sync_all()?;
    Ok(hex(&digest.finalize()))
}

pub(super) fn file_name(first_seq: i64, last_seq: i64) -> String {
    format!("audit-{first_seq:012}-{last_seq:012}.ndjson")
}

/// Whether the server wrote this row.
pub(super) fn is_ours(key: &Key, row: &archives::Model) -> bool {
    code(key, row) == row.mac
}

fn code(key: &Key, row: &archives::Model) -> String {
    let numbers = [row.first_seq, row.last_seq, row.last_at_us].map(i64::to_be_bytes);
    let texts = [&row.last_mac, &row.file, &row.sha256].map(|text| text.as_bytes());
    key.over("archive", &[&numbers[0], &numbers[1], &numbers[2], texts[0], texts[1], texts[2]])
}

/// Reads a file of the archive line by line.
pub(super) struct Reader {
    file: BufReader<fs::File>,
    digest: Sha256,
    number: u64,
}

pub(super) enum Next {
    Rows(seals::Model, Option<Box<events::Model>>),
    /// The line of this number.
    Unreadable(u64),
    End {
        sha256: String,
    },
}

impl Reader {
    pub(super) fn open(path: &Path) -> std::io::Result<Reader> {
        Ok(Reader { file: BufReader::new(fs::File::open(path)?), digest: Sha256::new(), number: 0 })
    }

    pub(super) fn next(&mut self) -> std::io::Result<Next> {
        let mut line = Vec::new();
        if (&mut self.file).take(MAX_LINE).read_until(b'\n', &mut line)? == 0 {
            return Ok(Next::End { sha256: hex(&std::mem::take(&mut self.digest).finalize()) });
        }
        self.digest.update(&line);
        self.number += 1;
        let rows = serde_json::from_slice::<Line>(&line).ok().and_then(Line::rows);
        Ok(match rows {
            Some((seal, event)) => Next::Rows(seal, event.map(Box::new)),
            None => Next::Unreadable(self.number),
        })
    }
}
