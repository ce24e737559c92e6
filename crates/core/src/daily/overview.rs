//! Some days' sums, put together for people.

use std::collections::BTreeMap;

use super::took::{Took, TookAtMost, percentile};
use super::{Day, Measure, Sum, SumKey};
use crate::money::Currency;

/// What happened in some days, a currency each: sums of two currencies cannot be added.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Overview {
    /// The first day.
    pub from: Day,
    /// The last day.
    pub to: Day,
    /// In the order of their codes. Empty where nothing happened.
    pub currencies: Vec<CurrencyOverview>,
}

/// What happened in one currency.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CurrencyOverview {
    /// The currency.
    pub currency: Currency,
    /// Every day, also those on which nothing happened.
    pub days: Vec<DayOverview>,
    /// All days together.
    pub total: DayTotals,
    /// Each channel over all days, in the order of their names.
    pub channels: Vec<ChannelOverview>,
}

/// What happened on one day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DayOverview {
    /// The day.
    pub day: Day,
    /// Its sums.
    pub totals: DayTotals,
}

/// The sums of a day, or of several; see [`Measure`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DayTotals {
    /// Payments captured.
    pub captured: Sum,
    /// Refunds asked for.
    pub asked: Sum,
    /// Refunds that succeeded.
    pub succeeded: Sum,
    /// Refunds that failed.
    pub failed: Sum,
    /// Refunds that were withdrawn.
    pub canceled: Sum,
    /// Refunds whose money came back.
    pub reversed: Sum,
}

/// One channel over all days.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChannelOverview {
    /// The channel, or the method or the PSP where a payment has none.
    pub channel: String,
    /// Its sums.
    pub totals: DayTotals,
    /// The time within which half of what succeeded had succeeded, as the end of a step; see [`percentile`].
    pub median: Option<TookAtMost>,
    /// The time within which 95 of 100 had.
    pub percentile_95: Option<TookAtMost>,
}

/// A part of a whole. No whole, no ratio.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ratio {
    /// The part.
    pub part: i64,
    /// The whole; more than none.
    pub whole: i64,
}

impl Ratio {
    fn of(part: i64, whole: i64) -> Option<Self> {
        (whole > 0).then_some(Self { part, whole })
    }

    /// In hundredths of a percent, rounded down: 10 000 for all of it, and more where the part is larger than the whole.
    pub fn basis_points(self) -> i64 {
        let points = i128::from(self.part) * 10_000 / i128::from(self.whole);
        i64::try_from(points).unwrap_or(i64::MAX)
    }
}

impl DayTotals {
    /// What was given back, less what came back, of what was captured, by sums. Both are of these days: what is given back
    /// may have been captured earlier.
    pub fn refund_rate(&self) -> Option<Ratio> {
        Ratio::of(self.succeeded.minor.saturating_sub(self.reversed.minor), self.captured.minor)
    }

    /// The same by counts: refunds of payments.
    pub fn refund_rate_by_count(&self) -> Option<Ratio> {
        Ratio::of(self.succeeded.count.saturating_sub(self.reversed.count), self.captured.count)
    }

    /// Refunds that succeeded, of those that succeeded or failed. What was withdrawn is neither.
    pub fn success_rate(&self) -> Option<Ratio> {
        Ratio::of(self.succeeded.count, self.succeeded.count.saturating_add(self.failed.count))
    }

    fn add(&mut self, measure: Measure, sum: Sum) {
        let place = match measure {
            Measure::Captured => &mut self.captured,
            Measure::Asked => &mut self.asked,
            Measure::Succeeded => &mut self.succeeded,
            Measure::Failed => &mut self.failed,
            Measure::Canceled => &mut self.canceled,
            Measure::Reversed => &mut self.reversed,
            Measure::Took(_) => return,
        };
        *place = place.plus(sum);
    }
}

#[derive(Default)]
struct Channel {
    totals: DayTotals,
    took: BTreeMap<Took, i64>,
}

struct Building {
    currency: Currency,
    days: BTreeMap<Day, DayTotals>,
    total: DayTotals,
    channels: BTreeMap<String, Channel>,
}

/// Puts the sums of the days from `from` to `to` together; sums of other days are left out.
pub fn overview(sums: impl IntoIterator<Item = (SumKey, Sum)>, from: Day, to: Day) -> Overview {
    let mut currencies: BTreeMap<&'static str, Building> = BTreeMap::new();
    for (key, sum) in sums {
        if !(from..=to).contains(&key.day) {
            continue;
        }
        let building = currencies.entry(key.currency.code()).or_insert_with(|| Building {
            currency: key.currency,
            days: BTreeMap::new(),
            total: DayTotals::default(),
            channels: BTreeMap::new(),
        });
        building.days.entry(key.day).or_default().add(key.measure, sum);
        building.total.add(key.measure, sum);
        let channel = building.channels.entry(key.channel).or_default();
        channel.totals.add(key.measure, sum);
        if let Measure::Took(took) = key.measure {
            *channel.took.entry(took).or_default() += sum.count;
        }
    }
    Overview { from, to, currencies: currencies.into_values().map(|it| it.built(from, to)).collect() }
}

impl Building {
    fn built(self, from: Day, to: Day) -> CurrencyOverview {
        let of_day = |number| {
            let day = Day::from_number(number);
            DayOverview { day, totals: self.days.get(&day).copied().unwrap_or_default() }
        };
        let channels = self.channels.into_iter().map(|(channel, Channel { totals, took })| {
            let counts: Vec<(Took, i64)> = took.into_iter().collect();
            let (median, percentile_95) = (percentile(&counts, 50), percentile(&counts, 95));
            ChannelOverview { channel, totals, median, percentile_95 }
        });
        CurrencyOverview {
            currency: self.currency,
            total: self.total,
            channels: channels.collect(),
            days: (from.number()..=to.number()).map(of_day).collect(),
        }
    }
}
