//! A person's own images: what lies in the directories of her spaces that the site names, seen through her agent, and by
//! nobody but her. They are looked at when she asks, and what is gone is forgotten at once.

mod spaces;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use quarterdeck_types::agent::Space;
use quarterdeck_types::place;

use self::spaces::Spaces;
use crate::access::Actor;
use crate::app::App;
use crate::auth;
use crate::config::OwnDirectory;
use crate::images::look::{Change, Place, look};
use crate::images::scan::cluster_of_this_host;
use crate::images::scans::{HostProgress, HostState};
use crate::images::store::{self, places};
use crate::images::tree::Tree;
use crate::images::visit::{Host, Source};
use crate::images::{Catalogue, Error};

/// In which all that a person has must be looked at.
const TIME: Duration = Duration::from_secs(60);
/// Of one person's images: what an image says of itself may take some MiB of the database.
const MOST_IMAGES: usize = 200;

/// One look at a time for each person, so that nothing is read twice at once.
#[derive(Default)]
pub(super) struct Turns(Mutex<HashMap<String, Arc<tokio::sync::Mutex<()>>>>);

impl Turns {
    fn of(&self, user: &str) -> Arc<tokio::sync::Mutex<()>> {
        let mut turns = self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        turns.retain(|_, turn| Arc::strong_count(turn) > 1);
        turns.entry(user.to_owned()).or_default().clone()
    }
}

/// Looks at a person's own images again, and answers when that is done.
pub async fn scan_own(app: &App, actor: &Actor) -> Result<HostProgress, Error> {
    let user = auth::unix_user(actor)?;
    let turn = app.images.own.of(user);
    let _turn = turn.lock().await;
    let agent = app.agents.of(user);
    let hello = agent.hello().await?;
    let tree = Spaces::of(agent.clone(), TIME);
    let directories = directories(&app.config.images.own_directories, &hello.spaces);
    let there = those_there(tree.clone(), directories).await?;

    let host = Host { source: Source::Own, cluster: cluster_of_this_host(app), node: user.to_owned() };
    let begun = HostProgress { host: hello.host, state: HostState::Running, ..HostProgress::default() };
    let progress = Arc::new(Mutex::new(begun));
    let change = {
        let progress = progress.clone();
        move |change: Change| change(&mut progress.lock().unwrap_or_else(|poisoned| poisoned.into_inner()))
    };
    let place = Place {
        host: host.clone(),
        tree: tree.clone(),
        directories: there,
        is_part: false,
        recognised: None,
        most: MOST_IMAGES,
    };
    look(&Catalogue::of(app), &app.clock, place, change).await?;
    forget_left(app, &host).await?;
    let mut done = progress.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).clone();
    match tree.lost() {
        Some(why) => done.fail(why),
        None => done.state = HostState::Finished,
    }
    Ok(done)
}

/// Absolute, on the agent's host, of those spaces that the person has.
fn directories(configured: &[OwnDirectory], spaces: &[Space]) -> Vec<PathBuf> {
    let root = |directory: &OwnDirectory| {
        let space = spaces.iter().find(|space| space.name == directory.space)?;
        Some(Path::new(&place::plain(&space.root)).join(directory.path.as_os_str()))
    };
    configured.iter().filter_map(root).collect()
}

/// Without those that she has not made: that is no error. Why another cannot be looked at, is said when it is.
async fn those_there(tree: Spaces, directories: Vec<PathBuf>) -> Result<Vec<PathBuf>, Error> {
    let is_there = move |directory: &PathBuf| match tree.stat(directory) {
        Ok(_) => true,
        Err(error) => error.kind() != std::io::ErrorKind::NotFound,
    };
    let looking = tokio::task::spawn_blocking(move || directories.into_iter().filter(is_there).collect());
    Ok(looking.await.map_err(anyhow::Error::from)?)
}

/// Nobody else asks where they were.
async fn forget_left(app: &App, host: &Host) -> Result<(), Error> {
    let tx = app.db.begin().await?;
    let images = places::images_left(&tx, host).await?;
    store::lock(&tx, &images).await?;
    places::remove_left(&tx, host).await?;
    store::remove_without_places(&tx, &images).await?;
    Ok(tx.commit().await?)
}
