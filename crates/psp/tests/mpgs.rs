//! The connector of Mastercard Gateway against the sandbox, over real sockets. The sandbox is written from Mastercard's
//! documents and knows nothing of the connector, so that what both agree on is not one mistake made twice.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking too")]

use futures_util::future::{BoxFuture, FutureExt, LocalBoxFuture};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use redress_core::environment::Environment;
use redress_core::money::{Amount, Currency};
use redress_core::outcome::{Again, Finding, Outcome};
use redress_core::time::Timestamp;
use redress_psp::account::AccountConfig;
use redress_psp::connector::{AccountCheck, Connector, QueryAsk, SubmitAsk};
use redress_psp::guard::GuardPolicy;
use redress_psp::http::{CONNECT_TIMEOUT, HttpClient, HttpClientConfig};
use redress_psp::notice::{Inbound, Notice, NoticeError};
use redress_psp::registry;
use redress_psp::session::Session;
use redress_psp::transport::{HttpRequest, Transport};
use redress_sandbox::world::{Notification, Notifier, NotifyError};
use redress_sandbox::{Place, Sandbox, SandboxConfig, World};
use std::cell::Cell;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Mutex, mpsc};

/// The sandbox's own test account.
const CREDENTIALS: [(&str, &str); 3] = [
    ("merchant_id", "TESTREDRESS01"),
    ("password", "7f1d3a9c5e2b4860a1c3e5f708192a3b"),
    ("notification_secret", "A1B2C3D4E5F60718293A4B5C6D7E8F90"),
];
const ORDER: &str = "ORD-2026.11_0042";
const TOLD_AT: &str = "http://127.0.0.1:8080/psp/mpgs/acc_1";

/// For an answer that comes, on however busy a machine.
const AMPLE: Duration = Duration::from_secs(120);

/// For one that never comes, or too late.
const SHORT: Duration = Duration::from_millis(500);

/// How long the answer to a submit with this step is waited for.
fn patience_with(step: &str) -> Duration {
    if step.starts_with("timeout") || step.starts_with("effect_after") { SHORT } else { AMPLE }
}

/// Hands what the sandbox tells to the test.
struct Told(mpsc::UnboundedSender<Notification>);

impl Notifier for Told {
    fn post(&self, notification: Notification) -> BoxFuture<'static, Result<u16, NotifyError>> {
        self.0.send(notification).unwrap();
        std::future::ready(Ok(200)).boxed()
    }
}

/// One order, and the way to it.
struct Desk {
    client: HttpClient,
    connector: &'static dyn Connector,
    account: AccountConfig,
    base: String,
    order: &'static str,
    amount: Amount,
    told: Mutex<mpsc::UnboundedReceiver<Notification>>,
    /// For the next submit.
    patience: Cell<Duration>,
}

impl Desk {
    async fn control(&self, path: &str, body: String) {
        let request = HttpRequest::new(Method::POST, format!("{}/control/{path}", self.base))
            .body("application/json", body.clone());
        let answer = self.client.send(request).await.unwrap();
        assert!(answer.status < 300, "{body}: {} {:?}", answer.status, answer.body);
    }

    async fn script(&self, step: &str) {
        self.patience.set(patience_with(step));
        let order = self.order;
        self.control("script", format!(r#"{{"psp":"mpgs","payment":"{order}","steps":["{step}"]}}"#)).await;
    }

    async fn finish(&self, refund: &str, state: &str) {
        self.control("finish", format!(r#"{{"psp":"mpgs","refund":"{refund}","state":"{state}"}}"#)).await;
    }

    async fn submit(&self, key: &str) -> Outcome {
        self.submit_of(key, self.amount).await
    }

    async fn submit_of(&self, key: &str, amount: Amount) -> Outcome {
        let (psp_payment_id, reason) = (self.order.to_owned(), "Broken box".to_owned());
        let ask = SubmitAsk { key: key.to_owned(), psp_payment_id, amount, reason };
        let account = AccountConfig { timeout: self.patience.replace(AMPLE), ..self.account.clone() };
        self.connector.submit(&self.client, &account, &ask).await.outcome
    }

    async fn query(&self, key: &str) -> Outcome {
        let ask = QueryAsk {
            key: key.to_owned(),
            psp_payment_id: self.order.to_owned(),
            psp_refund_id: None,
            amount: self.amount,
            first_sent_at: Timestamp::from_micros(0),
            now: Timestamp::from_micros(1),
            nonce: [1; 10],
            bound_elsewhere: Vec::new(),
        };
        self.connector.query(&self.client, &self.account, &ask).await.outcome
    }

    /// The next notification, as it would come in.
    async fn heard(&self) -> Inbound {
        let told = self.told.lock().await.recv().await.unwrap();
        assert_eq!(told.url, TOLD_AT);
        let headers: HeaderMap = told
            .headers
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_str(value).unwrap()))
            .collect();
        Inbound { headers, body: told.body.into(), received_at: Timestamp::from_micros(2) }
    }

    async fn read(&self, inbound: &Inbound) -> Result<Vec<Notice>, NoticeError> {
        self.connector.read_notification(&self.client, &self.account, inbound).await
    }

    /// How many effects the sandbox had under this key.
    async fn effects(&self, key: &str) -> usize {
        let request = HttpRequest::new(Method::GET, format!("{}/control/ledger", self.base));
        let answer = self.client.send(request).await.unwrap();
        String::from_utf8(answer.body.to_vec()).unwrap().matches(&format!(r#""key":"{key}""#)).count()
    }
}

/// Plays `story` with an order of ten refunds.
fn with_sandbox(story: impl for<'a> FnOnce(&'a Desk) -> LocalBoxFuture<'a, ()>) {
    with_order(ORDER, story);
}

/// The same with an order of this id.
fn with_order(order: &'static str, story: impl for<'a> FnOnce(&'a Desk) -> LocalBoxFuture<'a, ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let (tell, told) = mpsc::unbounded_channel();
        let world = World { notifier: Arc::new(Told(tell)), ..World::real() };
        let sandbox = Sandbox::open(&Place::Memory, SandboxConfig::default(), world).unwrap();
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let guard = GuardPolicy { allow_loopback: true, ..GuardPolicy::default() };
        let desk = Desk {
            client: HttpClient::new(HttpClientConfig { guard, connect_timeout: CONNECT_TIMEOUT }).unwrap(),
            connector: registry::by_name("mpgs").unwrap(),
            account: account(&base),
            base,
            order,
            amount: Amount::new(1_234, Currency::from_code("SAR").unwrap()),
            told: Mutex::new(told),
            patience: Cell::new(AMPLE),
        };
        desk.connector.check_account(&desk.account).unwrap();
        let (end, ended) = tokio::sync::oneshot::channel::<()>();
        let playing = async {
            let body =
                format!(r#"{{"psp":"mpgs","payment":"{order}","currency":"SAR","amount_minor":12340}}"#);
            desk.control("payment", body).await;
            story(&desk).await;
            drop(end);
        };
        tokio::join!(sandbox.serve(listener, ended.map(|_| ())), playing);
    });
}

fn account(base: &str) -> AccountConfig {
    AccountConfig {
        environment: Environment::Sandbox,
        base_url: Some(base.to_owned()),
        notification_url: Some(TOLD_AT.to_owned()),
        credentials: CREDENTIALS.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect(),
        timeout: AMPLE,
        session: Session::default(),
    }
}

fn unknown(finding: Finding) -> Outcome {
    Outcome::Unknown(finding)
}

fn done() -> Outcome {
    Outcome::Succeeded { psp_refund_id: None, arn: None }
}

#[test]
fn it_is_final_at_once_and_found_by_our_key() {
    with_sandbox(|desk| {
        async move {
            assert_eq!(desk.query("rf-1").await, unknown(Finding::NotFound));
            assert_eq!(desk.submit("rf-1").await, done());
            assert_eq!(desk.submit("rf-1").await, done(), "the same request is one operation");
            assert_eq!(desk.query("rf-1").await, done());
            desk.script("refuse").await;
            let refused = desk.submit("rf-2").await;
            assert!(
                matches!(&refused, Outcome::Refused(refusal) if refusal.code == "DECLINED"),
                "{refused:?}"
            );
            assert_eq!(desk.query("rf-2").await, refused);
            desk.script("refuse_for_now").await;
            let for_now = desk.submit("rf-4").await;
            assert!(
                matches!(&for_now, Outcome::Refused(said) if said.code == "LOCK_FAILURE" && said.again != Again::No),
                "{for_now:?}"
            );
            assert_eq!(desk.query("rf-4").await, unknown(Finding::NotFound), "it did not begin");
            desk.script("pend").await;
            let pending = desk.submit("rf-3").await;
            assert_eq!(pending.as_str(), "pending");
            assert_eq!(desk.submit("rf-3").await, pending);
            assert_eq!(desk.query("rf-3").await, pending);
            desk.finish("rf-3", "failed").await;
            assert_eq!(desk.query("rf-3").await.as_str(), "refused");
            for (key, count) in [("rf-1", 1), ("rf-2", 0), ("rf-3", 1), ("rf-4", 0)] {
                assert_eq!(desk.effects(key).await, count, "{key}");
            }
        }
        .boxed_local()
    });
}

#[test]
fn an_order_of_any_printable_characters_is_refunded_found_and_told_of() {
    let order = "Shop #7: 50% off?x=1&y;z+~ %2F";
    with_order(order, |desk| {
        async move {
            let key = "rf-01k9q3f7zt8m2v5c6x0n4b1d2e";
            assert_eq!(desk.query(key).await, unknown(Finding::NotFound));
            assert_eq!(desk.submit(key).await, done());
            assert_eq!(desk.query(key).await, done());
            let notices = desk.read(&desk.heard().await).await.unwrap();
            assert_eq!(notices[0].psp_payment_ids, [order]);
            assert_eq!(desk.effects(key).await, 1);
        }
        .boxed_local()
    });
}

#[test]
fn it_resolves_what_broke_by_asking_and_sending_the_same_again() {
    with_sandbox(|desk| {
        async move {
            for step in ["timeout_after_effect", "error500_after_effect", "reset_after_effect", "garbage"] {
                let key = format!("rf-{}", step.replace('_', "-"));
                desk.script(step).await;
                assert!(matches!(desk.submit(&key).await, Outcome::Unknown(_)), "{step}");
                assert_eq!(desk.query(&key).await, done(), "{step}");
                assert_eq!(desk.submit(&key).await, done(), "{step}, and sent again");
                assert_eq!(desk.effects(&key).await, 1, "{step}");
            }
            for step in ["timeout_before_effect", "error500_before_effect"] {
                let key = format!("rf-{}", step.replace('_', "-"));
                desk.script(step).await;
                assert_eq!(desk.submit(&key).await, unknown(Finding::NoAnswer), "{step}");
                assert_eq!(desk.query(&key).await, unknown(Finding::NotFound), "{step}");
                assert_eq!(desk.submit(&key).await, done(), "{step}");
                assert_eq!(desk.effects(&key).await, 1, "{step}");
            }
        }
        .boxed_local()
    });
}

#[test]
fn a_repetition_while_the_first_still_runs_is_refused_for_now() {
    with_sandbox(|desk| {
        async move {
            desk.script("effect_after:3000").await;
            assert_eq!(desk.submit("rf-1").await, unknown(Finding::NoAnswer));
            assert_eq!(desk.query("rf-1").await, unknown(Finding::NotFound));
            let refused = desk.submit("rf-1").await;
            assert!(matches!(&refused, Outcome::Refused(said) if said.code == "LOCK_FAILURE"), "{refused:?}");
            // The notification says when the first has come to its end.
            desk.heard().await;
            assert_eq!(desk.query("rf-1").await, done());
            assert_eq!(desk.effects("rf-1").await, 1);
        }
        .boxed_local()
    });
}

#[test]
fn what_is_told_is_verified_and_then_asked() {
    with_sandbox(|desk| {
        async move {
            let key = "rf-01k9q3f7zt8m2v5c6x0n4b1d2e";
            assert_eq!(desk.submit(key).await, done());
            let inbound = desk.heard().await;
            let notices = desk.read(&inbound).await.unwrap();
            let [notice] = notices.as_slice() else { panic!("{notices:?}") };
            assert_eq!(
                (notice.key.as_deref(), &*notice.psp_payment_ids),
                (Some(key), &[ORDER.to_owned()][..])
            );
            assert_eq!((notice.amount, &notice.outcome), (Some(desk.amount), &done()));
            assert!(notice.must_confirm && notice.foreign.is_none() && notice.psp_refund_id.is_none());
            assert_eq!(desk.query(key).await, notice.outcome);

            let mut forged = inbound.clone();
            forged.headers.insert("x-notification-secret", HeaderValue::from_static("A1B2"));
            assert_eq!(desk.read(&forged).await, Err(NoticeError::BadSignature));
            forged.headers.remove("x-notification-secret");
            assert_eq!(desk.read(&forged).await, Err(NoticeError::BadSignature));
            let other =
                String::from_utf8(inbound.body.to_vec()).unwrap().replace("TESTREDRESS01", "TESTOTHER");
            let other = Inbound { body: other.into(), ..inbound };
            assert!(desk.read(&other).await.unwrap()[0].foreign.is_some());

            desk.script("succeed_then_fail").await;
            assert_eq!(desk.submit("rf-2").await, done());
            for word in ["succeeded", "refused"] {
                let notice = desk.read(&desk.heard().await).await.unwrap().remove(0);
                assert_eq!(notice.outcome.as_str(), word);
            }
            assert_eq!(desk.query("rf-2").await.as_str(), "refused");
        }
        .boxed_local()
    });
}

#[test]
fn mistakes_of_ours_are_refusals_and_have_no_effect() {
    with_sandbox(|desk| {
        async move {
            let sar = desk.amount.currency();
            for (key, amount) in [
                ("rf-more", Amount::new(12_341, sar)),
                ("rf-other", Amount::new(1_000, Currency::from_code("KWD").unwrap())),
            ] {
                let refused = desk.submit_of(key, amount).await;
                let Outcome::Refused(said) = &refused else { panic!("{key}: {refused:?}") };
                assert_eq!(said.code, "INVALID_REQUEST", "{key}");
                assert_eq!(desk.effects(key).await, 0, "{key}");
            }
            assert_eq!(desk.submit("rf-1").await, done());
            // Another sum under the same key is no re-send, and is not done.
            let other = desk.submit_of("rf-1", Amount::new(1_000, sar)).await;
            assert_eq!(other.as_str(), "refused");
            assert_eq!(desk.effects("rf-1").await, 1);
        }
        .boxed_local()
    });
}

#[test]
fn a_check_proves_the_credentials() {
    with_sandbox(|desk| {
        async move {
            let check = desk.connector.check(&desk.client, &desk.account, [0; 10]).await;
            assert!(matches!(check, AccountCheck::Proved(_)), "{check:?}");
            for (name, value) in [("password", "wrong"), ("merchant_id", "TESTOTHER")] {
                let wrong = CREDENTIALS.iter().map(|(n, v)| {
                    let v = if *n == name { value } else { v };
                    ((*n).to_owned(), v.to_owned())
                });
                let wrong = AccountConfig { credentials: wrong.collect(), ..desk.account.clone() };
                let check = desk.connector.check(&desk.client, &wrong, [0; 10]).await;
                assert!(matches!(check, AccountCheck::Refused(_)), "{name}: {check:?}");
                let ask = SubmitAsk {
                    key: "rf-1".to_owned(),
                    psp_payment_id: ORDER.to_owned(),
                    amount: desk.amount,
                    reason: String::new(),
                };
                // It is the account's matter, and the refund may go with the right credentials.
                let turned_away = desk.connector.submit(&desk.client, &wrong, &ask).await.outcome;
                assert_eq!(turned_away.as_str(), "not_sent", "{name}");
            }
            assert_eq!(desk.effects("rf-1").await, 0);
            let nobody =
                AccountConfig { base_url: Some("http://127.0.0.1:1".into()), ..desk.account.clone() };
            let check = desk.connector.check(&desk.client, &nobody, [0; 10]).await;
            assert!(matches!(check, AccountCheck::Unclear(_)), "{check:?}");
        }
        .boxed_local()
    });
}
