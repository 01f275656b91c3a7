//! Decides whose agent may be started.
//!
//! A *locked* account is one that `usermod -L` or `passwd -l` locked: `!` before a password's hash in the shadow
//! database. A bare `*`, `!` or `!!` means that no password was ever set, which is how accounts look that sign in by
//! key or single sign-on; they are admitted unless the site says `refuse_passwordless`. To keep such an account out,
//! let it expire (`usermod -e 1`) or take it out of the portal's group.

use std::ffi::{CString, OsStr};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use nix::unistd::{Gid, User, getgrouplist};
use quarterdeck_types::launcher::RefusalCode;

use crate::config::Config;
use crate::system;

/// Shells that say that nobody signs in here (`nologin(8)`).
const NO_LOGIN: [&str; 4] = ["nologin", "false", "true", "sync"];

pub(crate) struct Refusal {
    pub(crate) code: RefusalCode,
    pub(crate) message: String,
}

impl Refusal {
    pub(crate) fn new(code: RefusalCode, message: impl Into<String>) -> Refusal {
        Refusal { code, message: message.into() }
    }
}

/// What the account database says about somebody who may have an agent.
#[derive(Clone, Debug)]
pub(crate) struct Account {
    pub(crate) name: String,
    pub(crate) uid: u32,
    pub(crate) gid: u32,
    pub(crate) groups: Vec<u32>,
    pub(crate) home: PathBuf,
    pub(crate) shell: PathBuf,
}

/// An account's password field and the day on which it expires, as `shadow(5)` has them.
#[derive(Default)]
pub(crate) struct Shadow {
    pub(crate) password: Vec<u8>,
    /// Days since 1970.
    pub(crate) expires: Option<i64>,
}

/// Looks an account up. Its uid is known even where it is then refused ([`admit`]).
pub(crate) fn look_up(name: &str) -> Result<Account, Refusal> {
    let unknown = || Refusal::new(RefusalCode::NoSuchUser, "there is no such account on this host");
    let odd = |c: char| c.is_control() || c.is_whitespace() || c == '/' || c == ':';
    if name.is_empty() || name.len() > 256 || name.starts_with('-') || name.contains(odd) {
        return Err(unknown());
    }
    let failed = |what: &str, errno| Refusal::new(RefusalCode::Failed, format!("looking up {what}: {errno}"));
    let user = User::from_name(name).map_err(|errno| failed("the account", errno))?.ok_or_else(unknown)?;
    let c_name = CString::new(user.name.clone()).map_err(|_| unknown())?;
    let groups = getgrouplist(&c_name, user.gid).map_err(|errno| failed("the account's groups", errno))?;
    let shell = if user.shell.as_os_str().is_empty() { "/bin/sh".into() } else { user.shell };
    Ok(Account {
        name: user.name,
        uid: user.uid.as_raw(),
        gid: user.gid.as_raw(),
        groups: groups.into_iter().map(Gid::as_raw).collect(),
        home: user.dir,
        shell,
    })
}

/// Whether this account may have an agent now.
pub(crate) fn admit(account: &Account, config: &Config) -> Result<(), Refusal> {
    if account.uid == 0 {
        return Err(Refusal::new(RefusalCode::Root, "no agent is started for root"));
    }
    if account.uid < config.min_uid {
        let message = format!("the account's uid {} is below the site's minimum {}", account.uid, config.min_uid);
        return Err(Refusal::new(RefusalCode::SystemUser, message));
    }
    if !account.groups.contains(&config.portal_group.as_raw()) {
        let message = "the account is not in the portal's group: the administrator adds it";
        return Err(Refusal::new(RefusalCode::NotInPortalGroup, message));
    }
    let shadow = system::shadow_of(&account.name).map_err(|error| {
        Refusal::new(RefusalCode::Failed, format!("looking up whether the account is locked: {error}"))
    })?;
    // Accounts that are not in the shadow database (LDAP, SSSD) are locked and expired where they live.
    let shadow = shadow.unwrap_or_default();
    if is_locked(&shadow.password, config.refuse_passwordless) {
        return Err(Refusal::new(RefusalCode::Locked, "the account is locked"));
    }
    if shadow.expires.is_some_and(|day| day <= today()) {
        return Err(Refusal::new(RefusalCode::Expired, "the account has expired"));
    }
    if !is_login_shell(&account.shell) {
        return Err(Refusal::new(RefusalCode::NoLogin, "the account has no login shell"));
    }
    Ok(())
}

fn is_locked(password: &[u8], refuse_passwordless: bool) -> bool {
    match password {
        b"*" | b"!" | b"!!" | b"!*" | b"*!" => refuse_passwordless,
        _ => password.starts_with(b"!") || password == b"*LK*",
    }
}

fn is_login_shell(shell: &Path) -> bool {
    let name = shell.file_name().and_then(OsStr::to_str).unwrap_or_default();
    let runs = shell.metadata().is_ok_and(|about| about.is_file() && about.mode() & 0o111 != 0);
    runs && !NO_LOGIN.contains(&name)
}

fn today() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs() / 86_400).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("$y$j9T$abc$def", false)]
    #[case("!$y$j9T$abc$def", true)]
    #[case("!!$6$abc$def", true)]
    #[case("*LK*", true)]
    #[case("", false)]
    fn a_lock_stands_before_a_password(#[case] field: &str, #[case] locked: bool) {
        assert_eq!(is_locked(field.as_bytes(), false), locked);
        assert_eq!(is_locked(field.as_bytes(), true), locked);
    }

    #[rstest]
    fn no_password_is_no_lock_unless_the_site_says_so(#[values("*", "!", "!!")] field: &str) {
        assert!(!is_locked(field.as_bytes(), false));
        assert!(is_locked(field.as_bytes(), true));
    }

    #[rstest]
    #[case("/bin/sh", true)]
    #[case("/usr/sbin/nologin", false)]
    #[case("/bin/false", false)]
    #[case("/no/such/shell", false)]
    #[case("/etc/passwd", false)]
    #[case("/", false)]
    fn a_login_shell_runs_and_lets_in(#[case] shell: &str, #[case] lets_in: bool) {
        assert_eq!(is_login_shell(Path::new(shell)), lets_in);
    }

    #[rstest]
    fn a_name_that_could_mean_something_else_is_no_account(
        #[values("", "-x", "a b", "a\nb", "root:x", "../root", "no-such-account-here")] name: &str,
    ) {
        assert_eq!(look_up(name).err().map(|refusal| refusal.code), Some(RefusalCode::NoSuchUser));
    }
}
