//! Work on a user's files that takes a while: her agent does it and knows how far it is. The server keeps nothing of it,
//! so that any replica tells, before and after a restart; it writes down what changed, and how that ended.

use std::time::Duration;

use quarterdeck_types::agent::{ErrorCode, Request};
use quarterdeck_types::file_task::{FileTask, Found, MAX_FOUND, TaskState, TaskStatus};
use quarterdeck_types::{FileName, Place};
use serde_json::{Value, json};
use uuid::Uuid;

use super::Error;
use super::change::{Deed, outcome_of};
use crate::access::Actor;
use crate::agents::{self, Agent};
use crate::app::App;
use crate::audit::Outcome;
use crate::auth;

/// How soon it is looked after a task that was begun, for the audit alone: later and later.
const FIRST_LOOK: Duration = Duration::from_millis(100);
const LAST_LOOK: Duration = Duration::from_secs(10);
/// An agent that cannot be asked so often in a row does not come back soon.
const MOST_FAILURES: u32 = 30;

/// Begins a task.
pub async fn start(app: &App, actor: &Actor, task: FileTask) -> Result<TaskStatus, Error> {
    let agent = app.agents.of(auth::unix_user(actor)?);
    let id = Uuid::now_v7();
    let Some(deed) = deed_of(&task) else { return Ok(agent.task(Request::StartTask { id, task }).await?) };
    let intent = app.audit.intend(actor, deed.event()).await?;
    match agent.task(Request::StartTask { id, task }).await {
        Ok(status) => {
            app.spawn(write_down_end(app.clone(), actor.clone(), agent, id, intent, deed));
            Ok(status)
        }
        Err(error) => {
            app.audit.conclude(actor, intent, outcome_of(&error), deed.event()).await?;
            Err(error.into())
        }
    }
}

pub async fn list(app: &App, actor: &Actor) -> Result<Vec<TaskStatus>, Error> {
    Ok(app.agents.of(auth::unix_user(actor)?).tasks().await?)
}

pub async fn status(app: &App, actor: &Actor, id: Uuid) -> Result<TaskStatus, Error> {
    let agent = app.agents.of(auth::unix_user(actor)?);
    agent.task(Request::TaskStatus { id }).await.map_err(no_such_task)
}

/// What a search found from the `from`th on, and whether there is more by now.
pub async fn found(app: &App, actor: &Actor, id: Uuid, from: u32, limit: u64) -> Result<(Vec<Found>, bool), Error> {
    let agent = app.agents.of(auth::unix_user(actor)?);
    let limit = limit.min(MAX_FOUND as u64) as u32;
    agent.found(Request::TaskFound { id, from, limit }).await.map_err(no_such_task)
}

/// Ends one that is under way; one that has ended is not listed any more.
pub async fn cancel(app: &App, actor: &Actor, id: Uuid) -> Result<(), Error> {
    let agent = app.agents.of(auth::unix_user(actor)?);
    agent.done(Request::CancelTask { id }).await.map_err(no_such_task)
}

fn no_such_task(error: agents::Error) -> Error {
    match error {
        agents::Error::Answered(answer) if answer.code == ErrorCode::NotFound => Error::NoSuchTask,
        error => error.into(),
    }
}

/// What the audit tells of it; `None`: it changes nothing.
fn deed_of(task: &FileTask) -> Option<Deed> {
    let texts = |places: &[Place]| places.iter().map(Place::to_string).collect::<Vec<_>>();
    let name = |name: &Option<FileName>| name.as_ref().map(FileName::to_string);
    let object = task.subject().0.to_string();
    let (action, detail) = match task {
        FileTask::Copy { from, into, name: new, .. } => {
            ("file.copy", json!({"paths": texts(from), "to": into.to_string(), "name": name(new)}))
        }
        FileTask::Remove { at } => ("file.delete", json!({"paths": texts(at), "trash": false})),
        FileTask::EmptyTrash { items, .. } => {
            let items = items.as_ref().map(|items| items.iter().map(FileName::to_string).collect::<Vec<_>>());
            ("file.empty-trash", json!({"items": items}))
        }
        FileTask::Archive { from, into, name, .. } => {
            ("file.archive", json!({"paths": texts(from), "to": into.to_string(), "name": name.to_string()}))
        }
        FileTask::Extract { into, name: new, .. } => {
            ("file.extract", json!({"to": into.to_string(), "name": name(new)}))
        }
        FileTask::Checksum { .. } | FileTask::Search { .. } => return None,
    };
    Some(Deed { action, object, detail })
}

async fn write_down_end(app: App, actor: Actor, agent: Agent, id: Uuid, intent: Uuid, mut deed: Deed) {
    let ended = wait(&agent, id).await;
    let outcome = match ended.as_ref().map(|status| &status.state) {
        Some(TaskState::Done) => Outcome::Done,
        Some(TaskState::Failed { .. } | TaskState::Cancelled) => Outcome::Failed,
        Some(TaskState::Running) | None => Outcome::Unknown,
    };
    if let (Some(status), Value::Object(detail)) = (ended, &mut deed.detail) {
        detail.insert("entries".to_owned(), json!(status.entries.done));
        detail.insert("left_out".to_owned(), json!(status.left_out_count));
        match status.state {
            TaskState::Failed { error } => drop(detail.insert("reason".to_owned(), json!(error.code))),
            TaskState::Cancelled => drop(detail.insert("reason".to_owned(), json!("cancelled"))),
            TaskState::Running | TaskState::Done => {}
        }
    }
    if let Err(error) = app.audit.conclude(&actor, intent, outcome, deed.event()).await {
        tracing::error!(%error, task = %id, "how a file task ended could not be written down");
    }
}

/// How a task ended; `None`: nobody can tell.
async fn wait(agent: &Agent, id: Uuid) -> Option<TaskStatus> {
    let (mut pause, mut failures) = (FIRST_LOOK, 0);
    loop {
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(LAST_LOOK);
        match agent.task(Request::TaskStatus { id }).await {
            Ok(status) if status.ended_us.is_some() => return Some(status),
            Ok(_) => failures = 0,
            Err(agents::Error::Answered(_)) => return None,
            Err(_) if failures < MOST_FAILURES => failures += 1,
            Err(_) => return None,
        }
    }
}
