//! The rows that the pages are made of, as SQLite makes them by itself: a batch of payments and refunds follows from their
//! numbers alone, so that whoever asks for one knows what it is called.
//!
//! | of the refunds | are |
//! |---|---|
//! | 1 in 20 | failed |
//! | 1 in 2 000 | pending |
//! | 1 in 5 000 | unknown, each with an open case |
//! | 1 in 5 000 | queued |
//! | 1 in 10 000 | reversed, each with an open case |
//! | the others | succeeded |
//!
//! Of ten payments eight have one refund, one has two and one has none. One in 20 000 is disputed.

use serde::{Deserialize, Serialize};

/// A refund is asked for so long after its payment, in milliseconds.
const REFUNDED_AFTER_MILLIS: u64 = 3_600_000;

/// Which refunds are unknown: of so many the one with this number.
pub(super) const UNKNOWN: (u32, u32) = (5_000, 7);

/// Which payments are disputed, likewise.
pub(super) const DISPUTED: (u32, u32) = (20_000, 9);

/// When everything happened.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct Times {
    /// When the first payment was taken in, in milliseconds since 1970.
    pub(super) start_millis: u64,
    /// Between two payments.
    pub(super) step_millis: u64,
    /// Nothing happened later.
    pub(super) end_millis: u64,
}

impl Times {
    /// When a payment was taken in, in milliseconds since 1970.
    pub(super) fn payment_millis(&self, number: u32) -> u64 {
        self.start_millis + u64::from(number) * self.step_millis
    }

    /// The id of a payment.
    pub(super) fn payment(&self, number: u32) -> [u8; 16] {
        id(self.payment_millis(number), number)
    }

    /// The id of a refund.
    pub(super) fn refund(&self, number: u32) -> [u8; 16] {
        id(self.payment_millis(number) + REFUNDED_AFTER_MILLIS, number)
    }

    /// The id of the case of a refund that has one.
    pub(super) fn case(&self, number: u32) -> [u8; 16] {
        id(self.payment_millis(number) + REFUNDED_AFTER_MILLIS + 1, number)
    }

    /// The id of the entry of the audit trail about a payment; every tenth has one.
    pub(super) fn audit_entry(&self, number: u32) -> [u8; 16] {
        id(self.payment_millis(number) + 2, number)
    }
}

/// UUIDs of version 7 without chance: [`id_text`] says the same in SQL.
fn id(millis: u64, number: u32) -> [u8; 16] {
    let number = u64::from(number);
    let digits = format!("{millis:012x}7{:03x}8{:015x}", number % 4_096, number * 7_919);
    u128::from_str_radix(&digits, 16).unwrap_or_default().to_be_bytes()
}

fn id_text(millis: &str, number: &str) -> String {
    format!("unhex(printf('%012x7%03x8%015x', {millis}, {number} % 4096, {number} * 7919))")
}

/// The order reference of a payment: unique up to ten millions, and in no order.
pub(super) fn order_ref(number: u32) -> String {
    format!("ORD-{:07}", u64::from(number) * 7_919 % 10_000_000)
}

/// The same in SQL.
fn order_ref_text(number: &str) -> String {
    format!("printf('ORD-%07d', {number} * 7919 % 10000000)")
}

/// The PSP's id of a payment.
pub(super) fn psp_payment_id(number: u32) -> String {
    format!("chg_{:016x}", u64::from(number) * 7_919)
}

/// The same in SQL.
fn psp_payment_id_text(number: &str) -> String {
    format!("printf('chg_%016x', {number} * 7919)")
}

/// The merchant's own reference of a payment.
pub(super) fn merchant_order_ref(number: u32) -> String {
    format!("web-{number:07}")
}

/// The customer's reference of a payment: some fifty payments a customer.
pub(super) fn customer_ref(number: u32, rows: u32) -> String {
    format!("cust-{}", number % customers(rows))
}

fn customers(rows: u32) -> u32 {
    (rows / 50).max(1)
}

/// Whose rows they are: ids as SQL writes bytes, but for the key's.
#[derive(Clone, Debug)]
pub(super) struct Owners {
    pub(super) merchant: String,
    pub(super) accounts: [String; 2],
    pub(super) endpoint: String,
    pub(super) person: String,
    /// The text of the key that the refunds were asked for with.
    pub(super) key: String,
}

/// Bytes as SQL writes them.
pub(super) fn bytes(of: &[u8; 16]) -> String {
    format!("x'{:032x}'", u128::from_be_bytes(*of))
}

/// What was captured by a payment, in minor units.
pub(super) fn captured_minor(number: u32) -> u32 {
    10_000 + number % 400 * 50
}

/// The same in SQL.
fn captured(number: &str) -> String {
    format!("(10000 + {number} % 400 * 50)")
}

fn currency(number: &str) -> String {
    format!(
        "CASE WHEN {number} / 11 % 50 = 0 THEN 'KWD' WHEN {number} / 11 % 10 = 1 THEN 'AED' ELSE 'SAR' END"
    )
}

/// The account, by the payment: a third has the first.
fn account(owners: &Owners, number: &str) -> String {
    let [first, second] = &owners.accounts;
    format!("CASE {number} % 3 WHEN 0 THEN {first} ELSE {second} END")
}

/// When a payment was taken in: [`Times::payment_millis`] in SQL.
fn taken_millis(times: &Times, number: &str) -> String {
    let Times { start_millis, step_millis, .. } = times;
    format!("{start_millis} + {number} * {step_millis}")
}

/// The batch's numbers as `c (i)`.
fn numbers(from: u32, to: u32) -> String {
    format!("WITH RECURSIVE c(i) AS (SELECT {from} UNION ALL SELECT i + 1 FROM c WHERE i + 1 < {to})")
}

/// The batch's refunds as `r`; the tenth of ten is the second of the first one's payment.
fn refunds(times: &Times, from: u32, to: u32) -> String {
    let end_millis = times.end_millis;
    format!(
        "{numbers}, a AS (SELECT i, i - CASE i % 10 WHEN 9 THEN 9 ELSE 0 END AS p, \
         CASE WHEN i % 20 = 3 THEN 'failed' WHEN i % {unknown} = {unknown_at} THEN 'unknown' \
         WHEN i % 5000 = 11 THEN 'queued' WHEN i % 2000 = 13 THEN 'pending' WHEN i % 10000 = 17 THEN 'reversed' \
         ELSE 'succeeded' END AS state, \
         CASE i % 7 WHEN 0 THEN 2 WHEN 1 THEN 45 WHEN 2 THEN 300 WHEN 3 THEN 2400 WHEN 4 THEN 14400 WHEN 5 THEN 86400 \
         ELSE 259200 END AS took FROM c), \
         b AS (SELECT a.*, {taken} AS taken, {asked} + {REFUNDED_AFTER_MILLIS} AS made, {captured} AS captured FROM a), \
         r AS (SELECT b.*, {payment} AS payment_id, {refund} AS refund_id, made * 1000 AS made_at, \
         MIN((made + took * 1000) * 1000, {end_millis} * 1000) AS ended_at, \
         CASE WHEN i % 10 = 9 THEN 1000 WHEN i % 10 = 0 THEN 2000 WHEN i % 4 = 1 THEN captured \
         ELSE 1000 + i % 40 * 100 END AS amount, \
         CASE WHEN state IN ('queued', 'unknown') THEN NULL ELSE printf('re_%014x', i * 7919) END AS psp_refund_id, \
         CASE state WHEN 'failed' THEN 'card_closed' WHEN 'reversed' THEN 'returned' END AS failure_code, \
         CASE state WHEN 'failed' THEN 'The card is closed' WHEN 'reversed' THEN 'The bank sent it back' END AS failure_text \
         FROM b) ",
        numbers = numbers(from, to),
        unknown = UNKNOWN.0,
        unknown_at = UNKNOWN.1,
        taken = taken_millis(times, "p"),
        asked = taken_millis(times, "i"),
        captured = captured("p"),
        payment = id_text("taken", "p"),
        refund = id_text("made", "i"),
    )
}

/// The statements that make a batch; the batches must come in the order of their numbers, and `from` be a multiple of ten.
pub(super) fn batch(owners: &Owners, times: &Times, rows: u32, from: u32, to: u32) -> Vec<String> {
    let batch = Batch { owners, times, from, to };
    let failed =
        "CASE state WHEN 'failed' THEN failure_code END, CASE state WHEN 'failed' THEN failure_text END";
    let ended = "psp_refund_id, failure_code, failure_text, happened_at";
    vec![
        batch.payments(rows),
        batch.refund_rows(),
        batch.events(
            "number, kind, author, happened_at",
            &format!("1, 'refund.created', '{}', made_at", owners.key),
            "true",
        ),
        batch.events(
            &format!("number, kind, {ended}"),
            &format!(
                "2, CASE state WHEN 'reversed' THEN 'refund.succeeded' ELSE 'refund.' || state END, psp_refund_id, \
                 {failed}, ended_at"
            ),
            "state <> 'queued'",
        ),
        batch.events(
            &format!("number, kind, {ended}"),
            "3, 'refund.reversed', psp_refund_id, failure_code, failure_text, ended_at",
            "state = 'reversed'",
        ),
        batch.attempts(),
        batch.deliveries(),
        batch.delivery_attempts(),
        batch.cases(),
        batch.audit_trail(),
    ]
}

/// Whose rows, and the numbers of their payments and refunds.
struct Batch<'a> {
    owners: &'a Owners,
    times: &'a Times,
    from: u32,
    to: u32,
}

impl Batch<'_> {
    /// A row about each of the refunds that is one of `those`: its columns, and what SQL says of them.
    fn about_refunds(&self, table: &str, columns: &str, values: &str, those: &str) -> String {
        format!(
            "{refunds} INSERT INTO {table} (merchant_id, refund_id, {columns}) \
             SELECT {merchant}, refund_id, {values} FROM r WHERE {those}",
            refunds = refunds(self.times, self.from, self.to),
            merchant = self.owners.merchant,
        )
    }

    fn payments(&self, rows: u32) -> String {
        let taken = taken_millis(self.times, "i");
        format!(
            "{refunds} INSERT INTO payments (merchant_id, payment_id, environment, order_ref, merchant_order_ref, account_id, \
             psp_payment_id, currency, captured, refunded, reserved, blocked, refunded_before, captured_at, channel, \
             payment_method, customer_ref, refund_count, first_refund_id, transaction_count, created_at, updated_at, \
             disputed_at) \
             SELECT {merchant}, {id}, 'sandbox', {order_ref}, printf('web-%07d', i), {account}, {psp_payment_id}, {currency}, \
             {captured}, \
             CASE WHEN i % 10 = 9 THEN 0 WHEN i % 10 = 0 THEN 3000 WHEN state = 'succeeded' THEN amount ELSE 0 END, \
             CASE WHEN state IN ('queued', 'unknown', 'pending') THEN amount ELSE 0 END, 0, 0, ({taken}) * 1000, \
             CASE WHEN i % 100000 = 5 THEN 'RARE' WHEN i / 7 % 10 < 5 THEN 'CARD' WHEN i / 7 % 10 < 8 THEN 'WALLET' \
             WHEN i / 7 % 10 = 8 THEN 'BANK' ELSE 'CASH' END, \
             CASE i / 3 % 4 WHEN 0 THEN 'visa' WHEN 1 THEN 'mastercard' WHEN 2 THEN 'mada' ELSE 'applepay' END, \
             printf('cust-%d', i % {customers}), \
             CASE i % 10 WHEN 9 THEN 0 WHEN 0 THEN 2 ELSE 1 END, CASE WHEN i % 10 <> 9 THEN refund_id END, \
             CASE i % 10 WHEN 9 THEN 1 WHEN 0 THEN 3 ELSE 2 END, ({taken}) * 1000, \
             CASE WHEN i % 10 = 9 THEN ({taken}) * 1000 ELSE ended_at END, \
             CASE WHEN i % {disputed} = {disputed_at} THEN made_at END FROM r",
            refunds = refunds(self.times, self.from, self.to),
            merchant = self.owners.merchant,
            id = id_text(&taken, "i"),
            order_ref = order_ref_text("i"),
            psp_payment_id = psp_payment_id_text("i"),
            account = account(self.owners, "i"),
            currency = currency("i"),
            captured = captured("i"),
            customers = customers(rows),
            disputed = DISPUTED.0,
            disputed_at = DISPUTED.1,
        )
    }

    fn refund_rows(&self) -> String {
        let values = format!(
            "payment_id, 'sandbox', CASE i % 10 WHEN 9 THEN 2 ELSE 1 END, CASE i % 10 WHEN 9 THEN 3 ELSE 2 END, amount, \
             {currency}, CASE WHEN amount = captured THEN 'full' ELSE 'partial' END, \
             CASE i % 6 WHEN 0 THEN 'duplicate' WHEN 1 THEN 'fraudulent' WHEN 2 THEN 'product_not_received' \
             WHEN 3 THEN 'product_unsatisfactory' WHEN 4 THEN 'other' ELSE 'requested_by_customer' END, \
             'The customer returned the goods', printf('MR-%09d', i), \
             unhex(printf('%08x%024x', i * 7919 % 4294967291, i)), unhex(printf('%032x', i)), {account}, 1, psp_refund_id, \
             CASE WHEN state IN ('succeeded', 'reversed') THEN printf('74%021d', i) END, state, failure_code, failure_text, \
             CASE WHEN state IN ('queued', 'unknown', 'pending') THEN ended_at END, \
             CASE WHEN state <> 'queued' THEN made_at END, CASE WHEN state <> 'queued' THEN made_at END, \
             state <> 'queued', 0, 0, state NOT IN ('queued', 'unknown', 'failed'), state = 'unknown', \
             CASE state WHEN 'queued' THEN 1 WHEN 'reversed' THEN 3 ELSE 2 END, made_at, \
             CASE state WHEN 'queued' THEN made_at ELSE ended_at END, \
             CASE WHEN state IN ('succeeded', 'failed', 'reversed') THEN ended_at END",
            currency = currency("p"),
            account = account(self.owners, "p"),
        );
        self.about_refunds(
            "refunds",
            "payment_id, environment, ordinal, transaction_number, amount, currency, kind, reason, description, \
             merchant_refund_id, dedupe_key, request_hash, account_id, account_version, psp_refund_id, arn, state, \
             failure_code, failure_text, due_at, first_sent_at, last_sent_at, sends, queries, not_sent, accepted, \
             person_called, event_count, created_at, updated_at, finished_at",
            &values,
            "true",
        )
    }

    fn events(&self, columns: &str, values: &str, those: &str) -> String {
        let (columns, values) =
            (format!("environment, amount, {columns}"), format!("'sandbox', amount, {values}"));
        self.about_refunds("events", &columns, &values, those)
    }

    /// One exchange with the PSP of each refund that was sent.
    fn attempts(&self) -> String {
        let values = format!(
            "{id}, 'submit', CASE state WHEN 'failed' THEN 'refused' WHEN 'reversed' THEN 'succeeded' ELSE state END, \
             printf('POST /v1/refunds\namount=%d&charge=chg_%016x&reason=requested_by_customer\n\n200 OK\n\
             {{\"id\":\"re_%014x\",\"object\":\"refund\",\"amount\":%d,\"status\":\"%s\"}}', amount, p * 7919, i * 7919, \
             amount, state), made_at, made_at + 180000",
            id = id_text("made + 3", "i"),
        );
        let columns = "attempt_id, via, outcome, record, started_at, finished_at";
        self.about_refunds("attempts", columns, &values, "state <> 'queued'")
    }

    /// The end of each refund that has one, told to the endpoint.
    fn deliveries(&self) -> String {
        let endpoint = &self.owners.endpoint;
        let values = format!(
            "2, {endpoint}, 'standard', CASE i % 1000 WHEN 1 THEN 'given_up' ELSE 'delivered' END, 1, 0, ended_at, ended_at"
        );
        let columns = "number, endpoint_id, dialect, state, tries, silent_tries, created_at, finished_at";
        self.about_refunds("deliveries", columns, &values, TOLD)
    }

    fn delivery_attempts(&self) -> String {
        let endpoint = &self.owners.endpoint;
        let values = format!(
            "2, {endpoint}, 1, CASE i % 1000 WHEN 1 THEN 410 ELSE 200 END, \
             CASE i % 1000 WHEN 1 THEN 'Gone' ELSE 'OK' END, ended_at, ended_at"
        );
        let columns = "number, endpoint_id, attempt, status, answer, started_at, finished_at";
        self.about_refunds("delivery_attempts", columns, &values, TOLD)
    }

    /// An open case of each refund that a person must look at.
    fn cases(&self) -> String {
        let values = format!(
            "{id}, CASE state WHEN 'unknown' THEN 'unresolved' ELSE 'reversed' END, payment_id, \
             unhex(printf('%032x', i)), CASE state WHEN 'unknown' THEN 'nobody knows whether the PSP did it' \
             ELSE 'the money came back' END, 0, 0, 0, ended_at, 'sandbox'",
            id = id_text("made + 1", "i"),
        );
        let columns =
            "case_id, kind, payment_id, open_key, what, wanted, blocked, booked, opened_at, environment";
        self.about_refunds("cases", columns, &values, "state IN ('unknown', 'reversed')")
    }

    /// What a person did with every tenth payment.
    fn audit_trail(&self) -> String {
        let taken = taken_millis(self.times, "i");
        format!(
            "{numbers} INSERT INTO audit_trail (merchant_id, entry_id, user_id, actor, deed, object, detail, address, agent, \
             happened_at) SELECT {merchant}, {id}, {person}, 'Bench', 'refund_made', {order_ref}, '10.00 SAR', '192.0.2.1', \
             'Mozilla/5.0', ({taken}) * 1000 FROM c WHERE i % 10 = 0",
            numbers = numbers(self.from, self.to),
            merchant = self.owners.merchant,
            id = id_text(&format!("{taken} + 2"), "i"),
            person = self.owners.person,
            order_ref = order_ref_text("i"),
        )
    }
}

/// The refunds whose end was told.
const TOLD: &str = "state IN ('succeeded', 'failed', 'reversed')";

/// What was captured each day, from the payments. What was refunded is counted from the events, as a server counts it.
pub(super) fn captured_sums(owners: &Owners) -> String {
    format!(
        "INSERT INTO daily_sums (merchant_id, environment, day, currency, channel, measure, things, amount) \
         SELECT merchant_id, environment, captured_at / 86400000000, currency, channel, 1, COUNT(*), SUM(captured) \
         FROM payments WHERE merchant_id = {merchant} GROUP BY 1, 2, 3, 4, 5",
        merchant = owners.merchant,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_in_the_order_of_their_numbers_and_no_two_are_alike() {
        let times =
            Times { start_millis: 1_700_000_000_000, step_millis: 864, end_millis: 1_800_000_000_000 };
        assert_eq!(bytes(&times.payment(1)), "x'018bcfe56b6070018000000000001eef'");
        let numbers = [0, 1, 2, 999_999, 9_999_999];
        assert!(numbers.is_sorted_by_key(|number| times.payment(*number)));
        assert!(numbers.is_sorted_by_key(|number| times.refund(*number)));
        assert_ne!(times.refund(7), times.case(7));
    }

    #[test]
    fn a_reference_is_of_one_payment() {
        let refs: std::collections::BTreeSet<String> = (0..20_000).map(order_ref).collect();
        assert_eq!(refs.len(), 20_000);
        assert_eq!(order_ref(1), "ORD-0007919");
    }
}
