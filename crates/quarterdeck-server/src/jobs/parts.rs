//! How many tasks of an array, or components of a heterogeneous job, stand how: for the rows of lists.

use std::collections::HashMap;

use quarterdeck_types::JobState;
use sea_orm::DbErr;
use uuid::Uuid;

use super::{Job, read, store};
use crate::app::App;

/// Writes the counts into the wholes among these jobs, by one query for all.
pub(super) async fn count(app: &App, cluster: &str, jobs: &mut [Job]) -> Result<(), DbErr> {
    let wholes: Vec<Uuid> = jobs.iter().filter(|job| is_whole(job)).map(|job| job.id).collect();
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
    let roots = jobs.iter().filter(|job| !is_whole(job)).filter_map(|job| job.job_id.as_ref());
    let roots: Vec<String> = roots.map(|id| id.root().to_owned()).collect();
    for root in roots {
        let newest = rows.iter().filter(|row| row.job_id.as_ref() == Some(&root)).max_by_key(|row| row.id);
        if let Some(whole) = newest.filter(|row| jobs.iter().all(|job| job.id != row.id)).cloned().and_then(read) {
            jobs.push(whole);
        }
    }
    count(app, cluster, &mut jobs).await?;
    app.live.jobs_changed(cluster, jobs);
    Ok(())
}

fn is_whole(job: &Job) -> bool {
    job.job_id.as_ref().is_some_and(|id| id.as_str() == id.root())
}
