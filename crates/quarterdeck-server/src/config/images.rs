//! Where Apptainer images are looked for: on this host, and on nodes over SSH.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use confique::Config;
use quarterdeck_types::{RelativePath, SpaceName};
use serde::Deserialize;
use serde::de::{self, Deserializer, SeqAccess, Visitor};
use thiserror::Error;

use super::ConfigError;
use crate::images::Kind;

/// More nodes than this are no cluster's.
const MOST_CONNECTIONS: usize = 256;

#[derive(Debug, Clone, Config)]
#[config(layer_attr(serde(deny_unknown_fields)))]
pub struct Images {
    /// Directories of this host that are searched for Apptainer images.
    #[config(default = [], env = "QUARTERDECK_IMAGES__DIRECTORIES", parse_env = confique::env::parse::list_by_colon)]
    pub directories: Vec<PathBuf>,

    /// Directories of people's spaces that are searched for their own images, which nobody else sees: `home:images`. Those
    /// that somebody does not have are left out.
    #[config(
        default = ["home:images", "home:containers", "scratch:images"],
        env = "QUARTERDECK_IMAGES__OWN_DIRECTORIES",
        parse_env = confique::env::parse::list_by_comma
    )]
    pub own_directories: Vec<OwnDirectory>,

    /// What the images of a directory, or of a partition's nodes, are for: `["viz = /images/viz", "viz = partition vis"]`.
    /// `viz`, `compute` or `custom`; the first that fits counts. Where an image's author says it in a label, that does.
    #[config(default = [], env = "QUARTERDECK_IMAGES__KINDS", parse_env = confique::env::parse::list_by_comma)]
    pub kinds: Vec<KindRule>,

    /// Seconds between two scans for images. 0: only at start, and when an operator asks.
    #[config(default = 3600, env = "QUARTERDECK_IMAGES__INTERVAL_SECONDS")]
    pub interval_seconds: u64,

    /// Apptainer's path on the compute nodes.
    #[config(default = "apptainer", env = "QUARTERDECK_IMAGES__APPTAINER")]
    pub apptainer: String,

    /// Paths that every container sees beside the home and the working directory: `/scratch`, `/data:/data:ro`.
    #[config(default = [], env = "QUARTERDECK_IMAGES__BIND", parse_env = confique::env::parse::list_by_comma)]
    pub bind: Vec<String>,

    /// Public keys with which images are signed: files, or directories of them, with OpenPGP keys or ed25519 ones in
    /// PEM. Signed images are then read whole once, in the background, and what becomes of their signatures is shown.
    #[config(default = [], env = "QUARTERDECK_IMAGES__SIGNING_KEYS", parse_env = confique::env::parse::list_by_colon)]
    pub signing_keys: Vec<PathBuf>,

    /// Days after which it is forgotten that an image was removed, or lay somewhere. 0: never.
    #[config(default = 90, env = "QUARTERDECK_IMAGES__KEEP_REMOVED_DAYS")]
    pub keep_removed_days: u32,

    /// When the SHA-256 of images is computed: `off`, `demand` (operators ask for one), `always` (in the background, of
    /// each file once).
    #[config(default = "demand", env = "QUARTERDECK_IMAGES__DIGEST")]
    pub digest: Digest,

    #[config(nested)]
    pub ssh: Ssh,
}

/// When digests are computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Digest {
    Off,
    Demand,
    Always,
}

/// Images on the nodes' own disks, which the server reads over SSH with an account that may only read.
#[derive(Debug, Clone, Config)]
#[config(layer_attr(serde(deny_unknown_fields)))]
pub struct Ssh {
    /// Nodes to look at: `["n[01-16]", "gpu1"]`, or `"slurm"` for all that Slurm has. None: no node is connected to.
    #[config(default = [], env = "QUARTERDECK_IMAGES__SSH__NODES")]
    pub nodes: Nodes,

    /// Directories that are searched on each node.
    #[config(default = [], env = "QUARTERDECK_IMAGES__SSH__DIRECTORIES", parse_env = confique::env::parse::list_by_colon)]
    pub directories: Vec<PathBuf>,

    /// Directories that are searched on the nodes of one partition: `["gpu = /local/images"]`.
    #[config(default = [], env = "QUARTERDECK_IMAGES__SSH__PARTITION_DIRECTORIES", parse_env = confique::env::parse::list_by_comma)]
    pub partition_directories: Vec<PartitionDirectory>,

    /// Account on the nodes. It needs SFTP and nothing else.
    #[config(default = "quarterdeck-scan", env = "QUARTERDECK_IMAGES__SSH__USER")]
    pub user: String,

    #[config(default = 22, env = "QUARTERDECK_IMAGES__SSH__PORT")]
    pub port: u16,

    /// File with the private key to sign in with, readable by the server alone (mode 0600).
    #[config(env = "QUARTERDECK_IMAGES__SSH__KEY_FILE")]
    pub key_file: Option<PathBuf>,

    /// File with the passphrase of an encrypted key, on its first line; readable by the server alone (mode 0600).
    #[config(env = "QUARTERDECK_IMAGES__SSH__PASSPHRASE_FILE")]
    pub passphrase_file: Option<PathBuf>,

    /// File with a user certificate for the key: `….pub` that an authority of the site's signed.
    #[config(env = "QUARTERDECK_IMAGES__SSH__CERTIFICATE_FILE")]
    pub certificate_file: Option<PathBuf>,

    /// Socket of an ssh-agent that has the key, in the place of `key_file`.
    #[config(env = "QUARTERDECK_IMAGES__SSH__AGENT")]
    pub agent: Option<PathBuf>,

    /// File with the nodes' host keys, or the authority that signed them. A node that is not in it is not spoken to.
    #[config(default = "/etc/ssh/ssh_known_hosts", env = "QUARTERDECK_IMAGES__SSH__KNOWN_HOSTS")]
    pub known_hosts: PathBuf,

    /// Host through which the nodes are reached: `login1`, `scan@login1:2222`. Its key must be known as well.
    #[config(env = "QUARTERDECK_IMAGES__SSH__JUMP_HOST")]
    pub jump_host: Option<JumpHost>,

    /// Nodes that are looked at at once.
    #[config(default = 32, env = "QUARTERDECK_IMAGES__SSH__CONNECTIONS")]
    pub connections: usize,

    /// Seconds that each step to a node may take: its address, the connection, its greeting, its key, signing in.
    #[config(default = 10, env = "QUARTERDECK_IMAGES__SSH__CONNECT_SECONDS")]
    pub connect_seconds: u64,

    /// Seconds in which a node must answer each question.
    #[config(default = 15, env = "QUARTERDECK_IMAGES__SSH__REQUEST_SECONDS")]
    pub request_seconds: u64,

    /// Seconds that one node may take altogether.
    #[config(default = 300, env = "QUARTERDECK_IMAGES__SSH__NODE_SECONDS")]
    pub node_seconds: u64,

    /// Whether nodes compute digests, with `sha256sum` at low priority. The account must be allowed to run it.
    #[config(default = false, env = "QUARTERDECK_IMAGES__SSH__DIGEST")]
    pub digest: bool,

    /// Seconds that one digest may take.
    #[config(default = 1800, env = "QUARTERDECK_IMAGES__SSH__DIGEST_SECONDS")]
    pub digest_seconds: u64,

    /// Times that a node is tried that cannot be connected to, or hangs.
    #[config(default = 3, env = "QUARTERDECK_IMAGES__SSH__TRIES")]
    pub tries: u32,
}

/// A directory beneath one of a person's spaces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnDirectory {
    pub space: SpaceName,
    pub path: RelativePath,
}

impl FromStr for OwnDirectory {
    type Err = Unreadable;

    fn from_str(text: &str) -> Result<OwnDirectory, Unreadable> {
        // Names of spaces may have a colon in them: project:wind:images.
        let parts = text.rsplit_once(':');
        let read = parts.and_then(|(space, path)| {
            Some((SpaceName::parse(space.trim()).ok()?, RelativePath::parse(path.trim()).ok()?))
        });
        let wrong = || Unreadable(format!("\"{text}\" is no directory of a space: write home:images"));
        read.map(|(space, path)| OwnDirectory { space, path }).ok_or_else(wrong)
    }
}

impl<'de> Deserialize<'de> for OwnDirectory {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<OwnDirectory, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

/// Of which kind the images of some place are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KindRule {
    pub kind: Kind,
    pub of: KindOf,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KindOf {
    Directory(PathBuf),
    /// Of what lies on its nodes.
    Partition(String),
}

impl FromStr for KindRule {
    type Err = Unreadable;

    fn from_str(text: &str) -> Result<KindRule, Unreadable> {
        let parts = text.split_once('=').map(|(kind, of)| (kind.trim(), of.trim()));
        let read = parts.and_then(|(kind, of)| {
            let of = match of.strip_prefix("partition ") {
                Some(partition) => KindOf::Partition(partition.trim().to_owned()),
                None if of.starts_with('/') => KindOf::Directory(of.into()),
                None => return None,
            };
            Some(KindRule { kind: Kind::parse(kind)?, of })
        });
        let wrong = || Unreadable(format!("\"{text}\" names no kind: write viz = /images/viz, or viz = partition vis"));
        read.ok_or_else(wrong)
    }
}

impl<'de> Deserialize<'de> for KindRule {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<KindRule, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

/// Which nodes are looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Nodes {
    /// By their names.
    Listed(Vec<String>),
    /// Whichever Slurm has.
    OfSlurm,
}

impl Nodes {
    pub fn are_none(&self) -> bool {
        *self == Nodes::Listed(Vec::new())
    }

    fn read(lists: &[String]) -> Result<Nodes, String> {
        if lists == ["slurm"] {
            return Ok(Nodes::OfSlurm);
        }
        let mut names = Vec::new();
        for list in lists {
            let expanded = quarterdeck_slurm::node_list::expand(list.trim());
            let expanded = expanded.filter(|expanded| expanded.iter().all(|name| is_host(name)));
            names.extend(expanded.ok_or_else(|| format!("\"{list}\" names no nodes: write n1 or n[01-16]"))?);
        }
        let mut known = std::collections::HashSet::new();
        names.retain(|name| known.insert(name.clone()));
        Ok(Nodes::Listed(names))
    }
}

impl<'de> Deserialize<'de> for Nodes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Nodes, D::Error> {
        struct OneOrMany;

        impl<'de> Visitor<'de> for OneOrMany {
            type Value = Nodes;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("\"slurm\", or a list of nodes")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Nodes, E> {
                let lists: Vec<String> = if text.is_empty() { Vec::new() } else { vec![text.to_owned()] };
                Nodes::read(&lists).map_err(E::custom)
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Nodes, A::Error> {
                let mut lists = Vec::new();
                while let Some(list) = items.next_element::<String>()? {
                    lists.push(list);
                }
                Nodes::read(&lists).map_err(de::Error::custom)
            }
        }

        deserializer.deserialize_any(OneOrMany)
    }
}

/// What is wrong with a value, for who wrote it.
#[derive(Debug, Clone, Error, PartialEq, Eq)]
#[error("{0}")]
pub struct Unreadable(String);

/// A directory on the nodes of a partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartitionDirectory {
    pub partition: String,
    pub directory: PathBuf,
}

impl FromStr for PartitionDirectory {
    type Err = Unreadable;

    fn from_str(text: &str) -> Result<PartitionDirectory, Unreadable> {
        let parts = text.split_once('=').map(|(partition, directory)| (partition.trim(), directory.trim()));
        match parts {
            Some((partition, directory)) if !partition.is_empty() && directory.starts_with('/') => {
                Ok(PartitionDirectory { partition: partition.to_owned(), directory: directory.into() })
            }
            _ => Err(Unreadable(format!("\"{text}\" is no directory of a partition: write gpu = /local/images"))),
        }
    }
}

impl<'de> Deserialize<'de> for PartitionDirectory {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<PartitionDirectory, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

/// Where a jump host is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JumpHost {
    /// `None`: the account that is used on the nodes.
    pub user: Option<String>,
    pub host: String,
    pub port: u16,
}

impl FromStr for JumpHost {
    type Err = Unreadable;

    fn from_str(text: &str) -> Result<JumpHost, Unreadable> {
        let wrong = || Unreadable(format!("\"{text}\" is no host: write login1 or scan@login1:2222"));
        let (user, rest) = text.rsplit_once('@').map_or((None, text), |(user, rest)| (Some(user.to_owned()), rest));
        let (host, port) = match rest.rsplit_once(':') {
            Some((host, port)) => (host, port.parse().map_err(|_| wrong())?),
            None => (rest, 22),
        };
        let is_whole = is_host(host) && user.as_deref().is_none_or(is_user);
        if is_whole { Ok(JumpHost { user, host: host.to_owned(), port }) } else { Err(wrong()) }
    }
}

impl<'de> Deserialize<'de> for JumpHost {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<JumpHost, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

impl Images {
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        let invalid = |key, problem: &str| Err(ConfigError::Invalid { key, problem: problem.to_owned() });
        if (1..60).contains(&self.interval_seconds) {
            return invalid("images.interval_seconds", "choose 60 or more, or 0 for never");
        }
        if self.keep_removed_days > 36_500 {
            return invalid("images.keep_removed_days", "choose 1 to 36500, or 0 for never");
        }
        let ssh = &self.ssh;
        if ssh.nodes.are_none() {
            return Ok(());
        }
        let directories = ssh.directories.iter().chain(ssh.partition_directories.iter().map(|one| &one.directory));
        if directories.clone().next().is_none() {
            return invalid("images.ssh.directories", "name directories to search on the nodes");
        }
        if directories.clone().any(|directory| !directory.is_absolute()) {
            return invalid("images.ssh.directories", "write each from the root: /local/images");
        }
        if ssh.key_file.is_some() == ssh.agent.is_some() {
            return invalid("images.ssh.key_file", "name a key_file or an agent to sign in with, and not both");
        }
        if ssh.key_file.is_none() && (ssh.passphrase_file.is_some() || ssh.certificate_file.is_some()) {
            return invalid("images.ssh.key_file", "an agent has its passphrases and certificates by itself");
        }
        if !is_user(&ssh.user) {
            return invalid("images.ssh.user", "name an account of the nodes");
        }
        if ssh.user == "root" {
            return invalid("images.ssh.user", "name an account that may only read: not root");
        }
        if !(1..=MOST_CONNECTIONS).contains(&ssh.connections) {
            return invalid("images.ssh.connections", "choose 1 to 256");
        }
        for (key, seconds) in [
            ("images.ssh.connect_seconds", ssh.connect_seconds),
            ("images.ssh.request_seconds", ssh.request_seconds),
            ("images.ssh.node_seconds", ssh.node_seconds),
            ("images.ssh.digest_seconds", ssh.digest_seconds),
        ] {
            if !(1..=86_400).contains(&seconds) {
                return invalid(key, "choose 1 to 86400");
            }
        }
        if !(1..=10).contains(&ssh.tries) {
            return invalid("images.ssh.tries", "choose 1 to 10");
        }
        Ok(())
    }
}

/// A name or an address: nothing that a terminal or a page would take for something else.
fn is_host(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-:".contains(&byte);
    !text.is_empty() && !text.starts_with('-') && text.bytes().all(plain)
}

fn is_user(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    !text.is_empty() && !text.starts_with('-') && text.bytes().all(plain)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn lists(lists: &[&str]) -> Result<Nodes, String> {
        Nodes::read(&lists.iter().map(|list| list.to_string()).collect::<Vec<_>>())
    }

    #[test]
    fn nodes_are_listed_or_slurms() {
        assert_eq!(lists(&["slurm"]), Ok(Nodes::OfSlurm));
        let listed = lists(&["n[08-10],g1", "127.0.0.1", "g1"]).unwrap();
        assert_eq!(listed, Nodes::Listed(["n08", "n09", "n10", "g1", "127.0.0.1"].map(str::to_owned).to_vec()));
        for wrong in ["n[1-", "-oProxyCommand=x", "n 1", "n\u{1b}"] {
            assert!(lists(&[wrong]).is_err(), "{wrong:?}");
        }
    }

    #[rstest]
    #[case("login1", None, "login1", 22)]
    #[case("scan@login1.example.org:2222", Some("scan"), "login1.example.org", 2222)]
    fn a_jump_host_has_a_user_and_a_port(
        #[case] text: &str,
        #[case] user: Option<&str>,
        #[case] host: &str,
        #[case] port: u16,
    ) {
        assert_eq!(text.parse(), Ok(JumpHost { user: user.map(str::to_owned), host: host.to_owned(), port }));
    }

    #[rstest]
    fn what_is_no_jump_host_is_refused(#[values("", "@x", "a b", "x:y", "-x", "a@")] text: &str) {
        assert!(text.parse::<JumpHost>().is_err());
    }

    #[test]
    fn a_directory_of_a_space_is_read() {
        let read: OwnDirectory = "project:wind:my images".parse().unwrap();
        assert_eq!((read.space.as_str(), read.path.to_string()), ("project:wind", "my images".to_owned()));
        for wrong in ["images", "home:../x", "home:/x", "a space:x"] {
            assert!(wrong.parse::<OwnDirectory>().is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn a_kind_is_of_a_directory_or_of_a_partition() {
        let of = |text: &str| text.parse::<KindRule>().map(|rule| (rule.kind, rule.of));
        assert_eq!(of("viz = /images/viz"), Ok((Kind::Viz, KindOf::Directory("/images/viz".into()))));
        assert_eq!(of("compute=partition big"), Ok((Kind::Compute, KindOf::Partition("big".to_owned()))));
        for wrong in ["viz", "toy = /x", "viz = x", "viz = "] {
            assert!(of(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn a_directory_of_a_partition_is_read() {
        let read: PartitionDirectory = "gpu = /local/images".parse().unwrap();
        assert_eq!((read.partition.as_str(), read.directory), ("gpu", "/local/images".into()));
        for wrong in ["gpu", "= /x", "gpu = x"] {
            assert!(wrong.parse::<PartitionDirectory>().is_err());
        }
    }
}
