//! How many tasks of an array, or components of a heterogeneous job, stand how: for the rows of lists.

use std::collections::{HashMap, HashSet};

use quarterdeck_types::JobState;
use sea_orm::DbErr;
use uuid::Uuid;

use super::{Job, read, store};
use crate::app::App;

/// Writes the counts into the wholes among these jobs, by one query for all.
pub(super) async fn count(app: &App, cluster: &str, jobs: &mut [Job]) -> Result<(), DbErr> {
    let wholes: Vec<Uuid> = jobs.iter().filter(|job| job.is_whole()).map(|job| job.id).collect();
    if wholes.is_empty() {
        return Ok(());
    }
    let mut counts: HashMap<Uuid, Vec<(JobState, u64)>> = HashMap::new();
    for (whole, state, count) in store::count_parts(app.db.read(), cluster, &wholes).await? {
        if let Some(state) = JobState::parse(&state) {
            counts.entry(whole).or_default().push((state, count as u64));
        }
    }
    let waiting = app.clusters.find(cluster).map(|cluster| cluster.view().line);
    for job in jobs {
        let mut parts = counts.remove(&job.id).unwrap_or_default();
        // Slurm lists the tasks that have never started as one record, which has no row.
        let line = job.job_id.as_ref().and_then(|id| waiting.as_ref()?.find(id));
        let rest = line.map_or(0, |waiting| waiting.tasks);
        if rest > 0 && !job.state.is_final() {
            match parts.iter_mut().find(|(state, _)| *state == JobState::Pending) {
                Some((_, count)) => *count += u64::from(rest),
                None => parts.push((JobState::Pending, rest.into())),
            }
        }
        parts.sort_by_key(|(state, _)| JobState::ALL.iter().position(|known| known == state));
        job.parts = parts;
    }
    Ok(())
}

/// Tells who watches of these jobs, and of the wholes whose parts are among them.
pub(super) async fn publish(app: &App, cluster: &str, rows: &[store::Model], mut jobs: Vec<Job>) -> Result<(), DbErr> {
    let roots: HashSet<&str> = jobs.iter().filter_map(|job| job.job_id.as_ref()?.whole()).collect();
    let mut wholes: HashMap<&str, &store::Model> = HashMap::new();
    for row in rows {
        let Some(number) = row.job_id.as_deref().filter(|number| roots.contains(number)) else { continue };
        // The newest of this number.
        let whole = wholes.entry(number).or_insert(row);
        if row.id > whole.id {
            *whole = row;
        }
    }
    let told: HashSet<Uuid> = jobs.iter().map(|job| job.id).collect();
    let untold: Vec<Job> =
        wholes.into_values().filter(|whole| !told.contains(&whole.id)).cloned().filter_map(read).collect();
    jobs.extend(untold);
    count(app, cluster, &mut jobs).await?;
    app.live.jobs_changed(cluster, jobs);
    Ok(())
}
