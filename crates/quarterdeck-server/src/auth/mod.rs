//! Signs people in and out, keeps their sessions, and tells who a request comes from.

pub(crate) mod api;
mod idle;
mod store;
#[cfg(test)]
mod tests;
mod tokens;

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::{ConnectionTrait, DbErr};
use serde_json::json;
use thiserror::Error;
use uuid::Uuid;

use crate::access::{Actor, Origin, Via};
use crate::api_keys;
use crate::app::App;
use crate::audit::{Event, Outcome, Who};
use crate::db::{from_us, to_us};
use crate::limits::{Attempt, Bucket, Class, RetryAfter, Verdict};
use crate::live;
use crate::notifications;
use crate::secrets;
use crate::users::{self, User};
pub use idle::watch_sessions;
pub use tokens::Keys;

/// Tabs that wake together refresh with the same token: one that comes from the same client, this close behind the
/// first, is no thief.
const REFRESH_GRACE: TimeDelta = TimeDelta::seconds(10);
/// Of one account at the same time; one more ends the one that was used least lately.
const MOST_SESSIONS: usize = 100;
/// What was admitted long ago is asked about this often.
const CHECK_ACCESS_EVERY: Duration = Duration::from_secs(15);
/// The last use of a session is written down at most this often.
const TOUCH_EVERY: TimeDelta = TimeDelta::seconds(30);

#[derive(Debug, Error)]
pub enum Error {
    #[error("The user name or the password is wrong: check both and try again.")]
    WrongCredentials,
    #[error("Sign in to do this.")]
    NotSignedIn,
    #[error("The present password is wrong.")]
    WrongPassword,
    #[error("There is no such session.")]
    NoSuchSession,
    #[error("Your account has no Unix user on the cluster: ask an administrator to set it.")]
    NoUnixUser,
    #[error(transparent)]
    TooMany(#[from] RetryAfter),
    #[error(transparent)]
    Key(#[from] api_keys::Error),
    #[error(transparent)]
    User(#[from] users::Error),
    #[error(transparent)]
    Db(#[from] DbErr),
    #[error("{0:#}")]
    Internal(#[from] anyhow::Error),
}

/// What a client gets when it signs in or refreshes.
pub struct SignedIn {
    pub access_token: String,
    pub refresh_token: String,
    /// Until the session ends, whatever happens.
    pub lasts: TimeDelta,
    pub user: User,
}

/// A session that goes on.
pub struct Session {
    pub id: Uuid,
    /// What the client called itself when it signed in.
    pub device: String,
    pub address: String,
    pub created_at: DateTime<Utc>,
    pub last_used_at: DateTime<Utc>,
    pub expires_at: DateTime<Utc>,
}

/// Counts an attempt to sign in under this name from this address; its verdict goes to [`login`].
pub async fn count_attempt(app: &App, origin: &Origin, username: &str) -> Verdict {
    app.limits.check(Class::SignIn, Bucket::sign_in(origin.address, username)).await
}

/// Signs in with name and password. Wrong name and wrong password answer alike and take alike.
pub async fn login(
    app: &App,
    origin: Origin,
    counted: Verdict,
    username: &str,
    password: String,
) -> Result<SignedIn, Error> {
    let attempt = match may_guess(app, &origin, counted, username).await {
        Ok(attempt) => attempt,
        Err(late) => {
            let account = match users::find_by_name(app.db.read(), username).await {
                Ok(account) => Some(account),
                Err(users::Error::NotFound) => None,
                Err(error) => return Err(error.into()),
            };
            let account = account.as_ref().map(|user| (user.id, user.username.as_str()));
            let event = Event::new("session.begin", account.map_or("", |(_, name)| name));
            let event = event.with(json!({"because": "too many attempts"}));
            app.audit.refused(Who::Stranger { origin: &origin, account }, event).await?;
            return Err(late.into());
        }
    };
    let verified = users::verify_password(&app.db, username, password).await?;
    if !verified.right {
        attempt.failed().await;
        // What was typed for a name may be a password: it is recorded only where it is somebody's name.
        let account = verified.account.as_ref().map(|user| (user.id, user.username.as_str()));
        let event = Event::new("session.begin", account.map_or("", |(_, name)| name));
        app.audit.refused(Who::Stranger { origin: &origin, account }, event).await?;
        return Err(Error::WrongCredentials);
    }
    attempt.succeeded().await;
    let now = app.clock.now();
    let tx = app.db.begin().await?;
    let user = verified.account_now(&tx).await?.ok_or(Error::WrongCredentials)?;
    let session = store::sessions::Model {
        id: Uuid::now_v7(),
        user_id: user.id,
        address: origin.address.to_string(),
        device: origin.device.clone(),
        created_us: to_us(now),
        last_used_us: to_us(now),
        expires_us: to_us(now + TimeDelta::days(app.config.sign_in.session_days.into())),
        ended_us: None,
    };
    let actor = Actor::new(&user, Via::Session(session.id), origin);
    let signed_in = issue(app, user, &session)?;
    let token = refresh_row(app, &signed_in.refresh_token, session.id);
    let crowded_out = end_oldest(&tx, actor.user_id, now).await?;
    store::insert_session(&tx, session).await?;
    store::insert_refresh_token(&tx, token).await?;
    users::seen(&tx, actor.user_id, now).await?;
    app.audit.record(&tx, &actor, Event::new("session.begin", &actor.username)).await?;
    tx.commit().await?;
    crowded_out.into_iter().for_each(|id| app.live.access_ended(id));
    Ok(signed_in)
}

/// Makes room for one more session: a script that signs in at each run must not pile them up.
async fn end_oldest(tx: &impl ConnectionTrait, user: Uuid, now: DateTime<Utc>) -> Result<Vec<Uuid>, DbErr> {
    // The last used first.
    let sessions = store::live_sessions_of(tx, user, to_us(now)).await?;
    let over: Vec<Uuid> = sessions.iter().skip(MOST_SESSIONS - 1).map(|session| session.id).collect();
    store::end_sessions(tx, &over, to_us(now)).await?;
    Ok(over)
}

/// Whether somebody at this address may try a password for this name now.
async fn may_guess<'a>(
    app: &'a App,
    origin: &Origin,
    counted: Verdict,
    username: &str,
) -> Result<Attempt<'a>, RetryAfter> {
    counted.admitted()?;
    app.limits.may_try(origin.address, username).await
}

/// Exchanges a refresh token for new tokens. Each is good once; one used before ends its session for all.
pub async fn refresh(app: &App, origin: Origin, token: &str) -> Result<SignedIn, Error> {
    let hash = secrets::hash(token);
    let now = app.clock.now();
    // Whoever makes one up is told so without keeping anybody from writing.
    store::refresh_token(app.db.read(), &hash).await?.ok_or(Error::NotSignedIn)?;
    let tx = app.db.begin().await?;
    let row = store::refresh_token_to_use(&tx, &hash).await?.ok_or(Error::NotSignedIn)?;
    let session = store::session_by_id(&tx, row.session_id).await?.ok_or(Error::NotSignedIn)?;
    let user = live_user(&tx, &session, app).await?;
    let client = format!("{} {}", origin.address, origin.device);
    let (by_hand, actor) = (origin.by_hand, Actor::new(&user, Via::Session(session.id), origin));
    if let Some(used) = row.used_us {
        let again = row.used_by.as_ref() == Some(&client) && now - from_us(used) <= REFRESH_GRACE;
        if !again {
            store::end_sessions(&tx, &[session.id], to_us(now)).await?;
            app.audit.record(&tx, &actor, Event::new("session.token-reused", &actor.username)).await?;
            let params = json!({"address": session.address, "device": session.device, "by": actor.address});
            let told = notifications::notify(&tx, &app.clock, user.id, "session-token-reused", params).await?;
            tx.commit().await?;
            told.publish(app);
            app.live.access_ended(session.id);
            return Err(Error::NotSignedIn);
        }
    } else {
        store::mark_used(&tx, &hash, to_us(now), &client).await?;
    }
    let signed_in = issue(app, user, &session)?;
    if by_hand {
        store::touch_session(&tx, session.id, to_us(now)).await?;
        users::seen(&tx, actor.user_id, now).await?;
    }
    store::insert_refresh_token(&tx, refresh_row(app, &signed_in.refresh_token, session.id)).await?;
    tx.commit().await?;
    Ok(signed_in)
}

/// Ends the session of this refresh token. Signing out twice is no error.
pub async fn logout(app: &App, origin: Origin, token: &str) -> Result<(), Error> {
    let Some(row) = store::refresh_token(app.db.read(), &secrets::hash(token)).await? else { return Ok(()) };
    let tx = app.db.begin().await?;
    if let Some(session) = store::session_by_id(&tx, row.session_id).await?
        && let Ok(user) = live_user(&tx, &session, app).await
    {
        store::end_sessions(&tx, &[session.id], to_us(app.clock.now())).await?;
        let actor = Actor::new(&user, Via::Session(session.id), origin);
        app.audit.record(&tx, &actor, Event::new("session.end", &actor.username)).await?;
    }
    tx.commit().await?;
    app.live.access_ended(row.session_id);
    Ok(())
}

/// The actor's own sessions, or, for administrators, somebody's: that is recorded.
pub async fn sessions_of(app: &App, actor: &Actor, user: Uuid) -> Result<Vec<Session>, Error> {
    let owner = users::find(app.db.read(), user).await?;
    if owner.id != actor.user_id {
        app.audit.note(actor, Outcome::Done, Event::new("session.list", &owner.username)).await?;
    }
    let rows = store::live_sessions_of(app.db.read(), user, to_us(app.clock.now())).await?;
    let session = |row: store::sessions::Model| Session {
        id: row.id,
        device: row.device,
        address: row.address,
        created_at: from_us(row.created_us),
        last_used_at: from_us(row.last_used_us),
        expires_at: from_us(row.expires_us),
    };
    Ok(rows.into_iter().map(session).collect())
}

/// Ends one of the actor's own sessions.
pub async fn end_session(app: &App, actor: &Actor, id: Uuid) -> Result<(), Error> {
    let tx = app.db.begin().await?;
    let session = store::session_by_id(&tx, id).await?.filter(|session| session.user_id == actor.user_id);
    if session.is_none() || !store::end_sessions(&tx, &[id], to_us(app.clock.now())).await? {
        return Err(Error::NoSuchSession);
    }
    let event = Event::new("session.end", &actor.username).with(json!({"session": id}));
    app.audit.record(&tx, actor, event).await?;
    tx.commit().await?;
    app.live.access_ended(id);
    Ok(())
}

/// Ends all sessions of a user in this transaction, but for `keep`; answers which, for those who watch to be told.
pub(crate) async fn end_sessions_of(
    tx: &impl ConnectionTrait,
    user: Uuid,
    keep: Option<Uuid>,
    now: DateTime<Utc>,
) -> Result<Vec<Uuid>, DbErr> {
    let rows = store::live_sessions_of(tx, user, to_us(now)).await?;
    let ids: Vec<Uuid> = rows.into_iter().map(|row| row.id).filter(|id| Some(*id) != keep).collect();
    store::end_sessions(tx, &ids, to_us(now)).await?;
    Ok(ids)
}

/// Sets a new password for the actor, who must know the present one. Her other sessions end.
pub async fn change_password(app: &App, actor: &Actor, present: String, new: String) -> Result<(), Error> {
    // Whoever sits down at an open page must not guess either.
    let attempt = app.limits.may_try(actor.address, &actor.username).await?;
    if !users::verify_password(&app.db, &actor.username, present).await?.right {
        attempt.failed().await;
        app.audit.note(actor, Outcome::Refused, Event::new("user.set-password", &actor.username)).await?;
        return Err(Error::WrongPassword);
    }
    attempt.succeeded().await;
    let keep = match actor.via {
        Via::Session(id) => Some(id),
        Via::Key(..) => None,
    };
    Ok(users::set_password(app.desk(), actor.into(), actor.user_id, new, "/new_password", keep).await?)
}

/// Who holds this access token or API key, if it is good and its session lives.
pub(crate) async fn authenticate(app: &App, token: Option<&str>, origin: Origin) -> Result<Actor, Error> {
    let token = token.ok_or(Error::NotSignedIn)?;
    if api_keys::looks_like_a_key(token) {
        return api_keys::authenticate(app, token, origin).await?.ok_or(Error::NotSignedIn);
    }
    let now = app.clock.now();
    let claims = app.keys.verify(token, now).ok_or(Error::NotSignedIn)?;
    let session = store::session_by_id(app.db.read(), claims.sid).await?.ok_or(Error::NotSignedIn)?;
    if session.user_id != claims.sub {
        return Err(Error::NotSignedIn);
    }
    let user = live_user(app.db.read(), &session, app).await?;
    if origin.by_hand && now - from_us(session.last_used_us) > TOUCH_EVERY {
        store::touch_session(app.db.write(), session.id, to_us(now)).await?;
    }
    Ok(Actor::new(&user, Via::Session(session.id), origin))
}

/// Who a session is, while it lives: for what its browser brings in a token's place.
pub(crate) async fn actor_of_session(app: &App, id: Uuid, origin: Origin) -> Result<Actor, Error> {
    Ok(Actor::new(&user_of_session(app, id).await?, Via::Session(id), origin))
}

/// Comes to its end when the actor's access has: she signed out, was disabled, or the key was revoked. For what goes on
/// for long after it was admitted.
pub(crate) async fn access_ended(app: &App, actor: &Actor) {
    let mut events = app.live.subscribe();
    // It was looked at when the request came.
    let mut check = tokio::time::interval_at(tokio::time::Instant::now() + CHECK_ACCESS_EVERY, CHECK_ACCESS_EVERY);
    loop {
        let missed = tokio::select! {
            event = events.recv() => match event {
                Ok(live::Event::AccessEnded(ended)) if actor.acts_by(ended) => return,
                Ok(_) => false,
                Err(_) => true,
            },
            // What the command line or another server ended is not heard of.
            _ = check.tick() => true,
        };
        if missed && !still_good(app, actor).await {
            return;
        }
    }
}

/// When that cannot be told, it is.
async fn still_good(app: &App, actor: &Actor) -> bool {
    match actor.via {
        Via::Session(id) => !matches!(user_of_session(app, id).await, Err(Error::NotSignedIn)),
        Via::Key(id, _) => api_keys::is_good(app, id).await.unwrap_or(true),
    }
}

async fn user_of_session(app: &App, id: Uuid) -> Result<User, Error> {
    let session = store::session_by_id(app.db.read(), id).await?.ok_or(Error::NotSignedIn)?;
    live_user(app.db.read(), &session, app).await
}

pub async fn me(app: &App, actor: &Actor) -> Result<User, Error> {
    Ok(users::find(app.db.read(), actor.user_id).await?)
}

/// The account on the cluster that this person acts as.
pub fn unix_user(actor: &Actor) -> Result<&str, Error> {
    actor.unix_user.as_deref().ok_or(Error::NoUnixUser)
}

/// Whose session it is, where it has not ended in any way.
async fn live_user(db: &impl ConnectionTrait, session: &store::sessions::Model, app: &App) -> Result<User, Error> {
    let now = app.clock.now();
    let idle = app.config.sign_in.idle().is_some_and(|idle| from_us(session.last_used_us) + idle <= now);
    if session.ended_us.is_some() || session.expires_us <= to_us(now) || idle {
        return Err(Error::NotSignedIn);
    }
    match users::find_active(db, session.user_id).await {
        Err(users::Error::NotFound) => Err(Error::NotSignedIn),
        other => Ok(other?),
    }
}

fn issue(app: &App, user: User, session: &store::sessions::Model) -> Result<SignedIn, Error> {
    let now = app.clock.now();
    let access_token = app.keys.sign(user.id, session.id, now)?;
    let lasts = from_us(session.expires_us) - now;
    Ok(SignedIn { access_token, refresh_token: secrets::token()?, lasts, user })
}

fn refresh_row(app: &App, token: &str, session_id: Uuid) -> store::refresh_tokens::Model {
    store::refresh_tokens::Model {
        token_hash: secrets::hash(token),
        session_id,
        created_us: to_us(app.clock.now()),
        used_us: None,
        used_by: None,
    }
}
