//! Tells a user what happened: in the page, and by mail, push messages and webhooks as she likes. A notification is a
//! code, which the page translates, and its parameters.

mod address;
pub(crate) mod api;
mod deliver;
mod jobs;
mod mail;
mod outgoing;
mod push;
mod settings;
mod store;
#[cfg(test)]
mod tests;
mod text;
mod webhook;

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::{ConnectionTrait, DbErr};
use serde_json::{Value, json};
use thiserror::Error;
use tokio::sync::Notify;
use uuid::Uuid;

use crate::access::Actor;
use crate::app::App;
use crate::clock::Clock;
use crate::config::Config;
use crate::db::{from_us, to_us};
use crate::problem::FieldError;
pub use address::{confirm as confirm_email, forget as forget_email, send_code as send_email_code};
pub use deliver::Reason;
pub use jobs::{News, ask_about, tell};
pub use push::{NewSubscription, subscribe, unsubscribe};
pub use settings::{
    Channel, Event, Language, Settings, Subscription, get as settings, new_secret, put as set_settings,
};
use store::deliveries;

/// The code of test messages.
const TEST: &str = "test";
/// Older ones are forgotten, read or not.
const KEEP: TimeDelta = TimeDelta::days(90);
/// Whoever tries an address out needs fewer; and nobody is to be flooded.
const MOST_TESTS_AN_HOUR: u64 = 10;
const FORGET_EVERY: Duration = Duration::from_secs(3600);

#[derive(Debug, Error)]
pub enum Error {
    #[error("There is no such thing among your notifications.")]
    NotFound,
    #[error("The settings are not valid.")]
    Invalid(Vec<FieldError>),
    #[error("This site does not send such messages: ask an administrator.")]
    NotOffered,
    #[error("You have not said where these messages go to: save an address first.")]
    NotSet(Channel),
    #[error("You have had as many such messages sent as one may in an hour: wait.")]
    TooMany,
    #[error("The message was not sent ({0}).")]
    NotSent(Reason),
    #[error("This is not the code that was sent, or it is too old: have another sent.")]
    WrongCode,
    #[error("no random bytes")]
    Random(anyhow::Error),
    #[error(transparent)]
    Db(#[from] DbErr),
}

/// What the feature keeps in memory.
pub struct Notifications {
    /// Rung when there is something to send.
    wake: Notify,
    /// How many messages of each user are being sent.
    sending: Mutex<HashMap<Uuid, usize>>,
    mail: Option<mail::Mail>,
    push: push::Push,
    webhooks: webhook::Webhooks,
}

impl Notifications {
    /// Reads the keys, or makes them on the first start.
    ///
    /// # Errors
    /// A key that others may read, or what was configured for mail cannot be read.
    pub fn new(config: &Config) -> anyhow::Result<Notifications> {
        Ok(Notifications {
            wake: Notify::new(),
            sending: Mutex::default(),
            mail: mail::Mail::new(&config.mail)?,
            push: push::Push::new(config)?,
            webhooks: webhook::Webhooks::new(config)?,
        })
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct Notification {
    pub id: Uuid,
    pub code: String,
    pub params: Value,
    pub created_at: DateTime<Utc>,
    pub read_at: Option<DateTime<Utc>>,
    /// What left the portal with it, or is to.
    pub deliveries: Vec<Delivery>,
}

/// One message of a notification.
#[derive(Clone, Debug, PartialEq)]
pub struct Delivery {
    pub channel: String,
    /// `waiting`, `sent` or `failed`.
    pub state: String,
    pub attempts: u32,
    /// Why the last attempt failed: a word, and the number that the receiver answered with.
    pub reason: Option<String>,
    pub answer: Option<u16>,
}

/// Which of hers a user asks for.
#[derive(Default)]
pub struct Filter {
    pub unread: bool,
    pub code: Option<String>,
}

pub struct Page {
    pub items: Vec<Notification>,
    pub next_cursor: Option<String>,
    pub total: Option<u64>,
}

/// What a transaction leaves to be told; for after its commit.
#[derive(Default)]
#[must_use]
pub struct Told {
    new: Vec<store::Model>,
    /// Those that were told before and say more now.
    again: Vec<store::Model>,
    messages: Vec<deliveries::Model>,
}

impl Told {
    /// Tells who watches, and has the messages sent.
    pub fn publish(self, app: &App) {
        if !self.messages.is_empty() {
            app.notifications.wake.notify_one();
        }
        let mut messages: HashMap<Uuid, Vec<deliveries::Model>> = HashMap::new();
        for message in self.messages {
            messages.entry(message.notification_id).or_default().push(message);
        }
        // One event a user, however much happened to her jobs at once.
        let mut items: HashMap<Uuid, Vec<Notification>> = HashMap::new();
        for row in self.new.into_iter().chain(self.again).filter(|row| row.shown) {
            let mine = messages.remove(&row.id).unwrap_or_default();
            items.entry(row.user_id).or_default().push(read(row, mine));
        }
        for (user, items) in items {
            app.live.notified(user, items);
        }
    }
}

/// Sends what waits to be sent and forgets what is old, for as long as the server runs.
pub fn start(app: &App) {
    tokio::spawn(deliver::run(app.clone()));
    let app = app.clone();
    tokio::spawn(async move {
        loop {
            if let Err(error) = store::forget(app.db.write(), to_us(app.clock.now() - KEEP)).await {
                tracing::warn!(%error, "old notifications cannot be forgotten");
            }
            tokio::time::sleep(FORGET_EVERY).await;
        }
    });
}

/// Leaves a notification in a user's page, in the transaction of what it is about.
pub async fn notify(
    tx: &impl ConnectionTrait,
    clock: &Clock,
    user: Uuid,
    code: &str,
    params: Value,
) -> Result<Told, DbErr> {
    let row = store::Model {
        id: Uuid::now_v7(),
        user_id: user,
        code: code.to_owned(),
        params,
        created_us: to_us(clock.now()),
        read_us: None,
        about: None,
        shown: true,
    };
    store::insert(tx, row.clone()).await?;
    Ok(Told { new: vec![row], ..Told::default() })
}

/// A page of the actor's own, the newest first.
pub async fn list(
    app: &App,
    actor: &Actor,
    filter: &Filter,
    cursor: Option<&str>,
    limit: u64,
    count: bool,
) -> Result<Page, Error> {
    let db = app.db.read();
    let after = cursor.map(read_cursor).transpose()?;
    let rows = store::list(db, actor.user_id, filter, after, limit).await?;
    let next_cursor = rows.last().filter(|_| rows.len() as u64 == limit);
    let next_cursor = next_cursor.map(|row| format!("{}.{}", row.created_us, row.id));
    let total = if count { Some(store::count(db, actor.user_id, filter).await?) } else { None };
    Ok(Page { items: with_deliveries(db, rows).await?, next_cursor, total })
}

/// How many the actor has not read.
pub async fn unread(app: &App, user: Uuid) -> Result<u64, DbErr> {
    store::count(app.db.read(), user, &Filter { unread: true, ..Filter::default() }).await
}

/// Marks one of the actor's, or all, as read.
pub async fn mark_read(app: &App, actor: &Actor, id: Option<Uuid>) -> Result<(), Error> {
    let user = actor.user_id;
    if let Some(id) = id
        && !store::is_in_page(app.db.read(), user, id).await?
    {
        return Err(Error::NotFound);
    }
    store::mark_read(app.db.write(), user, id, to_us(app.clock.now())).await?;
    match id {
        Some(id) => changed(app, user, id).await?,
        None => app.live.notifications_read(user),
    }
    Ok(())
}

/// Sends a message to the actor herself by this channel, now; answers what became of it, for each browser where there
/// are several.
pub async fn test(app: &App, actor: &Actor, channel: Channel) -> Result<Vec<Delivery>, Error> {
    if !offered_channels(app).contains(&channel) {
        return Err(Error::NotOffered);
    }
    let now = app.clock.now();
    let since_us = to_us(now - TimeDelta::hours(1));
    let tx = app.db.begin().await?;
    let settings::Kept { settings, email, .. } = settings::to_change(&tx, actor.user_id).await?;
    if store::count_since(&tx, actor.user_id, TEST, since_us).await? >= MOST_TESTS_AN_HOUR {
        return Err(Error::TooMany);
    }
    let notification = row_for_messages(actor.user_id, TEST, now);
    let targets = match channel {
        Channel::Mail => email.map(|_| String::new()).into_iter().collect(),
        Channel::Webhook => settings.webhook_url.map(|_| String::new()).into_iter().collect(),
        Channel::Push => {
            let browsers = store::subscriptions_of(&tx, [actor.user_id]).await?;
            browsers.into_iter().map(|browser| browser.id.to_string()).collect::<Vec<_>>()
        }
    };
    if targets.is_empty() {
        return Err(Error::NotSet(channel));
    }
    let rows: Vec<deliveries::Model> =
        targets.into_iter().map(|target| jobs::delivery(&notification, channel, target, now)).collect();
    store::insert(&tx, notification).await?;
    deliveries::insert(&tx, rows.clone()).await?;
    tx.commit().await?;
    let attempts = rows.into_iter().map(async |row| {
        let outcome = deliver::at_once(app, row.id).await?;
        Ok::<_, DbErr>(read_delivery(outcome.unwrap_or(row)))
    });
    Ok(futures_util::future::try_join_all(attempts).await?)
}

/// A notification that is kept for its messages alone.
fn row_for_messages(user: Uuid, code: &str, now: DateTime<Utc>) -> store::Model {
    store::Model {
        id: Uuid::now_v7(),
        user_id: user,
        code: code.to_owned(),
        params: json!({}),
        created_us: to_us(now),
        read_us: None,
        about: None,
        shown: false,
    }
}

/// Tells who watches that a notification of this user's stands otherwise.
async fn changed(app: &App, user: Uuid, id: Uuid) -> Result<(), DbErr> {
    let db = app.db.read();
    if let Some(row) = store::by_id(db, id).await?.filter(|row| row.shown && row.user_id == user) {
        app.live.notified(user, with_deliveries(db, vec![row]).await?);
    }
    Ok(())
}

/// What a browser subscribes to push messages with; `None`: there are none here.
pub fn push_key(app: &App) -> Option<String> {
    app.notifications.push.public_key().map(str::to_owned)
}

/// What this site can send.
pub fn offered_channels(app: &App) -> Vec<Channel> {
    let parts = &app.notifications;
    let offered = |channel: &Channel| match channel {
        Channel::Mail => parts.mail.is_some(),
        Channel::Push => parts.push.public_key().is_some(),
        Channel::Webhook => parts.webhooks.enabled(),
    };
    Channel::ALL.into_iter().filter(offered).collect()
}

async fn with_deliveries(db: &impl ConnectionTrait, rows: Vec<store::Model>) -> Result<Vec<Notification>, DbErr> {
    let ids: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
    let mut all = deliveries::of(db, &ids).await?;
    let mut item = |row: store::Model| {
        let mine = all.extract_if(.., |delivery| delivery.notification_id == row.id).collect();
        read(row, mine)
    };
    Ok(rows.into_iter().map(&mut item).collect())
}

fn read(row: store::Model, deliveries: Vec<deliveries::Model>) -> Notification {
    Notification {
        id: row.id,
        code: row.code,
        params: row.params,
        created_at: from_us(row.created_us),
        read_at: row.read_us.map(from_us),
        deliveries: deliveries.into_iter().map(read_delivery).collect(),
    }
}

fn read_delivery(row: deliveries::Model) -> Delivery {
    let reason = row.reason.as_deref().map(Reason::parse);
    Delivery {
        channel: row.channel,
        state: row.state,
        attempts: row.attempts as u32,
        answer: reason.as_ref().and_then(|reason| reason.answer),
        reason: reason.map(|reason| reason.code.into_owned()),
    }
}

fn read_cursor(text: &str) -> Result<store::After, Error> {
    let parse = || {
        let (time, id) = text.split_once('.')?;
        Some(store::After { created_us: time.parse().ok()?, id: Uuid::parse_str(id).ok()? })
    };
    let wrong = || Error::Invalid(vec![FieldError::new("/cursor", "bad-cursor", "This cursor is not one of ours.")]);
    parse().ok_or_else(wrong)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}
