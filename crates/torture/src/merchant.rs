//! A merchant: its keys, its contracts with PSPs, its payments, and the requests that its programs send.

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use serde_json::{Value, json};

use crate::payment::{Payment, Psp};
use crate::signing::{portone_token, sgate_signature};
use crate::site::{Server, Site};
use crate::time::unix_seconds;
use crate::wire::{Answer, Call};

/// How long a token is good, in seconds, as in PortOne's samples.
const TOKEN_SECONDS: u64 = 100;

/// A key and its secret.
#[derive(Clone, Debug)]
pub struct Key {
    /// What names it.
    pub key: String,
    /// What signs.
    pub secret: String,
}

/// A merchant with everything it needs.
#[derive(Clone, Debug)]
pub struct Merchant {
    /// As commands name it.
    pub code: String,
    /// For PortOne's API.
    pub portone: Key,
    /// For SGate's API.
    pub sgate: Key,
    /// For Redress's own API.
    pub api_key: String,
    /// Its account at MoMo.
    pub momo: String,
    /// Its account at Tap.
    pub tap: String,
    /// The secret of its endpoint, where it has one.
    pub endpoint_secret: Option<String>,
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

impl Site {
    /// Adds a merchant with everything it needs, who is notified at `notified_at`.
    pub fn merchant(&self, notified_at: Option<&str>) -> Merchant {
        Merchant::add(self, notified_at)
    }

    /// Makes a payment known to both sides.
    pub fn payment(&self, server: &Server, merchant: &Merchant, psp: Psp, captured: i64) -> Payment {
        merchant.payment(self, server, psp, captured)
    }
}

impl Merchant {
    fn add(site: &Site, notified_at: Option<&str>) -> Self {
        let code = text(&site.json("merchant add --name Shop")["code"]);
        let key = |kind: &str| {
            let added = site.json(&format!("key add --merchant {code} --kind {kind}"));
            Key { key: text(&added["key"]), secret: text(&added["secret"]) }
        };
        let account = |psp: &str, credentials: &str| {
            let (url, at_once) = (format!("http://{}", site.sandbox_at), site.tuning.max_in_flight);
            let words = format!(
                "psp-account add --merchant {code} --psp {psp} --environment sandbox --base-url {url} --max-in-flight \
                 {at_once} {credentials}"
            );
            text(&site.json(&words)["id"])
        };
        // The test credentials that the PSPs publish; the sandbox knows them.
        let momo = "--credential partner_code=MOMO --credential access_key=F8BBA842ECF85 --credential \
                    secret_key=K951B6PE1waDMi640xX08PD3vg6EkVlz";
        let tap = "--credential secret_key=sk_test_XKokBfNWv6FIYuTMg5sLPjhJ";
        let endpoint_secret = notified_at.map(|url| {
            let events = "refund.created,refund.pending,refund.unknown,refund.succeeded,refund.failed,\
                          refund.canceled,refund.reversed";
            let words = "--dialect standard --environment sandbox";
            let added =
                site.json(&format!("endpoint add --merchant {code} --url {url} {words} --events {events}"));
            text(&added["secret"])
        });
        Self {
            portone: key("portone"),
            sgate: key("sgate --environment sandbox"),
            api_key: key("api --environment sandbox").secret,
            momo: account("momo", momo),
            tap: account("tap", tap),
            endpoint_secret,
            code,
        }
    }

    /// Its account there.
    pub fn account(&self, psp: Psp) -> &str {
        match psp {
            Psp::Momo => &self.momo,
            Psp::Tap => &self.tap,
        }
    }

    /// A payment as `POST /v1/payments` takes it.
    pub fn payment_body(&self, payment: &Payment) -> Value {
        json!({
            "order_ref": payment.order_ref,
            "merchant_order_ref": format!("shop-{}", payment.order_ref),
            "psp_account": self.account(payment.psp),
            "psp_payment_id": payment.psp_payment_id,
            "currency": payment.psp.currency(),
            "amount": payment.captured,
            "captured_at": "2026-01-02T03:04:05Z",
            "channel": payment.psp.channel(),
            "payment_method": payment.psp.name(),
        })
    }

    /// A payment that nobody knows yet.
    pub fn new_payment(psp: Psp, captured: i64) -> Payment {
        static NEXT: AtomicU32 = AtomicU32::new(1);
        let number = NEXT.fetch_add(1, Relaxed);
        let psp_payment_id = match psp {
            Psp::Momo => format!("28200{number:05}"),
            Psp::Tap => format!("chg_TS{number:05}"),
        };
        Payment { psp, order_ref: format!("order-{number}"), psp_payment_id, captured }
    }

    /// Tells the server of a payment.
    pub fn tell_of(&self, payment: &Payment) -> Call {
        self.by_api_key(Call::post("/v1/payments", self.payment_body(payment).to_string()))
    }

    /// Tells the PSP of a payment.
    pub fn captured_at_psp(site: &Site, payment: &Payment) {
        let known = json!({"psp": payment.psp.name(), "payment": payment.psp_payment_id,
            "currency": payment.psp.currency(), "amount_minor": payment.captured});
        site.control("payment", &known);
    }

    fn payment(&self, site: &Site, server: &Server, psp: Psp, captured: i64) -> Payment {
        let payment = Self::new_payment(psp, captured);
        self.tell_of(&payment).answer(&server.at).expect(201);
        Self::captured_at_psp(site, &payment);
        payment
    }

    /// Signs a request as PortOne's documents say.
    pub fn by_portone(&self, call: Call) -> Call {
        let Key { key, secret } = &self.portone;
        let now = unix_seconds();
        let token = portone_token(key, secret, now, now + TOKEN_SECONDS);
        call.header("x-portone-client-key", key).header("authorization", format!("Bearer {token}"))
    }

    /// Signs a request as SGate's documents say; its path begins after `/api_v1`.
    pub fn by_sgate(&self, mut call: Call, method: &str) -> Call {
        let Key { key, secret } = &self.sgate;
        let now = unix_seconds();
        let signature = sgate_signature(key, secret, &call.path, method, now);
        call.path = format!("/api_v1{}", call.path);
        call.header("x-auth-signature", signature)
            .header("x-auth-key", key)
            .header("x-auth-timestamp", now.to_string())
            .header("x-auth-sign-method", "HmacSHA256")
            .header("x-auth-sign-version", "1")
    }

    /// Adds the key of Redress's own API.
    pub fn by_api_key(&self, call: Call) -> Call {
        call.header("authorization", format!("Bearer {}", self.api_key))
    }

    /// A partial refund by PortOne's API; `named` is its idempotency key.
    pub fn portone_refund(&self, payment: &Payment, minor: i64, named: &str) -> Call {
        let (amount, channel) = (payment.psp.major(minor), payment.psp.channel());
        let body = format!(
            r#"{{"amount":{amount},"channel":"{channel}","description":"{named}","environment":"sandbox","refund_type":"partial","refund_reason":"customer request"}}"#
        );
        let call = Call::post(format!("/api/refund/{}", payment.order_ref), body);
        self.by_portone(call.header("idempotency-key", named))
    }

    /// All refunds of a payment, by PortOne's API.
    pub fn portone_list(&self, payment: &Payment) -> Call {
        self.by_portone(Call::get(format!("/api/refund/{}", payment.order_ref)))
    }

    /// A refund by SGate's API; `named` is the merchant's id of it.
    pub fn sgate_refund(&self, payment: &Payment, minor: i64, named: &str) -> Call {
        let body = json!({"amount": payment.psp.major(minor), "reason": "customer request", "merchantRefundId": named});
        self.by_sgate(
            Call::post(format!("/orders/{}/refunds", payment.order_ref), body.to_string()),
            "order.refund",
        )
    }

    /// All refunds of a payment as they are now, and what is left of it.
    pub fn refunds(&self, server: &Server, payment: &Payment) -> (Vec<Refund>, i64) {
        listed_refunds(payment, &self.portone_list(payment).answer(&server.at))
    }
}

/// A refund as PortOne's API shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refund {
    /// 22 letters and digits.
    pub id: String,
    /// Its amount in minor units.
    pub minor: i64,
    /// `SUCCESS`, `IN_QUEUE` or `FAILED`.
    pub status: String,
}

/// What PortOne's API answers to creating and to listing.
pub fn listed_refunds(payment: &Payment, answer: &Answer) -> (Vec<Refund>, i64) {
    let body = answer.expect(200);
    let refund = |refund: &Value| Refund {
        id: text(&refund["refund_id"]),
        minor: payment.psp.minor(&refund["amount"]),
        status: text(&refund["refund_status"]),
    };
    let refunds = body["refundDetails"].as_array().unwrap().iter().map(refund).collect();
    (refunds, payment.psp.minor(&body["amountToRefund"]))
}
