//! Brings the catalogue up to date with the directories of this host and of the nodes: at start, every so often, and
//! when somebody asks. One scan at a time, so that no node is looked at twice at once; what is asked for while one runs
//! begins when it ends, so that it sees what was put there before it was asked for.

use std::collections::HashSet;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::access::Actor;
use crate::app::App;
use crate::audit::{Event, Outcome};
use crate::config::LOCAL_CLUSTER;
use crate::db::lease::{self, Task};
use crate::db::to_us;
use crate::images::look::{Change, Place, look};
use crate::images::nodes::{self, Target, Tries};
use crate::images::recognise::Recognised;
use crate::images::scans::{Begun, HostProgress, HostState, ScanState, Wish};
use crate::images::tree::{Local, Tree};
use crate::images::visit::{self, Host, Source};
use crate::images::walk::MAX_PATH_BYTES;
use crate::images::{Catalogue, Error, Invalid, check, digest, forget};

/// Of a wish that has more of them.
const ERRORS_TOLD: usize = 20;
const MAX_PATHS: usize = 100;

/// Starts a scan, or answers the one that waits already.
pub async fn scan(app: &App, actor: &Actor, mut wish: Wish) -> Result<Uuid, Error> {
    check_wish(app, &wish)?;
    // Who names one many times means one; it is kept, and goes into the audit.
    wish.nodes.iter_mut().for_each(without_twins);
    wish.paths.iter_mut().for_each(without_twins);
    let detail = json!({
        "directories": app.config.images.directories,
        "nodes": wish.nodes,
        "paths": wish.paths,
    });
    let id = begin(app, wish);
    app.audit.note(actor, Outcome::Done, Event::new("image.scan", &id.to_string()).with(detail)).await?;
    Ok(id)
}

/// Ends a scan before it is done. What it has written stays, and what it had not looked at is as it was known.
pub async fn cancel(app: &App, actor: &Actor, id: Uuid) -> Result<(), Error> {
    if app.images.cancel(id, app.clock.now())? {
        tell(app, id);
        app.audit.note(actor, Outcome::Done, Event::new("image.scan_cancel", &id.to_string())).await?;
    }
    Ok(())
}

/// Scans now and then every so often, in the background.
pub fn scan_always(app: &App) {
    let app = app.clone();
    app.clone().spawn(async move {
        let seconds = app.config.images.interval_seconds;
        begin(&app, due(&app, None).await);
        if seconds == 0 {
            return;
        }
        loop {
            tokio::time::sleep(Duration::from_secs(seconds)).await;
            begin(&app, due(&app, Some(Duration::from_secs(seconds))).await);
        }
    });
}

/// What is to be looked at now: everything, but for the nodes where another server looks at them, or did within most of
/// this time. Its own host each server has to look at by itself.
pub(super) async fn due(app: &App, every: Option<Duration>) -> Wish {
    let taken_care_of = async {
        let since_us = match every {
            Some(every) => Some(app.db.now_us().await? - every.as_micros() as i64 * 9 / 10),
            None => None,
        };
        lease::is_taken_care_of(&app.db, Task::ScanNodes, since_us).await
    };
    match taken_care_of.await {
        Ok(false) => Wish::default(),
        Ok(true) => Wish { nodes: Some(vec![host_name()]), paths: None },
        Err(error) => {
            tracing::warn!("whether another server scans the nodes cannot be told: {error}");
            Wish::default()
        }
    }
}

/// Whether there is something of what is wished for.
fn check_wish(app: &App, wish: &Wish) -> Result<(), Error> {
    let mut known: HashSet<String> = nodes::names(app, &cluster_of_this_host(app)).into_iter().collect();
    known.insert(host_name());
    let nodes = wish.nodes.iter().flatten().enumerate().filter(|(_, node)| !known.contains(*node));
    let nodes = nodes.map(|(index, _)| Invalid::Node { index });
    let ssh = &app.config.images.ssh;
    let of_partitions = ssh.partition_directories.iter().map(|one| &one.directory);
    let roots: Vec<&PathBuf> =
        app.config.images.directories.iter().chain(&ssh.directories).chain(of_partitions).collect();
    let is_there = |path: &Path| is_plain(path) && roots.iter().any(|root| path.starts_with(root));
    let paths = wish.paths.iter().flatten().enumerate().filter(|(_, path)| !is_there(path));
    let paths = paths.map(|(index, _)| Invalid::Path { index });
    let too_many = wish.paths.iter().any(|paths| paths.len() > MAX_PATHS);
    let too_many = too_many.then_some(Invalid::TooManyPaths { most: MAX_PATHS });
    let errors: Vec<Invalid> = too_many.into_iter().chain(nodes).chain(paths).take(ERRORS_TOLD).collect();
    if errors.is_empty() { Ok(()) } else { Err(Error::Invalid(errors)) }
}

fn without_twins<T: Ord>(named: &mut Vec<T>) {
    named.sort();
    named.dedup();
}

/// From the root, never upwards, and no longer than what is found there may be.
fn is_plain(path: &Path) -> bool {
    path.is_absolute()
        && path.as_os_str().len() <= MAX_PATH_BYTES
        && path.components().all(|part| matches!(part, Component::RootDir | Component::Normal(_)))
}

pub(super) fn begin(app: &App, wish: Wish) -> Uuid {
    let (id, begun) = app.images.ask(wish, app.clock.now());
    tell(app, id);
    if let Some(begun) = begun {
        app.spawn(work_off(app.clone(), begun));
    }
    id
}

/// One scan after the other, until none was asked for meanwhile.
async fn work_off(app: App, first: Begun) {
    let mut next = Some(first);
    while let Some(Begun { id, wish, end }) = next {
        let done = tokio::select! {
            // Dropped wherever it is: what is written is right at once, and connections are cut.
            () = end.cancelled() => Ok(ScanState::Cancelled),
            done = scan_hosts(&app, id, &wish) => done.map(|()| ScanState::Finished),
        };
        let state = done.unwrap_or_else(|error| {
            tracing::error!("the scan for images failed: {error}");
            ScanState::Failed(error.to_string())
        });
        next = app.images.end(id, state, app.clock.now());
        tell(&app, id);
        if let Some(next) = &next {
            tell(&app, next.id);
        }
    }
    // A scan that is asked for meanwhile does not wait for these.
    if forget::forget_removed(&app).await {
        tell_of_catalogue(&app);
    }
    if check::check_all(&app).await {
        tell_of_catalogue(&app);
    }
    if digest::digest_all(&app).await {
        tell_of_catalogue(&app);
    }
}

/// Says to those who watch that there is more to see: by the last scan that is over, once more.
pub(super) fn tell_of_catalogue(app: &App) {
    if let Some(last) = app.images.last_over() {
        app.live.scan_changed(last);
    }
}

/// Says how far a scan is to those who watch.
fn tell(app: &App, id: Uuid) {
    if let Ok(scan) = app.images.progress(id) {
        app.live.scan_changed(scan);
    }
}

async fn scan_hosts(app: &App, id: Uuid, wish: &Wish) -> Result<(), Error> {
    let cluster = cluster_of_this_host(app);
    let name = host_name();
    let own = Target {
        host: Host { source: Source::Server, cluster: cluster.clone(), node: name.clone() },
        directories: app.config.images.directories.clone(),
    };
    let own = Some(own).filter(|own| wish.names(&own.host.node)).and_then(|own| narrowed(own, wish));
    let is_own = own.is_some();
    if let Some(own) = own {
        app.images.announce(id, &[name]);
        tell(app, id);
        let place = Place {
            host: own.host,
            tree: Local,
            directories: own.directories,
            is_part: wish.paths.is_some(),
            recognised: None,
            most: usize::MAX,
        };
        let progress = Progress { app: app.clone(), id, host: 0 };
        progress.update(|host| host.state = HostState::Running);
        let of_files = progress.clone();
        look(&Catalogue::of(app), &app.clock, place, move |change: Change| of_files.update(change)).await?;
        progress.update(|host| host.state = HostState::Finished);
    }

    if wish.nodes.as_ref().is_some_and(|nodes| nodes.iter().all(|node| *node == host_name())) {
        return Ok(());
    }
    let first = usize::from(is_own);
    let held = lease::hold(&app.db, Task::ScanNodes, scan_all_nodes(app, id, first, &cluster, wish));
    let lost = "another server has begun to scan the nodes, since this one did not answer in time";
    held.await?.unwrap_or_else(|| Err(anyhow::anyhow!(lost).into()))
}

/// `first`: how many hosts were announced before them.
async fn scan_all_nodes(app: &App, id: Uuid, first: usize, cluster: &str, wish: &Wish) -> Result<(), Error> {
    let targets = match nodes::targets(app, cluster).await {
        Ok(targets) => targets,
        Err(why) => {
            app.images.announce(id, &[cluster.to_owned()]);
            Progress { app: app.clone(), id, host: first }.update(|host| host.fail(why));
            return Ok(());
        }
    };
    let is_all = *wish == Wish::default();
    if is_all {
        let names: Vec<String> = targets.iter().map(|target| target.host.node.clone()).collect();
        visit::leave_other_nodes(&Catalogue::of(app), cluster, &names, to_us(app.clock.now())).await?;
    }
    let targets = targets.into_iter().filter(|target| wish.names(&target.host.node));
    scan_nodes(app, id, first, targets.filter_map(|target| narrowed(target, wish)).collect(), wish).await?;
    if is_all {
        lease::done(&app.db, Task::ScanNodes).await?;
    }
    Ok(())
}

/// What of the directories is to be looked at; `None`: nothing.
fn narrowed(mut target: Target, wish: &Wish) -> Option<Target> {
    let Some(paths) = &wish.paths else { return Some(target) };
    let is_beneath = |path: &&PathBuf| target.directories.iter().any(|directory| path.starts_with(directory));
    target.directories = paths.iter().filter(is_beneath).cloned().collect();
    Some(target).filter(|target| !target.directories.is_empty())
}

/// All at once as far as connections go. `first`: how many hosts were announced before them.
async fn scan_nodes(app: &App, id: Uuid, first: usize, targets: Vec<Target>, wish: &Wish) -> Result<(), Error> {
    if targets.is_empty() {
        return Ok(());
    }
    let names: Vec<String> = targets.iter().map(|target| target.host.node.clone()).collect();
    app.images.announce(id, &names);
    tell(app, id);
    let shared = Arc::new(Shared {
        catalogue: Catalogue::of(app),
        access: nodes::access(&app.config.images.ssh).await,
        connections: Semaphore::new(app.config.images.ssh.connections),
        recognised: Arc::default(),
        is_part: wish.paths.is_some(),
    });
    // Dropped, it ends them all.
    let mut looking = JoinSet::new();
    for (index, target) in targets.into_iter().enumerate() {
        let progress = Progress { app: app.clone(), id, host: first + index };
        looking.spawn(scan_node(progress, target, shared.clone()));
    }
    let mut failed = Ok(());
    while let Some(done) = looking.join_next().await {
        // One node's trouble with the database is none of the others'; if it is, each says so.
        if let Err(error) = done.map_err(anyhow::Error::from)? {
            failed = Err(error);
        }
    }
    failed
}

/// What the nodes of one scan share.
struct Shared {
    catalogue: Catalogue,
    access: Result<Arc<quarterdeck_ssh::Access>, String>,
    connections: Semaphore,
    recognised: Arc<Recognised>,
    is_part: bool,
}

async fn scan_node(progress: Progress, target: Target, shared: Arc<Shared>) -> Result<(), Error> {
    let app = &progress.app;
    let begun = || progress.update(|host| host.state = HostState::Running);
    let connected = match &shared.access {
        Err(why) => Err(why.clone()),
        Ok(access) => {
            let time = Duration::from_secs(app.config.images.ssh.node_seconds);
            let tries = Tries { time, connections: &shared.connections, begun: &begun };
            nodes::connect(&app.config.images.ssh, access, &target.host.node, &tries).await
        }
    };
    let connected = match connected {
        Ok(connected) => connected,
        Err(why) => {
            let beneath = shared.is_part.then_some(target.directories.as_slice());
            let now = to_us(app.clock.now());
            let outcome = visit::doubt_all(&shared.catalogue, &target.host, beneath, now).await?;
            progress.update(move |host| {
                host.images_stale = outcome.stale;
                host.fail(why);
            });
            return Ok(());
        }
    };
    let tree = connected.remote.clone();
    let place = Place {
        host: target.host,
        tree: tree.clone(),
        directories: target.directories,
        is_part: shared.is_part,
        recognised: Some(shared.recognised.clone()),
        most: usize::MAX,
    };
    let of_files = progress.clone();
    look(&shared.catalogue, &app.clock, place, move |change: Change| of_files.update(change)).await?;
    progress.update(move |host| match tree.lost() {
        Some(why) => host.fail(why),
        None => host.state = HostState::Finished,
    });
    Ok(())
}

/// What is told of one host of a scan.
#[derive(Clone)]
struct Progress {
    app: App,
    id: Uuid,
    host: usize,
}

impl Progress {
    fn update(&self, change: impl FnOnce(&mut HostProgress)) {
        self.app.images.update(self.id, self.host, change);
        if self.app.images.is_time(self.id) {
            tell(&self.app, self.id);
        }
    }
}

/// The directories are the portal host's own; with Slurm its nodes are taken to see the same.
pub(super) fn cluster_of_this_host(app: &App) -> String {
    let name = if app.config.offers_slurm(app.mode) { &app.config.slurm.name } else { LOCAL_CLUSTER };
    name.to_owned()
}

pub(super) fn host_name() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests;
