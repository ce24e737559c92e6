//! PortOne's bearer tokens: JWT with HMAC-SHA256 (<https://docs.portone.cloud/docs/jwt-authentication>).
//!
//! The key of the HMAC is the secret's text; that it looks like hexadecimal digits means nothing. Of the claims `iss`
//! (`PORTONE`, or `CHAIPAY` as older clients have it), `sub` (the client key) and `exp` must be there and right.
//! Lifetimes in the samples go from 100 s to 31 years, so no longest one is enforced; a token without an end is
//! refused. `iat` and anything else is not looked at.

use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, encode};
use redress_core::time::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use serde_json::Number;

/// The issuers of today's and of older clients.
const ISSUERS: [&str; 2] = ["PORTONE", "CHAIPAY"];

/// So long after its end a token is still taken, in seconds: clocks differ.
const LEEWAY_SECONDS: i64 = 60;

/// How long a token of the token API is good, in seconds (`expires_in` of its sample).
pub(super) const ISSUED_FOR_SECONDS: i64 = 21_600;

#[derive(Deserialize)]
struct Shown {
    iss: String,
    sub: String,
    /// RFC 7519 allows a fraction; some clients send one.
    exp: Number,
}

#[derive(Serialize)]
struct Issued<'a> {
    iss: &'a str,
    sub: &'a str,
    iat: i64,
    exp: i64,
}

/// Whether a token proves that its bearer knows the secret of a client key, now.
pub(crate) fn proves(token: &str, key: &str, secret: &SecretString, now: Timestamp) -> bool {
    // Anybody can sign with an empty key.
    if secret.expose_secret().is_empty() {
        return false;
    }
    let mut validation = Validation::new(Algorithm::HS256);
    // The end is compared below, with the clock that everything else goes by.
    validation.validate_exp = false;
    validation.validate_aud = false;
    validation.required_spec_claims.clear();
    let decoding = DecodingKey::from_secret(secret.expose_secret().as_bytes());
    let Ok(token) = decode::<Shown>(token, &decoding, &validation) else { return false };
    let Shown { iss, sub, exp } = token.claims;
    ISSUERS.contains(&iss.as_str())
        && sub == key
        && whole_seconds(&exp).is_some_and(|end| now.as_seconds() < end.saturating_add(LEEWAY_SECONDS))
}

fn whole_seconds(number: &Number) -> Option<i64> {
    // A time, no money; what does not fit is as good as the end of time.
    number.as_i64().or_else(|| number.as_f64().map(|seconds| seconds as i64))
}

/// A token for a client key, good for [`ISSUED_FOR_SECONDS`].
///
/// # Errors
/// None in practice: the claims are plain and HMAC takes any key.
pub(crate) fn issue(
    key: &str,
    secret: &SecretString,
    now: Timestamp,
) -> Result<String, jsonwebtoken::errors::Error> {
    let iat = now.as_seconds();
    let claims = Issued { iss: ISSUERS[0], sub: key, iat, exp: iat + ISSUED_FOR_SECONDS };
    let encoding = EncodingKey::from_secret(secret.expose_secret().as_bytes());
    encode(&Header::new(Algorithm::HS256), &claims, &encoding)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    const KEY: &str = "SglffyyZgojEdXWL";
    const NOW: i64 = 1_700_000_000;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_micros(seconds * 1_000_000)
    }

    fn secret() -> SecretString {
        "portone-test-secret".into()
    }

    fn signed(algorithm: Algorithm, claims: &Value) -> String {
        let encoding = EncodingKey::from_secret(secret().expose_secret().as_bytes());
        encode(&Header::new(algorithm), claims, &encoding).unwrap()
    }

    fn taken(claims: &Value) -> bool {
        proves(&signed(Algorithm::HS256, claims), KEY, &secret(), at(NOW))
    }

    #[test]
    fn the_published_sample_verifies() {
        // https://docs.portone.cloud/docs/jwt-authentication: sample token, key and secret.
        let token = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJleHAiOjE3MjQzMjM2NTEsImlhdCI6MTcyNDMwMjA1MSwiaXNzIjoi\
                     UE9SVE9ORSIsInN1YiI6InNqY3J2Y2JWWWtGb2JIbHgifQ.-A7y_JSRNbST9wIE26xd-oq0vLsQ-PavhHyxSts0glY";
        let secret = "6cd264c70ec38d41a5dc2662e98c72bac58d3afc5bb4e80debbe3a976a0dc4eb".into();
        let key = "sjcrvcbVYkFobHlx";
        assert!(proves(token, key, &secret, at(1_724_302_051)));
        assert!(proves(token, key, &secret, at(1_724_323_651 + 59)), "clocks differ");
        assert!(!proves(token, key, &secret, at(1_724_323_651 + 60)), "over");
        assert!(!proves(token, KEY, &secret, at(1_724_302_051)), "another key");
        assert!(!proves(token, key, &"6cd264".into(), at(1_724_302_051)), "another secret");
    }

    #[test]
    fn both_issuers_and_any_order_of_claims_verify() {
        let today = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJpc3MiOiJQT1JUT05FIiwic3ViIjoiU2dsZmZ5eVpnb2pFZFhXTCIs\
                     ImlhdCI6MTUxNjIzOTAyMiwiZXhwIjoxNTE2MjM5MTIyfQ.9_LzidtKMbmSvOzovC-DnUiLU8v2ghN8ATdfG5xHQEo";
        assert!(proves(today, KEY, &secret(), at(1_516_239_100)));
        let legacy = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJleHAiOjI2NDk3NjU5MDEsImlhdCI6MTY0OTc2NTkwMSwiaXNzIjoi\
                      Q0hBSVBBWSIsInN1YiI6Ik5QU2taWlllZkd5S3ZCeGkifQ.gvEydi6RunxdyyHBfrGhExxseZ5lfxuhHykf1R9rFvI";
        assert!(proves(legacy, "NPSkZZYefGyKvBxi", &secret(), at(1_649_765_901)));
    }

    #[test]
    fn only_hmac_sha256_is_taken() {
        let claims = json!({"iss": "PORTONE", "sub": KEY, "exp": NOW + 100});
        assert!(taken(&claims));
        for algorithm in [Algorithm::HS384, Algorithm::HS512] {
            assert!(!proves(&signed(algorithm, &claims), KEY, &secret(), at(NOW)), "{algorithm:?}");
        }
        // {"alg":"none"} and the claims above, without a signature and with one.
        let unsigned = signed(Algorithm::HS256, &claims);
        let (_, rest) = unsigned.split_once('.').unwrap();
        let (body, signature) = rest.split_once('.').unwrap();
        for token in
            [format!("eyJhbGciOiJub25lIn0.{body}."), format!("eyJhbGciOiJub25lIn0.{body}.{signature}")]
        {
            assert!(!proves(&token, KEY, &secret(), at(NOW)), "{token}");
        }
    }

    #[test]
    fn every_needed_claim_is_needed() {
        let good = json!({"iss": "PORTONE", "sub": KEY, "exp": NOW + 100, "aud": "anybody"});
        assert!(taken(&good));
        let fraction = format!(r#"{{"iss": "PORTONE", "sub": "{KEY}", "exp": 1700000100.25}}"#);
        assert!(taken(&serde_json::from_str(&fraction).unwrap()), "a fraction");
        assert!(taken(&json!({"iss": "PORTONE", "sub": KEY, "exp": u64::MAX})), "no longest lifetime");
        for (claim, wrong) in [
            ("iss", json!("STRIPE")),
            ("iss", json!(null)),
            ("sub", json!("NPSkZZYefGyKvBxi")),
            ("sub", json!("")),
            ("exp", json!(NOW - 61)),
            ("exp", json!(null)),
            ("exp", json!("1800000000")),
            ("exp", json!(-1)),
        ] {
            let mut claims = good.clone();
            claims[claim] = wrong.clone();
            assert!(!taken(&claims), "{claim} {wrong}");
            claims.as_object_mut().unwrap().remove(claim);
            assert!(!taken(&claims), "without {claim}");
        }
    }

    #[test]
    fn an_empty_secret_proves_nothing() {
        let claims = json!({"iss": "PORTONE", "sub": KEY, "exp": NOW + 100});
        let token = encode(&Header::new(Algorithm::HS256), &claims, &EncodingKey::from_secret(b"")).unwrap();
        assert!(!proves(&token, KEY, &"".into(), at(NOW)));
    }

    #[test]
    fn what_is_issued_is_taken_until_its_end() {
        let token = issue(KEY, &secret(), at(NOW)).unwrap();
        assert!(proves(&token, KEY, &secret(), at(NOW + ISSUED_FOR_SECONDS)));
        assert!(!proves(&token, KEY, &secret(), at(NOW + ISSUED_FOR_SECONDS + LEEWAY_SECONDS)));
    }

    #[test]
    fn rubbish_proves_nothing() {
        for token in ["", ".", "..", "a.b.c", "eyJhbGciOiJIUzI1NiJ9..", "\u{e9}.\u{e9}.\u{e9}"] {
            assert!(!proves(token, KEY, &secret(), at(NOW)), "{token:?}");
        }
    }
}
