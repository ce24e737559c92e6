//! What a caller is still sending when its answer is ready: a body that is too long, or that nobody wanted to read.
//!
//! To answer and hang up would lose the answer to many clients: they are still writing, and the system tells them of a
//! broken connection before they read. So what is left is read first and thrown away, within bounds.

use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use axum::http::{HeaderMap, header};
use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::body::{Body, Frame, SizeHint};

use super::timed::TimedBody;

/// So much is read away at most, in bytes; whoever sends more is hung up on. The time is that for a body.
const LEFT_BYTES_MAX: u64 = 32 * 1024 * 1024;

/// Where a body is left that was not read to its end.
#[derive(Clone, Default)]
pub(super) struct Leftover(Arc<Mutex<Option<TimedBody>>>);

impl Leftover {
    /// The body, which comes back here where it is dropped too early. One that its caller sends only when asked to is
    /// not waited for.
    pub(super) fn keep(&self, body: TimedBody, headers: &HeaderMap) -> KeptBody {
        let asks_first = headers.contains_key(header::EXPECT);
        let too_long = body.size_hint().lower() > LEFT_BYTES_MAX;
        KeptBody { body: Some(body), left: (!asks_first && !too_long).then(|| self.clone()) }
    }

    /// Reads what was left.
    pub(super) async fn read_away(&self) {
        let Some(mut body) = self.slot().take() else { return };
        let mut read = 0;
        while let Some(Ok(frame)) = body.frame().await {
            read += frame.data_ref().map_or(0, |data| data.len() as u64);
            if read > LEFT_BYTES_MAX {
                return;
            }
        }
    }

    fn slot(&self) -> MutexGuard<'_, Option<TimedBody>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A body that is not lost when its reader gives up.
pub(super) struct KeptBody {
    /// None only while it is dropped.
    body: Option<TimedBody>,
    left: Option<Leftover>,
}

impl Drop for KeptBody {
    fn drop(&mut self) {
        if let (Some(left), Some(body)) = (&self.left, self.body.take())
            && !body.is_end_stream()
        {
            *left.slot() = Some(body);
        }
    }
}

impl Body for KeptBody {
    type Data = Bytes;
    type Error = <TimedBody as Body>::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        match &mut self.body {
            Some(body) => Pin::new(body).poll_frame(context),
            None => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body.as_ref().map(Body::size_hint).unwrap_or_default()
    }
}
