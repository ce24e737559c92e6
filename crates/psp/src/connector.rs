//! What every PSP's folder offers.

use crate::account::{AccountConfig, AccountConfigError};
use crate::notice::{Inbound, Notice, NoticeError};
use crate::profile::Profile;
use crate::transport::Transport;
use futures_util::future::BoxFuture;
use redress_core::capabilities::Capabilities;
use redress_core::money::Amount;
use redress_core::outcome::Outcome;
use redress_core::recipe::Recipe;
use redress_core::time::Timestamp;

/// One PSP. It holds no state; all that an exchange depends on is handed in.
pub trait Connector: Send + Sync {
    /// The folder's name, which is also the name in settings, tables and metrics: `momo`, `tap`.
    fn name(&self) -> &'static str;

    /// What is said of it to people: its methods, what proves it, how it does what it does.
    fn profile(&self) -> &'static Profile;

    /// What the PSP can do.
    fn capabilities(&self) -> &'static Capabilities;

    /// How an unknown outcome is resolved.
    fn recipe(&self) -> &'static Recipe;

    /// The refusal codes by which the PSP says that it does not know the payment.
    fn payment_not_known_codes(&self) -> &'static [&'static str] {
        &[]
    }

    /// Checks that the credentials and addresses are complete and well-formed, before an account is stored.
    ///
    /// # Errors
    /// [`AccountConfigError`] names the field, never its value.
    fn check_account(&self, account: &AccountConfig) -> Result<(), AccountConfigError>;

    /// Whether the PSP can have given a payment that id, by its form alone. With any other [`Connector::submit`] sends
    /// nothing, so that a payment with it could never be refunded.
    ///
    /// # Errors
    /// What it must be, for people; the field's name goes before.
    fn check_payment_id(&self, id: &str) -> Result<(), &'static str>;

    /// Asks the PSP for a refund: one exchange, whose bytes depend on `account` and `ask` alone.
    fn submit<'a>(
        &'a self,
        transport: &'a dyn Transport,
        account: &'a AccountConfig,
        ask: &'a SubmitAsk,
    ) -> BoxFuture<'a, Exchange>;

    /// Asks the PSP what became of a refund. It never has an effect on money. Never called where the recipe says that the
    /// PSP cannot be asked.
    fn query<'a>(
        &'a self,
        transport: &'a dyn Transport,
        account: &'a AccountConfig,
        ask: &'a QueryAsk,
    ) -> BoxFuture<'a, Exchange>;

    /// Reads a notification and makes sure that it is the PSP's: by its signature, or by asking the PSP about it. A
    /// message may tell of several refunds; what it tells of other things is left out.
    ///
    /// # Errors
    /// [`NoticeError`] says how to answer it; nothing may be changed by it.
    fn read_notification<'a>(
        &'a self,
        transport: &'a dyn Transport,
        account: &'a AccountConfig,
        inbound: &'a Inbound,
    ) -> BoxFuture<'a, Result<Vec<Notice>, NoticeError>> {
        let _ = (transport, account, inbound);
        Box::pin(std::future::ready(Err(NoticeError::NotSupported)))
    }

    /// What the PSP wants to read in the answer to a notification that was taken.
    fn acknowledgement(&self) -> &'static str {
        ""
    }

    /// Proves credentials and address, without any effect on money. `nonce` is fresh randomness, for PSPs that want a new id
    /// with every question.
    fn check<'a>(
        &'a self,
        transport: &'a dyn Transport,
        account: &'a AccountConfig,
        nonce: [u8; 10],
    ) -> BoxFuture<'a, AccountCheck>;
}

/// All that a submit depends on, besides the account's version: a re-send has equal bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubmitAsk {
    /// The refund's PSP key, which it keeps for ever.
    pub key: String,
    /// The PSP's id of the payment.
    pub psp_payment_id: String,
    /// How much is given back.
    pub amount: Amount,
    /// The merchant's reason; may be empty or longer than the PSP takes.
    pub reason: String,
}

/// All that a look-up depends on, besides the account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueryAsk {
    /// The refund's PSP key.
    pub key: String,
    /// The PSP's id of the payment.
    pub psp_payment_id: String,
    /// The PSP's own id of the refund, where it is known.
    pub psp_refund_id: Option<String>,
    /// How much is given back.
    pub amount: Amount,
    /// When the refund was first handed to the network.
    pub first_sent_at: Timestamp,
    /// The time of this look-up.
    pub now: Timestamp,
    /// Fresh randomness, for PSPs that want a new id with every question.
    pub nonce: [u8; 10],
    /// The PSP's ids of refunds that are already bound to other refunds of the payment: they are no match.
    pub bound_elsewhere: Vec<String>,
}

/// One exchange: what was understood, and the evidence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exchange {
    /// What was understood.
    pub outcome: Outcome,
    /// What was said on both sides, for the attempt's row: without secrets and signatures, at most
    /// [`crate::record::RECORD_BYTES_MAX`] bytes.
    pub record: String,
}

/// What a check of an account's credentials and address found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AccountCheck {
    /// The PSP let us in. What was asked, for people.
    Proved(String),
    /// The PSP answered, and did not let us in, or did not know the account. Its words, for people.
    Refused(String),
    /// No answer that says either.
    Unclear(String),
    /// This PSP has nothing that can be asked without an effect on money. Why, for people.
    NotPossible(&'static str),
}
