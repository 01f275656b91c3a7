//! Many templates in one zip: out byte for byte, and in with a verdict for each file, whatever else is in the zip.

use std::fs;
use std::io::{Read, Seek, Write};

use quarterdeck_archive::zip::read::ZipReader;
use quarterdeck_archive::zip::write::ZipWriter;
use quarterdeck_archive::{Entry, Kind};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Answer, Client, Site};

fn template(id: &str) -> String {
    format!(
        "# 한글\nid: {id}\nversion: \"1\"\nname: {{ en: Words, ko: 단어 }}\ndescription: {{ en: Counts, ko: 셈 }}\n\
         category: data\ntags: []\nschedulers: [local]\nimage: none\nparameters: []\nresources: {{}}\nscript: |\n  true\n"
    )
}

fn zip(files: &[(&str, Kind, &[u8])]) -> Vec<u8> {
    let mut zip = ZipWriter::new(tempfile::tempfile().unwrap(), tempfile::tempfile().unwrap());
    for (name, kind, content) in files {
        let size = if *kind == Kind::File { content.len() as u64 } else { 0 };
        let entry = Entry { path: name.as_bytes(), kind: *kind, mode: 0o644, modified: 0, size };
        zip.add(&entry, &mut &**content).unwrap();
    }
    let mut file = zip.finish().unwrap();
    let mut bytes = Vec::new();
    file.rewind().unwrap();
    file.read_to_end(&mut bytes).unwrap();
    bytes
}

/// Where the central directory speaks of this name: the beginning of its record.
fn record_of(zip: &[u8], name: &str) -> usize {
    let is_it = |at: &usize| zip[*at..].starts_with(b"PK\x01\x02") && zip[at + 46..].starts_with(name.as_bytes());
    (0..zip.len()).find(is_it).unwrap()
}

async fn import(client: &Client, zip: Vec<u8>, query: &str) -> Answer {
    let request = client.request(Method::POST, &format!("/templates/import/zip{query}"));
    client.send(request.header("content-type", "application/zip").body(zip)).await
}

/// Each file's name, and the id that it has or the code of what is wrong with it.
fn verdicts(answer: &Answer) -> Vec<(String, String)> {
    assert_eq!(answer.status, 200, "{}", answer.text());
    let of = |item: &Value| {
        let word = item["template"]["id"].as_str().or(item["errors"][0]["code"].as_str());
        (item["name"].as_str().unwrap().to_owned(), word.unwrap().to_owned())
    };
    answer.json()["items"].as_array().unwrap().iter().map(of).collect()
}

fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    expected.iter().map(|(name, word)| ((*name).to_owned(), (*word).to_owned())).collect()
}

#[tokio::test]
async fn many_templates_go_out_in_one_zip_and_come_back_byte_for_byte() {
    let site = Site::single_user().await;
    let client = site.client(&site.person()).await;
    for id in ["one", "two"] {
        assert_eq!(client.post("/templates", &json!({"yaml": template(id)})).await.status, 201);
    }
    let exported = client.post("/template-exports", &json!({"ids": ["two", "shell@1.0.0", "one"]})).await;
    assert_eq!(exported.status, 200, "{}", exported.text());
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(&exported.body).unwrap();
    let mut reader = ZipReader::open(&file).unwrap();
    let mut files = Vec::new();
    while let Some(entry) = reader.next_entry().unwrap() {
        let mut text = String::new();
        reader.content(&entry).unwrap().unwrap().read_to_string(&mut text).unwrap();
        files.push((String::from_utf8(entry.name).unwrap(), text));
    }
    let shell = client.get("/templates/shell/export").await.text();
    let expected = [("two.yaml", template("two")), ("shell.yaml", shell), ("one.yaml", template("one"))];
    assert_eq!(files, expected.map(|(name, text)| (name.to_owned(), text)));

    for (ids, pointer) in [
        (json!([]), "/ids"),
        (json!(["one", "none-such"]), "/ids/1"),
        (json!(["one", "one"]), "/ids/1"),
        (json!(vec!["one"; 501]), "/ids"),
    ] {
        let refused = client.post("/template-exports", &json!({"ids": ids})).await;
        assert_eq!((refused.status.as_u16(), &refused.json()["errors"][0]["pointer"]), (422, &json!(pointer)));
    }

    for id in ["one", "two"] {
        let hash = client.get(&format!("/templates/{id}")).await.json()["hash"].as_str().unwrap().to_owned();
        let request = client.request(Method::DELETE, &format!("/templates/{id}")).header("If-Match", hash);
        assert_eq!(client.send(request).await.status, 204);
    }
    let zip = exported.body.to_vec();
    let expected = pairs(&[("two.yaml", "two"), ("shell.yaml", "template-id-taken"), ("one.yaml", "one")]);
    let tried = import(&client, zip.clone(), "?dry_run=true").await;
    assert_eq!(verdicts(&tried), expected);
    assert_eq!(tried.json()["items"][2]["yaml"], template("one"));
    assert_eq!(client.get("/templates/one").await.status, 404);
    let made = import(&client, zip.clone(), "").await;
    assert_eq!(verdicts(&made), expected);
    assert_eq!(made.json()["items"][0]["yaml"], Value::Null);
    assert_eq!(client.get("/templates/one/export").await.text(), template("one"));
    // What is there is never written over.
    let again = verdicts(&import(&client, zip, "").await);
    assert!(again.iter().all(|(_, word)| word == "template-id-taken"), "{again:?}");
}

#[tokio::test]
async fn each_file_of_a_hostile_zip_is_answered_for_and_the_others_come_in() {
    let site = Site::single_user().await;
    let client = site.client(&site.person()).await;
    let (good, other, large) = (template("good"), template("other"), vec![b'#'; 300 << 10]);
    let bomb = vec![0; 20 << 20];
    let bytes = |text: &'static str| text.as_bytes();
    let mut zip = zip(&[
        ("lab/", Kind::Directory, b""),
        ("lab/good.yaml", Kind::File, good.as_bytes()),
        ("lab/good-again.yml", Kind::File, good.as_bytes()),
        ("lab/good.yaml", Kind::File, other.as_bytes()),
        ("../escaped.yaml", Kind::File, template("escaped").as_bytes()),
        ("/rooted.yaml", Kind::File, template("rooted").as_bytes()),
        ("..\\windows.yaml", Kind::File, template("windows").as_bytes()),
        ("link.yaml", Kind::Link, bytes("/etc/passwd")),
        ("secret.yaml", Kind::File, template("secret").as_bytes()),
        ("large.yaml", Kind::File, &large),
        ("lies.yaml", Kind::File, &bomb),
        ("damaged.yaml", Kind::File, template("damaged").as_bytes()),
        ("latin.yaml", Kind::File, b"id: \xe9"),
        ("broken.yaml", Kind::File, bytes("id: broken\nversion: [\n")),
        ("README.md", Kind::File, bytes("# Ours")),
        ("__MACOSX/lab/._good.yaml", Kind::File, bytes("clutter")),
        (".DS_Store", Kind::File, bytes("clutter")),
    ]);
    let secret = record_of(&zip, "secret.yaml");
    zip[secret + 8] |= 1;
    let lies = record_of(&zip, "lies.yaml");
    zip[lies + 24..lies + 28].copy_from_slice(&[10, 0, 0, 0]);
    let damaged = record_of(&zip, "damaged.yaml");
    zip[damaged + 16] ^= 1;

    let expected = pairs(&[
        ("lab/good.yaml", "good"),
        ("lab/good-again.yml", "id-twice"),
        ("lab/good.yaml", "file-twice"),
        ("../escaped.yaml", "bad-name"),
        ("/rooted.yaml", "bad-name"),
        ("..\\windows.yaml", "bad-name"),
        ("link.yaml", "no-file"),
        ("secret.yaml", "encrypted"),
        ("large.yaml", "too-large"),
        ("lies.yaml", "too-large"),
        ("damaged.yaml", "damaged"),
        ("latin.yaml", "not-utf-8"),
        ("broken.yaml", "not-a-template"),
        ("README.md", "not-yaml"),
    ]);
    assert_eq!(verdicts(&import(&client, zip.clone(), "?dry_run=true").await), expected);
    let made = verdicts(&import(&client, zip, "").await);
    let expected: Vec<_> = expected
        .into_iter()
        .map(|(name, word)| (name, if word == "id-twice" { "template-id-taken".to_owned() } else { word }))
        .collect();
    assert_eq!(made, expected);
    let files = fs::read_dir(site.home("").join("quarterdeck/templates")).unwrap();
    let names: Vec<_> = files.map(|file| file.unwrap().file_name()).collect();
    assert_eq!(names, ["good.yaml"]);
}

#[tokio::test]
async fn a_zip_that_is_none_or_too_much_makes_nothing() {
    let site = Site::single_user().await;
    let client = site.client(&site.person()).await;
    let text = template("good");
    let of = |count: usize, content: &[u8]| {
        let names: Vec<String> = (0..count).map(|n| format!("{n}.yaml")).collect();
        let mut files: Vec<(&str, Kind, &[u8])> = vec![("good.yaml", Kind::File, text.as_bytes())];
        files.extend(names.iter().map(|name| (name.as_str(), Kind::File, content)));
        zip(&files)
    };
    let mut cut = of(3, text.as_bytes());
    cut.truncate(cut.len() - 30);
    let directories: Vec<String> = (0..2001).map(|n| format!("{n}")).collect();
    let directories: Vec<_> = directories.iter().map(|name| (name.as_str(), Kind::Directory, &b""[..])).collect();
    for (zip, code) in [
        (b"no zip at all".to_vec(), "not-a-zip"),
        (Vec::new(), "not-a-zip"),
        (cut, "not-a-zip"),
        (zip(&[]), "zip-empty"),
        (of(500, b"x"), "zip-too-many"),
        (zip(&directories), "zip-too-many"),
        // 250 KiB each, packed to nearly nothing.
        (of(140, &vec![b'#'; 250 << 10]), "zip-too-large"),
    ] {
        let refused = import(&client, zip, "").await;
        assert_eq!((refused.status.as_u16(), &refused.json()["errors"][0]["code"]), (422, &json!(code)));
    }
    assert_eq!(import(&client, vec![0; 9 << 20], "").await.status, 413);
    assert_eq!(client.get("/templates/good").await.status, 404);
}
