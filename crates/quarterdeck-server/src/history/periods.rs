//! When nodes were out of service, in which state and why: as this server's readings saw it, and as accounting knows of
//! the time before and between.

use std::collections::{BTreeSet, HashMap};

use chrono::{DateTime, TimeDelta, Utc};
use quarterdeck_slurm::{Node, NodeEvent, ReasonAuthor};
use sea_orm::DbErr;
use uuid::Uuid;

use super::store::{self, Period, Source};
use crate::app::App;
use crate::clusters::Cluster;
use crate::db::{Db, to_us};
use crate::nodes::is_out_of_service;

/// Accounting's times and ours of the same period differ by a reading and a bit.
const APART: TimeDelta = TimeDelta::seconds(90);

/// What one reading of the nodes changes.
pub(super) struct Change {
    pub ended: Vec<Period>,
    pub begun: Vec<Period>,
    /// All that are open now.
    pub open: Vec<Period>,
}

/// Another state or another reason is another period.
pub(super) fn compare(
    cluster: &str,
    open: Vec<Period>,
    nodes: &[Node],
    authors: &HashMap<String, ReasonAuthor>,
    now: DateTime<Utc>,
) -> Change {
    let mut change = Change { ended: Vec::new(), begun: Vec::new(), open: Vec::new() };
    let mut before: HashMap<String, Period> = open.into_iter().map(|period| (period.node.clone(), period)).collect();
    for node in nodes.iter().filter(|node| is_out_of_service(node)) {
        let known = before.remove(&node.name);
        if let Some(known) = known {
            if known.state == node.state && known.reason == node.reason {
                change.open.push(known);
                continue;
            }
            change.ended.push(Period { ended_us: Some(to_us(now)), ..known });
        }
        let author = authors.get(&node.name).filter(|_| node.reason.is_some());
        let period = Period {
            id: Uuid::now_v7(),
            cluster: cluster.to_owned(),
            node: node.name.clone(),
            state: node.state.clone(),
            reason: node.reason.clone(),
            reason_by: author.and_then(|author| author.user.clone()),
            started_us: to_us(started(&change, &node.name, author, now)),
            ended_us: None,
            ended_by: None,
            source: Source::Seen.as_str().to_owned(),
        };
        change.open.push(period.clone());
        change.begun.push(period);
    }
    // Back in service, or no node of the cluster any more.
    change.ended.extend(before.into_values().map(|period| Period { ended_us: Some(to_us(now)), ..period }));
    change
}

/// A node that was in service before is out of it since its reason was given, where Slurm says when; one that was out
/// of it already has this state since now.
fn started(change: &Change, node: &str, author: Option<&ReasonAuthor>, now: DateTime<Utc>) -> DateTime<Utc> {
    let goes_on = change.ended.last().is_some_and(|ended| ended.node == node);
    let given = author.and_then(|author| author.at).filter(|_| !goes_on);
    given.map_or(now, |at| at.clamp(now - store::KEPT, now))
}

/// Takes in what accounting has of periods that are over and that no reading of ours saw.
pub(super) async fn take_in(db: &Db, cluster: &str, events: Vec<NodeEvent>, now: DateTime<Utc>) -> Result<(), DbErr> {
    let over = |event: &NodeEvent| event.ended_at.is_some_and(|end| end > event.started_at && end > now - store::KEPT);
    let events: Vec<NodeEvent> = events.into_iter().filter(over).collect();
    let nodes: BTreeSet<&str> = events.iter().map(|event| event.node.as_str()).collect();
    let nodes: Vec<&str> = nodes.into_iter().collect();
    for some in nodes.chunks(store::AT_ONCE) {
        let known = store::periods_of(db, cluster, some).await?;
        let mut by_node: HashMap<&str, Vec<&Period>> = HashMap::new();
        for period in &known {
            by_node.entry(&period.node).or_default().push(period);
        }
        let of_some = events.iter().filter(|event| some.contains(&event.node.as_str()));
        let new = of_some.filter(|event| {
            let known = by_node.get(event.node.as_str()).into_iter().flatten();
            !known.into_iter().any(|period| is_the_same(period, event))
        });
        let periods = new.map(|event| Period {
            id: Uuid::now_v7(),
            cluster: cluster.to_owned(),
            node: event.node.clone(),
            state: event.state.trim_end_matches(|c: char| !c.is_ascii_alphanumeric()).to_owned(),
            reason: event.reason.clone(),
            reason_by: event.reason_by.clone(),
            started_us: to_us(event.started_at),
            ended_us: event.ended_at.map(to_us),
            ended_by: None,
            source: Source::Accounting.as_str().to_owned(),
        });
        let begun = periods.collect();
        store::write(db, &Change { ended: Vec::new(), begun, open: Vec::new() }).await?;
    }
    Ok(())
}

/// Ours and accounting's never count the same time twice.
fn is_the_same(period: &Period, event: &NodeEvent) -> bool {
    let (start, end) = (to_us(event.started_at), event.ended_at.map_or(i64::MAX, to_us));
    if Source::of(period) == Source::Accounting {
        return period.started_us == start;
    }
    let apart = APART.num_microseconds().unwrap_or(0);
    let same_reason = period.reason == event.reason;
    let overlaps = period.started_us < end && period.ended_us.unwrap_or(i64::MAX) > start;
    overlaps || (same_reason && (period.started_us - start).abs() < apart)
}

/// A node was taken back by this Unix user, from here. The next reading ends its period.
pub async fn note_resume(app: &App, cluster: &Cluster, node: &str, unix_user: &str) -> Result<(), DbErr> {
    store::note_end(&app.db, &cluster.name, node, unix_user).await
}
