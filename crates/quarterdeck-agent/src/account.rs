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
        let uid = getuid().as_raw();
        let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        // Services and containers start programs without these; their accounts are in the file, if anywhere.
        let line = variable("USER").is_none().then(|| passwd_line(uid)).flatten();
        let field = |index: usize| line.as_ref().and_then(|line| line.split(':').nth(index)).map(str::to_owned);
        let user = variable("USER").or_else(|| field(0));
        let user = user.ok_or("the environment has no USER: set it to the account's name")?;
        let home = variable("HOME").or_else(|| field(5));
        let home = home.ok_or("the environment has no HOME: set it to the home directory")?;
        if !Path::new(&home).is_absolute() {
            return Err(format!("HOME is {home:?}: set it to an absolute path"));
        }
        let shell = variable("SHELL").or_else(|| field(6)).unwrap_or_else(|| "/bin/sh".into());
        Ok(Account { user, uid, gid: getgid().as_raw(), home: home.into(), shell })
    }
}

fn passwd_line(uid: u32) -> Option<String> {
    let text = std::fs::read_to_string("/etc/passwd").ok()?;
    text.lines().find(|line| line.split(':').nth(2) == Some(&uid.to_string())).map(str::to_owned)
}
