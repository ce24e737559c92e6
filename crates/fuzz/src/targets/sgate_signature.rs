//! SGate's signed headers. An input is, line by line: address, key, time, operation, way of signing, its version and the
//! signature. Without one, the right one is made here, in each of the four encodings.

use std::time::Duration;

use redress_core::time::Timestamp;
use redress_engine::signing::sgate::{
    DEFAULT_TOLERANCE_SECS, Encoding, Presented, SIGN_METHOD, SIGN_VERSION, Signed, sign, verify,
};
use secrecy::SecretString;

const NOW: Timestamp = Timestamp::from_micros(1_700_000_000_000_000);
const TOLERANCE: Duration = Duration::from_secs(DEFAULT_TOLERANCE_SECS);
const SECRET: &str = "RoTestSecret0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMN0Z";

pub(super) fn run(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    let mut lines = text.splitn(7, '\n');
    let mut line = || lines.next().unwrap_or_default();
    let signed = Signed { uri: line(), key: line(), timestamp: line(), method: line() };
    let (sign_method, sign_version, signature) = (line(), line(), line());
    let presented = Presented { signed, sign_method, sign_version, signature };
    // Whole seconds are digits alone, without a sign.
    let seconds = Some(signed.timestamp).filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
    let fresh = seconds
        .and_then(|text| text.parse::<i64>().ok())
        .is_some_and(|seconds| seconds.abs_diff(NOW.as_seconds()) <= DEFAULT_TOLERANCE_SECS);
    let known = sign_method == SIGN_METHOD && sign_version == SIGN_VERSION;
    if !signature.is_empty() {
        // Nobody who writes an input knows the secret.
        assert!(verify(&presented, &SECRET.into(), NOW, TOLERANCE).is_err(), "forged: {text:?}");
        return;
    }
    for encoding in [Encoding::Node, Encoding::Php, Encoding::Python, Encoding::Java] {
        judge(presented, encoding, fresh && known);
    }
}

fn judge(presented: Presented<'_>, encoding: Encoding, expected: bool) {
    let secret: SecretString = SECRET.into();
    let signature = sign(&presented.signed, encoding, &secret);
    let signed = Presented { signature: &signature, ..presented };
    let taken =
        |presented: &Presented<'_>, secret: &SecretString| verify(presented, secret, NOW, TOLERANCE).is_ok();
    assert_eq!(taken(&signed, &secret), expected, "{encoding:?} {:?}", presented.signed);
    assert!(!taken(&signed, &"another secret".into()));
    let uri = format!("{}x", presented.signed.uri);
    let method = format!("{}x", presented.signed.method);
    for other in [
        Signed { uri: &uri, ..presented.signed },
        Signed { method: &method, ..presented.signed },
        Signed { key: "another", ..presented.signed },
    ] {
        let same = other == presented.signed;
        assert!(same || !taken(&Presented { signed: other, ..signed }, &secret), "{other:?} {encoding:?}");
    }
}
