//! Walks along the chain and says what somebody did to it: which event, at which place, what. One deed is told once,
//! not again by each of its neighbours.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::chain::{BEGINNING, Key};
use super::head::Head;
use super::store::{archives, events, seals};
use crate::db::from_us;

/// Findings that are told one by one, and misfits that are compared with each other.
const MOST: usize = 1_000;
/// Codes made to find out where something of a kind came from. Whoever moves a thousand seals must not keep the server
/// busy: beyond this they are told as altered.
const TRIES: u32 = 100_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The event or its seal is not what was written.
    Altered,
    /// It was there, and is gone.
    Removed,
    /// The server did not write it.
    Added,
    /// It is in another's place.
    Reordered,
    /// Both neighbours are whole, but one was not made behind the other.
    BrokenLink,
    /// The chain's end is gone: it is known from the head file alone.
    CutTail,
    /// The server wrote it, and it has no place though it should have one by now.
    Unsealed,
    /// The head file is gone, or not what the server wrote.
    Head,
}

impl Kind {
    pub fn as_str(self) -> &'static str {
        match self {
            Kind::Altered => "altered",
            Kind::Removed => "removed",
            Kind::Added => "added",
            Kind::Reordered => "reordered",
            Kind::BrokenLink => "broken-link",
            Kind::CutTail => "cut-tail",
            Kind::Unsealed => "unsealed",
            Kind::Head => "head",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    pub kind: Kind,
    /// Its place in the chain, or the first of several.
    pub seq: Option<i64>,
    pub event_id: Option<Uuid>,
    pub at: Option<DateTime<Utc>>,
    pub action: Option<String>,
    /// In a sentence.
    pub detail: String,
}

impl Finding {
    pub(super) fn new(kind: Kind, seq: Option<i64>, detail: impl Into<String>) -> Finding {
        Finding { kind, seq, event_id: None, at: None, action: None, detail: detail.into() }
    }

    pub(super) fn of(self, event: &events::Model) -> Finding {
        Finding { event_id: Some(event.id), at: Some(from_us(event.at_us)), action: Some(event.action.clone()), ..self }
    }

    pub(super) fn of_id(self, id: Uuid) -> Finding {
        Finding { event_id: Some(id), ..self }
    }
}

/// What is at a seal's event's place.
pub(super) enum Place {
    Event(Box<events::Model>),
    Unreadable,
    Empty,
}

pub(super) struct Walk {
    key: Key,
    pub(super) checked: u64,
    pub(super) first_seq: Option<i64>,
    last: Link,
    findings: Vec<Finding>,
    omitted: u64,
    gaps: Vec<Gap>,
    /// Seals whose event is not there.
    empty: Vec<seals::Model>,
    /// Whole events with seals that do not fit them.
    misfits: Vec<(seals::Model, events::Model)>,
    /// Places whose seal cannot be read.
    broken: BTreeSet<i64>,
    /// Whether the seal that the head file names was met, and is the same.
    head: Option<(Head, Option<bool>)>,
    tries: Cell<u32>,
}

/// The last seal met.
#[derive(Clone)]
struct Link {
    seq: i64,
    mac: String,
    at_us: i64,
    /// Nothing is wrong with it, so that a wrong link is worth telling.
    whole: bool,
}

/// Places without a seal.
struct Gap {
    kind: Kind,
    first: i64,
    last: i64,
    before: Link,
    /// What the seal behind the gap, or the head file, names as the last one in it.
    last_mac: String,
    until_us: i64,
}

impl Walk {
    pub(super) fn new(key: Key, head: Option<Head>) -> Walk {
        Walk {
            key,
            checked: 0,
            first_seq: None,
            last: Link { seq: 0, mac: BEGINNING.to_owned(), at_us: i64::MIN, whole: true },
            findings: Vec::new(),
            omitted: 0,
            gaps: Vec::new(),
            empty: Vec::new(),
            misfits: Vec::new(),
            broken: BTreeSet::new(),
            head: head.map(|head| (head, None)),
            tries: Cell::new(0),
        }
    }
    pub(super) fn last_seq(&self) -> i64 {
        self.last.seq
    }

    pub(super) fn last_at_us(&self) -> i64 {
        self.last.at_us
    }

    pub(super) fn last_mac(&self) -> &str {
        &self.last.mac
    }

    pub(super) fn tell(&mut self, finding: Finding) {
        if self.findings.len() < MOST {
            self.findings.push(finding);
        } else {
            self.omitted += 1;
        }
    }

    /// A finding too many to be told.
    pub(super) fn omit(&mut self) {
        self.omitted += 1;
    }

    /// A line of an archive that is none: the place that is missing then is not told again.
    pub(super) fn step_over_in_archive(&mut self, detail: String) {
        let seq = self.last.seq.saturating_add(1);
        self.tell(Finding::new(Kind::Altered, Some(seq), detail));
        self.last = Link { seq, mac: String::new(), at_us: self.last.at_us, whole: false };
    }

    /// Whether anything is to be told of these places.
    pub(super) fn has_findings_in(&self, first: i64, last: i64) -> bool {
        let within = |seq: i64| (first..=last).contains(&seq);
        self.findings.iter().any(|finding| finding.seq.is_some_and(within))
            || self.gaps.iter().any(|gap| within(gap.first))
            || self.empty.iter().any(|seal| within(seal.seq))
            || self.misfits.iter().any(|(seal, _)| within(seal.seq))
    }

    /// Goes on behind places that cannot be looked at: an archive that is not here. `whole`: its end is known for sure.
    pub(super) fn skip_to(&mut self, first: i64, end: &archives::Model, whole: bool) {
        self.reach(first, &end.last_mac, end.last_at_us);
        self.last = Link { seq: end.last_seq, mac: end.last_mac.clone(), at_us: end.last_at_us, whole };
    }

    /// The next seal, and what is in its event's place.
    pub(super) fn step(&mut self, seal: seals::Model, place: Place) {
        if seal.seq <= self.last.seq {
            let detail = "A seal at a place that is in the archive.";
            self.tell(Finding::new(Kind::Added, Some(seal.seq), detail).of_id(seal.event_id));
            return;
        }
        self.checked += 1;
        self.first_seq.get_or_insert(seal.seq);
        if let Some((head, met)) = &mut self.head
            && head.seq == seal.seq
        {
            *met = Some(head.mac == seal.mac);
        }
        let at_us = match &place {
            Place::Event(event) => Some(event.at_us),
            Place::Unreadable | Place::Empty => None,
        };
        self.reach(seal.seq, &seal.previous, at_us.unwrap_or(i64::MAX));
        let at_us = at_us.unwrap_or(self.last.at_us);
        let whole = self.check(&seal, place);
        if whole && self.last.whole && self.last.seq == seal.seq - 1 && self.last.mac != seal.previous {
            let detail = format!("It was not made behind the seal {} that is before it now.", self.last.seq);
            self.tell(Finding::new(Kind::BrokenLink, Some(seal.seq), detail).of_id(seal.event_id));
        }
        self.last = Link { seq: seal.seq, mac: seal.mac, at_us, whole };
    }

    /// The next seal's columns hold what they cannot.
    pub(super) fn step_over(&mut self, seq: Option<i64>) {
        match seq {
            Some(seq) if self.broken.len() < MOST => drop(self.broken.insert(seq)),
            _ => self.tell(Finding::new(Kind::Altered, seq, "The seal holds what cannot be read.")),
        }
    }

    /// Notes the places between the last seal and this one.
    fn reach(&mut self, seq: i64, previous: &str, at_us: i64) {
        // Somebody may have written any number as a place: none of these may overflow.
        if seq.saturating_sub(1) > self.last.seq && self.gaps.len() < MOST {
            let (first, last) = (self.last.seq + 1, seq - 1);
            let is_broken = first == last && self.broken.remove(&first);
            self.gaps.push(Gap {
                kind: if is_broken { Kind::Altered } else { Kind::Removed },
                first,
                last,
                before: self.last.clone(),
                last_mac: previous.to_owned(),
                until_us: at_us,
            });
        }
    }

    /// Whether seal and event are as they were made.
    fn check(&mut self, seal: &seals::Model, place: Place) -> bool {
        let event = match place {
            Place::Event(event) => *event,
            Place::Unreadable => {
                let finding = Finding::new(Kind::Altered, Some(seal.seq), "The event holds what cannot be read.");
                self.tell(finding.of_id(seal.event_id));
                return false;
            }
            Place::Empty => {
                if self.empty.len() < MOST {
                    self.empty.push(seal.clone());
                } else {
                    self.omitted += 1;
                }
                return false;
            }
        };
        let code = self.key.event(&event);
        if event.mac.as_ref() != Some(&code) {
            let finding = Finding::new(Kind::Altered, Some(seal.seq), "The event is not what was written.");
            self.tell(finding.of(&event));
            return false;
        }
        let fits = self.key.seal(seal.seq, event.id, &code, &seal.previous) == seal.mac;
        if !fits {
            if self.misfits.len() < MOST {
                self.misfits.push((seal.clone(), event));
            } else {
                self.omitted += 1;
            }
        }
        fits
    }

    /// What is left to say at the chain's end. `lost`: whole events without a place; `strangers`: those that the server
    /// did not write.
    pub(super) fn finish(
        mut self,
        mut lost: Vec<events::Model>,
        mut strangers: Vec<events::Model>,
    ) -> (Vec<Finding>, u64) {
        self.look_at_head();
        self.explain_misfits();
        self.explain_empty(&mut lost, &mut strangers);
        self.explain_gaps(&mut lost);
        for seq in std::mem::take(&mut self.broken) {
            self.tell(Finding::new(Kind::Altered, Some(seq), "The seal holds what cannot be read."));
        }
        for event in lost {
            let detail = "The server wrote it, and it has no place in the chain.";
            self.tell(Finding::new(Kind::Unsealed, None, detail).of(&event));
        }
        for event in strangers {
            let detail = "The server did not write it, or it was altered before it was sealed.";
            self.tell(Finding::new(Kind::Added, None, detail).of(&event));
        }
        // Those without a place last.
        self.findings.sort_by_key(|finding| (finding.seq.is_none(), finding.seq));
        (self.findings, self.omitted)
    }

    fn look_at_head(&mut self) {
        let Some((head, met)) = self.head.take() else { return };
        if head.seq > self.last.seq {
            self.gaps.push(Gap {
                kind: Kind::CutTail,
                first: self.last.seq + 1,
                last: head.seq,
                before: self.last.clone(),
                last_mac: head.mac,
                until_us: i64::MAX,
            });
        } else if met == Some(false) && !self.is_explained(head.seq) {
            let detail = "The head file names another seal at this place: the chain's end was replaced.";
            self.tell(Finding::new(Kind::Head, Some(head.seq), detail));
        }
    }

    /// Whether something is told of this place already.
    fn is_explained(&self, seq: i64) -> bool {
        self.findings.iter().any(|finding| finding.seq == Some(seq))
            || self.misfits.iter().any(|(seal, _)| seal.seq == seq)
            || self.empty.iter().any(|seal| seal.seq == seq)
    }

    /// A seal that would fit in another misfit's place, or with its event, or in a gap, was moved there.
    fn explain_misfits(&mut self) {
        self.tries.set(TRIES);
        let misfits = std::mem::take(&mut self.misfits);
        for (seal, event) in &misfits {
            if let Some(from) = self.gap_of(seal, event) {
                let detail = format!("It was moved here from the place {from}.");
                self.tell(Finding::new(Kind::Reordered, Some(seal.seq), detail).of(event));
                let is_last = seal.seq == self.last.seq;
                self.gaps.retain(|gap| gap.first != from && !(is_last && gap.last == seal.seq - 1));
                continue;
            }
            let from = misfits.iter().find(|(other, others)| {
                other.seq != seal.seq
                    && (self.explains(seal, other.seq, event.id, event, &seal.previous)
                        || self.explains(seal, other.seq, event.id, event, &other.previous)
                        || self.explains(seal, seal.seq, others.id, others, &seal.previous))
            });
            let finding = match from {
                Some((other, _)) => {
                    let detail = format!("It was moved here from the place {}.", other.seq);
                    Finding::new(Kind::Reordered, Some(seal.seq), detail)
                }
                None => Finding::new(Kind::Altered, Some(seal.seq), "The event's seal is not what was written."),
            };
            self.tell(finding.of(event));
        }
    }

    /// The single place without a seal that this one was made for.
    fn gap_of(&self, seal: &seals::Model, event: &events::Model) -> Option<i64> {
        let fits =
            |gap: &&Gap| gap.first == gap.last && self.explains(seal, gap.first, event.id, event, &seal.previous);
        self.gaps.iter().find(fits).map(|gap| gap.first)
    }

    /// Whether the seal was made for this event, under this id and at this place, behind that code.
    fn explains(&self, seal: &seals::Model, seq: i64, id: Uuid, event: &events::Model, previous: &str) -> bool {
        let mac = event.mac.as_deref().unwrap_or_default();
        self.may_try() && self.key.seal(seq, id, mac, previous) == seal.mac
    }

    fn may_try(&self) -> bool {
        let left = self.tries.get();
        self.tries.set(left.saturating_sub(1));
        left > 0
    }

    /// Where a seal names an event that is not there, either the seal was altered, or the event's id, or it was removed.
    fn explain_empty(&mut self, lost: &mut Vec<events::Model>, strangers: &mut Vec<events::Model>) {
        self.tries.set(TRIES);
        for seal in std::mem::take(&mut self.empty) {
            let fits = |id: Uuid, event: &events::Model| self.explains(&seal, seal.seq, id, event, &seal.previous);
            let of_another = lost.iter().position(|event| fits(event.id, event));
            let renamed = strangers.iter().position(|event| fits(seal.event_id, event));
            let finding = if let Some(found) = of_another {
                let detail = "The event's seal is not what was written.";
                Finding::new(Kind::Altered, Some(seal.seq), detail).of(&lost.remove(found))
            } else if let Some(found) = renamed {
                let event = strangers.remove(found);
                let detail = format!("The event is not what was written: its id is {} now.", event.id);
                Finding::new(Kind::Altered, Some(seal.seq), detail).of(&event).of_id(seal.event_id)
            } else {
                Finding::new(Kind::Removed, Some(seal.seq), "The event is gone.").of_id(seal.event_id)
            };
            self.tell(finding);
        }
    }

    /// Whole events without a place whose time is that of a gap are what is missing there.
    fn explain_gaps(&mut self, lost: &mut Vec<events::Model>) {
        self.tries.set(TRIES);
        for gap in std::mem::take(&mut self.gaps) {
            let belongs = |event: &events::Model| {
                // An event's time is taken before its commit, so that the chain's order is not quite that of the times.
                let slack = 60_000_000;
                event.at_us >= gap.before.at_us.saturating_sub(slack)
                    && event.at_us <= gap.until_us.saturating_add(slack)
            };
            let number = gap.last.saturating_sub(gap.first).saturating_add(1);
            let candidates: Vec<usize> = (0..lost.len()).filter(|at| belongs(&lost[*at])).collect();
            let fitting = candidates.iter().copied().find(|at| number == 1 && self.ends(&gap, &[&lost[*at]]));
            let taken: Vec<usize> = match fitting {
                Some(only) => vec![only],
                None if number > 1 => {
                    candidates.into_iter().take(usize::try_from(number).unwrap_or(usize::MAX)).collect()
                }
                None => Vec::new(),
            };
            let mut gone: Vec<events::Model> = taken.into_iter().rev().map(|at| lost.remove(at)).collect();
            gone.sort_by_key(|event| (event.at_us, event.id));
            let whole = gone.len() as i64 == number && self.ends(&gap, &gone.iter().collect::<Vec<_>>());
            let what = match (number, whole) {
                _ if gap.kind == Kind::Altered => "Its seal holds what cannot be read".to_owned(),
                (1, true) => "Its seal is gone".to_owned(),
                (1, false) => "The event and its seal are gone".to_owned(),
                (_, true) => format!("The seals {} to {} are gone, {number} in all", gap.first, gap.last),
                (_, false) => {
                    format!("The events and seals {} to {} are gone, {number} in all", gap.first, gap.last)
                }
            };
            let how = if gap.kind == Kind::CutTail { ": the head file knows of them." } else { "." };
            let finding = Finding::new(gap.kind, Some(gap.first), format!("{what}{how}"));
            self.tell(match gone.first().filter(|_| whole) {
                Some(event) => finding.of(event),
                None => finding,
            });
        }
    }

    /// Whether seals of these events would lead over the gap.
    fn ends(&self, gap: &Gap, events: &[&events::Model]) -> bool {
        let mut mac = gap.before.mac.clone();
        for (event, seq) in events.iter().zip(gap.first..) {
            if !self.may_try() {
                return false;
            }
            mac = self.key.seal(seq, event.id, event.mac.as_deref().unwrap_or_default(), &mac);
        }
        mac == gap.last_mac
    }
}

/// Places by number, for those who put events and seals together.
pub(super) fn places(found: Vec<super::store::Found>) -> BTreeMap<Uuid, Place> {
    use super::store::Found;
    let read = |found| match found {
        Found::Event(event) => Some((event.id, Place::Event(event))),
        Found::Unreadable(id) => id.map(|id| (id, Place::Unreadable)),
    };
    found.into_iter().filter_map(read).collect()
}
