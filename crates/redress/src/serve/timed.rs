//! Reading and writing that end when the other side takes too long.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use redress_engine::world::Clock;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// A span that begins with the first wait and ends with it.
struct Patience {
    clock: Arc<dyn Clock>,
    limit: Duration,
    waiting: Option<BoxFuture<'static, ()>>,
    over: bool,
}

impl Patience {
    fn new(clock: Arc<dyn Clock>, limit: Duration) -> Self {
        Self { clock, limit, waiting: None, over: false }
    }

    /// Ready when the wait has lasted too long, and from then on: whoever reads away what is left of a body asks again.
    fn poll_over(&mut self, context: &mut Context<'_>) -> Poll<()> {
        if !self.over {
            let (clock, limit) = (Arc::clone(&self.clock), self.limit);
            let waiting =
                self.waiting.get_or_insert_with(|| Box::pin(async move { clock.sleep(limit).await }));
            ready!(waiting.as_mut().poll(context));
            self.over = true;
        }
        Poll::Ready(())
    }

    fn begin_anew(&mut self) {
        self.waiting = None;
        self.over = false;
    }
}

/// A request's body that must come whole within a time, from the first wait for it.
pub(super) struct TimedBody {
    inner: Incoming,
    patience: Patience,
}

impl TimedBody {
    pub(super) fn new(inner: Incoming, clock: Arc<dyn Clock>, limit: Duration) -> Self {
        Self { inner, patience: Patience::new(clock, limit) }
    }
}

/// The caller took too long to send the body.
#[derive(Debug, thiserror::Error)]
#[error("the body did not come in time")]
struct BodyTooSlow;

impl Body for TimedBody {
    type Data = Bytes;
    type Error = Box<dyn std::error::Error + Send + Sync>;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        if let Poll::Ready(frame) = Pin::new(&mut self.inner).poll_frame(context) {
            return Poll::Ready(frame.map(|frame| frame.map_err(Into::into)));
        }
        ready!(self.patience.poll_over(context));
        Poll::Ready(Some(Err(BodyTooSlow.into())))
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

/// A connection whose other side must go on reading what is written to it.
pub(super) struct TimedWrites<S> {
    inner: S,
    patience: Patience,
}

impl<S: AsyncWrite + Unpin> TimedWrites<S> {
    pub(super) fn new(inner: S, clock: Arc<dyn Clock>, limit: Duration) -> Self {
        Self { inner, patience: Patience::new(clock, limit) }
    }

    /// Every step forward begins the time anew.
    fn within<T>(&mut self, context: &mut Context<'_>, step: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if step.is_ready() {
            self.patience.begin_anew();
            return step;
        }
        ready!(self.patience.poll_over(context));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for TimedWrites<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_read(context, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for TimedWrites<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let step = Pin::new(&mut self.inner).poll_write(context, bytes);
        self.within(context, step)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let step = Pin::new(&mut self.inner).poll_write_vectored(context, slices);
        self.within(context, step)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let step = Pin::new(&mut self.inner).poll_flush(context);
        self.within(context, step)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let step = Pin::new(&mut self.inner).poll_shutdown(context);
        self.within(context, step)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use redress_core::time::Timestamp;
    use redress_engine::testing::ManualClock;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    const LIMIT: Duration = Duration::from_secs(10);

    #[tokio::test]
    async fn a_reader_that_stops_is_let_go_and_one_that_is_slow_is_not() {
        let clock = Arc::new(ManualClock::new(Timestamp::from_micros(0)));
        let (mut reader, near) = tokio::io::duplex(4);
        let mut writer = TimedWrites::new(near, Arc::clone(&clock) as Arc<dyn Clock>, LIMIT);
        let mut writing = Box::pin(writer.write_all(&[7; 12]));
        assert!(futures_util::poll!(&mut writing).is_pending());
        // It reads at the last moment, again and again: every step forward begins the time anew.
        for _ in 0..2 {
            clock.advance(LIMIT - Duration::from_millis(1));
            reader.read_exact(&mut [0; 4]).await.unwrap();
            let _ = futures_util::poll!(&mut writing);
        }
        writing.await.unwrap();
        let mut writing = Box::pin(writer.write_all(&[7; 12]));
        assert!(futures_util::poll!(&mut writing).is_pending());
        clock.advance(LIMIT);
        assert_eq!(writing.await.unwrap_err().kind(), io::ErrorKind::TimedOut);
        let again = writer.write_all(&[7]).await;
        assert_eq!(again.unwrap_err().kind(), io::ErrorKind::TimedOut, "it stays too late");
    }
}
