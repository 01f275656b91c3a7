//! Passwords: argon2id, off the async threads, and only a few at once, since each takes 19 MiB.

use std::sync::LazyLock;

use argon2::Argon2;
use argon2::password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash};
use tokio::sync::Semaphore;

const AT_ONCE: usize = 4;
pub(super) const SHORTEST: usize = 10;
/// Longer ones would only cost time.
pub(super) const LONGEST: usize = 256;

static RUNNING: Semaphore = Semaphore::const_new(AT_ONCE);

/// Verified instead of a real one when there is no such user, so that both take the same time.
static NOBODY: LazyLock<String> = LazyLock::new(|| compute("nobody has this password").unwrap_or_default());

pub(super) async fn hash(password: String) -> anyhow::Result<String> {
    let _turn = RUNNING.acquire().await?;
    tokio::task::spawn_blocking(move || compute(&password)).await?
}

/// Whether the password is the one of this hash; `None` (no such user, or one without password) takes as long.
pub(super) async fn verify(password: String, hash: Option<String>) -> anyhow::Result<bool> {
    let _turn = RUNNING.acquire().await?;
    tokio::task::spawn_blocking(move || {
        let known = hash.is_some();
        let hash = hash.unwrap_or_else(|| NOBODY.clone());
        let parsed = PasswordHash::new(&hash).map_err(|error| anyhow::anyhow!("a stored password hash: {error}"))?;
        Ok(Argon2::default().verify_password(password.as_bytes(), &parsed).is_ok() && known)
    })
    .await?
}

fn compute(password: &str) -> anyhow::Result<String> {
    let hash = Argon2::default().hash_password(password.as_bytes());
    Ok(hash.map_err(|error| anyhow::anyhow!("hashing a password: {error}"))?.to_string())
}
