//! Lets a browser fetch a file, or an archive of several, by itself, which sends no token along: by a ticket in the address, good once, for a
//! minute, and only together with the cookie that came with it.

use std::io;

use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use quarterdeck_types::{Place, RelativePath, SpaceName};
use serde_json::{Value, json};

use super::{Error, archive, list, open, store};
use crate::access::{Actor, Origin, Role, Via};
use crate::agents::UserFile;
use crate::app::App;
use crate::auth;
use crate::db::to_us;
use crate::secrets;

pub const TICKET_LIFE: TimeDelta = TimeDelta::seconds(60);

pub struct Ticket {
    pub ticket: String,
    /// Kept by the browser, out of the page's reach.
    pub cookie: String,
    pub expires_at: DateTime<Utc>,
}

/// What a ticket is exchanged for.
pub enum Content {
    File(RelativePath, UserFile),
    /// Named after this.
    Archive(RelativePath, BoxStream<'static, io::Result<Bytes>>),
}

/// Of one file the file, of a directory or of several paths an archive. Each is opened first: that she may not read it
/// is said here, where a page can show it.
pub async fn issue(app: &App, actor: &Actor, space: SpaceName, paths: Vec<RelativePath>) -> Result<Ticket, Error> {
    let chosen = choose(app, actor, &space, paths).await?;
    match chosen.as_slice() {
        [one] if !one.is_directory => write_down(app, actor, &space, &one.path, None).await,
        several => {
            let paths: Vec<String> = several.iter().map(|chosen| chosen.path.to_string()).collect();
            let above = |path: &RelativePath| path.split().map_or_else(|| path.clone(), |(above, _)| above);
            let name = match several {
                [one] => one.path.clone(),
                [first, ..] => above(&first.path),
                [] => return Err(Error::NoSuchTicket),
            };
            write_down(app, actor, &space, &name, Some(json!(paths))).await
        }
    }
}

async fn choose(
    app: &App,
    actor: &Actor,
    space: &SpaceName,
    paths: Vec<RelativePath>,
) -> Result<Vec<archive::Chosen>, Error> {
    let mut chosen = Vec::with_capacity(paths.len());
    for path in paths {
        let is_directory = match open(app, actor, space.clone(), path.clone()).await {
            Ok(_) => false,
            Err(Error::Agent(error)) if error.is_a_directory() => {
                let at = Place::In { space: space.clone(), path: path.clone() };
                list(app, actor, at, None, 1).await?;
                true
            }
            Err(error) => return Err(error),
        };
        chosen.push(archive::Chosen { path, is_directory });
    }
    Ok(chosen)
}

async fn write_down(
    app: &App,
    actor: &Actor,
    space: &SpaceName,
    path: &RelativePath,
    paths: Option<Value>,
) -> Result<Ticket, Error> {
    let Via::Session(session_id) = actor.via else { return Err(auth::Error::NotSignedIn.into()) };
    let expires_at = app.clock.now() + TICKET_LIFE;
    let ticket = Ticket { ticket: secrets::token()?, cookie: secrets::token()?, expires_at };
    let row = store::Model {
        ticket_hash: secrets::hash(&ticket.ticket),
        cookie_hash: secrets::hash(&ticket.cookie),
        session_id,
        space: space.to_string(),
        path: path.to_string(),
        paths,
        expires_us: to_us(expires_at),
    };
    store::insert(app.db.write(), row, to_us(app.clock.now())).await?;
    Ok(ticket)
}

/// Whoever has the ticket without its cookie leaves it as it was.
pub async fn redeem(app: &App, origin: Origin, ticket: &str, cookie: &str) -> Result<(Actor, Content), Error> {
    let hash = secrets::hash(ticket);
    let row = store::find(app.db.read(), &hash).await?.ok_or(Error::NoSuchTicket)?;
    let good = row.expires_us > to_us(app.clock.now()) && row.cookie_hash == secrets::hash(cookie);
    if !good || !store::take(app.db.write(), &hash).await? {
        return Err(Error::NoSuchTicket);
    }
    let actor = match auth::actor_of_session(app, row.session_id, origin).await {
        Ok(actor) if actor.role >= Role::User => actor,
        Ok(_) | Err(auth::Error::NotSignedIn) => return Err(Error::NoSuchTicket),
        Err(error) => return Err(error.into()),
    };
    let place = SpaceName::parse(&row.space).ok().zip(RelativePath::parse(&row.path).ok());
    let (space, path) = place.ok_or(Error::NoSuchTicket)?;
    let content = match row.paths {
        None => {
            let file = open(app, &actor, space, path.clone()).await?;
            Content::File(path, file)
        }
        Some(paths) => {
            let paths: Vec<String> = serde_json::from_value(paths).map_err(|_| Error::NoSuchTicket)?;
            let paths = paths.iter().map(|path| RelativePath::parse(path)).collect::<Result<_, _>>();
            let chosen = choose(app, &actor, &space, paths.map_err(|_| Error::NoSuchTicket)?).await?;
            let agent = app.agents.of(auth::unix_user(&actor)?);
            Content::Archive(path, archive::stream(agent, space, chosen).boxed())
        }
    };
    Ok((actor, content))
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, TimeDelta, Utc};
    use quarterdeck_types::{RelativePath, SpaceName};

    use super::*;
    use crate::app::testing::{PASSWORD, account, app_at, origin};
    use crate::db::testing::on_each_database;
    use crate::users::Kind;

    #[tokio::test]
    async fn a_ticket_lasts_a_minute() {
        on_each_database(async |db| {
            let data = tempfile::tempdir().unwrap();
            let start: DateTime<Utc> = "2026-11-24T12:00:00Z".parse().unwrap();
            let app = app_at(&db, data.path(), start);
            account(&db, "alice", Role::User, Kind::Person).await;
            let counted = auth::count_attempt(&app, &origin(), "alice").await;
            let signed_in = auth::login(&app, origin(), counted, "alice", PASSWORD.to_owned()).await.unwrap();
            let actor = auth::authenticate(&app, Some(&signed_in.access_token), origin()).await.unwrap();
            let path = RelativePath::parse("result.csv").unwrap();
            let after = async |seconds| {
                let Ticket { ticket, cookie, .. } =
                    write_down(&app, &actor, &SpaceName::home(), &path, None).await.unwrap();
                let later = app_at(&db, data.path(), start + TimeDelta::seconds(seconds));
                redeem(&later, origin(), &ticket, &cookie).await.map(drop)
            };
            // That the agent is asked at all shows that the ticket was good.
            assert!(matches!(after(59).await, Err(Error::Agent(_))));
            assert!(matches!(after(60).await, Err(Error::NoSuchTicket)));
        })
        .await;
    }
}
