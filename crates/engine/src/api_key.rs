//! The keys of Redress's own API.
//!
//! `rk_live_` or `rk_sandbox_`, 12 characters that name the key and 43 that prove it (43 characters of 62 hold 256
//! bits). The naming part may be shown and is what a key is looked up by. Of the whole only the SHA-256 is stored: a
//! slow, salted hash makes guessing a short password costly, but nobody guesses 256 drawn bits, and the check stands
//! before every request.

use redress_core::environment::Environment;
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::key_material::letters_and_digits;
use crate::world::Random;

const NAMING_CHARACTERS: usize = 12;
const PROVING_CHARACTERS: usize = 43;

/// The text is no API key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an API key")]
pub struct NotAKey;

/// An API key as its holder has it; a new one is shown once and never again.
#[derive(Debug)]
pub struct ApiKey {
    environment: Environment,
    text: SecretString,
}

impl ApiKey {
    /// A new key.
    pub fn generate(environment: Environment, random: &dyn Random) -> Self {
        let drawn = letters_and_digits(random, NAMING_CHARACTERS + PROVING_CHARACTERS);
        let text = format!("{}{}", prefix(environment), *drawn);
        Self { environment, text: text.into() }
    }

    /// Reads what a caller shows.
    ///
    /// # Errors
    /// [`NotAKey`] when the prefix, the length or a character is wrong.
    pub fn parse(text: &str) -> Result<Self, NotAKey> {
        let (environment, drawn) = [Environment::Live, Environment::Sandbox]
            .into_iter()
            .find_map(|environment| Some((environment, text.strip_prefix(prefix(environment))?)))
            .ok_or(NotAKey)?;
        let well_formed = drawn.len() == NAMING_CHARACTERS + PROVING_CHARACTERS
            && drawn.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if well_formed { Ok(Self { environment, text: text.into() }) } else { Err(NotAKey) }
    }

    /// The environment it belongs to.
    pub fn environment(&self) -> Environment {
        self.environment
    }

    /// The part that names the key, `rk_live_` and 12 characters: it may be shown, and the store finds the key by it.
    pub fn public_part(&self) -> &str {
        &self.text.expose_secret()[..prefix(self.environment).len() + NAMING_CHARACTERS]
    }

    /// The whole key, for its holder.
    pub fn secret(&self) -> &SecretString {
        &self.text
    }

    /// What the store keeps of it.
    pub fn hash(&self) -> ApiKeyHash {
        ApiKeyHash(Sha256::digest(self.text.expose_secret().as_bytes()).into())
    }
}

/// The SHA-256 of a whole key, prefix and all. Compared in constant time.
#[derive(Clone, Copy)]
pub struct ApiKeyHash([u8; 32]);

impl ApiKeyHash {
    /// Reads what the store kept; `None` when it has not 32 bytes.
    pub fn from_slice(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// What the store keeps.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Whether it is the hash of this key.
    pub fn is_of(&self, key: &ApiKey) -> bool {
        self.0.ct_eq(&key.hash().0).into()
    }
}

impl std::fmt::Debug for ApiKeyHash {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("ApiKeyHash(_)")
    }
}

const fn prefix(environment: Environment) -> &'static str {
    match environment {
        Environment::Live => "rk_live_",
        Environment::Sandbox => "rk_sandbox_",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::SeededRandom;

    const LIVE: &str = "rk_live_AAAAAAAAAAAABBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB";

    #[test]
    fn a_new_key_is_read_back_and_proved_by_its_hash() {
        for environment in [Environment::Live, Environment::Sandbox] {
            let new = ApiKey::generate(environment, &SeededRandom::new(1));
            let shown = ApiKey::parse(new.secret().expose_secret()).unwrap();
            assert_eq!(shown.environment(), environment);
            assert_eq!(shown.public_part(), new.public_part());
            let stored = ApiKeyHash::from_slice(new.hash().as_bytes()).unwrap();
            assert!(stored.is_of(&shown));
        }
    }

    #[test]
    fn the_public_part_names_the_key_and_proves_nothing() {
        let key = ApiKey::parse(LIVE).unwrap();
        assert_eq!(key.public_part(), "rk_live_AAAAAAAAAAAA");
        let forged = ApiKey::parse(&LIVE.replace('B', "C")).unwrap();
        assert_eq!(forged.public_part(), key.public_part());
        assert!(!key.hash().is_of(&forged));
        let one_off = ApiKey::parse(&format!("{}b", &LIVE[..LIVE.len() - 1])).unwrap();
        assert!(!key.hash().is_of(&one_off));
    }

    #[test]
    fn a_key_of_one_environment_is_none_of_the_other() {
        let live = ApiKey::parse(LIVE).unwrap();
        let sandbox = ApiKey::parse(&LIVE.replace("live", "sandbox")).unwrap();
        assert_eq!(sandbox.environment(), Environment::Sandbox);
        assert!(!live.hash().is_of(&sandbox));
    }

    #[test]
    fn the_hash_is_sha_256_of_the_whole_text() {
        let expected = hex::encode(Sha256::digest(LIVE));
        assert_eq!(hex::encode(ApiKey::parse(LIVE).unwrap().hash().as_bytes()), expected);
    }

    #[test]
    fn rubbish_is_no_key() {
        let short = &LIVE[..LIVE.len() - 1];
        let long = format!("{LIVE}B");
        let odd = format!("{short}-");
        let wide = format!("{}ü", &LIVE[..LIVE.len() - 2]);
        for text in
            ["", "rk_live_", "rk_test_AAAA", short, &long, &odd, &wide, &LIVE[3..], &LIVE.to_uppercase()]
        {
            assert_eq!(ApiKey::parse(text).unwrap_err(), NotAKey, "{text}");
        }
        assert!(ApiKeyHash::from_slice(&[0; 31]).is_none());
    }

    #[test]
    fn every_key_is_new_and_none_is_shown() {
        let random = SeededRandom::new(1);
        let (first, second) =
            (ApiKey::generate(Environment::Live, &random), ApiKey::generate(Environment::Live, &random));
        assert_ne!(first.public_part(), second.public_part());
        assert!(!first.hash().is_of(&second));
        let proof = &first.secret().expose_secret()["rk_live_".len() + NAMING_CHARACTERS..];
        assert_eq!(proof.len(), PROVING_CHARACTERS);
        assert!(!format!("{first:?}").contains(proof));
        assert_eq!(format!("{:?}", first.hash()), "ApiKeyHash(_)");
    }
}
