//! Sessions from outside: cookies, rotation, theft, many tabs, sign-out.

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::uploading::{announce, begin};
use crate::support::{Answer, Client, Site};

async fn refresh(client: &Client, token: &str, device: &str) -> Answer {
    let request = client.bearing("").request(Method::POST, "/auth/refresh").header("user-agent", device);
    client.send(request.json(&json!({"refresh_token": token}))).await
}

fn word(answer: &Answer, name: &str) -> String {
    answer.json()[name].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn the_refresh_cookie_rotates_and_is_closed_to_scripts() {
    let site = Site::single_user().await;
    let stranger = site.client(&site.person()).await.bearing("");
    let credentials = json!({"username": site.person(), "password": site.password(&site.person())});
    let signed_in = stranger.post("/auth/login", &credentials).await;
    assert!(signed_in.json().get("refresh_token").is_none());
    let cookie = signed_in.headers["set-cookie"].to_str().unwrap().to_owned();
    for attribute in ["HttpOnly", "SameSite=Strict", "Path=/api/v1/auth"] {
        assert!(cookie.contains(attribute), "{cookie}");
    }
    let pair = |cookie: &str| cookie.split(';').next().unwrap().to_owned();
    let refreshed =
        stranger.send(stranger.request(Method::POST, "/auth/refresh").header("cookie", pair(&cookie))).await;
    assert_eq!(refreshed.status, 200, "{}", refreshed.text());
    let rotated = refreshed.headers["set-cookie"].to_str().unwrap();
    assert_ne!(pair(rotated), pair(&cookie));
    let with_it = stranger.bearing(refreshed.json()["access_token"].as_str().unwrap());
    assert_eq!(with_it.get("/auth/me").await.json()["username"], site.person());
    let made_up = stranger.post("/auth/refresh", &json!({"refresh_token": "made-up"})).await;
    assert_eq!((made_up.status.as_u16(), made_up.json()["code"].clone()), (401, json!("not-signed-in")));
}

#[tokio::test]
async fn another_sites_page_cannot_use_the_cookie() {
    let site = Site::single_user().await;
    let (client, token) = site.client_with_token(&site.person()).await;
    let host = site.base().replace("http://", "");
    for path in ["/auth/refresh", "/auth/logout"] {
        for (name, value) in
            [("sec-fetch-site", "cross-site"), ("sec-fetch-site", "same-site"), ("origin", "https://evil.example")]
        {
            let request =
                client.bearing("").request(Method::POST, path).header("cookie", format!("qd_refresh={token}"));
            let answer = client.send(request.header(name, value)).await;
            assert_eq!((answer.status.as_u16(), word(&answer, "code").as_str()), (403, "cross-site"), "{path} {value}");
            assert!(!answer.headers.contains_key("set-cookie"));
        }
    }
    let request =
        client.bearing("").request(Method::POST, "/auth/refresh").header("cookie", format!("qd_refresh={token}"));
    let own = client.send(request.header("origin", format!("http://{host}")).header("host", host)).await;
    assert_eq!(own.status, 200, "{}", own.text());
}

#[tokio::test]
async fn a_used_token_in_a_second_clients_hands_ends_the_session_with_that_request() {
    let site = Site::single_user().await;
    let (client, first) = site.client_with_token(&site.person()).await;
    let mut live = client.live().await;
    let second = refresh(&client, &first, "her browser").await;
    assert_eq!(second.status, 200);
    // Two of her tabs that wake together: no theft.
    assert_eq!(refresh(&client, &first, "her browser").await.status, 200);
    assert_eq!(refresh(&client, &first, "the thief's").await.status, 401);
    assert_eq!(live.close_code().await, 4401);
    assert_eq!(refresh(&client, &word(&second, "refresh_token"), "her browser").await.status, 401);
    assert_eq!(client.get("/auth/me").await.status, 401);
    let again = site.client(&site.person()).await;
    let told = again.get("/notifications").await.json();
    assert_eq!(told["items"][0]["code"], "session-token-reused");
}

#[tokio::test]
async fn fifty_tabs_that_wake_together_stay_signed_in_and_a_thousand_rotations_do_no_harm() {
    let site = Site::single_user().await;
    let (client, first) = site.client_with_token(&site.person()).await;
    let mut tabs = tokio::task::JoinSet::new();
    for _ in 0..50 {
        let (client, token) = (client.clone(), first.clone());
        tabs.spawn(async move { refresh(&client, &token, "her browser").await });
    }
    let mut last = String::new();
    for answer in tabs.join_all().await {
        assert_eq!(answer.status, 200, "{}", answer.text());
        assert_eq!(client.bearing(&word(&answer, "access_token")).get("/auth/me").await.status, 200);
        last = word(&answer, "refresh_token");
    }
    for _ in 0..1000 {
        let answer = refresh(&client, &last, "her browser").await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        last = word(&answer, "refresh_token");
    }
}

#[tokio::test]
async fn signing_out_ends_access_and_the_live_socket_within_a_second() {
    let site = Site::single_user().await;
    let (client, refresh_token) = site.client_with_token(&site.person()).await;
    let other = site.client(&site.person()).await;
    let mut live = client.live().await;
    let mut others = other.live().await;
    let id = announce(&client).await;
    let (_pen, sending) = begin(&client, &id).await;
    let out = client.post("/auth/logout", &json!({"refresh_token": refresh_token})).await;
    let since = Instant::now();
    assert_eq!(out.status, 204);
    assert_eq!(out.headers["clear-site-data"], "\"cache\"");
    assert_eq!(live.close_code().await, 4401);
    assert_eq!(client.get("/auth/me").await.status, 401);
    assert_eq!(sending.await.unwrap().status, 401, "what is under way ends too");
    assert!(since.elapsed() < Duration::from_secs(1), "{:?}", since.elapsed());
    assert_eq!(client.post("/auth/refresh", &json!({"refresh_token": refresh_token})).await.status, 401);
    assert_eq!(
        client.post("/auth/logout", &json!({"refresh_token": refresh_token})).await.status,
        204,
        "twice is no error"
    );
    // Another session of the same person goes on.
    assert_eq!(other.get("/auth/me").await.status, 200);
    others.say(&json!({"type": "ping"})).await;
    assert_eq!(others.hear().await["type"], "pong");
}

#[tokio::test]
async fn signing_out_everywhere_ends_every_session_and_leaves_keys() {
    let site = Site::single_user().await;
    let (one, other) = (site.client(&site.person()).await, site.client(&site.person()).await);
    let (_, key) = one.key(&["jobs:read"]).await;
    let mut live = other.live().await;
    assert_eq!(one.post("/auth/logout-all", &json!({})).await.status, 204);
    assert_eq!(live.close_code().await, 4401);
    assert_eq!((one.get("/auth/me").await.status.as_u16(), other.get("/auth/me").await.status.as_u16()), (401, 401));
    assert_eq!(key.get("/auth/me").await.status, 200);
}

#[tokio::test]
async fn each_sees_her_sessions_and_ends_one_of_them() {
    let site = Site::single_user().await;
    site.add_account("stranger", "user");
    let (here, there) = (site.client(&site.person()).await, site.client(&site.person()).await);
    let sessions = here.get("/auth/sessions").await.json();
    let others: Vec<&Value> =
        sessions["items"].as_array().unwrap().iter().filter(|session| session["current"] == false).collect();
    assert_eq!((sessions["items"].as_array().unwrap().len(), others.len()), (2, 1));
    let path = format!("/auth/sessions/{}", others[0]["id"].as_str().unwrap());
    assert_eq!(site.client("stranger").await.delete(&path).await.status, 404);
    assert_eq!(here.delete(&path).await.status, 204);
    assert_eq!((here.get("/auth/me").await.status.as_u16(), there.get("/auth/me").await.status.as_u16()), (200, 401));
}

#[tokio::test]
async fn an_idle_session_ends_with_its_socket_and_a_page_left_open_is_idle() {
    let mut site = Site::single_user().await;
    site.kill_server();
    site.start_server(&[("QUARTERDECK_SIGN_IN__IDLE_MINUTES", "1")]).await;
    let (used, left_open) = (site.client(&site.person()).await, site.client(&site.person()).await);
    let mut live = left_open.live().await;
    let closed = tokio::spawn(async move { live.close_code_some_day().await });
    let started = Instant::now();
    while !closed.is_finished() {
        assert!(started.elapsed() < Duration::from_secs(100), "it was not closed");
        assert_eq!(used.get("/auth/me").await.status, 200);
        let by_itself = left_open.request(Method::GET, "/auth/me").header("quarterdeck-by-itself", "1");
        left_open.send(by_itself).await;
        tokio::time::sleep(Duration::from_secs(5)).await;
    }
    assert!(started.elapsed() >= Duration::from_secs(55), "{:?}", started.elapsed());
    assert_eq!(closed.await.unwrap(), 4401);
    assert_eq!(
        (used.get("/auth/me").await.status.as_u16(), left_open.get("/auth/me").await.status.as_u16()),
        (200, 401)
    );
}
