//! Lets a browser fetch a file by itself, which sends no token along: by a ticket in the address, good once, for a
//! minute, and only together with the cookie that came with it.

use chrono::{DateTime, TimeDelta, Utc};
use quarterdeck_types::{RelativePath, SpaceName};

use super::{Error, open, store};
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

/// Opens the file first: that she may not read it is said here, where a page can show it.
pub async fn issue(app: &App, actor: &Actor, space: SpaceName, path: RelativePath) -> Result<Ticket, Error> {
    open(app, actor, space.clone(), path.clone()).await?;
    write_down(app, actor, &space, &path).await
}

async fn write_down(app: &App, actor: &Actor, space: &SpaceName, path: &RelativePath) -> Result<Ticket, Error> {
    let Via::Session(session_id) = actor.via else { return Err(auth::Error::NotSignedIn.into()) };
    let expires_at = app.clock.now() + TICKET_LIFE;
    let ticket = Ticket { ticket: secrets::token()?, cookie: secrets::token()?, expires_at };
    let row = store::Model {
        ticket_hash: secrets::hash(&ticket.ticket),
        cookie_hash: secrets::hash(&ticket.cookie),
        session_id,
        space: space.to_string(),
        path: path.to_string(),
        expires_us: to_us(expires_at),
    };
    store::insert(app.db.write(), row, to_us(app.clock.now())).await?;
    Ok(ticket)
}

/// Whoever has the ticket without its cookie leaves it as it was.
pub async fn redeem(
    app: &App,
    origin: Origin,
    ticket: &str,
    cookie: &str,
) -> Result<(Actor, RelativePath, UserFile), Error> {
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
    let file = open(app, &actor, space, path.clone()).await?;
    Ok((actor, path, file))
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
                let Ticket { ticket, cookie, .. } = write_down(&app, &actor, &SpaceName::home(), &path).await.unwrap();
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
