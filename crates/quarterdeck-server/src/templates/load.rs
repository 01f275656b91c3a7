//! Reads the templates' directory: `official/<category>/*.yaml` and `community/**`. What else lies there (`archived/`)
//! is not offered. Read again are the files that changed, once they have come to rest.

pub(super) mod community;

use std::collections::{BTreeMap, HashMap};
use std::fs::{self, File, Metadata};
use std::io::{self, Read};
use std::os::fd::OwnedFd;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use rustix::fs::{CWD, Mode, OFlags, openat};

use crate::templates::definition::{Fault, Template};
use crate::templates::{Failure, Loaded, Source};

pub(super) const MAX_FILE_BYTES: u64 = 256 << 10;
const MAX_FILES: usize = 10_000;
/// Directories beneath `official/` and `community/`.
const MAX_DEPTH: usize = 8;
/// A file is read when it has been as it is for so long: who writes it may be in the midst of it.
const SETTLED_AFTER: Duration = Duration::from_millis(150);
/// A file that makes no sense is said to make none when it has been as it is for so long.
const WRONG_AFTER: Duration = Duration::from_millis(450);
/// What is gone is offered for so long at most while other files have not come to rest.
const GONE_AFTER: Duration = Duration::from_secs(2);
/// What had not changed for so long when the server started is at rest.
const OLD: Duration = Duration::from_secs(2);

/// What a directory holds: the templates, and the files that are none.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// One of each id.
    pub(super) templates: Vec<Arc<Loaded>>,
    pub(super) failed: Vec<Failure>,
    /// What was read anew.
    pub(super) read: Vec<Arc<Loaded>>,
    /// When some file has to be looked at again.
    pub(super) again: Option<Duration>,
}

/// What is known of the files, from one look to the next.
#[derive(Default)]
pub(super) struct Memory {
    files: BTreeMap<String, Known>,
    /// The file that each id is served from.
    holders: HashMap<String, String>,
    /// Nothing was looked at yet.
    looked: bool,
}

struct Known {
    source: Source,
    stamp: Stamp,
    /// When it was first seen like this.
    since: Instant,
    /// It has to be read.
    is_due: bool,
    /// What was wrong with it when it was read last.
    fault: Option<Fault>,
    /// What it held when it could be used last.
    good: Option<Arc<Loaded>>,
    /// Since when it is not there any more.
    gone_since: Option<Instant>,
}

/// What tells one state of a file from the next. The time of the inode's change cannot be set back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Stamp {
    inode: u64,
    size: u64,
    modified_ns: i128,
    changed_ns: i128,
}

impl Stamp {
    fn of(about: &Metadata) -> Stamp {
        let ns = |seconds: i64, ns: i64| i128::from(seconds) * 1_000_000_000 + i128::from(ns);
        Stamp {
            inode: about.ino(),
            size: about.size(),
            modified_ns: ns(about.mtime(), about.mtime_nsec()),
            changed_ns: ns(about.ctime(), about.ctime_nsec()),
        }
    }

    /// By this machine's clock, which is not always the file system's.
    fn is_old(&self, now: SystemTime) -> bool {
        let now = now.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_nanos() as i128);
        now - self.changed_ns > OLD.as_nanos() as i128
    }
}

impl Memory {
    /// What was offered when the server ran the last time: it is offered on where its file is broken by now.
    pub(super) fn of(offered: impl IntoIterator<Item = Loaded>) -> Memory {
        let mut memory = Memory::default();
        for loaded in offered {
            memory.holders.insert(loaded.template.id.clone(), loaded.file.clone());
            let mut known = Known::new(loaded.source, Stamp::default(), Instant::now());
            let file = loaded.file.clone();
            known.good = Some(Arc::new(loaded));
            memory.files.insert(file, known);
        }
        memory
    }

    /// Looks at every file and reads those that changed; `is_written` says whether somebody is at it. A file that cannot
    /// be used is reported, hides no other, and what it last held is offered on. Of two with the same id the first
    /// stays; of two that come together the official one counts, then the community's, then the first by path.
    ///
    /// # Errors
    /// When the directory itself cannot be read: then nothing is known of its templates.
    pub(super) fn look(&mut self, root: &Path, now: Instant, is_written: &dyn Fn(&Path) -> bool) -> io::Result<Found> {
        fs::read_dir(root)?;
        let opened = openat(CWD, root, OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?;
        let mut walk = Walk { root, files: Vec::new(), failed: Vec::new(), unread: Vec::new() };
        for source in [Source::Official, Source::Community] {
            walk.directory(&root.join(source.as_str()), source, 0);
        }
        let mut found = Found { failed: walk.failed, ..Found::default() };
        let mut before = std::mem::take(&mut self.files);
        let at_start = !std::mem::replace(&mut self.looked, true);
        let clock = SystemTime::now();
        for seen in walk.files {
            let mut known = before.remove(&seen.file).unwrap_or_else(|| Known::new(seen.source, seen.stamp, now));
            known.gone_since = None;
            if known.stamp != seen.stamp {
                known.change(seen.stamp, now);
            }
            if known.is_due {
                let is_at_rest = at_start && seen.stamp.is_old(clock);
                let wait = match is_written(&root.join(&seen.file)) {
                    true => Some(SETTLED_AFTER),
                    false => known.read(&opened, &seen.file, now, is_at_rest, &mut found.read),
                };
                found.again = [found.again, wait].into_iter().flatten().min();
            }
            self.files.insert(seen.file, known);
        }
        // Of what lies in a directory that cannot be read, nothing is known to be gone.
        let is_unread = |file: &str| walk.unread.iter().any(|directory| Path::new(file).starts_with(directory));
        for (file, mut known) in before {
            let gone_since = *known.gone_since.get_or_insert(now);
            // Moved or written anew under another name: it is offered until that one has come to rest.
            let may_come_back = found.again.is_some() && now.saturating_duration_since(gone_since) < GONE_AFTER;
            if is_unread(&file) {
                known.gone_since = None;
            }
            if known.gone_since.is_none() || may_come_back {
                self.files.insert(file, known);
            }
        }
        self.choose(&mut found);
        found.failed.sort_by(|a, b| a.file.cmp(&b.file));
        Ok(found)
    }

    /// Which file each id is served from.
    fn choose(&mut self, found: &mut Found) {
        let mut by_id: BTreeMap<&str, Vec<(bool, &Arc<Loaded>)>> = BTreeMap::new();
        for (file, known) in &self.files {
            let is_gone = known.gone_since.is_some();
            if let Some(fault) = &known.fault {
                let served = known.good.as_ref().map(|loaded| loaded.template.reference());
                let Fault { line, message } = fault.clone();
                found.failed.push(Failure { file: file.clone(), line, message, served });
            }
            if let Some(loaded) = &known.good {
                by_id.entry(&loaded.template.id).or_default().push((is_gone, loaded));
            }
        }
        let mut holders = HashMap::new();
        for (id, mut loaded) in by_id {
            let held_by = self.holders.get(id);
            loaded.sort_by_key(|(is_gone, loaded)| {
                (*is_gone, held_by != Some(&loaded.file), loaded.source, &loaded.file)
            });
            let Some(((_, first), others)) = loaded.split_first() else { continue };
            for (_, other) in others.iter().filter(|(is_gone, _)| !is_gone) {
                let message = format!("the id {id} is that of {} already: choose another", first.file);
                found.failed.push(Failure { file: other.file.clone(), line: None, message, served: None });
            }
            holders.insert(id.to_owned(), first.file.clone());
            found.templates.push(Arc::clone(first));
        }
        self.holders = holders;
    }
}

impl Known {
    fn new(source: Source, stamp: Stamp, since: Instant) -> Known {
        Known { source, stamp, since, is_due: true, fault: None, good: None, gone_since: None }
    }

    fn change(&mut self, stamp: Stamp, now: Instant) {
        (self.stamp, self.since, self.is_due) = (stamp, now, true);
    }

    /// Reads the file if it has come to rest; else answers when it will have.
    fn read(
        &mut self,
        root: &OwnedFd,
        file: &str,
        now: Instant,
        is_at_rest: bool,
        read: &mut Vec<Arc<Loaded>>,
    ) -> Option<Duration> {
        let age = now.saturating_duration_since(self.since);
        if age < SETTLED_AFTER && !is_at_rest {
            return Some(SETTLED_AFTER - age);
        }
        match read_file(root, file, self.source) {
            Ok((stamp, ..)) if stamp != self.stamp => {
                self.change(stamp, now);
                return Some(SETTLED_AFTER);
            }
            Ok((_, loaded)) => {
                let loaded = Arc::new(loaded);
                read.push(Arc::clone(&loaded));
                (self.good, self.fault) = (Some(loaded), None);
            }
            Err(_) if age < WRONG_AFTER && !is_at_rest => return Some(WRONG_AFTER - age),
            Err(fault) => self.fault = Some(fault),
        }
        self.is_due = false;
        None
    }
}

struct Walk<'a> {
    root: &'a Path,
    files: Vec<Seen>,
    failed: Vec<Failure>,
    /// Directories that are there and cannot be read.
    unread: Vec<PathBuf>,
}

struct Seen {
    source: Source,
    file: String,
    stamp: Stamp,
}

impl Walk<'_> {
    /// Links are not followed: what is offered is what lies in the directory.
    fn directory(&mut self, directory: &Path, source: Source, depth: usize) {
        let entries = match fs::read_dir(directory).and_then(Iterator::collect::<io::Result<Vec<_>>>) {
            Ok(entries) => entries,
            // A site need not have templates of every source, and what was there a moment ago may be gone.
            Err(error) if error.kind() == io::ErrorKind::NotFound => return,
            Err(error) => {
                self.unread.push(self.relative(directory).into());
                return self.fail(directory, format!("cannot be read: {error}"));
            }
        };
        let mut paths: Vec<_> = entries.iter().map(fs::DirEntry::path).collect();
        paths.sort();
        for path in paths {
            let is_hidden = path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
            // What editors and git put beside the files.
            if is_hidden {
                continue;
            }
            let about = match fs::symlink_metadata(&path) {
                Ok(about) => about,
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(error) => {
                    self.fail(&path, format!("cannot be read: {error}"));
                    continue;
                }
            };
            if about.is_dir() && depth < MAX_DEPTH {
                self.directory(&path, source, depth + 1);
            } else if about.is_dir() {
                self.fail(&path, format!("lies deeper than {MAX_DEPTH} directories"));
            } else if about.is_symlink() && (is_yaml(&path) || path.is_dir()) {
                self.fail(&path, "is a symbolic link, which is not followed: put the file itself here".to_owned());
            } else if about.is_file() && is_yaml(&path) {
                self.file(&path, source, &about);
            }
        }
    }

    fn file(&mut self, path: &Path, source: Source, about: &Metadata) {
        if self.files.len() == MAX_FILES {
            return self.fail(path, format!("only the first {MAX_FILES} templates are read"));
        }
        match path.strip_prefix(self.root).unwrap_or(path).to_str() {
            Some(file) => self.files.push(Seen { source, file: file.to_owned(), stamp: Stamp::of(about) }),
            None => self.fail(path, "its name is not UTF-8: rename it".to_owned()),
        }
    }

    fn fail(&mut self, path: &Path, message: String) {
        self.failed.push(Failure { file: self.relative(path), line: None, message, served: None });
    }

    fn relative(&self, path: &Path) -> String {
        path.strip_prefix(self.root).unwrap_or(path).display().to_string()
    }
}

/// What it says, and as it was then.
fn read_file(root: &OwnedFd, file: &str, source: Source) -> Result<(Stamp, Loaded), Fault> {
    let fault = |message: String| Fault { line: None, message };
    let (stamp, yaml) = read_text(root, file).map_err(|error| fault(format!("cannot be read: {error}")))?;
    let template = Template::parse(&yaml)?;
    let loaded = Loaded::new(template, source, file.to_owned(), yaml);
    match source {
        Source::Official if loaded.folder() != Some(&loaded.template.category) => {
            Err(fault(format!("its category is {}: move it to official/{0}/", loaded.template.category)))
        }
        _ => Ok((stamp, loaded)),
    }
}

fn read_text(root: &OwnedFd, file: &str) -> io::Result<(Stamp, String)> {
    let mut file = open_beneath(root, file)?;
    let about = file.metadata()?;
    if !about.is_file() {
        return Err(io::Error::other("it is no regular file"));
    }
    let mut text = String::new();
    if Read::by_ref(&mut file).take(MAX_FILE_BYTES + 1).read_to_string(&mut text)? as u64 > MAX_FILE_BYTES {
        return Err(io::Error::other(format!("it is larger than {} KiB", MAX_FILE_BYTES >> 10)));
    }
    // As it is after the reading: what was written meanwhile shows.
    Ok((Stamp::of(&file.metadata()?), text))
}

fn open_beneath(root: &OwnedFd, file: &str) -> io::Result<File> {
    let (above, name) = file.rsplit_once('/').unwrap_or((".", file));
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    Ok(File::from(openat(directory_beneath(root, above)?, name, flags, Mode::empty())?))
}

/// Name by name, since what was a directory or a file a moment ago may be a link or a pipe by now.
fn directory_beneath(root: &OwnedFd, path: &str) -> io::Result<OwnedFd> {
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let mut directory = None;
    for name in path.split('/') {
        directory = Some(openat(directory.as_ref().unwrap_or(root), name, flags, Mode::empty())?);
    }
    directory.ok_or_else(|| io::ErrorKind::NotFound.into())
}

pub(super) fn is_yaml(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml")
}

#[cfg(test)]
mod tests;
