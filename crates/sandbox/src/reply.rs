//! How a caller is answered, the faults of the wire included.

use axum::body::Body;
use axum::http::{HeaderValue, Response, StatusCode, header};

use crate::due::deliver;
use crate::sandbox::Sandbox;
use crate::script::Answer;
use crate::state::StateError;

/// Name of the response header that stands for a fault where there is no connection to break.
pub const FAULT_HEADER: &str = "x-sandbox-fault";
/// How long a caller that gets no answer is held before the connection is closed, in milliseconds.
const HOLD_MS_MAX: u64 = 120_000;
/// What a broken proxy in front of a PSP may say instead of the PSP's answer.
const GARBAGE: &str = "<html><head><title>Please wait</title></head><body>{\"almost\": json, </body></html>";

/// A fault of the connection, as an extension of a response that must not be sent. [`Sandbox::serve`] resets the
/// connection instead; a transport that works on [`Sandbox::router`] or [`Sandbox::send`] must turn it into an error
/// of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The caller was held as long as the sandbox holds anybody (its own time limit is expected to be shorter):
    /// header value `timeout`.
    Timeout,
    /// The connection breaks without an answer: header value `reset`.
    Reset,
}

/// An HTTP answer of a PSP, before the script has its way with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    /// JSON.
    pub(crate) body: String,
    /// Headers besides the content type.
    pub(crate) headers: Vec<(&'static str, String)>,
}

impl Reply {
    pub(crate) fn new(status: StatusCode, body: String) -> Reply {
        Reply { status, body, headers: Vec::new() }
    }

    /// With one more header.
    pub(crate) fn header(mut self, name: &'static str, value: impl Into<String>) -> Reply {
        self.headers.push((name, value.into()));
        self
    }

    /// The reply as it is.
    pub(crate) fn response(self) -> Response<Body> {
        let mut response = respond(self.status, "application/json", self.body);
        for (name, value) in self.headers {
            if let Ok(value) = HeaderValue::from_str(&value) {
                response.headers_mut().insert(name, value);
            }
        }
        response
    }
}

/// One submit, decided: what the PSP says, and how the caller gets to hear it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Played {
    pub(crate) reply: Reply,
    pub(crate) answer: Answer,
    /// Notifications that must have been tried before the answer.
    pub(crate) notify_first: Vec<i64>,
}

impl Played {
    /// Answered as the PSP answers.
    pub(crate) fn plain(reply: Reply) -> Played {
        Played { reply, answer: Answer::Plain, notify_first: Vec::new() }
    }
}

impl Sandbox {
    /// Answers the caller. Everything that had to happen has been committed before: this may be cut off at any await.
    /// `error_body` is what the PSP says with an HTTP 500.
    pub(crate) async fn answer(&self, played: Played, error_body: &str) -> Response<Body> {
        match played.answer {
            Answer::Plain => {}
            Answer::After { ms } => self.inner.world.clock.sleep(ms).await,
            Answer::Never => {
                self.inner.world.clock.sleep(HOLD_MS_MAX).await;
                return fault(Fault::Timeout);
            }
            Answer::Reset => return fault(Fault::Reset),
            Answer::Error500 => {
                return Reply::new(StatusCode::INTERNAL_SERVER_ERROR, error_body.to_owned()).response();
            }
            Answer::Garbage => return respond(StatusCode::OK, "text/html", GARBAGE.to_owned()),
            Answer::AfterNotification => {
                for seq in played.notify_first {
                    let Some(claimed) = self.claim(seq) else { continue };
                    if let Err(error) = deliver(claimed).await {
                        return state_error(&error);
                    }
                }
            }
        }
        played.reply.response()
    }
}

/// What anybody gets when the sandbox itself is broken.
pub(crate) fn state_error(error: &StateError) -> Response<Body> {
    tracing::error!(%error, "a request could not be played");
    respond(StatusCode::SERVICE_UNAVAILABLE, "text/plain", "the sandbox could not use its state\n".to_owned())
}

fn fault(fault: Fault) -> Response<Body> {
    let (status, name) = match fault {
        Fault::Timeout => (StatusCode::GATEWAY_TIMEOUT, "timeout"),
        Fault::Reset => (StatusCode::BAD_GATEWAY, "reset"),
    };
    let mut response = respond(status, "text/plain", String::new());
    response.headers_mut().insert(FAULT_HEADER, HeaderValue::from_static(name));
    response.extensions_mut().insert(fault);
    response
}

fn respond(status: StatusCode, content_type: &'static str, body: String) -> Response<Body> {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}
