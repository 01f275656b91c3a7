//! Knows an image on a shared file system again, that every node shows: it is read once, and of the others no more than
//! the header.
//!
//! SFTP tells no inodes, and what `statvfs` calls a file system's id is another on each node for NFS. So a file is taken
//! for the one of another node if path, size, time and the header's UUID and times are the same, and that one was whole.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use quarterdeck_sif::{Error as Unreadable, HEADER_BYTES, ReadAt, Stamp};
use tokio::sync::OnceCell;
use tokio::task::spawn_blocking;

use crate::db::Db;
use crate::images::identity::{Identity, IdentityKind};
use crate::images::read::{self, Facts, Reading};
use crate::images::store::{self, places};
use crate::images::tree::Tree;
use crate::images::walk::Candidate;
use crate::images::{Error, visit};

/// Of what images say, kept while a scan goes on. What does not fit is read on each node.
const MAX_KEPT_BYTES: usize = 8 << 20;

/// What one scan has read of nodes.
#[derive(Default)]
pub(super) struct Recognised {
    files: Mutex<HashMap<Key, Arc<OnceCell<Arc<Facts>>>>>,
    kept: AtomicUsize,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Key {
    cluster: String,
    path: String,
    modified_us: i64,
    /// The size is in it.
    identity: String,
}

impl Recognised {
    /// Reads a node's image, or tells that it is one that another node has.
    pub(super) async fn read<T: Tree>(
        &self,
        db: &Db,
        cluster: &str,
        tree: &T,
        candidate: &Candidate,
    ) -> Result<Reading, Error> {
        let opened = open(tree, candidate).await?;
        let (file, identity) = match opened {
            Ok((file, Some(identity))) => (file, identity),
            Ok((file, None)) => return read_whole(tree, candidate, file).await,
            Err(reading) => return Ok(reading),
        };
        if is_in_catalogue(db, cluster, candidate, &identity).await? {
            return Ok(Reading::Known(identity));
        }
        let key = Key {
            cluster: cluster.to_owned(),
            path: candidate.path.clone(),
            modified_us: candidate.modified_us,
            identity: identity.to_text(None),
        };
        let cell = self.files().entry(key.clone()).or_default().clone();
        // One reads, the others that have it too wait for that; should it fail, another one of them reads.
        let read = cell.get_or_try_init(|| async {
            match read_whole(tree, candidate, file).await {
                Ok(Reading::Image(facts)) if is_whole(&facts, &identity) => {
                    self.make_room(&key, facts.size());
                    Ok(facts)
                }
                other => Err(other),
            }
        });
        match read.await {
            Ok(facts) => Ok(Reading::Image(facts.clone())),
            Err(other) => other,
        }
    }

    /// Those who wait for the one that does not fit have it all the same.
    fn make_room(&self, key: &Key, size: usize) {
        if self.kept.fetch_add(size, Ordering::Relaxed) + size > MAX_KEPT_BYTES {
            self.files().remove(key);
            self.kept.fetch_sub(size, Ordering::Relaxed);
        }
    }

    fn files(&self) -> MutexGuard<'_, HashMap<Key, Arc<OnceCell<Arc<Facts>>>>> {
        self.files.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

type Opened<F> = Result<(F, Option<Identity>), Reading>;

/// Opens the file, and reads who it says it is.
async fn open<T: Tree>(tree: &T, candidate: &Candidate) -> Result<Opened<T::File>, Error> {
    let (tree, path) = (tree.clone(), candidate.path.clone());
    let opening = spawn_blocking(move || {
        let io = |error| read::unreadable(&tree, Unreadable::Io(error));
        let file = tree.open(&path).map_err(io)?;
        let size = file.size().map_err(io)?;
        if size < HEADER_BYTES {
            return Ok((file, None));
        }
        let mut header = [0; HEADER_BYTES as usize];
        file.read_at(0, &mut header).map_err(io)?;
        let identity = Stamp::read(&header).map(|stamp| Identity::of_header(&stamp, size));
        Ok((file, identity))
    });
    Ok(opening.await.map_err(anyhow::Error::from)?)
}

async fn read_whole<T: Tree>(tree: &T, candidate: &Candidate, file: T::File) -> Result<Reading, Error> {
    let (tree, path) = (tree.clone(), candidate.path.clone());
    // A file that the reader stumbles over is that file's trouble alone.
    let reading = spawn_blocking(move || read::read_open(&tree, &path, &file)).await;
    Ok(reading.unwrap_or_else(|panic| Reading::Unreadable(format!("reading it failed: {panic}"))))
}

fn is_whole(facts: &Facts, identity: &Identity) -> bool {
    facts.problem.is_none() && facts.identity == *identity && identity.kind == IdentityKind::Header
}

async fn is_in_catalogue(db: &Db, cluster: &str, candidate: &Candidate, identity: &Identity) -> Result<bool, Error> {
    let text = identity.to_text(None);
    let known = store::read_by_identity(db.read(), &[&text]).await?;
    let Some(image) = known.get(&text).filter(|image| image.reader == read::READER && image.problem.is_none()) else {
        return Ok(false);
    };
    let size = visit::in_column(candidate.size);
    Ok(places::has_twin(db.read(), image.id, cluster, &candidate.path, size, candidate.modified_us).await?)
}
