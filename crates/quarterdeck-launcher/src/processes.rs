//! Knows an agent again after the launcher was restarted, and signals it and nobody else.

use std::fs;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
use serde::{Deserialize, Serialize};

/// A user's process for as long as the machine runs: a process id comes again, with another start time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Identity {
    pub(crate) pid: i32,
    /// Clock ticks since the machine started (`proc_pid_stat(5)`, field 22).
    pub(crate) start: u64,
    pub(crate) uid: u32,
}

impl Identity {
    /// `None`: it has ended already.
    pub(crate) fn of(pid: i32, uid: u32) -> Option<Identity> {
        Some(Identity { pid, start: start_time(pid)?, uid })
    }

    pub(crate) fn lives(self) -> bool {
        start_time(self.pid) == Some(self.start) && owner(self.pid) == Some(self.uid)
    }

    /// Asks the process to end, and ends it where it has not after `grace`. That it is gone already is no error.
    pub(crate) fn end(self, grace: Duration) -> Result<(), Errno> {
        let Some(pid) = Pid::from_raw(self.pid) else { return Ok(()) };
        // While the descriptor is held it names one process; that it is the one meant is looked at behind that.
        let descriptor = match pidfd_open(pid, PidfdFlags::empty()) {
            Err(Errno::SRCH) => return Ok(()),
            other => other?,
        };
        if !self.lives() {
            return Ok(());
        }
        for signal in [Signal::TERM, Signal::KILL] {
            match pidfd_send_signal(&descriptor, signal) {
                Err(Errno::SRCH) => return Ok(()),
                other => other?,
            }
            let time = Timespec { tv_sec: grace.as_secs() as i64, tv_nsec: grace.subsec_nanos().into() };
            if poll(&mut [PollFd::new(&descriptor, PollFlags::IN)], Some(&time))? > 0 {
                return Ok(());
            }
        }
        Err(Errno::TIMEDOUT)
    }
}

/// `None`: there is no such process, or only its remains.
fn start_time(pid: i32) -> Option<u64> {
    let text = fs::read(format!("/proc/{pid}/stat")).ok()?;
    // The second field is the program's name in parentheses and may hold anything, ")" and spaces too.
    let behind = text.iter().rposition(|b| *b == b')')? + 1;
    let mut fields = std::str::from_utf8(&text[behind..]).ok()?.split_ascii_whitespace();
    if matches!(fields.next()?, "Z" | "X") {
        return None;
    }
    fields.nth(18)?.parse().ok()
}

/// From `status`, since the files in `/proc` of a process that nobody may trace belong to root.
fn owner(pid: i32) -> Option<u32> {
    let text = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("Uid:"))?;
    line.split_ascii_whitespace().next()?.parse().ok()
}
