//! The kinds of PSP that are played: what each can do, and the recipe that follows from it.

use redress_core::recipe::{Absence, Lookup, Recipe, Resend};
use redress_core::retry::Backoff;
use redress_core::settle::Timing;
use std::time::Duration;

/// The unit of time. Every span is a whole number of ticks.
pub(crate) const TICK: Duration = Duration::from_secs(60);

/// The right to send lasts so many ticks.
pub(crate) const LEASE: u8 = 1;
/// The recipe's window for the same key, in ticks from the first send.
pub(crate) const WINDOW: u8 = 3;
/// The longest that a request is under way where the PSP knows keys, in ticks: the assumption that `window` makes room for.
pub(crate) const JOURNEY: u8 = 1;
/// The PSP forgets a key so many ticks after the first request with it.
pub(crate) const KEY_KEPT: u8 = WINDOW + JOURNEY;
/// The bound after which a PSP of the kind [`Kind::Bounded`] acts on no request any more, in ticks.
pub(crate) const BOUND: u8 = 1;
/// After so many ticks a refund that the PSP has accepted is overdue, and so is one whose question never leaves.
const OVERDUE: u8 = 1;

/// A kind of PSP.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Takes a key, and can be asked by it. Its notifications prove themselves.
    KeyAndQuery,
    /// Takes a key, and cannot be asked. Its notifications prove themselves.
    KeyOnly,
    /// Takes a key, and can be asked by its own id only. Its notifications prove nothing and are confirmed by asking.
    ById,
    /// No key; a list that shows our reference. Its notifications prove nothing and are confirmed by asking.
    List,
    /// No key; a list that does not show our reference.
    BareList,
    /// Neither key nor look-up. Its notifications prove themselves.
    Blind,
    /// Neither key nor look-up, and a payment's refunds are sent one after the other. Its notifications prove themselves.
    OneAtATime,
    /// No key; a list, and a bound after which the PSP acts on no request any more.
    Bounded,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 8] = [
        Self::KeyAndQuery,
        Self::KeyOnly,
        Self::ById,
        Self::List,
        Self::BareList,
        Self::Blind,
        Self::OneAtATime,
        Self::Bounded,
    ];

    /// The name on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::KeyAndQuery => "key-and-query",
            Self::KeyOnly => "key-only",
            Self::ById => "by-id",
            Self::List => "list",
            Self::BareList => "bare-list",
            Self::Blind => "blind",
            Self::OneAtATime => "one-at-a-time",
            Self::Bounded => "bounded",
        }
    }

    /// Reads a name; `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == text)
    }

    /// Whether requests of one key are one request to the PSP.
    pub const fn has_key(self) -> bool {
        matches!(self, Self::KeyAndQuery | Self::KeyOnly | Self::ById)
    }

    /// Whether a payment's refunds are sent one after the other.
    pub const fn takes_turns(self) -> bool {
        matches!(self, Self::OneAtATime)
    }

    /// Whether a notification proves itself; else the PSP is asked.
    pub const fn is_signed(self) -> bool {
        matches!(self, Self::KeyAndQuery | Self::KeyOnly | Self::Blind | Self::OneAtATime)
    }

    /// Whether the PSP can be asked.
    pub const fn can_be_asked(self) -> bool {
        !matches!(self, Self::KeyOnly | Self::Blind | Self::OneAtATime)
    }

    /// Whether a look-up tells which of the PSP's refunds is ours.
    pub const fn list_shows_reference(self) -> bool {
        !matches!(self, Self::BareList)
    }

    /// Whether the recipe ever allows to send again what may have left.
    pub const fn may_send_again(self) -> bool {
        self.has_key() || matches!(self, Self::Bounded)
    }

    /// So many ticks after it left a request has no effect any more; `None` where it may come however late.
    pub const fn request_dies_at(self) -> Option<u8> {
        match self {
            Self::KeyAndQuery | Self::KeyOnly | Self::ById => Some(JOURNEY + 1),
            Self::Bounded => Some(BOUND),
            Self::List | Self::BareList | Self::Blind | Self::OneAtATime => None,
        }
    }

    /// The recipe that a connector of this kind would have.
    pub const fn recipe(self) -> Recipe {
        const KEYED: Resend = Resend::SameKey { window: ticks(WINDOW), source: "the model" };
        let lookup = match self {
            Self::KeyAndQuery => Lookup::ByKey,
            Self::List | Self::BareList | Self::Bounded => Lookup::ByList,
            Self::ById => Lookup::ById,
            Self::KeyOnly | Self::Blind | Self::OneAtATime => Lookup::None,
        };
        Recipe {
            lookup,
            resend: if self.has_key() { KEYED } else { Resend::Never },
            absence: match self {
                Self::Bounded => Absence::ProvedAfter { bound: ticks(BOUND), source: "the model" },
                _ => Absence::ProvesNothing,
            },
        }
    }

    /// After so many ticks a refund is overdue. Where sending again is the only question, once no sooner than the window
    /// ends, and once, at [`Self::ById`], before.
    pub(crate) const fn overdue(self) -> u8 {
        match self {
            Self::KeyOnly => WINDOW - LEASE,
            _ => OVERDUE,
        }
    }

    /// The spans. Pauses between tries are none: a worker may look at any time, which includes every pause.
    pub const fn timing(self) -> Timing {
        const NONE: Backoff = Backoff { first: Duration::ZERO, max: Duration::ZERO };
        Timing {
            lease: ticks(LEASE),
            not_sent: NONE,
            resolve: NONE,
            poll: NONE,
            person_after_queries: if self.can_be_asked() { 1 } else { 2 },
            overdue: ticks(self.overdue()),
        }
    }
}

/// So many ticks as a span.
pub(crate) const fn ticks(count: u8) -> Duration {
    Duration::from_secs(TICK.as_secs() * count as u64)
}
