//! Whoever sends forged notifications does not make Redress ask the PSP about each: PayPal alone says whether one is its own.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use bytes::Bytes;
use redress_engine::error::EngineError;
use redress_engine::forgeries::{FORGERIES_MAX, FORGERIES_SPAN};
use redress_engine::psp_notification::Taken;
use redress_psp::notice::Inbound;
use redress_psp::transport::{HttpRequest, HttpResponse};
use serde_json::{Value, json};

use crate::psps::Psp;
use crate::rig::Rig;
use crate::told::Told;

/// A PayPal that gives tokens and says this of every notification, and how often it was asked about one.
fn paypal_says(rig: &Rig, status: u16, body: &Value) -> Arc<AtomicUsize> {
    let asked = Arc::new(AtomicUsize::new(0));
    let (count, body) = (Arc::clone(&asked), body.to_string());
    rig.psps_say(Some(Box::new(move |request: &HttpRequest| {
        if request.url.ends_with("/oauth2/token") {
            return answer(200, json!({"access_token": "A21AAF", "token_type": "Bearer"}).to_string());
        }
        assert!(request.url.ends_with("/verify-webhook-signature"), "{}", request.url);
        count.fetch_add(1, Relaxed);
        answer(status, body.clone())
    })));
    asked
}

fn answer(status: u16, body: String) -> HttpResponse {
    HttpResponse { status, headers: http::HeaderMap::new(), body: Bytes::from(body) }
}

fn verdict(word: &str) -> Value {
    json!({ "verification_status": word })
}

/// A notification of a refund that nobody here knows.
async fn tell(rig: &Rig, psp: &Psp, forged: bool) -> Result<Taken, EngineError> {
    let told = Told {
        key: "theirs".to_owned(),
        refund: "1JU08902781691411".to_owned(),
        payment: psp.payment_id(1),
        hundredths: 100,
        currency: psp.currency,
        whose: None,
        event: "REFUND",
        at_s: 0,
    };
    let message = told.by(psp);
    let mut headers = http::HeaderMap::new();
    for (name, value) in message.headers {
        let value = if forged && name == "hashstring" { "0".repeat(64) } else { value };
        headers.insert(name, value.parse().unwrap());
    }
    let inbound = Inbound { headers, body: message.body.into(), received_at: rig.engine.now() };
    rig.engine.take_psp_notification(psp.name, psp.account, inbound).await
}

#[tokio::test]
async fn the_eleventh_forged_notification_within_a_minute_is_not_asked_about() {
    let rig = Rig::new().await;
    let (paypal, tap) = (Psp::named("paypal"), Psp::named("tap"));
    let asked = paypal_says(&rig, 200, &verdict("SUCCESS"));
    for _ in 0..3 * FORGERIES_MAX {
        assert_eq!(tell(&rig, paypal, false).await.unwrap(), Taken::Taken, "its own are never limited");
    }
    assert_eq!(asked.load(Relaxed), 3 * FORGERIES_MAX);

    let asked = paypal_says(&rig, 200, &verdict("FAILURE"));
    for _ in 0..FORGERIES_MAX {
        assert_eq!(tell(&rig, paypal, true).await.unwrap(), Taken::BadSignature);
    }
    for _ in 0..FORGERIES_MAX {
        let refused = tell(&rig, paypal, true).await;
        assert!(matches!(refused, Err(EngineError::Busy(_))), "it is to be told again: {refused:?}");
    }
    assert_eq!(asked.load(Relaxed), FORGERIES_MAX);
    for _ in 0..3 * FORGERIES_MAX {
        assert_eq!(tell(&rig, tap, true).await.unwrap(), Taken::BadSignature, "nobody is asked there");
    }

    rig.clock.advance(FORGERIES_SPAN);
    assert_eq!(tell(&rig, paypal, true).await.unwrap(), Taken::BadSignature);
    assert_eq!(asked.load(Relaxed), FORGERIES_MAX + 1);
    let asked = paypal_says(&rig, 200, &verdict("SUCCESS"));
    assert_eq!(tell(&rig, paypal, false).await.unwrap(), Taken::Taken);
    assert_eq!(asked.load(Relaxed), 1);
}

#[tokio::test]
async fn what_paypal_cannot_even_be_asked_about_counts_and_its_silence_does_not() {
    let rig = Rig::new().await;
    let paypal = Psp::named("paypal");
    for (status, asked_at_most) in [(503, 3 * FORGERIES_MAX), (400, FORGERIES_MAX)] {
        let asked = paypal_says(&rig, status, &json!({"name": "VALIDATION_ERROR"}));
        for _ in 0..3 * FORGERIES_MAX {
            let told = tell(&rig, paypal, true).await;
            assert!(matches!(told, Err(EngineError::Busy(_))), "{told:?}");
        }
        assert_eq!(asked.load(Relaxed), asked_at_most, "{status}");
    }
}
