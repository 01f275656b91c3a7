//! What every answer says to browsers, and what headers of a request may not do.

use std::time::Duration;

use reqwest::Method;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::{Site, unique};

#[tokio::test]
async fn scripts_come_from_the_portal_alone_on_the_api_page_too() {
    let site = Site::single_user().await;
    let client = site.client(&site.person()).await;
    for path in ["/", "/jobs", "/api/v1/meta", "/api/v1/nothing", "/api/docs/index.html"] {
        let answer = client.send(client.request_at(Method::GET, path)).await;
        let header = |name: &str| answer.headers[name].to_str().unwrap().to_owned();
        let policy = header("content-security-policy");
        let scripts = policy.split(';').find_map(|part| part.trim().strip_prefix("script-src ")).unwrap().to_owned();
        assert_eq!(scripts, "'self'", "{path}");
        assert!(policy.contains("frame-ancestors 'none'") && policy.contains("object-src 'none'"), "{path}: {policy}");
        assert_eq!(header("x-content-type-options"), "nosniff");
        assert_eq!(header("referrer-policy"), "no-referrer");
        assert_eq!(header("cross-origin-opener-policy"), "same-origin");
        assert_eq!(header("cross-origin-resource-policy"), "same-origin");
        assert!(!answer.headers.contains_key("access-control-allow-origin"), "{path}");
    }
    let page = client.send(client.request_at(Method::GET, "/api/docs/index.html")).await.text();
    assert!(page.contains("swagger-ui") && !page.contains("<script>"), "no script in the page itself: {page}");
}

#[tokio::test]
async fn other_origins_are_let_in_where_the_site_names_them_and_without_cookies() {
    let mut site = Site::single_user().await;
    site.kill_server();
    site.start_server(&[("QUARTERDECK_SERVER__CORS_ORIGINS", "https://lab.example.org")]).await;
    let client = site.client(&site.person()).await;
    let from = async |origin: &str| {
        let request = client.request(Method::GET, "/auth/me").header("origin", origin);
        client.send(request).await.headers.get("access-control-allow-origin").cloned()
    };
    assert_eq!(from("https://lab.example.org").await.unwrap(), "https://lab.example.org");
    assert_eq!(from("https://evil.example").await, None);
    let asked = client.bearing("").request(Method::OPTIONS, "/clusters/local/jobs");
    let asked = asked.header("origin", "https://lab.example.org").header("access-control-request-method", "POST");
    let told = client.send(asked.header("access-control-request-headers", "authorization,idempotency-key")).await;
    assert_eq!(told.status, 200);
    assert_eq!(told.headers["access-control-allow-headers"], "authorization,idempotency-key");
    assert!(!told.headers.contains_key("access-control-allow-credentials"));
}

#[tokio::test]
async fn an_answer_that_is_known_is_not_sent_again() {
    let site = Site::single_user().await;
    let client = site.client(&site.person()).await;
    let ask = async |known: &str| {
        let mut request = client.request(Method::GET, "/templates");
        if !known.is_empty() {
            request = request.header("if-none-match", known);
        }
        client.send(request).await
    };
    let first = ask("").await;
    let tag = first.headers["etag"].to_str().unwrap().to_owned();
    assert_eq!((first.status.as_u16(), &first.headers["cache-control"]), (200, &"private, no-cache".parse().unwrap()));
    assert!(first.headers.get_all("vary").iter().any(|named| named == "authorization"), "{:?}", first.headers);

    for known in [tag.clone(), format!("\"other\", {tag}"), tag.replace("W/", ""), "*".to_owned()] {
        let again = ask(&known).await;
        assert_eq!((again.status.as_u16(), again.body.len()), (304, 0), "{known}");
        assert_eq!(again.headers["etag"].to_str().unwrap(), tag);
    }
    let changed = ask("\"other\"").await;
    assert_eq!((changed.status.as_u16(), changed.body), (200, first.body));
    // Another caller who knows the tag learns nothing by it.
    let stranger = client.bearing("").request(Method::GET, "/templates").header("if-none-match", &tag);
    assert_eq!(client.bearing("").send(stranger).await.status, 401);
    // What holds secrets is kept nowhere.
    let me = client.get("/auth/me").await;
    assert_eq!((me.headers.get("etag"), &me.headers["cache-control"]), (None, &"no-store".parse().unwrap()));
}

#[tokio::test]
async fn a_methods_override_is_heard_for_an_upload_and_nowhere_else() {
    let site = Site::single_user().await;
    site.add_account("watcher", "viewer");
    let (client, viewer) = (site.client(&site.person()).await, site.client("watcher").await);
    let create = client.request(Method::POST, "/uploads").header("tus-resumable", "1.0.0");
    let created = client.send(create.header("upload-length", 5).header("upload-metadata", "filename YS50eHQ=")).await;
    let path = created.headers["location"].to_str().unwrap().replace("/api/v1", "");
    let as_patch = |who: &crate::support::Client| {
        let request = who.request(Method::POST, &path).header("x-http-method-override", "PATCH");
        let request = request.header("tus-resumable", "1.0.0").header("upload-offset", 0);
        request.header("content-type", "application/offset+octet-stream").body("12345")
    };
    assert_eq!(client.send(as_patch(&viewer)).await.status, 403, "what it stands for is what is allowed or not");
    assert_eq!(client.send(as_patch(&client)).await.status, 204);

    let script = "#!/bin/bash\nsleep 60\n";
    let job = client.submit("local", &json!({"name": unique("override"), "script": script})).await;
    let path = format!("/clusters/local/jobs/{}", job["id"].as_str().unwrap());
    let request = client.request(Method::POST, &path).header("x-http-method-override", "DELETE");
    assert_eq!(client.send(request).await.status, 404, "there is no such POST");
    let request = client.request(Method::GET, &path).header("x-http-method-override", "DELETE");
    assert_eq!(client.send(request).await.status, 200);
    assert_ne!(client.job("local", job["id"].as_str().unwrap()).await["state"], "CANCELLED");
    client.delete(&path).await;
}

#[tokio::test]
async fn who_opens_a_connection_and_does_not_say_what_for_is_let_go() {
    let site = Site::single_user().await;
    let address = site.base().replace("http://", "");
    let begun = std::time::Instant::now();
    let wait_for_end = async |words: &'static str| {
        let mut connection = TcpStream::connect(&address).await.unwrap();
        connection.write_all(words.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        // A connection that is reset has ended too.
        let _ = connection.read_to_end(&mut answer).await;
        String::from_utf8(answer).unwrap()
    };
    let head = "POST /api/v1/auth/login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n";
    let body: &'static str = format!("{head}Content-Length: 500\r\n\r\n{{").leak();
    let (nothing, half, trickled) = tokio::join!(wait_for_end(""), wait_for_end(head), wait_for_end(body));
    assert_eq!((nothing.as_str(), half.is_empty() || half.starts_with("HTTP/1.1 408")), ("", true), "{half}");
    assert!(trickled.starts_with("HTTP/1.1 408"), "{trickled}");
    assert!(begun.elapsed() < Duration::from_secs(55), "{:?}", begun.elapsed());
    let long = format!("{{\"username\": \"{}\", \"password\": \"x\"}}", "a".repeat(20_000));
    let login = reqwest::Client::new().post(format!("{}/api/v1/auth/login", site.base()));
    let refused = login.header("content-type", "application/json").body(long).send().await.unwrap();
    assert_eq!(refused.status(), 413, "strangers get no memory");
}

#[tokio::test]
async fn an_address_that_holds_a_secret_is_not_logged() {
    let site = Site::single_user().await;
    let client = site.client(&site.person()).await;
    let (_, key) = client.key(&["jobs:read"]).await;
    for secret in [key.token(), client.token()] {
        let answer = client.send(client.request_at(Method::GET, &format!("/api/v1/{secret}"))).await;
        assert_eq!(answer.status, 404);
    }
    assert!(site.server_log().contains("[redacted]"));
}
