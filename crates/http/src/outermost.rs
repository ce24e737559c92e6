//! What every request passes, whatever its path: it gets an id, is counted, and a panic becomes an answer.

use std::cell::RefCell;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, header};
use axum::middleware::Next;
use axum::response::Response;
use futures_util::FutureExt;
use redress_engine::engine::Engine;
use tracing::Instrument;

use crate::current::{ADDED, CURRENT, REQUEST_ID};
use crate::face::Face;
use crate::limits::REQUEST_ID_CHARS_MAX;
use crate::portal;
use crate::problem::Problem;

/// Asked every few seconds, also while they say no; that they begin to, and why, has a line of its own.
const PROBES: [&str; 2] = ["/healthz", "/readyz"];

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
            HeaderValue::try_from(text).unwrap_or(HeaderValue::from_static("-"))
        })
    }
}

fn harmless(id: &[u8]) -> bool {
    (1..=REQUEST_ID_CHARS_MAX).contains(&id.len())
        && id.iter().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(byte))
}

/// The layer around everything.
pub(crate) async fn outermost(State(own): State<Outermost>, request: Request, next: Next) -> Response {
    let face = Face::of(request.uri().path(), request.headers());
    let id = own.request_id(request.headers());
    // Shared, as both metrics keep it.
    let route = request.extensions().get::<MatchedPath>().map_or("none", MatchedPath::as_str);
    let route: Arc<str> = Arc::from(route);
    let method = known(request.method());
    let request_id = id.to_str().unwrap_or_default();
    let span = tracing::info_span!(
        "request",
        request_id,
        method,
        route = &*route,
        status = tracing::field::Empty,
        merchant = tracing::field::Empty,
        refund = tracing::field::Empty,
    );
    let started = own.engine.now();
    // What is told in place of a page of the portal is told in the frame of whoever asks.
    let (parts, body) = request.into_parts();
    let asked = matches!(face, Face::Portal(_)).then(|| parts.clone());
    let request = Request::from_parts(parts, body);
    let answered = AssertUnwindSafe(next.run(request)).catch_unwind().instrument(span.clone());
    let answered = async {
        answered.await.unwrap_or_else(|_| {
            span.in_scope(|| tracing::error!("a handler panicked"));
            face.answer(Problem::Broken)
        })
    };
    let answered = async {
        let mut response = answered.await;
        if let Some(problem) = response.extensions().get::<Problem>().copied() {
            // What the router has put there; all else is the face's to say.
            let allow = response.headers_mut().remove(header::ALLOW);
            response = face.answer(problem);
            response.headers_mut().extend(allow.map(|methods| (header::ALLOW, methods)));
        }
        if let (Face::Portal(language), Some(asked)) = (face, asked) {
            response = portal::guard::finish(response, asked, &own.engine, language).await;
        }
        response.headers_mut().extend(ADDED.with(RefCell::take));
        response
    };
    let answered = ADDED.scope(RefCell::default(), answered);
    let mut response = CURRENT.scope(id.clone(), answered).await;
    let took = own.engine.now().since(started);
    let status = response.status().as_u16();
    // Writing to a span costs microseconds: only what somebody will look for.
    if status >= 400 {
        span.record("status", status);
    }
    let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
    span.in_scope(|| {
        if status >= 400 && !PROBES.contains(&&*route) {
            tracing::info!(status, micros, "answered");
        } else {
            tracing::debug!(status, micros, "answered");
        }
    });
    metrics::histogram!("redress_http_request_seconds", "method" => method, "route" => Arc::clone(&route))
        .record(took);
    metrics::counter!(
        "redress_http_requests_total",
        "method" => method,
        "route" => route,
        "status" => status.to_string()
    )
    .increment(1);
    response.headers_mut().insert(REQUEST_ID, id);
    response
}

/// A method as a label: whoever makes one up makes no new one.
fn known(method: &Method) -> &'static str {
    const KNOWN: [Method; 7] = [
        Method::GET,
        Method::POST,
        Method::PUT,
        Method::PATCH,
        Method::DELETE,
        Method::HEAD,
        Method::OPTIONS,
    ];
    const NAMES: [&str; 7] = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"];
    KNOWN.iter().position(|one| one == method).map_or("other", |at| NAMES[at])
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::body::Body;
    use axum::http::{Request, StatusCode};
    use axum::middleware::from_fn_with_state;
    use axum::routing::get;
    use http_body_util::BodyExt;
    use tower::ServiceExt;

    use super::*;
    use crate::testing::Harness;

    async fn panics() -> &'static str {
        panic!("on purpose: the inside of a handler")
    }

    #[tokio::test]
    async fn a_panic_is_a_500_in_the_faces_shape_and_shows_nothing() {
        let own = Outermost::new(Harness::new().await.engine);
        let router = Router::new()
            .route("/api/x", get(panics))
            .route("/api_v1/x", get(panics))
            .route("/v1/x", get(panics))
            .layer(from_fn_with_state(own, outermost));
        for (path, field) in [("/api/x", "status_code"), ("/api_v1/x", "code"), ("/v1/x", "code")] {
            let request = Request::get(path).body(Body::empty()).unwrap();
            let response = router.clone().oneshot(request).await.unwrap();
            assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
            assert!(response.headers().contains_key(REQUEST_ID));
            let body = response.into_body().collect().await.unwrap().to_bytes();
            let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
            assert!(body.get(field).is_some() && !body.to_string().contains("inside"), "{path}: {body}");
        }
    }

    #[test]
    fn a_method_that_somebody_made_up_makes_no_new_label() {
        assert_eq!(known(&Method::GET), "GET");
        assert_eq!(known(&Method::OPTIONS), "OPTIONS");
        assert_eq!(known(&Method::from_bytes(b"GETT").unwrap()), "other");
    }

    #[test]
    fn an_id_that_could_forge_a_log_line_is_not_taken_over() {
        assert!(harmless(b"0af7651916cd43dd8448eb211c80319c") && harmless(b"a-b_c.d"));
        for id in [&b""[..], b"a b", b"a\"b", b"a\tb", b"a{b", "\u{e9}".as_bytes(), &[b'x'; 65]] {
            assert!(!harmless(id), "{id:?}");
        }
    }
}
