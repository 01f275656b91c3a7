//! What is found out about images beside what they say: their signatures, and their digests.

use std::process::Command;

use super::*;
use crate::access::Role;
use crate::app::testing::actor;
use crate::config::Digest;
use crate::images;
use crate::images::check::check_all;
use crate::images::digest::digest_all;
use crate::images::testing::{real, somebody};

#[tokio::test(flavor = "multi_thread")]
async fn signatures_are_checked_over_sftp_once_for_all_nodes_that_show_the_same_file() {
    on_each_cluster(async |mut cluster| {
        let log = cluster.site.path("sftp.log");
        let tells = format!("Subsystem sftp /usr/lib/openssh/sftp-server -e -l INFO 2>>{}", log.display());
        // The first one is away when it comes to the signatures.
        let nodes: Vec<Sshd> = (0..3).map(|_| cluster.node(&tells)).collect();
        fs::copy(real("lean-signed-pgp.sif"), cluster.at("signed.sif")).unwrap();
        cluster.scan().await;
        let found = reads(&log).len();
        let mut nodes = nodes.into_iter();
        nodes.next().unwrap().stop();
        cluster.signing_keys = vec![real("fixture-pgp-public.asc")];
        let app = cluster.app();
        assert!(check_all(&app).await);

        let listed = images::list(&app, &somebody(), &images::Filter::default(), 10).await.unwrap().pop().unwrap();
        assert_eq!(listed.standing, Some(images::Standing::Verified));
        let places = images::get(&app, &somebody(), listed.image.id).await.unwrap().places;
        let told = |place: &images::Place| place.checked.as_ref().unwrap().signatures[0].verdict;
        assert_eq!(places.iter().map(told).collect::<Vec<_>>(), [images::SignatureVerdict::Verified; 3]);
        assert_eq!(reads(&log).len(), found + 1, "one node read it for all");
        assert!(!check_all(&app).await);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nodes_compute_digests_where_the_site_says_so_whatever_the_path() {
    on_each_cluster(async |mut cluster| {
        let _nodes: Vec<Sshd> = (0..2).map(|_| cluster.node("")).collect();
        let path = cluster.at("it's $(touch ran)\n`x` \\\"/a b.sif");
        put("lean-gzip.sif", &path);
        cluster.scan().await;
        let image = listed(&cluster.db).await.remove(0).id;
        let operator = actor("olga", Role::Operator);
        let refused = images::digest(&cluster.app(), &operator, image).await;
        assert!(matches!(refused, Err(images::Error::NoDigestsOfNodes)), "{refused:?}");

        cluster.digest = true;
        let app = cluster.app();
        assert!(!digest_all(&app).await, "nobody asked");
        images::digest(&app, &operator, image).await.unwrap();
        let digests = async || {
            let places = images::get(&app, &somebody(), image).await.unwrap().places;
            places.into_iter().map(|place| place.digest).collect::<Vec<_>>()
        };
        while digests().await.iter().any(|digest| digest.is_wanted) {
            sleep(Duration::from_millis(20)).await;
        }
        let output = Command::new("sha256sum").stdin(fs::File::open(&path).unwrap()).output().unwrap();
        let sha256 = String::from_utf8(output.stdout).unwrap().split(' ').next().unwrap().to_owned();
        let expected = images::FileDigest { sha256: Some(sha256), is_wanted: false, problem: None };
        assert_eq!(digests().await, [expected.clone(), expected]);
        assert_eq!(fs::read_dir(cluster.images.path()).unwrap().count(), 1, "something else came to be");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_lets_nothing_be_run_is_named_with_what_to_do() {
    on_each_cluster(async |mut cluster| {
        let node = cluster.node("ForceCommand internal-sftp -R");
        put("lean-gzip.sif", &cluster.at("a.sif"));
        cluster.scan().await;
        cluster.digest = true;
        let configured = cluster.app();
        let app = app_with(&cluster.db, cluster.data.path(), chrono::Utc::now(), |config| {
            config.images = configured.config.images.clone();
            config.images.digest = Digest::Always;
        });
        assert!(digest_all(&app).await);
        let image = listed(&cluster.db).await.remove(0).id;
        let digest = images::get(&app, &somebody(), image).await.unwrap().places.remove(0).digest;
        assert!(digest.problem.unwrap().starts_with(&format!("{}: ", node.address)));
        assert_eq!((digest.sha256, digest.is_wanted), (None, false));
    })
    .await;
}
