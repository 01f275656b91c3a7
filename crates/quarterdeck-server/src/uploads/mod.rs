//! Takes files in: the agent makes a hidden file as the user, the server writes to it by position, and when every byte
//! is there and synced the agent puts it in place. A finished upload is whole, or it is not there.

pub(crate) mod api;
mod append;
mod checksum;
mod concat;
mod create;
mod durability;
mod expiry;
mod finish;
mod kind;
mod lease;
mod metadata;
mod record;
mod senders;
mod store;
mod turns;

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use quarterdeck_types::agent::{AgentError, EntryKind, ErrorCode, Request};
use quarterdeck_types::{FileKind, FileName, Place, RelativePath, SpaceName};
use sea_orm::DbErr;
use serde_json::json;
use thiserror::Error;
use uuid::Uuid;

use crate::access::Actor;
use crate::agents::{self, Agent, UserFile};
use crate::app::App;
use crate::audit::{self, Event, Outcome};
use crate::auth;
use crate::db::{Db, to_us};
pub use durability::Durability;
pub(crate) use expiry::sweep;
use kind::Judgement;
pub use kind::{KindSource, Reason, Risk, Rule};
use lease::Lease;
use record::Recorder;
use senders::{Sender, Senders};
use turns::Turns;

/// One that could not be put in place is not tried again at each question where it stands.
const TRY_AGAIN: Duration = Duration::from_secs(10);

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
    #[error("The upload's length is another: it cannot be changed, nor be less than what has come.")]
    LengthDiffers,
    #[error("The bytes that came have another checksum: send them again.")]
    WrongChecksum,
    #[error(
        "The file that came has the SHA-256 {found}, not {expected}: it was removed. Look whether the file has changed, \
         and upload it anew."
    )]
    WrongContent { expected: String, found: String },
    #[error("Another request is writing to this upload: wait for it to end.")]
    Busy,
    #[error("Another request has taken this upload over: ask for its offset and go on from there.")]
    TakenOver,
    #[error("You are sending to {0} uploads already: wait for one of them.")]
    TooManyAtOnce(usize),
    #[error("The upload is finished already.")]
    Finished,
    #[error("What had come of this upload is no longer on the disk: begin it anew.")]
    Gone,
    #[error("The upload was not finished in time: begin it anew.")]
    Expired,
    #[error("This site takes no {}: what had come of the file was removed.", .0.in_words())]
    Refused(Risk),
    #[error("This upload is made of others: nothing is sent to it.")]
    MadeOfParts,
    #[error("The part {0} is not there: send it again.")]
    NoSuchPart(Uuid),
    #[error("The part {0} is not whole: send the rest of it first.")]
    PartNotWhole(Uuid),
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

/// How an upload belongs to others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Concat {
    /// Bytes of another one, which is yet to be made.
    Partial,
    /// Made of these, in this order.
    Final(Vec<Uuid>),
}

/// Which part of a file it is, as the client counts them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PartOf {
    /// Counted from 1.
    pub number: u16,
    pub count: u16,
    /// Bytes of the whole file.
    pub whole_size: u64,
}

impl PartOf {
    /// `2/4/1073741824`.
    fn read(text: &str) -> Option<PartOf> {
        let mut numbers = text.split('/');
        let number = numbers.next()?.parse().ok()?;
        let count = numbers.next()?.parse().ok()?;
        let whole_size = numbers.next()?.parse::<i64>().ok()?.try_into().ok()?;
        let makes_sense = numbers.next().is_none() && (1..=count).contains(&number);
        makes_sense.then_some(PartOf { number, count, whole_size })
    }
}

impl std::fmt::Display for PartOf {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}/{}", self.number, self.count, self.whole_size)
    }
}

/// An upload as its owner sees it.
#[derive(Clone, Debug)]
pub struct Upload {
    pub id: Uuid,
    pub filename: FileName,
    pub kind: FileKind,
    pub kind_source: KindSource,
    pub kind_reason: Reason,
    /// What to be careful with; told by the content, when the file is whole.
    pub risks: Vec<Risk>,
    /// `None`: the client has yet to say it.
    pub size: Option<u64>,
    pub offset: u64,
    pub state: State,
    pub space: SpaceName,
    pub directory: RelativePath,
    /// Beneath the space; known once it is finished.
    pub path: Option<RelativePath>,
    pub absolute: Option<String>,
    pub created_at: DateTime<Utc>,
    pub finished_at: Option<DateTime<Utc>>,
    /// When it is removed if nothing more comes.
    pub expires_at: Option<DateTime<Utc>>,
    pub concat: Option<Concat>,
    /// What the whole file should come to, in hexadecimal; of a finished one, what it came to.
    pub sha256: Option<String>,
    /// By what its client knows the file again.
    pub fingerprint: Option<String>,
    pub part: Option<PartOf>,
    /// Its file's, hidden and in place.
    pub inode: Option<u64>,
}

/// What a client announces.
#[derive(Debug)]
pub struct NewUpload {
    pub filename: FileName,
    /// Not of one that is made of parts, and `None` where the client does not know it yet.
    pub size: Option<u64>,
    pub kind: Option<FileKind>,
    pub space: SpaceName,
    pub directory: RelativePath,
    pub concat: Option<Concat>,
    pub sha256: Option<String>,
    pub fingerprint: Option<String>,
    pub part: Option<PartOf>,
}

/// Which uploads are listed.
#[derive(Clone, Copy, Debug, Default)]
pub struct Which {
    /// In this state alone.
    pub state: Option<State>,
    /// Parts too that are yet to be put together.
    pub parts: bool,
}

/// What is being written just now.
#[derive(Clone)]
pub struct Uploads {
    recorder: Recorder,
    senders: Senders,
    /// Those that could not be put in place, and when.
    failed: Arc<Mutex<HashMap<Uuid, Instant>>>,
    turns: Turns,
}

pub async fn find(app: &App, actor: &Actor, id: Uuid) -> Result<Upload, Error> {
    let row = store::find(app.db.read(), actor.user_id, id).await?.ok_or(Error::NotFound)?;
    store::read(row).ok_or(Error::NotFound)
}

/// Where an upload stands. One whose last byte came before the server or the agent was killed is finished now. Who asks
/// means to go on, so a sender of whom nothing comes any more is ended, and what had come of it counts.
pub(super) async fn resume(app: &App, actor: &Actor, id: Uuid) -> Result<Upload, Error> {
    let mut upload = find(app, actor, id).await?;
    if app.uploads.senders.is_stalled(id) {
        app.uploads.senders.end_stalled(id).await;
        upload = find(app, actor, id).await?;
    }
    check_not_expired(app, &upload)?;
    let whole = upload.size == Some(upload.offset) || matches!(upload.concat, Some(Concat::Final(_)));
    if upload.state == State::Finished || upload.concat == Some(Concat::Partial) || !whole {
        return Ok(upload);
    }
    let writer = match Writer::begin(app, id).await {
        Err(Error::Busy) => return Ok(upload),
        other => other?,
    };
    if app.uploads.failed_just_now(id) {
        return writer.end(app, Ok(upload)).await;
    }
    writer.end(app, resume_as(app, actor, upload, &writer).await).await
}

/// One that was made of parts, or begun to be.
async fn go_on(app: &App, actor: &Actor, upload: Upload) -> Result<Upload, Error> {
    if upload.state == State::Finished {
        return Ok(upload);
    }
    check_not_expired(app, &upload)?;
    let writer = Writer::begin(app, upload.id).await?;
    let go_on = async {
        // Whoever wrote until now may have finished it.
        match find(app, actor, upload.id).await? {
            finished if finished.state == State::Finished => Ok(finished),
            upload => resume_as(app, actor, upload, &writer).await,
        }
    };
    let outcome = go_on.await;
    writer.end(app, outcome).await
}

async fn resume_as(app: &App, actor: &Actor, upload: Upload, writer: &Writer) -> Result<Upload, Error> {
    let agent = agent(app, actor)?;
    match &upload.concat {
        Some(Concat::Final(parts)) if upload.size != Some(upload.offset) => {
            let parts = parts.clone();
            concat::assemble(app, actor, &agent, upload, &parts, writer).await
        }
        _ => finish::finish(app, actor, &agent, upload, None, writer.lease.fence).await,
    }
}

/// The actor's own, the newest first.
pub async fn list(
    app: &App,
    actor: &Actor,
    which: Which,
    before: Option<Uuid>,
    limit: u64,
) -> Result<Vec<Upload>, Error> {
    let rows = store::list(app.db.read(), actor.user_id, which, before, limit).await?;
    Ok(rows.into_iter().filter_map(store::read).collect())
}

/// The actor's uploads of files with these fingerprints, parts among them, the newest first: all that can be gone on
/// with, and of each directory the last that is finished, if its file still lies where it was put.
pub(super) async fn find_by_fingerprint(
    app: &App,
    actor: &Actor,
    fingerprints: &[String],
) -> Result<Vec<Upload>, Error> {
    let rows = store::find_by_fingerprint(app.db.read(), actor.user_id, fingerprints).await?;
    let agent = agent(app, actor)?;
    let now = app.clock.now();
    let mut finished = HashSet::new();
    let mut found = Vec::new();
    for upload in rows.into_iter().filter_map(store::read) {
        let is_wanted = match upload.state {
            State::Uploading => upload.expires_at.is_none_or(|at| at > now),
            State::Finished => {
                let file = (upload.fingerprint.clone(), upload.space.clone(), upload.directory.clone());
                finished.insert(file) && is_there(&agent, &upload).await?
            }
        };
        if is_wanted {
            found.push(upload);
        }
    }
    Ok(found)
}

async fn is_there(agent: &Agent, upload: &Upload) -> Result<bool, Error> {
    let Some(path) = upload.path.clone() else { return Ok(false) };
    let at = Place::In { space: upload.space.clone(), path };
    match agent.entry(Request::Stat { at }).await {
        Ok(entry) => Ok(entry.kind == EntryKind::File && Some(entry.size) == upload.size),
        Err(agents::Error::Answered(_)) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// Ends an upload and removes what came of it; the file of a finished one stays.
pub(super) async fn discard(app: &App, actor: &Actor, id: Uuid) -> Result<(), Error> {
    app.uploads.senders.end_stalled(id).await;
    let writer = Writer::begin(app, id).await?;
    let discarded = discard_as(app, actor, id).await;
    // The lease went with the row.
    if discarded.is_err() { writer.end(app, discarded).await } else { discarded }
}

async fn discard_as(app: &App, actor: &Actor, id: Uuid) -> Result<(), Error> {
    let upload = find(app, actor, id).await?;
    let object = id.to_string();
    let event = || Event::new("upload.discard", &object).with(json!({"name": upload.filename.to_string()}));
    let intent = app.audit.intend(actor, event()).await?;
    if upload.state == State::Uploading
        && let Err(error) = remove_hidden(&agent(app, actor)?, &upload).await
    {
        app.audit.conclude(actor, intent, Outcome::Failed, event()).await?;
        return Err(error.into());
    }
    let tx = app.db.begin().await?;
    store::delete(&tx, id).await?;
    app.audit.conclude_within(&tx, actor, intent, Outcome::Done, event()).await?;
    tx.commit().await?;
    app.live.upload_gone(actor.user_id, id);
    Ok(())
}

/// The user says what kind her file is, and her next ones with its ending; or, with `None`, leaves it to their contents.
pub(super) async fn set_kind(app: &App, actor: &Actor, id: Uuid, said: Option<FileKind>) -> Result<Upload, Error> {
    let upload = find(app, actor, id).await?;
    let object = upload.id.to_string();
    let judged = match said {
        Some(kind) => kind::chosen(kind),
        None => judge_anew(app, actor, &upload).await,
    };
    let tx = app.db.begin().await?;
    store::set_kind(&tx, actor.user_id, id, &judged).await?;
    match said {
        Some(kind) => {
            kind::remember(&tx, actor.user_id, &upload.filename, kind, to_us(app.clock.now())).await?;
        }
        None => kind::forget(&tx, actor.user_id, &upload.filename).await?,
    }
    let detail = json!({"kind": judged.kind.as_str(), "by": judged.source.as_str()});
    app.audit.record(&tx, actor, Event::new("upload.set-kind", &object).with(detail)).await?;
    tx.commit().await?;
    let upload = find(app, actor, id).await?;
    tell(app, actor, &upload);
    Ok(upload)
}

/// By what the file says itself; by its name where it is yet to come, or no longer lies where it was put.
async fn judge_anew(app: &App, actor: &Actor, upload: &Upload) -> Judgement {
    let content = async {
        let agent = agent(app, actor).ok()?;
        finish::look_at_placed(app, &agent, upload, upload.path.as_ref()?).await.ok()
    };
    match content.await {
        Some(judged) => judged,
        None => kind::by_name_or_rule(&app.config.uploads.kind_rules, &upload.filename),
    }
}

impl Uploads {
    pub(crate) fn new(db: &Db, audit: &audit::Log) -> Uploads {
        Uploads {
            recorder: Recorder::start(db, audit),
            senders: Senders::default(),
            failed: Arc::default(),
            turns: Turns::default(),
        }
    }

    fn failed(&self, id: Uuid) {
        let mut failed = self.failed.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        failed.retain(|_, at| at.elapsed() < TRY_AGAIN);
        failed.insert(id, Instant::now());
    }

    fn failed_just_now(&self, id: Uuid) -> bool {
        let failed = self.failed.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        failed.get(&id).is_some_and(|at| at.elapsed() < TRY_AGAIN)
    }
}

/// The right to change an upload: of this server's requests, and of the servers.
struct Writer {
    sender: Sender,
    lease: Lease,
}

impl Writer {
    async fn begin(app: &App, id: Uuid) -> Result<Writer, Error> {
        let sender = app.uploads.senders.begin(id).ok_or(Error::Busy)?;
        Ok(Writer { lease: Lease::take(app, id).await?, sender })
    }

    /// Gives it back; answers what came of it.
    async fn end<T>(&self, app: &App, outcome: T) -> T {
        self.lease.give_back(app).await;
        outcome
    }
}

fn agent(app: &App, actor: &Actor) -> Result<Agent, Error> {
    Ok(app.agents.of(auth::unix_user(actor)?))
}

/// Opens an upload's hidden file to go on behind the first `keep` bytes.
async fn open(agent: &Agent, upload: &Upload, keep: u64) -> Result<UserFile, Error> {
    match agent.open(Request::OpenUpload { upload: upload.id, directory: place(upload), keep }).await {
        Err(agents::Error::Answered(AgentError { code: ErrorCode::Locked, .. })) => Err(Error::Busy),
        other => Ok(other?),
    }
}

async fn remove_hidden(agent: &Agent, upload: &Upload) -> Result<(), agents::Error> {
    agent.done(Request::DiscardUpload { upload: upload.id, directory: place(upload) }).await
}

fn place(upload: &Upload) -> Place {
    Place::In { space: upload.space.clone(), path: upload.directory.clone() }
}

fn expires_at(app: &App) -> DateTime<Utc> {
    app.clock.now() + TimeDelta::days(app.config.uploads.expire_days.into())
}

fn check_not_expired(app: &App, upload: &Upload) -> Result<(), Error> {
    let over = upload.expires_at.is_some_and(|at| at <= app.clock.now());
    if over { Err(Error::Expired) } else { Ok(()) }
}

/// Parts are nothing to look at.
fn tell(app: &App, actor: &Actor, upload: &Upload) {
    if upload.concat != Some(Concat::Partial) {
        app.live.upload_changed(actor.user_id, upload);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::Role;
    use crate::app::testing::{actor, app_at};
    use crate::db::from_us;
    use crate::db::testing::on_each_database;

    fn announced(name: &str) -> Upload {
        Upload {
            id: Uuid::now_v7(),
            filename: FileName::from_bytes(name.as_bytes()).unwrap(),
            kind: FileKind::Mesh,
            kind_source: KindSource::Name,
            kind_reason: Reason::Unknown,
            risks: Vec::new(),
            size: Some(1 << 40),
            offset: 0,
            state: State::Uploading,
            space: SpaceName::home(),
            directory: RelativePath::parse("새 폴더/%FF").unwrap(),
            path: None,
            absolute: None,
            created_at: from_us(1),
            finished_at: None,
            expires_at: None,
            concat: None,
            sha256: None,
            fingerprint: None,
            part: None,
            inode: Some(u64::MAX),
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
                store::insert(db.write(), vec![store::row(upload, alice.user_id, "host".to_owned())]).await.unwrap();
            }
            let newest = list(&app, &alice, Which::default(), None, 2).await.unwrap();
            let names_of =
                |uploads: &[Upload]| uploads.iter().map(|upload| upload.filename.display()).collect::<Vec<_>>();
            assert_eq!(names_of(&newest), ["<b>", "new\nline"]);
            let older = list(&app, &alice, Which::default(), Some(newest[1].id), 9).await.unwrap();
            assert_eq!(names_of(&older), ["it's", "한글 파일", "100%.dat"]);
            assert!(list(&app, &bob, Which::default(), None, 9).await.unwrap().is_empty());

            let id = uploads[0].id;
            assert!(matches!(find(&app, &bob, id).await, Err(Error::NotFound)));
            assert!(matches!(set_kind(&app, &bob, id, Some(FileKind::Data)).await, Err(Error::NotFound)));
            assert!(store::set_offset(db.write(), (id, 0), (1 << 40) - 1, 1).await.unwrap());
            assert!(!store::set_offset(db.write(), (id, 1), 7, 1).await.unwrap(), "under another's lease");
            set_kind(&app, &alice, id, Some(FileKind::Config)).await.unwrap();
            let found = find(&app, &alice, id).await.unwrap();
            assert_eq!((found.offset, found.size, found.kind), ((1 << 40) - 1, Some(1 << 40), FileKind::Config));
            assert_eq!((found.kind_source, found.directory.to_string()), (KindSource::User, "새 폴더/%FF".to_owned()));
            store::delete(db.write(), id).await.unwrap();
            assert!(matches!(find(&app, &alice, id).await, Err(Error::NotFound)));
        })
        .await;
    }

    #[tokio::test]
    async fn one_server_at_a_time_has_the_lease_and_a_late_one_records_nothing() {
        on_each_database(async |db| {
            let upload = announced("leased");
            store::insert(db.write(), vec![store::row(&upload, Uuid::now_v7(), "host".to_owned())]).await.unwrap();
            let take = async |now| {
                let tx = db.begin().await.unwrap();
                let fence = store::take_lease(&tx, upload.id, now, now + 100).await.unwrap();
                tx.commit().await.unwrap();
                fence
            };
            assert_eq!(take(1000).await, Some(1));
            assert_eq!(take(1050).await, None);
            assert!(store::renew_lease(db.write(), upload.id, 1, 1200).await.unwrap());
            assert_eq!(take(1150).await, None);
            assert_eq!(take(1201).await, Some(2));
            assert!(!store::renew_lease(db.write(), upload.id, 1, 9999).await.unwrap());
            assert!(!store::set_offset(db.write(), (upload.id, 1), 5, 1).await.unwrap());
            let finish = async |fence| {
                let finished = store::finish(db.write(), vec![(upload.clone(), None, fence)]).await.unwrap();
                finished[0].is_some()
            };
            assert!(!finish(1).await);
            assert!(store::set_offset(db.write(), (upload.id, 2), 5, 1).await.unwrap());
            store::end_lease(db.write(), upload.id, 1).await.unwrap();
            assert_eq!(take(1202).await, None, "it is not the first one's to end");
            store::end_lease(db.write(), upload.id, 2).await.unwrap();
            assert_eq!(take(1202).await, Some(3));
        })
        .await;
    }
}
