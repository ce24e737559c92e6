//! Faces hold no rule: of equal payments, each face grants and refuses the same, and what core says it would.

use axum::body::Body;
use axum::http::Request;
use redress_core::policy::AccountState;
use redress_core::refundability::Refundability;

use crate::portone::tests as portone;
use crate::sgate::testing::Client;
use crate::testing::{Harness, TestPayment};

const FACES: [&str; 3] = ["portone", "sgate", "own"];

/// What can be refunded of a payment now, by core's word.
async fn refundable(harness: &Harness, order_ref: &str) -> Refundability {
    let merchant = harness.merchant.id;
    let order = harness.engine.order(merchant, None, order_ref).await.unwrap().unwrap();
    harness.engine.refundable_through(&order.payment).await.unwrap().unwrap().refundability
}

/// Asks one face for a part; whether it was granted.
async fn ask(harness: &Harness, face: &str, order_ref: &str, dong: i64) -> bool {
    let merchant = &harness.merchant;
    let answer = match face {
        "portone" => {
            harness.send(portone::refund(merchant, order_ref, &portone::partial(&dong.to_string()))).await
        }
        "sgate" => {
            let body = format!(r#"{{"amount":"{dong}","reason":""}}"#);
            Client::of(harness).refund(harness, order_ref, &body).await
        }
        _ => {
            let request = Request::post(format!("/v1/payments/{order_ref}/refunds"))
                .header("authorization", format!("Bearer {}", merchant.api_key));
            let body = format!(r#"{{"amount":{dong},"currency":"VND"}}"#);
            harness.send(request.body(Body::from(body)).unwrap()).await
        }
    };
    assert!(!answer.status.is_server_error(), "{face} {dong}: {answer:?}");
    answer.status.is_success()
}

/// Asks every face for the same part of equal payments, and holds each to what core said before.
async fn all_agree(harness: &Harness, dong: i64) -> bool {
    let mut granted = Vec::new();
    let mut said = Vec::new();
    for face in FACES {
        let now = refundable(harness, face).await;
        let may = now.partial.is_ok_and(|parts| {
            (parts.least.minor()..=parts.most.minor()).contains(&dong) && dong % parts.step.minor() == 0
        });
        let is_granted = ask(harness, face, face, dong).await;
        assert_eq!(is_granted, may, "{face} {dong}: {now:?}");
        granted.push(is_granted);
        said.push(refundable(harness, face).await);
    }
    assert!(said.iter().all(|now| *now == said[0]), "{dong}: {said:?}");
    granted[0]
}

#[tokio::test]
async fn what_one_face_grants_or_refuses_all_do_and_core_said_so() {
    let harness = Harness::new().await;
    for face in FACES {
        harness.payment(TestPayment::momo(face, 1_000_000)).await;
    }
    let mut granted = Vec::new();
    for dong in [1, 999, 1_000, 1_000_001, 400_000, 700_000, i64::MAX, 599_000, 100_000] {
        if all_agree(&harness, dong).await {
            granted.push(dong);
        }
    }
    // MoMo takes 1 000 dong and more.
    assert_eq!(granted, [1_000, 400_000, 599_000]);

    for face in ["portone", "sgate", "own"] {
        assert!(refundable(&harness, face).await.full.is_err(), "{face}: all is gone");
    }
}

#[tokio::test]
async fn an_account_that_is_revoked_is_revoked_at_every_face() {
    let harness = Harness::new().await;
    for face in FACES {
        harness.payment(TestPayment::momo(face, 1_000_000)).await;
    }
    assert!(all_agree(&harness, 1_000).await);
    let (merchant, account) = (harness.merchant.id, harness.merchant.momo);
    harness.engine.set_account_state(merchant, account, AccountState::Revoked).await.unwrap();
    assert!(!all_agree(&harness, 2_000).await);
}
