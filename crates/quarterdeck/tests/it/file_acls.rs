//! Access control lists are shown as `getfacl` shows them and set as `setfacl` would, by the file's owner.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::files::{make, perform, refusal, write};
use crate::support::small::Small;
use crate::support::{Answer, Client, Site, left_out};

/// Accounts and groups of every Debian.
const USER: (&str, u32) = ("nobody", 65534);
const GROUP: (&str, u32) = ("users", 100);

/// The lines of a list, in numbers.
fn getfacl(path: &Path) -> String {
    let told = Command::new("getfacl").args(["--omit-header", "--numeric", "--no-effective", "-p"]).arg(path).output();
    let told = told.unwrap();
    assert!(told.status.success(), "{}", String::from_utf8_lossy(&told.stderr));
    String::from_utf8(told.stdout).unwrap().split_whitespace().collect::<Vec<_>>().join(" ")
}

fn setfacl(entries: &str, path: &Path) {
    assert!(Command::new("setfacl").args(["-m", entries]).arg(path).status().unwrap().success());
}

async fn site() -> Option<(Site, Client)> {
    if Command::new("getfacl").arg("--version").output().is_err() {
        return left_out("getfacl and setfacl are missing: install the package acl");
    }
    let site = Site::single_user().await;
    let client = site.client(&site.person()).await;
    Some((site, client))
}

fn home(site: &Site, path: &str) -> PathBuf {
    site.path("home").join(path)
}

async fn read(client: &Client, path: &str) -> (Value, String) {
    let answer = client.get(&format!("/files/home/acl?path={path}")).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    (answer.json(), answer.headers["etag"].to_str().unwrap().to_owned())
}

async fn put(client: &Client, tag: &str, body: &Value) -> Answer {
    client.send(client.request(Method::PUT, "/files/home/acl").header("If-Match", tag).json(body)).await
}

/// Sets what is read just before.
async fn set(client: &Client, body: Value) -> Answer {
    let (_, tag) = read(client, body["path"].as_str().unwrap()).await;
    put(client, &tag, &body).await
}

fn named(kind: &str, (name, _): (&str, u32), rights: &str) -> Value {
    json!({"kind": kind, "name": name, "rights": rights})
}

#[tokio::test]
async fn who_is_named_is_shown_with_what_the_mask_leaves() {
    let Some((site, client)) = site().await else { return };
    write(&site, "data", "");
    let (plain, _) = read(&client, "data").await;
    assert_eq!((&plain["support"], &plain["owner"]["name"]), (&json!("posix"), &json!(site.person())));
    assert_eq!((&plain["access"]["mask"], &plain["access"]["named"]), (&Value::Null, &json!([])));
    setfacl("u::rw,g::r,o::-,u:nobody:rw,g:users:r,u:4000000:x,m:r", &home(&site, "data"));
    let (acl, _) = read(&client, "data").await;
    let entry = |kind: &str, name: Value, id: u32, rights: &str, effective: &str| json!({"kind": kind, "id": id, "name": name, "rights": rights, "effective": effective});
    let expected = json!({
        "owner": "rw-", "group": "r--", "others": "---", "mask": "r--",
        "named": [
            entry("user", json!("nobody"), 65534, "rw-", "r--"),
            entry("user", Value::Null, 4_000_000, "--x", "---"),
            entry("group", json!("users"), 100, "r--", "r--"),
        ],
    });
    assert_eq!((&acl["access"], &acl["default"]), (&expected, &Value::Null));
}

#[tokio::test]
async fn a_list_is_set_changed_and_taken_away_again() {
    let Some((site, client)) = site().await else { return };
    write(&site, "run.sh", "");
    let path = home(&site, "run.sh");
    let base = |named: Vec<Value>| json!({"path": "run.sh", "access": {"owner": "rwx", "group": "r-x", "others": "---", "named": named}});
    let changed = set(&client, base(vec![named("user", USER, "rw-"), named("group", GROUP, "r--")])).await;
    assert_eq!((changed.status.as_u16(), &changed.json()["mode"]), (200, &json!("0770")), "{}", changed.text());
    let expected = "user::rwx user:65534:rw- group::r-x group:100:r-- mask::rwx other::---";
    assert_eq!(getfacl(&path), expected);

    // One whom the cluster does not know any more stays, and others are refused with their place in the list.
    setfacl("u:4000000:r", &path);
    let gone = json!({"kind": "user", "id": 4_000_000, "rights": "-w-"});
    let changed = set(&client, base(vec![gone.clone()])).await;
    assert_eq!(changed.status, 200, "{}", changed.text());
    assert_eq!(getfacl(&path), "user::rwx user:4000000:-w- group::r-x mask::rwx other::---");

    let plain = set(&client, base(vec![])).await;
    assert_eq!((plain.status.as_u16(), &plain.json()["mode"]), (200, &json!("0750")));
    assert_eq!(getfacl(&path), "user::rwx group::r-x other::---");
    assert_eq!(
        refusal(&set(&client, base(vec![gone])).await),
        (422, "invalid".into(), Some("/access/named/0/id".into()))
    );
}

#[tokio::test]
async fn a_directory_passes_its_default_list_on() {
    let Some((site, client)) = site().await else { return };
    make(&site, "shared", |path| fs::create_dir(path).unwrap());
    let list = json!({"owner": "rwx", "group": "r-x", "others": "---", "named": [named("group", GROUP, "rwx")]});
    let body = json!({"path": "shared", "access": list, "default": list});
    assert_eq!(set(&client, body).await.status, 200);
    let expected = "user::rwx group::r-x group:100:rwx mask::rwx other::--- default:user::rwx default:group::r-x \
                    default:group:100:rwx default:mask::rwx default:other::---";
    assert_eq!(getfacl(&home(&site, "shared")), expected);
    client.post("/files/home/mkdir", &json!({"path": "shared/new"})).await;
    assert_eq!(getfacl(&home(&site, "shared/new")), expected);
    let (acl, _) = read(&client, "shared/new").await;
    assert_eq!(acl["default"]["named"][0]["name"], "users");

    let without = json!({"path": "shared", "access": list});
    assert_eq!(set(&client, without).await.status, 200);
    assert!(!getfacl(&home(&site, "shared")).contains("default:"));
    write(&site, "file", "");
    let refused = set(&client, json!({"path": "file", "access": list, "default": list})).await;
    assert_eq!(refusal(&refused).1, "not-a-directory");
    assert!(!getfacl(&home(&site, "file")).contains("mask"), "nothing of it was done");
}

#[tokio::test]
async fn what_somebody_else_changed_meanwhile_is_not_written_over() {
    let Some((site, client)) = site().await else { return };
    write(&site, "data", "");
    let (_, tag) = read(&client, "data").await;
    setfacl("u:nobody:r", &home(&site, "data"));
    let body = json!({"path": "data", "access": {"owner": "rw-", "group": "---", "others": "---"}});
    assert_eq!(refusal(&put(&client, &tag, &body).await).0, 412);
    assert_eq!(refusal(&put(&client, "*", &body).await).1, "changed");
    let without = client.send(client.request(Method::PUT, "/files/home/acl").json(&body)).await;
    assert_eq!(refusal(&without).0, 428);
    assert!(getfacl(&home(&site, "data")).contains("user:65534:r--"));
}

#[tokio::test]
async fn what_cannot_be_is_refused_with_the_field_that_is_wrong() {
    let Some((site, client)) = site().await else { return };
    write(&site, "data", "");
    make(&site, "link", |path| symlink("data", path).unwrap());
    let refused = async |access: Value| refusal(&set(&client, json!({"path": "data", "access": access})).await);
    let with = |named: Value| json!({"owner": "rw-", "group": "r--", "others": "---", "named": named});
    let at = |pointer: &str| (422, "invalid".to_owned(), Some(pointer.to_owned()));
    let nowhere = json!({"kind": "user", "name": "no.such.person", "rights": "r--"});
    assert_eq!(refused(with(json!([named("user", USER, "r--"), nowhere]))).await, at("/access/named/1/name"));
    let no_group = json!({"kind": "group", "name": "no.such.group", "rights": "r--"});
    assert_eq!(refused(with(json!([no_group]))).await, at("/access/named/0/name"));
    let long = "가".repeat(100_000);
    let too_long = json!({"kind": "user", "name": long, "rights": "r--"});
    assert_eq!(refused(with(json!([too_long]))).await, at("/access/named/0/name"));
    for name in ["", "\0", "a\nb", "$(id)", "../root", "-1", "0"] {
        let odd = json!({"kind": "group", "name": name, "rights": "r--"});
        assert_eq!(refused(with(json!([odd]))).await, at("/access/named/0/name"), "{name:?}");
    }
    let twice = json!([named("user", USER, "r--"), {"kind": "user", "id": USER.1, "rights": "rw-"}]);
    assert_eq!(refused(with(twice)).await, at("/access/named/1/id"));
    assert_eq!(refused(with(json!([{"kind": "user", "rights": "r--"}]))).await, at("/access/named/0/name"));
    assert_eq!(refused(with(json!([named("user", USER, "rwr")]))).await, at("/access/named/0/rights"));
    assert_eq!(refused(with(json!(vec![named("user", USER, "r--"); 101]))).await, at("/access/named"));
    assert_eq!(refused(json!({"owner": "rw", "group": "r--", "others": "---"})).await, at("/access/owner"));
    assert_eq!(getfacl(&home(&site, "data")).matches(':').count(), 6, "nothing was set");

    for (path, code) in [("link", "not-a-regular-file"), ("nowhere", "file-not-found"), ("", "permission-denied")] {
        assert_eq!(refusal(&client.get(&format!("/files/home/acl?path={path}")).await).1, code, "{path}");
    }
    if site.person() != "root" && rustix::process::getuid().is_root() {
        fs::write(home(&site, "root's"), "").unwrap();
        let access = with(json!([named("user", USER, "r--")]));
        let denied = set(&client, json!({"path": "root's", "access": access})).await;
        assert_eq!(refusal(&denied).1, "permission-denied");
    }
}

#[tokio::test]
async fn a_file_system_without_lists_says_so_and_keeps_its_permission_bits() {
    let Some((site, client)) = site().await else { return };
    let Some(small) = Small::mount_plain(&site) else { return };
    write(&site, "small/data", "");
    let (acl, _) = read(&client, "small/data").await;
    assert_eq!(acl["support"], "none");
    let body = |named: Value| json!({"path": "small/data", "access": {"owner": "rw-", "group": "rw-", "others": "---", "named": named}});
    assert_eq!(refusal(&set(&client, body(json!([named("user", USER, "r--")]))).await).1, "acl-unsupported");
    assert_eq!(set(&client, body(json!([]))).await.json()["mode"], "0660");
    drop(small);
}

#[tokio::test]
async fn a_copy_has_the_lists_of_what_it_was_made_of_and_lets_nobody_do_more() {
    let Some((site, client)) = site().await else { return };
    write(&site, "shared/data", "");
    setfacl("u::rw,g::r,o::-,u:nobody:rw", &home(&site, "shared/data"));
    setfacl("u::rwx,g::-,o::-,g:users:rwx,d:g:users:rx", &home(&site, "shared"));
    let copied = perform(&client, "copy", json!({"paths": ["shared"], "to": "", "name": "copy"})).await;
    assert_eq!(copied["state"], "done", "{copied}");
    for path in ["", "/data"] {
        let of = |name: &str| getfacl(&home(&site, &format!("{name}{path}")));
        assert_eq!(of("copy"), of("shared"));
    }
    let Some(small) = Small::mount_plain(&site) else { return };
    perform(&client, "copy", json!({"paths": ["shared/data"], "to": "small"})).await;
    // The group bits of the original are what nobody may do at most: without the list they would be the group's.
    assert_eq!(client.get("/files/home/stat?path=small/data").await.json()["mode"], "0640");
    drop(small);
}

#[tokio::test]
async fn the_audit_tells_who_was_let_in() {
    let Some((site, client)) = site().await else { return };
    write(&site, "data", "");
    let access = json!({"owner": "rw-", "group": "r--", "others": "---", "named": [named("user", USER, "r--")]});
    assert_eq!(set(&client, json!({"path": "data", "access": access})).await.status, 200);
    let audit = client.get("/audit?action=file.set-acl").await.json();
    let event = &audit["items"][0];
    assert_eq!((&event["object"], &event["result"]), (&json!("home:data"), &json!("done")));
    assert_eq!(event["detail"]["access"]["named"][0]["id"], USER.1);
}
