//! Shows a user her files, through her agent.

pub(crate) mod api;

use quarterdeck_types::agent::{Entry, MAX_LIST_ENTRIES, Request, Space};
use quarterdeck_types::{FileName, Place};
use thiserror::Error;

use crate::access::Actor;
use crate::agents;
use crate::app::App;
use crate::auth;

#[derive(Debug, Error)]
pub enum Error {
    #[error(transparent)]
    Agent(#[from] agents::Error),
    #[error(transparent)]
    Auth(#[from] auth::Error),
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
    let limit = limit.min(u64::from(MAX_LIST_ENTRIES)) as u32;
    Ok(agent.entries(Request::List { at, after, limit }).await?)
}

/// The roots that the site allows this user.
pub async fn spaces(app: &App, actor: &Actor) -> Result<Vec<Space>, Error> {
    Ok(app.agents.of(auth::unix_user(actor)?).hello().await?.spaces)
}
