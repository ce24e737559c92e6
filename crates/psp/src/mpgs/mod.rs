//! Mastercard Gateway (MPGS): cards, and Apple Pay and mada at the banks that offer them.
//!
//! * Refund: <https://na.gateway.mastercard.com/api/documentation/apiDocumentation/rest-json/version/70/operation/Transaction%3A%20%20Refund.html>,
//!   `PUT …/merchant/{merchantId}/order/{orderid}/transaction/{transactionid}`.
//! * Retrieve: `GET` of the same address.
//! * Results: <https://developer.mastercard.com/mastercard-gateway/documentation/testing/trans-error/>.
//! * HTTP statuses: <https://developer.mastercard.com/mastercard-gateway/documentation/testing/api-error-handling/>.
//! * Notification: <https://developer.mastercard.com/mastercard-gateway/documentation/gateway-features/webhook-noti/>.
//!
//! The refund's PSP key is the transaction's id, under the original order, whose id is the payment's PSP id. Mastercard
//! gives no other id of a refund, and no field of the answer is documented as an acquirer reference number.
//! An account's credentials are `merchant_id` and `password`, and where wanted `notification_secret` and
//! `api_version`; its `base_url` is the bank's.

mod access;
mod codes;
mod notify;
mod read;
#[cfg(test)]
mod tests;
mod wire;

use crate::account::{AccountConfig, AccountConfigError};
use crate::connector::{AccountCheck, Connector, Exchange, QueryAsk, SubmitAsk};
use crate::exchange::{
    account_unchecked, account_unusable, check_addresses, not_sendable, only_fields, send, send_check,
};
use crate::notice::{Inbound, Notice, NoticeError};
use crate::profile::{CredentialField, FieldKind, Method as Way, Profile, ProvenBy};
use crate::record::Record;
use crate::transport::{Reuse, Transport};
use access::Access;
use futures_util::future::BoxFuture;
use http::Method;
use read::Expected;
use redress_core::capabilities::Capabilities;
use redress_core::recipe::{Absence, Lookup, Recipe, Resend};
use std::time::Duration;
use wire::{RefundRequest, SentOrder, SentTransaction};

/// The longest id of an order or a transaction (the page of the refund).
const ID_CHARS_MAX: usize = 40;

/// JSON in the one encoding that is read here. Without the name the gateway takes ISO-8859-1
/// (<https://na.gateway.mastercard.com/api/documentation/integrationGuidelines/directPayment/ensureCharacterEncoding.html>),
/// and might answer in it.
const JSON: &str = "application/json; charset=UTF-8";

/// The id of no order and of no transaction, to see whether we are let in.
const NO_ORDER: &str = "redress-check";

/// For how long the same request is sent again. Mastercard says that an identical request may be sent some minutes
/// later and is not done twice, not for how long; the transaction's id belongs to the order for ever, so a day is
/// inferred to be well inside.
const RESEND_WINDOW: Duration = Duration::from_secs(24 * 60 * 60);

static CAPABILITIES: Capabilities = Capabilities {
    full: true,
    // Both where the merchant's contract allows them, which the gateway checks
    // (<https://developer.mastercard.com/mastercard-gateway/documentation/use-cases/refund-and-fix-payment/>).
    partial: true,
    several: true,
    // Not stated in what could be read.
    window: None,
    currencies: None,
    currencies_excluded: &[],
    limits: &[],
    // "A decimal number in the units of the currency": that its decimals are those of ISO 4217 is inferred.
    units: &[],
    one_in_flight: false,
};

/// On what it depends, and what no page of Mastercard's that could be read states.
const SEEN_ELSEWHERE: &str = "partial and several where the bank's contract allows them; the list of gateway codes is seen in \
                              others' code; which of them end a refund, and the decimals, are inferred";

static PROFILE: Profile = Profile {
    title: "Mastercard Gateway",
    credentials: &[
        CredentialField::needed("merchant_id", FieldKind::Contract),
        CredentialField::needed("password", FieldKind::Proof),
        CredentialField::optional("notification_secret", FieldKind::Proof),
        CredentialField::optional("api_version", FieldKind::Manner),
    ],
    methods: &[
        Way::noted("mastercard", ProvenBy::DocumentsOnly, SEEN_ELSEWHERE),
        Way::noted("applePay", ProvenBy::DocumentsOnly, SEEN_ELSEWHERE),
        Way::noted("card", ProvenBy::DocumentsOnly, SEEN_ELSEWHERE),
    ],
    idempotency: "the transaction's id in the address: an identical request is one operation; for how long is not \
                  stated, 24 hours are inferred",
    status_query: "`GET` of the refund's own address",
    notification: "`X-Notification-Secret`, a shared secret and no signature; the PSP is asked before it counts",
};

static RECIPE: Recipe = Recipe {
    lookup: Lookup::ByKey,
    resend: Resend::SameKey {
        window: RESEND_WINDOW,
        source: "https://developer.mastercard.com/mastercard-gateway/documentation/testing/trans-error/: an identical \
                 request may be sent again several minutes after SERVER_BUSY or SERVER_FAILED, and the bank's \
                 transaction is not repeated; for how long is not stated, 24 hours are inferred",
    },
    absence: Absence::ProvesNothing,
};

/// Mastercard Gateway.
#[derive(Debug)]
pub struct Mpgs;

impl Connector for Mpgs {
    fn name(&self) -> &'static str {
        "mpgs"
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
        Access::of(account)?;
        only_fields(account, &PROFILE)?;
        check_addresses(account)
    }

    fn check_payment_id(&self, id: &str) -> Result<(), &'static str> {
        is_name(id).then_some(()).ok_or(
            "must be the id of an order at Mastercard Gateway: 1 to 40 printable ASCII characters, none of them a slash, \
             and no blank at its ends",
        )
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

async fn submit(transport: &dyn Transport, account: &AccountConfig, ask: &SubmitAsk) -> Exchange {
    let access = match Access::of(account) {
        Ok(access) => access,
        Err(error) => return account_unusable(&error),
    };
    if !is_name(&ask.psp_payment_id) {
        return not_sendable("the payment's PSP id is no id of an order at Mastercard Gateway");
    }
    if !is_name(&ask.key) {
        return not_sendable("the refund's key is no id of a transaction at Mastercard Gateway");
    }
    let Some(amount) = wire::amount_text(ask.amount) else {
        return not_sendable("the sum is not positive or is longer than Mastercard Gateway takes");
    };
    // Without the secret no notification could prove itself, so none is asked for.
    let told_to = account.notification_url.as_deref().filter(|_| access.notification_secret.is_some());
    let body = RefundRequest {
        api_operation: "REFUND",
        transaction: SentTransaction {
            amount: &amount,
            currency: ask.amount.currency().code(),
            reference: &ask.key,
        },
        order: told_to.map(|url| SentOrder { notification_url: url }),
    };
    let body = serde_json::to_vec(&body).expect("texts are JSON");
    let mut request = access.request(account, Method::PUT, &ask.psp_payment_id, &ask.key);
    request.reuse = Reuse::of_submits(&RECIPE);
    let mut record = Record::new(account);
    let outcome = match send(transport, &mut record, request.body(JSON, body)).await {
        Ok(response) => read::submit(
            &response,
            &Expected {
                merchant_id: access.merchant_id,
                psp_payment_id: &ask.psp_payment_id,
                key: &ask.key,
                amount: ask.amount,
            },
        ),
        Err(outcome) => outcome,
    };
    Exchange { outcome, record: record.finish() }
}

async fn query(transport: &dyn Transport, account: &AccountConfig, ask: &QueryAsk) -> Exchange {
    let access = match Access::of(account) {
        Ok(access) => access,
        Err(error) => return account_unusable(&error),
    };
    if !is_name(&ask.psp_payment_id) || !is_name(&ask.key) {
        return not_sendable("the ids of the payment or of the refund are none of Mastercard Gateway's");
    }
    let request = access.request(account, Method::GET, &ask.psp_payment_id, &ask.key);
    let mut record = Record::new(account);
    let outcome = match send(transport, &mut record, request).await {
        Ok(response) => read::query(
            &response,
            &Expected {
                merchant_id: access.merchant_id,
                psp_payment_id: &ask.psp_payment_id,
                key: &ask.key,
                amount: ask.amount,
            },
        ),
        Err(outcome) => outcome,
    };
    Exchange { outcome, record: record.finish() }
}

/// Asks for a transaction that cannot be: whoever is let in is told that there is none.
async fn check(transport: &dyn Transport, account: &AccountConfig) -> AccountCheck {
    let access = match Access::of(account) {
        Ok(access) => access,
        Err(error) => return account_unchecked(&error),
    };
    let request = access.request(account, Method::GET, NO_ORDER, NO_ORDER);
    match send_check(transport, request).await {
        Ok(response) => read::check(&response),
        Err(unanswered) => unanswered,
    }
}

/// Whether an id of an order or a transaction can stand in an address. "Data can consist of any characters" (the page of
/// the refund); but how one beyond ASCII is written there is stated nowhere, many servers take a slash for one however it is
/// written, and a part that is only dots means another address.
fn is_name(id: &str) -> bool {
    let fits = |b: u8| matches!(b, b' '..=b'~') && !matches!(b, b'/' | b'\\');
    let whole = !id.is_empty() && id.trim() == id && !matches!(id, "." | "..");
    whole && id.len() <= ID_CHARS_MAX && id.bytes().all(fits)
}
