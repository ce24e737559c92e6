//! stc pay, the Saudi wallet, spoken to directly.
//!
//! stc pay publishes nothing that could be read: all that is here is seen in the code of others, and what they leave open
//! is inferred.
//!
//! * Shape of the refund, of its answer and of errors, and `X-ClientCode`: a Java service of a Saudi payment office
//!   (`STCPaymentService`, `STCPayPaymentRefundRespDTO`) and a C# model (`RefundPaymentRequestMessage`).
//! * Path of the refund: the constants of one Android app.
//! * Codes, the payment inquiry, and what an empty answer means: <https://github.com/shazzad/woocommerce-gateway-stcpay>.
//! * Mutual TLS: that and <https://github.com/kawkab-oss/stcpay-node>.
//!
//! Hosts seen: `https://b2b.stcpay.com.sa` for real money; `https://b2btest.stcpay.com.sa`,
//! `https://test.b2b.stcpay.com.sa` and `https://sandbox.b2b.stcpay.com.sa` for tests. None is stated by stc pay, so the
//! address must be given. On the first, others wrote `/B2B.MerchantTransactions.WebApi/…` with one dot more than in the
//! path that is used unless `refund_path` says otherwise.
//!
//! A refund carries nothing of ours, and stc pay cannot be asked about one. So nothing is ever sent twice, a payment's
//! refunds are sent one after the other, and after an unclear answer a person looks into stc pay's own pages. A payment's
//! PSP id is its `STCPayRefNum`.

mod codes;
mod keys;
mod read;
#[cfg(test)]
mod tests;
mod wire;

use crate::account::{AccountConfig, AccountConfigError};
use crate::connector::{AccountCheck, Connector, Exchange, QueryAsk, SubmitAsk};
use crate::exchange::{
    account_unchecked, account_unusable, check_addresses, is_id, not_sendable, only_fields, send, send_check,
};
use crate::profile::{CredentialField, FieldKind, Method as Way, Profile, ProvenBy};
use crate::record::Record;
use crate::transport::{Reuse, Transport};
use futures_util::future::{BoxFuture, ready};
use keys::Keys;
use redress_core::capabilities::Capabilities;
use redress_core::outcome::Outcome;
use redress_core::recipe::{Absence, Lookup, Recipe, Resend};

/// The only currency: stc pay's sums carry none (inferred).
const SAR: &str = "SAR";

/// Why there is no look-up.
const CANNOT_BE_ASKED: &str = "stc pay cannot be asked about a refund";

static CAPABILITIES: Capabilities = Capabilities {
    full: true,
    // Inferred from the sum in the request. A reseller warns that a second use of one reference reverses the whole
    // (<https://support.paytabs.com/en/support/solutions/articles/60000697024-stc-pay-refund>); of which, it does not say.
    partial: true,
    several: true,
    // Not known; nor are smallest and largest sums.
    window: None,
    currencies: Some(&[SAR]),
    currencies_excluded: &[],
    limits: &[],
    units: &[],
    one_in_flight: true,
};

/// What not even the code of others shows.
const INFERRED: &str = "partial and several are inferred; a reseller warns that a second use of one reference reverses \
                        the whole";

static PROFILE: Profile = Profile {
    title: "stc pay",
    credentials: &[
        CredentialField::needed("client_code", FieldKind::Contract),
        CredentialField::optional_lines("certificate", FieldKind::Proof),
        CredentialField::optional_lines("private_key", FieldKind::Proof),
        CredentialField::optional("user_name", FieldKind::Proof),
        CredentialField::optional("password", FieldKind::Proof),
        CredentialField::optional("refund_path", FieldKind::Manner),
        CredentialField::optional("inquiry_path", FieldKind::Manner),
    ],
    methods: &[Way::noted("stcpay", ProvenBy::ThirdPartyCodeOnly, INFERRED)],
    idempotency: "none known: nothing is ever sent twice, and a payment's refunds go one after the other",
    status_query: "none known: after an unclear answer a person decides",
    notification: "none about refunds",
};

static RECIPE: Recipe =
    Recipe { lookup: Lookup::None, resend: Resend::Never, absence: Absence::ProvesNothing };

/// stc pay.
#[derive(Debug)]
pub struct StcPay;

impl Connector for StcPay {
    /// 2006, "no such payment", in <https://github.com/shazzad/woocommerce-gateway-stcpay>.
    fn payment_not_known_codes(&self) -> &'static [&'static str] {
        &["2006"]
    }

    fn name(&self) -> &'static str {
        "stcpay"
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
        only_fields(account, &PROFILE)?;
        Keys::of(account)?;
        check_addresses(account)?;
        keys::check_identity(account)
    }

    fn check_payment_id(&self, id: &str) -> Result<(), &'static str> {
        is_id(id).then_some(()).ok_or("must be an STCPayRefNum of stc pay's")
    }

    fn submit<'a>(
        &'a self,
        transport: &'a dyn Transport,
        account: &'a AccountConfig,
        ask: &'a SubmitAsk,
    ) -> BoxFuture<'a, Exchange> {
        Box::pin(submit(transport, account, ask))
    }

    /// Never called, because the recipe says so; it asks nobody.
    fn query<'a>(
        &'a self,
        _: &'a dyn Transport,
        _: &'a AccountConfig,
        _: &'a QueryAsk,
    ) -> BoxFuture<'a, Exchange> {
        let outcome = Outcome::NotSent { reason: CANNOT_BE_ASKED.to_owned() };
        Box::pin(ready(Exchange { outcome, record: format!("nothing was sent: {CANNOT_BE_ASKED}") }))
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
    let keys = match Keys::of(account) {
        Ok(keys) => keys,
        Err(error) => return account_unusable(&error),
    };
    if !is_id(&ask.psp_payment_id) {
        return not_sendable("the payment's PSP id is no STCPayRefNum");
    }
    let Some(body) = wire::refund(&ask.psp_payment_id, ask.amount) else {
        return not_sendable("stc pay refunds positive sums in SAR only");
    };
    let mut request = keys.post(account, keys.refund_path, body);
    request.reuse = Reuse::of_submits(&RECIPE);
    let mut record = Record::new(account);
    let outcome = match send(transport, &mut record, request).await {
        Ok(response) => {
            if read::says_nothing(&response) {
                record.line("an empty answer; others saw one for a wrong certificate or client code");
            }
            read::refund(&response, ask)
        }
        Err(outcome) => outcome,
    };
    Exchange { outcome, record: record.finish() }
}

/// Asks about a payment that cannot be: whoever is let in is told that there is none.
async fn check(transport: &dyn Transport, account: &AccountConfig) -> AccountCheck {
    let keys = match Keys::of(account) {
        Ok(keys) => keys,
        Err(error) => return account_unchecked(&error),
    };
    let Some(path) = keys.inquiry_path else {
        return AccountCheck::NotPossible(
            "only stc pay's payment inquiry can be asked without an effect on money, and it is another service: give its \
             path as inquiry_path, where your contract has it",
        );
    };
    let request = keys.post(account, path, wire::inquiry(path));
    match send_check(transport, request).await {
        Ok(response) => read::check(&response),
        Err(unanswered) => unanswered,
    }
}
