//! Access tokens: signed, short-lived, one algorithm. And the refresh tokens' random text.

use std::path::Path;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::secret_file;

/// Seconds that an access token is good for.
pub(crate) const ACCESS_SECONDS: i64 = 900;
const ISSUER: &str = "quarterdeck";

/// The server's signing key.
pub struct Keys {
    encoding: EncodingKey,
    decoding: DecodingKey,
}

#[derive(Serialize, Deserialize)]
pub(super) struct Claims {
    iss: String,
    /// Who: the user's id.
    pub sub: Uuid,
    /// By which session.
    pub sid: Uuid,
    iat: i64,
    exp: i64,
}

impl Keys {
    /// Reads `signing.key` in the data directory, or generates it on the first start.
    ///
    /// # Errors
    /// A key that others may read, or one that is too short: the server must not start with it.
    pub fn load_or_generate(data: &Path) -> anyhow::Result<Keys> {
        let key = secret_file::load_or_generate(&data.join("signing.key"), "delete it, and a new one is generated")?;
        Ok(Keys { encoding: EncodingKey::from_secret(&key), decoding: DecodingKey::from_secret(&key) })
    }

    pub(super) fn sign(
        &self,
        user: Uuid,
        session: Uuid,
        now: DateTime<Utc>,
    ) -> Result<String, jsonwebtoken::errors::Error> {
        let iat = now.timestamp();
        let claims = Claims { iss: ISSUER.to_owned(), sub: user, sid: session, iat, exp: iat + ACCESS_SECONDS };
        jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &self.encoding)
    }

    /// The claims of a token that we signed and that has not ended. The algorithm is ours to choose, not the token's.
    pub(super) fn verify(&self, token: &str, now: DateTime<Utc>) -> Option<Claims> {
        let mut validation = Validation::new(Algorithm::HS256);
        validation.set_issuer(&[ISSUER]);
        validation.validate_aud = false;
        // The end is checked against our clock below.
        validation.validate_exp = false;
        let claims = jsonwebtoken::decode::<Claims>(token, &self.decoding, &validation).ok()?.claims;
        (now.timestamp() < claims.exp).then_some(claims)
    }
}

/// A new refresh token: 256 random bits as text.
pub(super) fn new_refresh_token() -> Result<String, getrandom::Error> {
    let mut bytes = [0u8; 32];
    getrandom::fill(&mut bytes)?;
    Ok(BASE64_URL_SAFE_NO_PAD.encode(bytes))
}

/// What the database keeps of a refresh token. It holds 256 random bits, so that a plain hash is enough.
pub(super) fn hash_refresh_token(token: &str) -> String {
    Sha256::digest(token.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}
