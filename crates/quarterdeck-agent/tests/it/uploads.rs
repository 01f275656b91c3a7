//! Uploads: whole, synced and in place, or not there.

use std::fs::{self, File};
use std::os::unix::fs::{FileExt, MetadataExt, symlink};

use quarterdeck_types::agent::{Answer, ErrorCode, Request};
use uuid::Uuid;

use crate::support::{Client, Site, home, name, wait_for};

fn open(client: &mut Client, upload: Uuid, directory: &str) -> File {
    match client.ask_for_descriptor(Request::OpenUpload { upload, directory: home(directory), create: true }) {
        (Answer::Opened { .. }, Some(descriptor)) => File::from(descriptor),
        other => panic!("{other:?}"),
    }
}

fn finish(upload: Uuid, directory: &str, file: &str, size: u64) -> Request {
    Request::FinishUpload { upload, directory: home(directory), name: name(file), size }
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
    open(&mut site.client(), upload, "in").write_all_at(b"new", 0).unwrap();
    site.client().send(&finish(upload, "in", "a.txt", 3));
    wait_for("the upload", || site.home("in/a-1.txt").exists());
    site.kill();
    site.start(&[]);
    assert_eq!(placed(site.client().ask(finish(upload, "in", "a.txt", 3))), "in/a-1.txt");
    assert_eq!(site.client().error(finish(Uuid::now_v7(), "in", "a.txt", 3)), ErrorCode::NotFound);
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
    client.error(Request::OpenUpload { upload, directory: home(""), create: true });
    client.error(finish(upload, "", "stolen", 8));
    assert_eq!(fs::read_to_string(site.home("precious")).unwrap(), "precious");
    assert!(!site.home("stolen").exists());
}

#[test]
fn going_on_with_one_that_is_gone_does_not_make_it_anew() {
    let site = Site::with_agent();
    let mut client = site.client();
    let upload = Uuid::now_v7();
    let go_on = || Request::OpenUpload { upload, directory: home(""), create: false };
    assert_eq!(client.error(go_on()), ErrorCode::NotFound);
    open(&mut client, upload, "");
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
