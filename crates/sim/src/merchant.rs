//! The merchants of a run, and how they are set up: by the use cases that an operator's commands call.

use std::sync::Mutex;

use axum::body::Body;
use futures_util::FutureExt;
use http::Request;
use redress_core::environment::Environment;
use redress_core::id::{AccountId, EndpointId, MerchantId};
use redress_core::money::{Amount, Currency};
use redress_core::time::Timestamp;
use redress_engine::admin::accounts::{Credentials, NewAccount};
use redress_engine::admin::endpoints::{Dialect, NewEndpoint};
use redress_engine::admin::keys::CredentialKind;
use redress_engine::admin::payments::NewPayment;
use redress_engine::engine::Engine;
use redress_sandbox::{MomoAccount, SandboxConfig, TapAccount};
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::state::{Run, START, lock};

/// Where the PSPs are.
pub(crate) const PSPS_URL: &str = "http://psps.test";
/// Where Redress is.
pub(crate) const REDRESS_URL: &str = "http://redress.test";

/// What a client shows, and its secret.
#[derive(Clone, Debug)]
pub(crate) struct Key {
    pub(crate) key: String,
    pub(crate) secret: String,
}

/// A place where a merchant hears of its refunds.
pub(crate) struct Endpoint {
    pub(crate) name: &'static str,
    pub(crate) id: EndpointId,
    /// All that ever signed.
    pub(crate) secrets: Mutex<Vec<String>>,
}

/// A captured payment.
#[derive(Clone, Debug)]
pub(crate) struct Payment {
    pub(crate) order_ref: String,
    pub(crate) psp: &'static str,
    pub(crate) psp_payment_id: String,
    pub(crate) currency: &'static str,
    pub(crate) decimals: u32,
    pub(crate) captured: i64,
    pub(crate) channel: &'static str,
    /// It has a notification address of its own.
    pub(crate) own_address: bool,
}

/// A merchant.
pub(crate) struct Merchant {
    pub(crate) number: usize,
    pub(crate) id: MerchantId,
    pub(crate) code: String,
    pub(crate) portone: Key,
    pub(crate) sgate: Key,
    pub(crate) api_key: String,
    pub(crate) momo: AccountId,
    pub(crate) tap: AccountId,
    pub(crate) endpoints: Vec<Endpoint>,
    pub(crate) payments: Vec<Payment>,
}

/// Done at once: nothing on the way waits.
pub(crate) fn now<T>(future: impl Future<Output = T>) -> T {
    future.now_or_never().expect("nothing waits where nothing is at work")
}

/// The PSPs' side of all merchants.
pub(crate) fn sandbox_config(merchants: usize) -> SandboxConfig {
    let momo = |number| MomoAccount {
        partner_code: format!("MOMO{number}"),
        access_key: format!("access{number}"),
        secret_key: format!("secret{number}"),
    };
    let tap = |number| TapAccount { secret_key: tap_key(number) };
    SandboxConfig {
        momo: (0..merchants).map(momo).collect(),
        tap: (0..merchants).map(tap).collect(),
        ..SandboxConfig::default()
    }
}

pub(crate) fn tap_key(number: usize) -> String {
    format!("sk_test_{number}XKokBfNWv6FIYuTMg5sLPjhJ")
}

/// The credentials of a merchant's account; wrong ones where asked for.
pub(crate) fn credentials(psp: &str, number: usize, wrong: bool) -> Credentials {
    let tail = if wrong { "x" } else { "" };
    let text = match psp {
        "momo" => json!({"partner_code": format!("MOMO{number}"), "access_key": format!("access{number}"),
            "secret_key": format!("secret{number}{tail}")}),
        _ => json!({"secret_key": format!("{}{tail}", tap_key(number))}),
    };
    Credentials::from_json(text.to_string().as_bytes()).expect("an object of texts")
}

impl Run {
    /// Sets up every merchant with keys, accounts, endpoints and payments.
    pub(crate) fn set_up(&self, operator: &Engine) {
        let merchants =
            (0..self.plan.merchants).map(|number| now(self.set_up_merchant(operator, number))).collect();
        self.merchants.set(merchants).ok().expect("set up once");
    }

    async fn set_up_merchant(&self, operator: &Engine, number: usize) -> Merchant {
        const OK: &str = "an operator's command on an empty store";
        let code = format!("M90000{number}");
        let id = operator.add_merchant("Shop", Some(&code)).await.expect(OK).id;
        let sandbox = Environment::Sandbox;
        let key = async |kind, environment| {
            let (credential, secret) = operator.add_key(id, kind, environment).await.expect(OK);
            Key { key: credential.public_key, secret: secret.expose_secret().to_owned() }
        };
        let portone = key(CredentialKind::Portone, None).await;
        let sgate = key(CredentialKind::Sgate, Some(sandbox)).await;
        let api = key(CredentialKind::Api, Some(sandbox)).await;
        let max_in_flight = u32::try_from(self.rng.between(1, 4)).unwrap_or(1);
        let account = async |psp: &str| {
            let new = NewAccount {
                merchant: id,
                psp: psp.into(),
                name: psp.into(),
                environment: sandbox,
                max_in_flight,
                base_url: Some(PSPS_URL.into()),
                public_url: Some(REDRESS_URL.into()),
                credentials: credentials(psp, number, false),
            };
            operator.add_account(new).await.expect(OK).id
        };
        let (momo, tap) = (account("momo").await, account("tap").await);
        let mut endpoints = Vec::new();
        for (name, dialect) in
            [("standard", Dialect::Standard), ("portone", Dialect::Portone), ("sgate", Dialect::Sgate)]
        {
            let new = NewEndpoint {
                merchant: id,
                name: name.into(),
                url: format!("http://shop{number}.test/{name}"),
                dialect,
                environment: sandbox,
                event_mask: None,
                credential: None,
            };
            let (endpoint, secret) = operator.add_endpoint(new).await.expect(OK);
            let secrets = Mutex::new(vec![secret.expose_secret().to_owned()]);
            endpoints.push(Endpoint { name, id: endpoint.id, secrets });
        }
        let mut payments = Vec::new();
        for place in 0..self.plan.payments {
            payments.push(self.set_up_payment(operator, id, number, place, (momo, tap)).await);
        }
        Merchant { number, id, code, portone, sgate, api_key: api.secret, momo, tap, endpoints, payments }
    }

    async fn set_up_payment(
        &self,
        operator: &Engine,
        merchant: MerchantId,
        number: usize,
        place: usize,
        (momo, tap): (AccountId, AccountId),
    ) -> Payment {
        let (psp, currency, decimals, channel, account) = match self.rng.below(4) {
            0 | 1 => ("momo", "VND", 0, "MOMOPAY", momo),
            2 => ("tap", "SAR", 2, "TAP", tap),
            _ => ("tap", "KWD", 3, "TAP", tap),
        };
        // In steps that every face can ask for, and above MoMo's smallest sum.
        let captured = i64::try_from(self.rng.between(10, 60)).unwrap_or(10) * 1_000;
        let own_address = self.rng.chance(3_000);
        let payment = Payment {
            order_ref: format!("order-{number}-{place}-{}", self.rng.below(1_000_000)),
            psp,
            psp_payment_id: match psp {
                "momo" => format!("28200{number}{place:04}"),
                _ => format!("chg_TS{number}{place:04}"),
            },
            currency,
            decimals,
            captured,
            channel,
            own_address,
        };
        let new = NewPayment {
            environment: Environment::Sandbox,
            order_ref: payment.order_ref.clone(),
            merchant_order_ref: None,
            account,
            psp_payment_id: payment.psp_payment_id.clone(),
            captured: Amount::new(captured, Currency::from_code(currency).expect("a currency")),
            refunded_before: 0,
            captured_at: Timestamp::from_micros(START),
            channel: Some(channel.into()),
            payment_method: Some(psp.into()),
            customer_ref: None,
            notification_url: own_address.then(|| format!("http://shop{number}.test/own")),
        };
        let made = operator.import_payments(merchant, vec![new]).await.expect("an empty store");
        assert!(made[0].payment().is_some(), "{made:?}");
        // Most PSPs would take more than was captured: what keeps to it must be Redress alone.
        let known_to_psp = if self.rng.chance(7_000) { captured * 3 } else { captured };
        let known = json!({"psp": psp, "payment": payment.psp_payment_id, "currency": currency,
            "amount_minor": known_to_psp});
        self.control("payment", &known);
        payment
    }

    /// Steers the sandbox.
    pub(crate) fn control(&self, what: &str, body: &Value) -> u16 {
        let request = Request::post(format!("/control/{what}"))
            .header("content-type", "application/json")
            .body(Body::from(body.to_string()))
            .expect("a request");
        self.ask_sandbox(request).0
    }

    /// The sandbox's ledger, as it shows it.
    pub(crate) fn ledger(&self) -> Value {
        let request = Request::get("/control/ledger").body(Body::empty()).expect("a request");
        let (_, body) = self.ask_sandbox(request);
        serde_json::from_slice(&body).unwrap_or_default()
    }

    fn ask_sandbox(&self, request: Request<Body>) -> (u16, bytes::Bytes) {
        let sandbox = self.sandbox.get().expect("the sandbox is there").clone();
        let response = match now(sandbox.oneshot(request)) {
            Ok(response) => response,
            Err(never) => match never {},
        };
        let status = response.status().as_u16();
        let body = now(http_body_util::BodyExt::collect(response.into_body()));
        (status, body.map(|body| body.to_bytes()).unwrap_or_default())
    }
}

impl Merchant {
    /// The account at a PSP.
    pub(crate) fn account(&self, psp: &str) -> AccountId {
        if psp == "momo" { self.momo } else { self.tap }
    }

    /// All secrets that ever signed for an endpoint.
    pub(crate) fn endpoint_secrets(&self, name: &str) -> Vec<String> {
        let found = self.endpoints.iter().find(|endpoint| endpoint.name == name);
        found.map_or_else(Vec::new, |endpoint| lock(&endpoint.secrets).clone())
    }
}
