//! Defects on purpose, to show that the auditor finds them.

/// A defect planted in a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Defect {
    /// None.
    #[default]
    None,
    /// A connector that takes a lost answer for a refusal.
    TimeoutIsRefusal,
    /// A connector that gives another key with every send.
    FreshKeyEverySend,
    /// A connector that takes "not found" for a refusal.
    NotFoundIsRefusal,
    /// A connector that takes "pending" for success.
    PendingIsSuccess,
    /// A connector that says that a PSP without idempotency keys has them.
    ResendsWithoutKey,
    /// A connector that says that its PSP can tell refunds of one payment apart.
    TurnIgnored,
    /// A connector that says of every other request that it never left.
    SentIsNotSent,
    /// A connector that asks for twice the sum.
    SumIsAnother,
    /// A connector that takes every notification and hears none of them.
    NoticesUnheard,
    /// A store that believes in ten times the captured sums.
    CapturedTooLarge,
    /// A store that loses a refund that was acknowledged.
    RefundForgotten,
    /// A store whose balance is no sum of refunds.
    BalanceWrong,
    /// A store that tells of a reversal without a success.
    EventsWrong,
    /// A store that forgets that money left unasked.
    StrangerForgotten,
    /// A store that forgets that a person was called.
    PersonForgotten,
    /// A store that loses what happened to refunds after they were made.
    EventsLost,
    /// A store that does not know why a refund failed.
    FailureUnexplained,
    /// A store that calls withdrawn what failed.
    WithdrawnByNobody,
    /// A store that calls given up what was tried a few times.
    GivenUpTooEarly,
    /// A store that never comes to an end with what endpoints are owed.
    DeliveryOwed,
    /// A store that shows another reason than the merchant was told.
    ReasonIsAnother,
    /// A store that counts as gone what never left, and says that a person booked it.
    BookedForNothing,
    /// A store that loses what PortOne's endpoints are owed.
    DeliveryForgotten,
    /// A transport that says that a notification was taken, and did not send it.
    DeliveryNotSent,
    /// A notification whose body changes after it was signed.
    BodyChangedAfterSigning,
    /// A PSP that acts twice on one request.
    PspActsTwice,
    /// A face that takes one merchant for another.
    MerchantsMixedUp,
    /// A face that says of what was sent that it is withdrawn.
    WithdrawalFeigned,
    /// Faces that overlook the key by which a repeat is known.
    KeyOverlooked,
    /// A face that says of a refund that there is none.
    RefundDenied,
}
