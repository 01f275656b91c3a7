//! Digests that real nodes compute, of files with names of every sort.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;

use quarterdeck_ssh::{Connection, DigestError, digest_command};

use super::*;

/// Of "12345", as `sha256sum` says.
const OF_12345: &str = "5994471abb01112afcc18159f6cc74b4f511b99806da59b3caf5a9c173cacfc5";

async fn connected(site: &Site, node: &Sshd) -> Connection {
    connect(&access(site, &node.known_hosts_line()), &host(node)).await.unwrap()
}

#[tokio::test]
async fn no_name_is_taken_for_anything_but_a_name() {
    if !sshd::is_there() {
        return;
    }
    let (site, root) = (Site::new(), tempfile::tempdir().unwrap());
    let node = site.node("");
    let connection = connected(&site, &node).await;
    let names: [&[u8]; 14] = [
        b"plain.sif",
        b"two words",
        b"it's '\\'' one",
        b"say \"hello\"",
        b"$(touch ran)",
        b"`touch ran`",
        b"a; touch ran #",
        b"a\ntouch ran\n",
        b"'; touch ran; '",
        b"\\'; touch ran; '\\",
        b"-c",
        b"--help",
        b"caf\xe9\xff\x01\x1b[0m",
        "그림 $HOME * ? ~ ! {a,b}".as_bytes(),
    ];
    for name in names {
        let path = root.path().join(OsStr::from_bytes(name));
        fs::write(&path, "12345").unwrap();
        let digest = connection.sha256(path.as_os_str().as_bytes(), Duration::from_secs(20)).await;
        assert_eq!(digest.as_deref(), Ok(OF_12345), "{path:?}");
    }
    assert_eq!(fs::read_dir(root.path()).unwrap().count(), names.len(), "something else came to be");
}

#[tokio::test]
async fn what_cannot_be_read_is_said_without_control_characters() {
    if !sshd::is_there() {
        return;
    }
    let (site, root) = (Site::new(), tempfile::tempdir().unwrap());
    let node = site.node("");
    let connection = connected(&site, &node).await;
    let of = async |name: &[u8]| {
        let path = root.path().join(OsStr::from_bytes(name));
        connection.sha256(path.as_os_str().as_bytes(), Duration::from_secs(20)).await
    };
    let Err(DigestError::Failed(why)) = of(b"none\x1b[31m").await else { panic!("there is no such file") };
    assert!(why.contains("No such file") && !why.contains('\u{1b}'), "{why}");
    assert!(matches!(of(b"").await, Err(DigestError::Failed(_))), "a directory has none");
    assert!(matches!(connection.sha256(b"/a\0b", LIMITS.request).await, Err(DigestError::Failed(_))));
}

/// A pipe that nobody writes into.
#[tokio::test]
async fn a_file_without_an_end_ends_in_time_on_both_sides() {
    if !sshd::is_there() {
        return;
    }
    let (site, root) = (Site::new(), tempfile::tempdir().unwrap());
    let node = site.node("");
    let connection = connected(&site, &node).await;
    let pipe = path_of(&root, "pipe");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let limit = Duration::from_secs(2);
    let began = Instant::now();
    let digest = connection.sha256(pipe.as_os_str().as_bytes(), limit).await;
    assert_eq!(digest, Err(DigestError::TimedOut(limit)));
    assert!(began.elapsed() < Duration::from_secs(10));
    // Its program does not stay behind.
    let name = pipe.to_str().unwrap().to_owned();
    while is_running(&name) {
        assert!(began.elapsed() < Duration::from_secs(20), "sha256sum is still there");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

fn is_running(argument: &str) -> bool {
    let processes =
        fs::read_dir("/proc").unwrap().filter_map(|entry| fs::read(entry.ok()?.path().join("cmdline")).ok());
    let mut processes = processes.map(|line| String::from_utf8_lossy(&line).into_owned());
    processes.any(|line| line.contains("sha256sum") && line.contains(argument))
}

/// As docs/admin/images.md says: an account that may look at files and compute digests, and nothing else.
#[tokio::test]
async fn an_account_may_be_held_to_sftp_with_and_without_digests() {
    if !sshd::is_there() {
        return;
    }
    let (site, root) = (Site::new(), tempfile::tempdir().unwrap());
    let file = path_of(&root, "a.sif");
    fs::write(&file, "12345").unwrap();
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/admin/images.md");
    let docs = fs::read_to_string(docs).unwrap();
    let (_, script) = docs.split_once("```sh\n").unwrap();
    let script = site.write("scan", script.split_once("```").unwrap().0);
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
    let path = file.as_os_str().as_bytes();

    let held = site.node(&format!("ForceCommand {}", script.display()));
    let connection = connected(&site, &held).await;
    assert_eq!(connection.sha256(path, LIMITS.request).await.as_deref(), Ok(OF_12345));
    let sftp = connection.sftp(in_a_minute()).await.unwrap();
    assert_eq!(sftp.attributes(path).await.unwrap().size, Some(5));
    reach(&access(&site, &held.known_hosts_line()), &held).await.unwrap();

    let sftp_alone = site.node("ForceCommand internal-sftp -R");
    let digest = connected(&site, &sftp_alone).await.sha256(path, Duration::from_secs(5)).await;
    assert!(matches!(digest, Err(DigestError::NoDigest | DigestError::Failed(_) | DigestError::Closed)), "{digest:?}");
}

/// Shells that are not POSIX's read it too: no backslash, no exclamation mark, and quotes that are closed.
#[test]
fn the_command_is_the_same_for_every_shell() {
    let command = digest_command(Duration::from_secs(60));
    assert!(!command.contains(['\\', '!', '\n']), "{command}");
    assert_eq!(command.matches('\'').count(), 2, "{command}");
    assert!(command.starts_with("exec /bin/sh -c '") && command.ends_with('\''), "{command}");
}
