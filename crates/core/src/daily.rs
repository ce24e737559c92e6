//! What happened on a day, in sums: what the overview of refunds is drawn from.
//!
//! A sum is kept a day, currency, channel and [`Measure`]. Everything that goes into one is told by an event of a refund or
//! by a payment's own content, none of which ever changes: so sums that are added up as things happen, and sums that are
//! computed from the rows, are the same.

mod overview;
mod took;

use std::collections::BTreeMap;

use crate::event::EventKind;
use crate::money::Currency;
use crate::time::Timestamp;

pub use overview::{ChannelOverview, CurrencyOverview, DayOverview, DayTotals, Overview, Ratio, overview};
pub use took::{TOOK_BOUNDS, Took, TookAtMost, percentile};

const DAY_MICROS: i64 = 86_400_000_000;

/// A day by UTC, counted from 1970-01-01.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(i64);

impl Day {
    /// The day of a time.
    pub const fn of(time: Timestamp) -> Self {
        Self(time.as_micros().div_euclid(DAY_MICROS))
    }

    /// The day with this number.
    pub const fn from_number(number: i64) -> Self {
        Self(number)
    }

    /// Days since 1970-01-01.
    pub const fn number(self) -> i64 {
        self.0
    }

    /// When it begins.
    pub const fn start(self) -> Timestamp {
        Timestamp::from_micros(self.0.saturating_mul(DAY_MICROS))
    }

    /// So many days earlier.
    #[must_use]
    pub fn minus(self, days: u32) -> Self {
        Self(self.0.saturating_sub(i64::from(days)))
    }
}

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Measure {
    /// Payments by the day of their capture, with what was captured: as it is now, where it was changed later.
    Captured,
    /// Refunds by the day on which they were asked for.
    Asked,
    /// Refunds by the day on which they succeeded.
    Succeeded,
    /// Refunds by the day on which they failed.
    Failed,
    /// Refunds by the day on which they were withdrawn.
    Canceled,
    /// Refunds by the day on which their money came back.
    Reversed,
    /// Refunds by the day on which they succeeded, and by how long that took since they were asked for.
    Took(Took),
}

const TOOK_CODES: i64 = 100;

impl Measure {
    /// The number in the store.
    pub fn code(self) -> i64 {
        match self {
            Self::Captured => 1,
            Self::Asked => 2,
            Self::Succeeded => 3,
            Self::Failed => 4,
            Self::Canceled => 5,
            Self::Reversed => 6,
            Self::Took(took) => TOOK_CODES + took.number(),
        }
    }

    /// Reads the number; `None` for anything else.
    pub fn from_code(code: i64) -> Option<Self> {
        match code {
            1 => Some(Self::Captured),
            2 => Some(Self::Asked),
            3 => Some(Self::Succeeded),
            4 => Some(Self::Failed),
            5 => Some(Self::Canceled),
            6 => Some(Self::Reversed),
            _ => code.checked_sub(TOOK_CODES).and_then(Took::from_number).map(Self::Took),
        }
    }

    /// What an event of a refund counts as, by its own day; `None` where it is no step that is counted.
    pub const fn of_event(kind: EventKind) -> Option<Self> {
        match kind {
            EventKind::Created => Some(Self::Asked),
            EventKind::Pending | EventKind::Unknown => None,
            EventKind::Succeeded => Some(Self::Succeeded),
            EventKind::Failed => Some(Self::Failed),
            EventKind::Canceled => Some(Self::Canceled),
            EventKind::Reversed => Some(Self::Reversed),
        }
    }
}

/// What one sum is of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SumKey {
    /// The day.
    pub day: Day,
    /// The currency of what is added up.
    pub currency: Currency,
    /// The channel, as [`channel_of`] tells it.
    pub channel: String,
    /// What is counted.
    pub measure: Measure,
}

/// How many things, and how much.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sum {
    /// How many. Less than none where things are taken back.
    pub count: i64,
    /// How much, in minor units.
    pub minor: i64,
}

impl Sum {
    /// Both together; stays at the end of the numbers instead of wrapping.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self { count: self.count.saturating_add(other.count), minor: self.minor.saturating_add(other.minor) }
    }
}

/// Sums by what they are of, in one order: whoever writes them together locks them in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sums(BTreeMap<(Day, &'static str, String, Measure), Sum>);

impl Sums {
    /// Adds to one sum.
    pub fn add(&mut self, key: SumKey, sum: Sum) {
        let place = self.0.entry((key.day, key.currency.code(), key.channel, key.measure)).or_default();
        *place = place.plus(sum);
    }

    /// Adds what an event of a refund tells.
    pub fn add_event(&mut self, event: &CountedEvent) {
        let Some(measure) = Measure::of_event(event.kind) else { return };
        let one = Sum { count: 1, minor: event.minor };
        let key = |measure| SumKey {
            day: Day::of(event.happened_at),
            currency: event.currency,
            channel: event.channel.clone(),
            measure,
        };
        self.add(key(measure), one);
        if measure == Measure::Succeeded {
            self.add(key(Measure::Took(Took::of(event.happened_at.since(event.asked_at)))), one);
        }
    }

    /// Each sum, in order; the currency by its code.
    pub fn iter(&self) -> impl Iterator<Item = (Day, &'static str, &str, Measure, Sum)> {
        self.0.iter().map(|((day, currency, channel, measure), sum)| {
            (*day, *currency, channel.as_str(), *measure, *sum)
        })
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// An event of a refund with what its sums need to know of the refund.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CountedEvent {
    /// What happened.
    pub kind: EventKind,
    /// When.
    pub happened_at: Timestamp,
    /// The refund's sum, in minor units.
    pub minor: i64,
    /// Its currency.
    pub currency: Currency,
    /// When it was asked for.
    pub asked_at: Timestamp,
    /// Its payment's channel, as [`channel_of`] tells it.
    pub channel: String,
}

/// The channel that a payment is counted under: its own, else its method, else its PSP.
pub fn channel_of<'a>(channel: Option<&'a str>, method: Option<&'a str>, psp: &'a str) -> &'a str {
    channel.or(method).unwrap_or(psp)
}

#[cfg(test)]
mod tests;
