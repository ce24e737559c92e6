//! Daily sums: read for the overview, and added to by whoever counts in the background (docs/decisions/0027).
//!
//! What is counted is read first, beside the writer, and added up outside; then one small transaction adds the sums and
//! moves on from what they are of, if nobody else has. So each event counts once, whatever dies in between.

use redress_core::daily::{CountedEvent, Day, Measure, Sum, SumKey, Sums, channel_of};
use redress_core::environment::Environment;
use redress_core::event::EventKind;
use redress_core::id::{MerchantId, PaymentId};

use super::rows::{currency, environment, expect_one, parsed, time};
use crate::error::StoreError;
use crate::op::{Done, Operation, Query};
use crate::tx::Tx;
use crate::value::Row;

/// The events of one merchant and environment that the sums do not have yet, in the order of commits.
#[derive(Clone, Copy, Debug)]
pub struct UncountedEvents {
    /// Whose.
    pub merchant: MerchantId,
    /// Of which environment.
    pub environment: Environment,
    /// So many at most.
    pub limit: u32,
}

/// Some events that the sums do not have yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Uncounted {
    /// The place of the last event that the sums have; 0 where they have none.
    pub from: i64,
    /// The place of the last of these.
    pub to: i64,
    /// Those that tell of refunds.
    pub events: Vec<CountedEvent>,
    /// There may be more now.
    pub are_more: bool,
}

const UNCOUNTED: &str = "SELECT e.position, e.kind, e.happened_at, r.amount, r.currency, r.created_at, p.channel, \
     p.payment_method, a.psp FROM events e \
     LEFT JOIN refunds r ON r.merchant_id = e.merchant_id AND r.refund_id = e.refund_id \
     LEFT JOIN payments p ON p.merchant_id = r.merchant_id AND p.payment_id = r.payment_id \
     LEFT JOIN psp_accounts a ON a.merchant_id = p.merchant_id AND a.account_id = p.account_id \
     WHERE e.merchant_id = $1 AND e.environment = $2 AND e.position > $3 ORDER BY e.position LIMIT $4";

impl Query for UncountedEvents {
    /// `None` where there is nothing.
    type Out = Option<Uncounted>;
    const NAME: &'static str = "uncounted_events";

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Option<Uncounted>, StoreError> {
        let (merchant, environment) = (self.merchant.as_bytes().into(), self.environment.as_str().into());
        let sql = "SELECT position FROM daily_cursors WHERE merchant_id = $1 AND environment = $2";
        let rows = tx.rows(sql, &[merchant, environment]).await?;
        let from = rows.first().map_or(Ok(0), |row| row.int(0))?;
        let rows = tx.rows(UNCOUNTED, &[merchant, environment, from.into(), self.limit.into()]).await?;
        let Some(last) = rows.last() else { return Ok(None) };
        Ok(Some(Uncounted {
            from,
            to: last.int(0)?,
            events: rows.iter().filter_map(|row| event(row).transpose()).collect::<Result<_, _>>()?,
            are_more: rows.len() == self.limit as usize,
        }))
    }
}

/// `None` for what tells of no refund, and of a refund whose payment is gone: `redress verify` tells of that.
fn event(row: &Row) -> Result<Option<CountedEvent>, StoreError> {
    let Some(psp) = row.opt_text(8)? else { return Ok(None) };
    let (channel, method) = (row.opt_text(6)?, row.opt_text(7)?);
    Ok(Some(CountedEvent {
        kind: parsed(row, 1, EventKind::parse)?,
        happened_at: time(row, 2)?,
        minor: row.int(3)?,
        currency: currency(row, 4)?,
        asked_at: time(row, 5)?,
        channel: channel_of(channel.as_deref(), method.as_deref(), &psp).to_owned(),
    }))
}

/// Adds what was read by [`UncountedEvents`] to the sums.
#[derive(Clone, Debug)]
pub struct CountEvents {
    /// Whose.
    pub merchant: MerchantId,
    /// Of which environment.
    pub environment: Environment,
    /// [`Uncounted::from`].
    pub from: i64,
    /// [`Uncounted::to`].
    pub to: i64,
    /// What these events come to.
    pub sums: Sums,
}

impl Operation for CountEvents {
    /// False where somebody else has counted them; nothing was changed then.
    type Out = bool;
    const NAME: &'static str = "count_events";

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Done<bool>, StoreError> {
        let (merchant, environment) = (self.merchant.as_bytes().into(), self.environment.as_str().into());
        if self.from == 0 {
            tx.exec(
                "INSERT INTO daily_cursors (merchant_id, environment, position) VALUES ($1, $2, 0) \
                 ON CONFLICT DO NOTHING",
                &[merchant, environment],
            )
            .await?;
        }
        let moved = tx
            .exec(
                "UPDATE daily_cursors SET position = $1 WHERE merchant_id = $2 AND environment = $3 AND position = $4",
                &[self.to.into(), merchant, environment, self.from.into()],
            )
            .await?;
        if moved == 0 {
            return Ok(Done::Rollback(false));
        }
        add(tx, self.merchant, self.environment, &self.sums).await?;
        Ok(Done::Commit(true))
    }
}

/// What a row has with what is added to it. It stays at the end of what a column holds, as [`Sum::plus`] does: what one
/// merchant says it captured must not hold up the counting of everybody's. Each difference is taken on the side where it fits.
macro_rules! added {
    ($table:literal) => {
        concat!(
            "CASE WHEN excluded.amount > 0 THEN CASE WHEN ",
            $table,
            ".amount > 9223372036854775807 - excluded.amount THEN 9223372036854775807 ELSE ",
            $table,
            ".amount + excluded.amount END ELSE CASE WHEN ",
            $table,
            ".amount < -9223372036854775807 - excluded.amount THEN -9223372036854775807 ELSE ",
            $table,
            ".amount + excluded.amount END END"
        )
    };
}

const ADD: &str = concat!(
    "INSERT INTO daily_sums (merchant_id, environment, day, currency, channel, measure, things, amount) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8) \
     ON CONFLICT (merchant_id, environment, day, currency, channel, measure) DO UPDATE SET \
     things = daily_sums.things + excluded.things, amount = ",
    added!("daily_sums")
);

const NOTE_CAPTURED: &str = concat!(
    "INSERT INTO captured_changes (merchant_id, payment_id, environment, day, currency, channel, things, amount) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (merchant_id, payment_id) DO UPDATE SET \
     things = captured_changes.things + excluded.things, amount = ",
    added!("captured_changes")
);

/// In the order of the keys, so that two that write at once wait for each other and never in a circle.
async fn add<T: Tx>(
    tx: &mut T,
    merchant: MerchantId,
    environment: Environment,
    sums: &Sums,
) -> Result<(), StoreError> {
    for (day, currency, channel, measure, sum) in sums.iter() {
        tx.exec(
            ADD,
            &[
                merchant.as_bytes().into(),
                environment.as_str().into(),
                day.number().into(),
                currency.into(),
                channel.into(),
                measure.code().into(),
                sum.count.into(),
                sum.minor.into(),
            ],
        )
        .await?;
    }
    Ok(())
}

/// What was captured, or captured otherwise, and is not in the sums yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CapturedChange {
    /// Whose.
    pub merchant: MerchantId,
    /// Of which environment.
    pub environment: Environment,
    /// One of the payments: what names the change.
    pub payment: PaymentId,
    /// What it is added to.
    pub key: SumKey,
    /// How many payments are new, and by how much all of them come to more.
    pub sum: Sum,
}

/// Notes what was captured, in the transaction that takes the payments in.
pub(super) async fn note_captured<T: Tx>(tx: &mut T, change: &CapturedChange) -> Result<(), StoreError> {
    let noted = tx
        .exec(
            NOTE_CAPTURED,
            &[
                change.merchant.as_bytes().into(),
                change.payment.as_bytes().into(),
                change.environment.as_str().into(),
                change.key.day.number().into(),
                change.key.currency.code().into(),
                (&change.key.channel).into(),
                change.sum.count.into(),
                change.sum.minor.into(),
            ],
        )
        .await?;
    expect_one(noted, "captured_changes")
}

/// Some of what was captured and is not in the sums yet, over all merchants.
#[derive(Clone, Copy, Debug)]
pub struct CapturedChanges {
    /// So many at most.
    pub limit: u32,
}

impl Query for CapturedChanges {
    type Out = Vec<CapturedChange>;
    const NAME: &'static str = "captured_changes";

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Vec<CapturedChange>, StoreError> {
        let sql = "SELECT merchant_id, environment, payment_id, day, currency, channel, things, amount \
                   FROM captured_changes ORDER BY merchant_id, payment_id LIMIT $1";
        let change = |row: &Row| {
            Ok(CapturedChange {
                merchant: MerchantId::from_bytes(row.id16(0)?),
                environment: environment(row, 1)?,
                payment: PaymentId::from_bytes(row.id16(2)?),
                key: SumKey {
                    day: Day::from_number(row.int(3)?),
                    currency: currency(row, 4)?,
                    channel: row.text(5)?,
                    measure: Measure::Captured,
                },
                sum: Sum { count: row.int(6)?, minor: row.int(7)? },
            })
        };
        tx.rows(sql, &[self.limit.into()]).await?.iter().map(change).collect()
    }
}

/// Adds what was read by [`CapturedChanges`] to the sums, and takes it away.
#[derive(Clone, Debug)]
pub struct CountCaptured(pub Vec<CapturedChange>);

impl Operation for CountCaptured {
    /// False where one of them was counted by somebody else, or has changed meanwhile; nothing was changed then.
    type Out = bool;
    const NAME: &'static str = "count_captured";

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Done<bool>, StoreError> {
        for change in &self.0 {
            let deleted = tx
                .exec(
                    "DELETE FROM captured_changes WHERE merchant_id = $1 AND payment_id = $2 AND things = $3 AND amount = $4",
                    &[
                        change.merchant.as_bytes().into(),
                        change.payment.as_bytes().into(),
                        change.sum.count.into(),
                        change.sum.minor.into(),
                    ],
                )
                .await?;
            if deleted == 0 {
                return Ok(Done::Rollback(false));
            }
        }
        let mut rest = &self.0[..];
        while let Some(first) = rest.first() {
            // They come in the order of their merchants; the environments of one are parted here.
            let of_merchant = rest.partition_point(|change| change.merchant == first.merchant);
            for of in [Environment::Sandbox, Environment::Live] {
                let mut sums = Sums::default();
                for change in rest[..of_merchant].iter().filter(|change| change.environment == of) {
                    sums.add(change.key.clone(), change.sum);
                }
                add(tx, first.merchant, of, &sums).await?;
            }
            rest = &rest[of_merchant..];
        }
        Ok(Done::Commit(true))
    }
}

/// The sums of some days.
#[derive(Clone, Copy, Debug)]
pub struct ReadDailySums {
    /// Whose.
    pub merchant: MerchantId,
    /// Of which environment.
    pub environment: Environment,
    /// The first day.
    pub from: Day,
    /// The last day.
    pub to: Day,
    /// So many at most: the newest days come first.
    pub limit: u32,
}

impl Query for ReadDailySums {
    type Out = Vec<(SumKey, Sum)>;
    const NAME: &'static str = "read_daily_sums";

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Vec<(SumKey, Sum)>, StoreError> {
        let sql = "SELECT day, currency, channel, measure, things, amount FROM daily_sums WHERE merchant_id = $1 \
                   AND environment = $2 AND day >= $3 AND day <= $4 \
                   ORDER BY day DESC, currency DESC, channel DESC, measure DESC LIMIT $5";
        let params = [
            self.merchant.as_bytes().into(),
            self.environment.as_str().into(),
            self.from.number().into(),
            self.to.number().into(),
            self.limit.into(),
        ];
        let sum = |row: &Row| {
            let measure = Measure::from_code(row.int(3)?);
            let key = SumKey {
                day: Day::from_number(row.int(0)?),
                currency: currency(row, 1)?,
                channel: row.text(2)?,
                measure: measure.ok_or_else(|| StoreError::inconsistent("a measure of no number"))?,
            };
            Ok((key, Sum { count: row.int(4)?, minor: row.int(5)? }))
        };
        tx.rows(sql, &params).await?.iter().map(sum).collect()
    }
}

#[cfg(test)]
mod tests;
