//! Finds and ends processes, each by its id.

use std::fs;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process, test_kill_process};

/// Who listens on this socket, by the kernel's word.
pub fn listener(socket: &Path) -> Option<Pid> {
    let stream = UnixStream::connect(socket).ok()?;
    rustix::net::sockopt::socket_peercred(stream).ok().map(|peer| peer.pid)
}

/// Ends a process without warning, and waits a while until it is gone.
pub fn kill(pid: Pid) {
    let _ = kill_process(pid, Signal::KILL);
    let deadline = Instant::now() + Duration::from_secs(10);
    while test_kill_process(pid).is_ok() && !is_zombie(pid) && Instant::now() < deadline {
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Whether it has started something that it still waits for.
pub fn has_child(pid: Pid) -> bool {
    let threads = fs::read_dir(format!("/proc/{}/task", pid.as_raw_pid()));
    let children = |thread: fs::DirEntry| fs::read_to_string(thread.path().join("children")).unwrap_or_default();
    threads.into_iter().flatten().flatten().any(|thread| !children(thread).is_empty())
}

/// Stops a process where it is, until [`thaw`].
pub fn freeze(pid: Pid) {
    kill_process(pid, Signal::STOP).unwrap();
}

/// One that has ended is as good.
pub fn thaw(pid: Pid) {
    let _ = kill_process(pid, Signal::CONT);
}

/// Processes that have `text` among their arguments or in their environment: what a site started carries its
/// directory's name.
pub fn that_mention(text: &str) -> Vec<Pid> {
    let ids = fs::read_dir("/proc").into_iter().flatten().filter_map(|entry| {
        let id = entry.ok()?.file_name().to_str()?.parse().ok()?;
        Pid::from_raw(id)
    });
    let own = rustix::process::getpid();
    ids.filter(|pid| *pid != own && mentions(*pid, text)).collect()
}

fn mentions(pid: Pid, text: &str) -> bool {
    let file = |name: &str| fs::read(format!("/proc/{}/{name}", pid.as_raw_pid())).unwrap_or_default();
    let holds = |bytes: Vec<u8>| bytes.windows(text.len()).any(|window| window == text.as_bytes());
    holds(file("cmdline")) || holds(file("environ"))
}

fn is_zombie(pid: Pid) -> bool {
    let stat = fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_pid())).unwrap_or_default();
    stat.rsplit_once(") ").is_none_or(|(_, fields)| fields.starts_with('Z'))
}
