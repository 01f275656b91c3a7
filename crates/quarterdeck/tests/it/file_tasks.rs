//! Copies, archives, searches and what else takes a while on files: as their owner, with progress, to an end or to
//! nothing.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::os::unix::fs::{FileExt, MetadataExt, PermissionsExt, symlink};
use std::path::Path;
use std::time::{Duration, SystemTime};

use quarterdeck_archive::packing::Packing;
use rstest::rstest;
use serde_json::{Value, json};
use tar::EntryType;

use crate::support::archives::{Tar, Zip, packed};
use crate::support::files::{begin, ended, make, names_in, perform, refusal, write};
use crate::support::{Site, eventually};

const LINK: u32 = 0o120_777;
const FILE: u32 = 0o100_644;
const DAY: Duration = Duration::from_secs(24 * 3600);

fn set_mode(site: &Site, path: &str, mode: u32) {
    fs::set_permissions(site.path("home").join(path), PermissionsExt::from_mode(mode)).unwrap();
}

/// A directory of all that can be in one.
fn tree(site: &Site, name: &str) {
    write(site, &format!("{name}/run.sh"), "#!/bin/sh\n");
    write(site, &format!("{name}/deep/er/결과.dat"), vec![7; 300_000]);
    write(site, &format!("{name}/deep/empty"), "");
    make(site, &format!("{name}/nothing"), |path| fs::create_dir(path).unwrap());
    make(site, &format!("{name}/link"), |path| symlink("deep/er/결과.dat", path).unwrap());
    set_mode(site, &format!("{name}/run.sh"), 0o751);
    set_mode(site, &format!("{name}/deep"), 0o750);
    let file = File::options().write(true).open(site.path("home").join(name).join("run.sh")).unwrap();
    file.set_modified(SystemTime::now() - 400 * DAY).unwrap();
}

/// All that is below a directory: of each its mode, its time to the second, and its content or target.
fn all_below(root: &Path) -> BTreeMap<String, (u32, i64, Vec<u8>)> {
    let mut found = BTreeMap::new();
    let mut open = vec![root.to_owned()];
    while let Some(directory) = open.pop() {
        for entry in fs::read_dir(&directory).unwrap() {
            let path = entry.unwrap().path();
            let about = fs::symlink_metadata(&path).unwrap();
            let name = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
            let (time, content) = if about.is_dir() {
                open.push(path);
                (0, Vec::new())
            } else if about.is_symlink() {
                (0, fs::read_link(&path).unwrap().into_os_string().into_encoded_bytes())
            } else {
                (about.mtime(), fs::read(&path).unwrap())
            };
            found.insert(name, (about.mode(), time, content));
        }
    }
    found
}

fn left_out(task: &Value) -> Vec<(&str, &str)> {
    let told = task["left_out"].as_array().unwrap().iter();
    told.map(|left| (left["path"].as_str().unwrap(), left["why"].as_str().unwrap())).collect()
}

fn paths(task: &Value) -> Vec<&str> {
    task["results"].as_array().unwrap().iter().map(|result| result["path"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_copy_is_as_what_it_was_made_of() {
    let site = Site::single_user().await;
    let client = site.client(&site.person()).await;
    tree(&site, "run");
    set_mode(&site, "run/deep/empty", 0o4755);
    make(&site, "to", |path| fs::create_dir(path).unwrap());
    let copied = perform(&client, "copy", json!({"paths": ["run"], "to": "to"})).await;
    assert_eq!(copied["state"], "done", "{copied}");
    assert_eq!((&copied["bytes"]["done"], &copied["bytes"]["total"]), (&json!(300_010), &json!(300_010)));
    assert_eq!((&copied["entries"]["done"], &copied["entries"]["total"]), (&json!(8), &json!(8)));
    assert_eq!(copied["results"], json!([{"space": "home", "path": "to/run", "is_directory": true}]));
    let mut expected = all_below(&site.path("home/run"));
    // Who copies a program does not lend its user's rights.
    expected.get_mut("deep/empty").unwrap().0 = 0o100_755;
    assert_eq!(all_below(&site.path("home/to/run")), expected);
    assert_eq!(names_in(&site.path("home/to")), ["run"]);

    let again = perform(&client, "copy", json!({"paths": ["run", "run/run.sh"], "to": "to"})).await;
    assert_eq!(paths(&again), ["to/run-1", "to/run.sh"]);
    let named = perform(&client, "copy", json!({"paths": ["run/link"], "to": "to", "name": "other"})).await;
    assert_eq!(paths(&named), ["to/other"]);
    assert_eq!(fs::read_link(site.path("home/to/other")).unwrap(), Path::new("deep/er/결과.dat"));
    let refused = perform(&client, "copy", json!({"paths": ["run"], "to": "to", "if_taken": "refuse"})).await;
    assert_eq!((&refused["state"], &refused["problem"]["code"]), (&json!("failed"), &json!("already-exists")));
    for to in ["run", "run/deep/er"] {
        let refused = perform(&client, "copy", json!({"paths": ["run"], "to": to})).await;
        assert_eq!(refused["problem"]["code"], "into-itself", "{to}");
    }
    assert_eq!(names_in(&site.path("home/run")), ["deep", "link", "nothing", "run.sh"]);
}

#[tokio::test]
async fn holes_stay_holes() {
    let site = Site::single_user().await;
    let client = site.client(&site.person()).await;
    make(&site, "sparse", |path| {
        let file = File::create(path).unwrap();
        file.write_all_at(b"middle", 64 << 20).unwrap();
        file.set_len(256 << 20).unwrap();
    });
    let copied = perform(&client, "copy", json!({"paths": ["sparse"], "to": "", "name": "copy"})).await;
    assert_eq!((&copied["state"], &copied["bytes"]["done"]), (&json!("done"), &json!(256 << 20)));
    let about = fs::metadata(site.path("home/copy")).unwrap();
    assert_eq!(about.len(), 256 << 20);
    assert!(about.blocks() * 512 < 1 << 20, "{} blocks", about.blocks());
    let mut middle = [0; 8];
    File::open(site.path("home/copy")).unwrap().read_exact_at(&mut middle, (64 << 20) - 1).unwrap();
    assert_eq!(&middle, b"\0middle\0");
}

#[rstest]
#[case("all.zip")]
#[case("all.tar.gz")]
#[case("all.tar.zst")]
#[case("all.txz")]
#[case("all.tar")]
#[tokio::test]
async fn what_is_packed_is_unpacked_as_it_was(#[case] archive: &str) {
    let site = Site::single_user().await;
    let client = site.client(&site.person()).await;
    tree(&site, "작업/run");
    let packed = perform(&client, "archive", json!({"paths": ["작업/run"], "to": "작업", "name": archive})).await;
    assert_eq!(packed["state"], "done", "{packed}");
    assert_eq!(packed["results"][0]["path"], format!("작업/{archive}"));
    // Once more, with the archive itself among it.
    let again = perform(&client, "archive", json!({"paths": ["작업"], "to": "작업", "name": archive})).await;
    assert_eq!((&again["state"], left_out(&again)), (&json!("done"), vec![]));

    let unpacked = perform(&client, "extract", json!({"path": format!("작업/{archive}"), "to": ""})).await;
    assert_eq!((&unpacked["state"], left_out(&unpacked)), (&json!("done"), vec![]), "{unpacked}");
    assert_eq!(unpacked["results"], json!([{"space": "home", "path": "all", "is_directory": true}]));
    assert_eq!(all_below(&site.path("home/all/run")), all_below(&site.path("home/작업/run")));
    assert_eq!(unpacked["bytes"]["done"], unpacked["bytes"]["total"]);
}

#[tokio::test]
async fn what_others_tools_pack_and_unpack_is_the_same() {
    let site = Site::single_user().await;
    let client = site.client(&site.person()).await;
    tree(&site, "run");
    perform(&client, "archive", json!({"paths": ["run"], "to": "", "name": "run.zip"})).await;
    let script = "import sys, zipfile\nz = zipfile.ZipFile(sys.argv[1])\nassert z.testzip() is None\n\
                  print(sorted(z.namelist()), z.getinfo('run/run.sh').external_attr >> 16)\n\
                  with zipfile.ZipFile(sys.argv[2], 'w', zipfile.ZIP_DEFLATED) as o:\n o.writestr('run/결과', 'x' * 9)\n";
    let made = site.path("home/python.zip");
    let mut python = std::process::Command::new("python3");
    let Ok(ran) = python.args(["-c", script]).args([&site.path("home/run.zip"), &made]).output() else { return };
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    let expected = "['run/', 'run/deep/', 'run/deep/empty', 'run/deep/er/', 'run/deep/er/결과.dat', 'run/link', \
                    'run/nothing/', 'run/run.sh'] 33257\n";
    assert_eq!(String::from_utf8_lossy(&ran.stdout), expected);
    let unpacked = perform(&client, "extract", json!({"path": "python.zip"})).await;
    assert_eq!(unpacked["state"], "done", "{unpacked}");
    assert_eq!(fs::read_to_string(site.path("home/python/run/결과")).unwrap(), "xxxxxxxxx");
}

/// Where the program that GNU tar packs with is installed.
#[rstest]
#[case("gzip", ".tar.gz")]
#[case("zstd", ".tar.zst")]
#[case("xz", ".tar.xz")]
#[tokio::test]
async fn gnu_tar_unpacks_and_packs_the_same(#[case] program: &str, #[case] ending: &str) {
    let run = |program: &str, arguments: &[&str]| std::process::Command::new(program).args(arguments).output();
    if !run(program, &["--version"]).is_ok_and(|ran| ran.status.success()) {
        return;
    }
    let site = Site::single_user().await;
    let client = site.client(&site.person()).await;
    tree(&site, "run");
    let (ours, theirs) = (format!("ours{ending}"), format!("theirs{ending}"));
    let packed = perform(&client, "archive", json!({"paths": ["run"], "to": "", "name": ours})).await;
    assert_eq!(packed["state"], "done", "{packed}");
    make(&site, "unpacked", |path| fs::create_dir(path).unwrap());
    let home = site.path("home");
    let home = home.to_str().unwrap();
    let unpacked = run("tar", &["-C", &format!("{home}/unpacked"), "-xf", &format!("{home}/{ours}")]).unwrap();
    assert!(unpacked.status.success(), "{}", String::from_utf8_lossy(&unpacked.stderr));
    assert_eq!(all_below(&site.path("home/unpacked/run")), all_below(&site.path("home/run")));

    let packed = run("tar", &["-C", home, "-caf", &format!("{home}/{theirs}"), "run"]).unwrap();
    assert!(packed.status.success(), "{}", String::from_utf8_lossy(&packed.stderr));
    let unpacked = perform(&client, "extract", json!({"path": theirs})).await;
    assert_eq!((&unpacked["state"], left_out(&unpacked)), (&json!("done"), vec![]), "{unpacked}");
    assert_eq!(all_below(&site.path("home/theirs/run")), all_below(&site.path("home/run")));
}

#[tokio::test]
async fn an_archive_made_to_fill_the_disk_is_refused_and_leaves_nothing() {
    let site = Site::single_user().await;
    let client = site.client(&site.person()).await;
    let zeros = vec![0; 100 << 20];
    let bomb = |packing| Tar::default().add(EntryType::Regular, "big", "", 0o644, &zeros).packed(packing);
    write(&site, "bomb.tar.gz", bomb(Packing::Gzip));
    write(&site, "bomb.tar.zst", bomb(Packing::Zstd));
    write(&site, "bomb.tar.xz", bomb(Packing::Xz));
    write(&site, "bomb.zip", Zip::default().add("ok", FILE, 0, b"ok").add("big", FILE, 0, &zeros).finish());
    // A name that alone would fill the memory.
    let name = Tar::default().add(EntryType::GNULongName, "././@LongLink", "", 0, &zeros);
    write(&site, "name.tar.gz", name.packed(Packing::Gzip));
    // A window of 2 GiB.
    write(&site, "window.tar.zst", b"\x28\xb5\x2f\xfd\x00\xa8\x01\0\0");
    for archive in ["bomb.tar.gz", "bomb.tar.xz", "bomb.tar.zst", "bomb.zip", "name.tar.gz", "window.tar.zst"] {
        let refused = perform(&client, "extract", json!({"path": archive})).await;
        assert_eq!(
            (&refused["state"], &refused["problem"]["code"]),
            (&json!("failed"), &json!("too-much")),
            "{archive}"
        );
    }
    let whole = |packing| Tar::default().add(EntryType::Regular, "file", "", 0o644, b"content").packed(packing);
    let mut cut = whole(Packing::Gzip);
    cut.truncate(40);
    let (mut bit, mut last) = (whole(Packing::Zstd), whole(Packing::Xz));
    // Of its checksum, which stands behind all that a tar's reader asks for.
    *bit.last_mut().unwrap() ^= 1;
    last.truncate(last.len() - 40);
    let damaged =
        [("bit.tar.zst", &bit[..]), ("cut.tar.gz", &cut), ("cut.tar.xz", &last), ("cut.zip", b"PK\x03\x04cut")];
    for (name, bytes) in damaged {
        write(&site, name, bytes);
        let damaged = perform(&client, "extract", json!({"path": name})).await;
        assert_eq!(damaged["problem"]["code"], "archive-damaged", "{name}");
    }
    write(&site, "text.zip", "no archive");
    write(&site, "text.xz", packed(Packing::Xz, &b"packed, but no archive ".repeat(50)));
    write(&site, "note.gz", packed(Packing::Gzip, b"short"));
    for name in ["text.zip", "text.xz", "note.gz"] {
        let refused = perform(&client, "extract", json!({"path": name})).await;
        assert_eq!(refused["problem"]["code"], "not-an-archive", "{name}");
    }
    let is_there = |name: &String| !name.contains('.') || name.starts_with(".quarterdeck");
    assert_eq!(names_in(&site.path("home")).into_iter().filter(is_there).collect::<Vec<_>>(), Vec::<String>::new());
}

#[tokio::test]
async fn nothing_of_an_archive_gets_out_of_its_directory() {
    let site = Site::single_user().await;
    let client = site.client(&site.person()).await;
    write(&site, "victim", "as it was");
    let victim = site.path("home/victim");
    let victim = victim.to_str().unwrap();
    let tar = Tar::default()
        .add(EntryType::Regular, "../victim", "", 0o644, b"evil")
        .add(EntryType::Regular, "a/../../victim", "", 0o644, b"evil")
        .add(EntryType::Symlink, "out", "..", 0o777, b"")
        .add(EntryType::Symlink, "absolute", victim, 0o777, b"")
        .add(EntryType::Symlink, "in", "a/file", 0o777, b"")
        .add(EntryType::Symlink, "up", "a", 0o777, b"")
        .add(EntryType::Symlink, "zigzag", "up/../../victim", 0o777, b"")
        .add(EntryType::Regular, "a/file", "", 0o4755, b"fine")
        .add(EntryType::Regular, "up/through", "", 0o644, b"evil")
        .add(EntryType::Link, "hard", "../victim", 0o644, b"")
        .add(EntryType::Link, "same", "a/file", 0o644, b"")
        .add(EntryType::Fifo, "pipe", "", 0o644, b"")
        .add(EntryType::Regular, "/tmp/quarterdeck-absolute", "", 0o644, b"below");
    write(&site, "hostile.tar", tar.finish());
    let unpacked = perform(&client, "extract", json!({"path": "hostile.tar"})).await;
    assert_eq!(unpacked["state"], "done", "{unpacked}");
    let expected = vec![
        ("../victim", "leads_out"),
        ("a/../../victim", "leads_out"),
        ("out", "link_leads_out"),
        ("absolute", "link_leads_out"),
        ("zigzag", "link_leads_out"),
        ("up/through", "clash"),
        ("hard", "link_leads_out"),
        ("pipe", "not_regular"),
    ];
    assert_eq!((left_out(&unpacked), &unpacked["left_out_count"]), (expected, &json!(8)));
    assert_eq!(names_in(&site.path("home/hostile")), ["a", "in", "same", "tmp", "up"]);
    assert_eq!(fs::read_to_string(site.path("home/hostile/tmp/quarterdeck-absolute")).unwrap(), "below");
    assert_eq!(fs::metadata(site.path("home/hostile/a/file")).unwrap().mode() & 0o7000, 0);
    assert_eq!(fs::read_to_string(site.path("home/hostile/same")).unwrap(), "fine");

    let zip = Zip::default()
        .add("../victim", FILE, 0, b"evil")
        .add("link", LINK, 0, b"../victim")
        .add("sub", LINK, 0, b".")
        .add("sub/victim", FILE, 0, b"evil")
        .add("secret", FILE, 1, b"encrypted")
        .add("twice", FILE, 0, b"first")
        .add("twice", FILE, 0, b"last")
        // "한글.txt" as Korean Windows writes it.
        .add(b"\xc7\xd1\xb1\xdb.txt", 0, 0, "내용".as_bytes());
    write(&site, "hostile.zip", zip.finish());
    let unpacked = perform(&client, "extract", json!({"path": "hostile.zip", "name": "zip"})).await;
    let expected = vec![
        ("../victim", "leads_out"),
        ("link", "link_leads_out"),
        ("sub/victim", "clash"),
        ("secret", "encrypted"),
        ("twice", "twice"),
    ];
    assert_eq!(left_out(&unpacked), expected, "{unpacked}");
    assert_eq!(names_in(&site.path("home/zip")), ["sub", "twice", "한글.txt"]);
    assert_eq!(fs::read_to_string(site.path("home/zip/twice")).unwrap(), "last");
    assert_eq!(fs::read_to_string(site.path("home/victim")).unwrap(), "as it was");
    assert!(!Path::new("/tmp/quarterdeck-absolute").exists());
}

#[tokio::test]
async fn the_trash_is_emptied_and_what_is_deleted_for_good_is_gone() {
    let site = Site::single_user().await;
    let client = site.client(&site.person()).await;
    for name in ["one", "two", "three"] {
        tree(&site, name);
        // As package managers leave them: even her own rm needs more.
        set_mode(&site, &format!("{name}/deep"), 0o500);
        client.delete(&format!("/files/home?path={name}")).await;
    }
    let some = perform(&client, "trash/empty", json!({"items": ["two"]})).await;
    assert_eq!((&some["state"], &some["count"]), (&json!("done"), &json!(1)), "{some}");
    let listed = client.get("/files/home/trash").await.json();
    let left: Vec<_> = listed["items"].as_array().unwrap().iter().map(|item| item["name"].as_str().unwrap()).collect();
    assert_eq!(left, ["one", "three"]);
    let all = perform(&client, "trash/empty", json!({})).await;
    assert_eq!((&all["state"], &all["entries"]["done"]), (&json!("done"), &json!(16)), "{all}");
    for part in ["files", "info"] {
        assert_eq!(names_in(&site.path(&format!("home/.local/share/Trash/{part}"))), Vec::<String>::new());
    }

    tree(&site, "gone");
    write(&site, "kept", "");
    make(&site, "gone/to-kept", |path| symlink("../kept", path).unwrap());
    let removed = perform(&client, "remove", json!({"paths": ["gone"]})).await;
    assert_eq!(removed["state"], "done", "{removed}");
    assert!(!site.path("home/gone").exists() && site.path("home/kept").exists());
    let missing = perform(&client, "remove", json!({"paths": ["gone"]})).await;
    assert_eq!(missing["problem"]["code"], "file-not-found");

    let told = eventually("the audit", Duration::from_secs(20), async || {
        let audit = client.get("/audit?limit=50").await.json();
        let items = audit["items"].as_array().unwrap().clone();
        let told: Vec<_> = items.into_iter().filter(|item| item["action"] == "file.delete").collect();
        (told.iter().filter(|item| item["object"] == "home:gone" && item["result"] != "pending").count() == 2)
            .then_some(told)
    });
    let told = told.await;
    let results: Vec<_> =
        told.iter().filter(|item| item["object"] == "home:gone").map(|item| &item["result"]).collect();
    assert_eq!(results, ["failed", "done"]);
}

#[tokio::test]
async fn files_are_found_by_name_and_size() {
    let site = Site::single_user().await;
    let client = site.client(&site.person()).await;
    tree(&site, "run");
    // As macOS writes it.
    write(&site, "run/deep/\u{1100}\u{1167}\u{11af}\u{1100}\u{116a}.TXT", "x");
    make(&site, "circle", |path| symlink(".", path).unwrap());
    let search = async |asked: Value| {
        let id = begin(&client, "search", asked).await;
        let task = ended(&client, &id).await;
        assert_eq!(task["state"], "done", "{task}");
        let found = client.get(&format!("/files/tasks/{id}/found?limit=500")).await.json();
        assert_eq!(found["next_cursor"], Value::Null);
        let found = found["items"].as_array().unwrap().iter().map(|entry| entry["path"].as_str().unwrap().to_owned());
        let mut found: Vec<_> = found.collect();
        found.sort();
        found
    };
    let both = ["run/deep/er/결과.dat", "run/deep/\u{1100}\u{1167}\u{11af}\u{1100}\u{116a}.TXT"].map(str::to_owned);
    let mut both = both.to_vec();
    both.sort();
    assert_eq!(search(json!({"name": "결과"})).await, both);
    assert_eq!(search(json!({"path": "run/deep/er", "name": "*.DAT"})).await, ["run/deep/er/결과.dat"]);
    assert_eq!(search(json!({"min_size": 100_000, "path": "run"})).await, ["run/deep/er/결과.dat"]);
    assert_eq!(search(json!({"max_size": 0, "path": "run"})).await, ["run/deep/empty"]);
    let year = (chrono::Utc::now() - chrono::TimeDelta::days(300)).to_rfc3339();
    let new = search(json!({"path": "run", "name": "r", "modified_since": year})).await;
    assert_eq!(new, ["run/deep/er"], "run.sh is older");

    make(&site, "many", |path| fs::create_dir(path).unwrap());
    for number in 0..1100 {
        write(&site, &format!("many/{number}"), "");
    }
    let id = begin(&client, "search", json!({"path": "many", "name": "*"})).await;
    let task = ended(&client, &id).await;
    assert_eq!((&task["found"], &task["more"]), (&json!(1000), &json!(true)));
    let first = client.get(&format!("/files/tasks/{id}/found?limit=500")).await.json();
    let cursor = first["next_cursor"].as_str().unwrap();
    let second = client.get(&format!("/files/tasks/{id}/found?limit=500&cursor={cursor}")).await.json();
    assert_eq!((second["items"].as_array().unwrap().len(), &second["next_cursor"]), (500, &Value::Null));
}

#[tokio::test]
async fn a_checksum_is_that_of_the_file() {
    let site = Site::single_user().await;
    let client = site.client(&site.person()).await;
    write(&site, "abc", "abc");
    let sum = async |body| perform(&client, "checksum", body).await["checksum"].as_str().unwrap().to_owned();
    let expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    assert_eq!(sum(json!({"path": "abc"})).await, expected);
    let expected = "a9993e364706816aba3e25717850c26c9cd0d89d";
    assert_eq!(sum(json!({"path": "abc", "algorithm": "sha1"})).await, expected);
}

/// A file of which no byte is on the disk, and which takes minutes to read.
fn endless(site: &Site, name: &str) {
    make(site, name, |path| File::create(path).unwrap().set_len(512 << 30).unwrap());
}

#[tokio::test]
async fn what_is_cancelled_leaves_nothing_and_is_not_listed_when_it_was_seen() {
    let site = Site::single_user().await;
    let client = site.client(&site.person()).await;
    endless(&site, "data/endless");
    let id = begin(&client, "archive", json!({"paths": ["data/endless"], "to": "data", "name": "x.tar.gz"})).await;
    let bytes = eventually("progress", Duration::from_secs(20), async || {
        let task = client.get(&format!("/files/tasks/{id}")).await.json();
        assert_eq!(task["state"], "running");
        task["bytes"]["done"].as_u64().filter(|done| *done > 0)
    });
    assert!(bytes.await < 512 << 30);
    assert_eq!(names_in(&site.path("home/data")).len(), 2, "it is hidden while it is made");
    assert_eq!(client.delete(&format!("/files/tasks/{id}")).await.status, 204);
    let task = ended(&client, &id).await;
    assert_eq!((&task["state"], &task["problem"]), (&json!("cancelled"), &Value::Null));
    assert_eq!(names_in(&site.path("home/data")), ["endless"]);

    let listed = async || client.get("/files/tasks").await.json()["items"].as_array().unwrap().len();
    assert_eq!(listed().await, 1);
    assert_eq!(client.delete(&format!("/files/tasks/{id}")).await.status, 204);
    assert_eq!(listed().await, 0);
}

#[tokio::test]
async fn only_so_many_run_at_once() {
    let site = Site::single_user().await;
    let client = site.client(&site.person()).await;
    endless(&site, "endless");
    let mut begun = Vec::new();
    for _ in 0..4 {
        begun.push(begin(&client, "checksum", json!({"path": "endless"})).await);
    }
    let refused = client.post("/files/home/checksum", &json!({"path": "endless"})).await;
    assert_eq!(refusal(&refused).1, "agent-busy");
    for id in &begun {
        client.delete(&format!("/files/tasks/{id}")).await;
        ended(&client, id).await;
    }
    begin(&client, "checksum", json!({"path": "endless"})).await;
}

#[tokio::test]
async fn a_killed_agent_leaves_nothing_half_made_and_says_so() {
    let mut site = Site::single_user().await;
    let person = site.person();
    let client = site.client(&person).await;
    tree(&site, "data/run");
    endless(&site, "data/endless");
    let id = begin(&client, "archive", json!({"paths": ["data/endless"], "to": "data", "name": "x.zip"})).await;
    eventually("the hidden file", Duration::from_secs(20), async || {
        (names_in(&site.path("home/data")).len() == 3).then_some(())
    })
    .await;
    assert!(site.kill_agent(&person));
    let task = ended(&client, &id).await;
    assert_eq!((&task["state"], &task["problem"]["code"]), (&json!("failed"), &json!("interrupted")), "{task}");
    assert_eq!(names_in(&site.path("home/data")), ["endless", "run"]);

    // At the last moment: all is there, and has no name yet.
    site.kill_server();
    site.kill_agent(&person);
    site.start_server(&[("QUARTERDECK_AGENT_CRASH_AT", "task-made")]).await;
    let client = site.client(&person).await;
    let id = begin(&client, "copy", json!({"paths": ["data/run"], "to": "data"})).await;
    let task = ended(&client, &id).await;
    assert_eq!(task["problem"]["code"], "interrupted", "{task}");
    assert_eq!(names_in(&site.path("home/data")), ["endless", "run"]);
}

#[tokio::test]
async fn a_task_is_its_owners_alone() {
    let Some(site) = Site::multi_user().await else { return };
    let (alice, bob) = (site.client("alice").await, site.client("bob").await);
    let id = begin(&alice, "search", json!({"name": "no such name anywhere"})).await;
    let path = format!("/files/tasks/{id}");
    let strangers = [bob.get(&path).await, bob.get(&format!("{path}/found")).await, bob.delete(&path).await];
    for answer in strangers {
        assert_eq!(refusal(&answer), (404, "not-found".to_owned(), None));
    }
    assert_eq!(bob.get("/files/tasks").await.json()["items"], json!([]));
    assert_eq!(alice.get(&path).await.json()["id"], json!(id));
    let (_, reader) = alice.key(&["files:read"]).await;
    assert_eq!(refusal(&reader.post("/files/home/copy", &json!({"paths": ["x"], "to": ""})).await).1, "missing-scope");
    assert_eq!(reader.get(&path).await.status, 200);
}

#[tokio::test]
async fn what_cannot_be_asked_is_refused_with_the_field_that_is_wrong() {
    let site = Site::single_user().await;
    let client = site.client(&site.person()).await;
    let refused = async |deed: &str, body: Value| {
        let (status, _, pointer) = refusal(&client.post(&format!("/files/home/{deed}"), &body).await);
        assert_eq!(status, 422, "{deed} {body}");
        pointer.unwrap()
    };
    assert_eq!(refused("copy", json!({"paths": [], "to": ""})).await, "/paths");
    assert_eq!(refused("copy", json!({"paths": vec!["x"; 101], "to": ""})).await, "/paths");
    assert_eq!(refused("copy", json!({"paths": ["x", "../y"], "to": ""})).await, "/paths/1");
    assert_eq!(refused("copy", json!({"paths": ["x"], "to": "/etc"})).await, "/to");
    assert_eq!(refused("copy", json!({"paths": ["x"], "to": "", "name": "a/b"})).await, "/name");
    assert_eq!(refused("copy", json!({"paths": ["x", "y"], "to": "", "name": "z"})).await, "/name");
    assert_eq!(refused("archive", json!({"paths": ["x"], "to": "", "name": "x.rar"})).await, "/name");
    assert_eq!(refused("archive", json!({"paths": ["x"], "to": "", "name": ".zip"})).await, "/name");
    assert_eq!(refused("extract", json!({"path": "../x.zip"})).await, "/path");
    assert_eq!(refused("trash/empty", json!({"items": ["a/b"]})).await, "/items/0");
    assert_eq!(refused("search", json!({})).await, "/name");
    assert_eq!(refused("search", json!({"min_size": 2, "max_size": 1})).await, "/max_size");
    for (deed, body) in [
        ("copy", json!({"paths": ["none"], "to": ""})),
        ("copy", json!({"paths": ["none"], "to": "nowhere"})),
        ("checksum", json!({"path": "none"})),
        ("search", json!({"path": "none", "name": "x"})),
    ] {
        assert_eq!(perform(&client, deed, body).await["problem"]["code"], "file-not-found", "{deed}");
    }
    // The space itself is the administrator's.
    let space = perform(&client, "remove", json!({"paths": [""]})).await;
    assert_eq!(space["problem"]["code"], "permission-denied");
}
