//! Sends requests to addresses that users name, so that they reach what users could reach from anywhere and nothing
//! else: the internet, and networks that the site allows.
//!
//! A name is looked up once, when the connection is made, and only addresses that are allowed are connected to: what a
//! name means may change between a look and a use. No redirect is followed and no proxy is used.

use std::error::Error as StdError;
use std::iter::successors;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::HeaderMap;
use reqwest::{Client, StatusCode, redirect};
use thiserror::Error;
use url::{Host, Url};

use super::deliver::Failure;
use crate::networks::{Network, is_public};

const NOT_ALLOWED: &str = "address-not-allowed";
const CONNECT_TIME: Duration = Duration::from_secs(5);
const TIME: Duration = Duration::from_secs(15);

pub(super) struct Outgoing {
    allowed: Arc<Allowed>,
    /// Or why there is none: a host without certificate authorities.
    secure: Result<Client, String>,
    /// Without encryption, to services on this host.
    plain: Result<Client, String>,
}

#[derive(Debug, Error)]
#[error("no address that messages may go to")]
pub(super) struct NotAllowed;

impl Outgoing {
    pub fn new(private: &[Network]) -> Outgoing {
        let allowed = Arc::new(Allowed(private.to_vec()));
        let client = |resolver: Arc<dyn Resolve>| {
            Client::builder()
                .user_agent(concat!("Quarterdeck/", env!("CARGO_PKG_VERSION")))
                .redirect(redirect::Policy::none())
                .no_proxy()
                .referer(false)
                .connect_timeout(CONNECT_TIME)
                .timeout(TIME)
                .pool_idle_timeout(Duration::from_secs(30))
                .dns_resolver(resolver)
                .build()
                .map_err(|error| chain(&error))
        };
        let secure = client(Arc::new(Looking { allowed: allowed.clone(), secure: true }));
        let plain = client(Arc::new(Looking { allowed: allowed.clone(), secure: false }));
        Outgoing { allowed, secure, plain }
    }

    /// An address that may be sent to, as far as it can be told before its name is looked up.
    pub fn check(&self, text: &str) -> Result<Url, NotAllowed> {
        let url = Url::parse(text).map_err(|_| NotAllowed)?;
        let secure = match url.scheme() {
            "https" => true,
            "http" if self.allowed.has_own_host() => false,
            _ => return Err(NotAllowed),
        };
        if !url.username().is_empty() || url.password().is_some() {
            return Err(NotAllowed);
        }
        let address = match url.host().ok_or(NotAllowed)? {
            Host::Domain(name) if secure || name == "localhost" => return Ok(url),
            Host::Domain(_) => return Err(NotAllowed),
            Host::Ipv4(address) => IpAddr::from(address),
            Host::Ipv6(address) => IpAddr::from(address),
        };
        if self.allowed.allows(address, secure) { Ok(url) } else { Err(NotAllowed) }
    }

    /// Posts a body; answers the status, and reads nothing of what comes with it.
    pub async fn post(&self, address: &str, headers: HeaderMap, body: Vec<u8>) -> Result<StatusCode, Failure> {
        let url = self.check(address).map_err(|NotAllowed| Failure::Never(NOT_ALLOWED.into()))?;
        let client = if url.scheme() == "https" { &self.secure } else { &self.plain };
        let client = client.as_ref().map_err(|cause| {
            tracing::error!(%cause, "messages cannot be sent");
            Failure::Later("no-authorities".into())
        })?;
        let sent = client.post(url).headers(headers).body(body).send().await;
        sent.map(|response| response.status()).map_err(|error| Failure::Later(reason(&error).into()))
    }
}

/// Addresses that are not the internet's and are allowed all the same.
struct Allowed(Vec<Network>);

impl Allowed {
    fn allows(&self, address: IpAddr, secure: bool) -> bool {
        let address = address.to_canonical();
        let named = || self.0.iter().any(|network| network.contains(address));
        if secure { is_public(address) || named() } else { address.is_loopback() && named() }
    }

    fn has_own_host(&self) -> bool {
        ["127.0.0.1", "::1"].iter().filter_map(|own| own.parse().ok()).any(|own| self.allows(own, false))
    }
}

/// Looks a name up and lets through what is allowed.
struct Looking {
    allowed: Arc<Allowed>,
    secure: bool,
}

impl Resolve for Looking {
    fn resolve(&self, name: Name) -> Resolving {
        let (allowed, secure) = (self.allowed.clone(), self.secure);
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let may: Vec<SocketAddr> = found.filter(|address| allowed.allows(address.ip(), secure)).collect();
            if may.is_empty() {
                return Err(Box::new(NotAllowed) as Box<dyn StdError + Send + Sync>);
            }
            Ok(Box::new(may.into_iter()) as Addrs)
        })
    }
}

/// What a user may know of why it was not sent: nothing of what is inside the site.
fn reason(error: &reqwest::Error) -> &'static str {
    let refused = successors(error.source(), |cause| (*cause).source()).any(|cause| cause.is::<NotAllowed>());
    if refused {
        NOT_ALLOWED
    } else if error.is_timeout() {
        "no-answer"
    } else if error.is_connect() {
        "no-connection"
    } else {
        "connection-broke"
    }
}

fn chain(error: &dyn StdError) -> String {
    let causes = successors(Some(error), |cause| (*cause).source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn allowing(networks: &[&str]) -> Outgoing {
        Outgoing::new(&networks.iter().map(|text| text.parse().unwrap()).collect::<Vec<_>>())
    }

    #[rstest]
    fn only_https_on_the_internet_is_sent_to(
        #[values(
            "http://hooks.example.org/",
            "https://127.0.0.1/",
            "https://[::1]/",
            "https://10.0.0.1/",
            "https://169.254.169.254/latest/meta-data",
            "https://0x7f000001/",
            "https://2130706433/",
            "https://[::ffff:10.0.0.1]/",
            "https://user:word@hooks.example.org/",
            "ftp://hooks.example.org/",
            "file:///etc/passwd",
            "javascript:alert(1)",
            "https://",
            "",
            "hooks.example.org",
            "https://0/"
        )]
        text: &str,
    ) {
        assert!(allowing(&[]).check(text).is_err());
    }

    #[test]
    fn what_the_site_allows_is_sent_to() {
        assert!(allowing(&[]).check("https://hooks.example.org/a?b=c").is_ok());
        assert!(allowing(&["10.1.0.0/16"]).check("https://10.1.2.3/").is_ok());
        assert!(allowing(&["10.1.0.0/16"]).check("http://10.1.2.3/").is_err(), "plain http stays on this host");
        assert!(allowing(&["127.0.0.1"]).check("http://127.0.0.1:4711/").is_ok());
        assert!(allowing(&["127.0.0.1"]).check("http://127.0.0.2:4711/").is_err());
        assert!(allowing(&["127.0.0.1"]).check("http://hooks.example.org/").is_err());
    }

    /// The name is fine; what it means is not.
    #[tokio::test]
    async fn a_name_of_a_private_address_is_not_connected_to() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        for networks in [&[][..], &["10.0.0.0/8"]] {
            let url = format!("https://localhost:{port}/");
            let sent = allowing(networks).post(&url, HeaderMap::new(), Vec::new()).await;
            assert!(matches!(sent, Err(Failure::Later(reason)) if reason.code == NOT_ALLOWED));
        }
        let nobody = tokio::time::timeout(Duration::from_millis(100), listener.accept()).await;
        assert!(nobody.is_err(), "nobody has connected");
    }

    #[tokio::test]
    async fn a_redirect_is_not_followed() {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let server = tokio::spawn(async move {
            let (mut socket, _) = listener.accept().await.unwrap();
            let _ = socket.read(&mut [0; 4096]).await.unwrap();
            let answer = "HTTP/1.1 307 Temporary Redirect\r\nLocation: /other\r\nContent-Length: 0\r\n\r\n";
            socket.write_all(answer.as_bytes()).await.unwrap();
            tokio::time::timeout(Duration::from_millis(200), listener.accept()).await.is_err()
        });
        let status = allowing(&["127.0.0.1"]).post(&url, HeaderMap::new(), Vec::new()).await;
        assert!(matches!(status, Ok(StatusCode::TEMPORARY_REDIRECT)));
        assert!(server.await.unwrap(), "no second request");
    }
}
