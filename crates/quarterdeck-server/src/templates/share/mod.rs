//! Shares templates: a user offers one of her own to everybody, an administrator looks at it and accepts or refuses it,
//! where the site wants that, and what is accepted becomes a file in `community/`: the very text that was offered.

mod publish;
mod put_away;

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::ConnectionTrait;
use serde_json::json;
use uuid::Uuid;

use crate::access::{Actor, Role};
use crate::app::App;
use crate::audit::{Event, Outcome};
use crate::config::Sharing;
use crate::db::{from_us, to_us};
use crate::live::TemplateChange;
use crate::notifications::Told;
use crate::problem::FieldError;
use crate::templates::edit::{own_loaded, text_of, under};
use crate::templates::library::{SHARED, look_until_settled};
use crate::templates::store::{shares, versions};
use crate::templates::{Error, Loaded, Source, Template, own};
use crate::{auth, notifications, users};
pub(super) use put_away::put_away;

/// Of one user's, that are not decided.
const MOST_OPEN: usize = 10;
/// Of one user's, whatever became of them: administrators are told of each.
const MOST_A_DAY: u64 = 50;
const MOST_CHARACTERS: usize = 1000;
/// Nobody takes so long to put a file in place: who began it has died.
const STALE_AFTER: TimeDelta = TimeDelta::minutes(1);

/// What became of an offer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    Open,
    Accepted,
    Refused,
    /// By the user who made it.
    TakenBack,
}

impl State {
    pub fn as_str(self) -> &'static str {
        match self {
            State::Open => "open",
            State::Accepted => "accepted",
            State::Refused => "refused",
            State::TakenBack => "taken-back",
        }
    }

    fn parse(text: &str) -> Option<State> {
        let all = [State::Open, State::Accepted, State::Refused, State::TakenBack];
        all.into_iter().find(|state| state.as_str() == text)
    }
}

/// A template that somebody offered to everybody.
#[derive(Clone, Debug)]
pub struct Share {
    pub id: Uuid,
    /// The id that it is to have for everybody.
    pub template: String,
    /// Her own that it was made of.
    pub own_template: String,
    pub version: String,
    /// Of its text, SHA-256.
    pub hash: String,
    /// The user's name.
    pub author: String,
    pub note: String,
    pub state: State,
    pub asked_at: DateTime<Utc>,
    pub decided_at: Option<DateTime<Utc>>,
    pub decided_by: Option<String>,
    /// Why it was refused.
    pub reason: Option<String>,
}

/// A share as one decides on it.
#[derive(Clone, Debug)]
pub struct Offered {
    pub share: Share,
    pub text: String,
    /// What everybody has under its id now.
    pub replaces: Option<Replaced>,
}

#[derive(Clone, Debug)]
pub struct Replaced {
    pub version: String,
    /// Of its text, SHA-256.
    pub hash: String,
    pub text: String,
}

/// What a user wants to share, and how.
#[derive(Clone, Debug, Default)]
pub struct Wish {
    /// For whoever decides.
    pub note: String,
    /// Under another id than her own template's.
    pub under: Option<String>,
    /// The hash of the text that it has to have still.
    pub expected: Option<String>,
}

/// What an administrator has looked at, by the hashes of the texts.
#[derive(Clone, Debug)]
pub struct Seen {
    pub hash: String,
    pub replaces: Option<String>,
}

#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Only the actor's own.
    pub mine: bool,
    pub state: Option<State>,
    pub template: Option<String>,
    pub own_template: Option<String>,
}

/// Offers a template of the actor's own to everybody, as its file says now. What she offered under that id before and
/// is not decided is taken back. Where nobody has to decide, it is everybody's when this returns.
pub async fn ask(app: &App, actor: &Actor, id: &str, wish: Wish) -> Result<Share, Error> {
    is_shared_here(app)?;
    let note = words(&wish.note, "/note")?;
    let (template, hash, text) = offered_text(app, actor, id, &wish).await?;
    let now = app.clock.now();
    let tx = app.db.begin().await?;
    let holder = holder(app, &tx, actor.user_id, &template.id).await?;
    if holder.as_ref().is_some_and(|holder| holder.hash == hash) {
        return Err(Error::SharedAlready(template.id));
    }
    let open = shares::open_of(&tx, actor.user_id).await?;
    let (before, others): (Vec<_>, Vec<_>) = open.into_iter().partition(|share| share.template == template.id);
    let is_same = |share: &&shares::Model| share.hash == hash && share.note == note && share.own_template == id;
    let row = match before.iter().find(is_same) {
        Some(same) => same.clone(),
        None => {
            let day_us = to_us(now - TimeDelta::days(1));
            let is_much = shares::count_since(&tx, actor.user_id, day_us).await? >= MOST_A_DAY;
            if others.len() >= MOST_OPEN || is_much {
                return Err(Error::TooManyShares);
            }
            for old in &before {
                end(&tx, actor, old.id, State::TakenBack, None, to_us(now)).await?;
            }
            let row = shares::Model {
                id: Uuid::now_v7(),
                user_id: actor.user_id,
                username: actor.username.clone(),
                unix_user: auth::unix_user(actor)?.to_owned(),
                own_template: id.to_owned(),
                template: template.id.clone(),
                version: template.version.clone(),
                hash: hash.clone(),
                note,
                state: State::Open.as_str().to_owned(),
                created_us: to_us(now),
                claimed_us: None,
                decided_us: None,
                decided_by: None,
                reason: None,
                put_away: false,
            };
            shares::insert(&tx, row.clone()).await?;
            versions::keep_text(&tx, &hash, &text).await?;
            app.audit.record(&tx, actor, Event::new("template.share", &row.template).with(detail(&row))).await?;
            row
        }
    };
    // Who shares a template changes her own; what the site has made of it since is for the site to look at.
    let is_hers = match &holder {
        None => true,
        Some(holder) => shares::last_accepted(&tx, &template.id).await?.is_some_and(|last| last.hash == holder.hash),
    };
    let decides = actor.role >= Role::Admin || (app.config.templates.share == Sharing::Open && is_hers);
    let is_new = before.iter().all(|share| share.id != row.id);
    let told = match is_new && !decides {
        true => tell_administrators(app, &tx, actor, &row).await?,
        false => Vec::new(),
    };
    tx.commit().await?;
    told.into_iter().for_each(|told| told.publish(app));
    if !decides {
        return read(row);
    }
    let seen = Seen { hash, replaces: holder.map(|holder| holder.hash.clone()) };
    let id = row.id;
    let accepted = publish::accept(app, actor, row, &seen).await;
    if accepted.is_err() {
        // Nobody is to find it waiting who was never to decide it. Why it failed is what there is to say.
        let _ = end(app.db.write(), actor, id, State::TakenBack, None, to_us(app.clock.now())).await;
    }
    accepted
}

/// What the actor may know of: administrators of everybody's but what was taken back, others of their own. The newest
/// first, from before the share `before`; and where the next page begins.
pub async fn list(
    app: &App,
    actor: &Actor,
    filter: Filter,
    before: Option<Uuid>,
    limit: u64,
) -> Result<(Vec<Share>, Option<Uuid>), Error> {
    let mut rows = shares::list(app.db.read(), &wanted(actor, filter), before, limit + 1).await?;
    let more = rows.len() as u64 > limit;
    rows.truncate(limit as usize);
    let next = rows.last().filter(|_| more).map(|row| row.id);
    Ok((rows.into_iter().map(read).collect::<Result<_, _>>()?, next))
}

pub async fn count(app: &App, actor: &Actor, filter: Filter) -> Result<u64, Error> {
    Ok(shares::count(app.db.read(), &wanted(actor, filter)).await?)
}

/// A share with its text, and with what it would replace.
pub async fn look_at(app: &App, actor: &Actor, id: Uuid) -> Result<Offered, Error> {
    let row = find(app, actor, id).await?;
    let text = versions::text(app.db.read(), &row.hash).await?.ok_or(Error::NoSuchShare)?;
    let holder = app.templates.shelf().templates.get(&row.template).cloned();
    let replaces = match holder {
        Some(holder) => {
            let text = text_of(app, &holder).await?;
            Some(Replaced { version: holder.template.version.clone(), hash: holder.hash.clone(), text })
        }
        None => None,
    };
    Ok(Offered { share: read(row)?, text, replaces })
}

/// Makes it everybody's, if what was looked at is what is there.
pub async fn accept(app: &App, actor: &Actor, id: Uuid, seen: &Seen) -> Result<Share, Error> {
    is_shared_here(app)?;
    let row = find(app, actor, id).await?;
    publish::accept(app, actor, row, seen).await
}

/// Says no, and why.
pub async fn refuse(app: &App, actor: &Actor, id: Uuid, reason: &str) -> Result<Share, Error> {
    let reason = words(reason, "/reason")?;
    if reason.is_empty() {
        let detail = "Say why: it is what she is told.";
        return Err(Error::Invalid(vec![FieldError::new("/reason", "missing-text", detail)]));
    }
    let row = find(app, actor, id).await?;
    let tx = app.db.begin().await?;
    end(&tx, actor, id, State::Refused, Some(&reason), to_us(app.clock.now())).await?;
    let said = json!({"share": id, "author": row.username, "hash": row.hash, "reason": reason});
    app.audit.record(&tx, actor, Event::new("template.share_refuse", &row.template).with(said)).await?;
    let told = tell_author(app, &tx, actor, &row, "template-share-refused", Some(&reason)).await?;
    tx.commit().await?;
    told.publish(app);
    read(find(app, actor, id).await?)
}

/// Takes one's own back that is not decided.
pub async fn take_back(app: &App, actor: &Actor, id: Uuid) -> Result<(), Error> {
    let row = find(app, actor, id).await?;
    if row.user_id != actor.user_id {
        return Err(Error::NotYourShare);
    }
    let tx = app.db.begin().await?;
    end(&tx, actor, id, State::TakenBack, None, to_us(app.clock.now())).await?;
    let event = Event::new("template.share_take_back", &row.template).with(json!({"share": id}));
    app.audit.record(&tx, actor, event).await?;
    tx.commit().await?;
    Ok(())
}

fn is_shared_here(app: &App) -> Result<(), Error> {
    match app.config.templates.share {
        Sharing::Off => Err(Error::SharingOff),
        Sharing::Review | Sharing::Open => Ok(()),
    }
}

/// A few sentences, for people to read.
fn words(text: &str, pointer: &str) -> Result<String, Error> {
    let text = text.trim();
    let wrong = |code: &str, detail: String| Err(Error::Invalid(vec![FieldError::new(pointer, code, detail)]));
    if text.chars().count() > MOST_CHARACTERS {
        return wrong("too-long", format!("Write at most {MOST_CHARACTERS} characters."));
    }
    if text.contains(|c: char| c.is_control() && !matches!(c, '\n' | '\t')) {
        return wrong("control-character", "Control characters cannot be read: leave them out.".to_owned());
    }
    Ok(text.to_owned())
}

/// What the file says now, under the id that it is to have.
async fn offered_text(app: &App, actor: &Actor, id: &str, wish: &Wish) -> Result<(Template, String, String), Error> {
    let user = auth::unix_user(actor)?;
    let own = app.templates.own(user);
    let mut looks = own.looks.lock().await;
    own::look(app, user, &own, &mut looks, None).await?;
    drop(looks);
    let loaded = own_loaded(app, actor, id)?;
    if wish.expected.as_ref().is_some_and(|expected| *expected != loaded.hash) {
        return Err(Error::Changed(id.to_owned()));
    }
    let text = text_of(app, &loaded).await?;
    let (template, text) = match wish.under.as_deref().filter(|under| *under != id) {
        Some(other) => under(text, other).await?,
        None => (loaded.template.clone(), text),
    };
    Ok((template, Loaded::hash_of(&text), text))
}

/// What everybody has under this id, if this user may put another text in its place.
///
/// # Errors
/// The id is somebody else's: the site's, or another user's whose text was accepted under it.
async fn holder(
    app: &App,
    db: &impl ConnectionTrait,
    user_id: Uuid,
    template: &str,
) -> Result<Option<Arc<Loaded>>, Error> {
    let last = shares::last_accepted(db, template).await?;
    let is_hers = last.as_ref().is_some_and(|last| last.user_id == user_id);
    let holder = app.templates.shelf().templates.get(template).cloned();
    let is_free = last.is_none() && holder.is_none();
    let is_community = holder.as_ref().is_none_or(|holder| holder.source == Source::Community);
    match is_free || (is_hers && is_community) {
        true => Ok(holder),
        false => Err(Error::IdTaken(template.to_owned())),
    }
}

async fn find(app: &App, actor: &Actor, id: Uuid) -> Result<shares::Model, Error> {
    let may_know = |row: &shares::Model| {
        row.user_id == actor.user_id
            || (actor.role >= Role::Admin && State::parse(&row.state) != Some(State::TakenBack))
    };
    shares::find(app.db.read(), id).await?.filter(may_know).ok_or(Error::NoSuchShare)
}

async fn end(
    tx: &impl ConnectionTrait,
    actor: &Actor,
    id: Uuid,
    state: State,
    reason: Option<&str>,
    now_us: i64,
) -> Result<(), Error> {
    let ending = shares::Ending { state, by: &actor.username, reason, put_away: false, is_claimed: false };
    match shares::end(tx, id, &ending, now_us).await? {
        true => Ok(()),
        false => Err(Error::ShareDecided),
    }
}

async fn tell_administrators(
    app: &App,
    tx: &impl ConnectionTrait,
    actor: &Actor,
    row: &shares::Model,
) -> Result<Vec<Told>, Error> {
    let mut told = Vec::new();
    for administrator in users::administrators(tx).await? {
        if administrator != actor.user_id {
            let params = json!({"share": row.id, "template": row.template, "version": row.version, "by": row.username});
            told.push(notifications::notify(tx, &app.clock, administrator, "template-share-asked", params).await?);
        }
    }
    Ok(told)
}

/// Of what somebody else decided.
async fn tell_author(
    app: &App,
    tx: &impl ConnectionTrait,
    actor: &Actor,
    row: &shares::Model,
    code: &str,
    reason: Option<&str>,
) -> Result<Told, Error> {
    if row.user_id == actor.user_id {
        return Ok(Told::default());
    }
    let params = json!({
        "share": row.id, "template": row.template, "own_template": row.own_template, "version": row.version,
        "by": actor.username, "reason": reason,
    });
    Ok(notifications::notify(tx, &app.clock, row.user_id, code, params).await?)
}

fn detail(row: &shares::Model) -> serde_json::Value {
    json!({
        "share": row.id, "author": row.username, "own_template": row.own_template, "version": row.version,
        "hash": row.hash,
    })
}

fn wanted(actor: &Actor, Filter { mine, state, template, own_template }: Filter) -> shares::Wanted {
    let user_id = (mine || actor.role < Role::Admin).then_some(actor.user_id);
    // No id of ours holds a NUL byte, and PostgreSQL refuses to look for one.
    let clean = |id: Option<String>| id.map(|id| id.replace('\0', ""));
    shares::Wanted { user_id, state, template: clean(template), own_template: clean(own_template) }
}

fn read(row: shares::Model) -> Result<Share, Error> {
    let state = State::parse(&row.state).ok_or_else(|| anyhow::anyhow!("share {} is {:?}", row.id, row.state))?;
    Ok(Share {
        id: row.id,
        template: row.template,
        own_template: row.own_template,
        version: row.version,
        hash: row.hash,
        author: row.username,
        note: row.note,
        state,
        asked_at: from_us(row.created_us),
        decided_at: row.decided_us.map(from_us),
        decided_by: row.decided_by,
        reason: row.reason,
    })
}
