//! The connector for OPPWA against the sandbox, over real sockets. The sandbox is written from the documents and knows
//! nothing of the connector, so that what both agree on is not one mistake made twice.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking too")]

use futures_util::future::{BoxFuture, FutureExt, LocalBoxFuture};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use redress_core::environment::Environment;
use redress_core::money::{Amount, Currency};
use redress_core::outcome::{Again, Finding, Outcome};
use redress_core::time::Timestamp;
use redress_psp::account::{AccountConfig, Credentials};
use redress_psp::connector::{AccountCheck, Connector, QueryAsk, SubmitAsk};
use redress_psp::guard::GuardPolicy;
use redress_psp::http::{CONNECT_TIMEOUT, HttpClient, HttpClientConfig};
use redress_psp::notice::{Inbound, Notice, NoticeError};
use redress_psp::oppwa::Oppwa;
use redress_psp::session::Session;
use redress_psp::transport::{HttpRequest, Transport};
use redress_sandbox::world::{Notification, Notifier, NotifyError};
use redress_sandbox::{Place, Sandbox, SandboxConfig, World};
use std::cell::Cell;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// The sandbox's own test credentials: those that are printed in the documentation.
const CREDENTIALS: [(&str, &str); 4] = [
    ("access_token", "OGE4Mjk0MTc0YjdlY2IyODAxNGI5Njk5MjIwMDE1Y2N8c3k2S0pzVDg="),
    ("entity_id", "8a8294174b7ecb28014b9699220015ca"),
    ("webhook_key", "000102030405060708090A0B0C0D0E0F000102030405060708090A0B0C0D0E0F"),
    ("test_mode", "EXTERNAL"),
];

const PAYMENT: &str = "8ac7a4a09136ba2801913734d9e253d8";

/// For an answer that comes, on however busy a machine.
const AMPLE: Duration = Duration::from_secs(120);

/// For one that never comes, or too late.
const SHORT: Duration = Duration::from_millis(500);

/// How long the answer to a submit with this step is waited for.
fn patience_with(step: &str) -> Duration {
    if step.starts_with("timeout") || step.starts_with("effect_after") { SHORT } else { AMPLE }
}

/// Keeps the notifications that the sandbox sends.
#[derive(Default)]
struct Mailbox(Mutex<Vec<Notification>>);

struct Postman(Arc<Mailbox>);

impl Notifier for Postman {
    fn post(&self, notification: Notification) -> BoxFuture<'static, Result<u16, NotifyError>> {
        self.0.0.lock().unwrap().push(notification);
        std::future::ready(Ok(200)).boxed()
    }
}

/// One payment, and the way to it.
struct Desk {
    client: HttpClient,
    account: AccountConfig,
    base: String,
    amount: Amount,
    mailbox: Arc<Mailbox>,
    /// For the next submit.
    patience: Cell<Duration>,
}

impl Desk {
    async fn control(&self, path: &str, body: &str) {
        let request = HttpRequest::new(Method::POST, format!("{}/control/{path}", self.base))
            .body("application/json", body.to_owned());
        let answer = self.client.send(request).await.unwrap();
        assert!(answer.status < 300, "{body}: {} {:?}", answer.status, answer.body);
    }

    async fn script(&self, step: &str) {
        self.patience.set(patience_with(step));
        let body = format!(r#"{{"psp":"oppwa","payment":"{PAYMENT}","steps":["{step}"]}}"#);
        self.control("script", &body).await;
    }

    async fn finish(&self, refund: &str, state: &str) {
        let body = format!(r#"{{"psp":"oppwa","refund":"{refund}","state":"{state}"}}"#);
        self.control("finish", &body).await;
    }

    fn ask(&self, key: &str) -> SubmitAsk {
        let (key, psp_payment_id) = (key.to_owned(), PAYMENT.to_owned());
        SubmitAsk { key, psp_payment_id, amount: self.amount, reason: String::new() }
    }

    async fn submit(&self, key: &str) -> Outcome {
        let account = AccountConfig { timeout: self.patience.replace(AMPLE), ..self.account.clone() };
        Oppwa.submit(&self.client, &account, &self.ask(key)).await.outcome
    }

    async fn query(&self, key: &str, id: Option<&str>) -> Outcome {
        let ask = QueryAsk {
            key: key.to_owned(),
            psp_payment_id: PAYMENT.to_owned(),
            psp_refund_id: id.map(str::to_owned),
            amount: self.amount,
            first_sent_at: Timestamp::from_micros(1_000_000),
            now: Timestamp::from_micros(2_000_000),
            nonce: [1; 10],
            bound_elsewhere: Vec::new(),
        };
        Oppwa.query(&self.client, &self.account, &ask).await.outcome
    }

    /// How many effects the sandbox had under this key.
    async fn effects(&self, key: &str) -> usize {
        let request = HttpRequest::new(Method::GET, format!("{}/control/ledger", self.base));
        let answer = self.client.send(request).await.unwrap();
        String::from_utf8(answer.body.to_vec()).unwrap().matches(&format!("\"{key}\"")).count()
    }

    /// The last notification, once there are so many; it goes out beside the answer.
    async fn told(&self, count: usize) -> Notification {
        for _ in 0..200 {
            let sent = self.mailbox.0.lock().unwrap().clone();
            if sent.len() == count {
                return sent[count - 1].clone();
            }
            // One more exchange gives the sandbox its turn.
            self.effects("").await;
        }
        panic!("there are not {count} notifications");
    }

    async fn read(&self, account: &AccountConfig, told: &Notification) -> Result<Vec<Notice>, NoticeError> {
        let mut headers = HeaderMap::new();
        for (name, value) in &told.headers {
            headers.insert(HeaderName::from_static(name), HeaderValue::from_str(value).unwrap());
        }
        let body = told.body.clone().into();
        let inbound = Inbound { headers, body, received_at: Timestamp::from_micros(0) };
        Oppwa.read_notification(&self.client, account, &inbound).await
    }

    /// The account with one credential changed.
    fn with(&self, name: &str, value: &str) -> AccountConfig {
        let changed = |(n, v): (&str, &str)| (n.to_owned(), if n == name { value } else { v }.to_owned());
        AccountConfig { credentials: CREDENTIALS.into_iter().map(changed).collect(), ..self.account.clone() }
    }
}

/// Plays `story` with a payment of ten refunds.
fn with_sandbox(story: impl for<'a> FnOnce(&'a Desk) -> LocalBoxFuture<'a, ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mailbox = Arc::new(Mailbox::default());
        let world = World { notifier: Arc::new(Postman(Arc::clone(&mailbox))), ..World::real() };
        let sandbox = Sandbox::open(&Place::Memory, SandboxConfig::default(), world).unwrap();
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let desk = desk(base, mailbox);
        let (end, ended) = tokio::sync::oneshot::channel::<()>();
        let playing = async {
            let payment =
                format!(r#"{{"psp":"oppwa","payment":"{PAYMENT}","currency":"KWD","amount_minor":15000}}"#);
            desk.control("payment", &payment).await;
            desk.control("webhook", r#"{"psp":"oppwa","url":"http://127.0.0.1:9/psp/oppwa/acc"}"#).await;
            story(&desk).await;
            drop(end);
        };
        tokio::join!(sandbox.serve(listener, ended.map(|_| ())), playing);
    });
}

fn desk(base: String, mailbox: Arc<Mailbox>) -> Desk {
    let guard = GuardPolicy { allow_loopback: true, ..GuardPolicy::default() };
    let credentials: Credentials =
        CREDENTIALS.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let account = AccountConfig {
        environment: Environment::Sandbox,
        base_url: Some(base.clone()),
        notification_url: None,
        credentials,
        timeout: AMPLE,
        session: Session::default(),
    };
    Oppwa.check_account(&account).unwrap();
    let client = HttpClient::new(HttpClientConfig { guard, connect_timeout: CONNECT_TIMEOUT }).unwrap();
    // Three decimals in ISO 4217, two at OPPWA.
    let amount = Amount::new(1_500, Currency::from_code("KWD").unwrap());
    Desk { client, account, base, amount, mailbox, patience: Cell::new(AMPLE) }
}

fn unknown(finding: Finding) -> Outcome {
    Outcome::Unknown(finding)
}

#[test]
fn a_refund_is_done_at_once_and_found_by_either_name() {
    with_sandbox(|desk| {
        async move {
            assert_eq!(desk.query("rf-1", None).await, unknown(Finding::NotFound));
            let done = desk.submit("rf-1").await;
            assert_eq!(done.as_str(), "succeeded", "{done:?}");
            let id = done.psp_refund_id().unwrap().to_owned();
            assert_eq!(desk.query("rf-1", None).await, done);
            assert_eq!(desk.query("rf-1", Some(&id)).await, done);
            assert_eq!(desk.query("rf-2", Some(&id)).await, unknown(Finding::Mismatch), "it is another's");
            assert_eq!(desk.query("rf-1", Some("8ac7none")).await, unknown(Finding::NotFound));
            assert_eq!(desk.submit("rf-1").await, unknown(Finding::KeyInUse));
            assert_eq!(desk.effects("rf-1").await, 1);
        }
        .boxed_local()
    });
}

#[test]
fn refusals_and_waits_are_told_apart() {
    with_sandbox(|desk| {
        async move {
            desk.script("refuse").await;
            let refused = desk.submit("rf-1").await;
            assert_eq!(refused.as_str(), "refused", "{refused:?}");
            assert_eq!(desk.query("rf-1", None).await, refused);
            desk.script("refuse_for_now").await;
            let for_now = desk.submit("rf-5").await;
            assert!(
                matches!(&for_now, Outcome::Refused(said) if said.code == "800.100.176" && said.again != Again::No),
                "{for_now:?}"
            );
            assert_eq!(desk.query("rf-5", None).await, for_now);
            desk.script("pend").await;
            let pending = desk.submit("rf-2").await;
            assert_eq!(pending.as_str(), "pending");
            assert_eq!(desk.query("rf-2", None).await, pending);
            desk.finish("rf-2", "failed").await;
            assert_eq!(desk.query("rf-2", pending.psp_refund_id()).await.as_str(), "refused");
            let gone = SubmitAsk { psp_payment_id: "8ac7none".to_owned(), ..desk.ask("rf-3") };
            let Outcome::Refused(refusal) = Oppwa.submit(&desk.client, &desk.account, &gone).await.outcome
            else {
                panic!("the payment is not there");
            };
            assert!(Oppwa.payment_not_known_codes().contains(&refusal.code.as_str()), "{refusal:?}");
            let much = SubmitAsk { amount: Amount::new(15_010, desk.amount.currency()), ..desk.ask("rf-4") };
            let outcome = Oppwa.submit(&desk.client, &desk.account, &much).await.outcome;
            assert!(
                matches!(&outcome, Outcome::Refused(refusal) if refusal.code == "700.400.200"),
                "{outcome:?}"
            );
            for key in ["rf-1", "rf-3", "rf-4", "rf-5"] {
                assert_eq!(desk.effects(key).await, 0, "{key}");
            }
        }
        .boxed_local()
    });
}

#[test]
fn what_broke_is_resolved_by_asking_and_never_done_twice() {
    with_sandbox(|desk| {
        async move {
            let steps = ["timeout_after_effect", "error500_after_effect", "reset_after_effect", "garbage"];
            for (at, step) in steps.iter().enumerate() {
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
                assert_eq!(desk.effects(&key).await, 0, "{step}");
            }
        }
        .boxed_local()
    });
}

#[test]
fn a_notification_is_read_and_confirmed() {
    with_sandbox(|desk| {
        async move {
            let done = desk.submit("rf-1").await;
            let told = desk.told(1).await;
            let notices = desk.read(&desk.account, &told).await.unwrap();
            let [notice] = notices.as_slice() else { panic!("{notices:?}") };
            assert_eq!(notice.key.as_deref(), Some("rf-1"));
            assert_eq!(notice.psp_payment_ids, [PAYMENT]);
            assert_eq!((notice.amount, &notice.outcome), (Some(desk.amount), &done));
            assert!(notice.must_confirm && notice.foreign.is_none());
            assert_eq!(desk.query("rf-1", notice.psp_refund_id.as_deref()).await, done);

            let bad = Err(NoticeError::BadSignature);
            let other_key = desk.with("webhook_key", &"00".repeat(32));
            assert_eq!(desk.read(&other_key, &told).await, bad);
            let altered = Notification { body: told.body.replacen('0', "1", 1), ..told.clone() };
            assert_eq!(desk.read(&desk.account, &altered).await, bad);
            let other = desk.read(&desk.with("entity_id", "8a82other"), &told).await.unwrap();
            assert_eq!(other[0].foreign.as_deref(), Some("the entity 8a8294174b7ecb28014b9699220015ca"));

            desk.script("pend").await;
            desk.submit("rf-2").await;
            desk.finish("rf-2", "failed").await;
            let failed = desk.read(&desk.account, &desk.told(2).await).await.unwrap();
            assert_eq!((failed[0].outcome.as_str(), failed[0].amount), ("refused", None));
        }
        .boxed_local()
    });
}

#[test]
fn a_check_tells_good_credentials_from_wrong_ones() {
    with_sandbox(|desk| {
        async move {
            let check =
                |account: AccountConfig| async move { Oppwa.check(&desk.client, &account, [0; 10]).await };
            assert!(matches!(check(desk.account.clone()).await, AccountCheck::Proved(_)));
            assert!(matches!(check(desk.with("access_token", "wrong")).await, AccountCheck::Refused(_)));
            assert!(matches!(check(desk.with("entity_id", "8a82other")).await, AccountCheck::Refused(_)));
            // The token is the account's matter, and the refund may go with the right one.
            let submitted = |account: AccountConfig| async move {
                Oppwa.submit(&desk.client, &account, &desk.ask("rf-1")).await.outcome
            };
            assert_eq!(submitted(desk.with("access_token", "wrong")).await.as_str(), "not_sent");
            assert_eq!(submitted(desk.with("entity_id", "8a82other")).await.as_str(), "refused");
            assert_eq!(desk.effects("rf-1").await, 0);
            let nowhere =
                AccountConfig { base_url: Some("http://127.0.0.1:9".into()), ..desk.account.clone() };
            assert!(matches!(check(nowhere).await, AccountCheck::Unclear(_)));
        }
        .boxed_local()
    });
}
