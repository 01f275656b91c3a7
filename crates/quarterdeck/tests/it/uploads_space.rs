//! Disks that are full and quotas that are spent: said clearly, nothing half placed, and resumed after there is room.

use std::fs;
use std::process::Command;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::json;

use crate::support::small::Small;
use crate::support::uploading::{
    announced, append, append_and_end, create, files_in, hidden_in, id_of, offset, single_user, standing, uploads,
};

fn in_small(name: &str) -> String {
    format!("filename {},directory {}", BASE64_STANDARD.encode(name), BASE64_STANDARD.encode("small"))
}

#[tokio::test]
async fn a_full_disk_is_said_before_the_first_byte_and_keeps_what_came_after_it() {
    let (site, client) = single_user().await;
    let Some(small) = Small::mount(&site, "size=4m") else { return };
    let bytes: Vec<u8> = (0..6_000_000_u32).map(|i| (i % 251) as u8).collect();
    let metadata = in_small("big.dat");
    let length = bytes.len().to_string();
    let headers = [("Upload-Length", &*length), ("Upload-Metadata", &*metadata)];
    let refused = create(&client, &headers, b"", false).await;
    assert_eq!((refused.status.as_u16(), &refused.json()["code"]), (507, &json!("no-space-left")));
    assert_eq!(hidden_in(&small.0), 0);

    // Nobody knew how much would come.
    let headers = [("Upload-Defer-Length", "1"), ("Upload-Metadata", &*metadata)];
    let id = id_of(&create(&client, &headers, b"", false).await);
    let full = append(&client, &id, 0, &bytes).await;
    assert_eq!((full.status.as_u16(), &full.json()["code"]), (507, &json!("no-space-left")));
    let from = standing(&client, &id).await;
    assert!((3 << 20..=4 << 20).contains(&from), "{from}");
    assert_eq!(files_in(&small.0), Vec::<String>::new());
    assert_eq!(append(&client, &id, from, &bytes[from..]).await.status, 507, "and again");
    small.resize("16m");
    let from = standing(&client, &id).await;
    assert_eq!(append_and_end(&client, &id, from, &bytes[from..]).await.status, 204);
    assert_eq!(offset(&client, &id).await, (bytes.len(), bytes.len()));
    assert!(fs::read(small.0.join("big.dat")).unwrap() == bytes);
}

#[tokio::test]
async fn one_made_of_parts_takes_little_more_room_than_the_whole() {
    let (site, client) = single_user().await;
    let Some(small) = Small::mount(&site, "size=16m") else { return };
    let bytes: Vec<u8> = (0..14_000_000_u32).map(|i| (i % 251) as u8).collect();
    let mut parts = String::from("final;");
    for part in bytes.chunks(3_500_000) {
        let (length, metadata) = (part.len().to_string(), in_small("part"));
        let headers = [("Upload-Length", &*length), ("Upload-Concat", "partial"), ("Upload-Metadata", &*metadata)];
        let id = id_of(&create(&client, &headers, b"", false).await);
        assert_eq!(append(&client, &id, 0, part).await.status, 204);
        parts += &format!("/api/v1/uploads/{id} ");
    }
    let metadata = in_small("whole.dat");
    let join = async || {
        create(&client, &[("Upload-Concat", parts.trim_end()), ("Upload-Metadata", &*metadata)], b"", false).await
    };
    let refused = join().await;
    assert_eq!((refused.status.as_u16(), &refused.json()["code"]), (507, &json!("no-space-left")), "one part more");
    small.resize("18m");
    let made = join().await;
    assert_eq!(made.status, 201, "{}", made.text());
    assert!(fs::read(small.0.join("whole.dat")).unwrap() == bytes);
    assert_eq!(hidden_in(&small.0), 0);
}

/// Quotas cannot be switched on everywhere, so the system call is made to answer as it would.
#[tokio::test]
async fn a_spent_quota_is_said_and_keeps_what_came() {
    let (mut site, client) = single_user().await;
    let (source, library) = (site.path("run/quota.c"), site.path("run/quota.so"));
    let spent = site.path("run/spent");
    fs::write(&source, QUOTA).unwrap();
    let built = Command::new("cc").args(["-shared", "-fPIC", "-O1", "-o"]).arg(&library).arg(&source).status();
    assert!(built.unwrap().success());
    site.kill_server();
    let environment = [("LD_PRELOAD", library.to_str().unwrap()), ("QD_TEST_QUOTA_SPENT", spent.to_str().unwrap())];
    site.start_server(&environment).await;
    let bytes: Vec<u8> = (0..3_000_000_u32).map(|i| (i % 251) as u8).collect();
    let id = announced(&client, "quota.dat", bytes.len()).await;
    assert_eq!(append(&client, &id, 0, &bytes[..1_000_000]).await.status, 204);
    fs::write(&spent, "").unwrap();
    let refused = append(&client, &id, 1_000_000, &bytes[1_000_000..]).await;
    assert_eq!((refused.status.as_u16(), &refused.json()["code"]), (507, &json!("quota-exceeded")));
    assert_eq!(offset(&client, &id).await, (1_000_000, bytes.len()));
    fs::remove_file(&spent).unwrap();
    assert_eq!(append(&client, &id, 1_000_000, &bytes[1_000_000..]).await.status, 204);
    assert!(fs::read(uploads(&site).join("quota.dat")).unwrap() == bytes);
}

const QUOTA: &str = r#"
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

ssize_t pwrite64(int fd, const void *bytes, size_t length, off64_t at) {
    ssize_t (*real)(int, const void *, size_t, off64_t) = dlsym(RTLD_NEXT, "pwrite64");
    const char *spent = getenv("QD_TEST_QUOTA_SPENT");
    char link[64], path[4096] = "";
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    if (readlink(link, path, sizeof path - 1) > 0 && strstr(path, ".quarterdeck-upload-") && spent && !access(spent, F_OK)) {
        errno = EDQUOT;
        return -1;
    }
    return real(fd, bytes, length, at);
}
"#;
