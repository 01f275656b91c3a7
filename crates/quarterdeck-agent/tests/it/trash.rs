//! The trash: what is deleted can be taken back, and is where a desktop's file manager looks for it.

use std::ffi::OsStr;
use std::fs::{self, Permissions};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{PermissionsExt, symlink};

use quarterdeck_types::agent::{Answer, ErrorCode, Request, TrashItem};
use quarterdeck_types::{Place, SpaceName};

use crate::support::{Client, Site, home, name, scratch};

fn put(client: &mut Client, at: Place) -> TrashItem {
    match client.ask(Request::MoveToTrash { at }) {
        Answer::Trash { mut items, more: false } if items.len() == 1 => items.remove(0),
        other => panic!("{other:?}"),
    }
}

fn list(client: &mut Client, space: &str) -> Vec<TrashItem> {
    match client.ask(Request::ListTrash { space: SpaceName::parse(space).unwrap(), after: None, limit: 100 }) {
        Answer::Trash { items, more: false } => items,
        other => panic!("{other:?}"),
    }
}

fn restore(space: &str, item: &str) -> Request {
    Request::Restore { space: SpaceName::parse(space).unwrap(), item: name(item) }
}

fn uid() -> u32 {
    rustix::process::getuid().as_raw()
}

#[test]
fn what_is_deleted_is_restored_with_all_that_is_in_it() {
    let site = Site::with_agent();
    let mut client = site.client();
    assert_eq!(list(&mut client, "home"), []);
    fs::create_dir_all(site.home("작업/run 1%/deep")).unwrap();
    fs::write(site.home("작업/run 1%/deep/out"), "result").unwrap();
    let put = put(&mut client, home("작업/run 1%25"));
    assert_eq!(put.was_at, Some(format!("{}/작업/run 1%25", site.path("home").display())));
    assert!(!site.home("작업/run 1%").exists());
    assert_eq!(list(&mut client, "home"), [put.clone()]);
    let note = fs::read_to_string(site.home(".local/share/Trash/info/run 1%.trashinfo")).unwrap();
    let path = format!("Path={}/%EC%9E%91%EC%97%85/run%201%25\n", site.path("home").display());
    assert!(note.starts_with("[Trash Info]\n") && note.contains(&path), "{note}");

    // The directory above is gone meanwhile.
    fs::remove_dir(site.home("작업")).unwrap();
    let entry = client.entry(restore("home", &put.entry.path_name));
    assert_eq!(entry.absolute, put.was_at);
    assert_eq!(fs::read_to_string(site.home("작업/run 1%/deep/out")).unwrap(), "result");
    assert_eq!(list(&mut client, "home"), []);
    assert_eq!(fs::read_dir(site.home(".local/share/Trash/info")).unwrap().count(), 0);
    assert_eq!(client.error(restore("home", "run 1%25")), ErrorCode::NotFound);
}

#[test]
fn items_of_one_name_lie_beside_each_other() {
    let site = Site::with_agent();
    let mut client = site.client();
    for content in ["first", "second"] {
        fs::write(site.home("log.txt"), content).unwrap();
        put(&mut client, home("log.txt"));
    }
    let names: Vec<_> = list(&mut client, "home").into_iter().map(|item| item.entry.name).collect();
    assert_eq!(names, ["log-1.txt", "log.txt"]);
    client.entry(restore("home", "log-1.txt"));
    assert_eq!(fs::read_to_string(site.home("log.txt")).unwrap(), "second");
    // Nothing is written over, and the item stays.
    assert_eq!(client.error(restore("home", "log.txt")), ErrorCode::AlreadyExists);
    assert_eq!(list(&mut client, "home").len(), 1);
}

#[test]
fn every_space_has_a_trash_of_its_own_closed_to_others() {
    let site = Site::with_agent();
    let mut client = site.client();
    fs::set_permissions(site.path("scratch"), Permissions::from_mode(0o777)).unwrap();
    fs::write(site.path("scratch/x"), "x").unwrap();
    put(&mut client, scratch("x"));
    let trash = site.path(&format!("scratch/.Trash-{}", uid()));
    assert_eq!(fs::metadata(&trash).unwrap().permissions().mode() & 0o777, 0o700);
    assert!(fs::read_to_string(trash.join("info/x.trashinfo")).unwrap().contains("\nPath=x\n"));
    client.entry(restore("scratch", "x"));
    assert!(site.path("scratch/x").exists());

    // Somebody else may have made it, or made it a link to where he reads.
    fs::set_permissions(&trash, Permissions::from_mode(0o777)).unwrap();
    assert_eq!(client.error(Request::MoveToTrash { at: scratch("x") }), ErrorCode::NoTrash);
    fs::remove_dir_all(&trash).unwrap();
    symlink(site.path("outside"), &trash).unwrap();
    client.error(Request::MoveToTrash { at: scratch("x") });
    assert!(site.path("scratch/x").exists());
    assert_eq!(fs::read_dir(site.path("outside")).unwrap().count(), 0);
}

#[test]
fn links_are_deleted_themselves_and_odd_names_come_back() {
    let site = Site::with_agent();
    let mut client = site.client();
    fs::create_dir(site.home("kept")).unwrap();
    symlink("kept", site.home("link")).unwrap();
    put(&mut client, home("link"));
    assert!(site.home("kept").exists() && site.home("link").symlink_metadata().is_err());

    let long = "긴".repeat(85);
    let odd = OsStr::from_bytes(b"r\xe9sum\xe9 #1\n[Trash Info]");
    for (bytes, path) in [(OsStr::new(&long), long.as_str()), (odd, "r%E9sum%E9 #1\n[Trash Info]")] {
        fs::write(site.home("").join(bytes), "x").unwrap();
        let item = put(&mut client, home(path));
        client.entry(restore("home", &item.entry.path_name));
        assert!(site.home("").join(bytes).exists(), "{path}");
    }
}

#[test]
fn the_trash_itself_and_other_file_systems_have_no_trash() {
    let mut site = Site::new();
    let other = tempfile::tempdir_in("/dev/shm").unwrap();
    let text = fs::read_to_string(site.path("agent.toml")).unwrap();
    let spaces = format!("[spaces]\nfast = '{}'\n", other.path().display());
    fs::write(site.path("agent.toml"), text.replace("[spaces]\n", &spaces)).unwrap();
    site.start(&[]);
    let mut client = site.client();
    fs::write(site.home("x"), "x").unwrap();
    put(&mut client, home("x"));
    for path in [".local", ".local/share/Trash", ".local/share/Trash/files/x"] {
        assert_eq!(client.error(Request::MoveToTrash { at: home(path) }), ErrorCode::NoTrash, "{path}");
    }
    assert_eq!(list(&mut client, "home").len(), 1);

    fs::write(other.path().join("y"), "y").unwrap();
    symlink(other.path(), site.home("fast")).unwrap();
    assert_eq!(client.error(Request::MoveToTrash { at: home("fast/y") }), ErrorCode::NoTrash);
    assert!(other.path().join("y").exists());
    assert_eq!(fs::read_dir(site.home(".local/share/Trash/info")).unwrap().count(), 1);
}

#[test]
fn permissions_are_set_on_files_and_directories_and_through_no_link() {
    let site = Site::with_agent();
    let mut client = site.client();
    fs::write(site.home("run.sh"), "").unwrap();
    fs::create_dir(site.home("shared")).unwrap();
    symlink("run.sh", site.home("link")).unwrap();
    for (path, mode) in [("run.sh", 0o750), ("run.sh", 0o000), ("shared", 0o2770)] {
        assert_eq!(client.entry(Request::SetMode { at: home(path), mode }).mode, mode);
        assert_eq!(fs::metadata(site.home(path)).unwrap().permissions().mode() & 0o7777, mode);
    }
    assert_eq!(client.error(Request::SetMode { at: home("link"), mode: 0o777 }), ErrorCode::NotRegular);
    assert_eq!(client.error(Request::SetMode { at: home("none"), mode: 0o777 }), ErrorCode::NotFound);
}
