//! What a use case answers when it cannot answer. Refusals of the business are part of each use case's own answer.

use redress_store::StoreError;

/// Why there is no answer now. The text is for the operator's log, never for a caller.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EngineError {
    /// The caller should come back in a moment: the queue is full or the database is away. A face says 503 with
    /// Retry-After. Whether the change was kept may be unknown; a repeat with the same key finds out.
    #[error("{0}")]
    Busy(String),
    /// A defect or damage: somebody must act.
    #[error("{0}")]
    Broken(String),
}

impl From<StoreError> for EngineError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Full | StoreError::Unavailable { .. } => Self::Busy(error.to_string()),
            StoreError::Conflict(_) | StoreError::Inconsistent { .. } | StoreError::Internal(_) => {
                Self::Broken(error.to_string())
            }
        }
    }
}
