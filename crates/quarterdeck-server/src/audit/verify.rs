//! Looks at all events there are, in pages: the archive's files, the database, the head file.

use std::path::Path;

use anyhow::Context;
use sea_orm::DbErr;
use uuid::Uuid;

use super::head::{Head, HeadFile};
use super::store::{self, Found, PAGE, archives, events};
use super::walk::{Finding, Kind, Place, Walk, places};
use super::{Log, archive, head, seal};

/// While an archive is made, what is looked at moves: then from the beginning, this often.
const ATTEMPTS: usize = 3;
/// Events without a place that are remembered.
const MOST: usize = 1_000;
/// An event that waits for its place while others, this much later, have theirs, is overdue.
const OVERDUE_US: i64 = 60_000_000;

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
    /// Verifies everything, whether a server runs or not.
    pub async fn verify(&self) -> anyhow::Result<Report> {
        let mut attempt = 1;
        loop {
            // Before the database: a head may be behind, never ahead.
            let head = head::read(&self.0.key, &self.0.places.head);
            let before = store::archives(self.0.db.read()).await?;
            let report = look(self, head, &before).await?;
            let has_moved = store::archives(self.0.db.read()).await? != before;
            if !has_moved || attempt == ATTEMPTS {
                return Ok(report);
            }
            attempt += 1;
        }
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
        told.push(look_at_archive(log, &mut walk, row).await?);
    }
    look_at_seals(log, &mut walk).await?;
    tell_of_head(&mut walk, &head, &log.0.places.head);
    let (checked, first_seq, last_seq) = (walk.checked, walk.first_seq, walk.last_seq());
    let (lost, strangers) = without_place(log, &mut walk).await?;
    let (findings, omitted) = walk.finish(lost, strangers);
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

async fn look_at_archive(log: &Log, walk: &mut Walk, row: &archives::Model) -> anyhow::Result<Archive> {
    let (file, first_seq, last_seq) = (row.file.clone(), row.first_seq, row.last_seq);
    let is_ours = archive::is_ours(&log.0.key, row);
    if !is_ours {
        let detail = format!("What the database says of the archive's file {file} is not what was written.");
        walk.tell(Finding::new(Kind::Altered, Some(first_seq), detail));
    }
    let path = log.0.places.archive.join(&file);
    // Only names that the server gives: the row may be somebody else's.
    let is_there = archive::file_name(first_seq, last_seq) == file && path.is_file();
    if !is_there {
        walk.skip_to(first_seq, row, is_ours);
        return Ok(Archive { file, first_seq, last_seq, is_there });
    }
    let mut reader = archive::Reader::open(&path).await.with_context(|| format!("reading {}", path.display()))?;
    loop {
        match reader.next().await.with_context(|| format!("reading {}", path.display()))? {
            archive::Next::Rows(seal, Some(event)) => walk.step(seal, Place::Event(event)),
            archive::Next::Rows(seal, None) => walk.step(seal, Place::Empty),
            archive::Next::Unreadable(number) => {
                let detail = format!("Line {number} of the archive's file {file} cannot be read.");
                walk.step_over_in_archive(detail);
            }
            archive::Next::End { sha256 } => {
                let is_short = walk.last_seq() < last_seq;
                if is_short {
                    walk.skip_to(last_seq + 1, row, is_ours);
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

async fn look_at_seals(log: &Log, walk: &mut Walk) -> anyhow::Result<()> {
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
        for seal in page {
            match seal {
                Ok(seal) => {
                    let place = events.remove(&seal.event_id).unwrap_or(Place::Empty);
                    walk.step(seal, place);
                }
                Err(seq) => walk.step_over(seq),
            }
        }
        match end {
            Some(seq) if seq < until => after = Some(seq),
            _ => return Ok(()),
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
async fn without_place(log: &Log, walk: &mut Walk) -> Result<(Vec<events::Model>, Vec<events::Model>), DbErr> {
    let (mut lost, mut strangers) = (Vec::new(), Vec::new());
    let overdue = walk.last_at_us().saturating_sub(OVERDUE_US);
    for waiting in [false, true] {
        let mut after = None;
        loop {
            let page = store::without_seal(log.0.db.read(), waiting, after, PAGE).await?;
            let end = page.last().and_then(|found| match found {
                Found::Event(event) => Some(event.id),
                Found::Unreadable(id) => *id,
            });
            for found in page {
                let event = match found {
                    Found::Event(event) => *event,
                    Found::Unreadable(id) => {
                        let finding = Finding::new(Kind::Added, None, "An event that cannot be read, without a place.");
                        walk.tell(Finding { event_id: id, ..finding });
                        continue;
                    }
                };
                let is_ours = event.mac.as_deref() == Some(log.0.key.event(&event).as_str());
                let pile = match is_ours {
                    true if waiting && event.at_us >= overdue => continue,
                    true => &mut lost,
                    false => &mut strangers,
                };
                if pile.len() < MOST {
                    pile.push(event);
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
