//! What is kept between the exchanges of one account: the access token of a PSP that gives one, and the account's secrets
//! in all the writings in which they are looked for.
//!
//! It lives in memory and with the version of the account that it was given for. Losing it costs one request more.

use crate::credentials::Credentials;
use crate::secrets::Secrets;
use secrecy::SecretString;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A place for one access token, shared by all copies of an account's version.
#[derive(Clone, Debug, Default)]
pub struct Session(Arc<Mutex<Kept>>);

#[derive(Default)]
struct Kept {
    token: Option<SecretString>,
    /// Of these credentials and that token.
    secrets: Option<(Credentials, Arc<Secrets>)>,
}

impl Session {
    /// The token, if one is kept.
    pub fn token(&self) -> Option<SecretString> {
        self.kept().token.clone()
    }

    /// Keeps a token, or with `None` forgets it.
    pub fn keep(&self, token: Option<SecretString>) {
        *self.kept() = Kept { token, secrets: None };
    }

    /// The secrets of these credentials and the token, as made the last time, or now. A copy of the account may have been
    /// given other credentials: those are others' secrets.
    pub(crate) fn secrets(&self, credentials: &Credentials) -> Arc<Secrets> {
        let mut kept = self.kept();
        if let Some((of, secrets)) = &kept.secrets
            && of.are(credentials)
        {
            return Arc::clone(secrets);
        }
        let secrets = Arc::new(Secrets::of(credentials, kept.token.as_ref()));
        kept.secrets = Some((credentials.clone(), Arc::clone(&secrets)));
        secrets
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Shows nothing of what is kept.
impl fmt::Debug for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Kept").field("token", &self.token.is_some()).finish_non_exhaustive()
    }
}
