//! What one person takes and does not give back keeps nobody else waiting.

use std::fs::File;
use std::time::Duration;

use serde_json::json;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpSocket, TcpStream};

use crate::support::{Client, Live, Site, eventually, unique};

/// More than the database has connections.
const DOWNLOADS: usize = 64;
/// What one account may follow, over all its sockets.
const MOST_FOLLOWED: usize = 32;

#[tokio::test]
async fn downloads_that_are_not_taken_keep_nobody_waiting() {
    let site = Site::single_user().await;
    let client = site.client(&site.person()).await;
    let name = unique("large");
    File::create(site.home(&site.person()).join(&name)).unwrap().set_len(1 << 30).unwrap();
    let mut stalled = Vec::new();
    for _ in 0..DOWNLOADS {
        stalled.push(ask_and_take_nothing(&site, &client, &format!("/files/home/content?path={name}")).await);
    }
    tokio::time::sleep(Duration::from_secs(2)).await;
    for _ in 0..3 {
        let answer = tokio::time::timeout(Duration::from_secs(5), client.get("/auth/me")).await;
        assert_eq!(answer.expect("the server answers in time").status, 200);
    }
}

async fn ask_and_take_nothing(site: &Site, client: &Client, path: &str) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4 << 10).unwrap();
    let address = site.base().trim_start_matches("http://").parse().unwrap();
    let mut stream = socket.connect(address).await.unwrap();
    let head =
        format!("GET /api/v1{path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\n\r\n", client.token());
    stream.write_all(head.as_bytes()).await.unwrap();
    stream
}

#[tokio::test]
async fn an_account_follows_so_many_outputs_and_no_more() {
    let site = Site::single_user().await;
    let client = site.client(&site.person()).await;
    let job = json!({"name": unique("followed"), "script": "#!/bin/bash\necho here\nsleep 120\n"});
    let id = client.submit("local", &job).await["id"].as_str().unwrap().to_owned();
    client.wait_for("local", &id, &["RUNNING"]).await;
    let (stdout, stderr) = (format!("output:local:{id}"), format!("output:local:{id}:stderr"));
    let mut full = Vec::new();
    for _ in 0..MOST_FOLLOWED / 2 {
        let mut live = client.live().await;
        for channel in [&stdout, &stderr] {
            assert_eq!(refusal(&mut live, channel).await, None);
        }
        full.push(live);
    }
    let mut other = client.live().await;
    assert_eq!(refusal(&mut other, &stdout).await, Some("too-many-followed".to_owned()));

    full.pop();
    eventually("there is room again", Duration::from_secs(10), async || {
        refusal(&mut other, &stdout).await.is_none().then_some(())
    })
    .await;
    client.delete(&format!("/clusters/local/jobs/{id}")).await;
}

/// Why a channel cannot be watched; `None`: it can.
async fn refusal(live: &mut Live, channel: &str) -> Option<String> {
    live.say(&json!({"type": "subscribe", "channels": [channel]})).await;
    live.say(&json!({"type": "ping"})).await;
    live.hear_until(|message| match message["type"].as_str() {
        Some("error") if message["channel"] == channel => Some(message["code"].as_str().map(str::to_owned)),
        Some("pong") => Some(None),
        _ => None,
    })
    .await
}
