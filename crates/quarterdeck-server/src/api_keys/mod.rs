//! API keys for scripts and services: makes, lists and revokes them, and tells whose one is.
//!
//! A key does what its scopes say, of what its owner may do at that moment, until it ends or is revoked.

pub(crate) mod api;
mod store;
#[cfg(test)]
mod tests;
mod text;

use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::DbErr;
use serde_json::json;
use thiserror::Error;
use uuid::Uuid;

use crate::access::{Actor, Origin, Role, Rule, Scope, Scopes, TABLE, Via};
use crate::app::App;
use crate::audit::{Event, Outcome};
use crate::db::{from_us, to_us};
use crate::problem::FieldError;
use crate::requests::is_label;
use crate::users::{self, User};
pub(crate) use text::looks_like_a_key;

/// More are hardly ever meant, and each has limits of its own.
const MOST_PER_USER: u64 = 50;
/// Those that are over are listed for a while too; who makes and revokes more than these in that time must wait.
const MOST_KEPT: u64 = 500;
const KEEP_ENDED: TimeDelta = TimeDelta::days(90);
/// The last use is written down at most this often.
const TOUCH_EVERY: TimeDelta = TimeDelta::seconds(30);

#[derive(Debug, Error)]
pub enum Error {
    #[error("There is no such key.")]
    NotFound,
    #[error("The key is not valid.")]
    Invalid(Vec<FieldError>),
    #[error("You have as many keys as one may: revoke one that is no longer used.")]
    TooMany,
    #[error("Keys of people are made by themselves: choose a service account.")]
    NotAService,
    #[error(transparent)]
    User(#[from] users::Error),
    #[error(transparent)]
    Db(#[from] DbErr),
    #[error("{0:#}")]
    Internal(#[from] anyhow::Error),
}

#[derive(Clone, Debug)]
pub struct ApiKey {
    pub id: Uuid,
    pub name: String,
    pub scopes: Scopes,
    pub created_at: DateTime<Utc>,
    pub expires_at: DateTime<Utc>,
    pub revoked_at: Option<DateTime<Utc>>,
    pub last_used_at: Option<DateTime<Utc>>,
    pub last_used_address: Option<String>,
}

pub struct NewKey {
    pub name: String,
    pub scopes: Vec<Scope>,
    pub expires_at: DateTime<Utc>,
}

/// Makes a key for the actor herself. The second is the key as text, which cannot be had again.
pub async fn create(app: &App, actor: &Actor, new: NewKey) -> Result<(ApiKey, String), Error> {
    let owner = users::find_active(app.db.read(), actor.user_id).await?;
    create_for(app, actor, &owner, new).await
}

/// Makes a key for a service account.
pub async fn create_for_service(app: &App, actor: &Actor, owner: Uuid, new: NewKey) -> Result<(ApiKey, String), Error> {
    let owner = users::find_active(app.db.read(), owner).await?;
    if owner.kind != users::Kind::Service {
        return Err(Error::NotAService);
    }
    create_for(app, actor, &owner, new).await
}

async fn create_for(app: &App, actor: &Actor, owner: &User, new: NewKey) -> Result<(ApiKey, String), Error> {
    let now = app.clock.now();
    let errors = check(&new, owner.role, now, app.config.api_keys.max_days);
    if !errors.is_empty() {
        return Err(Error::Invalid(errors));
    }
    let id = Uuid::now_v7();
    let (secret_hash, text) = text::generate(id)?;
    let scopes: Scopes = new.scopes.into_iter().collect();
    let row = store::Model {
        id,
        user_id: owner.id,
        name: new.name,
        secret_hash,
        scopes: json!(scopes.iter().collect::<Vec<_>>()),
        created_by: actor.user_id,
        created_us: to_us(now),
        expires_us: to_us(new.expires_at),
        revoked_us: None,
        last_used_us: None,
        last_used_address: None,
    };
    let tx = app.db.begin().await?;
    let crowded = store::count_live(&tx, owner.id, to_us(now)).await? >= MOST_PER_USER;
    if crowded || store::count(&tx, owner.id).await? >= MOST_KEPT {
        return Err(Error::TooMany);
    }
    store::insert(&tx, row.clone()).await?;
    let detail = json!({"owner": owner.username, "name": row.name, "scopes": row.scopes, "expires_at": new.expires_at});
    app.audit.record(&tx, actor, Event::new("key.create", &id.to_string()).with(detail)).await?;
    tx.commit().await?;
    Ok((read(row)?, text))
}

/// A user's keys, the newest first, also those that are over. Another's are looked at by administrators, and that is
/// recorded.
pub async fn list(app: &App, actor: &Actor, user: Uuid) -> Result<Vec<ApiKey>, Error> {
    let owner = users::find(app.db.read(), user).await?;
    if owner.id != actor.user_id {
        app.audit.note(actor, Outcome::Done, Event::new("key.list", &owner.username)).await?;
    }
    store::of_user(app.db.read(), user).await?.into_iter().map(read).collect()
}

/// Revokes a key of this user's; what it held open is closed.
pub async fn revoke(app: &App, actor: &Actor, user: Uuid, id: Uuid) -> Result<(), Error> {
    let tx = app.db.begin().await?;
    let owner = users::find(&tx, user).await?;
    // Like all that is an administrator's or an operator's.
    if owner.role > Role::User && matches!(actor.via, Via::Key(..)) {
        return Err(users::Error::NotByKey.into());
    }
    if !store::revoke(&tx, user, id, to_us(app.clock.now())).await? {
        return Err(Error::NotFound);
    }
    let detail = json!({"owner": owner.username});
    app.audit.record(&tx, actor, Event::new("key.revoke", &id.to_string()).with(detail)).await?;
    tx.commit().await?;
    app.live.access_ended(id);
    Ok(())
}

/// Forgets the keys that ended long ago.
pub(crate) async fn forget_old(app: &App) -> Result<(), Error> {
    Ok(store::forget(app.db.write(), to_us(app.clock.now() - KEEP_ENDED)).await?)
}

/// Who acts by this key, if it is one of ours and still good.
pub(crate) async fn authenticate(app: &App, text: &str, origin: Origin) -> Result<Option<Actor>, Error> {
    let Some((id, secret_hash)) = text::parse(text) else { return Ok(None) };
    let now = app.clock.now();
    let row = store::by_id(app.db.read(), id).await?;
    let Some(row) = row.filter(|row| row.secret_hash == secret_hash) else { return Ok(None) };
    let Some(owner) = owner_while_good(app, &row).await? else { return Ok(None) };
    let address = origin.address.to_string();
    let fresh = row.last_used_us.is_some_and(|us| now - from_us(us) < TOUCH_EVERY);
    if !fresh {
        store::used(app.db.write(), id, to_us(now), &address).await?;
    }
    let key = read(row)?;
    Ok(Some(Actor::new(&owner, Via::Key(id, key.scopes), origin)))
}

/// Whether the key is neither revoked nor over, and its owner may act.
pub(crate) async fn is_good(app: &App, id: Uuid) -> Result<bool, Error> {
    match store::by_id(app.db.read(), id).await? {
        Some(row) => Ok(owner_while_good(app, &row).await?.is_some()),
        None => Ok(false),
    }
}

async fn owner_while_good(app: &App, row: &store::Model) -> Result<Option<User>, Error> {
    if row.revoked_us.is_some() || row.expires_us <= to_us(app.clock.now()) {
        return Ok(None);
    }
    match users::find_active(app.db.read(), row.user_id).await {
        Ok(owner) => Ok(Some(owner)),
        Err(users::Error::NotFound) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// The scopes that open any route to this role; others would only look as if they did.
pub fn scopes_of(role: Role) -> Scopes {
    let useful = TABLE.iter().filter_map(|route| match route.rule {
        Rule::Role(least, scope) if least <= role => Some(scope),
        _ => None,
    });
    useful.collect()
}

fn check(new: &NewKey, role: Role, now: DateTime<Utc>, max_days: u32) -> Vec<FieldError> {
    let mut errors = Vec::new();
    if !is_label(&new.name) {
        errors.push(FieldError::new("/name", "bad-key-name", "A key's name has 1 to 100 characters on one line."));
    }
    if new.scopes.is_empty() {
        errors.push(FieldError::new("/scopes", "no-scopes", "Choose what the key may do."));
    }
    let may = scopes_of(role);
    for (i, scope) in new.scopes.iter().enumerate().filter(|(_, scope)| !may.has(**scope)) {
        let detail = format!("The owner's role does not allow {scope}.");
        let error = FieldError::new(format!("/scopes/{i}"), "scope-beyond-role", detail);
        errors.push(error.with("scope", scope.to_string()));
    }
    if new.expires_at <= now || new.expires_at > now + TimeDelta::days(max_days.into()) {
        let detail = format!("A key ends within {max_days} days from now.");
        errors.push(FieldError::new("/expires_at", "bad-expiry", detail).with("max_days", max_days));
    }
    errors
}

fn read(row: store::Model) -> Result<ApiKey, Error> {
    let scopes: Vec<Scope> = serde_json::from_value(row.scopes)
        .map_err(|error| anyhow::anyhow!("the scopes of key {} cannot be read: {error}", row.id))?;
    Ok(ApiKey {
        id: row.id,
        name: row.name,
        scopes: scopes.into_iter().collect(),
        created_at: from_us(row.created_us),
        expires_at: from_us(row.expires_us),
        revoked_at: row.revoked_us.map(from_us),
        last_used_at: row.last_used_us.map(from_us),
        last_used_address: row.last_used_address,
    })
}
