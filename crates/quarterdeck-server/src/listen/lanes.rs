//! Threads that connections are served on, one a core. What a connection does stays on its thread: a request's body is
//! handed from the socket to the file hundreds of times a second, and threads that take work from each other would wake
//! one another each time, which costs more than the handing over.

use std::io;
use std::sync::Arc;
use std::thread;

use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;

pub(super) struct Lanes(Vec<Lane>);

/// Held as long as a connection lives.
pub(super) type Counted = Arc<()>;

struct Lane {
    runtime: Handle,
    connections: Counted,
    /// Ends the thread, and what still runs on it, when it is dropped.
    _going_on: oneshot::Sender<()>,
}

impl Lanes {
    pub(super) fn start() -> io::Result<Lanes> {
        let count = thread::available_parallelism().map_or(1, |cores| cores.get());
        (0..count).map(Lane::start).collect::<io::Result<_>>().map(Lanes)
    }

    /// Serves a connection where there are the fewest.
    pub(super) fn spawn<C: Future<Output = ()> + Send + 'static>(&self, connection: impl FnOnce(Counted) -> C) {
        let emptiest = self.0.iter().min_by_key(|lane| Arc::strong_count(&lane.connections));
        let Some(lane) = emptiest else { return };
        lane.runtime.spawn(connection(lane.connections.clone()));
    }
}

impl Lane {
    fn start(number: usize) -> io::Result<Lane> {
        let runtime = Builder::new_current_thread().enable_all().thread_name(format!("files-{number}")).build()?;
        let handle = runtime.handle().clone();
        let (going_on, ended) = oneshot::channel();
        thread::Builder::new().name(format!("connections-{number}")).spawn(move || {
            let _ = runtime.block_on(ended);
            // A file system that hangs must not keep the server from stopping.
            runtime.shutdown_background();
        })?;
        Ok(Lane { runtime: handle, connections: Arc::default(), _going_on: going_on })
    }
}
