//! Accounts and keys through the API, as an administrator and as their owners.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{Client, Site, eventually};

/// Makes an account; its id.
async fn add(admin: &Client, account: &Value) -> String {
    let answer = admin.post("/users", account).await;
    assert_eq!(answer.status, 201, "{}", answer.text());
    answer.json()["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn an_account_is_made_changed_and_disabled() {
    let site = Site::single_user().await;
    let admin = site.client(&site.person()).await;
    let made = admin.post("/users", &json!({"username": "carol", "role": "user"})).await;
    assert_eq!(made.status, 201, "{}", made.text());
    let (id, password) = (made.json()["id"].as_str().unwrap().to_owned(), made.json()["password"].clone());
    assert_eq!(made.json()["unix_user"], "carol", "unless told otherwise, the Unix user of the same name");
    let carol = Client::sign_in(&site.base(), "carol", password.as_str().unwrap()).await;
    assert_eq!(carol.get("/users").await.status, 403);
    let mut live = carol.live().await;

    let changed = admin.patch(&format!("/users/{id}"), &json!({"role": "operator", "unix_user": null})).await;
    assert_eq!((&changed.json()["role"], &changed.json()["unix_user"]), (&json!("operator"), &Value::Null));
    assert_eq!(carol.get("/auth/me").await.json()["roles"], json!(["operator"]), "at once");
    let refused = carol.get("/spaces").await;
    assert_eq!((refused.status.as_u16(), refused.json()["code"].clone()), (403, json!("no-unix-user")));

    let disabled = admin.patch(&format!("/users/{id}"), &json!({"disabled": true})).await;
    assert_eq!(disabled.status, 200);
    assert_eq!(live.close_code().await, 4401);
    assert_eq!(carol.get("/auth/me").await.status, 401);
    let again = carol.bearing("").post("/auth/login", &json!({"username": "carol", "password": password})).await;
    assert_eq!(again.status, 401);
}

#[tokio::test]
async fn bad_accounts_are_told_by_their_fields() {
    let site = Site::single_user().await;
    let admin = site.client(&site.person()).await;
    let cases = [
        (json!({"username": "-x", "role": "user"}), "/username"),
        (json!({"username": "carol", "role": "user", "unix_user": "root"}), "/unix_user"),
        (json!({"username": "carol", "role": "user", "password": "1234567890"}), "/password"),
        (json!({"username": "carol", "role": "user", "display_name": ""}), "/display_name"),
        (json!({"username": "carol", "role": "king"}), "/role"),
    ];
    for (account, pointer) in cases {
        let answer = admin.post("/users", &account).await;
        assert_eq!((answer.status.as_u16(), &answer.json()["errors"][0]["pointer"]), (422, &json!(pointer)));
    }
    let own = admin.get("/auth/me").await.json()["id"].as_str().unwrap().to_owned();
    let answer = admin.patch(&format!("/users/{own}"), &json!({"disabled": true})).await;
    assert_eq!((answer.status.as_u16(), answer.json()["code"].clone()), (409, json!("own-account")));
}

#[tokio::test]
async fn a_key_can_never_do_more_than_its_owner_now_may() {
    let site = Site::single_user().await;
    let admin = site.client(&site.person()).await;
    let password = "a word nobody would guess";
    let id = add(&admin, &json!({"username": "carol", "role": "operator", "password": password})).await;
    let carol = Client::sign_in(&site.base(), "carol", password).await;
    let (_, key) = carol.key(&["templates:write", "templates:read"]).await;
    assert_eq!(key.post("/templates/scan", &json!({})).await.status, 200);
    admin.patch(&format!("/users/{id}"), &json!({"role": "user"})).await;
    let refused = key.post("/templates/scan", &json!({})).await;
    assert_eq!((refused.status.as_u16(), refused.json()["code"].clone()), (403, json!("forbidden")));
    assert_eq!(key.get("/templates").await.status, 200);
    admin.patch(&format!("/users/{id}"), &json!({"disabled": true})).await;
    assert_eq!(key.get("/templates").await.status, 401);
}

#[tokio::test]
async fn a_service_has_keys_and_no_way_to_sign_in() {
    let site = Site::single_user().await;
    let admin = site.client(&site.person()).await;
    let service = json!({"username": "monitor", "role": "viewer", "kind": "service", "unix_user": null});
    let id = add(&admin, &service).await;
    let tomorrow = chrono::Utc::now() + chrono::TimeDelta::days(1);
    let wanted = json!({"name": "scraper", "scopes": ["jobs:read"], "expires_at": tomorrow});
    let made = admin.post(&format!("/users/{id}/api-keys"), &wanted).await;
    assert_eq!(made.status, 201, "{}", made.text());
    let key = admin.bearing(made.json()["key"].as_str().unwrap());
    assert_eq!(key.get("/clusters/local/jobs").await.status, 200);
    assert_eq!(key.get("/auth/me").await.json()["username"], "monitor");
    let listed = admin.get(&format!("/users/{id}/api-keys")).await.json();
    assert!(listed["items"][0]["last_used_at"].is_string() && listed["items"][0].get("key").is_none());
    let path = format!("/users/{id}/api-keys/{}", made.json()["id"].as_str().unwrap());
    assert_eq!(admin.delete(&path).await.status, 204);
    assert_eq!(key.get("/auth/me").await.status, 401);
    let signed_in = admin.bearing("").post("/auth/login", &json!({"username": "monitor", "password": ""})).await;
    assert_eq!(signed_in.status, 401);
}

#[tokio::test]
async fn a_key_watches_what_its_scopes_say_until_it_is_revoked() {
    let site = Site::single_user().await;
    let person = site.client(&site.person()).await;
    let (id, key) = person.key(&["jobs:read"]).await;
    let mut live = key.live().await;
    live.subscribe("jobs:local").await;
    assert_eq!(live.hear().await["type"], "snapshot");
    let (_, other) = person.key(&["nodes:read"]).await;
    let mut others = other.live().await;
    others.subscribe("jobs:local").await;
    assert_eq!(others.hear().await["code"], "missing-scope");
    person.delete(&format!("/api-keys/{id}")).await;
    assert_eq!(live.close_code().await, 4401);
}

#[tokio::test]
async fn a_key_that_makes_accounts_makes_none_that_can_do_more_than_it() {
    let site = Site::single_user().await;
    let admin = site.client(&site.person()).await;
    let carol = add(&admin, &json!({"username": "carol", "role": "user"})).await;
    let (_, key) = admin.key(&["users:read", "users:write"]).await;
    let mut told = Vec::new();
    for account in [
        json!({"username": "mallory", "role": "operator", "unix_user": null}),
        json!({"username": "mallory", "role": "user", "password": "a word nobody would guess", "unix_user": null}),
        json!({"username": "mallory", "role": "user", "unix_user": "bob"}),
    ] {
        told.push(key.post("/users", &account).await.status.as_u16());
    }
    for change in [json!({"role": "operator"}), json!({"unix_user": "bob"})] {
        told.push(key.patch(&format!("/users/{carol}"), &change).await.status.as_u16());
    }
    let own = admin.get("/auth/me").await.json()["id"].as_str().unwrap().to_owned();
    told.push(key.delete(&format!("/users/{own}/sessions")).await.status.as_u16());
    told.push(key.post(&format!("/users/{carol}/password"), &json!({})).await.status.as_u16());
    assert_eq!(told, [403; 7]);
    let made = key.post("/users", &json!({"username": "dora", "role": "user", "unix_user": null})).await;
    assert_eq!((made.status.as_u16(), &made.json()["password"]), (201, &Value::Null), "{}", made.text());
    assert_eq!(key.patch(&format!("/users/{carol}"), &json!({"disabled": true})).await.status, 200);
}

#[tokio::test]
async fn a_socket_follows_what_its_account_may() {
    let site = Site::single_user().await;
    let admin = site.client(&site.person()).await;
    let service = json!({"username": "watcher", "role": "user", "kind": "service"});
    let id = add(&admin, &service).await;
    let tomorrow = chrono::Utc::now() + chrono::TimeDelta::days(1);
    let wanted = json!({"name": "watch", "scopes": ["jobs:read"], "expires_at": tomorrow});
    let made = admin.post(&format!("/users/{id}/api-keys"), &wanted).await.json();
    let mut live = admin.bearing(made["key"].as_str().unwrap()).live().await;
    admin.patch(&format!("/users/{id}"), &json!({"disabled": true})).await;
    let since = std::time::Instant::now();
    assert_eq!(live.close_code().await, 4401);
    assert!(since.elapsed() < Duration::from_secs(1), "{:?}", since.elapsed());
}

#[tokio::test]
async fn a_new_signing_key_is_taken_up_while_people_work() {
    let site = Site::single_user().await;
    let before = site.client(&site.person()).await;
    site.run_quarterdeck(&["keys", "rotate"]);
    let key_of = |client: &Client| jsonwebtoken::decode_header(client.token()).unwrap().kid;
    let after = eventually("the new key is taken up", Duration::from_secs(30), async || {
        // An account has only so many sessions: the first must not be crowded out.
        tokio::time::sleep(Duration::from_millis(500)).await;
        let client = site.client(&site.person()).await;
        (key_of(&client) != key_of(&before)).then_some(client)
    })
    .await;
    assert_eq!((before.get("/auth/me").await.status.as_u16(), after.get("/auth/me").await.status.as_u16()), (200, 200));
}
