//! Random texts that nobody can guess, from the kernel's generator, and what the database keeps of them.

use anyhow::Context;
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

/// 256 random bits as text.
pub(crate) fn token() -> anyhow::Result<String> {
    let mut bytes = [0u8; 32];
    getrandom::fill(&mut bytes).context("reading random bytes")?;
    Ok(BASE64_URL_SAFE_NO_PAD.encode(bytes))
}

/// So many random letters and digits, of nearly 6 bits each.
pub(crate) fn alphanumeric(length: usize) -> anyhow::Result<String> {
    let mut text = String::new();
    while text.len() < length {
        text.extend(token()?.chars().filter(char::is_ascii_alphanumeric));
    }
    text.truncate(length);
    Ok(text)
}

/// What is kept of a random secret. It has more than 200 bits, so that a plain hash is enough; never of a password.
pub(crate) fn hash(secret: &str) -> String {
    quarterdeck_types::hex(&Sha256::digest(secret.as_bytes()))
}
