//! Changes a user's files, through her agent, and writes down who changed what.

use std::io;

use bytes::Bytes;
use quarterdeck_types::agent::{AgentError, Entry, ErrorCode, FileVersion, Request, TrashItem};
use quarterdeck_types::{FileName, Place, RelativePath, SpaceName};
use serde_json::{Value, json};
use uuid::Uuid;

use super::Error;
use crate::access::Actor;
use crate::agents::{self, Agent};
use crate::app::App;
use crate::audit::{Event, Outcome};
use crate::auth;

/// With `parents`, missing directories above are made too, and one that is there already is no error.
pub async fn make_directory(app: &App, actor: &Actor, at: Place, parents: bool) -> Result<Entry, Error> {
    let deed = Deed { action: "file.make-directory", object: at.to_string(), detail: json!({}) };
    deed.by(app, actor, async |agent| agent.entry(Request::Mkdir { at, parents }).await).await
}

/// Never replaces what is there, unless told.
pub async fn rename(app: &App, actor: &Actor, from: Place, to: Place, replace: bool) -> Result<Entry, Error> {
    let detail = json!({"to": to.to_string(), "replace": replace});
    let deed = Deed { action: "file.rename", object: from.to_string(), detail };
    let rename = async |agent: &Agent| {
        agent.done(Request::Rename { from, to: to.clone(), replace }).await?;
        agent.entry(Request::Stat { at: to }).await
    };
    deed.by(app, actor, rename).await
}

/// `mode` is the permission bits.
pub async fn set_mode(app: &App, actor: &Actor, at: Place, mode: u32) -> Result<Entry, Error> {
    let detail = json!({"mode": format!("{mode:04o}")});
    let deed = Deed { action: "file.set-permissions", object: at.to_string(), detail };
    deed.by(app, actor, async |agent| agent.entry(Request::SetMode { at, mode }).await).await
}

/// Makes a file of these bytes, or puts them in the place of the one that was read as `expected`, and of no other.
pub async fn write(
    app: &App,
    actor: &Actor,
    space: SpaceName,
    path: RelativePath,
    bytes: Bytes,
    expected: Option<FileVersion>,
) -> Result<Entry, Error> {
    let at = Place::In { space: space.clone(), path: path.clone() };
    let detail = json!({"size": bytes.len(), "new": expected.is_none()});
    let deed = Deed { action: "file.write", object: at.to_string(), detail };
    let above = path.split().map(|(above, _)| above).unwrap_or_default();
    let directory = Place::In { space, path: above };
    let upload = Uuid::now_v7();
    let write = async |agent: &Agent| {
        let size = bytes.len() as u64;
        let file = agent.open(Request::CreateUpload { upload, directory: directory.clone(), size }).await?;
        let written = file.write_at(vec![bytes], 0).await.map_err(not_written);
        let replaced = match written {
            Ok(()) => agent.entry(Request::ReplaceFile { upload, at, expected }).await,
            Err(error) => Err(error),
        };
        if replaced.is_err() {
            // What it could not say, or could not do, may have left the hidden file; the first error is the one to tell.
            let _ = agent.done(Request::DiscardUpload { upload, directory }).await;
        }
        replaced
    };
    deed.by(app, actor, write).await
}

/// To the trash of its space, whatever it is.
pub async fn move_to_trash(app: &App, actor: &Actor, at: Place) -> Result<TrashItem, Error> {
    let deed = Deed { action: "file.delete", object: at.to_string(), detail: json!({"trash": true}) };
    let put = async |agent: &Agent| {
        let (items, _) = agent.trash(Request::MoveToTrash { at }).await?;
        items.into_iter().next().ok_or_else(|| agents::Error::Protocol("nothing went to the trash".to_owned()))
    };
    deed.by(app, actor, put).await
}

/// For good: a file, a link, or a directory that is empty.
pub async fn remove(app: &App, actor: &Actor, at: Place) -> Result<(), Error> {
    let deed = Deed { action: "file.delete", object: at.to_string(), detail: json!({"trash": false}) };
    deed.by(app, actor, async |agent| agent.done(Request::Remove { at }).await).await
}

/// One page of a space's trash, and whether there is more.
pub async fn trash(
    app: &App,
    actor: &Actor,
    space: SpaceName,
    after: Option<FileName>,
    limit: u64,
) -> Result<(Vec<TrashItem>, bool), Error> {
    let agent = app.agents.of(auth::unix_user(actor)?);
    Ok(agent.trash(Request::ListTrash { space, after, limit: super::page_of(limit) }).await?)
}

/// Back to where it was: that place.
pub async fn restore(
    app: &App,
    actor: &Actor,
    space: SpaceName,
    item: FileName,
) -> Result<(SpaceName, RelativePath), Error> {
    let deed = Deed { action: "file.restore", object: format!("{space}:{item}"), detail: json!({}) };
    let put_back = async |agent: &Agent| {
        let entry = agent.entry(Request::Restore { space, item }).await?;
        super::space_of(agent, &entry).await
    };
    deed.by(app, actor, put_back).await
}

fn not_written(error: io::Error) -> agents::Error {
    let (code, message) = match error.kind() {
        io::ErrorKind::StorageFull => {
            (ErrorCode::NoSpaceLeft, "The disk is full; the file is as it was. Make space and save again.".to_owned())
        }
        io::ErrorKind::QuotaExceeded => (
            ErrorCode::QuotaExceeded,
            "Your quota is spent; the file is as it was. Make space and save again.".to_owned(),
        ),
        _ => (ErrorCode::Io, format!("The file could not be written, and is as it was: {error}")),
    };
    AgentError::new(code, message).into()
}

pub(super) fn outcome_of(error: &agents::Error) -> Outcome {
    match error {
        agents::Error::Answered(_) => Outcome::Refused,
        _ => Outcome::Failed,
    }
}

/// What the audit tells of a change.
pub(super) struct Deed {
    pub(super) action: &'static str,
    pub(super) object: String,
    pub(super) detail: Value,
}

impl Deed {
    pub(super) fn event(&self) -> Event<'_> {
        Event::new(self.action, &self.object).with(self.detail.clone())
    }

    pub(super) async fn by<T>(
        self,
        app: &App,
        actor: &Actor,
        ask: impl AsyncFnOnce(&Agent) -> Result<T, agents::Error>,
    ) -> Result<T, Error> {
        let agent = app.agents.of(auth::unix_user(actor)?);
        let intent = app.audit.intend(actor, self.event()).await?;
        let result = ask(&agent).await;
        let outcome = result.as_ref().map_or_else(outcome_of, |_| Outcome::Done);
        app.audit.conclude(actor, intent, outcome, self.event()).await?;
        Ok(result?)
    }
}
