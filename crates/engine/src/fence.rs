//! The last judgement of a send, right before the socket.

use std::time::Duration;

use futures_util::future::BoxFuture;
use redress_core::id::ProcessId;
use redress_core::state::RefundState;
use redress_psp::transport::{HttpRequest, HttpResponse, Reuse, Transport, TransportError};

use crate::world::Clock;

/// Lets a request through only while the lease outlasts the whole exchange, and over no connection but those that the PSP's
/// recipe allows, whatever its connector says.
pub(crate) struct Fenced<'a> {
    pub(crate) inner: &'a dyn Transport,
    pub(crate) clock: &'a dyn Clock,
    /// Whoever leased it.
    pub(crate) holder: ProcessId,
    pub(crate) state: &'a RefundState,
    /// The longest that the exchange takes.
    pub(crate) needs: Duration,
    pub(crate) reuse: Reuse,
}

impl Transport for Fenced<'_> {
    fn send<'a>(&'a self, mut request: HttpRequest) -> BoxFuture<'a, Result<HttpResponse, TransportError>> {
        if !self.state.may_be_sent_by(self.holder, self.clock.now(), self.needs) {
            let reason = "the right to send ran out".to_owned();
            return Box::pin(std::future::ready(Err(TransportError::NotSent(reason))));
        }
        request.reuse = request.reuse.min(self.reuse);
        self.inner.send(request)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use http::Method;
    use redress_core::recipe::{Absence, Lookup, Recipe, Resend};
    use redress_core::state::Lease;
    use redress_core::time::Timestamp;

    use super::*;
    use crate::testing::ManualClock;

    const NOW: Timestamp = Timestamp::from_micros(1_795_000_000_000_000);
    const NEEDS: Duration = Duration::from_secs(10);
    const US: ProcessId = ProcessId::from_bytes([1; 16]);

    /// Notes over which connections requests were to go.
    #[derive(Default)]
    struct Line(Mutex<Vec<Reuse>>);

    impl Transport for Line {
        fn send<'a>(&'a self, request: HttpRequest) -> BoxFuture<'a, Result<HttpResponse, TransportError>> {
            self.0.lock().unwrap().push(request.reuse);
            Box::pin(async { Err(TransportError::Broken("nobody".into())) })
        }
    }

    /// What reached the line of a request that its connector would send over any connection.
    async fn sent(resend: Resend, lease: Lease) -> Vec<Reuse> {
        let recipe = Recipe { lookup: Lookup::ByKey, resend, absence: Absence::ProvesNothing };
        let (line, clock, state) = (Line::default(), ManualClock::new(NOW), RefundState::Submitting(lease));
        let fenced = Fenced {
            inner: &line,
            clock: &clock,
            holder: US,
            state: &state,
            needs: NEEDS,
            reuse: Reuse::of_submits(&recipe),
        };
        for reuse in [Reuse::Kept, Reuse::JustUsed, Reuse::Never] {
            let mut request = HttpRequest::new(Method::POST, "https://psp.test/");
            request.reuse = reuse;
            fenced.send(request).await.unwrap_err();
        }
        line.0.into_inner().unwrap()
    }

    #[tokio::test]
    async fn a_send_that_is_never_repeated_has_a_connection_of_its_own_whatever_its_connector_says() {
        let lease = Lease { owner: US, until: NOW.plus(NEEDS) };
        assert_eq!(sent(Resend::Never, lease).await, [Reuse::Never; 3]);
        let same_key = Resend::SameKey { window: NEEDS, source: "a test" };
        assert_eq!(sent(same_key, lease).await, [Reuse::JustUsed, Reuse::JustUsed, Reuse::Never]);
    }

    #[tokio::test]
    async fn nothing_leaves_without_a_lease_that_outlasts_it() {
        let same_key = Resend::SameKey { window: NEEDS, source: "a test" };
        let short = Lease { owner: US, until: NOW.plus(NEEDS - Duration::from_micros(1)) };
        assert_eq!(sent(same_key, short).await, []);
        let others = Lease { owner: ProcessId::from_bytes([2; 16]), until: NOW.plus(NEEDS) };
        assert_eq!(sent(same_key, others).await, []);
    }
}
