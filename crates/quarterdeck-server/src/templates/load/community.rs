//! Writes files into `community/`: whole or not at all, never through a link, and over nothing that has changed since
//! somebody looked at it.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::OwnedFd;
use std::path::Path;

use rustix::fs::{AtFlags, CWD, Mode, OFlags, fchmod, fsync, linkat, mkdirat, openat, renameat, unlinkat};
use rustix::io::Errno;
use uuid::Uuid;

use super::{directory_beneath, read_text};
use crate::templates::{Loaded, Source};

/// What is to be replaced.
#[derive(Clone, Copy, Debug)]
pub(in crate::templates) struct Standing<'a> {
    /// Relative to the templates' directory.
    pub(in crate::templates) file: &'a str,
    /// Of the text that it has to hold still, SHA-256.
    pub(in crate::templates) hash: &'a str,
}

#[derive(Debug)]
pub(in crate::templates) enum Fault {
    /// A file of its name is there.
    Taken,
    /// What is to be replaced says something else by now.
    Changed,
    Io(io::Error),
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Fault {
        Fault::Io(error)
    }
}

impl From<Errno> for Fault {
    fn from(error: Errno) -> Fault {
        Fault::Io(error.into())
    }
}

/// In the place of what stands, or as the new file `community/<id>.yaml`.
pub(in crate::templates) fn put(
    root: &Path,
    id: &str,
    text: &str,
    standing: Option<Standing<'_>>,
) -> Result<(), Fault> {
    let root = openat(CWD, root, OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?;
    let of_source = Source::Community.as_str();
    match mkdirat(&root, of_source, Mode::from_raw_mode(0o755)) {
        Ok(()) | Err(Errno::EXIST) => {}
        Err(error) => return Err(error.into()),
    }
    let new = format!("{of_source}/{id}.yaml");
    let file = standing.map_or(new.as_str(), |standing| standing.file);
    let (above, name) = file.rsplit_once('/').unwrap_or((of_source, file));
    let directory = directory_beneath(&root, above)?;
    // Hidden, so that nobody takes it for a template.
    let hidden = format!(".{id}.{}.new", Uuid::now_v7());
    let put = write(&directory, &hidden, text).map_err(Fault::from).and_then(|()| match standing {
        // What is there is not replaced, be it a file, a directory or a link.
        None => linkat(&directory, &hidden, &directory, name, AtFlags::empty()).map_err(|error| match error {
            Errno::EXIST => Fault::Taken,
            error => error.into(),
        }),
        Some(Standing { hash, .. }) => match read_text(&root, file) {
            Ok((_, text)) if Loaded::hash_of(&text) == hash => Ok(renameat(&directory, &hidden, &directory, name)?),
            Ok(_) => Err(Fault::Changed),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Err(Fault::Changed),
            Err(error) => Err(error.into()),
        },
    });
    // Gone already where it was renamed.
    let _ = unlinkat(&directory, &hidden, AtFlags::empty());
    put?;
    Ok(fsync(openat(&directory, ".", OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?)?)
}

fn write(directory: &OwnedFd, name: &str, text: &str) -> io::Result<()> {
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let mut file = File::from(openat(directory, name, flags, Mode::from_raw_mode(0o644))?);
    // For everybody to read, whatever the server's umask.
    fchmod(&file, Mode::from_raw_mode(0o644))?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;

    fn standing<'a>(file: &'a str, hash: &'a str) -> Option<Standing<'a>> {
        Some(Standing { file, hash })
    }

    /// Nothing is left behind.
    fn names(directory: &Path) -> Vec<String> {
        let mut names: Vec<_> =
            fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn a_new_file_takes_no_name_that_is_taken() {
        let root = tempfile::tempdir().unwrap();
        put(root.path(), "one", "text", None).unwrap();
        let community = root.path().join("community");
        assert_eq!(fs::read_to_string(community.join("one.yaml")).unwrap(), "text");
        assert!(matches!(put(root.path(), "one", "other", None), Err(Fault::Taken)));
        symlink("/etc/passwd-of-nobody", community.join("two.yaml")).unwrap();
        assert!(matches!(put(root.path(), "two", "other", None), Err(Fault::Taken)));
        assert_eq!(fs::read_to_string(community.join("one.yaml")).unwrap(), "text");
        assert_eq!(names(&community), ["one.yaml", "two.yaml"]);
    }

    #[test]
    fn only_what_was_looked_at_is_replaced() {
        let root = tempfile::tempdir().unwrap();
        let lab = root.path().join("community/lab");
        fs::create_dir_all(&lab).unwrap();
        fs::write(lab.join("a.yaml"), "first").unwrap();
        let (file, first) = ("community/lab/a.yaml", Loaded::hash_of("first"));
        put(root.path(), "one", "second", standing(file, &first)).unwrap();
        assert_eq!(fs::read_to_string(lab.join("a.yaml")).unwrap(), "second");
        assert!(matches!(put(root.path(), "one", "third", standing(file, &first)), Err(Fault::Changed)));
        assert!(matches!(
            put(root.path(), "one", "third", standing("community/lab/gone.yaml", &first)),
            Err(Fault::Changed)
        ));
        assert_eq!(fs::read_to_string(lab.join("a.yaml")).unwrap(), "second");
        assert_eq!(names(&lab), ["a.yaml"]);
    }

    #[test]
    fn no_link_leads_out_of_the_tree() {
        let (root, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        fs::write(outside.path().join("a.yaml"), "first").unwrap();
        let first = Loaded::hash_of("first");
        symlink(outside.path(), root.path().join("community")).unwrap();
        assert!(matches!(put(root.path(), "one", "text", None), Err(Fault::Io(_))));
        assert!(matches!(put(root.path(), "one", "text", standing("community/a.yaml", &first)), Err(Fault::Io(_))));
        fs::remove_file(root.path().join("community")).unwrap();
        fs::create_dir(root.path().join("community")).unwrap();
        symlink(outside.path().join("a.yaml"), root.path().join("community/a.yaml")).unwrap();
        assert!(matches!(put(root.path(), "one", "text", standing("community/a.yaml", &first)), Err(Fault::Io(_))));
        assert_eq!(names(outside.path()), ["a.yaml"]);
        assert_eq!(fs::read_to_string(outside.path().join("a.yaml")).unwrap(), "first");
    }
}
