//! One event as a line of JSON: in the export, in the archive's files and for the log daemon. All three tell the same,
//! so that they can be compared, and that an archive or a full export can be verified without the database.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use super::store::{events, seals};
use crate::db::{from_us, to_us};

#[derive(Serialize, Deserialize)]
pub(super) struct Line {
    /// Its place in the chain; null while it has none.
    pub(super) seq: Option<i64>,
    /// The seal's code, and that of the seal before it.
    pub(super) seal: Option<String>,
    pub(super) previous: Option<String>,
    pub(super) event_id: Uuid,
    /// Null where the event was gone from its place.
    pub(super) event: Option<Event>,
}

#[derive(Serialize, Deserialize)]
pub(super) struct Event {
    at: DateTime<Utc>,
    actor_id: Option<Uuid>,
    actor: String,
    unix_user: Option<String>,
    session_id: Option<Uuid>,
    key_id: Option<Uuid>,
    address: String,
    request_id: String,
    action: String,
    object: String,
    job_id: Option<String>,
    /// `intent` for what was about to be done; how it ended is an event of its own with this one's id as `intent_id`.
    result: String,
    intent_id: Option<Uuid>,
    detail: Value,
    mac: Option<String>,
}

impl Line {
    pub(super) fn new(seal: Option<&seals::Model>, event_id: Uuid, event: Option<&events::Model>) -> Line {
        Line {
            seq: seal.map(|seal| seal.seq),
            seal: seal.map(|seal| seal.mac.clone()),
            previous: seal.map(|seal| seal.previous.clone()),
            event_id,
            event: event.map(Event::of),
        }
    }

    /// What the tables held, if it was sealed.
    pub(super) fn rows(self) -> Option<(seals::Model, Option<events::Model>)> {
        let (seq, previous, mac) = (self.seq?, self.previous?, self.seal?);
        let event = self.event.map(|event| event.row(self.event_id));
        Some((seals::Model { seq, event_id: self.event_id, previous, mac }, event))
    }

    pub(super) fn to_text(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Shorter, for who takes no more.
    pub(super) fn without_detail(mut self) -> Line {
        if let Some(event) = &mut self.event {
            event.detail = Value::String("too long for this copy".to_owned());
        }
        self
    }

    pub(super) fn result(&self) -> &str {
        self.event.as_ref().map_or("", |event| event.result.as_str())
    }

    pub(super) fn at(&self) -> Option<DateTime<Utc>> {
        self.event.as_ref().map(|event| event.at)
    }
}

impl Event {
    fn of(row: &events::Model) -> Event {
        let row = row.clone();
        Event {
            at: from_us(row.at_us),
            actor_id: row.actor_id,
            actor: row.actor,
            unix_user: row.unix_user,
            session_id: row.session_id,
            key_id: row.key_id,
            address: row.address,
            request_id: row.request_id,
            action: row.action,
            object: row.object,
            job_id: row.job_id,
            result: row.result,
            intent_id: row.intent_id,
            detail: row.detail,
            mac: row.mac,
        }
    }

    fn row(self, id: Uuid) -> events::Model {
        events::Model {
            id,
            at_us: to_us(self.at),
            actor_id: self.actor_id,
            actor: self.actor,
            unix_user: self.unix_user,
            session_id: self.session_id,
            key_id: self.key_id,
            address: self.address,
            request_id: self.request_id,
            action: self.action,
            object: self.object,
            job_id: self.job_id,
            result: self.result,
            intent_id: self.intent_id,
            detail: self.detail,
            mac: self.mac,
        }
    }
}
