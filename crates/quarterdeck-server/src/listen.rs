//! Accepts connections and serves them, bounded in number and in the time that a client may take to say what it wants
//! and to take what it is answered: whoever opens a connection and does neither must not keep others out.

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
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tower::ServiceExt;

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

/// Serves until `stop` is done; then takes no more and waits for what is under way, `stop_time` at most.
pub(crate) async fn serve(
    listener: TcpListener,
    router: Router,
    most_connections: usize,
    stop: impl Future<Output = ()>,
    stop_time: Duration,
) -> io::Result<()> {
    let lanes = Lanes::start()?;
    let places = Arc::new(Semaphore::new(most_connections));
    let graceful = GracefulShutdown::new();
    // HTTP/2 comes with HTTPS. Without that, telling the two apart would wait for a first byte without a limit.
    let mut builder = auto::Builder::new(TokioExecutor::new()).http1_only();
    builder.http1().timer(TokioTimer::new()).header_read_timeout(HEAD_TIME).max_buf_size(BUFFER_BYTES);
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
        let builder = builder.clone();
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
            let connection = builder.serve_connection_with_upgrades(TokioIo::new(stream), service);
            // A client that went away in the middle is no fault of ours.
            let _ = watcher.watch(connection.into_owned()).await;
        });
    }
    drop((listener, going_on));
    let _ = tokio::time::timeout(stop_time, graceful.shutdown()).await;
    Ok(())
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
