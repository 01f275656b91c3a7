//! What a template said before: every version that was ever seen.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use crate::access::Actor;
use crate::app::App;
use crate::db::from_us;
use crate::templates::library::SHARED;
use crate::templates::store::versions::{self, Model};
use crate::templates::{Error, Shelf, Source, own};

/// One of a template's versions.
#[derive(Clone, Debug)]
pub struct Version {
    /// Counted from 1.
    pub number: u64,
    /// What the template calls itself.
    pub version: String,
    /// Of its text, SHA-256.
    pub hash: String,
    pub source: Source,
    pub seen_at: DateTime<Utc>,
    /// Who wrote it here; `None`: the file was changed by other means.
    pub author: Option<String>,
    /// It is the one that is offered.
    pub is_current: bool,
}

/// The versions of a template, the newest first, from before the number `before`; and where the next page begins. They
/// stay when the template is gone.
pub async fn versions(
    app: &App,
    actor: &Actor,
    id: &str,
    before: Option<u64>,
    limit: u64,
) -> Result<(Vec<Version>, Option<u64>), Error> {
    let before = before.and_then(|before| i64::try_from(before).ok());
    let (owner, shelf) = owner(app, actor, id).await?;
    let mut rows = versions::list(app.db.read(), owner, id, before, limit + 1).await?;
    let more = rows.len() as u64 > limit;
    rows.truncate(limit as usize);
    let next = rows.last().filter(|_| more).and_then(|row| u64::try_from(row.number).ok());
    let newest = newest(app, owner, id).await?;
    let seen: Vec<Version> = rows.into_iter().filter_map(|row| see(&shelf, newest, row)).collect();
    if seen.is_empty() && before.is_none() {
        return Err(Error::NotFound);
    }
    Ok((seen, next))
}

/// One version and its text, byte for byte.
pub async fn version(app: &App, actor: &Actor, id: &str, number: u64) -> Result<(Version, String), Error> {
    let number = i64::try_from(number).map_err(|_| Error::NotFound)?;
    let (owner, shelf) = owner(app, actor, id).await?;
    let row = versions::find(app.db.read(), owner, id, number).await?;
    let newest = newest(app, owner, id).await?;
    let version = row.and_then(|row| see(&shelf, newest, row)).ok_or(Error::NotFound)?;
    let text = versions::text(app.db.read(), &version.hash).await?.ok_or(Error::NotFound)?;
    Ok((version, text))
}

/// Whose template the actor means by this id: everybody's, where there is or was one, else her own.
async fn owner<'a>(app: &App, actor: &'a Actor, id: &str) -> Result<(&'a str, Arc<Shelf>), Error> {
    // No id of ours holds a NUL byte, and PostgreSQL refuses to look for one.
    if id.contains('\0') {
        return Err(Error::NotFound);
    }
    let shared = app.templates.shelf();
    if shared.templates.contains_key(id) {
        return Ok((SHARED, shared));
    }
    let shelf = own::shelf(app, actor).await;
    match own::user(actor) {
        Some(user) if shelf.templates.contains_key(id) => Ok((user, shelf)),
        Some(user) if versions::list(app.db.read(), SHARED, id, None, 1).await?.is_empty() => Ok((user, shelf)),
        _ => Ok((SHARED, shared)),
    }
}

async fn newest(app: &App, owner: &str, id: &str) -> Result<Option<i64>, Error> {
    Ok(versions::list(app.db.read(), owner, id, None, 1).await?.first().map(|row| row.number))
}

fn see(shelf: &Shelf, newest: Option<i64>, row: Model) -> Option<Version> {
    // A text that was taken up again is that of an earlier version too.
    let is_current =
        newest == Some(row.number) && shelf.templates.get(&row.template).is_some_and(|loaded| loaded.hash == row.hash);
    Some(Version {
        number: u64::try_from(row.number).ok()?,
        version: row.version,
        hash: row.hash,
        source: Source::parse(&row.source)?,
        seen_at: from_us(row.seen_us),
        author: row.author,
        is_current,
    })
}
