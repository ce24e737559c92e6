//! What every PSP's folder offers.

use crate::transport::Transport;
use bytes::Bytes;
use futures_util::future::BoxFuture;
use redress_core::capabilities::Capabilities;
use redress_core::environment::Environment;
use redress_core::money::Amount;
use redress_core::outcome::Outcome;
use redress_core::recipe::Recipe;
use redress_core::time::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use std::collections::BTreeMap;
use std::time::Duration;

/// One PSP. It holds no state; all that an exchange depends on is handed in.
pub trait Connector: Send + Sync {
    /// The folder's name, which is also the name in settings, tables and metrics: `momo`, `tap`.
    fn name(&self) -> &'static str;

    /// What the PSP can do.
    fn capabilities(&self) -> &'static Capabilities;

    /// How an unknown outcome is resolved.
    fn recipe(&self) -> &'static Recipe;

    /// The refusal codes by which the PSP says that it does not know the payment.
    fn payment_not_known_codes(&self) -> &'static [&'static str] {
        &[]
    }

    /// Checks that the credentials and addresses are complete and well-formed, before an account is stored.
    ///
    /// # Errors
    /// [`AccountConfigError`] names the field, never its value.
    fn check_account(&self, account: &AccountConfig) -> Result<(), AccountConfigError>;

    /// Asks the PSP for a refund: one exchange, whose bytes depend on `account` and `ask` alone.
    fn submit<'a>(
        &'a self,
        transport: &'a dyn Transport,
        account: &'a AccountConfig,
        ask: &'a SubmitAsk,
    ) -> BoxFuture<'a, Exchange>;

    /// Asks the PSP what became of a refund. It never has an effect on money.
    fn query<'a>(
        &'a self,
        transport: &'a dyn Transport,
        account: &'a AccountConfig,
        ask: &'a QueryAsk,
    ) -> BoxFuture<'a, Exchange>;

    /// Reads a notification and checks that it is the PSP's.
    ///
    /// # Errors
    /// [`NoticeError`] says how to answer it; nothing may be changed by it.
    fn parse_notification(&self, account: &AccountConfig, inbound: &Inbound) -> Result<Notice, NoticeError>;
}

/// A merchant's contract with a PSP: one stored version of it.
#[derive(Clone, Debug)]
pub struct AccountConfig {
    /// Play money or real money.
    pub environment: Environment,
    /// Another address than the PSP's own; the sandbox, say. Without a slash at its end.
    pub base_url: Option<String>,
    /// Where the PSP shall send its notifications about this account.
    pub notification_url: Option<String>,
    /// The PSP's keys.
    pub credentials: Credentials,
    /// For one whole exchange with the PSP. No part of the account's stored version: a setting.
    pub timeout: Duration,
}

/// A PSP's keys by name. Printing shows names only.
#[derive(Clone, Default)]
pub struct Credentials(BTreeMap<String, SecretString>);

impl Credentials {
    /// Reads a JSON object of texts.
    ///
    /// # Errors
    /// [`AccountConfigError::NotAnObject`] for anything else. The error never quotes the input.
    pub fn from_json(json: &[u8]) -> Result<Self, AccountConfigError> {
        let map: BTreeMap<String, String> =
            serde_json::from_slice(json).map_err(|_| AccountConfigError::NotAnObject)?;
        Ok(map.into_iter().collect())
    }

    /// The JSON object that [`Credentials::from_json`] reads, in the order of the names.
    pub fn to_json(&self) -> SecretString {
        let map: BTreeMap<&str, &str> =
            self.0.iter().map(|(name, value)| (name.as_str(), value.expose_secret())).collect();
        serde_json::to_string(&map).expect("texts are JSON").into()
    }

    /// The names, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// One value; `None` where it is missing or empty.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(ExposeSecret::expose_secret).filter(|value| !value.is_empty())
    }

    /// One value that must be there.
    ///
    /// # Errors
    /// [`AccountConfigError::Missing`] where it is missing or empty.
    pub fn need(&self, name: &'static str) -> Result<&str, AccountConfigError> {
        self.get(name).ok_or(AccountConfigError::Missing(name))
    }
}

impl FromIterator<(String, String)> for Credentials {
    fn from_iter<I: IntoIterator<Item = (String, String)>>(pairs: I) -> Self {
        Self(pairs.into_iter().map(|(name, value)| (name, value.into())).collect())
    }
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

/// Why an account cannot be used. It never shows a value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AccountConfigError {
    /// The credentials are no JSON object of texts.
    #[error("the credentials must be a JSON object whose values are texts")]
    NotAnObject,
    /// A field that must be there is missing or empty.
    #[error("{0} is missing")]
    Missing(&'static str),
    /// A field is there and cannot be right.
    #[error("{field} {problem}")]
    Malformed {
        /// Which one.
        field: &'static str,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// A field that this PSP does not have: probably a slip of the pen.
    #[error("{0:?} is no field of this PSP's credentials")]
    Unexpected(String),
}

/// All that a submit depends on, besides the account's version: a re-send has equal bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubmitAsk {
    /// The refund's PSP key, which it keeps for ever.
    pub key: String,
    /// The PSP's id of the payment.
    pub psp_payment_id: String,
    /// How much is given back.
    pub amount: Amount,
    /// The merchant's reason; may be empty or longer than the PSP takes.
    pub reason: String,
}

/// All that a look-up depends on, besides the account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueryAsk {
    /// The refund's PSP key.
    pub key: String,
    /// The PSP's id of the payment.
    pub psp_payment_id: String,
    /// The PSP's own id of the refund, where it is known.
    pub psp_refund_id: Option<String>,
    /// How much is given back.
    pub amount: Amount,
    /// When the refund was first handed to the network.
    pub first_sent_at: Timestamp,
    /// The time of this look-up.
    pub now: Timestamp,
    /// Fresh randomness, for PSPs that want a new id with every question.
    pub nonce: [u8; 10],
    /// The PSP's ids of refunds that are already bound to other refunds of the payment: they are no match.
    pub bound_elsewhere: Vec<String>,
}

/// One exchange: what was understood, and the evidence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exchange {
    /// What was understood.
    pub outcome: Outcome,
    /// What was said on both sides, for the attempt's row: without secrets and signatures, at most
    /// [`crate::record::RECORD_BYTES_MAX`] bytes.
    pub record: String,
}

/// A notification as it came in.
#[derive(Clone, Debug)]
pub struct Inbound {
    /// Its headers.
    pub headers: http::HeaderMap,
    /// Its body, unchanged.
    pub body: Bytes,
}

/// What a notification tells, once it is known to be the PSP's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// The refund's PSP key, as the PSP echoes it.
    pub key: Option<String>,
    /// The PSP's id of the refund.
    pub psp_refund_id: Option<String>,
    /// The PSP's id of the payment.
    pub psp_payment_id: Option<String>,
    /// The sum it speaks of.
    pub amount: Option<Amount>,
    /// What it says.
    pub outcome: Outcome,
    /// The PSP must be asked before this counts.
    pub must_confirm: bool,
    /// What it said, for the attempt's row: as [`Exchange::record`].
    pub record: String,
}

/// Why a notification is not used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoticeError {
    /// Its signature is missing or wrong: it may be anybody's.
    #[error("the notification's signature is missing or wrong")]
    BadSignature,
    /// It cannot be read.
    #[error("the notification cannot be read")]
    NotUnderstood,
    /// It is the PSP's, and it is not about a refund.
    #[error("the notification is not about a refund")]
    NotARefund,
    /// This PSP sends none about refunds.
    #[error("this PSP sends no notifications about refunds")]
    NotSupported,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_read_back_and_never_shown() {
        let json = br#"{"secret_key":"hush","access_key":"hush hush","empty":""}"#;
        let credentials = Credentials::from_json(json).unwrap();
        assert_eq!(credentials.get("secret_key"), Some("hush"));
        assert_eq!(credentials.need("empty"), Err(AccountConfigError::Missing("empty")));
        let again = Credentials::from_json(credentials.to_json().expose_secret().as_bytes()).unwrap();
        assert_eq!(again.get("access_key"), Some("hush hush"));
        assert_eq!(format!("{credentials:?}"), r#"{"access_key", "empty", "secret_key"}"#);
        for wrong in [&b"[]"[..], b"hush", br#"{"secret_key":1}"#] {
            let error = Credentials::from_json(wrong).unwrap_err();
            assert_eq!(error, AccountConfigError::NotAnObject);
            assert!(!error.to_string().contains("hush"));
        }
    }
}
