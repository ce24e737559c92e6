//! Why a call is not answered with what it asks for.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// The code of a repeat that came while the first request still ran.
pub(crate) const STILL_RUNS: &str = "idempotency_key_in_use";

/// What the API says is wrong with a request (RFC 9457).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// The page about this code, on the server.
    #[serde(rename = "type")]
    pub about: String,
    /// What is wrong, the same for each occurrence.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// What is wrong, for programs: stable.
    pub code: String,
    /// What is wrong this time.
    pub detail: String,
    /// The field of the request, or the header, that is at fault.
    pub field: Option<String>,
    /// By this the operator finds the request in the log.
    pub request_id: String,
    /// When to come back, where the server said it.
    #[serde(skip)]
    pub retry_after: Option<Duration>,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.detail)?;
        if let Some(field) = &self.field {
            write!(f, " (field {field})")?;
        }
        write!(f, " [request {}]", self.request_id)
    }
}

/// Why a call failed. Only [`Error::Problem`] is the API's word.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The API refuses, and says why.
    #[error("{0}")]
    Problem(Box<Problem>),
    /// Nothing was sent, at no try: no connection stood.
    #[error("the server cannot be reached: {0}")]
    NotSent(String),
    /// It was sent, and no whole answer came, at this try or one before: whether it was done is not known.
    #[error("no answer came: {text}")]
    NoAnswer {
        /// What went wrong.
        text: String,
        /// The key that it was sent with. The same call with the same key finds out, and does nothing twice.
        idempotency_key: Option<String>,
    },
    /// Something else than the API answered, or another version of it: whether it was done is not known.
    #[error("an answer that is not the API's, with status {status}: {text}")]
    Unexpected {
        /// The HTTP status.
        status: u16,
        /// What is wrong with it.
        text: String,
        /// As in [`Error::NoAnswer`].
        idempotency_key: Option<String>,
    },
    /// The call cannot be made as it is: a wrong address, or a key that no header can hold.
    #[error("{0}")]
    Setup(String),
}

impl Error {
    /// The API's word, where it is one.
    #[must_use]
    pub fn problem(&self) -> Option<&Problem> {
        match self {
            Self::Problem(problem) => Some(problem),
            _ => None,
        }
    }

    /// Whether what was asked for may have been done all the same.
    #[must_use]
    pub fn leaves_open(&self) -> bool {
        match self {
            Self::NoAnswer { .. } | Self::Unexpected { .. } => true,
            Self::Problem(problem) => problem.status >= 500 || problem.code == STILL_RUNS,
            Self::NotSent(_) | Self::Setup(_) => false,
        }
    }

    /// The API's code of what is wrong, as `more_than_left`.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        self.problem().map(|problem| problem.code.as_str())
    }
}
