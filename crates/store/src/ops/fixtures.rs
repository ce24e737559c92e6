//! What the tests of the operations on refunds share: a small world, and short words to act in it.

mod audit;

use std::sync::Arc;
use std::sync::Mutex;
use std::time::Duration;

use redress_core::capabilities::{Capabilities, SumLimit};
use redress_core::decimal::Decimal;
use redress_core::environment::Environment;
use redress_core::event::EventKind;
use redress_core::id::{AccountId, CaseId, KeyId, MerchantId, PaymentId, ProcessId, RefundId};
use redress_core::outcome::{Again, Finding, Outcome, PspRefusal};
use redress_core::payment::Payment;
use redress_core::policy::{AccountState, Ask, AskedAmount};
use redress_core::recipe::{Absence, Lookup, Recipe, Resend};
use redress_core::refund::Refund;
use redress_core::retry::Backoff;
use redress_core::settle::{Timing, Via, Word};
use redress_core::state::StateName;
use redress_core::time::Timestamp;

use super::accept::{Accept, Accepted, Dedupe, SendPermit, SendPermits};
use super::claim::{Claim, ClaimOutcome, DueAccount};
use super::refunds::{LoadRefund, RefundBy};
use super::settle::{Settle, Settled};
use crate::error::StoreError;
use crate::op::{Done, Operation};
use crate::store::Store;
use crate::tx::Tx;
use crate::value::{Row, Value};

pub(crate) use audit::{audit, rows};

pub(crate) const MERCHANT: MerchantId = MerchantId::from_bytes([1; 16]);
pub(crate) const STRANGER: MerchantId = MerchantId::from_bytes([2; 16]);
/// The key that asks for every refund.
pub(crate) const ASKED_BY: KeyId = KeyId::from_bytes([9; 16]);
/// This process.
pub(crate) const HERE: ProcessId = ProcessId::from_bytes([7; 16]);

pub(crate) const TIMING: Timing = Timing {
    lease: Duration::from_secs(10),
    not_sent: Backoff { first: Duration::from_secs(1), max: Duration::from_secs(60) },
    resolve: Backoff { first: Duration::from_secs(2), max: Duration::from_secs(300) },
    poll: Backoff { first: Duration::from_secs(5), max: Duration::from_secs(600) },
    person_after_queries: 3,
    overdue: Duration::from_secs(3600),
};

/// The PSP can be asked, nothing more.
pub(crate) const ASK_ONLY: Recipe =
    Recipe { lookup: Lookup::ByKey, resend: Resend::Never, absence: Absence::ProvesNothing };
/// The PSP takes the same key again for 1000 seconds.
pub(crate) const SAME_KEY: Recipe =
    Recipe { resend: Resend::SameKey { window: Duration::from_secs(1000), source: "a test" }, ..ASK_ONLY };
/// The PSP cannot be asked.
pub(crate) const MUTE: Recipe = Recipe { lookup: Lookup::None, ..ASK_ONLY };

const ALL: Capabilities = Capabilities {
    full: true,
    partial: true,
    several: true,
    window: None,
    currencies: None,
    currencies_excluded: &[],
    limits: &[],
    units: &[],
    one_in_flight: false,
};
const LIMITS: &[SumLimit] = &[SumLimit { currency: "SAR", min_minor: 100, max_minor: 500 }];
const PSPS: [(&str, Capabilities); 8] = [
    ("flex", ALL),
    ("once", Capabilities { several: false, ..ALL }),
    ("whole", Capabilities { partial: false, ..ALL }),
    ("parts", Capabilities { full: false, ..ALL }),
    ("bounded", Capabilities { limits: LIMITS, ..ALL }),
    ("windowed", Capabilities { window: Some(Duration::from_secs(1000)), ..ALL }),
    ("vnd", Capabilities { currencies: Some(&["VND"]), ..ALL }),
    ("turns", Capabilities { one_in_flight: true, ..ALL }),
];

/// So many seconds after the world began; payments were captured then.
pub(crate) const fn at(seconds: i64) -> Timestamp {
    Timestamp::from_micros(1_700_000_000_000_000 + seconds * 1_000_000)
}

/// An id like no other of its kind.
pub(crate) fn id(kind: u8, n: u32) -> [u8; 16] {
    let mut bytes = [kind; 16];
    bytes[12..].copy_from_slice(&n.to_be_bytes());
    bytes
}

/// The n-th refund of a test.
pub(crate) fn rf(n: u32) -> RefundId {
    RefundId::from_bytes(id(3, n))
}

/// The account of a PSP, by the PSP's name.
pub(crate) fn account(psp: &str) -> AccountId {
    let n = PSPS.iter().position(|(name, _)| *name == psp).expect("a PSP of the tests");
    AccountId::from_bytes(id(4, u32::try_from(n).expect("few")))
}

pub(crate) fn capabilities(psp: &str) -> Option<&'static Capabilities> {
    PSPS.iter().find(|(name, _)| *name == psp).map(|(_, capabilities)| capabilities)
}

/// A parameter of a test's own statement, owned.
#[derive(Clone)]
pub(crate) enum Cell {
    Null,
    Int(i64),
    Text(String),
    Bytes(Vec<u8>),
}

/// One statement of a test's own, as an operation.
pub(crate) struct Sql(pub(crate) &'static str, pub(crate) Vec<Cell>);

impl Operation for Sql {
    type Out = Vec<Row>;
    const NAME: &'static str = "test_sql";

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Done<Vec<Row>>, StoreError> {
        let params: Vec<Value<'_>> = self.1.iter().map(value).collect();
        tx.rows(self.0, &params).await.map(Done::Commit)
    }
}

pub(crate) fn value(cell: &Cell) -> Value<'_> {
    match cell {
        Cell::Null => Value::Null,
        Cell::Int(n) => (*n).into(),
        Cell::Text(text) => text.into(),
        Cell::Bytes(bytes) => bytes.into(),
    }
}

pub(crate) fn bytes(id: &[u8; 16]) -> Cell {
    Cell::Bytes(id.to_vec())
}

pub(crate) fn text(text: &str) -> Cell {
    Cell::Text(text.to_owned())
}

/// Runs one statement of a test's own.
pub(crate) async fn sql(store: &Store, text: &'static str, params: Vec<Cell>) -> Vec<Row> {
    store.run(Sql(text, params)).await.expect("a test's own statement")
}

/// Two merchants; the first has an account at each of the PSPs and one payment, `order-1`, of 10.00 SAR.
pub(crate) async fn world(store: &Store) {
    for (merchant, code) in [(MERCHANT, "M000001"), (STRANGER, "M000002")] {
        sql(
            store,
            "INSERT INTO merchants (merchant_id, code, name, created_at) VALUES ($1, $2, 'A merchant', 0)",
            vec![bytes(merchant.as_bytes()), text(code)],
        )
        .await;
    }
    for (psp, _) in PSPS {
        sql(
            store,
            "INSERT INTO psp_accounts (merchant_id, account_id, psp, name, environment, state, version, max_in_flight, \
             created_at) VALUES ($1, $2, $3, 'An account', 'sandbox', 'active', 3, $4, 0)",
            vec![
                bytes(MERCHANT.as_bytes()),
                bytes(account(psp).as_bytes()),
                text(psp),
                Cell::Int(MAX_IN_FLIGHT.into()),
            ],
        )
        .await;
    }
    pay(store, 1, "flex", 1000).await;
}

/// The n-th payment.
pub(crate) fn payment(n: u32) -> PaymentId {
    PaymentId::from_bytes(id(5, n))
}

/// Adds the payment `order-n`, in SAR.
pub(crate) async fn pay(store: &Store, n: u32, psp: &str, captured: i64) {
    sql(
        store,
        "INSERT INTO payments (merchant_id, payment_id, environment, order_ref, account_id, psp_payment_id, currency, \
         captured, refunded, reserved, blocked, refunded_before, captured_at, channel, refund_count, transaction_count, \
         created_at, updated_at) VALUES ($1, $2, 'sandbox', $3, $4, $5, 'SAR', $6, 0, 0, 0, 0, $7, 'CARD', 0, 1, $7, $7)",
        vec![
            bytes(MERCHANT.as_bytes()),
            bytes(payment(n).as_bytes()),
            text(&format!("order-{n}")),
            bytes(account(psp).as_bytes()),
            text(&format!("psp-payment-{n}")),
            Cell::Int(captured),
            Cell::Int(at(0).as_micros()),
        ],
    )
    .await;
}

/// Puts the account of a PSP into a state.
pub(crate) async fn set_account(store: &Store, psp: &str, state: AccountState) {
    sql(
        store,
        "UPDATE psp_accounts SET state = $1 WHERE account_id = $2",
        vec![text(state.as_str()), bytes(account(psp).as_bytes())],
    )
    .await;
}

/// A place for notifications.
#[derive(Clone, Copy)]
pub(crate) struct Endpoint {
    pub(crate) n: u32,
    pub(crate) dialect: &'static str,
    pub(crate) environment: Environment,
    pub(crate) mask: i64,
    pub(crate) revoked: bool,
}

/// Wants everything of the sandbox.
pub(crate) const ENDPOINT: Endpoint = Endpoint {
    n: 1,
    dialect: "standard",
    environment: Environment::Sandbox,
    mask: EventKind::all_bits(),
    revoked: false,
};

pub(crate) async fn add_endpoint(store: &Store, endpoint: Endpoint) {
    sql(
        store,
        "INSERT INTO endpoints (merchant_id, endpoint_id, name, url, dialect, environment, event_mask, secret_sealed, \
         created_at, revoked_at) VALUES ($1, $2, 'E', 'https://merchant.test/', $3, $4, $5, $2, 0, $6)",
        vec![
            bytes(MERCHANT.as_bytes()),
            bytes(&id(6, endpoint.n)),
            text(endpoint.dialect),
            text(endpoint.environment.as_str()),
            Cell::Int(endpoint.mask),
            if endpoint.revoked { Cell::Int(1) } else { Cell::Null },
        ],
    )
    .await;
}

/// So many rights to send, over all accounts; counts those out.
pub(crate) struct Permits {
    free: Mutex<u32>,
}

impl Permits {
    pub(crate) fn new(free: u32) -> Arc<Self> {
        Arc::new(Self { free: Mutex::new(free) })
    }

    pub(crate) fn free(&self) -> u32 {
        *self.free.lock().expect("no test panics here")
    }
}

/// How many refunds each account sends at once.
pub(crate) const MAX_IN_FLIGHT: u32 = 4;

/// Hands out rights of a shared count, for accounts with their own limit.
pub(crate) struct Hand(pub(crate) Arc<Permits>);

struct Permit(Arc<Permits>);

impl SendPermit for Permit {}

impl Drop for Permit {
    fn drop(&mut self) {
        *self.0.free.lock().expect("no test panics here") += 1;
    }
}

impl SendPermits for Hand {
    fn try_take(&self, account: AccountId, max_in_flight: u32) -> Option<Box<dyn SendPermit>> {
        assert!(PSPS.iter().any(|(psp, _)| account == self::account(psp)), "no account of this world");
        assert_eq!(max_in_flight, MAX_IN_FLIGHT);
        let mut free = self.0.free.lock().expect("no test panics here");
        *free = free.checked_sub(1)?;
        Some(Box::new(Permit(Arc::clone(&self.0))))
    }
}

/// What is asked: `full`, or a sum in major units.
pub(crate) fn ask(amount: &str) -> Ask {
    let amount = match amount {
        "full" => AskedAmount::Remainder,
        sum => AskedAmount::Exactly(Decimal::from_text(sum).expect("a sum")),
    };
    Ask::of(amount)
}

/// Accepts the n-th refund, at second 10, without a right to send and without a key.
pub(crate) fn accept(order_ref: &str, amount: &str, n: u32) -> Accept {
    Accept {
        merchant: MERCHANT,
        order_ref: order_ref.to_owned(),
        ask: ask(amount),
        reason: "broken".to_owned(),
        description: Some("a description".to_owned()),
        merchant_refund_id: None,
        metadata: None,
        asked_by: ASKED_BY.to_string(),
        named: None,
        keyed: None,
        refund: rf(n),
        process: HERE,
        timing: TIMING,
        capabilities: Arc::new(capabilities),
        permits: Arc::new(Hand(Permits::new(0))),
        announce: false,
        now: at(10),
    }
}

/// Recognises a repeat by a small key and a small hash.
pub(crate) const fn key(key: u8, hash: u8) -> Option<Dedupe> {
    Some(Dedupe { key: [key; 16], request_hash: [hash; 16] })
}

/// A refund that was made, its payment, and the right to send it.
pub(crate) fn new_one(accepted: Accepted) -> (Refund, Payment, Option<Box<dyn SendPermit>>) {
    match accepted {
        Accepted::New { refund, payment, permit, .. } => (*refund, *payment, permit),
        other => panic!("not a new refund: {}", told(&other)),
    }
}

/// What was answered, for a message.
pub(crate) fn told(accepted: &Accepted) -> String {
    match accepted {
        Accepted::New { refund, .. } => format!("new {}", refund.state.name()),
        Accepted::Repeat { refund, .. } => format!("repeat {}", refund.state.name()),
        Accepted::KeyReused(_) => "key reused".to_owned(),
        Accepted::NoPayment => "no payment".to_owned(),
        Accepted::Refused { refusal, .. } => format!("{refusal:?}"),
    }
}

/// Makes the n-th refund, which stays queued, at second 10.
pub(crate) async fn queued(store: &Store, order_ref: &str, amount: &str, n: u32) -> Refund {
    new_one(store.run(accept(order_ref, amount, n)).await.expect("accepted")).0
}

/// Makes the n-th refund, which is sent from second 10 on.
pub(crate) async fn sent(store: &Store, order_ref: &str, amount: &str, n: u32) -> Refund {
    let permits = Arc::new(Hand(Permits::new(1)));
    new_one(store.run(Accept { permits, ..accept(order_ref, amount, n) }).await.expect("accepted")).0
}

/// Makes the n-th refund of `order-1` and brings it into a state, by second 20.
pub(crate) async fn in_state(store: &Store, state: StateName, amount: &str, n: u32) -> Refund {
    let words: &[Outcome] = match state {
        StateName::Queued => return queued(store, "order-1", amount, n).await,
        StateName::Submitting => return sent(store, "order-1", amount, n).await,
        StateName::Unknown => &[Outcome::Unknown(Finding::NoAnswer)],
        StateName::Pending => &[pending(None)],
        StateName::Succeeded => &[done(None)],
        StateName::Failed => &[refused()],
        StateName::Reversed => &[done(None), refused()],
        StateName::Held | StateName::Canceled => panic!("nothing brings a refund there yet"),
    };
    sent(store, "order-1", amount, n).await;
    for (i, outcome) in words.iter().enumerate() {
        let via = if i == 0 { Via::Submit } else { Via::Query };
        hear(store, n, outcome.clone(), via, 20).await;
    }
    let refund = load(store, n).await.0;
    assert_eq!(refund.state.name(), state);
    refund
}

/// A word about the n-th refund, from an exchange that began and ended at a second; each is an attempt of its own.
pub(crate) fn word(n: u32, outcome: Outcome, via: Via, second: i64) -> Settle {
    let attempt = {
        use sha2::{Digest, Sha256};
        let hash = Sha256::digest(format!("{n} {outcome:?} {via:?} {second}"));
        hash[..16].try_into().expect("16 bytes")
    };
    Settle {
        merchant: MERCHANT,
        refund: rf(n),
        // As if it answered the newest send, where it answers one.
        word: Word { outcome, via, started_at: at(second), send: u32::MAX, superseded_by: &[] },
        attempt,
        again: via == Via::Notification,
        record: "what was said".to_owned(),
        case_ids: [CaseId::from_bytes(attempt), CaseId::from_bytes(id(8, n))],
        timing: TIMING,
        seed: 0,
        now: at(second),
    }
}

/// Records and applies a word.
pub(crate) async fn hear(store: &Store, n: u32, outcome: Outcome, via: Via, second: i64) -> Settled {
    let settled = store.run(word(n, outcome, via, second)).await.expect("settled").expect("a refund");
    assert_eq!(settled.refund, load(store, n).await.0, "what is answered is what is stored");
    settled
}

pub(crate) fn done(psp_refund_id: Option<&str>) -> Outcome {
    Outcome::Succeeded { psp_refund_id: psp_refund_id.map(str::to_owned), arn: None }
}

pub(crate) fn pending(psp_refund_id: Option<&str>) -> Outcome {
    Outcome::Pending { psp_refund_id: psp_refund_id.map(str::to_owned), note: None }
}

pub(crate) fn refused() -> Outcome {
    let (code, text) = ("R1".to_owned(), "card closed".to_owned());
    Outcome::Refused(PspRefusal { code, text, again: Again::No, psp_refund_id: None })
}

pub(crate) fn not_sent() -> Outcome {
    Outcome::NotSent { reason: "no connection".to_owned() }
}

/// The n-th refund and its payment as they are stored.
pub(crate) async fn load(store: &Store, n: u32) -> (Refund, Payment) {
    let by = RefundBy::Id(rf(n));
    store.read(LoadRefund { merchant: MERCHANT, by }).await.expect("read").expect("a refund")
}

/// `refunded`, `reserved` and `blocked` of `order-1`.
pub(crate) async fn balance(store: &Store) -> (i64, i64, i64) {
    let sql_text = "SELECT refunded, reserved, blocked FROM payments WHERE payment_id = $1";
    let row = &sql(store, sql_text, vec![bytes(payment(1).as_bytes())]).await[0];
    (row.int(0).unwrap(), row.int(1).unwrap(), row.int(2).unwrap())
}

/// Claims what is due at the account `flex` at a second, with room for all.
pub(crate) fn claim(second: i64) -> Claim {
    Claim {
        account: DueAccount {
            merchant: MERCHANT,
            account: account("flex"),
            psp: "flex".to_owned(),
            state: AccountState::Active,
            max_in_flight: 4,
        },
        holder: HERE,
        sends: 10,
        queries: 10,
        recipe: &ASK_ONLY,
        window: None,
        one_in_flight: false,
        timing: TIMING,
        case_ids: (0..64)
            .map(|n| CaseId::from_bytes(id(9, u32::try_from(second * 100 + n).unwrap())))
            .collect(),
        now: at(second),
    }
}

/// Claims, and checks that what is answered is what is stored.
pub(crate) async fn run_claim(store: &Store, claim: Claim) -> ClaimOutcome {
    let outcome = store.run(claim).await.expect("claimed");
    for claimed in &outcome.claimed {
        let by = RefundBy::Id(claimed.refund.id);
        let stored = store.read(LoadRefund { merchant: MERCHANT, by }).await.expect("read");
        let (refund, payment) = stored.expect("a refund");
        assert_eq!((&refund, &payment.psp_payment_id), (&claimed.refund, &claimed.psp_payment_id));
    }
    outcome
}
