//! Uploads as tus 1.0.0 has them, and what the protocol does not say: whose file it is, what is seen of it before it is
//! whole, and what is left when either side is cut off.

use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use nix::unistd::User;
use reqwest::Method;
use serde_json::json;

use crate::support::uploading::{
    Headers, OCTETS, Slow, announced, append, create, files_in, free, hidden_in, id_of, info, named, offset,
    single_user, terminate, uploads,
};
use crate::support::{Client, Site, eventually};

/// An id that nothing has.
const NOTHING: &str = "00000000-0000-7000-8000-000000000000";

#[tokio::test]
async fn an_upload_goes_step_by_step_as_the_protocol_says() {
    let (site, client) = single_user().await;
    let told = client.send(client.request(Method::OPTIONS, "/uploads")).await;
    assert_eq!(told.headers["tus-version"], "1.0.0");
    let extensions = ["creation-with-upload", "creation-defer-length", "expiration", "checksum", "concatenation"];
    for extension in extensions.into_iter().chain(["creation", "termination"]) {
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
    let long = "a".repeat(3000);
    for id in [NOTHING, "x", "..%2f..%2fetc", "%00", &long, "%ff"] {
        assert_eq!(append(&client, id, 0, b"x").await.status, 404, "{id}");
        assert_eq!(terminate(&client, id).await.status, 404, "{id}");
    }
}

#[tokio::test]
async fn one_writer_at_a_time() {
    let (site, client) = single_user().await;
    let id = announced(&client, "two-writers.dat", 4 << 20).await;
    let mut slow = Slow::begin(&site, &client, &id, 0, 4 << 20).await;
    let sending = tokio::spawn(async move {
        for piece in [b'a', b'b'].into_iter().flat_map(|byte| std::iter::repeat_n(vec![byte; 64 << 10], 32)) {
            slow.send(&piece).await;
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        slow.answer().await
    });
    // Seen on the disk: a request that asked whether it is the first one's turn could take it away.
    let hidden = uploads(&site).join(format!(".quarterdeck-upload-{id}"));
    let begun = async || fs::metadata(&hidden).ok().filter(|about| about.len() > 0);
    eventually("the first writer's bytes", Duration::from_secs(10), begun).await;
    let busy = append(&client, &id, 0, b"b").await;
    assert_eq!((busy.status.as_u16(), &busy.json()["code"]), (423, &json!("upload-busy")));
    assert_eq!(terminate(&client, &id).await.status, 423);
    let first = sending.await.unwrap();
    assert!(first.starts_with("HTTP/1.1 204"), "{first}");
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
async fn names_are_kept_but_for_their_composition() {
    let (site, client) = single_user().await;
    let long = format!("{}.txt", "가".repeat(83));
    assert_eq!(long.len(), 253);
    let names = [
        "한글 파일.txt",
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
    // As macOS has them.
    let id = client.upload("\u{1112}\u{1161}\u{11ab}.txt", b"").await;
    assert_eq!(info(&client, &id).await["filename"], "\u{d55c}.txt");
    let mut there: Vec<Vec<u8>> =
        fs::read_dir(uploads(&site)).unwrap().map(|e| e.unwrap().file_name().as_bytes().to_vec()).collect();
    let mut expected: Vec<Vec<u8>> =
        names.iter().chain([&"\u{d55c}.txt"]).map(|name| name.as_bytes().to_vec()).collect();
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
