//! PayPal's connector against the PayPal that the sandbox plays, over real sockets. Notifications are caught as they leave
//! the sandbox, and read by the connector, which puts them before the sandbox again.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking too")]

use futures_util::future::{FutureExt, LocalBoxFuture};
use http::{HeaderMap, Method};
use redress_core::environment::Environment;
use redress_core::money::{Amount, Currency};
use redress_core::outcome::{Again, Finding, Outcome};
use redress_core::recipe::Lookup;
use redress_psp::account::AccountConfig;
use redress_psp::connector::{AccountCheck, Connector, Exchange, QueryAsk, SubmitAsk};
use redress_psp::guard::GuardPolicy;
use redress_psp::http::{CONNECT_TIMEOUT, HttpClient, HttpClientConfig};
use redress_psp::notice::{Inbound, Notice, NoticeError};
use redress_psp::paypal::PayPal;
use redress_psp::session::Session;
use redress_psp::transport::{HttpRequest, Transport};
use redress_sandbox::{Place, Sandbox, SandboxConfig};
use secrecy::ExposeSecret;
use std::cell::Cell;
use std::time::Duration;

use crate::support::{StandingClock, Told};

mod support;

const CAPTURE: &str = "2GG279541U471931P";
const KEY: &str = "rf-01k9q3f7zt8m2v5c6x0n4b1d2e";

/// The sandbox's own test client.
const CLIENT: [(&str, &str); 3] = [
    ("client_id", "sandbox-paypal-client"),
    ("client_secret", "sandbox-paypal-client-secret"),
    ("webhook_id", "1JE4291016473214C"),
];

/// For an answer that comes, on however busy a machine.
const AMPLE: Duration = Duration::from_secs(120);

/// For one that never comes, or too late.
const SHORT: Duration = Duration::from_millis(500);

/// How long the answer to a submit with this step is waited for.
fn patience_with(step: &str) -> Duration {
    if step.starts_with("timeout") || step.starts_with("effect_after") { SHORT } else { AMPLE }
}

/// One payment, and the way to it.
struct Desk {
    client: HttpClient,
    account: AccountConfig,
    base: String,
    clock: StandingClock,
    told: Told,
    /// For the next submit.
    patience: Cell<Duration>,
}

fn account(base: &str, credentials: &[(&str, &str)]) -> AccountConfig {
    AccountConfig {
        environment: Environment::Sandbox,
        base_url: Some(base.to_owned()),
        notification_url: None,
        credentials: credentials.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect(),
        timeout: AMPLE,
        session: Session::default(),
    }
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
        self.control("script", format!(r#"{{"psp":"paypal","payment":"{CAPTURE}","steps":["{step}"]}}"#))
            .await;
    }

    async fn finish(&self, refund: &str, state: &str) {
        self.control("finish", format!(r#"{{"psp":"paypal","refund":"{refund}","state":"{state}"}}"#)).await;
    }

    async fn exchange(&self, key: &str, payment: &str, minor: i64) -> Exchange {
        let ask = SubmitAsk {
            key: key.to_owned(),
            psp_payment_id: payment.to_owned(),
            amount: Amount::new(minor, Currency::from_code("USD").unwrap()),
            reason: "Hoàn tiền \"42\"".to_owned(),
        };
        let account = AccountConfig { timeout: self.patience.replace(AMPLE), ..self.account.clone() };
        PayPal.submit(&self.client, &account, &ask).await
    }

    async fn submit(&self, key: &str) -> Outcome {
        self.exchange(key, CAPTURE, 1_050).await.outcome
    }

    async fn query(&self, key: &str, id: &str) -> Outcome {
        let ask = QueryAsk {
            key: key.to_owned(),
            psp_payment_id: CAPTURE.to_owned(),
            psp_refund_id: Some(id.to_owned()),
            amount: Amount::new(1_050, Currency::from_code("USD").unwrap()),
            first_sent_at: self.clock.now(),
            now: self.clock.now(),
            nonce: [0; 10],
            bound_elsewhere: Vec::new(),
        };
        PayPal.query(&self.client, &self.account, &ask).await.outcome
    }

    /// The states of the effects that the sandbox had under this key.
    async fn effects(&self, key: &str) -> Vec<String> {
        let request = HttpRequest::new(Method::GET, format!("{}/control/ledger", self.base));
        let answer = self.client.send(request).await.unwrap();
        let ledger: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
        let effects = ledger["effects"].as_array().unwrap().iter();
        effects.filter(|one| one["key"] == key).map(|one| one["state"].as_str().unwrap().to_owned()).collect()
    }

    /// The notification of that number, as soon as it was sent.
    async fn told(&self, number: usize) -> Inbound {
        let told = self.told.number(number).await;
        let mut headers = HeaderMap::new();
        for (name, value) in told.headers {
            headers.insert(name, value.parse().unwrap());
        }
        Inbound { headers, body: told.body.into(), received_at: self.clock.now() }
    }

    async fn read(&self, account: &AccountConfig, inbound: &Inbound) -> Result<Notice, NoticeError> {
        let notices = PayPal.read_notification(&self.client, account, inbound).await?;
        assert_eq!(notices.len(), 1);
        Ok(notices.into_iter().next().unwrap())
    }
}

/// Plays `story` with a payment of ten refunds.
fn with_sandbox(story: impl for<'a> FnOnce(&'a Desk) -> LocalBoxFuture<'a, ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let (world, clock, told) = support::world();
        let sandbox = Sandbox::open(&Place::Memory, SandboxConfig::default(), world).unwrap();
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let guard = GuardPolicy { allow_loopback: true, ..GuardPolicy::default() };
        let client = HttpClient::new(HttpClientConfig { guard, connect_timeout: CONNECT_TIMEOUT }).unwrap();
        let patience = Cell::new(AMPLE);
        let desk = Desk { client, account: account(&base, &CLIENT), base, clock, told, patience };
        PayPal.check_account(&desk.account).unwrap();
        let (end, ended) = tokio::sync::oneshot::channel::<()>();
        let playing = async {
            let payment =
                format!(r#"{{"psp":"paypal","payment":"{CAPTURE}","currency":"USD","amount_minor":10500}}"#);
            desk.control("payment", payment).await;
            desk.control("webhook", r#"{"psp":"paypal","url":"http://127.0.0.1:9/paypal"}"#.to_owned()).await;
            story(&desk).await;
            drop(end);
        };
        tokio::join!(sandbox.serve(listener, ended.map(|_| ())), playing);
    });
}

fn unknown(finding: Finding) -> Outcome {
    Outcome::Unknown(finding)
}

#[test]
fn a_refund_is_done_at_once_asked_about_and_made_once() {
    with_sandbox(|desk| {
        async move {
            let done = desk.submit(KEY).await;
            assert!(matches!(&done, Outcome::Succeeded { psp_refund_id: Some(_), arn: Some(_) }), "{done:?}");
            assert_eq!(desk.submit(KEY).await, done, "the same request is one request");
            assert_eq!(desk.query(KEY, done.psp_refund_id().unwrap()).await, done);
            assert_eq!(
                desk.query("rf-other", done.psp_refund_id().unwrap()).await,
                unknown(Finding::Mismatch)
            );
            assert_eq!(desk.query(KEY, "0000000000000000R").await, unknown(Finding::NotFound));
            assert_eq!(desk.effects(KEY).await, ["succeeded"]);
        }
        .boxed_local()
    });
}

#[test]
fn refusals_say_why_and_leave_nothing() {
    with_sandbox(|desk| {
        async move {
            let code = |exchange: Exchange| match exchange.outcome {
                Outcome::Refused(refusal) => refusal.code,
                other => panic!("{other:?}"),
            };
            desk.script("refuse").await;
            assert_eq!(code(desk.exchange("rf-1", CAPTURE, 1_050).await), "REFUND_NOT_ALLOWED");
            assert_eq!(code(desk.exchange("rf-2", CAPTURE, 10_501).await), "REFUND_AMOUNT_EXCEEDED");
            let not_known = code(desk.exchange("rf-3", "OTHER", 1_050).await);
            assert!(PayPal.payment_not_known_codes().contains(&&*not_known), "{not_known}");
            desk.script("refuse_for_now").await;
            let for_now = desk.submit("rf-4").await;
            assert!(
                matches!(&for_now, Outcome::Refused(said) if said.code == "REFUND_FAILED_INSUFFICIENT_FUNDS" && said.again != Again::No),
                "{for_now:?}"
            );
            for key in ["rf-1", "rf-2", "rf-3", "rf-4"] {
                assert!(desk.effects(key).await.is_empty(), "{key}");
            }
        }
        .boxed_local()
    });
}

#[test]
fn a_pending_refund_is_followed_by_its_id_and_by_the_same_request() {
    with_sandbox(|desk| {
        async move {
            for (key, end, outcome) in [("rf-1", "succeeded", "succeeded"), ("rf-2", "failed", "refused")] {
                desk.script("pend").await;
                let pending = desk.submit(key).await;
                let Outcome::Pending { psp_refund_id: Some(id), note: Some(note) } = &pending else {
                    panic!("{pending:?}")
                };
                assert_eq!(note, "PayPal says PENDING ECHECK");
                assert_eq!(desk.query(key, id).await, pending);
                assert_eq!(desk.submit(key).await, pending);
                desk.finish(id, end).await;
                assert_eq!(desk.query(key, id).await.as_str(), outcome);
                assert_eq!(desk.submit(key).await.as_str(), outcome);
                assert_eq!(desk.effects(key).await, [end]);
            }
        }
        .boxed_local()
    });
}

#[test]
fn what_broke_is_resolved_by_the_same_request_with_one_effect() {
    assert_eq!(PayPal.recipe().lookup, Lookup::ById, "there is no id to ask by");
    with_sandbox(|desk| {
        async move {
            let after = ["timeout_after_effect", "error500_after_effect", "reset_after_effect", "garbage"];
            let before = ["timeout_before_effect", "error500_before_effect"];
            for (at, step) in after.iter().chain(&before).enumerate() {
                let key = format!("rf-{at}");
                desk.script(step).await;
                let first = desk.submit(&key).await;
                assert!(matches!(first, Outcome::Unknown(_)), "{step}: {first:?}");
                assert_eq!(desk.effects(&key).await.len(), usize::from(at < after.len()), "{step}");
                assert_eq!(desk.submit(&key).await.as_str(), "succeeded", "{step}");
                assert_eq!(desk.effects(&key).await, ["succeeded"], "{step}");
            }
            desk.script("effect_after:800").await;
            assert_eq!(desk.submit("rf-late").await, unknown(Finding::NoAnswer));
            assert_eq!(desk.submit("rf-late").await, unknown(Finding::KeyInUse));
            desk.clock.advance(800);
            desk.told.number(after.len() + before.len()).await;
            assert_eq!(desk.submit("rf-late").await.as_str(), "succeeded");
            assert_eq!(desk.effects("rf-late").await, ["succeeded"]);
        }
        .boxed_local()
    });
}

#[test]
fn a_notification_is_verified_and_read() {
    with_sandbox(|desk| {
        async move {
            desk.script("succeed_then_fail").await;
            let done = desk.submit(KEY).await;
            let inbound = desk.told(0).await;
            let notice = desk.read(&desk.account, &inbound).await.unwrap();
            assert_eq!(notice.key.as_deref(), Some(KEY));
            assert_eq!(notice.psp_refund_id.as_deref(), done.psp_refund_id());
            assert_eq!(notice.psp_payment_ids, [CAPTURE]);
            assert_eq!(notice.amount.map(Amount::minor), Some(1_050));
            assert_eq!(notice.outcome, done);
            assert!(notice.must_confirm);
            desk.clock.advance(1_000);
            let failed = desk.read(&desk.account, &desk.told(1).await).await.unwrap();
            assert_eq!(failed.outcome.as_str(), "refused");
            assert_eq!(desk.query(KEY, &failed.psp_refund_id.unwrap()).await.as_str(), "refused");
            let altered = String::from_utf8(inbound.body.to_vec()).unwrap().replace("10.50", "90.50");
            let altered = Inbound { body: altered.into(), ..inbound.clone() };
            assert_eq!(desk.read(&desk.account, &altered).await, Err(NoticeError::BadSignature));
            let mut other = inbound.clone();
            other.headers.insert("paypal-transmission-sig", "b3RoZXI=".parse().unwrap());
            assert_eq!(desk.read(&desk.account, &other).await, Err(NoticeError::BadSignature));
            let webhook = account(&desk.base, &[CLIENT[0], CLIENT[1], ("webhook_id", "2JE4291016473214C")]);
            assert_eq!(desk.read(&webhook, &inbound).await, Err(NoticeError::BadSignature));
            let none = account(&desk.base, &CLIENT[..2]);
            assert_eq!(desk.read(&none, &inbound).await, Err(NoticeError::BadSignature));
            let wrong = account(&desk.base, &[CLIENT[0], ("client_secret", "wrong-secret"), CLIENT[2]]);
            assert_eq!(desk.read(&wrong, &inbound).await, Err(NoticeError::NotVerifiable));
        }
        .boxed_local()
    });
}

#[test]
fn the_credentials_are_proved_and_a_lost_token_is_got_again() {
    with_sandbox(|desk| {
        async move {
            let checked = PayPal.check(&desk.client, &desk.account, [0; 10]).await;
            assert!(matches!(checked, AccountCheck::Proved(_)), "{checked:?}");
            for wrong in
                [[CLIENT[0], ("client_secret", "wrong-secret")], [("client_id", "wrong-client"), CLIENT[1]]]
            {
                let wrong = account(&desk.base, &wrong);
                let checked = PayPal.check(&desk.client, &wrong, [0; 10]).await;
                assert!(matches!(checked, AccountCheck::Refused(_)), "{checked:?}");
            }
            let nobody = account("http://127.0.0.1:9", &CLIENT);
            let checked = PayPal.check(&desk.client, &nobody, [0; 10]).await;
            assert!(matches!(checked, AccountCheck::Unclear(_)), "{checked:?}");

            desk.account.session.keep(Some("A21AA0-ended".to_owned().into()));
            let exchange = desk.exchange(KEY, CAPTURE, 1_050).await;
            assert_eq!(exchange.outcome.as_str(), "succeeded");
            let token = desk.account.session.token().unwrap();
            let shown = format!("{exchange:?} {:?}", desk.account);
            for secret in [token.expose_secret(), CLIENT[1].1, "A21AA0-ended"] {
                assert!(!shown.contains(secret), "{shown}");
            }
            let wrong = account(&desk.base, &[CLIENT[0], ("client_secret", "wrong-secret")]);
            let ask = SubmitAsk {
                key: "rf-2".to_owned(),
                psp_payment_id: CAPTURE.to_owned(),
                amount: Amount::new(1_050, Currency::from_code("USD").unwrap()),
                reason: String::new(),
            };
            let exchange = PayPal.submit(&desk.client, &wrong, &ask).await;
            assert_eq!(exchange.outcome.as_str(), "not_sent");
            assert_eq!(desk.effects(KEY).await, ["succeeded"]);
        }
        .boxed_local()
    });
}
