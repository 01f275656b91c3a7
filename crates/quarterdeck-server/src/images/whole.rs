//! Files that are read whole, in the background, for what only that tells: signatures and digests. A server reads those of
//! its own host, one at a time; those of nodes are read by one server of the site, one at a time too.

use std::path::Path;

use chrono::TimeDelta;
use tokio::sync::Mutex;

use crate::app::App;
use crate::db::lease::{self, Task};
use crate::images::Error;
use crate::images::store::files::File;
use crate::images::tree::Tree;
use crate::images::visit::in_column;

/// What nobody could read to its end is tried again by itself after this time.
pub(super) const TRY_AGAIN: TimeDelta = TimeDelta::days(1);
/// Nodes that are tried where several have the file.
pub(super) const NODES_TRIED: u64 = 3;

/// Held by who reads, of one purpose: two scans may end one after the other. Apart, since another server may have the
/// nodes for hours.
#[derive(Default)]
pub(super) struct Reading {
    here: Mutex<()>,
    nodes: Mutex<()>,
}

/// Reads the files of this host, then those of nodes. Each answers whether there were any.
pub(super) async fn here_then_nodes(
    app: &App,
    reading: &Reading,
    here: impl Future<Output = Result<bool, Error>>,
    nodes: impl Future<Output = Result<bool, Error>>,
) -> Result<bool, Error> {
    let here = {
        let _one = reading.here.lock().await;
        here.await?
    };
    let _one = reading.nodes.lock().await;
    let nodes = lease::hold(&app.db, Task::ReadNodes, nodes).await?;
    // Who has taken the lease over goes on.
    Ok(here | nodes.unwrap_or(Ok(true))?)
}

/// Whether the file is the one that was found. Blocks.
pub(super) fn is_the_same<T: Tree>(tree: &T, file: &File) -> Result<(), String> {
    let stat = tree.stat(Path::new(&file.path)).map_err(|error| error.to_string())?;
    let is_same = in_column(stat.size) == file.size && stat.modified_us == file.modified_us;
    if is_same { Ok(()) } else { Err("it has changed since it was found".to_owned()) }
}
