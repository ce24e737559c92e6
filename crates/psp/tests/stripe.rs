//! The Stripe connector against the sandbox, over real sockets: see `sandbox.rs`.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking too")]

use bytes::Bytes;
use futures_util::future::{FutureExt, LocalBoxFuture};
use http::{HeaderMap, HeaderValue, Method};
use redress_core::environment::Environment;
use redress_core::money::{Amount, Currency};
use redress_core::outcome::{Again, Finding, Outcome};
use redress_psp::account::AccountConfig;
use redress_psp::connector::{AccountCheck, Connector, QueryAsk, SubmitAsk};
use redress_psp::guard::GuardPolicy;
use redress_psp::http::{CONNECT_TIMEOUT, HttpClient, HttpClientConfig};
use redress_psp::notice::{Inbound, Notice, NoticeError};
use redress_psp::registry;
use redress_psp::session::Session;
use redress_psp::transport::{HttpRequest, Transport};
use redress_sandbox::world::Notification;
use redress_sandbox::{Place, Sandbox, SandboxConfig};
use std::cell::Cell;
use std::time::Duration;

use crate::support::{StandingClock, Told};

mod support;

/// For an answer that comes, on however busy a machine.
const AMPLE: Duration = Duration::from_secs(120);

/// For one that never comes, or too late.
const SHORT: Duration = Duration::from_millis(500);

/// How long the answer to a submit with this step is waited for.
fn patience_with(step: &str) -> Duration {
    if step.starts_with("timeout") || step.starts_with("effect_after") { SHORT } else { AMPLE }
}

const CHARGE: &str = "ch_3LmjFA2eZvKYlo2C09TLIsrw";

/// Stripe, a payment, and the way to it.
struct Desk {
    client: HttpClient,
    stripe: &'static dyn Connector,
    account: AccountConfig,
    base: String,
    clock: StandingClock,
    told: Told,
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

    async fn payment(&self, id: &str, code: &str, minor: i64) {
        let body =
            format!(r#"{{"psp":"stripe","payment":"{id}","currency":"{code}","amount_minor":{minor}}}"#);
        self.control("payment", body).await;
    }

    async fn script(&self, step: &str) {
        self.patience.set(patience_with(step));
        self.control("script", format!(r#"{{"psp":"stripe","payment":"{CHARGE}","steps":["{step}"]}}"#))
            .await;
    }

    async fn finish(&self, refund: &str, state: &str) {
        self.control("finish", format!(r#"{{"psp":"stripe","refund":"{refund}","state":"{state}"}}"#)).await;
    }

    async fn submit_of(&self, key: &str, payment: &str, amount: Amount) -> Outcome {
        let (key, psp_payment_id) = (key.to_owned(), payment.to_owned());
        let ask = SubmitAsk { key, psp_payment_id, amount, reason: "Damaged on the way".to_owned() };
        let account = AccountConfig { timeout: self.patience.replace(AMPLE), ..self.account.clone() };
        self.stripe.submit(&self.client, &account, &ask).await.outcome
    }

    async fn query_of(&self, key: &str, payment: &str, amount: Amount, id: Option<&str>) -> Outcome {
        let ask = QueryAsk {
            key: key.to_owned(),
            psp_payment_id: payment.to_owned(),
            psp_refund_id: id.map(str::to_owned),
            amount,
            first_sent_at: self.clock.now(),
            now: self.clock.now(),
            nonce: [0; 10],
            bound_elsewhere: Vec::new(),
        };
        self.stripe.query(&self.client, &self.account, &ask).await.outcome
    }

    async fn submit(&self, key: &str) -> Outcome {
        self.submit_of(key, CHARGE, money(1_000, "USD")).await
    }

    async fn query(&self, key: &str, id: Option<&str>) -> Outcome {
        self.query_of(key, CHARGE, money(1_000, "USD"), id).await
    }

    /// How many effects the sandbox had under this key.
    async fn effects(&self, key: &str) -> usize {
        let request = HttpRequest::new(Method::GET, format!("{}/control/ledger", self.base));
        let answer = self.client.send(request).await.unwrap();
        String::from_utf8(answer.body.to_vec()).unwrap().matches(&format!("\"{key}\"")).count()
    }

    async fn read(
        &self,
        account: &AccountConfig,
        told: &Notification,
        body: &str,
    ) -> Result<Notice, NoticeError> {
        let mut headers = HeaderMap::new();
        for (name, value) in &told.headers {
            headers.insert(*name, HeaderValue::from_str(value).unwrap());
        }
        let inbound = Inbound { headers, body: Bytes::from(body.to_owned()), received_at: self.clock.now() };
        let mut notices = self.stripe.read_notification(&self.client, account, &inbound).await?;
        assert_eq!(notices.len(), 1);
        Ok(notices.remove(0))
    }
}

fn money(minor: i64, code: &str) -> Amount {
    Amount::new(minor, Currency::from_code(code).unwrap())
}

fn unknown(finding: Finding) -> Outcome {
    Outcome::Unknown(finding)
}

fn refusal_code(outcome: &Outcome) -> &str {
    match outcome {
        Outcome::Refused(refusal) => &refusal.code,
        other => panic!("{other:?}"),
    }
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

/// Plays `story` with a charge of ten refunds at a sandbox of its own.
fn with_sandbox(story: impl for<'a> FnOnce(&'a Desk) -> LocalBoxFuture<'a, ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let (world, clock, told) = support::world();
        let sandbox = Sandbox::open(&Place::Memory, SandboxConfig::default(), world).unwrap();
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let guard = GuardPolicy { allow_loopback: true, ..GuardPolicy::default() };
        let client = HttpClient::new(HttpClientConfig { guard, connect_timeout: CONNECT_TIMEOUT }).unwrap();
        let stripe = registry::by_name("stripe").unwrap();
        let account =
            account(&base, &[("secret_key", "sk_test_sandbox"), ("webhook_secret", "whsec_sandbox")]);
        stripe.check_account(&account).unwrap();
        let desk = Desk { client, stripe, account, base, clock, told, patience: Cell::new(AMPLE) };
        let (end, ended) = tokio::sync::oneshot::channel::<()>();
        let playing = async {
            desk.payment(CHARGE, "USD", 10_000).await;
            desk.control("webhook", r#"{"psp":"stripe","url":"http://127.0.0.1:9/"}"#.to_owned()).await;
            story(&desk).await;
            drop(end);
        };
        tokio::join!(sandbox.serve(listener, ended.map(|_| ())), playing);
    });
}

#[test]
fn a_refund_is_final_at_once_and_found_by_id_and_in_the_list() {
    with_sandbox(|desk| {
        async move {
            assert_eq!(desk.query("rf-1", None).await, unknown(Finding::NotFound));
            let done = desk.submit("rf-1").await;
            let Outcome::Succeeded { psp_refund_id: Some(id), arn: Some(_) } = &done else {
                panic!("{done:?}");
            };
            assert_eq!(desk.submit("rf-1").await, done, "the same request is one request");
            assert_eq!(desk.query("rf-1", Some(id)).await, done);
            assert_eq!(desk.query("rf-1", None).await, done);
            assert_eq!(desk.query("rf-2", Some(id)).await, unknown(Finding::Mismatch));
            assert_eq!(desk.query("rf-1", Some("re_none")).await, unknown(Finding::NotFound));

            desk.script("refuse").await;
            assert_eq!(refusal_code(&desk.submit("rf-2").await), "charge_disputed");
            desk.script("refuse_for_now").await;
            let for_now = desk.submit("rf-4").await;
            assert!(
                matches!(&for_now, Outcome::Refused(said) if said.code == "balance_insufficient" && said.again != Again::No),
                "{for_now:?}"
            );
            desk.script("pend").await;
            let pending = desk.submit("rf-3").await;
            assert_eq!(pending.as_str(), "pending");
            assert_eq!(desk.query("rf-3", None).await, pending);
            desk.finish("rf-3", "failed").await;
            assert_eq!(refusal_code(&desk.query("rf-3", None).await), "lost_or_stolen_card");
            // The key gives the first answer, which is old by now: the list shows the end.
            assert_eq!(desk.submit("rf-3").await, pending);
            for (key, count) in [("rf-1", 1), ("rf-2", 0), ("rf-3", 1), ("rf-4", 0)] {
                assert_eq!(desk.effects(key).await, count, "{key}");
            }
            let other_sum = desk.submit_of("rf-1", CHARGE, money(2_000, "USD")).await;
            assert_eq!(other_sum, unknown(Finding::KeyInUse));
        }
        .boxed_local()
    });
}

#[test]
fn refusals_are_understood() {
    with_sandbox(|desk| {
        async move {
            let unknown_charge = desk.submit_of("rf-1", "ch_none", money(1, "USD")).await;
            assert_eq!(refusal_code(&unknown_charge), desk.stripe.payment_not_known_codes()[0]);
            let too_much = desk.submit_of("rf-2", CHARGE, money(10_001, "USD")).await;
            assert_eq!(refusal_code(&too_much), "invalid_request_error");
            assert_eq!(desk.submit_of("rf-3", CHARGE, money(10_000, "USD")).await.as_str(), "succeeded");
            assert_eq!(refusal_code(&desk.submit("rf-4").await), "charge_already_refunded");
        }
        .boxed_local()
    });
}

#[test]
fn sums_and_payments_are_told_as_stripe_writes_them() {
    with_sandbox(|desk| {
        async move {
            for (at, (payment, code, captured, minor)) in [
                ("pi_1", "KWD", 10_000, 5_120),
                ("py_1", "ISK", 100, 7),
                ("ch_2", "UGX", 100, 1),
                ("ch_3", "MGA", 90_000, 700),
                ("pi_2", "JPY", 900, 333),
            ]
            .into_iter()
            .enumerate()
            {
                let key = format!("rf-{at}");
                desk.payment(payment, code, captured).await;
                let done = desk.submit_of(&key, payment, money(minor, code)).await;
                assert_eq!(done.as_str(), "succeeded", "{code}: {done:?}");
                let found = desk.query_of(&key, payment, money(minor, code), None).await;
                assert_eq!(found, done, "{code}");
            }
            let request = HttpRequest::new(Method::GET, format!("{}/control/ledger", desk.base));
            let ledger = desk.client.send(request).await.unwrap();
            let ledger = String::from_utf8(ledger.body.to_vec()).unwrap();
            for minor in [5_120, 7, 1, 700, 333] {
                assert!(ledger.contains(&format!(r#""amount_minor":{minor},"#)), "{minor}: {ledger}");
            }
        }
        .boxed_local()
    });
}

#[test]
fn what_broke_is_resolved_by_the_list_and_by_sending_the_same_again() {
    with_sandbox(|desk| {
        async move {
            let after = ["timeout_after_effect", "error500_after_effect", "reset_after_effect", "garbage"];
            for (at, step) in after.iter().enumerate() {
                let key = format!("rf-after-{at}");
                desk.script(step).await;
                assert!(matches!(desk.submit(&key).await, Outcome::Unknown(_)), "{step}");
                let found = desk.query(&key, None).await;
                assert_eq!(found.as_str(), "succeeded", "{step}");
                // Stripe gives its first answer again; where that was an HTTP 500, only the list tells.
                let again = desk.submit(&key).await;
                let expected = if at == 1 { unknown(Finding::NoAnswer) } else { found };
                assert_eq!(again, expected, "{step}");
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
fn a_request_that_is_still_running_is_not_done_twice() {
    with_sandbox(|desk| {
        async move {
            desk.script("effect_after:1200").await;
            assert_eq!(desk.submit("rf-1").await, unknown(Finding::NoAnswer));
            assert_eq!(desk.query("rf-1", None).await, unknown(Finding::NotFound));
            assert_eq!(desk.submit("rf-1").await, unknown(Finding::KeyInUse));
            desk.clock.advance(1_200);
            desk.told.number(0).await;
            let found = desk.query("rf-1", None).await;
            assert_eq!(found.as_str(), "succeeded");
            assert_eq!(desk.submit("rf-1").await, found);
            assert_eq!(desk.effects("rf-1").await, 1);
        }
        .boxed_local()
    });
}

#[test]
fn what_stripe_tells_is_verified_and_confirmed_by_asking() {
    with_sandbox(|desk| {
        async move {
            desk.script("succeed_then_fail").await;
            let done = desk.submit("rf-1").await;
            let first = desk.told.number(0).await;
            desk.clock.advance(1_000);
            let told = [first, desk.told.number(1).await];
            let first = desk.read(&desk.account, &told[0], &told[0].body).await.unwrap();
            assert_eq!((first.key.as_deref(), first.outcome), (Some("rf-1"), done));
            assert_eq!(first.amount, Some(money(1_000, "USD")));
            assert_eq!(first.psp_payment_ids, [CHARGE]);
            assert!(first.must_confirm && first.foreign.is_none());
            let second = desk.read(&desk.account, &told[1], &told[1].body).await.unwrap();
            assert_eq!(refusal_code(&second.outcome), "lost_or_stolen_card");
            let asked = desk.query("rf-1", second.psp_refund_id.as_deref()).await;
            assert_eq!(asked, second.outcome);

            let bad = Err(NoticeError::BadSignature);
            let altered = told[1].body.replace("\"amount\":1000", "\"amount\":9000");
            assert_ne!(altered, told[1].body);
            assert_eq!(desk.read(&desk.account, &told[1], &altered).await, bad);
            assert_eq!(desk.read(&desk.account, &told[0], &told[1].body).await, bad);
            let key = ("secret_key", "sk_test_sandbox");
            let other = account(&desk.base, &[key, ("webhook_secret", "whsec_other")]);
            assert_eq!(desk.read(&other, &told[1], &told[1].body).await, bad);
            let none = account(&desk.base, &[key]);
            assert_eq!(desk.read(&none, &told[1], &told[1].body).await, bad);
        }
        .boxed_local()
    });
}

#[test]
fn a_check_tells_a_good_key_from_a_wrong_one() {
    with_sandbox(|desk| {
        async move {
            let check = |account| async move { desk.stripe.check(&desk.client, &account, [0; 10]).await };
            assert!(matches!(check(desk.account.clone()).await, AccountCheck::Proved(_)));
            let wrong = account(&desk.base, &[("secret_key", "sk_test_wrong_wrong")]);
            let AccountCheck::Refused(why) = check(wrong.clone()).await else { panic!("it was let in") };
            assert!(why.contains("401") && !why.contains("sk_test_wrong_wrong"), "{why}");
            let ask = SubmitAsk {
                key: "rf-1".to_owned(),
                psp_payment_id: CHARGE.to_owned(),
                amount: money(1, "USD"),
                reason: String::new(),
            };
            // It is the account's matter, and may go with the right key.
            let turned_away = desk.stripe.submit(&desk.client, &wrong, &ask).await.outcome;
            assert_eq!(turned_away.as_str(), "not_sent");
            let nobody = account("http://127.0.0.1:9", &[("secret_key", "sk_test_sandbox")]);
            assert!(matches!(check(nobody).await, AccountCheck::Unclear(_)));
            assert_eq!(desk.effects("rf-1").await, 0);
        }
        .boxed_local()
    });
}
