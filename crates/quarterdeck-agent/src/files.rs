//! Opens, lists, makes, renames and removes a user's files. What changes a directory goes through a descriptor of it
//! and one name.

use std::collections::BinaryHeap;
use std::ffi::OsStr;
use std::fs::File;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use quarterdeck_types::agent::{AgentError, Answer, Entry, EntryKind, ErrorCode, FileVersion, MAX_LIST_ENTRIES};
use quarterdeck_types::{FileName, Place};
use rustix::fs::{
    AtFlags, CWD, Dir, FileType, Mode, OFlags, RenameFlags, Stat, chmodat, fstat, fstatfs, linkat, mkdirat, renameat,
    renameat_with, statat, symlinkat, unlinkat,
};
use rustix::io::Errno;

use crate::errors::{During, Outcome};
use crate::resolve::{Located, Spaces, escape_absolute, open_name};

/// What opens without ever waiting or taking a terminal, whatever the user put there.
pub(crate) const CAREFUL: OFlags = OFlags::NONBLOCK.union(OFlags::NOCTTY);
const NEW_DIRECTORY: Mode = Mode::from_raw_mode(0o777);

/// File systems (`linux/magic.h`) whose files the server must not read through a descriptor of ours: under FUSE a
/// stopped daemon would leave the server's thread unkillable, and in the kernel's own ones a read can mean anything.
const RELAYED_ONLY: [i64; 12] = [
    0x6573_5546, // FUSE
    0x9fa0,      // proc
    0x6265_6572, // sysfs
    0x6462_6720, // debugfs
    0x7472_6163, // tracefs
    0x7363_6673, // securityfs
    0x6265_6570, // configfs
    0x27_e0eb,   // cgroup
    0x6367_7270, // cgroup2
    0xcafe_4a11, // bpf
    0x1980_0202, // mqueue
    0x1cd1,      // devpts
];

pub(crate) fn open_read(spaces: &Spaces, at: &Place) -> Outcome<(Entry, OwnedFd)> {
    let at = spaces.locate(at)?;
    let opened = spaces.open(&at, OFlags::RDONLY | CAREFUL)?;
    let about = check_regular(&opened, &at)?;
    Ok((entry_at(&at, &about), opened))
}

pub(crate) fn stat(spaces: &Spaces, at: &Place) -> Outcome<Entry> {
    let at = spaces.locate(at)?;
    let about = if at.path.is_root() {
        fstat(spaces.open(&at, OFlags::PATH)?).during(&at)?
    } else {
        let (parent, name) = spaces.open_parent(&at)?;
        stat_name(&parent, name.as_os_str()).during(&at)?
    };
    Ok(entry_at(&at, &about))
}

/// Reads all names, keeps the page's only, and looks at no other entry: a directory of 65,000 files is a page too.
pub(crate) fn list(spaces: &Spaces, at: &Place, after: Option<&FileName>, limit: u32) -> Outcome<Answer> {
    let at = spaces.locate(at)?;
    let limit = limit.clamp(1, MAX_LIST_ENTRIES) as usize;
    let directory = spaces.open(&at, OFlags::RDONLY | OFlags::DIRECTORY | CAREFUL)?;
    let mut names = first_names(&directory, after, limit + 1).during(&at)?;
    let more = names.len() > limit;
    names.truncate(limit);
    let mut items = Vec::with_capacity(names.len());
    for name in names {
        match stat_name(&directory, name.as_os_str()) {
            Ok(about) => items.push(entry(&name, &about, None)),
            // Removed since its name was read.
            Err(Errno::NOENT) => {}
            Err(errno) => return Err(errno).during(spaces.child(&at, &name)),
        }
    }
    Ok(Answer::Entries { items, more })
}

pub(crate) fn mkdir(spaces: &Spaces, at: &Place, parents: bool) -> Outcome<Entry> {
    let at = spaces.locate(at)?;
    if parents {
        let made = make_directories(spaces, &at)?;
        return Ok(entry_at(&at, &fstat(&made).during(&at)?));
    }
    let (parent, name) = spaces.open_parent(&at)?;
    mkdirat(&parent, name.as_os_str(), NEW_DIRECTORY).during(&at)?;
    Ok(entry_at(&at, &stat_name(&parent, name.as_os_str()).during(&at)?))
}

/// Makes what is missing of a directory and of those above it, and opens it.
pub(crate) fn make_directories(spaces: &Spaces, at: &Located) -> Outcome<OwnedFd> {
    let mut missing = Vec::new();
    let mut level = at.clone();
    loop {
        match (spaces.open(&level, OFlags::PATH | OFlags::DIRECTORY), spaces.split(&level)) {
            (Ok(opened), _) if missing.is_empty() => return Ok(opened),
            (Ok(_), _) => break,
            (Err(error), Some((parent, _))) if error.code == ErrorCode::NotFound => {
                missing.push(level);
                level = parent;
            }
            (Err(error), _) => return Err(error),
        }
    }
    let mut opened = None;
    for level in missing.iter().rev() {
        let (parent, name) = spaces.open_parent(level)?;
        match mkdirat(&parent, name.as_os_str(), NEW_DIRECTORY) {
            // As far as it goes: a directory that lets us make entries need not let us read it.
            Ok(()) => drop(sync_directory(&parent)),
            // Somebody else made it just now.
            Err(Errno::EXIST) => {}
            Err(errno) => return Err(errno).during(level),
        }
        opened = Some(spaces.open(level, OFlags::PATH | OFlags::DIRECTORY)?);
    }
    Ok(opened.expect("at least one level was missing"))
}

pub(crate) fn rename(spaces: &Spaces, from: &Place, to: &Place, replace: bool) -> Outcome<()> {
    let (from, to) = (spaces.locate(from)?, spaces.locate(to)?);
    let (from_parent, from_name) = spaces.open_parent(&from)?;
    let (to_parent, to_name) = spaces.open_parent(&to)?;
    let renamed = if replace {
        renameat(&from_parent, from_name.as_os_str(), &to_parent, to_name.as_os_str())
    } else {
        rename_new((from_parent.as_fd(), from_name.as_os_str()), (to_parent.as_fd(), to_name.as_os_str()))
    };
    match renamed {
        Err(Errno::INVAL) => {
            let message = format!("{from}: a directory cannot be moved into itself: choose another place");
            Err(AgentError::new(ErrorCode::IntoItself, message))
        }
        other => other.during(format_args!("{from} to {to}")),
    }
}

/// Renames without ever replacing, also where the file system does not know `RENAME_NOREPLACE` (NFS).
pub(crate) fn rename_new(from: (BorrowedFd<'_>, &OsStr), to: (BorrowedFd<'_>, &OsStr)) -> Result<(), Errno> {
    match renameat_with(from.0, from.1, to.0, to.1, RenameFlags::NOREPLACE) {
        Err(Errno::INVAL | Errno::NOSYS) => rename_new_by_link(from, to),
        other => other,
    }
}

fn rename_new_by_link(from: (BorrowedFd<'_>, &OsStr), to: (BorrowedFd<'_>, &OsStr)) -> Result<(), Errno> {
    let about = stat_name(from.0, from.1)?;
    if FileType::from_raw_mode(about.st_mode) == FileType::Directory {
        // Takes the name with an empty directory; a rename may replace that, and nothing else.
        mkdirat(to.0, to.1, NEW_DIRECTORY)?;
        return renameat(from.0, from.1, to.0, to.1).inspect_err(|_| {
            let _ = unlinkat(to.0, to.1, AtFlags::REMOVEDIR);
        });
    }
    match linkat(from.0, from.1, to.0, to.1, AtFlags::empty()) {
        // NFS repeats a request whose answer was lost: the name may be there because the first one made it.
        Err(Errno::EXIST) if stat_name(to.0, to.1).is_ok_and(|there| same_file(&there, &about)) => {}
        other => other?,
    }
    unlinkat(from.0, from.1, AtFlags::empty())
}

pub(crate) fn remove(spaces: &Spaces, at: &Place) -> Outcome<()> {
    let at = spaces.locate(at)?;
    let (parent, name) = spaces.open_parent(&at)?;
    match unlinkat(&parent, name.as_os_str(), AtFlags::empty()) {
        Err(Errno::ISDIR) => unlinkat(&parent, name.as_os_str(), AtFlags::REMOVEDIR),
        other => other,
    }
    .during(&at)
}

/// Changes what the name itself is, and nothing that a link leads to.
pub(crate) fn set_mode(spaces: &Spaces, at: &Place, mode: u32) -> Outcome<Entry> {
    let at = spaces.locate(at)?;
    let opened = open_with_permissions(spaces, &at)?;
    // What is open for its name alone takes no fchmod.
    chmodat(CWD, descriptor_path(&opened), Mode::from_raw_mode(mode & 0o7777), AtFlags::empty()).during(&at)?;
    Ok(entry_at(&at, &fstat(&opened).during(&at)?))
}

/// Opens a file or a directory for its name alone: nothing else has permissions, and no link is followed.
pub(crate) fn open_with_permissions(spaces: &Spaces, at: &Located) -> Outcome<OwnedFd> {
    let (parent, name) = spaces.open_parent(at)?;
    let opened = open_name(&parent, name.as_os_str(), OFlags::PATH | OFlags::NOFOLLOW, Mode::empty()).during(at)?;
    let about = fstat(&opened).during(at)?;
    if matches!(FileType::from_raw_mode(about.st_mode), FileType::RegularFile | FileType::Directory) {
        return Ok(opened);
    }
    let message = format!("{at}: only files and directories have permissions of their own");
    Err(AgentError::new(ErrorCode::NotRegular, message))
}

pub(crate) fn link(spaces: &Spaces, from: &Place, to: &Place) -> Outcome<Entry> {
    let (from, to) = (spaces.locate(from)?, spaces.locate(to)?);
    let opened = spaces.open(&from, OFlags::PATH)?;
    check_regular(&opened, &from)?;
    let (parent, name) = spaces.open_parent(&to)?;
    let name = name.as_os_str();
    match linkat(CWD, descriptor_path(&opened), &parent, name, AtFlags::SYMLINK_FOLLOW) {
        // Another file system, too many links, or a kernel that lets nobody link a file that is not hers.
        Err(Errno::XDEV | Errno::MLINK | Errno::PERM | Errno::OPNOTSUPP) => {
            symlinkat(&from.absolute, &parent, name).during(&to)?;
        }
        // Asked again, it has been done already.
        Err(Errno::EXIST)
            if stat_name(&parent, name)
                .is_ok_and(|there| fstat(&opened).is_ok_and(|file| same_file(&there, &file))) => {}
        other => other.during(&to)?,
    }
    Ok(entry_at(&to, &stat_name(&parent, name).during(&to)?))
}

/// A path that leads to exactly the file that is open, however it is renamed meanwhile.
pub(crate) fn descriptor_path(descriptor: &OwnedFd) -> String {
    format!("/proc/self/fd/{}", descriptor.as_raw_fd())
}

/// Looks at what was opened: a regular file on a file system whose files the server may use.
pub(crate) fn check_regular(opened: &OwnedFd, at: &Located) -> Outcome<Stat> {
    let about = fstat(opened).during(at)?;
    let refuse = |code, what: &str| Err(AgentError::new(code, format!("{at}: {what}")));
    match FileType::from_raw_mode(about.st_mode) {
        FileType::RegularFile => {}
        FileType::Directory => return refuse(ErrorCode::IsADirectory, "this is a directory"),
        _ => return refuse(ErrorCode::NotRegular, "this is not a regular file"),
    }
    if RELAYED_ONLY.contains(&fstatfs(opened).during(at)?.f_type) {
        return refuse(ErrorCode::NotRegular, "files on FUSE, proc and the like cannot be opened here yet");
    }
    Ok(about)
}

pub(crate) fn stat_name(directory: impl AsFd, name: &OsStr) -> Result<Stat, Errno> {
    statat(directory, name, AtFlags::SYMLINK_NOFOLLOW)
}

pub(crate) fn same_file(one: &Stat, other: &Stat) -> bool {
    (one.st_dev, one.st_ino) == (other.st_dev, other.st_ino)
}

/// Writes a directory's changes to the disk. The descriptor may be one that only names it (`O_PATH`).
pub(crate) fn sync_directory(directory: impl AsFd) -> std::io::Result<()> {
    let readable = open_name(directory, OsStr::new("."), OFlags::RDONLY | OFlags::DIRECTORY, Mode::empty())?;
    File::from(readable).sync_all()
}

pub(crate) fn entry_at(at: &Located, about: &Stat) -> Entry {
    let absolute = Some(at.absolute.as_path());
    match at.path.split() {
        Some((_, name)) => entry(&name, about, absolute),
        None => Entry { name: String::new(), path_name: String::new(), ..entry_of(about, absolute) },
    }
}

pub(crate) fn entry(name: &FileName, about: &Stat, absolute: Option<&Path>) -> Entry {
    Entry { name: name.display(), path_name: name.to_string(), ..entry_of(about, absolute) }
}

fn entry_of(about: &Stat, absolute: Option<&Path>) -> Entry {
    let kind = match FileType::from_raw_mode(about.st_mode) {
        FileType::RegularFile => EntryKind::File,
        FileType::Directory => EntryKind::Directory,
        FileType::Symlink => EntryKind::Link,
        _ => EntryKind::Other,
    };
    Entry {
        name: String::new(),
        path_name: String::new(),
        absolute: absolute.map(escape_absolute),
        kind,
        size: u64::try_from(about.st_size).unwrap_or(0),
        modified_us: about.st_mtime * 1_000_000 + about.st_mtime_nsec as i64 / 1000,
        mode: about.st_mode & 0o7777,
        uid: about.st_uid,
        gid: about.st_gid,
        inode: about.st_ino,
    }
}

pub(crate) fn version(about: &Stat) -> FileVersion {
    entry_of(about, None).version()
}

/// The first `count` names behind `after`, in the order of their bytes. Holds no more than that many at a time.
pub(crate) fn first_names(directory: &OwnedFd, after: Option<&FileName>, count: usize) -> Result<Vec<FileName>, Errno> {
    let mut first: BinaryHeap<FileName> = BinaryHeap::with_capacity(count + 1);
    for found in Dir::read_from(directory)? {
        let found = found?;
        let bytes = found.file_name().to_bytes();
        let wanted = after.is_none_or(|after| bytes > after.as_os_str().as_bytes())
            && (first.len() < count || first.peek().is_some_and(|last| bytes < last.as_os_str().as_bytes()));
        // "." and ".." are no names.
        let Some(name) = wanted.then(|| FileName::from_bytes(bytes).ok()).flatten() else { continue };
        first.push(name);
        if first.len() > count {
            first.pop();
        }
    }
    Ok(first.into_sorted_vec())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn without_help_of_the_file_system_a_rename_replaces_nothing_either() {
        let directory = tempfile::tempdir().unwrap();
        let path = |name: &str| directory.path().join(name);
        let opened = fs::File::open(directory.path()).unwrap();
        let rename = |from: &str, to: &str| {
            rename_new_by_link((opened.as_fd(), OsStr::new(from)), (opened.as_fd(), OsStr::new(to)))
        };
        fs::write(path("file"), "new").unwrap();
        fs::write(path("taken"), "old").unwrap();
        assert_eq!(rename("file", "taken"), Err(Errno::EXIST));
        assert_eq!(rename("file", "free"), Ok(()));
        assert!(!path("file").exists());

        fs::create_dir(path("directory")).unwrap();
        fs::write(path("directory/inside"), "").unwrap();
        assert_eq!(rename("directory", "taken"), Err(Errno::EXIST));
        assert_eq!(rename("directory", "moved"), Ok(()));
        assert!(path("moved/inside").exists() && !path("directory").exists());
        assert_eq!(fs::read_to_string(path("taken")).unwrap(), "old");

        // The link was made, and the answer lost on the way.
        fs::hard_link(path("free"), path("linked")).unwrap();
        assert_eq!(rename("free", "linked"), Ok(()));
        assert!(!path("free").exists());
    }
}
