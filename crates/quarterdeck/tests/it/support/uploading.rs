//! Speaks tus by hand, step by step, and keeps uploads under way for as long as a test wants.

use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use futures_util::{FutureExt, StreamExt, stream};
use reqwest::Method;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::{Answer, Client, Site, eventually};

pub const OCTETS: &str = "application/offset+octet-stream";
pub type Headers<'a> = &'a [(&'a str, &'a str)];

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
        let request = appending(client, id, 0).body(reqwest::Body::wrap_stream(bytes));
        let sender = client.clone();
        let sending = tokio::spawn(async move { sender.send(request).await });
        // Asked at a wrong offset, which is a conflict as long as it is not. Who asks may be the one who is in the way.
        let asked = async || matches!(client.send(appending(client, id, 1)).await.status.as_u16(), 423 | 429);
        while !sending.is_finished() {
            if asked().await && !sending.is_finished() {
                return (pen, sending);
            }
        }
    }
}

/// A request that is to be given its bytes.
pub fn appending(client: &Client, id: &str, offset: u64) -> reqwest::RequestBuilder {
    let request = client.request(Method::PATCH, &format!("/uploads/{id}")).header("Tus-Resumable", "1.0.0");
    request.header("Upload-Offset", offset).header("Content-Type", "application/offset+octet-stream")
}

pub async fn single_user() -> (Site, Client) {
    let site = Site::single_user().await;
    let client = site.client(&site.person()).await;
    (site, client)
}

/// Where uploads go in single-user mode.
pub fn uploads(site: &Site) -> PathBuf {
    site.home(&site.person()).join("quarterdeck/uploads")
}

pub fn files_in(directory: &Path) -> Vec<String> {
    let names = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter(|name| !name.starts_with('.')).collect()
}

pub fn hidden_in(directory: &Path) -> usize {
    fs::read_dir(directory).unwrap().filter(|e| e.as_ref().unwrap().file_name().as_bytes().starts_with(b".")).count()
}

pub fn named(filename: &str) -> (&'static str, &'static str) {
    // The few names of a test may live as long as it.
    ("Upload-Metadata", Box::leak(format!("filename {}", BASE64_STANDARD.encode(filename)).into_boxed_str()))
}

pub async fn announced(client: &Client, filename: &str, length: usize) -> String {
    let answer = create(client, &[("Upload-Length", &length.to_string()), named(filename)], b"", false).await;
    assert_eq!(answer.status, 201, "{}", answer.text());
    id_of(&answer)
}

pub async fn create(client: &Client, headers: Headers<'_>, body: &'static [u8], with_bytes: bool) -> Answer {
    let mut request = client.request(Method::POST, "/uploads").header("Tus-Resumable", "1.0.0");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    if with_bytes {
        request = request.header("Content-Type", OCTETS).body(body);
    }
    client.send(request).await
}

pub fn id_of(answer: &Answer) -> String {
    answer.headers["location"].to_str().unwrap().strip_prefix("/api/v1/uploads/").unwrap().to_owned()
}

pub async fn append(client: &Client, id: &str, offset: usize, bytes: &[u8]) -> Answer {
    let request = client.request(Method::PATCH, &format!("/uploads/{id}")).header("Tus-Resumable", "1.0.0");
    let request = request.header("Content-Type", OCTETS).header("Upload-Offset", offset);
    client.send(request.body(bytes.to_vec())).await
}

pub async fn terminate(client: &Client, id: &str) -> Answer {
    client.send(client.request(Method::DELETE, &format!("/uploads/{id}")).header("Tus-Resumable", "1.0.0")).await
}

/// Offset and length, as HEAD tells them.
pub async fn offset(client: &Client, id: &str) -> (usize, usize) {
    let head = client.request(Method::HEAD, &format!("/uploads/{id}")).header("Tus-Resumable", "1.0.0");
    let answer = client.send(head).await;
    assert_eq!(answer.headers["cache-control"], "no-store");
    let number = |name: &str| answer.headers[name].to_str().unwrap().parse().unwrap();
    (number("upload-offset"), number("upload-length"))
}

/// The offset, also where the length is not known.
pub async fn standing(client: &Client, id: &str) -> usize {
    let head = client.request(Method::HEAD, &format!("/uploads/{id}")).header("Tus-Resumable", "1.0.0");
    client.send(head).await.headers["upload-offset"].to_str().unwrap().parse().unwrap()
}

/// The last bytes of an upload whose length was not known until now.
pub async fn append_and_end(client: &Client, id: &str, offset: usize, bytes: &[u8]) -> Answer {
    let request = appending(client, id, offset as u64).header("Upload-Length", offset + bytes.len());
    client.send(request.body(bytes.to_vec())).await
}

/// The offset once the writer before has left.
pub async fn free(client: &Client, id: &str) -> usize {
    eventually("the upload to be free", Duration::from_secs(10), async || {
        let (at, _) = offset(client, id).await;
        (append(client, id, at, b"").await.status == 204).then_some(at)
    })
    .await
}

pub async fn info(client: &Client, id: &str) -> Value {
    client.get(&format!("/uploads/{id}/info")).await.json()
}

/// A PATCH whose body comes in pieces, or never to its end.
pub struct Slow(TcpStream);

impl Slow {
    pub async fn begin(site: &Site, client: &Client, id: &str, offset: usize, length: usize) -> Slow {
        let base = site.base();
        let mut stream = TcpStream::connect(base.strip_prefix("http://").unwrap()).await.unwrap();
        let head = format!(
            "PATCH /api/v1/uploads/{id} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\nTus-Resumable: 1.0.0\r\n\
             Content-Type: {OCTETS}\r\nUpload-Offset: {offset}\r\nContent-Length: {length}\r\n\r\n",
            client.token()
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        Slow(stream)
    }

    pub async fn send(&mut self, bytes: &[u8]) {
        self.0.write_all(bytes).await.unwrap();
    }

    pub async fn answer(mut self) -> String {
        let mut bytes = vec![0; 4096];
        let length = self.0.read(&mut bytes).await.unwrap();
        String::from_utf8_lossy(&bytes[..length]).into_owned()
    }
}
