//! Turns places into descriptors, beneath the roots that the site allows and never outside them.
//!
//! The kernel does it (`openat2` with `RESOLVE_BENEATH`), so that nothing is checked first and used later. Only where
//! it meets a link that leaves the root (`~/scratch -> /scratch/alice`: nearly every home has one) are the names
//! walked one by one, each opened beneath the descriptor of the last, and the link's target is opened anew beneath
//! whichever root holds it.

use std::collections::VecDeque;
use std::ffi::{OsStr, OsString};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Component, Path, PathBuf};

use quarterdeck_types::agent::{AgentError, ErrorCode, Space};
use quarterdeck_types::{FileName, Place, RelativePath, SpaceName};
use rustix::fs::{Mode, OFlags, ResolveFlags, open, openat2, readlinkat};
use rustix::io::Errno;

use crate::errors::{During, Outcome};

/// What the kernel itself allows (`path_resolution(7)`).
const MAX_LINKS: usize = 40;
/// `openat2` answers EAGAIN when a directory on the way is renamed meanwhile; three in a hundred with one busy
/// renamer, so that sixty in a row are somebody's intention.
const MAX_RETRIES: usize = 60;

/// The roots beneath which everything happens.
pub(crate) struct Spaces {
    roots: Vec<(SpaceName, PathBuf)>,
}

/// A place of which it is known beneath which root it lies. Says nothing about whether anything is there.
#[derive(Clone)]
pub(crate) struct Located {
    root: usize,
    pub(crate) path: RelativePath,
    /// For messages and for programs: the space's root and the path, not resolved.
    pub(crate) absolute: PathBuf,
    shown: String,
}

impl std::fmt::Display for Located {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.shown)
    }
}

impl Spaces {
    /// The roots' paths are absolute and hold no `..`.
    pub(crate) fn new(roots: Vec<(SpaceName, PathBuf)>) -> Spaces {
        Spaces { roots }
    }

    pub(crate) fn describe(&self) -> Vec<Space> {
        let space = |(name, root): &(SpaceName, PathBuf)| Space { name: name.clone(), root: escape_absolute(root) };
        self.roots.iter().map(space).collect()
    }

    /// Finds the root of a place. An absolute path, escaped like a [`RelativePath`], belongs to the longest root
    /// above it.
    pub(crate) fn locate(&self, place: &Place) -> Outcome<Located> {
        match place {
            Place::In { space, path } => match self.roots.iter().position(|(name, _)| name == space) {
                Some(root) => Ok(self.located(root, path.clone())),
                None => Err(AgentError::new(ErrorCode::NoSuchSpace, format!("the site has no space \"{space}\""))),
            },
            Place::Absolute { absolute } => {
                let invalid = |error: &dyn std::fmt::Display| {
                    AgentError::new(ErrorCode::BadRequest, format!("{absolute}: {error}"))
                };
                let relative = absolute.strip_prefix('/').ok_or_else(|| invalid(&"this is not an absolute path"))?;
                let path = RelativePath::parse(relative).map_err(|error| invalid(&error))?;
                let bytes = [b"/", path.as_os_str().as_bytes()].concat();
                let (root, rest) =
                    self.root_above(Path::new(OsStr::from_bytes(&bytes))).ok_or_else(|| outside(absolute))?;
                let rest = RelativePath::from_bytes(rest.as_os_str().as_bytes()).map_err(|error| invalid(&error))?;
                Ok(self.located(root, rest))
            }
        }
    }

    /// The place one name further down.
    pub(crate) fn child(&self, directory: &Located, name: &FileName) -> Located {
        self.located(directory.root, directory.path.join(name))
    }

    /// Another place of the same space.
    pub(crate) fn in_same_space(&self, at: &Located, path: RelativePath) -> Located {
        self.located(at.root, path)
    }

    /// The space that a place is in.
    pub(crate) fn name(&self, at: &Located) -> SpaceName {
        self.roots[at.root].0.clone()
    }

    /// The place one name further up, and that name; `None` for a space itself.
    pub(crate) fn split(&self, at: &Located) -> Option<(Located, FileName)> {
        let (parent, name) = at.path.split()?;
        Some((self.located(at.root, parent), name))
    }

    /// Opens what is there, following links as far as they stay within the spaces. `flags` never create.
    pub(crate) fn open(&self, at: &Located, flags: OFlags) -> Outcome<OwnedFd> {
        let root = self.open_root(at.root)?;
        let path = if at.path.is_root() { OsStr::new(".") } else { at.path.as_os_str() };
        match open_beneath(&root, path, flags, ResolveFlags::empty()) {
            Err(Errno::XDEV) => self.walk(at, root, flags),
            other => other.during(at),
        }
    }

    /// Opens the directory above, for system calls that take a directory and one name.
    pub(crate) fn open_parent(&self, at: &Located) -> Outcome<(OwnedFd, FileName)> {
        let Some((parent, name)) = self.split(at) else {
            let message = format!("{at}: this is the space itself, which only the administrator changes");
            return Err(AgentError::new(ErrorCode::PermissionDenied, message));
        };
        Ok((self.open(&parent, OFlags::PATH | OFlags::DIRECTORY)?, name))
    }

    fn located(&self, root: usize, path: RelativePath) -> Located {
        let (name, above) = &self.roots[root];
        let absolute = if path.is_root() { above.clone() } else { above.join(path.as_os_str()) };
        Located { root, absolute, shown: format!("{name}:{path}"), path }
    }

    fn open_root(&self, root: usize) -> Outcome<OwnedFd> {
        let (name, path) = &self.roots[root];
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        open(path, flags, Mode::empty()).during(format_args!("the space \"{name}\" at {}", path.display()))
    }

    /// The longest root at or above an absolute path, and the rest of the path. Roots are compared as they are
    /// configured and then as they resolve, since links name homes either way (`/home/alice`, `/nfs/home/alice`).
    fn root_above(&self, path: &Path) -> Option<(usize, PathBuf)> {
        let longest = |roots: &mut dyn Iterator<Item = (usize, PathBuf)>| {
            let held = roots.filter_map(|(index, root)| {
                let rest = path.strip_prefix(&root).ok()?;
                Some((root.components().count(), index, rest.to_owned()))
            });
            held.max_by_key(|(length, ..)| *length).map(|(_, index, rest)| (index, rest))
        };
        let configured = self.roots.iter().map(|(_, root)| root);
        longest(&mut configured.clone().cloned().enumerate()).or_else(|| {
            let resolved = configured.enumerate().filter_map(|(index, root)| Some((index, root.canonicalize().ok()?)));
            longest(&mut resolved.into_iter())
        })
    }

    fn walk(&self, at: &Located, root: OwnedFd, flags: OFlags) -> Outcome<OwnedFd> {
        let mut walk = Walk { root: at.root, above: vec![(root, OsString::new())], ahead: names_of(&at.path) };
        for _ in 0..=MAX_LINKS {
            match walk.advance(at, flags)? {
                Step::Arrived(opened) => return Ok(opened),
                Step::Relative(target) => walk.put_ahead(&target),
                Step::Absolute { path, link } => {
                    let link = self.show_link(walk.root, &link);
                    self.enter_again(&mut walk, &path).ok_or_else(|| leaves(at, &link, &path))??;
                }
                Step::AboveRoot => {
                    let (_, root) = &self.roots[walk.root];
                    let mut path = root.parent().unwrap_or(root).to_owned();
                    path.extend(walk.ahead.drain(..));
                    self.enter_again(&mut walk, &path).ok_or_else(|| leaves(at, "on the way", &path))??;
                }
            }
        }
        Err(Errno::LOOP).during(at)
    }

    /// Goes on from the root above an absolute path; `None` where there is none.
    fn enter_again(&self, walk: &mut Walk, path: &Path) -> Option<Outcome<()>> {
        let (root, rest) = self.root_above(path)?;
        let opened = self.open_root(root).map(|opened| {
            walk.root = root;
            walk.above = vec![(opened, OsString::new())];
            walk.put_ahead(&rest);
        });
        Some(opened)
    }

    fn show_link(&self, root: usize, link: &[OsString]) -> String {
        let path = link.join(OsStr::new("/"));
        match RelativePath::from_bytes(path.as_bytes()) {
            Ok(path) => format!("{}:{path}", self.roots[root].0),
            Err(_) => format!("in {}", self.roots[root].0),
        }
    }
}

/// A path half walked: the directories from the root down to here, each held open so that `..` in a link leads back
/// to where the walk came from, and the names still ahead.
struct Walk {
    root: usize,
    above: Vec<(OwnedFd, OsString)>,
    ahead: VecDeque<OsString>,
}

enum Step {
    Arrived(OwnedFd),
    Relative(PathBuf),
    Absolute { path: PathBuf, link: Vec<OsString> },
    AboveRoot,
}

impl Walk {
    fn advance(&mut self, at: &Located, flags: OFlags) -> Outcome<Step> {
        let within = ResolveFlags::NO_SYMLINKS;
        while let Some(name) = self.ahead.pop_front() {
            if name == ".." {
                if self.above.len() == 1 {
                    return Ok(Step::AboveRoot);
                }
                self.above.pop();
                continue;
            }
            let last = self.ahead.is_empty();
            // With O_DIRECTORY, so that an automounted file system is there when the next name is looked up.
            let flags = if last { flags } else { OFlags::PATH | OFlags::DIRECTORY };
            match open_beneath(self.here(), &name, flags, within) {
                Ok(opened) if last => return Ok(Step::Arrived(opened)),
                Ok(opened) => self.above.push((opened, name)),
                Err(Errno::LOOP) => return self.read_link(name).during(at),
                Err(errno) => return Err(errno).during(at),
            }
        }
        open_beneath(self.here(), ".", flags, within).during(at).map(Step::Arrived)
    }

    fn read_link(&self, name: OsString) -> Result<Step, Errno> {
        let link = open_beneath(self.here(), &name, OFlags::PATH | OFlags::NOFOLLOW, ResolveFlags::empty())?;
        let target = match readlinkat(&link, "", Vec::new()) {
            // It was one a moment ago.
            Err(Errno::NOENT | Errno::INVAL) => return Err(Errno::AGAIN),
            other => PathBuf::from(OsString::from_vec(other?.into_bytes())),
        };
        if target.is_relative() {
            return Ok(Step::Relative(target));
        }
        let link = self.above.iter().skip(1).map(|(_, name)| name.clone()).chain([name]).collect();
        Ok(Step::Absolute { path: target, link })
    }

    fn here(&self) -> &OwnedFd {
        let (here, _) = self.above.last().expect("the root is never left");
        here
    }

    fn put_ahead(&mut self, path: &Path) {
        for part in path.components().rev() {
            match part {
                Component::Normal(name) => self.ahead.push_front(name.to_owned()),
                Component::ParentDir => self.ahead.push_front("..".into()),
                Component::CurDir | Component::RootDir | Component::Prefix(_) => {}
            }
        }
    }
}

/// Opens a name in a directory without following a link in it; `mode` counts where `flags` create.
pub(crate) fn open_name(directory: impl AsFd, name: &OsStr, flags: OFlags, mode: Mode) -> Result<OwnedFd, Errno> {
    open_name_with(directory, name, flags, mode, ResolveFlags::empty())
}

/// Likewise, where the name must bear more: [`ResolveFlags::NO_XDEV`].
pub(crate) fn open_name_with(
    directory: impl AsFd,
    name: &OsStr,
    flags: OFlags,
    mode: Mode,
    more: ResolveFlags,
) -> Result<OwnedFd, Errno> {
    let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS | more;
    retry(|| openat2(directory.as_fd(), name, flags | OFlags::CLOEXEC, mode, resolve))
}

/// An absolute path as the protocol writes it: escaped like a [`RelativePath`].
pub(crate) fn escape_absolute(path: &Path) -> String {
    let bytes = path.as_os_str().as_bytes();
    match RelativePath::from_bytes(bytes.strip_prefix(b"/").unwrap_or(bytes)) {
        Ok(relative) => format!("/{relative}"),
        Err(_) => path.to_string_lossy().into_owned(),
    }
}

fn open_beneath(root: impl AsFd, path: impl AsRef<OsStr>, flags: OFlags, more: ResolveFlags) -> Result<OwnedFd, Errno> {
    let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_MAGICLINKS | more;
    retry(|| openat2(root.as_fd(), path.as_ref(), flags | OFlags::CLOEXEC, Mode::empty(), resolve))
}

fn retry<T>(mut call: impl FnMut() -> Result<T, Errno>) -> Result<T, Errno> {
    for _ in 0..MAX_RETRIES {
        match call() {
            Err(Errno::AGAIN | Errno::INTR) => std::thread::yield_now(),
            other => return other,
        }
    }
    Err(Errno::AGAIN)
}

fn outside(path: &str) -> AgentError {
    AgentError::new(ErrorCode::LeavesSpace, format!("{path}: this is in none of the spaces that the site allows"))
}

fn leaves(at: &Located, link: &str, path: &Path) -> AgentError {
    let path = escape_absolute(path);
    let message = format!("{at}: the link {link} leads to {path}, which is in none of the spaces that the site allows");
    AgentError::new(ErrorCode::LeavesSpace, message)
}

fn names_of(path: &RelativePath) -> VecDeque<OsString> {
    Path::new(path.as_os_str()).iter().map(OsStr::to_owned).collect()
}
