//! What can go wrong in the store, as far as a caller can act on it.

/// An operation's failure. `Clone`, because one failed commit answers every operation of its group.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// A unique index or a CHECK refused the row; nothing of the operation was kept.
    ///
    /// The name is that of the index or constraint. SQLite tells only the columns of a unique violation: they are
    /// looked up in the catalogue and named as PostgreSQL would (`t_pkey`, `t_a_b_key`, or the index's own name).
    #[error("conflicts with {0}")]
    Conflict(String),

    /// The database did not do it now; it may later.
    #[error("the database is unavailable: {reason}{}", if *.maybe_committed { " (it is unknown whether the change was kept)" } else { "" })]
    Unavailable {
        /// For the operator's log; holds no data of the operation.
        reason: String,
        /// True when the commit was sent and its answer lost: the change may have been kept. The caller repeats the
        /// operation with the same key and finds out.
        maybe_committed: bool,
    },

    /// The queue before the writer is full: come back later. Nothing was started.
    #[error("too many operations are waiting")]
    Full,

    /// The data, or a statement and its reader, contradict each other. A defect or damage: never retried.
    #[error("stored data is inconsistent: {what}")]
    Inconsistent {
        /// What did not fit.
        what: String,
    },

    /// A defect in this program: a statement the engine does not accept, a panic in an operation.
    #[error("internal error in the store: {0}")]
    Internal(String),
}

impl StoreError {
    /// True for a [`StoreError::Conflict`] with the named index or constraint.
    #[must_use]
    pub fn is_conflict_with(&self, constraint: &str) -> bool {
        matches!(self, StoreError::Conflict(name) if name == constraint)
    }

    /// An [`StoreError::Unavailable`] of which it is certain that nothing was kept.
    #[must_use]
    pub fn unavailable(reason: impl Into<String>) -> Self {
        StoreError::Unavailable { reason: reason.into(), maybe_committed: false }
    }

    /// An [`StoreError::Inconsistent`].
    #[must_use]
    pub fn inconsistent(what: impl Into<String>) -> Self {
        StoreError::Inconsistent { what: what.into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_commit_is_said_aloud() {
        let known = StoreError::unavailable("connection closed").to_string();
        let unknown =
            StoreError::Unavailable { reason: "connection closed".into(), maybe_committed: true }.to_string();
        assert_eq!(known, "the database is unavailable: connection closed");
        assert_eq!(unknown, format!("{known} (it is unknown whether the change was kept)"));
    }
}
