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
    if !after.is_whole() {
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
    // Nobody needs to be told what she just did herself.
    let is_hers = after.state == JobState::Cancelled && before.is_some_and(|before| before.cancelled_by_user);
    if let Some(event) = end_of(after.state).filter(|_| ended && !is_hers) {
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
        let jobs = jobs.filter(|job| job.is_whole() && job.state == JobState::Running);
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

#[cfg(test)]
mod tests {
    use super::super::observe::new_job;
    use super::super::tests::seen;
    use super::*;

    fn at(minute: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::minutes(minute)
    }

    fn job(number: &str, state: JobState) -> Job {
        let job = new_job("slurm", &seen(number, "alice", "x"), None);
        let started_at = has_begun(state).then(|| at(10));
        let ended_at = state.is_final().then(|| at(20));
        Job { state, started_at, ended_at, node_list: started_at.map(|_| "c1".to_owned()), ..job }
    }

    /// The events, and the minute at which the run began that each is of.
    fn told(before: Option<&Job>, after: &Job) -> Vec<(Event, Option<i64>)> {
        let minute = |time: DateTime<Utc>| (time - at(0)).num_minutes();
        happened(before, after, at(21)).into_iter().map(|news| (news.event, news.run.map(minute))).collect()
    }

    #[test]
    fn a_job_starts_and_ends_once() {
        use JobState::{Completed, Completing, Pending, Running};
        let [pending, running, completing, completed] =
            [Pending, Running, Completing, Completed].map(|state| job("5", state));
        assert_eq!(told(None, &pending), []);
        assert_eq!(told(Some(&pending), &running), [(Event::JobStarted, Some(10))]);
        assert_eq!(told(Some(&running), &running), []);
        assert_eq!(told(Some(&running), &completing), []);
        assert_eq!(told(Some(&completing), &completed), [(Event::JobEnded, Some(10))]);
        assert_eq!(told(Some(&completed), &completed), []);
        assert_eq!(told(Some(&pending), &completed), [(Event::JobEnded, Some(10))], "that it ran is in its end");
    }

    #[test]
    fn each_run_of_a_requeued_job_is_told_of_as_itself() {
        let running = job("5", JobState::Running);
        let waiting = job("5", JobState::Pending);
        assert_eq!(told(Some(&running), &waiting), [(Event::JobRequeued, Some(10))]);
        let anew = Job { started_at: Some(at(15)), ..running.clone() };
        assert_eq!(told(Some(&waiting), &anew), [(Event::JobStarted, Some(15))]);
        // It began again before anybody looked.
        assert_eq!(told(Some(&running), &anew), [(Event::JobRequeued, Some(10)), (Event::JobStarted, Some(15))]);
    }

    #[test]
    fn a_failure_is_told_again_when_it_is_known_how() {
        let running = job("5", JobState::Running);
        let failed = Job { reason: Some("NonZeroExitCode".to_owned()), ..job("5", JobState::Failed) };
        let first = happened(Some(&running), &failed, at(21));
        assert_eq!((first.len(), first[0].event, first[0].whole), (1, Event::JobFailed, false));
        let known = Job { reason: None, exit_code: Some(3), ..failed.clone() };
        let second = happened(Some(&failed), &known, at(21));
        assert_eq!((second.len(), second[0].event, second[0].whole), (1, Event::JobFailed, true));
        assert_eq!((&second[0].facts["exit_code"], &second[0].facts["reason"]), (&json!(3), &json!("NonZeroExitCode")));
        assert_eq!((first[0].run, first[0].job), (second[0].run, second[0].job), "in place of the first");
        assert!(happened(Some(&known), &known, at(21)).is_empty());
    }

    #[test]
    fn an_array_is_told_of_as_a_whole_however_its_tasks_take_turns() {
        let array = |state, started| Job { node_list: None, started_at: Some(at(started)), ..job("7", state) };
        let (running, waiting) = (array(JobState::Running, 10), array(JobState::Pending, 11));
        assert_eq!(told(Some(&job("7", JobState::Pending)), &running), [(Event::JobStarted, None)]);
        assert_eq!(told(Some(&running), &waiting), []);
        assert_eq!(told(Some(&waiting), &array(JobState::Running, 12)), [(Event::JobStarted, None)], "refused as told");
        assert_eq!(told(Some(&running), &array(JobState::Failed, 12)), [(Event::JobFailed, None)]);
        for part in ["7_1", "8+1"] {
            assert_eq!(told(Some(&job(part, JobState::Running)), &job(part, JobState::Completed)), []);
        }
    }

    #[test]
    fn an_end_that_its_own_user_asked_for_is_no_news_to_her() {
        let running = job("5", JobState::Running);
        let asked = Job { cancelled_by_user: true, ..running.clone() };
        let cancelled = job("5", JobState::Cancelled);
        assert_eq!(told(Some(&running), &cancelled), [(Event::JobEnded, Some(10))], "somebody else did");
        assert_eq!(told(Some(&asked), &cancelled), []);
        assert_eq!(told(Some(&asked), &job("5", JobState::Completed)), [(Event::JobEnded, Some(10))], "it was quicker");
    }

    #[test]
    fn the_past_is_no_news() {
        let old = Job { ended_at: Some(at(1)), started_at: Some(at(0)), ..job("5", JobState::Completed) };
        assert_eq!(told(None, &old), []);
        assert_eq!(told(None, &job("5", JobState::Completed)), [(Event::JobEnded, Some(10))], "a minute ago");
    }
}
