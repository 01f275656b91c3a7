//! Web Push: messages to browsers, also when the page is closed (RFC 8030), encrypted for the browser alone (RFC 8291)
//! and signed by this server (VAPID, RFC 8292).

use anyhow::Context;
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use reqwest::StatusCode;
use reqwest::header::{AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use serde_json::json;
use uuid::Uuid;
use web_push_native::p256::elliptic_curve::sec1::ToEncodedPoint;
use web_push_native::p256::pkcs8::EncodePrivateKey;
use web_push_native::p256::{PublicKey, SecretKey};
use web_push_native::{Auth, encrypt};

use super::deliver::{Failure, Message, Reason};
use super::outgoing::Outgoing;
use super::settings::{self, Kept, Language, Settings};
use super::store::subscriptions::Model as Subscription;
use super::{Error, store, text};
use crate::access::{Actor, Origin};
use crate::app::App;
use crate::config;
use crate::db::to_us;
use crate::problem::FieldError;
use crate::{secret_file, secrets};

const REMEDY: &str = "delete it, and a new one is generated; browsers must subscribe again then";
/// A push service keeps a message for a browser that is off for so long.
const KEEP_SECONDS: u32 = 24 * 3600;
const TOKEN_TIME: TimeDelta = TimeDelta::hours(12);
const TTL: HeaderName = HeaderName::from_static("ttl");
const URGENCY: HeaderName = HeaderName::from_static("urgency");
const TOPIC: HeaderName = HeaderName::from_static("topic");
/// A person has fewer browsers; the oldest makes room.
const MOST_BROWSERS: usize = 20;
const LONGEST_ENDPOINT: usize = 1000;

pub(super) struct Push {
    /// Whom push services may write to; `None`: no push.
    contact: Option<String>,
    /// VAPID's public key, as browsers want it.
    public_key: String,
    signing: EncodingKey,
    outgoing: Outgoing,
}

/// What a browser's `PushSubscription` says.
pub struct NewSubscription {
    pub endpoint: String,
    pub p256dh: String,
    pub auth: String,
    /// Messages come in it from now on.
    pub language: Language,
}

impl Push {
    pub fn new(config: &config::Config) -> anyhow::Result<Push> {
        let path = config.push.key.clone().unwrap_or_else(|| config.server.data.join("push.key"));
        let key = secret_file::load_or_generate(&path, REMEDY)?;
        let secret = SecretKey::from_slice(&key).ok().with_context(|| {
            // Of 2^32 random keys one is none of the curve's.
            format!("{} holds no key of the curve P-256: {REMEDY}", path.display())
        })?;
        let document = secret.to_pkcs8_der().map_err(|error| anyhow::anyhow!("{error}"))?;
        Ok(Push {
            contact: config.push.contact.clone(),
            public_key: BASE64_URL_SAFE_NO_PAD.encode(secret.public_key().to_encoded_point(false)),
            signing: EncodingKey::from_ec_der(document.as_bytes()),
            outgoing: Outgoing::new(&config.push.private_networks),
        })
    }

    /// What a browser subscribes with; `None`: there is no push here.
    pub fn public_key(&self) -> Option<&str> {
        self.contact.as_ref().map(|_| self.public_key.as_str())
    }

    /// Sends it. Where the push service still has the same message, this one takes its place (`Topic`).
    pub async fn send(&self, browser: &Subscription, message: &Message, now: DateTime<Utc>) -> Result<(), Failure> {
        let never = |reason: &'static str| Failure::Never(reason.into());
        let (public, auth) = keys(&browser.p256dh, &browser.auth).ok_or_else(|| never("bad-push-keys"))?;
        let words = text::words(message);
        let payload = json!({
            "title": words.title, "body": words.body, "path": message.path(), "tag": message.notification.id,
        });
        let body = encrypt(payload.to_string().into_bytes(), &public, &auth).map_err(|_| never("not-composed"))?;
        let mut headers = HeaderMap::from_iter([
            (CONTENT_TYPE, HeaderValue::from_static("application/octet-stream")),
            (CONTENT_ENCODING, HeaderValue::from_static("aes128gcm")),
            (TTL, HeaderValue::from(KEEP_SECONDS)),
            (URGENCY, HeaderValue::from_static("normal")),
        ]);
        // At most 32 letters of base64url; an id has 22.
        let topic = BASE64_URL_SAFE_NO_PAD.encode(message.notification.id.as_bytes());
        for (name, value) in [(TOPIC, topic), (AUTHORIZATION, self.authorization(&browser.endpoint, now)?)] {
            headers.insert(name, HeaderValue::try_from(value).map_err(|_| never("not-composed"))?);
        }
        let answered = |status: StatusCode| Reason::answered("answered", status.as_u16());
        let status = self.outgoing.post(&browser.endpoint, headers, body).await?;
        match status {
            status if status.is_success() => Ok(()),
            StatusCode::NOT_FOUND | StatusCode::GONE => Err(Failure::Gone),
            // Busy, or too slow: all else that it says of the message itself it would say again.
            StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_EARLY | StatusCode::TOO_MANY_REQUESTS => {
                Err(Failure::Later(answered(status)))
            }
            status if status.is_client_error() => Err(Failure::Never(answered(status))),
            status => Err(Failure::Later(answered(status))),
        }
    }

    fn authorization(&self, endpoint: &str, now: DateTime<Utc>) -> Result<String, Failure> {
        let url = self.outgoing.check(endpoint).map_err(|_| Failure::Never("address-not-allowed".into()))?;
        let claims = json!({
            "aud": url.origin().ascii_serialization(),
            "exp": (now + TOKEN_TIME).timestamp(),
            "sub": self.contact,
        });
        let token = jsonwebtoken::encode(&Header::new(Algorithm::ES256), &claims, &self.signing);
        let token = token.map_err(|_| Failure::Never("not-composed".into()))?;
        Ok(format!("vapid t={token}, k={}", self.public_key))
    }
}

/// Adds the browser that the actor sits at. A browser that was another user's is hers now.
pub async fn subscribe(app: &App, actor: &Actor, origin: &Origin, new: NewSubscription) -> Result<Uuid, Error> {
    let push = &app.notifications.push;
    if push.contact.is_none() {
        return Err(Error::NotOffered);
    }
    let mut errors = Vec::new();
    if new.endpoint.len() > LONGEST_ENDPOINT || push.outgoing.check(&new.endpoint).is_err() {
        let detail = "The endpoint is no https:// address of a push service on the internet.";
        errors.push(FieldError::new("/endpoint", "bad-endpoint", detail));
    }
    if keys(&new.p256dh, &new.auth).is_none() {
        errors.push(FieldError::new("/keys", "bad-push-keys", "The keys are not those of a push subscription."));
    }
    if !errors.is_empty() {
        return Err(Error::Invalid(errors));
    }
    let row = Subscription {
        id: Uuid::now_v7(),
        user_id: actor.user_id,
        endpoint_hash: secrets::hash(&new.endpoint),
        endpoint: new.endpoint,
        p256dh: new.p256dh,
        auth: new.auth,
        device: origin.device.clone(),
        created_us: to_us(app.clock.now()),
    };
    let id = row.id;
    let tx = app.db.begin().await?;
    let browsers = store::subscriptions_of(&tx, [actor.user_id]).await?;
    for old in browsers.iter().rev().skip(MOST_BROWSERS - 1) {
        store::unsubscribe(&tx, old.id, Some(actor.user_id)).await?;
    }
    store::subscribe(&tx, row).await?;
    let kept = settings::to_change(&tx, actor.user_id).await?;
    let settings = Settings { language: new.language, ..kept.settings };
    settings::save(app, &tx, actor, Kept { settings, ..kept }).await?;
    tx.commit().await?;
    Ok(id)
}

pub async fn unsubscribe(app: &App, actor: &Actor, id: Uuid) -> Result<(), Error> {
    if store::unsubscribe(app.db.write(), id, Some(actor.user_id)).await? { Ok(()) } else { Err(Error::NotFound) }
}

/// The browser's public key and the secret that it shares with this server.
fn keys(p256dh: &str, auth: &str) -> Option<(PublicKey, Auth)> {
    let decode = |text: &str| BASE64_URL_SAFE_NO_PAD.decode(text.trim_end_matches('=')).ok();
    let public = PublicKey::from_sec1_bytes(&decode(p256dh)?).ok()?;
    let auth: [u8; 16] = decode(auth)?.try_into().ok()?;
    Some((public, auth.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of RFC 8291, appendix A: what the crate reads is what the standard says.
    #[test]
    fn the_standards_own_message_is_read() {
        let decode = |text: &str| BASE64_URL_SAFE_NO_PAD.decode(text).unwrap();
        let browser = SecretKey::from_slice(&decode("q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94")).unwrap();
        let auth: [u8; 16] = decode("BTBZMqHH6r4Tts7J_aSIgg").try_into().unwrap();
        let message = decode(
            "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN",
        );
        let read = web_push_native::decrypt(message, &browser, &auth.into()).unwrap();
        assert_eq!(read, b"When I grow up, I want to be a watermelon");
    }

    #[test]
    fn keys_that_are_none_are_refused() {
        let public = "BLn9b-VR0ca83knDNZ32dCHGyjJp-1riX9ZTN40MqV8K_LpQmLqxC_DoHvqvFXO_nGdAB4W9dogZb_sM-uV4JbY";
        let auth = "_ordMnz7uTCmrpBTeUV4Bw";
        assert!(keys(public, auth).is_some());
        assert!(keys(public, "").is_none() && keys(public, &auth[..10]).is_none());
        assert!(keys(auth, auth).is_none() && keys("", auth).is_none());
        assert!(keys(&public.replace('L', "M"), auth).is_none(), "not on the curve");
    }
}
