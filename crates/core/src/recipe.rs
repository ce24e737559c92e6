//! How an unknown outcome is resolved at a PSP: data, written in its connector.

use std::time::Duration;

/// A PSP's recipe. Each permission in it names the source that grants it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Recipe {
    /// Whether the PSP can be asked about a refund.
    pub lookup: Lookup,
    /// Whether the same request may be sent again.
    pub resend: Resend,
    /// Whether a look-up that finds nothing ever proves that nothing happened.
    pub absence: Absence,
}

impl Lookup {
    /// Whether the PSP can be asked about a refund now.
    pub const fn is_possible(self, psp_id_is_known: bool) -> bool {
        match self {
            Self::ByKey | Self::ByList => true,
            Self::ById => psp_id_is_known,
            Self::None => false,
        }
    }
}

/// How the PSP is asked about a refund.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lookup {
    /// By the key we gave, or by the PSP's own id.
    ByKey,
    /// By the PSP's own id only. Until that is known, sending the same again is the only question.
    ById,
    /// By a list of the payment's refunds in which ours is searched by the key we gave.
    ByList,
    /// Not at all.
    None,
}

/// Whether the same key and bytes may be sent again: after a look-up found nothing, or where there is no look-up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resend {
    /// Never: the PSP would do it twice.
    Never,
    /// The PSP takes requests of one key as one request for so long after the first.
    SameKey {
        /// The span the PSP keeps the key, less the longest that a request may be under way: what leaves inside the
        /// window must still arrive while the PSP knows the key.
        window: Duration,
        /// Where the PSP says so.
        source: &'static str,
    },
}

/// Whether not found can mean not done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Absence {
    /// Never: a request may still be on its way.
    ProvesNothing,
    /// So long after the last send the PSP can no longer act on the request; a look-up made later that finds nothing
    /// proves that nothing happened.
    ProvedAfter {
        /// The span after the last send.
        bound: Duration,
        /// Where the PSP says so.
        source: &'static str,
    },
}
