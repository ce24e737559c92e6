//! What a connector keeps between the exchanges of one account: the access token of a PSP that gives one.
//!
//! It lives in memory and with the version of the account that it was given for. Losing it costs one request more.

use secrecy::SecretString;
use std::sync::{Arc, Mutex, PoisonError};

/// A place for one access token, shared by all copies of an account's version.
#[derive(Clone, Debug, Default)]
pub struct Session(Arc<Mutex<Option<SecretString>>>);

impl Session {
    /// The token, if one is kept.
    pub fn token(&self) -> Option<SecretString> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Keeps a token, or with `None` forgets it.
    pub fn keep(&self, token: Option<SecretString>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = token;
    }
}
