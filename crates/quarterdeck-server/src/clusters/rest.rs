//! slurmrestd, for sites that have one: the queue and the nodes are read from it, and through Slurm's commands while it
//! fails. Details of one node cost it 2 ms where two commands need twenty; whole lists cost it much more than the
//! commands on big clusters, so that none is asked without being named in the configuration.

use std::net::{IpAddr, SocketAddr};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use chrono::{DateTime, Utc};
use http_body_util::{BodyExt, Empty, Limited};
use hyper::body::Bytes;
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use quarterdeck_slurm::{AnswerError, Job, Node, NodeDetails, json};
use serde::Deserialize;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UnixStream};
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::Fallback;
use crate::config;

/// Newest first; each daemon has a few of them.
const PARSERS: [&str; 8] = ["v0.0.45", "v0.0.44", "v0.0.43", "v0.0.42", "v0.0.41", "v0.0.40", "v0.0.39", "v0.0.38"];
/// An answer that takes longer is none: the commands give one in the meantime.
const TIME: Duration = Duration::from_secs(5);
/// One that fails is asked whether it is there, this often and this long.
const LOOK_EVERY: Duration = Duration::from_secs(15);
const LOOK_TIME: Duration = Duration::from_secs(2);
/// One that is there, and does not answer what it is asked, is asked ever more seldom, down to once in eight minutes.
const MOST_DOUBLINGS: u32 = 5;
/// An answer above this is not believed (20,000 jobs of 24.11 are 185 MB).
const MAX_OUTPUT: usize = 512 << 20;
const MAX_TOKEN: usize = 16 << 10;

/// `unix:/PATH`, or `http://ADDRESS:PORT` of this host, since the token goes there unencrypted.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(try_from = "String")]
pub enum Address {
    Unix(PathBuf),
    Tcp(SocketAddr),
}

impl TryFrom<String> for Address {
    type Error = String;

    fn try_from(text: String) -> Result<Address, String> {
        if let Some(path) = text.strip_prefix("unix:").filter(|path| path.starts_with('/')) {
            return Ok(Address::Unix(path.into()));
        }
        let address = text.strip_prefix("http://").map(|rest| rest.trim_end_matches('/').parse::<SocketAddr>());
        match address {
            Some(Ok(address)) if is_own(address.ip()) => Ok(Address::Tcp(address)),
            Some(Ok(_)) => Err("slurmrestd must be on this host, since the token goes there unencrypted".to_owned()),
            _ => Err("write unix:/PATH or http://127.0.0.1:PORT".to_owned()),
        }
    }
}

pub(super) fn own_name() -> String {
    let uid = nix::unistd::geteuid();
    nix::unistd::User::from_uid(uid).ok().flatten().map_or_else(|| uid.to_string(), |user| user.name)
}

fn is_own(ip: IpAddr) -> bool {
    ip.to_canonical().is_loopback()
}

pub struct Rest {
    address: Address,
    token: Option<PathBuf>,
    /// Whose the token is: 22.05 wants to be told.
    user: String,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Of those that the daemon has, the newest that we know.
    parser: Option<&'static str>,
    failing: Option<Failing>,
    /// Answers that failed one after the other, though it was there.
    in_a_row: u32,
}

struct Failing {
    fallback: Fallback,
    look_at: Instant,
}

impl Rest {
    pub fn new(config: &config::Slurm) -> Option<Rest> {
        let address = config.rest.clone()?;
        Some(Rest { address, token: config.rest_token.clone(), user: own_name(), state: Mutex::default() })
    }

    /// Since when and why it is not read. `None`: it is.
    pub fn fallback(&self) -> Option<Fallback> {
        self.state().failing.as_ref().map(|failing| failing.fallback.clone())
    }

    /// The queue, in the order of [`quarterdeck_slurm::compact::queue`]. `None`: it fails, and the commands are to be
    /// asked.
    pub async fn jobs(&self, now: DateTime<Utc>) -> Option<Vec<Job>> {
        let mut jobs = self.read("jobs", json::parse_jobs, now).await?;
        jobs.sort_by_key(|details| std::cmp::Reverse(details.priority));
        Some(jobs.into_iter().map(|details| details.job).collect())
    }

    /// The nodes by name, like the commands'.
    pub async fn nodes(&self, now: DateTime<Utc>) -> Option<Vec<Node>> {
        let nodes = self.read("nodes", json::parse_nodes, now).await?;
        Some(nodes.into_iter().map(|(node, _)| node).collect())
    }

    /// `name`: of a node in the list.
    pub async fn node(&self, name: &str, now: DateTime<Utc>) -> Option<(Node, NodeDetails)> {
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        if !name.chars().all(plain) {
            return None;
        }
        let nodes = self.read(&format!("node/{name}"), json::parse_nodes, now).await?;
        nodes.into_iter().find(|(node, _)| node.name == name)
    }

    async fn read<T, F>(&self, what: &str, parse: F, now: DateTime<Utc>) -> Option<T>
    where
        T: Send + 'static,
        F: FnOnce(&[u8]) -> Result<T, AnswerError> + Send + 'static,
    {
        let outcome = async {
            let parser = self.parser().await?;
            let answer = self.get(&format!("/slurm/{parser}/{what}"), TIME).await?;
            let parsed =
                tokio::task::spawn_blocking(move || parse(&answer)).await.map_err(|error| error.to_string())?;
            parsed.map_err(|error| Some(error.to_string()))
        };
        match outcome.await {
            Ok(read) => {
                self.recovered();
                Some(read)
            }
            Err(reason) => {
                self.failed(reason, now);
                None
            }
        }
    }

    /// Which of the daemon's parsers to ask. While it fails, only now and then whether it is back; `Err(None)`: it is
    /// not time yet.
    async fn parser(&self) -> Result<&'static str, Option<String>> {
        let known = {
            let state = self.state();
            match &state.failing {
                Some(failing) if Instant::now() < failing.look_at => return Err(None),
                Some(_) => None,
                None => state.parser,
            }
        };
        if let Some(parser) = known {
            return Ok(parser);
        }
        for parser in PARSERS {
            match self.ask(&format!("/slurm/{parser}/ping"), LOOK_TIME).await {
                Ok((StatusCode::NOT_FOUND, _)) => {}
                // Whatever it says of slurmctld: it has this one.
                Ok(_) => {
                    self.state().parser = Some(parser);
                    return Ok(parser);
                }
                Err(reason) => return Err(Some(reason)),
            }
        }
        let (oldest, newest) = (PARSERS[PARSERS.len() - 1], PARSERS[0]);
        Err(Some(format!("slurmrestd has no parser from {oldest} to {newest}")))
    }

    fn recovered(&self) {
        let mut state = self.state();
        state.in_a_row = 0;
        if state.failing.take().is_some() {
            tracing::info!("slurmrestd is read again");
        }
    }

    fn failed(&self, reason: Option<String>, now: DateTime<Utc>) {
        let Some(reason) = reason else { return };
        let mut state = self.state();
        // What pings and does not answer would hold up each reading.
        let was_there = state.failing.is_none() || state.parser.is_some();
        state.in_a_row = if was_there { state.in_a_row + 1 } else { 0 };
        let pause = LOOK_EVERY * (1 << state.in_a_row.saturating_sub(1).min(MOST_DOUBLINGS));
        // Another version may come back.
        state.parser = None;
        let since = match &state.failing {
            Some(failing) => failing.fallback.since,
            None => {
                tracing::warn!(reason, "slurmrestd cannot be read: Slurm's commands are used");
                now
            }
        };
        state.failing = Some(Failing { fallback: Fallback { since, reason }, look_at: Instant::now() + pause });
    }

    async fn get(&self, path: &str, time: Duration) -> Result<Vec<u8>, Option<String>> {
        let (status, answer) = self.ask(path, time).await.map_err(Some)?;
        if status == StatusCode::OK {
            return Ok(answer);
        }
        // Errors come with Slurm's words, or as text.
        Err(Some(match json::parse_jobs(&answer) {
            Err(error @ AnswerError::Slurm { .. }) => format!("slurmrestd answered {status}: {error}"),
            _ => format!("slurmrestd answered {status}"),
        }))
    }

    async fn ask(&self, path: &str, time: Duration) -> Result<(StatusCode, Vec<u8>), String> {
        let exchange = async {
            match &self.address {
                Address::Unix(socket) => self.exchange(path, UnixStream::connect(socket).await).await,
                Address::Tcp(address) => self.exchange(path, TcpStream::connect(address).await).await,
            }
        };
        let late = || format!("slurmrestd did not answer within {} s", time.as_secs());
        tokio::time::timeout(time, exchange).await.map_err(|_| late())?
    }

    /// One connection a request: they are few, and a daemon that was restarted is no special case.
    async fn exchange(
        &self,
        path: &str,
        stream: std::io::Result<impl AsyncRead + AsyncWrite + Unpin + Send + 'static>,
    ) -> Result<(StatusCode, Vec<u8>), String> {
        let stream = stream.map_err(|error| format!("slurmrestd cannot be reached: {error}"))?;
        let broken = |error: hyper::Error| format!("slurmrestd broke off: {error}");
        let mut request = Request::get(path).header("Host", "localhost").header("Accept", "application/json");
        if let Some(token) = self.token()? {
            request = request.header("X-SLURM-USER-NAME", &self.user).header("X-SLURM-USER-TOKEN", token);
        }
        let request = request.body(Empty::<Bytes>::new()).map_err(|_| "slurm.rest_token holds no token".to_owned())?;
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(broken)?;
        // Ends with this exchange, whatever becomes of it.
        let mut driver = JoinSet::new();
        driver.spawn(connection);
        let (head, body) = sender.send_request(request).await.map_err(broken)?.into_parts();
        let body = Limited::new(body, MAX_OUTPUT).collect().await;
        let body = body.map_err(|error| format!("slurmrestd broke off: {error}"))?.to_bytes();
        Ok((head.status, body.into()))
    }

    /// Read each time, since the site renews it.
    fn token(&self) -> Result<Option<String>, String> {
        let Some(path) = &self.token else { return Ok(None) };
        let failed = |error: std::io::Error| format!("slurm.rest_token ({}): {error}", path.display());
        let mode = std::fs::metadata(path).map_err(failed)?.permissions().mode();
        if mode & 0o007 != 0 {
            return Err(format!("slurm.rest_token ({}) may be read by others: chmod 640 it", path.display()));
        }
        let text = std::fs::read_to_string(path).map_err(failed)?;
        // As `scontrol token` prints it, too.
        let token = text.trim();
        let token = token.strip_prefix("SLURM_JWT=").unwrap_or(token);
        if token.is_empty() || token.len() > MAX_TOKEN {
            return Err(format!("slurm.rest_token ({}) holds no token", path.display()));
        }
        Ok(Some(token.to_owned()))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("unix:/run/slurmrestd.sock", Some(Address::Unix("/run/slurmrestd.sock".into())))]
    #[case("http://127.0.0.1:6820", Some(Address::Tcp(([127, 0, 0, 1], 6820).into())))]
    #[case("http://127.9.9.9:6820/", Some(Address::Tcp(([127, 9, 9, 9], 6820).into())))]
    #[case("http://[::1]:6820", Some(Address::Tcp("[::1]:6820".parse().unwrap())))]
    #[case("http://10.0.0.1:6820", None)]
    #[case("http://slurm.example.org:6820", None)]
    #[case("https://127.0.0.1:6820", None)]
    #[case("unix:relative", None)]
    #[case("", None)]
    fn slurmrestd_is_on_this_host(#[case] text: &str, #[case] address: Option<Address>) {
        assert_eq!(Address::try_from(text.to_owned()).ok(), address);
    }
}
