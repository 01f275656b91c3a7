//! Gives each event its place: a seal over the event and the seal before it. Within a second of the event's commit.

use std::collections::HashMap;
use std::fs::{File, TryLockError};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context, anyhow};
use sea_orm::{ConnectionTrait, DbErr};
use serde_json::json;
use tokio::sync::Mutex;
use uuid::Uuid;

use super::chain::BEGINNING;
use super::head::{Head, HeadFile};
use super::line::Line;
use super::store::{self, Found, PAGE, events, seals};
use super::{Event, Log, Outcome, Who, archive, head};

/// Other processes write events too, and nobody wakes us for theirs.
const LOOK: Duration = Duration::from_millis(400);
/// What comes together is sealed together.
const GATHER: Duration = Duration::from_millis(200);
/// An event has its place this soon, as long as the database answers.
pub(super) const WINDOW_SECONDS: u32 = 1;
/// Seals that are looked at for one that our key made.
const NEWEST: u64 = 100;

#[derive(Default)]
pub(super) struct Sealer {
    /// The last seal that we know of; also in the head file.
    known: Mutex<Option<Head>>,
    /// The last head could not be written; said once.
    head_fails: AtomicBool,
    /// Locked while this process seals.
    held: OnceLock<File>,
}

/// Says for as long as this process lives, however it ends, that it seals: by a lock on the key's file.
pub(super) fn announce(log: &Log) {
    let path = &log.0.places.key;
    let held = File::open(path).and_then(|file| file.lock_shared().map(|()| file));
    match held {
        Ok(file) => drop(log.0.sealer.held.set(file)),
        Err(error) => {
            let path = path.display();
            tracing::warn!(%error, %path, "the key cannot be locked: `audit verify` will not know that a server runs");
        }
    }
}

/// Whether this process or another one on this host seals, so that what waits should have its place by now.
pub(super) fn is_under_way(log: &Log) -> bool {
    let lock = File::open(&log.0.places.key).map(|file| file.try_lock());
    matches!(lock, Ok(Err(TryLockError::WouldBlock)))
}

/// Begins a chain where there is none, and otherwise sees to it that it is ours.
pub(super) async fn take_up(log: &Log) -> anyhow::Result<()> {
    let db = &log.0.db;
    let begun = last(db.read()).await?;
    let mut known = log.0.sealer.known.lock().await;
    match (head::read(&log.0.key, &log.0.places.head), begun) {
        (HeadFile::Is(head), _) => *known = Some(head),
        (HeadFile::Missing, None) => {
            begin(log).await.context("beginning the audit's chain")?;
            let start = Head { seq: 0, mac: BEGINNING.to_owned(), at: log.0.clock.now() };
            head::write(&log.0.key, &log.0.places.head, &start)
                .with_context(|| format!("writing {}", log.0.places.head.display()))?;
            *known = Some(start);
        }
        (HeadFile::Missing, Some(_)) if !is_anothers(log).await? => note(log, "audit.head-missing").await?,
        (HeadFile::Unproven, Some(_)) if !is_anothers(log).await? => note(log, "audit.head-unproven").await?,
        _ => return Err(wrong_key(log)),
    }
    drop(known);
    log.seal().await?;
    Ok(())
}

/// Seals until the process ends.
pub(super) async fn run(log: Log) {
    let mut failing = false;
    loop {
        let _ = tokio::time::timeout(LOOK, log.0.written.notified()).await;
        tokio::time::sleep(GATHER).await;
        match log.seal().await {
            Ok(()) if failing => {
                failing = false;
                tracing::info!("the audit is sealed again");
            }
            Err(error) if !failing => {
                failing = true;
                tracing::error!(%error, "the audit cannot be sealed now");
            }
            _ => {}
        }
    }
}

impl Log {
    /// Seals what is not sealed yet.
    pub(super) async fn seal(&self) -> Result<(), DbErr> {
        let mut known = self.0.sealer.known.lock().await;
        while !store::to_be_sealed(self.0.db.read(), 1).await?.is_empty() {
            let (head, lines) = seal_batch(self, known.as_ref()).await?;
            write_head(self, head.clone()).await;
            *known = Some(head);
            if let Some(copies) = &self.0.copies {
                lines.into_iter().for_each(|line| copies.send(line));
            }
        }
        Ok(())
    }
}

/// One transaction of seals; answers where the chain ends now, and what was sealed.
async fn seal_batch(log: &Log, known: Option<&Head>) -> Result<(Head, Vec<Line>), DbErr> {
    let tx = log.0.db.begin().await?;
    store::take_turn(&tx).await?;
    let mut end = continue_from(log, &tx, known).await?;
    let marks = store::to_be_sealed(&tx, PAGE).await?;
    let ids: Vec<Uuid> = marks.iter().map(|mark| mark.event_id).collect();
    let mut found: HashMap<Uuid, Found> = store::events_by_ids(&tx, &ids)
        .await?
        .into_iter()
        .filter_map(|found| match &found {
            Found::Event(event) => Some((event.id, found)),
            Found::Unreadable(id) => id.map(|id| (id, found)),
        })
        .collect();
    let sealed = store::sealed_among(&tx, &ids).await?;
    let (mut made, mut lines) = (Vec::new(), Vec::new());
    for mark in marks {
        // A second place for it would make this batch fail, and each one after it.
        if sealed.contains(&mark.event_id) {
            tell_not_sealed(log, &tx, mark.event_id, "marked though it has its place").await?;
            continue;
        }
        let event = match found.remove(&mark.event_id) {
            Some(Found::Event(event)) if is_genuine(log, &event) && event.mac.as_ref() == Some(&mark.mac) => {
                Some(event)
            }
            // It gets a place all the same: so its absence is seen there.
            None => None,
            Some(_) => {
                tell_not_sealed(log, &tx, mark.event_id, "altered or added before it was sealed").await?;
                continue;
            }
        };
        let seq = end.seq.checked_add(1).ok_or_else(no_place)?;
        let mac = log.0.key.seal(seq, mark.event_id, &mark.mac, &end.mac);
        let seal = seals::Model { seq, event_id: mark.event_id, previous: end.mac, mac: mac.clone() };
        if log.0.copies.is_some() {
            lines.push(Line::new(Some(&seal), mark.event_id, event.as_deref()));
        }
        made.push(seal);
        end = Head { seq, mac, at: log.0.clock.now() };
    }
    if !made.is_empty() {
        store::insert_seals(&tx, made).await?;
    }
    store::unmark(&tx, &ids).await?;
    tx.commit().await?;
    Ok((end, lines))
}

/// Records that this one gets no place. Its mark goes, so that this is recorded once.
async fn tell_not_sealed(log: &Log, tx: &impl ConnectionTrait, event: Uuid, why: &str) -> Result<(), DbErr> {
    let id = event.to_string();
    tracing::error!(event = id, why, "an event of the audit is not sealed");
    let told = Event::new("audit.not-sealed", &id).with(json!({"why": why}));
    store::insert(tx, vec![log.entry(Who::Server, told, Outcome::Refused.as_str(), None)]).await
}

/// No chain gets this long. Whoever moved a seal there has to be found before the chain can go on.
fn no_place() -> DbErr {
    let last = i64::MAX;
    DbErr::Custom(format!(
        "a seal of the audit is at the place {last}, behind which there is no place: verify the audit"
    ))
}

/// Where the next seal goes. Where the chain's end is gone from the database, it goes on behind what we know of, so
/// that the gap stays to be seen.
async fn continue_from(log: &Log, tx: &impl ConnectionTrait, known: Option<&Head>) -> Result<Head, DbErr> {
    let last = last(tx).await?;
    let at = log.0.clock.now();
    let end = match &last {
        Some(last) => Head { seq: last.seq, mac: last.mac.clone(), at },
        None => Head { seq: 0, mac: BEGINNING.to_owned(), at },
    };
    let Some(known) = known else { return Ok(end) };
    let tell = async |action, detail| {
        tracing::error!(action, %detail, "the audit was tampered with");
        let event = Event::new(action, "").with(detail);
        store::insert(tx, vec![log.entry(Who::Server, event, Outcome::Failed.as_str(), None)]).await
    };
    if known.seq > end.seq {
        tell("audit.end-missing", json!({"first_seq": end.seq + 1, "last_seq": known.seq})).await?;
        return Ok(known.clone());
    }
    let is_there = match store::seal_at(tx, known.seq).await? {
        Some(seal) => seal.mac == known.mac,
        None => known.seq == 0 || store::archives(tx).await?.iter().any(|archive| archive.last_seq >= known.seq),
    };
    if !is_there {
        tell("audit.end-replaced", json!({"seq": known.seq})).await?;
    }
    Ok(end)
}

/// The chain's end in the database.
async fn last(db: &impl ConnectionTrait) -> Result<Option<Head>, DbErr> {
    let at = chrono::DateTime::UNIX_EPOCH;
    if let Some(seal) = store::last_seal(db).await? {
        return Ok(Some(Head { seq: seal.seq, mac: seal.mac, at }));
    }
    let archive = store::archives(db).await?.pop();
    Ok(archive.map(|archive| Head { seq: archive.last_seq, mac: archive.last_mac, at }))
}

/// The chain's first event. What earlier versions recorded gets its codes now, once: from here on it cannot be altered
/// unnoticed; whether it was before, nobody can tell.
async fn begin(log: &Log) -> Result<(), DbErr> {
    let tx = log.0.db.begin().await?;
    let mut earlier = 0;
    loop {
        let rows = store::events_without_mac(&tx, PAGE).await?;
        if rows.is_empty() {
            break;
        }
        earlier += rows.len();
        for row in rows {
            store::adopt(&tx, &row, log.0.key.event(&row)).await?;
        }
    }
    let event = Event::new("audit.begin", "").with(json!({"earlier_events": earlier}));
    log.record(&tx, Who::Server, event).await?;
    tx.commit().await
}

/// Whether there is a chain, and our key made nothing of what is newest there. One event, seal or archive that it made
/// is enough: the others were then altered, which is for `verify` to tell.
pub(super) async fn is_anothers(log: &Log) -> Result<bool, DbErr> {
    let (db, key) = (log.0.db.read(), &log.0.key);
    let archives = store::archives(db).await?;
    let newest = store::newest_seals(db, NEWEST).await?;
    if archives.is_empty() && newest.is_empty() {
        return Ok(false);
    }
    let seals: HashMap<Uuid, seals::Model> = newest.into_iter().flatten().map(|seal| (seal.event_id, seal)).collect();
    let ids: Vec<Uuid> = seals.keys().copied().collect();
    let is_ours = |found: Found| match found {
        Found::Event(event) => {
            is_genuine(log, &event)
                || seals.get(&event.id).is_some_and(|seal| {
                    let mac = event.mac.as_deref().unwrap_or_default();
                    key.seal(seal.seq, event.id, mac, &seal.previous) == seal.mac
                })
        }
        Found::Unreadable(_) => false,
    };
    let found = store::events_by_ids(db, &ids).await?;
    Ok(!archives.iter().any(|row| archive::is_ours(key, row)) && !found.into_iter().any(is_ours))
}

/// What to say where it is.
pub(super) fn wrong_key(log: &Log) -> anyhow::Error {
    let key = log.0.places.key.display();
    anyhow!(
        "the audit's chain was not made with the key in {key}: name the server's data directory (server.data), or \
         restore the right key from your backup"
    )
}

fn is_genuine(log: &Log, event: &events::Model) -> bool {
    event.mac.as_deref() == Some(log.0.key.event(event).as_str())
}

async fn note(log: &Log, action: &'static str) -> anyhow::Result<()> {
    let path = log.0.places.head.display().to_string();
    tracing::warn!(path, action, "whether the audit's end was cut cannot be told");
    Ok(log.note(Who::Server, Outcome::Failed, Event::new(action, &path)).await?)
}

/// A head that is behind does no harm: the next one is written in a moment.
async fn write_head(log: &Log, head: Head) {
    let (key, path) = (log.0.key.clone(), log.0.places.head.clone());
    let written = tokio::task::spawn_blocking(move || head::write(&key, &path, &head)).await;
    let written = written.map_err(std::io::Error::other).and_then(|written| written);
    let failed_before = log.0.sealer.head_fails.swap(written.is_err(), Ordering::Relaxed);
    let path = log.0.places.head.display();
    match written {
        Err(error) if !failed_before => tracing::error!(%error, %path, "the audit's head cannot be written"),
        Ok(()) if failed_before => tracing::info!(%path, "the audit's head is written again"),
        _ => {}
    }
}
