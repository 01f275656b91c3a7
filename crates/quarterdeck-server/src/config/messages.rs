//! How messages leave the portal: mail, push and webhooks.

use std::path::PathBuf;

use confique::Config;
use serde::Deserialize;

use super::ConfigError;
use crate::networks::Network;

#[derive(Debug, Clone, Config)]
#[config(layer_attr(serde(deny_unknown_fields)))]
pub struct Mail {
    /// The mail server that takes messages: `smtp.example.org`, `smtp.example.org:587`. Unset: no mail is sent.
    #[config(env = "QUARTERDECK_MAIL__SERVER")]
    pub server: Option<String>,

    /// How the connection is secured: `starttls`, `tls` from its beginning, or `none` (for a server on this host).
    #[config(default = "starttls", env = "QUARTERDECK_MAIL__SECURITY")]
    pub security: Security,

    /// Who the messages are from: `Quarterdeck <quarterdeck@example.org>`. Needed where there is a server.
    #[config(env = "QUARTERDECK_MAIL__FROM")]
    pub from: Option<String>,

    /// Name to sign in with at the mail server. Unset: without signing in.
    #[config(env = "QUARTERDECK_MAIL__USERNAME")]
    pub username: Option<String>,

    /// File with the password for it, on its first line; readable by the server alone (mode 0600).
    #[config(env = "QUARTERDECK_MAIL__PASSWORD_FILE")]
    pub password_file: Option<PathBuf>,

    /// File (PEM) with a certificate authority of the site's own that the mail server's certificate is from.
    #[config(env = "QUARTERDECK_MAIL__AUTHORITY")]
    pub authority: Option<PathBuf>,

    /// Domains that users may have mail sent to: `["example.org"]`. None: any.
    #[config(default = [], env = "QUARTERDECK_MAIL__DOMAINS", parse_env = confique::env::parse::list_by_comma)]
    pub domains: Vec<String>,
}

/// How a connection to the mail server is secured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Security {
    Starttls,
    Tls,
    None,
}

#[derive(Debug, Clone, Config)]
#[config(layer_attr(serde(deny_unknown_fields)))]
pub struct Push {
    /// Whom the browsers' push services may write to when something is wrong: `mailto:admin@example.org` or an
    /// `https://` address. Unset: no push messages are sent.
    #[config(env = "QUARTERDECK_PUSH__CONTACT")]
    pub contact: Option<String>,

    /// File with the key that push messages are signed with; made at the first start with mode 0600. Browsers
    /// subscribe to it: a new one ends all subscriptions. Unset: `push.key` in the data directory.
    #[config(env = "QUARTERDECK_PUSH__KEY")]
    pub key: Option<PathBuf>,

    /// Addresses that are not the internet's and that push messages may go to all the same: a push service of the
    /// site's own. Plain http is spoken to those of this host alone.
    #[config(default = [], env = "QUARTERDECK_PUSH__PRIVATE_NETWORKS", parse_env = confique::env::parse::list_by_comma)]
    pub private_networks: Vec<Network>,
}

#[derive(Debug, Clone, Config)]
#[config(layer_attr(serde(deny_unknown_fields)))]
pub struct Webhooks {
    /// Whether users may have messages sent to web addresses of theirs.
    #[config(default = true, env = "QUARTERDECK_WEBHOOKS__ENABLED")]
    pub enabled: bool,

    /// File with the key that each user's signing secret is derived from; made at the first start with mode 0600. A
    /// new one makes all secrets new. Unset: `webhook.key` in the data directory.
    #[config(env = "QUARTERDECK_WEBHOOKS__KEY")]
    pub key: Option<PathBuf>,

    /// Addresses that are not the internet's and that webhooks may go to all the same: `["10.1.2.0/24"]`. Whoever
    /// listens there hears what any user sends. Plain http is spoken to those of this host alone.
    #[config(default = [], env = "QUARTERDECK_WEBHOOKS__PRIVATE_NETWORKS", parse_env = confique::env::parse::list_by_comma)]
    pub private_networks: Vec<Network>,
}

impl Mail {
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        let invalid = |key, problem: &str| Err(ConfigError::Invalid { key, problem: problem.to_owned() });
        if self.server.is_none() {
            return Ok(());
        }
        if self.host_and_port().is_none() {
            return invalid("mail.server", "write a name or an address, and maybe a port: smtp.example.org:587");
        }
        let from = self.from.as_deref().map(str::parse::<lettre::message::Mailbox>);
        if !matches!(from, Some(Ok(_))) {
            return invalid("mail.from", "name a sender: Quarterdeck <quarterdeck@example.org>");
        }
        if self.username.is_some() != self.password_file.is_some() {
            return invalid("mail.password_file", "give username and password_file, or neither");
        }
        if self.username.is_some() && self.security == Security::None {
            return invalid("mail.security", "a password is sent over tls or starttls alone");
        }
        Ok(())
    }

    /// Where the mail server is; `None`: there is none, or this cannot be read.
    pub fn host_and_port(&self) -> Option<(String, u16)> {
        let server = self.server.as_deref()?;
        let usual = match self.security {
            Security::Starttls => 587,
            Security::Tls => 465,
            Security::None => 25,
        };
        let (host, port) = match server.rsplit_once(':') {
            Some((host, port)) => (host, port.parse().ok()?),
            None => (server, usual),
        };
        let plain = host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-".contains(&byte));
        (plain && !host.is_empty()).then(|| (host.to_owned(), port))
    }
}

impl Push {
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        match self.contact.as_deref() {
            Some(contact) if !contact.starts_with("mailto:") && !contact.starts_with("https://") => {
                let problem = "write mailto:admin@example.org or an https:// address".to_owned();
                Err(ConfigError::Invalid { key: "push.contact", problem })
            }
            _ => Ok(()),
        }
    }
}
