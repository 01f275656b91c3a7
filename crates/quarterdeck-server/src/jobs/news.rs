//! What of a job's changes is news to its user: that it starts, ends, fails, waits again, or is about to reach its time
//! limit.
//!
//! An array is told of as a whole, and so is a heterogeneous job: its tasks would be as many messages.

use std::collections::HashSet;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use quarterdeck_types::JobState;
use sea_orm::DbErr;
use serde_json::json;
use uuid::Uuid;

use super::{Job, read, store};
use crate::app::App;
use crate::db::to_us;
use crate::notifications::{self, Event, News};

/// What is first seen when it is over is news only if that was just now: a queue that is read for the first time holds
/// the past of everybody.
const JUST_NOW: TimeDelta = TimeDelta::minutes(5);
/// The time limit is near when this is left, or this part of it where that is less.
const NEAR: TimeDelta = TimeDelta::minutes(15);
const NEAR_PART: i64 = 10;
const LOOK_EVERY: Duration = Duration::from_secs(5);
const MINUTE_US: i64 = 60_000_000;

/// What happened between two readings of a job; `before` is `None` where it is first seen. Counts requeues in its row.
pub(super) fn happened(before: Option<&Job>, after: &Job, row: &mut store::Model, now: DateTime<Utc>) -> Vec<News> {
    if !is_whole(after) {
        return Vec::new();
    }
    let mut events = Vec::new();
    let recent = |time: Option<DateTime<Utc>>| time.is_some_and(|time| now - time < JUST_NOW);
    let requeued = before.is_some_and(|before| ran_before(before, after));
    if requeued {
        events.push((Event::JobRequeued, row.requeues));
        row.requeues += 1;
    }
    let began = match before {
        Some(before) => requeued || !has_begun(before.state),
        None => recent(after.started_at),
    };
    if after.state == JobState::Running && began {
        events.push((Event::JobStarted, row.requeues));
    }
    let ended = match before {
        Some(before) => requeued || !before.state.is_final(),
        None => recent(after.ended_at),
    };
    if let Some(event) = end_of(after.state).filter(|_| ended) {
        events.push((event, row.requeues));
    }
    events.into_iter().map(|(event, run)| news(event, after, run, None)).collect()
}

/// Tells of jobs that are about to reach their time limit, for as long as the server runs.
pub async fn watch_time_limits(app: App) {
    let mut told = HashSet::new();
    loop {
        if let Err(error) = look(&app, &mut told).await {
            tracing::warn!(%error, "time limits cannot be looked at");
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// `told` spares the database what it would refuse anyway: another telling of the same.
async fn look(app: &App, told: &mut HashSet<(Uuid, i32)>) -> Result<(), DbErr> {
    let now = app.clock.now();
    let within_us = NEAR.num_microseconds().unwrap_or(i64::MAX);
    let near = store::near_limit(app.db.read(), to_us(now), within_us, MINUTE_US / NEAR_PART).await?;
    told.retain(|known| near.iter().any(|row| (row.id, row.requeues) == *known));
    let mut all = Vec::new();
    for row in near {
        if !told.insert((row.id, row.requeues)) {
            continue;
        }
        let (run, job) = (row.requeues, read(row));
        let Some(job) = job.filter(is_whole) else { continue };
        let limit = TimeDelta::minutes(job.time_limit_minutes.unwrap_or(0).into());
        let left = job.started_at.map_or(TimeDelta::zero(), |started| started + limit - now);
        // Rounded up: "in 0 minutes" says nothing.
        all.push(news(Event::JobTimeLimit, &job, run, Some((left.num_seconds() + 59) / 60)));
    }
    if all.is_empty() {
        return Ok(());
    }
    let tx = app.db.begin().await?;
    let news = notifications::tell(&tx, app, &all).await?;
    tx.commit().await?;
    news.publish(app);
    Ok(())
}

/// No task of an array and no component of a heterogeneous job.
fn is_whole(job: &Job) -> bool {
    job.job_id.as_ref().is_some_and(|id| id.as_str() == id.root())
}

/// Whether it was on a node and is not any more, or is there anew. (An array's own row names no node: it waits and runs
/// in turns.)
fn ran_before(before: &Job, after: &Job) -> bool {
    if before.node_list.is_none() || !has_begun(before.state) {
        return false;
    }
    match after.state {
        JobState::Pending | JobState::Configuring => true,
        JobState::Running => matches!((before.started_at, after.started_at), (Some(old), Some(new)) if new > old),
        _ => false,
    }
}

fn has_begun(state: JobState) -> bool {
    !matches!(state, JobState::Submitting | JobState::Pending | JobState::Configuring)
}

fn end_of(state: JobState) -> Option<Event> {
    match state {
        JobState::Completed | JobState::Cancelled => Some(Event::JobEnded),
        // Whoever submitted it was told.
        JobState::NotSubmitted | JobState::OutcomeUnknown => None,
        state if state.is_final() => Some(Event::JobFailed),
        _ => None,
    }
}

fn news(event: Event, job: &Job, run: i32, minutes_left: Option<i64>) -> News {
    let ran = job.started_at.zip(job.ended_at).map(|(started, ended)| ended - started);
    let may_run = job.time_limit_minutes.map(|minutes| TimeDelta::minutes(minutes.into()));
    let mut facts = json!({
        "cluster": job.cluster,
        "job_id": job.job_id,
        "name": job.name,
        "state": job.state,
        "partition": job.partition,
        "exit_code": job.exit_code,
        "signal": job.signal,
        "started_at": job.started_at,
        "ended_at": job.ended_at,
    });
    if let Some(minutes) = minutes_left {
        facts["minutes_left"] = json!(minutes);
    }
    News {
        event,
        job: job.id,
        unix_user: job.user.clone(),
        run,
        length: if job.state.is_final() { Some(ran.unwrap_or_default()) } else { may_run },
        facts,
    }
}
