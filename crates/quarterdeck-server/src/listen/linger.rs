//! A connection that is closed only when its client has had time to hear why.
//!
//! Who is answered before all of the request was read is still sending. A socket that is closed with bytes unread resets
//! the connection, and what was answered is lost on the way (RFC 9112, 9.6): instead of "sign in again" a browser would
//! tell of a broken network. So the end is said first, and what still comes is read and dropped for a while.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep};

/// Of the largest request that has a use: a chunk of an upload.
const MOST_BYTES: usize = 64 << 20;
const MOST_TIME: Duration = Duration::from_secs(10);
/// Who sends nothing for so long has heard it, or never will.
const QUIET_TIME: Duration = Duration::from_millis(500);

pub(super) struct Lingering<S> {
    stream: S,
    /// Since the end was said.
    farewell: Option<Farewell>,
}

struct Farewell {
    began: Instant,
    dropped: usize,
    quiet: Pin<Box<Sleep>>,
}

impl<S> Lingering<S> {
    pub(super) fn new(stream: S) -> Lingering<S> {
        Lingering { stream, farewell: None }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for Lingering<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Lingering<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, pieces)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Lingering { stream, farewell } = self.get_mut();
        let farewell = match farewell {
            Some(farewell) => farewell,
            None => {
                ready!(Pin::new(&mut *stream).poll_shutdown(cx))?;
                let quiet = Box::pin(sleep(QUIET_TIME));
                farewell.insert(Farewell { began: Instant::now(), dropped: 0, quiet })
            }
        };
        let mut piece = [0; 16 << 10];
        while farewell.dropped < MOST_BYTES && farewell.began.elapsed() < MOST_TIME {
            let mut buffer = ReadBuf::new(&mut piece);
            match Pin::new(&mut *stream).poll_read(cx, &mut buffer) {
                Poll::Ready(Ok(())) if !buffer.filled().is_empty() => {
                    farewell.dropped += buffer.filled().len();
                    farewell.quiet.as_mut().reset(Instant::now() + QUIET_TIME);
                }
                // The client closed too, or broke.
                Poll::Ready(_) => break,
                Poll::Pending => {
                    ready!(farewell.quiet.as_mut().poll(cx));
                    break;
                }
            }
        }
        Poll::Ready(Ok(()))
    }
}
