//! Adyen (Checkout v71).
//!
//! * Refund: `POST /payments/{paymentPspReference}/refunds`, <https://docs.adyen.com/online-payments/refund> and the
//!   machine-readable `CheckoutService-v71.json` in <https://github.com/Adyen/adyen-openapi>. It is always answered with
//!   `received`.
//! * Look-up: none. The description has no request that reads a refund; how it ended a notification tells.
//! * Idempotency: <https://docs.adyen.com/development-resources/api-idempotency>.
//! * Notification: `REFUND`, and possibly days later `REFUND_FAILED` or `REFUNDED_REVERSED`, each item signed.
//!
//! The refund's PSP key is both `Idempotency-Key` and `reference`, which notifications call `merchantReference`. An
//! account's credentials are `api_key`, `merchant_account`, `hmac_key` and, after a rotation, `hmac_key_old`; a payment's
//! PSP id is the `pspReference` of the payment, not that of its capture. Where Adyen tells is set up in its Customer
//! Area (a Standard webhook).

mod codes;
mod contract;
mod notification;
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
use contract::Contract;
use futures_util::future::BoxFuture;
use http::{HeaderName, Method};
use redress_core::capabilities::Capabilities;
use redress_core::outcome::Outcome;
use redress_core::recipe::{Absence, Lookup, Recipe, Resend};
use serde::Serialize;
use std::time::Duration;
use wire::{PaymentMethodsRequest, RefundRequest, Sum};

/// The longest key that Adyen takes.
const KEY_CHARS_MAX: usize = 64;

/// Adyen keeps a key for at least 7 days after its first use; a day less, so that no clock's error reaches the end.
const RESEND_WINDOW: Duration = Duration::from_secs(6 * 24 * 60 * 60);

const API_KEY: HeaderName = HeaderName::from_static("x-api-key");
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
const TRANSIENT_ERROR: HeaderName = HeaderName::from_static("transient-error");

static CAPABILITIES: Capabilities = Capabilities {
    full: true,
    // Some ways of paying cannot be refunded in part, or want the lines of the order with it: Adyen checks it itself.
    partial: true,
    several: true,
    // Different for each way of paying; Adyen checks it itself, as it does currencies and sums.
    window: None,
    currencies: None,
    currencies_excluded: &[],
    limits: &[],
    units: wire::UNITS,
    one_in_flight: false,
};

/// What Adyen's description does not say.
const NOT_DESCRIBED: &str =
    "the decimals of IDR and ISK and the texts of most error codes are seen in others' code";

/// And what of it is not true of every way of paying.
const NOT_OF_ALL: &str = "not every way of paying can be refunded in part or more than once, which Adyen checks; the decimals \
                          of IDR and ISK and the texts of most error codes are seen in others' code";

static PROFILE: Profile = Profile {
    title: "Adyen",
    credentials: &[
        CredentialField::needed("api_key", FieldKind::Proof),
        CredentialField::needed("merchant_account", FieldKind::Contract),
        CredentialField::needed("hmac_key", FieldKind::Proof),
        CredentialField::optional("hmac_key_old", FieldKind::Proof),
    ],
    methods: &[
        Way::noted("ADYEN", ProvenBy::OfficialDescription, NOT_OF_ALL),
        Way::noted("card", ProvenBy::OfficialDescription, NOT_DESCRIBED),
    ],
    idempotency: "`Idempotency-Key`, kept for at least 7 days",
    status_query: "none: Checkout has no request that reads a refund",
    notification: "`REFUND`, `REFUND_FAILED`, `REFUNDED_REVERSED`; each item signed with HMAC-SHA256, which counts at once",
};

static RECIPE: Recipe = Recipe {
    lookup: Lookup::None,
    resend: Resend::SameKey {
        window: RESEND_WINDOW,
        source: "https://docs.adyen.com/development-resources/api-idempotency: a request without an answer may be sent \
                 again with the same key, and keys are valid for at least 7 days after the first submission",
    },
    absence: Absence::ProvesNothing,
};

/// Adyen.
#[derive(Debug)]
pub struct Adyen;

impl Connector for Adyen {
    fn payment_not_known_codes(&self) -> &'static [&'static str] {
        codes::PAYMENT_NOT_KNOWN
    }

    fn name(&self) -> &'static str {
        "adyen"
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
        Contract::of(account)?;
        sign::Keys::of(account)?;
        only_fields(account, &PROFILE)?;
        check_addresses(account)
    }

    fn check_payment_id(&self, id: &str) -> Result<(), &'static str> {
        is_id(id).then_some(()).ok_or("must be a pspReference of Adyen's: letters and digits")
    }

    fn submit<'a>(
        &'a self,
        transport: &'a dyn Transport,
        account: &'a AccountConfig,
        ask: &'a SubmitAsk,
    ) -> BoxFuture<'a, Exchange> {
        Box::pin(submit(transport, account, ask))
    }

    /// Never called: the recipe says that Adyen cannot be asked.
    fn query<'a>(
        &'a self,
        _: &'a dyn Transport,
        _: &'a AccountConfig,
        _: &'a QueryAsk,
    ) -> BoxFuture<'a, Exchange> {
        let reason = "Adyen cannot be asked about a refund: only its notifications tell".to_owned();
        let exchange = Exchange { record: reason.clone(), outcome: Outcome::NotSent { reason } };
        Box::pin(std::future::ready(exchange))
    }

    fn read_notification<'a>(
        &'a self,
        _: &'a dyn Transport,
        account: &'a AccountConfig,
        inbound: &'a Inbound,
    ) -> BoxFuture<'a, Result<Vec<Notice>, NoticeError>> {
        Box::pin(std::future::ready(notification::read(account, inbound)))
    }

    /// Adyen's older rule; today any 2xx will do (<https://docs.adyen.com/development-resources/webhooks/troubleshoot>).
    fn acknowledgement(&self) -> &'static str {
        "[accepted]"
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
    let contract = match Contract::of(account) {
        Ok(contract) => contract,
        Err(error) => return account_unusable(&error),
    };
    if !is_id(&ask.psp_payment_id) {
        return not_sendable("the payment's PSP id is no pspReference of Adyen's");
    }
    if !is_id(&ask.key) || ask.key.len() > KEY_CHARS_MAX {
        return not_sendable("the refund's key is longer than Adyen takes");
    }
    let Some(amount) = Sum::of(ask.amount) else {
        return not_sendable("the sum is not positive or has more decimals than Adyen takes");
    };
    let body = RefundRequest {
        merchant_account: contract.merchant_account,
        amount,
        reference: &ask.key,
        merchant_refund_reason: wire::reason(&ask.reason),
    };
    let path = format!("/payments/{}/refunds", ask.psp_payment_id);
    let mut request = post(account, &contract, &path, &body).header(IDEMPOTENCY_KEY, ask.key.as_str());
    request.reuse = Reuse::of_submits(&RECIPE);
    let mut record = Record::new(account);
    let outcome = match send(transport, &mut record, request).await {
        Ok(response) => read::submit(&response, &contract, ask),
        Err(outcome) => outcome,
    };
    Exchange { outcome, record: record.finish() }
}

/// Asks how the merchant account's customers may pay, which moves nothing.
async fn check(transport: &dyn Transport, account: &AccountConfig) -> AccountCheck {
    let contract = match Contract::of(account) {
        Ok(contract) => contract,
        Err(error) => return account_unchecked(&error),
    };
    let body = PaymentMethodsRequest { merchant_account: contract.merchant_account };
    let request = post(account, &contract, "/paymentMethods", &body);
    match send_check(transport, request).await {
        Ok(response) => read::check(&response),
        Err(unanswered) => unanswered,
    }
}

fn post(account: &AccountConfig, contract: &Contract<'_>, path: &str, body: &impl Serialize) -> HttpRequest {
    let body = serde_json::to_vec(body).expect("texts and integers are JSON");
    let url = format!("{}{path}", contract.base);
    prepare(account, HttpRequest::new(Method::POST, url))
        .header(API_KEY, contract.api_key)
        .body("application/json", body)
}
