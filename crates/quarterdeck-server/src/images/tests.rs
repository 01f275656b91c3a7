//! Where images lie, on one host and on many.

use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::SystemTime;

use sea_orm::{ConnectionTrait, Database};
use sea_orm_migration::MigratorTrait;

use super::testing::{catalogue, copy, host, listed, listed_as, look, names, put, real, scan};
use super::visit::doubt_all;
use super::*;
use crate::db::testing::{on_each_database, on_each_url};
use crate::migration::Migrator;

async fn places(db: &Db, id: Uuid) -> Vec<Place> {
    let rows = store::places::of_image(db.read(), id, MAX_PLACES).await.unwrap();
    rows.into_iter().map(|row| read_place(row, None).unwrap()).collect()
}

async fn node(db: &Db, node: &str, directory: &Path) {
    look(db, host(Source::Node, node), &[directory]).await;
}

#[tokio::test]
async fn copies_are_one_image_with_several_places() {
    on_each_database(async |db| {
        let root = tempfile::tempdir().unwrap();
        let at = |path: &str| root.path().join(path);
        put("lean-gzip.sif", &at("a/solver.sif"));
        copy(&at("a/solver.sif"), &at("b/solver-again.sif"));
        put("lean-gzip.sif", &at("c/solver.sif"));
        scan(&db, root.path()).await;
        node(&db, "n1", &at("a")).await;

        let images = listed(&db).await;
        assert_eq!(images.len(), 2, "{images:?}");
        let image = images.iter().find(|image| image.path.contains("/a/")).unwrap();
        assert_eq!((image.name.as_str(), image.identity.kind), ("solver", IdentityKind::Header));
        let places = places(&db, image.id).await;
        let told: Vec<_> = places.iter().map(|place| (place.source, &*place.host, &*place.path)).collect();
        let (first, second) = (at("a/solver.sif"), at("b/solver-again.sif"));
        let (first, second) = (first.to_str().unwrap(), second.to_str().unwrap());
        let expected = [(Source::Server, "here", first), (Source::Server, "here", second), (Source::Node, "n1", first)];
        assert_eq!(told, expected);
        assert!(places.iter().all(|place| place.state == State::Active && place.size == image.size));
        let listed = with_places(&db, None, images).await.unwrap();
        assert_eq!(listed.iter().map(|listed| listed.hosts).max(), Some(2));

        // What stands for all moves on when its file goes.
        fs::remove_file(at("a/solver.sif")).unwrap();
        scan(&db, root.path()).await;
        node(&db, "n1", &at("a")).await;
        assert_eq!(names(&db).await, ["solver", "solver-again"]);
    })
    .await;
}

#[tokio::test]
async fn images_without_an_uuid_are_told_apart_by_what_is_in_them() {
    on_each_database(async |db| {
        let root = tempfile::tempdir().unwrap();
        let at = |path: &str| root.path().join(path);
        let mut image = fs::read(real("lean-gzip.sif")).unwrap();
        image[48..64].fill(0);
        fs::write(at("a.sif"), &image).unwrap();
        fs::write(at("b.sif"), &image).unwrap();
        let end = image.len() - 1;
        let squashfs = image.windows(4).position(|window| window == b"hsqs").unwrap();
        // Its file system was made a second later.
        image[squashfs + 8] ^= 1;
        assert!(squashfs < 48 << 10 && end > squashfs);
        fs::write(at("c.sif"), &image).unwrap();
        fs::copy(real("bad-magic.sif"), at("d.sif")).unwrap();
        fs::copy(real("bad-magic.sif"), at("e.sif")).unwrap();
        scan(&db, root.path()).await;
        let images = listed(&db).await;
        let told: Vec<_> = images.iter().map(|image| (&*image.name, image.identity.kind)).collect();
        let content = IdentityKind::Content;
        assert_eq!(told, [("a", content), ("c", content), ("d", content)]);
    })
    .await;
}

#[tokio::test]
async fn a_copy_that_came_to_harm_is_another_image() {
    on_each_database(async |db| {
        let root = tempfile::tempdir().unwrap();
        let whole = root.path().join("a.sif");
        put("lean-gzip.sif", &whole);
        let mut image = fs::read(&whole).unwrap();
        let json = image.windows(7).position(|window| window == b"{\"data\"").unwrap();
        image[json] = b'<';
        fs::write(root.path().join("b.sif"), image).unwrap();
        scan(&db, root.path()).await;
        let images = listed(&db).await;
        assert_eq!(images.len(), 2);
        assert!(images[0].problem.is_none() && images[1].problem.is_some(), "{images:?}");
    })
    .await;
}

#[tokio::test]
async fn a_removed_image_is_inactive_since_then_and_active_again_when_it_returns() {
    on_each_database(async |db| {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("a.sif");
        put("lean-gzip.sif", &path);
        scan(&db, root.path()).await;
        let before = listed(&db).await.remove(0);
        assert_eq!((before.state, before.gone_at), (State::Active, None));

        fs::rename(&path, root.path().join("away")).unwrap();
        scan(&db, root.path()).await;
        assert_eq!(names(&db).await, [""; 0]);
        assert!(!store::are_there_any(db.read()).await.unwrap());
        let wanted = store::Wanted { state: Some("inactive"), ..Default::default() };
        let gone = listed_as(&db, &wanted).await.remove(0);
        assert_eq!((gone.id, gone.state), (before.id, State::Inactive));
        let place = places(&db, gone.id).await.remove(0);
        assert_eq!((place.state, place.gone_at), (State::Inactive, gone.gone_at));
        assert!(gone.gone_at.unwrap() >= place.last_seen_at);

        // Another in its place does not take its history.
        put("lean-signed-pgp.sif", &path);
        scan(&db, root.path()).await;
        fs::rename(root.path().join("away"), &path).unwrap();
        scan(&db, root.path()).await;
        let now = listed(&db).await.remove(0);
        assert_eq!((now.id, now.state, now.gone_at), (before.id, State::Active, None));
        let place = places(&db, now.id).await.remove(0);
        assert_eq!(place.gone_at, None);
        assert!(place.first_seen_at < place.last_seen_at);
        assert_eq!(listed_as(&db, &wanted).await.len(), 1);
    })
    .await;
}

#[tokio::test]
async fn a_file_with_the_same_size_and_time_but_another_inode_is_read_again() {
    on_each_database(async |db| {
        let root = tempfile::tempdir().unwrap();
        let (path, other) = (root.path().join("a.sif"), root.path().join("other"));
        let time = SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_700_000_000);
        for path in [&path, &other] {
            put("lean-gzip.sif", path);
            File::options().write(true).open(path).unwrap().set_modified(time).unwrap();
        }
        scan(&db, root.path()).await;
        let before = listed(&db).await.remove(0).id;
        fs::rename(&other, &path).unwrap();
        assert_eq!(scan(&db, root.path()).await.images_read, 1);
        assert_ne!(listed(&db).await.remove(0).id, before);
    })
    .await;
}

#[tokio::test]
async fn a_node_that_cannot_be_reached_loses_nothing() {
    on_each_database(async |db| {
        let root = tempfile::tempdir().unwrap();
        put("lean-gzip.sif", &root.path().join("a.sif"));
        node(&db, "n1", root.path()).await;
        node(&db, "n2", root.path()).await;
        let id = listed(&db).await.remove(0).id;
        let states = async || -> Vec<State> { places(&db, id).await.iter().map(|place| place.state).collect() };
        let lost = async |node: &str| {
            let outcome =
                doubt_all(&catalogue(&db), &host(Source::Node, node), None, db.now_us().await.unwrap()).await.unwrap();
            assert_eq!((outcome.stale, outcome.removed), (1, 0));
        };
        lost("n1").await;
        assert_eq!(states().await, [State::Stale, State::Active]);
        assert_eq!(listed(&db).await[0].state, State::Active);
        lost("n2").await;
        lost("n2").await;
        assert_eq!(listed(&db).await[0].state, State::Stale);
        node(&db, "n1", root.path()).await;
        assert_eq!(states().await, [State::Active, State::Stale]);
        assert_eq!(listed(&db).await[0].state, State::Active);
    })
    .await;
}

/// Root may read everything, so that this one is for accounts as the portal's.
#[tokio::test]
async fn an_image_that_can_no_longer_be_read_keeps_what_is_known_of_it() {
    if rustix::process::geteuid().is_root() {
        return;
    }
    on_each_database(async |db| {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("a.sif");
        put("lean-gzip.sif", &path);
        let forbid = |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
        forbid(&path, 0o000);
        assert_eq!(scan(&db, root.path()).await.errors_total, 1);
        let unread = listed(&db).await.remove(0);
        assert_eq!(unread.identity.kind, IdentityKind::Place);
        assert!(unread.problem.unwrap().contains("denied"));
        forbid(&path, 0o644);
        scan(&db, root.path()).await;
        let read = listed(&db).await.remove(0);
        assert_eq!((read.id, read.identity.kind, read.problem), (unread.id, IdentityKind::Header, None));

        File::options().write(true).open(&path).unwrap().set_modified(SystemTime::UNIX_EPOCH).unwrap();
        forbid(&path, 0o000);
        assert_eq!(scan(&db, root.path()).await.images_stale, 1);
        let stale = listed(&db).await.remove(0);
        assert_eq!((stale.id, stale.state, stale.problem), (read.id, State::Stale, None));
    })
    .await;
}

#[tokio::test]
async fn different_images_at_one_path_are_drift() {
    on_each_database(async |db| {
        let root = tempfile::tempdir().unwrap();
        let (drifting, same) = (root.path().join("drifting.sif"), root.path().join("same.sif"));
        put("lean-gzip.sif", &drifting);
        put("lean-gzip.sif", &same);
        for name in ["n1", "n2"] {
            node(&db, name, root.path()).await;
        }
        assert!(drifts(&db, None, &None, 10).await.unwrap().is_empty());
        put("lean-gzip.sif", &drifting);
        for name in ["n3", "n4", "n5"] {
            node(&db, name, root.path()).await;
        }
        // Of another cluster.
        let elsewhere = visit::Host { cluster: "other".to_owned(), ..host(Source::Node, "m1") };
        put("lean-gzip.sif", &same);
        look(&db, elsewhere, &[root.path()]).await;

        let found = drifts(&db, Some("demo"), &None, 10).await.unwrap();
        let [drift] = found.as_slice() else { panic!("{found:?}") };
        assert_eq!((drift.cluster.as_str(), drift.path.as_str()), ("demo", drifting.to_str().unwrap()));
        let hosts: Vec<_> = drift.images.iter().map(|drifted| drifted.hosts.join(" ")).collect();
        assert_eq!(hosts, ["n3 n4 n5", "n1 n2"]);
        let after = Some(("demo".to_owned(), drift.path.clone()));
        assert!(drifts(&db, None, &after, 10).await.unwrap().is_empty());
        let listed = with_places(&db, None, listed(&db).await).await.unwrap();
        let told: Vec<_> = listed.iter().map(|listed| (&*listed.image.name, listed.hosts, listed.drifts)).collect();
        assert_eq!(told.iter().filter(|(_, _, drifts)| *drifts).count(), 2);
        assert!(told.iter().all(|(name, _, drifts)| *drifts == (*name == "drifting")), "{told:?}");

        fs::remove_file(&drifting).unwrap();
        for name in ["n1", "n2"] {
            node(&db, name, root.path()).await;
        }
        let found = drifts(&db, None, &None, 10).await.unwrap();
        assert!(found.iter().all(|drift| drift.path != drifting.to_str().unwrap()), "{found:?}");
    })
    .await;
}

#[tokio::test]
async fn lists_what_lies_on_a_node_or_on_the_servers_own_host() {
    on_each_database(async |db| {
        let root = tempfile::tempdir().unwrap();
        for name in ["shared", "n1", "n2"] {
            put("lean-gzip.sif", &root.path().join(name).join(format!("{name}.sif")));
        }
        scan(&db, &root.path().join("shared")).await;
        for name in ["n1", "n2"] {
            node(&db, name, &root.path().join(name)).await;
        }
        let on = async |cluster: Option<&str>, nodes: Option<&[&str]>| -> Vec<String> {
            let nodes = nodes.map(|nodes| nodes.iter().map(|node| node.to_string()).collect());
            let place = store::places::Where { cluster: cluster.map(str::to_owned), nodes };
            let wanted = store::Wanted { place, ..Default::default() };
            listed_as(&db, &wanted).await.into_iter().map(|image| image.name).collect()
        };
        assert_eq!(on(None, None).await, ["n1", "n2", "shared"]);
        assert_eq!(on(None, Some(&["n2"])).await, ["n2", "shared"]);
        assert_eq!(on(Some("other"), Some(&["n2"])).await, ["shared"]);
        assert_eq!(on(Some("demo"), Some(&[])).await, ["shared"]);
    })
    .await;
}

#[tokio::test]
async fn images_of_an_older_server_keep_their_ids() {
    on_each_url(async |url| {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("a.sif");
        put("lean-gzip.sif", &path);
        let id = Uuid::now_v7();
        let before = Migrator::migrations().iter().position(|one| one.name() == "m20261129_image_places").unwrap();
        let connection = Database::connect(&url).await.unwrap();
        Migrator::up(&connection, Some(before as u32)).await.unwrap();
        let (blob, path) = (id.simple(), path.to_str().unwrap());
        let id_text = if url.starts_with("sqlite") { format!("x'{blob}'") } else { format!("'{id}'") };
        let (yes, no) = ("true", "false");
        let row = format!(
            "insert into apptainer_images (id, cluster, host, path, name, kind, size, modified_us, apps, labels, \
             inspect, signed, scanned_us) values ({id_text}, 'demo', 'here', '{path}', 'a', 'viz', 7, 5, '[\"old\"]', \
             '{{}}', 'null', {no}, 9), ({}, 'demo', 'here', '/gone/b.sif', 'b', 'viz', 7, 5, '[]', '{{}}', 'null', \
             {yes}, 9)",
            id_text.replace(&blob.to_string()[28..], "0000").replace(&id.to_string()[32..], "0000"),
        );
        connection.execute_unprepared(&row).await.unwrap();
        connection.close().await.unwrap();

        let db = Db::open(&url).await.unwrap();
        let old = listed(&db).await;
        assert_eq!((old[0].id, &*old[0].name, &*old[0].apps[0]), (id, "a", "old"));
        assert_eq!(places(&db, id).await[0].path, path);
        scan(&db, root.path()).await;
        let read = listed(&db).await;
        let [read] = read.as_slice() else { panic!("{read:?}") };
        assert_eq!((read.id, read.identity.kind), (id, IdentityKind::Header));
        assert_eq!(read.kind, Kind::Compute);
        assert_eq!(places(&db, id).await.len(), 1);
    })
    .await;
}
