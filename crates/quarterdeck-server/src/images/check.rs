//! Checks images' signatures with the site's keys, in the background: one image at a time, each read whole once. Files
//! that scans take for the same one are checked once for all.

use std::sync::Arc;
use std::time::Duration;

use quarterdeck_sif::{Checked, Keys, Standing, Verdict};
use serde::{Deserialize, Serialize};
use tokio::task::spawn_blocking;

use crate::app::App;
use crate::db::to_us;
use crate::images::nodes;
use crate::images::read::without_nul;
use crate::images::scan::host_name;
use crate::images::store::checks::{self, Found};
use crate::images::store::files::{self, File, Whose};
use crate::images::tree::{Local, Tree};
use crate::images::visit::Source;
use crate::images::whole::{self, NODES_TRIED, TRY_AGAIN, is_the_same};
use crate::images::{Error, SigningKeys};

/// From what nobody must run to what anybody may.
const STANDINGS: [Standing; 5] =
    [Standing::Bad, Standing::UnknownKey, Standing::Partly, Standing::NotChecked, Standing::Verified];

/// A signature, and what has become of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signature {
    /// Of the PGP key, in hexadecimal; `None` for other kinds.
    pub fingerprint: Option<String>,
    pub hash: String,
    pub verdict: SignatureVerdict,
    /// Whose key it is, as the key says.
    pub signer: Option<String>,
    /// Why it is bad, or was not checked.
    pub why: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SignatureVerdict {
    Verified,
    UnknownKey,
    Bad,
    NotChecked,
}

/// Checks what was not checked with these keys. Answers whether there was anything.
pub(super) async fn check_all(app: &App) -> bool {
    let Some(signing) = &app.images.signing else { return false };
    let host = host_name();
    let (here, nodes) = (Whose::Hosts(&host), Whose::Nodes);
    let (here, nodes) = (check_files(app, signing, here), check_files(app, signing, nodes));
    whole::here_then_nodes(app, &app.images.checking, here, nodes).await.unwrap_or_else(|error| {
        tracing::error!("images' signatures could not be checked: {error}");
        false
    })
}

async fn check_files(app: &App, signing: &SigningKeys, whose: Whose<'_>) -> Result<bool, Error> {
    let mut was_any = false;
    loop {
        let tried_before = to_us(app.clock.now() - TRY_AGAIN);
        let next = checks::next(app.db.read(), whose, &signing.id, tried_before).await?;
        let Some(file) = next else { return Ok(was_any) };
        was_any = true;
        let found = match checks::of_twin(app.db.read(), &file, &signing.id).await? {
            Some(found) => found,
            None => check(app, signing, &file).await?,
        };
        checks::write(app.db.write(), &file, found).await?;
    }
}

async fn check(app: &App, signing: &SigningKeys, file: &File) -> Result<Found, Error> {
    let checked = match Source::parse(&file.source) {
        Some(Source::Node) => on_some_node(app, signing, file).await?,
        _ => on(Local, signing, file).await,
    };
    let checked_us = Some(to_us(app.clock.now()));
    Ok(match checked {
        Ok((standing, signatures)) => Found {
            standing: Some(as_str(standing).to_owned()),
            signatures: Some(serde_json::to_value(signatures).map_err(anyhow::Error::from)?),
            checked_with: Some(signing.id.clone()),
            checked_us,
            check_problem: None,
        },
        Err(why) => {
            tracing::warn!(host = file.node, path = ?file.path, "an image's signatures could not be checked: {why}");
            let (checked_with, check_problem) = (Some(signing.id.clone()), Some(without_nul(&why)));
            Found { standing: None, signatures: None, checked_with, checked_us, check_problem }
        }
    })
}

/// The error says why nobody could read it, for people.
type Checking = Result<(Standing, Vec<Signature>), String>;

async fn on_some_node(app: &App, signing: &SigningKeys, file: &File) -> Result<Checking, Error> {
    let nodes = files::nodes(app.db.read(), file, NODES_TRIED).await?;
    let ssh = &app.config.images.ssh;
    let time = Duration::from_secs(ssh.node_seconds);
    Ok(nodes::on_one_of(ssh, &nodes, time, |remote| on(remote, signing, file)).await)
}

async fn on<T: Tree>(tree: T, signing: &SigningKeys, file: &File) -> Checking {
    let (keys, file) = (signing.keys.clone(), file.clone());
    let reading = spawn_blocking(move || read(&tree, &keys, &file));
    reading.await.unwrap_or_else(|panic| Err(format!("reading it failed: {panic}")))
}

/// Blocks, and reads the whole file.
fn read<T: Tree>(tree: &T, keys: &Arc<Keys>, file: &File) -> Checking {
    is_the_same(tree, file)?;
    let opened = tree.open(&file.path).map_err(|error| error.to_string())?;
    let image = quarterdeck_sif::read(&opened).map_err(|error| error.to_string())?;
    let checked = quarterdeck_sif::verify(&opened, keys).map_err(|error| error.to_string())?;
    // Also while it was read.
    is_the_same(tree, file)?;
    let standing = Standing::of(&image.descriptors, &checked).unwrap_or(Standing::NotChecked);
    Ok((standing, checked.into_iter().map(Signature::from).collect()))
}

impl From<Checked> for Signature {
    fn from(Checked { signature, verdict }: Checked) -> Signature {
        let (verdict, signer, why) = match verdict {
            Verdict::Verified { signer, .. } => (SignatureVerdict::Verified, Some(signer), None),
            Verdict::UnknownKey => (SignatureVerdict::UnknownKey, None, None),
            Verdict::Bad { why } => (SignatureVerdict::Bad, None, Some(why)),
            Verdict::NotChecked { why } => (SignatureVerdict::NotChecked, None, Some(why.to_owned())),
        };
        Signature {
            fingerprint: signature.fingerprint,
            hash: signature.hash.to_string(),
            verdict,
            signer: signer.as_deref().map(without_nul),
            why: why.as_deref().map(without_nul),
        }
    }
}

pub(super) fn parse(text: &str) -> Option<Standing> {
    STANDINGS.into_iter().find(|standing| as_str(*standing) == text)
}

pub(super) fn as_str(standing: Standing) -> &'static str {
    match standing {
        Standing::Bad => "bad",
        Standing::UnknownKey => "unknown_key",
        Standing::Partly => "partly",
        Standing::NotChecked => "not_checked",
        Standing::Verified => "verified",
    }
}

/// What is to be said of an image that lies at several places: what is worst.
pub(super) fn together(standings: &[Option<String>]) -> Standing {
    let rank = |standing: &Standing| STANDINGS.iter().position(|known| known == standing);
    let standings =
        standings.iter().map(|standing| standing.as_deref().and_then(parse).unwrap_or(Standing::NotChecked));
    standings.min_by_key(rank).unwrap_or(Standing::NotChecked)
}

#[cfg(test)]
mod tests;
