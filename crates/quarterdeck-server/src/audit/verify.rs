//! Looks at all events there are, in pages: the archive's files, the database, the head file.

use std::path::Path;

use anyhow::Context;
use thiserror::Error;
use tokio::task::spawn_blocking;
use uuid::Uuid;

use super::head::{Head, HeadFile};
use super::store::{self, Found, PAGE, archives, events};
use super::walk::{Finding, Kind, Place, Walk, places};
use super::{Log, archive, head, seal};
use crate::db::to_us;

/// While an archive is made, what is looked at moves: then from the beginning, this often.
const ATTEMPTS: usize = 3;
/// Events without a place that are remembered.
const MOST: usize = 1_000;
/// An event that waits for its place is overdue where others that are this much later have theirs, or where it is this
/// old and a server runs. Its time is taken before its commit, which may be late, and hosts' clocks differ.
const SLACK_US: i64 = 30_000_000;

#[derive(Debug, Error)]
pub enum Error {
    #[error("The audit is being verified already: try again in a few seconds.")]
    Busy,
    #[error("verifying the audit: {0:#}")]
    Internal(#[from] anyhow::Error),
}

/// What was looked at, and what is wrong with it.
pub struct Report {
    /// Events with a place in the chain.
    pub checked: u64,
    pub first_seq: Option<i64>,
    pub last_seq: Option<i64>,
    /// Events that wait for their place: of the last second, or since the server stopped.
    pub waiting: u64,
    pub window_seconds: u32,
    /// The head file: up to which place it knows the chain.
    pub head_seq: Option<i64>,
    pub head_at: Option<chrono::DateTime<chrono::Utc>>,
    pub archives: Vec<Archive>,
    pub findings: Vec<Finding>,
    /// Further findings, not told one by one.
    pub omitted: u64,
}

/// One of the archive's files.
pub struct Archive {
    pub file: String,
    pub first_seq: i64,
    pub last_seq: i64,
    /// It is where the server wrote it, and was looked at.
    pub is_there: bool,
}

impl Report {
    pub fn is_ok(&self) -> bool {
        self.findings.is_empty()
    }
}

impl Log {
    /// Verifies everything, whether a server runs or not. Codes are made off the threads that answer requests.
    pub async fn verify(&self) -> Result<Report, Error> {
        let _alone = self.0.verifying.try_acquire().map_err(|_| Error::Busy)?;
        Ok(look_until_still(self).await?)
    }
}

async fn look_until_still(log: &Log) -> anyhow::Result<Report> {
    let mut attempt = 1;
    loop {
        // Before the database: a head may be behind, never ahead.
        let head = head::read(&log.0.key, &log.0.places.head);
        let before = store::archives(log.0.db.read()).await?;
        let report = look(log, head, &before).await?;
        let has_moved = store::archives(log.0.db.read()).await? != before;
        if !has_moved || attempt == ATTEMPTS {
            return Ok(report);
        }
        attempt += 1;
    }
}

async fn look(log: &Log, head: HeadFile, archives: &[archives::Model]) -> anyhow::Result<Report> {
    let known = match &head {
        HeadFile::Is(head) => Some(head.clone()),
        HeadFile::Missing | HeadFile::Unproven => None,
    };
    let mut walk = Walk::new(log.0.key.clone(), known.clone());
    let mut told = Vec::new();
    for row in archives {
        let (log, row) = (log.clone(), row.clone());
        let looked = spawn_blocking(move || look_at_archive(&log, &mut walk, row).map(|archive| (walk, archive)));
        let (back, archive) = looked.await??;
        walk = back;
        told.push(archive);
    }
    let mut walk = look_at_seals(log, walk).await?;
    tell_of_head(&mut walk, &head, &log.0.places.head);
    let (checked, first_seq, last_seq) = (walk.checked, walk.first_seq, walk.last_seq());
    let (lost, strangers) = without_place(log, &mut walk).await?;
    let (findings, omitted) = spawn_blocking(move || walk.finish(lost, strangers)).await?;
    Ok(Report {
        checked,
        first_seq,
        last_seq: Some(last_seq).filter(|seq| *seq > 0),
        waiting: store::count_unsealed(log.0.db.read()).await?,
        window_seconds: seal::WINDOW_SECONDS,
        head_seq: known.as_ref().map(|head| head.seq),
        head_at: known.map(|Head { at, .. }| at),
        archives: told,
        findings,
        omitted,
    })
}

fn look_at_archive(log: &Log, walk: &mut Walk, row: archives::Model) -> anyhow::Result<Archive> {
    let (file, first_seq, last_seq) = (row.file.clone(), row.first_seq, row.last_seq);
    let is_ours = archive::is_ours(&log.0.key, &row);
    if !is_ours {
        let detail = format!("What the database says of the archive's file {file} is not what was written.");
        walk.tell(Finding::new(Kind::Altered, Some(first_seq), detail));
    }
    let path = log.0.places.archive.join(&file);
    // Only names that the server gives: the row may be somebody else's.
    let is_there = archive::file_name(first_seq, last_seq) == file && path.is_file();
    if !is_there {
        walk.skip_to(first_seq, &row, is_ours);
        return Ok(Archive { file, first_seq, last_seq, is_there });
    }
    let mut reader = archive::Reader::open(&path).with_context(|| format!("reading {}", path.display()))?;
    loop {
        match reader.next().with_context(|| format!("reading {}", path.display()))? {
            archive::Next::Rows(seal, Some(event)) => walk.step(seal, Place::Event(event)),
            archive::Next::Rows(seal, None) => walk.step(seal, Place::Empty),
            archive::Next::Unreadable(number) => {
                let detail = format!("Line {number} of the archive's file {file} cannot be read.");
                walk.step_over_in_archive(detail);
            }
            archive::Next::End { sha256 } => {
                let is_short = walk.last_seq() < last_seq;
                if is_short {
                    walk.skip_to(last_seq.saturating_add(1), &row, is_ours);
                }
                let ends_well = walk.last_seq() == last_seq && walk.last_mac() == row.last_mac;
                if (sha256 != row.sha256 || !ends_well) && !walk.has_findings_in(first_seq, last_seq) {
                    let detail = format!("The archive's file {file} is not what was written.");
                    walk.tell(Finding::new(Kind::Altered, Some(first_seq), detail));
                }
                return Ok(Archive { file, first_seq, last_seq, is_there });
            }
        }
    }
}

async fn look_at_seals(log: &Log, mut walk: Walk) -> anyhow::Result<Walk> {
    let db = log.0.db.read();
    // What is sealed meanwhile is for the next time.
    let until = store::last_seal(db).await.ok().flatten().map_or(i64::MAX, |seal| seal.seq);
    let mut after = None;
    loop {
        let page = store::seals_after(db, after, PAGE).await?;
        let end = match page.last() {
            Some(Ok(seal)) => Some(seal.seq),
            Some(Err(seq)) => *seq,
            None => None,
        };
        let ids: Vec<Uuid> = page.iter().flatten().map(|seal| seal.event_id).collect();
        let mut events = places(store::events_by_ids(db, &ids).await?);
        let stepped = spawn_blocking(move || {
            for seal in page {
                match seal {
                    Ok(seal) => {
                        let place = events.remove(&seal.event_id).unwrap_or(Place::Empty);
                        walk.step(seal, place);
                    }
                    Err(seq) => walk.step_over(seq),
                }
            }
            walk
        });
        walk = stepped.await?;
        match end {
            Some(seq) if seq < until => after = Some(seq),
            _ => return Ok(walk),
        }
    }
}

fn tell_of_head(walk: &mut Walk, head: &HeadFile, path: &Path) {
    let path = path.display();
    match head {
        HeadFile::Is(_) => {}
        HeadFile::Missing if walk.last_seq() == 0 => {}
        HeadFile::Missing => {
            let detail = format!("The head file {path} is gone: whether the chain's end was cut cannot be told.");
            walk.tell(Finding::new(Kind::Head, None, detail));
        }
        HeadFile::Unproven => {
            let detail = format!("The head file {path} is not what the server wrote.");
            walk.tell(Finding::new(Kind::Head, None, detail));
        }
    }
}

/// Events without a place, of those that should have one: the server's own, and others'.
async fn without_place(log: &Log, walk: &mut Walk) -> anyhow::Result<(Vec<events::Model>, Vec<events::Model>)> {
    let (mut lost, mut strangers) = (Vec::new(), Vec::new());
    let overdue_before = overdue_before(log, walk);
    for waiting in [false, true] {
        let mut after = None;
        loop {
            let page = store::without_seal(log.0.db.read(), waiting, after, PAGE).await?;
            let end = page.last().and_then(|found| match found {
                Found::Event(event) => Some(event.id),
                Found::Unreadable(id) => *id,
            });
            let key = log.0.key.clone();
            let known = move |found| match found {
                Found::Event(event) => Ok((event.mac.as_ref() == Some(&key.event(&event)), event)),
                Found::Unreadable(id) => Err(id),
            };
            let page: Vec<_> = spawn_blocking(move || page.into_iter().map(known).collect()).await?;
            for event in page {
                let (is_ours, event) = match event {
                    Ok(event) => event,
                    Err(id) => {
                        let finding = Finding::new(Kind::Added, None, "An event that cannot be read, without a place.");
                        walk.tell(Finding { event_id: id, ..finding });
                        continue;
                    }
                };
                let pile = match is_ours {
                    true if waiting && event.at_us >= overdue_before => continue,
                    true => &mut lost,
                    false => &mut strangers,
                };
                if pile.len() < MOST {
                    pile.push(*event);
                } else {
                    walk.omit();
                }
            }
            match end {
                Some(id) => after = Some(id),
                None => break,
            }
        }
    }
    Ok((lost, strangers))
}

/// What is older than this and waits for its place should have it. Where no server runs on this host, what a crash left
/// waits rightly, however long, until the next start: only that later ones have theirs shows then that it was left out.
fn overdue_before(log: &Log, walk: &Walk) -> i64 {
    let now = if seal::is_under_way(log) { to_us(log.0.clock.now()) } else { i64::MIN };
    now.max(walk.last_at_us()).saturating_sub(SLACK_US)
}
