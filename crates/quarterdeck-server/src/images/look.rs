//! Looks at one host, and brings what is known of its images up to date.

use std::path::PathBuf;
use std::sync::Arc;

use tokio::task::spawn_blocking;

use crate::clock::Clock;
use crate::db::to_us;
use crate::images::read::{self, Reading};
use crate::images::recognise::Recognised;
use crate::images::scans::HostProgress;
use crate::images::tree::Tree;
use crate::images::visit::{self, Host, ToDo, Visit};
use crate::images::walk::{self, Candidate};
use crate::images::{Catalogue, Error, ScanError};

/// What is looked at.
#[derive(Clone)]
pub(super) struct Place<T> {
    pub(super) host: Host,
    pub(super) tree: T,
    pub(super) directories: Vec<PathBuf>,
    /// What the host has elsewhere is left as it is known.
    pub(super) is_part: bool,
    /// Where other hosts may show the same files.
    pub(super) recognised: Option<Arc<Recognised>>,
    /// Images that are looked at.
    pub(super) most: usize,
}

pub(super) type Change = Box<dyn FnOnce(&mut HostProgress) + Send>;

/// Looks at a host. Where it is lost midway, what was not seen is stale; [`Tree::lost`] tells.
pub(super) async fn look<T: Tree>(
    catalogue: &Catalogue,
    clock: &Clock,
    place: Place<T>,
    progress: impl Fn(Change) + Clone + Send + 'static,
) -> Result<(), Error> {
    let Place { host, tree, directories, .. } = &place;
    let (seen, walking_tree, roots) = (progress.clone(), tree.clone(), directories.clone());
    let walking = move || walk::walk(&walking_tree, &roots, || seen(Box::new(|host| host.files_seen += 1)));
    let mut walked = spawn_blocking(walking).await.map_err(anyhow::Error::from)?;
    for error in std::mem::take(&mut walked.errors) {
        progress(Box::new(|host| host.add_error(error)));
    }

    let is_cut = walked.candidates.len() > place.most;
    if is_cut {
        walked.candidates.truncate(place.most);
        let message = format!("the rest was not looked at, after {} images", place.most);
        let path = walked.candidates.last().map(|last| last.path.clone()).unwrap_or_default();
        progress(Box::new(|host| host.add_error(ScanError { path, message })));
    }

    let beneath = place.is_part.then_some(directories.as_slice());
    let mut visit = Visit::begin(catalogue, host.clone(), beneath, to_us(clock.now())).await?;
    for candidate in std::mem::take(&mut walked.candidates) {
        if visit.meet(&candidate) == ToDo::Nothing {
            progress(Box::new(|host| host.images_unchanged += 1));
            continue;
        }
        let reading = read(catalogue, &place, &candidate).await?;
        if !matches!(reading, Reading::NoImage | Reading::Lost) {
            progress(Box::new(|host| host.images_read += 1));
        }
        let path = candidate.path.clone();
        if let Some(message) = visit.take(candidate, reading).await? {
            progress(Box::new(|host| host.add_error(ScanError { path, message })));
        }
    }
    let outcome = visit.end(|path| is_cut || tree.lost().is_some() || walked.may_be_there(path)).await?;
    if !place.is_part {
        visit::leave_other_clusters(catalogue, host, to_us(clock.now())).await?;
    }
    progress(Box::new(move |host| {
        host.images_removed = outcome.removed;
        host.images_stale = outcome.stale;
    }));
    Ok(())
}

async fn read<T: Tree>(catalogue: &Catalogue, place: &Place<T>, candidate: &Candidate) -> Result<Reading, Error> {
    if let Some(recognised) = &place.recognised {
        return recognised.read(&catalogue.db, &place.host.cluster, &place.tree, candidate).await;
    }
    let (tree, path) = (place.tree.clone(), candidate.path.clone());
    // A file that the reader stumbles over is that file's trouble alone.
    let reading = spawn_blocking(move || read::read(&tree, &path)).await;
    Ok(reading.unwrap_or_else(|panic| Reading::Unreadable(format!("reading it failed: {panic}"))))
}
