//! Why something is refused: a code, for which whoever shows it to people has words in their language, and words for
//! developers.

use std::fmt;

/// What is wrong, whatever it is wrong with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultCode {
    /// There is nothing in it.
    Empty,
    /// It is too long.
    TooLong {
        /// The most, in bytes.
        bytes_max: usize,
    },
    /// It has control characters.
    ControlCharacters,
    /// A number that is too small, too large, or none.
    OutOfRange {
        /// The least.
        min: u32,
        /// The most.
        max: u32,
    },
    /// It is no web address with a host.
    UrlForm,
    /// An address that is neither of `http` nor of `https`.
    UrlScheme,
    /// An address that has to be one of `https`.
    UrlNotHttps,
    /// An address with a user name or a password.
    UrlUser,
    /// An address with a port of another protocol.
    UrlPort {
        /// Which.
        port: u16,
    },
    /// An address in a network that may not be spoken to.
    UrlNetwork,
    /// It is no email address.
    Email,
    /// Somebody has the email address already.
    EmailTaken,
    /// It is no password to choose.
    Password,
    /// No kind of event, or one that is not known.
    Events,
    /// Something that the PSP gives is missing.
    CredentialMissing,
    /// Something that the PSP gives has another form; what exactly, the developers' words say.
    CredentialForm,
    /// Secrets are needed anew, because the host is another.
    CredentialsAnew,
    /// What was given names another contract at the PSP than that under which a refund of the account took effect, or may have.
    OtherContract,
    /// The merchant has as many endpoints as there may be.
    EndpointsMax {
        /// The most.
        max: usize,
    },
    /// The endpoint is revoked.
    EndpointRevoked,
    /// The PSP account is revoked.
    AccountRevoked,
    /// The key is revoked, or another was put in its place.
    KeyEnded,
    /// It would leave the merchant without an admin.
    LastAdmin,
    /// Somebody changed it, or it ended, before.
    Overtaken,
    /// The same may go well once more.
    TryAgain,
    /// What no form of the portal can ask for.
    Other,
}

impl FaultCode {
    /// Each of them, with examples of its numbers.
    pub const ALL: [Self; 26] = [
        Self::Empty,
        Self::TooLong { bytes_max: 200 },
        Self::ControlCharacters,
        Self::OutOfRange { min: 1, max: 1_000 },
        Self::UrlForm,
        Self::UrlScheme,
        Self::UrlNotHttps,
        Self::UrlUser,
        Self::UrlPort { port: 25 },
        Self::UrlNetwork,
        Self::Email,
        Self::EmailTaken,
        Self::Password,
        Self::Events,
        Self::CredentialMissing,
        Self::CredentialForm,
        Self::CredentialsAnew,
        Self::OtherContract,
        Self::EndpointsMax { max: 50 },
        Self::EndpointRevoked,
        Self::AccountRevoked,
        Self::KeyEnded,
        Self::LastAdmin,
        Self::Overtaken,
        Self::TryAgain,
        Self::Other,
    ];

    /// With words for developers.
    pub fn told(self, text: impl Into<String>) -> Fault {
        Fault { code: self, text: text.into() }
    }
}

/// What is wrong, with words for developers: they are what it displays.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// For whoever has words of their own.
    pub code: FaultCode,
    /// In English; never a value that may be secret.
    text: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl From<String> for Fault {
    fn from(text: String) -> Self {
        FaultCode::Other.told(text)
    }
}

impl From<&str> for Fault {
    fn from(text: &str) -> Self {
        FaultCode::Other.told(text)
    }
}
