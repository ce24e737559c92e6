//! How long refunds take, in steps: so many counts are kept a day, however many refunds there are.

use std::time::Duration;

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// Each step ends with one of these, in seconds; what took longer than the last is in a step of its own.
pub const TOOK_BOUNDS: [u64; 24] = [
    1,
    2,
    5,
    10,
    20,
    30,
    MINUTE,
    2 * MINUTE,
    5 * MINUTE,
    10 * MINUTE,
    30 * MINUTE,
    HOUR,
    3 * HOUR,
    6 * HOUR,
    12 * HOUR,
    DAY,
    2 * DAY,
    3 * DAY,
    5 * DAY,
    7 * DAY,
    10 * DAY,
    14 * DAY,
    21 * DAY,
    30 * DAY,
];

/// A step of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Took(u8);

impl Took {
    /// The step that a span is in: the first whose bound it does not pass.
    pub fn of(span: Duration) -> Self {
        let passed = TOOK_BOUNDS.iter().take_while(|bound| span > Duration::from_secs(**bound)).count();
        Self(u8::try_from(passed).unwrap_or(u8::MAX))
    }

    /// Its number, from 0.
    pub fn number(self) -> i64 {
        i64::from(self.0)
    }

    /// The step with a number; `None` where there is none.
    pub fn from_number(number: i64) -> Option<Self> {
        let number = u8::try_from(number).ok()?;
        (usize::from(number) <= TOOK_BOUNDS.len()).then_some(Self(number))
    }

    /// How long refunds of this step took at most.
    pub fn at_most(self) -> TookAtMost {
        let bound = TOOK_BOUNDS.get(usize::from(self.0)).copied();
        bound.map_or(TookAtMost::Longer, |seconds| TookAtMost::Within(Duration::from_secs(seconds)))
    }
}

/// How long something took, as far as it is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TookAtMost {
    /// So long at most; longer than the bound before.
    Within(Duration),
    /// Longer than the last of [`TOOK_BOUNDS`].
    Longer,
}

/// The time within which `percent` of 100 refunds had succeeded, as the end of the step in which the last of them is; `None`
/// where there are none. `counts` in the order of their steps.
pub fn percentile(counts: &[(Took, i64)], percent: i64) -> Option<TookAtMost> {
    let all: i64 = counts.iter().map(|(_, count)| count).sum();
    // The nearest rank, rounded up: of one refund, every percentile is that refund.
    let rank = all.checked_mul(percent)?.checked_add(99)? / 100;
    let mut seen = 0;
    counts.iter().find_map(|(took, count)| {
        seen += count;
        (*count > 0 && seen >= rank).then(|| took.at_most())
    })
}
