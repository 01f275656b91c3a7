//! What a job waits for, and what waits for it.

use quarterdeck_slurm::dependency;
use quarterdeck_types::JobId;
use sea_orm::{ConnectionTrait, DbErr};

use super::request::{Dependency, DependencyKind};
use super::{Error, Job, find_for, read, store};
use crate::access::Actor;
use crate::app::App;
use crate::clusters::{Cluster, Scheduler};
use crate::db::to_us;
use crate::problem::FieldError;

/// More are not drawn.
pub(super) const MOST_SHOWN: usize = 100;

pub struct Dependencies {
    pub before: Vec<Link>,
    pub after: Vec<Link>,
}

/// Between the job and another one.
pub struct Link {
    pub kind: String,
    /// As Slurm writes it: `5`, `5_1`, `5_*`.
    pub on: String,
    pub standing: Standing,
    /// The job at the other end. `None`: not known, or not for this reader's eyes.
    pub job: Option<Job>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    Waiting,
    Fulfilled,
    /// The other job ended so that it can no longer come true.
    Never,
    Unknown,
}

/// The other jobs that a job of the actor's sight is bound to.
pub async fn dependencies(app: &App, actor: &Actor, cluster: &Cluster, job: &str) -> Result<Dependencies, Error> {
    let job = find_for(app, actor, cluster, job).await?;
    let db = app.db.read();
    let sight = cluster.sight_of(actor);
    let seen = |job: &Job| sight.covers(&job.user, job.account.as_deref());
    // Slurm's own word on what can no longer come true.
    let view = cluster.view();
    let waiting = job.job_id.as_ref().and_then(|id| view.line.find(id));
    let failed = |on: &str| waiting.is_some_and(|it| it.depends_on.iter().any(|it| it.job_id == on && it.failed));

    let own = store::dependencies_of(db, job.id).await?;
    let numbers: Vec<&str> = own.iter().map(|link| number(&link.on_job_id)).collect();
    let known = store::of_numbers(db, &cluster.name, &numbers).await?;
    let mut before = Vec::new();
    for link in own {
        // Slurm's ids wrap: the newest that was there when this one was submitted.
        let submitted_us = to_us(job.submitted_at);
        let named = known.iter().filter(|row| row.job_id.as_deref() == Some(number(&link.on_job_id)));
        let at_the_time = named.filter(|row| row.submitted_us <= submitted_us).max_by_key(|row| row.submitted_us);
        let other = at_the_time.cloned().and_then(read);
        let standing = match &other {
            _ if failed(&link.on_job_id) => Standing::Never,
            Some(other) => standing(&link.kind, other),
            None => Standing::Unknown,
        };
        before.push(Link { kind: link.kind, on: link.on_job_id, standing, job: other.filter(seen) });
    }

    let mut after = Vec::new();
    let Some(job_id) = &job.job_id else { return Ok(Dependencies { before, after }) };
    for (link, row) in store::dependents_on(db, &cluster.name, job_id.root(), to_us(job.submitted_at)).await? {
        // A task is waited for by itself, or with its whole array.
        let concerned = job_id.as_str() == job_id.root()
            || link.on_job_id == job_id.as_str()
            || number(&link.on_job_id) == job_id.root();
        let Some(other) = read(row).filter(|other| concerned && seen(other)) else { continue };
        after.push(Link {
            standing: standing(&link.kind, &job),
            kind: link.kind,
            on: link.on_job_id,
            job: Some(other),
        });
    }
    Ok(Dependencies { before, after })
}

/// The number that a row has: `5_*` is the array `5`.
fn number(on: &str) -> &str {
    on.strip_suffix("_*").unwrap_or(on)
}

/// How a dependency on `job` stands, as it is now.
fn standing(kind: &str, job: &Job) -> Standing {
    use quarterdeck_types::JobState;
    let over = job.state.is_final();
    let well = job.state == JobState::Completed;
    match DependencyKind::parse(kind) {
        Some(DependencyKind::After) if over || job.started_at.is_some() => Standing::Fulfilled,
        Some(DependencyKind::Afterany) if over => Standing::Fulfilled,
        Some(DependencyKind::Afterok) if over && well => Standing::Fulfilled,
        Some(DependencyKind::Afterok) if over => Standing::Never,
        Some(DependencyKind::Afternotok) if over && !well => Standing::Fulfilled,
        Some(DependencyKind::Afternotok) if over => Standing::Never,
        // Each task for itself.
        Some(DependencyKind::Aftercorr) if over && well => Standing::Fulfilled,
        None if over => Standing::Unknown,
        _ => Standing::Waiting,
    }
}

/// What is asked for, in Slurm's words.
#[derive(Default)]
pub(super) struct Asked {
    /// What has not come true yet. The rest Slurm may have forgotten.
    pub open: Option<String>,
    pub all: Option<String>,
}

/// Jobs that are not there, and what can no longer come true, are named.
pub(super) async fn asked(
    app: &App,
    actor: &Actor,
    cluster: &Cluster,
    dependencies: &[Dependency],
    errors: &mut Vec<FieldError>,
) -> Result<Asked, Error> {
    if dependencies.is_empty() {
        return Ok(Asked::default());
    }
    if let Scheduler::Local = cluster.scheduler {
        let detail = "The one-machine queue runs jobs in their order and knows no dependencies: leave them out.";
        errors.push(FieldError::new("/dependencies", "no-dependencies-here", detail));
        return Ok(Asked::default());
    }
    let (mut open, mut all) = (Vec::new(), Vec::new());
    for (i, dependency) in dependencies.iter().enumerate() {
        let mut wrong = |code: &str, detail: String| {
            let error = FieldError::new(format!("/dependencies/{i}/job"), code, detail);
            errors.push(error.with("job", dependency.job.as_str()));
        };
        let job = match find_for(app, actor, cluster, &dependency.job).await {
            Ok(job) => job,
            Err(Error::NotFound) => {
                wrong("no-such-job", format!("There is no job \"{}\": choose another.", dependency.job));
                continue;
            }
            Err(error) => return Err(error),
        };
        let Some(job_id) = &job.job_id else {
            wrong("job-without-number", "The scheduler does not have this job: choose another.".to_owned());
            continue;
        };
        let kind = dependency.kind.as_str();
        let standing = standing(kind, &job);
        if standing == Standing::Never {
            let detail = format!("Job {job_id} is {} already, so this would never start.", job.state);
            wrong("never-satisfied", detail);
        }
        let word = format!("{kind}:{job_id}");
        if standing != Standing::Fulfilled || !job.state.is_final() {
            open.push(word.clone());
        }
        all.push(word);
    }
    let join = |words: Vec<String>| (!words.is_empty()).then(|| words.join(","));
    Ok(Asked { open: join(open), all: join(all) })
}

/// Keeps what a job depends on: Slurm forgets each when it has come true.
pub(super) async fn keep(db: &impl ConnectionTrait, cluster: &str, jobs: &[(uuid::Uuid, &str)]) -> Result<(), DbErr> {
    let links = jobs.iter().flat_map(|(job, text)| {
        let parsed = dependency::parse(text).into_iter().take(MOST_SHOWN);
        parsed.filter_map(move |link| {
            let root = JobId::parse(number(&link.job_id)).ok()?.root().to_owned();
            Some((*job, link.kind, link.job_id, root))
        })
    });
    store::insert_dependencies(db, cluster, links.collect()).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::DateTime;
    use quarterdeck_types::JobState;
    use rstest::rstest;

    #[rstest]
    #[case("afterok", JobState::Running, Standing::Waiting)]
    #[case("afterok", JobState::Completed, Standing::Fulfilled)]
    #[case("afterok", JobState::Failed, Standing::Never)]
    #[case("afternotok", JobState::OutOfMemory, Standing::Fulfilled)]
    #[case("afternotok", JobState::Completed, Standing::Never)]
    #[case("afterany", JobState::Cancelled, Standing::Fulfilled)]
    #[case("after", JobState::Running, Standing::Fulfilled)]
    #[case("after", JobState::Pending, Standing::Waiting)]
    #[case("aftercorr", JobState::Failed, Standing::Waiting)]
    fn a_dependency_stands_as_the_other_job_does(
        #[case] kind: &str,
        #[case] state: JobState,
        #[case] expected: Standing,
    ) {
        let seen = super::super::tests::seen("1", "alice", "first");
        let job = super::super::observe::new_job("slurm", &quarterdeck_slurm::Job { state, ..seen }, None);
        let job = Job { started_at: (state != JobState::Pending).then_some(DateTime::UNIX_EPOCH), ..job };
        assert_eq!(standing(kind, &job), expected);
    }
}
