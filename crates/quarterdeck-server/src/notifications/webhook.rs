//! Webhooks: a notification as JSON, signed so that the receiver can tell it from anybody else's. The signature is that
//! of the Standard Webhooks specification, for which there are libraries.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use reqwest::StatusCode;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use serde_json::json;
use sha2::Sha256;
use url::Url;
use uuid::Uuid;

use super::deliver::{Failure, Message, Reason};
use super::outgoing::{NotAllowed, Outgoing};
use crate::config;
use crate::db::from_us;
use crate::secret_file;

const ID: HeaderName = HeaderName::from_static("webhook-id");
const TIMESTAMP: HeaderName = HeaderName::from_static("webhook-timestamp");
const SIGNATURE: HeaderName = HeaderName::from_static("webhook-signature");
const REMEDY: &str = "delete it, and a new one is generated; each webhook's secret is another then";

pub(super) struct Webhooks {
    enabled: bool,
    key: Vec<u8>,
    outgoing: Outgoing,
}

impl Webhooks {
    pub fn new(config: &config::Config) -> anyhow::Result<Webhooks> {
        let path = config.webhooks.key.clone().unwrap_or_else(|| config.server.data.join("webhook.key"));
        Ok(Webhooks {
            enabled: config.webhooks.enabled,
            key: secret_file::load_or_generate(&path, REMEDY)?,
            outgoing: Outgoing::new(&config.webhooks.private_networks),
        })
    }

    pub fn enabled(&self) -> bool {
        self.enabled
    }

    pub fn check(&self, url: &str) -> Result<Url, NotAllowed> {
        self.outgoing.check(url)
    }

    /// The secret that a user verifies signatures with. It is derived, so that whoever reads the database has none.
    pub fn secret(&self, id: Uuid) -> String {
        format!("whsec_{}", BASE64_STANDARD.encode(self.signing_key(id)))
    }

    fn signing_key(&self, id: Uuid) -> Vec<u8> {
        mac(&self.key, &[b"webhook ", id.as_bytes()])
    }

    /// Sends it; the same message has the same id each time.
    pub async fn send(&self, url: &str, secret_id: Uuid, message: &Message, now: i64) -> Result<(), Failure> {
        let body = json!({
            "type": message.notification.code,
            "id": message.id,
            "timestamp": from_us(message.notification.created_us),
            "data": message.notification.params,
            "url": message.url(),
        });
        let body = body.to_string().into_bytes();
        let (id, timestamp) = (message.id.to_string(), now.to_string());
        let signed = mac(&self.signing_key(secret_id), &[id.as_bytes(), b".", timestamp.as_bytes(), b".", &body]);
        let mut headers = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static("application/json"))]);
        let signature = format!("v1,{}", BASE64_STANDARD.encode(signed));
        for (name, value) in [(ID, id), (TIMESTAMP, timestamp), (SIGNATURE, signature)] {
            headers.insert(name, HeaderValue::try_from(value).map_err(|_| Failure::Never("not-composed".into()))?);
        }
        match self.outgoing.post(url, headers, body).await? {
            status if status.is_success() => Ok(()),
            // "Do not send any more."
            StatusCode::GONE => Err(Failure::Never(Reason::answered("answered", 410))),
            status => Err(Failure::Later(Reason::answered("answered", status.as_u16()))),
        }
    }
}

/// What the audit may say of a webhook's address, which can hold a secret.
pub(super) fn host_of(url: &str) -> Option<String> {
    Url::parse(url).ok()?.host_str().map(str::to_owned)
}

fn mac(key: &[u8], parts: &[&[u8]]) -> Vec<u8> {
    #[allow(clippy::expect_used, reason = "HMAC takes keys of every length")]
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("any length");
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().to_vec()
}
