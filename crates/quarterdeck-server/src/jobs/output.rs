//! Reads what a job wrote, through its reader's own agent.

use std::time::Duration;

use bytes::Bytes;
use quarterdeck_types::Place;
use quarterdeck_types::agent::Request;

use super::{Error, Job, find_for, is_mine};
use crate::access::Actor;
use crate::agents::UserFile;
use crate::app::App;
use crate::auth;
use crate::clusters::{Cluster, Scheduler};

/// Whoever may not read a job's output there reads nothing of it elsewhere.
pub const OUTPUT_ROUTE: &str = "/api/v1/clusters/{cluster}/jobs/{job}/output";
/// A file system that hangs does not keep back what is known without it.
const TAIL_TIME: Duration = Duration::from_secs(5);
const LONGEST_LINE: u64 = 4096;

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
    open(app, actor, &path.ok_or(Error::NoOutputPath)?).await
}

/// The end of what its owner's job wrote: whole lines, of both streams together `most` bytes at most. What cannot be
/// read is left out: the output's own request says why.
pub(super) async fn tails(app: &App, actor: &Actor, cluster: &Cluster, job: &Job, most: u64) -> Vec<(Stream, Bytes)> {
    let read = async {
        let (out, err) = paths(cluster, job).await;
        let err = err.filter(|err| Some(err) != out.as_ref());
        let each = if err.is_some() { most / 2 } else { most };
        let mut tails = Vec::new();
        // What went wrong is more often said there.
        for (stream, path) in [(Stream::Stderr, err), (Stream::Stdout, out)] {
            let Some(path) = path else { continue };
            if let Ok(file) = open(app, actor, &path).await
                && let Ok(tail) = tail(&file, each).await
            {
                tails.push((stream, tail));
            }
        }
        tails
    };
    tokio::time::timeout(TAIL_TIME, read).await.unwrap_or_default()
}

/// The first or the last line of a file, cut; none where it cannot be read or holds nothing.
pub(super) async fn line(app: &App, actor: &Actor, absolute: &str, last: bool) -> Option<String> {
    let file = open(app, actor, absolute).await.ok()?;
    let bytes = match last {
        true => tail(&file, LONGEST_LINE).await,
        false => file.read_at(0, LONGEST_LINE as usize).await,
    };
    let text = String::from_utf8_lossy(&bytes.ok()?).into_owned();
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let line = if last { lines.next_back() } else { lines.next() };
    line.map(str::to_owned)
}

async fn tail(file: &UserFile, most: u64) -> std::io::Result<Bytes> {
    let from = file.entry().size.saturating_sub(most);
    let mut tail = file.read_at(from, most as usize).await?;
    // The beginning of a line may be missing.
    if from > 0
        && let Some(end) = tail.iter().position(|byte| *byte == b'\n')
    {
        let _ = tail.split_to(end + 1);
    }
    Ok(tail)
}

async fn open(app: &App, actor: &Actor, absolute: &str) -> Result<UserFile, Error> {
    if absolute == "/dev/null" {
        return Err(Error::OutputNotKept);
    }
    let agent = app.agents.of(auth::unix_user(actor)?);
    match agent.open(Request::OpenRead { at: Place::absolute(absolute) }).await {
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
