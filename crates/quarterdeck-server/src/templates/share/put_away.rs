//! Moves to `archived/` what became everybody's: a user's own file whose id is taken by the text that she shared. Her
//! agent does it, as with all that is hers.

use quarterdeck_types::agent::Request;
use quarterdeck_types::{FileName, Place};
use serde_json::json;

use crate::agents::Agent;
use crate::app::App;
use crate::audit::{Event, Outcome, Who};
use crate::templates::edit::{ARCHIVED, PRIVATE, archived_name, named};
use crate::templates::store::shares;
use crate::templates::{Error, own};

/// `files` are the user's own, by id; answers the names of those that are gone from there. What fails is tried again at
/// the next look.
pub(in crate::templates) async fn put_away(
    app: &App,
    user: &str,
    agent: &Agent,
    file_of: impl Fn(&str) -> Option<String>,
) -> Result<Vec<String>, Error> {
    let mut gone = Vec::new();
    for share in shares::to_put_away(app.db.read(), user).await? {
        if let Some(name) = file_of(&share.own_template) {
            let detail = json!({"share": share.id, "user": share.username, "because": "it is everybody's now"});
            let event = || Event::new("template.archive", &share.own_template).with(detail.clone());
            let intent = app.audit.intend(Who::Server, event()).await?;
            let moved = to_archived(app, agent, &name, &share.own_template).await;
            let outcome = if moved.is_ok() { Outcome::Done } else { Outcome::Failed };
            app.audit.conclude(Who::Server, intent, outcome, event()).await?;
            moved?;
            gone.push(name);
        }
        shares::was_put_away(app.db.write(), share.id).await?;
    }
    Ok(gone)
}

async fn to_archived(app: &App, agent: &Agent, name: &str, id: &str) -> Result<(), Error> {
    let directory = own::directory(app)?;
    let from = Place::home(directory.join(&FileName::from_bytes(name.as_bytes()).map_err(anyhow::Error::from)?));
    let archived = directory.join(&named(ARCHIVED)?);
    let at = Place::home(archived.clone());
    let made = agent.entry(Request::Mkdir { at: at.clone(), parents: true }).await?;
    if made.mode & 0o777 != PRIVATE {
        agent.entry(Request::SetMode { at, mode: PRIVATE }).await?;
    }
    let to = Place::home(archived.join(&named(&archived_name(id, app.clock.now()))?));
    Ok(agent.done(Request::Rename { from, to, replace: false }).await?)
}
