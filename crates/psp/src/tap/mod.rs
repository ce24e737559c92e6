//! Tap Payments (v2).
//!
//! * Create: <https://developers.tap.company/docs/create-a-refund>, `POST /v2/refunds`.
//! * Retrieve: <https://developers.tap.company/reference/refunds>, `GET /v2/refunds/{id}`.
//! * List: <https://developers.tap.company/reference/list-all-refunds>, `POST /v2/refunds/list`.
//! * Notification: <https://developers.tap.company/docs/webhook>.
//! * Idempotency: <https://developers.tap.company/docs/idempotency>.
//!
//! The refund's PSP key goes out as `reference.merchant`, which comes back, and as `reference.idempotent`: for 24 hours Tap
//! gives the first answer again to the same request with the same one, so that a request that is doubled on its way is one
//! refund. What Tap does with the second while the first is still being worked on no page says, nor after what time a request
//! is dead. So nothing is ever sent twice, and a refund that the list does not show stays unknown.
//! An account's credential is `secret_key`, which also chooses between test and live; a payment's PSP id is `chg_…`.

mod codes;
mod list;
mod read;
mod sign;
#[cfg(test)]
mod tests;
mod wire;

use crate::account::{AccountConfig, AccountConfigError};
use crate::connector::{AccountCheck, Connector, Exchange, QueryAsk, SubmitAsk};
use crate::exchange::{
    account_unchecked, account_unusable, check_addresses, is_id, json, not_sendable, only_fields, prepare,
    reason_text, send, send_check,
};
use crate::notice::{Inbound, Notice, NoticeError};
use crate::profile::{CredentialField, FieldKind, Method as Way, Profile, ProvenBy};
use crate::record::Record;
use crate::transport::{HttpRequest, Reuse, Transport};
use futures_util::future::BoxFuture;
use http::{Method, header};
use read::Expected;
use redress_core::capabilities::Capabilities;
use redress_core::environment::Environment;
use redress_core::recipe::{Absence, Lookup, Recipe, Resend};
use serde::Serialize;
use wire::{CreateRequest, Post, Refund, SentReference, Signed};

/// One address for both worlds; the key chooses.
const BASE: &str = "https://api.tap.company";

/// The longest reason that Tap takes (<https://developers.tap.company/docs/create-a-refund>).
const REASON_CHARS_MAX: usize = 250;

/// Tap wants a reason; this is one of those it suggests.
const REASON_DEFAULT: &str = "requested_by_customer";

/// The id of no refund, to see whether a key is good.
const NO_REFUND: &str = "re_none";

/// The header that carries a notification's signature.
const HASHSTRING: &str = "hashstring";

static CAPABILITIES: Capabilities = Capabilities {
    full: true,
    partial: true,
    several: true,
    // Not stated in what could be read; nor are smallest and largest sums, or which currencies can be refunded.
    window: None,
    currencies: None,
    currencies_excluded: &[],
    limits: &[],
    units: wire::UNITS,
    one_in_flight: false,
};

/// What no page of Tap's that could be read states.
const INFERRED: &str = "shape of errors, the list's filter, which refusals may pass, and how a notification without references is \
                        signed, are inferred";

static PROFILE: Profile = Profile {
    title: "Tap Payments",
    credentials: &[CredentialField::needed("secret_key", FieldKind::Proof)],
    methods: &[Way::noted("tap", ProvenBy::DocumentsOnly, INFERRED)],
    idempotency: "`reference.idempotent`, kept for 24 hours; not relied on, since nothing is stated of a second request while the \
                  first is being worked on: nothing is ever sent twice",
    status_query: "`GET /v2/refunds/{id}`, or the list of the charge's refunds with our reference",
    notification: "`hashstring`, HMAC-SHA256 over some fields; the PSP is asked before it counts",
};

static RECIPE: Recipe =
    Recipe { lookup: Lookup::ByList, resend: Resend::Never, absence: Absence::ProvesNothing };

/// Tap Payments.
#[derive(Debug)]
pub struct Tap;

impl Connector for Tap {
    /// 1143 invalid charge id, 1144 charge not found, in <https://developers.tap.company/reference/charge-response-codes>.
    fn payment_not_known_codes(&self) -> &'static [&'static str] {
        &["1143", "1144"]
    }

    fn name(&self) -> &'static str {
        "tap"
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
        let key = account.credentials.need("secret_key")?;
        let (prefix, problem) = match account.environment {
            Environment::Sandbox => ("sk_test_", "must begin with sk_test_ in the sandbox environment"),
            Environment::Live => ("sk_live_", "must begin with sk_live_ in the live environment"),
        };
        if !key.starts_with(prefix) || !key.bytes().all(|b| b.is_ascii_graphic()) {
            return Err(AccountConfigError::Malformed { field: "secret_key", problem });
        }
        only_fields(account, &PROFILE)?;
        check_addresses(account)
    }

    fn check_payment_id(&self, id: &str) -> Result<(), &'static str> {
        is_id(id).then_some(()).ok_or("must be the id of a Tap charge, as chg_…")
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
        _: &'a dyn Transport,
        account: &'a AccountConfig,
        inbound: &'a Inbound,
    ) -> BoxFuture<'a, Result<Vec<Notice>, NoticeError>> {
        Box::pin(std::future::ready(read_notification(account, inbound).map(|notice| vec![notice])))
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
    let secret_key = match account.credentials.need("secret_key") {
        Ok(key) => key,
        Err(error) => return account_unusable(&error),
    };
    if !is_id(&ask.psp_payment_id) {
        return not_sendable("the payment's PSP id is no Tap charge id");
    }
    let Some(amount) = wire::amount_number(ask.amount) else {
        return not_sendable("the sum is not positive or has more decimals than Tap takes");
    };
    let reason = reason_text(&ask.reason, REASON_CHARS_MAX);
    let body = CreateRequest {
        charge_id: &ask.psp_payment_id,
        amount,
        currency: ask.amount.currency().code(),
        reason: if reason.is_empty() { REASON_DEFAULT } else { &reason },
        reference: SentReference { merchant: &ask.key, idempotent: &ask.key },
        post: account.notification_url.as_deref().map(|url| Post { url }),
    };
    let mut request = post(account, secret_key, "", &body);
    request.reuse = Reuse::of_submits(&RECIPE);
    let expected = Expected { key: &ask.key, psp_payment_id: &ask.psp_payment_id, amount: ask.amount };
    let mut record = Record::new(account);
    let outcome = match send(transport, &mut record, request).await {
        Ok(response) => read::create(&response, &expected),
        Err(outcome) => outcome,
    };
    Exchange { outcome, record: record.finish() }
}

async fn query(transport: &dyn Transport, account: &AccountConfig, ask: &QueryAsk) -> Exchange {
    let secret_key = match account.credentials.need("secret_key") {
        Ok(key) => key,
        Err(error) => return account_unusable(&error),
    };
    let mut record = Record::new(account);
    let outcome = match ask.psp_refund_id.as_deref().filter(|id| is_id(id)) {
        Some(id) => {
            let url = format!("{}/v2/refunds/{id}", base(account));
            let request = authorized(account, secret_key, HttpRequest::new(Method::GET, url));
            match send(transport, &mut record, request).await {
                Ok(response) => read::retrieve(&response, id, &expected(ask)),
                Err(outcome) => outcome,
            }
        }
        None => list::look_up(transport, account, secret_key, ask, &mut record).await,
    };
    Exchange { outcome, record: record.finish() }
}

fn read_notification(account: &AccountConfig, inbound: &Inbound) -> Result<Notice, NoticeError> {
    let secret_key = account.credentials.need("secret_key").map_err(|_| NoticeError::BadSignature)?;
    let given = inbound.headers.get(HASHSTRING).ok_or(NoticeError::BadSignature)?;
    let signed: Signed<'_> = json(&inbound.body).ok_or(NoticeError::NotUnderstood)?;
    let text = sign::signed_text(&signed).ok_or(NoticeError::NotUnderstood)?;
    if !sign::is_signed(secret_key, &text, given.as_bytes()) {
        return Err(NoticeError::BadSignature);
    }
    if signed.object.as_deref().unwrap_or("refund") != "refund" || !signed.id.starts_with("re_") {
        return Err(NoticeError::NotARefund);
    }
    let refund: Refund<'_> = json(&inbound.body).ok_or(NoticeError::NotUnderstood)?;
    if !is_id(&refund.id) {
        return Err(NoticeError::NotUnderstood);
    }
    let mut record = Record::new(account);
    record.body(&inbound.body);
    Ok(Notice {
        key: read::key_of(&refund).map(str::to_owned),
        psp_refund_id: Some(refund.id.clone()),
        psp_payment_ids: vec![refund.charge_id.clone()],
        amount: read::amount_of(&refund),
        outcome: read::outcome(&refund),
        // The signature covers neither the charge nor our reference, and its text for refunds is not documented well.
        must_confirm: true,
        foreign: None,
        superseded_by: &[],
        record: record.finish(),
    })
}

/// Asks for a refund that cannot be: whoever is let in is told that there is none.
async fn check(transport: &dyn Transport, account: &AccountConfig) -> AccountCheck {
    let secret_key = match account.credentials.need("secret_key") {
        Ok(key) => key,
        Err(error) => return account_unchecked(&error),
    };
    let url = format!("{}/v2/refunds/{NO_REFUND}", base(account));
    let request = authorized(account, secret_key, HttpRequest::new(Method::GET, url));
    match send_check(transport, request).await {
        Ok(response) => read::check(&response),
        Err(unanswered) => unanswered,
    }
}

fn expected(ask: &QueryAsk) -> Expected<'_> {
    Expected { key: &ask.key, psp_payment_id: &ask.psp_payment_id, amount: ask.amount }
}

fn base(account: &AccountConfig) -> &str {
    account.base_url.as_deref().unwrap_or(BASE)
}

fn post(account: &AccountConfig, secret_key: &str, path: &str, body: &impl Serialize) -> HttpRequest {
    let body = serde_json::to_vec(body).expect("texts and numbers are JSON");
    let url = format!("{}/v2/refunds{path}", base(account));
    authorized(account, secret_key, HttpRequest::new(Method::POST, url)).body("application/json", body)
}

fn authorized(account: &AccountConfig, secret_key: &str, request: HttpRequest) -> HttpRequest {
    prepare(account, request).header(header::AUTHORIZATION, format!("Bearer {secret_key}"))
}
