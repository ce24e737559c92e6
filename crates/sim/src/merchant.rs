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
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::psps::{self, KINDS, Kind};
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
    pub(crate) kind: &'static Kind,
    pub(crate) psp_payment_id: String,
    pub(crate) captured: i64,
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
    /// Its accounts, by the PSP's name: where it has payments.
    pub(crate) accounts: Vec<(&'static str, AccountId)>,
    pub(crate) endpoints: Vec<Endpoint>,
    pub(crate) payments: Vec<Payment>,
}

/// Done at once: nothing on the way waits.
pub(crate) fn now<T>(future: impl Future<Output = T>) -> T {
    future.now_or_never().expect("nothing waits where nothing is at work")
}

/// The credentials of a merchant's account; wrong ones where asked for.
pub(crate) fn credentials(psp: &str, number: usize, wrong: bool) -> Credentials {
    let text = psps::credentials(psp, number, wrong).to_string();
    Credentials::from_json(text.as_bytes()).expect("an object of texts")
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
        let kinds: Vec<&'static Kind> = (0..self.plan.payments).map(|_| self.rng.pick(&KINDS)).collect();
        let mut accounts: Vec<(&'static str, AccountId)> = Vec::new();
        for psp in kinds.iter().map(|kind| kind.psp) {
            if accounts.iter().any(|(known, _)| *known == psp) {
                continue;
            }
            let new = NewAccount {
                merchant: id,
                psp: psp.into(),
                name: psp.into(),
                environment: sandbox,
                max_in_flight,
                base_url: Some(format!("{PSPS_URL}{}", psps::path(psp))),
                public_url: Some(REDRESS_URL.into()),
                credentials: credentials(psp, number, false),
            };
            let account = operator.add_account(new).await.expect(OK).id;
            self.tell_where_notifications_go(psp, number, account);
            accounts.push((psp, account));
        }
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
        let mut merchant = Merchant {
            number,
            id,
            code,
            portone,
            sgate,
            api_key: api.secret,
            accounts,
            endpoints,
            payments: Vec::new(),
        };
        for (place, kind) in kinds.into_iter().enumerate() {
            payments.push(self.set_up_payment(operator, &merchant, place, kind).await);
        }
        merchant.payments = payments;
        merchant
    }

    /// Some PSPs are told once, and not with each request, where an account's notifications go.
    fn tell_where_notifications_go(&self, psp: &str, number: usize, account: AccountId) {
        if let Some(name) = psps::told_once(psp, number) {
            let url = format!("{REDRESS_URL}/psp/{psp}/{account}");
            let told = self.control("webhook", &json!({"psp": psp, "url": url, "account": name}));
            assert_eq!(told, 200, "{psp} {name}");
        }
    }

    async fn set_up_payment(
        &self,
        operator: &Engine,
        merchant: &Merchant,
        place: usize,
        kind: &'static Kind,
    ) -> Payment {
        let number = merchant.number;
        // In steps that every face can ask for, and above MoMo's smallest sum.
        let captured = i64::try_from(self.rng.between(10, 60)).unwrap_or(10) * 1_000;
        let own_address = self.rng.chance(3_000);
        let payment = Payment {
            order_ref: format!("order-{number}-{place}-{}", self.rng.below(1_000_000)),
            kind,
            psp_payment_id: psps::payment_id(kind.psp, number, place),
            captured,
            own_address,
        };
        let new = NewPayment {
            environment: Environment::Sandbox,
            order_ref: payment.order_ref.clone(),
            merchant_order_ref: None,
            account: merchant.account(kind.psp),
            psp_payment_id: payment.psp_payment_id.clone(),
            captured: Amount::new(captured, Currency::from_code(kind.currency).expect("a currency")),
            refunded_before: 0,
            captured_at: Timestamp::from_micros(START),
            channel: Some(kind.channel.into()),
            payment_method: Some(kind.method.into()),
            customer_ref: None,
            notification_url: own_address.then(|| format!("http://shop{number}.test/own")),
        };
        let made = operator.import_payments(merchant.id, vec![new]).await.expect("an empty store");
        assert!(made[0].payment().is_some(), "{made:?}");
        // Most PSPs would take more than was captured: what keeps to it must be Redress alone.
        let known_to_psp = if self.rng.chance(7_000) { captured * 3 } else { captured };
        let known = json!({"psp": kind.psp, "payment": payment.psp_payment_id, "currency": kind.currency,
            "amount_minor": known_to_psp});
        assert_eq!(self.control("payment", &known), 200, "{known}");
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
        let found = self.accounts.iter().find(|(known, _)| *known == psp);
        found.expect("a merchant has an account wherever it has a payment").1
    }

    /// All secrets that ever signed for an endpoint.
    pub(crate) fn endpoint_secrets(&self, name: &str) -> Vec<String> {
        let found = self.endpoints.iter().find(|endpoint| endpoint.name == name);
        found.map_or_else(Vec::new, |endpoint| lock(&endpoint.secrets).clone())
    }
}
