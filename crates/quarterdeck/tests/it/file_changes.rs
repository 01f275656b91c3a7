//! Files are made, moved, given permissions, deleted and taken back, as their owner and with a trail.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::Path;

use serde_json::{Value, json};

use crate::support::{Answer, Client, Site};

async fn post(client: &Client, path: &str, body: Value) -> Answer {
    client.post(&format!("/files/home{path}"), &body).await
}

async fn delete(client: &Client, query: &str) -> Answer {
    client.delete(&format!("/files/home?{query}")).await
}

/// What is written here is hers, whoever runs the tests.
fn write(site: &Site, path: &str, content: &str) {
    let home = site.path("home");
    let owner = fs::metadata(&home).unwrap();
    let path = Path::new(path);
    fs::create_dir_all(home.join(path).parent().unwrap()).unwrap();
    fs::write(home.join(path), content).unwrap();
    for part in path.ancestors().filter(|part| *part != Path::new("")) {
        chown(home.join(part), Some(owner.uid()), Some(owner.gid())).unwrap();
    }
}

fn refusal(answer: &Answer) -> (u16, String, Option<String>) {
    let problem = answer.json();
    let pointer = problem["errors"][0]["pointer"].as_str().map(str::to_owned);
    (answer.status.as_u16(), problem["code"].as_str().unwrap_or_default().to_owned(), pointer)
}

#[tokio::test]
async fn a_directory_is_made_a_file_moved_there_and_given_permissions() {
    let site = Site::single_user().await;
    let client = site.client(&site.person()).await;
    let made = post(&client, "/mkdir", json!({"path": "작업/one", "parents": true})).await;
    assert_eq!((made.status.as_u16(), made.json()["path"].as_str()), (201, Some("작업/one")));
    assert_eq!(refusal(&post(&client, "/mkdir", json!({"path": "작업/one"})).await).1, "already-exists");
    assert_eq!(refusal(&post(&client, "/mkdir", json!({"path": "none/two"})).await).1, "file-not-found");

    write(&site, "in.dat", "input");
    let moved = post(&client, "/rename", json!({"from": "in.dat", "to": "작업/one/in.dat"})).await;
    assert_eq!((moved.status.as_u16(), moved.json()["path"].as_str()), (200, Some("작업/one/in.dat")));
    write(&site, "other", "other");
    let clash = json!({"from": "other", "to": "작업/one/in.dat"});
    assert_eq!(refusal(&post(&client, "/rename", clash).await).1, "already-exists");
    let replace = json!({"from": "other", "to": "작업/one/in.dat", "replace": true});
    assert_eq!(post(&client, "/rename", replace).await.status, 200);
    assert_eq!(fs::read_to_string(site.path("home/작업/one/in.dat")).unwrap(), "other");

    let set = post(&client, "/permissions", json!({"path": "작업/one/in.dat", "mode": "0640"})).await;
    assert_eq!((set.status.as_u16(), set.json()["mode"].as_str()), (200, Some("0640")));
    let mode = fs::metadata(site.path("home/작업/one/in.dat")).unwrap().permissions().mode();
    assert_eq!(mode & 0o7777, 0o640);
    let told = client.get("/files/home/stat?path=작업/one/in.dat").await.json();
    assert_eq!((&told["mode"], &told["size"], &told["kind"]), (&json!("0640"), &json!(5), &json!("file")));
}

#[tokio::test]
async fn what_was_deleted_is_found_in_the_trash_and_taken_back() {
    let site = Site::single_user().await;
    let client = site.client(&site.person()).await;
    write(&site, "run/deep/out", "result");
    let item = delete(&client, "path=run").await.json();
    assert!(!site.path("home/run").exists());
    let listed = client.get("/files/home/trash").await.json();
    assert_eq!(listed["items"], json!([item]));
    assert_eq!(item["was_at"].as_str(), site.path("home/run").to_str());
    let age = chrono::Utc::now() - item["deleted_at"].as_str().unwrap().parse::<chrono::DateTime<_>>().unwrap();
    assert!((-1..60).contains(&age.num_seconds()), "{age}");

    let restore = format!("/trash/{}/restore", item["id"].as_str().unwrap());
    let restored = post(&client, &restore, json!({})).await;
    assert_eq!(restored.json(), json!({"space": "home", "path": "run"}));
    assert_eq!(fs::read_to_string(site.path("home/run/deep/out")).unwrap(), "result");
    assert_eq!(refusal(&post(&client, &restore, json!({})).await), (404, "file-not-found".to_owned(), None));

    assert_eq!(refusal(&delete(&client, "path=run&permanent=true").await).1, "directory-not-empty");
    assert_eq!(delete(&client, "path=run/deep/out&permanent=true").await.status, 204);
    assert_eq!(client.get("/files/home/trash").await.json()["items"], json!([]));
}

#[tokio::test]
async fn what_cannot_be_is_refused_with_the_field_that_is_wrong() {
    let site = Site::single_user().await;
    let client = site.client(&site.person()).await;
    write(&site, "run.sh", "");
    let invalid = |pointer: &str| (422, "invalid".to_owned(), Some(pointer.to_owned()));
    for path in ["../x", "/etc/x", "a/../../b", "nul\0", &"x".repeat(5000)] {
        assert_eq!(refusal(&post(&client, "/mkdir", json!({"path": path})).await), invalid("/path"), "{path}");
        assert_eq!(refusal(&post(&client, "/rename", json!({"from": "x", "to": path})).await), invalid("/to"));
    }
    for mode in ["", "9", "0999", "04755", "rwx", "00644"] {
        let asked = json!({"path": "run.sh", "mode": mode});
        assert_eq!(refusal(&post(&client, "/permissions", asked).await), invalid("/mode"), "{mode}");
    }
    // The space itself is the administrator's.
    for answer in [
        post(&client, "/rename", json!({"from": "", "to": "x"})).await,
        post(&client, "/permissions", json!({"path": "", "mode": "0777"})).await,
        delete(&client, "path=").await,
        delete(&client, "path=&permanent=true").await,
    ] {
        assert_eq!(refusal(&answer), (403, "permission-denied".to_owned(), None));
    }
    assert_eq!(refusal(&delete(&client, "path=.local/share/Trash").await).1, "file-not-found");
    let elsewhere = json!({"from": "run.sh", "to": "x", "to_space": "nowhere"});
    assert_eq!(refusal(&post(&client, "/rename", elsewhere).await).1, "no-such-space");
    assert!(site.path("home/run.sh").exists());
}

#[tokio::test]
async fn the_audit_tells_who_changed_what_and_what_was_refused() {
    let site = Site::single_user().await;
    let client = site.client(&site.person()).await;
    write(&site, "x", "");
    write(&site, "y", "");
    post(&client, "/rename", json!({"from": "x", "to": "y"})).await;
    delete(&client, "path=x").await;
    let audit = client.get("/audit?limit=50").await.json();
    let told = |action: &str| {
        let items = audit["items"].as_array().unwrap().iter().filter(|item| item["action"] == action);
        items.map(|item| (item["object"].clone(), item["result"].clone())).collect::<Vec<_>>()
    };
    assert_eq!(told("file.rename"), [(json!("home:x"), json!("refused"))]);
    assert_eq!(told("file.delete"), [(json!("home:x"), json!("done"))]);
}
