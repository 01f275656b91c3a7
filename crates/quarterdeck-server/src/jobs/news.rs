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
/// Statements carry a parameter for each id.
const AT_ONCE: usize = 400;

/// What happened between two readings of a job; `before` is `None` where it is first seen.
pub(super) fn happened(before: Option<&Job>, after: &Job, now: DateTime<Utc>) -> Vec<News> {
    if !is_whole(after) {
        return Vec::new();
    }
    let mut all = Vec::new();
    let recent = |time: Option<DateTime<Utc>>| time.is_some_and(|time| now - time < JUST_NOW);
    let requeued = before.filter(|before| ran_before(before, after));
    if let Some(before) = requeued {
        all.push(News { run: run_of(before), ..news(Event::JobRequeued, after) });
    }
    let began = match before {
        Some(before) => requeued.is_some() || !has_begun(before.state),
        None => recent(after.started_at),
    };
    if after.state == JobState::Running && began {
        all.push(news(Event::JobStarted, after));
    }
    let ended = match before {
        // A failure is told again, in place of what was told, when accounting says how.
        Some(before) => requeued.is_some() || !before.state.is_final() || (how_unknown(before) && !how_unknown(after)),
        None => recent(after.ended_at),
    };
    if let Some(event) = end_of(after.state).filter(|_| ended) {
        let mut end = news(event, after);
        // Accounting knows the exit code, and not the reason that the queue had.
        if let Some(before) = before.filter(|before| after.reason.is_none() && before.state == after.state) {
            end.facts["reason"] = json!(before.reason);
        }
        all.push(end);
    }
    all
}

/// Tells of this cluster's jobs that are about to reach their time limit, for as long as the server runs.
pub async fn watch_time_limits(app: App, cluster: String) {
    let mut told = HashSet::new();
    loop {
        if let Err(error) = look(&app, &cluster, &mut told).await {
            tracing::warn!(cluster, %error, "time limits cannot be looked at");
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// `told` spares the database what it would refuse anyway: another telling of the same.
async fn look(app: &App, cluster: &str, told: &mut HashSet<(Uuid, i64)>) -> Result<(), DbErr> {
    let now = app.clock.now();
    let within_us = NEAR.num_microseconds().unwrap_or(i64::MAX);
    let near = store::near_limit(app.db.read(), cluster, to_us(now), within_us, MINUTE_US / NEAR_PART).await?;
    let near: HashSet<(Uuid, i64)> = near.into_iter().collect();
    let new: Vec<Uuid> = near.difference(told).map(|(id, _)| *id).collect();
    for some in new.chunks(AT_ONCE) {
        let tx = app.db.begin().await?;
        let jobs = store::by_ids(&tx, cluster, some).await?.into_iter().filter_map(read);
        let jobs = jobs.filter(|job| is_whole(job) && job.state == JobState::Running);
        let news: Vec<News> = jobs.filter_map(|job| near_end(&job, now)).collect();
        let messages = notifications::tell(&tx, app, &news).await?;
        tx.commit().await?;
        messages.publish(app);
    }
    *told = near;
    Ok(())
}

fn near_end(job: &Job, now: DateTime<Utc>) -> Option<News> {
    let limit = TimeDelta::minutes(job.time_limit_minutes?.into());
    let left = job.started_at? + limit - now;
    let mut news = news(Event::JobTimeLimit, job);
    // Rounded up: "in 0 minutes" says nothing.
    news.facts["minutes_left"] = json!((left.num_seconds() + 59) / 60);
    Some(news)
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

/// Whether it failed and only accounting can tell how.
fn how_unknown(job: &Job) -> bool {
    job.state == JobState::Failed && job.exit_code.is_none() && job.signal.is_none()
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

/// When the run began that a job is in, or was.
fn run_of(job: &Job) -> Option<DateTime<Utc>> {
    // The tasks of an array begin and leave the queue one by one: the row that stands for all of them names no node, and
    // its beginning is that of whichever are left.
    job.started_at.filter(|_| job.node_list.is_some())
}

fn news(event: Event, job: &Job) -> News {
    let ran = job.started_at.zip(job.ended_at).map(|(started, ended)| ended - started);
    let may_run = job.time_limit_minutes.map(|minutes| TimeDelta::minutes(minutes.into()));
    let facts = json!({
        "cluster": job.cluster,
        "job_id": job.job_id,
        "name": job.name,
        "state": job.state,
        "reason": job.reason,
        "partition": job.partition,
        "exit_code": job.exit_code,
        "signal": job.signal,
        "started_at": job.started_at,
        "ended_at": job.ended_at,
    });
    News {
        event,
        job: job.id,
        unix_user: job.user.clone(),
        run: run_of(job),
        whole: !how_unknown(job),
        length: if job.state.is_final() { Some(ran.unwrap_or_default()) } else { may_run },
        facts,
    }
}
