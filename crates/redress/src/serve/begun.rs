//! The requests of a connection that were begun and whose answers are not out yet.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::task::{Context, Poll};

use axum::body::{Body, Bytes, HttpBody};
use hyper::body::{Frame, SizeHint};

/// How many there are.
#[derive(Clone, Default)]
pub(super) struct Begun(Arc<AtomicUsize>);

/// One of them, until it is dropped.
pub(super) struct OneBegun(Begun);

impl Begun {
    /// From now on there is one more.
    pub(super) fn one(&self) -> OneBegun {
        self.0.fetch_add(1, Relaxed);
        OneBegun(self.clone())
    }

    /// Whether there is none.
    pub(super) fn is_none(&self) -> bool {
        self.0.load(Relaxed) == 0
    }
}

impl OneBegun {
    /// It is over when this body is out.
    pub(super) fn until_out(self, body: Body) -> Body {
        Body::new(Counted { body, _one: self })
    }
}

impl Drop for OneBegun {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Relaxed);
    }
}

/// The body of an answer.
struct Counted {
    body: Body,
    _one: OneBegun,
}

impl HttpBody for Counted {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_request_is_over_when_the_body_of_its_answer_is_out() {
        let begun = Begun::default();
        assert!(begun.is_none());
        let body = begun.one().until_out(Body::from("done"));
        assert!(!begun.is_none());
        assert_eq!((body.size_hint().exact(), body.is_end_stream()), (Some(4), false));
        assert_eq!(axum::body::to_bytes(body, 10).await.unwrap(), "done");
        assert!(begun.is_none());
        drop(begun.one());
        assert!(begun.is_none(), "its caller hung up");
    }
}
