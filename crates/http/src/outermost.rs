//! What every request passes, whatever its path: it gets an id, is counted, and a panic becomes an answer.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::Response;
use futures_util::FutureExt;
use redress_engine::engine::Engine;
use tracing::Instrument;

use crate::face::{Face, Problem};
use crate::limits::REQUEST_ID_CHARS_MAX;

/// By this name a request is found in the log; answers carry it too.
pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Makes request ids of the time and a count: no two requests of one process share one.
#[derive(Clone)]
pub(crate) struct Outermost {
    engine: Engine,
    requests: Arc<AtomicU64>,
}

impl Outermost {
    pub(crate) fn new(engine: Engine) -> Self {
        Self { engine, requests: Arc::default() }
    }

    /// The caller's own id where it is harmless, else a new one.
    fn request_id(&self, headers: &HeaderMap) -> HeaderValue {
        headers.get(REQUEST_ID).filter(|id| harmless(id.as_bytes())).cloned().unwrap_or_else(|| {
            let count = self.requests.fetch_add(1, Ordering::Relaxed);
            let text = format!("{:x}-{count:x}", self.engine.now().as_micros());
            HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static("-"))
        })
    }
}

fn harmless(id: &[u8]) -> bool {
    (1..=REQUEST_ID_CHARS_MAX).contains(&id.len())
        && id.iter().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(byte))
}

/// The layer around everything.
pub(crate) async fn outermost(State(own): State<Outermost>, request: Request, next: Next) -> Response {
    let face = Face::of(request.uri().path());
    let id = own.request_id(request.headers());
    let route = request.extensions().get::<MatchedPath>().map_or("none", MatchedPath::as_str).to_owned();
    let request_id = id.to_str().unwrap_or_default();
    let span = tracing::info_span!("request", request_id, method = %request.method(), route);
    let started = own.engine.now();
    let answered = AssertUnwindSafe(next.run(request)).catch_unwind().instrument(span.clone()).await;
    let mut response = answered.unwrap_or_else(|_| {
        span.in_scope(|| tracing::error!("a handler panicked"));
        face.answer(Problem::Broken)
    });
    let micros = own.engine.now().since(started).as_micros();
    let status = response.status().as_u16();
    span.in_scope(|| tracing::debug!(status, micros, "answered"));
    metrics::counter!("redress_http_requests_total", "route" => route, "status" => status.to_string())
        .increment(1);
    response.headers_mut().insert(REQUEST_ID, id);
    response
}
