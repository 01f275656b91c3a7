//! Copies, archives and what is unpacked, on a disk that is full: said clearly, and nothing half-made stays.

use std::fs::{self, File};
use std::time::Duration;

use quarterdeck_archive::packing::Packing;
use rstest::rstest;
use serde_json::{Value, json};
use tar::EntryType;

use crate::support::archives::Tar;
use crate::support::files::{begin, ended, make, names_in, perform, write};
use crate::support::small::Small;
use crate::support::{Site, eventually};

/// Bytes that no packing makes fewer.
fn noise(length: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (state >> 56) as u8
    };
    std::iter::repeat_with(next).take(length).collect()
}

#[rstest]
#[case("copy", json!({"paths": ["run/big"], "to": "small"}), "big")]
#[case("copy", json!({"paths": ["run"], "to": "small"}), "run")]
#[case("archive", json!({"paths": ["run"], "to": "small", "name": "x.zip"}), "x.zip")]
#[case("archive", json!({"paths": ["run"], "to": "small", "name": "x.tar"}), "x.tar")]
#[case("archive", json!({"paths": ["run"], "to": "small", "name": "x.tar.gz"}), "x.tar.gz")]
#[case("archive", json!({"paths": ["run"], "to": "small", "name": "x.tar.zst"}), "x.tar.zst")]
#[case("archive", json!({"paths": ["run"], "to": "small", "name": "x.tar.xz"}), "x.tar.xz")]
#[case("extract", json!({"path": "run.tar.zst", "to": "small"}), "run")]
#[tokio::test]
async fn what_finds_no_room_says_so_and_leaves_nothing(#[case] deed: &str, #[case] body: Value, #[case] made: &str) {
    let site = Site::single_user().await;
    let client = site.client(&site.person()).await;
    let Some(small) = Small::mount(&site, "size=4m") else { return };
    let bytes = noise(6 << 20);
    write(&site, "run/little", "little");
    write(&site, "run/big", &bytes);
    let tar = Tar::default().add(EntryType::Regular, "little", "", 0o644, b"little").add(
        EntryType::Regular,
        "big",
        "",
        0o644,
        &bytes,
    );
    write(&site, "run.tar.zst", tar.packed(Packing::Zstd));
    let full = perform(&client, deed, body.clone()).await;
    assert_eq!((&full["state"], &full["results"]), (&json!("failed"), &json!([])), "{full}");
    let problem = &full["problem"];
    assert_eq!((&problem["status"], &problem["code"]), (&json!(507), &json!("no-space-left")), "{full}");
    assert!(problem["detail"].as_str().unwrap().contains("the file system is full"), "{problem}");
    assert_eq!(names_in(&small.0), Vec::<String>::new());
    // All that was taken was given back.
    assert_eq!(rustix::fs::statvfs(&small.0).unwrap().f_bavail * 4096, 4 << 20);

    small.resize("16m");
    let done = perform(&client, deed, body).await;
    assert_eq!((&done["state"], &done["left_out_count"]), (&json!("done"), &json!(0)), "{done}");
    assert_eq!(names_in(&small.0), [made]);
}

#[tokio::test]
async fn names_take_room_too() {
    let site = Site::single_user().await;
    let client = site.client(&site.person()).await;
    let Some(small) = Small::mount(&site, "nr_inodes=10") else { return };
    for number in 0..20 {
        write(&site, &format!("run/{number}/file"), "");
    }
    for (deed, body) in [
        ("archive", json!({"paths": ["run"], "to": "", "name": "run.tar"})),
        ("copy", json!({"paths": ["run"], "to": "small"})),
        ("extract", json!({"path": "run.tar", "to": "small"})),
    ] {
        let ended = perform(&client, deed, body).await;
        if deed != "archive" {
            assert_eq!(ended["problem"]["code"], "no-space-left", "{ended}");
        }
        assert_eq!(names_in(&small.0), Vec::<String>::new());
    }
}

/// How it ended cannot be written down, and is told all the same.
#[tokio::test]
async fn a_task_that_ends_while_the_disk_is_full_is_told_of_as_it_ended() {
    let site = Site::single_user().await;
    let client = site.client(&site.person()).await;
    let Some(small) = Small::mount(&site, "size=1m") else { return };
    write(&site, "file", "content");
    // Where her agent keeps its records.
    let first = perform(&client, "checksum", json!({"path": "file"})).await;
    let records = records_of(&site, first["id"].as_str().unwrap());
    fs::remove_dir_all(&records).unwrap();
    std::os::unix::fs::symlink(&small.0, &records).unwrap();

    make(&site, "endless", |path| File::create(path).unwrap().set_len(512 << 30).unwrap());
    let id = begin(&client, "checksum", json!({"path": "endless"})).await;
    eventually("progress", Duration::from_secs(20), async || {
        let task = client.get(&format!("/files/tasks/{id}")).await.json();
        task["bytes"]["done"].as_u64().filter(|done| *done > 0)
    })
    .await;
    fill(&small);
    assert_eq!(client.delete(&format!("/files/tasks/{id}")).await.status, 204);
    for _ in 0..2 {
        assert_eq!(ended(&client, &id).await["state"], "cancelled");
    }
    let refused = client.post("/files/home/checksum", &json!({"path": "file"})).await;
    assert_eq!((refused.status.as_u16(), &refused.json()["code"]), (507, &json!("no-space-left")));
    fs::remove_file(small.0.join("full")).unwrap();
    assert_eq!(perform(&client, "checksum", json!({"path": "file"})).await["state"], "done");
}

fn records_of(site: &Site, id: &str) -> std::path::PathBuf {
    let mut open = vec![site.path("")];
    while let Some(directory) = open.pop() {
        for entry in fs::read_dir(&directory).unwrap().filter_map(Result::ok) {
            if entry.file_name() == id {
                return directory;
            }
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                open.push(entry.path());
            }
        }
    }
    panic!("no record of {id}");
}

fn fill(small: &Small) {
    let full = fs::write(small.0.join("full"), vec![0; 2 << 20]);
    assert_eq!(full.unwrap_err().kind(), std::io::ErrorKind::StorageFull);
}
