//! Which portal, and with whose key: in the user's own configuration, which nobody else can read.

use std::fs::{DirBuilder, Permissions};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::PathBuf;

use anyhow::{Context, bail};
use reqwest::Url;
use serde::{Deserialize, Serialize};

/// Win over what `quarterdeck login` kept, for scripts.
const URL_VARIABLE: &str = "QUARTERDECK_URL";
const KEY_VARIABLE: &str = "QUARTERDECK_KEY";

#[derive(Serialize, Deserialize)]
pub(crate) struct Credentials {
    pub(crate) url: Url,
    pub(crate) key: String,
}

impl Credentials {
    /// # Errors
    /// Nobody has logged in, or the address would send the key through the network for all to read.
    pub(crate) fn find() -> anyhow::Result<Credentials> {
        if let (Ok(url), Ok(key)) = (std::env::var(URL_VARIABLE), std::env::var(KEY_VARIABLE)) {
            return Ok(Credentials { url: address(&url)?, key });
        }
        let path = path()?;
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                bail!("log in first: quarterdeck login https://YOUR-PORTAL (or set {URL_VARIABLE} and {KEY_VARIABLE})")
            }
            Err(error) => return Err(error).with_context(|| format!("reading {}", path.display())),
        };
        toml::from_str(&text).with_context(|| format!("reading {}: log in again", path.display()))
    }

    /// Takes the place of those that were there. Answers the file's path.
    pub(crate) fn keep(&self) -> anyhow::Result<PathBuf> {
        let path = path()?;
        let directory = path.parent().context("a directory")?;
        DirBuilder::new().recursive(true).mode(0o700).create(directory)?;
        // tempfile makes it 0600 from the first byte on.
        let mut file = tempfile::NamedTempFile::new_in(directory)?;
        file.write_all(toml::to_string(self)?.as_bytes())?;
        file.as_file().set_permissions(Permissions::from_mode(0o600))?;
        file.persist(&path).with_context(|| format!("writing {}", path.display()))?;
        Ok(path)
    }
}

/// A portal's address as people type it.
pub(crate) fn address(text: &str) -> anyhow::Result<Url> {
    let text = if text.contains("://") { text.to_owned() } else { format!("https://{text}") };
    let url = Url::parse(&text).with_context(|| format!("{text} is not an address"))?;
    let on_this_host = match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost",
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    match url.scheme() {
        "https" => Ok(url),
        "http" if on_this_host => Ok(url),
        "http" => bail!("over http:// everybody on the way could read your key: use https://"),
        other => bail!("{other}:// is not the address of a portal: use https://"),
    }
}

fn path() -> anyhow::Result<PathBuf> {
    Ok(directory("XDG_CONFIG_HOME", ".config")?.join("credentials.toml"))
}

/// Ours beneath one of the user's directories, as the XDG Base Directory Specification names them.
pub(super) fn directory(variable: &str, below_home: &str) -> anyhow::Result<PathBuf> {
    let given = std::env::var_os(variable).map(PathBuf::from).filter(|path| path.is_absolute());
    let home = || std::env::home_dir().map(|home| home.join(below_home));
    let directory = given.or_else(home).context("you have no home directory")?;
    Ok(directory.join("quarterdeck"))
}

#[cfg(test)]
mod tests {
    use super::address;

    #[test]
    fn a_key_is_sent_in_the_clear_to_this_host_alone() {
        assert_eq!(address("hpc.example.org").unwrap().as_str(), "https://hpc.example.org/");
        assert_eq!(address("http://127.0.0.1:8080/qd").unwrap().path(), "/qd");
        assert!(address("http://[::1]:8080").is_ok());
        assert!(address("http://hpc.example.org").is_err());
        assert!(address("http://127.0.0.1.example.org").is_err());
        assert!(address("ftp://hpc.example.org").is_err());
    }
}
