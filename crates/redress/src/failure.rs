//! How a command ends when it does not end well, and with which exit code.

use std::process::ExitCode;

use redress_engine::admin::AdminError;
use redress_engine::admin::fault::FaultCode;
use redress_engine::portal::PortalError;
use redress_store::{MigrateError, OpenError, StoreError};

use crate::settings::SettingsError;

/// The exit codes, for the end of `--help`.
pub(crate) const EXIT_CODES: &str = "Exit codes:
  0  done, and nothing is wrong
  1  refused, or something was found: differences, failed checks, refused rows
  2  it could not run: wrong usage or settings, no database, another server holds it
Of commands that speak to a server over HTTP, also:
  3  the server cannot be reached, or does not answer as it should
  4  the API key is not good, or lacks a right
  5  there is no such thing that the key can see
  6  the refund ended without effect: failed, canceled or reversed
  7  the end is not known yet: still open when the waiting was over, or no answer came";

/// How a command that speaks to a server ends, besides [`Failure::Found`] for what the server refuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RemoteEnd {
    /// The server cannot be reached, or does not answer as it should.
    Unreachable,
    /// The API key is not good, or lacks a right.
    Unauthorized,
    /// There is no such thing that the key can see.
    NotFound,
    /// The refund ended without effect.
    Failed,
    /// The end is not known yet.
    Open,
}

/// Why a command ends.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Failure {
    /// The command did its work and something is wrong; the text says what, where it was not printed before.
    #[error("{0}")]
    Found(String),
    /// The command could not do its work.
    #[error("{0}")]
    Unable(String),
    /// A command that speaks to a server.
    #[error("{1}")]
    Remote(RemoteEnd, String),
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
            Self::Remote(RemoteEnd::Unreachable, _) => ExitCode::from(3),
            Self::Remote(RemoteEnd::Unauthorized, _) => ExitCode::from(4),
            Self::Remote(RemoteEnd::NotFound, _) => ExitCode::from(5),
            Self::Remote(RemoteEnd::Failed, _) => ExitCode::from(6),
            Self::Remote(RemoteEnd::Open, _) => ExitCode::from(7),
        }
    }
}

impl From<AdminError> for Failure {
    fn from(error: AdminError) -> Self {
        match &error {
            AdminError::Invalid { field, problem } if problem.code == FaultCode::UrlNetwork => {
                // Whoever runs this may allow it; who is told the same over HTTP is not told how this machine is set up.
                let section = if *field == "base_url" { "psp" } else { "notifications" };
                Self::found(format!(
                    "{error}; {section}.allow_loopback and {section}.allow_nets can allow it"
                ))
            }
            AdminError::Invalid { .. } | AdminError::NotFound(_) | AdminError::Conflict(_) => {
                Self::found(error.to_string())
            }
            AdminError::Engine(_) => Self::unable(error.to_string()),
        }
    }
}

impl From<PortalError> for Failure {
    fn from(error: PortalError) -> Self {
        match error {
            PortalError::Refused(why) => Self::found(why.to_string()),
            PortalError::Admin(error) => error.into(),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_end_has_a_code_of_its_own_and_the_page_has_all_of_them() {
        let text = String::new;
        let remote = [
            RemoteEnd::Unreachable,
            RemoteEnd::Unauthorized,
            RemoteEnd::NotFound,
            RemoteEnd::Failed,
            RemoteEnd::Open,
        ];
        let ends = remote.map(|end| Failure::Remote(end, text()));
        let codes: Vec<_> = [Failure::Found(text()), Failure::Unable(text())]
            .iter()
            .chain(&ends)
            .map(Failure::code)
            .collect();
        assert_eq!(codes, [1, 2, 3, 4, 5, 6, 7].map(ExitCode::from));
        let page = include_str!("../../../docs/cli.md");
        for code in 0..8 {
            assert!(page.contains(&format!("\n| {code} | ")), "docs/cli.md lacks {code}");
            assert!(EXIT_CODES.contains(&format!("\n  {code}  ")), "the help lacks {code}");
        }
    }
}
