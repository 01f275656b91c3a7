//! Looks for image files beneath the site's directories. Blocks: for a thread of its own.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::images::ScanError;

const EXTENSIONS: [&str; 6] = ["sif", "simg", "sqsh", "sqfs", "squashfs", "img"];
const MAX_DEPTH: usize = 8;
/// Files and directories looked at beneath one configured directory.
const MAX_ENTRIES: usize = 100_000;

/// What both databases can keep in an index.
const MAX_PATH_BYTES: usize = 1024;

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
}

impl Walked {
    /// Whether an image that is not among the candidates may be there nevertheless.
    pub(super) fn may_be_there(&self, path: &str) -> bool {
        self.unseen.iter().any(|directory| Path::new(path).starts_with(directory))
    }
}

/// Looks through the directories; `seen` is called with each file. Links are not followed, so that no loop is walked
/// and no file is found twice by other names.
pub(super) fn walk(directories: &[PathBuf], mut seen: impl FnMut()) -> Walked {
    let mut walked = Walked::default();
    for root in directories {
        let mut entries_left = MAX_ENTRIES;
        walk_beneath(root, 0, &mut entries_left, &mut walked, &mut seen);
    }
    // One configured directory may lie beneath another.
    walked.candidates.sort_by(|a, b| a.path.cmp(&b.path));
    walked.candidates.dedup_by(|a, b| a.path == b.path);
    walked
}

fn walk_beneath(
    directory: &Path,
    depth: usize,
    entries_left: &mut usize,
    walked: &mut Walked,
    seen: &mut impl FnMut(),
) {
    let entries = match fs::read_dir(directory) {
        Ok(entries) => entries,
        // Gone since its parent was read; a configured directory that is gone may come back.
        Err(error) if depth > 0 && error.kind() == io::ErrorKind::NotFound => return,
        Err(error) => return walked.miss(directory, format!("cannot be read: {error}")),
    };
    for entry in entries {
        if *entries_left == 0 {
            return walked.miss(directory, format!("the rest was not looked at, after {MAX_ENTRIES} files"));
        }
        *entries_left -= 1;
        let (entry, kind) = match entry.and_then(|entry| entry.file_type().map(|kind| (entry, kind))) {
            Ok(found) => found,
            Err(error) => {
                walked.miss(directory, format!("cannot be read to its end: {error}"));
                continue;
            }
        };
        let path = entry.path();
        if kind.is_dir() {
            if depth == MAX_DEPTH {
                walked.miss(&path, format!("lies deeper than {MAX_DEPTH} directories and was not looked at"));
            } else {
                walk_beneath(&path, depth + 1, entries_left, walked, seen);
            }
        } else if kind.is_file() {
            seen();
            if is_image_name(&path) {
                walked.consider(&path, entry.metadata());
            }
        }
    }
}

impl Walked {
    fn consider(&mut self, path: &Path, metadata: io::Result<fs::Metadata>) {
        let Some(text) = path.to_str() else {
            return self.fail(path, "its name is not UTF-8: rename it".to_owned());
        };
        if text.len() > MAX_PATH_BYTES {
            return self.fail(path, format!("its path is longer than {MAX_PATH_BYTES} bytes: move it"));
        }
        match metadata {
            Ok(metadata) => self.candidates.push(Candidate {
                inode: Some(metadata.ino()),
                device: Some(metadata.dev()),
                path: text.to_owned(),
                size: metadata.len(),
                modified_us: metadata.mtime().saturating_mul(1_000_000).saturating_add(metadata.mtime_nsec() / 1000),
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
        self.errors.push(ScanError { path: path.display().to_string(), message });
    }
}

fn is_image_name(path: &Path) -> bool {
    let extension = path.extension().and_then(|extension| extension.to_str());
    extension.is_some_and(|extension| EXTENSIONS.iter().any(|known| known.eq_ignore_ascii_case(extension)))
}
