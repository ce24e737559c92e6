//! How a command ends when it does not end well, and with which exit code.

use std::process::ExitCode;

use redress_engine::admin::AdminError;
use redress_store::{MigrateError, OpenError, StoreError};

use crate::settings::SettingsError;

/// The exit codes, for the end of `--help`.
pub(crate) const EXIT_CODES: &str = "Exit codes:
  0  done, and nothing is wrong
  1  refused, or something was found: differences, failed checks, refused rows
  2  it could not run: wrong usage or settings, no database, another server holds it";

/// Why a command ends.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Failure {
    /// The command did its work and something is wrong; the text says what, where it was not printed before.
    #[error("{0}")]
    Found(String),
    /// The command could not do its work.
    #[error("{0}")]
    Unable(String),
}

impl Failure {
    pub(crate) fn found(text: impl Into<String>) -> Self {
        Self::Found(text.into())
    }

    pub(crate) fn unable(text: impl Into<String>) -> Self {
        Self::Unable(text.into())
    }

    /// The exit code.
    pub(crate) fn code(&self) -> ExitCode {
        match self {
            Self::Found(_) => ExitCode::from(1),
            Self::Unable(_) => ExitCode::from(2),
        }
    }
}

impl From<AdminError> for Failure {
    fn from(error: AdminError) -> Self {
        match &error {
            AdminError::Invalid { .. } | AdminError::NotFound(_) | AdminError::Conflict(_) => {
                Self::found(error.to_string())
            }
            AdminError::Engine(_) => Self::unable(error.to_string()),
        }
    }
}

macro_rules! unable {
    ($($error:ty),*) => {$(
        impl From<$error> for Failure {
            fn from(error: $error) -> Self {
                Self::unable(error.to_string())
            }
        }
    )*};
}

unable!(
    SettingsError,
    OpenError,
    StoreError,
    MigrateError,
    redress_engine::error::EngineError,
    redress_psp::http::HttpClientError
);
