//! The extensions of tus: length told later, checksums, concatenation, expiration; and what metadata says of a file.

use std::fs;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use reqwest::Method;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::support::uploading::{
    Headers, OCTETS, announced, append, create, files_in, hidden_in, id_of, info, named, offset, single_user,
    terminate, uploads,
};
use crate::support::{Answer, Client, Site};

#[tokio::test]
async fn a_length_may_be_told_later() {
    let (site, client) = single_user().await;
    let id = id_of(&create(&client, &[("Upload-Defer-Length", "1"), named("later.dat")], b"", false).await);
    let told = head(&client, &id).await;
    assert_eq!((&told.headers["upload-defer-length"], told.headers.get("upload-length")), (&header("1"), None));
    assert_eq!(info(&client, &id).await["size"], Value::Null);
    assert_eq!(append(&client, &id, 0, b"01234").await.status, 204);
    let less = patch(&client, &id, &[("Upload-Offset", "5"), ("Upload-Length", "4")], b"").await;
    assert_eq!((less.status.as_u16(), &less.json()["code"]), (409, &json!("length-differs")));
    let huge = patch(&client, &id, &[("Upload-Offset", "5"), ("Upload-Length", "9223372036854775807")], b"").await;
    assert_eq!(huge.status, 413);
    let last = patch(&client, &id, &[("Upload-Offset", "5"), ("Upload-Length", "8")], b"56").await;
    assert_eq!(last.status, 204);
    assert_eq!(offset(&client, &id).await, (7, 8));
    let changed = patch(&client, &id, &[("Upload-Offset", "7"), ("Upload-Length", "9")], b"78").await;
    assert_eq!(changed.json()["code"], "length-differs");
    assert_eq!(append(&client, &id, 7, b"78").await.status, 413, "never a byte past the length");
    assert_eq!(append(&client, &id, 7, b"7").await.status, 204);
    assert_eq!(fs::read(uploads(&site).join("later.dat")).unwrap(), b"01234567");

    // The length comes alone, or with nothing before it.
    let id = id_of(&create(&client, &[("Upload-Defer-Length", "1"), named("none.dat")], b"", false).await);
    assert_eq!(patch(&client, &id, &[("Upload-Offset", "0"), ("Upload-Length", "0")], b"").await.status, 204);
    assert_eq!(fs::read(uploads(&site).join("none.dat")).unwrap(), b"");
    let wrong: [Headers<'_>; 3] = [
        &[named("a")],
        &[named("a"), ("Upload-Defer-Length", "2")],
        &[named("a"), ("Upload-Defer-Length", "1"), ("Upload-Length", "5")],
    ];
    for headers in wrong {
        assert_eq!(create(&client, headers, b"", false).await.status, 400, "{headers:?}");
    }
}

#[tokio::test]
async fn a_chunk_with_a_wrong_checksum_is_not_kept() {
    let (site, client) = single_user().await;
    let told = client.send(client.request(Method::OPTIONS, "/uploads")).await;
    assert_eq!(told.headers["tus-checksum-algorithm"], "sha1,sha256,crc32");
    let id = announced(&client, "checked.dat", 15).await;
    let send = async |at: &str, checksum: &str, bytes: &'static [u8]| {
        patch(&client, &id, &[("Upload-Offset", at), ("Upload-Checksum", checksum)], bytes).await
    };
    // printf 01234 | sha1sum, 56789 | sha256sum, abcde | crc32 (crc32 of zlib).
    let (sha1, crc32) = ("sha1 EZBKTot39iQuLSiHBQI62tAKkxA=", "crc32 hYfYZQ==");
    let sha256 = format!("sha256 {}", BASE64_STANDARD.encode(Sha256::digest(b"56789")));
    for (checksum, status, code) in [
        (&sha256[..], 460, "checksum-mismatch"),
        (crc32, 460, "checksum-mismatch"),
        ("md5 AAAA", 400, "bad-checksum"),
        ("sha1", 400, "bad-checksum"),
        ("sha1 ???", 400, "bad-checksum"),
    ] {
        let refused = send("0", checksum, b"01234").await;
        assert_eq!((refused.status.as_u16(), &refused.json()["code"]), (status, &json!(code)), "{checksum}");
        assert_eq!(offset(&client, &id).await, (0, 15));
    }
    assert_eq!(send("0", sha1, b"01234").await.status, 204);
    assert_eq!(send("5", &sha256, b"56789").await.status, 204);
    assert_eq!(send("10", crc32, b"abcde").await.status, 204);
    assert_eq!(fs::read(uploads(&site).join("checked.dat")).unwrap(), b"0123456789abcde");

    // What was not kept leaves nothing behind the end either.
    let id = id_of(&create(&client, &[("Upload-Defer-Length", "1"), named("cut.dat")], b"", false).await);
    let wrong = patch(&client, &id, &[("Upload-Offset", "0"), ("Upload-Checksum", sha1)], b"far too much").await;
    assert_eq!(wrong.status, 460);
    assert_eq!(patch(&client, &id, &[("Upload-Offset", "0"), ("Upload-Length", "2")], b"ok").await.status, 204);
    assert_eq!(fs::read(uploads(&site).join("cut.dat")).unwrap(), b"ok");

    let headers = [("Upload-Length", "3"), named("never.dat"), ("Upload-Checksum", sha1)];
    assert_eq!(create(&client, &headers, b"bad", true).await.status, 460);
    assert_eq!(hidden_in(&uploads(&site)), 0);
}

/// Its client has no address to go on at, so nothing of it may be left.
#[tokio::test]
async fn what_is_refused_with_its_announcement_leaves_nothing() {
    let (site, client) = single_user().await;
    let (wrong, big) = ("sha1 EZBKTot39iQuLSiHBQI62tAKkxA=", vec![7; 3 << 20].leak());
    let cases: [(Headers<'_>, &'static [u8], u16); 5] = [
        (&[("Upload-Length", "3"), named("more.dat")], b"far too much", 413),
        (&[("Upload-Length", "0"), named("none.dat")], b"something", 413),
        (&[("Upload-Length", "3145727"), named("big.dat")], big, 413),
        (&[("Upload-Length", "3145728"), named("wrong.dat"), ("Upload-Checksum", wrong)], big, 460),
        (&[("Upload-Defer-Length", "1"), named("open.dat"), ("Upload-Checksum", wrong)], b"bad", 460),
    ];
    for (headers, bytes, status) in cases {
        let answer = create(&client, headers, bytes, true).await;
        assert_eq!(answer.status, status, "{headers:?}: {}", answer.text());
        assert_eq!(hidden_in(&uploads(&site)), 0, "{headers:?}");
        assert_eq!(client.get("/uploads").await.json()["items"], json!([]), "{headers:?}");
    }
}

#[tokio::test]
async fn what_is_empty_may_be_sent_with_its_announcement() {
    let (site, client) = single_user().await;
    let empty = ("Upload-Length", "0");
    let file = create(&client, &[empty, named("empty.dat")], b"", true).await;
    assert_eq!((file.status.as_u16(), &file.headers["upload-offset"]), (201, &header("0")));
    assert_eq!(files_in(&uploads(&site)), ["empty.dat"]);
    let part = create(&client, &[empty, named("part"), ("Upload-Concat", "partial")], b"", true).await;
    assert_eq!(part.status, 201, "{}", part.text());
    assert_eq!(offset(&client, &id_of(&part)).await, (0, 0));
}

#[tokio::test]
async fn parts_sent_side_by_side_become_one_file() {
    let (site, client) = single_user().await;
    let bytes: Vec<u8> = (0..3_000_000_u32).map(|i| (i % 249) as u8).collect();
    let (one, other) = bytes.split_at(1_000_001);
    let mut parts = Vec::new();
    for part in [one, other] {
        let length = part.len().to_string();
        let made = create(&client, &[("Upload-Length", &length), ("Upload-Concat", "partial")], b"", false).await;
        assert_eq!(made.status, 201, "{}", made.text());
        parts.push(id_of(&made));
    }
    assert_eq!(head(&client, &parts[0]).await.headers["upload-concat"], "partial");
    assert_eq!(client.get("/uploads").await.json()["items"], json!([]), "parts are nothing to look at");
    let urls = format!("final;/api/v1/uploads/{} {}/api/v1/uploads/{}", parts[0], site.base(), parts[1]);
    let join = async || create(&client, &[("Upload-Concat", &urls), named("joined.dat")], b"", false).await;
    append(&client, &parts[1], 0, other).await;
    append(&client, &parts[0], 0, &one[..5]).await;
    assert_eq!(join().await.json()["code"], "part-not-whole");
    append(&client, &parts[0], 5, &one[5..]).await;
    assert_eq!(files_in(&uploads(&site)), Vec::<String>::new(), "a whole part is not a file yet");
    let made = join().await;
    assert_eq!(made.status, 201, "{}", made.text());
    assert!(fs::read(uploads(&site).join("joined.dat")).unwrap() == bytes);
    assert_eq!(hidden_in(&uploads(&site)), 0, "the parts are removed");
    let id = id_of(&made);
    let told = head(&client, &id).await;
    let expected = format!("final;/api/v1/uploads/{} /api/v1/uploads/{}", parts[0], parts[1]);
    assert_eq!(told.headers["upload-concat"], *expected);
    assert_eq!(offset(&client, &id).await, (bytes.len(), bytes.len()));
    assert_eq!(append(&client, &id, bytes.len(), b"x").await.status, 403);
    assert_eq!(id_of(&join().await), id, "asked again after a lost answer, it is the same");
    assert_eq!(files_in(&uploads(&site)), ["joined.dat"]);

    for (value, status) in [
        ("final", 400),
        ("final;", 400),
        ("part", 400),
        ("final;/api/v1/uploads/x", 400),
        ("final;/api/v1/uploads/00000000-0000-7000-8000-000000000000", 422),
        (&format!("final;/api/v1/uploads/{id}"), 422),
    ] {
        let refused = create(&client, &[("Upload-Concat", value), named("a")], b"", false).await;
        assert_eq!(refused.status, status, "{value}: {}", refused.text());
    }
}

#[tokio::test]
async fn one_whose_part_is_gone_is_gone_with_it() {
    let (site, client) = single_user().await;
    let mut parts = Vec::new();
    for bytes in [b"one", b"two"] {
        let made = create(&client, &[("Upload-Length", "3"), ("Upload-Concat", "partial")], bytes, true).await;
        parts.push(id_of(&made));
    }
    let urls = format!("final;/api/v1/uploads/{} /api/v1/uploads/{}", parts[0], parts[1]);
    let join = async || create(&client, &[("Upload-Concat", &urls), named("joined.dat")], b"", false).await;
    fs::remove_file(uploads(&site).join(format!(".quarterdeck-upload-{}", parts[1]))).unwrap();
    let refused = join().await;
    assert_eq!((refused.status.as_u16(), &refused.json()["code"]), (422, &json!("no-such-part")), "{}", refused.text());
    assert_eq!(client.get("/uploads").await.json()["items"], json!([]));
    assert_eq!(hidden_in(&uploads(&site)), 1, "the part that is there");
    assert_eq!(head(&client, &parts[1]).await.status, 404, "so that it is sent again");
    assert_eq!(head(&client, &parts[0]).await.status, 200);
}

#[tokio::test]
async fn another_ones_parts_are_not_there() {
    let Some(site) = Site::multi_user().await else { return };
    let (alice, bob) = (site.client("alice").await, site.client("bob").await);
    let part = id_of(&create(&alice, &[("Upload-Length", "1"), ("Upload-Concat", "partial")], b"a", true).await);
    let url = format!("final;/api/v1/uploads/{part}");
    let refused = create(&bob, &[("Upload-Concat", &url), named("stolen")], b"", false).await;
    assert_eq!(refused.json()["code"], "no-such-part");
}

#[tokio::test]
async fn what_nobody_finishes_is_removed_when_its_time_is_over() {
    let (mut site, client) = single_user().await;
    let id = announced(&client, "kept.dat", 5).await;
    let told = head(&client, &id).await;
    let expires = httpdate(told.headers["upload-expires"].to_str().unwrap());
    let days = (expires - chrono::Utc::now()).num_hours() as f64 / 24.0;
    assert!((6.5..=7.0).contains(&days), "{days}");
    let first = append(&client, &id, 0, b"01").await;
    assert!(first.headers.contains_key("upload-expires"));
    let last = append(&client, &id, 2, b"234").await;
    assert!(!last.headers.contains_key("upload-expires"), "a finished one stays");

    site.kill_server();
    site.start_server(&[("QUARTERDECK_UPLOADS__EXPIRE_DAYS", "0")]).await;
    let id = announced(&client, "late.dat", 5).await;
    let late = append(&client, &id, 0, b"01234").await;
    assert_eq!((late.status.as_u16(), &late.json()["code"]), (410, &json!("upload-expired")));
    assert_eq!(head(&client, &id).await.status, 410);
    assert_eq!(hidden_in(&uploads(&site)), 1);
    site.restart_server().await;
    crate::support::eventually("the sweep", std::time::Duration::from_secs(10), async || {
        (client.get(&format!("/uploads/{id}/info")).await.status == 404).then_some(())
    })
    .await;
    assert_eq!((files_in(&uploads(&site)), hidden_in(&uploads(&site))), (vec!["kept.dat".to_owned()], 0));
    let removed = client.get("/audit?action=upload.expire").await.json();
    assert_eq!(removed["items"][0]["object"], id);
}

#[tokio::test]
async fn what_cannot_be_removed_is_listed_for_administrators() {
    let (mut site, client) = single_user().await;
    site.kill_server();
    site.start_server(&[("QUARTERDECK_UPLOADS__EXPIRE_DAYS", "0")]).await;
    let id = announced(&client, "stuck.dat", 5).await;
    // Its directory becomes a file, whatever for.
    fs::rename(uploads(&site), uploads(&site).with_file_name("moved")).unwrap();
    fs::write(uploads(&site), "").unwrap();
    site.restart_server().await;
    let listed = crate::support::eventually("the sweep", std::time::Duration::from_secs(10), async || {
        let list = client.get("/uploads/leftovers").await.json();
        list["items"].get(0).cloned()
    });
    let leftover = listed.await;
    assert_eq!((&leftover["id"], &leftover["user"]), (&json!(id), &json!(site.person())));
    assert!(leftover["reason"].as_str().unwrap().contains("not a directory"), "{leftover}");
    // Tried again, once it can be done.
    fs::remove_file(uploads(&site)).unwrap();
    fs::rename(uploads(&site).with_file_name("moved"), uploads(&site)).unwrap();
    site.restart_server().await;
    crate::support::eventually("the next sweep", std::time::Duration::from_secs(10), async || {
        (client.get("/uploads/leftovers").await.json()["items"] == json!([])).then_some(())
    })
    .await;
    assert_eq!(hidden_in(&uploads(&site)), 0);
}

#[tokio::test]
async fn a_file_that_is_not_what_it_should_be_is_not_placed() {
    let (site, client) = single_user().await;
    let sha256 = |bytes: &[u8]| Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let with = |name: &str, sha256: &str| metadata(&[("filename", name), ("sha256", sha256)]);
    let right = with("right.dat", &sha256(b"0123456789").to_uppercase());
    let id = id_of(&create(&client, &[("Upload-Length", "10"), ("Upload-Metadata", &right)], b"01234", true).await);
    assert_eq!(append(&client, &id, 5, b"56789").await.status, 204);
    let about = info(&client, &id).await;
    assert_eq!((&about["state"], &about["sha256"]), (&json!("finished"), &json!(sha256(b"0123456789"))));

    let wrong = with("wrong.dat", &sha256(b"something else"));
    let id = id_of(&create(&client, &[("Upload-Length", "10"), ("Upload-Metadata", &wrong)], b"01234", true).await);
    let refused = append(&client, &id, 5, b"56789").await;
    let problem = refused.json();
    assert_eq!((refused.status.as_u16(), &problem["code"]), (422, &json!("wrong-content")), "{problem}");
    assert_eq!(problem["params"]["found"], sha256(b"0123456789"));
    assert_eq!(head(&client, &id).await.status, 404);
    assert_eq!((files_in(&uploads(&site)), hidden_in(&uploads(&site))), (vec!["right.dat".to_owned()], 0));
    let nonsense = with("a", "abc");
    let refused = create(&client, &[("Upload-Length", "1"), ("Upload-Metadata", &nonsense)], b"", false).await;
    assert_eq!(refused.json()["errors"][0]["pointer"], "/sha256");
}

#[tokio::test]
async fn folders_come_with_their_files() {
    let (site, client) = single_user().await;
    let with = |pairs: &[(&str, &str)]| metadata(pairs);
    let cases = [
        (with(&[("filename", "a.txt"), ("relativePath", "my run/in/a.txt")]), "quarterdeck/uploads/my run/in/a.txt"),
        (with(&[("relativePath", "my run/e\u{301}/%41.txt")]), "quarterdeck/uploads/my run/\u{e9}/%41.txt"),
        (with(&[("filename", "c"), ("directory", "elsewhere/100%25"), ("kind", "mesh")]), "elsewhere/100%/c"),
        (with(&[("filename", "d"), ("directory", "x"), ("relativePath", "y/d"), ("space", "home")]), "x/y/d"),
    ];
    for (metadata, path) in &cases {
        let headers = [("Upload-Length", "4"), ("Upload-Metadata", metadata.as_str())];
        let made = create(&client, &headers, b"data", true).await;
        assert_eq!(made.status, 201, "{}", made.text());
        assert_eq!(fs::read(site.home(&site.person()).join(path)).unwrap(), b"data");
    }
    for path in ["../a", "/etc/passwd", "a/../../b", "a\0b"] {
        let metadata = with(&[("filename", "a"), ("relativePath", path)]);
        let refused = create(&client, &[("Upload-Length", "4"), ("Upload-Metadata", &metadata)], b"data", true).await;
        assert_eq!(refused.json()["errors"][0]["pointer"], "/relativePath", "{path}");
    }
}

#[tokio::test]
async fn a_file_chosen_again_is_found_with_what_came_of_it() {
    let (site, client) = single_user().await;
    let begin = async |length: &str, pairs: &[(&str, &str)], more: Headers<'_>, bytes: &'static [u8]| {
        let metadata = metadata(pairs);
        let mut headers = vec![("Upload-Length", length), ("Upload-Metadata", metadata.as_str())];
        headers.extend(more);
        id_of(&create(&client, &headers, bytes, !bytes.is_empty()).await)
    };
    let find = async |who: &Client, fingerprints: &[&str]| {
        who.post("/uploads/find", &json!({"fingerprints": fingerprints})).await.json()["items"].clone()
    };
    let ids = |items: &Value| -> Vec<String> {
        items.as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap().to_owned()).collect()
    };
    let cut = begin("4", &[("relativePath", "run/cut.dat"), ("fingerprint", "1:cut")], &[], b"da").await;
    let older = begin("4", &[("filename", "whole.dat"), ("fingerprint", "1:whole")], &[], b"data").await;
    let newer = begin("4", &[("filename", "whole.dat"), ("fingerprint", "1:whole")], &[], b"data").await;
    let partial = [("Upload-Concat", "partial")];
    let part = begin("2", &[("fingerprint", "1:big"), ("part", "2/3/6")], &partial, b"bi").await;

    let found = find(&client, &["1:cut", "1:whole", "1:big", "1:unknown"]).await;
    assert_eq!(ids(&found), [part.clone(), newer.clone(), cut.clone()], "not {older}: a later one is the same file");
    assert_eq!(found[0]["part"], json!({"number": 2, "count": 3, "whole_size": 6}));
    assert_eq!((&found[0]["offset"], &found[1]["state"]), (&json!(2), &json!("finished")));
    let told = ["filename", "directory", "offset", "size"].map(|name| found[2][name].clone());
    assert_eq!(told, [json!("cut.dat"), json!("quarterdeck/uploads/run"), json!(2), json!(4)]);

    // What can be gone on with, parts among it, on any computer.
    let open = client.get("/uploads?state=uploading&parts=true").await.json();
    assert_eq!(ids(&open["items"]), [part, cut]);

    fs::write(uploads(&site).join("whole-1.dat"), b"other").unwrap();
    assert_eq!(find(&client, &["1:whole"]).await, json!([]), "what lies there now is not what was sent");
    for (fingerprint, part) in [("a b", "1/1/1"), ("a", "0/1/1"), ("a", "3/2/1"), ("a", "1/1"), ("a", "1/1/-1")] {
        let metadata = metadata(&[("filename", "a"), ("fingerprint", fingerprint), ("part", part)]);
        let refused = create(&client, &[("Upload-Length", "1"), ("Upload-Metadata", &metadata)], b"", false).await;
        assert_eq!(refused.status, 422, "{fingerprint} {part}");
    }
    let many = vec!["a"; 501];
    assert_eq!(client.post("/uploads/find", &json!({"fingerprints": many})).await.status, 422);
}

#[tokio::test]
async fn another_version_is_refused_on_every_request() {
    let (_site, client) = single_user().await;
    let id = announced(&client, "old.dat", 5).await;
    for (method, path) in [
        (Method::POST, "/uploads".to_owned()),
        (Method::HEAD, format!("/uploads/{id}")),
        (Method::PATCH, format!("/uploads/{id}")),
        (Method::DELETE, format!("/uploads/{id}")),
    ] {
        for version in [None, Some("0.2.2"), Some("1.0.1")] {
            let mut request = client.request(method.clone(), &path).header("Upload-Length", "5");
            if let Some(version) = version {
                request = request.header("Tus-Resumable", version);
            }
            let refused = client.send(request.header("Upload-Offset", "0").header("Content-Type", OCTETS)).await;
            assert_eq!((refused.status.as_u16(), &refused.headers["tus-version"]), (412, &header("1.0.0")), "{method}");
        }
    }
}

#[tokio::test]
async fn methods_may_be_written_in_a_header() {
    let (site, client) = single_user().await;
    let post = async |id: &str, method: &str, bytes: &'static [u8]| {
        let request = client.request(Method::POST, &format!("/uploads/{id}")).header("Tus-Resumable", "1.0.0");
        let request = request.header("X-HTTP-Method-Override", method).header("Upload-Offset", "0");
        client.send(request.header("Content-Type", OCTETS).body(bytes)).await
    };
    let id = announced(&client, "posted.dat", 4).await;
    assert_eq!(post(&id, "HEAD", b"").await.headers["upload-offset"], "0");
    assert_eq!(post(&id, "PATCH", b"data").await.status, 204);
    assert_eq!(fs::read(uploads(&site).join("posted.dat")).unwrap(), b"data");
    assert_eq!(post(&id, "DELETE", b"").await.status, 204);
    assert_eq!(terminate(&client, &id).await.status, 404);
}

/// What came may be acknowledged before it is on the disk, where a site says so; it is there in the end.
#[tokio::test]
async fn a_site_chooses_when_bytes_are_on_the_disk() {
    let (mut site, client) = single_user().await;
    for durability in ["1 MiB", "end"] {
        site.kill_server();
        site.start_server(&[("QUARTERDECK_UPLOADS__DURABILITY", durability)]).await;
        let bytes: Vec<u8> = (0..3_500_000_u32).map(|i| (i % 247) as u8).collect();
        let id = announced(&client, "durable.dat", bytes.len()).await;
        for (number, chunk) in bytes.chunks(1_000_000).enumerate() {
            assert_eq!(append(&client, &id, number * 1_000_000, chunk).await.status, 204);
            if number == 1 {
                // Killed with the server is not crashed with the machine.
                site.kill_server();
                site.start_server(&[("QUARTERDECK_UPLOADS__DURABILITY", durability)]).await;
                assert_eq!(offset(&client, &id).await, (2_000_000, bytes.len()));
            }
        }
        let path = info(&client, &id).await["path"].as_str().unwrap().to_owned();
        assert!(fs::read(site.home(&site.person()).join(path)).unwrap() == bytes, "{durability}");
    }
    // The machine crashed, and the file is shorter than what was acknowledged.
    let id = announced(&client, "crashed.dat", 10).await;
    append(&client, &id, 0, b"01234").await;
    let hidden = fs::read_dir(uploads(&site)).unwrap().map(|entry| entry.unwrap().path());
    let hidden = hidden.into_iter().find(|path| path.to_string_lossy().contains(&id)).unwrap();
    fs::File::options().write(true).open(hidden).unwrap().set_len(3).unwrap();
    assert_eq!(append(&client, &id, 5, b"56789").await.json()["params"]["expected"], 0);
    assert_eq!(offset(&client, &id).await, (0, 10));
    assert_eq!(append(&client, &id, 0, b"0123456789").await.status, 204);
    assert_eq!(fs::read(uploads(&site).join("crashed.dat")).unwrap(), b"0123456789");
}

async fn head(client: &Client, id: &str) -> Answer {
    client.send(client.request(Method::HEAD, &format!("/uploads/{id}")).header("Tus-Resumable", "1.0.0")).await
}

async fn patch(client: &Client, id: &str, headers: Headers<'_>, bytes: &'static [u8]) -> Answer {
    let mut request = client.request(Method::PATCH, &format!("/uploads/{id}")).header("Tus-Resumable", "1.0.0");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    client.send(request.header("Content-Type", OCTETS).body(bytes)).await
}

fn metadata(pairs: &[(&str, &str)]) -> String {
    let pair = |(key, value): &(&str, &str)| format!("{key} {}", BASE64_STANDARD.encode(value));
    pairs.iter().map(pair).collect::<Vec<_>>().join(",")
}

fn header(value: &str) -> reqwest::header::HeaderValue {
    value.parse().unwrap()
}

fn httpdate(text: &str) -> chrono::DateTime<chrono::Utc> {
    chrono::DateTime::parse_from_rfc2822(&text.replace("GMT", "+0000")).unwrap().to_utc()
}
