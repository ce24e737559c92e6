//! Recovery codes: what stands in for a second factor that was lost. Each counts once.

use redress_core::id::UserId;
use redress_store::ops::portal::second_factor::CodeHash;
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};

use crate::key_material::readable;
use crate::world::Random;

/// So many are made at once.
pub const RECOVERY_CODES: usize = 10;

/// A code has so many groups of so many characters: 80 bits. Nobody guesses them, so a fast hash is enough.
const GROUPS: (usize, usize) = (4, 4);

/// New codes, as they are shown, once.
pub(crate) fn draw(random: &dyn Random) -> Vec<SecretString> {
    (0..RECOVERY_CODES).map(|_| readable(random, GROUPS.0, GROUPS.1).as_str().into()).collect()
}

/// What the store keeps of them.
pub(crate) fn hashes(user: UserId, codes: &[SecretString]) -> Vec<CodeHash> {
    codes.iter().filter_map(|code| hash(user, code.expose_secret())).collect()
}

/// What the store keeps of a code as a person types it; `None` where it is none. Letters that are easily taken for
/// digits are read as those.
pub(crate) fn hash(user: UserId, typed: &str) -> Option<CodeHash> {
    let mut hash = Sha256::new();
    hash.update(user.as_bytes());
    let mut count = 0;
    for character in typed.chars().filter(|c| !c.is_whitespace() && *c != '-') {
        let read = match character.to_ascii_lowercase() {
            'o' => '0',
            'i' | 'l' => '1',
            other => other,
        };
        let byte = u8::try_from(read).ok().filter(u8::is_ascii_alphanumeric)?;
        hash.update([byte]);
        count += 1;
    }
    (count == GROUPS.0 * GROUPS.1).then(|| hash.finalize().into())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::testing::SeededRandom;

    const USER: UserId = UserId::from_bytes([1; 16]);

    #[test]
    fn codes_differ_and_are_read_as_people_type_them() {
        let codes = draw(&SeededRandom::new(1));
        let kept = hashes(USER, &codes);
        assert_eq!((codes.len(), kept.iter().collect::<BTreeSet<_>>().len()), (10, 10));
        let code = codes[0].expose_secret();
        for typed in
            [code.to_uppercase(), code.replace('-', " "), code.replace('-', ""), format!(" {code}\n")]
        {
            assert_eq!(hash(USER, &typed), Some(kept[0]), "{typed}");
        }
        assert_eq!(hash(USER, "O0Il-0000-0000-0000"), hash(USER, "0011-0000-0000-0000"));
        assert_ne!(hash(UserId::from_bytes([2; 16]), code), Some(kept[0]), "another person's");
        for other in ["", "123456", "0000-0000-0000-000", "0000-0000-0000-00000", "0000-0000-0000-000ü"] {
            assert_eq!(hash(USER, other), None, "{other}");
        }
    }
}
