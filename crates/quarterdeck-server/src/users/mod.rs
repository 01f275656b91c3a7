//! Accounts of people and of services: makes, changes, disables and finds them, and checks passwords.
//!
//! An account acts on the cluster as the Unix user that an administrator names for it; unless told otherwise that is
//! the one of the same name. Without a Unix user there are no cluster actions.

pub(crate) mod api;
mod passwords;
mod store;
#[cfg(test)]
mod tests;

use chrono::{DateTime, Utc};
use sea_orm::{ConnectionTrait, DbErr};
use serde_json::{Map, Value, json};
use thiserror::Error;
use uuid::Uuid;

use crate::access::{Role, Via};
use crate::audit::{self, Event, Who};
use crate::clock::Clock;
use crate::db::{Db, from_us, to_us};
use crate::live::Live;
use crate::problem::FieldError;
use crate::requests::is_label;
use crate::{auth, secrets};

#[derive(Debug, Error)]
pub enum Error {
    #[error("There is no such user.")]
    NotFound,
    #[error("The account is not valid.")]
    Invalid(Vec<FieldError>),
    #[error("There is a user of this name already: choose another.")]
    NameTaken,
    #[error("This is the last administrator who can sign in: make another one first.")]
    LastAdmin,
    #[error("You cannot do this to your own account: ask another administrator.")]
    OwnAccount,
    #[error("An API key may not do this: sign in with name and password.")]
    NotByKey,
    #[error("A service account has no password: make a key for it.")]
    NoPasswordForServices,
    #[error("Too many people sign in at this moment: try again in a few seconds.")]
    Busy,
    #[error(transparent)]
    Db(#[from] DbErr),
    #[error("{0:#}")]
    Internal(#[from] anyhow::Error),
}

/// An account as people and administrators see it.
#[derive(Clone, Debug, PartialEq)]
pub struct User {
    pub id: Uuid,
    pub username: String,
    pub display_name: String,
    pub role: Role,
    pub unix_user: Option<String>,
    pub kind: Kind,
    pub disabled: bool,
    pub created_at: DateTime<Utc>,
    pub last_seen_at: Option<DateTime<Utc>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Signs in with a password.
    Person,
    /// Has keys alone, which administrators make.
    Service,
}

impl Kind {
    fn as_str(self) -> &'static str {
        match self {
            Kind::Person => "person",
            Kind::Service => "service",
        }
    }
}

pub struct NewUser {
    pub username: String,
    pub display_name: String,
    /// Of a person; a service has none.
    pub password: Option<String>,
    pub role: Role,
    pub unix_user: Option<String>,
    pub kind: Kind,
}

/// What to change; `None` leaves a thing as it is.
#[derive(Default)]
pub struct Change {
    pub display_name: Option<String>,
    pub role: Option<Role>,
    pub unix_user: Option<Option<String>>,
    pub disabled: Option<bool>,
}

#[derive(Default)]
pub struct Filter {
    pub text: Option<String>,
    pub role: Option<Role>,
    pub kind: Option<Kind>,
    pub disabled: Option<bool>,
}

/// What changing accounts needs: a server has it, and so has a command on the server's host.
#[derive(Clone, Copy)]
pub struct Desk<'a> {
    pub db: &'a Db,
    pub clock: &'a Clock,
    pub audit: &'a audit::Log,
    /// Whom to tell that sessions have ended; a command tells nobody, and the server finds out by itself.
    pub live: Option<&'a Live>,
}

/// Makes an account.
pub async fn add(desk: Desk<'_>, by: Who<'_>, new: NewUser) -> Result<User, Error> {
    // Whoever has a password can sign in with it, as that Unix user and without the key's scopes and end.
    let more = new.password.is_some() || new.role > Role::User || new.unix_user.is_some();
    if is_by_key(by) && more {
        return Err(Error::NotByKey);
    }
    let mut errors = Vec::new();
    if !is_account_name(&new.username) {
        let detail =
            "A user name has 1 to 64 letters, digits, \".\", \"_\", \"-\" or \"@\" and begins with a letter or digit.";
        errors.push(FieldError::new("/username", "bad-username", detail));
    }
    errors.extend(check_names(&new.display_name, new.unix_user.as_deref()));
    // In single-user mode the one person may be root; nobody else ever is.
    if new.unix_user.as_deref() == Some("root") && !matches!(by, Who::Server) {
        errors.push(bad_unix_user());
    }
    errors.extend(new.password.as_ref().and_then(|word| passwords::check(word, &new.username, "/password")));
    if !errors.is_empty() {
        return Err(Error::Invalid(errors));
    }
    let password_hash = match (new.kind, new.password) {
        (Kind::Person, Some(password)) => Some(passwords::hash(password).await?),
        (Kind::Person, None) => None,
        (Kind::Service, None) => None,
        (Kind::Service, Some(_)) => return Err(Error::NoPasswordForServices),
    };
    let row = store::Model {
        id: Uuid::now_v7(),
        username: new.username,
        display_name: new.display_name,
        password_hash,
        role: new.role.as_str().to_owned(),
        unix_user: new.unix_user,
        disabled: false,
        created_us: to_us(desk.clock.now()),
        kind: new.kind.as_str().to_owned(),
        last_seen_us: None,
    };
    let tx = desk.db.begin().await?;
    if store::any_named(&tx, &row.username).await? {
        return Err(Error::NameTaken);
    }
    store::insert(&tx, row.clone()).await?;
    let detail = json!({"role": row.role, "unix_user": row.unix_user, "kind": row.kind});
    desk.audit.record(&tx, by, Event::new("user.add", &row.username).with(detail)).await?;
    tx.commit().await?;
    read(row)
}

/// A page of the accounts by user name, from behind the name that the last page ended with.
pub async fn list(db: &Db, filter: Filter, after: Option<&str>, limit: u64) -> Result<Vec<User>, Error> {
    store::list(db.read(), &store_filter(filter), after, limit).await?.into_iter().map(read).collect()
}

pub async fn count(db: &Db, filter: Filter) -> Result<u64, Error> {
    Ok(store::count(db.read(), &store_filter(filter)).await?)
}

/// Whether this is a portal without any account.
pub async fn none_yet(db: &Db) -> Result<bool, Error> {
    Ok(!store::any(db.read()).await?)
}

pub async fn find(db: &impl ConnectionTrait, id: Uuid) -> Result<User, Error> {
    read(store::by_id(db, id).await?.ok_or(Error::NotFound)?)
}

/// The people who act as one of these Unix users, and as which.
pub async fn people_of(db: &impl ConnectionTrait, unix_users: &[&str]) -> Result<Vec<(Uuid, String)>, DbErr> {
    let rows = store::of_unix_users(db, Kind::Person.as_str(), unix_users).await?;
    Ok(rows.into_iter().filter_map(|row| Some((row.id, row.unix_user?))).collect())
}

/// The administrators who can sign in.
pub async fn administrators(db: &impl ConnectionTrait) -> Result<Vec<Uuid>, DbErr> {
    store::active_ids_of_role(db, Role::Admin.as_str()).await
}

pub async fn find_by_name(db: &impl ConnectionTrait, name: &str) -> Result<User, Error> {
    // PostgreSQL takes no NUL, and nobody has such a name.
    let row = if is_account_name(name) { store::by_name(db, name).await? } else { None };
    read(row.ok_or(Error::NotFound)?)
}

/// An account that may act: it is there and not disabled.
pub async fn find_active(db: &impl ConnectionTrait, id: Uuid) -> Result<User, Error> {
    let user = find(db, id).await?;
    if user.disabled { Err(Error::NotFound) } else { Ok(user) }
}

/// What came of looking at a password.
pub struct Verified {
    /// The account of that name, if there is one.
    pub account: Option<User>,
    pub right: bool,
    hash: Option<String>,
}

/// Whether this password opens an account of this name. A name that nobody has takes as long as a wrong password.
pub async fn verify_password(db: &Db, username: &str, password: String) -> Result<Verified, Error> {
    let row = if is_account_name(username) { store::by_name(db.read(), username).await? } else { None };
    let hash = row.as_ref().filter(|user| !user.disabled).and_then(|user| user.password_hash.clone());
    let right = passwords::verify(password, hash.clone()).await?.map_err(|passwords::Busy| Error::Busy)?;
    Ok(Verified { account: row.map(read).transpose()?, right, hash })
}

impl Verified {
    /// The account, if the password still opens it: computing takes a while, in which it may have been replaced or the
    /// account disabled. It stays so to the transaction's end.
    pub async fn account_now(&self, tx: &impl ConnectionTrait) -> Result<Option<User>, Error> {
        let Some(account) = self.account.as_ref().filter(|_| self.right) else { return Ok(None) };
        let row = store::by_id_to_change(tx, account.id).await?;
        row.filter(|row| !row.disabled && row.password_hash == self.hash).map(read).transpose()
    }
}

/// What has to be computed before the first password is looked at.
pub fn prepare_passwords() -> anyhow::Result<()> {
    passwords::prepare()
}

/// Changes an account. Disabling it ends its sessions; its keys are refused from then on.
pub async fn change(desk: Desk<'_>, by: Who<'_>, id: Uuid, change: Change) -> Result<User, Error> {
    let display_name = change.display_name.as_deref().unwrap_or("a name");
    let unix_user = change.unix_user.as_ref().and_then(|name| name.as_deref());
    let mut errors = check_names(display_name, unix_user);
    if unix_user == Some("root") {
        errors.push(bad_unix_user());
    }
    if !errors.is_empty() {
        return Err(Error::Invalid(errors));
    }
    let tx = desk.db.begin().await?;
    // Taken first, so that two administrators who disable each other wait for one another.
    let admins = store::active_of_role(&tx, Role::Admin.as_str()).await?;
    let mut row = store::by_id_to_change(&tx, id).await?.ok_or(Error::NotFound)?;
    let before = read(row.clone())?;
    let more = before.role > Role::User || change.role > Some(Role::User) || change.unix_user.is_some();
    if is_by_key(by) && more {
        return Err(Error::NotByKey);
    }
    // Two administrators who disable each other: the second one is none any more.
    if let Who::Actor(actor) = by
        && store::by_id(&tx, actor.user_id).await?.is_none_or(|actor| actor.disabled)
    {
        return Err(Error::NotFound);
    }
    let disables = change.disabled == Some(true) && !before.disabled;
    let demotes = change.role.is_some_and(|role| role != before.role);
    if (disables || demotes) && matches!(by, Who::Actor(actor) if actor.user_id == id) {
        return Err(Error::OwnAccount);
    }
    if (disables || demotes) && admins.iter().all(|admin| admin.id == id) && admins.len() == 1 {
        return Err(Error::LastAdmin);
    }
    let mut changed = Map::new();
    let mut note = |name: &str, value: Value| changed.insert(name.to_owned(), value);
    if let Some(name) = change.display_name.filter(|name| *name != before.display_name) {
        note("display_name", json!(name));
        row.display_name = name;
    }
    if let Some(role) = change.role.filter(|role| *role != before.role) {
        note("role", json!([before.role, role]));
        row.role = role.as_str().to_owned();
    }
    if let Some(unix_user) = change.unix_user.filter(|name| *name != before.unix_user) {
        note("unix_user", json!([before.unix_user, unix_user]));
        row.unix_user = unix_user;
    }
    if let Some(disabled) = change.disabled.filter(|disabled| *disabled != before.disabled) {
        note("disabled", json!(disabled));
        row.disabled = disabled;
    }
    if changed.is_empty() {
        return Ok(before);
    }
    store::save(&tx, row.clone()).await?;
    if disables {
        auth::end_sessions_of(&tx, id, None, desk.clock.now()).await?;
    }
    desk.audit.record(&tx, by, Event::new("user.change", &row.username).with(Value::Object(changed))).await?;
    tx.commit().await?;
    if disables {
        // All that is hers, sockets of her keys too.
        desk.tell_ended(&[id]);
    }
    read(row)
}

/// Sets a new password and ends all sessions begun with the old one, but for `keep`.
pub async fn set_password(
    desk: Desk<'_>,
    by: Who<'_>,
    id: Uuid,
    password: String,
    pointer: &str,
    keep: Option<Uuid>,
) -> Result<(), Error> {
    let user = find(desk.db.read(), id).await?;
    if user.kind == Kind::Service {
        return Err(Error::NoPasswordForServices);
    }
    if let Some(error) = passwords::check(&password, &user.username, pointer) {
        return Err(Error::Invalid(vec![error]));
    }
    let hash = passwords::hash(password).await?;
    let tx = desk.db.begin().await?;
    let mut row = store::by_id_to_change(&tx, id).await?.ok_or(Error::NotFound)?;
    row.password_hash = Some(hash);
    store::save(&tx, row).await?;
    let ended = auth::end_sessions_of(&tx, id, keep, desk.clock.now()).await?;
    desk.audit.record(&tx, by, Event::new("user.set-password", &user.username)).await?;
    tx.commit().await?;
    desk.tell_ended(&ended);
    Ok(())
}

/// Ends all sessions of an account.
pub async fn sign_out(desk: Desk<'_>, by: Who<'_>, id: Uuid) -> Result<(), Error> {
    let tx = desk.db.begin().await?;
    let user = find(&tx, id).await?;
    if user.role > Role::User && is_by_key(by) {
        return Err(Error::NotByKey);
    }
    let ended = auth::end_sessions_of(&tx, id, None, desk.clock.now()).await?;
    let detail = json!({"sessions": ended.len()});
    desk.audit.record(&tx, by, Event::new("session.end-all", &user.username).with(detail)).await?;
    tx.commit().await?;
    desk.tell_ended(&ended);
    Ok(())
}

/// Notes that this account was used just now.
pub async fn seen(db: &impl ConnectionTrait, id: Uuid, now: DateTime<Utc>) -> Result<(), DbErr> {
    store::seen(db, id, to_us(now)).await
}

/// A password that nobody chose.
pub fn random_password() -> Result<String, Error> {
    Ok(secrets::alphanumeric(20)?)
}

impl Desk<'_> {
    fn tell_ended(&self, ids: &[Uuid]) {
        if let Some(live) = self.live {
            ids.iter().for_each(|id| live.access_ended(*id));
        }
    }
}

fn is_by_key(by: Who<'_>) -> bool {
    matches!(by, Who::Actor(actor) if matches!(actor.via, Via::Key(..)))
}

fn store_filter(filter: Filter) -> store::Filter {
    store::Filter {
        text: filter.text.filter(|text| !text.is_empty()),
        role: filter.role.map(Role::as_str),
        kind: filter.kind.map(Kind::as_str),
        disabled: filter.disabled,
    }
}

fn read(row: store::Model) -> Result<User, Error> {
    let role = Role::parse(&row.role).ok_or_else(|| anyhow::anyhow!("user {} has the role {:?}", row.id, row.role))?;
    Ok(User {
        id: row.id,
        username: row.username,
        display_name: row.display_name,
        role,
        unix_user: row.unix_user,
        kind: if row.kind == Kind::Service.as_str() { Kind::Service } else { Kind::Person },
        disabled: row.disabled,
        created_at: from_us(row.created_us),
        last_seen_at: row.last_seen_us.map(from_us),
    })
}

fn check_names(display_name: &str, unix_user: Option<&str>) -> Vec<FieldError> {
    let mut errors = Vec::new();
    if !is_label(display_name) {
        let detail = "A name to show has 1 to 100 characters on one line.";
        errors.push(FieldError::new("/display_name", "bad-display-name", detail));
    }
    if unix_user.is_some_and(|name| !is_unix_name(name)) {
        errors.push(bad_unix_user());
    }
    errors
}

fn bad_unix_user() -> FieldError {
    let detail = "This is not the name of a Unix account that a person may have.";
    FieldError::new("/unix_user", "bad-unix-user", detail)
}

fn is_account_name(name: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b"._-@".contains(&b);
    (1..=64).contains(&name.len()) && name.bytes().all(allowed) && name.as_bytes()[0].is_ascii_alphanumeric()
}

/// Which of them really may have an agent, the launcher decides.
fn is_unix_name(name: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b"._-@+".contains(&b);
    let begins = |b: u8| b.is_ascii_alphabetic() || b == b'_';
    (1..=64).contains(&name.len()) && begins(name.as_bytes()[0]) && name.bytes().all(allowed)
}
