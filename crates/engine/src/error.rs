//! What a use case answers when it cannot answer. Refusals of the business are part of each use case's own answer.

use redress_store::StoreError;

/// Why there is no answer now. The text is for the operator's log, never for a caller.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EngineError {
    /// The caller should come back in a moment: the queue is full or the database is away. A face says 503 with
    /// Retry-After.
    #[error("{0}")]
    Busy(String),
    /// Nobody knows whether the change was kept: the answer to its commit was lost. A repeat with the same key finds out;
    /// without one the caller has to look first. A face says 503.
    #[error("{0}")]
    InDoubt(String),
    /// A defect or damage: somebody must act.
    #[error("{0}")]
    Broken(String),
}

impl EngineError {
    /// Whether the change may have been kept.
    #[must_use]
    pub fn is_in_doubt(&self) -> bool {
        matches!(self, Self::InDoubt(_))
    }
}

impl From<StoreError> for EngineError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Unavailable { maybe_committed: true, .. } => Self::InDoubt(error.to_string()),
            StoreError::Full | StoreError::Unavailable { .. } => Self::Busy(error.to_string()),
            StoreError::Conflict(_) | StoreError::Inconsistent { .. } | StoreError::Internal(_) => {
                Self::Broken(error.to_string())
            }
        }
    }
}
