//! A stream of bytes that can be cut from elsewhere, and tells when something has come over it.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::Notify;
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

pub(crate) struct Line<S> {
    inner: S,
    cut: Pin<Box<WaitForCancellationFutureOwned>>,
    heard: Arc<Heard>,
}

/// Whether anything has come.
#[derive(Default)]
pub(crate) struct Heard {
    has: AtomicBool,
    news: Notify,
}

impl Heard {
    pub(crate) async fn wait(&self) {
        // A permit is kept for one who comes late.
        self.news.notified().await;
    }
}

impl<S> Line<S> {
    pub(crate) fn new(inner: S, cut: &CancellationToken) -> (Line<S>, Arc<Heard>) {
        let heard = Arc::new(Heard::default());
        (Line { inner, cut: Box::pin(cut.clone().cancelled_owned()), heard: heard.clone() }, heard)
    }

    fn check(&mut self, context: &mut Context<'_>) -> io::Result<()> {
        match self.cut.as_mut().poll(context) {
            Poll::Ready(()) => Err(io::ErrorKind::ConnectionAborted.into()),
            Poll::Pending => Ok(()),
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Line<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.check(context)?;
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.inner).poll_read(context, buffer);
        if buffer.filled().len() > before && !self.heard.has.swap(true, Ordering::Relaxed) {
            self.heard.news.notify_one();
        }
        read
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Line<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.check(context)?;
        Pin::new(&mut self.inner).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.check(context)?;
        Pin::new(&mut self.inner).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.check(context)?;
        Pin::new(&mut self.inner).poll_shutdown(context)
    }
}
