//! Announces uploads and makes their hidden files.

use std::time::Duration;

use bytes::Bytes;
use futures_util::{Stream, StreamExt, stream};
use quarterdeck_types::FileKind;
use quarterdeck_types::agent::Request;
use serde_json::json;
use tokio::time::{Instant, timeout_at};
use uuid::Uuid;

use super::append::{self, Chunk};
use super::checksum::Checksum;
use super::lease::Lease;
use super::record::{NewWhole, Said};
use super::turns::Turn;
use super::{
    Concat, Error, NewUpload, State, Upload, Writer, agent, concat, discard, expires_at, find, finish, go_on, kind,
    place, store, tell,
};
use crate::access::Actor;
use crate::agents::{Agent, UserFile};
use crate::app::App;
use crate::audit::Event;
use crate::db::to_us;

/// The bytes that come along with an announcement are waited for this long before it is recorded.
const HEAD_TIME: Duration = Duration::from_secs(1);

/// An upload whose hidden file is made, and of which the database does not know yet.
struct Made {
    upload: Upload,
    /// What its user says of it.
    said: Option<FileKind>,
    host: String,
    agent: Agent,
    file: UserFile,
}

/// Announces an upload. One that is made of parts is made at once.
pub(super) async fn create(app: &App, actor: &Actor, new: NewUpload) -> Result<Upload, Error> {
    if let Some(made_of @ Concat::Final(_)) = &new.concat
        && let Some(before) = concat::made_before(app, actor, made_of).await?
    {
        return go_on(app, actor, before).await;
    }
    let made = Made::make(app, actor, new).await?;
    made.announce(app, actor).await?;
    let Made { upload, agent, file, .. } = made;
    match &upload.concat {
        Some(Concat::Final(parts)) => {
            // It is locked as long as it is open.
            drop(file);
            let writer = Writer::begin(app, upload.id).await?;
            let parts = parts.clone();
            writer.end(app, concat::assemble(app, actor, &agent, upload, &parts, &writer).await).await
        }
        None if upload.size == Some(0) => finish::finish(app, actor, &agent, upload, Some(file), 0).await,
        _ => Ok(upload),
    }
}

/// Announces an upload whose first bytes come along.
pub(super) async fn create_with<E>(
    app: &App,
    actor: &Actor,
    new: NewUpload,
    checksum: Option<Checksum>,
    body: impl Stream<Item = Result<Bytes, E>>,
) -> Result<Upload, Error> {
    let Some(turn) = app.uploads.turns.begin(actor.user_id, app.config.uploads.concurrent_per_user) else {
        // The client goes on from the offset that it asks for.
        return create(app, actor, new).await;
    };
    let mut body = std::pin::pin!(body);
    let head = Head::receive(&mut body, turn.piece()).await;
    if head.is_all_of(&new) {
        return whole(app, actor, new, head, checksum, turn).await;
    }
    let made = Made::make(app, actor, new).await?;
    made.announce(app, actor).await?;
    let Made { upload, file, .. } = made;
    let id = upload.id;
    if upload.size == Some(0) && head.length > 0 {
        return Err(refused(app, actor, id, Error::TooManyBytes).await);
    }
    let body = stream::iter(head.pieces).chain(body);
    let chunk = Chunk { offset: 0, length: None, checksum };
    let appended = {
        let writer = Writer::begin(app, id).await?;
        let appended = append::append_as(app, actor, (upload, Some(file)), chunk, body, turn, &writer).await;
        // Who discards it has to be the one who writes.
        writer.end(app, appended).await
    };
    match appended {
        // The upload exists; the client goes on from the offset that it asks for.
        Err(Error::Broken) => find(app, actor, id).await,
        Err(error) => Err(refused(app, actor, id, error).await),
        appended => appended,
    }
}

/// Nobody would know where to go on.
async fn refused(app: &App, actor: &Actor, id: Uuid, error: Error) -> Error {
    if let Err(cause) = discard(app, actor, id).await {
        tracing::debug!(%cause, upload = %id, "what was refused expires");
    }
    error
}

/// A small file is there before it is announced, so that is recorded with its bytes.
async fn whole<E>(
    app: &App,
    actor: &Actor,
    new: NewUpload,
    head: Head<E>,
    checksum: Option<Checksum>,
    turn: Turn,
) -> Result<Upload, Error> {
    let (pieces, length) = (head.bytes(), head.length as u64);
    if checksum.is_some_and(|checksum| !checksum.is_of(&pieces)) {
        return Err(Error::WrongChecksum);
    }
    if let Some(most) = app.config.uploads.max_bytes_per_second {
        turn.pace(head.length, most).await;
    }
    let mut made = Made::make(app, actor, new).await?;
    made.upload.offset = length;
    let sync = app.config.uploads.durability.is_due(0, length, true);
    let recorded = match made.file.write_all(pieces, sync).await {
        Ok(()) => made.record_whole(app, actor).await,
        Err(error) => Err(append::write_error(error)),
    };
    match recorded {
        Ok((writer, intent)) => {
            let Made { upload, agent, file, .. } = made;
            let proof = (intent, writer.lease.fence);
            writer.end(app, finish::conclude(app, actor, &agent, upload, Some(file), proof).await).await
        }
        // Nobody has heard of it.
        Err(error) => {
            made.let_go().await;
            Err(error)
        }
    }
}

impl Made {
    /// The file first: a row without one would promise what the disk refuses.
    async fn make(app: &App, actor: &Actor, new: NewUpload) -> Result<Made, Error> {
        let (size, room) = match &new.concat {
            Some(Concat::Final(parts)) => {
                let (all, largest) = concat::sizes_of(app, actor, parts).await?;
                (Some(all), largest)
            }
            _ => (new.size, new.size.unwrap_or(0)),
        };
        if size.is_some_and(|size| size > app.config.uploads.max_size) {
            return Err(Error::TooLarge(app.config.uploads.max_size));
        }
        let agent = agent(app, actor)?;
        let rules = &app.config.uploads.kind_rules;
        let judged = kind::announced(app.db.read(), rules, actor.user_id, &new.filename, new.kind).await?;
        let said = new.kind.filter(|_| new.concat != Some(Concat::Partial));
        let mut upload = Upload {
            id: Uuid::now_v7(),
            kind: judged.kind,
            kind_source: judged.source,
            kind_reason: judged.reason,
            risks: judged.risks,
            filename: new.filename,
            size,
            offset: 0,
            state: State::Uploading,
            space: new.space,
            directory: new.directory,
            path: None,
            absolute: None,
            created_at: app.clock.now(),
            finished_at: None,
            expires_at: Some(expires_at(app)),
            concat: new.concat,
            sha256: new.sha256,
            fingerprint: new.fingerprint,
            part: new.part,
            inode: None,
        };
        let host = agent.host().await?.to_owned();
        let request = Request::CreateUpload { upload: upload.id, directory: place(&upload), size: room };
        let file = agent.open(request).await?;
        upload.inode = Some(file.entry().inode);
        Ok(Made { upload, said, host, agent, file })
    }

    async fn announce(&self, app: &App, actor: &Actor) -> Result<(), Error> {
        let upload = &self.upload;
        let tx = app.db.begin().await?;
        store::insert(&tx, vec![store::row(upload, actor.user_id, self.host.clone())]).await?;
        if let Some(kind) = self.said {
            kind::remember(&tx, actor.user_id, &upload.filename, kind, to_us(app.clock.now())).await?;
        }
        let detail = json!({
            "name": upload.filename.to_string(),
            "size": upload.size,
            "space": upload.space.to_string(),
        });
        let id = upload.id.to_string();
        app.audit.record(&tx, actor, Event::new("upload.create", &id).with(detail)).await?;
        tx.commit().await?;
        tell(app, actor, upload);
        Ok(())
    }

    /// With all its bytes, the intent to put it in place, and the right to: one deed, that the audit tells as such.
    async fn record_whole(&self, app: &App, actor: &Actor) -> Result<(Writer, Uuid), Error> {
        let sender = app.uploads.senders.begin(self.upload.id).ok_or(Error::Busy)?;
        let (lease, held) = Lease::of_new(app, self.upload.id).await?;
        let mut row = store::row(&self.upload, actor.user_id, self.host.clone());
        (row.fence, row.lease_until_us) = (lease.fence, held);
        let (id, intent) = app.audit.intent(actor, finish::event(&self.upload.id.to_string(), &self.upload));
        let said = self.said.map(|kind| Said {
            user: actor.user_id,
            name: self.upload.filename.clone(),
            kind,
            at_us: to_us(app.clock.now()),
        });
        app.uploads.recorder.whole.write(NewWhole { row, said, intent }).await?;
        Ok((Writer { sender, lease }, id))
    }

    async fn let_go(self) {
        let Made { upload, agent, file, .. } = self;
        drop(file);
        if let Err(cause) = super::remove_hidden(&agent, &upload).await {
            tracing::warn!(%cause, upload = %upload.id, "the hidden file of a refused upload is left");
        }
    }
}

/// The first bytes of a body: all of it, if it is small and comes soon.
struct Head<E> {
    pieces: Vec<Result<Bytes, E>>,
    length: usize,
    is_all: bool,
}

impl<E> Head<E> {
    async fn receive(body: &mut (impl Stream<Item = Result<Bytes, E>> + Unpin), most: usize) -> Head<E> {
        let mut head = Head { pieces: Vec::new(), length: 0, is_all: false };
        let deadline = Instant::now() + HEAD_TIME;
        while head.length < most {
            let Ok(next) = timeout_at(deadline, body.next()).await else { break };
            let Some(piece) = next else {
                head.is_all = true;
                break;
            };
            let broken = piece.is_err();
            head.length += piece.as_ref().map_or(0, Bytes::len);
            head.pieces.push(piece);
            if broken {
                break;
            }
        }
        head
    }

    fn is_all_of(&self, new: &NewUpload) -> bool {
        self.is_all && new.size == Some(self.length as u64) && new.concat.is_none()
    }

    fn bytes(&self) -> Vec<Bytes> {
        self.pieces.iter().filter_map(|piece| piece.as_ref().ok().cloned()).collect()
    }
}
