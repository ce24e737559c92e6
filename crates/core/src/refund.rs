//! A refund: one intent to give back part of a payment.

use crate::environment::Environment;
use crate::id::{AccountId, MerchantId, PaymentId, RefundId};
use crate::money::Amount;
use crate::outcome::Finding;
use crate::state::RefundState;
use crate::time::Timestamp;

/// One refund as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refund {
    /// Whose it is.
    pub merchant: MerchantId,
    /// Its id; the PSP's key is derived from it.
    pub id: RefundId,
    /// What it refunds.
    pub payment: PaymentId,
    /// The payment's environment.
    pub environment: Environment,
    /// The how-manieth refund of its payment it is, from 1.
    pub ordinal: u32,
    /// Its number among the payment's transactions; the payment itself is 1.
    pub transaction_number: u32,
    /// How much is given back.
    pub amount: Amount,
    /// What was asked for: a sum, or all that was left.
    pub kind: RefundKind,
    /// The merchant's reason; may be empty.
    pub reason: String,
    /// The merchant's description, where the face has one.
    pub description: Option<String>,
    /// The merchant's own id of the refund.
    pub merchant_refund_id: Option<String>,
    /// The merchant's own data: a JSON object of texts, as it was written when the refund was made.
    pub metadata: Option<String>,
    /// The PSP account it goes through.
    pub account: AccountId,
    /// Its PSP takes one refund of a payment at a time: it is sent in its payment's turn.
    pub takes_turns: bool,
    /// The version of the account it is sent with, so that a re-send has equal bytes.
    pub account_version: i64,
    /// The PSP's own id of it, once known.
    pub psp_refund_id: Option<String>,
    /// The acquirer reference number, once known.
    pub arn: Option<String>,
    /// What the PSP last said about the wait, for people, once it accepted the refund and its end was open. It is kept over
    /// the end: whoever shows it asks [`Refund::waits_because`].
    pub psp_note: Option<String>,
    /// Where it stands.
    pub state: RefundState,
    /// What the exchanges so far have shown.
    pub evidence: Evidence,
    /// When somebody must look at it next; `None` when nothing is due.
    pub due_at: Option<Timestamp>,
    /// The number of its latest event, from 1.
    pub event_count: u32,
    /// When it was accepted.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// When it reached a final state.
    pub finished_at: Option<Timestamp>,
}

impl Refund {
    /// Why it waits, as the PSP last said it; `None` once it is over: what somebody once waited for says nothing about an
    /// end, and the timeline keeps it.
    pub fn waits_because(&self) -> Option<&str> {
        self.psp_note.as_deref().filter(|_| !self.state.name().is_final())
    }

    /// Whether it has failed in a way that the PSP tells of only after a word that may be followed by failures of these codes. The
    /// failure of the one that is bound follows nothing that is told of another of the PSP's refunds: its money left as well,
    /// whenever that is told.
    pub(crate) fn failed_after(&self, superseded_by: &[&str], told_of: Option<&str>) -> bool {
        if told_of.is_some_and(|id| self.psp_refund_id.as_deref() != Some(id)) {
            return false;
        }
        match &self.state {
            RefundState::Failed(failure) | RefundState::Reversed(failure) => {
                superseded_by.contains(&failure.code.as_str())
            }
            _ => false,
        }
    }
}

/// What was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RefundKind {
    /// All that was left.
    Full,
    /// A sum.
    Partial,
}

impl RefundKind {
    /// The name in the store and on the wire (PortOne's `refund_type`).
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Partial => "partial",
        }
    }

    /// Reads the name; `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "full" => Some(Self::Full),
            "partial" => Some(Self::Partial),
            _ => None,
        }
    }
}

/// The reasons of the own API: words for programs, those that the PSPs' own APIs have, and `other`. The faces take a
/// merchant's own words as well.
pub const REASONS: [&str; 6] = [
    "requested_by_customer",
    "duplicate",
    "fraudulent",
    "product_not_received",
    "product_unsatisfactory",
    "other",
];

/// What the exchanges about a refund have shown so far: all that the next step may depend on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Evidence {
    /// When it was first handed to the network; `None` while it provably never was.
    pub first_sent_at: Option<Timestamp>,
    /// When it was last handed to the network.
    pub last_sent_at: Option<Timestamp>,
    /// How many times it was handed to the network, without those that provably never left.
    pub sends: u32,
    /// How many look-ups were made since it last changed its state.
    pub queries: u32,
    /// When the last of these look-ups was started.
    pub last_query_at: Option<Timestamp>,
    /// What the last exchange found where it decided nothing.
    pub finding: Option<Finding>,
    /// How many times the request provably never left.
    pub not_sent: u32,
    /// The PSP has said that it accepted it: from then on only looking is safe, whatever a look-up finds.
    pub accepted: bool,
    /// A person has been called, and has not closed the case.
    pub person_called: bool,
}

impl Evidence {
    /// The number of the newest send, from 1; 0 before the first. It only grows: a send that provably never left keeps
    /// its number.
    pub const fn send_number(&self) -> u32 {
        self.sends.saturating_add(self.not_sent)
    }
}
