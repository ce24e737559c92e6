//! The merchants' programs: they ask for refunds, repeat what was not answered, ask for too much, for what is not
//! theirs and for nonsense, and write down what they were told.

use std::sync::Arc;

use axum::body::Body;
use http::Request;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::defect::Defect;
use crate::merchant::Payment;
use crate::network::{Answer, brief};
use crate::plan::Fault;
use crate::planted::{answered, heard};
use crate::state::{Run, lock};
use crate::wire::{major, portone_token, sgate_signature};
use crate::witness::{Acknowledged, Face, Wish};

mod answers;
mod own_api;
mod withdrawals;

/// How long a client waits for an answer, in microseconds.
const PATIENCE: u64 = 4_000_000;
/// How often a client repeats what was not answered.
const REPEATS_MAX: u32 = 6;
/// When every payment was captured, as RFC 3339 writes the time at which a run begins.
const CAPTURED_AT: &str = "2026-11-18T15:06:40Z";

/// PortOne's answer to creating and to listing.
#[derive(Deserialize)]
struct Refunds {
    #[serde(rename = "amountToRefund")]
    _left: Box<RawValue>,
    #[serde(rename = "refundDetails")]
    details: Vec<Detail>,
}

#[derive(Deserialize)]
struct Detail {
    refund_id: String,
    amount: Box<RawValue>,
    refund_status: String,
    refund_reason: String,
}

/// SGate's answer to creating.
#[derive(Deserialize)]
struct Created {
    id: String,
    amount: Box<RawValue>,
    status: String,
}

impl Run {
    /// Decides what clients will ask for, and starts them.
    pub(crate) fn start_clients(self: &Arc<Self>) {
        for number in 0..self.plan.wishes {
            let wish = self.wish(number);
            lock(&self.wishes).push(wish);
            let twin = self.rng.chance(1_500);
            let span = if self.plan.burst { 60_000 } else { self.plan.fault_seconds * 800_000 };
            let at = self.rng.below(span);
            for late in [false, true] {
                if late && !twin {
                    continue;
                }
                let run = Arc::clone(self);
                self.exec.spawn(self.clients, async move {
                    run.exec.sleep(at).await;
                    if late {
                        run.pause(0, 200_000).await;
                    }
                    run.pursue(number).await;
                });
            }
        }
        for number in 0..self.plan.merchants {
            let run = Arc::clone(self);
            self.exec.spawn(self.clients, async move { run.read_now_and_then(number).await });
        }
    }

    fn wish(&self, number: usize) -> Wish {
        let merchants = self.merchants();
        let merchant = self.rng.index(merchants.len());
        let owner = if self.rng.chance(500) { (merchant + 1) % merchants.len() } else { merchant };
        let payment = self.rng.pick(&merchants[owner].payments);
        let face = *self.rng.pick(&[Face::Portone, Face::Sgate, Face::Own]);
        // SGate has two decimals at most, for every currency.
        let step = if face == Face::Sgate && payment.kind.decimals == 3 { 10 } else { 1 };
        let minor = match self.rng.below(8) {
            0 if face != Face::Sgate => None,
            0 | 1 => Some(payment.captured),
            2 => Some(payment.captured + 1_000),
            3..=5 => Some(payment.captured / 3 / step * step),
            _ => Some(1_000 + i64::try_from(self.rng.below(9)).unwrap_or(0) * 100),
        };
        let keyed = self.rng.chance(8_000);
        Wish {
            number,
            merchant,
            owner,
            order_ref: payment.order_ref.clone(),
            face,
            key: keyed.then(|| format!("key-{number}-{}", self.rng.below(1_000_000))),
            minor,
            wrong: self.rng.chance(700),
            sent: 0,
            made: 0,
            acknowledged: Vec::new(),
            refused: Vec::new(),
        }
    }

    fn payment_of(&self, wish: &Wish) -> Payment {
        let payments = &self.merchants()[wish.owner].payments;
        payments.iter().find(|payment| payment.order_ref == wish.order_ref).expect("a wish names one").clone()
    }

    /// Sends a wish until it is answered, as far as it may be repeated, and sometimes once more.
    async fn pursue(self: &Arc<Self>, number: usize) {
        let keyed = lock(&self.wishes)[number].key.is_some();
        for repeat in 0..REPEATS_MAX {
            let answered = self.ask(number).await;
            if answered {
                break;
            }
            // Without a key a repeat could be a second refund.
            if !keyed {
                return;
            }
            self.pause(100_000, 2_000_000 << repeat.min(2)).await;
        }
        self.look_after(number).await;
        if keyed && self.rng.chance(3_000) {
            self.pause(10_000, 20_000_000).await;
            self.ask(number).await;
        }
        if keyed && self.rng.chance(1_500) {
            self.reuse_key(number).await;
        }
    }

    /// True when the answer says what became of the wish.
    async fn ask(self: &Arc<Self>, number: usize) -> bool {
        let wish = {
            let mut wishes = lock(&self.wishes);
            wishes[number].sent += 1;
            wishes[number].clone()
        };
        let request = self.request(&wish, wish.minor);
        self.note(format_args!(
            "client w{number} M{} {:?} {} {:?}",
            wish.merchant, wish.face, wish.order_ref, wish.minor
        ));
        let Some(answer) = self.sent(request).await else { return false };
        let answer = answered(self.defect, wish.face, answer);
        self.note(format_args!(
            "client w{number} is told {} {}",
            answer.status,
            brief(&String::from_utf8_lossy(&answer.body))
        ));
        self.judge(wish.merchant, &answer, &wish.order_ref);
        self.judge_shape(wish.face, &answer);
        match wish.face {
            Face::Own => self.write_down_own(&wish, &answer),
            Face::Portone | Face::Sgate => self.write_down(&wish, &answer),
        }
        answer.status != 503
    }

    /// What a client does with a refund that it was told of, where the face allows it.
    async fn look_after(self: &Arc<Self>, number: usize) {
        let wish = lock(&self.wishes)[number].clone();
        let Some(told) = wish.acknowledged.first().filter(|_| wish.face == Face::Own) else { return };
        if self.rng.chance(3_500) {
            self.withdraw(&wish, &told.id).await;
        }
        if self.rng.chance(4_000) {
            self.read_back(&wish, told).await;
        }
    }

    /// A client and its network.
    async fn sent(self: &Arc<Self>, request: Request<Body>) -> Option<Answer> {
        self.count("requests");
        if self.strikes(Fault::ClientNotHeard) {
            return None;
        }
        let hangs_up = self.strikes(Fault::ClientHangsUp);
        let patience = if hangs_up { self.rng.between(1_000, 600_000) } else { PATIENCE };
        let answer = self.call_redress(request, patience).await;
        if self.strikes(Fault::ClientAnswerLost) {
            return None;
        }
        answer
    }

    fn request(&self, wish: &Wish, minor: Option<i64>) -> Request<Body> {
        let payment = self.payment_of(wish);
        let reason = self.reason(wish);
        let wish = &heard(self.defect, wish);
        match wish.face {
            Face::Portone => self.portone_request(wish, &payment, minor, &reason),
            Face::Sgate => self.sgate_request(wish, &payment, minor, &reason),
            Face::Own => self.own_request(wish, &payment, minor, &reason),
        }
    }

    /// By this a wish's refund is recognised everywhere: its reason, or its description where reasons are a list.
    pub(crate) fn reason(&self, wish: &Wish) -> String {
        format!("w{} of {}", wish.number, self.merchants()[wish.merchant].code)
    }

    fn portone_request(
        &self,
        wish: &Wish,
        payment: &Payment,
        minor: Option<i64>,
        reason: &str,
    ) -> Request<Body> {
        let kind = if minor.is_some() { "partial" } else { "full" };
        let mut amount = minor
            .map_or_else(String::new, |sum| format!(r#""amount":{},"#, major(sum, payment.kind.decimals)));
        let (mut channel, mut environment) = (payment.kind.channel, "sandbox");
        if wish.wrong {
            match wish.number % 5 {
                0 => amount = r#""amount":-1,"#.into(),
                1 => channel = "NOSUCH",
                2 => environment = "live",
                3 if minor.is_some() => amount = r#""amount":"1000","#.into(),
                _ => amount = r#""amount":1000.00001,"#.into(),
            }
        }
        let kind = if wish.wrong && !amount.is_empty() { "partial" } else { kind };
        let body = format!(
            r#"{{{amount}"channel":"{channel}","description":"","environment":"{environment}","refund_type":"{kind}","refund_reason":"{reason}"}}"#
        );
        let mut request = self.portone_signed("POST", wish.merchant, &wish.order_ref);
        if let Some(key) = &wish.key {
            request = request.header("idempotency-key", key);
        }
        request.body(Body::from(body)).expect("a request")
    }

    fn portone_signed(&self, method: &str, merchant: usize, order_ref: &str) -> http::request::Builder {
        let key = &self.merchants()[merchant].portone;
        let now = self.exec.now() / 1_000_000;
        let token = portone_token(&key.key, &key.secret, now, now + 600);
        Request::builder()
            .method(method)
            .uri(format!("/api/refund/{order_ref}"))
            .header("x-portone-client-key", &key.key)
            .header("authorization", format!("Bearer {token}"))
            .header("content-type", "application/json")
    }

    fn sgate_request(
        &self,
        wish: &Wish,
        payment: &Payment,
        minor: Option<i64>,
        reason: &str,
    ) -> Request<Body> {
        let mut amount = major(minor.unwrap_or(payment.captured), payment.kind.decimals);
        if payment.kind.decimals == 3 && amount.ends_with('0') {
            amount.pop();
        }
        let mut amount = format!("\"{amount}\"");
        if wish.wrong {
            amount =
                (*["0", "\"1.234\"", "\"ten\"", "null", "[1]"].get(wish.number % 5).unwrap_or(&"0")).into();
        }
        let id = wish.key.as_ref().map_or_else(String::new, |key| format!(r#","merchantRefundId":"{key}""#));
        let body = format!(r#"{{"amount":{amount},"reason":"{reason}"{id}}}"#);
        let path = format!("/orders/{}/refunds", wish.order_ref);
        self.sgate_signed("POST", wish.merchant, &path, "order.refund")
            .header("content-type", "application/json")
            .body(Body::from(body))
            .expect("a request")
    }

    fn sgate_signed(
        &self,
        method: &str,
        merchant: usize,
        path: &str,
        operation: &str,
    ) -> http::request::Builder {
        let key = &self.merchants()[merchant].sgate;
        let timestamp = (self.exec.now() / 1_000_000).to_string();
        let signature = sgate_signature(&key.key, &key.secret, path, operation, &timestamp);
        Request::builder()
            .method(method)
            .uri(format!("/api_v1{path}"))
            .header("x-auth-signature", signature)
            .header("x-auth-key", &key.key)
            .header("x-auth-timestamp", timestamp)
            .header("x-auth-sign-method", "HmacSHA256")
            .header("x-auth-sign-version", "1")
    }

    fn write_down(&self, wish: &Wish, answer: &Answer) {
        let mut problem = None;
        let mut wishes = lock(&self.wishes);
        let noted = &mut wishes[wish.number];
        match (answer.status, wish.face) {
            (200, Face::Portone) => match serde_json::from_slice::<Refunds>(&answer.body) {
                Ok(refunds) => {
                    let reason = self.reason(wish);
                    match refunds.details.iter().find(|detail| detail.refund_reason == reason) {
                        Some(detail) => noted.acknowledged.push(Acknowledged {
                            id: detail.refund_id.clone(),
                            amount: detail.amount.get().to_owned(),
                            status: detail.refund_status.clone(),
                        }),
                        None => problem = Some("a good answer does not show the refund that was asked for"),
                    }
                }
                Err(_) => problem = Some("a good answer of PortOne's face has another shape"),
            },
            (200, Face::Sgate) => match serde_json::from_slice::<Created>(&answer.body) {
                Ok(created) => noted.acknowledged.push(Acknowledged {
                    id: created.id,
                    amount: created.amount.get().to_owned(),
                    status: created.status,
                }),
                Err(_) => problem = Some("a good answer of SGate's face has another shape"),
            },
            (503, _) => {}
            (status, _) => {
                let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
                let code = body["status_code"].as_str().or(body["code"].as_str()).unwrap_or_default();
                noted.refused.push((status, code.to_owned()));
            }
        }
        drop(wishes);
        if let Some(problem) = problem {
            self.saw(format!("w{}: {problem}", wish.number));
        }
    }

    /// The key of a refund that was acknowledged, for another sum.
    async fn reuse_key(self: &Arc<Self>, number: usize) {
        let wish = lock(&self.wishes)[number].clone();
        let (Some(minor), false) = (wish.minor, wish.acknowledged.is_empty()) else { return };
        self.note(format_args!("client w{number} reuses its key"));
        let answer = self.sent(self.request(&wish, Some(minor + 1_000))).await;
        let taken = |answer: &Answer| match wish.face {
            Face::Own => ![422, 503].contains(&answer.status),
            Face::Portone | Face::Sgate => answer.status == 200,
        };
        if let Some(answer) = answer.filter(taken) {
            self.saw(format!("w{number}: its key was taken for another sum: {}", answer.status));
        }
    }

    /// Tells of a payment that Redress knows already; another merchant's account is refused.
    async fn tell_again(self: &Arc<Self>, merchant: usize) {
        let teller = &self.merchants()[merchant];
        let owner = if self.rng.chance(8_000) {
            teller
        } else {
            &self.merchants()[(merchant + 1) % self.merchants().len()]
        };
        let payment = self.rng.pick(&owner.payments);
        let mut body = json!({
            "order_ref": payment.order_ref, "psp_account": owner.account(payment.kind.psp).to_string(),
            "psp_payment_id": payment.psp_payment_id, "currency": payment.kind.currency, "amount": payment.captured,
            "captured_at": CAPTURED_AT, "channel": payment.kind.channel, "payment_method": payment.kind.method,
        });
        if payment.own_address {
            body["notification_url"] = format!("http://shop{}.test/own", owner.number).into();
        }
        let request = Request::post("/v1/payments")
            .header("authorization", format!("Bearer {}", teller.api_key))
            .header("content-type", "application/json")
            .body(Body::from(body.to_string()))
            .expect("a request");
        let Some(answer) = self.sent(request).await else { return };
        self.judge(merchant, &answer, &payment.order_ref);
        let right = if owner.number == merchant {
            answer.status == 200
        } else {
            answer.status != 200 && answer.status != 201
        };
        if !right && answer.status != 503 {
            self.saw(format!(
                "M{merchant} told of {} and was answered {}: {}",
                payment.order_ref,
                answer.status,
                brief(&String::from_utf8_lossy(&answer.body))
            ));
        }
    }

    /// Reads orders, own and another's, while things happen.
    async fn read_now_and_then(self: &Arc<Self>, merchant: usize) {
        let until = self.exec.now() + i64::try_from(self.plan.fault_seconds * 1_000_000).unwrap_or(0);
        while self.exec.now() < until {
            self.pause(500_000, 8_000_000).await;
            if self.rng.chance(1_500) {
                self.tell_again(merchant).await;
            }
            let owner = self.rng.index(self.merchants().len());
            let order_ref = self.rng.pick(&self.merchants()[owner].payments).order_ref.clone();
            self.read(merchant, owner, &order_ref).await;
        }
    }

    async fn read(self: &Arc<Self>, merchant: usize, owner: usize, order_ref: &str) {
        let taken_for = if self.defect == Defect::MerchantsMixedUp { owner } else { merchant };
        let what = self.rng.below(8);
        let sgate = |path: String, operation| self.sgate_signed("GET", taken_for, &path, operation);
        let mut request = match what {
            0 | 1 => self.portone_signed("GET", taken_for, order_ref),
            2 => sgate(format!("/orders/{order_ref}"), "order.detail"),
            3 => sgate(format!("/refunds/{order_ref}_R1"), "refund.detail"),
            4 => sgate(format!("/transactions/{order_ref}_1/merchant"), "transaction.detailForMerchant"),
            5 => sgate(format!("/merchants/{}", self.merchants()[owner].code), "merchant.detail"),
            6 => self.own_signed("GET", taken_for, &format!("/v1/payments/{order_ref}")),
            _ => self.own_signed("GET", taken_for, &format!("/v1/payments/{order_ref}/refundability")),
        };
        let face = match what {
            0 | 1 => Face::Portone,
            2..=5 => Face::Sgate,
            _ => Face::Own,
        };
        let forged = self.rng.chance(1_000);
        if forged {
            request = match face {
                Face::Portone => Request::get(format!("/api/refund/{order_ref}"))
                    .header("x-portone-client-key", &self.merchants()[owner].portone.key)
                    .header("authorization", "Bearer eyJhbGciOiJub25lIn0.e30."),
                Face::Own => Request::get(format!("/v1/payments/{order_ref}"))
                    .header("authorization", "Bearer rk_sandbox_no_key_at_all"),
                Face::Sgate => Request::get(format!("/api_v1/orders/{order_ref}"))
                    .header("x-auth-key", &self.merchants()[owner].sgate.key)
                    .header("x-auth-timestamp", (self.exec.now() / 1_000_000).to_string())
                    .header("x-auth-sign-method", "HmacSHA256")
                    .header("x-auth-sign-version", "1")
                    .header("x-auth-signature", "bm8gc2lnbmF0dXJlIGF0IGFsbA=="),
            };
        }
        let Some(answer) = self.sent(request.body(Body::empty()).expect("a request")).await else { return };
        let named = if what == 5 && !forged { self.merchants()[owner].code.as_str() } else { order_ref };
        self.judge(merchant, &answer, named);
        self.judge_shape(face, &answer);
        if (owner != merchant || forged) && answer.status == 200 {
            self.saw(format!("M{merchant} was shown what is of M{owner}: {order_ref}, forged: {forged}"));
        }
    }
}
