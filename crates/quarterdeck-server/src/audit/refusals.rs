//! Counts refusals, so that nobody fills the audit by being refused: a scanner is recorded, and then only logged.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use crate::client_address::network;

const SPAN: TimeDelta = TimeDelta::hours(1);
const OF_AN_ADDRESS: u32 = 60;
const OF_AN_ACCOUNT: u32 = 600;
/// Sources counted one by one. Beyond it the new ones are counted together.
const SOURCES: usize = 10_000;

#[derive(Default)]
pub(super) struct Tally(Mutex<HashMap<Source, Count>>);

/// Whose refusals are counted together.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Source {
    Account(Uuid),
    Address(IpAddr),
    AllOthers,
}

struct Count {
    since: DateTime<Utc>,
    number: u32,
}

/// Where one refusal is recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Recording {
    Audit,
    /// The last one for now: it says that more may follow unrecorded.
    AuditAsLast,
    LogOnly,
}

impl Source {
    pub(super) fn address(address: IpAddr) -> Source {
        Source::Address(network(address))
    }
}

impl Tally {
    pub(super) fn count(&self, source: Source, now: DateTime<Utc>) -> Recording {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if counts.len() >= SOURCES {
            counts.retain(|_, count| now - count.since < SPAN);
        }
        let full = counts.len() >= SOURCES && !counts.contains_key(&source);
        let source = if full { Source::AllOthers } else { source };
        let count = counts.entry(source).or_insert(Count { since: now, number: 0 });
        if now - count.since >= SPAN {
            *count = Count { since: now, number: 0 };
        }
        count.number = count.number.saturating_add(1);
        let most = if matches!(source, Source::Account(_)) { OF_AN_ACCOUNT } else { OF_AN_ADDRESS };
        match count.number {
            number if number < most => Recording::Audit,
            number if number == most => Recording::AuditAsLast,
            _ => Recording::LogOnly,
        }
    }
}
