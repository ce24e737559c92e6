//! The network, played: between clients and Redress, Redress and the PSPs, the PSPs and Redress, Redress and the
//! merchants' endpoints. It loses, delays, doubles and cuts; a request that left goes on although its sender dies.

use std::sync::{Arc, Weak};

use axum::body::Body;
use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::{HeaderMap, Request, Response};
use http_body_util::BodyExt;
use redress_psp::transport::{HttpRequest, HttpResponse, Transport, TransportError};
use redress_sandbox::Fault as Cut;
use redress_sandbox::world::{Notification, Notifier, NotifyError, SandboxClock, Spawner};
use serde_json::Value;
use tokio::sync::oneshot;
use tower::ServiceExt;

use crate::defect::Defect;
use crate::exec::{Exec, Group};
use crate::merchant::{PSPS_URL, REDRESS_URL};
use crate::plan::Fault;
use crate::state::{Run, Told, lock};

/// How long a usual way takes, in microseconds: from and to.
const WAY: (u64, u64) = (200, 5_000);
/// How late what is late arrives, in microseconds: a second to a good deal longer than anybody waits.
const LATE: (u64, u64) = (1_000_000, 25_000_000);

/// An answer, read to its end.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

async fn whole(response: Response<Body>) -> Option<Answer> {
    let (parts, body) = response.into_parts();
    let body = body.collect().await.ok()?.to_bytes();
    Some(Answer { status: parts.status.as_u16(), headers: parts.headers, body })
}

impl Run {
    async fn way(&self) {
        self.pause(WAY.0, WAY.1).await;
    }

    /// Sends a request to whichever process serves; `None` when no whole answer came within so many microseconds.
    pub(crate) async fn call_redress(
        self: &Arc<Self>,
        request: Request<Body>,
        patience: u64,
    ) -> Option<Answer> {
        self.way().await;
        let (place, group, serving) = self.any_serving()?;
        let (reply, answer) = oneshot::channel();
        let router = serving.router;
        // A server notices at once, or only when it answers, that its caller is gone.
        let notices = self.rng.chance(5_000);
        self.exec.spawn(group, async move {
            let mut reply = reply;
            let work = async {
                let response = match router.oneshot(request).await {
                    Ok(response) => response,
                    Err(never) => match never {},
                };
                whole(response).await
            };
            let answer = tokio::select! {
                biased;
                answer = work => answer,
                () = reply.closed(), if notices => return,
            };
            let _ = reply.send(answer);
        });
        let waited = self.exec.sleep(patience);
        let answer = tokio::select! {
            biased;
            answer = answer => answer.ok().flatten(),
            () = waited => None,
        };
        if answer.is_none() {
            self.note(format_args!("no answer from p{place}"));
        }
        self.way().await;
        answer
    }
}

/// The way from a process to the PSPs.
pub(crate) struct ToPsps {
    pub(crate) run: Weak<Run>,
    pub(crate) place: usize,
    pub(crate) group: Group,
}

impl Transport for ToPsps {
    fn send<'a>(&'a self, request: HttpRequest) -> BoxFuture<'a, Result<HttpResponse, TransportError>> {
        Box::pin(async move {
            let Some(run) = self.run.upgrade() else { return Err(not_sent("the run is over")) };
            self.exchange(&run, request).await
        })
    }
}

fn not_sent(why: &str) -> TransportError {
    TransportError::NotSent(why.into())
}

fn broken(why: &str) -> TransportError {
    TransportError::Broken(why.into())
}

impl ToPsps {
    async fn exchange(&self, run: &Arc<Run>, request: HttpRequest) -> Result<HttpResponse, TransportError> {
        run.count("exchanges");
        let path = request.url.strip_prefix(PSPS_URL).unwrap_or(&request.url).to_owned();
        run.note(format_args!(
            "p{} -> psp {} {path} {}",
            self.place,
            request.method,
            brief(&String::from_utf8_lossy(&request.body))
        ));
        self.may_die(run, Fault::CrashBeforeRequest).await;
        if run.strikes(Fault::ConnectRefused) {
            run.way().await;
            return Err(not_sent("connection refused"));
        }
        let timeout = u64::try_from(request.timeout.as_micros()).unwrap_or(u64::MAX);
        if !run.calm() && run.exec.now() < *lock(&run.outage_until) {
            if run.rng.chance(5_000) {
                return Err(not_sent("connection refused"));
            }
            run.exec.sleep(timeout).await;
            return Err(broken("no answer in time"));
        }
        let started = run.exec.now();
        let (reply, answer) = oneshot::channel();
        self.deliver(run, &request, &path, reply);
        if run.rng.chance(run.plan.rate(Fault::CrashWhileWaiting)) && !run.calm() {
            let (run, place, group) = (Arc::clone(run), self.place, self.group);
            run.exec.clone().spawn(run.outside, async move {
                run.pause(0, 60_000).await;
                if run.exec.alive(group) && !run.calm() {
                    run.struck(Fault::CrashWhileWaiting);
                    run.kill(place, group);
                }
            });
        }
        let waited = run.exec.sleep(timeout);
        let answer = tokio::select! {
            biased;
            answer = answer => answer.unwrap_or(Err(broken("the connection broke"))),
            () = waited => Err(broken("no answer in time")),
        };
        self.may_die(run, Fault::CrashAtAnswer).await;
        match &answer {
            Ok(answer) => run.note(format_args!(
                "p{} <- psp {} {}",
                self.place,
                answer.status,
                brief(&String::from_utf8_lossy(&answer.body))
            )),
            Err(error) => run.note(format_args!(
                "p{} <- psp {error} after {} ms",
                self.place,
                (run.exec.now() - started) / 1_000
            )),
        }
        answer
    }

    async fn may_die(&self, run: &Arc<Run>, fault: Fault) {
        if run.strikes(fault) {
            run.kill(self.place, self.group);
            std::future::pending::<()>().await;
        }
    }

    /// Sends the request on its way, where nothing of its sender can stop it.
    fn deliver(
        &self,
        run: &Arc<Run>,
        request: &HttpRequest,
        path: &str,
        reply: oneshot::Sender<Result<HttpResponse, TransportError>>,
    ) {
        // A request that is repeated on the way has two effects where the PSP knows no repetition: nothing that Redress
        // could keep from happening. It must see it, though.
        let harmless = path.starts_with("/v2/gateway") || path.contains("list") || path.contains("query");
        let doubled = harmless && run.strikes(Fault::RequestDoubled);
        let submits = request.method == http::Method::POST && path.trim_end_matches('/') == "/v2/refunds";
        let unkeyed = submits && run.strikes(Fault::SubmitDoubled);
        if unkeyed {
            let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
            let key = body["reference"]["merchant"].as_str().unwrap_or_default().to_owned();
            lock(&run.doubled).push(key);
        }
        let twice = doubled || unkeyed || (run.defect == Defect::PspActsTwice && submits);
        if twice {
            let (run2, again) = (Arc::clone(run), rebuilt(request, path));
            let leaves = run.leaves(&request.body);
            run.exec.spawn(run.outside, async move {
                run2.pause(WAY.0, 3_000_000).await;
                let _ = run2.at_psp(again).await;
                run2.arrived(&leaves);
            });
        }
        let lost = run.strikes(Fault::RequestLost);
        let late = run.strikes(Fault::RequestLate);
        let (run2, built) = (Arc::clone(run), rebuilt(request, path));
        let leaves = run.leaves(&request.body);
        run.exec.spawn(run.outside, async move {
            let run = run2;
            let mut reply = reply;
            run.way().await;
            if late {
                run.pause(LATE.0, LATE.1).await;
            }
            if lost {
                run.arrived(&leaves);
                reply.closed().await;
                return;
            }
            let answer = run.at_psp(built).await;
            run.arrived(&leaves);
            if run.strikes(Fault::AnswerReset) {
                let _ = reply.send(Err(broken("the connection was reset")));
                return;
            }
            if run.strikes(Fault::AnswerLost) {
                reply.closed().await;
                return;
            }
            if run.strikes(Fault::AnswerLate) {
                run.pause(LATE.0, LATE.1).await;
            }
            run.way().await;
            let _ = reply.send(answer);
        });
    }
}

fn rebuilt(request: &HttpRequest, path: &str) -> Request<Body> {
    let mut built = Request::builder().method(request.method.clone()).uri(path);
    for (name, value) in &request.headers {
        built = built.header(name, value);
    }
    built.body(Body::from(request.body.clone())).expect("a connector's request is well formed")
}

impl Run {
    fn leaves(&self, body: &Bytes) -> Bytes {
        lock(&self.under_way).push(body.clone());
        body.clone()
    }

    fn arrived(&self, body: &Bytes) {
        let mut under_way = lock(&self.under_way);
        if let Some(place) = under_way.iter().position(|other| other == body) {
            under_way.swap_remove(place);
        }
    }

    /// Whether a request that names this reference may still act at a PSP.
    pub(crate) fn is_under_way(&self, key: &str) -> bool {
        let names_it = |body: &Bytes| body.windows(key.len()).any(|part| part == key.as_bytes());
        lock(&self.under_way).iter().any(names_it)
    }

    pub(crate) async fn at_psp(&self, request: Request<Body>) -> Result<HttpResponse, TransportError> {
        let sandbox = self.sandbox.get().expect("the sandbox is there").clone();
        let response = match sandbox.oneshot(request).await {
            Ok(response) => response,
            Err(never) => match never {},
        };
        if response.extensions().get::<Cut>().is_some() {
            return Err(broken("the connection was reset"));
        }
        let answer = whole(response).await.ok_or_else(|| broken("the body broke off"))?;
        Ok(HttpResponse { status: answer.status, headers: answer.headers, body: answer.body })
    }
}

/// The beginning of a text, on one line.
pub(crate) fn brief(text: &str) -> String {
    const CHARS: usize = 600;
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(CHARS).collect()
}

/// The way from a process to the merchants' endpoints.
pub(crate) struct ToMerchants {
    pub(crate) run: Weak<Run>,
}

impl Transport for ToMerchants {
    fn send<'a>(&'a self, request: HttpRequest) -> BoxFuture<'a, Result<HttpResponse, TransportError>> {
        Box::pin(async move {
            let Some(run) = self.run.upgrade() else { return Err(not_sent("the run is over")) };
            if run.defect == Defect::DeliveryNotSent && run.rng.chance(1_000) {
                return Ok(HttpResponse { status: 200, headers: HeaderMap::new(), body: Bytes::new() });
            }
            let (reply, answer) = oneshot::channel();
            let timeout = u64::try_from(request.timeout.as_micros()).unwrap_or(u64::MAX);
            let run2 = Arc::clone(&run);
            run.exec.spawn(run.outside, async move {
                run2.way().await;
                run2.notified(request, reply).await;
            });
            let waited = run.exec.sleep(timeout);
            tokio::select! {
                biased;
                answer = answer => answer.unwrap_or(Err(broken("the connection broke"))),
                () = waited => Err(broken("no answer in time")),
            }
        })
    }
}

/// The PSPs' clock: nobody moves it.
pub(crate) struct TrueClock(pub(crate) Exec);

impl SandboxClock for TrueClock {
    fn now_ms(&self) -> i64 {
        self.0.now() / 1_000
    }

    fn sleep(&self, duration_ms: u64) -> BoxFuture<'static, ()> {
        Box::pin(self.0.sleep(duration_ms.saturating_mul(1_000)))
    }
}

/// The PSPs' tasks.
pub(crate) struct PspTasks(pub(crate) Exec, pub(crate) Group);

impl Spawner for PspTasks {
    fn spawn(&self, task: BoxFuture<'static, ()>) {
        self.0.spawn_boxed(self.1, task);
    }
}

/// The way from the PSPs to Redress.
pub(crate) struct Notices(pub(crate) Weak<Run>);

impl Notifier for Notices {
    fn post(&self, notification: Notification) -> BoxFuture<'static, Result<u16, NotifyError>> {
        let run = self.0.clone();
        Box::pin(async move {
            let Some(run) = run.upgrade() else {
                return Err(NotifyError { reason: "the run is over".into() });
            };
            run.psp_tells(notification).await
        })
    }
}

/// How long a PSP waits for the answer to a notification, in microseconds.
const NOTICE_PATIENCE: u64 = 5_000_000;

impl Run {
    async fn psp_tells(self: Arc<Self>, notification: Notification) -> Result<u16, NotifyError> {
        self.count("PSP notifications");
        self.note(format_args!("psp tells {}", brief(&notification.body)));
        self.write_down_notice(&notification.body, false);
        if self.strikes(Fault::NoticeRefused) {
            return Err(NotifyError { reason: "connection refused".into() });
        }
        if self.strikes(Fault::NoticeLost) {
            // Some middle box took it and said yes.
            return Ok(200);
        }
        if self.strikes(Fault::NoticeDoubled) {
            let (run, again) = (Arc::clone(&self), notification.clone());
            self.exec.spawn(self.outside, async move {
                run.pause(WAY.0, LATE.1).await;
                run.hand_over(again).await;
            });
        }
        if self.strikes(Fault::NoticeLate) {
            // A queue in between: the PSP is told yes, and it arrives when others have overtaken it.
            let run = Arc::clone(&self);
            self.exec.spawn(self.outside, async move {
                run.pause(LATE.0, LATE.1).await;
                run.hand_over(notification).await;
            });
            return Ok(200);
        }
        let refused = || NotifyError { reason: "no answer".into() };
        self.hand_over(notification).await.map(|answer| answer.status).ok_or_else(refused)
    }

    fn write_down_notice(&self, body: &str, heard: bool) {
        let body: Value = serde_json::from_str(body).unwrap_or_default();
        let (Some(refund), Some(status)) = (body["id"].as_str(), body["status"].as_str()) else { return };
        if ["REFUNDED", "FAILED"].contains(&status) {
            lock(&self.told).push(Told { refund: refund.to_owned(), failed: status == "FAILED", heard });
        }
    }

    async fn hand_over(self: &Arc<Self>, notification: Notification) -> Option<Answer> {
        let path = notification.url.strip_prefix(REDRESS_URL)?.to_owned();
        let mut request = Request::post(path).header("content-type", "application/json");
        for (name, value) in notification.headers {
            request = request.header(name, value);
        }
        let body = notification.body.clone();
        let asked = request.body(Body::from(body.clone())).ok()?;
        let answer = self.call_redress(asked, NOTICE_PATIENCE).await;
        if let Some(answer) = &answer {
            self.note(format_args!("psp was answered {}", answer.status));
            self.judge_status("a PSP", answer);
            if answer.status == 200 {
                self.write_down_notice(&body, true);
            }
        }
        answer
    }
}
