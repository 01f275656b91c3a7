//! A connection that breaks where its client takes nothing of what is sent to it for too long.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};

pub(super) struct Taken<S, P> {
    stream: S,
    limit: Duration,
    /// Runs while there is no room for more.
    waiting: Option<Pin<Box<Sleep>>>,
    /// Given back when the connection ends, as whatever it ends: a WebSocket goes on without HTTP.
    _places: P,
}

impl<S, P> Taken<S, P> {
    pub(super) fn new(stream: S, limit: Duration, places: P) -> Taken<S, P> {
        Taken { stream, limit, waiting: None, _places: places }
    }

    fn within_time<T>(&mut self, cx: &mut Context<'_>, written: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.waiting = None;
            return written;
        }
        let limit = self.limit;
        let waiting = self.waiting.get_or_insert_with(|| Box::pin(sleep(limit)));
        ready!(waiting.as_mut().poll(cx));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<S: AsyncRead + Unpin, P: Unpin> AsyncRead for Taken<S, P> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl<S: AsyncWrite + Unpin, P: Unpin> AsyncWrite for Taken<S, P> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.within_time(cx, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, pieces);
        self.within_time(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

    use super::*;

    const LIMIT: Duration = Duration::from_millis(300);

    #[tokio::test]
    async fn who_takes_nothing_is_let_go_of() {
        let (ours, _theirs) = duplex(1024);
        let mut connection = Taken::new(ours, LIMIT, ());
        let began = tokio::time::Instant::now();
        let written = connection.write_all(&[7; 4096]).await;
        assert_eq!(written.map_err(|error| error.kind()), Err(io::ErrorKind::TimedOut));
        assert!(began.elapsed() >= LIMIT);
    }

    #[tokio::test]
    async fn who_takes_a_little_now_and_then_gets_all() {
        let (ours, mut theirs) = duplex(1024);
        let taking = tokio::spawn(async move {
            let mut taken = 0;
            let mut piece = [0; 512];
            while let Ok(1..) = theirs.read(&mut piece).await.inspect(|read| taken += read) {
                sleep(LIMIT / 10).await;
            }
            taken
        });
        let mut connection = Taken::new(ours, LIMIT, ());
        connection.write_all(&[7; 8192]).await.unwrap();
        drop(connection);
        assert_eq!(taking.await.unwrap(), 8192);
    }
}
