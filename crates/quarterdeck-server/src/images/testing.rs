//! For tests of the catalogue: real images, and hosts that have them.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use uuid::Uuid;

use crate::clock::Clock;
use crate::db::Db;
use crate::images::look::{self, Change, Place};
use crate::images::scan::host_name;
use crate::images::scans::HostProgress;
use crate::images::tree::Local;
use crate::images::visit::{Host, Source};
use crate::images::{Image, read_row, store};

/// Where a SIF header has the UUID.
const UUID_AT: usize = 48;

/// A real image of the reader's own tests.
pub(super) fn real(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../quarterdeck-sif/tests/images").join(name)
}

/// Puts the image there, as one that was built anew: another each time.
pub(super) fn put(name: &str, path: &Path) {
    let mut image = fs::read(real(name)).unwrap();
    image[UUID_AT..UUID_AT + 16].copy_from_slice(Uuid::now_v7().as_bytes());
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, image).unwrap();
}

/// Puts a copy there, which is the same image.
pub(super) fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to.parent().unwrap()).unwrap();
    fs::copy(from, to).unwrap();
}

pub(super) fn host(source: Source, node: &str) -> Host {
    Host { source, cluster: "demo".to_owned(), node: node.to_owned() }
}

pub(super) async fn look(db: &Db, host: Host, directories: &[&Path]) -> HostProgress {
    let directories: Vec<PathBuf> = directories.iter().map(|path| path.to_path_buf()).collect();
    let progress = Arc::new(Mutex::new(HostProgress::default()));
    let kept = progress.clone();
    let change = move |change: Change| change(&mut kept.lock().unwrap());
    look::look(db, &Clock::system(), place(host, directories), change).await.unwrap();
    progress.lock().unwrap().clone()
}

/// The directories of this host, as if they were that one's.
pub(super) fn place(host: Host, directories: Vec<PathBuf>) -> Place<Local> {
    Place { host, tree: Local, directories, is_part: false, recognised: None }
}

pub(super) async fn scan_on(db: &Db, node: &str, directories: &[&Path]) -> HostProgress {
    look(db, host(Source::Server, node), directories).await
}

pub(super) async fn scan(db: &Db, directory: &Path) -> HostProgress {
    scan_on(db, "here", &[directory]).await
}

/// As this host, whose files this server reads.
pub(super) async fn scan_own(db: &Db, directory: &Path) -> HostProgress {
    scan_on(db, &host_name(), &[directory]).await
}

pub(super) async fn listed(db: &Db) -> Vec<Image> {
    listed_as(db, &store::Wanted::default()).await
}

pub(super) async fn listed_as(db: &Db, wanted: &store::Wanted<'_>) -> Vec<Image> {
    let rows = store::list(db.read(), wanted, 500).await.unwrap();
    rows.into_iter().map(|row| read_row(row).unwrap()).collect()
}

pub(super) async fn names(db: &Db) -> Vec<String> {
    listed(db).await.into_iter().map(|image| image.name).collect()
}
