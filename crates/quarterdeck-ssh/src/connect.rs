//! A connection to a host, signed in.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use russh::client::{self, ChannelOpenHandle, Handle, Msg, Session};
use russh::keys::{Algorithm, EcdsaCurve, HashAlg, PublicKeyOrCertificate};
use russh::{Channel, ChannelMsg, Preferred};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, lookup_host};
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout};
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::error::{Error, Phase};
use crate::identity::Identity;
use crate::known_hosts::{KnownHosts, Server, Untrusted};
use crate::line::Line;
use crate::sftp::Sftp;

/// What may be on its way to us on one connection: more than is asked for at once.
const WINDOW_BYTES: u32 = 512 << 10;
const PACKET_BYTES: u32 = 32 << 10;
/// How long a jump host that could not be reached is not tried again.
const CLOSED_TIME: Duration = Duration::from_secs(10);

/// A host to be spoken to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Host {
    /// By which `known_hosts` knows it.
    pub server: Server,
    /// Where it is connected to: a name or an address.
    pub address: String,
}

/// How hosts are signed in to.
pub struct Access {
    pub user: String,
    pub identity: Identity,
    pub known_hosts: Arc<KnownHosts>,
    pub jump: Option<JumpHost>,
    pub limits: Limits,
}

/// Through which all others are reached, over one connection.
pub struct JumpHost {
    host: Host,
    user: String,
    connection: Mutex<Way>,
}

/// Whether there is a way through a jump host.
#[derive(Default)]
enum Way {
    #[default]
    Unknown,
    Open(Arc<Connection>),
    /// Since then. Hundreds of nodes are not to wait for it one after the other.
    Closed(Instant, Arc<Error>),
}

/// How long anything may take.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Each of the steps until one is signed in.
    pub phase: Duration,
    /// An answer to one question.
    pub request: Duration,
}

/// A host that has shown who it is, and let us in. Dropping it cuts it, whatever goes on over it.
pub struct Connection {
    handle: Handle<Client>,
    limits: Limits,
    cut: CancellationToken,
    /// The way there.
    _through: Option<Arc<Connection>>,
    _cut_when_dropped: DropGuard,
}

impl JumpHost {
    pub fn new(host: Host, user: String) -> JumpHost {
        JumpHost { host, user, connection: Mutex::default() }
    }

    /// The connection that is there, or a new one.
    async fn connection(&self, access: &Access) -> Result<Arc<Connection>, Arc<Error>> {
        let mut way = self.connection.lock().await;
        match &*way {
            Way::Open(connection) if !connection.handle.is_closed() => return Ok(connection.clone()),
            Way::Closed(since, error) if since.elapsed() < CLOSED_TIME => return Err(error.clone()),
            _ => {}
        }
        let reached = async {
            let stream = dial(&self.host, access.limits.phase).await?;
            greet(stream, access, &self.host, &self.user, None).await
        };
        match reached.await {
            Ok(connection) => {
                let connection = Arc::new(connection);
                *way = Way::Open(connection.clone());
                Ok(connection)
            }
            Err(error) => {
                let error = Arc::new(error);
                *way = Way::Closed(Instant::now(), error.clone());
                Err(error)
            }
        }
    }
}

/// Connects to a host and signs in, strictly: one that `known_hosts` does not know hears nothing of our key.
pub async fn connect(access: &Access, host: &Host) -> Result<Connection, Error> {
    let Some(jump) = &access.jump else {
        let stream = dial(host, access.limits.phase).await?;
        return greet(stream, access, host, &access.user, None).await;
    };
    let of_jump = |error| Error::JumpHost { host: jump.host.server.name.clone(), error };
    let through = jump.connection(access).await.map_err(of_jump)?;
    let asked = through.handle.channel_open_direct_tcpip(&host.address, host.server.port.into(), "127.0.0.1", 0);
    let channel = within(access.limits.phase, Phase::Tcp, asked).await?.map_err(|error| match error {
        russh::Error::ChannelOpenFailure(_) => {
            Error::Unreachable(std::io::Error::other("the jump host could not connect to it"))
        }
        other => of_jump(Arc::new(Error::of_russh(Phase::Tcp, other))),
    })?;
    greet(channel.into_stream(), access, host, &access.user, Some(through)).await
}

impl Connection {
    /// Ends it, whatever goes on over it.
    pub fn cut(&self) {
        self.cut.cancel();
    }

    /// A channel that nothing runs in yet.
    pub(crate) async fn session(&self) -> Result<Channel<Msg>, russh::Error> {
        self.handle.channel_open_session().await
    }

    /// Starts SFTP. Every answer must come within the limit of a request, and all of them until `deadline`.
    pub async fn sftp(&self, deadline: Instant) -> Result<Sftp, Error> {
        let limit = self.limits.phase.min(deadline.saturating_duration_since(Instant::now()));
        let of_russh = |error| Error::of_russh(Phase::Sftp, error);
        let started = within(limit, Phase::Sftp, async {
            let mut channel = self.session().await.map_err(of_russh)?;
            channel.request_subsystem(true, "sftp").await.map_err(of_russh)?;
            loop {
                match channel.wait().await {
                    Some(ChannelMsg::Success) => return Ok(channel),
                    Some(ChannelMsg::Failure) => return Err(Error::NoSftp),
                    Some(ChannelMsg::Close | ChannelMsg::Eof) | None => return Err(Error::Closed(Phase::Sftp)),
                    Some(_) => {}
                }
            }
        });
        let channel = started.await??;
        within(limit, Phase::Sftp, Sftp::start(channel.into_stream(), self.limits.request, deadline, self.cut.clone()))
            .await?
    }
}

async fn dial(host: &Host, limit: Duration) -> Result<TcpStream, Error> {
    let address = (host.address.as_str(), host.server.port);
    let found = within(limit, Phase::Name, lookup_host(address)).await?.map_err(Error::Name)?;
    let found: Vec<_> = found.collect();
    let stream = within(limit, Phase::Tcp, TcpStream::connect(found.as_slice())).await?.map_err(Error::Unreachable)?;
    // What is asked is small, and waited for.
    stream.set_nodelay(true).map_err(Error::Unreachable)?;
    Ok(stream)
}

async fn greet<S: AsyncRead + AsyncWrite + Send + Unpin + 'static>(
    stream: S,
    access: &Access,
    host: &Host,
    user: &str,
    through: Option<Arc<Connection>>,
) -> Result<Connection, Error> {
    let limit = access.limits.phase;
    let cut = CancellationToken::new();
    // Also while it is not signed in: russh goes on by itself until its stream ends.
    let cut_when_dropped = cut.clone().drop_guard();
    let (line, heard) = Line::new(stream, &cut);
    let client = Client { server: host.server.clone(), known_hosts: access.known_hosts.clone() };
    let config = Arc::new(config(&access.known_hosts, &host.server));
    let mut shaking = Box::pin(client::connect_stream(config, line, client));
    let greeted = tokio::select! {
        done = &mut shaking => Some(done),
        heard = timeout(limit, heard.wait()) => match heard {
            Ok(()) => None,
            Err(_) => return Err(Error::TimedOut { phase: Phase::Greeting, limit }),
        },
    };
    let (phase, shaken) = match greeted {
        Some(done) => (Phase::Greeting, done),
        None => (Phase::KeyExchange, within(limit, Phase::KeyExchange, shaking).await?),
    };
    let mut handle = shaken.map_err(|error| match error {
        Refusal::Untrusted(untrusted) => Error::Untrusted(untrusted),
        Refusal::Russh(error) => Error::of_russh(phase, error),
    })?;
    within(limit, Phase::SignIn, access.identity.sign_in(&mut handle, user)).await??;
    Ok(Connection { handle, limits: access.limits, cut, _through: through, _cut_when_dropped: cut_when_dropped })
}

async fn within<T>(limit: Duration, phase: Phase, work: impl Future<Output = T>) -> Result<T, Error> {
    timeout(limit, work).await.map_err(|_| Error::TimedOut { phase, limit })
}

/// Asks the host to show what `known_hosts` can judge.
fn config(known_hosts: &KnownHosts, server: &Server) -> client::Config {
    let judged = known_hosts.judged(server);
    let mut keys: Vec<Algorithm> = judged.keys.iter().flat_map(signed_as).collect();
    // The others too: one that shows another kind of key than it did is told apart from one that shows none.
    keys.extend(
        ALGORITHMS.into_iter().filter(|algorithm| !judged.keys.iter().flat_map(signed_as).any(|key| key == *algorithm)),
    );
    let certificates = if judged.by_certificate { ALGORITHMS.to_vec() } else { Vec::new() };
    client::Config {
        client_id: russh::SshId::Standard(Cow::Borrowed("SSH-2.0-Quarterdeck")),
        window_size: WINDOW_BYTES,
        maximum_packet_size: PACKET_BYTES,
        channel_buffer_size: 16,
        preferred: Preferred {
            key: Cow::Owned(keys),
            host_key_certificates: Cow::Owned(certificates),
            ..Preferred::DEFAULT
        },
        ..client::Config::default()
    }
}

/// Kinds of host keys that are taken. SHA-1 is none.
const ALGORITHMS: [Algorithm; 6] = [
    Algorithm::Ed25519,
    Algorithm::Ecdsa { curve: EcdsaCurve::NistP256 },
    Algorithm::Ecdsa { curve: EcdsaCurve::NistP384 },
    Algorithm::Ecdsa { curve: EcdsaCurve::NistP521 },
    Algorithm::Rsa { hash: Some(HashAlg::Sha512) },
    Algorithm::Rsa { hash: Some(HashAlg::Sha256) },
];

/// An RSA key signs in several ways; a DSA key in none that is taken.
fn signed_as(key: &Algorithm) -> Vec<Algorithm> {
    let is_way = |way: &Algorithm| way == key || (way.clone().is_rsa() && key.clone().is_rsa());
    ALGORITHMS.into_iter().filter(is_way).collect()
}

/// What the host may do to us: show its key, and nothing else.
struct Client {
    server: Server,
    known_hosts: Arc<KnownHosts>,
}

#[derive(Debug)]
enum Refusal {
    Untrusted(Untrusted),
    Russh(russh::Error),
}

impl From<russh::Error> for Refusal {
    fn from(error: russh::Error) -> Refusal {
        Refusal::Russh(error)
    }
}

impl client::Handler for Client {
    type Error = Refusal;

    async fn check_server_key(&mut self, shown: &PublicKeyOrCertificate) -> Result<bool, Refusal> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        self.known_hosts.check(&self.server, shown, now).map_err(Refusal::Untrusted)?;
        Ok(true)
    }

    // What is dropped without an answer is refused: a host has no channel to open to us.

    async fn server_channel_open_forwarded_tcpip(
        &mut self,
        _: Channel<Msg>,
        _: &str,
        _: u32,
        _: &str,
        _: u32,
        _: ChannelOpenHandle,
        _: &mut Session,
    ) -> Result<(), Refusal> {
        Ok(())
    }

    async fn server_channel_open_forwarded_streamlocal(
        &mut self,
        _: Channel<Msg>,
        _: &str,
        _: ChannelOpenHandle,
        _: &mut Session,
    ) -> Result<(), Refusal> {
        Ok(())
    }

    async fn server_channel_open_agent_forward(
        &mut self,
        _: Channel<Msg>,
        _: ChannelOpenHandle,
        _: &mut Session,
    ) -> Result<(), Refusal> {
        Ok(())
    }

    async fn server_channel_open_session(
        &mut self,
        _: Channel<Msg>,
        _: ChannelOpenHandle,
        _: &mut Session,
    ) -> Result<(), Refusal> {
        Ok(())
    }

    async fn server_channel_open_direct_tcpip(
        &mut self,
        _: Channel<Msg>,
        _: &str,
        _: u32,
        _: &str,
        _: u32,
        _: ChannelOpenHandle,
        _: &mut Session,
    ) -> Result<(), Refusal> {
        Ok(())
    }

    async fn server_channel_open_direct_streamlocal(
        &mut self,
        _: Channel<Msg>,
        _: &str,
        _: ChannelOpenHandle,
        _: &mut Session,
    ) -> Result<(), Refusal> {
        Ok(())
    }

    async fn server_channel_open_x11(
        &mut self,
        _: Channel<Msg>,
        _: &str,
        _: u32,
        _: ChannelOpenHandle,
        _: &mut Session,
    ) -> Result<(), Refusal> {
        Ok(())
    }
}
