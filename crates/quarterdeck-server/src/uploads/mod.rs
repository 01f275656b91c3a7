//! Takes files in: the agent opens a hidden file as the user, the server writes to it by position, and when every byte
//! is there and synced the agent puts it in place. A finished upload is whole, or it is not there.

pub(crate) mod api;
mod kind;
mod store;
mod turns;

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use futures_util::{Stream, StreamExt};
use quarterdeck_types::agent::Request;
use quarterdeck_types::{FileKind, FileName, Place, RelativePath, SpaceName};
use sea_orm::DbErr;
use serde_json::json;
use thiserror::Error;
use uuid::Uuid;

use crate::access::Actor;
use crate::agents::{self, Agent, UserFile};
use crate::app::App;
use crate::audit::{Event, Outcome};
use crate::auth;
use crate::db::{from_us, to_us};
use turns::{Turn, Turns};

/// Bytes collected before one write, so that small network reads do not become small writes. With one piece in
/// flight to the disk this bounds the memory of an upload, whatever the chunk size.
const WRITE_BYTES: usize = 1 << 20;
/// Received bytes after which the offset is made durable within one request.
const SYNC_BYTES: u64 = 64 << 20;
/// A sender that is silent for this long is gone (a laptop that was closed says no goodbye), and must not keep its
/// upload from being resumed.
const TRY_AGAIN: std::time::Duration = std::time::Duration::from_secs(10);
const SILENCE: std::time::Duration = std::time::Duration::from_secs(30);

#[derive(Debug, Error)]
pub enum Error {
    #[error("There is no such upload.")]
    NotFound,
    #[error("The file is larger than this site allows ({0} bytes): split it, or ask an administrator.")]
    TooLarge(u64),
    #[error("The upload stands at byte {expected}, not at {asked}: ask for its offset and go on from there.")]
    WrongOffset { expected: u64, asked: u64 },
    #[error("More bytes came than the upload was announced with.")]
    TooManyBytes,
    #[error("Another request is writing to this upload: wait for it to end.")]
    Busy,
    #[error("You are sending to {0} uploads already: wait for one of them.")]
    TooManyAtOnce(usize),
    #[error("The upload is finished already.")]
    Finished,
    #[error("What had come of this upload is no longer on the disk: begin it anew.")]
    Gone,
    #[error("The connection broke off; what came is kept.")]
    Broken,
    #[error("The file could not be written: {0}")]
    Write(std::io::Error),
    #[error(transparent)]
    Agent(#[from] agents::Error),
    #[error(transparent)]
    Auth(#[from] auth::Error),
    #[error(transparent)]
    Db(#[from] DbErr),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    Uploading,
    Finished,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KindSource {
    Name,
    User,
}

/// An upload as its owner sees it.
#[derive(Clone, Debug)]
pub struct Upload {
    pub id: Uuid,
    pub filename: FileName,
    pub kind: FileKind,
    pub kind_source: KindSource,
    pub size: u64,
    pub offset: u64,
    pub state: State,
    pub space: SpaceName,
    pub directory: RelativePath,
    /// Beneath the space; known once it is finished.
    pub path: Option<RelativePath>,
    pub absolute: Option<String>,
    pub created_at: DateTime<Utc>,
    pub finished_at: Option<DateTime<Utc>>,
}

/// What a client announces.
pub struct NewUpload {
    pub filename: FileName,
    pub size: u64,
    pub kind: Option<FileKind>,
    pub space: SpaceName,
    pub directory: Option<RelativePath>,
}

/// What is being written just now.
#[derive(Clone, Default)]
pub struct Uploads {
    /// One writer for each upload.
    busy: Arc<Mutex<HashSet<Uuid>>>,
    /// Those that could not be put in place, and when: asking where one stands does not try again at once.
    failed: Arc<Mutex<HashMap<Uuid, Instant>>>,
    turns: Turns,
}

/// Announces an upload and makes its hidden file.
pub async fn create(app: &App, actor: &Actor, new: NewUpload) -> Result<Upload, Error> {
    if new.size > app.config.uploads.max_size {
        return Err(Error::TooLarge(app.config.uploads.max_size));
    }
    let agent = agent(app, actor)?;
    let hello = agent.hello().await?;
    let default = || RelativePath::parse(&app.config.uploads.directory).unwrap_or_default();
    let upload = Upload {
        id: Uuid::now_v7(),
        kind: new.kind.unwrap_or_else(|| kind::of_name(&new.filename.display())),
        kind_source: if new.kind.is_some() { KindSource::User } else { KindSource::Name },
        filename: new.filename,
        size: new.size,
        offset: 0,
        state: State::Uploading,
        space: new.space,
        directory: new.directory.unwrap_or_else(default),
        path: None,
        absolute: None,
        created_at: app.clock.now(),
        finished_at: None,
    };
    // The file first: a row without one would promise what the disk refuses.
    open(&agent, &upload, true).await?;
    let tx = app.db.begin().await?;
    store::insert(&tx, row(&upload, actor.user_id, hello.host)).await?;
    let detail = json!({"name": upload.filename.to_string(), "size": upload.size, "space": upload.space.to_string()});
    app.audit.record(&tx, actor, Event::new("upload.create", &upload.id.to_string()).with(detail)).await?;
    tx.commit().await?;
    app.live.upload_changed(actor.user_id, &upload);
    if upload.size == 0 { finish(app, actor, &agent, upload).await } else { Ok(upload) }
}

pub async fn find(app: &App, actor: &Actor, id: Uuid) -> Result<Upload, Error> {
    let row = store::find(app.db.read(), actor.user_id, id).await?.ok_or(Error::NotFound)?;
    read(row).ok_or(Error::NotFound)
}

/// Where an upload stands. One whose last byte came before the server or the agent was killed is finished now.
pub async fn resume(app: &App, actor: &Actor, id: Uuid) -> Result<Upload, Error> {
    let upload = find(app, actor, id).await?;
    if upload.state == State::Finished || upload.offset < upload.size {
        return Ok(upload);
    }
    let Some(_writer) = app.uploads.write(id) else { return Ok(upload) };
    if app.uploads.failed_just_now(id) {
        return Ok(upload);
    }
    finish(app, actor, &agent(app, actor)?, upload).await
}

/// The actor's own, the newest first.
pub async fn list(app: &App, actor: &Actor, before: Option<Uuid>, limit: u64) -> Result<Vec<Upload>, Error> {
    let rows = store::list(app.db.read(), actor.user_id, before, limit).await?;
    Ok(rows.into_iter().filter_map(read).collect())
}

/// Appends a body at the offset where the upload stands. What arrived before the connection broke is kept; an offset
/// that was answered is on the disk. With the last byte the file is put in place.
pub async fn append<E>(
    app: &App,
    actor: &Actor,
    id: Uuid,
    offset: u64,
    body: impl Stream<Item = Result<Bytes, E>>,
) -> Result<Upload, Error> {
    let most = app.config.uploads.concurrent_per_user;
    let turn = app.uploads.turns.begin(actor.user_id, most).ok_or(Error::TooManyAtOnce(most))?;
    let _writer = app.uploads.write(id).ok_or(Error::Busy)?;
    let upload = find(app, actor, id).await?;
    if upload.state == State::Finished {
        return Err(Error::Finished);
    }
    if upload.offset != offset {
        return Err(Error::WrongOffset { expected: upload.offset, asked: offset });
    }
    let agent = agent(app, actor)?;
    if offset == upload.size {
        return finish(app, actor, &agent, upload).await;
    }
    let file = match open(&agent, &upload, false).await {
        Ok(file) if file.entry().size >= offset => file,
        Ok(_) => return forget(app, actor, id).await,
        Err(Error::Agent(error)) if error.is_not_found() => return forget(app, actor, id).await,
        Err(error) => return Err(error),
    };
    let mut writing = Writing { app, id, turn, file, size: upload.size, written: offset, synced: offset };
    let ended = writing.receive(body, auth::access_ended(app, actor)).await;
    // Also when the body broke off: what came is worth keeping.
    writing.sync().await?;
    ended?;
    let upload = Upload { offset: writing.synced, ..upload };
    app.live.upload_changed(actor.user_id, &upload);
    if upload.offset == upload.size { finish(app, actor, &agent, upload).await } else { Ok(upload) }
}

/// The hidden file was removed or cut behind our back: going on would put zeros where bytes had been.
async fn forget(app: &App, actor: &Actor, id: Uuid) -> Result<Upload, Error> {
    store::delete(app.db.write(), id).await?;
    app.live.upload_gone(actor.user_id, id);
    Err(Error::Gone)
}

/// Ends an upload and removes what came of it; the file of a finished one stays.
pub async fn discard(app: &App, actor: &Actor, id: Uuid) -> Result<(), Error> {
    let _writer = app.uploads.write(id).ok_or(Error::Busy)?;
    let upload = find(app, actor, id).await?;
    let object = id.to_string();
    let event = || Event::new("upload.discard", &object).with(json!({"name": upload.filename.to_string()}));
    let intent = app.audit.intend(actor, event()).await?;
    if upload.state == State::Uploading {
        let directory = place(&upload);
        let removed = agent(app, actor)?.done(Request::DiscardUpload { upload: id, directory }).await;
        if let Err(error) = removed {
            app.audit.conclude(actor, intent, Outcome::Failed, event()).await?;
            return Err(error.into());
        }
    }
    let tx = app.db.begin().await?;
    store::delete(&tx, id).await?;
    app.audit.conclude_within(&tx, actor, intent, Outcome::Done, event()).await?;
    tx.commit().await?;
    app.live.upload_gone(actor.user_id, id);
    Ok(())
}

/// The user says what kind her file is.
pub async fn set_kind(app: &App, actor: &Actor, id: Uuid, kind: FileKind) -> Result<Upload, Error> {
    let object = find(app, actor, id).await?.id.to_string();
    let tx = app.db.begin().await?;
    store::set_kind(&tx, actor.user_id, id, kind.as_str()).await?;
    let event = Event::new("upload.set-kind", &object).with(json!({"kind": kind.as_str()}));
    app.audit.record(&tx, actor, event).await?;
    tx.commit().await?;
    let upload = find(app, actor, id).await?;
    app.live.upload_changed(actor.user_id, &upload);
    Ok(upload)
}

impl Uploads {
    fn failed(&self, id: Uuid) {
        let mut failed = self.failed.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        failed.retain(|_, at| at.elapsed() < TRY_AGAIN);
        failed.insert(id, Instant::now());
    }

    fn failed_just_now(&self, id: Uuid) -> bool {
        let failed = self.failed.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        failed.get(&id).is_some_and(|at| at.elapsed() < TRY_AGAIN)
    }

    fn write(&self, id: Uuid) -> Option<Writer> {
        let mut busy = self.busy.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        busy.insert(id).then(|| Writer { uploads: self.clone(), id })
    }
}

struct Writer {
    uploads: Uploads,
    id: Uuid,
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.uploads.busy.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).remove(&self.id);
    }
}

/// One request's way from the network to the disk.
struct Writing<'a> {
    app: &'a App,
    id: Uuid,
    turn: Turn,
    file: UserFile,
    size: u64,
    written: u64,
    synced: u64,
}

impl Writing<'_> {
    async fn receive<E>(
        &mut self,
        body: impl Stream<Item = Result<Bytes, E>>,
        access_ended: impl Future<Output = ()>,
    ) -> Result<(), Error> {
        let mut body = std::pin::pin!(body);
        let mut access_ended = std::pin::pin!(access_ended);
        let mut pieces = Vec::new();
        let mut collected = 0;
        loop {
            // Not around a write, which would go on behind our back.
            let next = tokio::select! {
                biased;
                () = &mut access_ended => Some(Err(auth::Error::NotSignedIn.into())),
                next = tokio::time::timeout(SILENCE, body.next()) => match next {
                    Ok(next) => next.map(|piece| piece.map_err(|_| Error::Broken)),
                    Err(_) => Some(Err(Error::Broken)),
                },
            };
            if let Some(Ok(piece)) = &next {
                if self.written + (collected + piece.len()) as u64 > self.size {
                    self.write(std::mem::take(&mut pieces), collected).await?;
                    return Err(Error::TooManyBytes);
                }
                collected += piece.len();
                pieces.push(piece.clone());
                if let Some(most) = self.app.config.uploads.max_bytes_per_second {
                    self.turn.pace(piece.len(), most).await;
                }
            }
            let ended = !matches!(next, Some(Ok(_)));
            if ended || collected >= WRITE_BYTES {
                self.write(std::mem::take(&mut pieces), std::mem::take(&mut collected)).await?;
            }
            match next {
                None => return Ok(()),
                Some(Err(error)) => return Err(error),
                Some(Ok(_)) if self.written - self.synced >= SYNC_BYTES => self.sync().await?,
                Some(Ok(_)) => {}
            }
        }
    }

    async fn write(&mut self, pieces: Vec<Bytes>, length: usize) -> Result<(), Error> {
        if length > 0 {
            self.file.write_at(pieces, self.written).await.map_err(write_error)?;
            self.written += length as u64;
        }
        Ok(())
    }

    /// The offset is recorded only behind the bytes it promises.
    async fn sync(&mut self) -> Result<(), Error> {
        if self.written > self.synced {
            self.file.sync().await.map_err(write_error)?;
            store::set_offset(self.app.db.write(), self.id, self.written as i64).await?;
            self.synced = self.written;
        }
        Ok(())
    }
}

async fn finish(app: &App, actor: &Actor, agent: &Agent, upload: Upload) -> Result<Upload, Error> {
    let object = upload.id.to_string();
    let detail = json!({"name": upload.filename.to_string(), "size": upload.size});
    let event = || Event::new("upload.finish", &object).with(detail.clone());
    let intent = app.audit.intend(actor, event()).await?;
    let request = Request::FinishUpload {
        upload: upload.id,
        directory: place(&upload),
        name: upload.filename.clone(),
        size: upload.size,
    };
    let (path, absolute) = match agent.placed(request).await {
        Ok(placed) => placed,
        Err(error) => {
            app.uploads.failed(upload.id);
            app.audit.conclude(actor, intent, Outcome::Failed, event()).await?;
            return Err(error.into());
        }
    };
    let finished = Upload {
        state: State::Finished,
        offset: upload.size,
        path: Some(path),
        absolute: Some(absolute),
        finished_at: Some(app.clock.now()),
        ..upload.clone()
    };
    let tx = app.db.begin().await?;
    let old = store::find(&tx, actor.user_id, upload.id).await?.ok_or(Error::NotFound)?;
    store::save(&tx, row(&finished, actor.user_id, old.host)).await?;
    app.audit.conclude_within(&tx, actor, intent, Outcome::Done, event()).await?;
    tx.commit().await?;
    app.live.upload_changed(actor.user_id, &finished);
    Ok(finished)
}

fn agent(app: &App, actor: &Actor) -> Result<Agent, Error> {
    Ok(app.agents.of(auth::unix_user(actor)?))
}

async fn open(agent: &Agent, upload: &Upload, create: bool) -> Result<UserFile, Error> {
    Ok(agent.open(Request::OpenUpload { upload: upload.id, directory: place(upload), create }).await?)
}

fn place(upload: &Upload) -> Place {
    Place::In { space: upload.space.clone(), path: upload.directory.clone() }
}

/// A full disk and a spent quota keep their meaning on the way to the client.
fn write_error(error: std::io::Error) -> Error {
    use quarterdeck_types::agent::{AgentError, ErrorCode};
    let answered = |code, message: &str| Error::Agent(agents::Error::Answered(AgentError::new(code, message)));
    match error.kind() {
        std::io::ErrorKind::StorageFull => {
            answered(ErrorCode::NoSpaceLeft, "The disk is full; what came is kept. Make space and resume.")
        }
        std::io::ErrorKind::QuotaExceeded => {
            answered(ErrorCode::QuotaExceeded, "Your quota is spent; what came is kept. Make space and resume.")
        }
        _ => Error::Write(error),
    }
}

fn row(upload: &Upload, user_id: Uuid, host: String) -> store::Model {
    store::Model {
        id: upload.id,
        user_id,
        host,
        space: upload.space.to_string(),
        directory: upload.directory.to_string(),
        filename: upload.filename.to_string(),
        kind: upload.kind.as_str().to_owned(),
        kind_source: match upload.kind_source {
            KindSource::Name => "name".to_owned(),
            KindSource::User => "user".to_owned(),
        },
        size: upload.size as i64,
        offset: upload.offset as i64,
        state: match upload.state {
            State::Uploading => "uploading".to_owned(),
            State::Finished => "finished".to_owned(),
        },
        path: upload.path.as_ref().map(RelativePath::to_string),
        absolute: upload.absolute.clone(),
        created_us: to_us(upload.created_at),
        finished_us: upload.finished_at.map(to_us),
    }
}

/// `None` for a row that this release did not write.
fn read(row: store::Model) -> Option<Upload> {
    Some(Upload {
        id: row.id,
        filename: FileName::parse(&row.filename).ok()?,
        kind: FileKind::parse(&row.kind)?,
        kind_source: if row.kind_source == "user" { KindSource::User } else { KindSource::Name },
        size: row.size as u64,
        offset: row.offset as u64,
        state: if row.state == "finished" { State::Finished } else { State::Uploading },
        space: SpaceName::parse(&row.space).ok()?,
        directory: RelativePath::parse(&row.directory).ok()?,
        path: row.path.and_then(|path| RelativePath::parse(&path).ok()),
        absolute: row.absolute,
        created_at: from_us(row.created_us),
        finished_at: row.finished_us.map(from_us),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::Role;
    use crate::app::testing::{actor, app_at};
    use crate::db::testing::on_each_database;

    fn announced(name: &str) -> Upload {
        Upload {
            id: Uuid::now_v7(),
            filename: FileName::from_bytes(name.as_bytes()).unwrap(),
            kind: FileKind::Mesh,
            kind_source: KindSource::Name,
            size: 1 << 40,
            offset: 0,
            state: State::Uploading,
            space: SpaceName::home(),
            directory: RelativePath::parse("새 폴더/%FF").unwrap(),
            path: None,
            absolute: None,
            created_at: from_us(1),
            finished_at: None,
        }
    }

    #[tokio::test]
    async fn each_sees_her_own_the_newest_first_and_names_as_they_were_typed() {
        on_each_database(async |db| {
            let data = tempfile::tempdir().unwrap();
            let app = app_at(&db, data.path(), from_us(0));
            let (alice, bob) = (actor("alice", Role::User), actor("bob", Role::User));
            let names = ["100%.dat", "한글 파일", "it's", "new\nline", "<b>"];
            let uploads: Vec<Upload> = names.into_iter().map(announced).collect();
            for upload in &uploads {
                store::insert(db.write(), row(upload, alice.user_id, "host".to_owned())).await.unwrap();
            }
            let newest = list(&app, &alice, None, 2).await.unwrap();
            let names_of =
                |uploads: &[Upload]| uploads.iter().map(|upload| upload.filename.display()).collect::<Vec<_>>();
            assert_eq!(names_of(&newest), ["<b>", "new\nline"]);
            let older = list(&app, &alice, Some(newest[1].id), 9).await.unwrap();
            assert_eq!(names_of(&older), ["it's", "한글 파일", "100%.dat"]);
            assert!(list(&app, &bob, None, 9).await.unwrap().is_empty());

            let id = uploads[0].id;
            assert!(matches!(find(&app, &bob, id).await, Err(Error::NotFound)));
            assert!(matches!(set_kind(&app, &bob, id, FileKind::Data).await, Err(Error::NotFound)));
            store::set_offset(db.write(), id, (1 << 40) - 1).await.unwrap();
            set_kind(&app, &alice, id, FileKind::Config).await.unwrap();
            let found = find(&app, &alice, id).await.unwrap();
            assert_eq!((found.offset, found.size, found.kind), ((1 << 40) - 1, 1 << 40, FileKind::Config));
            assert_eq!((found.kind_source, found.directory.to_string()), (KindSource::User, "새 폴더/%FF".to_owned()));
            store::delete(db.write(), id).await.unwrap();
            assert!(matches!(find(&app, &alice, id).await, Err(Error::NotFound)));
        })
        .await;
    }

    #[test]
    fn one_writer_at_a_time() {
        let (uploads, id) = (Uploads::default(), Uuid::now_v7());
        let first = uploads.write(id);
        assert!(first.is_some() && uploads.write(id).is_none() && uploads.write(Uuid::now_v7()).is_some());
        drop(first);
        assert!(uploads.write(id).is_some());
    }
}
