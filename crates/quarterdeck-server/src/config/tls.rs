//! HTTPS by the server itself.

use std::net::SocketAddr;
use std::path::PathBuf;

use super::ConfigError;

/// HTTPS by the server itself. Without a certificate it speaks plain HTTP: on this machine, or behind a proxy.
#[derive(Debug, Clone, confique::Config)]
#[config(layer_attr(serde(deny_unknown_fields)))]
pub struct Tls {
    /// The certificate, and after it those that lead to its authority, as PEM. Read again when it changes.
    #[config(env = "QUARTERDECK_TLS__CERTIFICATE")]
    pub certificate: Option<PathBuf>,

    /// Its private key as PEM, readable for the server's user alone.
    #[config(env = "QUARTERDECK_TLS__KEY")]
    pub key: Option<PathBuf>,

    /// Address and port for plain HTTP that sends people to `server.public_url`: `0.0.0.0:80`.
    #[config(env = "QUARTERDECK_TLS__REDIRECT_LISTEN")]
    pub redirect_listen: Option<SocketAddr>,
}

/// What the site's certificate is read from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateFiles {
    pub certificate: PathBuf,
    pub key: PathBuf,
}

impl Tls {
    /// `None`: plain HTTP.
    pub fn files(&self) -> Option<CertificateFiles> {
        let (certificate, key) = (self.certificate.clone()?, self.key.clone()?);
        Some(CertificateFiles { certificate, key })
    }

    pub(super) fn check(&self, public_url: Option<&str>) -> Result<(), ConfigError> {
        let invalid = |key, problem: &str| Err(ConfigError::Invalid { key, problem: problem.to_owned() });
        match (&self.certificate, &self.key) {
            (Some(_), None) => return invalid("tls.key", "name the certificate's private key, or neither"),
            (None, Some(_)) => return invalid("tls.certificate", "name the key's certificate, or neither"),
            _ => {}
        }
        let is_safe = public_url.is_some_and(|url| url.starts_with("https://"));
        if self.redirect_listen.is_some() && !is_safe {
            return invalid("tls.redirect_listen", "name the address that people are sent to as server.public_url");
        }
        if self.certificate.is_some() && public_url.is_some() && !is_safe {
            return invalid("server.public_url", "it begins with https:// where there is a certificate");
        }
        Ok(())
    }
}
