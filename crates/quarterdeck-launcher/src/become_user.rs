//! Becomes a user and runs her agent: the step between the launcher, which has threads, and the agent, which has no
//! privileges. `become UID GID GROUPS UMASK HOME PROGRAM ARGUMENTS…`, started by the launcher alone, with the agent's
//! environment and its three standard streams.

use std::ffi::{OsStr, OsString};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use nix::sys::stat::{Mode, umask};
use nix::unistd::{Gid, Uid, chdir, getresuid, setgroups, setresgid, setresuid, setsid};

use crate::system;

/// Returns only where something failed.
pub(crate) fn run(arguments: Vec<OsString>) -> Result<(), String> {
    let [uid, gid, groups, mask, home, program, rest @ ..] = arguments.as_slice() else {
        return Err("become is for the launcher alone".into());
    };
    let (uid, gid) = (Uid::from_raw(number(uid)?), Gid::from_raw(number(gid)?));
    let groups = groups.to_string_lossy();
    let groups = groups.split(',').map(|group| Ok(Gid::from_raw(number(OsStr::new(group))?)));
    let groups = groups.collect::<Result<Vec<Gid>, String>>()?;
    let mask = Mode::from_bits_truncate(number(mask)?);
    if uid.is_root() {
        return Err("no agent is started for root".into());
    }

    let failed = |what: &'static str| move |errno: nix::Error| format!("{what}: {errno}");
    setsid().map_err(failed("a session of its own"))?;
    setgroups(&groups).map_err(failed("the user's groups"))?;
    setresgid(gid, gid, gid).map_err(failed("the user's group"))?;
    setresuid(uid, uid, uid).map_err(failed("the user's uid"))?;
    let now = getresuid().map_err(failed("the user's uid"))?;
    if [now.real, now.effective, now.saved] != [uid; 3] {
        return Err("the privileges did not go away".into());
    }
    umask(mask);
    // Only now: on a file system that trusts no root, the home opens for its user alone. Where it does not open at all
    // (not mounted, no ticket), the agent runs and says so when asked for a file.
    if chdir(Path::new(home)).is_err() {
        chdir("/").map_err(failed("/"))?;
    }
    system::keep_only_standard_streams().map_err(|error| format!("closing descriptors: {error}"))?;
    let error = Command::new(program).args(rest).exec();
    Err(format!("{}: {error}", program.display()))
}

fn number(text: &OsStr) -> Result<u32, String> {
    text.to_str().and_then(|text| text.parse().ok()).ok_or_else(|| format!("{} is not a number", text.display()))
}
