//! stc pay's connector against the sandbox, over real sockets. Mutual TLS is proved elsewhere: the sandbox has none.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking too")]

use futures_util::future::{FutureExt, LocalBoxFuture};
use http::Method;
use redress_core::environment::Environment;
use redress_core::money::{Amount, Currency};
use redress_core::outcome::{Finding, Outcome};
use redress_psp::account::{AccountConfig, Credentials};
use redress_psp::connector::{AccountCheck, Connector, SubmitAsk};
use redress_psp::guard::GuardPolicy;
use redress_psp::http::{CONNECT_TIMEOUT, HttpClient, HttpClientConfig};
use redress_psp::session::Session;
use redress_psp::stcpay::StcPay;
use redress_psp::transport::{HttpRequest, Transport};
use redress_sandbox::{Place, Sandbox, SandboxConfig, World};
use std::cell::Cell;
use std::time::Duration;

const PAYMENT: &str = "1262678035888";

/// The sandbox's own merchant.
const CODE: &str = "61000000001";

const INQUIRY_V4: &str = "/B2B.DirectPayment.WebApi/DirectPayment/V4/PaymentInquiry";
const INQUIRY_V3: &str = "/B2B.MerchantTransactionsWebApi/MerchantTransactions/v3/PaymentInquiry";

/// For an answer that comes, on however busy a machine.
const AMPLE: Duration = Duration::from_secs(120);

/// For one that never comes, or too late.
const SHORT: Duration = Duration::from_millis(500);

/// How long the answer to a submit with this step is waited for.
fn patience_with(step: &str) -> Duration {
    if step.starts_with("timeout") || step.starts_with("effect_after") { SHORT } else { AMPLE }
}

/// The way to the sandbox, which knows one payment of 100 riyals.
struct Desk {
    client: HttpClient,
    base: String,
    /// For the next submit.
    patience: Cell<Duration>,
}

impl Desk {
    fn account(&self, fields: &[(&str, &str)]) -> AccountConfig {
        let credentials: Credentials =
            fields.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
        let account = AccountConfig {
            environment: Environment::Sandbox,
            base_url: Some(self.base.clone()),
            notification_url: None,
            credentials,
            timeout: AMPLE,
            session: Session::default(),
        };
        StcPay.check_account(&account).unwrap();
        account
    }

    async fn control(&self, path: &str, body: String) {
        let request = HttpRequest::new(Method::POST, format!("{}/control/{path}", self.base))
            .body("application/json", body.clone());
        let answer = self.client.send(request).await.unwrap();
        assert!(answer.status < 300, "{body}: {} {:?}", answer.status, answer.body);
    }

    async fn script(&self, step: &str) {
        self.patience.set(patience_with(step));
        self.control("script", format!(r#"{{"psp":"stcpay","payment":"{PAYMENT}","steps":["{step}"]}}"#))
            .await;
    }

    async fn submit(&self, payment: &str, minor: i64) -> Outcome {
        let account = self.account(&[("client_code", CODE)]);
        let account = AccountConfig { timeout: self.patience.replace(AMPLE), ..account };
        self.submit_as(&account, payment, minor).await
    }

    async fn submit_as(&self, account: &AccountConfig, payment: &str, minor: i64) -> Outcome {
        let ask = SubmitAsk {
            key: "rf-01k9q3f7zt8m2v5c6x0n4b1d2e".to_owned(),
            psp_payment_id: payment.to_owned(),
            amount: Amount::new(minor, Currency::from_code("SAR").unwrap()),
            reason: "Wrong size".to_owned(),
        };
        StcPay.submit(&self.client, account, &ask).await.outcome
    }

    /// The sums of the effects so far, and their numbers at stc pay.
    async fn ledger(&self) -> Vec<(i64, String)> {
        let request = HttpRequest::new(Method::GET, format!("{}/control/ledger", self.base));
        let answer = self.client.send(request).await.unwrap();
        let ledger: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
        let effects = ledger["effects"].as_array().unwrap().iter();
        effects
            .map(|row| {
                assert_eq!((&row["payment"], &row["currency"]), (&PAYMENT.into(), &"SAR".into()));
                assert_eq!((&row["key"], &row["state"]), (&"".into(), &"succeeded".into()));
                (row["amount_minor"].as_i64().unwrap(), row["refund"].as_str().unwrap().to_owned())
            })
            .collect()
    }
}

fn with_sandbox(story: impl for<'a> FnOnce(&'a Desk) -> LocalBoxFuture<'a, ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let sandbox = Sandbox::open(&Place::Memory, SandboxConfig::default(), World::real()).unwrap();
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let guard = GuardPolicy { allow_loopback: true, ..GuardPolicy::default() };
        let client = HttpClient::new(HttpClientConfig { guard, connect_timeout: CONNECT_TIMEOUT }).unwrap();
        let desk = Desk { client, base, patience: Cell::new(AMPLE) };
        let (end, ended) = tokio::sync::oneshot::channel::<()>();
        let playing = async {
            let body =
                format!(r#"{{"psp":"stcpay","payment":"{PAYMENT}","currency":"SAR","amount_minor":10000}}"#);
            desk.control("payment", body).await;
            story(&desk).await;
            drop(end);
        };
        tokio::join!(sandbox.serve(listener, ended.map(|_| ())), playing);
    });
}

fn refused(outcome: &Outcome) -> Option<&str> {
    match outcome {
        Outcome::Refused(refusal) => Some(&refusal.code),
        _ => None,
    }
}

#[test]
fn a_refund_is_final_at_once_and_refusals_leave_nothing() {
    with_sandbox(|desk| {
        async move {
            let done = desk.submit(PAYMENT, 2_080).await;
            let ledger = desk.ledger().await;
            assert_eq!(done, Outcome::Succeeded { psp_refund_id: Some(ledger[0].1.clone()), arn: None });
            assert_eq!(ledger[0].0, 2_080);
            desk.script("refuse").await;
            assert_eq!(refused(&desk.submit(PAYMENT, 1).await), Some("2003"));
            assert_eq!(refused(&desk.submit(PAYMENT, 7_921).await), Some("2003"));
            let not_known = desk.submit("1262678035889", 1).await;
            assert_eq!(refused(&not_known), Some(StcPay.payment_not_known_codes()[0]));
            assert_eq!(desk.submit(PAYMENT, 7_920).await.as_str(), "succeeded", "all that is left");
            assert_eq!(desk.ledger().await.len(), 2);
        }
        .boxed_local()
    });
}

#[test]
fn what_broke_stays_unknown_with_one_effect_or_none() {
    with_sandbox(|desk| {
        async move {
            let mut sums = Vec::new();
            for (minor, step, finding, effects) in [
                (101, "timeout_after_effect", Finding::NoAnswer, 1),
                (102, "error500_after_effect", Finding::NoAnswer, 1),
                (103, "reset_after_effect", Finding::NoAnswer, 1),
                (104, "garbage", Finding::NotUnderstood, 1),
                (105, "timeout_before_effect", Finding::NoAnswer, 0),
                (106, "error500_before_effect", Finding::NoAnswer, 0),
                (107, "effect_after:600", Finding::NoAnswer, 1),
            ] {
                desk.script(step).await;
                // The recipe has no look-up and no second send: this is all that is ever heard of it.
                assert_eq!(desk.submit(PAYMENT, minor).await, Outcome::Unknown(finding), "{step}");
                sums.extend((0..effects).map(|_| minor));
            }
            desk.script("slow:200").await;
            assert_eq!(desk.submit(PAYMENT, 108).await.as_str(), "succeeded");
            sums.push(108);
            // The last effect but one comes late.
            let mut found = Vec::new();
            for _ in 0..10_000 {
                found = desk.ledger().await.into_iter().map(|(minor, _)| minor).collect();
                if found.len() >= sums.len() {
                    break;
                }
            }
            assert_eq!(found, sums);
        }
        .boxed_local()
    });
}

#[test]
fn a_stranger_is_not_refused_but_not_understood_either() {
    with_sandbox(|desk| {
        async move {
            let stranger = desk.account(&[("client_code", "61000000002")]);
            let outcome = desk.submit_as(&stranger, PAYMENT, 100).await;
            assert_eq!(outcome, Outcome::Unknown(Finding::NotUnderstood));
            assert_eq!(desk.ledger().await, []);
        }
        .boxed_local()
    });
}

#[test]
fn a_check_proves_the_client_code_where_there_is_a_path() {
    with_sandbox(|desk| {
        async move {
            let none = desk.account(&[("client_code", CODE)]);
            let check = StcPay.check(&desk.client, &none, [0; 10]).await;
            assert!(matches!(check, AccountCheck::NotPossible(_)), "{check:?}");
            for path in [INQUIRY_V4, INQUIRY_V3] {
                let good = desk.account(&[("client_code", CODE), ("inquiry_path", path)]);
                let check = StcPay.check(&desk.client, &good, [0; 10]).await;
                assert!(matches!(check, AccountCheck::Proved(_)), "{path}: {check:?}");
                let wrong = desk.account(&[("client_code", "61000000002"), ("inquiry_path", path)]);
                let check = StcPay.check(&desk.client, &wrong, [0; 10]).await;
                assert!(matches!(check, AccountCheck::Refused(_)), "{path}: {check:?}");
            }
            let nowhere = desk.account(&[("client_code", CODE), ("inquiry_path", "/V4/Nothing")]);
            let check = StcPay.check(&desk.client, &nowhere, [0; 10]).await;
            assert!(matches!(check, AccountCheck::Unclear(_)), "{check:?}");
            assert_eq!(desk.ledger().await, []);
        }
        .boxed_local()
    });
}
