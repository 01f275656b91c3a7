//! Looks for image files beneath a host's directories. Blocks: for a thread of its own.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

use crate::images::ScanError;
use crate::images::tree::{Entry, Kind, Stat, Tree};

const EXTENSIONS: [&str; 6] = ["sif", "simg", "sqsh", "sqfs", "squashfs", "img"];
const MAX_DEPTH: usize = 8;
/// Files and directories looked at beneath one configured directory.
const MAX_ENTRIES: usize = 100_000;
/// Errors that are kept of one walk: a host whose every file is in the way has one for each.
const MAX_ERRORS: usize = 1000;

/// What both databases can keep in an index.
pub(super) const MAX_PATH_BYTES: usize = 1024;

/// A file that may be an image, by its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Candidate {
    pub(super) path: String,
    /// In bytes.
    pub(super) size: u64,
    pub(super) modified_us: i64,
    /// Where the way to the file tells them.
    pub(super) inode: Option<u64>,
    pub(super) device: Option<u64>,
}

#[derive(Debug, Default)]
pub(super) struct Walked {
    pub(super) candidates: Vec<Candidate>,
    pub(super) errors: Vec<ScanError>,
    /// Directories of which not everything was seen: what was known beneath them may still be there.
    unseen: Vec<PathBuf>,
    /// Nothing more is to be learnt of the host.
    is_lost: bool,
}

impl Walked {
    /// Whether an image that is not among the candidates may be there nevertheless.
    pub(super) fn may_be_there(&self, path: &str) -> bool {
        self.is_lost || self.unseen.iter().any(|directory| Path::new(path).starts_with(directory))
    }
}

/// Looks through the directories; `seen` is called with each file. Links are not followed, so that no loop is walked
/// and no file is found twice by other names.
pub(super) fn walk<T: Tree>(tree: &T, directories: &[PathBuf], seen: impl FnMut()) -> Walked {
    let mut walk = Walk { tree, entries_left: 0, walked: Walked::default(), seen };
    for root in directories {
        walk.entries_left = MAX_ENTRIES;
        walk.beneath(root, 0);
    }
    let mut walked = walk.walked;
    // One configured directory may lie beneath another.
    walked.candidates.sort_by(|a, b| a.path.cmp(&b.path));
    walked.candidates.dedup_by(|a, b| a.path == b.path);
    walked
}

struct Walk<'a, T, S> {
    tree: &'a T,
    entries_left: usize,
    walked: Walked,
    seen: S,
}

impl<T: Tree, S: FnMut()> Walk<'_, T, S> {
    fn beneath(&mut self, directory: &Path, depth: usize) {
        if self.walked.is_lost {
            return;
        }
        let mut beneath = Vec::new();
        let mut is_cut = false;
        let tree = self.tree;
        let listed = tree.list(directory, &mut |entry| {
            if self.entries_left == 0 {
                is_cut = true;
                return false;
            }
            self.entries_left -= 1;
            match entry {
                Ok(Entry { name, kind: Kind::Directory, .. }) => beneath.push(name),
                Ok(Entry { name, kind: Kind::File, stat }) => self.file(directory.join(name), stat),
                Ok(Entry { kind: Kind::Other, .. }) => {}
                Err(error) => self.walked.miss(directory, format!("cannot be read to its end: {error}")),
            }
            true
        });
        if tree.lost().is_some() {
            // Why, is said of the host.
            self.walked.is_lost = true;
            return;
        }
        match listed {
            Ok(()) => {}
            // Gone since its parent was read; a configured directory that is gone may come back.
            Err(error) if depth > 0 && error.kind() == io::ErrorKind::NotFound => return,
            Err(error) => return self.walked.miss(directory, format!("cannot be read: {error}")),
        }
        if is_cut {
            self.walked.miss(directory, format!("the rest was not looked at, after {MAX_ENTRIES} files"));
        }
        self.directories(directory, beneath, depth);
    }

    fn directories(&mut self, parent: &Path, names: Vec<OsString>, depth: usize) {
        for name in names {
            let path = parent.join(name);
            if depth == MAX_DEPTH {
                let message = format!("lies deeper than {MAX_DEPTH} directories and was not looked at");
                self.walked.miss(&path, message);
            } else {
                self.beneath(&path, depth + 1);
            }
        }
    }

    fn file(&mut self, path: PathBuf, stat: Option<Stat>) {
        (self.seen)();
        if is_image_name(&path) {
            let stat = stat.map_or_else(|| self.tree.stat(&path), Ok);
            self.walked.consider(&path, stat);
        }
    }
}

impl Walked {
    fn consider(&mut self, path: &Path, stat: io::Result<Stat>) {
        let Some(text) = path.to_str() else {
            return self.fail(path, "its name is not UTF-8: rename it".to_owned());
        };
        if text.len() > MAX_PATH_BYTES {
            return self.fail(path, format!("its path is longer than {MAX_PATH_BYTES} bytes: move it"));
        }
        match stat {
            Ok(stat) => self.candidates.push(Candidate {
                inode: stat.inode,
                device: stat.device,
                path: text.to_owned(),
                size: stat.size,
                modified_us: stat.modified_us,
            }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => self.miss(path, format!("cannot be read: {error}")),
        }
    }

    fn miss(&mut self, path: &Path, message: String) {
        self.unseen.push(path.to_owned());
        self.fail(path, message);
    }

    fn fail(&mut self, path: &Path, message: String) {
        if self.errors.len() < MAX_ERRORS {
            self.errors.push(ScanError { path: path.display().to_string(), message });
        }
    }
}

fn is_image_name(path: &Path) -> bool {
    let extension = path.extension().and_then(|extension| extension.to_str());
    extension.is_some_and(|extension| EXTENSIONS.iter().any(|known| known.eq_ignore_ascii_case(extension)))
}
