//! Puts a whole upload in place, when it is what its client said it would be.

use quarterdeck_types::agent::Request;
use quarterdeck_types::{Place, RelativePath, hex};
use serde_json::json;
use uuid::Uuid;

use super::checksum::Algorithm;
use super::record::NewFinished;
use super::{Error, Judgement, Risk, State, Upload, expires_at, kind, open, place, remove_hidden, store, tell};
use crate::access::Actor;
use crate::agents::{Agent, UserFile};
use crate::app::App;
use crate::audit::{Event, Outcome};
use crate::db::to_us;

/// Read at once while the file's checksum is taken.
const READ_BYTES: usize = 1 << 20;

/// Records first what has come: that counts, whatever becomes of the rest. The hidden file comes along where it is open;
/// `fence` is the number of the lease under which it was written.
pub(super) async fn finish(
    app: &App,
    actor: &Actor,
    agent: &Agent,
    upload: Upload,
    file: Option<UserFile>,
    fence: i64,
) -> Result<Upload, Error> {
    let tx = app.db.begin().await?;
    if !store::set_offset(&tx, (upload.id, fence), upload.offset, to_us(expires_at(app))).await? {
        return Err(Error::TakenOver);
    }
    let intent = app.audit.intend_within(&tx, actor, event(&upload.id.to_string(), &upload)).await?;
    tx.commit().await?;
    conclude(app, actor, agent, upload, file, (intent, fence)).await
}

/// What its intent and its conclusion say; `object` is its id.
pub(super) fn event<'a>(object: &'a str, upload: &Upload) -> Event<'a> {
    let detail = json!({
        "name": upload.filename.to_string(),
        "size": upload.offset,
        "space": upload.space.to_string(),
    });
    Event::new("upload.finish", object).with(detail)
}

/// Puts in place what was recorded, with the intent to.
pub(super) async fn conclude(
    app: &App,
    actor: &Actor,
    agent: &Agent,
    upload: Upload,
    file: Option<UserFile>,
    (intent, fence): (Uuid, i64),
) -> Result<Upload, Error> {
    let object = upload.id.to_string();
    let event = || event(&object, &upload);
    let (judged, (path, absolute)) = match place_checked(app, agent, &upload, file).await {
        Ok(placed) => placed,
        Err(error) => {
            app.uploads.failed(upload.id);
            match &error {
                Error::Refused(risk) => {
                    app.audit.conclude(actor, intent, Outcome::Refused, event().with(refusal(&upload, *risk))).await?;
                }
                _ => app.audit.conclude(actor, intent, Outcome::Failed, event()).await?,
            }
            if matches!(error, Error::WrongContent { .. } | Error::Refused(_)) {
                app.live.upload_gone(actor.user_id, upload.id);
            } else {
                tell(app, actor, &upload);
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
        ..upload.clone()
    };
    let conclusion = app.audit.conclusion(actor, intent, Outcome::Done, event());
    let finished = NewFinished { upload: finished, judged, fence, conclusion };
    let finished = app.uploads.recorder.finished.write(finished).await?.ok_or(Error::TakenOver)?;
    tell(app, actor, &finished);
    Ok(finished)
}

type Placed = (RelativePath, String);

async fn place_checked(
    app: &App,
    agent: &Agent,
    upload: &Upload,
    file: Option<UserFile>,
) -> Result<(Option<Judgement>, Placed), Error> {
    let opened = match file {
        Some(file) => Ok(file),
        None => open(agent, upload, upload.offset).await,
    };
    let judged = match opened {
        Ok(file) => Some(check(app, agent, upload, file).await?),
        // Placed already, by whoever was killed before saying so: it was checked then.
        Err(Error::Agent(error)) if error.is_not_found() => None,
        Err(error) => return Err(error),
    };
    let request = Request::FinishUpload {
        upload: upload.id,
        directory: place(upload),
        name: upload.filename.clone(),
        size: upload.offset,
        inode: upload.inode,
    };
    let placed = agent.placed(request).await?;
    match judged {
        Some(judged) => Ok((Some(judged), placed)),
        None => Ok((look_at_placed(app, agent, upload, &placed.0).await.ok(), placed)),
    }
}

/// What the content of a file says that is in place.
pub(super) async fn look_at_placed(
    app: &App,
    agent: &Agent,
    upload: &Upload,
    path: &RelativePath,
) -> Result<Judgement, Error> {
    let at = Place::In { space: upload.space.clone(), path: path.clone() };
    let file = agent.open(Request::OpenRead { at }).await?;
    let judged = kind::look(&file, upload.offset, &upload.filename, &app.config.uploads.kind_rules);
    judged.await.map_err(Error::Write)
}

/// One that is not what it should be is removed: it cannot be told which of its bytes are wrong. So is one that the site
/// does not want.
async fn check(app: &App, agent: &Agent, upload: &Upload, file: UserFile) -> Result<Judgement, Error> {
    let judged = kind::look(&file, upload.offset, &upload.filename, &app.config.uploads.kind_rules);
    let judged = judged.await.map_err(Error::Write)?;
    let wrong = match (refused(app, &judged), &upload.sha256) {
        (Some(risk), _) => Error::Refused(risk),
        (None, None) => return Ok(judged),
        (None, Some(expected)) => {
            let found = sha256(&file, upload).await?;
            if found == *expected {
                return Ok(judged);
            }
            Error::WrongContent { expected: expected.clone(), found }
        }
    };
    // It is locked as long as it is open.
    drop(file);
    remove_hidden(agent, upload).await?;
    store::delete(app.db.write(), upload.id).await?;
    Err(wrong)
}

/// What the site refuses of what was found.
pub(super) fn refused(app: &App, judged: &Judgement) -> Option<Risk> {
    judged.risks.iter().copied().find(|risk| app.config.uploads.refuse.contains(risk))
}

/// Ends an upload of which enough has come to see that the site does not want it.
pub(super) async fn refuse(app: &App, actor: &Actor, agent: &Agent, upload: &Upload, risk: Risk) -> Result<(), Error> {
    let object = upload.id.to_string();
    let event = || Event::new("upload.finish", &object).with(refusal(upload, risk));
    let intent = app.audit.intend(actor, event()).await?;
    if let Err(error) = remove_hidden(agent, upload).await {
        app.audit.conclude(actor, intent, Outcome::Failed, event()).await?;
        return Err(error.into());
    }
    let tx = app.db.begin().await?;
    store::delete(&tx, upload.id).await?;
    app.audit.conclude_within(&tx, actor, intent, Outcome::Refused, event()).await?;
    tx.commit().await?;
    app.live.upload_gone(actor.user_id, upload.id);
    Ok(())
}

fn refusal(upload: &Upload, risk: Risk) -> serde_json::Value {
    json!({"name": upload.filename.to_string(), "size": upload.offset, "refused": risk.as_str()})
}

async fn sha256(file: &UserFile, upload: &Upload) -> Result<String, Error> {
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
