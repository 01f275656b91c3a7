use std::fs::{self, File};
use std::os::unix::fs::symlink;
use std::time::{Duration, SystemTime};

use super::*;
use crate::db::testing::on_each_database;
use crate::images::testing::{listed, names, put, real, scan, scan_on};
use crate::images::{Kind, State, store};

#[tokio::test]
async fn finds_images_and_what_they_say() {
    on_each_database(async |db| {
        let root = tempfile::tempdir().unwrap();
        put("lean-gzip.sif", &root.path().join("site/tools/solver.sif"));
        put("lean-signed-pgp.sif", &root.path().join("signed.SIF"));
        fs::write(root.path().join("README.md"), "no image").unwrap();
        let progress = scan(&db, root.path()).await;
        assert_eq!((progress.files_seen, progress.images_read, progress.errors_total), (3, 2, 0));

        let images = listed(&db).await;
        let [signed, solver] = images.as_slice() else { panic!("{images:?}") };
        assert_eq!((solver.name.as_str(), solver.cluster.as_str(), solver.host.as_str()), ("solver", "demo", "here"));
        assert_eq!(solver.path, root.path().join("site/tools/solver.sif").to_str().unwrap());
        assert_eq!(solver.size, fs::metadata(&solver.path).unwrap().len());
        assert!(signed.signed && !solver.signed);

        let truth = quarterdeck_sif::read(&File::open(real("lean-gzip.sif")).unwrap()).unwrap();
        assert_eq!(solver.apps, truth.apps);
        assert!(!solver.apps.is_empty());
        assert_eq!(solver.labels, truth.labels);
        assert_eq!(solver.version.as_deref(), truth.version());
        assert_eq!(solver.architecture.as_deref(), truth.architecture);
        let texts = store::texts(db.read(), solver.id).await.unwrap().unwrap();
        assert_eq!((Some(texts.inspect), texts.definition), (truth.inspect, truth.definition));
    })
    .await;
}

#[tokio::test]
async fn a_bad_file_is_shown_with_its_problem_and_ends_nothing() {
    on_each_database(async |db| {
        let root = tempfile::tempdir().unwrap();
        for entry in fs::read_dir(real("")).unwrap() {
            let path = entry.unwrap().path();
            fs::copy(&path, root.path().join(path.file_name().unwrap())).unwrap();
        }
        fs::write(root.path().join("disk.img"), [0; 4096]).unwrap();
        let files = fs::read_dir(root.path()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let files = files.filter(|name| [".sif", ".simg", ".sqfs", ".img"].iter().any(|end| name.ends_with(end)));
        let images_there = files.count() as u64 - 1;
        let progress = scan(&db, root.path()).await;
        let images = listed(&db).await;
        let problem = |name: &str| images.iter().find(|image| image.name == name).unwrap().problem.clone();
        assert_eq!(problem("lean-gzip"), None);
        assert!(problem("bad-magic").unwrap().contains("not an Apptainer image"));
        assert!(problem("truncated-in-header").is_some());
        assert_eq!(problem("lean-fsonly"), None);
        assert!(images.iter().all(|image| image.name != "disk"), "a disk of another sort is no image");
        assert_eq!(progress.images_read, images_there);
        assert_eq!(progress.errors_total, images.iter().filter(|image| image.problem.is_some()).count() as u64);
    })
    .await;
}

#[tokio::test]
async fn a_scan_again_reads_only_what_changed_and_lists_no_more_what_is_gone() {
    on_each_database(async |db| {
        let root = tempfile::tempdir().unwrap();
        let at = |name: &str| root.path().join(name);
        for name in ["a.sif", "b.sif", "c.sif"] {
            put("lean-gzip.sif", &at(name));
        }
        assert_eq!(scan(&db, root.path()).await.images_read, 3);
        let before = listed(&db).await;

        let progress = scan(&db, root.path()).await;
        assert_eq!((progress.images_read, progress.images_unchanged, progress.images_removed), (0, 3, 0));

        put("lean-signed-pgp.sif", &at("b.sif"));
        let later = SystemTime::now() + Duration::from_secs(5);
        File::options().write(true).open(at("b.sif")).unwrap().set_modified(later).unwrap();
        fs::remove_file(at("c.sif")).unwrap();
        let progress = scan(&db, root.path()).await;
        assert_eq!((progress.images_read, progress.images_unchanged, progress.images_removed), (1, 1, 2));
        let after = listed(&db).await;
        assert_eq!(after.iter().map(|image| &*image.name).collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(after[0].id, before[0].id);
        assert_ne!(after[1].id, before[1].id, "other content is another image");
        assert!(after[1].signed);
    })
    .await;
}

#[tokio::test]
async fn a_directory_that_cannot_be_read_loses_no_images() {
    on_each_database(async |db| {
        let root = tempfile::tempdir().unwrap();
        let (mounted, own) = (root.path().join("mounted"), root.path().join("own"));
        put("lean-gzip.sif", &mounted.join("a.sif"));
        put("lean-gzip.sif", &own.join("b.sif"));
        scan_on(&db, "here", &[&mounted, &own]).await;

        fs::rename(&mounted, root.path().join("away")).unwrap();
        let progress = scan_on(&db, "here", &[&mounted, &own]).await;
        assert_eq!((progress.errors_total, progress.images_removed), (1, 0));
        assert_eq!(progress.errors[0].path, mounted.to_str().unwrap());
        assert_eq!(names(&db).await, ["a", "b"]);
        let states: Vec<State> = listed(&db).await.into_iter().map(|image| image.state).collect();
        assert_eq!(states, [State::Stale, State::Active]);

        // No longer configured: no longer there. Another host's are not this one's to judge.
        put("lean-gzip.sif", &root.path().join("other/c.sif"));
        scan_on(&db, "there", &[&root.path().join("other")]).await;
        assert_eq!(scan_on(&db, "here", &[&own]).await.images_removed, 1);
        assert_eq!(names(&db).await, ["b", "c"]);
    })
    .await;
}

#[tokio::test]
async fn links_pipes_and_overlapping_directories_are_no_second_image() {
    on_each_database(async |db| {
        let root = tempfile::tempdir().unwrap();
        put("lean-gzip.sif", &root.path().join("deep/a.sif"));
        symlink(root.path().join("deep/a.sif"), root.path().join("link.sif")).unwrap();
        symlink(root.path(), root.path().join("deep/loop")).unwrap();
        let pipe = root.path().join("pipe.sif");
        rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, rustix::fs::Mode::RUSR, 0).unwrap();
        let progress = scan_on(&db, "here", &[root.path(), &root.path().join("deep")]).await;
        assert_eq!((progress.images_read, progress.errors_total), (1, 0));
        assert_eq!(names(&db).await, ["a"]);
    })
    .await;
}

#[tokio::test]
async fn directories_too_deep_are_named() {
    on_each_database(async |db| {
        let root = tempfile::tempdir().unwrap();
        put("lean-gzip.sif", &root.path().join("1/2/3/4/5/6/7/8/in.sif"));
        put("lean-gzip.sif", &root.path().join("1/2/3/4/5/6/7/8/9/out.sif"));
        let progress = scan(&db, root.path()).await;
        assert_eq!(names(&db).await, ["in"]);
        assert!(progress.errors[0].path.ends_with("/9") && progress.errors[0].message.contains("8 directories"));
    })
    .await;
}

#[tokio::test]
async fn lists_by_name_in_pages_and_by_words() {
    on_each_database(async |db| {
        let root = tempfile::tempdir().unwrap();
        for path in
            ["east/solver.sif", "west/solver.sif", "100%_pure.sif", "유체.sif", "custom/paraview.sif", "paraview-5.sif"]
        {
            put("lean-gzip.sif", &root.path().join(path));
        }
        scan(&db, root.path()).await;
        let find = async |kind: Option<Kind>, q: &str, after: &Option<(String, Uuid)>, limit| -> Vec<(String, Uuid)> {
            let wanted = store::Wanted {
                kind: kind.map(Kind::as_str),
                q: Some(q),
                after: after.clone(),
                ..store::Wanted::default()
            };
            let rows = store::list(db.read(), &wanted, limit).await.unwrap();
            rows.into_iter().map(|row| (row.name, row.id)).collect()
        };
        let all = find(None, "", &None, 10).await;
        assert_eq!(all.len(), 6);
        let mut paged = Vec::new();
        while let Some(next) = find(None, "", &paged.last().cloned(), 1).await.pop() {
            paged.push(next);
        }
        assert_eq!(paged, all);
        let words = async |kind, q: &str| -> Vec<String> {
            find(kind, q, &None, 10).await.into_iter().map(|(name, _)| name).collect()
        };
        assert_eq!(words(None, "0%_P").await, ["100%_pure"]);
        assert_eq!(words(None, "%_").await, ["100%_pure"]);
        assert_eq!(words(None, "!").await, [""; 0]);
        assert_eq!(words(None, "유체").await, ["유체"]);
        assert_eq!(words(None, "East/Solver").await, ["solver"]);
        assert_eq!(words(None, "solver west/").await, ["solver"]);
        assert_eq!(words(None, "solver north/").await, [""; 0]);
        assert_eq!(words(None, "west/ alpha").await, ["solver"]);
        assert_eq!(words(None, "SET-in-post pure").await, ["100%_pure"]);
        assert_eq!(words(Some(Kind::Custom), "paraview").await, ["paraview"]);
        assert_eq!(words(Some(Kind::Viz), "").await, ["paraview-5"]);
    })
    .await;
}

/// PostgreSQL keeps no NUL byte, in JSON no more than in text.
#[tokio::test]
async fn a_nul_byte_in_an_images_texts_harms_no_database() {
    on_each_database(async |db| {
        let root = tempfile::tempdir().unwrap();
        let mut image = fs::read(real("lean-gzip.sif")).unwrap();
        // In a label, a label's name, the help and the definition.
        for text in ["\\u003c", "post.l", "fixtur", "locali"] {
            while let Some(at) = image.windows(6).position(|window| window == text.as_bytes()) {
                image[at..at + 6].copy_from_slice(b"\\u0000");
            }
        }
        fs::write(root.path().join("nul.sif"), image).unwrap();
        let progress = scan(&db, root.path()).await;
        assert_eq!((progress.images_read, progress.errors_total), (1, 0));
        let images = listed(&db).await;
        assert_eq!(images[0].labels["Author"], "Portico Test \u{fffd}test@example.org>");
        assert_eq!(images[0].labels["\u{fffd}abel"], "set-in-post");
        let texts = store::texts(db.read(), images[0].id).await.unwrap().unwrap();
        assert!(texts.definition.unwrap().contains('\u{fffd}'));
        assert!(texts.inspect.pointer("/data/attributes/helpfile").unwrap().as_str().unwrap().contains('\u{fffd}'));
    })
    .await;
}
