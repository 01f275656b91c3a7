//! Uploads as tus 1.0.0 has them, and what the protocol does not say: whose file it is, what is seen of it before it is
//! whole, and what is left when either side is cut off.

use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use nix::unistd::User;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::{Answer, Client, Site, eventually};

const OCTETS: &str = "application/offset+octet-stream";
type Headers<'a> = &'a [(&'a str, &'a str)];
/// An id that nothing has.
const NOTHING: &str = "00000000-0000-7000-8000-000000000000";

#[tokio::test]
async fn an_upload_goes_step_by_step_as_the_protocol_says() {
    let (site, client) = single_user().await;
    let told = client.send(client.request(Method::OPTIONS, "/uploads")).await;
    assert_eq!(told.headers["tus-version"], "1.0.0");
    for extension in ["creation", "creation-with-upload", "termination"] {
        assert!(told.headers["tus-extension"].to_str().unwrap().split(',').any(|word| word == extension));
    }
    let id = announced(&client, "steps.dat", 10).await;
    assert_eq!(offset(&client, &id).await, (0, 10));
    let first = append(&client, &id, 0, b"01234").await;
    assert_eq!((first.status.as_u16(), &first.headers["upload-offset"]), (204, &"5".parse().unwrap()));
    assert_eq!(offset(&client, &id).await, (5, 10));
    assert_eq!(files_in(&uploads(&site)), Vec::<String>::new(), "nothing is seen before it is whole");
    assert_eq!(append(&client, &id, 5, b"56789").await.status, 204);
    assert_eq!(fs::read(uploads(&site).join("steps.dat")).unwrap(), b"0123456789");
    let info = info(&client, &id).await;
    assert_eq!((&info["state"], &info["offset"]), (&json!("finished"), &json!(10)));
    assert_eq!(hidden_in(&uploads(&site)), 0);
}

#[tokio::test]
async fn bytes_may_come_with_the_announcement() {
    let (site, client) = single_user().await;
    let whole = create(&client, &[("Upload-Length", "4"), named("whole.dat")], b"data", true).await;
    assert_eq!((whole.status.as_u16(), &whole.headers["upload-offset"]), (201, &"4".parse().unwrap()));
    assert_eq!(fs::read(uploads(&site).join("whole.dat")).unwrap(), b"data");
    let part = create(&client, &[("Upload-Length", "4"), named("part.dat")], b"da", true).await;
    assert_eq!((part.status.as_u16(), &part.headers["upload-offset"]), (201, &"2".parse().unwrap()));
    let id = id_of(&part);
    append(&client, &id, 2, b"ta").await;
    assert_eq!(fs::read(uploads(&site).join("part.dat")).unwrap(), b"data");
    let empty = create(&client, &[("Upload-Length", "0"), named("empty.dat")], b"", false).await;
    assert_eq!(empty.status, 201);
    assert_eq!(fs::read(uploads(&site).join("empty.dat")).unwrap(), b"");
}

#[tokio::test]
async fn one_whose_bytes_were_removed_is_begun_anew_and_never_filled_with_zeros() {
    let (site, client) = single_user().await;
    let id = announced(&client, "gone.dat", 10).await;
    append(&client, &id, 0, b"01234").await;
    let hidden = fs::read_dir(uploads(&site)).unwrap().next().unwrap().unwrap().path();
    fs::remove_file(hidden).unwrap();
    let refused = append(&client, &id, 5, b"56789").await;
    assert_eq!((refused.status.as_u16(), &refused.json()["code"]), (410, &json!("upload-gone")));
    assert_eq!(client.get(&format!("/uploads/{id}/info")).await.status, 404);
    assert_eq!(files_in(&uploads(&site)), Vec::<String>::new());
    assert_eq!(hidden_in(&uploads(&site)), 0);
}

#[tokio::test]
async fn what_the_protocol_forbids_is_refused_and_changes_nothing() {
    let (site, client) = single_user().await;
    let id = announced(&client, "refused.dat", 10).await;
    append(&client, &id, 0, b"01234").await;
    let patch = async |headers: Headers<'_>, body: &'static [u8]| {
        let mut request = client.request(Method::PATCH, &format!("/uploads/{id}"));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        client.send(request.body(body)).await
    };
    let (version, octets) = (("Tus-Resumable", "1.0.0"), ("Content-Type", OCTETS));
    let cases: [(Headers<'_>, u16, &str); 9] = [
        (&[octets, ("Upload-Offset", "5")], 412, "tus-version"),
        (&[("Tus-Resumable", "0.2.2"), octets, ("Upload-Offset", "5")], 412, "tus-version"),
        (&[version, ("Upload-Offset", "5")], 415, "not-octets"),
        (&[version, ("Content-Type", "text/plain"), ("Upload-Offset", "5")], 415, "not-octets"),
        (&[version, octets], 400, "unreadable"),
        (&[version, octets, ("Upload-Offset", "-5")], 400, "unreadable"),
        (&[version, octets, ("Upload-Offset", "0x5")], 400, "unreadable"),
        (&[version, octets, ("Upload-Offset", "0")], 409, "wrong-offset"),
        (&[version, octets, ("Upload-Offset", "9")], 409, "wrong-offset"),
    ];
    for (headers, status, code) in cases {
        let answer = patch(headers, b"x").await;
        assert_eq!((answer.status.as_u16(), &answer.json()["code"]), (status, &json!(code)), "{headers:?}");
        assert_eq!(answer.headers["tus-resumable"], "1.0.0");
        assert_eq!(answer.headers.get("tus-version").is_some(), status == 412);
    }
    let over = append(&client, &id, 5, b"567890").await;
    assert_eq!((over.status.as_u16(), &over.json()["code"]), (413, &json!("too-many-bytes")));
    assert_eq!(offset(&client, &id).await, (5, 10));
    append(&client, &id, 5, b"56789").await;
    assert_eq!(fs::read(uploads(&site).join("refused.dat")).unwrap(), b"0123456789");
    assert_eq!(append(&client, &id, 10, b"x").await.json()["code"], "upload-finished");
}

#[tokio::test]
async fn an_announcement_that_makes_no_sense_leaves_nothing() {
    let (site, client) = single_user().await;
    std::os::unix::fs::symlink("/etc", site.home(&site.person()).join("outside")).unwrap();
    let with = |filename: &str, more: &str| format!("filename {}{more}", BASE64_STANDARD.encode(filename));
    let space = |key: &str, value: &str| with("a", &format!(",{key} {}", BASE64_STANDARD.encode(value)));
    let cases = [
        ("5", String::new(), 422, "/filename"),
        ("5", with("", ""), 422, "/filename"),
        ("5", with("..", ""), 422, "/filename"),
        ("5", with("a/b", ""), 422, "/filename"),
        ("5", with("/etc/passwd", ""), 422, "/filename"),
        ("5", with("a\0b", ""), 422, "/filename"),
        ("5", with(&"a".repeat(256), ""), 422, "/filename"),
        ("5", format!("filename {}", BASE64_STANDARD.encode(b"\xff\xfe")), 400, ""),
        ("5", "filename ???".to_owned(), 400, ""),
        ("5", space("kind", "virus"), 422, "/kind"),
        ("5", space("directory", "../up"), 422, "/directory"),
        ("5", space("directory", "/etc"), 422, "/directory"),
        ("5", space("directory", "outside"), 403, ""),
        ("5", space("space", "../home"), 422, "/space"),
        ("5", space("space", "nowhere"), 404, ""),
        ("-1", with("a", ""), 400, ""),
        ("+5", with("a", ""), 400, ""),
        ("9223372036854775808", with("a", ""), 400, ""),
        ("9223372036854775807", with("a", ""), 413, ""),
    ];
    for (length, metadata, status, pointer) in cases {
        let answer = create(&client, &[("Upload-Length", length), ("Upload-Metadata", &metadata)], b"", false).await;
        let problem = answer.json();
        assert_eq!(answer.status, status, "{length} {metadata}: {problem}");
        assert_eq!(problem["errors"][0]["pointer"].as_str().unwrap_or_default(), pointer, "{metadata}");
    }
    assert_eq!(client.get("/uploads").await.json()["items"], json!([]));
    for id in [NOTHING, "x", "..%2f..%2fetc", "%00"] {
        assert_eq!(append(&client, id, 0, b"x").await.status, 404, "{id}");
    }
}

#[tokio::test]
async fn one_writer_at_a_time() {
    let (site, client) = single_user().await;
    let id = announced(&client, "two-writers.dat", 4 << 20).await;
    let mut slow = Slow::begin(&site, &client, &id, 0, 4 << 20).await;
    slow.send(&vec![b'a'; 2 << 20]).await;
    // Were the second one first, it would be the first that is refused.
    tokio::time::sleep(Duration::from_millis(500)).await;
    let busy = eventually("the first writer's turn", Duration::from_secs(10), async || {
        Some(append(&client, &id, 0, b"").await).filter(|answer| answer.status == 423)
    });
    assert_eq!(busy.await.json()["code"], "upload-busy");
    assert_eq!(terminate(&client, &id).await.status, 423);
    slow.send(&vec![b'b'; 2 << 20]).await;
    assert!(slow.answer().await.starts_with("HTTP/1.1 204"));
    let bytes = fs::read(uploads(&site).join("two-writers.dat")).unwrap();
    assert!(bytes == [vec![b'a'; 2 << 20], vec![b'b'; 2 << 20]].concat());
}

#[tokio::test]
async fn a_cut_connection_is_resumed_at_the_offset_told() {
    let (site, client) = single_user().await;
    let bytes: Vec<u8> = (0..20_000_003_u32).map(|i| (i % 251) as u8).collect();
    let id = announced(&client, "cut.dat", bytes.len()).await;
    let mut from = 0;
    for piece in [1, 3_000_001, 9_999_999] {
        let mut slow = Slow::begin(&site, &client, &id, from, bytes.len() - from).await;
        slow.send(&bytes[from..from + piece]).await;
        drop(slow);
        // What was sent has arrived, or a part of it; nothing else.
        from = free(&client, &id).await;
        assert!(from <= bytes.len());
    }
    while from < bytes.len() {
        let to = bytes.len().min(from + (8 << 20));
        assert_eq!(append(&client, &id, from, &bytes[from..to]).await.status, 204);
        from = to;
    }
    assert!(fs::read(uploads(&site).join("cut.dat")).unwrap() == bytes, "the file is what was sent");
}

#[tokio::test]
async fn a_killed_server_keeps_what_it_promised() {
    let (mut site, client) = single_user().await;
    let bytes: Vec<u8> = (0..12_000_000_u32).map(|i| (i % 253) as u8).collect();
    let id = announced(&client, "killed.dat", bytes.len()).await;
    assert_eq!(append(&client, &id, 0, &bytes[..4_000_000]).await.status, 204);
    let mut slow = Slow::begin(&site, &client, &id, 4_000_000, 8_000_000).await;
    slow.send(&bytes[4_000_000..7_000_000]).await;
    site.restart_server().await;
    let (from, _) = offset(&client, &id).await;
    assert!((4_000_000..=7_000_000).contains(&from), "{from}");
    assert_eq!(append(&client, &id, from, &bytes[from..]).await.status, 204);
    assert!(fs::read(uploads(&site).join("killed.dat")).unwrap() == bytes);
}

#[tokio::test]
async fn a_silent_sender_does_not_keep_the_upload() {
    let (site, client) = single_user().await;
    let id = announced(&client, "silent.dat", 10).await;
    // A laptop that was closed: the connection stays, and nothing comes any more.
    let mut silent = Slow::begin(&site, &client, &id, 0, 10).await;
    silent.send(b"01234").await;
    let resumed = eventually("the upload to be free", Duration::from_secs(60), async || {
        let (from, _) = offset(&client, &id).await;
        Some(append(&client, &id, from, &b"0123456789"[from..]).await).filter(|answer| answer.status == 204)
    });
    resumed.await;
    assert_eq!(fs::read(uploads(&site).join("silent.dat")).unwrap(), b"0123456789");
}

#[tokio::test]
async fn a_taken_name_gets_a_number_and_terminating_removes_what_came() {
    let (site, client) = single_user().await;
    for content in [&b"first"[..], b"second", b"third"] {
        client.upload("same.tar.gz", content).await;
    }
    let mut seen = files_in(&uploads(&site));
    assert_eq!(seen.len(), 3, "{seen:?}");
    assert_eq!(fs::read(uploads(&site).join("same.tar.gz")).unwrap(), b"first", "what was there stays");
    seen.sort();
    let id = announced(&client, "gone.dat", 10).await;
    append(&client, &id, 0, b"01234").await;
    assert_eq!(hidden_in(&uploads(&site)), 1);
    let answer = terminate(&client, &id).await;
    assert_eq!((answer.status.as_u16(), &answer.headers["tus-resumable"]), (204, &"1.0.0".parse().unwrap()));
    assert_eq!(hidden_in(&uploads(&site)), 0);
    assert_eq!(terminate(&client, &id).await.status, 404);
    assert_eq!(
        client
            .request(Method::HEAD, &format!("/uploads/{id}"))
            .header("Tus-Resumable", "1.0.0")
            .send()
            .await
            .unwrap()
            .status(),
        404
    );
}

#[tokio::test]
async fn names_are_kept_byte_for_byte() {
    let (site, client) = single_user().await;
    let long = format!("{}.txt", "가".repeat(83));
    assert_eq!(long.len(), 253);
    let names = [
        "한글 파일.txt",
        "\u{1112}\u{1161}\u{11ab}.txt",
        "e\u{301}.txt",
        "\u{e9}.txt",
        long.as_str(),
        "100%.txt",
        "a%41.txt",
        "🙂",
        "-rf",
        ".hidden",
        "new\nline",
        "\u{fffd}",
        "<b>.svg",
    ];
    for name in names {
        let id = client.upload(name, name.as_bytes()).await;
        assert_eq!(info(&client, &id).await["filename"], name);
    }
    let mut there: Vec<Vec<u8>> =
        fs::read_dir(uploads(&site)).unwrap().map(|e| e.unwrap().file_name().as_bytes().to_vec()).collect();
    let mut expected: Vec<Vec<u8>> = names.iter().map(|name| name.as_bytes().to_vec()).collect();
    there.sort();
    expected.sort();
    assert_eq!(there, expected);
}

#[tokio::test]
async fn an_upload_is_its_owners_alone() {
    let Some(site) = Site::multi_user().await else { return };
    let (alice, bob) = (site.client("alice").await, site.client("bob").await);
    let id = announced(&alice, "alices.dat", 10).await;
    append(&alice, &id, 0, b"01234").await;
    let head =
        |client: &Client| client.request(Method::HEAD, &format!("/uploads/{id}")).header("Tus-Resumable", "1.0.0");
    assert_eq!(bob.send(head(&bob)).await.status, 404);
    assert_eq!(append(&bob, &id, 5, b"bob's").await.status, 404);
    assert_eq!(terminate(&bob, &id).await.status, 404);
    assert_eq!(bob.get(&format!("/uploads/{id}/info")).await.status, 404);
    assert_eq!(bob.get("/uploads").await.json()["items"], json!([]));
    assert_eq!(alice.send(head(&alice)).await.headers["upload-offset"], "5");
    append(&alice, &id, 5, b"56789").await;

    let path = site.home("alice").join("uploads/alices.dat");
    assert_eq!(fs::read(&path).unwrap(), b"0123456789");
    let (account, about) = (User::from_name("alice").unwrap().unwrap(), fs::metadata(&path).unwrap());
    assert_eq!((about.uid(), about.gid()), (account.uid.as_raw(), account.gid.as_raw()));
    let job = json!({"name": "bob", "script": "#!/bin/bash\ntrue\n", "files": [{"upload": id}]});
    let problem = bob.post("/clusters/slurm/jobs", &job).await.json();
    assert_eq!(problem["errors"][0]["code"], "no-such-upload");
}

async fn single_user() -> (Site, Client) {
    let site = Site::single_user().await;
    let client = site.client(&site.person()).await;
    (site, client)
}

/// Where uploads go in single-user mode.
fn uploads(site: &Site) -> PathBuf {
    site.home(&site.person()).join("quarterdeck/uploads")
}

fn files_in(directory: &Path) -> Vec<String> {
    let names = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter(|name| !name.starts_with('.')).collect()
}

fn hidden_in(directory: &Path) -> usize {
    fs::read_dir(directory).unwrap().filter(|e| e.as_ref().unwrap().file_name().as_bytes().starts_with(b".")).count()
}

fn named(filename: &str) -> (&'static str, &'static str) {
    // The few names of a test may live as long as it.
    ("Upload-Metadata", Box::leak(format!("filename {}", BASE64_STANDARD.encode(filename)).into_boxed_str()))
}

async fn announced(client: &Client, filename: &str, length: usize) -> String {
    let answer = create(client, &[("Upload-Length", &length.to_string()), named(filename)], b"", false).await;
    assert_eq!(answer.status, 201, "{}", answer.text());
    id_of(&answer)
}

async fn create(client: &Client, headers: Headers<'_>, body: &'static [u8], with_bytes: bool) -> Answer {
    let mut request = client.request(Method::POST, "/uploads").header("Tus-Resumable", "1.0.0");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    if with_bytes {
        request = request.header("Content-Type", OCTETS).body(body);
    }
    client.send(request).await
}

fn id_of(answer: &Answer) -> String {
    answer.headers["location"].to_str().unwrap().strip_prefix("/api/v1/uploads/").unwrap().to_owned()
}

async fn append(client: &Client, id: &str, offset: usize, bytes: &[u8]) -> Answer {
    let request = client.request(Method::PATCH, &format!("/uploads/{id}")).header("Tus-Resumable", "1.0.0");
    let request = request.header("Content-Type", OCTETS).header("Upload-Offset", offset);
    client.send(request.body(bytes.to_vec())).await
}

async fn terminate(client: &Client, id: &str) -> Answer {
    client.send(client.request(Method::DELETE, &format!("/uploads/{id}")).header("Tus-Resumable", "1.0.0")).await
}

/// Offset and length, as HEAD tells them.
async fn offset(client: &Client, id: &str) -> (usize, usize) {
    let head = client.request(Method::HEAD, &format!("/uploads/{id}")).header("Tus-Resumable", "1.0.0");
    let answer = client.send(head).await;
    assert_eq!(answer.headers["cache-control"], "no-store");
    let number = |name: &str| answer.headers[name].to_str().unwrap().parse().unwrap();
    (number("upload-offset"), number("upload-length"))
}

/// The offset once the writer before has left.
async fn free(client: &Client, id: &str) -> usize {
    eventually("the upload to be free", Duration::from_secs(10), async || {
        let (at, _) = offset(client, id).await;
        (append(client, id, at, b"").await.status == 204).then_some(at)
    })
    .await
}

async fn info(client: &Client, id: &str) -> Value {
    client.get(&format!("/uploads/{id}/info")).await.json()
}

/// A PATCH whose body comes in pieces, or never to its end.
struct Slow(TcpStream);

impl Slow {
    async fn begin(site: &Site, client: &Client, id: &str, offset: usize, length: usize) -> Slow {
        let base = site.base();
        let mut stream = TcpStream::connect(base.strip_prefix("http://").unwrap()).await.unwrap();
        let head = format!(
            "PATCH /api/v1/uploads/{id} HTTP/1.1\r\nHost: test\r\nAuthorization: Bearer {}\r\nTus-Resumable: 1.0.0\r\n\
             Content-Type: {OCTETS}\r\nUpload-Offset: {offset}\r\nContent-Length: {length}\r\n\r\n",
            client.token()
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        Slow(stream)
    }

    async fn send(&mut self, bytes: &[u8]) {
        self.0.write_all(bytes).await.unwrap();
    }

    async fn answer(mut self) -> String {
        let mut bytes = vec![0; 4096];
        let length = self.0.read(&mut bytes).await.unwrap();
        String::from_utf8_lossy(&bytes[..length]).into_owned()
    }
}
