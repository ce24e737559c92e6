//! Between a row of the model and core's own refund: rows keep ages, core wants points in time.
//!
//! The model's now is always [`NOW`]; what lies before it is its age earlier. What core never looks at again is not kept.

use crate::kind::{Kind, LEASE, TICK, ticks};
use crate::redress::{AMOUNT, Redress};
use crate::state::{Answer, Asked, Books, Row};
use redress_core::balance::Balance;
use redress_core::environment::Environment;
use redress_core::id::{AccountId, MerchantId, PaymentId, ProcessId, RefundId};
use redress_core::money::{Amount, Currency};
use redress_core::outcome::{Again, Finding, Outcome, PspRefusal};
use redress_core::payment::Payment;
use redress_core::refund::{Evidence, Refund, RefundKind};
use redress_core::state::{Failure, Lease, RefundState, StateName};
use redress_core::time::Timestamp;

/// Now, in every state.
pub(crate) const NOW: Timestamp = Timestamp::from_micros(1_000_000_000_000_000);

/// A point in time so many ticks ago; later than now for less than none.
pub(crate) fn ago(age: i64) -> Timestamp {
    Timestamp::from_micros(NOW.as_micros() - age * micros())
}

fn micros() -> i64 {
    i64::try_from(TICK.as_micros()).unwrap_or(i64::MAX)
}

fn age(time: Timestamp, cap: u8) -> u8 {
    let age = (NOW.as_micros() - time.as_micros()).max(0) / micros();
    u8::try_from(age).unwrap_or(u8::MAX).min(cap)
}

pub(crate) fn process(number: u8) -> ProcessId {
    ProcessId::from_bytes([number; 16])
}

fn currency() -> Currency {
    // No decimals: a minor unit is a unit.
    Currency::from_code("VND").expect("a currency")
}

pub(crate) fn refund_id(place: u8) -> RefundId {
    RefundId::from_bytes([place + 1; 16])
}

/// The refund that a row stands for.
pub(crate) fn refund(model: &Redress, place: u8, row: &Row) -> Refund {
    let sent = row.last_sent.map(|age| ago(age.into()));
    let finished = row.state.is_final();
    let evidence = Evidence {
        first_sent_at: row.first_sent.map(|age| ago(age.into())),
        last_sent_at: sent,
        sends: row.sends.into(),
        queries: row.queries.into(),
        last_query_at: row.asked.map(|asked| match asked {
            Asked::Early => sent.unwrap_or(NOW),
            Asked::Proving => proving_since(model, row),
        }),
        finding: row.finding,
        not_sent: row.not_sent.into(),
        accepted: row.accepted,
        person_called: row.person_called,
    };
    Refund {
        merchant: MerchantId::from_bytes([1; 16]),
        id: refund_id(place),
        payment: PaymentId::from_bytes([3; 16]),
        environment: Environment::Sandbox,
        ordinal: u32::from(place) + 1,
        transaction_number: u32::from(place) + 2,
        amount: Amount::new(AMOUNT, currency()),
        kind: RefundKind::Partial,
        reason: String::new(),
        description: None,
        merchant_refund_id: None,
        metadata: None,
        account: AccountId::from_bytes([4; 16]),
        takes_turns: model.kind.takes_turns(),
        account_version: 1,
        psp_refund_id: row.psp_id.map(psp_id),
        arn: None,
        psp_note: None,
        state: state(row),
        evidence,
        due_at: (!finished && row.state != StateName::Held).then_some(NOW),
        event_count: 1,
        created_at: ago(0),
        updated_at: NOW,
        finished_at: finished.then_some(NOW),
    }
}

fn state(row: &Row) -> RefundState {
    let failure = Failure::lasting("", "");
    match row.state {
        StateName::Held => RefundState::Held,
        StateName::Queued => RefundState::Queued,
        StateName::Submitting => {
            RefundState::Submitting(Lease { owner: process(0), until: ago(-i64::from(row.lease)) })
        }
        StateName::Unknown => RefundState::Unknown,
        StateName::Pending => RefundState::Pending,
        StateName::Succeeded => RefundState::Succeeded,
        StateName::Failed => RefundState::Failed(failure),
        StateName::Canceled => RefundState::Canceled,
        StateName::Reversed => RefundState::Reversed(failure),
    }
}

/// The moment from which on a look-up that finds nothing proves absence: a lease and a bound after the last send.
pub(crate) fn proving_since(model: &Redress, row: &Row) -> Timestamp {
    let sent = ago(row.last_sent.unwrap_or_default().into());
    sent.plus(ticks(model.last_sent_cap()))
}

/// What of a refund after a step the model keeps in its row.
pub(crate) fn keep(model: &Redress, row: &mut Row, after: &Refund) {
    let kind = model.kind;
    let evidence = &after.evidence;
    let small = |count: u32| u8::try_from(count).unwrap_or(u8::MAX);
    row.state = after.state.name();
    row.lease = match &after.state {
        RefundState::Submitting(lease) => LEASE.min(ticks_left(lease.until).try_into().unwrap_or(0)),
        _ => 0,
    };
    row.first_sent = evidence.first_sent_at.map(|at| age(at, model.first_sent_cap()));
    row.last_sent = evidence.last_sent_at.map(|at| age(at, model.last_sent_cap()));
    let proving = kind == Kind::Bounded && {
        let since = evidence.last_sent_at.map(|at| at.plus(ticks(model.last_sent_cap())));
        since.is_some_and(|since| evidence.last_query_at.is_some_and(|asked| asked >= since))
    };
    row.asked = evidence.last_query_at.map(|_| if proving { Asked::Proving } else { Asked::Early });
    row.sends = small(evidence.sends);
    row.not_sent = small(evidence.not_sent);
    row.queries = small(evidence.queries).min(small(kind.timing().person_after_queries));
    row.finding = evidence.finding;
    row.accepted = evidence.accepted;
    row.person_called = evidence.person_called;
    row.psp_id = after.psp_refund_id.as_deref().and_then(|id| id.parse().ok());
    if row.state.is_final() {
        // Nothing depends on these any more; that there was a second send and a look-up is told to the reader.
        row.first_sent = None;
        row.last_sent = None;
        row.asked = None;
        row.finding = None;
        row.accepted = false;
        row.person_called = false;
        row.not_sent = 0;
    }
}

fn ticks_left(until: Timestamp) -> i64 {
    (until.as_micros() - NOW.as_micros()).max(0) / micros()
}

fn psp_id(place: u8) -> String {
    place.to_string()
}

/// What core calls an answer.
pub(crate) fn outcome(answer: Answer) -> Outcome {
    match answer {
        Answer::Refused => Outcome::Refused(PspRefusal {
            code: String::new(),
            text: String::new(),
            again: Again::No,
            psp_refund_id: None,
        }),
        Answer::Pending(id) => Outcome::Pending { psp_refund_id: Some(psp_id(id)), note: None },
        Answer::Done(id) => Outcome::Succeeded { psp_refund_id: Some(psp_id(id)), arn: None },
        Answer::NotFound => Outcome::Unknown(Finding::NotFound),
        Answer::Ambiguous => Outcome::Unknown(Finding::Ambiguous),
        Answer::Nothing => Outcome::Unknown(Finding::NotUnderstood),
    }
}

/// The payment's balance as core knows it.
pub(crate) const fn balance(captured: i64, books: Books) -> Balance {
    Balance { captured, refunded: books.refunded, reserved: books.reserved, blocked: books.blocked }
}

/// The payment as policy judges it.
pub(crate) fn payment(captured: i64, books: Books) -> Payment {
    Payment {
        merchant: MerchantId::from_bytes([1; 16]),
        id: PaymentId::from_bytes([3; 16]),
        environment: Environment::Sandbox,
        order_ref: String::new(),
        merchant_order_ref: None,
        account: AccountId::from_bytes([4; 16]),
        psp_payment_id: String::new(),
        currency: currency(),
        balance: balance(captured, books),
        refunded_before: 0,
        captured_at: NOW,
        channel: None,
        payment_method: None,
        customer_ref: None,
        notification_url: None,
        disputed_at: None,
        refund_count: 0,
        transaction_count: 1,
        created_at: NOW,
        updated_at: NOW,
    }
}
