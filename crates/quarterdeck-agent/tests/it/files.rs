//! Files: what is opened is beneath a space, regular, and what the user asked for.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::Read;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, symlink};
use std::sync::atomic::{AtomicBool, Ordering};

use quarterdeck_types::Place;
use quarterdeck_types::agent::{Answer, EntryKind, ErrorCode, Request};
use rustix::fs::{CWD, FileType, Mode, RenameFlags, mknodat, renameat_with};

use crate::support::{Client, Site, absolute, home, name, scratch};

fn open(client: &mut Client, at: Place) -> Result<String, ErrorCode> {
    match client.ask_for_descriptor(Request::OpenRead { at }) {
        (Answer::Opened { .. }, Some(descriptor)) => Ok(text(descriptor)),
        (Answer::Error(error), None) => Err(error.code),
        other => panic!("{other:?}"),
    }
}

fn text(descriptor: OwnedFd) -> String {
    let mut text = String::new();
    File::from(descriptor).read_to_string(&mut text).unwrap();
    text
}

#[test]
fn opens_by_space_and_by_absolute_path() {
    let site = Site::with_agent();
    let mut client = site.client();
    fs::create_dir(site.home("작업")).unwrap();
    fs::write(site.home("작업/a b%.txt"), "hello").unwrap();
    assert_eq!(open(&mut client, home("작업/a b%25.txt")).unwrap(), "hello");
    let by_path = Place::Absolute { absolute: format!("{}/작업/a b%25.txt", site.path("home").display()) };
    assert_eq!(open(&mut client, by_path).unwrap(), "hello");
    assert_eq!(open(&mut client, absolute(&site.path("outside/x"))), Err(ErrorCode::LeavesSpace));
    assert_eq!(open(&mut client, home("작업")), Err(ErrorCode::IsADirectory));
    assert_eq!(open(&mut client, home("none")), Err(ErrorCode::NotFound));
    let nowhere = Place::In { space: "nowhere".parse_space(), path: Default::default() };
    assert_eq!(open(&mut client, nowhere), Err(ErrorCode::NoSuchSpace));
}

trait ParseSpace {
    fn parse_space(&self) -> quarterdeck_types::SpaceName;
}

impl ParseSpace for str {
    fn parse_space(&self) -> quarterdeck_types::SpaceName {
        quarterdeck_types::SpaceName::parse(self).unwrap()
    }
}

#[test]
fn links_lead_from_space_to_space_and_nowhere_else() {
    let site = Site::with_agent();
    let mut client = site.client();
    fs::create_dir_all(site.path("scratch/run/deep")).unwrap();
    fs::write(site.path("scratch/run/out.txt"), "result").unwrap();
    fs::write(site.path("outside/secret"), "secret").unwrap();
    // As nearly every home has it, once absolute and once relative; and links to a file, chained and upwards.
    symlink(site.path("scratch"), site.home("scratch")).unwrap();
    symlink("../scratch/run", site.home("run")).unwrap();
    symlink("run/deep/../out.txt", site.home("latest")).unwrap();
    symlink(site.path("home/latest"), site.path("scratch/back")).unwrap();
    for path in ["scratch/run/out.txt", "run/out.txt", "latest", "scratch/back"] {
        assert_eq!(open(&mut client, home(path)).as_deref(), Ok("result"), "{path}");
    }
    symlink(site.path("outside"), site.home("out")).unwrap();
    symlink("../outside/secret", site.path("scratch/secret")).unwrap();
    symlink("../../../../../../../../etc/passwd", site.home("passwd")).unwrap();
    symlink("/proc/self/root", site.home("magic")).unwrap();
    for place in [home("out/secret"), home("passwd"), home("magic/etc/passwd"), scratch("secret")] {
        assert_eq!(open(&mut client, place.clone()), Err(ErrorCode::LeavesSpace), "{place}");
    }
    let Answer::Error(error) = client.ask(Request::OpenRead { at: home("out/secret") }) else { panic!() };
    assert!(error.message.contains("the link home:out leads to"), "{}", error.message);

    symlink("round", site.home("round")).unwrap();
    symlink(site.home("wide"), site.home("wide")).unwrap();
    assert_eq!(open(&mut client, home("round")), Err(ErrorCode::NotFound));
    assert_eq!(open(&mut client, home("wide")), Err(ErrorCode::NotFound));
}

#[test]
fn a_link_swapped_under_the_agents_feet_never_leads_outside() {
    let site = Site::with_agent();
    let mut client = site.client();
    fs::create_dir(site.home("real")).unwrap();
    fs::write(site.home("real/file"), "inside").unwrap();
    fs::write(site.path("outside/file"), "secret").unwrap();
    symlink(site.path("outside"), site.home("link")).unwrap();
    let stop = AtomicBool::new(false);
    let (mut inside, mut refused) = (0, 0);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !stop.load(Ordering::Relaxed) {
                renameat_with(CWD, site.home("real"), CWD, site.home("link"), RenameFlags::EXCHANGE).unwrap();
            }
        });
        for _ in 0..10_000 {
            match open(&mut client, home("real/file")) {
                Ok(text) => {
                    assert_eq!(text, "inside");
                    inside += 1;
                }
                Err(code) => {
                    assert!(
                        matches!(
                            code,
                            ErrorCode::LeavesSpace | ErrorCode::Busy | ErrorCode::Io | ErrorCode::NotADirectory
                        ),
                        "{code:?}"
                    );
                    refused += 1;
                }
            }
        }
        stop.store(true, Ordering::Relaxed);
    });
    assert!(inside > 0 && refused > 0, "no race took place: {inside} inside, {refused} refused");
}

#[test]
fn only_regular_files_are_handed_over() {
    let site = Site::with_agent();
    let mut client = site.client();
    mknodat(CWD, site.home("fifo"), FileType::Fifo, Mode::from_raw_mode(0o600), 0).unwrap();
    let _socket = std::os::unix::net::UnixListener::bind(site.home("socket")).unwrap();
    for path in ["fifo", "socket"] {
        assert_eq!(open(&mut client, home(path)), Err(ErrorCode::NotRegular), "{path}");
        assert_eq!(client.entry(Request::Stat { at: home(path) }).kind, EntryKind::Other);
    }
    let device = mknodat(CWD, site.home("null"), FileType::CharacterDevice, Mode::from_raw_mode(0o600), 0x103);
    match device {
        Ok(()) => assert_eq!(open(&mut client, home("null")), Err(ErrorCode::NotRegular)),
        Err(_) => eprintln!("left out: devices, which only root may make"),
    }
}

#[test]
fn files_of_proc_are_not_handed_over() {
    let mut site = Site::new();
    let config = fs::read_to_string(site.path("agent.toml")).unwrap();
    fs::write(site.path("agent.toml"), config.replace("[spaces]", "[spaces]\nkernel = '/proc'")).unwrap();
    site.start(&[]);
    let place =
        Place::In { space: "kernel".parse_space(), path: quarterdeck_types::RelativePath::parse("stat").unwrap() };
    assert_eq!(open(&mut site.client(), place), Err(ErrorCode::NotRegular));
}

#[test]
fn lists_pages_in_the_order_of_bytes_with_every_name_there_can_be() {
    let site = Site::with_agent();
    let mut client = site.client();
    let names: [&[u8]; 7] = [b"B", b"a", b"a\nb", b"b%", b"\xff\xfe", "가".as_bytes(), b"..."];
    for name in names {
        fs::write(site.home("").join(OsStr::from_bytes(name)), name).unwrap();
    }
    let mut seen = Vec::new();
    let mut after = None;
    loop {
        let Answer::Entries { items, more } = client.ask(Request::List { at: home(""), after, limit: 3 }) else {
            panic!()
        };
        seen.extend(items.iter().map(|entry| entry.path_name.clone()));
        after = items.last().map(|entry| name(&entry.path_name));
        if !more {
            break;
        }
        assert_eq!(items.len(), 3);
    }
    assert_eq!(seen, ["...", "B", "a", "a\nb", "b%25", "가", "%FF%FE"]);
    assert_eq!(open(&mut client, home("a\nb")).unwrap(), "a\nb");
    let Answer::Opened { entry } = client.ask(Request::OpenRead { at: home("%FF%FE") }) else { panic!() };
    assert_eq!((entry.name.as_str(), entry.path_name.as_str(), entry.size), ("\u{fffd}\u{fffd}", "%FF%FE", 2));
    assert_eq!(client.error(Request::List { at: home("B"), after: None, limit: 3 }), ErrorCode::NotADirectory);
}

#[test]
fn makes_renames_links_and_removes() {
    let site = Site::with_agent();
    let mut client = site.client();
    assert_eq!(client.error(Request::Mkdir { at: home("a/b"), parents: false }), ErrorCode::NotFound);
    let made = client.entry(Request::Mkdir { at: home("a/b"), parents: true });
    assert_eq!((made.kind, made.absolute.as_deref()), (EntryKind::Directory, site.home("a/b").to_str()));
    client.entry(Request::Mkdir { at: home("a/b"), parents: true });
    assert_eq!(client.error(Request::Mkdir { at: home("a/b"), parents: false }), ErrorCode::AlreadyExists);

    fs::write(site.home("one"), "1").unwrap();
    fs::write(site.home("two"), "2").unwrap();
    let rename = |replace| Request::Rename { from: home("one"), to: home("two"), replace };
    assert_eq!(client.error(rename(false)), ErrorCode::AlreadyExists);
    assert_eq!(client.ask(rename(true)), Answer::Done);
    assert_eq!(fs::read_to_string(site.home("two")).unwrap(), "1");

    client.entry(Request::Link { from: home("two"), to: scratch("linked") });
    assert_eq!(fs::metadata(site.path("scratch/linked")).unwrap().ino(), fs::metadata(site.home("two")).unwrap().ino());
    // Done twice is done; something else is never replaced.
    client.entry(Request::Link { from: home("two"), to: scratch("linked") });
    fs::write(site.path("scratch/taken"), "x").unwrap();
    let taken = Request::Link { from: home("two"), to: scratch("taken") };
    assert_eq!(client.error(taken), ErrorCode::AlreadyExists);

    assert_eq!(client.error(Request::Remove { at: home("a") }), ErrorCode::DirectoryNotEmpty);
    for path in ["a/b", "a", "two"] {
        assert_eq!(client.ask(Request::Remove { at: home(path) }), Answer::Done);
    }
    assert_eq!(client.error(Request::Remove { at: home("") }), ErrorCode::PermissionDenied);
    // A link is removed, not what it leads to, and it is described as a link.
    symlink(site.path("outside"), site.home("out")).unwrap();
    assert_eq!(client.entry(Request::Stat { at: home("out") }).kind, EntryKind::Link);
    assert_eq!(client.ask(Request::Remove { at: home("out") }), Answer::Done);
    assert!(site.path("outside").exists());
}
