//! Uploads that stay under way for as long as a test wants.

use std::io;

use bytes::Bytes;
use futures_util::{FutureExt, StreamExt, stream};
use reqwest::Method;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::{Answer, Client};

/// Announces an upload of two bytes.
pub async fn announce(client: &Client) -> String {
    let create = client.request(Method::POST, "/uploads").header("Tus-Resumable", "1.0.0");
    let answer = client.send(create.header("Upload-Length", 2).header("Upload-Metadata", "filename YQ==")).await;
    assert_eq!(answer.status, 201, "{}", answer.text());
    answer.headers["location"].to_str().unwrap().rsplit('/').next().unwrap().to_owned()
}

/// Begins to send: one of two bytes, and the other when the pen is dropped. Comes back when the server is writing.
pub async fn begin(client: &Client, id: &str) -> (oneshot::Sender<()>, JoinHandle<Answer>) {
    loop {
        let (pen, put_down) = oneshot::channel::<()>();
        let second = put_down.map(|_| Bytes::from_static(b"2"));
        let bytes = stream::iter([Bytes::from_static(b"1")]).chain(stream::once(second)).map(io::Result::Ok);
        let request = append(client, id, 0).body(reqwest::Body::wrap_stream(bytes));
        let sender = client.clone();
        let sending = tokio::spawn(async move { sender.send(request).await });
        // Asked at a wrong offset, which is a conflict as long as it is not. Who asks may be the one who is in the way.
        let asked = async || matches!(client.send(append(client, id, 1)).await.status.as_u16(), 423 | 429);
        while !sending.is_finished() {
            if asked().await && !sending.is_finished() {
                return (pen, sending);
            }
        }
    }
}

pub fn append(client: &Client, id: &str, offset: u64) -> reqwest::RequestBuilder {
    let request = client.request(Method::PATCH, &format!("/uploads/{id}")).header("Tus-Resumable", "1.0.0");
    request.header("Upload-Offset", offset).header("Content-Type", "application/offset+octet-stream")
}
