//! What a site configures: one TOML file, each key also as `QUARTERDECK_SECTION__KEY` in the environment. Unknown
//! keys are errors, so that a typing mistake is never silently a default.

mod images;
mod messages;
mod tls;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use chrono::TimeDelta;
use confique::Config as _;
use serde::{Deserialize, Serialize};
use thiserror::Error;
use utoipa::ToSchema;

use crate::clusters::RestAddress;
use crate::host;
use crate::limits::{Class, Quota};
use crate::networks::Network;
use crate::redis;
use crate::uploads::{Durability, Risk, Rule};
pub use images::{Digest, Images, KindOf, Nodes, OwnDirectory, Ssh};
pub use messages::{Mail, Push, Security, Webhooks};
pub use tls::{CertificateFiles, Tls};

/// The configuration of a server. `quarterdeck config template` prints it with these comments.
#[derive(Debug, Clone, confique::Config)]
#[config(layer_attr(serde(deny_unknown_fields)))]
pub struct Config {
    #[config(nested)]
    pub server: Server,
    #[config(nested)]
    pub tls: Tls,
    #[config(nested)]
    pub sign_in: SignIn,
    #[config(nested)]
    pub api_keys: ApiKeys,
    #[config(nested)]
    pub agents: Agents,
    #[config(nested)]
    pub slurm: Slurm,
    #[config(nested)]
    pub local: Local,
    #[config(nested)]
    pub uploads: Uploads,
    #[config(nested)]
    pub jobs: Jobs,
    #[config(nested)]
    pub templates: Templates,
    #[config(nested)]
    pub images: Images,
    #[config(nested)]
    pub support: Support,
    #[config(nested)]
    pub audit: Audit,
    /// How often what may be done: sessions count for their user, each API key for itself, strangers for their
    /// address. Written as `60/min`, `60/min, burst 100`, `5000/h` or `off`.
    #[config(nested)]
    pub limits: Limits,
    #[config(nested)]
    pub redis: Redis,
    #[config(nested)]
    pub mail: Mail,
    #[config(nested)]
    pub push: Push,
    #[config(nested)]
    pub webhooks: Webhooks,
}

#[derive(Debug, Clone, confique::Config)]
#[config(layer_attr(serde(deny_unknown_fields)))]
pub struct Server {
    /// Address and port that the server listens on. Port 0 picks a free one and prints it.
    #[config(default = "127.0.0.1:8080", env = "QUARTERDECK_SERVER__LISTEN")]
    pub listen: SocketAddr,

    /// Directory for the database and the generated secrets; made with mode 0700.
    #[config(default = "/var/lib/quarterdeck", env = "QUARTERDECK_SERVER__DATA")]
    pub data: PathBuf,

    /// `sqlite://FILE` or `postgres://USER@HOST/NAME`. Unset: SQLite in the data directory.
    #[config(env = "QUARTERDECK_SERVER__DATABASE")]
    pub database: Option<String>,

    /// The address people type. It decides whether cookies are marked Secure.
    #[config(env = "QUARTERDECK_SERVER__PUBLIC_URL")]
    pub public_url: Option<String>,

    /// Other origins whose pages may call the API with a token: `https://lab.example.org`. None by default.
    #[config(default = [], env = "QUARTERDECK_SERVER__CORS_ORIGINS", parse_env = confique::env::parse::list_by_comma)]
    pub cors_origins: Vec<String>,

    /// Reverse proxies in front of the server, as addresses or networks: `["127.0.0.1", "10.1.0.0/16"]`. What they say
    /// in X-Forwarded-For is believed; nobody else is.
    #[config(default = [], env = "QUARTERDECK_SERVER__TRUSTED_PROXIES", parse_env = confique::env::parse::list_by_comma)]
    pub trusted_proxies: Vec<Network>,
}

#[derive(Debug, Clone, confique::Config)]
#[config(layer_attr(serde(deny_unknown_fields)))]
pub struct SignIn {
    /// Days that a session lasts at most; then one signs in anew.
    #[config(default = 7, env = "QUARTERDECK_SIGN_IN__SESSION_DAYS")]
    pub session_days: u32,

    /// Minutes after which a session ends that nobody uses; all its pages are signed out. Unset: never. What a page
    /// asks by itself is no use of it, an upload is; that somebody reads, pages tell once a minute.
    #[config(env = "QUARTERDECK_SIGN_IN__IDLE_MINUTES")]
    pub idle_minutes: Option<u32>,
}

#[derive(Debug, Clone, confique::Config)]
#[config(layer_attr(serde(deny_unknown_fields)))]
pub struct ApiKeys {
    /// Days that an API key may last at most.
    #[config(default = 365, env = "QUARTERDECK_API_KEYS__MAX_DAYS")]
    pub max_days: u32,
}

impl SignIn {
    pub fn idle(&self) -> Option<TimeDelta> {
        self.idle_minutes.map(|minutes| TimeDelta::minutes(minutes.into()))
    }
}

#[derive(Debug, Clone, confique::Config)]
#[config(layer_attr(serde(deny_unknown_fields)))]
pub struct Agents {
    /// Socket of the launcher, which starts each user's agent.
    #[config(default = "/run/quarterdeck/launcher.sock", env = "QUARTERDECK_AGENTS__LAUNCHER")]
    pub launcher: PathBuf,

    /// Connections kept to one user's agent; also how many of her files are read or written at once.
    #[config(default = 8, env = "QUARTERDECK_AGENTS__CONNECTIONS")]
    pub connections: usize,
}

#[derive(Debug, Clone, confique::Config)]
#[config(layer_attr(serde(deny_unknown_fields)))]
pub struct Slurm {
    /// Offer the Slurm cluster of this host. Unset: yes on a site, no for a single user.
    #[config(env = "QUARTERDECK_SLURM__ENABLED")]
    pub enabled: Option<bool>,

    /// Name of the cluster in addresses of the page and of the API.
    #[config(default = "slurm", env = "QUARTERDECK_SLURM__NAME")]
    pub name: String,

    /// Directory of Slurm's commands.
    #[config(default = "/usr/bin", env = "QUARTERDECK_SLURM__PROGRAMS")]
    pub programs: PathBuf,

    /// Slurm's configuration file, where it is not the one built in.
    #[config(env = "QUARTERDECK_SLURM__CONF")]
    pub conf: Option<PathBuf>,

    /// slurmrestd on this host, to read jobs and nodes from: `unix:/PATH` or `http://127.0.0.1:PORT`. Unset: Slurm's
    /// commands read them, which is cheaper on big clusters.
    #[config(env = "QUARTERDECK_SLURM__REST")]
    pub rest: Option<RestAddress>,

    /// File with a token of the server's own account for slurmrestd, as `scontrol token` prints it; read anew each time.
    /// Unset: slurmrestd knows the server by its socket (`rest_auth/local`).
    #[config(env = "QUARTERDECK_SLURM__REST_TOKEN")]
    pub rest_token: Option<PathBuf>,

    /// Seconds between two readings of the queue. One reading serves everybody.
    #[config(default = 2, env = "QUARTERDECK_SLURM__POLL_SECONDS")]
    pub poll_seconds: u64,
}

#[derive(Debug, Clone, confique::Config)]
#[config(layer_attr(serde(deny_unknown_fields)))]
pub struct Local {
    /// Offer a queue on the portal's own host, for trying Quarterdeck out and for workstations.
    #[config(default = false, env = "QUARTERDECK_LOCAL__ENABLED")]
    pub enabled: bool,

    /// CPUs that its jobs may use together. Unset: all that the host has.
    #[config(env = "QUARTERDECK_LOCAL__CPUS")]
    pub cpus: Option<u32>,
}

#[derive(Debug, Clone, confique::Config)]
#[config(layer_attr(serde(deny_unknown_fields)))]
pub struct Uploads {
    /// Directory beneath a user's home that uploads go to when they name no other.
    #[config(default = "quarterdeck/uploads", env = "QUARTERDECK_UPLOADS__DIRECTORY")]
    pub directory: String,

    /// Largest upload, in bytes.
    #[config(default = 1099511627776u64, env = "QUARTERDECK_UPLOADS__MAX_SIZE")]
    pub max_size: u64,

    /// Bytes that the page sends in one request.
    #[config(default = 8388608, env = "QUARTERDECK_UPLOADS__CHUNK_SIZE")]
    pub chunk_size: u64,

    /// Requests with bytes of uploads that are taken from one user at once.
    #[config(default = 16, env = "QUARTERDECK_UPLOADS__CONCURRENT_PER_USER")]
    pub concurrent_per_user: usize,

    /// Bytes a second that are taken from one user, all her uploads together; more wait. Unset: as many as come.
    #[config(env = "QUARTERDECK_UPLOADS__MAX_BYTES_PER_SECOND")]
    pub max_bytes_per_second: Option<u64>,

    /// Days after its last bytes when an unfinished upload is removed.
    #[config(default = 7, env = "QUARTERDECK_UPLOADS__EXPIRE_DAYS")]
    pub expire_days: u32,

    /// When what came survives a crash of the machine that holds the files: `chunk`: when a request is answered;
    /// `64 MiB`: each time so much more has come; `end`: when the file is whole.
    #[config(default = "chunk", env = "QUARTERDECK_UPLOADS__DURABILITY")]
    pub durability: Durability,

    /// Rules of the site's own for what kind a file is, the first that fits: `["*.odb = result", "run*.dat = mesh if
    /// 4d455348 at 0"]`, with bytes in hexadecimal and their offset. They go before what the content says, and behind
    /// what the user does.
    #[config(default = [], env = "QUARTERDECK_UPLOADS__KIND_RULES", parse_env = confique::env::parse::list_by_comma)]
    pub kind_rules: Vec<Rule>,

    /// What is refused, as far as its content tells: `executables`, `macros` (in Office documents), `pickles`. What is
    /// not refused is warned of.
    #[config(default = [], env = "QUARTERDECK_UPLOADS__REFUSE", parse_env = confique::env::parse::list_by_comma)]
    pub refuse: Vec<Risk>,
}

#[derive(Debug, Clone, confique::Config)]
#[config(layer_attr(serde(deny_unknown_fields)))]
pub struct Jobs {
    /// Directory beneath a user's home in which each job gets a directory of its own, unless it names another.
    #[config(default = "quarterdeck/jobs", env = "QUARTERDECK_JOBS__DIRECTORY")]
    pub directory: String,
}

#[derive(Debug, Clone, confique::Config)]
#[config(layer_attr(serde(deny_unknown_fields)))]
pub struct Templates {
    /// Directory of the job templates: `official/<category>/*.yaml`, `community/`.
    #[config(default = "/usr/share/quarterdeck/templates", env = "QUARTERDECK_TEMPLATES__DIRECTORY")]
    pub directory: PathBuf,
    /// Where a user's own templates lie, beneath her home. Only her agent opens it.
    #[config(default = "quarterdeck/templates", env = "QUARTERDECK_TEMPLATES__PRIVATE")]
    pub private: String,
    /// Who decides that a user's template becomes everybody's, a file in `community/`: `review`: an administrator;
    /// `open`: she who shares it; `off`: nobody, templates are not shared. The server's account has to be able to write
    /// there.
    #[config(default = "review", env = "QUARTERDECK_TEMPLATES__SHARE")]
    pub share: Sharing,
}

/// Who decides that a user's template becomes everybody's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Sharing {
    /// Nobody: templates are not shared.
    Off,
    /// An administrator.
    Review,
    /// Whoever shares it.
    Open,
}

/// Whom people ask for help with a job. The page puts together what there is to know of it; they read and send it.
#[derive(Debug, Clone, confique::Config)]
#[config(layer_attr(serde(deny_unknown_fields)))]
pub struct Support {
    /// Address for mail: `hpc-support@example.org`. Unset: no mail is offered.
    #[config(env = "QUARTERDECK_SUPPORT__EMAIL")]
    pub email: Option<String>,

    /// Page where questions are asked: `https://support.example.org/new`. Unset: none is linked.
    #[config(env = "QUARTERDECK_SUPPORT__URL")]
    pub url: Option<String>,
}

#[derive(Debug, Clone, confique::Config)]
#[config(layer_attr(serde(deny_unknown_fields)))]
pub struct Audit {
    /// File with the key that the audit's events are sealed with; made at the first start with mode 0600. Unset:
    /// `audit.key` in the data directory.
    #[config(env = "QUARTERDECK_AUDIT__KEY")]
    pub key: Option<PathBuf>,

    /// File that says how far the chain of events goes, so that a cut end is found. On another file system than the
    /// database it is worth more. Unset: `audit.head` in the data directory.
    #[config(env = "QUARTERDECK_AUDIT__HEAD")]
    pub head: Option<PathBuf>,

    /// Days that events stay in the database, before they are moved into files of the archive.
    #[config(default = 400, env = "QUARTERDECK_AUDIT__KEEP_DAYS")]
    pub keep_days: u32,

    /// Directory of the archive. Unset: `audit-archive` in the data directory.
    #[config(env = "QUARTERDECK_AUDIT__ARCHIVE")]
    pub archive: Option<PathBuf>,

    /// Socket of a log daemon that gets a copy of each event: `/dev/log` is journald's or rsyslog's. Unset: no copy.
    #[config(env = "QUARTERDECK_AUDIT__SYSLOG")]
    pub syslog: Option<PathBuf>,
}

#[derive(Debug, Clone, confique::Config)]
#[config(layer_attr(serde(deny_unknown_fields)))]
pub struct Limits {
    /// Attempts to sign in, from one address with one name. `off` ends the lock after many failures too.
    #[config(default = "5/min", env = "QUARTERDECK_LIMITS__SIGN_IN")]
    pub sign_in: Quota,

    /// Jobs submitted.
    #[config(default = "60/min, burst 100", env = "QUARTERDECK_LIMITS__SUBMIT")]
    pub submit: Quota,

    /// Uploads begun.
    #[config(default = "20000/h", env = "QUARTERDECK_LIMITS__NEW_UPLOAD")]
    pub new_upload: Quota,

    /// Nodes drained, resumed and the like; one request counts once, however many nodes it names.
    #[config(default = "60/h", env = "QUARTERDECK_LIMITS__NODE_ACTION")]
    pub node_action: Quota,

    /// Nodes rebooted.
    #[config(default = "5/h", env = "QUARTERDECK_LIMITS__REBOOT")]
    pub reboot: Quota,

    /// Scans for images or templates.
    #[config(default = "6/h", env = "QUARTERDECK_LIMITS__SCAN")]
    pub scan: Quota,

    /// Everything else that changes something.
    #[config(default = "300/min", env = "QUARTERDECK_LIMITS__WRITE")]
    pub write: Quota,

    /// Everything else that reads.
    #[config(default = "1200/min", env = "QUARTERDECK_LIMITS__READ")]
    pub read: Quota,
}

impl Limits {
    pub fn of(&self, class: Class) -> Quota {
        match class {
            Class::SignIn => self.sign_in,
            Class::Submit => self.submit,
            Class::NewUpload => self.new_upload,
            Class::NodeAction => self.node_action,
            Class::Reboot => self.reboot,
            Class::Scan => self.scan,
            Class::Write => self.write,
            Class::Read => self.read,
        }
    }
}

#[derive(Debug, Clone, confique::Config)]
#[config(layer_attr(serde(deny_unknown_fields)))]
pub struct Redis {
    /// What several servers share: `redis://[:PASSWORD@]HOST:PORT/DATABASE` or `unix:/PATH`. Unset: each counts for
    /// itself.
    #[config(env = "QUARTERDECK_REDIS__URL")]
    pub url: Option<redis::Address>,

    /// An answer that takes longer is none, and the server goes on by itself.
    #[config(default = 100, env = "QUARTERDECK_REDIS__TIMEOUT_MS")]
    pub timeout_ms: u64,
}

#[derive(Debug, Error)]
pub enum ConfigError {
    #[error("the configuration could not be read: {0}")]
    Unreadable(String),
    #[error("{key}: {problem}")]
    Invalid { key: &'static str, problem: String },
}

impl Config {
    /// Reads the environment, then the file, then the defaults.
    pub fn load(file: Option<&Path>) -> Result<Config, ConfigError> {
        let mut builder = Config::builder().env();
        if let Some(file) = file {
            if !file.is_file() {
                return Err(ConfigError::Unreadable(format!("there is no file {}", file.display())));
            }
            builder = builder.file(file);
        }
        let config = builder.load().map_err(|error| ConfigError::Unreadable(format!("{error:#}")))?;
        config.check()?;
        Ok(config)
    }

    /// The commented file that `quarterdeck config template` prints.
    pub fn template() -> String {
        confique::toml::template::<Config>(confique::toml::FormatOptions::default())
    }

    /// The database's address; SQLite in the data directory unless the site says otherwise.
    pub fn database_url(&self) -> String {
        match &self.server.database {
            Some(url) => url.clone(),
            None => format!("sqlite://{}?mode=rwc", self.server.data.join("quarterdeck.db").display()),
        }
    }

    pub fn offers_slurm(&self, mode: Mode) -> bool {
        self.slurm.enabled.unwrap_or(mode == Mode::MultiUser)
    }

    pub fn cookies_are_secure(&self) -> bool {
        self.tls.files().is_some() || self.server.public_url.as_deref().is_some_and(|url| url.starts_with("https://"))
    }

    /// The name in [`Server::public_url`], in lower case.
    pub fn public_host(&self) -> Option<String> {
        let url = self.server.public_url.as_deref()?;
        let (_, rest) = url.split_once("://")?;
        host::name_of(rest.split(['/', '?', '#']).next()?)
    }

    fn check(&self) -> Result<(), ConfigError> {
        let invalid = |key, problem: &str| Err(ConfigError::Invalid { key, problem: problem.to_owned() });
        let plain =
            |name: &str| !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
        if !plain(&self.slurm.name) || self.slurm.name == LOCAL_CLUSTER {
            return invalid("slurm.name", "choose letters, digits, - and _, and another name than \"local\"");
        }
        let origin = |text: &String| {
            let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
            host.is_some_and(|host| !host.is_empty() && !host.contains(['/', '*', ' ', '@']) && host.is_ascii())
        };
        if let Some(wrong) = self.server.cors_origins.iter().find(|text| !origin(text)) {
            return invalid("server.cors_origins", &format!("\"{wrong}\" is no origin: write https://host"));
        }
        self.tls.check(self.server.public_url.as_deref())?;
        if !(1..=90).contains(&self.sign_in.session_days) {
            return invalid("sign_in.session_days", "choose 1 to 90");
        }
        if self.sign_in.idle_minutes == Some(0) {
            return invalid("sign_in.idle_minutes", "choose 1 or more, or leave it out");
        }
        if !(1..=3650).contains(&self.api_keys.max_days) {
            return invalid("api_keys.max_days", "choose 1 to 3650");
        }
        if matches!((&self.slurm.rest, &self.slurm.rest_token), (Some(RestAddress::Tcp(_)), None)) {
            return invalid("slurm.rest_token", "name a file with a token, or give slurm.rest as unix:/PATH");
        }
        if self.slurm.poll_seconds == 0 {
            return invalid("slurm.poll_seconds", "choose 1 or more");
        }
        if self.uploads.chunk_size < 1 << 20 {
            return invalid("uploads.chunk_size", "choose 1048576 (1 MiB) or more");
        }
        if self.uploads.concurrent_per_user == 0 {
            return invalid("uploads.concurrent_per_user", "choose 1 or more");
        }
        if self.uploads.max_bytes_per_second.is_some_and(|most| most < 1 << 10) {
            return invalid("uploads.max_bytes_per_second", "choose 1024 or more, or leave it out");
        }
        if let Some(Err(error)) = self.redis.url.as_ref().map(redis::Address::check) {
            return invalid("redis.url", &error.to_string());
        }
        if self.redis.timeout_ms == 0 {
            return invalid("redis.timeout_ms", "choose 1 or more");
        }
        if !(1..=64).contains(&self.agents.connections) {
            return invalid("agents.connections", "choose 1 to 64");
        }
        let is_address = |text: &String| {
            let plain = |part: &str| {
                !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.+".contains(&b))
            };
            text.split_once('@').is_some_and(|(name, host)| plain(name) && plain(host))
        };
        if self.support.email.as_ref().is_some_and(|text| !is_address(text)) {
            return invalid("support.email", "write one address: hpc-support@example.org");
        }
        let is_page = |text: &String| {
            let plain = |rest: &str| !rest.is_empty() && !rest.contains(|c: char| c.is_whitespace() || c.is_control());
            text.strip_prefix("https://").or_else(|| text.strip_prefix("http://")).is_some_and(plain)
        };
        if self.support.url.as_ref().is_some_and(|text| !is_page(text)) {
            return invalid("support.url", "write an address that begins with https://");
        }
        if self.audit.keep_days == 0 {
            return invalid("audit.keep_days", "choose 1 or more");
        }
        self.images.check()?;
        self.mail.check()?;
        self.push.check()?;
        for (key, path) in [("uploads.directory", &self.uploads.directory), ("jobs.directory", &self.jobs.directory)] {
            if let Err(error) = quarterdeck_types::RelativePath::parse(path) {
                return invalid(key, &error.to_string());
            }
        }
        Ok(())
    }
}

/// The name of the one-machine queue among the clusters.
pub const LOCAL_CLUSTER: &str = "local";

/// Who the server works for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub enum Mode {
    /// One person, with her own uid: the server starts her agent as its child.
    SingleUser,
    /// A site: the launcher starts the agents.
    MultiUser,
}
