//! Lets tests end the server at a named point of what it does.

use rustix::process::{Signal, getpid, kill_process};

/// In debug builds the environment variable `QUARTERDECK_SERVER_CRASH_AT` names the point; in release builds this is
/// nothing.
pub(crate) fn point(name: &str) {
    if cfg!(debug_assertions) && std::env::var("QUARTERDECK_SERVER_CRASH_AT").is_ok_and(|at| at == name) {
        let _ = kill_process(getpid(), Signal::KILL);
        std::process::abort();
    }
}
