//! Directories and files over SFTP.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::time::Instant as StdInstant;

use quarterdeck_ssh::sftp::{Entry, Failure, Kind};

use super::*;

async fn list(sftp: &Sftp, path: &Path) -> Result<Vec<Entry>, Failure> {
    let directory = sftp.open_directory(path.as_os_str().as_bytes()).await?;
    let mut found = Vec::new();
    while let Some(entries) = sftp.next_entries(&directory).await? {
        found.extend(entries);
    }
    sftp.close_directory(directory).await;
    found.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(found)
}

async fn of_a_real_node() -> Option<(Site, Sshd, Session)> {
    if !sshd::is_there() {
        return None;
    }
    let site = Site::new();
    let node = site.node("");
    let session = session(&site, &node, LIMITS, in_a_minute()).await.unwrap();
    Some((site, node, session))
}

#[tokio::test]
async fn names_are_bytes_and_links_are_links() {
    let Some((_site, _node, session)) = of_a_real_node().await else { return };
    let root = tempfile::tempdir().unwrap();
    let names: [&[u8]; 4] = [b"caf\xe9.sif", b"new\nline.sif", b"quote'\".sif", "그림.sif".as_bytes()];
    for name in names {
        fs::write(root.path().join(OsStr::from_bytes(name)), "12345").unwrap();
    }
    fs::create_dir(path_of(&root, "under")).unwrap();
    symlink(root.path(), path_of(&root, "loop")).unwrap();
    let found = list(&session.sftp, root.path()).await.unwrap();
    let of_kind = |kind| found.iter().filter(|entry| entry.attributes.kind == Some(kind)).count();
    assert_eq!((of_kind(Kind::File), of_kind(Kind::Link), of_kind(Kind::Directory)), (4, 1, 3), "{found:?}");
    for name in names {
        let entry = found.iter().find(|entry| entry.name == name).unwrap();
        assert_eq!(entry.attributes.size, Some(5));
        let path = [root.path().as_os_str().as_bytes(), b"/", name].concat();
        let file = session.sftp.open(&path).await.unwrap();
        assert_eq!(session.sftp.read(&file, 1, &mut [0; 9]).await, Ok(4));
        session.sftp.close_file(&file).await;
    }
}

#[tokio::test]
async fn any_part_of_a_file_is_read_as_it_is() {
    let Some((_site, _node, session)) = of_a_real_node().await else { return };
    let root = tempfile::tempdir().unwrap();
    let bytes: Vec<u8> = (0..3_000_000_u32).map(|number| (number / 7) as u8).collect();
    fs::write(path_of(&root, "large"), &bytes).unwrap();
    let file = session.sftp.open(path_of(&root, "large").as_os_str().as_bytes()).await.unwrap();
    assert_eq!(file.attributes.size, Some(3_000_000));
    for (offset, length) in
        [(0, 1), (0, 48 << 10), (12_345, 700_000), (2_999_000, 5000), (3_000_000, 5), (90_000_000, 9)]
    {
        let mut read = vec![0; length];
        let filled = session.sftp.read(&file, offset as u64, &mut read).await.unwrap();
        let expected = bytes.get(offset..(offset + length).min(bytes.len())).unwrap_or_default();
        assert_eq!(&read[..filled], expected, "{length} at {offset}");
    }
}

#[tokio::test]
async fn what_is_not_there_or_forbidden_is_that_paths_trouble_alone() {
    let Some((_site, _node, session)) = of_a_real_node().await else { return };
    let root = tempfile::tempdir().unwrap();
    let missing = list(&session.sftp, &path_of(&root, "missing")).await.unwrap_err();
    assert_eq!(std::io::Error::from(missing).kind(), std::io::ErrorKind::NotFound);
    assert!(
        session
            .sftp
            .open(root.path().as_os_str().as_bytes())
            .await
            .is_ok_and(|file| file.attributes.kind == Some(Kind::Directory))
    );
    assert_eq!(session.sftp.lost(), None);
    assert!(list(&session.sftp, root.path()).await.is_ok());
}

#[tokio::test]
async fn a_directory_of_100_000_is_read() {
    let Some((_site, _node, session)) = of_a_real_node().await else { return };
    let root = tempfile::tempdir().unwrap();
    for number in 0..100_000 {
        fs::File::create(path_of(&root, &format!("{number:06}.sif"))).unwrap();
    }
    assert_eq!(list(&session.sftp, root.path()).await.unwrap().len(), 100_002);
}

#[tokio::test]
async fn a_node_that_is_killed_ends_what_waits() {
    let Some((_site, node, session)) = of_a_real_node().await else { return };
    // Each connection has a process of its own below the one that listens.
    let children = fs::read_to_string(format!("/proc/{0}/task/{0}/children", node.pid())).unwrap();
    for child in children.split_whitespace() {
        let child = rustix::process::Pid::from_raw(child.parse().unwrap()).unwrap();
        rustix::process::kill_process(child, rustix::process::Signal::KILL).unwrap();
    }
    let lost = list(&session.sftp, Path::new("/")).await.unwrap_err();
    assert_eq!(lost, Failure::Lost("it closed the connection".to_owned()));
    assert!(session.sftp.lost().is_some());
}

/// What becomes of reading a directory, then a file, of a node that makes this trouble; and that it takes no time.
async fn trouble(kind: &str) -> Option<Failure> {
    let site = Site::new();
    let node = troubled(&site, kind);
    let started = StdInstant::now();
    let met = meet(&site, &node).await;
    assert!(started.elapsed() < Duration::from_secs(20), "{kind} took {:?}", started.elapsed());
    met
}

async fn meet(site: &Site, node: &Sshd) -> Option<Failure> {
    let session = match session(site, node, SHORT, in_a_minute()).await {
        Ok(session) => session,
        Err(error) => return Some(Failure::Lost(error.to_string())),
    };
    if let Err(failure) = list(&session.sftp, Path::new("/directory")).await {
        assert!(session.sftp.lost().is_some());
        return Some(failure);
    }
    let file = match session.sftp.open(b"/directory/one.sif").await {
        Ok(file) => file,
        Err(failure) => return Some(failure),
    };
    let mut bytes = vec![0; 60_000];
    match session.sftp.read(&file, 0, &mut bytes).await {
        Ok(60_000) => {
            assert!(bytes.chunks(3).all(|piece| piece == b"SIF"));
            None
        }
        Ok(short) => Some(Failure::Refused { code: 1, message: short.to_string() }),
        Err(failure) => Some(failure),
    }
}

#[rstest::rstest]
#[case::silent("silent", "took longer than 3 s")]
#[case::hangs("hang", "did not answer within 0.8 s")]
#[case::prints_text("noise", "no SFTP")]
#[case::endless("endless", "no end")]
#[case::endless_names("endless-names", "no end")]
#[case::no_entries("nothing", "no entry")]
#[case::a_name_of_60_000_bytes("long-name", "no SFTP")]
#[case::answers_what_was_not_asked("unasked", "nobody asked")]
#[case::a_packet_of_2_gib("huge", "no SFTP")]
#[case::closes_midway("close", "closed the connection")]
#[case::more_than_asked("more", "another number of bytes")]
#[tokio::test]
async fn a_node_that_behaves_badly_is_given_up(#[case] kind: &str, #[case] why: &str) {
    if !sshd::is_there() {
        return;
    }
    let Some(Failure::Lost(said)) = trouble(kind).await else { panic!() };
    assert!(said.contains(why), "{said}");
}

#[tokio::test]
async fn a_node_that_answers_otherwise_than_openssh_is_read() {
    if !sshd::is_there() {
        return;
    }
    for kind in ["fine", "short", "modeless"] {
        assert_eq!(trouble(kind).await, None, "{kind}");
    }
    assert_eq!(trouble("shrink").await, Some(Failure::Refused { code: 1, message: "10000".to_owned() }));
    let refused = trouble("refuse").await.unwrap();
    let said = refused.to_string();
    assert!(said.len() < 1000 && !said.contains(['\x1b', '\n']), "{said}");
}

#[tokio::test]
async fn a_slow_node_has_a_time_limit_for_all_it_does() {
    if !sshd::is_there() {
        return;
    }
    let site = Site::new();
    let node = troubled(&site, "slow");
    let session = session(&site, &node, LIMITS, Instant::now() + Duration::from_secs(5)).await.unwrap();
    let failure = loop {
        if let Err(failure) = list(&session.sftp, Path::new("/directory")).await {
            break failure;
        }
    };
    assert_eq!(failure, Failure::Lost("all together took longer than its time limit".to_owned()));
}
