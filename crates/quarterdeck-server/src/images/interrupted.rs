//! What a scan that stopped midway leaves behind, the next one puts right.

use std::fs;
use std::future::poll_fn;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::task::Poll;

use futures_util::future::join_all;
use sea_orm::ConnectionTrait;
use tokio::sync::mpsc;

use super::look::Change;
use super::scans::HostProgress;
use super::testing::{catalogue, copy, host, listed, listed_as, look, names, place, put, scan};
use super::visit::Host;
use super::*;
use crate::clock::Clock;
use crate::db::testing::on_each_database;

/// More than are written at once.
const MANY: usize = 25;

/// Scans until the `at`th image has been read, as a server that is killed then.
async fn scan_until(db: &Db, directory: &Path, at: u64) {
    let (clock, directories) = (Clock::system(), [directory.to_path_buf()]);
    let (stop, mut stopped) = mpsc::unbounded_channel();
    let counted = Arc::new(Mutex::new(HostProgress::default()));
    let progress = move |change: Change| {
        let mut counted = counted.lock().unwrap();
        change(&mut counted);
        if counted.images_read == at {
            let _ = stop.send(());
        }
    };
    let catalogue = catalogue(db);
    tokio::select! {
        biased;
        _ = stopped.recv() => (),
        done = look::look(&catalogue, &clock, place(host(Source::Server, "here"), directories.to_vec()), progress) => {
            panic!("it was to be cut off: {done:?}")
        }
    }
}

fn many(directory: &Path) -> Vec<PathBuf> {
    (0..MANY).map(|number| directory.join(format!("{number:02}.sif"))).collect()
}

#[tokio::test]
async fn images_that_came_back_before_a_scan_was_cut_off_are_active_after_the_next() {
    on_each_database(async |db| {
        let root = tempfile::tempdir().unwrap();
        let (here, away) = (root.path().join("here"), root.path().join("away"));
        for path in many(&here) {
            put("lean-gzip.sif", &path);
        }
        scan(&db, &here).await;
        fs::rename(&here, &away).unwrap();
        fs::create_dir(&here).unwrap();
        scan(&db, &here).await;
        assert_eq!(names(&db).await, [""; 0]);

        fs::remove_dir(&here).unwrap();
        fs::rename(&away, &here).unwrap();
        scan_until(&db, &here, 23).await;
        // What was written is right at once.
        assert_eq!(names(&db).await.len(), 20);
        assert_eq!(scan(&db, &here).await.images_unchanged, 20);
        assert_eq!(names(&db).await.len(), MANY);
    })
    .await;
}

#[tokio::test]
async fn a_file_that_was_replaced_before_a_scan_was_cut_off_is_one_place() {
    on_each_database(async |db| {
        let root = tempfile::tempdir().unwrap();
        let put_all = || many(root.path()).iter().for_each(|path| put("lean-gzip.sif", path));
        put_all();
        scan(&db, root.path()).await;
        put_all();
        scan_until(&db, root.path(), 23).await;
        assert!(drifts(&db, None, &None, 100).await.unwrap().is_empty());
        scan(&db, root.path()).await;
        assert!(drifts(&db, None, &None, 100).await.unwrap().is_empty());
        assert_eq!(names(&db).await.len(), MANY);
        let gone = store::Wanted { state: Some("inactive"), ..Default::default() };
        assert_eq!(listed_as(&db, &gone).await.len(), MANY);
    })
    .await;
}

/// One image goes, one comes back and one is replaced, again and again, every other time while the cluster gets another
/// name; and the scan is dropped a step further on each time.
#[tokio::test]
async fn wherever_a_scan_is_cut_off_the_next_one_puts_the_catalogue_right() {
    on_each_database(async |db| {
        let root = tempfile::tempdir().unwrap();
        let (here, kept) = (root.path().join("here"), root.path().join("kept"));
        for name in ["odd", "even", "first", "second", "stays"] {
            put("lean-gzip.sif", &kept.join(name));
        }
        fs::create_dir(&here).unwrap();
        copy(&kept.join("stays"), &here.join("stays.sif"));
        scan(&db, &here).await;
        let mut is_whole = false;
        for step in 1_usize.. {
            let is_odd = step % 2 == 1;
            for name in ["odd.sif", "even.sif", "replaced.sif"] {
                let _ = fs::remove_file(here.join(name));
            }
            let comes = if is_odd { "odd" } else { "even" };
            copy(&kept.join(comes), &here.join(comes).with_extension("sif"));
            copy(&kept.join(if is_odd { "first" } else { "second" }), &here.join("replaced.sif"));
            let cluster = ["demo", "renamed"][step / 2 % 2];
            let host = Host { cluster: cluster.to_owned(), ..host(Source::Server, "here") };
            is_whole = is_scanned_within(&db, host.clone(), &here, step.div_ceil(2)).await && (is_whole || is_odd);
            assert!(names(&db).await.contains(&"stays".to_owned()), "dropped at step {step}");
            look(&db, host, &[&here]).await;

            let images = listed(&db).await;
            let told: Vec<_> = images.iter().map(|image| (&*image.name, image.state, &*image.cluster)).collect();
            let expected = [comes, "replaced", "stays"].map(|name| (name, State::Active, cluster));
            assert_eq!(told, expected, "dropped at step {step}");
            for listed in with_places(&db, None, images).await.unwrap() {
                assert!(listed.hosts == 1 && !listed.drifts, "dropped at step {step}: {listed:?}");
            }
            if is_whole && !is_odd {
                break;
            }
        }
    })
    .await;
}

/// Whether a scan came to its end before it was dropped at its `step`th step.
async fn is_scanned_within(db: &Db, host: Host, directory: &Path, step: usize) -> bool {
    let (clock, directories) = (Clock::system(), [directory.to_path_buf()]);
    let catalogue = catalogue(db);
    let mut scanning = Box::pin(look::look(&catalogue, &clock, place(host, directories.to_vec()), |_| ()));
    let mut steps = 0;
    poll_fn(|context| match scanning.as_mut().poll(context) {
        Poll::Ready(done) => Poll::Ready(done.is_ok()),
        Poll::Pending if steps == step => Poll::Ready(false),
        Poll::Pending => {
            steps += 1;
            Poll::Pending
        }
    })
    .await
}

#[tokio::test]
async fn a_row_that_cannot_be_read_takes_nothing_from_the_others() {
    on_each_database(async |db| {
        let root = tempfile::tempdir().unwrap();
        let at = |name: &str| root.path().join(name);
        for name in ["a.sif", "b.sif", "c.sif"] {
            put("lean-gzip.sif", &at(name));
        }
        scan(&db, root.path()).await;
        db.write().execute_unprepared("update apptainer_images set labels = '5' where name = 'b'").await.unwrap();
        for name in ["a.sif", "b.sif", "c.sif"] {
            fs::remove_file(at(name)).unwrap();
        }
        assert_eq!(scan(&db, root.path()).await.images_removed, 3);
        assert_eq!(names(&db).await, [""; 0]);
    })
    .await;
}

/// As when several servers share the database: each sees the other's copies until the other's transaction ends.
#[tokio::test]
async fn images_that_several_hosts_lose_at_once_are_gone() {
    on_each_database(async |db| {
        let root = tempfile::tempdir().unwrap();
        let nodes = ["n1", "n2", "n3", "n4"];
        let look_at_all = async || {
            let looks = nodes.map(|node| {
                let (db, directory) = (db.clone(), root.path().join(node));
                tokio::spawn(async move { look(&db, host(Source::Node, node), &[&directory]).await })
            });
            join_all(looks).await.into_iter().for_each(|done| drop(done.unwrap()));
        };
        for node in nodes {
            fs::create_dir(root.path().join(node)).unwrap();
        }
        for path in many(&root.path().join("kept")) {
            put("lean-gzip.sif", &path);
        }
        for _ in 0..3 {
            for node in nodes {
                for path in many(Path::new("")) {
                    copy(&root.path().join("kept").join(&path), &root.path().join(node).join(&path));
                }
            }
            look_at_all().await;
            assert_eq!(names(&db).await.len(), MANY);
            for node in nodes {
                many(&root.path().join(node)).iter().for_each(|path| fs::remove_file(path).unwrap());
            }
            look_at_all().await;
            assert_eq!(names(&db).await, [""; 0]);
        }
    })
    .await;
}
