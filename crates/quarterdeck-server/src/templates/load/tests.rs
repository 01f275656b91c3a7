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
    let mut loaded: Vec<&Arc<Loaded>> = found.templates.iter().collect();
    loaded.sort_by_key(|loaded| (loaded.source, &loaded.file));
    loaded.into_iter().map(|loaded| (loaded.template.id.as_str(), loaded.source)).collect()
}

/// Looks on as time goes by, which nobody waits for.
struct Looker {
    memory: Memory,
    now: Instant,
}

impl Looker {
    fn new() -> Looker {
        Looker { memory: Memory::default(), now: Instant::now() }
    }

    fn look(&mut self, root: &Path) -> Found {
        self.memory.look(root, self.now, &|_| false).unwrap()
    }

    fn after(&mut self, ms: u64) -> &mut Looker {
        self.now += Duration::from_millis(ms);
        self
    }

    /// Until everything has come to rest.
    fn settle(&mut self, root: &Path) -> Found {
        self.look(root);
        self.after(1000).look(root)
    }
}

fn read_directory(root: &Path) -> Found {
    Looker::new().settle(root)
}

#[test]
fn every_template_that_ships_can_be_used() {
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../templates");
    let found = read_directory(&shipped);
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
    write(root.path(), "community/.git/f.yaml", "no template");
    write(root.path(), "community/.g.yaml", "no template");
    let found = read_directory(root.path());
    assert_eq!(found.failed, []);
    let expected = [("a", Source::Official), ("b", Source::Community), ("c", Source::Community)];
    assert_eq!(ids(&found), expected);
}

#[rstest]
#[case::broken("official/data/bad.yaml", EXAMPLE.replace("tags: [text]", "tagz: [text]"), Some(6), "tagz")]
#[case::too_large("official/data/bad.yaml", "#".repeat(300 << 10), None, "256 KiB")]
#[case::no_text("official/data/bad.yaml", [0xff, 0xfe, 0x00], None, "UTF-8")]
#[case::another_category("official/physics/bad.yaml", named("other"), None, "official/data/")]
#[case::an_id_that_is_taken("community/bad.yaml", named("good"), None, "official/data/good.yaml")]
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
    let found = read_directory(root.path());
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
    rustix::fs::mknodat(CWD, &pipe, rustix::fs::FileType::Fifo, Mode::RUSR, 0).unwrap();
    let found = read_directory(root.path());
    assert_eq!(ids(&found), [("good", Source::Community)]);
    let refused: Vec<&str> = found.failed.iter().map(|failure| failure.file.as_str()).collect();
    assert_eq!(refused, ["community/link.yaml", "community/loop", "community/more"]);
    assert!(found.failed.iter().all(|failure| failure.message.contains("symbolic link")));
}

/// Between the listing of a directory and the reading of its file, somebody may put a link in its place.
#[test]
fn no_link_is_followed_on_the_way_to_a_file() {
    let (root, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    write(elsewhere.path(), "secret.yaml", named("secret"));
    fs::create_dir(root.path().join("community")).unwrap();
    symlink(elsewhere.path(), root.path().join("community/more")).unwrap();
    symlink(elsewhere.path().join("secret.yaml"), root.path().join("community/link.yaml")).unwrap();
    let opened = openat(CWD, root.path(), OFlags::PATH | OFlags::DIRECTORY, Mode::empty()).unwrap();
    assert!(read_text(&opened, "community/more/secret.yaml").is_err());
    assert!(read_text(&opened, "community/link.yaml").is_err());
}

#[test]
fn a_directory_that_cannot_be_read_is_an_error_and_no_empty_list() {
    let mut looker = Looker::new();
    assert!(looker.memory.look(Path::new("/nonexistent/templates"), looker.now, &|_| false).is_err());
}

#[test]
fn only_what_changed_is_read_again() {
    let root = tempfile::tempdir().unwrap();
    write(root.path(), "community/a.yaml", named("a"));
    write(root.path(), "community/b.yaml", named("b"));
    let mut looker = Looker::new();
    assert_eq!(looker.settle(root.path()).read.len(), 2);
    assert!(looker.after(1000).settle(root.path()).read.is_empty());
    write(root.path(), "community/b.yaml", named("b2"));
    let found = looker.settle(root.path());
    assert_eq!(found.read.iter().map(|loaded| loaded.text.as_deref()).collect::<Vec<_>>(), [Some(&*named("b2"))]);
    fs::rename(root.path().join("community/a.yaml"), root.path().join("community/c.yaml")).unwrap();
    fs::remove_file(root.path().join("community/b.yaml")).unwrap();
    let found = looker.settle(root.path());
    assert_eq!(ids(&found), [("a", Source::Community)]);
    assert_eq!(found.templates[0].file, "community/c.yaml");
}

#[test]
fn a_file_that_is_moved_is_offered_all_along() {
    let root = tempfile::tempdir().unwrap();
    write(root.path(), "community/a.yaml", named("a"));
    let mut looker = Looker::new();
    looker.settle(root.path());
    fs::rename(root.path().join("community/a.yaml"), root.path().join("community/b.yaml")).unwrap();
    let found = looker.look(root.path());
    assert_eq!((ids(&found).len(), found.failed.len()), (1, 0));
    let found = looker.after(200).look(root.path());
    assert_eq!((found.templates[0].file.as_str(), found.failed.len()), ("community/b.yaml", 0));

    // Somebody who writes all the time keeps nothing alive.
    fs::remove_file(root.path().join("community/b.yaml")).unwrap();
    for n in 0..30 {
        write(root.path(), "community/c.yaml", n.to_string());
        looker.after(100).look(root.path());
    }
    assert!(looker.look(root.path()).templates.is_empty());
}

#[test]
fn a_file_that_is_being_written_is_not_seen_before_it_is_whole() {
    let root = tempfile::tempdir().unwrap();
    let whole = named("a");
    write(root.path(), "community/a.yaml", &whole);
    let mut looker = Looker::new();
    looker.settle(root.path());

    // It could be used, and lacks its end.
    let (half, end) = whole.split_at(whole.len() - 20);
    write(root.path(), "community/a.yaml", half);
    let found = looker.look(root.path());
    assert!(found.read.is_empty() && found.again.is_some());
    write(root.path(), "community/a.yaml", [half, end, "  echo more\n"].concat());
    assert!(looker.after(140).look(root.path()).read.is_empty());
    let found = looker.after(160).look(root.path());
    assert!(found.read.len() == 1 && found.read[0].text.as_ref().unwrap().ends_with("echo more\n"));
    assert_eq!(found.again, None);

    write(root.path(), "community/a.yaml", named("other"));
    looker.look(root.path());
    looker.after(1000);
    let found = looker.memory.look(root.path(), looker.now, &|path| path.ends_with("a.yaml")).unwrap();
    assert!(found.read.is_empty() && found.again.is_some(), "whoever opened it has not closed it");
}

#[test]
fn a_broken_file_keeps_what_it_held_and_says_what_is_wrong_with_it() {
    let root = tempfile::tempdir().unwrap();
    write(root.path(), "community/a.yaml", named("a"));
    let mut looker = Looker::new();
    let before = looker.settle(root.path()).templates;
    write(root.path(), "community/a.yaml", "id: [");
    looker.look(root.path());
    let found = looker.after(300).look(root.path());
    assert_eq!(found.failed, [], "who writes may be in the midst of it");
    let found = looker.after(400).look(root.path());
    assert_eq!(ids(&found), [("a", Source::Community)]);
    assert_eq!(found.templates[0].hash, before[0].hash);
    let [failure] = found.failed.as_slice() else { panic!("{:?}", found.failed) };
    assert_eq!((failure.file.as_str(), failure.served.as_deref()), ("community/a.yaml", Some("a@1.0.0")));

    // The same after a restart.
    let offered = before.iter().map(|loaded| Loaded::clone(loaded));
    let mut looker = Looker { memory: Memory::of(offered), now: Instant::now() };
    let found = looker.settle(root.path());
    assert_eq!((found.templates[0].hash.as_str(), found.failed.len()), (before[0].hash.as_str(), 1));

    write(root.path(), "community/a.yaml", named("a").replace("1.0.0", "1.0.1"));
    let found = looker.settle(root.path());
    assert_eq!((found.templates[0].template.version.as_str(), found.failed.len()), ("1.0.1", 0));
}

#[test]
fn of_two_with_one_id_the_first_stays() {
    let root = tempfile::tempdir().unwrap();
    write(root.path(), "community/m.yaml", named("same"));
    let mut looker = Looker::new();
    let first = looker.settle(root.path()).templates;
    write(root.path(), "community/a.yaml", named("same"));
    let found = looker.settle(root.path());
    assert_eq!((ids(&found).len(), found.templates[0].file.as_str()), (1, "community/m.yaml"));
    assert!(found.failed[0].file == "community/a.yaml" && found.failed[0].message.contains("community/m.yaml"));

    let offered = first.iter().map(|loaded| Loaded::clone(loaded));
    let mut looker = Looker { memory: Memory::of(offered), now: Instant::now() };
    assert_eq!(looker.settle(root.path()).templates[0].file, "community/m.yaml", "after a restart too");

    fs::remove_file(root.path().join("community/m.yaml")).unwrap();
    let found = looker.settle(root.path());
    assert_eq!((found.templates[0].file.as_str(), found.failed.len()), ("community/a.yaml", 0));
}

#[test]
fn a_part_that_cannot_be_read_keeps_what_was_in_it() {
    let root = tempfile::tempdir().unwrap();
    write(root.path(), "community/part/a.yaml", named("a"));
    let mut looker = Looker::new();
    looker.settle(root.path());
    let community = root.path().join("community");
    fs::rename(&community, root.path().join("elsewhere")).unwrap();
    fs::write(&community, "no directory").unwrap();
    let found = looker.settle(root.path());
    assert_eq!((ids(&found).len(), found.failed[0].file.as_str()), (1, "community"));
    fs::remove_file(&community).unwrap();
    assert!(looker.settle(root.path()).templates.is_empty());
}
