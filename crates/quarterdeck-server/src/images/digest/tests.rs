use std::fs;
use std::path::Path;
use std::process::Command;

use super::*;
use crate::app::testing::app_with;
use crate::db::Db;
use crate::db::testing::on_each_database;
use crate::images::testing::{put, scan_here, somebody};
use crate::images::{self, FileDigest};

fn app(db: &Db, data: &Path, digest: Digest) -> App {
    app_with(db, data, chrono::Utc::now(), |config| config.images.digest = digest)
}

async fn known(app: &App) -> Vec<FileDigest> {
    let mut known = Vec::new();
    for listed in images::list(app, &somebody(), &images::Filter::default(), 100).await.unwrap() {
        let places = images::get(app, &somebody(), listed.image.id).await.unwrap().places;
        known.extend(places.into_iter().map(|place| place.digest));
    }
    known
}

fn sha256sum(path: &Path) -> FileDigest {
    let output = Command::new("sha256sum").arg(path).output().unwrap();
    let digits = String::from_utf8(output.stdout).unwrap().split(' ').next().unwrap().to_owned();
    FileDigest { sha256: Some(digits), ..FileDigest::default() }
}

#[tokio::test]
async fn digests_are_what_sha256sum_says_and_are_computed_when_the_site_wants_them() {
    on_each_database(async |db| {
        let (root, data) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let (a, b) = (root.path().join("a.sif"), root.path().join("b.sif"));
        put("lean-gzip.sif", &a);
        put("lean-signed-pgp.sif", &b);
        scan_here(&db, root.path()).await;
        for waits in [Digest::Off, Digest::Demand] {
            let app = app(&db, data.path(), waits);
            assert!(!digest_all(&app).await);
            assert_eq!(known(&app).await, [FileDigest::default(), FileDigest::default()]);
        }
        let app = app(&db, data.path(), Digest::Always);
        assert!(digest_all(&app).await);
        assert_eq!(known(&app).await, [sha256sum(&a), sha256sum(&b)]);
        scan_here(&db, root.path()).await;
        assert!(!digest_all(&app).await, "of what is as it was they are known");

        // Of what has become another file, nothing is known.
        let before = sha256sum(&a);
        let mut bytes = fs::read(&a).unwrap();
        bytes[60_000] ^= 1;
        fs::write(&a, bytes).unwrap();
        scan_here(&db, root.path()).await;
        assert_eq!(known(&app).await, [FileDigest::default(), sha256sum(&b)]);
        assert!(digest_all(&app).await);
        assert_eq!(known(&app).await, [sha256sum(&a), sha256sum(&b)]);
        assert_ne!(sha256sum(&a), before);
    })
    .await;
}

#[tokio::test]
async fn a_file_that_cannot_be_read_says_why_and_is_not_tried_at_once() {
    on_each_database(async |db| {
        let (root, data) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        put("lean-gzip.sif", &root.path().join("a.sif"));
        scan_here(&db, root.path()).await;
        fs::remove_file(root.path().join("a.sif")).unwrap();
        let app = app(&db, data.path(), Digest::Always);
        assert!(digest_all(&app).await);
        let [digest] = &known(&app).await[..] else { panic!() };
        assert!(digest.problem.as_ref().unwrap().contains("No such file") && digest.sha256.is_none(), "{digest:?}");
        assert!(!digest_all(&app).await);
    })
    .await;
}
