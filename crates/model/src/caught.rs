//! Where the model misses a guard that is taken away, and by which property that shows.

use crate::guards::Without;
use crate::kind::Kind;
use crate::properties as p;
use crate::redress::Redress;

impl Redress {
    /// One of the default models, without one guard, and the property that breaks there.
    pub const fn missing(without: Without) -> (Self, &'static str) {
        let (kind, property) = without.caught();
        let guarded = Self::default_models(kind)[without.missed_by()];
        (Self { without: Some(without), ..guarded }, property)
    }
}

impl Without {
    /// The place among [`Redress::default_models`] of the model that misses it: the first
    /// where one refund alone does.
    const fn missed_by(self) -> usize {
        match self {
            Self::Reservation | Self::AmbiguousIsUnknown => 1,
            Self::TwoAreNotOne | Self::Turn | Self::TurnKept | Self::RequestKey => 2,
            Self::CameBack | Self::TakenBackBlocks => 3,
            _ => 0,
        }
    }

    /// The kind of PSP at which it is missed, and the property that breaks first.
    pub const fn caught(self) -> (Kind, &'static str) {
        match self {
            Self::Reservation => (Kind::Blind, p::LEDGER),
            Self::TimeoutIsUnknown | Self::DoubtIsUnknown => (Kind::Blind, p::FAILED),
            Self::NotFoundIsUnknown | Self::RefusalVerification => (Kind::List, p::FAILED),
            Self::OneKey | Self::Window => (Kind::KeyAndQuery, p::ONE_EFFECT),
            Self::LeaseCheck | Self::LeaseInsideWindow => (Kind::KeyAndQuery, p::ONE_EFFECT),
            Self::LateOutcome => (Kind::Blind, p::HEARD),
            Self::Verification => (Kind::List, p::SUCCEEDED),
            Self::CancelOnlyUnsent => (Kind::Blind, p::RELEASED),
            Self::AmbiguousIsUnknown | Self::TwoAreNotOne => (Kind::BareList, p::SUCCEEDED),
            Self::SendNumber => (Kind::KeyAndQuery, p::ONE_SENDER),
            Self::LateTruth => (Kind::Blind, p::HEARD),
            Self::Block => (Kind::Blind, p::BLOCKED),
            Self::NoKeyNoResend => (Kind::Blind, p::SENT_AGAIN),
            Self::RefusedAgain => (Kind::KeyOnly, p::FAILED),
            Self::ToldId => (Kind::Bounded, p::ONE_EFFECT),
            Self::AskedBeforeBound | Self::LeaseBeforeBound => (Kind::Bounded, p::SENT_AGAIN),
            Self::CalledAgain => (Kind::Blind, p::ENDS),
            Self::PendingIsOpen => (Kind::Blind, p::SUCCEEDED),
            Self::Turn | Self::TurnKept => (Kind::OneAtATime, p::ONE_AT_A_TIME),
            Self::IdFirst => (Kind::ById, p::ASKED_BY_ID),
            Self::RequestKey => (Kind::Blind, p::ONE_REQUEST),
            Self::CameBack | Self::TakenBackBlocks => (Kind::Blind, p::CAME_BACK),
        }
    }
}
