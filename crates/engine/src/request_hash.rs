//! What a repeat of a request must have in common with the first, in 16 bytes.

use sha2::{Digest, Sha256};

/// 16 bytes of SHA-256 over the parts, each with its length before it so that no two lists run together.
pub(crate) fn hash(parts: &[&[u8]]) -> [u8; 16] {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        hash.update(part);
    }
    let mut out = [0; 16];
    out.copy_from_slice(&hash.finalize()[..16]);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_one_part_ends_and_the_next_begins_counts() {
        assert_eq!(hash(&[b"POST", b"/v1/x"]), hash(&[b"POST", b"/v1/x"]));
        assert_ne!(hash(&[b"POST", b"/v1/x"]), hash(&[b"POST/", b"v1/x"]));
        assert_ne!(hash(&[b"POST"]), hash(&[b"POST", b""]));
    }
}
