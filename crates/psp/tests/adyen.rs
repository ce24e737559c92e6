//! The Adyen connector against the sandbox, over real sockets. Adyen cannot be asked: what its notifications say, signed
//! by the sandbox and verified by the connector, is the only end.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking too")]

use bytes::Bytes;
use futures_util::future::{BoxFuture, FutureExt, LocalBoxFuture};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use redress_core::environment::Environment;
use redress_core::money::{Amount, Currency};
use redress_core::outcome::{Finding, Outcome};
use redress_core::recipe::{Lookup, Resend};
use redress_core::time::Timestamp;
use redress_psp::account::AccountConfig;
use redress_psp::connector::{AccountCheck, Connector, SubmitAsk};
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
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

const PAYMENT: &str = "993617894903480A";

/// For an answer that comes, on however busy a machine.
const AMPLE: Duration = Duration::from_secs(120);

/// For one that never comes, or too late.
const SHORT: Duration = Duration::from_millis(500);

/// How long the answer to a submit with this step is waited for.
fn patience_with(step: &str) -> Duration {
    if step.starts_with("timeout") || step.starts_with("effect_after") { SHORT } else { AMPLE }
}

/// The credentials of the sandbox's own account.
const CREDENTIALS: [(&str, &str); 3] = [
    ("api_key", "ADYEN_API_KEY"),
    ("merchant_account", "TestMerchant"),
    ("hmac_key", "44782DEF547AAA06C910C43932B1EB0C71FC68D9D0C057550C48EC2ACF6BA056"),
];

/// Hands on what the sandbox tells.
struct Told(UnboundedSender<Notification>);

impl Notifier for Told {
    fn post(&self, notification: Notification) -> BoxFuture<'static, Result<u16, NotifyError>> {
        drop(self.0.send(notification));
        std::future::ready(Ok(200)).boxed()
    }
}

/// One payment at the sandbox, and the way to it.
struct Desk {
    client: HttpClient,
    connector: &'static dyn Connector,
    account: AccountConfig,
    root: String,
    amount: Amount,
    told: UnboundedReceiver<Notification>,
    /// For the next submit.
    patience: Cell<Duration>,
}

impl Desk {
    async fn control(&self, path: &str, body: String) {
        let request = HttpRequest::new(Method::POST, format!("{}/control/{path}", self.root))
            .body("application/json", body.clone());
        let answer = self.client.send(request).await.unwrap();
        assert!(answer.status < 300, "{body}: {} {:?}", answer.status, answer.body);
    }

    async fn script(&self, step: &str) {
        self.patience.set(patience_with(step));
        let body = format!(r#"{{"psp":"adyen","payment":"{PAYMENT}","steps":["{step}"]}}"#);
        self.control("script", body).await;
    }

    async fn submit_of(&self, key: &str, payment: &str, amount: Amount) -> Outcome {
        let ask = SubmitAsk {
            key: key.to_owned(),
            psp_payment_id: payment.to_owned(),
            amount,
            reason: "duplicate".to_owned(),
        };
        let account = AccountConfig { timeout: self.patience.replace(AMPLE), ..self.account.clone() };
        self.connector.submit(&self.client, &account, &ask).await.outcome
    }

    async fn submit(&self, key: &str) -> Outcome {
        self.submit_of(key, PAYMENT, self.amount).await
    }

    /// What the sandbox tells next, as the connector reads it.
    async fn notice(&mut self) -> Notice {
        let notification = tokio::time::timeout(AMPLE, self.told.recv()).await.unwrap().unwrap();
        let mut notices = self.read(&self.account, &notification, notification.body.clone()).await.unwrap();
        assert_eq!(notices.len(), 1);
        let notice = notices.remove(0);
        assert!(!notice.must_confirm && notice.foreign.is_none(), "{notice:?}");
        notice
    }

    async fn read(
        &self,
        account: &AccountConfig,
        notification: &Notification,
        body: String,
    ) -> Result<Vec<Notice>, NoticeError> {
        let headers: HeaderMap = notification
            .headers
            .iter()
            .map(|(n, v)| (HeaderName::from_static(n), HeaderValue::from_str(v).unwrap()))
            .collect();
        let inbound = Inbound { headers, body: Bytes::from(body), received_at: Timestamp::from_micros(0) };
        self.connector.read_notification(&self.client, account, &inbound).await
    }

    /// How many effects the sandbox had under this key.
    async fn effects(&self, key: &str) -> usize {
        let request = HttpRequest::new(Method::GET, format!("{}/control/ledger", self.root));
        let answer = self.client.send(request).await.unwrap();
        String::from_utf8(answer.body.to_vec()).unwrap().matches(&format!("\"{key}\"")).count()
    }

    async fn check(&self, account: &AccountConfig) -> AccountCheck {
        self.connector.check(&self.client, account, [0; 10]).await
    }

    fn account_with(&self, name: &str, value: &str) -> AccountConfig {
        let credentials = CREDENTIALS
            .map(|(n, v)| (n.to_owned(), if n == name { value.to_owned() } else { v.to_owned() }))
            .into_iter()
            .collect();
        AccountConfig { credentials, ..self.account.clone() }
    }
}

/// Plays `story` with a payment of ten refunds of 25 euros.
fn with_sandbox(story: impl for<'a> FnOnce(&'a mut Desk) -> LocalBoxFuture<'a, ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let (sender, told) = unbounded_channel();
        let world = World { notifier: Arc::new(Told(sender)), ..World::real() };
        let sandbox = Sandbox::open(&Place::Memory, SandboxConfig::default(), world).unwrap();
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let mut desk = desk(format!("http://{}", listener.local_addr().unwrap()), told);
        let (end, ended) = tokio::sync::oneshot::channel::<()>();
        let playing = async {
            let payment =
                r#"{"psp":"adyen","payment":"993617894903480A","currency":"EUR","amount_minor":25000}"#;
            desk.control("payment", payment.to_owned()).await;
            desk.control("webhook", r#"{"psp":"adyen","url":"http://redress.example/"}"#.to_owned()).await;
            story(&mut desk).await;
            drop(end);
        };
        tokio::join!(sandbox.serve(listener, ended.map(|_| ())), playing);
    });
}

fn desk(root: String, told: UnboundedReceiver<Notification>) -> Desk {
    let guard = GuardPolicy { allow_loopback: true, ..GuardPolicy::default() };
    let connector = registry::by_name("adyen").unwrap();
    let account = AccountConfig {
        environment: Environment::Sandbox,
        base_url: Some(format!("{root}/v71")),
        notification_url: None,
        credentials: CREDENTIALS.map(|(n, v)| (n.to_owned(), v.to_owned())).into_iter().collect(),
        timeout: AMPLE,
        session: Session::default(),
    };
    connector.check_account(&account).unwrap();
    let amount = Amount::new(2_500, Currency::from_code("EUR").unwrap());
    let client = HttpClient::new(HttpClientConfig { guard, connect_timeout: CONNECT_TIMEOUT }).unwrap();
    Desk { client, connector, account, root, amount, told, patience: Cell::new(AMPLE) }
}

fn unknown(finding: Finding) -> Outcome {
    Outcome::Unknown(finding)
}

/// A notice about the refund of which this was the answer.
fn belongs(notice: &Notice, key: &str, answer: &Outcome, amount: Amount) {
    assert_eq!(answer.as_str(), "pending");
    assert_eq!(notice.key.as_deref(), Some(key));
    assert_eq!(notice.psp_refund_id.as_deref(), answer.psp_refund_id());
    assert_eq!(notice.psp_payment_ids, [PAYMENT]);
    assert_eq!(notice.amount, Some(amount));
}

#[test]
fn a_refund_is_pending_until_it_is_told_of() {
    with_sandbox(|desk| {
        async move {
            let answer = desk.submit("rf-1").await;
            let notice = desk.notice().await;
            belongs(&notice, "rf-1", &answer, desk.amount);
            assert!(matches!(&notice.outcome, Outcome::Succeeded { arn: Some(_), .. }), "{notice:?}");
            assert_eq!(desk.submit("rf-1").await, answer, "the same request is one request");

            desk.script("refuse").await;
            let answer = desk.submit("rf-2").await;
            let notice = desk.notice().await;
            belongs(&notice, "rf-2", &answer, desk.amount);
            let Outcome::Refused(refusal) = &notice.outcome else { panic!("{notice:?}") };
            assert!(refusal.code == "REFUND" && refusal.text.contains("captured"), "{refusal:?}");

            desk.script("succeed_then_fail").await;
            let answer = desk.submit("rf-3").await;
            let first = desk.notice().await;
            let second = desk.notice().await;
            belongs(&second, "rf-3", &answer, desk.amount);
            assert_eq!(first.outcome.as_str(), "succeeded");
            let Outcome::Refused(failure) = &second.outcome else { panic!("{second:?}") };
            assert_eq!(failure.code, "REFUND_FAILED");
            assert!(first.superseded_by.contains(&failure.code.as_str()));
            for (key, count) in [("rf-1", 1), ("rf-2", 0), ("rf-3", 1)] {
                assert_eq!(desk.effects(key).await, count, "{key}");
            }
        }
        .boxed_local()
    });
}

#[test]
fn what_broke_is_resolved_by_the_same_key_alone() {
    with_sandbox(|desk| {
        async move {
            let recipe = desk.connector.recipe();
            assert_eq!(recipe.lookup, Lookup::None);
            assert!(matches!(recipe.resend, Resend::SameKey { .. }));
            let steps = [
                "timeout_after_effect",
                "error500_after_effect",
                "reset_after_effect",
                "garbage",
                "timeout_before_effect",
                "error500_before_effect",
            ];
            for (at, step) in steps.iter().enumerate() {
                let key = format!("rf-{at}");
                desk.script(step).await;
                let broken = desk.submit(&key).await;
                assert!(matches!(broken, Outcome::Unknown(_)), "{step}: {broken:?}");
                let answer = desk.submit(&key).await;
                let notice = desk.notice().await;
                belongs(&notice, &key, &answer, desk.amount);
                assert_eq!(notice.outcome.as_str(), "succeeded", "{step}");
                assert_eq!(desk.effects(&key).await, 1, "{step}");
            }
        }
        .boxed_local()
    });
}

#[test]
fn a_request_that_still_runs_holds_its_key() {
    with_sandbox(|desk| {
        async move {
            desk.script("effect_after:3000").await;
            assert_eq!(desk.submit("rf-1").await, unknown(Finding::NoAnswer));
            assert_eq!(desk.submit("rf-1").await, unknown(Finding::KeyInUse));
            assert_eq!(desk.effects("rf-1").await, 0);
            let notice = desk.notice().await;
            let answer = desk.submit("rf-1").await;
            belongs(&notice, "rf-1", &answer, desk.amount);
            assert_eq!(desk.effects("rf-1").await, 1);
        }
        .boxed_local()
    });
}

#[test]
fn refusals_are_told_apart() {
    with_sandbox(|desk| {
        async move {
            let code = |outcome: Outcome| match outcome {
                Outcome::Refused(refusal) => refusal.code,
                other => panic!("{other:?}"),
            };
            let not_known = code(desk.submit_of("rf-1", "993617894903480B", desk.amount).await);
            assert!(desk.connector.payment_not_known_codes().contains(&not_known.as_str()));
            let dollars = Amount::new(2_500, Currency::from_code("USD").unwrap());
            assert_eq!(code(desk.submit_of("rf-2", PAYMENT, dollars).await), "138");
            // The same key for another sum is nobody's refusal: the first one stands.
            let answer = desk.submit("rf-3").await;
            let other = Amount::new(2_400, desk.amount.currency());
            assert_eq!(desk.submit_of("rf-3", PAYMENT, other).await, unknown(Finding::KeyInUse));
            belongs(&desk.notice().await, "rf-3", &answer, desk.amount);
            // More than is left is told.
            let much = Amount::new(22_501, desk.amount.currency());
            let answer = desk.submit_of("rf-4", PAYMENT, much).await;
            let notice = desk.notice().await;
            belongs(&notice, "rf-4", &answer, much);
            assert_eq!(code(notice.outcome), "REFUND");
            assert_eq!(desk.effects("rf-4").await, 0);
        }
        .boxed_local()
    });
}

#[test]
fn a_check_proves_key_and_merchant_account() {
    with_sandbox(|desk| {
        async move {
            assert!(matches!(desk.check(&desk.account).await, AccountCheck::Proved(_)));
            for (name, says) in [("api_key", "000"), ("merchant_account", "901")] {
                let AccountCheck::Refused(text) = desk.check(&desk.account_with(name, "wrong")).await else {
                    panic!("{name} was taken");
                };
                assert!(text.contains(says), "{text}");
            }
            let elsewhere = AccountConfig { base_url: Some(desk.root.clone()), ..desk.account.clone() };
            assert!(matches!(desk.check(&elsewhere).await, AccountCheck::Unclear(_)));
        }
        .boxed_local()
    });
}

#[test]
fn only_what_the_own_key_signed_is_believed() {
    with_sandbox(|desk| {
        async move {
            desk.submit("rf-1").await;
            let told = desk.told.recv().await.unwrap();
            assert!(desk.read(&desk.account, &told, told.body.clone()).await.is_ok());
            let altered = told.body.replace("2500", "2501");
            assert_eq!(desk.read(&desk.account, &told, altered).await, Err(NoticeError::BadSignature));
            let other = desk.account_with("hmac_key", &"00".repeat(32));
            let read = desk.read(&other, &told, told.body.clone()).await;
            assert_eq!(read, Err(NoticeError::BadSignature));
            let other = desk.account_with("merchant_account", "OtherMerchant");
            let notices = desk.read(&other, &told, told.body.clone()).await.unwrap();
            assert_eq!(notices[0].foreign.as_deref(), Some("merchant account TestMerchant"));
        }
        .boxed_local()
    });
}
