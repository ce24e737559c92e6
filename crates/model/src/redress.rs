//! What is checked: Redress, its clients and a PSP, with or without one of the guards.

use crate::bounds::Bounds;
use crate::guards::Without;
use crate::kind::{BOUND, Kind, LEASE, WINDOW};

/// What every refund of the model asks for, in minor units.
pub const AMOUNT: i64 = 1;

/// Redress, its clients and a PSP of one kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Redress {
    /// The PSP.
    pub kind: Kind,
    /// What the payment's customer paid, in minor units. Each refund asks for one.
    pub captured: i64,
    /// How much may go wrong.
    pub bounds: Bounds,
    /// The guard that is taken away.
    pub without: Option<Without>,
}

impl Redress {
    /// A model with all its guards.
    pub const fn new(kind: Kind, captured: i64, bounds: Bounds) -> Self {
        Self { kind, captured, bounds, without: None }
    }

    /// The models of a kind that the tests check: one refund alone, two that want the same money, two that are under way at
    /// once because there is enough for both, and money that comes back though a person had booked it as gone.
    pub const fn default_models(kind: Kind) -> [Self; 4] {
        [
            Self::new(kind, AMOUNT, Bounds::TWO),
            Self::new(kind, AMOUNT, Bounds::contention(kind)),
            Self::new(kind, 2 * AMOUNT, Bounds::in_flight(kind)),
            Self::new(kind, AMOUNT, Bounds::booked(kind)),
        ]
    }

    /// Whether that guard is away.
    pub(crate) fn lacks(&self, guard: Without) -> bool {
        self.without == Some(guard)
    }

    /// The age of a first send from which on nothing depends on it: no window is open, and the refund is overdue.
    pub(crate) fn first_sent_cap(&self) -> u8 {
        let margin = if self.lacks(Without::LeaseInsideWindow) { 0 } else { LEASE };
        let window = if self.kind.has_key() { WINDOW - margin } else { 0 };
        window.max(self.kind.overdue())
    }

    /// The age of a last send from which on absence can be proved.
    pub(crate) fn last_sent_cap(&self) -> u8 {
        match self.kind {
            Kind::Bounded if self.lacks(Without::LeaseBeforeBound) => BOUND,
            Kind::Bounded => LEASE + BOUND,
            _ => 0,
        }
    }
}
