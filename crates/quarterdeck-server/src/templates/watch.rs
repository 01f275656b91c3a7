//! Notices that something changed in the templates' directory: by the kernel's word (inotify), or by looking now and
//! then where that tells nothing: on network file systems, where others change files without this kernel's knowledge.

use std::collections::HashMap;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use notify::event::{AccessKind, AccessMode, ModifyKind, RemoveKind};
use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::Notify;

/// The kernel tells of every change; this is for what went lost.
const LOOK_ANYWAY: Duration = Duration::from_secs(60);
const POLL_EVERY: Duration = Duration::from_secs(5);
/// A burst of changes is over when nothing more came for so long; it is looked at while it goes on, too.
const QUIET: Duration = Duration::from_millis(100);
const BURST: Duration = Duration::from_millis(400);
/// Whoever has a file open for writing is waited for so long after the last change.
const WRITING: Duration = Duration::from_secs(10);

/// File systems (`linux/magic.h` and the makers' own) whose files others change without this kernel's knowledge.
const SHARED: [(i64, &str); 14] = [
    (0x6969, "NFS"),
    (0x517b, "SMB"),
    (0xff53_4d42, "CIFS"),
    (0xfe53_4d42, "SMB"),
    (0x6573_5546, "FUSE"),
    (0x0bd0_0bd0, "Lustre"),
    (0x4750_4653, "GPFS"),
    (0x00c3_6400, "Ceph"),
    (0x1983_0326, "BeeGFS"),
    (0x0102_1997, "9P"),
    (0x5346_414f, "AFS"),
    (0x6b41_4653, "AFS"),
    (0x7461_636f, "OCFS2"),
    (0x0116_1970, "GFS2"),
];

/// What the watching of a directory brought, for whoever looks at it.
#[derive(Default)]
pub(super) struct Signals {
    changed: Notify,
    events: AtomicU64,
    /// Files that were written to and not closed since, with when.
    writing: Mutex<HashMap<PathBuf, Instant>>,
}

impl Signals {
    /// Something changed, or has to be looked at for another reason.
    pub(super) fn ring(&self) {
        self.events.fetch_add(1, Ordering::Relaxed);
        self.changed.notify_one();
    }

    /// Until something changes.
    pub(super) async fn changed(&self) {
        self.changed.notified().await;
    }

    /// Until the burst of changes is over.
    pub(super) async fn quiet(&self) {
        let began = Instant::now();
        loop {
            let events = self.events.load(Ordering::Relaxed);
            tokio::time::sleep(QUIET).await;
            if self.events.load(Ordering::Relaxed) == events || began.elapsed() >= BURST {
                return;
            }
        }
    }

    /// Whether somebody has it open and has written to it.
    pub(super) fn is_written(&self, path: &Path) -> bool {
        let mut writing = self.writing();
        match writing.get(path) {
            Some(last) if last.elapsed() < WRITING => true,
            Some(_) => {
                writing.remove(path);
                false
            }
            None => false,
        }
    }

    fn hear(&self, event: &Event) {
        use EventKind::{Access, Modify, Remove};
        match event.kind {
            Modify(ModifyKind::Data(_)) => {
                let mut writing = self.writing();
                writing.extend(event.paths.iter().map(|path| (path.clone(), Instant::now())));
            }
            Access(AccessKind::Close(AccessMode::Write)) | Remove(RemoveKind::File) | Modify(ModifyKind::Name(_)) => {
                let mut writing = self.writing();
                for path in &event.paths {
                    writing.remove(path);
                }
            }
            // Our own reading among it.
            Access(_) => return,
            _ => {}
        }
        self.ring();
    }

    fn writing(&self) -> MutexGuard<'_, HashMap<PathBuf, Instant>> {
        self.writing.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

/// Watches until it is dropped.
pub(super) struct Watch {
    directory: PathBuf,
    /// Which directory it is: an update may put another in its place.
    identity: Option<(u64, u64)>,
    means: Means,
}

enum Means {
    Inotify { _watcher: RecommendedWatcher },
    Polling,
}

impl Watch {
    /// Chooses how by itself. It may take a while where there are many directories.
    pub(super) fn start(directory: &Path, signals: &Arc<Signals>) -> Watch {
        let identity = identity(directory);
        let means = match shared_by(directory) {
            Some(kind) => {
                tracing::info!(directory = %directory.display(), "templates lie on {kind}: looked at every 5 s");
                Means::Polling
            }
            None if identity.is_none() => Means::Polling,
            None => inotify(directory, signals).unwrap_or_else(|error| {
                tracing::warn!("templates are looked at every 5 s, since the kernel does not tell of changes: {error}");
                Means::Polling
            }),
        };
        Watch { directory: directory.to_owned(), identity, means }
    }

    /// Whether the directory's name leads to another one by now.
    pub(super) fn is_outdated(&self) -> bool {
        identity(&self.directory) != self.identity
    }

    /// When to look although nothing was said.
    pub(super) fn interval(&self) -> Duration {
        match self.means {
            Means::Inotify { .. } => LOOK_ANYWAY,
            Means::Polling => POLL_EVERY,
        }
    }
}

fn inotify(directory: &Path, signals: &Arc<Signals>) -> notify::Result<Means> {
    let signals = signals.clone();
    let hear = move |event: notify::Result<Event>| match event {
        Ok(event) => signals.hear(&event),
        // Something went lost.
        Err(_) => signals.ring(),
    };
    let config = notify::Config::default().with_follow_symlinks(false);
    let mut watcher = RecommendedWatcher::new(hear, config)?;
    watcher.watch(&directory.canonicalize()?, RecursiveMode::Recursive)?;
    Ok(Means::Inotify { _watcher: watcher })
}

fn identity(directory: &Path) -> Option<(u64, u64)> {
    std::fs::metadata(directory).ok().map(|about| (about.dev(), about.ino()))
}

/// The network file system that the directory lies on.
fn shared_by(directory: &Path) -> Option<&'static str> {
    let about = rustix::fs::statfs(directory).ok()?;
    SHARED.iter().find(|(magic, _)| *magic == about.f_type as i64).map(|(_, kind)| *kind)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::Write;

    use super::*;

    #[tokio::test]
    async fn a_file_that_is_open_for_writing_is_known_until_it_is_closed() {
        let root = tempfile::tempdir().unwrap();
        let directory = root.path().canonicalize().unwrap();
        fs::create_dir_all(directory.join("community")).unwrap();
        let signals = Arc::new(Signals::default());
        let watch = Watch::start(&directory, &signals);
        assert!(matches!(watch.means, Means::Inotify { .. }) && !watch.is_outdated());
        let path = directory.join("community/a.yaml");
        let mut file = fs::File::create(&path).unwrap();
        file.write_all(b"id: ").unwrap();
        signals.changed().await;
        signals.quiet().await;
        assert!(signals.is_written(&path));
        drop(file);
        signals.changed().await;
        signals.quiet().await;
        assert!(!signals.is_written(&path));
    }

    #[tokio::test]
    async fn reading_is_no_change() {
        let root = tempfile::tempdir().unwrap();
        fs::write(root.path().join("a.yaml"), "id: a").unwrap();
        let signals = Arc::new(Signals::default());
        let _watch = Watch::start(root.path(), &signals);
        fs::read(root.path().join("a.yaml")).unwrap();
        fs::read_dir(root.path()).unwrap().for_each(drop);
        let changed = tokio::time::timeout(Duration::from_millis(300), signals.changed()).await;
        assert!(changed.is_err());
    }

    #[test]
    fn a_directory_that_was_replaced_is_watched_anew() {
        let root = tempfile::tempdir().unwrap();
        let at = |name: &str| root.path().join(name);
        fs::create_dir(at("templates")).unwrap();
        let watch = Watch::start(&at("templates"), &Arc::default());
        assert!(!watch.is_outdated());
        fs::rename(at("templates"), at("old")).unwrap();
        fs::create_dir(at("templates")).unwrap();
        assert!(watch.is_outdated());
        assert_eq!(Watch::start(&at("nowhere"), &Arc::default()).interval(), POLL_EVERY);
    }

    #[test]
    fn what_lies_here_is_not_polled() {
        assert_eq!(shared_by(Path::new("/tmp")), None);
        assert_eq!(shared_by(Path::new("/proc")), None);
    }
}
