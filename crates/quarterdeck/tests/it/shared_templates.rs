//! A user's template becomes everybody's: looked at first where the site wants it, the very text that was looked at, by
//! nobody else's id.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink};
use std::path::PathBuf;
use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Answer, Client, Site, Slurm, eventually, unique};

fn template(id: &str, version: &str) -> String {
    format!(
        "# kept as it is: 한글\nid: {id}\nversion: \"{version}\"\nname: {{ en: Words, ko: 단어 }}\n\
         description: {{ en: Counts, ko: 셈 }}\ncategory: data\ntags: []\nschedulers: [local, slurm]\nimage: none\n\
         parameters: []\nresources: {{}}\nscript: |\n  echo {version}\n"
    )
}

fn new_id() -> String {
    unique("shared").replace('_', "-").to_lowercase()
}

async fn make(client: &Client, id: &str, version: &str) -> Value {
    let made = client.post("/templates", &json!({"yaml": template(id, version)})).await;
    assert_eq!(made.status, 201, "{}", made.text());
    made.json()
}

async fn share(client: &Client, id: &str, body: Value) -> Answer {
    client.post(&format!("/templates/{id}/share"), &body).await
}

/// Asks for it; answers the request.
async fn asked(client: &Client, id: &str, body: Value) -> Value {
    let answer = share(client, id, body).await;
    assert_eq!(answer.status, 201, "{}", answer.text());
    assert_eq!(answer.json()["state"], "open", "{}", answer.text());
    answer.json()
}

fn path_of(share: &Value) -> String {
    format!("/template-shares/{}", share["id"].as_str().unwrap())
}

/// As it is to be decided.
async fn look_at(client: &Client, share: &Value) -> Value {
    let answer = client.get(&path_of(share)).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()
}

async fn accept(client: &Client, seen: &Value) -> Answer {
    let body = json!({"hash": seen["hash"], "replaces": seen["replaces"]["hash"]});
    client.post(&format!("{}/accept", path_of(seen)), &body).await
}

async fn told(client: &Client, code: &str) -> Vec<Value> {
    let page = client.get("/notifications?limit=500").await.json();
    page["items"].as_array().unwrap().iter().filter(|item| item["code"] == code).cloned().collect()
}

fn code(answer: &Answer) -> (u16, Value) {
    (answer.status.as_u16(), answer.json()["code"].clone())
}

fn community(site: &Site, id: &str) -> PathBuf {
    site.path(&format!("templates/community/{id}.yaml"))
}

async fn put(client: &Client, id: &str, hash: &Value, yaml: &str) -> Answer {
    let request = client.request(Method::PUT, &format!("/templates/{id}"));
    client.send(request.header("If-Match", hash.as_str().unwrap()).json(&json!({"yaml": yaml}))).await
}

#[tokio::test]
async fn what_an_administrator_has_looked_at_is_everybodys_and_nothing_that_came_later() {
    let Some(site) = Site::multi_user().await else { return };
    let (alice, bob, admin) = (site.client("alice").await, site.client("bob").await, site.client("admin").await);
    assert_eq!(bob.get("/meta").await.json()["templates"]["share"], "review");
    let id = new_id();
    let made = make(&alice, &id, "1").await;
    let request = asked(&alice, &id, json!({"note": "Please:\nfor all of us."})).await;
    assert_eq!((&request["template"], &request["author"]), (&json!(id), &json!("alice")));
    // The same again is the same.
    assert_eq!(asked(&alice, &id, json!({"note": "Please:\nfor all of us."})).await["id"], request["id"]);
    assert!(!community(&site, &id).exists());

    // Of none of this bob learns anything.
    assert_eq!(share(&bob, &id, json!({})).await.status, 404);
    assert_eq!(bob.get("/template-shares").await.json()["items"], json!([]));
    assert_eq!(bob.get(&format!("/template-shares?template={id}")).await.json()["items"], json!([]));
    assert_eq!(bob.get(&path_of(&request)).await.status, 404);
    assert_eq!(bob.delete(&path_of(&request)).await.status, 404);
    let seen = json!({"id": request["id"], "hash": request["hash"], "replaces": null});
    for client in [&alice, &bob] {
        assert_eq!(accept(client, &seen).await.status, 403);
        assert_eq!(client.post(&format!("{}/refuse", path_of(&request)), &json!({"reason": "x"})).await.status, 403);
    }

    let asked_of_admin = told(&admin, "template-share-asked").await;
    assert_eq!(asked_of_admin.len(), 1);
    assert_eq!(asked_of_admin[0]["params"]["share"], request["id"]);
    let open = admin.get("/template-shares?state=open&count=true").await.json();
    assert_eq!((&open["total"], &open["items"][0]["id"]), (&json!(1), &request["id"]));
    assert!(open["items"][0].get("text").is_none());
    let seen = look_at(&admin, &request).await;
    assert_eq!(seen["text"], template(&id, "1"));
    assert_eq!((&seen["replaces"], &seen["note"]), (&Value::Null, &json!("Please:\nfor all of us.")));

    // She goes on writing; that is not what was looked at.
    let changed = put(&alice, &id, &made["hash"], &template(&id, "2")).await;
    assert_eq!(changed.status, 200, "{}", changed.text());
    let other = json!({"id": request["id"], "hash": changed.json()["hash"], "replaces": null});
    assert_eq!(code(&accept(&admin, &other).await), (412, json!("changed")));
    let accepted = accept(&admin, &seen).await;
    assert_eq!((accepted.status.as_u16(), &accepted.json()["state"]), (200, &json!("accepted")), "{}", accepted.text());
    assert_eq!(code(&accept(&admin, &seen).await), (409, json!("share-decided")));

    let file = community(&site, &id);
    assert_eq!(fs::read_to_string(&file).unwrap(), template(&id, "1"));
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o644);
    for client in [&alice, &bob, &admin] {
        let now = eventually("her own to make room", Duration::from_secs(20), async || {
            Some(client.get(&format!("/templates/{id}")).await.json()).filter(|now| now["source"] == "community")
        });
        assert_eq!(now.await["version"], "1");
    }
    let versions = bob.get(&format!("/templates/{id}/versions")).await.json();
    assert_eq!((&versions["items"][0]["author"], versions["items"].as_array().unwrap().len()), (&json!("alice"), 1));
    assert_eq!(told(&alice, "template-share-accepted").await[0]["params"]["by"], "admin");

    // Her own made room, and nothing of it is lost.
    let own = site.home("alice").join("templates");
    let archived = eventually("her own file to be put away", Duration::from_secs(20), async || {
        let files = fs::read_dir(own.join("archived")).ok()?.map(|file| file.unwrap().path());
        files.into_iter().next().filter(|_| !own.join(format!("{id}.yaml")).exists())
    });
    assert_eq!(fs::read_to_string(archived.await).unwrap(), template(&id, "2"));
    assert_eq!(alice.get("/templates/scan").await.json()["failed"], json!([]));

    let events = admin.get(&format!("/audit?object={id}&limit=100")).await.json();
    let deeds: Vec<(String, String, String)> = events["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|event| {
            let word = |name: &str| event[name].as_str().unwrap().to_owned();
            (word("actor"), word("action"), word("result"))
        })
        .collect();
    for (actor, action, result) in [
        ("alice", "template.share", "done"),
        ("admin", "template.share_accept", "done"),
        ("(server)", "template.archive", "done"),
    ] {
        let expected = (actor.to_owned(), action.to_owned(), result.to_owned());
        assert!(deeds.contains(&expected), "{expected:?} is not among {deeds:?}");
    }
}

#[tokio::test]
async fn whose_template_it_is_may_share_its_next_version_and_nobody_else_may_take_its_id() {
    let Some(site) = Site::multi_user().await else { return };
    let (alice, bob, admin) = (site.client("alice").await, site.client("bob").await, site.client("admin").await);
    let (id, draft) = (new_id(), new_id());
    make(&alice, &id, "1").await;
    let first = asked(&alice, &id, json!({})).await;
    assert_eq!(accept(&admin, &look_at(&admin, &first).await).await.status, 200);

    make(&bob, &format!("{id}-of-bob"), "9").await;
    let taken = (409, json!("template-id-taken"));
    assert_eq!(code(&share(&bob, &format!("{id}-of-bob"), json!({"id": id})).await), taken);
    assert_eq!(code(&share(&bob, &format!("{id}-of-bob"), json!({"id": "shell"})).await), taken);
    assert_eq!(share(&bob, &format!("{id}-of-bob"), json!({"id": "../x"})).await.json()["errors"][0]["pointer"], "/id");
    let site_s = share(&bob, &id, json!({})).await;
    assert_eq!(code(&site_s), (403, json!("template-of-the-site")));

    make(&alice, &draft, "2").await;
    let second = asked(&alice, &draft, json!({"id": id, "note": "faster"})).await;
    assert_eq!((&second["template"], &second["own_template"]), (&json!(id), &json!(draft)));
    let seen = look_at(&admin, &second).await;
    assert_eq!(seen["text"], template(&id, "2"));
    assert_eq!(seen["replaces"]["text"], template(&id, "1"));

    // The site changes the file while it is looked at: that is not written over.
    let file = community(&site, &id);
    fs::write(&file, template(&id, "1-of-the-site")).unwrap();
    eventually("the site's text", Duration::from_secs(10), async || {
        let now = bob.get(&format!("/templates/{id}")).await.json();
        (now["version"] == "1-of-the-site").then_some(())
    })
    .await;
    assert_eq!(code(&accept(&admin, &seen).await), (412, json!("changed")));
    assert_eq!(fs::read_to_string(&file).unwrap(), template(&id, "1-of-the-site"));
    let seen = look_at(&admin, &second).await;
    assert_eq!(seen["replaces"]["text"], template(&id, "1-of-the-site"));
    assert_eq!(accept(&admin, &seen).await.status, 200);
    assert_eq!(fs::read_to_string(&file).unwrap(), template(&id, "2"));
    // It has another id, so it stays hers.
    let own = alice.get(&format!("/templates/{draft}")).await.json();
    assert_eq!((&own["source"], &own["version"]), (&json!("private"), &json!("2")));
    assert_eq!(code(&share(&alice, &draft, json!({"id": id})).await), (409, json!("shared-already")));
    let versions = bob.get(&format!("/templates/{id}/versions")).await.json();
    let authors: Vec<_> =
        versions["items"].as_array().unwrap().iter().map(|version| version["author"].clone()).collect();
    assert_eq!(authors, [json!("alice"), Value::Null, json!("alice")]);

    // Gone from the library, it is hers still.
    fs::remove_file(&file).unwrap();
    eventually("the template to go", Duration::from_secs(10), async || {
        (bob.get(&format!("/templates/{id}")).await.status == 404).then_some(())
    })
    .await;
    assert_eq!(code(&share(&bob, &format!("{id}-of-bob"), json!({"id": id})).await), taken);
}

#[tokio::test]
async fn a_request_is_refused_with_a_reason_or_taken_back_and_nobody_has_many() {
    let Some(site) = Site::multi_user().await else { return };
    let (alice, admin) = (site.client("alice").await, site.client("admin").await);
    let id = new_id();
    let made = make(&alice, &id, "1").await;
    let stale = alice.request(Method::POST, &format!("/templates/{id}/share")).header("If-Match", "\"0\"");
    assert_eq!(code(&alice.send(stale).await), (412, json!("changed")));
    let bad = share(&alice, &id, json!({"note": "x".repeat(1001)})).await;
    assert_eq!((bad.status.as_u16(), &bad.json()["errors"][0]["pointer"]), (422, &json!("/note")));

    let request = asked(&alice, &id, json!({})).await;
    let refuse = format!("{}/refuse", path_of(&request));
    assert_eq!(admin.post(&refuse, &json!({"reason": " "})).await.json()["errors"][0]["pointer"], "/reason");
    assert_eq!(admin.delete(&path_of(&request)).await.status, 403);
    let refused = admin.post(&refuse, &json!({"reason": "It lacks a limit of time."})).await;
    assert_eq!((refused.status.as_u16(), &refused.json()["state"]), (200, &json!("refused")), "{}", refused.text());
    let mine = alice.get(&format!("/template-shares?own_template={id}")).await.json();
    assert_eq!(mine["items"][0]["reason"], "It lacks a limit of time.");
    assert_eq!(told(&alice, "template-share-refused").await[0]["params"]["reason"], "It lacks a limit of time.");
    assert_eq!(code(&alice.delete(&path_of(&request)).await), (409, json!("share-decided")));
    assert_eq!(alice.get(&format!("/templates/{id}")).await.json()["source"], "private");

    // A new text takes the place of what was asked before.
    let request = asked(&alice, &id, json!({})).await;
    put(&alice, &id, &made["hash"], &template(&id, "2")).await;
    let newer = asked(&alice, &id, json!({})).await;
    assert_eq!(admin.get(&path_of(&request)).await.status, 404, "what is taken back is nobody else's any more");
    assert_eq!(alice.get(&path_of(&request)).await.json()["state"], "taken-back");
    assert_eq!(alice.delete(&path_of(&newer)).await.status, 204);
    assert_eq!(accept(&admin, &json!({"id": newer["id"], "hash": newer["hash"]})).await.status, 404);
    assert_eq!(admin.get("/template-shares?state=open").await.json()["items"], json!([]));

    let mut statuses = Vec::new();
    for n in 0..11 {
        statuses.push(code(&share(&alice, &id, json!({"id": format!("{id}-{n}")})).await));
    }
    assert_eq!(statuses.pop().unwrap(), (409, json!("too-many-shares")));
    assert!(statuses.iter().all(|(status, _)| *status == 201), "{statuses:?}");
}

#[tokio::test]
async fn where_the_site_is_open_it_is_everybodys_at_once_but_not_over_the_sites_own_changes() {
    let Some(slurm) = Slurm::given() else { return };
    let environment = [("QUARTERDECK_TEMPLATES__SHARE", "open".to_owned())];
    let site = Site::multi_user_with(slurm, &environment).await;
    let (alice, bob, admin) = (site.client("alice").await, site.client("bob").await, site.client("admin").await);
    let (id, draft) = (new_id(), new_id());
    make(&alice, &id, "1").await;
    let shared = share(&alice, &id, json!({})).await;
    assert_eq!((shared.status.as_u16(), &shared.json()["state"]), (201, &json!("accepted")), "{}", shared.text());
    assert_eq!(bob.get(&format!("/templates/{id}")).await.json()["source"], "community");
    assert_eq!(alice.get(&format!("/templates/{id}")).await.json()["source"], "community");
    assert!(!site.home("alice").join(format!("templates/{id}.yaml")).exists());
    assert_eq!(told(&admin, "template-share-asked").await.len(), 0);

    make(&alice, &draft, "2").await;
    assert_eq!(share(&alice, &draft, json!({"id": id})).await.json()["state"], "accepted");
    assert_eq!(fs::read_to_string(community(&site, &id)).unwrap(), template(&id, "2"));

    fs::write(community(&site, &id), template(&id, "2-of-the-site")).unwrap();
    eventually("the site's text", Duration::from_secs(10), async || {
        (bob.get(&format!("/templates/{id}")).await.json()["version"] == "2-of-the-site").then_some(())
    })
    .await;
    let own = alice.get(&format!("/templates/{draft}")).await.json();
    put(&alice, &draft, &own["hash"], &template(&draft, "3")).await;
    assert_eq!(share(&alice, &draft, json!({"id": id})).await.json()["state"], "open");
    assert_eq!(told(&admin, "template-share-asked").await.len(), 1);
    assert_eq!(fs::read_to_string(community(&site, &id)).unwrap(), template(&id, "2-of-the-site"));
}

#[tokio::test]
async fn where_the_site_shares_nothing_nothing_is_shared() {
    let site = Site::single_user_in(std::path::Path::new("/var/tmp"), &[("QUARTERDECK_TEMPLATES__SHARE", "off")]).await;
    let client = site.client(&site.person()).await;
    assert_eq!(client.get("/meta").await.json()["templates"]["share"], "off");
    make(&client, "words", "1").await;
    assert_eq!(code(&share(&client, "words", json!({})).await), (409, json!("sharing-off")));
    assert_eq!(client.get("/templates/words").await.json()["source"], "private");
}

#[tokio::test]
async fn nothing_is_half_shared_where_the_file_cannot_be_written() {
    let Some(site) = Site::multi_user().await else { return };
    let (alice, admin) = (site.client("alice").await, site.client("admin").await);
    let (id, linked) = (new_id(), new_id());
    make(&alice, &id, "1").await;
    make(&alice, &linked, "1").await;
    let seen = look_at(&admin, &asked(&alice, &id, json!({})).await).await;
    let directory = site.path("templates/community");
    let owner = fs::metadata(&directory).unwrap();
    chown(&directory, Some(0), Some(0)).unwrap();
    assert_eq!(code(&accept(&admin, &seen).await), (503, json!("community-not-writable")));
    assert_eq!(look_at(&admin, &seen).await["state"], "open");
    assert_eq!(alice.get(&format!("/templates/{id}")).await.json()["source"], "private");
    chown(&directory, Some(owner.uid()), Some(owner.gid())).unwrap();
    assert_eq!(accept(&admin, &seen).await.status, 200);

    let victim = site.path("data/victim");
    fs::write(&victim, "as it was").unwrap();
    symlink(&victim, community(&site, &linked)).unwrap();
    let seen = look_at(&admin, &asked(&alice, &linked, json!({})).await).await;
    assert_eq!(code(&accept(&admin, &seen).await), (409, json!("template-id-taken")));
    assert_eq!(fs::read_to_string(&victim).unwrap(), "as it was");
    let left: Vec<_> = fs::read_dir(&directory).unwrap().map(|file| file.unwrap().file_name()).collect();
    assert!(left.iter().all(|name| !name.to_string_lossy().starts_with('.')), "{left:?}");
}
