//! Why an operator's or a merchant's change is refused.

use redress_store::StoreError;
use redress_store::ops::merchants::{Closed, MERCHANT_REVOKED};

use super::fault::{Fault, FaultCode};
use crate::error::EngineError;

/// Why nothing was changed. The text may be shown to whoever asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AdminError {
    /// What was given cannot be right.
    #[error("{field} {problem}")]
    Invalid {
        /// The field, by its name in the API and on the command line.
        field: &'static str,
        /// What is wrong with it; never its value where that may be secret.
        problem: Fault,
    },
    /// There is no such thing, or it belongs to another merchant.
    #[error("there is no such {0}")]
    NotFound(&'static str),
    /// It contradicts what is there.
    #[error("{0}")]
    Conflict(Fault),
    /// There is no answer now.
    #[error(transparent)]
    Engine(#[from] EngineError),
}

impl From<StoreError> for AdminError {
    fn from(error: StoreError) -> Self {
        Self::Engine(error.into())
    }
}

impl From<Closed> for AdminError {
    fn from(closed: Closed) -> Self {
        match closed {
            Closed::NoSuch => Self::NotFound("merchant"),
            // At the portal by whoever was still signed in when it was revoked: it ended meanwhile.
            Closed::Revoked => Self::conflict(FaultCode::Overtaken.told(MERCHANT_REVOKED)),
        }
    }
}

impl AdminError {
    /// Whether the change may have been kept.
    #[must_use]
    pub fn is_in_doubt(&self) -> bool {
        matches!(self, Self::Engine(error) if error.is_in_doubt())
    }

    pub(crate) fn invalid(field: &'static str, problem: impl Into<Fault>) -> Self {
        Self::Invalid { field, problem: problem.into() }
    }

    pub(crate) fn conflict(fault: impl Into<Fault>) -> Self {
        Self::Conflict(fault.into())
    }
}
