//! New keys and secrets, drawn from the randomness that is handed in, in the shapes that existing clients expect.

use secrecy::SecretString;
use secrecy::zeroize::Zeroizing;

use crate::world::Random;

const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const LETTERS_AND_DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
const HEX_DIGITS: &[u8] = b"0123456789abcdef";
/// Crockford's 32: none is taken for another when it is read aloud or written down.
const READABLE: &[u8] = b"0123456789abcdefghjkmnpqrstvwxyz";

const PORTONE_KEY_LETTERS: usize = 16;
const PORTONE_SECRET_DIGITS: usize = 64;
const SGATE_KEY_LETTERS: usize = 32;
const SGATE_SECRET_LETTERS: usize = 64;
const DRAW_BYTES: usize = 64;

/// A public key and the secret that proves it.
#[derive(Debug)]
pub struct KeyPair {
    /// What the client shows; no secret.
    pub key: String,
    /// What the client signs with.
    pub secret: SecretString,
}

/// A PortOne client key (16 letters) and secret (64 hexadecimal digits, used as text and never decoded), shaped as in
/// <https://docs.portone.cloud/docs/jwt-authentication>.
pub fn portone(random: &dyn Random) -> KeyPair {
    let key = draw(random, LETTERS, PORTONE_KEY_LETTERS);
    KeyPair { key: key.to_string(), secret: secret(random, HEX_DIGITS, PORTONE_SECRET_DIGITS) }
}

/// An SGate client key (32 letters and digits) and secret (64), shaped as in the comments of
/// <https://github.com/SGATE-IT/gccpay-client-demo>, `demo/java/GCCPayDemo.java`.
pub fn sgate(random: &dyn Random) -> KeyPair {
    let key = draw(random, LETTERS_AND_DIGITS, SGATE_KEY_LETTERS);
    KeyPair { key: key.to_string(), secret: secret(random, LETTERS_AND_DIGITS, SGATE_SECRET_LETTERS) }
}

/// So many letters and digits, each as likely as any other.
pub(crate) fn letters_and_digits(random: &dyn Random, count: usize) -> Zeroizing<String> {
    draw(random, LETTERS_AND_DIGITS, count)
}

/// So many groups of so many characters that people can copy by hand, five bits each: `x7kq-09vt`.
pub(crate) fn readable(random: &dyn Random, groups: usize, of: usize) -> Zeroizing<String> {
    let drawn = draw(random, READABLE, groups * of);
    let mut text = Zeroizing::new(String::with_capacity(groups * (of + 1)));
    for (index, character) in drawn.chars().enumerate() {
        if index > 0 && index % of == 0 {
            text.push('-');
        }
        text.push(character);
    }
    text
}

fn secret(random: &dyn Random, alphabet: &[u8], count: usize) -> SecretString {
    draw(random, alphabet, count).as_str().into()
}

/// Draws `count` characters of `alphabet`. A remainder alone would favour the alphabet's first characters, so bytes
/// beyond the last whole multiple of its length are drawn anew.
fn draw(random: &dyn Random, alphabet: &[u8], count: usize) -> Zeroizing<String> {
    let usable = 256 - 256 % alphabet.len();
    // Its full size at once: growing would leave copies of a secret behind.
    let mut text = Zeroizing::new(String::with_capacity(count));
    let mut bytes = Zeroizing::new([0; DRAW_BYTES]);
    while text.len() < count {
        random.fill(&mut *bytes);
        let missing = count - text.len();
        let drawn = bytes.iter().map(|&byte| usize::from(byte)).filter(|&byte| byte < usable).take(missing);
        text.extend(drawn.map(|byte| char::from(alphabet[byte % alphabet.len()])));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::SeededRandom;
    use secrecy::ExposeSecret;
    use std::collections::BTreeMap;
    use std::sync::atomic::{AtomicU8, Ordering};

    /// Counts up, so that every byte comes equally often.
    struct EveryByte(AtomicU8);

    impl Random for EveryByte {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill_with(|| self.0.fetch_add(1, Ordering::Relaxed));
        }
    }

    #[test]
    fn keys_have_the_shape_that_clients_expect() {
        let random = SeededRandom::new(1);
        for _ in 0..50 {
            let portone = portone(&random);
            assert!(portone.key.len() == 16 && portone.key.bytes().all(|b| b.is_ascii_alphabetic()));
            let secret = portone.secret.expose_secret();
            assert!(secret.len() == 64 && secret.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')));
            let sgate = sgate(&random);
            assert!(sgate.key.len() == 32 && sgate.key.bytes().all(|b| b.is_ascii_alphanumeric()));
            let secret = sgate.secret.expose_secret();
            assert!(secret.len() == 64 && secret.bytes().all(|b| b.is_ascii_alphanumeric()));
        }
    }

    #[test]
    fn no_character_is_likelier_than_another() {
        for alphabet in [LETTERS, LETTERS_AND_DIGITS, HEX_DIGITS, READABLE] {
            let whole_rounds = 256 / alphabet.len();
            // Four bytes of each value: exactly so many of each character, or one is favoured.
            let text = draw(&EveryByte(AtomicU8::new(0)), alphabet, 4 * whole_rounds * alphabet.len());
            let mut counts = BTreeMap::new();
            text.bytes().for_each(|byte| *counts.entry(byte).or_insert(0) += 1);
            assert_eq!(counts.len(), alphabet.len());
            assert!(counts.values().all(|&count| count == 4 * whole_rounds), "{counts:?}");
        }
    }

    #[test]
    fn what_people_copy_stands_in_groups() {
        let text = readable(&SeededRandom::new(1), 4, 5);
        let groups: Vec<_> = text.split('-').collect();
        assert!(groups.len() == 4 && groups.iter().all(|group| group.len() == 5), "{}", *text);
        assert!(text.bytes().all(|byte| byte == b'-' || READABLE.contains(&byte)));
    }

    #[test]
    fn every_key_is_new() {
        let random = SeededRandom::new(1);
        let (first, second) = (portone(&random), portone(&random));
        assert_ne!(first.key, second.key);
        assert_ne!(first.secret.expose_secret(), second.secret.expose_secret());
    }

    #[test]
    fn debug_shows_no_secret() {
        let pair = sgate(&SeededRandom::new(1));
        let shown = format!("{pair:?}");
        assert!(shown.contains(&pair.key) && !shown.contains(pair.secret.expose_secret()));
    }
}
