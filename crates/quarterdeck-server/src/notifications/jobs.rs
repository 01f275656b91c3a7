//! What happens to jobs, told to those whose jobs they are: in the transaction that writes it, so that nothing is lost
//! and nothing is told twice.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::{ConnectionTrait, DbErr};
use serde_json::{Value, json};
use uuid::Uuid;

use super::settings::{self, Channel, Event, JobChoice, Kept, Settings};
use super::store::{self, deliveries};
use super::{Told, offered_channels};
use crate::app::App;
use crate::db::to_us;
use crate::users;

/// Something that happened to a job.
pub struct News {
    pub event: Event,
    /// Our id.
    pub job: Uuid,
    /// Whose job it is on the cluster.
    pub unix_user: String,
    /// How often it was requeued before: each run is told of anew.
    pub run: i32,
    /// How long it runs, or ran, or may run; `None`: as long as it likes.
    pub length: Option<TimeDelta>,
    /// What the page and the messages say of it.
    pub facts: Value,
}

impl News {
    fn about(&self) -> String {
        format!("job {} {} {}", self.job, self.run, self.event.code())
    }
}

/// Somebody asks to be told about one job, whatever else she wants to be told.
pub async fn ask_about(tx: &impl ConnectionTrait, job: Uuid, user: Uuid) -> Result<(), DbErr> {
    store::ask_about(tx, job, user).await
}

/// Leaves notifications of this news, and the messages that go out with them. [`Told`] is for after the commit.
pub async fn tell(tx: &impl ConnectionTrait, app: &App, news: &[News]) -> Result<Told, DbErr> {
    if news.is_empty() {
        return Ok(Told::default());
    }
    let mut names: Vec<&str> = news.iter().map(|news| news.unix_user.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    let owners = users::people_of(tx, &names).await?;
    if owners.is_empty() {
        return Ok(Told::default());
    }
    let ids: Vec<Uuid> = owners.iter().map(|(id, _)| *id).collect();
    let kept = settings::of(tx, &ids).await?;
    let jobs: Vec<Uuid> = news.iter().map(|news| news.job).collect();
    let asked = store::asked_about(tx, &jobs).await?;
    let now = app.clock.now();
    let mut rows = Vec::new();
    for news in news {
        for (user, _) in owners.iter().filter(|(_, unix_user)| *unix_user == news.unix_user) {
            let Some(Kept { settings, .. }) = kept.get(user) else { continue };
            if wants(settings, news, asked.contains(&(news.job, *user))) {
                rows.push(row(*user, news, settings.page, now));
            }
        }
    }
    write(tx, app, rows, &kept, now).await
}

/// Writes notifications and what goes out with them.
pub(super) async fn write(
    tx: &impl ConnectionTrait,
    app: &App,
    rows: Vec<store::Model>,
    kept: &HashMap<Uuid, Kept>,
    now: DateTime<Utc>,
) -> Result<Told, DbErr> {
    let new = store::insert_new(tx, rows.clone()).await?;
    let rows: Vec<store::Model> = rows.into_iter().filter(|row| new.contains(&row.id)).collect();
    let offered = offered_channels(app);
    let wants = |user: &Uuid, channel| {
        offered.contains(&channel) && kept.get(user).is_some_and(|kept| kept.settings.wants(channel))
    };
    let pushed = rows.iter().map(|row| row.user_id).filter(|user| wants(user, Channel::Push));
    let browsers = store::subscriptions_of(tx, pushed).await?;
    let mut out = Vec::new();
    for notification in &rows {
        let user = notification.user_id;
        for channel in Channel::ALL.into_iter().filter(|channel| wants(&user, *channel)) {
            if channel == Channel::Push {
                let hers = browsers.iter().filter(|browser| browser.user_id == user);
                out.extend(hers.map(|browser| delivery(notification, channel, browser.id.to_string(), now)));
            } else {
                out.push(delivery(notification, channel, String::new(), now));
            }
        }
    }
    deliveries::insert(tx, out.clone()).await?;
    Ok(Told { notifications: rows, messages: out })
}

pub(super) fn delivery(
    notification: &store::Model,
    channel: Channel,
    target: String,
    now: DateTime<Utc>,
) -> deliveries::Model {
    deliveries::Model {
        id: Uuid::now_v7(),
        notification_id: notification.id,
        user_id: notification.user_id,
        channel: channel.as_str().to_owned(),
        target,
        state: deliveries::WAITING.to_owned(),
        attempts: 0,
        due_us: to_us(now),
        reason: None,
        created_us: to_us(now),
        finished_us: None,
    }
}

fn wants(settings: &Settings, news: &News, asked: bool) -> bool {
    let longer = || news.length.is_none_or(|length| length > TimeDelta::minutes(settings.longer_than_minutes.into()));
    let chosen = match settings.jobs {
        JobChoice::All => true,
        JobChoice::Asked => asked,
        JobChoice::Longer => asked || longer(),
    };
    chosen && settings.events.contains(&news.event)
}

fn row(user: Uuid, news: &News, shown: bool, now: DateTime<Utc>) -> store::Model {
    let mut params = news.facts.clone();
    params["id"] = json!(news.job);
    store::Model {
        id: Uuid::now_v7(),
        user_id: user,
        code: news.event.code().to_owned(),
        params,
        created_us: to_us(now),
        read_us: None,
        about: Some(news.about()),
        shown,
    }
}
