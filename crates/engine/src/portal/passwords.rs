//! Passwords: what one must be, and Argon2id over it.
//!
//! The cost is what OWASP's Password Storage Cheat Sheet recommends for Argon2id
//! (<https://cheatsheetseries.owasp.org/cheatsheets/Password_Storage_Cheat_Sheet.html>): 19 MiB, 2 passes, 1 lane. It
//! stands in each hash, in the PHC string format, so that a later cost opens what an earlier one sealed.

use std::sync::Arc;

use argon2::{Algorithm, Argon2, Params, Version};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use secrecy::{ExposeSecret, SecretString};
use subtle::ConstantTimeEq;
use tokio::sync::Semaphore;

use crate::admin::error::AdminError;
use crate::admin::fault::FaultCode;
use crate::error::EngineError;
use crate::key_material::readable;
use crate::world::Random;

/// The shortest password, in characters.
pub const PASSWORD_CHARACTERS_MIN: usize = 12;

/// The longest password, in bytes.
pub const PASSWORD_BYTES_MAX: usize = 256;

/// Memory of one hash, in KiB.
const MEMORY_KIB: u32 = 19_456;
const PASSES: u32 = 2;
const LANES: u32 = 1;
const SALT_BYTES: usize = 16;
const HASH_BYTES: usize = 32;

/// So many passwords are hashed at once: each takes a whole processor for tens of milliseconds, and [`MEMORY_KIB`].
const HASHED_AT_ONCE: usize = 2;

/// So many more wait; others are told to come back.
const WAITING_MAX: usize = 64;

/// A password that was drawn has so many groups of so many characters: 100 bits.
const DRAWN_GROUPS: (usize, usize) = (4, 5);

/// Checks a password that somebody chose. Length is all that helps (NIST SP 800-63B, 3.1.1.2), but for what is guessed
/// first.
///
/// # Errors
/// [`AdminError::Invalid`] names the field `password`, and never the password.
pub fn check_password(password: &SecretString, email: &str) -> Result<(), AdminError> {
    let text = password.expose_secret();
    let invalid = |problem: String| Err(AdminError::invalid("password", FaultCode::Password.told(problem)));
    if text.chars().count() < PASSWORD_CHARACTERS_MIN {
        return invalid(format!("must have at least {PASSWORD_CHARACTERS_MIN} characters"));
    }
    if text.len() > PASSWORD_BYTES_MAX {
        return invalid(format!("is longer than {PASSWORD_BYTES_MAX} bytes"));
    }
    let mut characters = text.chars();
    let first = characters.next();
    if characters.all(|character| Some(character) == first) {
        return invalid("must not be one character again and again".to_owned());
    }
    if text.to_lowercase().contains(&email.to_lowercase()) {
        return invalid("must not contain the email address".to_owned());
    }
    Ok(())
}

/// A password that nobody chose.
pub(crate) fn drawn(random: &dyn Random) -> SecretString {
    readable(random, DRAWN_GROUPS.0, DRAWN_GROUPS.1).as_str().into()
}

/// Hashes passwords off the threads that everything else runs on, a bounded number at once.
pub(crate) struct Passwords {
    at_once: Arc<Semaphore>,
    places: Arc<Semaphore>,
}

impl Default for Passwords {
    fn default() -> Self {
        Self {
            at_once: Arc::new(Semaphore::new(HASHED_AT_ONCE)),
            places: Arc::new(Semaphore::new(HASHED_AT_ONCE + WAITING_MAX)),
        }
    }
}

impl Passwords {
    /// The hash of a password under a new salt.
    pub(crate) async fn hash(
        &self,
        random: &dyn Random,
        password: &SecretString,
    ) -> Result<String, EngineError> {
        let mut salt = [0; SALT_BYTES];
        random.fill(&mut salt);
        let phc = Phc { memory_kib: MEMORY_KIB, passes: PASSES, lanes: LANES, salt: salt.to_vec() };
        let password = password.clone();
        self.run(move || {
            let hash = phc.hash_of(&password)?;
            Ok(phc.with(&hash))
        })
        .await
    }

    /// Whether it is the hash of a password. `None` is nobody's: the answer is no, after the same work.
    pub(crate) async fn is_good(
        &self,
        hash: Option<String>,
        password: &SecretString,
    ) -> Result<bool, EngineError> {
        let password = password.clone();
        self.run(move || {
            let (phc, expected) = match &hash {
                Some(text) => Phc::parse(text)?,
                None => (Phc::of_nobody(), vec![0; HASH_BYTES]),
            };
            let same: bool = phc.hash_of(&password)?.ct_eq(&*expected).into();
            Ok(same && hash.is_some())
        })
        .await
    }

    /// Nothing is hashed while it is held.
    #[cfg(test)]
    pub(crate) async fn hold(&self) -> tokio::sync::OwnedSemaphorePermit {
        let all = u32::try_from(HASHED_AT_ONCE).unwrap();
        Arc::clone(&self.at_once).acquire_many_owned(all).await.unwrap()
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, EngineError> + Send + 'static,
    ) -> Result<T, EngineError> {
        let full = || EngineError::Busy("too many passwords are being checked".to_owned());
        let place = Arc::clone(&self.places).try_acquire_owned().map_err(|_| full())?;
        let turn = Arc::clone(&self.at_once).acquire_owned().await.map_err(|_| full())?;
        let hashed = tokio::task::spawn_blocking(move || {
            // Kept until the work is done, also when nobody waits for it any more.
            let _held = (place, turn);
            work()
        });
        hashed.await.map_err(|error| EngineError::Broken(format!("hashing a password: {error}")))?
    }
}

/// The cost and the salt of a hash.
struct Phc {
    memory_kib: u32,
    passes: u32,
    lanes: u32,
    salt: Vec<u8>,
}

impl Phc {
    fn of_nobody() -> Self {
        Self { memory_kib: MEMORY_KIB, passes: PASSES, lanes: LANES, salt: vec![0; SALT_BYTES] }
    }

    fn hash_of(&self, password: &SecretString) -> Result<[u8; HASH_BYTES], EngineError> {
        let broken = |error: argon2::Error| EngineError::Broken(format!("hashing a password: {error}"));
        let params =
            Params::new(self.memory_kib, self.passes, self.lanes, Some(HASH_BYTES)).map_err(broken)?;
        let mut hash = [0; HASH_BYTES];
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password_into(password.expose_secret().as_bytes(), &self.salt, &mut hash)
            .map_err(broken)?;
        Ok(hash)
    }

    /// The PHC string: `$argon2id$v=19$m=19456,t=2,p=1$salt$hash`.
    fn with(&self, hash: &[u8]) -> String {
        let Self { memory_kib, passes, lanes, salt } = self;
        let (salt, hash) = (STANDARD_NO_PAD.encode(salt), STANDARD_NO_PAD.encode(hash));
        format!("$argon2id$v=19$m={memory_kib},t={passes},p={lanes}${salt}${hash}")
    }

    /// Reads one back, with its hash.
    fn parse(text: &str) -> Result<(Self, Vec<u8>), EngineError> {
        let broken = || EngineError::Broken("a password hash in portal_users cannot be read".to_owned());
        Self::parts(text).ok_or_else(broken)
    }

    fn parts(text: &str) -> Option<(Self, Vec<u8>)> {
        let (cost, rest) = text.strip_prefix("$argon2id$v=19$")?.split_once('$')?;
        let (salt, hash) = rest.split_once('$')?;
        let mut cost = cost.split(',');
        let mut number = |name: &str| cost.next()?.strip_prefix(name)?.parse().ok();
        let (memory_kib, passes, lanes) = (number("m=")?, number("t=")?, number("p=")?);
        let salt = STANDARD_NO_PAD.decode(salt).ok()?;
        Some((Self { memory_kib, passes, lanes, salt }, STANDARD_NO_PAD.decode(hash).ok()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::SeededRandom;

    fn secret(text: &str) -> SecretString {
        text.into()
    }

    #[tokio::test]
    async fn a_password_is_proved_by_its_hash_and_no_other() {
        let (passwords, random) = (Passwords::default(), SeededRandom::new(1));
        let right = secret("correct horse battery");
        let hash = passwords.hash(&random, &right).await.unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert_eq!(passwords.is_good(Some(hash.clone()), &right).await, Ok(true));
        assert_eq!(passwords.is_good(Some(hash.clone()), &secret("correct horse batterz")).await, Ok(false));
        assert_eq!(passwords.is_good(None, &right).await, Ok(false));
        let again = passwords.hash(&random, &right).await.unwrap();
        assert_ne!(again, hash, "each has a salt of its own");
        let damaged = passwords.is_good(Some("$argon2id$v=19$m=1".to_owned()), &right).await;
        assert!(matches!(damaged, Err(EngineError::Broken(_))));
    }

    /// RFC 9106 has no vector without a secret key; this is that of the reference implementation's test suite
    /// (phc-winner-argon2, `src/test.c`): argon2id, 64 MiB as 2^16 KiB, 2 passes, 1 lane.
    #[tokio::test]
    async fn hashes_of_others_are_read() {
        let hash = "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc";
        let passwords = Passwords::default();
        assert_eq!(passwords.is_good(Some(hash.to_owned()), &secret("password")).await, Ok(true));
        assert_eq!(passwords.is_good(Some(hash.to_owned()), &secret("differentpassword")).await, Ok(false));
    }

    #[tokio::test]
    async fn a_bounded_number_waits() {
        let passwords = Passwords::default();
        let all = passwords.hold().await;
        let password = secret("correct horse battery");
        let mut waiting: Vec<_> =
            (0..HASHED_AT_ONCE + WAITING_MAX).map(|_| Box::pin(passwords.is_good(None, &password))).collect();
        for one in &mut waiting {
            assert!(futures_util::poll!(one).is_pending());
        }
        assert!(matches!(passwords.is_good(None, &password).await, Err(EngineError::Busy(_))));
        waiting.truncate(1);
        drop(all);
        assert_eq!(waiting.remove(0).await, Ok(false));
    }

    #[test]
    fn what_is_guessed_first_is_refused() {
        let check = |text: &str| check_password(&secret(text), "mai@shop.example");
        for good in ["correct horse battery", "пароль-из-слов", &"xy".repeat(128)] {
            assert_eq!(check(good), Ok(()), "{good}");
        }
        let long = "xy".repeat(129);
        for bad in ["", "eleven char", "aaaaaaaaaaaaaaaaaaaa", "Mai@Shop.example1", &long] {
            let refused = check(bad);
            assert!(matches!(&refused, Err(AdminError::Invalid { field: "password", .. })), "{bad}");
            assert!(bad.is_empty() || !refused.unwrap_err().to_string().contains(bad));
        }
        assert_eq!(check(drawn(&SeededRandom::new(1)).expose_secret()), Ok(()));
    }
}
