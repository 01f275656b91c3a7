//! Files are made, moved, given permissions, deleted and taken back, as their owner and with a trail.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::files::{refusal, write};
use crate::support::{Answer, Client, Site};

async fn post(client: &Client, path: &str, body: Value) -> Answer {
    client.post(&format!("/files/home{path}"), &body).await
}

async fn delete(client: &Client, query: &str) -> Answer {
    client.delete(&format!("/files/home?{query}")).await
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
    let inwards = json!({"from": "작업", "to": "작업/one/작업"});
    assert_eq!(refusal(&post(&client, "/rename", inwards).await), (409, "into-itself".to_owned(), None));
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

async fn save(client: &Client, path: &str, condition: (&str, &str), content: &[u8]) -> Answer {
    let request = client.request(Method::PUT, &format!("/files/home/content?path={path}"));
    client.send(request.header(condition.0, condition.1).body(content.to_vec())).await
}

fn tag(answer: &Answer) -> String {
    answer.headers["etag"].to_str().unwrap().to_owned()
}

#[tokio::test]
async fn an_edited_file_takes_the_place_of_the_one_that_was_read_and_of_no_other() {
    let site = Site::single_user().await;
    let client = site.client(&site.person()).await;
    let made = save(&client, "conf/run.sh", ("If-None-Match", "*"), b"#!/bin/sh\n").await;
    assert_eq!((made.status.as_u16(), made.json()["size"].as_u64()), (201, Some(10)));
    assert_eq!(refusal(&save(&client, "conf/run.sh", ("If-None-Match", "*"), b"").await).1, "already-exists");
    post(&client, "/permissions", json!({"path": "conf/run.sh", "mode": "0751"})).await;

    let read = client.get("/files/home/content?path=conf/run.sh").await;
    let edited = save(&client, "conf/run.sh", ("If-Match", &tag(&read)), "가나다\n".as_bytes()).await;
    assert_eq!((edited.status.as_u16(), edited.json()["mode"].as_str()), (200, Some("0751")));
    assert_ne!(tag(&edited), tag(&read));
    // Somebody's second window still has what was there before.
    let late = save(&client, "conf/run.sh", ("If-Match", &tag(&read)), b"late").await;
    assert_eq!(refusal(&late), (412, "changed".to_owned(), None));
    assert_eq!(fs::read_to_string(site.path("home/conf/run.sh")).unwrap(), "가나다\n");
    let again = save(&client, "conf/run.sh", ("If-Match", &tag(&edited)), b"").await;
    assert_eq!((again.status.as_u16(), again.json()["size"].as_u64()), (200, Some(0)));

    for condition in [("X-None", "1"), ("If-None-Match", &tag(&again))] {
        let answer = save(&client, "conf/run.sh", condition, b"x").await;
        assert_eq!(refusal(&answer), (428, "precondition-required".to_owned(), None));
    }
    for wrong in ["*", "x", "\"1-2-3\""] {
        assert_eq!(refusal(&save(&client, "conf/run.sh", ("If-Match", wrong), b"x").await).1, "changed", "{wrong}");
    }
    assert_eq!(save(&client, "conf", ("If-Match", &tag(&again)), b"x").await.json()["code"], "not-a-regular-file");
    assert_eq!(save(&client, "../x", ("If-None-Match", "*"), b"x").await.status, 422);
    // Nothing hidden is left.
    let names: Vec<_> = fs::read_dir(site.path("home/conf")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, ["run.sh"]);
}

#[tokio::test]
async fn several_peoples_files_are_written_over_where_they_are() {
    let site = Site::single_user().await;
    let client = site.client(&site.person()).await;
    write(&site, "one", "before");
    fs::hard_link(site.path("home/one"), site.path("home/other")).unwrap();
    let read = client.get("/files/home/content?path=one").await;
    assert_eq!(save(&client, "one", ("If-Match", &tag(&read)), b"now").await.status, 200);
    assert_eq!(fs::read_to_string(site.path("home/other")).unwrap(), "now");
    std::os::unix::fs::symlink("one", site.path("home/link")).unwrap();
    let linked = save(&client, "link", ("If-Match", &tag(&read)), b"x").await;
    assert_eq!(refusal(&linked).1, "not-a-regular-file");
}

#[tokio::test]
async fn of_many_who_save_at_once_one_wins_and_the_others_are_told() {
    let site = Site::single_user().await;
    let client = site.client(&site.person()).await;
    write(&site, "shared", "0");
    for round in 0..20 {
        let read = tag(&client.get("/files/home/content?path=shared").await);
        let content: Vec<_> = (0..4).map(|n| format!("{round}: {n}").into_bytes()).collect();
        let saves = content.iter().map(|content| save(&client, "shared", ("If-Match", &read), content));
        let answers = futures_util::future::join_all(saves).await;
        let won: Vec<_> = (0..4).filter(|n| answers[*n].status == 200).collect();
        assert_eq!(won.len(), 1, "round {round}: {:?}", answers.iter().map(|answer| answer.status).collect::<Vec<_>>());
        assert_eq!(fs::read(site.path("home/shared")).unwrap(), content[won[0]]);
    }
}

#[tokio::test]
async fn a_range_of_what_the_file_was_before_is_answered_with_all_of_it() {
    let site = Site::single_user().await;
    let client = site.client(&site.person()).await;
    write(&site, "data", "0123456789");
    let first = tag(&client.get("/files/home/content?path=data").await);
    let part = async |tag: &str| {
        let request = client.request(Method::GET, "/files/home/content?path=data");
        let answer = client.send(request.header("Range", "bytes=8-").header("If-Range", tag)).await;
        (answer.status.as_u16(), answer.text())
    };
    assert_eq!(part(&first).await, (206, "89".to_owned()));
    write(&site, "data", "abcdefghijk");
    assert_eq!(part(&first).await, (200, "abcdefghijk".to_owned()));
}
