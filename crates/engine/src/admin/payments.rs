//! Taking in captured payments. The same again changes nothing; other content is a conflict; the captured sum may rise
//! and never falls below what is used.

use std::collections::BTreeMap;

use redress_core::environment::Environment;
use redress_core::id::{AccountId, MerchantId, PaymentId};
use redress_core::money::Amount;
use redress_core::payment::may_be_captured;
use redress_core::time::Timestamp;
use redress_psp::connector::Connector;
use redress_store::StoreError;
use redress_store::ops::merchants::MERCHANT_REVOKED;
use redress_store::ops::payments::{NewPayment as Row, UpsertPayments, Upserted};
use redress_store::ops::refunds::LoadOrder;

use super::{AdminError, REFERENCE_BYTES_MAX, check_optional, check_text};
use crate::engine::Engine;

/// So many payments are written in one transaction: little enough that a running server's writes hardly wait.
pub const IMPORT_ROWS_AT_ONCE: usize = 100;

/// A payment as its merchant tells of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewPayment {
    /// Where it was taken; the account's environment.
    pub environment: Environment,
    /// The reference by which the faces find it; unique per merchant.
    pub order_ref: String,
    /// The merchant's own order reference.
    pub merchant_order_ref: Option<String>,
    /// The PSP account it was taken through.
    pub account: AccountId,
    /// The PSP's id of it; unique per account.
    pub psp_payment_id: String,
    /// What was captured.
    pub captured: Amount,
    /// What had been given back before, in minor units.
    pub refunded_before: i64,
    /// When it was captured.
    pub captured_at: Timestamp,
    /// PortOne's channel key.
    pub channel: Option<String>,
    /// SGate's payment method, or the method's name at PortOne.
    pub payment_method: Option<String>,
    /// The merchant's reference of the customer.
    pub customer_ref: Option<String>,
    /// The payment's own address for notifications.
    pub notification_url: Option<String>,
}

/// What came of one payment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Imported {
    /// It is new.
    Created(PaymentId),
    /// It was there with the same content; nothing was changed.
    Unchanged(PaymentId),
    /// It was there and only its captured sum was another: that was changed.
    Recaptured(PaymentId),
    /// It was there with other content, or something else of it is taken; nothing was changed.
    Conflict {
        /// The first field that differs, by its name in the API.
        field: &'static str,
    },
    /// The content alone is wrong; nothing was changed.
    Invalid {
        /// The field, by its name in the API.
        field: &'static str,
        /// What is wrong with it.
        problem: String,
    },
    /// The merchant has no such PSP account; nothing was changed.
    NoAccount,
    /// The merchant is revoked; nothing was changed.
    MerchantRevoked,
}

impl Imported {
    /// The payment, where the row was not refused.
    pub fn payment(&self) -> Option<PaymentId> {
        match self {
            Self::Created(id) | Self::Unchanged(id) | Self::Recaptured(id) => Some(*id),
            Self::Conflict { .. } | Self::Invalid { .. } | Self::NoAccount | Self::MerchantRevoked => None,
        }
    }

    /// Why the row was refused, for people; `None` where it was not.
    pub fn refusal(&self) -> Option<String> {
        match self {
            Self::Created(_) | Self::Unchanged(_) | Self::Recaptured(_) => None,
            Self::Conflict { field } => Some(conflict(field)),
            Self::Invalid { field, problem } => Some(format!("{field} {problem}")),
            Self::NoAccount => Some(NO_ACCOUNT.to_owned()),
            Self::MerchantRevoked => Some(MERCHANT_REVOKED.to_owned()),
        }
    }
}

/// Why there is a conflict, for people.
pub(super) fn conflict(field: &str) -> String {
    match field {
        "amount" => "amount is less than what is refunded, reserved or blocked already".to_owned(),
        "psp_payment_id" => {
            "psp_payment_id differs from the payment with this order_ref, or another payment has it"
                .to_owned()
        }
        _ => format!("{field} differs from the payment with this order_ref that is there already"),
    }
}

/// Why there is no account, for people.
pub(super) const NO_ACCOUNT: &str = "psp_account is not one of the merchant's PSP accounts";

/// What is wrong with a field that the store refused; the field's name goes before.
pub(super) fn invalid(field: &str) -> &'static str {
    match field {
        "amount" => "must be more than zero",
        "refunded_before" => "must be between zero and the amount",
        "environment" => "is not that of the PSP account",
        _ => "is not valid",
    }
}

impl Engine {
    /// Takes in payments of one merchant, in order; answers one outcome for each. A refused one leaves the others alone.
    ///
    /// They are written [`IMPORT_ROWS_AT_ONCE`] at a time, so after an error the first ones may be there: the same again
    /// is safe.
    ///
    /// # Errors
    /// [`AdminError::Engine`] when the store does not answer.
    pub async fn import_payments(
        &self,
        merchant: MerchantId,
        payments: Vec<NewPayment>,
    ) -> Result<Vec<Imported>, AdminError> {
        let mut out = Vec::with_capacity(payments.len());
        let mut payments = payments.into_iter().peekable();
        while payments.peek().is_some() {
            let batch = payments.by_ref().take(IMPORT_ROWS_AT_ONCE).collect();
            out.extend(self.import_batch(merchant, batch).await?);
        }
        Ok(out)
    }

    async fn import_batch(
        &self,
        merchant: MerchantId,
        batch: Vec<NewPayment>,
    ) -> Result<Vec<Imported>, AdminError> {
        let (now, psps) = (self.now(), self.connectors_of(merchant).await?);
        let mut out = Vec::with_capacity(batch.len());
        let (mut rows, mut places) = (Vec::new(), Vec::new());
        for payment in batch {
            match self.check_payment(merchant, &payment, &psps, now).await? {
                Some(refused) => out.push(refused),
                None => {
                    places.push(out.len());
                    // Replaced below by what the store says.
                    out.push(Imported::NoAccount);
                    rows.push(self.row(payment, now));
                }
            }
        }
        if !rows.is_empty() {
            let answers = self.parts.store.run(UpsertPayments { merchant, rows, now }).await?;
            for (place, answer) in places.into_iter().zip(answers) {
                out[place] = imported(answer);
            }
        }
        Ok(out)
    }

    /// Judges a payment by its content: why it is refused, where it is. What could not come in with its PSP's id or its
    /// address may be there all the same, from before the rule or from when the guard allowed more: it may be told again, and
    /// its sum may rise, as every payment's may.
    pub(super) async fn check_payment(
        &self,
        merchant: MerchantId,
        new: &NewPayment,
        psps: &Psps,
        now: Timestamp,
    ) -> Result<Option<Imported>, StoreError> {
        if let Err(error) = check(new, now) {
            return Ok(Some(refused(error)));
        }
        let Err(refused) = self.check_new(new, psps).map_err(refused) else { return Ok(None) };
        let order = LoadOrder { merchant, order_ref: new.order_ref.clone() };
        let is_there = self.parts.store.read(order).await?.is_some_and(|order| {
            order.payment.psp_payment_id == new.psp_payment_id
                && order.payment.notification_url == new.notification_url
        });
        Ok((!is_there).then_some(refused))
    }

    /// What a payment is held to when it first comes in.
    fn check_new(&self, new: &NewPayment, psps: &Psps) -> Result<(), AdminError> {
        // A client leaves such a part of a path away (RFC 3986, section 5.2.4), and names something else by what is left.
        if matches!(new.order_ref.as_str(), "." | "..") {
            return Err(AdminError::invalid("order_ref", "must not be `.` or `..`: no address can name it"));
        }
        // Each refund of it would fail unsent: said now, to whoever can still correct it.
        let form = psps.get(&new.account).map(|psp| psp.check_payment_id(&new.psp_payment_id));
        form.unwrap_or(Ok(())).map_err(|problem| AdminError::invalid("psp_payment_id", problem))?;
        new.notification_url.as_deref().map_or(Ok(()), |url| self.check_told_url("notification_url", url))
    }

    pub(super) fn row(&self, new: NewPayment, now: Timestamp) -> Row {
        Row {
            id: PaymentId::new(now, self.parts.world.random.bytes10()),
            environment: new.environment,
            order_ref: new.order_ref,
            merchant_order_ref: new.merchant_order_ref,
            account: new.account,
            psp_payment_id: new.psp_payment_id,
            captured: new.captured,
            refunded_before: new.refunded_before,
            captured_at: new.captured_at,
            channel: new.channel,
            payment_method: new.payment_method,
            customer_ref: new.customer_ref,
            notification_url: new.notification_url,
        }
    }
}

fn check(new: &NewPayment, now: Timestamp) -> Result<(), AdminError> {
    check_text("order_ref", &new.order_ref, REFERENCE_BYTES_MAX)?;
    // Where a payment is named by its id or its reference, each must mean one payment for ever.
    if PaymentId::parse(&new.order_ref).is_ok() {
        let problem = "has the form of a payment's id here: it would name two payments";
        return Err(AdminError::invalid("order_ref", problem));
    }
    check_text("psp_payment_id", &new.psp_payment_id, REFERENCE_BYTES_MAX)?;
    check_optional("merchant_order_ref", new.merchant_order_ref.as_deref(), REFERENCE_BYTES_MAX)?;
    check_optional("channel", new.channel.as_deref(), REFERENCE_BYTES_MAX)?;
    check_optional("payment_method", new.payment_method.as_deref(), REFERENCE_BYTES_MAX)?;
    check_optional("customer_ref", new.customer_ref.as_deref(), REFERENCE_BYTES_MAX)?;
    if !may_be_captured(new.captured_at, now) {
        return Err(AdminError::invalid("captured_at", "must not be in the future"));
    }
    // A year that was mistyped; one before 0 could not even be shown as RFC 3339 writes it.
    if new.captured_at < Timestamp::from_micros(0) {
        return Err(AdminError::invalid("captured_at", "must not be before 1970"));
    }
    Ok(())
}

fn refused(error: AdminError) -> Imported {
    match error {
        AdminError::Invalid { field, problem } => Imported::Invalid { field, problem: problem.to_string() },
        other => Imported::Invalid { field: "payment", problem: other.to_string() },
    }
}

/// The connectors of a merchant's accounts; one that is not here is judged by the store, or by whoever has its connector.
pub(super) type Psps = BTreeMap<AccountId, &'static dyn Connector>;

fn imported(answer: Upserted) -> Imported {
    match answer {
        Upserted::Created(id) => Imported::Created(id),
        Upserted::Unchanged(id) => Imported::Unchanged(id),
        Upserted::Recaptured(id) => Imported::Recaptured(id),
        Upserted::Conflict { field } => Imported::Conflict { field },
        Upserted::NoAccount => Imported::NoAccount,
        Upserted::MerchantRevoked => Imported::MerchantRevoked,
        Upserted::Invalid { field } => Imported::Invalid { field, problem: invalid(field).to_owned() },
    }
}
