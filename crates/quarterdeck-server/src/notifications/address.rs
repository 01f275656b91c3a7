//! Where a user's mail goes to. Nobody can have the portal write to somebody else: an address is used when the code that
//! was sent to it has come back.

use chrono::TimeDelta;
use lettre::Address;
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use super::deliver::{Failure, Message};
use super::settings::{self, Kept, Settings};
use super::{Error, store};
use crate::access::Actor;
use crate::app::App;
use crate::audit::Event as Audited;
use crate::db::to_us;
use crate::problem::FieldError;
use crate::secrets;

/// The notification that a code went out; it does not hold the code.
pub(super) const CODE_SENT: &str = "mail-code";
const MOST_CODES_AN_HOUR: u64 = 5;
const GOOD_FOR: TimeDelta = TimeDelta::minutes(30);
/// Of nearly 6 bits each: with so few tries nobody guesses it.
const LENGTH: usize = 8;
const TRIES: u32 = 5;

/// An address and the code that it was sent.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Pending {
    pub address: String,
    code_hash: String,
    until_us: i64,
    tries: u32,
}

impl Pending {
    pub fn is_open(&self, now_us: i64) -> bool {
        self.tries < TRIES && now_us < self.until_us
    }
}

/// Sends a code to this address. Messages come in this language from now on.
pub async fn send_code(app: &App, actor: &Actor, address: &str, language: settings::Language) -> Result<(), Error> {
    let Some(mail) = &app.notifications.mail else { return Err(Error::NotOffered) };
    check(app, address)?;
    let (user, now) = (actor.user_id, app.clock.now());
    let since_us = to_us(now - TimeDelta::hours(1));
    let code = secrets::alphanumeric(LENGTH).map_err(Error::Random)?.to_uppercase();
    let row = super::row_for_messages(user, CODE_SENT, now);
    let pending =
        Pending { address: address.to_owned(), code_hash: hash(&code), until_us: to_us(now + GOOD_FOR), tries: 0 };
    let tx = app.db.begin().await?;
    let kept = settings::to_change(&tx, user).await?;
    if store::count_since(&tx, user, CODE_SENT, since_us).await? >= MOST_CODES_AN_HOUR {
        return Err(Error::TooMany);
    }
    store::insert(&tx, row.clone()).await?;
    let settings = Settings { language, ..kept.settings };
    settings::save(app, &tx, actor, Kept { settings, pending_email: Some(pending), ..kept }).await?;
    tx.commit().await?;
    let notification = store::Model { params: json!({"code": code}), ..row };
    let origin = app.config.server.public_url.clone();
    let message = Message { id: Uuid::now_v7(), notification, language, origin };
    mail.send(address, &message).await.map_err(|failure| match failure {
        Failure::Later(reason) | Failure::Never(reason) => Error::NotSent(reason),
        Failure::Gone => Error::NotSent("no-address".into()),
    })
}

/// The code came back: mail goes to the address from now on.
pub async fn confirm(app: &App, actor: &Actor, code: &str) -> Result<(), Error> {
    let now_us = to_us(app.clock.now());
    let tx = app.db.begin().await?;
    let mut kept = settings::to_change(&tx, actor.user_id).await?;
    let Some(pending) = kept.pending_email.take().filter(|pending| pending.is_open(now_us)) else {
        return Err(Error::WrongCode);
    };
    let right = pending.code_hash == hash(&code.trim().to_uppercase());
    let kept = if right {
        Kept { email: Some(pending.address), ..kept }
    } else {
        Kept { pending_email: Some(Pending { tries: pending.tries + 1, ..pending }), ..kept }
    };
    let detail = json!({"email": kept.email});
    settings::save(app, &tx, actor, kept).await?;
    if right {
        let object = actor.user_id.to_string();
        app.audit.record(&tx, actor, Audited::new("notifications.email", &object).with(detail)).await?;
    }
    tx.commit().await?;
    if right { Ok(()) } else { Err(Error::WrongCode) }
}

/// No mail goes anywhere any more.
pub async fn forget(app: &App, actor: &Actor) -> Result<(), Error> {
    let tx = app.db.begin().await?;
    let kept = settings::to_change(&tx, actor.user_id).await?;
    settings::save(app, &tx, actor, Kept { email: None, pending_email: None, ..kept }).await?;
    let object = actor.user_id.to_string();
    let event = Audited::new("notifications.email", &object).with(json!({"email": null}));
    app.audit.record(&tx, actor, event).await?;
    tx.commit().await?;
    Ok(())
}

fn check(app: &App, address: &str) -> Result<(), Error> {
    let domains = &app.config.mail.domains;
    let fault = |code, detail| Err(Error::Invalid(vec![FieldError::new("/email", code, detail)]));
    match address.parse::<Address>() {
        Ok(address) if domains.is_empty() || domains.iter().any(|d| d.eq_ignore_ascii_case(address.domain())) => Ok(()),
        Ok(_) => fault("bad-mail-domain", "The site sends mail to addresses of its own domains alone."),
        Err(_) => fault("bad-mail-address", "This is no mail address: write name@example.org."),
    }
}

/// Whoever reads the database could find the code out, and have an address confirmed in an account that is not hers.
fn hash(code: &str) -> String {
    secrets::hash(code)
}
