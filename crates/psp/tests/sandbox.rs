//! The connectors against the sandbox, over real sockets. The sandbox is written from the PSPs' documents and knows
//! nothing of the connectors, so that what both agree on is not one mistake made twice.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking too")]

use futures_util::future::{FutureExt, LocalBoxFuture};
use http::Method;
use redress_core::environment::Environment;
use redress_core::money::{Amount, Currency};
use redress_core::outcome::{Again, Finding, Outcome};
use redress_core::time::Timestamp;
use redress_psp::account::AccountConfig;
use redress_psp::connector::{Connector, QueryAsk, SubmitAsk};
use redress_psp::guard::GuardPolicy;
use redress_psp::http::{CONNECT_TIMEOUT, HttpClient, HttpClientConfig};
use redress_psp::registry;
use redress_psp::session::Session;
use redress_psp::transport::{HttpRequest, Transport};
use redress_sandbox::{Place, Sandbox, SandboxConfig, World};
use std::cell::Cell;
use std::time::Duration;

/// The sandbox's own test credentials: those that the PSPs print in their documentation.
const MOMO: [(&str, &str); 3] = [
    ("partner_code", "MOMO"),
    ("access_key", "F8BBA842ECF85"),
    ("secret_key", "K951B6PE1waDMi640xX08PD3vg6EkVlz"),
];
const TAP: [(&str, &str); 1] = [("secret_key", "sk_test_XKokBfNWv6FIYuTMg5sLPjhJ")];

/// For an answer that comes, on however busy a machine.
const AMPLE: Duration = Duration::from_secs(120);

/// For one that never comes, or too late.
const SHORT: Duration = Duration::from_millis(500);

/// How long the answer to a submit with this step is waited for.
fn patience_with(step: &str) -> Duration {
    if step.starts_with("timeout") || step.starts_with("effect_after") { SHORT } else { AMPLE }
}

/// One payment at one PSP, and the way to it.
struct Desk {
    client: HttpClient,
    connector: &'static dyn Connector,
    account: AccountConfig,
    base: String,
    payment: &'static str,
    amount: Amount,
    nonce: Cell<u8>,
    /// For the next submit.
    patience: Cell<Duration>,
}

impl Desk {
    async fn control(&self, path: &str, body: String) -> String {
        let request = HttpRequest::new(Method::POST, format!("{}/control/{path}", self.base))
            .body("application/json", body.clone());
        let answer = self.client.send(request).await.unwrap();
        let text = String::from_utf8(answer.body.to_vec()).unwrap();
        assert!(answer.status < 300, "{body}: {} {text}", answer.status);
        text
    }

    async fn script(&self, step: &str) {
        self.patience.set(patience_with(step));
        let (psp, payment) = (self.connector.name(), self.payment);
        let body = format!(r#"{{"psp":"{psp}","payment":"{payment}","steps":["{step}"]}}"#);
        self.control("script", body).await;
    }

    async fn finish(&self, refund: &str, state: &str) {
        let psp = self.connector.name();
        self.control("finish", format!(r#"{{"psp":"{psp}","refund":"{refund}","state":"{state}"}}"#)).await;
    }

    async fn submit(&self, key: &str) -> Outcome {
        let ask = SubmitAsk {
            key: key.to_owned(),
            psp_payment_id: self.payment.to_owned(),
            amount: self.amount,
            reason: "Hoàn tiền".to_owned(),
        };
        let account = AccountConfig { timeout: self.patience.replace(AMPLE), ..self.account.clone() };
        self.connector.submit(&self.client, &account, &ask).await.outcome
    }

    async fn query(&self, key: &str, id: Option<&str>) -> Outcome {
        self.nonce.set(self.nonce.get() + 1);
        // The sandbox lives by the real clock; the list reaches an hour beyond `now` on both sides.
        let now = Timestamp::from_micros(i64::try_from(real_micros()).unwrap());
        let ask = QueryAsk {
            key: key.to_owned(),
            psp_payment_id: self.payment.to_owned(),
            psp_refund_id: id.map(str::to_owned),
            amount: self.amount,
            first_sent_at: now,
            now,
            nonce: [self.nonce.get(); 10],
            bound_elsewhere: Vec::new(),
        };
        self.connector.query(&self.client, &self.account, &ask).await.outcome
    }

    /// How many effects the sandbox had under this key.
    async fn effects(&self, key: &str) -> usize {
        let request = HttpRequest::new(Method::GET, format!("{}/control/ledger", self.base));
        let answer = self.client.send(request).await.unwrap();
        String::from_utf8(answer.body.to_vec()).unwrap().matches(&format!("\"{key}\"")).count()
    }
}

#[expect(clippy::disallowed_methods, reason = "the sandbox under test lives by the real clock")]
fn real_micros() -> u128 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_micros()
}

/// Plays `story` with a payment of ten refunds at a PSP of its own.
fn with_sandbox(psp: &str, story: impl for<'a> FnOnce(&'a Desk) -> LocalBoxFuture<'a, ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let sandbox = Sandbox::open(&Place::Memory, SandboxConfig::default(), World::real()).unwrap();
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let desk = desk(psp, base);
        let (end, ended) = tokio::sync::oneshot::channel::<()>();
        let playing = async {
            let (payment, amount) = (desk.payment, desk.amount);
            let (code, captured) = (amount.currency(), amount.minor() * 10);
            let body = format!(
                r#"{{"psp":"{psp}","payment":"{payment}","currency":"{code}","amount_minor":{captured}}}"#
            );
            desk.control("payment", body).await;
            story(&desk).await;
            drop(end);
        };
        tokio::join!(sandbox.serve(listener, ended.map(|_| ())), playing);
    });
}

fn desk(psp: &str, base: String) -> Desk {
    let guard = GuardPolicy { allow_loopback: true, ..GuardPolicy::default() };
    let connector = registry::by_name(psp).unwrap();
    let (credentials, payment, minor, code): (&[(&str, &str)], _, _, _) = match psp {
        "momo" => (&MOMO, "2820086739", 50_000, "VND"),
        _ => (&TAP, "chg_TS05A4120230736x9K22710693", 1_500, "KWD"),
    };
    let account = AccountConfig {
        environment: Environment::Sandbox,
        base_url: Some(base.clone()),
        notification_url: None,
        credentials: credentials.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect(),
        timeout: AMPLE,
        session: Session::default(),
    };
    connector.check_account(&account).unwrap();
    let amount = Amount::new(minor, Currency::from_code(code).unwrap());
    let client = HttpClient::new(HttpClientConfig { guard, connect_timeout: CONNECT_TIMEOUT }).unwrap();
    Desk {
        client,
        connector,
        account,
        base,
        payment,
        amount,
        nonce: Cell::new(0),
        patience: Cell::new(AMPLE),
    }
}

fn unknown(finding: Finding) -> Outcome {
    Outcome::Unknown(finding)
}

#[test]
fn momo_is_final_at_once_and_found_by_our_key() {
    with_sandbox("momo", |desk| {
        async move {
            assert_eq!(desk.query("rf-1", None).await, unknown(Finding::NotFound));
            let done = desk.submit("rf-1").await;
            assert!(matches!(&done, Outcome::Succeeded { psp_refund_id: Some(_), .. }), "{done:?}");
            assert_eq!(desk.submit("rf-1").await, done, "the same request is one request");
            assert_eq!(desk.query("rf-1", None).await, done);
            desk.script("refuse").await;
            assert_eq!(desk.submit("rf-2").await.as_str(), "refused");
            assert_eq!(desk.query("rf-2", None).await.as_str(), "refused");
            desk.script("refuse_for_now").await;
            let for_now = desk.submit("rf-4").await;
            assert!(
                matches!(&for_now, Outcome::Refused(said) if said.code == "1080" && said.again != Again::No),
                "{for_now:?}"
            );
            assert_eq!(desk.query("rf-4", None).await.as_str(), "refused");
            desk.script("pend").await;
            assert_eq!(desk.submit("rf-3").await.as_str(), "pending");
            assert_eq!(desk.submit("rf-3").await, unknown(Finding::KeyInUse));
            assert_eq!(desk.query("rf-3", None).await.as_str(), "pending");
            desk.finish("rf-3", "failed").await;
            assert_eq!(desk.query("rf-3", None).await.as_str(), "refused");
            for (key, count) in [("rf-1", 1), ("rf-2", 0), ("rf-3", 1), ("rf-4", 0)] {
                assert_eq!(desk.effects(key).await, count, "{key}");
            }
        }
        .boxed_local()
    });
}

#[test]
fn momo_resolves_what_broke_by_asking_and_sending_the_same_again() {
    with_sandbox("momo", |desk| {
        async move {
            for (at, step) in
                ["timeout_after_effect", "error500_after_effect", "reset_after_effect", "garbage"]
                    .iter()
                    .enumerate()
            {
                let key = format!("rf-after-{at}");
                desk.script(step).await;
                assert!(matches!(desk.submit(&key).await, Outcome::Unknown(_)), "{step}");
                assert_eq!(desk.query(&key, None).await.as_str(), "succeeded", "{step}");
                assert_eq!(desk.effects(&key).await, 1, "{step}");
            }
            for (at, step) in ["timeout_before_effect", "error500_before_effect"].iter().enumerate() {
                let key = format!("rf-before-{at}");
                desk.script(step).await;
                assert_eq!(desk.submit(&key).await, unknown(Finding::NoAnswer), "{step}");
                assert_eq!(desk.query(&key, None).await, unknown(Finding::NotFound), "{step}");
                assert_eq!(desk.submit(&key).await.as_str(), "succeeded", "{step}");
                assert_eq!(desk.effects(&key).await, 1, "{step}");
            }
        }
        .boxed_local()
    });
}

#[test]
fn tap_is_pending_first_and_asked_by_its_own_id() {
    with_sandbox("tap", |desk| {
        async move {
            desk.script("pend").await;
            let pending = desk.submit("rf-1").await;
            assert_eq!(pending.as_str(), "pending");
            let id = pending.psp_refund_id().map(str::to_owned);
            assert_eq!(desk.query("rf-1", id.as_deref()).await, pending);
            assert_eq!(desk.query("rf-1", None).await, pending, "the list shows the same");
            desk.finish("rf-1", "succeeded").await;
            let done = desk.query("rf-1", id.as_deref()).await;
            assert_eq!(done, Outcome::Succeeded { psp_refund_id: id, arn: None });
            desk.script("refuse").await;
            assert_eq!(desk.submit("rf-2").await.as_str(), "refused");
            desk.script("refuse_for_now").await;
            let for_now = desk.submit("rf-4").await;
            assert!(
                matches!(&for_now, Outcome::Refused(said) if said.code == "502" && said.again != Again::No),
                "{for_now:?}"
            );
            assert_eq!(desk.effects("rf-4").await, 0);
            assert_eq!(desk.query("rf-3", Some("re_none")).await, unknown(Finding::NotFound));
        }
        .boxed_local()
    });
}

#[test]
fn tap_resolves_what_broke_by_its_list() {
    with_sandbox("tap", |desk| {
        async move {
            for (at, step) in
                ["timeout_after_effect", "error500_after_effect", "reset_after_effect", "garbage"]
                    .iter()
                    .enumerate()
            {
                let key = format!("rf-after-{at}");
                desk.script(step).await;
                assert!(matches!(desk.submit(&key).await, Outcome::Unknown(_)), "{step}");
                let found = desk.query(&key, None).await;
                assert!(found.psp_refund_id().is_some(), "{step}: {found:?}");
                assert_eq!(desk.effects(&key).await, 1, "{step}");
            }
            desk.script("timeout_before_effect").await;
            assert_eq!(desk.submit("rf-lost").await, unknown(Finding::NoAnswer));
            assert_eq!(desk.query("rf-lost", None).await, unknown(Finding::NotFound));
            assert_eq!(desk.effects("rf-lost").await, 0);
        }
        .boxed_local()
    });
}
