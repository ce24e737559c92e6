//! The guards that keep the promise, each of which can be taken away in the model: then the checker must find what it
//! kept away. Core stays as it is; what is changed is what core is given, or what is made of its answer.

/// A guard, by what happens without it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Without {
    /// A new refund reserves nothing.
    Reservation,
    /// An exchange without an answer counts as refused.
    TimeoutIsUnknown,
    /// A look-up that finds nothing counts as proof that nothing happened.
    NotFoundIsUnknown,
    /// A re-send has a key of its own.
    OneKey,
    /// The lease is not looked at before writing to the socket.
    LeaseCheck,
    /// A word of success is only heard while the answer is waited for.
    LateOutcome,
    /// A notification is believed without proof and without asking.
    Verification,
    /// A refusal by notification is believed without proof and without asking.
    RefusalVerification,
    /// A refund in flight can be withdrawn, and its amount is released.
    CancelOnlyUnsent,
    /// The one row of a list that could be ours is taken for ours.
    AmbiguousIsUnknown,
    /// Of two rows of a list that could be ours the first is taken for ours.
    TwoAreNotOne,
    /// The PSP's window for a key is not looked at.
    Window,
    /// A re-send that leaves at its lease's end may leave after the window.
    LeaseInsideWindow,
    /// The bound runs from the claim, as if nothing left later than that.
    LeaseBeforeBound,
    /// The answer to an older send counts as the answer to the newest.
    SendNumber,
    /// The end of a lease counts as a failure.
    DoubtIsUnknown,
    /// What contradicts an end opens no case.
    LateTruth,
    /// What contradicts an end opens a case that blocks nothing.
    Block,
    /// A PSP without keys is sent the same request again.
    NoKeyNoResend,
    /// A refusal of a second send counts for both.
    RefusedAgain,
    /// A look-up counts as made when its answer is heard.
    AskedBeforeBound,
    /// What the PSP accepted counts as done.
    PendingIsOpen,
    /// That the PSP does not know an id which only a notification named counts as not finding our refund.
    ToldId,
    /// An open refund whose case a person closed counts as still before a person.
    CalledAgain,
    /// Whose turn it is is not looked at before sending.
    Turn,
    /// Who does not know what became of its send gives its turn back.
    TurnKept,
    /// A PSP that can be asked by its own id only is asked before that is known.
    IdFirst,
    /// A repeated request is taken for another one.
    RequestKey,
    /// That money came back which a person had booked as gone is not heard.
    CameBack,
    /// Such money is refundable again before a person has looked.
    TakenBackBlocks,
}

impl Without {
    /// Every guard.
    pub const ALL: [Self; 30] = [
        Self::Reservation,
        Self::TimeoutIsUnknown,
        Self::NotFoundIsUnknown,
        Self::OneKey,
        Self::LeaseCheck,
        Self::LateOutcome,
        Self::Verification,
        Self::RefusalVerification,
        Self::CancelOnlyUnsent,
        Self::AmbiguousIsUnknown,
        Self::TwoAreNotOne,
        Self::Window,
        Self::LeaseInsideWindow,
        Self::LeaseBeforeBound,
        Self::SendNumber,
        Self::DoubtIsUnknown,
        Self::LateTruth,
        Self::Block,
        Self::NoKeyNoResend,
        Self::RefusedAgain,
        Self::AskedBeforeBound,
        Self::PendingIsOpen,
        Self::ToldId,
        Self::CalledAgain,
        Self::Turn,
        Self::TurnKept,
        Self::IdFirst,
        Self::RequestKey,
        Self::CameBack,
        Self::TakenBackBlocks,
    ];
}
