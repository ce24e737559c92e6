//! Who sits at the browser.

use std::cell::Cell;

use redress_torture::time::{LIMIT, unix_seconds, until};
use totp_rs::{Algorithm, Builder, Secret, Totp};

/// Somebody who may sign in.
#[derive(Debug)]
pub(crate) struct Person {
    pub(crate) email: String,
    pub(crate) password: String,
    authenticator: Option<Authenticator>,
}

/// What shows a person's codes. Each is taken once.
struct Authenticator {
    totp: Totp,
    /// The step of the last code that was shown.
    shown: Cell<u64>,
}

impl std::fmt::Debug for Authenticator {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Authenticator")
    }
}

/// RFC 6238, section 5.2.
const STEP_SECONDS: u64 = 30;

impl Person {
    pub(crate) fn new(email: &str, password: &str, totp_secret: Option<&str>) -> Self {
        let authenticator = totp_secret.map(Authenticator::new);
        Self { email: email.to_owned(), password: password.to_owned(), authenticator }
    }

    /// A code that was not used before, where the person has a second factor.
    pub(crate) fn code(&self) -> Option<String> {
        self.authenticator.as_ref().map(Authenticator::code)
    }
}

impl Authenticator {
    fn new(secret: &str) -> Self {
        let totp = Builder::new()
            .with_algorithm(Algorithm::SHA1)
            .with_digits(6)
            .with_step_duration(STEP_SECONDS)
            .with_secret(Secret::try_from_base32(secret).unwrap())
            .build()
            .unwrap();
        Self { totp, shown: Cell::new(0) }
    }

    fn code(&self) -> String {
        // The code of the next step is taken already; for the one after it somebody has to wait.
        let step = until("next code", LIMIT, || {
            let now = unix_seconds() / STEP_SECONDS;
            let next = now.max(self.shown.get() + 1);
            (next <= now + 1).then_some(next)
        });
        self.shown.set(step);
        self.totp.generate(step * STEP_SECONDS).to_string()
    }
}
