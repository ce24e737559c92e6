//! The Rust client against the faces themselves: every operation is called, and every answer understood.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::body::Body;
use axum::http::Request;
use futures_util::TryStreamExt;
use futures_util::future::BoxFuture;
use redress_client::{
    CancelRefund, CaseFilter, CaseStatus, Client, CloseCase, CloseRefund, Config, DeliveryFilter,
    DisputeReason, Enabling, EndpointChange, EventData, FeedStart, ImportRowFilter, ImportStatus,
    NewEndpoint, NewPayment, NewRefund, NewReplay, PaymentFilter, PspAccountStatus, RefundFilter,
    RefundStatus, RotateSecret, RowOutcome, Upload, Wire, WireAnswer, WireError, WireRequest, World,
    operations,
};
use redress_core::case::CaseKind;
use redress_core::environment::Environment;
use redress_core::id::CaseId;
use redress_core::policy::AccountState;
use redress_core::right::{Right, Rights};
use redress_engine::admin::keys::CredentialKind;
use redress_store::ops::cases::{CaseSubject, NewCaseRow, OpenCase};
use secrecy::ExposeSecret;

use crate::testing::{Harness, TestPayment};

/// The faces in process; what was asked of them is kept, as `GET /v1/refunds/rf_…`.
struct InProcess {
    harness: Harness,
    asked: Mutex<Vec<String>>,
    drawn: Mutex<u8>,
}

impl Wire for InProcess {
    fn send(&self, asked: WireRequest) -> BoxFuture<'_, Result<WireAnswer, WireError>> {
        self.asked.lock().unwrap().push(format!("{} {}", asked.method, asked.url.path()));
        let mut request = Request::builder().method(asked.method).uri(asked.url.as_str());
        for (name, value) in asked.headers {
            request = request.header(name, value);
        }
        Box::pin(async {
            let answer = self.harness.send(request.body(Body::from(asked.body)).unwrap()).await;
            Ok(WireAnswer { status: answer.status.as_u16(), headers: answer.headers, body: answer.body })
        })
    }
}

impl World for InProcess {
    fn sleep(&self, pause: Duration) -> BoxFuture<'_, ()> {
        Box::pin(self.harness.pass(pause))
    }

    fn random(&self) -> Result<[u8; 16], String> {
        let mut drawn = self.drawn.lock().unwrap();
        *drawn += 1;
        Ok([*drawn; 16])
    }
}

async fn shop() -> (Arc<InProcess>, Client) {
    let shop = InProcess { harness: Harness::new().await, asked: Mutex::default(), drawn: Mutex::default() };
    let shop = Arc::new(shop);
    let client = client(&shop, &shop.harness.merchant.api_key);
    (shop, client)
}

fn client(shop: &Arc<InProcess>, key: &str) -> Client {
    let config = Config::new("https://refunds.test", key);
    let (wire, world) = (Arc::<InProcess>::clone(shop), Arc::<InProcess>::clone(shop));
    Client::over(config, wire, world).unwrap()
}

/// Whether a request is one of a path with `{…}` in it.
fn fits(asked: &str, template: &str) -> bool {
    let (asked, template): (Vec<_>, Vec<_>) = (asked.split('/').collect(), template.split('/').collect());
    let same = |(asked, template): (&&str, &&str)| template.starts_with('{') || asked == template;
    asked.len() == template.len() && asked.iter().zip(&template).all(same)
}

#[tokio::test]
async fn every_operation_can_be_called_and_is_understood() {
    let (shop, client) = shop().await;
    payments(&shop, &client).await;
    imports(&shop, &client).await;
    let refund = refunds(&shop, &client).await;
    endpoints_and_deliveries(&shop, &client, &refund).await;
    assert!(!client.list_connectors().await.unwrap().connectors.is_empty());
    let accounts: Vec<_> = client.psp_accounts().stream().try_collect().await.unwrap();
    let tap = client.get_psp_account(&shop.harness.merchant.tap.to_string()).await.unwrap();
    assert_eq!((accounts.len(), tap.status), (2, PspAccountStatus::Active));
    let page = client.list_events(&redress_client::EventFilter::default()).await.unwrap();
    assert!(page.data.iter().any(|event| matches!(event.data, EventData::Payment(_))));
    assert!(page.data.iter().any(|event| matches!(event.data, EventData::Refund(_))));
    assert!(!page.data.iter().any(|event| matches!(event.data, EventData::Other(_))));

    let asked = shop.asked.lock().unwrap();
    let left: BTreeSet<_> = operations().iter().map(|one| one.request()).collect();
    let left: Vec<_> = left.iter().filter(|one| !asked.iter().any(|asked| fits(asked, one))).collect();
    assert!(left.is_empty(), "never called: {left:?}");
}

async fn payments(shop: &InProcess, client: &Client) {
    let new = NewPayment {
        order_ref: "shop/1".to_owned(),
        psp_account: shop.harness.merchant.tap.to_string(),
        psp_payment_id: "chg_shop_1".to_owned(),
        currency: "SAR".to_owned(),
        amount: 10_000,
        captured_at: "2026-11-18T15:00:00Z".to_owned(),
        channel: Some("TAP".to_owned()),
        payment_method: Some("tap".to_owned()),
        customer_ref: None,
        environment: None,
        merchant_order_ref: None,
        notification_url: None,
        refunded_before: None,
    };
    let made = client.register_payment(&new).await.unwrap();
    assert_eq!((made.result.as_str(), made.payment.refundable), ("created", 10_000));
    let again = client
        .register_payment(&NewPayment { psp_payment_id: "chg_shop_2".to_owned(), ..new })
        .await
        .unwrap_err();
    assert_eq!(again.code(), Some("conflict"), "{again}");
    // Whatever its name is.
    let payment = client.get_payment("shop/1").await.unwrap();
    let why = DisputeReason { reason: Some("chargeback".to_owned()) };
    assert!(client.dispute_payment(&payment.id, &why).await.unwrap().disputed);
    let able = client.refundability("shop/1").await.unwrap();
    assert_eq!(able.full.code.as_deref(), Some("payment_disputed"));
    assert!(!client.release_payment_dispute("shop/1", &why).await.unwrap().disputed);
    let filter = PaymentFilter { order_ref: Some("shop/1".to_owned()), ..PaymentFilter::default() };
    let all: Vec<_> = client.payments(filter).stream().try_collect().await.unwrap();
    assert_eq!((all.len(), &all[0].id), (1, &payment.id));
}

async fn refunds(shop: &Arc<InProcess>, client: &Client) -> String {
    let harness = &shop.harness;
    harness.payment(TestPayment::momo("o1", 100_000)).await;
    let new = NewRefund { expected_refundable: Some(100_000), ..NewRefund::of(25_000, "VND") };
    let call = || client.create_refund("o1", &new).idempotency_key("mine").wait(Duration::from_secs(20));
    let made = call().answer().await.unwrap();
    assert_eq!((made.value.status, made.replayed), (RefundStatus::Succeeded, false));
    let again = call().answer().await.unwrap();
    assert_eq!((&again.value.id, again.replayed), (&made.value.id, true));
    let changed = client.create_refund("o1", &new).await.unwrap_err();
    assert_eq!(changed.code(), Some("refundable_changed"), "another key, another refund");
    let refused = client.create_refund("o1", &NewRefund::of(75_001, "VND")).await.unwrap_err();
    let problem = refused.problem().unwrap();
    assert_eq!((problem.code.as_str(), problem.field.as_deref()), ("more_than_left", Some("amount")));
    let id = made.value.id;
    assert_eq!(client.get_refund(&id).await.unwrap().amount, "25000");
    assert_eq!(client.refresh_refund(&id).await.unwrap().status, RefundStatus::Succeeded);
    let timeline = client.refund_timeline(&id).await.unwrap();
    assert_eq!(
        (timeline.events.last().unwrap().kind.as_str(), timeline.attempts.len()),
        ("refund.succeeded", 1)
    );
    // All that is left, in pages of one; ids of one moment have no order.
    harness.pass(Duration::from_secs(1)).await;
    let rest = client.create_refund("o1", &NewRefund::of_the_rest()).await.unwrap();
    assert_eq!(rest.amount_minor, 75_000);
    let filter = RefundFilter { limit: Some(1), ..RefundFilter::default() };
    let all: Vec<_> = client.refunds(filter).stream().try_collect().await.unwrap();
    assert_eq!(all.iter().map(|one| one.id.as_str()).collect::<Vec<_>>(), [rest.id.as_str(), id.as_str()]);

    // Withdrawn before it is sent; one that is nobody's to withdraw.
    let (merchant, tap) = (harness.merchant.id, harness.merchant.tap);
    harness.payment(TestPayment::tap("o2", 10_000)).await;
    harness.engine.set_account_state(merchant, tap, AccountState::Paused).await.unwrap();
    let queued = client.create_refund("o2", &NewRefund::of_the_rest()).await.unwrap();
    let canceled = client.cancel_refund(&queued.id, &CancelRefund::default()).await.unwrap();
    assert_eq!(canceled.status, RefundStatus::Canceled);
    harness.engine.set_account_state(merchant, tap, AccountState::Active).await.unwrap();
    let late = client.cancel_refund(&id, &CancelRefund::default()).await.unwrap_err();
    assert_eq!(late.code(), Some("conflict"));

    close(shop, client).await;
    id
}

async fn close(shop: &Arc<InProcess>, plain: &Client) {
    let harness = &shop.harness;
    let payment = TestPayment::tap("o3", 10_000);
    harness.payment(payment.clone()).await;
    harness.script(&payment, &["timeout_before_effect"]).await;
    let refund = plain.create_refund("o3", &NewRefund::of_the_rest()).await.unwrap().id;
    harness.pass(Duration::from_secs(120)).await;
    let how =
        CloseRefund { outcome: "failed".to_owned(), reason: "the desk says so".to_owned(), author: None };
    assert_eq!(plain.close_refund(&refund, &how).await.unwrap_err().code(), Some("forbidden"));
    let rights = Rights::of(&[Right::CloseCases]);
    let kind = CredentialKind::Api;
    let add = harness.engine.add_key_with(harness.merchant.id, kind, Some(Environment::Sandbox), rights);
    let key = add.await.unwrap().1;
    let able = client(shop, key.expose_secret());
    let closed = able.close_refund(&refund, &how).await.unwrap();
    assert_eq!(closed.failure.unwrap().code, "closed_by_person");
    cases(harness, plain, &able).await;
}

async fn cases(harness: &Harness, plain: &Client, able: &Client) {
    let quarantined = NewCaseRow {
        merchant: harness.merchant.id,
        id: CaseId::from_bytes([8; 16]),
        kind: CaseKind::Quarantined,
        subject: CaseSubject::Notification { account: harness.merchant.tap, body_hash: [0; 16] },
        payment: None,
        text: "a notification names another currency".to_owned(),
        block_minor: 0,
        now: harness.engine.now(),
    };
    harness.store.run(OpenCase(quarantined)).await.unwrap();
    let open = CaseFilter { status: Some(CaseStatus::Open), ..CaseFilter::default() };
    let all: Vec<_> = plain.cases(open).stream().try_collect().await.unwrap();
    assert_eq!((all.len(), all[0].kind.as_str()), (1, "quarantined"));
    let how = CloseCase { reason: "seen".to_owned(), author: Some("Mai".to_owned()), blocked: None };
    assert_eq!(plain.close_case(&all[0].id, &how).await.unwrap_err().code(), Some("forbidden"));
    let closed = able.close_case(&all[0].id, &how).await.unwrap();
    assert_eq!((closed.status, closed.closed.unwrap().reason.as_str()), (CaseStatus::Closed, "seen"));
    let read = plain.get_case(&closed.id).await.unwrap();
    assert_eq!((read.status, read.evidence), (CaseStatus::Closed, Some(Vec::new())));
    let quarantined = plain.get_case(&harness.quarantined().await.to_string()).await.unwrap();
    let told = quarantined.evidence.unwrap();
    assert_eq!((told.len(), told[0].body.as_str()), (2, r#"{"amount":25.00,"currency":"<GBP>"}"#));
}

async fn imports(shop: &InProcess, client: &Client) {
    let account = shop.harness.merchant.tap;
    let file = format!(
        "order_ref,psp_account,psp_payment_id,currency,amount,captured_at\n\
         i-1,{account},chg_i_1,SAR,1.50,2026-11-18T15:00:00Z\ni-2,{account},chg_i_2,SAR,x,2026-11-18T15:00:00Z\n"
    );
    let import = client.import_payments(Upload::Csv(file), false).await.unwrap();
    assert_eq!((import.status, import.rows.total, import.rows.waiting), (ImportStatus::Running, 2, 1));
    while shop.harness.engine.work_imports_once().await.unwrap() {}
    let done = client.get_payment_import(&import.id).await.unwrap();
    assert_eq!((&done.status, done.rows.created, done.rows.refused), (&ImportStatus::Done, 1, 1));
    let rows = client
        .payment_import_rows(&import.id, ImportRowFilter { limit: Some(1), ..ImportRowFilter::default() });
    let rows: Vec<_> = rows.stream().try_collect().await.unwrap();
    assert_eq!((&rows[0].outcome, &rows[1].outcome), (&RowOutcome::Created, &RowOutcome::Refused));
    assert_eq!(rows[1].field.as_deref(), Some("amount"));
    let lines = "{\"order_ref\": 1}".to_owned();
    let second = client.import_payments(Upload::JsonLines(lines), true).await.unwrap();
    let all = client.list_payment_imports(None, None).await.unwrap();
    assert_eq!((all.data.len(), second.dry_run), (2, true));
}

async fn endpoints_and_deliveries(shop: &InProcess, client: &Client, refund: &str) {
    let new = NewEndpoint::at("http://sandbox.test/no/such/path");
    let made = client.create_endpoint(&new).idempotency_key("e-1").await.unwrap();
    assert!(made.secret.as_ref().unwrap().expose().starts_with("whsec_"));
    let again = client.create_endpoint(&new).idempotency_key("e-1").await.unwrap();
    assert_eq!((again.endpoint.id.as_str(), again.secret), (made.endpoint.id.as_str(), made.secret));
    let id = made.endpoint.id;
    assert_eq!(client.get_endpoint(&id).await.unwrap().status.as_str(), "enabled");
    assert_eq!(client.endpoints().stream().try_collect::<Vec<_>>().await.unwrap().len(), 1);
    let change = EndpointChange { name: Some("Shop".to_owned()), ..EndpointChange::default() };
    assert_eq!(client.change_endpoint(&id, &change).await.unwrap().name, "Shop");
    let at_once = RotateSecret { overlap_seconds: Some(0) };
    let rotated = client.rotate_endpoint_secret(&id, &at_once).await.unwrap();
    assert!(rotated.secret.unwrap().expose().starts_with("whsec_"));
    let why = Enabling { reason: "it answers again".to_owned() };
    assert_eq!(client.enable_endpoint(&id, &why).await.unwrap().status.as_str(), "enabled");
    assert!(!client.test_endpoint(&id).await.unwrap().taken);
    let replay = NewReplay { since: "2026-11-18T15:00:00Z".to_owned(), cursor: None };
    assert!(client.replay_to_endpoint(&id, &replay).await.unwrap().due > 0);

    let filter = DeliveryFilter { refund: Some(refund.to_owned()), ..DeliveryFilter::default() };
    let all: Vec<_> = client.deliveries(filter).stream().try_collect().await.unwrap();
    assert_eq!(all[0].state.as_str(), "due");
    let one = client.get_delivery(&all[0].id).await.unwrap();
    assert_eq!(client.resend_delivery(&all[0].id).await.unwrap().delivery.id, one.delivery.id);
    assert_eq!(client.revoke_endpoint(&id).await.unwrap().status.as_str(), "revoked");
    shop.harness.pass(Duration::from_secs(1)).await;
}

#[tokio::test]
async fn the_feed_is_followed_from_where_it_was_left() {
    let (shop, client) = shop().await;
    shop.harness.payment(TestPayment::momo("o1", 100_000)).await;
    client.create_refund("o1", &NewRefund::of(1_000, "VND")).wait(Duration::from_secs(20)).await.unwrap();
    let mut feed = client.feed(FeedStart::Beginning, None);
    let (first, _) = feed.next_page(Duration::ZERO).await.unwrap();
    let kinds: Vec<_> = first.iter().map(|event| event.kind.as_str()).collect();
    assert_eq!(kinds, ["refund.created", "refund.succeeded"]);
    let mut now = client.feed(FeedStart::Now, Some("refund.succeeded".to_owned()));
    assert!(now.next_page(Duration::ZERO).await.unwrap().0.is_empty());
    client.create_refund("o1", &NewRefund::of(2_000, "VND")).wait(Duration::from_secs(20)).await.unwrap();
    let resumed = FeedStart::Cursor(feed.cursor().unwrap().to_owned());
    let (rest, _) = client.feed(resumed, None).next_page(Duration::from_secs(30)).await.unwrap();
    assert_eq!(rest.len(), 2, "what was read is not read again");
    let (ended, _) = now.next_page(Duration::from_secs(30)).await.unwrap();
    assert_eq!((ended.len(), &ended[0].id), (1, &rest[1].id));
    let wrong = client.feed(FeedStart::Cursor("x".to_owned()), None).next_page(Duration::ZERO).await;
    assert_eq!(wrong.unwrap_err().problem().unwrap().field.as_deref(), Some("cursor"));
}
