//! Sends the messages that wait to leave the portal. Each is sent at least once, and more than once only where this
//! process ends, or is cut off from the database, between sending and writing that down: then with the same id, by
//! which the receiver knows it (`Message-ID` of mails, `webhook-id`, `Topic` and tag of push messages).

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use sea_orm::DbErr;
use tokio::sync::Semaphore;
use uuid::Uuid;

use super::address::CODE_SENT;
use super::settings::{self, Channel, Language};
use super::store::deliveries::{self, FAILED, SENT};
use super::{lock, store};
use crate::app::App;
use crate::crash;
use crate::db::to_us;
use crate::users;

/// Where one says what one wants to be told.
const SETTINGS: &str = "/account?tab=notifications";
/// Messages of other servers, and those that are due again, are looked for this often.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// Longer than any channel takes: after this time another server tries.
const LEASE: TimeDelta = TimeDelta::seconds(45);
const AT_ONCE: usize = 128;
/// One user's slow receiver holds up her own messages, and those of others only where dozens are as slow.
const AT_ONCE_PER_USER: usize = 4;
/// After each attempt that failed; after the last the message is given up.
const AGAIN_AFTER: [TimeDelta; 6] = [
    TimeDelta::seconds(5),
    TimeDelta::minutes(1),
    TimeDelta::minutes(5),
    TimeDelta::minutes(30),
    TimeDelta::hours(2),
    TimeDelta::hours(8),
];

/// Why a message was not sent.
#[derive(Debug)]
pub(super) enum Failure {
    /// It may work later.
    Later(Reason),
    /// It never will.
    Never(Reason),
    /// The browser has unsubscribed.
    Gone,
}

/// A word for translation, and the number that a receiver answered with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason {
    pub code: Cow<'static, str>,
    pub answer: Option<u16>,
}

impl Reason {
    pub fn answered(code: &'static str, answer: u16) -> Reason {
        Reason { answer: Some(answer), ..Reason::from(code) }
    }

    /// As [`Reason::fmt`] writes it.
    pub fn parse(text: &str) -> Reason {
        let (code, answer) = text.split_once(' ').unwrap_or((text, ""));
        Reason { code: Cow::Owned(code.to_owned()), answer: answer.parse().ok() }
    }
}

impl From<&'static str> for Reason {
    fn from(code: &'static str) -> Reason {
        Reason { code: Cow::Borrowed(code), answer: None }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(&self.code)?;
        self.answer.map_or(Ok(()), |answer| write!(f, " {answer}"))
    }
}

/// What is sent.
pub(super) struct Message {
    /// The same at each attempt.
    pub id: Uuid,
    pub notification: store::Model,
    pub language: Language,
    /// Where people find the portal.
    pub origin: Option<String>,
}

impl Message {
    /// What it is about, in the page.
    pub fn path(&self) -> String {
        let word = |name: &str| self.notification.params[name].as_str();
        match (word("cluster"), word("id")) {
            (Some(cluster), Some(id)) => format!("/clusters/{cluster}/jobs/{id}"),
            _ if self.notification.code == CODE_SENT => SETTINGS.to_owned(),
            _ => "/notifications".to_owned(),
        }
    }

    pub fn url(&self) -> Option<String> {
        self.at(&self.path())
    }

    pub fn settings_url(&self) -> Option<String> {
        self.at(SETTINGS)
    }

    fn at(&self, path: &str) -> Option<String> {
        self.origin.as_deref().map(|origin| format!("{}{path}", origin.trim_end_matches('/')))
    }
}

/// Sends what waits, for as long as the server runs.
pub(super) async fn run(app: App) {
    let places = Arc::new(Semaphore::new(AT_ONCE));
    loop {
        if let Err(error) = round(&app, &places).await {
            tracing::warn!(%error, "messages that wait to be sent cannot be read");
        }
        tokio::select! {
            () = app.notifications.wake.notified() => {}
            () = tokio::time::sleep(LOOK_EVERY) => {}
        }
    }
}

async fn round(app: &App, places: &Arc<Semaphore>) -> Result<(), DbErr> {
    let free = places.available_permits() as u64;
    let now_us = to_us(app.clock.now());
    for row in deliveries::due(app.db.read(), now_us, &busy_users(app), free).await? {
        let Some(turn) = Turn::take(app, row.user_id) else { continue };
        let Ok(place) = places.clone().try_acquire_owned() else { return Ok(()) };
        let Some(claimed) = claim(app, row).await? else { continue };
        let app = app.clone();
        tokio::spawn(async move {
            let _held = (turn, place);
            if let Err(error) = attempt(&app, claimed).await {
                tracing::warn!(%error, "what became of a message cannot be written");
            }
            // There may be more of the same user's.
            app.notifications.wake.notify_one();
        });
    }
    Ok(())
}

/// Sends one message now, and answers what became of it. `None`: another server has it.
pub(super) async fn at_once(app: &App, id: Uuid) -> Result<Option<deliveries::Model>, DbErr> {
    let Some(row) = deliveries::by_id(app.db.read(), id).await? else { return Ok(None) };
    match claim(app, row).await? {
        Some(claimed) => attempt(app, claimed).await.map(Some),
        None => Ok(None),
    }
}

async fn claim(app: &App, row: deliveries::Model) -> Result<Option<deliveries::Model>, DbErr> {
    let until_us = to_us(app.clock.now() + LEASE);
    let claimed = deliveries::claim(app.db.write(), &row, until_us).await?;
    Ok(claimed.then(|| deliveries::Model { attempts: row.attempts + 1, due_us: until_us, ..row }))
}

async fn attempt(app: &App, mut row: deliveries::Model) -> Result<deliveries::Model, DbErr> {
    let outcome = send(app, &row).await?;
    crash::point("message-sent");
    let now = app.clock.now();
    let again = AGAIN_AFTER.get((row.attempts - 1) as usize);
    (row.state, row.reason) = match (outcome, again) {
        (Ok(()), _) => (SENT.to_owned(), None),
        (Err(Failure::Later(reason)), Some(wait)) => {
            row.due_us = to_us(now + *wait);
            row.reason = Some(reason.to_string());
            deliveries::settle(app.db.write(), &row).await?;
            return Ok(row);
        }
        (Err(Failure::Later(reason) | Failure::Never(reason)), _) => (FAILED.to_owned(), Some(reason.to_string())),
        (Err(Failure::Gone), _) => {
            if let Ok(browser) = Uuid::parse_str(&row.target) {
                store::unsubscribe(app.db.write(), browser, None).await?;
            }
            (FAILED.to_owned(), Some("unsubscribed".to_owned()))
        }
    };
    row.finished_us = Some(to_us(now));
    deliveries::settle(app.db.write(), &row).await?;
    if row.state == FAILED {
        super::changed(app, row.user_id, row.notification_id).await?;
    }
    Ok(row)
}

async fn send(app: &App, row: &deliveries::Model) -> Result<Result<(), Failure>, DbErr> {
    let never = |reason: &'static str| Ok(Err(Failure::Never(reason.into())));
    let db = app.db.read();
    let Some(notification) = store::by_id(db, row.notification_id).await? else {
        return never("forgotten");
    };
    if !users::find(db, row.user_id).await.is_ok_and(|user| !user.disabled) {
        return never("account-disabled");
    }
    let settings::Kept { settings, webhook_secret_id, email, .. } = settings::of_one(db, row.user_id).await?;
    let message =
        Message { id: row.id, notification, language: settings.language, origin: app.config.server.public_url.clone() };
    let (parts, now) = (&app.notifications, app.clock.now());
    match Channel::parse(&row.channel) {
        Some(Channel::Mail) => match (&parts.mail, email) {
            (Some(mail), Some(to)) => Ok(mail.send(&to, &message).await),
            _ => never("no-address"),
        },
        Some(Channel::Webhook) => match (settings.webhook_url, webhook_secret_id) {
            (Some(url), Some(secret)) if parts.webhooks.enabled() => {
                Ok(parts.webhooks.send(&url, secret, &message, now.timestamp()).await)
            }
            _ => never("no-address"),
        },
        Some(Channel::Push) => {
            let browser = match Uuid::parse_str(&row.target) {
                Ok(id) => store::subscription(db, id).await?.filter(|browser| browser.user_id == row.user_id),
                Err(_) => None,
            };
            match browser {
                Some(browser) if parts.push.public_key().is_some() => {
                    Ok(parts.push.send(&browser, &message, now).await)
                }
                _ => never("unsubscribed"),
            }
        }
        None => never("unknown-channel"),
    }
}

fn busy_users(app: &App) -> Vec<Uuid> {
    let sending = lock(&app.notifications.sending);
    sending.iter().filter(|(_, turns)| **turns >= AT_ONCE_PER_USER).map(|(user, _)| *user).collect()
}

/// A user's message is being sent until this is dropped.
struct Turn {
    app: App,
    user: Uuid,
}

impl Turn {
    fn take(app: &App, user: Uuid) -> Option<Turn> {
        let mut sending = lock(&app.notifications.sending);
        let turns: &mut usize = sending.entry(user).or_default();
        if *turns >= AT_ONCE_PER_USER {
            return None;
        }
        *turns += 1;
        Some(Turn { app: app.clone(), user })
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let mut sending: std::sync::MutexGuard<'_, HashMap<Uuid, usize>> = lock(&self.app.notifications.sending);
        if let Some(turns) = sending.get_mut(&self.user) {
            *turns -= 1;
            if *turns == 0 {
                sending.remove(&self.user);
            }
        }
    }
}

#[cfg(test)]
pub(super) mod testing {
    use serde_json::Value;

    use super::*;

    pub fn message(code: &str, params: Value) -> Message {
        let id: Uuid = "00000000-0000-7000-8000-000000000005".parse().unwrap();
        let notification = store::Model {
            id,
            user_id: id,
            code: code.to_owned(),
            params,
            created_us: 0,
            read_us: None,
            about: None,
            shown: true,
        };
        Message { id, notification, language: Language::En, origin: Some("https://portal.example.org".to_owned()) }
    }
}
