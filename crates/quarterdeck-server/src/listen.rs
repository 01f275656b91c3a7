//! Accepts connections and serves them, bounded in number and in the time that a client may take to say what it wants
//! and to take what it is answered: whoever opens a connection and does neither must not keep others out.

mod certificate;
mod https;
mod lanes;
mod linger;
mod taken;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::connect_info::ConnectInfo;
use axum::http::Request;
use axum::response::Response;
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tower::{Service, ServiceExt};

pub(crate) use https::{Https, redirects};
use lanes::Lanes;
use linger::Lingering;
use taken::Taken;

/// A request's head must be here in this time, counted from when it could begin.
const HEAD_TIME: Duration = Duration::from_secs(20);
/// Something of an answer must be taken in this time, as in most proxies.
const TAKE_TIME: Duration = Duration::from_secs(60);
/// Read from a connection at once, which bounds what each costs; a request's head must fit.
const BUFFER_BYTES: usize = 128 << 10;
/// Waited when no connection can be accepted (no descriptor is left).
const PAUSE: Duration = Duration::from_millis(100);

/// Requests of one HTTP/2 connection that are answered side by side; browsers open one connection for all they want.
const STREAMS: u32 = 128;
/// What a client may send of one request, and of all of a connection, before anybody reads it.
const STREAM_WINDOW: u32 = 512 << 10;
const CONNECTION_WINDOW: u32 = 1 << 20;
/// A client is asked whether it is still there, and has so long to say so.
const ASK_EVERY: Duration = Duration::from_secs(30);

/// Serves until `stop` is done; then takes no more and waits for what is under way, `stop_time` at most.
pub(crate) async fn serve(
    listener: TcpListener,
    https: Option<Https>,
    router: Router,
    most_connections: usize,
    stop: impl Future<Output = ()>,
    stop_time: Duration,
) -> io::Result<()> {
    let lanes = Lanes::start()?;
    let places = Arc::new(Semaphore::new(most_connections));
    let graceful = GracefulShutdown::new();
    let protocols = Protocols::new();
    let (going_on, stopping) = watch::channel(());
    let mut stop = std::pin::pin!(stop);
    loop {
        let accepted = tokio::select! {
            accepted = accept(&listener, &places) => accepted,
            () = &mut stop => break,
        };
        let (stream, address, place) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(PAUSE).await;
                continue;
            }
        };
        let service = router.clone().map_request(move |mut request: Request<Incoming>| {
            request.extensions_mut().insert(ConnectInfo(address));
            request.map(axum::body::Body::new)
        });
        let (protocols, https) = (protocols.clone(), https.clone());
        let watcher = graceful.watcher();
        let mut stopping = stopping.clone();
        lanes.spawn(|counted| async move {
            // Fails where no descriptor can be watched any more; the client sees its connection closed.
            let Ok(stream) = TcpStream::from_std(stream) else { return };
            // hyper counts HEAD_TIME only from the first byte.
            let said_something = tokio::select! {
                said = says_something(&stream) => said,
                _ = stopping.changed() => false,
            };
            if !said_something {
                return;
            }
            let service = TowerToHyperService::new(service);
            let stream = Lingering::new(Taken::new(stream, TAKE_TIME, (place, counted)));
            let Some(https) = https else { return serve_connection(stream, protocols.http_1, service, watcher).await };
            // Who speaks no TLS, or none that is safe, hears so from the library.
            let Ok(stream) = https.secure(stream).await else { return };
            let protocol = if https::speaks_http_2(&stream) { protocols.http_2 } else { protocols.http_1 };
            serve_connection(stream, protocol, service, watcher).await;
        });
    }
    drop((listener, going_on));
    let _ = tokio::time::timeout(stop_time, graceful.shutdown()).await;
    Ok(())
}

type Builder = auto::Builder<TokioExecutor>;

/// Which one a connection speaks is known before its first request: plain ones speak HTTP/1.1 (telling the two apart
/// would wait for a first byte without a limit), safe ones say so.
#[derive(Clone)]
struct Protocols {
    http_1: Builder,
    http_2: Builder,
}

impl Protocols {
    fn new() -> Protocols {
        let mut http_1 = Builder::new(TokioExecutor::new()).http1_only();
        http_1.http1().timer(TokioTimer::new()).header_read_timeout(HEAD_TIME).max_buf_size(BUFFER_BYTES);
        let mut http_2 = Builder::new(TokioExecutor::new()).http2_only();
        http_2
            .http2()
            .timer(TokioTimer::new())
            .max_concurrent_streams(STREAMS)
            .max_header_list_size(BUFFER_BYTES as u32)
            .initial_stream_window_size(STREAM_WINDOW)
            .initial_connection_window_size(CONNECTION_WINDOW)
            .keep_alive_interval(ASK_EVERY)
            .keep_alive_timeout(HEAD_TIME);
        Protocols { http_1, http_2 }
    }
}

async fn serve_connection<S, R>(stream: S, protocol: Builder, service: TowerToHyperService<R>, watcher: Watcher)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    R: Service<Request<Incoming>, Response = Response> + Clone + Send + 'static,
    R::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    R::Future: Send,
{
    let connection = protocol.serve_connection_with_upgrades(TokioIo::new(stream), service);
    // A client that went away in the middle is no fault of ours.
    let _ = watcher.watch(connection.into_owned()).await;
}

async fn says_something(stream: &TcpStream) -> bool {
    let peeked = tokio::time::timeout(HEAD_TIME, stream.peek(&mut [0])).await;
    matches!(peeked, Ok(Ok(1..)))
}

async fn accept(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
) -> io::Result<(std::net::TcpStream, SocketAddr, OwnedSemaphorePermit)> {
    let place = places.clone().acquire_owned().await.map_err(io::Error::other)?;
    let (stream, address) = listener.accept().await?;
    stream.set_nodelay(true)?;
    // Watched by the thread that accepts; it is served by another.
    Ok((stream.into_std()?, address, place))
}

/// Lets this process have as many descriptors as it may, and answers how many connections fit among them: files,
/// agents and the database need some too.
pub(crate) fn most_connections() -> usize {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum });
    let now = getrlimit(Resource::Nofile).current.unwrap_or(1 << 20);
    (now / 2).clamp(64, 100_000) as usize
}
