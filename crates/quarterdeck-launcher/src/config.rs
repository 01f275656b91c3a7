//! What the site allows the launcher to do. Read once at the start, from a file that nobody but root may change.
//!
//! ```toml
//! server_user = "quarterdeck"            # may ask for agents; its primary group may reach their sockets
//! portal_group = "quarterdeck-users"     # whose members may have one
//! min_uid = 1000                         # accounts below it may not
//! refuse_passwordless = false            # see admission.rs
//! runtime_directory = "/run/quarterdeck"
//! agent = "/usr/lib/quarterdeck/quarterdeck-agent"
//! agent_arguments = []                   # before the agent's own: ["agent"] where agent is `quarterdeck`
//! agent_config = "/etc/quarterdeck/agent.toml"
//! agent_idle_seconds = 900
//! umask = "022"                          # for what users make through the portal
//! journal = "/var/log/quarterdeck/launcher.log"
//! agent_log = "/var/log/quarterdeck/agents.log"
//! starts_per_minute = 300                # of all users
//! starts_per_minute_and_user = 10
//! ```

use std::fs::File;
use std::io::Read;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use nix::fcntl::OFlag;
use nix::unistd::{Gid, Group, Uid, User};
use serde::Deserialize;

const MAX_FILE_BYTES: u64 = 1 << 20;

/// The file, checked, with the names of accounts resolved.
#[derive(Debug)]
pub(crate) struct Config {
    pub(crate) server_uid: Uid,
    /// The server's primary group: it, and nobody else, reaches the sockets.
    pub(crate) server_gid: Gid,
    pub(crate) portal_group: Gid,
    pub(crate) min_uid: u32,
    pub(crate) refuse_passwordless: bool,
    pub(crate) runtime_directory: PathBuf,
    pub(crate) agent: PathBuf,
    pub(crate) agent_arguments: Vec<String>,
    pub(crate) agent_config: PathBuf,
    pub(crate) agent_idle_seconds: u32,
    pub(crate) umask: u32,
    pub(crate) journal: PathBuf,
    pub(crate) agent_log: PathBuf,
    pub(crate) starts_per_minute: usize,
    pub(crate) starts_per_minute_and_user: usize,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Raw {
    server_user: String,
    portal_group: String,
    min_uid: u32,
    refuse_passwordless: bool,
    runtime_directory: PathBuf,
    agent: PathBuf,
    agent_arguments: Vec<String>,
    agent_config: PathBuf,
    agent_idle_seconds: u32,
    umask: String,
    journal: PathBuf,
    agent_log: PathBuf,
    starts_per_minute: usize,
    starts_per_minute_and_user: usize,
}

impl Default for Raw {
    fn default() -> Raw {
        Raw {
            server_user: "quarterdeck".into(),
            portal_group: "quarterdeck-users".into(),
            min_uid: 1000,
            refuse_passwordless: false,
            runtime_directory: "/run/quarterdeck".into(),
            agent: "/usr/lib/quarterdeck/quarterdeck-agent".into(),
            agent_arguments: Vec::new(),
            agent_config: "/etc/quarterdeck/agent.toml".into(),
            agent_idle_seconds: 900,
            umask: "022".into(),
            journal: "/var/log/quarterdeck/launcher.log".into(),
            agent_log: "/var/log/quarterdeck/agents.log".into(),
            starts_per_minute: 300,
            starts_per_minute_and_user: 10,
        }
    }
}

impl Config {
    pub(crate) fn load(file: &Path) -> Result<Config, String> {
        read_guarded(file)
            .and_then(|text| toml::from_str(&text).map_err(|error| error.to_string()))
            .and_then(check)
            .map_err(|error| format!("{}: {error}", file.display()))
    }

    pub(crate) fn socket(&self) -> PathBuf {
        self.runtime_directory.join("launcher.sock")
    }

    pub(crate) fn agents_directory(&self) -> PathBuf {
        self.runtime_directory.join("agents")
    }
}

fn check(raw: Raw) -> Result<Config, String> {
    let name = &raw.server_user;
    let server = User::from_name(name).map_err(|errno| format!("server_user: looking up {name:?}: {errno}"))?;
    let server = server.ok_or_else(|| format!("server_user: there is no account {name:?}: make it (useradd -r)"))?;
    if server.uid.is_root() {
        return Err("server_user: the server may not be root: make an account for it (useradd -r)".into());
    }
    let name = &raw.portal_group;
    let group = Group::from_name(name).map_err(|errno| format!("portal_group: looking up {name:?}: {errno}"))?;
    let group = group.ok_or_else(|| format!("portal_group: there is no group {name:?}: make it (groupadd)"))?;
    if raw.min_uid == 0 {
        return Err("min_uid: no agent is ever started for root: set at least 1".into());
    }
    let umask = u32::from_str_radix(&raw.umask, 8).ok().filter(|umask| *umask <= 0o777);
    let umask = umask.ok_or_else(|| format!("umask: {:?} is not octal: write \"022\"", raw.umask))?;
    for (key, path) in [
        ("runtime_directory", &raw.runtime_directory),
        ("agent", &raw.agent),
        ("agent_config", &raw.agent_config),
        ("journal", &raw.journal),
        ("agent_log", &raw.agent_log),
    ] {
        if !path.is_absolute() {
            return Err(format!("{key}: {} is not an absolute path", path.display()));
        }
    }
    let about = raw.agent.metadata().map_err(|error| format!("agent: {}: {error}", raw.agent.display()))?;
    guard(&about).map_err(|error| format!("agent: {}: {error}", raw.agent.display()))?;
    Ok(Config {
        server_uid: server.uid,
        server_gid: server.gid,
        portal_group: group.gid,
        min_uid: raw.min_uid,
        refuse_passwordless: raw.refuse_passwordless,
        runtime_directory: raw.runtime_directory,
        agent: raw.agent,
        agent_arguments: raw.agent_arguments,
        agent_config: raw.agent_config,
        agent_idle_seconds: raw.agent_idle_seconds,
        umask,
        journal: raw.journal,
        agent_log: raw.agent_log,
        starts_per_minute: raw.starts_per_minute,
        starts_per_minute_and_user: raw.starts_per_minute_and_user,
    })
}

/// Opens once and looks at what was opened, so that nobody can exchange the file in between.
fn read_guarded(file: &Path) -> Result<String, String> {
    let flags = (OFlag::O_NONBLOCK | OFlag::O_NOCTTY).bits();
    let opened = File::options().read(true).custom_flags(flags).open(file).map_err(|error| error.to_string())?;
    guard(&opened.metadata().map_err(|error| error.to_string())?)?;
    let mut text = String::new();
    opened.take(MAX_FILE_BYTES).read_to_string(&mut text).map_err(|error| error.to_string())?;
    Ok(text)
}

fn guard(about: &std::fs::Metadata) -> Result<(), String> {
    if !about.is_file() {
        return Err("not a regular file".into());
    }
    if about.uid() != 0 {
        return Err(format!("owned by uid {}: give it to root (chown root)", about.uid()));
    }
    if about.mode() & 0o022 != 0 {
        return Err("others than root may write it: take that away (chmod go-w)".into());
    }
    Ok(())
}
