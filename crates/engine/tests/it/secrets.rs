//! No secret of an account is ever kept or logged, whatever its PSP gives back: every connector, against success, refusal,
//! rubbish and a PSP that repeats all that it was sent, with all that is stored and logged searched for every credential.

use std::io::Write;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use redress_psp::registry;
use redress_psp::transport::{HttpRequest, HttpResponse};
use redress_store::{Query, StoreError, Tx};
use serde_json::{Value, json};
use tracing_subscriber::fmt::MakeWriter;

use crate::network::Instead;
use crate::psps::{self, Psp};
use crate::rig::Rig;
use crate::told::Told;

const SECOND: Duration = Duration::from_secs(1);

/// Shorter ones are switches and names of partners: `EXTERNAL`, `MOMO`.
const SECRET_BYTES_MIN: usize = 9;

/// So many bytes of a secret give it away.
const PART_BYTES: usize = 8;

/// An access token: PayPal gives one.
const TOKEN: &str = "A21AAFs9YK9gYU-rPyUT1";

/// How a PSP says with this text that it refuses a refund, in a way that its connector takes as one.
fn refusal(psp: &Psp, text: &str) -> (u16, Value) {
    match psp.name {
        "adyen" => {
            (422, json!({"status": 422, "errorCode": "137", "message": text, "errorType": "validation"}))
        }
        "momo" => (200, json!({"resultCode": 1088, "message": text})),
        "mpgs" => {
            (400, json!({"result": "ERROR", "error": {"cause": "INVALID_REQUEST", "explanation": text}}))
        }
        "oppwa" => (400, json!({"result": {"code": "700.400.200", "description": text}})),
        "paypal" => {
            let detail = json!({"issue": "REFUND_NOT_ALLOWED", "description": text});
            (422, json!({"name": "UNPROCESSABLE_ENTITY", "message": text, "details": [detail]}))
        }
        "stcpay" => (200, json!({"Code": 2003, "Text": text, "Type": 0})),
        "stripe" => {
            let error = json!({"type": "invalid_request_error", "code": "charge_disputed", "message": text});
            (402, json!({ "error": error }))
        }
        "tap" => (400, json!({"errors": [{"code": "1161", "description": text}]})),
        other => panic!("how {other} refuses is not known here"),
    }
}

/// All that was sent, and all that the PSP could know besides.
fn echo(request: &HttpRequest, secrets: &[String]) -> String {
    let mut all = format!("{} {}\n", request.method, request.url);
    for (name, value) in &request.headers {
        all.push_str(&format!("{name}: {value}\n"));
    }
    all.push_str(&String::from_utf8_lossy(&request.body));
    for secret in secrets {
        all.push_str(&format!(
            "\n{secret}\n{}\n{}",
            STANDARD.encode(secret),
            STANDARD.encode(format!("u:{secret}"))
        ));
    }
    all
}

/// A PSP that gives tokens, and answers everything else with what it was sent, after so many other characters.
fn echoing(psp: &'static Psp, how: Echo, padding: usize) -> Instead {
    let secrets = secrets_of(psp);
    Box::new(move |request| {
        if request.url.ends_with("/oauth2/token") {
            return answer(200, json!({"access_token": TOKEN, "token_type": "Bearer"}).to_string());
        }
        let text = format!("{}{}", ".".repeat(padding), echo(request, &secrets));
        match how {
            Echo::Refusal => {
                let (status, body) = refusal(psp, &text);
                answer(status, body.to_string())
            }
            Echo::Error(status) => answer(status, text),
            Echo::Json => answer(200, json!({"error": text, "message": text}).to_string()),
        }
    })
}

#[derive(Clone, Copy, Debug)]
enum Echo {
    Refusal,
    Error(u16),
    Json,
}

fn answer(status: u16, body: String) -> HttpResponse {
    HttpResponse { status, headers: http::HeaderMap::new(), body: Bytes::from(body) }
}

/// The credentials of its account.
fn secrets_of(psp: &Psp) -> Vec<String> {
    let credentials = psp.credentials();
    let values = credentials.as_object().unwrap().values();
    let mut secrets: Vec<String> = values.map(|value| value.as_str().unwrap().to_owned()).collect();
    secrets.retain(|secret| secret.len() >= SECRET_BYTES_MIN);
    secrets
}

/// Every text that the store has about refunds.
struct Everything;

impl Query for Everything {
    type Out = String;
    const NAME: &'static str = "everything";

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<String, StoreError> {
        let mut all = String::new();
        for (sql, columns) in [
            ("SELECT record, outcome FROM attempts", 2),
            ("SELECT failure_code, failure_text, note, reason FROM events", 4),
            ("SELECT what FROM cases", 1),
            ("SELECT body, verdict FROM inbound_notifications", 2),
            ("SELECT failure_code, failure_text, psp_note, psp_refund_id, arn FROM refunds", 5),
        ] {
            for row in tx.rows(sql, &[]).await? {
                for column in 0..columns {
                    all.push_str(&row.opt_text(column)?.unwrap_or_default());
                    all.push('\n');
                }
            }
        }
        Ok(all)
    }
}

/// What was logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Log {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

/// No part of a secret, plain or in base64, is in it.
fn is_clean(what: &str, text: &str, psp: &Psp) {
    let mut secrets = secrets_of(psp);
    secrets.push(TOKEN.to_owned());
    for secret in secrets {
        for written in [secret.clone(), STANDARD.encode(&secret), STANDARD.encode(format!("u:{secret}"))] {
            // The first digits of the last encode what stands before.
            for part in [&written[..PART_BYTES], &written[written.len() - PART_BYTES..]] {
                // Some digits are in every number.
                let part = if part.bytes().all(|b| b.is_ascii_digit()) { &written } else { part };
                if let Some(at) = text.find(part) {
                    let around: String = text[..at].chars().rev().take(60).collect();
                    let around: String = around.chars().rev().collect();
                    panic!("{} {what}: {part} of {secret} after {around:?}", psp.name);
                }
            }
        }
    }
}

#[test]
fn no_connectors_secrets_are_kept_or_logged() {
    let log = Log::default();
    let subscriber =
        tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_writer(log.clone()).finish();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    tracing::subscriber::with_default(subscriber, || {
        for connector in registry::all() {
            let psp = psps::ALL.iter().find(|psp| psp.name == connector.name());
            let psp = psp.unwrap_or_else(|| panic!("{} has no row here", connector.name()));
            runtime.block_on(searched(psp));
        }
    });
    let logged = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(logged.contains("refund settled"), "nothing was logged");
    for psp in psps::ALL {
        is_clean("logged", &logged, psp);
    }
}

async fn searched(psp: &'static Psp) {
    let rig = Rig::new().await;
    let order = rig.payment(psp.name, 1, 500_000).await;
    for step in ["succeed", "refuse", "garbage", "error500_after_effect", "pend"] {
        rig.script(&order, &[step]).await;
        rig.refund(&order, if psp.currency == "VND" { "1000" } else { "10.00" }).await;
        rig.pass(SECOND * 3).await;
    }
    if psp.notifies {
        tells_of_another_payment(&rig, psp).await;
    }
    let hows = [Echo::Refusal, Echo::Error(200), Echo::Error(401), Echo::Error(500), Echo::Json];
    let mut number = 2;
    for how in hows {
        // So that what is kept ends within every part of what is repeated.
        for padding in [0, 300, 380, 420, 450, 480, 900, 2_700, 3_000, 3_300, 3_500, 3_650, 3_800] {
            number += 1;
            let order = rig.payment(psp.name, number, 500_000).await;
            rig.psps_say(Some(echoing(psp, how, padding)));
            rig.refund(&order, psp.part).await;
            rig.pass(SECOND / 2).await;
        }
    }
    let kept = rig.store.read(Everything).await.unwrap();
    is_clean("kept", &kept, psp);
    assert!(kept.contains("[hidden]"), "{}: nothing was repeated: {kept}", psp.name);
    let refused = kept.matches("refused").count();
    assert!(refused >= 13, "{}: {refused} refusals were understood", psp.name);
}

/// Which is kept as evidence for a person.
async fn tells_of_another_payment(rig: &Rig, psp: &Psp) {
    let told = Told {
        key: "none".to_owned(),
        refund: "re_of_somebody".to_owned(),
        payment: psp.payment_id(1),
        hundredths: 5,
        currency: psp.currency,
        whose: None,
        event: "REFUND",
        at_s: rig.engine.now().as_micros() / 1_000_000,
    };
    let message = told.by(psp);
    let headers: Vec<_> = message.headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
    rig.notify(psp.name, &headers, &message.body).await;
    assert!(!rig.open_cases().await.is_empty(), "{}", psp.name);
}
