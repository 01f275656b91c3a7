//! Lists and exports events.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::DbErr;
use serde_json::Value;
use uuid::Uuid;

use super::line::Line;
use super::store::{self, Found, PAGE, Wanted, events};
use super::walk::{Place, places};
use super::{Ending, INTENT, Log, Outcome};
use crate::db::{from_us, to_us};

/// A deed that has not ended by then has probably died with its process.
const UNKNOWN_AFTER: TimeDelta = TimeDelta::minutes(2);

/// What a list is asked for.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// A user's name or id.
    pub actor: Option<String>,
    /// A deed, or a noun with its dot: `job.`.
    pub action: Option<String>,
    /// What it was done to; for a job also the scheduler's id.
    pub object: Option<String>,
    pub result: Option<Ending>,
    pub since: Option<DateTime<Utc>>,
    pub until: Option<DateTime<Utc>>,
    pub text: Option<String>,
}

/// An event; where it was an intent, with how that ended.
#[derive(Clone, Debug)]
pub struct Entry {
    pub id: Uuid,
    /// Its place in the chain, once it has one.
    pub seq: Option<i64>,
    pub at: DateTime<Utc>,
    pub actor: String,
    pub actor_id: Option<Uuid>,
    pub unix_user: Option<String>,
    pub session_id: Option<Uuid>,
    pub key_id: Option<Uuid>,
    pub address: String,
    pub request_id: String,
    pub action: String,
    pub object: String,
    pub job_id: Option<String>,
    pub result: Ending,
    pub concluded_at: Option<DateTime<Utc>>,
    pub detail: Value,
}

pub struct List {
    pub entries: Vec<Entry>,
    pub next: Option<(DateTime<Utc>, Uuid)>,
    pub total: Option<u64>,
}

impl Log {
    /// The newest first, from behind the entry at `before` on.
    pub async fn list(
        &self,
        filter: &Filter,
        before: Option<(DateTime<Utc>, Uuid)>,
        limit: u64,
        count: bool,
    ) -> Result<List, DbErr> {
        let db = self.0.db.read();
        let unknown_before_us = to_us(self.0.clock.now() - UNKNOWN_AFTER);
        let wanted = wanted(filter, unknown_before_us);
        let total = if count { Some(store::count(db, &wanted).await?) } else { None };
        let before = before.map(|(at, id)| (to_us(at), id));
        let mut rows = store::list(db, &wanted, before, limit + 1).await?;
        let has_more = rows.len() as u64 > limit;
        rows.truncate(limit as usize);
        let next = rows.last().filter(|_| has_more).map(|row| (from_us(row.at_us), row.id));

        let ids: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
        let places: HashMap<Uuid, i64> =
            store::seals_of(db, &ids).await?.into_iter().map(|seal| (seal.event_id, seal.seq)).collect();
        let intents: Vec<Uuid> = rows.iter().filter(|row| row.result == INTENT).map(|row| row.id).collect();
        let mut ends: HashMap<Uuid, events::Model> = HashMap::new();
        for end in store::conclusions(db, &intents).await? {
            if let Some(intent) = end.intent_id {
                // The last one counts: what was unknown at first may have been found out.
                ends.insert(intent, end);
            }
        }
        let entry = |row: events::Model| {
            let (place, end) = (places.get(&row.id).copied(), ends.remove(&row.id));
            entry(row, place, end, unknown_before_us)
        };
        Ok(List { entries: rows.into_iter().map(entry).collect(), next, total })
    }

    /// One page of the export, as lines of text: the chain behind the place `after`, or, once that is told, what has no
    /// place yet. `None`: that was all.
    pub(super) async fn export_page(&self, from: Export) -> Result<Option<(String, Export)>, DbErr> {
        let db = self.0.db.read();
        let mut text = String::new();
        let mut add = |line: Line| {
            if line.at().is_some_and(|at| from.includes(at)) || line.at().is_none() {
                text.push_str(&line.to_text());
                text.push('\n');
            }
        };
        let position = match from.position {
            Position::Chain(after) => {
                let seals: Vec<_> =
                    store::seals_after(db, after, PAGE).await?.into_iter().filter_map(Result::ok).collect();
                let end = seals.last().map(|seal| seal.seq);
                let ids: Vec<Uuid> = seals.iter().map(|seal| seal.event_id).collect();
                let mut events = places(store::events_by_ids(db, &ids).await?);
                for seal in seals {
                    let event = match events.remove(&seal.event_id) {
                        Some(Place::Event(event)) => Some(event),
                        _ => None,
                    };
                    add(Line::new(Some(&seal), seal.event_id, event.as_deref()));
                }
                end.map_or(Position::Unsealed(None), |end| Position::Chain(Some(end)))
            }
            Position::Unsealed(after) => {
                let found = store::without_seal(db, true, after, PAGE).await?;
                let mut end = None;
                for found in found {
                    if let Found::Event(event) = found {
                        end = Some(event.id);
                        add(Line::new(None, event.id, Some(&event)));
                    }
                }
                match end {
                    Some(end) => Position::Unsealed(Some(end)),
                    None => return Ok(None),
                }
            }
        };
        Ok(Some((text, Export { position, ..from })))
    }
}

/// How far an export has come.
#[derive(Clone, Copy, Debug)]
pub struct Export {
    position: Position,
    since: Option<DateTime<Utc>>,
    until: Option<DateTime<Utc>>,
}

#[derive(Clone, Copy, Debug)]
enum Position {
    Chain(Option<i64>),
    Unsealed(Option<Uuid>),
}

impl Export {
    /// Events of this time, from `since` to before `until`.
    pub fn of(since: Option<DateTime<Utc>>, until: Option<DateTime<Utc>>) -> Export {
        Export { position: Position::Chain(None), since, until }
    }

    fn includes(&self, at: DateTime<Utc>) -> bool {
        self.since.is_none_or(|since| at >= since) && self.until.is_none_or(|until| at < until)
    }
}

fn wanted(filter: &Filter, unknown_before_us: i64) -> Wanted {
    let actor_id = filter.actor.as_deref().and_then(|actor| Uuid::parse_str(actor).ok());
    Wanted {
        actor: filter.actor.clone().filter(|_| actor_id.is_none()),
        actor_id,
        action: filter.action.clone(),
        object: filter.object.clone(),
        result: filter.result,
        since_us: filter.since.map(to_us),
        until_us: filter.until.map(to_us),
        text: filter.text.clone(),
        unknown_before_us,
    }
}

fn entry(row: events::Model, seq: Option<i64>, end: Option<events::Model>, unknown_before_us: i64) -> Entry {
    let result = match (&end, row.result.as_str()) {
        (Some(end), _) => ending(&end.result),
        (None, INTENT) if row.at_us >= unknown_before_us => Ending::Pending,
        (None, result) => ending(result),
    };
    let concluded_at = end.as_ref().map(|end| from_us(end.at_us));
    let (late_job_id, late_detail) = end.map_or((None, Value::Null), |end| (end.job_id, end.detail));
    Entry {
        id: row.id,
        seq,
        at: from_us(row.at_us),
        actor: row.actor,
        actor_id: row.actor_id,
        unix_user: row.unix_user,
        session_id: row.session_id,
        key_id: row.key_id,
        address: row.address,
        request_id: row.request_id,
        action: row.action,
        object: row.object,
        job_id: late_job_id.or(row.job_id),
        result,
        concluded_at,
        detail: both(row.detail, late_detail),
    }
}

fn ending(result: &str) -> Ending {
    Outcome::parse(result).map_or(Ending::Unknown, Ending::from)
}

/// What was known before and what came to be known after.
fn both(before: Value, after: Value) -> Value {
    match (before, after) {
        (Value::Object(mut before), Value::Object(after)) => {
            before.extend(after);
            Value::Object(before)
        }
        (before, _) => before,
    }
}
