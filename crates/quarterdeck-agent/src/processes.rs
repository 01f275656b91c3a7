//! Finds a process's descendants and signals them, sure of whom it signals.

use std::fs;
use std::io;

use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, Signal, getpid, pidfd_open, pidfd_send_signal};
use serde::{Deserialize, Serialize};

/// A process for as long as the machine runs: a process id comes again, with another start time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Identity {
    pub(crate) pid: i32,
    /// Clock ticks since the machine started (`proc_pid_stat(5)`, field 22).
    pub(crate) start: u64,
}

impl Identity {
    pub(crate) fn own() -> io::Result<Identity> {
        let pid = getpid().as_raw_pid();
        let about = read_stat(pid).ok_or_else(|| io::Error::other("/proc is not mounted"))?;
        Ok(Identity { pid, start: about.start })
    }

    /// Signals this process and no other; that it is gone is no error.
    pub(crate) fn signal(self, signal: Signal) -> Result<(), Errno> {
        let Some(pid) = Pid::from_raw(self.pid) else { return Ok(()) };
        // While the descriptor is held it names one process; the start time says that it is the one meant.
        let descriptor = match pidfd_open(pid, PidfdFlags::empty()) {
            Err(Errno::SRCH) => return Ok(()),
            other => other?,
        };
        if read_stat(self.pid).map(|about| about.start) != Some(self.start) {
            return Ok(());
        }
        match pidfd_send_signal(&descriptor, signal) {
            Err(Errno::SRCH) => Ok(()),
            other => other,
        }
    }
}

/// All processes below `root` that are not zombies, whatever group or session they made for themselves.
pub(crate) fn descendants(root: i32) -> Vec<Identity> {
    let everyone: Vec<Stat> = fs::read_dir("/proc")
        .into_iter()
        .flatten()
        .filter_map(|entry| read_stat(entry.ok()?.file_name().to_str()?.parse().ok()?))
        .collect();
    let mut below = Vec::new();
    let mut parents = vec![root];
    while let Some(parent) = parents.pop() {
        for child in everyone.iter().filter(|process| process.parent == parent) {
            parents.push(child.pid);
            if !child.zombie {
                below.push(Identity { pid: child.pid, start: child.start });
            }
        }
    }
    below
}

struct Stat {
    pid: i32,
    parent: i32,
    zombie: bool,
    start: u64,
}

fn read_stat(pid: i32) -> Option<Stat> {
    let text = fs::read(format!("/proc/{pid}/stat")).ok()?;
    // The second field is the program's name in parentheses and may hold anything, ")" and spaces too.
    let behind = text.iter().rposition(|b| *b == b')')? + 1;
    let fields: Vec<&str> = std::str::from_utf8(&text[behind..]).ok()?.split_ascii_whitespace().collect();
    Some(Stat {
        pid,
        zombie: matches!(*fields.first()?, "Z" | "X"),
        parent: fields.get(1)?.parse().ok()?,
        start: fields.get(19)?.parse().ok()?,
    })
}
