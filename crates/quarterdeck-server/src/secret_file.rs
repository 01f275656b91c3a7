//! Keys in files that the server alone may read, made at the first start: the signing key, the audit's key.

use std::fs;
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;

use anyhow::{Context, bail};

const KEY_BYTES: usize = 32;

/// Reads the key in this file, or makes it. `remedy` says what to do about a weak one.
///
/// # Errors
/// A key that others may read, or one that is too short or all the same byte: the server must not start with it.
pub(crate) fn load_or_generate(path: &Path, remedy: &str) -> anyhow::Result<Vec<u8>> {
    if !path.exists() {
        generate(path)?;
    }
    load(path, remedy)
}

/// Reads the key in this file.
///
/// # Errors
/// Like [`load_or_generate`], and that there is none.
pub(crate) fn load(path: &Path, remedy: &str) -> anyhow::Result<Vec<u8>> {
    check_closed(path, remedy)?;
    let key = fs::read(path).with_context(|| format!("reading {}", path.display()))?;
    if key.len() < KEY_BYTES || key.iter().all(|b| *b == key[0]) {
        bail!("{} holds no strong key: {remedy}", path.display());
    }
    Ok(key)
}

/// Whether this file is closed to others.
///
/// # Errors
/// It is not, or is not there.
pub(crate) fn check_closed(path: &Path, remedy: &str) -> anyhow::Result<()> {
    let mode = fs::metadata(path).with_context(|| format!("looking at {}", path.display()))?.permissions().mode();
    if mode & 0o077 != 0 {
        bail!("{} may be read by others (mode {:o}): chmod 600 it, or {remedy}", path.display(), mode & 0o777);
    }
    Ok(())
}

/// Whether the data directory is this process's own. A command that root runs there would leave files that the server
/// cannot read.
///
/// # Errors
/// It belongs to another user, who is named, or is not there.
pub(crate) fn check_owner(data: &Path) -> anyhow::Result<()> {
    let metadata = fs::metadata(data).with_context(|| format!("looking at the data directory {}", data.display()))?;
    let owner = metadata.uid();
    if owner != rustix::process::geteuid().as_raw() {
        let named = nix::unistd::User::from_uid(nix::unistd::Uid::from_raw(owner)).ok().flatten();
        let name = named.map_or_else(|| format!("the uid {owner}"), |user| user.name);
        bail!("the data directory {} belongs to {name}: run this as {name}", data.display());
    }
    Ok(())
}

/// Makes a key. Written beside and put in place whole, so that a crash leaves no half of one; where two processes start
/// at once, the first one's stays.
pub(crate) fn generate(path: &Path) -> anyhow::Result<()> {
    write(path).with_context(|| format!("creating {}", path.display()))
}

fn write(path: &Path) -> anyhow::Result<()> {
    let mut key = [0u8; KEY_BYTES];
    getrandom::fill(&mut key).context("reading random bytes")?;
    let new = path.with_added_extension(format!("new-{}", std::process::id()));
    let _ = fs::remove_file(&new);
    let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&new)?;
    file.write_all(&key)?;
    file.sync_all()?;
    let linked = fs::hard_link(&new, path);
    fs::remove_file(&new)?;
    match linked {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(error.into()),
        _ => Ok(()),
    }
}
