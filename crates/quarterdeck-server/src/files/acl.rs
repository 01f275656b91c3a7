//! Shows and changes the access control lists of a user's files, through her agent. The accounts in them are looked up
//! here: the agent knows numbers alone.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use nix::unistd::{Gid, Group, Uid, User};
use quarterdeck_types::Place;
use quarterdeck_types::acl::{Acl, FileAcl, MAX_NAMED, Named, NamedKind, Rights};
use quarterdeck_types::agent::{Entry, Request};
use serde_json::json;
use sha2::{Digest, Sha256};

use super::Error;
use super::change::Deed;
use crate::access::Actor;
use crate::app::App;
use crate::auth;
use crate::problem::FieldError;

/// A directory service that answers later than this does not answer.
const LOOK_UP_TIME: Duration = Duration::from_secs(5);

/// What a list shall be. Its mask comes of it: it takes nothing from anybody.
pub struct Wish {
    pub owner: Rights,
    pub group: Rights,
    pub others: Rights,
    pub named: Vec<WishedNamed>,
}

pub struct WishedNamed {
    pub kind: NamedKind,
    pub who: Who,
    pub rights: Rights,
}

pub enum Who {
    Name(String),
    /// For one who has no name any more: only where the list has her already.
    Id(u32),
}

/// The names of accounts and groups, as far as they have some.
#[derive(Default)]
pub struct Names(HashMap<(NamedKind, u32), String>);

impl Names {
    pub fn of(&self, kind: NamedKind, id: u32) -> Option<&str> {
        self.0.get(&(kind, id)).map(String::as_str)
    }
}

/// The lists, and the names of all who are in them.
pub async fn read(app: &App, actor: &Actor, at: Place) -> Result<(FileAcl, Names), Error> {
    let acl = app.agents.of(auth::unix_user(actor)?).acl(Request::GetAcl { at }).await?;
    let lists = [Some(&acl.access), acl.default.as_ref()];
    let named = lists.into_iter().flatten().flat_map(|list| &list.named).map(|named| (named.kind, named.id));
    let ids: BTreeSet<_> = named.chain([(NamedKind::User, acl.uid), (NamedKind::Group, acl.gid)]).collect();
    let names = look_up(move || {
        let named = ids.into_iter().filter_map(|(kind, id)| Some(((kind, id), name_of(kind, id).ok()??)));
        Names(named.collect())
    });
    // Numbers are better than nothing.
    Ok((acl, names.await.unwrap_or_default()))
}

/// Tells one state of the lists from the next.
pub fn version(acl: &FileAcl) -> String {
    let json = serde_json::to_vec(acl).unwrap_or_default();
    quarterdeck_types::hex(&Sha256::digest(json)[..16])
}

/// Sets the lists of what is there, if they still are in the state `expected`.
pub async fn set(
    app: &App,
    actor: &Actor,
    at: Place,
    access: Wish,
    default: Option<Wish>,
    expected: &str,
) -> Result<Entry, Error> {
    let agent = app.agents.of(auth::unix_user(actor)?);
    let now = agent.acl(Request::GetAcl { at: at.clone() }).await?;
    if version(&now) != expected {
        return Err(Error::AclChanged);
    }
    let mut errors = Vec::new();
    let access = resolve(access, &now.access, "/access", &mut errors).await?;
    let default = match default {
        Some(wish) => {
            let before = now.default.clone().unwrap_or_else(|| now.access.clone());
            Some(resolve(wish, &before, "/default", &mut errors).await?)
        }
        None => None,
    };
    if !errors.is_empty() {
        return Err(Error::Invalid(errors));
    }
    let detail = json!({"access": access, "default": default});
    let deed = Deed { action: "file.set-acl", object: at.to_string(), detail };
    let expected = Box::new(now);
    deed.by(app, actor, async |agent| agent.entry(Request::SetAcl { at, access, default, expected }).await).await
}

async fn resolve(wish: Wish, before: &Acl, pointer: &str, errors: &mut Vec<FieldError>) -> Result<Acl, Error> {
    let Wish { owner, group, others, named } = wish;
    if named.len() > MAX_NAMED {
        let detail = format!("Name at most {MAX_NAMED} users and groups: put people into a group.");
        errors.push(FieldError::new(format!("{pointer}/named"), "bad-count", detail));
        return Ok(Acl { owner, group, others, mask: None, named: Vec::new() });
    }
    let known: BTreeSet<_> = before.named.iter().map(|named| (named.kind, named.id)).collect();
    let found = look_up(move || {
        let find = |named: WishedNamed| {
            let id = match &named.who {
                Who::Name(name) => id_of(named.kind, name)?,
                Who::Id(id) if known.contains(&(named.kind, *id)) => Some(*id),
                Who::Id(id) => name_of(named.kind, *id)?.map(|_| *id),
            };
            Ok::<_, nix::Error>((named, id))
        };
        named.into_iter().map(find).collect::<Result<Vec<_>, _>>()
    });
    let found = found.await.ok_or(Error::Accounts)?.map_err(|_| Error::Accounts)?;
    let mut entries: Vec<Named> = Vec::new();
    for (at, (WishedNamed { kind, who, rights }, id)) in found.into_iter().enumerate() {
        let (field, shown) = match &who {
            Who::Name(name) => ("name", name.clone()),
            Who::Id(id) => ("id", id.to_string()),
        };
        let mut refuse = |code: &str, detail: String| {
            let field = format!("{pointer}/named/{at}/{field}");
            errors.push(FieldError::new(field, code, detail).with("name", shown.clone()));
        };
        match (id, kind) {
            (None, NamedKind::User) => refuse("no-such-user", format!("The cluster has no user \"{shown}\".")),
            (None, NamedKind::Group) => refuse("no-such-group", format!("The cluster has no group \"{shown}\".")),
            (Some(id), _) if entries.iter().any(|other| (other.kind, other.id) == (kind, id)) => {
                refuse("named-twice", format!("\"{shown}\" is named twice: name everybody once."));
            }
            (Some(id), _) => entries.push(Named { kind, id, rights }),
        }
    }
    Ok(Acl { owner, group, others, mask: None, named: entries })
}

/// Asks the account database, which may be somewhere else, on a thread of its own. `None`: it does not answer.
async fn look_up<T: Send + 'static>(ask: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    let asked = tokio::task::spawn_blocking(ask);
    tokio::time::timeout(LOOK_UP_TIME, asked).await.ok()?.ok()
}

fn name_of(kind: NamedKind, id: u32) -> Result<Option<String>, nix::Error> {
    Ok(match kind {
        NamedKind::User => User::from_uid(Uid::from_raw(id))?.map(|user| user.name),
        NamedKind::Group => Group::from_gid(Gid::from_raw(id))?.map(|group| group.name),
    })
}

fn id_of(kind: NamedKind, name: &str) -> Result<Option<u32>, nix::Error> {
    Ok(match kind {
        NamedKind::User => User::from_name(name)?.map(|user| user.uid.as_raw()),
        NamedKind::Group => Group::from_name(name)?.map(|group| group.gid.as_raw()),
    })
}
