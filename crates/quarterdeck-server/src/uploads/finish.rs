//! Puts a whole upload in place, when it is what its client said it would be.

use quarterdeck_types::agent::Request;
use serde_json::json;

use super::checksum::{Algorithm, hex};
use super::{Error, State, Upload, open, place, remove_hidden, store, tell};
use crate::access::Actor;
use crate::agents::Agent;
use crate::app::App;
use crate::audit::{Event, Outcome};

/// Read at once while the file's checksum is taken.
const READ_BYTES: usize = 1 << 20;

/// `fence` is the number of the lease under which it was written.
pub(super) async fn finish(
    app: &App,
    actor: &Actor,
    agent: &Agent,
    upload: Upload,
    fence: i64,
) -> Result<Upload, Error> {
    let object = upload.id.to_string();
    let detail = json!({"name": upload.filename.to_string(), "size": upload.offset});
    let event = || Event::new("upload.finish", &object).with(detail.clone());
    let intent = app.audit.intend(actor, event()).await?;
    let (path, absolute) = match place_checked(app, agent, &upload).await {
        Ok(placed) => placed,
        Err(error) => {
            app.uploads.failed(upload.id);
            app.audit.conclude(actor, intent, Outcome::Failed, event()).await?;
            if matches!(error, Error::WrongContent { .. }) {
                app.live.upload_gone(actor.user_id, upload.id);
            }
            return Err(error);
        }
    };
    let finished = Upload {
        state: State::Finished,
        path: Some(path),
        absolute: Some(absolute),
        finished_at: Some(app.clock.now()),
        expires_at: None,
        ..upload
    };
    let tx = app.db.begin().await?;
    if !store::finish(&tx, &finished, fence).await? {
        return Err(Error::TakenOver);
    }
    app.audit.conclude_within(&tx, actor, intent, Outcome::Done, event()).await?;
    tx.commit().await?;
    tell(app, actor, &finished);
    Ok(finished)
}

async fn place_checked(
    app: &App,
    agent: &Agent,
    upload: &Upload,
) -> Result<(quarterdeck_types::RelativePath, String), Error> {
    check_content(app, agent, upload).await?;
    let request = Request::FinishUpload {
        upload: upload.id,
        directory: place(upload),
        name: upload.filename.clone(),
        size: upload.offset,
    };
    Ok(agent.placed(request).await?)
}

/// One that is not what it should be is removed: it cannot be told which of its bytes are wrong.
async fn check_content(app: &App, agent: &Agent, upload: &Upload) -> Result<(), Error> {
    let Some(expected) = &upload.sha256 else { return Ok(()) };
    let found = match sha256(agent, upload).await {
        // Placed already, by whoever was killed before saying so.
        Err(Error::Agent(error)) if error.is_not_found() => return Ok(()),
        other => other?,
    };
    if found == *expected {
        return Ok(());
    }
    remove_hidden(agent, upload).await?;
    store::delete(app.db.write(), upload.id).await?;
    Err(Error::WrongContent { expected: expected.clone(), found })
}

async fn sha256(agent: &Agent, upload: &Upload) -> Result<String, Error> {
    let file = open(agent, upload, upload.offset).await?;
    let mut hasher = Algorithm::Sha256.hasher();
    let mut at = 0;
    while at < upload.offset {
        let bytes = file.read_at(at, READ_BYTES).await.map_err(Error::Write)?;
        if bytes.is_empty() {
            break;
        }
        at += bytes.len() as u64;
        let hashed = tokio::task::spawn_blocking(move || {
            hasher.update(&bytes);
            hasher
        });
        hasher = hashed.await.map_err(|error| Error::Write(std::io::Error::other(error)))?;
    }
    Ok(hex(&hasher.finish()))
}
