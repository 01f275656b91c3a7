//! Keeps what jobs used, once they are over and accounting has told.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use quarterdeck_slurm::compact::usage::JobUsage;
use quarterdeck_types::{JobId, JobState};
use sea_orm::DbErr;

use super::figures::Figures;
use super::store;
use crate::app::App;
use crate::clusters::{Cluster, Commands};
use crate::db::{from_us, to_us};
use crate::jobs::store as jobs;

const EVERY: Duration = Duration::from_secs(10);
/// Accounting that does not answer is left alone for a while.
const AFTER_FAILURE: Duration = Duration::from_secs(60);
/// Ids of one command.
const AT_ONCE: usize = 200;
const MOST: u64 = 2000;
/// Jobs that ended longer ago are looked for at the start and each hour: accounting may have been away.
fn recent() -> TimeDelta {
    TimeDelta::hours(1)
}
/// Longer ago, nobody waits for it.
fn long_ago() -> TimeDelta {
    TimeDelta::days(7)
}
/// After that, what accounting has not told it does not know.
fn patience() -> TimeDelta {
    TimeDelta::minutes(30)
}

/// Runs for as long as the server does.
pub async fn collect_usage(app: App, cluster: Cluster, commands: Arc<Commands>) {
    let mut whole_look: Option<DateTime<Utc>> = None;
    loop {
        let now = app.clock.now();
        let whole = whole_look.is_none_or(|last| now - last >= recent());
        let since = now - if whole { long_ago() } else { recent() + patience() };
        let blind = cluster.view().privacy.is_none_or(|privacy| privacy.blind.is_some());
        let pause = if blind {
            AFTER_FAILURE
        } else {
            match collect(&app, &cluster, &commands, since, now).await {
                Ok(()) => {
                    whole_look = if whole { Some(now) } else { whole_look };
                    EVERY
                }
                Err(reason) => {
                    tracing::warn!(cluster = %cluster.name, %reason, "accounting does not say what jobs used");
                    AFTER_FAILURE
                }
            }
        };
        tokio::time::sleep(if blind && whole_look.is_none() { EVERY } else { pause }).await;
    }
}

async fn collect(
    app: &App,
    cluster: &Cluster,
    commands: &Commands,
    since: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<(), String> {
    let text = |error: DbErr| error.to_string();
    let open =
        store::without_usage(app.db.read(), &cluster.name, to_us(since), to_us(now), MOST).await.map_err(text)?;
    for some in open.chunks(AT_ONCE) {
        let ids: Vec<JobId> = some.iter().filter_map(|job| JobId::parse(job.job_id.as_deref()?).ok()).collect();
        let told = commands.usage(&ids).await?;
        let rows = some.iter().filter_map(|job| kept(job, &told, now)).collect();
        store::insert(app.db.write(), rows).await.map_err(text)?;
    }
    Ok(())
}

/// `None`: accounting may tell more later.
pub(super) fn kept(job: &jobs::Model, told: &[JobUsage], now: DateTime<Utc>) -> Option<store::Model> {
    let known = find(job, told).filter(|usage| is_whole(usage)).map(Figures::of);
    let ended_at = job.ended_us.map(from_us)?;
    // The numbers of an array are its tasks', which have rows of their own.
    if known.is_none() && now - ended_at < patience() && !is_made_of_parts(job, told) {
        return None;
    }
    Some(row(job, known.as_ref()))
}

/// The one of this number that was submitted then. Slurm's ids wrap, and a requeued job begins anew.
pub(super) fn find<'a>(job: &jobs::Model, told: &'a [JobUsage]) -> Option<&'a JobUsage> {
    told.iter().find(|usage| {
        job.job_id.as_deref() == Some(usage.job_id.as_str()) && job.submitted_us == to_us(usage.submitted_at)
    })
}

/// Steps are told of one by one, and the job may be told as over before its last one.
pub(super) fn is_whole(usage: &JobUsage) -> bool {
    let ran = usage.elapsed_seconds > 0 && usage.nodes > 0;
    let over = usage.state.is_final() && usage.ended_at.is_some();
    over && usage.steps.iter().all(|step| step.ended_at.is_some()) && (!ran || !usage.steps.is_empty())
}

fn is_made_of_parts(job: &jobs::Model, told: &[JobUsage]) -> bool {
    let Some(number) = job.job_id.as_deref() else { return false };
    told.iter().any(|usage| usage.job_id.root() == number && usage.job_id.as_str() != number)
}

pub(super) fn row(job: &jobs::Model, figures: Option<&Figures>) -> store::Model {
    let signed = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
    let small = |value: u32| i32::try_from(value).unwrap_or(i32::MAX);
    let wasted = figures.map(Figures::wasted).unwrap_or_default();
    store::Model {
        id: job.id,
        cluster: job.cluster.clone(),
        user: job.user.clone(),
        template: job.template.as_deref().map(|template| super::without_version(template).to_owned()),
        // What the queue said: accounting's word for it may be another (`CANCELLED by 1000`).
        state: JobState::parse(&job.state).unwrap_or(JobState::Completed).as_str().to_owned(),
        ended_us: job.ended_us.unwrap_or_default(),
        elapsed_s: figures.map_or(0, |figures| signed(figures.elapsed_seconds)),
        time_limit_minutes: job.time_limit_minutes,
        nodes: figures.map_or(0, |figures| small(figures.nodes)),
        tasks: figures.map_or(0, |figures| small(figures.tasks)),
        cpus: figures.map_or(0, |figures| small(figures.cpus)),
        cpu_given_s: figures.map_or(0, |figures| signed(figures.cpu_seconds_given())),
        cpu_used_ms: figures.and_then(|figures| figures.cpu_milliseconds).map(signed),
        memory_given_mib: figures.and_then(|figures| figures.memory_given_mib).map(signed),
        memory_used_mib: figures.and_then(|figures| figures.memory_used_mib).map(signed),
        memory_of_a_node_mib: figures.and_then(|figures| figures.memory_of_a_node_mib).map(signed),
        gpus: figures.map_or(0, |figures| small(figures.gpus)),
        gpu_percent: figures.and_then(|figures| figures.gpu_percent).map(small),
        gpu_memory_mib: figures.and_then(|figures| figures.gpu_memory_mib).map(signed),
        cpu_wasted_s: signed(wasted.cpu_seconds),
        memory_wasted_mib_s: signed(wasted.memory_mib_seconds),
        gpu_wasted_s: signed(wasted.gpu_seconds),
    }
}

/// `None` for a row that holds no figures.
pub(super) fn read(row: &store::Model) -> Option<Figures> {
    let unsigned = |value: i64| value.max(0).unsigned_abs();
    let small = |value: i32| value.max(0).unsigned_abs();
    (row.elapsed_s > 0).then(|| Figures {
        state: JobState::parse(&row.state).unwrap_or(JobState::Completed),
        elapsed_seconds: unsigned(row.elapsed_s),
        nodes: small(row.nodes),
        tasks: small(row.tasks),
        cpus: small(row.cpus),
        cpu_milliseconds: row.cpu_used_ms.map(unsigned),
        memory_given_mib: row.memory_given_mib.map(unsigned),
        memory_used_mib: row.memory_used_mib.map(unsigned),
        memory_of_a_node_mib: row.memory_of_a_node_mib.map(unsigned),
        gpus: small(row.gpus),
        gpu_percent: row.gpu_percent.map(small),
        gpu_memory_mib: row.gpu_memory_mib.map(unsigned),
    })
}
