//! Tasks on files: links that are exchanged meanwhile, trees deeper than descriptors reach, and an id that is asked for
//! twice.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use quarterdeck_types::agent::{Answer, ErrorCode, Request};
use quarterdeck_types::file_task::{ArchiveFormat, FileTask, LeftOutWhy, NameTaken, TaskState, TaskStatus};
use uuid::Uuid;

use crate::support::{Client, Site, home, name, wait_for};

fn task(client: &mut Client, request: Request) -> TaskStatus {
    match client.ask(request) {
        Answer::Task { status } => *status,
        other => panic!("{other:?}"),
    }
}

fn perform(client: &mut Client, asked: FileTask) -> TaskStatus {
    let id = Uuid::now_v7();
    let mut status = task(client, Request::StartTask { id, task: asked });
    wait_for("the task's end", || {
        status = task(client, Request::TaskStatus { id });
        status.state != TaskState::Running
    });
    status
}

fn copy(from: &str, into: &str, new: &str) -> FileTask {
    FileTask::Copy { from: vec![home(from)], into: home(into), name: Some(name(new)), taken: NameTaken::Number }
}

/// Whether a secret is anywhere below.
fn is_secret_below(root: &Path) -> bool {
    fs::read_dir(root).unwrap().any(|entry| {
        let path = entry.unwrap().path();
        let about = fs::symlink_metadata(&path).unwrap();
        match about.is_dir() {
            true => is_secret_below(&path),
            false => about.is_file() && fs::read(&path).unwrap() == b"secret",
        }
    })
}

#[test]
fn links_that_are_exchanged_meanwhile_lead_nowhere() {
    const ROUNDS: usize = 300;
    let site = Site::with_agent();
    let mut client = site.client();
    fs::create_dir_all(site.path("outside/sub")).unwrap();
    fs::write(site.path("outside/sub/file"), "secret").unwrap();
    for number in 0..20 {
        fs::create_dir_all(site.home(&format!("run/{number}/sub"))).unwrap();
        fs::write(site.home(&format!("run/{number}/sub/file")), "hers").unwrap();
    }
    fs::create_dir(site.home("to")).unwrap();
    symlink(site.path("outside"), site.home("evil")).unwrap();
    symlink(site.path("outside/sub/file"), site.home("evil-file")).unwrap();
    let stop = AtomicBool::new(false);
    let mut harmless = 0;
    std::thread::scope(|threads| {
        threads.spawn(|| {
            while !stop.load(Ordering::Relaxed) {
                for number in 0..20 {
                    let (one, other) = match number % 2 {
                        0 => (site.home(&format!("run/{number}")), site.home("evil")),
                        _ => (site.home(&format!("run/{number}/sub/file")), site.home("evil-file")),
                    };
                    let flags = rustix::fs::RenameFlags::EXCHANGE;
                    rustix::fs::renameat_with(rustix::fs::CWD, &one, rustix::fs::CWD, &other, flags).unwrap();
                    rustix::fs::renameat_with(rustix::fs::CWD, &one, rustix::fs::CWD, &other, flags).unwrap();
                }
            }
        });
        for round in 0..ROUNDS {
            let made = format!("{round}");
            let status = match round % 3 {
                0 => perform(
                    &mut client,
                    FileTask::Archive {
                        from: vec![home("run")],
                        into: home("to"),
                        name: name(&made),
                        format: ArchiveFormat::Tar,
                        taken: NameTaken::Refuse,
                    },
                ),
                _ => perform(&mut client, copy("run", "to", &made)),
            };
            assert_eq!(status.state, TaskState::Done, "{status:?}");
            let made = site.home("to").join(made);
            let secret = match made.is_dir() {
                true => is_secret_below(&made),
                false => fs::read(&made).unwrap().windows(6).any(|part| part == b"secret"),
            };
            assert!(!secret, "round {round}");
            harmless += 1;
        }
        stop.store(true, Ordering::Relaxed);
    });
    assert_eq!(harmless, ROUNDS);
    // Nor is anything removed by such a way.
    fs::remove_dir_all(site.home("to")).unwrap();
    symlink(site.path("outside"), site.home("run/0/sub/evil")).unwrap();
    let removed = perform(&mut client, FileTask::Remove { at: vec![home("run")] });
    assert_eq!(removed.state, TaskState::Done, "{removed:?}");
    assert!(!site.home("run").exists() && site.path("outside/sub/file").exists());
}

#[test]
fn a_tree_deeper_than_descriptors_reach_is_told_of_and_can_be_removed() {
    let site = Site::with_agent();
    let mut client = site.client();
    let mut deep = site.home("deep");
    for _ in 0..450 {
        deep.push("level");
    }
    fs::create_dir_all(&deep).unwrap();
    fs::write(deep.join("file"), "").unwrap();
    let copied = perform(&mut client, copy("deep", "", "copy"));
    assert_eq!(copied.state, TaskState::Done, "{copied:?}");
    assert_eq!((copied.left_out_count, copied.left_out[0].why), (1, LeftOutWhy::TooDeep));
    for tree in ["deep", "copy"] {
        let removed = perform(&mut client, FileTask::Remove { at: vec![home(tree)] });
        assert_eq!(removed.state, TaskState::Done, "{removed:?}");
        assert!(!site.home(tree).exists());
    }
}

#[test]
fn a_task_is_begun_once_however_often_it_is_asked_for() {
    let site = Site::with_agent();
    let mut client = site.client();
    fs::write(site.home("file"), "content").unwrap();
    let id = Uuid::now_v7();
    for _ in 0..3 {
        task(&mut client, Request::StartTask { id, task: copy("file", "", "copy") });
    }
    wait_for("the copy", || site.home("copy").exists());
    let status = task(&mut client, Request::StartTask { id, task: copy("file", "", "copy") });
    assert_eq!(status.id, id);
    assert!(!site.home("copy-1").exists());
    assert_eq!(client.error(Request::TaskStatus { id: Uuid::now_v7() }), ErrorCode::NotFound);
}

/// Whether each of these files lies on the disk; `None`: nobody here can tell.
fn lies_on_disk(files: &[std::path::PathBuf]) -> Option<bool> {
    let told = std::process::Command::new("filefrag").arg("-v").args(files).output().ok()?;
    let told = String::from_utf8(told.stdout).ok()?;
    (told.matches(" extents found").count() + told.matches(" extent found").count() == files.len())
        .then(|| !told.contains("delalloc"))
}

#[test]
fn what_is_made_lies_on_the_disk_before_it_is_called_done() {
    // Where what is written waits in memory for a place.
    let site = Site::with_agent();
    let mut client = site.client();
    fs::create_dir(site.home("run")).unwrap();
    for (name, size) in [("little", 5000), ("large", 3 << 20)] {
        fs::write(site.home("run").join(name), vec![7; size]).unwrap();
    }
    let sources = ["little", "large"].map(|name| site.home("run").join(name));
    if lies_on_disk(&sources) != Some(false) {
        eprintln!("left out: this file system does not say what it has written");
        return;
    }
    let archive = |name_: &str, format| FileTask::Archive {
        from: vec![home("run")],
        into: home(""),
        name: name(name_),
        format,
        taken: NameTaken::Refuse,
    };
    let extract = FileTask::Extract {
        archive: home("run.tar"),
        into: home(""),
        name: Some(name("unpacked")),
        taken: NameTaken::Refuse,
    };
    let tasks = [
        (copy("run/little", "", "copy-of-one"), vec!["copy-of-one"]),
        (archive("run.zip", ArchiveFormat::Zip), vec!["run.zip"]),
        (archive("run.tar", ArchiveFormat::Tar), vec!["run.tar"]),
        (extract, vec!["unpacked/run/little", "unpacked/run/large"]),
        (copy("run", "", "copy"), vec!["copy/little", "copy/large"]),
    ];
    for (asked, made) in tasks {
        let status = perform(&mut client, asked);
        assert_eq!(status.state, TaskState::Done, "{status:?}");
        let made: Vec<_> = made.into_iter().map(|made| site.home(made)).collect();
        assert_eq!(lies_on_disk(&made), Some(true), "{made:?}");
    }
}
