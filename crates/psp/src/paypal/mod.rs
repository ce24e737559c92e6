//! PayPal (payments v2).
//!
//! * Refund: `POST /v2/payments/captures/{id}/refund`; show: `GET /v2/payments/refunds/{id}`
//!   (<https://github.com/paypal/paypal-rest-api-specifications>, `openapi/payments_payment_v2.json`, version 2.5, and
//!   <https://developer.paypal.com/docs/api/payments/v2/>).
//! * Idempotency: <https://developer.paypal.com/reference/guidelines/idempotency>. A request with a `PayPal-Request-Id` that
//!   was used gets the latest state of the first one; the ids are kept for 45 days (the description's words about that
//!   header). So until PayPal's own id of a refund is known, the same request again is the question about it.
//! * Notifications: see `notify`.
//!
//! A payment's PSP id is the id of the capture. The refund's PSP key goes out as `PayPal-Request-Id` and as `custom_id`,
//! which comes back. `invoice_id` is not sent: it has to be unique among all refunds, and nothing of it is needed.
//! An account's credentials are `client_id` and `client_secret` of a REST app, `webhook_id` where PayPal shall notify, and
//! `merchant_id` where the app hears of several merchants.

mod codes;
mod notify;
#[cfg(test)]
mod notify_tests;
mod read;
#[cfg(test)]
mod tests;
mod token;
#[cfg(test)]
mod token_tests;
mod wire;

use crate::account::{AccountConfig, AccountConfigError};
use crate::connector::{AccountCheck, Connector, Exchange, QueryAsk, SubmitAsk};
use crate::exchange::{
    account_unchecked, account_unusable, check_addresses, is_id, not_sendable, only_fields, prepare,
    reason_text,
};
use crate::notice::{Inbound, Notice, NoticeError};
use crate::profile::{CredentialField, FieldKind, Method as Way, Profile, ProvenBy};
use crate::record::Record;
use crate::transport::{HttpRequest, Reuse, Transport};
use futures_util::future::BoxFuture;
use http::{HeaderName, Method};
use read::Expected;
use redress_core::capabilities::Capabilities;
use redress_core::environment::Environment;
use redress_core::outcome::Outcome;
use redress_core::recipe::{Absence, Lookup, Recipe, Resend};
use redress_core::refund::REASONS;
use serde::Serialize;
use std::time::Duration;
use token::{Desk, Granted, NoToken, REFUND_SCOPE};
use wire::{RefundRequest, SentMoney};

/// PayPal's addresses (`openapi/payments_payment_v2.json`, `servers`).
const SANDBOX_BASE: &str = "https://api-m.sandbox.paypal.com";
const LIVE_BASE: &str = "https://api-m.paypal.com";

/// The longest note to the payer (`refund_request` in the description).
const NOTE_CHARS_MAX: usize = 255;

/// The longest id of a webhook (`verify_webhook_signature` in `openapi/notifications_webhooks_v1.json`).
const WEBHOOK_ID_BYTES_MAX: usize = 50;

/// The longest client id or secret that is taken as one, in bytes; a limit of our own.
const CREDENTIAL_BYTES_MAX: usize = 1_024;

/// The length of a merchant's id.
const MERCHANT_ID_BYTES: usize = 13;

/// The ids are kept for 45 days; a request may be under way for at most a part of the day that is left.
const RESEND_WINDOW: Duration = Duration::from_secs(44 * 24 * 60 * 60);

const REQUEST_ID: HeaderName = HeaderName::from_static("paypal-request-id");
const PREFER: HeaderName = HeaderName::from_static("prefer");

static CAPABILITIES: Capabilities = Capabilities {
    full: true,
    partial: true,
    several: true,
    // There is one (`REFUND_TIME_LIMIT_EXCEEDED`). That it is 180 days is told by others, and PayPal states none.
    window: None,
    currencies: Some(wire::CURRENCIES),
    currencies_excluded: &[],
    limits: &[],
    units: wire::UNITS,
    one_in_flight: false,
};

/// What PayPal's description does not say.
const NOT_DESCRIBED: &str = "currencies and their decimals are inferred; names of events about a pending or failed \
                             refund are on no page read; there is a window, and PayPal does not state how long it is";

static PROFILE: Profile = Profile {
    title: "PayPal",
    credentials: &[
        CredentialField::needed("client_id", FieldKind::Proof),
        CredentialField::needed("client_secret", FieldKind::Proof),
        CredentialField::optional("webhook_id", FieldKind::Proof),
        CredentialField::optional("merchant_id", FieldKind::Contract),
    ],
    methods: &[Way::noted("PAYPAL", ProvenBy::OfficialDescription, NOT_DESCRIBED)],
    idempotency: "`PayPal-Request-Id`, kept for 45 days; the same request again gets the refund's latest state",
    status_query: "`GET /v2/payments/refunds/{id}`; while PayPal's id is not known, the same request again",
    notification: "webhook, verified by asking PayPal (`verify-webhook-signature`); then the refund is asked about before \
                   it counts",
};

static RECIPE: Recipe = Recipe {
    lookup: Lookup::ById,
    resend: Resend::SameKey {
        window: RESEND_WINDOW,
        source: "https://developer.paypal.com/reference/guidelines/idempotency, and the 45 days in \
                 https://github.com/paypal/paypal-rest-api-specifications (payments_payment_v2.json, PayPal-Request-Id)",
    },
    absence: Absence::ProvesNothing,
};

/// PayPal.
#[derive(Debug)]
pub struct PayPal;

impl Connector for PayPal {
    fn payment_not_known_codes(&self) -> &'static [&'static str] {
        &[codes::NOT_KNOWN]
    }

    fn name(&self) -> &'static str {
        "paypal"
    }

    fn profile(&self) -> &'static Profile {
        &PROFILE
    }

    fn capabilities(&self) -> &'static Capabilities {
        &CAPABILITIES
    }

    fn recipe(&self) -> &'static Recipe {
        &RECIPE
    }

    fn check_account(&self, account: &AccountConfig) -> Result<(), AccountConfigError> {
        let client_id = account.credentials.need("client_id")?;
        // The first colon ends the id in what is sent (RFC 7617, section 2).
        if !is_plain(client_id) || client_id.contains(':') {
            let problem = "must be printable ASCII without spaces and colons";
            return Err(AccountConfigError::Malformed { field: "client_id", problem });
        }
        if !is_plain(account.credentials.need("client_secret")?) {
            let problem = "must be printable ASCII without spaces";
            return Err(AccountConfigError::Malformed { field: "client_secret", problem });
        }
        if let Some(id) = account.credentials.get("webhook_id") {
            let good = id.len() <= WEBHOOK_ID_BYTES_MAX && id.bytes().all(|b| b.is_ascii_alphanumeric());
            if !good {
                let problem = "must be letters and digits, at most 50";
                return Err(AccountConfigError::Malformed { field: "webhook_id", problem });
            }
        }
        if let Some(id) = account.credentials.get("merchant_id") {
            // `account_id` of the description.
            let fits = |b: u8| matches!(b, b'2'..=b'9' | b'A'..=b'H' | b'J'..=b'N' | b'P'..=b'Z');
            if id.len() != MERCHANT_ID_BYTES || !id.bytes().all(fits) {
                let problem = "must be PayPal's id of the merchant: 13 capital letters and digits";
                return Err(AccountConfigError::Malformed { field: "merchant_id", problem });
            }
        }
        only_fields(account, &PROFILE)?;
        check_addresses(account)
    }

    fn check_payment_id(&self, id: &str) -> Result<(), &'static str> {
        is_id(id).then_some(()).ok_or("must be the id of a PayPal capture: letters and digits")
    }

    fn submit<'a>(
        &'a self,
        transport: &'a dyn Transport,
        account: &'a AccountConfig,
        ask: &'a SubmitAsk,
    ) -> BoxFuture<'a, Exchange> {
        Box::pin(submit(transport, account, ask))
    }

    fn query<'a>(
        &'a self,
        transport: &'a dyn Transport,
        account: &'a AccountConfig,
        ask: &'a QueryAsk,
    ) -> BoxFuture<'a, Exchange> {
        Box::pin(query(transport, account, ask))
    }

    fn read_notification<'a>(
        &'a self,
        transport: &'a dyn Transport,
        account: &'a AccountConfig,
        inbound: &'a Inbound,
    ) -> BoxFuture<'a, Result<Vec<Notice>, NoticeError>> {
        Box::pin(notify::read_notification(transport, account, inbound))
    }

    fn check<'a>(
        &'a self,
        transport: &'a dyn Transport,
        account: &'a AccountConfig,
        _: [u8; 10],
    ) -> BoxFuture<'a, AccountCheck> {
        Box::pin(check(transport, account))
    }
}

async fn submit(transport: &dyn Transport, account: &AccountConfig, ask: &SubmitAsk) -> Exchange {
    let desk = match Desk::open(transport, account) {
        Ok(desk) => desk,
        Err(error) => return account_unusable(&error),
    };
    if !is_id(&ask.psp_payment_id) {
        return not_sendable("the payment's PSP id is no id of a PayPal capture");
    }
    let Some(amount) = SentMoney::of(ask.amount) else {
        return not_sendable("the sum is not positive or has more decimals than PayPal takes");
    };
    let note = reason_text(&ask.reason, NOTE_CHARS_MAX);
    // PayPal mails it to the payer, who is to read the merchant's words and not a program's, such as `fraudulent`.
    let note_to_payer = Some(note.as_str()).filter(|note| !note.is_empty() && !REASONS.contains(note));
    let body = RefundRequest { amount, custom_id: &ask.key, note_to_payer };
    let path = format!("/v2/payments/captures/{}/refund", ask.psp_payment_id);
    let mut request = post(account, &path, &body)
        .header(REQUEST_ID, ask.key.as_str())
        .header(PREFER, "return=representation");
    request.reuse = Reuse::of_submits(&RECIPE);
    let expected = Expected { key: &ask.key, psp_payment_id: &ask.psp_payment_id, amount: ask.amount };
    let mut record = Record::new(account);
    let outcome = match desk.send(&mut record, &request).await {
        Ok(response) => read::submit(&response, &expected),
        Err(outcome) => outcome,
    };
    Exchange { outcome, record: record.finish() }
}

async fn query(transport: &dyn Transport, account: &AccountConfig, ask: &QueryAsk) -> Exchange {
    let desk = match Desk::open(transport, account) {
        Ok(desk) => desk,
        Err(error) => return account_unusable(&error),
    };
    let Some(id) = ask.psp_refund_id.as_deref().filter(|id| is_id(id)) else {
        let reason = "PayPal can be asked by its own id of the refund only".to_owned();
        return Exchange { record: reason.clone(), outcome: Outcome::NotSent { reason } };
    };
    let url = format!("{}/v2/payments/refunds/{id}", base(account));
    let request = prepare(account, HttpRequest::new(Method::GET, url));
    let expected = Expected { key: &ask.key, psp_payment_id: &ask.psp_payment_id, amount: ask.amount };
    let mut record = Record::new(account);
    let outcome = match desk.send(&mut record, &request).await {
        Ok(response) => read::retrieve(&response, id, &expected),
        Err(outcome) => outcome,
    };
    Exchange { outcome, record: record.finish() }
}

/// Asks for a new access token, whether there is one or not: PayPal gives it for the credentials alone, and says what it is
/// good for.
async fn check(transport: &dyn Transport, account: &AccountConfig) -> AccountCheck {
    let desk = match Desk::open(transport, account) {
        Ok(desk) => desk,
        Err(error) => return account_unchecked(&error),
    };
    match desk.new_token(&mut Record::new(account)).await {
        Ok(Granted { may_refund: Some(false), .. }) => AccountCheck::Unclear(format!(
            "PayPal gave an access token for the client's id and secret, and does not name {REFUND_SCOPE} among what it is \
             good for: see whether the app may refund"
        )),
        Ok(Granted { may_refund: Some(true), .. }) => AccountCheck::Proved(
            "PayPal gave an access token for the client's id and secret that is good for refunds".to_owned(),
        ),
        Ok(Granted { may_refund: None, .. }) => {
            AccountCheck::Proved("PayPal gave an access token for the client's id and secret".to_owned())
        }
        Err(NoToken::Refused(text)) => AccountCheck::Refused(format!("no access token: {text}")),
        Err(NoToken::Unclear(text)) => AccountCheck::Unclear(format!("no access token: {text}")),
    }
}

fn is_plain(text: &str) -> bool {
    text.len() <= CREDENTIAL_BYTES_MAX && text.bytes().all(|b| b.is_ascii_graphic())
}

fn base(account: &AccountConfig) -> &str {
    account.base_url.as_deref().unwrap_or(match account.environment {
        Environment::Sandbox => SANDBOX_BASE,
        Environment::Live => LIVE_BASE,
    })
}

fn post(account: &AccountConfig, path: &str, body: &impl Serialize) -> HttpRequest {
    let body = serde_json::to_vec(body).expect("texts and numbers are JSON");
    let url = format!("{}{path}", base(account));
    prepare(account, HttpRequest::new(Method::POST, url)).body("application/json", body)
}
