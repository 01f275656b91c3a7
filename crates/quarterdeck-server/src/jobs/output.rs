//! Reads what a job wrote, through its reader's own agent.

use quarterdeck_types::Place;
use quarterdeck_types::agent::Request;

use super::{Error, Job, find_for, is_mine};
use crate::access::Actor;
use crate::agents::UserFile;
use crate::app::App;
use crate::auth;
use crate::clusters::{Cluster, Scheduler};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stream {
    Stdout,
    Stderr,
}

/// Opens one of the job's output files. The kernel decides whether this person may.
pub async fn output(app: &App, actor: &Actor, cluster: &Cluster, job: &str, stream: Stream) -> Result<UserFile, Error> {
    let job = find_for(app, actor, cluster, job).await?;
    // Another's job is as if it had no output: not even its path is told.
    if !is_mine(actor, &job) {
        return Err(Error::NotYours);
    }
    let (out, err) = paths(cluster, &job).await;
    let path = match stream {
        Stream::Stdout => out,
        Stream::Stderr => err.or(out),
    };
    let absolute = path.ok_or(Error::NoOutputPath)?;
    let agent = app.agents.of(auth::unix_user(actor)?);
    match agent.open(Request::OpenRead { at: Place::absolute(&absolute) }).await {
        Ok(file) => Ok(file),
        Err(error) if error.is_not_found() => Err(Error::NoOutputYet),
        Err(error) => Err(error.into()),
    }
}

/// As recorded at submission; of a job that was not submitted here, as Slurm says while it remembers.
async fn paths(cluster: &Cluster, job: &Job) -> (Option<String>, Option<String>) {
    if let (None, None, Some(job_id), Scheduler::Slurm(commands)) =
        (&job.output_path, &job.script, &job.job_id, &cluster.scheduler)
        && let Ok(paths) = commands.paths(job_id).await
    {
        return (paths.output, paths.error);
    }
    (job.output_path.clone(), job.error_path.clone())
}
