//! Takes bytes from the network and writes them where the upload stands.

use std::time::Duration;

use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use quarterdeck_types::FileName;
use quarterdeck_types::agent::{AgentError, ErrorCode};
use uuid::Uuid;

use super::checksum::{Checksum, Hasher};
use super::turns::Turn;
use super::{
    Concat, Durability, Error, State, Upload, Writer, agent, check_not_expired, expires_at, find, finish, kind, open,
    store, tell,
};
use crate::access::Actor;
use crate::agents::{self, UserFile};
use crate::app::App;
use crate::auth;
use crate::db::to_us;

/// Received bytes after which the offset is recorded within one request.
const RECORD_BYTES: u64 = 64 << 20;
/// A sender that is silent for this long is gone (a laptop that was closed says no goodbye), whether or not anybody
/// wants to go on.
const SILENCE: Duration = Duration::from_secs(30);

/// What a request says of the bytes that it brings.
pub(super) struct Chunk {
    pub(super) offset: u64,
    /// Of the whole upload, where the announcement left it open.
    pub(super) length: Option<u64>,
    pub(super) checksum: Option<Checksum>,
}

/// Appends a body at the offset where the upload stands. What arrived before the connection broke is kept; an offset
/// that was answered is on the disk as far as the site's durability says. Of a chunk with a checksum all is kept or
/// nothing. With the last byte the file is put in place.
pub(super) async fn append<E>(
    app: &App,
    actor: &Actor,
    id: Uuid,
    chunk: Chunk,
    body: impl Stream<Item = Result<Bytes, E>>,
) -> Result<Upload, Error> {
    let most = app.config.uploads.concurrent_per_user;
    let turn = app.uploads.turns.begin(actor.user_id, most).ok_or(Error::TooManyAtOnce(most))?;
    if app.uploads.senders.is_stalled(id) {
        // Only for somebody who knows where to go on.
        check_offset(&find(app, actor, id).await?, chunk.offset)?;
        app.uploads.senders.end_stalled(id).await;
    }
    let writer = Writer::begin(app, id).await?;
    let appended = async {
        let upload = find(app, actor, id).await?;
        append_as(app, actor, (upload, None), chunk, body, turn, &writer).await
    };
    let appended = appended.await;
    writer.end(app, appended).await
}

/// The hidden file comes along where it was made just now.
pub(super) async fn append_as<E>(
    app: &App,
    actor: &Actor,
    (mut upload, file): (Upload, Option<UserFile>),
    chunk: Chunk,
    body: impl Stream<Item = Result<Bytes, E>>,
    turn: Turn,
    writer: &Writer,
) -> Result<Upload, Error> {
    let id = upload.id;
    if matches!(upload.concat, Some(Concat::Final(_))) {
        return Err(Error::MadeOfParts);
    }
    if upload.state == State::Finished {
        return Err(Error::Finished);
    }
    check_not_expired(app, &upload)?;
    check_offset(&upload, chunk.offset)?;
    if let Some(length) = chunk.length {
        upload = settle_length(app, upload, length).await?;
    }
    let agent = agent(app, actor)?;
    if upload.size == Some(upload.offset) {
        return when_whole(app, actor, &agent, (upload, file), writer).await;
    }
    let opened = match file {
        Some(file) => Ok(file),
        None => open(&agent, &upload, upload.offset).await,
    };
    let file = match opened {
        Ok(file) if file.entry().size >= upload.offset => file,
        Ok(file) => return shorter(app, actor, &upload, file.entry().size, writer).await,
        Err(Error::Agent(error)) if error.is_not_found() => return forget(app, actor, id).await,
        Err(error) => return Err(error),
    };
    // Of a part it cannot be told what it will be a part of.
    let looks = !app.config.uploads.refuse.is_empty() && upload.offset == 0 && upload.concat.is_none();
    let mut writing = Writing {
        app,
        turn,
        file,
        writer,
        id,
        limit: upload.size.unwrap_or(app.config.uploads.max_size),
        durability: app.config.uploads.durability,
        hasher: chunk.checksum.as_ref().map(|checksum| checksum.algorithm.hasher()),
        written: upload.offset,
        recorded: upload.offset,
        synced: upload.offset,
        looks_at: looks.then(|| upload.filename.clone()),
    };
    let ended = writing.receive(body, auth::access_ended(app, actor)).await;
    if let Err(Error::Refused(risk)) = ended {
        upload.offset = writing.written;
        drop(writing);
        finish::refuse(app, actor, &agent, &upload, risk).await?;
        return ended.map(|()| upload);
    }
    match (chunk.checksum, writing.hasher.take()) {
        (Some(checksum), Some(hasher)) => {
            ended?;
            if hasher.finish() != checksum.expected {
                return Err(Error::WrongChecksum);
            }
        }
        // What came before a body broke off is worth keeping.
        _ if ended.is_err() => {
            writing.record(true).await?;
            ended?;
        }
        _ => {}
    }
    upload.expires_at = Some(expires_at(app));
    if upload.concat.is_none() && upload.size == Some(writing.written) {
        writing.sync(true).await?;
        upload.offset = writing.written;
        // Which records it.
        return finish::finish(app, actor, &agent, upload, Some(writing.file), writer.lease.fence).await;
    }
    writing.record(true).await?;
    upload.offset = writing.recorded;
    // Its file is locked as long as it is open.
    drop(writing);
    tell(app, actor, &upload);
    Ok(upload)
}

fn check_offset(upload: &Upload, asked: u64) -> Result<(), Error> {
    let expected = upload.offset;
    if expected == asked || upload.state == State::Finished {
        Ok(())
    } else {
        Err(Error::WrongOffset { expected, asked })
    }
}

async fn settle_length(app: &App, upload: Upload, length: u64) -> Result<Upload, Error> {
    match upload.size {
        Some(size) if size == length => Ok(upload),
        None if length > app.config.uploads.max_size => Err(Error::TooLarge(app.config.uploads.max_size)),
        None if length >= upload.offset => {
            store::set_size(app.db.write(), upload.id, length).await?;
            Ok(Upload { size: Some(length), ..upload })
        }
        _ => Err(Error::LengthDiffers),
    }
}

/// A part waits for the others.
async fn when_whole(
    app: &App,
    actor: &Actor,
    agent: &agents::Agent,
    (upload, file): (Upload, Option<UserFile>),
    writer: &Writer,
) -> Result<Upload, Error> {
    if upload.concat == Some(Concat::Partial) {
        return Ok(upload);
    }
    finish::finish(app, actor, agent, upload, file, writer.lease.fence).await
}

/// The hidden file was cut behind our back, or the machine crashed and the site lets bytes be acknowledged before they
/// are on the disk: those that are sure to be right remain.
async fn shorter(app: &App, actor: &Actor, upload: &Upload, size: u64, writer: &Writer) -> Result<Upload, Error> {
    let Some(sure) = app.config.uploads.durability.sure_of(size) else { return forget(app, actor, upload.id).await };
    let expires = to_us(expires_at(app));
    store::set_offset(app.db.write(), (upload.id, writer.lease.fence), sure, expires).await?;
    Err(Error::WrongOffset { expected: sure, asked: upload.offset })
}

/// The hidden file was removed or cut behind our back: going on would put zeros where bytes had been.
async fn forget(app: &App, actor: &Actor, id: Uuid) -> Result<Upload, Error> {
    store::delete(app.db.write(), id).await?;
    app.live.upload_gone(actor.user_id, id);
    Err(Error::Gone)
}

/// One request's way from the network to the disk.
struct Writing<'a> {
    app: &'a App,
    turn: Turn,
    file: UserFile,
    writer: &'a Writer,
    id: Uuid,
    limit: u64,
    durability: Durability,
    /// Of a chunk that is kept whole or not at all.
    hasher: Option<Hasher>,
    written: u64,
    recorded: u64,
    synced: u64,
    /// What the file is called, where a look at its first bytes may tell that the site does not want it.
    looks_at: Option<FileName>,
}

impl Writing<'_> {
    async fn receive<E>(
        &mut self,
        body: impl Stream<Item = Result<Bytes, E>>,
        access_ended: impl Future<Output = ()>,
    ) -> Result<(), Error> {
        let (app, writer) = (self.app, self.writer);
        let mut body = std::pin::pin!(body);
        let mut access_ended = std::pin::pin!(access_ended);
        let mut taken_over = std::pin::pin!(writer.sender.taken_over());
        let mut lease_lost = std::pin::pin!(writer.lease.lost(app, &writer.sender));
        let mut pieces = Vec::new();
        let (mut collected, mut enough) = (0, self.turn.piece());
        loop {
            // Not around a write, which would go on behind our back.
            let next = tokio::select! {
                biased;
                () = &mut access_ended => Some(Err(auth::Error::NotSignedIn.into())),
                () = &mut taken_over => Some(Err(Error::TakenOver)),
                () = &mut lease_lost => Some(Err(Error::TakenOver)),
                next = writer.sender.waiting(tokio::time::timeout(SILENCE, body.next())) => match next {
                    Ok(next) => next.map(|piece| piece.map_err(|_| Error::Broken)),
                    Err(_) => Some(Err(Error::Broken)),
                },
            };
            if let Some(Ok(piece)) = &next {
                if self.written + (collected + piece.len()) as u64 > self.limit {
                    self.write(std::mem::take(&mut pieces), collected).await?;
                    return Err(Error::TooManyBytes);
                }
                collected += piece.len();
                pieces.push(piece.clone());
                if let Some(most) = app.config.uploads.max_bytes_per_second {
                    self.turn.pace(piece.len(), most).await;
                }
            }
            let ended = !matches!(next, Some(Ok(_)));
            if ended || collected >= enough {
                self.write(std::mem::take(&mut pieces), std::mem::take(&mut collected)).await?;
                enough = self.turn.piece();
            }
            match next {
                None => return Ok(()),
                Some(Err(error)) => return Err(error),
                Some(Ok(_)) => self.record(false).await?,
            }
        }
    }

    async fn write(&mut self, pieces: Vec<Bytes>, length: usize) -> Result<(), Error> {
        if let Some(hasher) = &mut self.hasher {
            pieces.iter().for_each(|piece| hasher.update(piece));
        }
        if length > 0 {
            self.file.write_at(pieces, self.written).await.map_err(write_error)?;
            self.written += length as u64;
        }
        match self.looks_at.take() {
            Some(name) => self.look(name).await,
            None => Ok(()),
        }
    }

    /// Once, at what the first write brought. All is looked at when the file is whole.
    async fn look(&self, name: FileName) -> Result<(), Error> {
        let judged = kind::look(&self.file, self.written, &name, &[]).await.map_err(Error::Write)?;
        finish::refused(self.app, &judged).map_or(Ok(()), |risk| Err(Error::Refused(risk)))
    }

    /// The offset is recorded only behind the bytes it promises.
    async fn record(&mut self, answering: bool) -> Result<(), Error> {
        let due = self.durability.is_due(self.synced, self.written, answering);
        let record = due || answering || self.written - self.recorded >= RECORD_BYTES;
        if self.written == self.recorded || !record || self.hasher.is_some() {
            return Ok(());
        }
        self.sync(answering).await?;
        let expires = to_us(expires_at(self.app));
        let id = (self.id, self.writer.lease.fence);
        if !store::set_offset(self.app.db.write(), id, self.written, expires).await? {
            return Err(Error::TakenOver);
        }
        self.recorded = self.written;
        Ok(())
    }

    /// Where the site's durability says so.
    async fn sync(&mut self, answering: bool) -> Result<(), Error> {
        if self.durability.is_due(self.synced, self.written, answering) {
            self.file.sync().await.map_err(write_error)?;
            self.synced = self.written;
        }
        Ok(())
    }
}

/// A full disk and a spent quota keep their meaning on the way to the client.
pub(super) fn write_error(error: std::io::Error) -> Error {
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
