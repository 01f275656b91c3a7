//! What jobs used of what they were given, what a person's jobs wasted, and what to ask for next time.
//!
//! Of jobs that are over it is kept in the database when accounting has told; of one that runs its owner's agent asks the
//! nodes, when somebody looks. How each figure is made: `docs/user/en/efficiency.md`.

mod advice;
mod collect;
mod figures;
mod measure;
mod store;
#[cfg(test)]
mod tests;

use chrono::{DateTime, TimeDelta, Utc};
use quarterdeck_types::JobState;

use super::{Error, Job, OWN_TEMPLATE, find_for, read};
use crate::access::Actor;
use crate::app::App;
use crate::clusters::{Cluster, Scheduler};
use crate::db::to_us;
use crate::jobs::store as jobs;

pub use advice::{Resource, Run, Suggestion};
pub use collect::collect_usage;
pub use figures::{Figures, Wasted};
pub use measure::Measurements;

/// Runs that advice is learnt from, and how many must have completed before it asks for less.
const RUNS: u64 = 20;
const LEAST_RUNS: usize = 3;
/// Older runs were of other work.
fn memory_of_runs() -> TimeDelta {
    TimeDelta::days(180)
}
/// Tasks of an array that are looked at.
const MOST_PARTS: u64 = 20_000;

/// How far the job's figures have come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    Waiting,
    /// So far.
    Running,
    Ended,
}

/// Why figures are missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Missing {
    NotStarted,
    /// The scheduler keeps none.
    NotKept,
    /// Accounting has not told yet.
    NotYet,
    /// Slurm does not measure here, or the job was too short to be sampled.
    NotMeasured,
    /// Slurm tells what runs to its owner alone.
    OwnerOnly,
    /// The site does not offer `sstat`.
    NoSstat,
    Unreachable,
}

pub struct Efficiency {
    pub stage: Stage,
    pub missing: Option<Missing>,
    /// Of an array, its tasks together: times added up, memory of the greediest.
    pub figures: Option<Figures>,
    /// Tasks or components that are in it; `None`: it is one job.
    pub parts: Option<Parts>,
    pub wasted: Wasted,
    pub suggestions: Vec<Suggestion>,
    pub measured_at: DateTime<Utc>,
}

/// How the parts of an array did: how many used up to 10 %, 20 % … of what they were given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Parts {
    pub count: u64,
    pub cpu: [u64; 10],
    pub memory: [u64; 10],
}

/// What the job used, as far as the actor may know.
pub async fn efficiency(app: &App, actor: &Actor, cluster: &Cluster, job: &str) -> Result<Efficiency, Error> {
    let job = find_for(app, actor, cluster, job).await?;
    let nothing = |stage, missing| Efficiency {
        stage,
        missing: Some(missing),
        figures: None,
        parts: None,
        wasted: Wasted::default(),
        suggestions: Vec::new(),
        measured_at: app.clock.now(),
    };
    let Scheduler::Slurm(commands) = &cluster.scheduler else { return Ok(nothing(stage(&job), Missing::NotKept)) };
    if job.job_id.is_none() || job.started_at.is_none() {
        return Ok(nothing(stage(&job), Missing::NotStarted));
    }
    let rows = parts_of(app, cluster, &job).await?;
    if !rows.is_empty() {
        return Ok(of_parts(app, &job, &rows));
    }
    let kept = store::by_id(app.db.read(), job.id).await?;
    if let Some(row) = kept {
        let Some(figures) = collect::read(&row) else { return Ok(nothing(stage(&job), Missing::NotMeasured)) };
        return Ok(of_one(app, &job, figures, None));
    }
    let view = cluster.view();
    if view.privacy.is_some() && view.accounting.is_none() {
        return Ok(nothing(stage(&job), Missing::NotKept));
    }
    let measured = app.jobs.measurements.measure(app, actor, commands, &job).await;
    Ok(match measured.figures {
        Some(figures) => of_one(app, &job, figures, measured.missing),
        None => nothing(stage(&job), measured.missing.unwrap_or(Missing::NotYet)),
    })
}

async fn parts_of(app: &App, cluster: &Cluster, job: &Job) -> Result<Vec<store::Model>, Error> {
    let Some(number) = job.job_id.as_ref().filter(|number| number.as_str() == number.root()) else {
        return Ok(Vec::new());
    };
    let next = jobs::next_of_number(app.db.read(), &cluster.name, number.as_str(), job.id).await?;
    let whole = jobs::Whole { root: number.to_string(), id: job.id, next };
    let filter = jobs::Filter { parts: jobs::Parts::Of(whole), ..jobs::Filter::default() };
    Ok(store::of_parts(app.db.read(), &cluster.name, &filter, MOST_PARTS).await?)
}

fn of_one(app: &App, job: &Job, figures: Figures, missing: Option<Missing>) -> Efficiency {
    let stage = stage(job);
    let run = Run { figures: figures.clone(), time_limit_minutes: job.time_limit_minutes };
    let unmeasured = figures.cpu_milliseconds.is_none() && figures.memory_used_mib.is_none();
    Efficiency {
        stage,
        missing: missing.or(unmeasured.then_some(Missing::NotMeasured)),
        wasted: if stage == Stage::Ended { figures.wasted() } else { Wasted::default() },
        suggestions: if stage == Stage::Ended { advice::suggest(&[run], 1) } else { Vec::new() },
        figures: Some(figures),
        parts: None,
        measured_at: app.clock.now(),
    }
}

fn of_parts(app: &App, job: &Job, rows: &[store::Model]) -> Efficiency {
    let runs = runs(rows);
    let mut parts = Parts { count: runs.len() as u64, ..Parts::default() };
    let mut wasted = Wasted::default();
    for Run { figures, .. } in &runs {
        let cpu = figures.cpu_milliseconds.map(|used| (used, figures.cpu_seconds_given().saturating_mul(1000)));
        let memory = figures.memory_used_mib.zip(figures.memory_given_mib);
        for (bands, share) in [(&mut parts.cpu, cpu), (&mut parts.memory, memory)] {
            if let Some(band) = share.and_then(|(used, given)| band(used, given)) {
                bands[band] += 1;
            }
        }
        let of_part = figures.wasted();
        wasted.cpu_seconds += of_part.cpu_seconds;
        wasted.memory_mib_seconds += of_part.memory_mib_seconds;
        wasted.gpu_seconds += of_part.gpu_seconds;
    }
    Efficiency {
        stage: stage(job),
        missing: None,
        suggestions: advice::suggest(&runs, 1),
        figures: together(&runs),
        parts: Some(parts),
        wasted,
        measured_at: app.clock.now(),
    }
}

/// 0 for up to 10 %, 9 for more than 90 %.
fn band(used: u64, given: u64) -> Option<usize> {
    (given > 0).then(|| (used.saturating_mul(10).saturating_sub(1) / given).min(9) as usize)
}

fn together(runs: &[Run]) -> Option<Figures> {
    let first = &runs.first()?.figures;
    let all = || runs.iter().map(|run| &run.figures);
    let most = |of: fn(&Figures) -> Option<u64>| all().filter_map(of).max();
    let cpu = all().filter_map(|figures| figures.cpu_milliseconds);
    Some(Figures {
        elapsed_seconds: all().map(|figures| figures.elapsed_seconds).sum(),
        cpu_milliseconds: cpu.reduce(u64::saturating_add),
        memory_given_mib: most(|figures| figures.memory_given_mib),
        memory_used_mib: most(|figures| figures.memory_used_mib),
        memory_of_a_node_mib: most(|figures| figures.memory_of_a_node_mib),
        gpu_percent: all().filter_map(|figures| figures.gpu_percent).max(),
        gpu_memory_mib: most(|figures| figures.gpu_memory_mib),
        ..first.clone()
    })
}

/// What a person's own runs of a template teach about its next.
pub struct Advice {
    pub runs: usize,
    pub suggestions: Vec<Suggestion>,
}

pub async fn advice(app: &App, actor: &Actor, cluster: &Cluster, template: &str) -> Result<Advice, Error> {
    let Some(user) = actor.unix_user.as_deref() else { return Ok(Advice { runs: 0, suggestions: Vec::new() }) };
    let since = to_us(app.clock.now() - memory_of_runs());
    let template = without_version(template);
    let rows = store::of_template(app.db.read(), &cluster.name, user, template, since, RUNS).await?;
    let runs = runs(&rows);
    Ok(Advice { runs: runs.len(), suggestions: advice::suggest(&runs, LEAST_RUNS) })
}

/// What jobs were given and did not use, since then.
pub struct Waste {
    pub jobs: u64,
    pub cpu_seconds_given: u64,
    pub wasted: Wasted,
}

pub struct WastefulJob {
    pub job: Job,
    pub wasted: Wasted,
}

pub struct WasteOfUser {
    pub user: String,
    pub waste: Waste,
}

/// The person's own, and her jobs that wasted most.
pub async fn own_waste(
    app: &App,
    actor: &Actor,
    cluster: &Cluster,
    days: u32,
    most: u64,
) -> Result<(Waste, Vec<WastefulJob>), Error> {
    let user = actor.unix_user.as_deref().unwrap_or_default();
    let since = to_us(app.clock.now() - TimeDelta::days(days.into()));
    let sums = store::sums_of(app.db.read(), &cluster.name, user, since).await?;
    let jobs = store::most_wasteful(app.db.read(), &cluster.name, Some(user), since, most).await?;
    Ok((waste(&sums), jobs.into_iter().filter_map(wasteful).collect()))
}

/// Everybody's, for operators: who wasted most, and which jobs did.
pub async fn waste_of_all(
    app: &App,
    cluster: &Cluster,
    days: u32,
    most: u64,
) -> Result<(Vec<WasteOfUser>, Vec<WastefulJob>), Error> {
    let since = to_us(app.clock.now() - TimeDelta::days(days.into()));
    let users = store::sums_by_user(app.db.read(), &cluster.name, since, most).await?;
    let jobs = store::most_wasteful(app.db.read(), &cluster.name, None, since, most).await?;
    let users = users.into_iter().map(|row| WasteOfUser { waste: waste(&row.sums), user: row.user });
    Ok((users.collect(), jobs.into_iter().filter_map(wasteful).collect()))
}

fn waste(sums: &store::Sums) -> Waste {
    let unsigned = |value: i64| value.max(0).unsigned_abs();
    Waste {
        jobs: unsigned(sums.jobs),
        cpu_seconds_given: unsigned(sums.cpu_given_s),
        wasted: Wasted {
            cpu_seconds: unsigned(sums.cpu_wasted_s),
            memory_mib_seconds: unsigned(sums.memory_wasted_mib_s),
            gpu_seconds: unsigned(sums.gpu_wasted_s),
        },
    }
}

fn wasteful((job, row): (jobs::Model, store::Model)) -> Option<WastefulJob> {
    Some(WastefulJob { job: read(job)?, wasted: collect::read(&row)?.wasted() })
}

fn runs(rows: &[store::Model]) -> Vec<Run> {
    let run = |row: &store::Model| {
        let time_limit_minutes = row.time_limit_minutes.map(|minutes| minutes.max(0).unsigned_abs());
        Some(Run { figures: collect::read(row)?, time_limit_minutes })
    };
    rows.iter().filter_map(run).collect()
}

fn stage(job: &Job) -> Stage {
    match job.state {
        state if state.is_final() => Stage::Ended,
        JobState::Running | JobState::Suspended | JobState::Completing => Stage::Running,
        _ => Stage::Waiting,
    }
}

fn without_version(template: &str) -> &str {
    template.trim_start_matches(OWN_TEMPLATE).split('@').next().unwrap_or(template)
}
