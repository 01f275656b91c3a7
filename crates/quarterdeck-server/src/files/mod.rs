//! Shows a user her files, through her agent.

pub mod acl;
pub(crate) mod api;
mod archive;
pub mod change;
pub mod downloads;
mod store;
pub mod tasks;

use quarterdeck_types::agent::{Entry, MAX_LIST_ENTRIES, Request, Space};
use quarterdeck_types::{FileName, Place, RelativePath, SpaceName};
use sea_orm::DbErr;
use thiserror::Error;

use crate::access::Actor;
use crate::agents::{self, Agent, UserFile};
use crate::app::App;
use crate::auth;
use crate::problem::FieldError;

#[derive(Debug, Error)]
pub enum Error {
    #[error("This download is over: begin it anew on its page.")]
    NoSuchTicket,
    #[error("The permissions were changed meanwhile: look at them again.")]
    AclChanged,
    #[error("{}", .0.first().map_or("", |error| error.detail.as_str()))]
    Invalid(Vec<FieldError>),
    #[error("The site's accounts cannot be looked up right now: try again in a moment.")]
    Accounts,
    #[error("There is no such task.")]
    NoSuchTask,
    #[error(transparent)]
    Agent(#[from] agents::Error),
    #[error(transparent)]
    Auth(#[from] auth::Error),
    #[error(transparent)]
    Db(#[from] DbErr),
    #[error("{0:#}")]
    Internal(#[from] anyhow::Error),
}

/// One page of a directory, ordered by name, and whether there is more.
pub async fn list(
    app: &App,
    actor: &Actor,
    at: Place,
    after: Option<FileName>,
    limit: u64,
) -> Result<(Vec<Entry>, bool), Error> {
    let agent = app.agents.of(auth::unix_user(actor)?);
    Ok(agent.entries(Request::List { at, after, limit: page_of(limit) }).await?)
}

fn page_of(limit: u64) -> u32 {
    limit.min(u64::from(MAX_LIST_ENTRIES)) as u32
}

/// What is there; of a link the link itself.
pub async fn stat(app: &App, actor: &Actor, at: Place) -> Result<Entry, Error> {
    Ok(app.agents.of(auth::unix_user(actor)?).entry(Request::Stat { at }).await?)
}

/// The roots that the site allows this user.
pub async fn spaces(app: &App, actor: &Actor) -> Result<Vec<Space>, Error> {
    Ok(app.agents.of(auth::unix_user(actor)?).hello().await?.spaces)
}

/// Opens a file for reading. The kernel decides whether this person may.
pub async fn open(app: &App, actor: &Actor, space: SpaceName, path: RelativePath) -> Result<UserFile, Error> {
    let agent = app.agents.of(auth::unix_user(actor)?);
    Ok(agent.open(Request::OpenRead { at: Place::In { space, path } }).await?)
}

/// In which space an absolute path lies that the scheduler told. The agent finds it there, or says that it is in none.
pub async fn locate(app: &App, actor: &Actor, absolute: &str) -> Result<(SpaceName, RelativePath), Error> {
    let agent = app.agents.of(auth::unix_user(actor)?);
    let entry = agent.entry(Request::Stat { at: Place::absolute(absolute) }).await?;
    Ok(space_of(&agent, &entry).await?)
}

/// In which space an entry lies of which the agent told the absolute path.
async fn space_of(agent: &Agent, entry: &Entry) -> Result<(SpaceName, RelativePath), agents::Error> {
    let found = entry.absolute.as_deref().unwrap_or_default();
    let spaces = agent.hello().await?.spaces;
    beneath(&spaces, found).ok_or_else(|| agents::Error::Protocol("a path outside its own spaces".to_owned()))
}

/// The longest root at or above a path, both as the agent writes them.
fn beneath(spaces: &[Space], absolute: &str) -> Option<(SpaceName, RelativePath)> {
    let under = |space: &Space| {
        let root = space.root.trim_end_matches('/');
        let rest = absolute.strip_prefix(root)?;
        let path = RelativePath::parse(rest.strip_prefix('/').or(rest.is_empty().then_some(rest))?).ok()?;
        Some((root.len(), space.name.clone(), path))
    };
    let (_, name, path) = spaces.iter().filter_map(under).max_by_key(|(length, ..)| *length)?;
    Some((name, path))
}

#[cfg(test)]
mod tests {
    use quarterdeck_types::SpaceName;
    use quarterdeck_types::agent::Space;
    use rstest::rstest;

    #[rstest]
    #[case("/home/alice/run/1", Some(("home", "run/1")))]
    #[case("/home/alice", Some(("home", "")))]
    #[case("/home/alice/scratch/x", Some(("scratch", "x")))]
    #[case("/home/alice2/run", None)]
    #[case("/tmp", None)]
    fn the_nearest_space_above_holds_a_path(#[case] path: &str, #[case] place: Option<(&str, &str)>) {
        let space = |name, root: &str| Space { name: SpaceName::parse(name).unwrap(), root: root.to_owned() };
        let spaces = [space("home", "/home/alice"), space("scratch", "/home/alice/scratch")];
        let found = super::beneath(&spaces, path).map(|(name, path)| (name.to_string(), path.to_string()));
        assert_eq!(found, place.map(|(name, path)| (name.to_owned(), path.to_owned())));
    }
}
