//! Access tokens: signed, short-lived, one algorithm, by a key that can be replaced while they are in use.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{PoisonError, RwLock};
use std::time::{Duration, Instant, SystemTime};

use anyhow::Context;
use chrono::{DateTime, Utc};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::secret_file;

/// Seconds that an access token is good for.
pub(crate) const ACCESS_SECONDS: i64 = 900;
/// A replaced key still verifies for this long: until the last token that it signed has ended.
const OVERLAP: Duration = Duration::from_secs(2 * ACCESS_SECONDS as u64);
/// Whether the key was replaced is looked at this often at most.
const LOOK_EVERY: Duration = Duration::from_secs(10);
const ISSUER: &str = "quarterdeck";
const FILE: &str = "signing.key";
const REPLACED: &str = "signing.key.replaced";
const REMEDY: &str = "delete it, and a new one is generated";

/// The server's signing key, and the one before it while its tokens live.
pub struct Keys {
    data: PathBuf,
    known: RwLock<Known>,
}

struct Known {
    current: Key,
    replaced: Option<Key>,
    read_at: Instant,
}

struct Key {
    id: String,
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
        secret_file::load_or_generate(&data.join(FILE), REMEDY)?;
        Ok(Keys { data: data.to_owned(), known: RwLock::new(Known::read(data)?) })
    }

    /// Replaces the signing key. A server that runs takes the new one up by itself; tokens signed with the old one stay
    /// good until they end.
    pub fn rotate(data: &Path) -> anyhow::Result<()> {
        secret_file::check_owner(data)?;
        let (current, replaced, new) = (data.join(FILE), data.join(REPLACED), data.join("signing.key.new"));
        let _ = fs::remove_file(&new);
        secret_file::generate(&new)?;
        if current.exists() {
            // A second link, so that there is a key at every moment.
            let _ = fs::remove_file(&replaced);
            fs::hard_link(&current, &replaced).with_context(|| format!("keeping {}", current.display()))?;
            fs::File::open(&replaced)?.set_modified(SystemTime::now())?;
        }
        fs::rename(&new, &current).with_context(|| format!("replacing {}", current.display()))?;
        fs::File::open(data)?.sync_all()?;
        Ok(())
    }

    pub(super) fn sign(&self, user: Uuid, session: Uuid, now: DateTime<Utc>) -> anyhow::Result<String> {
        self.look_again();
        let iat = now.timestamp();
        let claims = Claims { iss: ISSUER.to_owned(), sub: user, sid: session, iat, exp: iat + ACCESS_SECONDS };
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        let header = Header { kid: Some(known.current.id.clone()), ..Header::new(Algorithm::HS256) };
        Ok(jsonwebtoken::encode(&header, &claims, &known.current.encoding)?)
    }

    /// The claims of a token that we signed and that has not ended. The algorithm is ours to choose, not the token's.
    pub(super) fn verify(&self, token: &str, now: DateTime<Utc>) -> Option<Claims> {
        self.look_again();
        let key_id = jsonwebtoken::decode_header(token).ok()?.kid?;
        let mut validation = Validation::new(Algorithm::HS256);
        validation.set_issuer(&[ISSUER]);
        validation.validate_aud = false;
        // The end is checked against our clock below.
        validation.validate_exp = false;
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        let key = [Some(&known.current), known.replaced.as_ref()].into_iter().flatten().find(|key| key.id == key_id)?;
        let claims = jsonwebtoken::decode::<Claims>(token, &key.decoding, &validation).ok()?.claims;
        (now.timestamp() < claims.exp).then_some(claims)
    }

    /// Takes up a key that was replaced. Where that fails, the server goes on with what it knows.
    fn look_again(&self) {
        let due = |known: &Known| known.read_at.elapsed() >= LOOK_EVERY;
        if !due(&self.known.read().unwrap_or_else(PoisonError::into_inner)) {
            return;
        }
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        if due(&known) {
            match Known::read(&self.data) {
                Ok(read) => *known = read,
                Err(error) => {
                    tracing::error!("the signing key could not be read again: {error:#}");
                    known.read_at = Instant::now();
                }
            }
        }
    }
}

impl Known {
    fn read(data: &Path) -> anyhow::Result<Known> {
        let replaced = data.join(REPLACED);
        let replaced = match fs::metadata(&replaced).and_then(|metadata| metadata.modified()) {
            Ok(at) if at.elapsed().unwrap_or_default() < OVERLAP => Some(Key::read(&replaced)?),
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(error).with_context(|| format!("looking at {}", replaced.display()));
            }
            _ => None,
        };
        Ok(Known { current: Key::read(&data.join(FILE))?, replaced, read_at: Instant::now() })
    }
}

impl Key {
    fn read(path: &Path) -> anyhow::Result<Key> {
        let key = secret_file::load(path, REMEDY)?;
        let id = quarterdeck_types::hex(&Sha256::digest(&key)[..8]);
        Ok(Key { id, encoding: EncodingKey::from_secret(&key), decoding: DecodingKey::from_secret(&key) })
    }
}
