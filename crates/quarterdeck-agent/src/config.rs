//! What the site allows: spaces, programs, their environment. Read once, from a file that nobody but root may change
//! (in single-user mode: nobody but the user), since it decides what the agent opens and runs.
//!
//! ```toml
//! state = "~/.local/state/quarterdeck"   # records of submissions and local jobs
//!
//! [spaces]                # "~", {user} and {uid} are replaced; "home" is there in any case
//! home = "~"
//! scratch = "/scratch/{user}"
//!
//! [programs]              # absolute; one left out is not there
//! sbatch = "/usr/bin/sbatch"
//! scancel = "/usr/bin/scancel"
//! scontrol = "/usr/bin/scontrol"
//! sstat = "/usr/bin/sstat"
//!
//! [environment]           # for the programs and for local jobs, beside HOME USER LOGNAME SHELL PATH LANG
//! SLURM_CONF = "/etc/slurm/slurm.conf"
//!
//! [limits]
//! sbatch_seconds = 60     # after that the answer is "still running"
//! program_seconds = 30    # after that the other programs are killed
//! record_days = 30        # records older than that are removed
//! file_tasks = 4          # copies, archives, searches … of one user at the same time
//! extract_entries = 1_000_000
//! extract_gib = 1024      # that come out of one archive
//! extract_ratio = 250     # bytes that come out of an archive for each of its own
//! ```

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use quarterdeck_types::SpaceName;
use rustix::fs::OFlags;
use serde::Deserialize;

use crate::account::Account;
use crate::tasks;

const MAX_FILE_BYTES: u64 = 1 << 20;

/// The file, checked, with every path absolute.
#[derive(Debug)]
pub(crate) struct Config {
    pub(crate) state: PathBuf,
    pub(crate) spaces: Vec<(SpaceName, PathBuf)>,
    pub(crate) sbatch: Option<PathBuf>,
    pub(crate) scancel: Option<PathBuf>,
    pub(crate) scontrol: Option<PathBuf>,
    pub(crate) sstat: Option<PathBuf>,
    pub(crate) environment: BTreeMap<String, String>,
    pub(crate) sbatch_time: Duration,
    pub(crate) program_time: Duration,
    pub(crate) record_age: Duration,
    pub(crate) tasks: tasks::Limits,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct Raw {
    state: Option<String>,
    spaces: BTreeMap<String, String>,
    programs: RawPrograms,
    environment: BTreeMap<String, String>,
    limits: RawLimits,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct RawPrograms {
    sbatch: Option<PathBuf>,
    scancel: Option<PathBuf>,
    scontrol: Option<PathBuf>,
    sstat: Option<PathBuf>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
struct RawLimits {
    sbatch_seconds: u32,
    program_seconds: u32,
    record_days: u32,
    file_tasks: u16,
    extract_entries: u64,
    extract_gib: u32,
    extract_ratio: u32,
}

impl Default for RawLimits {
    fn default() -> RawLimits {
        RawLimits {
            sbatch_seconds: 60,
            program_seconds: 30,
            record_days: 30,
            file_tasks: 4,
            extract_entries: 1_000_000,
            extract_gib: 1024,
            extract_ratio: 250,
        }
    }
}

impl Config {
    /// Reads the file; `owners` are the uids that may own it. Without a file: the home space and no programs.
    pub(crate) fn load(file: Option<&Path>, owners: &[u32], account: &Account) -> Result<Config, String> {
        match file {
            None => Config::check(Raw::default(), account),
            Some(file) => read_guarded(file, owners)
                .and_then(|text| toml::from_str(&text).map_err(|error| error.to_string()))
                .and_then(|raw| Config::check(raw, account))
                .map_err(|error| format!("{}: {error}", file.display())),
        }
    }

    fn check(raw: Raw, account: &Account) -> Result<Config, String> {
        let state = raw.state.as_deref().unwrap_or("~/.local/state/quarterdeck");
        let mut spaces = Vec::new();
        if !raw.spaces.contains_key("home") {
            spaces.push((SpaceName::home(), account.home.clone()));
        }
        for (name, root) in &raw.spaces {
            let parsed = SpaceName::parse(name).map_err(|error| format!("spaces.{name}: {error}"))?;
            spaces.push((parsed, expand(&format!("spaces.{name}"), root, account)?));
        }
        for (name, value) in &raw.environment {
            let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
            let begins_well = name.bytes().next().is_some_and(|b| !b.is_ascii_digit());
            if !begins_well || !name.bytes().all(plain) || value.contains('\0') {
                return Err(format!("environment.{name}: not a name and value that an environment can hold"));
            }
        }
        Ok(Config {
            state: expand("state", state, account)?,
            spaces,
            sbatch: absolute("programs.sbatch", raw.programs.sbatch)?,
            scancel: absolute("programs.scancel", raw.programs.scancel)?,
            scontrol: absolute("programs.scontrol", raw.programs.scontrol)?,
            sstat: absolute("programs.sstat", raw.programs.sstat)?,
            environment: raw.environment,
            sbatch_time: Duration::from_secs(raw.limits.sbatch_seconds.into()),
            program_time: Duration::from_secs(raw.limits.program_seconds.into()),
            record_age: Duration::from_secs(u64::from(raw.limits.record_days) * 24 * 3600),
            tasks: tasks::Limits {
                running: raw.limits.file_tasks.into(),
                extract_entries: raw.limits.extract_entries,
                extract_bytes: u64::from(raw.limits.extract_gib) << 30,
                extract_ratio: raw.limits.extract_ratio.into(),
            },
        })
    }
}

/// Opens once and looks at what was opened, so that nobody can exchange the file in between.
fn read_guarded(file: &Path, owners: &[u32]) -> Result<String, String> {
    let flags = (OFlags::NONBLOCK | OFlags::NOCTTY).bits() as i32;
    let opened = File::options().read(true).custom_flags(flags).open(file).map_err(|error| error.to_string())?;
    let about = opened.metadata().map_err(|error| error.to_string())?;
    if !about.is_file() {
        return Err("not a regular file".into());
    }
    if !owners.contains(&about.uid()) {
        return Err(format!("owned by uid {}: give it to root (chown root)", about.uid()));
    }
    if about.mode() & 0o022 != 0 {
        return Err("others than its owner may write it: take that away (chmod go-w)".into());
    }
    let mut text = String::new();
    opened.take(MAX_FILE_BYTES).read_to_string(&mut text).map_err(|error| error.to_string())?;
    Ok(text)
}

fn expand(key: &str, path: &str, account: &Account) -> Result<PathBuf, String> {
    let uid = account.uid.to_string();
    let filled = |text: &str| text.replace("{user}", &account.user).replace("{uid}", &uid);
    let expanded = match path.strip_prefix('~') {
        Some("") => account.home.clone(),
        Some(rest) if rest.starts_with('/') => account.home.join(filled(&rest[1..])),
        _ => PathBuf::from(filled(path)),
    };
    absolute(key, Some(expanded)).map(Option::unwrap_or_default)
}

fn absolute(key: &str, path: Option<PathBuf>) -> Result<Option<PathBuf>, String> {
    let up = |path: &Path| path.components().any(|part| part == std::path::Component::ParentDir);
    match path {
        Some(path) if !path.is_absolute() || up(&path) => {
            Err(format!("{key}: {} is not an absolute path without \"..\"", path.display()))
        }
        // Collected anew, so that doubled and trailing slashes are gone.
        other => Ok(other.map(|path| path.components().collect())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;
    use std::os::unix::fs::PermissionsExt;

    fn alice() -> Account {
        Account { user: "alice".into(), uid: 1001, gid: 1001, home: "/home/alice".into(), shell: "/bin/bash".into() }
    }

    fn load(text: &str, mode: u32) -> Result<Config, String> {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("agent.toml");
        std::fs::write(&file, text).unwrap();
        std::fs::set_permissions(&file, PermissionsExt::from_mode(mode)).unwrap();
        Config::load(Some(&file), &[rustix::process::getuid().as_raw()], &alice())
    }

    #[test]
    fn fills_in_home_user_and_uid() {
        let text = "state = '~/state'\n[spaces]\nscratch = '/scratch/{user}/'\n'project:wind' = '/p/{uid}'";
        let config = load(text, 0o644).unwrap();
        let spaces: Vec<_> = config.spaces.iter().map(|(name, root)| (name.as_str(), root.to_str().unwrap())).collect();
        assert_eq!(spaces, [("home", "/home/alice"), ("project:wind", "/p/1001"), ("scratch", "/scratch/alice")]);
        assert_eq!(config.state, Path::new("/home/alice/state"));
        assert_eq!(config.sbatch, None);
    }

    #[rstest]
    #[case("[programs]\nsbatch = 'sbatch'", "programs.sbatch: sbatch is not an absolute path")]
    #[case("[spaces]\nscratch = '/scratch/../etc'", "spaces.scratch: /scratch/../etc is not an absolute path")]
    #[case("[programs]\nshell = '/bin/sh'", "unknown field `shell`")]
    #[case("[environment]\n'A=B' = 'x'", "environment.A=B")]
    fn names_the_file_and_the_key_that_is_wrong(#[case] text: &str, #[case] message: &str) {
        let error = load(text, 0o644).unwrap_err();
        assert!(error.contains(message) && error.contains("agent.toml"), "{error}");
    }

    #[test]
    fn refuses_a_file_that_others_may_change() {
        assert!(load("", 0o664).unwrap_err().contains("chmod go-w"));
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("agent.toml");
        std::fs::write(&file, "").unwrap();
        let error = Config::load(Some(&file), &[4_000_000], &alice()).unwrap_err();
        assert!(error.contains("chown root"), "{error}");
    }
}
