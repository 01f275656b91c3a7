//! Named points of submissions and file tasks at which tests let the agent be killed. In debug builds the environment variable
//! `QUARTERDECK_AGENT_CRASH_AT` names the point; in release builds this is nothing.

/// `sbatch` runs, and has not answered.
pub(crate) const SBATCH_STARTED: &str = "sbatch-started";
/// `sbatch` has ended, and its answer is not recorded.
pub(crate) const SBATCH_ANSWERED: &str = "sbatch-answered";
/// The answer is recorded, and the server does not have it.
pub(crate) const RECORDED: &str = "recorded";

/// A local job is marked as begun, and has no supervisor.
pub(crate) const LOCAL_MARKED: &str = "local-marked";

/// What a file task made is whole, and still hidden.
pub(crate) const TASK_MADE: &str = "task-made";

#[cfg(debug_assertions)]
pub(crate) fn point(name: &str) {
    use rustix::process::{Signal, getpid, kill_process};
    if std::env::var("QUARTERDECK_AGENT_CRASH_AT").is_ok_and(|at| at == name) {
        eprintln!("quarterdeck-agent: killed at {name}, as QUARTERDECK_AGENT_CRASH_AT asks");
        let _ = kill_process(getpid(), Signal::KILL);
        std::process::abort();
    }
}

#[cfg(not(debug_assertions))]
pub(crate) fn point(_name: &str) {}
