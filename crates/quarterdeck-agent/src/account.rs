//! Who the agent is.

use std::path::{Path, PathBuf};

use rustix::process::{getgid, getuid};

/// The account as whoever started the agent described it in the environment: the launcher, after reading it from the
/// account database, or the user's own session. Not read from the database here, because its client libraries
/// (LDAP, SSSD) would be most of the agent's memory; what the agent may do follows from its uid, not from this.
#[derive(Clone, Debug)]
pub(crate) struct Account {
    pub(crate) user: String,
    pub(crate) uid: u32,
    pub(crate) gid: u32,
    pub(crate) home: PathBuf,
    pub(crate) shell: String,
}

impl Account {
    pub(crate) fn from_environment() -> Result<Account, String> {
        let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        let user = variable("USER").or_else(|| variable("LOGNAME"));
        let user = user.ok_or("the environment has no USER: start the agent through the launcher or a login")?;
        let home = variable("HOME").ok_or("the environment has no HOME: set it to the home directory")?;
        if !Path::new(&home).is_absolute() {
            return Err(format!("HOME is {home:?}: set it to an absolute path"));
        }
        Ok(Account {
            user,
            uid: getuid().as_raw(),
            gid: getgid().as_raw(),
            home: home.into(),
            shell: variable("SHELL").unwrap_or_else(|| "/bin/sh".into()),
        })
    }
}
