//! What an exchange with a PSP taught.

use std::time::Duration;

/// What a connector understood of one exchange about one refund. "I do not know" is an outcome.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The request provably never left; it may be tried freely.
    NotSent {
        /// What went wrong, for people.
        reason: String,
    },
    /// The PSP's word that it did not and will not do it.
    Refused(PspRefusal),
    /// The PSP's word that it accepted the refund and its end is open.
    Pending {
        /// The PSP's own id of the refund, where it gave one.
        psp_refund_id: Option<String>,
        /// What the PSP said about the wait, for people.
        note: Option<String>,
    },
    /// The PSP's word that the money was given back.
    Succeeded {
        /// The PSP's own id of the refund, where it gave one.
        psp_refund_id: Option<String>,
        /// The acquirer reference number, by which the customer's bank can find the money.
        arn: Option<String>,
    },
    /// Nothing that decides. Whether the PSP did it is open.
    Unknown(Finding),
}

/// A refusal in the PSP's own words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PspRefusal {
    /// The PSP's code.
    pub code: String,
    /// The PSP's text, for people.
    pub text: String,
    /// Whether a *new* refund might succeed later. This refund is over in any case.
    pub again: Again,
    /// The PSP's own id of the refund, where the PSP made one that failed, and did not refuse the request itself.
    pub psp_refund_id: Option<String>,
}

/// Whether and when a new refund of the same sum is worth trying after a refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Again {
    /// Not without a change of something.
    No,
    /// Not before so long.
    After(Duration),
}

/// What was found where nothing decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Finding {
    /// The request went out, or may have, and no whole answer came back.
    NoAnswer,
    /// An answer came that is not understood.
    NotUnderstood,
    /// The PSP does not show the refund (yet): proves nothing by itself.
    NotFound,
    /// More than one of the PSP's refunds could be this one.
    Ambiguous,
    /// The PSP shows a refund under our reference whose sum, currency or payment is another.
    Mismatch,
    /// The PSP says the key is in use or was used; a query must tell for what.
    KeyInUse,
    /// The PSP refused a later send, which proves nothing about an earlier one.
    RefusedAgain,
}

impl Finding {
    /// Every finding.
    pub const ALL: [Self; 7] = [
        Self::NoAnswer,
        Self::NotUnderstood,
        Self::NotFound,
        Self::Ambiguous,
        Self::Mismatch,
        Self::KeyInUse,
        Self::RefusedAgain,
    ];

    /// The name in the store and in the evidence.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NoAnswer => "no_answer",
            Self::NotUnderstood => "not_understood",
            Self::NotFound => "not_found",
            Self::Ambiguous => "ambiguous",
            Self::Mismatch => "mismatch",
            Self::KeyInUse => "key_in_use",
            Self::RefusedAgain => "refused_again",
        }
    }

    /// Reads the name; `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|finding| finding.as_str() == text)
    }
}

impl Outcome {
    /// The outcome in one word, as attempts record it.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::NotSent { .. } => "not_sent",
            Self::Refused(_) => "refused",
            Self::Pending { .. } => "pending",
            Self::Succeeded { .. } => "succeeded",
            Self::Unknown(finding) => finding.as_str(),
        }
    }

    /// The answer to a question by an id of which only a notification told: whoever sent that may have made it up, so
    /// that the PSP does not know it says nothing about our refund. Nor does that it failed: the PSP may have another one
    /// under our reference, which only a look-up by that reference shows.
    #[must_use]
    pub fn asked_by_a_told_id(self) -> Self {
        match self {
            Self::Unknown(Finding::NotFound) | Self::Refused(_) => Self::Unknown(Finding::NotUnderstood),
            known => known,
        }
    }

    /// Whether money has left, or is about to.
    pub const fn moved_money(&self) -> bool {
        matches!(self, Self::Succeeded { .. } | Self::Pending { .. })
    }

    /// Whether it says how a refund stands, or contradicts it in a way that is settled as such.
    pub const fn says_a_word(&self) -> bool {
        match self {
            Self::Refused(_) | Self::Pending { .. } | Self::Succeeded { .. } => true,
            Self::Unknown(finding) => matches!(finding, Finding::Mismatch | Finding::Ambiguous),
            Self::NotSent { .. } => false,
        }
    }

    /// The PSP's own id of the refund, where the exchange told it.
    pub fn psp_refund_id(&self) -> Option<&str> {
        match self {
            Self::Pending { psp_refund_id, .. } | Self::Succeeded { psp_refund_id, .. } => {
                psp_refund_id.as_deref()
            }
            Self::NotSent { .. } | Self::Refused(_) | Self::Unknown(_) => None,
        }
    }

    /// The PSP's own id of a refund that it made and that failed, where the exchange told it.
    pub fn failed_refund_id(&self) -> Option<&str> {
        match self {
            Self::Refused(refusal) => refusal.psp_refund_id.as_deref(),
            Self::NotSent { .. } | Self::Pending { .. } | Self::Succeeded { .. } | Self::Unknown(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Written by hand, so that a new finding does not compile until it is known here, and then must be in the list.
    fn place(finding: Finding) -> usize {
        match finding {
            Finding::NoAnswer => 0,
            Finding::NotUnderstood => 1,
            Finding::NotFound => 2,
            Finding::Ambiguous => 3,
            Finding::Mismatch => 4,
            Finding::KeyInUse => 5,
            Finding::RefusedAgain => 6,
        }
    }

    #[test]
    fn an_id_that_only_a_notification_told_proves_no_absence() {
        for finding in Finding::ALL {
            let shown = Outcome::Unknown(finding).asked_by_a_told_id();
            assert_ne!(shown, Outcome::Unknown(Finding::NotFound), "{finding:?}");
            assert_eq!(shown == Outcome::Unknown(finding), finding != Finding::NotFound);
        }
        let done = Outcome::Succeeded { psp_refund_id: None, arn: None };
        assert_eq!(done.clone().asked_by_a_told_id(), done);
    }

    #[test]
    fn that_a_told_one_failed_does_not_prove_that_it_was_the_only_one() {
        let refusal = PspRefusal {
            code: "401".to_owned(),
            text: "Failed".to_owned(),
            again: Again::No,
            psp_refund_id: None,
        };
        assert_eq!(Outcome::Refused(refusal).asked_by_a_told_id(), Outcome::Unknown(Finding::NotUnderstood));
    }

    #[test]
    fn every_finding_is_read_back() {
        let last = place(Finding::RefusedAgain);
        assert_eq!(Finding::ALL.map(place).to_vec(), (0..=last).collect::<Vec<_>>());
        for finding in Finding::ALL {
            assert_eq!(Finding::parse(finding.as_str()), Some(finding));
        }
        assert_eq!(Finding::parse("lost"), None);
    }
}
