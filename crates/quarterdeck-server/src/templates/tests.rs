use std::fs;

use super::*;
use crate::app::testing::{actor, app_with};
use crate::db::Db;
use crate::db::testing::on_each_database;
use crate::live::Event as Told;
use definition::tests::EXAMPLE;

/// A library in a directory of its own.
struct Library {
    root: tempfile::TempDir,
    app: App,
}

impl Library {
    fn new(db: &Db) -> Library {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir(root.path().join("templates")).unwrap();
        let time = "2026-11-29T12:00:00Z".parse().unwrap();
        let app = app_with(db, root.path(), time, |config| config.templates.directory = root.path().join("templates"));
        Library { root, app }
    }

    fn path(&self, file: &str) -> std::path::PathBuf {
        self.root.path().join("templates").join(file)
    }

    fn write(&self, file: &str, text: impl AsRef<[u8]>) {
        let path = self.path(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    async fn look(&self) -> Report {
        scan(&self.app, &actor("root", Role::Admin)).await.unwrap()
    }

    fn ids(&self, filter: Filter) -> Vec<String> {
        let (page, _) = page(&self.app.templates.shelf(), &Shelf::default(), &filter, 500);
        page.iter().map(|loaded| loaded.template.id.clone()).collect()
    }

    async fn numbers(&self, id: &str) -> Vec<(u64, String, bool)> {
        let (versions, _) = versions(&self.app, &actor("bob", Role::User), id, None, 50).await.unwrap();
        versions.into_iter().map(|version| (version.number, version.version, version.is_current)).collect()
    }
}

fn named(id: &str) -> String {
    EXAMPLE.replace("id: count-words", &format!("id: {id}"))
}

#[tokio::test]
async fn the_table_holds_what_the_directory_held_last() {
    on_each_database(async |db| {
        let library = Library::new(&db);
        library.write("official/data/a.yaml", named("a"));
        library.write("community/b.yaml", named("b"));
        library.write("community/c.yaml", named("c"));
        assert_eq!(library.look().await.loaded, 3);
        let rows = async || {
            let rows = store::offered(db.read(), library::SHARED).await.unwrap();
            rows.into_iter().map(|row| (row.id, row.file)).collect::<Vec<_>>()
        };
        assert_eq!(rows().await.len(), 3);

        fs::rename(library.path("community/b.yaml"), library.path("community/d.yaml")).unwrap();
        fs::remove_file(library.path("community/c.yaml")).unwrap();
        library.write("official/data/a.yaml", "id: [");
        let report = library.look().await;
        assert_eq!((report.loaded, report.failed[0].file.as_str()), (2, "official/data/a.yaml"));
        let expected = [("a", "official/data/a.yaml"), ("b", "community/d.yaml")];
        assert_eq!(rows().await, expected.map(|(id, file)| (id.to_owned(), file.to_owned())));

        // A server that starts on it goes on offering what the broken file held.
        let again = Library {
            app: app_with(&db, library.root.path(), library.app.clock.now(), |config| {
                config.templates.directory = library.path("");
            }),
            root: library.root,
        };
        let report = again.look().await;
        assert_eq!((report.loaded, report.failed[0].served.as_deref()), (2, Some("a@1.0.0")));
        assert_eq!(again.app.templates.shelf().templates["a"].template.name.ko, "단어 세기");
    })
    .await;
}

#[tokio::test]
async fn every_text_is_kept_and_none_twice_in_a_row() {
    on_each_database(async |db| {
        let library = Library::new(&db);
        let text = |version: &str| named("a").replace("1.0.0", version);
        for version in ["1.0.0", "1.0.1", "1.0.1", "1.0.0"] {
            library.write("community/a.yaml", text(version));
            library.look().await;
        }
        // The first said the same, and is not the one that is offered.
        let expected = [(3, "1.0.0", true), (2, "1.0.1", false), (1, "1.0.0", false)];
        assert_eq!(library.numbers("a").await, expected.map(|(n, version, now)| (n, version.to_owned(), now)));
        let bob = actor("bob", Role::User);
        let (second, said) = version(&library.app, &bob, "a", 2).await.unwrap();
        assert_eq!((said, second.author), (text("1.0.1"), None));

        // A broken file is no version, moving is no change, and nothing goes away with the file.
        library.write("community/a.yaml", "id: [");
        library.look().await;
        library.write("community/a.yaml", text("1.0.0"));
        fs::rename(library.path("community/a.yaml"), library.path("community/b.yaml")).unwrap();
        library.look().await;
        assert_eq!(library.numbers("a").await.len(), 3);
        fs::remove_file(library.path("community/b.yaml")).unwrap();
        library.look().await;
        assert_eq!(library.numbers("a").await.len(), 3);
        assert!(matches!(version(&library.app, &bob, "a", 9).await, Err(Error::NotFound)));
        assert!(matches!(versions(&library.app, &bob, "z\0", None, 5).await, Err(Error::NotFound)));

        let (first, next) = versions(&library.app, &bob, "a", None, 2).await.unwrap();
        assert_eq!((first.len(), next), (2, Some(2)));
        let (rest, next) = versions(&library.app, &bob, "a", next, 2).await.unwrap();
        assert_eq!((rest[0].number, rest.len(), next), (1, 1, None));
    })
    .await;
}

#[tokio::test]
async fn a_directory_that_is_gone_empties_nothing() {
    on_each_database(async |db| {
        let library = Library::new(&db);
        library.write("community/a.yaml", named("a"));
        library.look().await;
        fs::rename(library.path(""), library.root.path().join("gone")).unwrap();
        let looked = scan(&library.app, &actor("root", Role::Admin)).await;
        assert!(matches!(looked, Err(Error::Directory(_))));
        assert_eq!(library.ids(Filter::default()), ["a"]);
    })
    .await;
}

#[tokio::test]
async fn more_templates_than_fit_one_statement_are_one_change() {
    on_each_database(async |db| {
        let library = Library::new(&db);
        for n in 0..250 {
            library.write(&format!("community/{n}.yaml"), named(&format!("t{n:03}")));
        }
        let mut told = library.app.live.subscribe();
        assert_eq!(library.look().await.loaded, 250);
        let Ok(Told::Templates { version: 1, change }) = told.try_recv() else { panic!("nothing was told") };
        assert_eq!((change.upsert.len(), change.remove.len()), (250, 0));
        assert!(told.try_recv().is_err());
        let page = Filter { after: Some("t247".to_owned()), ..Filter::default() };
        assert_eq!(library.ids(page), ["t248", "t249"]);
        assert_eq!(library.numbers("t200").await.len(), 1);
    })
    .await;
}

#[tokio::test]
async fn lists_are_by_category_source_tag_and_words() {
    on_each_database(async |db| {
        let library = Library::new(&db);
        library.write("official/data/a.yaml", named("a"));
        library.write("community/b.yaml", named("b").replace("tags: [text]", "tags: [words]"));
        library.write("community/c.yaml", named("c").replace("category: data", "category: ml"));
        library.look().await;
        assert_eq!(library.ids(Filter::default()), ["a", "b", "c"]);
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(library.ids(Filter { category: some("ml"), ..Filter::default() }), ["c"]);
        assert_eq!(library.ids(Filter { source: Some(Source::Community), ..Filter::default() }), ["b", "c"]);
        assert_eq!(library.ids(Filter { tag: some("words"), ..Filter::default() }), ["b"]);
        assert!(library.ids(Filter { category: some("data\0"), ..Filter::default() }).is_empty());
        for (q, found) in
            [("COUNT words", 3), ("단어", 3), ("\u{1103}\u{1161}\u{11ab}어", 3), ("단어 ml", 1), ("physics", 0)]
        {
            assert_eq!(library.ids(Filter { q: some(q), ..Filter::default() }).len(), found, "{q}");
        }
    })
    .await;
}

#[tokio::test]
async fn faults_are_for_operators() {
    on_each_database(async |db| {
        let library = Library::new(&db);
        library.write("community/bad.yaml", "id: [");
        library.look().await;
        let files = async |role| {
            let failed = faults(&library.app, &actor("oscar", role)).await.failed;
            failed.into_iter().map(|failure| failure.file).filter(|file| file.starts_with("community")).count()
        };
        assert_eq!((files(Role::Operator).await, files(Role::User).await), (1, 0));
    })
    .await;
}

#[tokio::test]
async fn what_is_ones_own_is_listed_among_the_rest_and_hides_nothing() {
    let loaded = |id: &str, source| {
        let template = Template { id: id.to_owned(), ..Template::parse(EXAMPLE).unwrap() };
        (id.to_owned(), Arc::new(Loaded::new(template, source, String::new(), String::new())))
    };
    let shelf = |ids: &[&str], source| Shelf {
        templates: ids.iter().map(|id| loaded(id, source)).collect(),
        ..Shelf::default()
    };
    let (shared, own) = (shelf(&["a", "c", "e"], Source::Official), shelf(&["b", "c", "d"], Source::Private));
    let seen = |after: Option<&str>, limit| {
        let filter = Filter { after: after.map(str::to_owned), ..Filter::default() };
        let (page, next) = page(&shared, &own, &filter, limit);
        let of = |loaded: &Arc<Loaded>| format!("{} {}", loaded.template.id, loaded.source.as_str());
        (page.iter().map(of).collect::<Vec<_>>(), next)
    };
    let all = ["a official", "b private", "c official", "d private", "e official"];
    assert_eq!(seen(None, 50), (all.map(str::to_owned).to_vec(), None));
    assert_eq!(seen(None, 2), (all[..2].iter().map(|of| of.to_string()).collect(), Some("b".to_owned())));
    assert_eq!(seen(Some("b"), 3), (all[2..].iter().map(|of| of.to_string()).collect(), None));
}

#[tokio::test]
async fn a_file_that_changes_is_told_within_a_second() {
    on_each_database(async |db| {
        let library = Library::new(&db);
        library.write("community/a.yaml", named("a"));
        start(&library.app).await;
        let mut told = library.app.live.subscribe();
        let hear = async |told: &mut tokio::sync::broadcast::Receiver<Told>| loop {
            if let Told::Templates { change, .. } = told.recv().await.unwrap() {
                return change;
            }
        };
        let within_a_second = std::time::Duration::from_secs(1);
        let mut next = async || tokio::time::timeout(within_a_second, hear(&mut told)).await.expect("nothing is told");
        assert_eq!(library.ids(Filter::default()), ["a"], "what is young is waited for");

        library.write("community/new/b.yaml", named("b"));
        assert_eq!(next().await.upsert, ["b@1.0.0"]);
        library.write("community/new/b.yaml", named("b").replace("1.0.0", "1.0.1"));
        assert_eq!(next().await.upsert, ["b@1.0.1"]);
        library.write("community/a.yaml", "id: [");
        assert!(next().await.is_empty());
        assert_eq!(library.app.templates.shelf().failed[0].served.as_deref(), Some("a@1.0.0"));
        library.write("community/a.yaml", named("a"));
        assert!(next().await.is_empty());
        assert!(library.app.templates.shelf().failed.is_empty());
        fs::rename(library.path("community/new"), library.path("archived")).unwrap();
        assert_eq!(next().await.remove, ["b"]);
        fs::rename(library.path("archived"), library.path("community/back")).unwrap();
        assert_eq!(next().await.upsert.len(), 1);
    })
    .await;
}

#[tokio::test]
async fn finds_programs_as_a_shell_does() {
    assert!(is_program("sh").await && is_program("/bin/sh").await);
    assert!(!is_program("no-such-program-here").await && !is_program("/bin").await && !is_program("bin/sh").await);
}
