//! What the tasks of a sweep found out: a line of what each wrote.

use std::time::Duration;

use futures_util::StreamExt;
use quarterdeck_types::RelativePath;

use super::{SweepRow, sweep};
use crate::access::Actor;
use crate::app::App;
use crate::clusters::Cluster;
use crate::jobs::{Error, output};
use crate::problem::FieldError;

/// Rows of one request.
const MOST_VALUES: usize = 100;
/// Files opened at the same time. The person's agent has turns of its own.
const AT_ONCE: usize = 8;
/// What is slower is left out.
const TIME: Duration = Duration::from_secs(10);
const MOST_CHARACTERS: usize = 200;

/// Which line of which file.
pub struct Wanted {
    /// In the tasks' own directories; `None`: their standard output.
    pub file: Option<String>,
    pub last: bool,
    /// Of the first row, counted from 1.
    pub from: u32,
}

/// A line of each task's, `None` where there is none; of a hundred rows at most.
pub async fn values(
    app: &App,
    actor: &Actor,
    cluster: &Cluster,
    job: &str,
    wanted: &Wanted,
) -> Result<Vec<(u32, Option<String>)>, Error> {
    let file = wanted
        .file
        .as_deref()
        .map(RelativePath::parse)
        .transpose()
        .map_err(|error| Error::Invalid(vec![FieldError::new("/file", "bad-path", error.to_string())]))?;
    let table = sweep(app, actor, cluster, job).await?;
    let rows = table.rows.into_iter().filter(|row| row.number >= wanted.from).take(MOST_VALUES);
    let read = async |row: SweepRow| {
        let path = row.job.as_ref().and_then(|job| match &file {
            Some(file) => Some(format!(
                "{}/{}",
                job.working_directory.as_ref()?,
                quarterdeck_types::place::plain(&file.to_string())
            )),
            None => job.output_path.clone(),
        });
        let line = match path {
            Some(path) => output::line(app, actor, &path, wanted.last).await,
            None => None,
        };
        (row.number, line.map(|line| line.chars().take(MOST_CHARACTERS).collect()))
    };
    let mut read = std::pin::pin!(futures_util::stream::iter(rows.map(read)).buffered(AT_ONCE));
    let mut values = Vec::new();
    let until = tokio::time::Instant::now() + TIME;
    while let Ok(Some(value)) = tokio::time::timeout_at(until, read.next()).await {
        values.push(value);
    }
    Ok(values)
}
