//! Where a job worked, as its owner's agent sees it.

use quarterdeck_types::{RelativePath, SpaceName};

use super::{Error, find_for, is_mine};
use crate::access::Actor;
use crate::app::App;
use crate::clusters::Cluster;
use crate::files;

/// Another's job is as if it had none: not even its path is told.
pub async fn directory(
    app: &App,
    actor: &Actor,
    cluster: &Cluster,
    job: &str,
) -> Result<(SpaceName, RelativePath), Error> {
    let job = find_for(app, actor, cluster, job).await?;
    if !is_mine(actor, &job) {
        return Err(Error::NotYours);
    }
    let directory = job.working_directory.filter(|path| path.starts_with('/')).ok_or(Error::NoWorkingDirectory)?;
    Ok(files::locate(app, actor, &directory).await?)
}
