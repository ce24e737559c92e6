//! Writing what core decided about a refund: the pieces every operation on refunds is made of.

use redress_core::balance::BalanceChange;
use redress_core::environment::Environment;
use redress_core::event::{EventKind, OtherEventKind};
use redress_core::id::{CaseId, EndpointId, MerchantId, PaymentId};
use redress_core::refund::Refund;
use redress_core::settle::Change;
use redress_core::state::RefundState;
use redress_core::time::Timestamp;

use super::cases::{self, CaseSubject, Ending, NewCaseRow};
use super::dedupe::Dedupe;
use super::rows::{micros, new_refund_columns};
use super::turns;
use crate::error::StoreError;
use crate::tx::{Touches, Tx};

/// Who did it: a person, or whoever has a key of an API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Author {
    /// The person's name, as given, or the key's id.
    pub name: String,
    /// The reason given; empty where none was.
    pub reason: String,
}

impl Author {
    /// The reason, where one was given.
    #[must_use]
    pub fn given_reason(&self) -> Option<&str> {
        Some(self.reason.as_str()).filter(|reason| !reason.is_empty())
    }
}

const INSERT_REFUND: &str = concat!(
    "INSERT INTO refunds (",
    new_refund_columns!(),
    ", dedupe_key, request_hash, second_key, second_hash) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, ",
    "$18, $19, $20, $21, $22, $23, $24, $25, $26, $27, $28, $29, $30, $31, $32, $33, $34, $35, $36, $37, $38, $39, ",
    "$40, $41) ON CONFLICT DO NOTHING"
);

/// Inserts a new refund. False when one of its keys is taken, and then nothing was written. The first key is the
/// merchant's own id of the refund, where there is one, and then the idempotency key is the second.
pub(crate) async fn insert_refund<T: Tx>(
    tx: &mut T,
    refund: &Refund,
    named: Option<Dedupe>,
    keyed: Option<Dedupe>,
) -> Result<bool, StoreError> {
    let (first, second) = if named.is_some() { (named, keyed) } else { (keyed, None) };
    let state = StateColumns::of(refund);
    let evidence = &refund.evidence;
    let inserted = tx
        .exec(
            INSERT_REFUND,
            &[
                refund.merchant.as_bytes().into(),
                refund.id.as_bytes().into(),
                refund.payment.as_bytes().into(),
                refund.environment.as_str().into(),
                refund.ordinal.into(),
                refund.transaction_number.into(),
                refund.amount.minor().into(),
                refund.amount.currency().code().into(),
                refund.kind.as_str().into(),
                (&refund.reason).into(),
                refund.description.as_deref().into(),
                refund.merchant_refund_id.as_deref().into(),
                refund.account.as_bytes().into(),
                refund.account_version.into(),
                refund.psp_refund_id.as_deref().into(),
                refund.arn.as_deref().into(),
                state.name.into(),
                state.failure_code.into(),
                state.failure_text.into(),
                state.lease_owner.into(),
                state.lease_until.into(),
                micros(refund.due_at),
                micros(evidence.first_sent_at),
                micros(evidence.last_sent_at),
                evidence.sends.into(),
                evidence.queries.into(),
                micros(evidence.last_query_at),
                evidence.finding.map(|finding| finding.as_str()).into(),
                evidence.not_sent.into(),
                evidence.person_called.into(),
                refund.event_count.into(),
                refund.created_at.as_micros().into(),
                refund.updated_at.as_micros().into(),
                micros(refund.finished_at),
                evidence.accepted.into(),
                refund.takes_turns.into(),
                refund.metadata.as_deref().into(),
                first.as_ref().map(|dedupe| &dedupe.key[..]).into(),
                first.as_ref().map(|dedupe| &dedupe.request_hash[..]).into(),
                second.as_ref().map(|dedupe| &dedupe.key[..]).into(),
                second.as_ref().map(|dedupe| &dedupe.request_hash[..]).into(),
            ],
        )
        .await?;
    Ok(inserted == 1)
}

const UPDATE_REFUND: &str = "UPDATE refunds SET psp_refund_id = $1, arn = $2, state = $3, failure_code = $4, \
     failure_text = $5, lease_owner = $6, lease_until = $7, due_at = $8, first_sent_at = $9, last_sent_at = $10, \
     sends = $11, queries = $12, last_query_at = $13, finding = $14, not_sent = $15, person_called = $16, \
     event_count = $17, updated_at = $18, finished_at = $19, accepted = $20, account_version = $21, takes_turns = $22, \
     psp_note = $23, again_at = $24 WHERE merchant_id = $25 AND refund_id = $26";

/// Writes the parts of a refund that can change.
async fn update_refund<T: Tx>(tx: &mut T, refund: &Refund) -> Result<(), StoreError> {
    let state = StateColumns::of(refund);
    let evidence = &refund.evidence;
    tx.exec_ahead(
        UPDATE_REFUND,
        &[
            refund.psp_refund_id.as_deref().into(),
            refund.arn.as_deref().into(),
            state.name.into(),
            state.failure_code.into(),
            state.failure_text.into(),
            state.lease_owner.into(),
            state.lease_until.into(),
            micros(refund.due_at),
            micros(evidence.first_sent_at),
            micros(evidence.last_sent_at),
            evidence.sends.into(),
            evidence.queries.into(),
            micros(evidence.last_query_at),
            evidence.finding.map(|finding| finding.as_str()).into(),
            evidence.not_sent.into(),
            evidence.person_called.into(),
            refund.event_count.into(),
            refund.updated_at.as_micros().into(),
            micros(refund.finished_at),
            evidence.accepted.into(),
            refund.account_version.into(),
            refund.takes_turns.into(),
            refund.psp_note.as_deref().into(),
            state.again_at.into(),
            refund.merchant.as_bytes().into(),
            refund.id.as_bytes().into(),
        ],
        Touches::One("refunds"),
    )
    .await
}

const UPDATE_BALANCE: &str = "UPDATE payments SET reserved = reserved + $1, refunded = refunded + $2, updated_at = $3 \
     WHERE merchant_id = $4 AND payment_id = $5";

const INSERT_EVENT: &str = "INSERT INTO events (merchant_id, environment, refund_id, number, kind, amount, \
     psp_refund_id, failure_code, failure_text, author, reason, happened_at, note, again_at) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)";

/// Inserts the refund's latest event.
pub(crate) async fn insert_event<T: Tx>(
    tx: &mut T,
    refund: &Refund,
    kind: EventKind,
    author: Option<&Author>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let failure = refund.state.failure();
    let note = refund.psp_note.as_deref().filter(|_| kind == EventKind::Pending);
    tx.exec_ahead(
        INSERT_EVENT,
        &[
            refund.merchant.as_bytes().into(),
            refund.environment.as_str().into(),
            refund.id.as_bytes().into(),
            refund.event_count.into(),
            kind.as_str().into(),
            refund.amount.minor().into(),
            refund.psp_refund_id.as_deref().into(),
            failure.map(|failure| failure.code.as_str()).into(),
            failure.map(|failure| failure.text.as_str()).into(),
            author.map(|author| author.name.as_str()).into(),
            author.and_then(Author::given_reason).into(),
            now.as_micros().into(),
            note.into(),
            micros(failure.and_then(|failure| failure.again_at)),
        ],
        Touches::One("events"),
    )
    .await
}

/// What an event is about that is about no refund.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OtherSubject {
    /// A payment.
    Payment(PaymentId),
    /// An endpoint.
    Endpoint(EndpointId),
}

const INSERT_OTHER_EVENT: &str = "INSERT INTO events (merchant_id, environment, payment_id, endpoint_id, number, kind, \
     amount, author, reason, happened_at) VALUES ($1, $2, $3, $4, 0, $5, 0, $6, $7, $8)";

/// Inserts an event that is about no refund: it is told by the feed alone.
pub(crate) async fn insert_other_event<T: Tx>(
    tx: &mut T,
    (merchant, environment): (MerchantId, Environment),
    subject: OtherSubject,
    kind: OtherEventKind,
    author: Option<&Author>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let (payment, endpoint) = match &subject {
        OtherSubject::Payment(id) => (Some(&id.as_bytes()[..]), None),
        OtherSubject::Endpoint(id) => (None, Some(&id.as_bytes()[..])),
    };
    tx.exec_ahead(
        INSERT_OTHER_EVENT,
        &[
            merchant.as_bytes().into(),
            environment.as_str().into(),
            payment.into(),
            endpoint.into(),
            kind.as_str().into(),
            author.map(|author| author.name.as_str()).into(),
            author.and_then(Author::given_reason).into(),
            now.as_micros().into(),
        ],
        Touches::One("events"),
    )
    .await
}

macro_rules! insert_deliveries {
    ($more:literal) => {
        concat!(
            "INSERT INTO deliveries (merchant_id, refund_id, number, endpoint_id, dialect, state, tries, silent_tries, ",
            "due_at, created_at) SELECT e.merchant_id, r.refund_id, r.event_count, e.endpoint_id, e.dialect, 'due', 0, 0, ",
            "r.updated_at, r.updated_at FROM refunds r ",
            "JOIN payments p ON p.merchant_id = r.merchant_id AND p.payment_id = r.payment_id ",
            "JOIN endpoints e ON e.merchant_id = r.merchant_id AND e.environment = r.environment ",
            "WHERE r.merchant_id = $1 AND r.refund_id = $2 AND e.revoked_at IS NULL AND (e.event_mask & $3) <> 0 ",
            "AND (e.dialect <> 'sgate' OR p.notification_url IS NULL)",
            $more
        )
    };
}

/// The merchant's endpoints that want the event; SGate's dialect stands back where the payment has its own address.
const INSERT_DELIVERIES: &str = insert_deliveries!("");

/// The payment's own address hears of successes, in SGate's dialect: only SGate's API has such an address.
const INSERT_DELIVERIES_OF_SUCCESS: &str = insert_deliveries!(
    " UNION ALL SELECT r.merchant_id, r.refund_id, r.event_count, $4, 'sgate', 'due', 0, 0, r.updated_at, r.updated_at \
     FROM refunds r JOIN payments p ON p.merchant_id = r.merchant_id AND p.payment_id = r.payment_id \
     WHERE r.merchant_id = $1 AND r.refund_id = $2 AND p.notification_url IS NOT NULL"
);

/// The endpoint id of deliveries to a payment's own address.
pub const OWN_ADDRESS: [u8; 16] = [0; 16];

/// Inserts one delivery of the refund's latest event for each address that wants it.
pub(crate) async fn insert_deliveries<T: Tx>(
    tx: &mut T,
    refund: &Refund,
    kind: EventKind,
) -> Result<(), StoreError> {
    let params = [
        refund.merchant.as_bytes().into(),
        refund.id.as_bytes().into(),
        kind.bit().into(),
        (&OWN_ADDRESS).into(),
    ];
    match kind {
        EventKind::Succeeded => tx.exec_ahead(INSERT_DELIVERIES_OF_SUCCESS, &params, Touches::Any).await,
        _ => tx.exec_ahead(INSERT_DELIVERIES, &params[..3], Touches::Any).await,
    }
}

/// Writes a change of a refund whole: the refund, the balance, the turn, the event with its deliveries, and the cases.
pub(crate) async fn write_change<T: Tx>(
    tx: &mut T,
    change: &Change,
    author: Option<&Author>,
    case_ids: &mut (dyn Iterator<Item = CaseId> + Send),
    now: Timestamp,
) -> Result<(), StoreError> {
    let refund = &change.refund;
    update_refund(tx, refund).await?;
    if change.balance != BalanceChange::default() {
        tx.exec_ahead(
            UPDATE_BALANCE,
            &[
                change.balance.reserved.into(),
                change.balance.refunded.into(),
                now.as_micros().into(),
                refund.merchant.as_bytes().into(),
                refund.payment.as_bytes().into(),
            ],
            Touches::One("payments"),
        )
        .await?;
        if change.balance.reserved + change.balance.refunded < 0 {
            cases::reach(tx, refund.merchant, refund.payment, now).await?;
        }
    }
    // After the balance, whose lock of the payment covers it.
    turns::write(tx, change, now).await?;
    if let Some(kind) = change.event {
        insert_event(tx, refund, kind, author, now).await?;
        insert_deliveries(tx, refund, kind).await?;
    }
    if change.ends_cases {
        let (author, reason) = author.map_or(("redress", "the refund's end became known"), |author| {
            (author.name.as_str(), author.reason.as_str())
        });
        cases::end_for_refund(tx, refund, Ending { author, reason, now }).await?;
    }
    for case in &change.cases {
        let id = case_ids.next().ok_or_else(|| StoreError::Internal("too few case ids".to_owned()))?;
        let row = NewCaseRow {
            merchant: refund.merchant,
            id,
            kind: case.kind,
            subject: CaseSubject::Refund(refund.id),
            payment: Some(refund.payment),
            text: case.text.clone(),
            block_minor: case.block_minor,
            now,
        };
        cases::open(tx, &row).await?;
    }
    Ok(())
}

/// What the columns of the state hold.
struct StateColumns<'a> {
    name: &'static str,
    failure_code: Option<&'a str>,
    failure_text: Option<&'a str>,
    again_at: Option<i64>,
    lease_owner: Option<&'a [u8]>,
    lease_until: Option<i64>,
}

impl<'a> StateColumns<'a> {
    fn of(refund: &'a Refund) -> Self {
        let failure = refund.state.failure();
        let lease = match &refund.state {
            RefundState::Submitting(lease) => Some(lease),
            _ => None,
        };
        Self {
            name: refund.state.name().as_str(),
            failure_code: failure.map(|failure| failure.code.as_str()),
            failure_text: failure.map(|failure| failure.text.as_str()),
            again_at: failure.and_then(|failure| failure.again_at).map(Timestamp::as_micros),
            lease_owner: lease.map(|lease| &lease.owner.as_bytes()[..]),
            lease_until: lease.map(|lease| lease.until.as_micros()),
        }
    }
}
