//! Uploads: whole, synced and in place, or not there.

use std::fs::{self, File};
use std::os::unix::fs::{FileExt, MetadataExt, symlink};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use quarterdeck_types::agent::{Answer, ErrorCode, Request};
use rustix::fs::{CWD, FileType, RenameFlags, mknodat, renameat_with};
use uuid::Uuid;

use crate::support::{Client, Site, home, name, wait_for};

const ROUNDS: u32 = 500;

/// Makes it, if it is not there yet.
fn open(client: &mut Client, upload: Uuid, directory: &str) -> File {
    match client.ask_for_descriptor(Request::CreateUpload { upload, directory: home(directory), size: 0 }) {
        (Answer::Opened { .. }, Some(descriptor)) => File::from(descriptor),
        other => panic!("{other:?}"),
    }
}

fn create(client: &mut Client, upload: Uuid, directory: &str) {
    drop(open(client, upload, directory));
}

fn finish(upload: Uuid, directory: &str, file: &str, size: u64) -> Request {
    Request::FinishUpload { upload, directory: home(directory), name: name(file), size, inode: None }
}

fn placed(answer: Answer) -> String {
    match answer {
        Answer::Placed { path, entry, absolute } => {
            assert!(absolute.ends_with(&format!("/home/{path}")), "{absolute}");
            assert!(path.to_string().ends_with(&entry.path_name));
            path.to_string()
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn appears_under_its_name_when_it_is_whole() {
    let site = Site::with_agent();
    let mut client = site.client();
    let upload = Uuid::now_v7();
    open(&mut client, upload, "quarterdeck/uploads").write_all_at(b"hel", 0).unwrap();
    assert_eq!(client.error(finish(upload, "quarterdeck/uploads", "a.txt", 5)), ErrorCode::SizeMismatch);
    assert!(!site.home("quarterdeck/uploads/a.txt").exists());
    // Opened again, it goes on where it stood.
    let file = open(&mut client, upload, "quarterdeck/uploads");
    file.write_all_at(b"lo", 3).unwrap();
    assert_eq!(placed(client.ask(finish(upload, "quarterdeck/uploads", "a.txt", 5))), "quarterdeck/uploads/a.txt");
    assert_eq!(fs::read_to_string(site.home("quarterdeck/uploads/a.txt")).unwrap(), "hello");
    assert_eq!(fs::read_dir(site.home("quarterdeck/uploads")).unwrap().count(), 1);
}

#[test]
fn finished_again_after_a_lost_answer_it_is_where_it_was_put() {
    let mut site = Site::with_agent();
    fs::create_dir(site.home("in")).unwrap();
    fs::write(site.home("in/a.txt"), "mine").unwrap();
    let upload = Uuid::now_v7();
    let file = open(&mut site.client(), upload, "in");
    file.write_all_at(b"new", 0).unwrap();
    let inode = Some(file.metadata().unwrap().ino());
    let finish =
        |size, inode| Request::FinishUpload { upload, directory: home("in"), name: name("a.txt"), size, inode };
    site.client().send(&finish(3, inode));
    wait_for("the upload", || site.home("in/a-1.txt").exists());
    site.kill();
    site.start(&[]);
    assert_eq!(placed(site.client().ask(finish(3, inode))), "in/a-1.txt");
    for other in [finish(4, inode), finish(3, None), finish(3, Some(1))] {
        assert_eq!(site.client().error(other), ErrorCode::NotFound);
    }
}

#[test]
fn never_replaces_what_is_there() {
    let site = Site::with_agent();
    let mut client = site.client();
    fs::create_dir(site.home("in")).unwrap();
    fs::write(site.home("in/mesh.tar.gz"), "mine").unwrap();
    symlink(site.path("outside/x"), site.home("in/mesh-1.tar.gz")).unwrap();
    fs::create_dir(site.home("in/mesh-2.tar.gz")).unwrap();
    let upload = Uuid::now_v7();
    open(&mut client, upload, "in").write_all_at(b"new", 0).unwrap();
    assert_eq!(placed(client.ask(finish(upload, "in", "mesh.tar.gz", 3))), "in/mesh-3.tar.gz");
    assert_eq!(fs::read_to_string(site.home("in/mesh.tar.gz")).unwrap(), "mine");
    assert!(!site.path("outside/x").exists());
}

#[test]
fn is_never_collected_through_a_link() {
    let site = Site::with_agent();
    let mut client = site.client();
    let upload = Uuid::now_v7();
    fs::write(site.home("precious"), "precious").unwrap();
    symlink("precious", site.home(&format!(".quarterdeck-upload-{upload}"))).unwrap();
    client.error(Request::CreateUpload { upload, directory: home(""), size: 0 });
    client.error(Request::OpenUpload { upload, directory: home(""), keep: 0 });
    client.error(finish(upload, "", "stolen", 8));
    assert_eq!(fs::read_to_string(site.home("precious")).unwrap(), "precious");
    assert!(!site.home("stolen").exists());
}

#[test]
fn going_on_with_one_that_is_gone_does_not_make_it_anew() {
    let site = Site::with_agent();
    let mut client = site.client();
    let upload = Uuid::now_v7();
    let go_on = || Request::OpenUpload { upload, directory: home(""), keep: 0 };
    assert_eq!(client.error(go_on()), ErrorCode::NotFound);
    create(&mut client, upload, "");
    assert!(matches!(client.ask_for_descriptor(go_on()), (Answer::Opened { .. }, Some(_))));
}

#[test]
fn a_discarded_one_leaves_nothing() {
    let site = Site::with_agent();
    let mut client = site.client();
    let upload = Uuid::now_v7();
    open(&mut client, upload, "in");
    let discard = || Request::DiscardUpload { upload, directory: home("in") };
    assert_eq!(client.ask(discard()), Answer::Done);
    assert_eq!(client.ask(discard()), Answer::Done);
    assert_eq!(fs::read_dir(site.home("in")).unwrap().count(), 0);
}

#[test]
fn belongs_to_the_user_with_the_usual_mode() {
    let site = Site::with_agent();
    let mut client = site.client();
    let about = open(&mut client, Uuid::now_v7(), "in").metadata().unwrap();
    let usual = File::create(site.home("usual")).unwrap().metadata().unwrap();
    assert_eq!((about.uid(), about.mode()), (usual.uid(), usual.mode()));
}

#[test]
fn is_locked_for_one_writer_and_cut_to_what_was_promised() {
    let site = Site::with_agent();
    let mut client = site.client();
    let upload = Uuid::now_v7();
    let file = open(&mut client, upload, "in");
    file.write_all_at(b"0123456789", 0).unwrap();
    let again = |keep| Request::OpenUpload { upload, directory: home("in"), keep };
    assert_eq!(client.error(again(5)), ErrorCode::Locked);
    assert_eq!(file.metadata().unwrap().len(), 10, "another's file is not cut");
    drop(file);
    let (Answer::Opened { entry }, Some(_)) = client.ask_for_descriptor(again(5)) else { panic!("not opened") };
    assert_eq!(entry.size, 5);
}

#[test]
fn parts_become_one() {
    let site = Site::with_agent();
    let mut client = site.client();
    let (whole, first, second) = (Uuid::now_v7(), Uuid::now_v7(), Uuid::now_v7());
    let bytes: Vec<u8> = (0..3_000_000_u32).map(|i| (i % 251) as u8).collect();
    open(&mut client, first, "parts").write_all_at(&bytes[..1_000_001], 0).unwrap();
    open(&mut client, second, "other").write_all_at(&bytes[1_000_001..], 0).unwrap();
    create(&mut client, whole, "in");
    let mut copy = |at, part, part_directory, from, length| {
        let part_directory = home(part_directory);
        let request =
            Request::CopyUpload { upload: whole, directory: home("in"), at, part, part_directory, from, length };
        client.ask(request)
    };
    // In any order, and once more.
    for _ in 0..2 {
        assert_eq!(copy(1_000_001, second, "other", 0, 1_999_999), Answer::Done);
        assert_eq!(copy(0, first, "parts", 0, 500), Answer::Done);
        assert_eq!(copy(500, first, "parts", 500, 999_501), Answer::Done);
    }
    assert!(
        matches!(copy(0, first, "parts", 0, 1_000_002), Answer::Error(error) if error.code == ErrorCode::SizeMismatch)
    );
    let copied = client.ask(finish(whole, "in", "whole", 3_000_000));
    assert!(fs::read(site.home(&placed(copied))).unwrap() == bytes);
}

#[test]
fn what_has_no_room_is_not_begun() {
    let site = Site::with_agent();
    let mut client = site.client();
    let more_than_there_is =
        Request::CreateUpload { upload: Uuid::now_v7(), directory: home("in"), size: i64::MAX as u64 };
    assert_eq!(client.error(more_than_there_is), ErrorCode::NoSpaceLeft);
    assert_eq!(fs::read_dir(site.home("in")).unwrap().count(), 0);
}

/// Somebody moves directories and links about while uploads are made in them: nothing lands outside.
#[test]
fn links_swapped_on_the_way_lead_nowhere() {
    let site = Site::with_agent();
    fs::create_dir_all(site.path("outside/in")).unwrap();
    fs::create_dir_all(site.home("way/in")).unwrap();
    symlink(site.path("outside"), site.home("link")).unwrap();
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !stop.load(Relaxed) {
                let (one, other) = (site.home("way"), site.home("link"));
                renameat_with(CWD, one, CWD, other, RenameFlags::EXCHANGE).unwrap();
            }
        });
        let mut client = site.client();
        let mut finished = 0;
        for _ in 0..ROUNDS {
            let upload = Uuid::now_v7();
            let directory = || home("way/in");
            let create = Request::CreateUpload { upload, directory: directory(), size: 3 };
            if !matches!(client.ask_for_descriptor(create), (Answer::Opened { .. }, Some(_))) {
                continue;
            }
            let open = Request::OpenUpload { upload, directory: directory(), keep: 0 };
            if let (Answer::Opened { .. }, Some(descriptor)) = client.ask_for_descriptor(open) {
                File::from(descriptor).write_all_at(b"new", 0).unwrap();
                finished += u32::from(matches!(client.ask(finish(upload, "way/in", "file", 3)), Answer::Placed { .. }));
            }
        }
        stop.store(true, Relaxed);
        assert!(finished > 0, "some were made");
    });
    assert_eq!(fs::read_dir(site.path("outside/in")).unwrap().count(), 0);
    assert_eq!(fs::read_dir(site.path("outside")).unwrap().count(), 1);
}

#[test]
fn places_that_are_none_are_refused() {
    let site = Site::with_agent();
    let mut client = site.client();
    symlink("/proc/self/cwd", site.home("magic")).unwrap();
    symlink("/dev", site.home("dev")).unwrap();
    mknodat(CWD, site.home("fifo"), FileType::Fifo, 0o600.into(), 0).unwrap();
    for directory in ["magic", "dev", "fifo", "dev/shm"] {
        let create = Request::CreateUpload { upload: Uuid::now_v7(), directory: home(directory), size: 0 };
        assert!(matches!(client.ask(create), Answer::Error(_)), "{directory}");
    }
    // The hidden name itself is a FIFO or a device.
    let upload = Uuid::now_v7();
    let hidden = site.home(&format!(".quarterdeck-upload-{upload}"));
    mknodat(CWD, &hidden, FileType::Fifo, 0o600.into(), 0).unwrap();
    assert_eq!(client.error(Request::OpenUpload { upload, directory: home(""), keep: 0 }), ErrorCode::NotRegular);
    assert_eq!(client.error(finish(upload, "", "fifo-2", 0)), ErrorCode::NotRegular);
}
