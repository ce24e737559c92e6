//! What a part comes to.

/// What it found, in a few words, or why it stopped.
pub(super) type Ran = Result<String, Stop>;

/// Why a part did not pass.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Stop {
    /// Something was violated, or the part broke half-way: nobody may take that for good.
    Failed(String),
    /// What it needs is not here, so it says nothing.
    Skipped(String),
}

/// An error is a failure, unless a part says otherwise.
impl From<String> for Stop {
    fn from(why: String) -> Self {
        Self::Failed(why)
    }
}

/// What is not here.
pub(super) fn skipped<T>(why: impl Into<String>) -> Result<T, Stop> {
    Err(Stop::Skipped(why.into()))
}
