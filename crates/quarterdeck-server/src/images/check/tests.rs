use std::fs;
use std::path::{Path, PathBuf};

use super::*;
use crate::app::testing::app_with;
use crate::db::Db;
use crate::db::testing::on_each_database;
use crate::images::testing::{real, scan_here, somebody};
use crate::images::{self, Place};

fn app(db: &Db, data: &Path, keys: &[&str]) -> App {
    app_with(db, data, chrono::Utc::now(), |config| {
        config.images.signing_keys = keys.iter().map(|name| real(name)).collect();
    })
}

fn put(name: &str, path: &Path) {
    fs::copy(real(name), path).unwrap();
}

/// A signed image of which a byte was changed.
fn put_changed(path: &Path) {
    let mut image = fs::read(real("lean-signed-pgp.sif")).unwrap();
    image[60_000] ^= 1;
    fs::write(path, image).unwrap();
}

const PGP: &str = "fixture-pgp-public.asc";
const ED25519: &str = "fixture-ed25519-public.pem";

/// What is told of each image, by name.
async fn told(app: &App) -> Vec<(String, Option<Standing>)> {
    let listed = images::list(app, &somebody(), &images::Filter::default(), 100).await.unwrap();
    listed.into_iter().map(|listed| (listed.image.name, listed.standing)).collect()
}

async fn place(app: &App, path: &Path) -> Place {
    for listed in images::list(app, &somebody(), &images::Filter::default(), 100).await.unwrap() {
        let places = images::get(app, &somebody(), listed.image.id).await.unwrap().places;
        if let Some(place) = places.into_iter().find(|place| Path::new(&place.path) == path) {
            return place;
        }
    }
    panic!("there is nothing at {path:?}");
}

#[tokio::test]
async fn signatures_are_checked_with_the_sites_keys_once_for_each_file() {
    on_each_database(async |db| {
        let (root, data) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let at = |name: &str| root.path().join(name);
        put("lean-signed-pgp.sif", &at("a-pgp.sif"));
        put("lean-signed-dsse.sif", &at("b-dsse.sif"));
        put("lean-gzip.sif", &at("c-unsigned.sif"));
        put("one-group-signed-pgp.sif", &at("d-strangers.sif"));
        put("one-group-signed-legacy-all.sif", &at("e-old.sif"));
        scan_here(&db, root.path()).await;

        let without = app(&db, data.path(), &[]);
        assert!(!check_all(&without).await);
        let words = |standings: [Option<Standing>; 5]| {
            let names = ["a-pgp", "b-dsse", "c-unsigned", "d-strangers", "e-old"];
            names.map(str::to_owned).into_iter().zip(standings).collect::<Vec<_>>()
        };
        let unchecked = Some(Standing::NotChecked);
        assert_eq!(told(&without).await, words([unchecked, unchecked, None, unchecked, unchecked]));

        let with = app(&db, data.path(), &[PGP, ED25519]);
        assert!(check_all(&with).await);
        let (verified, unknown) = (Some(Standing::Verified), Some(Standing::UnknownKey));
        assert_eq!(told(&with).await, words([verified, verified, None, unknown, unchecked]));
        let checked = place(&with, &at("a-pgp.sif")).await.checked.unwrap();
        let [signature] = checked.signatures.as_slice() else { panic!("{checked:?}") };
        assert_eq!(signature.fingerprint.as_deref(), Some("4dd480770883b4947c780ab803f8579a6197815a"));
        assert!(signature.signer.as_ref().unwrap().contains("fixture@example.org"));
        // What one scan after the other finds as it was is not read again.
        scan_here(&db, root.path()).await;
        assert!(!check_all(&with).await);

        // What other keys said is not what the site's say.
        let other = app(&db, data.path(), &[ED25519]);
        assert_eq!(told(&other).await, words([unchecked, unchecked, None, unchecked, unchecked]));
        assert!(check_all(&other).await);
        assert_eq!(told(&other).await, words([unknown, verified, None, unknown, unchecked]));
    })
    .await;
}

#[tokio::test]
async fn a_file_that_was_changed_is_bad_wherever_else_the_image_is_good() {
    on_each_database(async |db| {
        let (root, data) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let at = |name: &str| root.path().join(name);
        put("lean-signed-pgp.sif", &at("good.sif"));
        put("lean-signed-pgp.sif", &at("other.sif"));
        scan_here(&db, root.path()).await;
        let app = app(&db, data.path(), &[PGP]);
        check_all(&app).await;
        assert_eq!(told(&app).await, [("good".to_owned(), Some(Standing::Verified))]);

        // Its header says that it is the same image.
        put_changed(&at("other.sif"));
        scan_here(&db, root.path()).await;
        assert_eq!(told(&app).await[0].1, Some(Standing::NotChecked), "not before it was looked at");
        assert!(check_all(&app).await);
        assert_eq!(told(&app).await, [("good".to_owned(), Some(Standing::Bad))]);
        let bad = place(&app, &at("other.sif")).await.checked.unwrap();
        assert_eq!(bad.standing, Standing::Bad);
        assert_eq!(bad.signatures[0].why.as_deref(), Some("object 3 (FS) was changed"));
        assert_eq!(place(&app, &at("good.sif")).await.checked.unwrap().standing, Standing::Verified);
    })
    .await;
}

#[tokio::test]
async fn what_cannot_be_read_says_why_and_is_tried_again_the_next_day() {
    on_each_database(async |db| {
        let (root, data) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let path: PathBuf = root.path().join("a.sif");
        put("lean-signed-pgp.sif", &path);
        scan_here(&db, root.path()).await;
        fs::rename(&path, root.path().join("away")).unwrap();
        let of = |days: i64| {
            app_with(&db, data.path(), chrono::Utc::now() + chrono::TimeDelta::days(days), |config| {
                config.images.signing_keys = vec![real(PGP)];
            })
        };
        assert!(check_all(&of(0)).await);
        let why = place(&of(0), &path).await.check_problem.unwrap();
        assert!(why.contains("No such file"), "{why}");
        fs::rename(root.path().join("away"), &path).unwrap();
        assert!(!check_all(&of(0)).await);
        assert!(check_all(&of(2)).await);
        assert_eq!(told(&of(2)).await[0].1, Some(Standing::Verified));
        assert_eq!(place(&of(2), &path).await.check_problem, None);
    })
    .await;
}

#[test]
fn an_image_is_what_it_is_at_its_worst_place() {
    let place = |word: &str| Some(word.to_owned());
    assert_eq!(together(&[place("verified"), place("verified")]), Standing::Verified);
    assert_eq!(together(&[place("verified"), None]), Standing::NotChecked);
    assert_eq!(together(&[place("verified"), None, place("unknown_key")]), Standing::UnknownKey);
    assert_eq!(together(&[place("unknown_key"), place("bad")]), Standing::Bad);
    assert_eq!(together(&[]), Standing::NotChecked);
}
