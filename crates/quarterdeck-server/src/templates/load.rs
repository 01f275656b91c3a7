//! Reads the templates' directory: `official/<category>/*.yaml`, `community/**`, `private/<user>/**`. What else lies
//! there (`archived/`) is not offered.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;

use crate::templates::definition::{Fault, Template};
use crate::templates::{Failure, Loaded, Source};

const MAX_FILE_BYTES: u64 = 256 << 10;
const MAX_FILES: usize = 10_000;
/// Directories beneath `official/`, `community/` and `private/`.
const MAX_DEPTH: usize = 8;

/// What a directory holds: the templates, and the files that are none.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) templates: Vec<Loaded>,
    pub(super) failed: Vec<Failure>,
}

/// Reads every template of the directory. A file that cannot be used is reported and hides no other. Where two have
/// the same id, the official one counts, then the community's, then the first by path.
///
/// # Errors
/// When the directory itself cannot be read: then nothing is known of its templates.
pub(super) fn read_directory(root: &Path) -> io::Result<Found> {
    fs::read_dir(root)?;
    let mut found = Found::default();
    let mut walk = Walk { root, files: Vec::new(), failed: Vec::new() };
    for source in Source::ALL {
        walk.directory(&root.join(source.as_str()), source, 0);
    }
    found.failed.append(&mut walk.failed);

    let mut by_id: BTreeMap<String, PathBuf> = BTreeMap::new();
    for (source, path) in walk.files {
        let file = relative(root, &path);
        match read_file(&path, source, &file) {
            Ok(loaded) => match by_id.get(&loaded.template.id) {
                Some(first) => {
                    let message = format!(
                        "the id {} is that of {} already: choose another",
                        loaded.template.id,
                        relative(root, first)
                    );
                    found.failed.push(Failure { file, line: None, message });
                }
                None => {
                    by_id.insert(loaded.template.id.clone(), path);
                    found.templates.push(loaded);
                }
            },
            Err(fault) => found.failed.push(Failure { file, line: fault.line, message: fault.message }),
        }
    }
    Ok(found)
}

struct Walk<'a> {
    root: &'a Path,
    files: Vec<(Source, PathBuf)>,
    failed: Vec<Failure>,
}

impl Walk<'_> {
    /// Links are not followed: what is offered is what lies in the directory.
    fn directory(&mut self, directory: &Path, source: Source, depth: usize) {
        let entries = match fs::read_dir(directory).and_then(Iterator::collect::<io::Result<Vec<_>>>) {
            Ok(entries) => entries,
            // A site need not have templates of every source.
            Err(error) if depth == 0 && error.kind() == io::ErrorKind::NotFound => return,
            Err(error) => return self.fail(directory, format!("cannot be read: {error}")),
        };
        let mut paths: Vec<_> = entries.iter().map(|entry| (entry.path(), entry.file_type())).collect();
        paths.sort_by(|(a, _), (b, _)| a.cmp(b));
        for (path, kind) in paths {
            match kind {
                Ok(kind) if kind.is_dir() && depth < MAX_DEPTH => self.directory(&path, source, depth + 1),
                Ok(kind) if kind.is_dir() => self.fail(&path, format!("lies deeper than {MAX_DEPTH} directories")),
                Ok(kind) if kind.is_file() && is_yaml(&path) => {
                    if self.files.len() == MAX_FILES {
                        return self.fail(&path, format!("only the first {MAX_FILES} templates are read"));
                    }
                    self.files.push((source, path));
                }
                Ok(_) => {}
                Err(error) => self.fail(&path, format!("cannot be read: {error}")),
            }
        }
    }

    fn fail(&mut self, path: &Path, message: String) {
        self.failed.push(Failure { file: relative(self.root, path), line: None, message });
    }
}

fn read_file(path: &Path, source: Source, file: &str) -> Result<Loaded, Fault> {
    let fault = |message: String| Fault { line: None, message };
    let yaml = read_text(path).map_err(|error| fault(format!("cannot be read: {error}")))?;
    let loaded = Loaded { template: Template::parse(&yaml)?, source, file: file.to_owned() };
    match source {
        Source::Official if loaded.folder() != Some(&loaded.template.category) => {
            Err(fault(format!("its category is {}: move it to official/{0}/", loaded.template.category)))
        }
        Source::Private if loaded.folder().is_none() => {
            Err(fault("lies beneath no user: move it to private/<user>/".to_owned()))
        }
        _ => Ok(loaded),
    }
}

fn read_text(path: &Path) -> io::Result<String> {
    // What was a file a moment ago may be a link or a pipe by now.
    let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits() as i32;
    let file = File::options().read(true).custom_flags(flags).open(path)?;
    if !file.metadata()?.is_file() {
        return Err(io::Error::other("it is no regular file"));
    }
    let mut text = String::new();
    if file.take(MAX_FILE_BYTES + 1).read_to_string(&mut text)? as u64 > MAX_FILE_BYTES {
        return Err(io::Error::other(format!("it is larger than {} KiB", MAX_FILE_BYTES >> 10)));
    }
    Ok(text)
}

fn is_yaml(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml")
}

fn relative(root: &Path, path: &Path) -> String {
    path.strip_prefix(root).unwrap_or(path).display().to_string()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use rstest::rstest;

    use super::*;
    use crate::templates::definition::tests::EXAMPLE;

    fn write(root: &Path, file: &str, text: impl AsRef<[u8]>) {
        let path = root.join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn named(id: &str) -> String {
        EXAMPLE.replace("id: count-words", &format!("id: {id}"))
    }

    fn ids(found: &Found) -> Vec<(&str, Source)> {
        found.templates.iter().map(|loaded| (loaded.template.id.as_str(), loaded.source)).collect()
    }

    #[test]
    fn every_template_that_ships_can_be_used() {
        let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../templates");
        let found = read_directory(&shipped).unwrap();
        assert_eq!(found.failed, []);
        let ids: Vec<&str> = found.templates.iter().map(|loaded| loaded.template.id.as_str()).collect();
        for id in ["shell", "python-data", "apptainer-run", "array"] {
            assert!(ids.contains(&id), "{id} is not among {ids:?}");
        }
    }

    #[test]
    fn sources_are_directories_and_what_else_is_there_is_left_alone() {
        let root = tempfile::tempdir().unwrap();
        write(root.path(), "official/data/a.yaml", named("a"));
        write(root.path(), "community/b.yml", named("b"));
        write(root.path(), "community/deep/er/c.yaml", named("c"));
        write(root.path(), "private/alice/d.yaml", named("d"));
        write(root.path(), "archived/e.yaml", named("e"));
        write(root.path(), "official/data/README.md", "no template");
        let found = read_directory(root.path()).unwrap();
        assert_eq!(found.failed, []);
        let expected =
            [("a", Source::Official), ("b", Source::Community), ("c", Source::Community), ("d", Source::Private)];
        assert_eq!(ids(&found), expected);
        assert_eq!(found.templates[3].folder(), Some("alice"));
    }

    #[rstest]
    #[case::broken("official/data/bad.yaml", EXAMPLE.replace("tags: [text]", "tagz: [text]"), Some(6), "tagz")]
    #[case::too_large("official/data/bad.yaml", "#".repeat(300 << 10), None, "256 KiB")]
    #[case::no_text("official/data/bad.yaml", [0xff, 0xfe, 0x00], None, "UTF-8")]
    #[case::another_category("official/physics/bad.yaml", named("other"), None, "official/data/")]
    #[case::of_nobody("private/bad.yaml", named("other"), None, "private/<user>/")]
    #[case::an_id_that_is_taken("private/alice/bad.yaml", named("good"), None, "official/data/good.yaml")]
    #[case::too_deep("community/1/2/3/4/5/6/7/8/9/bad.yaml", named("other"), None, "deeper")]
    fn a_bad_file_is_reported_and_hides_no_other(
        #[case] file: &str,
        #[case] text: impl AsRef<[u8]>,
        #[case] line: Option<usize>,
        #[case] message: &str,
    ) {
        let root = tempfile::tempdir().unwrap();
        write(root.path(), "official/data/good.yaml", named("good"));
        write(root.path(), file, text);
        let found = read_directory(root.path()).unwrap();
        assert_eq!(ids(&found), [("good", Source::Official)]);
        let [failure] = found.failed.as_slice() else { panic!("{:?}", found.failed) };
        assert!(failure.message.contains(message), "{}", failure.message);
        assert_eq!(failure.line, line);
        assert!(file.starts_with(&failure.file), "{}", failure.file);
    }

    #[test]
    fn links_and_pipes_are_not_read() {
        let (root, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        write(elsewhere.path(), "secret.yaml", named("secret"));
        write(root.path(), "community/good.yaml", named("good"));
        symlink(elsewhere.path().join("secret.yaml"), root.path().join("community/link.yaml")).unwrap();
        symlink(elsewhere.path(), root.path().join("community/more")).unwrap();
        symlink(root.path(), root.path().join("community/loop")).unwrap();
        let pipe = root.path().join("community/pipe.yaml");
        rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, rustix::fs::Mode::RUSR, 0).unwrap();
        let found = read_directory(root.path()).unwrap();
        assert_eq!(ids(&found), [("good", Source::Community)]);
    }

    #[test]
    fn a_directory_that_cannot_be_read_is_an_error_and_no_empty_list() {
        assert!(read_directory(Path::new("/nonexistent/templates")).is_err());
    }
}
