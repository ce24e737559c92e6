//! People at the portal: who they are, how they prove it, and what they did.
//!
//! Below HTTP: a page hands in what was typed and what the browser showed, and is told who is there. A page holds no
//! rule: what somebody may do is [`redress_core::role::may`]'s judgement, asked through [`SignedIn::may`].
//!
//! * A password proves a person together with a second factor, where one is set up: until its code was shown, the
//!   session opens nothing.
//! * Tries are counted before they are judged, by account and by address, whether there is such an account or not; an
//!   unknown account costs the same work as a known one and is answered the same.
//! * A session is a token of 256 drawn bits. The store keeps its SHA-256; what guards forms is derived from it.

pub mod account;
pub mod acts;
pub mod audit;
pub(crate) mod config;
pub mod forms;
pub mod passwords;
pub mod people;
pub mod recovery;
pub mod second_factor;
pub mod sessions;
pub mod setup;
pub mod setup_changes;
pub mod sign_in;
pub mod tokens;
pub(crate) mod totp;

#[cfg(test)]
mod tests;

use std::net::IpAddr;
use std::time::Duration;

use redress_core::role::Why;
use redress_core::time::Timestamp;
use redress_store::StoreError;

use crate::admin::AdminError;
use crate::error::EngineError;

pub use self::config::PortalConfig;
pub use self::sessions::{SignedIn, Visitor};
pub use self::tokens::SessionToken;

/// The longest text of a browser about itself that is kept, in bytes.
const AGENT_BYTES_MAX: usize = 200;

/// Where somebody asks from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// The address: the browser's own, not the proxy's.
    pub address: IpAddr,
    agent: String,
}

impl Origin {
    /// An address, and what the browser says of itself, of which the beginning is kept.
    pub fn new(address: IpAddr, agent: &str) -> Self {
        let mut kept: String = agent.chars().filter(|c| !c.is_control()).collect();
        kept.truncate(kept.floor_char_boundary(AGENT_BYTES_MAX));
        Self { address: address.to_canonical(), agent: kept }
    }

    /// What the browser says of itself.
    pub fn agent(&self) -> &str {
        &self.agent
    }
}

/// What came of showing a proof.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Proved<T> {
    /// It was good.
    Done(T),
    /// It was not. Nothing says what of it.
    Wrong,
    /// It was not looked at: too many were wrong before. The next is looked at then.
    Wait {
        /// When.
        until: Timestamp,
    },
    /// The session is over.
    Over,
}

/// Why nothing was changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PortalError {
    /// The person may not do it.
    #[error(transparent)]
    Refused(#[from] Why),
    /// What was given cannot be, or contradicts what is there, or there is no answer now.
    #[error(transparent)]
    Admin(#[from] AdminError),
}

impl PortalError {
    /// Whether the change may have been kept.
    #[must_use]
    pub fn is_in_doubt(&self) -> bool {
        matches!(self, Self::Admin(error) if error.is_in_doubt())
    }

    /// The same of what no person wanted, but the operator or a caller with a key: no role is judged there, and so none is
    /// refused.
    pub(crate) fn unjudged(self) -> AdminError {
        match self {
            Self::Admin(error) => error,
            Self::Refused(why) => {
                EngineError::Broken(format!("nobody's role was judged, and yet: {why}")).into()
            }
        }
    }
}

impl From<EngineError> for PortalError {
    fn from(error: EngineError) -> Self {
        Self::Admin(error.into())
    }
}

impl From<StoreError> for PortalError {
    fn from(error: StoreError) -> Self {
        Self::Admin(error.into())
    }
}

/// A span before a time.
fn earlier(now: Timestamp, span: Duration) -> Timestamp {
    let span = i64::try_from(span.as_micros()).unwrap_or(i64::MAX);
    Timestamp::from_micros(now.as_micros().saturating_sub(span))
}
