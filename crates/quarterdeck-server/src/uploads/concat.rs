//! Makes one upload of the parts that a client sent side by side.

use quarterdeck_types::agent::Request;
use uuid::Uuid;

use super::{
    Concat, Error, Upload, Writer, check_not_expired, expires_at, find, finish, open, place, remove_hidden, store,
};
use crate::access::Actor;
use crate::agents::{self, Agent};
use crate::app::App;
use crate::db::to_us;

/// Asked of the agent at once, so that a slow file system, too, answers in time.
const COPY_BYTES: u64 = 128 << 20;

/// Bytes of all parts together, and of the largest; each has to be whole.
pub(super) async fn sizes_of(app: &App, actor: &Actor, parts: &[Uuid]) -> Result<(u64, u64), Error> {
    let (mut all, mut largest) = (0, 0);
    for part in parts {
        let size = whole_part(app, actor, *part).await?.offset;
        (all, largest) = (all + size, largest.max(size));
    }
    Ok((all, largest))
}

/// What was made of these parts, or begun to be: who asks again, having lost the answer, means the same.
pub(super) async fn made_before(app: &App, actor: &Actor, of: &Concat) -> Result<Option<Upload>, Error> {
    let made = store::find_made_of(app.db.read(), actor.user_id, of).await?;
    Ok(made.and_then(store::read))
}

/// Copies the parts into the upload's file, puts it in place, and removes them. Begun again after it was killed, it goes
/// on behind the part that it copied last. Of a part that is gone nothing can come any more, so the whole goes with it:
/// whoever cancels her upload may do so while it is put together, knowing of its parts alone.
pub(super) async fn assemble(
    app: &App,
    actor: &Actor,
    agent: &Agent,
    upload: Upload,
    parts: &[Uuid],
    writer: &Writer,
) -> Result<Upload, Error> {
    let whole = upload.clone();
    let made = join(app, actor, agent, upload, parts, writer).await;
    // What cannot be removed now expires.
    if matches!(made, Err(Error::NoSuchPart(_))) && remove_hidden(agent, &whole).await.is_ok() {
        store::delete(app.db.write(), whole.id).await?;
        app.live.upload_gone(actor.user_id, whole.id);
    }
    made
}

/// Each part gives its room back when its bytes are on the disk in the other file, so that the whole takes hardly more
/// than its size.
async fn join(
    app: &App,
    actor: &Actor,
    agent: &Agent,
    mut upload: Upload,
    parts: &[Uuid],
    writer: &Writer,
) -> Result<Upload, Error> {
    let mut found = Vec::new();
    for part in parts {
        found.push(whole_part(app, actor, *part).await?);
    }
    let fence = writer.lease.fence;
    let mut begin = 0;
    for part in &found {
        let end = begin + part.offset;
        if upload.offset < end {
            match copy(agent, &upload, part, begin).await {
                Err(error) if error.is_not_found() => return missing(app, agent, part).await,
                other => other?,
            }
            open(agent, &upload, end).await?.sync().await.map_err(Error::Write)?;
            if !store::set_offset(app.db.write(), (upload.id, fence), end, to_us(expires_at(app))).await? {
                return Err(Error::TakenOver);
            }
            upload.offset = end;
            // From here on nobody needs its bytes.
            match open(agent, part, 0).await {
                Err(Error::Agent(error)) if error.is_not_found() => {}
                other => drop(other?),
            }
        }
        begin = end;
    }
    let finished = finish::finish(app, actor, agent, upload, None, fence).await;
    // What is not to be kept as a whole is not to be kept in parts.
    if matches!(finished, Ok(_) | Err(Error::WrongContent { .. } | Error::Refused(_))) {
        for part in found {
            // What cannot be removed now expires.
            if remove_hidden(agent, &part).await.is_ok() {
                store::delete(app.db.write(), part.id).await?;
            }
        }
    }
    finished
}

/// All of a part, to where it begins in the whole.
async fn copy(agent: &Agent, upload: &Upload, part: &Upload, begin: u64) -> Result<(), agents::Error> {
    let mut from = 0;
    while from < part.offset {
        let length = COPY_BYTES.min(part.offset - from);
        let request = Request::CopyUpload {
            upload: upload.id,
            directory: place(upload),
            at: begin + from,
            part: part.id,
            part_directory: place(part),
            from,
            length,
        };
        agent.done(request).await?;
        from += length;
    }
    Ok(())
}

/// A part that the disk no longer has: its client is to send it again.
async fn missing(app: &App, agent: &Agent, part: &Upload) -> Result<Upload, Error> {
    // Or it was the whole's file that was removed behind our back.
    if matches!(open(agent, part, part.offset).await, Err(Error::Agent(error)) if error.is_not_found()) {
        store::delete(app.db.write(), part.id).await?;
    }
    Err(Error::NoSuchPart(part.id))
}

async fn whole_part(app: &App, actor: &Actor, id: Uuid) -> Result<Upload, Error> {
    let part = match find(app, actor, id).await {
        Err(Error::NotFound) => return Err(Error::NoSuchPart(id)),
        other => other?,
    };
    check_not_expired(app, &part)?;
    match part.concat {
        Some(Concat::Partial) if part.size == Some(part.offset) => Ok(part),
        Some(Concat::Partial) => Err(Error::PartNotWhole(id)),
        _ => Err(Error::NoSuchPart(id)),
    }
}
