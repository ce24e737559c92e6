//! Codes of a second factor: RFC 6238 with what every authenticator knows, SHA-1, six digits, 30 seconds.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use redress_core::time::Timestamp;
use secrecy::SecretString;
use secrecy::zeroize::Zeroizing;
use totp_rs::{Algorithm, Builder, Secret, Totp};

use crate::error::EngineError;
use crate::world::Random;

/// What an authenticator calls this program.
const ISSUER: &str = "Redress";

/// RFC 4226, section 4, recommends 160 bits.
const SECRET_BYTES: usize = 20;
const DIGITS: usize = 6;
const STEP_SECONDS: u64 = 30;
/// A code of the step before and of the step after is taken too (RFC 6238, section 5.2).
const STEPS_AROUND: u16 = 1;

/// What stands unescaped in an address.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A new secret.
pub(crate) fn new_secret(random: &dyn Random) -> Zeroizing<Vec<u8>> {
    let mut secret = Zeroizing::new(vec![0; SECRET_BYTES]);
    random.fill(&mut secret);
    secret
}

/// The secret as people type it into an authenticator.
pub(crate) fn base32_of(secret: &[u8]) -> SecretString {
    base32::encode(base32::Alphabet::Rfc4648 { padding: false }, secret).into()
}

/// The address that an authenticator reads from a picture
/// (<https://github.com/google/google-authenticator/wiki/Key-Uri-Format>).
pub(crate) fn uri(secret: &[u8], email: &str) -> SecretString {
    let secret = Zeroizing::new(base32::encode(base32::Alphabet::Rfc4648 { padding: false }, secret));
    let email = utf8_percent_encode(email, PLAIN);
    let secret = secret.as_str();
    format!(
        "otpauth://totp/{ISSUER}:{email}?secret={secret}&issuer={ISSUER}&algorithm=SHA1&digits=6&period=30"
    )
    .into()
}

/// The code in what a person typed; `None` where it is none.
pub(crate) fn code(typed: &str) -> Option<String> {
    let code: String = typed.chars().filter(|c| !c.is_whitespace()).collect();
    (code.len() == DIGITS && code.bytes().all(|byte| byte.is_ascii_digit())).then_some(code)
}

/// The time step that a code is of, where it is one of now.
pub(crate) fn step(secret: &[u8], code: &str, now: Timestamp) -> Result<Option<i64>, EngineError> {
    let step = totp(secret)?.check(code, seconds(now));
    Ok(step.and_then(|step| i64::try_from(step).ok()))
}

fn totp(secret: &[u8]) -> Result<Totp, EngineError> {
    Builder::new()
        .with_algorithm(Algorithm::SHA1)
        .with_digits(6)
        .with_skew(STEPS_AROUND)
        .with_step_duration(STEP_SECONDS)
        .with_secret(Secret::new(secret.into()))
        .build()
        .map_err(|error| EngineError::Broken(format!("the secret of a second factor: {error}")))
}

fn seconds(now: Timestamp) -> u64 {
    u64::try_from(now.as_seconds()).unwrap_or(0)
}

/// The code of now, as an authenticator shows it: for tests.
pub(crate) fn code_at(secret: &[u8], now: Timestamp) -> String {
    totp(secret).expect("a secret").generate(seconds(now)).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::SeededRandom;
    use secrecy::ExposeSecret;

    /// RFC 6238, appendix B: the last six digits of its eight.
    const KEY: &[u8] = b"12345678901234567890";
    const VECTORS: [(i64, &str); 6] = [
        (59, "287082"),
        (1_111_111_109, "081804"),
        (1_111_111_111, "050471"),
        (1_234_567_890, "005924"),
        (2_000_000_000, "279037"),
        (20_000_000_000, "353130"),
    ];

    fn at(second: i64) -> Timestamp {
        Timestamp::from_micros(second * 1_000_000)
    }

    #[test]
    fn codes_are_those_of_the_standard() {
        for (second, code) in VECTORS {
            assert_eq!(step(KEY, code, at(second)), Ok(Some(second / 30)), "{second}");
            assert_eq!(code_at(KEY, at(second)), code);
        }
        assert_eq!(step(KEY, "287083", at(59)), Ok(None));
    }

    #[test]
    fn a_code_is_taken_a_step_early_and_a_step_late() {
        let code = code_at(KEY, at(3_000));
        for second in [2_970, 3_000, 3_059] {
            assert_eq!(step(KEY, &code, at(second)), Ok(Some(100)), "{second}");
        }
        for second in [2_969, 3_060] {
            assert_eq!(step(KEY, &code, at(second)), Ok(None), "{second}");
        }
    }

    #[test]
    fn codes_are_read_as_people_type_them() {
        assert_eq!(code(" 123 456\n"), Some("123456".to_owned()));
        for other in ["", "12345", "1234567", "12345a", "١٢٣٤٥٦"] {
            assert_eq!(code(other), None, "{other}");
        }
    }

    #[test]
    fn an_authenticator_reads_the_secret() {
        // RFC 4648, section 10: "foobar" without padding.
        assert_eq!(base32_of(b"foobar").expose_secret(), "MZXW6YTBOI");
        let uri = uri(b"foobar", "mai+1@shop.example");
        let expected = "otpauth://totp/Redress:mai%2B1%40shop.example?secret=MZXW6YTBOI&issuer=Redress\
                        &algorithm=SHA1&digits=6&period=30";
        assert_eq!(uri.expose_secret(), expected);
        let random = SeededRandom::new(1);
        let (first, second) = (new_secret(&random), new_secret(&random));
        assert!(first.len() == SECRET_BYTES && first != second);
    }
}
