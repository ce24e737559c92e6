//! A refund at a PSP that answers no look-ups: nobody is offered to ask it, and nobody is told that it is asked.

use std::time::Duration;

use axum::body::Body;
use axum::http::Request;
use redress_core::audit::Deed;
use redress_core::environment::Environment;
use redress_core::money::{Amount, Currency};
use redress_core::refund::Refund;
use redress_core::role::Role;
use redress_core::state::StateName;
use redress_engine::admin::accounts::{Credentials, MAX_IN_FLIGHT, NewAccount};
use redress_engine::admin::payments::{Imported, NewPayment};
use redress_engine::portal::audit::AuditOf;
use redress_engine::portal::{SessionToken, Visitor};
use serde_json::{Value, json};

use crate::portal::html_check::faults;
use crate::portal::testing::form;
use crate::testing::{Answer, Harness, START};

const PAYMENT: &str = "9936178949000001";

async fn own(harness: &Harness, path: &str) -> Answer {
    let request = Request::post(path).header("authorization", format!("Bearer {}", harness.merchant.api_key));
    harness.send(request.body(Body::from("{}")).unwrap()).await
}

/// A refund that Adyen has accepted, and whose end it will tell by a notification alone.
async fn pending_at_adyen(harness: &Harness) -> Refund {
    let (merchant, environment) = (harness.merchant.id, Environment::Sandbox);
    let credentials = br#"{"api_key": "ADYEN_API_KEY", "merchant_account": "TestMerchant",
        "hmac_key": "44782DEF547AAA06C910C43932B1EB0C71FC68D9D0C057550C48EC2ACF6BA056"}"#;
    let account = NewAccount {
        merchant,
        psp: "adyen".into(),
        name: "Adyen".into(),
        environment,
        max_in_flight: MAX_IN_FLIGHT,
        base_url: Some("http://sandbox.test/v71".into()),
        public_url: None,
        credentials: Credentials::from_json(credentials).unwrap(),
    };
    let payment = NewPayment {
        environment,
        order_ref: "o1".into(),
        merchant_order_ref: None,
        account: harness.engine.add_account(account).await.unwrap().id,
        psp_payment_id: PAYMENT.into(),
        captured: Amount::new(10_000, Currency::from_code("EUR").unwrap()),
        refunded_before: 0,
        captured_at: START,
        channel: None,
        payment_method: None,
        customer_ref: None,
        notification_url: None,
    };
    let made = harness.engine.import_payments(merchant, vec![payment]).await.unwrap();
    assert!(matches!(made[..], [Imported::Created(_)]), "{made:?}");
    let known = json!({"psp": "adyen", "payment": PAYMENT, "currency": "EUR", "amount_minor": 10_000});
    harness.control("payment", &known).await;
    harness.control("script", &json!({"psp": "adyen", "payment": PAYMENT, "steps": ["pend"]})).await;
    let made = own(harness, "/v1/payments/o1/refunds").await;
    assert_eq!(made.status, 201, "{made:?}");
    harness.pass(Duration::from_secs(2)).await;
    let order = harness.engine.order(merchant, None, "o1").await.unwrap().unwrap();
    let refund = order.refunds[0].clone();
    assert_eq!(refund.state.name(), StateName::Pending);
    refund
}

#[tokio::test]
async fn nobody_is_told_that_a_psp_is_asked_that_cannot_be() {
    let harness = Harness::new().await;
    let refund = pending_at_adyen(&harness).await;
    let path = format!("/portal/refunds/{}", refund.id);
    let refresh = format!("{path}/refresh");
    let admin = harness.armed(Role::Admin).await;
    let mut browser = harness.browser(&admin).await;
    let page = browser.get(&path).await;
    assert_eq!(faults(page.text()), [] as [&str; 0], "{}", page.text());
    assert!(page.text().contains("state is-pending"), "{}", page.text());
    assert!(!page.text().contains(&refresh), "{}", page.text());
    // As from a page of a version that had the button.
    let proof = form(&page, "/portal/sign-out", &[]);
    let answer = browser.post(&refresh, &proof).await;
    let told = browser.follow(&answer).await;
    assert!(told.text().contains("this provider cannot be asked"), "{}", told.text());
    assert!(!told.text().contains("is being asked"), "{}", told.text());
    // The own API answers the refund as it is.
    let answer = own(&harness, &format!("/v1/refunds/{}/refresh", refund.id)).await;
    let told: Value = answer.json();
    assert_eq!((answer.status.as_u16(), &told["status"]), (200, &json!("pending")), "{told}");
    harness.pass(Duration::from_secs(5)).await;
    let (_, attempts) = harness.engine.timeline(&refund).await.unwrap();
    assert_eq!(attempts.len(), 1, "it was sent once, and nobody was asked");

    let token = SessionToken::parse(&browser.cookies["redress-session"]).unwrap();
    let Visitor::SignedIn(who) = harness.engine.visitor(&token).await.unwrap() else { panic!() };
    let trail = harness.engine.audit_trail(&who, AuditOf::Everybody, None, 50).await.unwrap();
    assert!(trail.iter().all(|entry| entry.deed != Deed::RefundRefreshed), "{trail:?}");
}
