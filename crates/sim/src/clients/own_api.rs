//! Redress' own API, as merchants' programs use it: they ask for a refund, read it back, and look closely at each answer.

use std::sync::Arc;

use axum::body::Body;
use http::Request;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::defect::Defect;
use crate::merchant::Payment;
use crate::network::{Answer, brief};
use crate::state::{Run, lock};
use crate::wire::major;
use crate::witness::{Acknowledged, Face, Wish};

/// A currency in which nobody sells anything.
const NOBODYS_CURRENCY: &str = "AED";

/// A refund, as every answer shows it.
#[derive(Deserialize)]
pub(super) struct Shown {
    pub(super) id: String,
    order_ref: String,
    amount_minor: i64,
    amount: String,
    currency: String,
    pub(super) status: String,
    description: Option<String>,
}

impl Run {
    pub(super) fn own_request(
        &self,
        wish: &Wish,
        payment: &Payment,
        minor: Option<i64>,
        mark: &str,
    ) -> Request<Body> {
        // The reasons are a list there: the mark is in the description.
        let mut body = json!({"reason": "requested_by_customer", "description": mark});
        if let Some(minor) = minor.or(wish.wrong.then_some(payment.captured)) {
            body["amount"] = minor.into();
            body["currency"] = payment.kind.currency.into();
        }
        if wish.wrong {
            match wish.number % 5 {
                0 => body["amount"] = (-1).into(),
                1 => body["currency"] = NOBODYS_CURRENCY.into(),
                2 => body["currency"] = Value::Null,
                3 => body["amount"] = "1000".into(),
                _ => body["sum"] = 1_000.into(),
            }
        }
        let path = format!("/v1/payments/{}/refunds", wish.order_ref);
        let mut request =
            self.own_signed("POST", wish.merchant, &path).header("content-type", "application/json");
        if let Some(key) = &wish.key {
            request = request.header("idempotency-key", key);
        }
        if wish.number.is_multiple_of(3) {
            request = request.header("prefer", "wait=2");
        }
        request.body(Body::from(body.to_string())).expect("a request")
    }

    pub(super) fn own_signed(&self, method: &str, merchant: usize, path: &str) -> http::request::Builder {
        let key = &self.merchants()[merchant].api_key;
        Request::builder().method(method).uri(path).header("authorization", format!("Bearer {key}"))
    }

    /// Writes down what the answer to a wish says.
    pub(super) fn write_down_own(&self, wish: &Wish, answer: &Answer) {
        let number = wish.number;
        if answer.status == 503 {
            return;
        }
        if wish.owner != wish.merchant && !wish.wrong && answer.status != 404 {
            self.saw(format!("w{number}: another merchant's payment was answered {}", answer.status));
        }
        if ![200, 201].contains(&answer.status) {
            lock(&self.wishes)[number].refused.push((answer.status, code(answer)));
            return;
        }
        let Ok(shown) = serde_json::from_slice::<Shown>(&answer.body) else {
            self.saw(format!("w{number}: a good answer of the own API has another shape"));
            return;
        };
        if let Some(fault) = self.fault_of(wish, &shown).or_else(|| fault_of_headers(wish, &shown.id, answer))
        {
            self.saw(format!("w{number}: {fault}: {}", brief(&String::from_utf8_lossy(&answer.body))));
        }
        let mut wishes = lock(&self.wishes);
        wishes[number].made += u32::from(answer.status == 201);
        let told = Acknowledged { id: shown.id, amount: shown.amount, status: shown.status };
        wishes[number].acknowledged.push(told);
    }

    /// Why this is not the refund that was asked for.
    fn fault_of(&self, wish: &Wish, shown: &Shown) -> Option<&'static str> {
        let payment = self.payment_of(wish);
        let right = shown.order_ref == wish.order_ref
            && shown.currency == payment.kind.currency
            && shown.description.as_ref() == Some(&self.reason(wish))
            && shown.amount == major(shown.amount_minor, payment.kind.decimals);
        (!right).then_some("another refund than was asked for is shown")
    }

    /// Reads a refund that was acknowledged; at times another merchant tries to.
    pub(super) async fn read_back(self: &Arc<Self>, wish: &Wish, told: &Acknowledged) {
        let stranger = self.rng.chance(1_500);
        let reader = if stranger { self.another(wish.merchant) } else { wish.merchant };
        let taken_for = if self.defect == Defect::MerchantsMixedUp { wish.merchant } else { reader };
        let request = self.own_signed("GET", taken_for, &format!("/v1/refunds/{}", told.id));
        let Some(answer) = self.sent(request.body(Body::empty()).expect("a request")).await else { return };
        self.judge(reader, &answer, "");
        self.judge_shape(Face::Own, &answer);
        let shown = serde_json::from_slice::<Shown>(&answer.body).ok();
        let same = |shown: &Shown| shown.id == told.id && shown.amount == told.amount;
        let right = match answer.status {
            503 => true,
            404 => stranger,
            200 => {
                !stranger && shown.is_some_and(|shown| same(&shown) && self.fault_of(wish, &shown).is_none())
            }
            _ => false,
        };
        if !right {
            self.saw(format!(
                "w{}: M{reader} reads back {told:?} and is answered {} {}",
                wish.number,
                answer.status,
                brief(&String::from_utf8_lossy(&answer.body))
            ));
        }
    }

    /// Somebody else than this merchant.
    pub(super) fn another(&self, merchant: usize) -> usize {
        (merchant + 1) % self.merchants().len()
    }
}

/// The code of an error; empty where there is none.
pub(super) fn code(answer: &Answer) -> String {
    let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    body["code"].as_str().unwrap_or_default().to_owned()
}

/// Whether the answer says that it is one to a repeat.
pub(super) fn is_replayed(answer: &Answer) -> bool {
    answer.headers.get("idempotent-replayed").is_some_and(|value| value == "true")
}

/// A new refund says where it is, one to a repeat that it is one.
fn fault_of_headers(wish: &Wish, id: &str, answer: &Answer) -> Option<&'static str> {
    let location = answer.headers.get("location").and_then(|value| value.to_str().ok());
    let is_there = location == Some(format!("/v1/refunds/{id}").as_str());
    match (answer.status, is_replayed(answer)) {
        (201, false) => (!is_there).then_some("a new refund does not say where it is"),
        (200, true) => wish.key.is_none().then_some("what was asked for without a key is called a repeat"),
        _ => Some("the status and Idempotent-Replayed contradict each other"),
    }
}

/// Whether an error is a problem of RFC 9457, with what Redress' own adds to it.
pub(super) fn is_problem(answer: &Answer, body: &Value) -> bool {
    let code = body["code"].as_str().unwrap_or_default();
    answer.headers.get("content-type").is_some_and(|value| value == "application/problem+json")
        && body["status"] == answer.status
        && body["type"] == format!("/docs/errors/{code}").as_str()
        && ["title", "code", "detail", "request_id"].iter().all(|field| body[field].is_string())
}
