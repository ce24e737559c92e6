//! A merchant's contract with a PSP, as connectors use it.

pub use crate::credentials::{AccountConfigError, Credentials};
use crate::secrets::Secrets;
use crate::session::Session;
use redress_core::environment::Environment;
use std::sync::Arc;
use std::time::Duration;

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
    /// What is kept between the exchanges of this version, in memory only: an access token, say.
    pub session: Session,
}

impl AccountConfig {
    /// What must not be shown of it, the access token that it has now included.
    pub(crate) fn secrets(&self) -> Arc<Secrets> {
        self.session.secrets(&self.credentials)
    }
}
