//! What a person must look at.

/// Why a person must look. One open case a refund and kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CaseKind {
    /// The recipe is exhausted and nobody knows whether the PSP did it.
    Unresolved,
    /// More than one of the PSP's refunds could be this one.
    Ambiguous,
    /// The PSP shows another sum, currency or payment under our reference.
    Mismatch,
    /// The PSP accepted it and has not said a last word for too long.
    Overdue,
    /// The PSP did what had been called over without effect.
    LateSuccess,
    /// Money that had been given back came back.
    Reversed,
    /// The PSP tells of a refund that nobody here asked for.
    ForeignRefund,
    /// A notification names another merchant, account, currency or sum, and was not applied.
    Quarantined,
    /// An endpoint failed for so long that nothing is sent to it any more.
    EndpointDisabled,
}

impl CaseKind {
    /// Every kind.
    pub const ALL: [Self; 9] = [
        Self::Unresolved,
        Self::Ambiguous,
        Self::Mismatch,
        Self::Overdue,
        Self::LateSuccess,
        Self::Reversed,
        Self::ForeignRefund,
        Self::Quarantined,
        Self::EndpointDisabled,
    ];

    /// The name in the store, the API and the metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unresolved => "unresolved",
            Self::Ambiguous => "ambiguous",
            Self::Mismatch => "mismatch",
            Self::Overdue => "overdue",
            Self::LateSuccess => "late_success",
            Self::Reversed => "reversed",
            Self::ForeignRefund => "foreign_refund",
            Self::Quarantined => "quarantined",
            Self::EndpointDisabled => "endpoint_disabled",
        }
    }

    /// Reads the name; `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }

    /// Whether the case is about not knowing: a final word of the PSP, or a person's, settles it by itself.
    pub const fn ends_with_the_refund(self) -> bool {
        matches!(self, Self::Unresolved | Self::Ambiguous | Self::Mismatch | Self::Overdue)
    }

    /// Whether money may have moved that the books do not show: somebody should be woken.
    pub const fn is_alarm(self) -> bool {
        !matches!(self, Self::Unresolved | Self::Overdue | Self::EndpointDisabled)
    }
}

/// What must be put before a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewCase {
    /// Why.
    pub kind: CaseKind,
    /// What happened, for people.
    pub text: String,
    /// How much of the payment is blocked until the person has looked, in minor units (as far as it reaches).
    pub block_minor: i64,
}
