//! Signs people in and out, keeps their sessions, and tells who a request comes from.

pub(crate) mod api;
mod passwords;
mod store;
#[cfg(test)]
mod tests;
mod tokens;

use chrono::TimeDelta;
use sea_orm::DbErr;
use serde_json::json;
use thiserror::Error;
use uuid::Uuid;

use crate::access::{Actor, Origin, Role, Via};
use crate::app::App;
use crate::audit::Event;
use crate::clock::Clock;
use crate::db::{Db, from_us, to_us};
use crate::problem::{FieldError, Problem};
pub use tokens::Keys;

const SESSION_LENGTH: TimeDelta = TimeDelta::days(7);
/// Two tabs that wake together refresh with the same token: the second one, this close behind, is no thief.
const REFRESH_GRACE: TimeDelta = TimeDelta::seconds(10);

#[derive(Debug, Error)]
pub enum Error {
    #[error("The user name or the password is wrong: check both and try again.")]
    WrongCredentials,
    #[error("Sign in to do this.")]
    NotSignedIn,
    #[error("The account is not valid.")]
    InvalidUser(Vec<FieldError>),
    #[error("There is a user of this name already: choose another.")]
    NameTaken,
    #[error("There is no such user.")]
    NoSuchUser,
    #[error("Your account has no Unix user on the cluster: ask an administrator to set it.")]
    NoUnixUser,
    #[error(transparent)]
    Db(#[from] DbErr),
    #[error("{0:#}")]
    Internal(#[from] anyhow::Error),
}

/// An account as people and administrators see it.
#[derive(Clone, Debug)]
pub struct User {
    pub id: Uuid,
    pub username: String,
    pub display_name: String,
    pub role: Role,
    pub unix_user: Option<String>,
    pub disabled: bool,
}

/// What a client gets when it signs in or refreshes.
pub struct SignedIn {
    pub access_token: String,
    pub refresh_token: String,
    pub user: User,
}

/// Signs in with name and password. Wrong name and wrong password answer alike and take alike.
pub async fn login(
    app: &App,
    origin: Origin,
    username: &str,
    password: String,
    device: &str,
) -> Result<SignedIn, Error> {
    // PostgreSQL takes no NUL, and nobody has such a name.
    let row = if is_account_name(username) { store::user_by_name(app.db.read(), username).await? } else { None };
    let hash = row.as_ref().filter(|user| !user.disabled).and_then(|user| user.password_hash.clone());
    let right = passwords::verify(password, hash).await?;
    let (true, Some(row)) = (right, row) else { return Err(Error::WrongCredentials) };

    let now = app.clock.now();
    let session = store::sessions::Model {
        id: Uuid::now_v7(),
        user_id: row.id,
        address: origin.address.to_string(),
        device: device.chars().take(200).collect(),
        created_us: to_us(now),
        last_used_us: to_us(now),
        expires_us: to_us(now + SESSION_LENGTH),
        ended_us: None,
    };
    let user = read_user(row)?;
    let session_id = session.id;
    let actor = actor(&user, session_id, origin);
    let signed_in = issue(app, user, session_id)?;
    let tx = app.db.begin().await?;
    store::insert_session(&tx, session).await?;
    store::insert_refresh_token(&tx, refresh_row(app, &signed_in.refresh_token, session_id)).await?;
    app.audit.record(&tx, &actor, Event::new("session.begin", &actor.username)).await?;
    tx.commit().await?;
    Ok(signed_in)
}

/// Exchanges a refresh token for new tokens. Each is good once; one used before ends its session for all.
pub async fn refresh(app: &App, origin: Origin, token: &str) -> Result<SignedIn, Error> {
    let hash = tokens::hash_refresh_token(token);
    let now = app.clock.now();
    let tx = app.db.begin().await?;
    let row = store::refresh_token(&tx, &hash).await?.ok_or(Error::NotSignedIn)?;
    let session = store::session_by_id(&tx, row.session_id).await?.ok_or(Error::NotSignedIn)?;
    let user = live_user(&tx, &session, app).await?;
    let actor = actor(&user, session.id, origin);
    if row.used_us.is_some_and(|used| now - from_us(used) > REFRESH_GRACE) {
        store::end_session(&tx, session.id, to_us(now)).await?;
        app.audit.record(&tx, &actor, Event::new("session.token-reused", &actor.username)).await?;
        tx.commit().await?;
        app.live.session_ended(session.id);
        crate::notifications::notify(app, user.id, "session-token-reused", json!({"address": session.address})).await?;
        return Err(Error::NotSignedIn);
    }
    let signed_in = issue(app, user, session.id)?;
    store::mark_used(&tx, &hash, to_us(now)).await?;
    store::touch_session(&tx, session.id, to_us(now)).await?;
    store::insert_refresh_token(&tx, refresh_row(app, &signed_in.refresh_token, session.id)).await?;
    tx.commit().await?;
    Ok(signed_in)
}

/// Ends the session of this refresh token. Signing out twice is no error.
pub async fn logout(app: &App, origin: Origin, token: &str) -> Result<(), Error> {
    let tx = app.db.begin().await?;
    let Some(row) = store::refresh_token(&tx, &tokens::hash_refresh_token(token)).await? else { return Ok(()) };
    if let Some(session) = store::session_by_id(&tx, row.session_id).await?
        && let Ok(user) = live_user(&tx, &session, app).await
    {
        store::end_session(&tx, session.id, to_us(app.clock.now())).await?;
        let actor = actor(&user, session.id, origin);
        app.audit.record(&tx, &actor, Event::new("session.end", &actor.username)).await?;
    }
    tx.commit().await?;
    app.live.session_ended(row.session_id);
    Ok(())
}

/// Who holds this access token, if its session still lives.
pub(crate) async fn authenticate(app: &App, token: Option<&str>, origin: Origin) -> Result<Actor, Problem> {
    let claims = token.and_then(|token| app.keys.verify(token, app.clock.now())).ok_or_else(Problem::not_signed_in)?;
    let session = store::session_by_id(app.db.read(), claims.sid).await?.ok_or_else(Problem::not_signed_in)?;
    if session.user_id != claims.sub {
        return Err(Problem::not_signed_in());
    }
    let user = live_user(app.db.read(), &session, app).await?;
    Ok(actor(&user, session.id, origin))
}

pub async fn me(app: &App, actor: &Actor) -> Result<User, Error> {
    read_user(store::user_by_id(app.db.read(), actor.user_id).await?.ok_or(Error::NoSuchUser)?)
}

/// The account on the cluster that this person acts as.
pub fn unix_user(actor: &Actor) -> Result<&str, Error> {
    actor.unix_user.as_deref().ok_or(Error::NoUnixUser)
}

pub struct NewUser {
    pub username: String,
    pub display_name: String,
    pub password: String,
    pub role: Role,
    pub unix_user: Option<String>,
}

/// Makes an account; for commands and the first start, where no actor is signed in.
pub async fn add_user(db: &Db, clock: &Clock, new: NewUser) -> Result<User, Error> {
    let mut errors = check_password(&new.password);
    if !is_account_name(&new.username) {
        let detail =
            "A user name has 1 to 64 letters, digits, \".\", \"_\", \"-\" or \"@\" and begins with a letter or digit.";
        errors.push(FieldError::new("/username", "bad-username", detail));
    }
    if !errors.is_empty() {
        return Err(Error::InvalidUser(errors));
    }
    if store::user_by_name(db.read(), &new.username).await?.is_some() {
        return Err(Error::NameTaken);
    }
    let row = store::users::Model {
        id: Uuid::now_v7(),
        username: new.username,
        display_name: new.display_name,
        password_hash: Some(passwords::hash(new.password).await?),
        role: new.role.as_str().to_owned(),
        unix_user: new.unix_user,
        disabled: false,
        created_us: to_us(clock.now()),
    };
    store::insert_user(db.write(), row.clone()).await?;
    read_user(row)
}

pub async fn list_users(db: &Db) -> Result<Vec<User>, Error> {
    store::list_users(db.read()).await?.into_iter().map(read_user).collect()
}

/// Ends all of a user's sessions and lets her sign in no more.
pub async fn disable_user(db: &Db, clock: &Clock, username: &str) -> Result<(), Error> {
    let mut row = store::user_by_name(db.read(), username).await?.ok_or(Error::NoSuchUser)?;
    row.disabled = true;
    end_all(db, clock, row).await
}

/// Sets a new password and ends all sessions begun with the old one.
pub async fn reset_password(db: &Db, clock: &Clock, username: &str, password: String) -> Result<(), Error> {
    let errors = check_password(&password);
    if !errors.is_empty() {
        return Err(Error::InvalidUser(errors));
    }
    let mut row = store::user_by_name(db.read(), username).await?.ok_or(Error::NoSuchUser)?;
    row.password_hash = Some(passwords::hash(password).await?);
    end_all(db, clock, row).await
}

/// A password for a first administrator: 120 random bits in letters and digits.
pub fn random_password() -> Result<String, Error> {
    let token = tokens::new_refresh_token().map_err(|error| anyhow::anyhow!("reading random bytes: {error}"))?;
    Ok(token.chars().filter(char::is_ascii_alphanumeric).take(20).collect())
}

async fn end_all(db: &Db, clock: &Clock, row: store::users::Model) -> Result<(), Error> {
    let id = row.id;
    let tx = db.begin().await?;
    store::save_user(&tx, row).await?;
    store::end_sessions_of(&tx, id, to_us(clock.now())).await?;
    tx.commit().await?;
    Ok(())
}

async fn live_user(
    db: &impl sea_orm::ConnectionTrait,
    session: &store::sessions::Model,
    app: &App,
) -> Result<User, Error> {
    if session.ended_us.is_some() || session.expires_us <= to_us(app.clock.now()) {
        return Err(Error::NotSignedIn);
    }
    let row = store::user_by_id(db, session.user_id).await?.filter(|user| !user.disabled).ok_or(Error::NotSignedIn)?;
    read_user(row)
}

fn issue(app: &App, user: User, session: Uuid) -> Result<SignedIn, Error> {
    let access_token = app.keys.sign(user.id, session, app.clock.now()).map_err(anyhow::Error::from)?;
    let refresh_token =
        tokens::new_refresh_token().map_err(|error| anyhow::anyhow!("reading random bytes: {error}"))?;
    Ok(SignedIn { access_token, refresh_token, user })
}

fn refresh_row(app: &App, token: &str, session_id: Uuid) -> store::refresh_tokens::Model {
    store::refresh_tokens::Model {
        token_hash: tokens::hash_refresh_token(token),
        session_id,
        created_us: to_us(app.clock.now()),
        used_us: None,
    }
}

fn actor(user: &User, session: Uuid, origin: Origin) -> Actor {
    Actor {
        user_id: user.id,
        username: user.username.clone(),
        role: user.role,
        unix_user: user.unix_user.clone(),
        via: Via::Session(session),
        address: origin.address,
        request_id: origin.request_id,
    }
}

fn read_user(row: store::users::Model) -> Result<User, Error> {
    let role = Role::parse(&row.role).ok_or_else(|| anyhow::anyhow!("user {} has the role {:?}", row.id, row.role))?;
    Ok(User {
        id: row.id,
        username: row.username,
        display_name: row.display_name,
        role,
        unix_user: row.unix_user,
        disabled: row.disabled,
    })
}

fn check_password(password: &str) -> Vec<FieldError> {
    let length = password.chars().count();
    if (passwords::SHORTEST..=passwords::LONGEST).contains(&length) {
        return Vec::new();
    }
    let detail = format!("A password has {} to {} characters.", passwords::SHORTEST, passwords::LONGEST);
    vec![FieldError::new("/password", "bad-password-length", detail).with("shortest", passwords::SHORTEST)]
}

fn is_account_name(name: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b"._-@".contains(&b);
    (1..=64).contains(&name.len()) && name.bytes().all(allowed) && name.as_bytes()[0].is_ascii_alphanumeric()
}
