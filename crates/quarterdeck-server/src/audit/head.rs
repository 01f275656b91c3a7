//! How far the chain goes, kept in a file outside the database: whoever cuts the chain's end there cannot hide it.

use std::fs;
use std::io::{ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::chain::Key;
use crate::db::to_us;

/// The last seal made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Head {
    pub(super) seq: i64,
    pub(super) mac: String,
    pub(super) at: DateTime<Utc>,
}

#[derive(Serialize, Deserialize)]
struct Written {
    #[serde(flatten)]
    head: Head,
    /// A code over the others: only the server writes heads.
    proof: String,
}

/// What the file says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum HeadFile {
    Is(Head),
    Missing,
    /// It cannot be read, or whoever wrote it did not have the key.
    Unproven,
}

pub(super) fn read(key: &Key, path: &Path) -> HeadFile {
    let bytes = match fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == ErrorKind::NotFound => return HeadFile::Missing,
        Err(_) => return HeadFile::Unproven,
    };
    match serde_json::from_slice::<Written>(&bytes) {
        Ok(written) if proof(key, &written.head) == written.proof => HeadFile::Is(written.head),
        _ => HeadFile::Unproven,
    }
}

/// Replaces the file as a whole, so that a crash leaves the old one or the new one.
pub(super) fn write(key: &Key, path: &Path, head: &Head) -> std::io::Result<()> {
    let text = serde_json::to_vec(&Written { head: head.clone(), proof: proof(key, head) })?;
    let new = path.with_added_extension("new");
    let mut file = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&new)?;
    file.write_all(&text)?;
    file.sync_all()?;
    fs::rename(&new, path)
}

fn proof(key: &Key, head: &Head) -> String {
    key.over("head", &[&head.seq.to_be_bytes(), head.mac.as_bytes(), &to_us(head.at).to_be_bytes()])
}
