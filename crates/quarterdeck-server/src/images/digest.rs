//! The SHA-256 of image files: when somebody asks, or of each once, as the site says; one file at a time. The portal's own
//! host reads its files itself, nodes compute theirs. Files that scans take for the same one are read once.

use std::time::Duration;

use quarterdeck_sif::ReadAt;
use serde_json::json;
use sha2::{Digest as _, Sha256};
use tokio::task::spawn_blocking;
use uuid::Uuid;

use crate::access::Actor;
use crate::app::App;
use crate::audit::{Event, Outcome};
use crate::config::Digest;
use crate::db::to_us;
use crate::images::read::without_nul;
use crate::images::remote::Remote;
use crate::images::store::digests::{self, Of};
use crate::images::store::files::{self, File, Whose};
use crate::images::store::places;
use crate::images::tree::{Local, Tree};
use crate::images::visit::Source;
use crate::images::whole::{self, NODES_TRIED, TRY_AGAIN, is_the_same};
use crate::images::{Error, MAX_PLACES, find, nodes, scan};

const CHUNK_BYTES: usize = 1 << 20;

/// Has the digests of an image's files computed that are not known; the catalogue tells when they are.
pub async fn digest(app: &App, actor: &Actor, image: Uuid) -> Result<(), Error> {
    if find(app, actor, image).await?.owner.is_some() {
        return Err(Error::NoDigestsOfOwn);
    }
    let images = &app.config.images;
    if images.digest == Digest::Off {
        return Err(Error::NoDigests);
    }
    let places = places::of_image(app.db.read(), image, MAX_PLACES).await?;
    let is_here = |place: &places::Model| place.source == Source::Server.as_str() && place.state == places::ACTIVE;
    if !images.ssh.digest && !places.iter().any(is_here) {
        return Err(Error::NoDigestsOfNodes);
    }
    let of = Of { image: Some(image), here_alone: !images.ssh.digest, tried_before_us: None };
    let wanted = digests::want(app.db.write(), &of, to_us(app.clock.now())).await?;
    let (id, detail) = (image.to_string(), json!({ "files": wanted }));
    app.audit.note(actor, Outcome::Done, Event::new("image.digest", &id).with(detail)).await?;
    let app_of_work = app.clone();
    app.spawn(async move {
        if digest_wanted(&app_of_work).await {
            scan::tell_of_catalogue(&app_of_work);
        }
    });
    Ok(())
}

/// Where the site wants them of all: computes those that are not known. Answers whether there were any.
pub(super) async fn digest_all(app: &App) -> bool {
    let images = &app.config.images;
    if images.digest == Digest::Always {
        let now = app.clock.now();
        let tried_before_us = Some(to_us(now - TRY_AGAIN));
        let of = Of { image: None, here_alone: !images.ssh.digest, tried_before_us };
        if let Err(error) = digests::want(app.db.write(), &of, to_us(now)).await {
            tracing::error!("images' digests could not be computed: {error}");
        }
    }
    digest_wanted(app).await
}

async fn digest_wanted(app: &App) -> bool {
    if app.config.images.digest == Digest::Off {
        return false;
    }
    let host = scan::host_name();
    let (here, nodes) = (digest_files(app, Whose::Hosts(&host)), digest_files(app, Whose::Nodes));
    whole::here_then_nodes(app, &app.images.digesting, here, nodes).await.unwrap_or_else(|error| {
        tracing::error!("images' digests could not be computed: {error}");
        false
    })
}

async fn digest_files(app: &App, whose: Whose<'_>) -> Result<bool, Error> {
    let mut was_any = false;
    while let Some(file) = digests::next(app.db.read(), whose).await? {
        was_any = true;
        let digest = match digests::of_twin(app.db.read(), &file).await? {
            Some(known) => Ok(known),
            None => compute(app, &file).await?,
        };
        if let Err(why) = &digest {
            tracing::warn!(host = file.node, path = ?file.path, "an image's digest could not be computed: {why}");
        }
        let digest = digest.map_err(|why| without_nul(&why));
        digests::write(app.db.write(), &file, digest, to_us(app.clock.now())).await?;
    }
    Ok(was_any)
}

async fn compute(app: &App, file: &File) -> Result<Result<String, String>, Error> {
    let ssh = &app.config.images.ssh;
    if Source::parse(&file.source) == Some(Source::Server) {
        let file = file.clone();
        let reading = spawn_blocking(move || read(&file));
        return Ok(reading.await.unwrap_or_else(|panic| Err(format!("reading it failed: {panic}"))));
    }
    if !ssh.digest {
        return Ok(Err("this site has its nodes compute no digests: see images.ssh.digest".to_owned()));
    }
    let limit = Duration::from_secs(ssh.digest_seconds);
    let nodes = files::nodes(app.db.read(), file, NODES_TRIED).await?;
    // It is looked at before and after.
    let time = limit + Duration::from_secs(ssh.node_seconds);
    Ok(nodes::on_one_of(ssh, &nodes, time, |remote| compute_there(remote, file, limit)).await)
}

async fn compute_there(remote: Remote, file: &File, limit: Duration) -> Result<String, String> {
    let is_the_same = async || {
        let (tree, file) = (remote.clone(), file.clone());
        let looking = spawn_blocking(move || is_the_same(&tree, &file));
        looking.await.unwrap_or_else(|panic| Err(format!("looking at it failed: {panic}")))
    };
    is_the_same().await?;
    let digest = remote.sha256(&file.path, limit).await.map_err(|error| error.to_string())?;
    is_the_same().await?;
    Ok(digest)
}

/// Blocks.
fn read(file: &File) -> Result<String, String> {
    is_the_same(&Local, file)?;
    let opened = Local.open(&file.path).map_err(|error| error.to_string())?;
    let digest = of_reader(&opened).map_err(|error| error.to_string())?;
    // Also while it was read.
    is_the_same(&Local, file)?;
    Ok(digest)
}

fn of_reader(reader: &impl ReadAt) -> std::io::Result<String> {
    let (size, mut done) = (reader.size()?, 0);
    let (mut hash, mut chunk) = (Sha256::new(), vec![0; CHUNK_BYTES]);
    while done < size {
        let length = (size - done).min(CHUNK_BYTES as u64) as usize;
        reader.read_at(done, &mut chunk[..length])?;
        hash.update(&chunk[..length]);
        done += length as u64;
    }
    Ok(quarterdeck_types::hex(&hash.finalize()))
}

#[cfg(test)]
mod tests;
