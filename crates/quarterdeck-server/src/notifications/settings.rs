//! What a user wants to be told, of which jobs, and by which channels.

use std::collections::{BTreeSet, HashMap};

use sea_orm::{ConnectionTrait, DbErr};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use uuid::Uuid;

use super::address::Pending;
use super::{Error, store, webhook};
use crate::access::Actor;
use crate::app::App;
use crate::audit::Event as Audited;
use crate::db::to_us;
use crate::problem::FieldError;

/// Longer ones are no runs of jobs.
const MOST_MINUTES: u32 = 525_600;
const LONGEST_URL: usize = 1000;

/// Something that happens to a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
#[schema(as = NotificationEvent)]
#[allow(clippy::enum_variant_names, reason = "of other things than jobs there will be others")]
pub enum Event {
    JobStarted,
    /// It completed or was cancelled.
    JobEnded,
    JobFailed,
    JobTimeLimit,
    JobRequeued,
}

impl Event {
    pub const ALL: [Event; 5] =
        [Event::JobStarted, Event::JobEnded, Event::JobFailed, Event::JobTimeLimit, Event::JobRequeued];

    /// The notification's code.
    pub fn code(self) -> &'static str {
        match self {
            Event::JobStarted => "job-started",
            Event::JobEnded => "job-ended",
            Event::JobFailed => "job-failed",
            Event::JobTimeLimit => "job-time-limit",
            Event::JobRequeued => "job-requeued",
        }
    }
}

/// Of which jobs a user is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum JobChoice {
    All,
    /// Those that were submitted with `notify`.
    Asked,
    /// Those that run, or may run, longer than `longer_than_minutes`; and those that were submitted with `notify`.
    Longer,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Language {
    En,
    Ko,
}

/// What leaves the portal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = NotificationChannel)]
pub enum Channel {
    Mail,
    Push,
    Webhook,
}

impl Channel {
    pub const ALL: [Channel; 3] = [Channel::Mail, Channel::Push, Channel::Webhook];

    pub fn as_str(self) -> &'static str {
        match self {
            Channel::Mail => "mail",
            Channel::Push => "push",
            Channel::Webhook => "webhook",
        }
    }

    pub fn parse(text: &str) -> Option<Channel> {
        Channel::ALL.into_iter().find(|channel| channel.as_str() == text)
    }
}

/// What a user wants to be told, of which jobs, and how.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NotificationWishes)]
pub struct Settings {
    pub jobs: JobChoice,
    pub longer_than_minutes: u32,
    /// What is told in the page.
    pub page: BTreeSet<Event>,
    /// By push messages to her browsers.
    pub push: BTreeSet<Event>,
    /// By mail, once there is an address.
    pub mail: BTreeSet<Event>,
    /// By the webhook, once there is one.
    pub webhook: BTreeSet<Event>,
    /// Of mails and push messages.
    pub language: Language,
    pub webhook_url: Option<String>,
}

impl Default for Settings {
    /// Of somebody who has not said anything. Nothing leaves the portal until she names where to.
    fn default() -> Settings {
        let ends = BTreeSet::from([Event::JobEnded, Event::JobFailed, Event::JobTimeLimit, Event::JobRequeued]);
        Settings {
            jobs: JobChoice::All,
            longer_than_minutes: 10,
            page: ends.clone(),
            push: ends.clone(),
            mail: ends.clone(),
            webhook: Event::ALL.into(),
            language: Language::En,
            webhook_url: None,
        }
    }
}

/// All that is kept of what a user wants.
#[derive(Default)]
pub(super) struct Kept {
    pub settings: Settings,
    /// What the secret of her webhook is derived from.
    pub webhook_secret_id: Option<Uuid>,
    /// Where mail goes to.
    pub email: Option<String>,
    pub pending_email: Option<Pending>,
}

impl Kept {
    /// Whether a notification with this code goes out by this channel.
    pub fn wants(&self, channel: Channel, code: &str) -> bool {
        let settings = &self.settings;
        let (events, there_is_a_place) = match channel {
            Channel::Mail => (&settings.mail, self.email.is_some()),
            Channel::Push => (&settings.push, true),
            Channel::Webhook => (&settings.webhook, settings.webhook_url.is_some()),
        };
        there_is_a_place && events.iter().any(|event| event.code() == code)
    }

    fn read(row: store::settings::Model) -> Kept {
        Kept {
            settings: serde_json::from_value(row.settings).unwrap_or_default(),
            webhook_secret_id: row.webhook_secret_id,
            email: row.email,
            pending_email: row.pending_email.and_then(|pending| serde_json::from_value(pending).ok()),
        }
    }
}

/// What [`get`] answers.
pub struct Mine {
    pub settings: Settings,
    pub email: Option<String>,
    /// It was sent a code that was not told yet.
    pub pending_email: Option<String>,
    pub browsers: Vec<Subscription>,
}

/// A browser that is pushed to.
pub struct Subscription {
    pub id: Uuid,
    pub device: String,
    pub created_us: i64,
}

/// The settings of these users; who has said nothing has the usual ones.
pub(super) async fn of(db: &impl ConnectionTrait, users: &[Uuid]) -> Result<HashMap<Uuid, Kept>, DbErr> {
    let said = store::settings_of(db, users.iter().copied()).await?;
    let mut all: HashMap<Uuid, Kept> = said.into_iter().map(|row| (row.user_id, Kept::read(row))).collect();
    for user in users {
        all.entry(*user).or_default();
    }
    Ok(all)
}

pub(super) async fn of_one(db: &impl ConnectionTrait, user: Uuid) -> Result<Kept, DbErr> {
    Ok(of(db, &[user]).await?.remove(&user).unwrap_or_default())
}

/// For a transaction that will [`save`] it, or that counts what the user had sent: others of hers wait until its end.
pub(super) async fn to_change(tx: &impl ConnectionTrait, user: Uuid) -> Result<Kept, DbErr> {
    // At a row that is not there nobody waits.
    store::insert_settings(tx, row(user, Kept::default(), 0)).await?;
    Ok(store::settings_to_change(tx, user).await?.map(Kept::read).unwrap_or_default())
}

/// The actor's settings, and where messages go to.
pub async fn get(app: &App, actor: &Actor) -> Result<Mine, Error> {
    let db = app.db.read();
    let kept = of_one(db, actor.user_id).await?;
    let rows = store::subscriptions_of(db, [actor.user_id]).await?;
    let browser =
        |row: store::subscriptions::Model| Subscription { id: row.id, device: row.device, created_us: row.created_us };
    let now_us = to_us(app.clock.now());
    Ok(Mine {
        settings: kept.settings,
        email: kept.email,
        pending_email: kept.pending_email.filter(|pending| pending.is_open(now_us)).map(|pending| pending.address),
        browsers: rows.into_iter().map(browser).collect(),
    })
}

/// Changes the actor's settings. Where a webhook got another address, its new secret is the answer: it cannot be had
/// again.
pub async fn put(app: &App, actor: &Actor, settings: Settings) -> Result<Option<String>, Error> {
    let errors = check(app, &settings);
    if !errors.is_empty() {
        return Err(Error::Invalid(errors));
    }
    let tx = app.db.begin().await?;
    let before = to_change(&tx, actor.user_id).await?;
    // Whoever runs the old address knows the old secret.
    let moved = settings.webhook_url.is_some() && settings.webhook_url != before.settings.webhook_url;
    let webhook_secret_id = match (&settings.webhook_url, moved) {
        (None, _) => None,
        (Some(_), true) => Some(Uuid::now_v7()),
        (Some(_), false) => before.webhook_secret_id,
    };
    let detail = json!({
        "mail": settings.mail,
        "push": settings.push,
        "webhook": settings.webhook,
        "webhook_host": settings.webhook_url.as_deref().and_then(webhook::host_of),
    });
    save(app, &tx, actor, Kept { settings, webhook_secret_id, ..before }).await?;
    let object = actor.user_id.to_string();
    app.audit.record(&tx, actor, Audited::new("notifications.settings", &object).with(detail)).await?;
    tx.commit().await?;
    Ok(webhook_secret_id.filter(|_| moved).map(|id| app.notifications.webhooks.secret(id)))
}

/// Replaces the secret of the actor's webhook; the new one cannot be had again.
pub async fn new_secret(app: &App, actor: &Actor) -> Result<String, Error> {
    let tx = app.db.begin().await?;
    let kept = to_change(&tx, actor.user_id).await?;
    if kept.settings.webhook_url.is_none() {
        return Err(Error::NotSet(Channel::Webhook));
    }
    let id = Uuid::now_v7();
    save(app, &tx, actor, Kept { webhook_secret_id: Some(id), ..kept }).await?;
    let object = actor.user_id.to_string();
    app.audit.record(&tx, actor, Audited::new("notifications.secret", &object)).await?;
    tx.commit().await?;
    Ok(app.notifications.webhooks.secret(id))
}

pub(super) async fn save(app: &App, tx: &impl ConnectionTrait, actor: &Actor, kept: Kept) -> Result<(), DbErr> {
    store::save_settings(tx, row(actor.user_id, kept, to_us(app.clock.now()))).await
}

fn row(user: Uuid, kept: Kept, updated_us: i64) -> store::settings::Model {
    store::settings::Model {
        user_id: user,
        settings: json!(kept.settings),
        webhook_secret_id: kept.webhook_secret_id,
        email: kept.email,
        pending_email: kept.pending_email.map(|pending| json!(pending)),
        updated_us,
    }
}

fn check(app: &App, settings: &Settings) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let mut fault = |pointer: &str, code: &str, detail: &str| errors.push(FieldError::new(pointer, code, detail));
    if !(1..=MOST_MINUTES).contains(&settings.longer_than_minutes) {
        fault("/longer_than_minutes", "bad-minutes", "Choose 1 minute to a year.");
    }
    match settings.webhook_url.as_deref() {
        Some(url) if url.len() > LONGEST_URL || app.notifications.webhooks.check(url).is_err() => {
            fault(
                "/webhook_url",
                "bad-webhook",
                "Write an https:// address on the internet, without a password in it.",
            );
        }
        _ => {}
    }
    errors
}
