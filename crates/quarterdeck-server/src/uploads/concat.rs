//! Makes one upload of the parts that a client sent side by side.

use quarterdeck_types::agent::Request;
use uuid::Uuid;

use super::{Concat, Error, Upload, Writer, check_not_expired, expires_at, find, finish, place, remove_hidden, store};
use crate::access::Actor;
use crate::agents::Agent;
use crate::app::App;
use crate::db::to_us;

/// Asked of the agent at once, so that a slow file system, too, answers in time.
const COPY_BYTES: u64 = 128 << 20;

/// Bytes of all parts together; each has to be whole.
pub(super) async fn size_of(app: &App, actor: &Actor, parts: &[Uuid]) -> Result<u64, Error> {
    let mut size = 0;
    for part in parts {
        size += whole_part(app, actor, *part).await?.offset;
    }
    Ok(size)
}

/// Asked again after an answer was lost: the parts are gone, and what was made of them is there.
pub(super) async fn made_before(app: &App, actor: &Actor, of: &Concat, missing: Uuid) -> Result<Upload, Error> {
    let made = store::find_made_of(app.db.read(), actor.user_id, of).await?;
    made.and_then(store::read).ok_or(Error::NoSuchPart(missing))
}

/// Copies the parts into the upload's file, puts it in place, and removes them. Begun again where it was killed.
pub(super) async fn assemble(
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
    let mut at = 0;
    for part in &found {
        let mut from = 0;
        while from < part.offset {
            let length = COPY_BYTES.min(part.offset - from);
            let request = Request::CopyUpload {
                upload: upload.id,
                directory: place(&upload),
                at,
                part: part.id,
                part_directory: place(part),
                from,
                length,
            };
            agent.done(request).await?;
            (from, at) = (from + length, at + length);
        }
    }
    let fence = writer.lease.fence;
    // Whether it is on the disk is the last step's business, which syncs it.
    if !store::set_offset(app.db.write(), (upload.id, fence), at, to_us(expires_at(app))).await? {
        return Err(Error::TakenOver);
    }
    upload.offset = at;
    let finished = finish::finish(app, actor, agent, upload, fence).await;
    // What the site does not want it wants in no part either.
    if !matches!(finished, Ok(_) | Err(Error::Refused(_))) {
        return finished;
    }
    for part in found {
        // What cannot be removed now expires.
        if remove_hidden(agent, &part).await.is_ok() {
            store::delete(app.db.write(), part.id).await?;
        }
    }
    finished
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
