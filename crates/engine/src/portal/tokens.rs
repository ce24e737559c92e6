//! What a browser shows: the token of its session, and what proves that a form is ours.
//!
//! A form's proof is an HMAC under the session's token, over a nonce of its own: nothing of it is stored, another site
//! cannot make one, and no two are alike, so that a compressed page gives nothing away of it (BREACH). The token itself
//! never stands in a page.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use redress_store::ops::portal::sessions::TokenHash;
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};

use crate::key_material::letters_and_digits;
use crate::world::Random;

/// 43 of 62 characters hold 256 bits.
const TOKEN_CHARACTERS: usize = 43;
const NONCE_BYTES: usize = 16;
const MAC_BYTES: usize = 32;

/// Sets this use of the token apart from any other.
const FORM: &[u8] = b"redress portal form v1";

/// A session's token, or one of a visitor who has no session yet. Never printed.
#[derive(Clone)]
pub struct SessionToken(SecretString);

impl SessionToken {
    pub(crate) fn generate(random: &dyn Random) -> Self {
        Self(letters_and_digits(random, TOKEN_CHARACTERS).as_str().into())
    }

    /// Reads what a browser shows; `None` where it is no token.
    pub fn parse(text: &str) -> Option<Self> {
        let well_formed =
            text.len() == TOKEN_CHARACTERS && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
        well_formed.then(|| Self(text.into()))
    }

    /// The token, for the browser's cookie.
    pub fn secret(&self) -> &SecretString {
        &self.0
    }

    /// What the store finds the session by.
    pub(crate) fn hash(&self) -> TokenHash {
        Sha256::digest(self.0.expose_secret().as_bytes()).into()
    }

    pub(crate) fn form_proof(&self, random: &dyn Random) -> String {
        let mut proof = [0; NONCE_BYTES + MAC_BYTES];
        random.fill(&mut proof[..NONCE_BYTES]);
        let mac = self.mac(&proof[..NONCE_BYTES]).finalize().into_bytes();
        proof[NONCE_BYTES..].copy_from_slice(&mac);
        URL_SAFE_NO_PAD.encode(proof)
    }

    /// Whether a form was made for this token. In constant time.
    pub fn made_form(&self, proof: &str) -> bool {
        let Ok(proof) = URL_SAFE_NO_PAD.decode(proof) else { return false };
        let Some((nonce, mac)) = proof.split_at_checked(NONCE_BYTES) else { return false };
        self.mac(nonce).verify_slice(mac).is_ok()
    }

    fn mac(&self, nonce: &[u8]) -> Hmac<Sha256> {
        let mut mac = Hmac::<Sha256>::new_from_slice(self.0.expose_secret().as_bytes())
            .expect("HMAC takes keys of every length");
        mac.update(FORM);
        mac.update(nonce);
        mac
    }
}

impl fmt::Debug for SessionToken {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("SessionToken(_)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::SeededRandom;
    use proptest::prelude::*;

    #[test]
    fn a_token_is_read_back_and_never_printed() {
        let random = SeededRandom::new(1);
        let (token, other) = (SessionToken::generate(&random), SessionToken::generate(&random));
        let text = token.secret().expose_secret();
        let read = SessionToken::parse(text).unwrap();
        assert!(read.hash() == token.hash() && other.hash() != token.hash());
        assert!(!format!("{token:?}").contains(text));
        for no_token in ["", &text[1..], &format!("{text}x"), &text.replace(&text[..1], "-")] {
            assert!(SessionToken::parse(no_token).is_none(), "{no_token}");
        }
    }

    #[test]
    fn a_form_is_proved_to_its_own_session_alone() {
        let random = SeededRandom::new(1);
        let (token, other) = (SessionToken::generate(&random), SessionToken::generate(&random));
        let (first, second) = (token.form_proof(&random), token.form_proof(&random));
        assert_ne!(first, second);
        assert!(token.made_form(&first) && token.made_form(&second));
        assert!(!other.made_form(&first));
    }

    proptest! {
        #[test]
        fn one_changed_byte_proves_nothing(at in 0..64_usize, by in 1..=255_u8) {
            let random = SeededRandom::new(1);
            let token = SessionToken::generate(&random);
            let mut proof = token.form_proof(&random).into_bytes();
            proof[at] ^= by;
            let changed = String::from_utf8_lossy(&proof).into_owned();
            prop_assert!(!token.made_form(&changed));
        }

        #[test]
        fn anything_else_proves_nothing(text in ".*") {
            prop_assert!(!SessionToken::generate(&SeededRandom::new(1)).made_form(&text));
        }
    }
}
