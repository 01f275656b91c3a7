//! For tests of the catalogue: real images, and hosts that have them.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use uuid::Uuid;

use crate::access::{Actor, Role};
use crate::app::testing::actor;
use crate::clock::Clock;
use crate::db::Db;
use crate::images::look::{self, Change, Place};
use crate::images::rows::read_row;
use crate::images::scan::host_name;
use crate::images::scans::HostProgress;
use crate::images::tree::Local;
pub(crate) use crate::images::visit::Host;
use crate::images::visit::Source;
use crate::images::{Catalogue, Image, store};

/// Where a SIF header has the UUID.
const UUID_AT: usize = 48;

/// A real image of the reader's own tests.
pub(crate) fn real(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../quarterdeck-sif/tests/images").join(name)
}

/// Puts the image there, as one that was built anew: another each time.
pub(crate) fn put(name: &str, path: &Path) {
    let mut image = fs::read(real(name)).unwrap();
    image[UUID_AT..UUID_AT + 16].copy_from_slice(Uuid::now_v7().as_bytes());
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, image).unwrap();
}

/// Puts a copy there, which is the same image.
pub(crate) fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to.parent().unwrap()).unwrap();
    fs::copy(from, to).unwrap();
}

pub(crate) fn host(source: Source, node: &str) -> Host {
    Host { source, cluster: "demo".to_owned(), node: node.to_owned() }
}

/// By no rules of the site's.
pub(super) fn catalogue(db: &Db) -> Catalogue {
    Catalogue { db: db.clone(), kinds: Arc::default() }
}

/// Who sees the site's images.
pub(crate) fn somebody() -> Actor {
    actor("alice", Role::User)
}

pub(crate) async fn look(db: &Db, host: Host, directories: &[&Path]) -> HostProgress {
    let directories: Vec<PathBuf> = directories.iter().map(|path| path.to_path_buf()).collect();
    let progress = Arc::new(Mutex::new(HostProgress::default()));
    let kept = progress.clone();
    let change = move |change: Change| change(&mut kept.lock().unwrap());
    look::look(&catalogue(db), &Clock::system(), place(host, directories), change).await.unwrap();
    progress.lock().unwrap().clone()
}

/// The directories of this host, as if they were that one's.
pub(super) fn place(host: Host, directories: Vec<PathBuf>) -> Place<Local> {
    Place { host, tree: Local, directories, is_part: false, recognised: None, most: usize::MAX }
}

pub(crate) async fn scan_on(db: &Db, node: &str, directories: &[&Path]) -> HostProgress {
    look(db, host(Source::Server, node), directories).await
}

pub(crate) async fn scan(db: &Db, directory: &Path) -> HostProgress {
    scan_on(db, "here", &[directory]).await
}

/// As this host, whose files this server reads.
pub(crate) async fn scan_here(db: &Db, directory: &Path) -> HostProgress {
    scan_on(db, &host_name(), &[directory]).await
}

pub(crate) async fn listed(db: &Db) -> Vec<Image> {
    listed_as(db, &store::Wanted::default()).await
}

pub(super) async fn listed_as(db: &Db, wanted: &store::Wanted<'_>) -> Vec<Image> {
    let rows = store::list(db.read(), wanted, 500).await.unwrap();
    rows.into_iter().map(|row| read_row(row).unwrap()).collect()
}

pub(crate) async fn names(db: &Db) -> Vec<String> {
    listed(db).await.into_iter().map(|image| image.name).collect()
}
