//! Ids that carry their kind, in type and in text: `rf_01k9…`.
//!
//! Every id is 16 bytes laid out as UUID version 7 (RFC 9562, section 5.7): time first, so that rows made together
//! lie together. As text: the kind's prefix and 26 letters of Crockford's base 32.

use crate::time::Timestamp;

const BASE32: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
const BASE62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const BASE32_LETTERS: usize = 26;
/// What each byte stands for as a letter, or [`NO_LETTER`].
static BASE32_VALUES: [u8; 256] = {
    let mut values = [NO_LETTER; 256];
    let mut value: u8 = 0;
    while value < 32 {
        values[BASE32[value as usize] as usize] = value;
        value += 1;
    }
    values
};
const NO_LETTER: u8 = u8::MAX;
/// The longest prefix of a kind, in bytes.
const PREFIX_BYTES_MAX: usize = 4;
const BASE62_LETTERS: usize = 22;

/// The text is no id of this kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an id of this kind")]
pub struct NotAnId;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident = $prefix:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name([u8; 16]);

        impl $name {
            /// The prefix of the text form, without the underscore.
            pub const PREFIX: &'static str = $prefix;

            /// Makes an id of the time and of ten random bytes.
            pub fn new(now: Timestamp, random: [u8; 10]) -> Self {
                Self(uuid_v7(now, random))
            }

            /// The id with these bytes.
            pub const fn from_bytes(bytes: [u8; 16]) -> Self {
                Self(bytes)
            }

            /// The bytes, as the store keeps them.
            pub const fn as_bytes(&self) -> &[u8; 16] {
                &self.0
            }

            /// Reads the text form.
            ///
            /// # Errors
            /// [`NotAnId`] when the prefix, the length or a letter is wrong.
            pub fn parse(text: &str) -> Result<Self, NotAnId> {
                let rest = text.strip_prefix($prefix).and_then(|rest| rest.strip_prefix('_')).ok_or(NotAnId)?;
                base32_read(rest).map(Self)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                const { assert!($prefix.len() <= PREFIX_BYTES_MAX) };
                write_at_once(f, $prefix, &self.0)
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                std::fmt::Display::fmt(self, f)
            }
        }
    )*};
}

ids! {
    /// A merchant: the owner of everything else.
    MerchantId = "mer";
    /// A captured payment.
    PaymentId = "pay";
    /// A refund: one intent to give back part of a payment.
    RefundId = "rf";
    /// A merchant's contract with one PSP.
    AccountId = "acc";
    /// A place where a merchant wants notifications.
    EndpointId = "ep";
    /// An API credential of a merchant.
    KeyId = "key";
    /// Something a person must look at.
    CaseId = "case";
    /// An upload of many payments.
    ImportId = "imp";
    /// A person who may sign in to the portal.
    UserId = "usr";
    /// One sign-in of a person, until it is over.
    SessionId = "ses";
    /// One entry of the audit trail.
    AuditId = "aud";
    /// An owner of leases: a running server process, or one claim of it.
    ProcessId = "proc";
}

impl RefundId {
    /// The least id of those that are made at a time, to the millisecond.
    pub fn first_of(at: Timestamp) -> Self {
        let mut bytes = [0; 16];
        let millis = u64::try_from(at.as_millis()).unwrap_or(0);
        bytes[..6].copy_from_slice(&millis.to_be_bytes()[2..]);
        Self(bytes)
    }

    /// The one reference under which the PSP knows this refund, for ever; it serves as the idempotency key where the
    /// PSP has one. Derived, not drawn, so that a second key for one refund cannot exist.
    ///
    /// 29 characters of `[0-9a-z-]`, which fits the ids of every PSP in the connectors' documents (MoMo allows 50,
    /// Mastercard Gateway 40).
    pub fn psp_key(&self) -> String {
        format!("rf-{}", as_text(&base32(&self.0)))
    }

    /// Reads a [`RefundId::psp_key`] back; `None` for a reference that this program never gave.
    pub fn from_psp_key(key: &str) -> Option<Self> {
        base32_read(key.strip_prefix("rf-")?).ok().map(Self)
    }

    /// The form PortOne's API shows as `refund_id`: 22 letters and digits.
    pub fn to_base62(&self) -> String {
        let mut number = u128::from_be_bytes(self.0);
        let mut letters = [b'0'; BASE62_LETTERS];
        for letter in letters.iter_mut().rev() {
            *letter = BASE62[usize::try_from(number % 62).unwrap_or(0)];
            number /= 62;
        }
        letters.iter().map(|&b| char::from(b)).collect()
    }

    /// Reads [`RefundId::to_base62`] back.
    ///
    /// # Errors
    /// [`NotAnId`] when the length or a letter is wrong, or the number is too large.
    pub fn from_base62(text: &str) -> Result<Self, NotAnId> {
        if text.len() != BASE62_LETTERS {
            return Err(NotAnId);
        }
        let mut number: u128 = 0;
        for letter in text.bytes() {
            let value = BASE62.iter().position(|&b| b == letter).ok_or(NotAnId)?;
            let value = u128::try_from(value).map_err(|_| NotAnId)?;
            number = number.checked_mul(62).and_then(|n| n.checked_add(value)).ok_or(NotAnId)?;
        }
        Ok(Self(number.to_be_bytes()))
    }
}

fn uuid_v7(now: Timestamp, random: [u8; 10]) -> [u8; 16] {
    let millis = now.as_millis().to_be_bytes();
    let mut bytes = [0_u8; 16];
    bytes[..6].copy_from_slice(&millis[2..]);
    bytes[6..].copy_from_slice(&random);
    bytes[6] = 0x70 | (bytes[6] & 0x0f);
    bytes[8] = 0x80 | (bytes[8] & 0x3f);
    bytes
}

fn base32(bytes: &[u8; 16]) -> [u8; BASE32_LETTERS] {
    let number = u128::from_be_bytes(*bytes);
    std::array::from_fn(|at| {
        let below = (BASE32_LETTERS - 1 - at) * 5;
        BASE32[usize::try_from((number >> below) & 31).unwrap_or(0)]
    })
}

fn as_text(letters: &[u8]) -> &str {
    std::str::from_utf8(letters).unwrap_or_default()
}

/// Writes the whole text in one piece: a `String` made of it then gets its room once.
fn write_at_once(f: &mut std::fmt::Formatter<'_>, prefix: &str, bytes: &[u8; 16]) -> std::fmt::Result {
    let mut text = [b'_'; PREFIX_BYTES_MAX + 1 + BASE32_LETTERS];
    let end = prefix.len() + 1 + BASE32_LETTERS;
    text[..prefix.len()].copy_from_slice(prefix.as_bytes());
    text[prefix.len() + 1..end].copy_from_slice(&base32(bytes));
    f.write_str(as_text(&text[..end]))
}

fn base32_read(text: &str) -> Result<[u8; 16], NotAnId> {
    if text.len() != BASE32_LETTERS {
        return Err(NotAnId);
    }
    let mut number: u128 = 0;
    for (at, letter) in text.bytes().enumerate() {
        let value = BASE32_VALUES[usize::from(letter)];
        if value == NO_LETTER {
            return Err(NotAnId);
        }
        // 26 letters hold 130 bits: the first may only use its lower three.
        if at == 0 && value > 7 {
            return Err(NotAnId);
        }
        number = (number << 5) | u128::from(value);
    }
    Ok(number.to_be_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_layout_is_uuid_version_7() {
        // RFC 9562, appendix A.6: 017F22E2-79B0-7CC3-98C4-DC0C0C07398F, made at 2022-02-22T19:22:22Z.
        let random = [0x0c, 0xc3, 0x18, 0xc4, 0xdc, 0x0c, 0x0c, 0x07, 0x39, 0x8f];
        let id = RefundId::new(Timestamp::from_micros(1_645_557_742_000_000), random);
        assert_eq!(
            id.as_bytes(),
            &[0x01, 0x7f, 0x22, 0xe2, 0x79, 0xb0, 0x7c, 0xc3, 0x98, 0xc4, 0xdc, 0x0c, 0x0c, 0x07, 0x39, 0x8f]
        );
    }

    #[test]
    fn the_letters_are_crockfords_and_no_others() {
        // Crockford's base 32: no i, l, o and u; small letters only here. The least and the greatest, and one of each.
        assert_eq!(RefundId::from_bytes([0; 16]).to_string(), "rf_00000000000000000000000000");
        assert_eq!(ProcessId::from_bytes([255; 16]).to_string(), "proc_7zzzzzzzzzzzzzzzzzzzzzzzzz");
        let each = "rf_0123456789abcdefghjkmnpqrs";
        assert_eq!(RefundId::parse(each).unwrap().to_string(), each);
        for letter in (0..=u8::MAX).map(char::from) {
            let text = format!("rf_0000000000000000000000000{letter}");
            let is_one = letter.is_ascii_digit() || letter.is_ascii_lowercase() && !"ilou".contains(letter);
            assert_eq!(RefundId::parse(&text).is_ok(), is_one, "{letter:?}");
        }
    }

    #[test]
    fn kinds_are_not_mixed_up() {
        let id = RefundId::from_bytes([7; 16]);
        assert_eq!(RefundId::parse(&id.to_string()), Ok(id));
        assert_eq!(PaymentId::parse(&id.to_string()), Err(NotAnId));
        assert_eq!(RefundId::parse("rf_zzzzzzzzzzzzzzzzzzzzzzzzzz"), Err(NotAnId), "131 bits");
        assert_eq!(RefundId::parse("rf_"), Err(NotAnId));
        assert_eq!(RefundId::from_base62("zzzzzzzzzzzzzzzzzzzzzz"), Err(NotAnId), "131 bits");
        assert_eq!(RefundId::from_base62("0352VbuY4qXoWDPbnT8L3"), Err(NotAnId), "21 letters");
    }

    proptest! {
        #[test]
        fn texts_are_read_back(bytes: [u8; 16]) {
            let id = RefundId::from_bytes(bytes);
            prop_assert_eq!(RefundId::parse(&id.to_string()), Ok(id));
            prop_assert_eq!(RefundId::from_psp_key(&id.psp_key()), Some(id));
            prop_assert_eq!(id.to_base62().len(), 22);
            prop_assert_eq!(RefundId::from_base62(&id.to_base62()), Ok(id));
            prop_assert!(id.psp_key().len() <= 40);
        }

        #[test]
        fn later_ids_sort_later(a in 0i64..1 << 47, b in 0i64..1 << 47, r: [u8; 10]) {
            let id = |ms: i64| RefundId::new(Timestamp::from_micros(ms * 1000), r);
            prop_assert_eq!(a.cmp(&b), id(a).cmp(&id(b)));
            prop_assert_eq!(id(a).to_string().cmp(&id(b).to_string()), a.cmp(&b));
        }
    }
}
