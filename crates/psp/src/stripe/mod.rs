//! Stripe (API v1).
//!
//! * Create: <https://docs.stripe.com/api/refunds/create>, `POST /v1/refunds`, form-encoded.
//! * Retrieve and list: <https://docs.stripe.com/api/refunds/retrieve>, <https://docs.stripe.com/api/refunds/list>.
//! * Idempotency: <https://docs.stripe.com/api/idempotent_requests>.
//! * Notification: <https://docs.stripe.com/webhooks>; its address is set up at Stripe, once.
//!
//! The refund's PSP key is the `Idempotency-Key` and goes into the refund's `metadata`, which Stripe shows whenever it
//! shows the refund. An account's credentials are `secret_key` (of the account, or a restricted one that may write
//! refunds), which also chooses between test and live; `webhook_secret`, without which no notification is believed; and
//! `api_version`, where another than the account's own is wanted. A payment's PSP id is `ch_…`, `py_…` or `pi_…`.

mod codes;
mod list;
mod notify;
mod read;
mod sign;
#[cfg(test)]
mod tests;
mod wire;

use crate::account::{AccountConfig, AccountConfigError};
use crate::connector::{AccountCheck, Connector, Exchange, QueryAsk, SubmitAsk};
use crate::exchange::{
    account_unchecked, account_unusable, check_addresses, is_id, not_sendable, only_fields, prepare, send,
    send_check,
};
use crate::notice::{Inbound, Notice, NoticeError};
use crate::profile::{CredentialField, FieldKind, Method as Way, Profile, ProvenBy};
use crate::record::Record;
use crate::transport::{HttpRequest, Reuse, Transport};
use futures_util::future::BoxFuture;
use http::{HeaderName, Method, header};
use read::Expected;
use redress_core::capabilities::Capabilities;
use redress_core::environment::Environment;
use redress_core::outcome::{Finding, Outcome};
use redress_core::recipe::{Absence, Lookup, Recipe, Resend};
use std::time::Duration;
use url::form_urlencoded;
use wire::{METADATA_KEY, Payment};

/// One address for both worlds; the key chooses.
const BASE: &str = "https://api.stripe.com";

/// The id of no refund, to see whether a key is good.
const NO_REFUND: &str = "re_none";

/// Stripe's own reasons that we pass on. The third, `fraudulent`, would also put the customer's card on the merchant's
/// block list (<https://docs.stripe.com/api/refunds/create>): that is not asked for by asking for a refund.
const REASONS: [&str; 2] = ["duplicate", "requested_by_customer"];

/// Stripe keeps a key for at least 24 hours; an hour less, so that what leaves inside the window arrives inside it.
const RESEND_WINDOW: Duration = Duration::from_secs(23 * 60 * 60);

static CAPABILITIES: Capabilities = Capabilities {
    full: true,
    partial: true,
    several: true,
    // It depends on the way of paying, and Stripe checks it.
    window: None,
    currencies: None,
    currencies_excluded: wire::UNSTATED,
    limits: &[],
    units: wire::UNITS,
    one_in_flight: false,
};

/// The program that plays Stripe knows no PaymentIntents, and Stripe's page of currencies says two things of UGX.
const HOW_FAR: &str = "charges (`ch_…`) only; PaymentIntents (`pi_…`) by documents only; of UGX Stripe states two decimals \
                            and none, and two are taken";

static PROFILE: Profile = Profile {
    title: "Stripe",
    credentials: &[
        CredentialField::needed("secret_key", FieldKind::Proof),
        CredentialField::optional("webhook_secret", FieldKind::Proof),
        CredentialField::optional("api_version", FieldKind::Manner),
    ],
    methods: &[
        Way::noted("STRIPE", ProvenBy::OthersProgram, HOW_FAR),
        Way::noted("card", ProvenBy::OthersProgram, HOW_FAR),
    ],
    idempotency: "`Idempotency-Key`, kept for at least 24 hours",
    status_query: "`GET /v1/refunds/{id}`, or the list of the payment's refunds with our key in `metadata`",
    notification: "`Stripe-Signature`, HMAC-SHA256 over the time and the body; the PSP is asked before it counts",
};

static RECIPE: Recipe = Recipe {
    lookup: Lookup::ByList,
    resend: Resend::SameKey {
        window: RESEND_WINDOW,
        source: "https://docs.stripe.com/api/idempotent_requests: the first answer to a key is given again to the same \
                 request, and a key is kept for at least 24 hours",
    },
    absence: Absence::ProvesNothing,
};

/// Stripe.
#[derive(Debug)]
pub struct Stripe;

impl Connector for Stripe {
    /// <https://docs.stripe.com/error-codes>: the charge or the payment intent does not exist, or not in this mode.
    fn payment_not_known_codes(&self) -> &'static [&'static str] {
        &[codes::RESOURCE_MISSING]
    }

    fn name(&self) -> &'static str {
        "stripe"
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
        check_account(account)
    }

    fn check_payment_id(&self, id: &str) -> Result<(), &'static str> {
        Payment::of(id)
            .is_some()
            .then_some(())
            .ok_or("must be a charge of Stripe's (ch_…, py_…) or a payment intent (pi_…)")
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
        Box::pin(std::future::ready(notify::read(account, inbound).map(|notice| vec![notice])))
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

fn check_account(account: &AccountConfig) -> Result<(), AccountConfigError> {
    let malformed = |field, problem| Err(AccountConfigError::Malformed { field, problem });
    let is_printed = |text: &str| text.bytes().all(|b| b.is_ascii_graphic());
    let key = account.credentials.need("secret_key")?;
    let (prefixes, problem) = match account.environment {
        Environment::Sandbox => {
            (["sk_test_", "rk_test_"], "must begin with sk_test_ or rk_test_ in the sandbox environment")
        }
        Environment::Live => {
            (["sk_live_", "rk_live_"], "must begin with sk_live_ or rk_live_ in the live environment")
        }
    };
    if !prefixes.iter().any(|prefix| key.starts_with(prefix)) || !is_printed(key) {
        return malformed("secret_key", problem);
    }
    let secret = account.credentials.get("webhook_secret");
    if secret.is_some_and(|secret| !secret.starts_with("whsec_") || !is_printed(secret)) {
        return malformed("webhook_secret", "must begin with whsec_");
    }
    if account.credentials.get("api_version").is_some_and(|version| !is_version(version)) {
        return malformed("api_version", "must be like 2020-08-27 or 2026-10-28.endive");
    }
    only_fields(account, &PROFILE)?;
    check_addresses(account)
}

/// A date, and since 2024 a name after it (<https://docs.stripe.com/api/versioning>).
fn is_version(text: &str) -> bool {
    let (date, name) = text.split_once('.').unwrap_or((text, "name"));
    let is_date = date.len() == 10
        && date.bytes().enumerate().all(|(at, b)| match at {
            4 | 7 => b == b'-',
            _ => b.is_ascii_digit(),
        });
    is_date && !name.is_empty() && name.bytes().all(|b| b.is_ascii_lowercase())
}

async fn submit(transport: &dyn Transport, account: &AccountConfig, ask: &SubmitAsk) -> Exchange {
    let secret_key = match account.credentials.need("secret_key") {
        Ok(key) => key,
        Err(error) => return account_unusable(&error),
    };
    let Some(payment) = Payment::of(&ask.psp_payment_id) else {
        return not_sendable(
            "the payment's PSP id is no Stripe charge (ch_, py_) and no payment intent (pi_)",
        );
    };
    let Some(amount) = wire::sent_amount(ask.amount) else {
        return not_sendable("the sum is not positive, or Stripe cannot express it");
    };
    let body = form(payment, amount, ask);
    let url = format!("{}/v1/refunds", base(account));
    let mut request = authorized(account, secret_key, HttpRequest::new(Method::POST, url))
        .header(HeaderName::from_static("idempotency-key"), &ask.key)
        .body("application/x-www-form-urlencoded", body);
    request.reuse = Reuse::of_submits(&RECIPE);
    let expected = Expected { key: &ask.key, payment, amount: ask.amount };
    let mut record = Record::new(account);
    let outcome = match send(transport, &mut record, request).await {
        Ok(response) => read::create(&response, &expected),
        Err(outcome) => outcome,
    };
    Exchange { outcome, record: record.finish() }
}

fn form(payment: Payment<'_>, amount: i64, ask: &SubmitAsk) -> String {
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.append_pair(payment.param, payment.id);
    form.append_pair("amount", &amount.to_string());
    form.append_pair(&format!("metadata[{METADATA_KEY}]"), &ask.key);
    if let Some(reason) = REASONS.iter().find(|reason| **reason == ask.reason.trim()) {
        form.append_pair("reason", reason);
    }
    form.finish()
}

async fn query(transport: &dyn Transport, account: &AccountConfig, ask: &QueryAsk) -> Exchange {
    let secret_key = match account.credentials.need("secret_key") {
        Ok(key) => key,
        Err(error) => return account_unusable(&error),
    };
    let mut record = Record::new(account);
    let Some(payment) = Payment::of(&ask.psp_payment_id) else {
        record.line("nothing was asked: the payment's PSP id is none of Stripe's");
        return Exchange { outcome: Outcome::Unknown(Finding::NotUnderstood), record: record.finish() };
    };
    let expected = Expected { key: &ask.key, payment, amount: ask.amount };
    let get = |rest: &str| get(account, secret_key, rest);
    let outcome = match ask.psp_refund_id.as_deref().filter(|id| is_id(id)) {
        Some(id) => match send(transport, &mut record, get(&format!("/{id}"))).await {
            Ok(response) => read::retrieve(&response, id, &expected),
            Err(outcome) => outcome,
        },
        None => list::look_up(transport, &get, ask, &expected, &mut record).await,
    };
    Exchange { outcome, record: record.finish() }
}

/// Asks for a refund that cannot be: whoever is let in is told that there is none.
async fn check(transport: &dyn Transport, account: &AccountConfig) -> AccountCheck {
    let secret_key = match account.credentials.need("secret_key") {
        Ok(key) => key,
        Err(error) => return account_unchecked(&error),
    };
    let request = get(account, secret_key, &format!("/{NO_REFUND}"));
    match send_check(transport, request).await {
        Ok(response) => read::check(&response),
        Err(unanswered) => unanswered,
    }
}

fn base(account: &AccountConfig) -> &str {
    account.base_url.as_deref().unwrap_or(BASE)
}

fn get(account: &AccountConfig, secret_key: &str, rest: &str) -> HttpRequest {
    let url = format!("{}/v1/refunds{rest}", base(account));
    authorized(account, secret_key, HttpRequest::new(Method::GET, url))
}

fn authorized(account: &AccountConfig, secret_key: &str, request: HttpRequest) -> HttpRequest {
    let request = prepare(account, request).header(header::AUTHORIZATION, format!("Bearer {secret_key}"));
    match account.credentials.get("api_version") {
        Some(version) => request.header(HeaderName::from_static("stripe-version"), version),
        None => request,
    }
}
