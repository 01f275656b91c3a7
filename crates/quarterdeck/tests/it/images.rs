//! The catalogue of images as clients see it: found, searched, removed, and no longer to be chosen.

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use nix::unistd::User;
use serde_json::{Value, json};

use crate::support::{Client, Site, unique};

fn real(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../quarterdeck-sif/tests/images").join(name)
}

async fn scan(client: &Client) -> Value {
    let scan = client.post("/images/scan", &json!({})).await;
    assert_eq!(scan.status, 202, "{}", scan.text());
    let path = format!("/images/scans/{}", scan.json()["scan_id"].as_str().unwrap());
    let begun = Instant::now();
    loop {
        let scan = client.get(&path).await.json();
        if scan["state"] == "finished" {
            return scan;
        }
        assert!(begun.elapsed() < Duration::from_secs(30), "{scan}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn list(client: &Client, query: &str) -> Vec<Value> {
    let answer = client.get(&format!("/images?{query}")).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()["items"].as_array().unwrap().clone()
}

fn names(images: &[Value]) -> Vec<&str> {
    images.iter().map(|image| image["name"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn images_are_found_told_and_no_longer_chosen_when_they_are_gone() {
    let directory = tempfile::Builder::new().prefix("quarterdeck-images.").tempdir_in("/var/tmp").unwrap();
    // The server may run as another account than the test.
    fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let at = |name: &str| directory.path().join(name);
    fs::copy(real("lean-gzip.sif"), at("solver.sif")).unwrap();
    fs::copy(real("lean-gzip.sif"), at("solver-copy.sif")).unwrap();
    fs::copy(real("lean-signed-pgp.sif"), at("signed.sif")).unwrap();
    let images = directory.path().to_str().unwrap();
    let site = Site::single_user_in(Path::new("/var/tmp"), &[("QUARTERDECK_IMAGES__DIRECTORIES", images)]).await;
    let client = site.client(&site.person()).await;
    let done = scan(&client).await;
    assert_eq!(done["hosts"][0]["errors_total"], 0, "{done}");

    let solver = list(&client, "q=solver+set-in-post+alpha").await;
    assert_eq!(names(&solver), ["solver-copy"], "by name, label and app");
    let solver = &solver[0];
    assert_eq!((&solver["identity"]["kind"], &solver["hosts"]), (&json!("header"), &json!(1)));
    assert_eq!((&solver["state"], &solver["drifts"]), (&json!("active"), &json!(false)));
    assert!(list(&client, "cluster=nowhere").await.is_empty());
    let host = solver["host"].as_str().unwrap();
    assert_eq!(names(&list(&client, &format!("cluster=local&node={host}")).await), ["signed", "solver-copy"]);
    assert_eq!(client.get("/images/drift").await.json()["items"], json!([]));

    let path = format!("/images/{}", solver["id"].as_str().unwrap());
    let detail = client.get(&path).await.json();
    let locations = detail["locations"].as_array().unwrap();
    let paths: Vec<_> = locations.iter().map(|location| location["path"].as_str().unwrap()).collect();
    assert_eq!(paths, [at("solver-copy.sif").to_str().unwrap(), at("solver.sif").to_str().unwrap()]);
    assert!(locations.iter().all(|location| location["state"] == "active" && location["source"] == "server"));
    assert_eq!(detail["inspect"]["type"], "container");

    let job = json!({"name": "with an image", "script": "#!/bin/bash\ntrue\n", "image": {"id": solver["id"]}});
    let preview = async || client.post("/clusters/local/jobs/preview", &job).await;
    assert_eq!(preview().await.status, 200, "{}", preview().await.text());
    for name in ["solver.sif", "solver-copy.sif"] {
        fs::remove_file(at(name)).unwrap();
    }
    let done = scan(&client).await;
    assert_eq!(done["hosts"][0]["images_removed"], 2, "{done}");
    assert_eq!(names(&list(&client, "").await), ["signed"]);
    assert_eq!(names(&list(&client, "state=inactive").await), ["solver-copy"]);
    let gone = client.get(&path).await.json();
    assert_eq!((&gone["state"], gone["gone_at"].is_string()), (&json!("inactive"), true));
    let refused = preview().await;
    assert_eq!(refused.status, 422, "{}", refused.text());
    assert_eq!(refused.json()["errors"][0]["code"], "image-gone");
}

#[tokio::test]
async fn signatures_are_told_with_the_sites_keys_and_digests_when_somebody_asks() {
    let directory = tempfile::Builder::new().prefix("quarterdeck-images.").tempdir_in("/var/tmp").unwrap();
    fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let at = |name: &str| directory.path().join(name);
    for name in ["lean-signed-pgp.sif", "one-group-signed-pgp.sif", "lean-gzip.sif"] {
        fs::copy(real(name), at(name)).unwrap();
    }
    let keys = at("keys");
    fs::create_dir(&keys).unwrap();
    fs::copy(real("fixture-pgp-public.asc"), keys.join("site.asc")).unwrap();
    let environment = [
        ("QUARTERDECK_IMAGES__DIRECTORIES", directory.path().to_str().unwrap()),
        ("QUARTERDECK_IMAGES__SIGNING_KEYS", keys.to_str().unwrap()),
    ];
    let site = Site::single_user_in(Path::new("/var/tmp"), &environment).await;
    let client = site.client(&site.person()).await;
    scan(&client).await;
    let told = async || {
        let images = list(&client, "").await;
        images.iter().map(|image| (image["name"].clone(), image["signature"].clone())).collect::<Vec<_>>()
    };
    let expected = [
        (json!("lean-gzip"), json!(null)),
        (json!("lean-signed-pgp"), json!("verified")),
        (json!("one-group-signed-pgp"), json!("unknown_key")),
    ];
    // That goes on after the scan.
    let begun = Instant::now();
    while told().await != expected {
        assert!(begun.elapsed() < Duration::from_secs(30), "{:?}", told().await);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }

    let image = list(&client, "q=lean-signed").await.remove(0);
    let path = format!("/images/{}", image["id"].as_str().unwrap());
    let location = async || client.get(&path).await.json()["locations"][0].clone();
    let signature = location().await["signatures"][0].clone();
    assert_eq!(signature["fingerprint"], "4dd480770883b4947c780ab803f8579a6197815a", "{signature}");
    assert_eq!((&signature["verdict"], &signature["why"]), (&json!("verified"), &json!(null)));
    assert_eq!(location().await["sha256"], json!(null));
    let asked = client.post(&format!("{path}/digest"), &json!({})).await;
    assert_eq!(asked.status, 202, "{}", asked.text());
    while location().await["sha256"].is_null() {
        assert!(begun.elapsed() < Duration::from_secs(30), "{}", location().await);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let sha256 = "ef0f1275cb1b55c3c603c7350195380796bb9172d5be2006dcbac0f9440dbec0";
    assert_eq!((&location().await["sha256"], &location().await["sha256_wanted"]), (&json!(sha256), &json!(false)));

    // A copy that says that it is the same image, and is not.
    let mut bytes = fs::read(at("lean-signed-pgp.sif")).unwrap();
    bytes[60_000] ^= 1;
    fs::write(at("lean-copy.sif"), bytes).unwrap();
    let job = json!({"name": "x", "script": "#!/bin/bash\ntrue\n", "image": {"id": image["id"]}});
    let preview = async || client.post("/clusters/local/jobs/preview", &job).await.json();
    assert_eq!(preview().await["warnings"], json!([]));
    scan(&client).await;
    while client.get(&path).await.json()["signature"] != "bad" {
        assert!(begun.elapsed() < Duration::from_secs(30), "{}", client.get(&path).await.text());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(preview().await["warnings"][0]["code"], "image-signature-bad", "{}", preview().await);
    let nothing = client.post("/images/019ace00-0000-7000-8000-000000000000/digest", &json!({})).await;
    assert_eq!(nothing.status, 404, "{}", nothing.text());
}

/// Puts an image into somebody's home, as she would; answers where it is.
fn put_at_home(user: &str, name: &str, image: &[u8]) -> PathBuf {
    let person = User::from_name(user).unwrap().unwrap();
    let directory = person.dir.join("images");
    fs::create_dir_all(&directory).unwrap();
    let path = directory.join(name);
    fs::write(&path, image).unwrap();
    for made in [&directory, &path] {
        chown(made, Some(person.uid.as_raw()), Some(person.gid.as_raw())).unwrap();
    }
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    path
}

async fn own_at(client: &Client, path: &Path) -> Option<Value> {
    let looked = client.post("/images/own/scan", &json!({})).await;
    assert_eq!((looked.status.as_u16(), &looked.json()["state"]), (200, &json!("finished")), "{}", looked.text());
    list(client, "own=true").await.into_iter().find(|image| image["path"] == path.to_str().unwrap())
}

#[tokio::test]
async fn a_persons_own_images_are_found_by_her_agent_and_seen_by_nobody_else() {
    let Some(site) = Site::multi_user().await else { return };
    let [alice, bob, admin] = [site.client("alice").await, site.client("bob").await, site.client("admin").await];
    let name = unique("own");
    // One that was built anew: another each time.
    let mut sif = fs::read(real("lean-gzip.sif")).unwrap();
    sif[48..64].copy_from_slice(uuid::Uuid::now_v7().as_bytes());
    let path = put_at_home("alice", &format!("{name}.sif"), &sif);
    let image = own_at(&alice, &path).await.unwrap();
    assert_eq!((&image["own"], &image["kind"], &image["name"]), (&json!(true), &json!("custom"), &json!(name)));
    let id = image["id"].as_str().unwrap();
    let found = format!("q={name}");
    assert_eq!(names(&list(&alice, &found).await), [name.as_str()]);
    assert_eq!(names(&list(&alice, &format!("{found}&cluster=slurm&partition=compute")).await), [name.as_str()]);
    assert!(list(&alice, &format!("{found}&own=false")).await.is_empty());

    let job = json!({
        "name": name, "template": "apptainer-run@1.0.0", "parameters": {"input": "argument"}, "image": {"id": id},
    });
    let preview = alice.post("/clusters/slurm/jobs/preview", &job).await;
    assert_eq!(preview.status, 200, "{}", preview.text());
    assert!(preview.json()["script"].as_str().unwrap().contains(path.to_str().unwrap()), "{}", preview.text());

    for other in [&bob, &admin] {
        assert!(list(other, &found).await.is_empty());
        for of in [format!("/images/{id}"), format!("/images/{id}/apps")] {
            assert_eq!(other.get(&of).await.status, 404);
        }
    }
    let refused = bob.post("/clusters/slurm/jobs/preview", &job).await.json();
    assert_eq!(refused["errors"][0]["code"], "no-such-image", "{refused}");
    let refused = admin.post(&format!("/images/{id}/digest"), &json!({})).await;
    assert_eq!(refused.status, 404, "{}", refused.text());
    // The same image of somebody else's is another one.
    let of_bob = put_at_home("bob", &format!("{name}.sif"), &sif);
    let his = own_at(&bob, &of_bob).await.unwrap();
    assert_ne!(his["id"], image["id"]);
    let detail = alice.get(&format!("/images/{id}")).await.json();
    assert_eq!(detail["locations"].as_array().unwrap().len(), 1, "{detail}");

    fs::remove_file(&path).unwrap();
    assert_eq!(own_at(&alice, &path).await, None);
    assert_eq!(alice.get(&format!("/images/{id}")).await.status, 404, "what is gone is forgotten");
    fs::remove_file(&of_bob).unwrap();
}
