//! The network, played: between clients and Redress, Redress and the PSPs, Redress and the merchants' endpoints. It loses, delays, doubles and cuts; a request that left goes on although its sender dies.

use std::sync::{Arc, Weak};

use axum::body::Body;
use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::{HeaderMap, Request, Response};
use http_body_util::BodyExt;
use redress_psp::transport::{HttpRequest, HttpResponse, Transport, TransportError};
use redress_sandbox::Fault as Cut;
use redress_sandbox::world::{SandboxClock, Spawner};
use serde_json::Value;
use tokio::sync::oneshot;
use tower::ServiceExt;

use crate::defect::Defect;
use crate::exec::{Exec, Group};
use crate::merchant::PSPS_URL;
use crate::plan::Fault;
use crate::psps;
use crate::state::{Run, lock};
use crate::witness::Submit;

/// How long a usual way takes, in microseconds: from and to.
pub(crate) const WAY: (u64, u64) = (200, 5_000);
/// How late what is late arrives, in microseconds: a second to a good deal longer than anybody waits.
pub(crate) const LATE: (u64, u64) = (1_000_000, 25_000_000);

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
        let psp = psps::of_path(&path);
        run.count_at(psp, "exchanges");
        run.note(format_args!(
            "p{} -> psp {} {path} {}",
            self.place,
            request.method,
            brief(&String::from_utf8_lossy(&request.body))
        ));
        self.may_die(run, Fault::CrashBeforeRequest).await;
        if run.strikes_at(Fault::ConnectRefused, psp) {
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
        let submit = run.submit_leaves(psp, &request, &path);
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
        if let (Some(submit), Ok(answer)) = (submit, &answer) {
            run.submit_answered(submit, answer);
        }
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
        // could keep from happening. It must see it, though; where the PSP shows nothing it cannot, so there it is never
        // doubled.
        let psp = psps::of_path(path);
        let submits = psps::is_unkeyed_submit(request.method.as_str(), path);
        let doubled = !submits && run.strikes_at(Fault::RequestDoubled, psp);
        let unkeyed = submits && !psps::is_nameless(psp) && run.strikes_at(Fault::SubmitDoubled, psp);
        if unkeyed {
            let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
            let key = body["reference"]["merchant"].as_str().unwrap_or_default().to_owned();
            lock(&run.doubled).push(key);
        }
        let twice = doubled || unkeyed || (run.defect == Defect::PspActsTwice && submits);
        if twice {
            let (run2, again) = (Arc::clone(run), rebuilt(request, path));
            let leaves = run.leaves(path, request);
            run.exec.spawn(run.outside, async move {
                run2.pause(WAY.0, 3_000_000).await;
                let _ = run2.at_psp(again).await;
                run2.arrived(&leaves);
            });
        }
        let lost = run.strikes_at(Fault::RequestLost, psp);
        let late = run.strikes_at(Fault::RequestLate, psp);
        let (run2, built) = (Arc::clone(run), rebuilt(request, path));
        let leaves = run.leaves(path, request);
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
            if run.strikes_at(Fault::AnswerReset, psp) {
                let _ = reply.send(Err(broken("the connection was reset")));
                return;
            }
            if run.strikes_at(Fault::AnswerLost, psp) {
                reply.closed().await;
                return;
            }
            if run.strikes_at(Fault::AnswerLate, psp) {
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
    fn leaves(&self, path: &str, request: &HttpRequest) -> Bytes {
        let mut all = path.as_bytes().to_vec();
        // Keys are named by headers too.
        request.headers.iter().for_each(|(_, value)| all.extend_from_slice(value.as_bytes()));
        all.extend_from_slice(&request.body);
        let all = Bytes::from(all);
        lock(&self.under_way).push(all.clone());
        all
    }

    fn arrived(&self, body: &Bytes) {
        let mut under_way = lock(&self.under_way);
        if let Some(place) = under_way.iter().position(|other| other == body) {
            under_way.swap_remove(place);
        }
    }

    /// A refund is asked for at a PSP that can tell no two of a payment apart: gives the place of what was written down.
    fn submit_leaves(&self, psp: &str, request: &HttpRequest, path: &str) -> Option<usize> {
        if !psps::is_nameless(psp) || !psps::is_unkeyed_submit(request.method.as_str(), path) {
            return None;
        }
        let body: Value = serde_json::from_slice(&request.body).ok()?;
        let payment = body["RefundPaymentRequestMessage"]["STCPayRefNum"].as_str()?.to_owned();
        let mut submits = lock(&self.submits);
        submits.push(Submit { payment, left: self.exec.now(), answered: None });
        Some(submits.len() - 1)
    }

    fn submit_answered(&self, submit: usize, answer: &HttpResponse) {
        let is_json = serde_json::from_slice::<Value>(&answer.body).is_ok();
        if answer.status < 500 && (answer.status != 200 || is_json) {
            lock(&self.submits)[submit].answered = Some(self.exec.now());
        }
    }

    /// Whether a request that names this, in its path or its body, may still act at a PSP.
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
