//! PayPal's notifications. Whether one is PayPal's own, PayPal itself is asked: so what costs nothing is looked at first.
//!
//! * Events: <https://docs.paypal.ai/reference/webhook-events/payments-v2>. Of those named there
//!   `PAYMENT.CAPTURE.REFUNDED` is about a refund (that its resource is the refund is inferred). `PAYMENT.CAPTURE.REVERSED`
//!   is not: PayPal took the payment back by itself, which is no refund that was asked for here. `PAYMENT.REFUND.…` is on no
//!   page that could be read, and is taken where it comes, because a failure would be told so.
//! * Verification: `POST /v1/notifications/verify-webhook-signature`, `openapi/notifications_webhooks_v1.json` in
//!   <https://github.com/paypal/paypal-rest-api-specifications>, where the limits of the headers are too.

use super::codes::{self, Meaning};
use super::read;
use super::token::Desk;
use super::wire::{Event, Refund, VerifyAnswer, VerifyRequest};
use crate::account::AccountConfig;
use crate::exchange::{is_id, json, psp_text};
use crate::notice::{Inbound, Notice, NoticeError};
use crate::record::Record;
use crate::transport::{HttpRequest, Transport};
use redress_core::outcome::{Again, Outcome, PspRefusal};
use serde_json::value::RawValue;

/// The event of a refund that was made.
const REFUNDED: &str = "PAYMENT.CAPTURE.REFUNDED";

/// What the events of refunds begin with, if there are any.
const OF_REFUNDS: &str = "PAYMENT.REFUND.";

/// What proves a notification, as it stands in its headers.
struct Transmission<'a> {
    auth_algo: &'a str,
    cert_url: &'a str,
    id: &'a str,
    sig: &'a str,
    time: &'a str,
}

impl<'a> Transmission<'a> {
    /// `None` where a header is missing, or is not what PayPal sends.
    fn of(inbound: &'a Inbound) -> Option<Self> {
        let header = |name: &str, bytes_max: usize| {
            let mut values = inbound.headers.get_all(name).iter();
            let value = values.next()?.to_str().ok()?;
            let alone = values.next().is_none();
            (alone && (1..=bytes_max).contains(&value.len())).then_some(value)
        };
        let auth_algo = header("paypal-auth-algo", 100)?;
        Some(Self {
            auth_algo: Some(auth_algo).filter(|name| name.bytes().all(|b| b.is_ascii_alphanumeric()))?,
            cert_url: header("paypal-cert-url", 500)?,
            id: header("paypal-transmission-id", 50)?,
            sig: header("paypal-transmission-sig", 500)?,
            time: header("paypal-transmission-time", 100)?,
        })
    }
}

pub(super) async fn read_notification(
    transport: &dyn Transport,
    account: &AccountConfig,
    inbound: &Inbound,
) -> Result<Vec<Notice>, NoticeError> {
    let webhook_id = account.credentials.get("webhook_id").ok_or(NoticeError::BadSignature)?;
    let transmission = Transmission::of(inbound).ok_or(NoticeError::BadSignature)?;
    let raw: &RawValue = json(&inbound.body).ok_or(NoticeError::NotUnderstood)?;
    let event: Event<'_> = json(&inbound.body).ok_or(NoticeError::NotUnderstood)?;
    if event.event_type != REFUNDED && !event.event_type.starts_with(OF_REFUNDS) {
        return Err(NoticeError::NotARefund);
    }
    let refund: Refund = json(event.resource.get().as_bytes()).ok_or(NoticeError::NotUnderstood)?;
    if !is_id(&refund.id) {
        return Err(NoticeError::NotUnderstood);
    }
    let desk = Desk::open(transport, account).map_err(|_| NoticeError::NotVerifiable)?;
    verify(&desk, account, webhook_id, &transmission, raw).await?;
    let mut record = Record::new(account);
    record.body(&inbound.body);
    Ok(vec![Notice {
        key: read::key_of(&refund).map(str::to_owned),
        psp_payment_ids: read::payment_of(&refund).map(str::to_owned).into_iter().collect(),
        amount: read::amount_of(&refund),
        outcome: outcome(&event.event_type, &refund),
        foreign: foreign(account, &refund),
        psp_refund_id: Some(refund.id),
        // What the events of a refund hold is not stated; PayPal's word by its id is.
        must_confirm: true,
        superseded_by: &[],
        record: record.finish(),
    }])
}

/// What it tells. What the events of a refund hold is not stated: where the event is of a failure, and the refund in it still
/// shows what was before, the event's name counts. What was before is known, and nobody would wait for the answer about it.
fn outcome(event_type: &str, refund: &Refund) -> Outcome {
    let name = event_type.strip_prefix(OF_REFUNDS).unwrap_or_default();
    match read::outcome(refund) {
        Outcome::Succeeded { psp_refund_id, .. } | Outcome::Pending { psp_refund_id, .. }
            if codes::of_status(name) == Some(Meaning::Refused) =>
        {
            let (code, text) = (name.to_owned(), format!("PayPal shows it as {}", refund.status));
            Outcome::Refused(PspRefusal { code, text, again: Again::No, psp_refund_id })
        }
        outcome => outcome,
    }
}

/// The merchant that it names, where that is another than the account's. An app may have the webhook of several.
fn foreign(account: &AccountConfig, refund: &Refund) -> Option<String> {
    let ours = account.credentials.get("merchant_id")?;
    let named = refund.payer.as_ref()?.merchant_id.as_deref()?;
    (named != ours).then(|| format!("the merchant {}", psp_text(Some(named))))
}

async fn verify(
    desk: &Desk<'_>,
    account: &AccountConfig,
    webhook_id: &str,
    transmission: &Transmission<'_>,
    webhook_event: &RawValue,
) -> Result<(), NoticeError> {
    let body = VerifyRequest {
        auth_algo: transmission.auth_algo,
        cert_url: transmission.cert_url,
        transmission_id: transmission.id,
        transmission_sig: transmission.sig,
        transmission_time: transmission.time,
        webhook_id,
        webhook_event,
    };
    let request = super::post(account, "/v1/notifications/verify-webhook-signature", &body);
    let answer = ask(desk, account, &request).await.ok_or(NoticeError::NotVerifiable)?;
    match answer.verification_status.as_str() {
        "SUCCESS" => Ok(()),
        "FAILURE" => Err(NoticeError::BadSignature),
        _ => Err(NoticeError::NotVerifiable),
    }
}

/// `None` where PayPal could not be asked, or gave no answer to that.
async fn ask(desk: &Desk<'_>, account: &AccountConfig, request: &HttpRequest) -> Option<VerifyAnswer> {
    let response = desk.send(&mut Record::new(account), request).await.ok()?;
    if response.status != 200 {
        return None;
    }
    json(&response.body)
}
