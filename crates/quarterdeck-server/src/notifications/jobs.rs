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

/// Messages wait so long for what is not known yet.
const WHOLE_WITHIN: TimeDelta = TimeDelta::seconds(15);
/// By mail, and to each browser: a user whose jobs end by the hundred is told of the rest in the page alone.
const MOST_AN_HOUR: u64 = 60;

/// Something that happened to a job.
pub struct News {
    pub event: Event,
    /// Our id.
    pub job: Uuid,
    /// Whose job it is on the cluster.
    pub unix_user: String,
    /// When the run began that it happened to: each is told of anew. `None`: it did not run, or (an array) in parts.
    pub run: Option<DateTime<Utc>>,
    /// How long it runs, or ran, or may run; `None`: as long as it likes.
    pub length: Option<TimeDelta>,
    /// What the page and the messages say of it.
    pub facts: Value,
    /// Whether that is all; what is missing is told in a moment, in place of this.
    pub whole: bool,
}

impl News {
    fn about(&self) -> String {
        format!("job {} {} {}", self.job, self.run.map_or(0, to_us), self.event.code())
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
    let (mut rows, mut due) = (Vec::new(), HashMap::new());
    for news in news {
        for (user, _) in owners.iter().filter(|(_, unix_user)| *unix_user == news.unix_user) {
            let Some(Kept { settings, .. }) = kept.get(user) else { continue };
            if is_chosen(settings, news, asked.contains(&(news.job, *user))) {
                let row = row(*user, news, settings.page.contains(&news.event), now);
                if !news.whole {
                    due.insert(row.id, now + WHOLE_WITHIN);
                }
                rows.push(row);
            }
        }
    }
    write(tx, app, rows, &due, &kept, now).await
}

/// Writes notifications and what goes out with them.
async fn write(
    tx: &impl ConnectionTrait,
    app: &App,
    rows: Vec<store::Model>,
    due: &HashMap<Uuid, DateTime<Utc>>,
    kept: &HashMap<Uuid, Kept>,
    now: DateTime<Utc>,
) -> Result<Told, DbErr> {
    let offered = offered_channels(app);
    let wants = |row: &store::Model, channel| {
        offered.contains(&channel) && kept.get(&row.user_id).is_some_and(|kept| kept.wants(channel, &row.code))
    };
    let rows = rows.into_iter();
    let rows = rows.filter(|row| row.shown || Channel::ALL.into_iter().any(|channel| wants(row, channel))).collect();
    let (new, again) = store::insert_or_replace(tx, rows).await?;
    let mut users: Vec<Uuid> = new.iter().map(|row| row.user_id).collect();
    users.sort_unstable();
    users.dedup();
    let mut sent = deliveries::sent_since(tx, &users, to_us(now - TimeDelta::hours(1))).await?;
    let browsers = store::subscriptions_of(tx, users).await?;
    let mut out = Vec::new();
    for notification in &new {
        let user = notification.user_id;
        for channel in Channel::ALL.into_iter().filter(|channel| wants(notification, *channel)) {
            let targets: Vec<String> = match channel {
                Channel::Push => {
                    let hers = browsers.iter().filter(|browser| browser.user_id == user);
                    hers.map(|browser| browser.id.to_string()).collect()
                }
                _ => vec![String::new()],
            };
            for target in targets {
                let sent = sent.entry((user, channel.as_str().to_owned(), target.clone())).or_default();
                *sent += 1;
                if channel == Channel::Webhook || *sent <= MOST_AN_HOUR {
                    out.push(delivery(
                        notification,
                        channel,
                        target,
                        due.get(&notification.id).copied().unwrap_or(now),
                    ));
                }
            }
        }
    }
    deliveries::insert(tx, out.clone()).await?;
    Ok(Told { new, again, messages: out })
}

pub(super) fn delivery(
    notification: &store::Model,
    channel: Channel,
    target: String,
    due: DateTime<Utc>,
) -> deliveries::Model {
    deliveries::Model {
        id: Uuid::now_v7(),
        notification_id: notification.id,
        user_id: notification.user_id,
        channel: channel.as_str().to_owned(),
        target,
        state: deliveries::WAITING.to_owned(),
        attempts: 0,
        due_us: to_us(due),
        reason: None,
        created_us: notification.created_us,
        finished_us: None,
    }
}

/// Whether she wants to be told of this job.
fn is_chosen(settings: &Settings, news: &News, asked: bool) -> bool {
    let longer = || news.length.is_none_or(|length| length > TimeDelta::minutes(settings.longer_than_minutes.into()));
    match settings.jobs {
        JobChoice::All => true,
        JobChoice::Asked => asked,
        JobChoice::Longer => asked || longer(),
    }
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
