use super::*;

const KEY: &str = "zS83UNCPhVTqBxDHACJ30sImZRKAlzQI";
const SECRET: &str = "RoTestSecret0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMN0Z";
const REFUNDS: &str = "/orders/M948164T2023072607034709567189/refunds";
const SIGNED_AT: i64 = 1_690_344_393;
const TOLERANCE: Duration = Duration::from_secs(DEFAULT_TOLERANCE_SECS);

fn secret() -> SecretString {
    SECRET.into()
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_micros(seconds * 1_000_000)
}

fn refund(uri: &str) -> Signed<'_> {
    Signed { uri, key: KEY, timestamp: "1690344393", method: "order.refund" }
}

fn presented<'a>(signed: Signed<'a>, signature: &'a str) -> Presented<'a> {
    Presented { signed, sign_method: "HmacSHA256", sign_version: "1", signature }
}

fn check(signed: Signed<'_>, signature: &str) -> Result<(), Refused> {
    verify(&presented(signed, signature), &secret(), at(SIGNED_AT), TOLERANCE)
}

#[test]
fn the_published_vector_of_the_framework() {
    // domain-js/main, the signer's own test: key and secret with a space, an empty method.
    let signed = Signed { uri: "/users", key: "test key", timestamp: "337008447", method: "" };
    let secret: SecretString = "secret key".into();
    let node = "0iZkHO/G+ZXYFmyYBLjoxyqQYGTx20TqlaBTfk4BHmI=";
    let form = "nE8mxtzOwAwggamccD+qQe3vsvUUwXc1aIBYqRt986E=";
    assert_eq!(sign(&signed, Encoding::Node, &secret), node);
    assert_eq!(sign(&signed, Encoding::Php, &secret), form);
    assert_eq!(sign(&signed, Encoding::Python, &secret), form);
    for signature in [node, form] {
        assert_eq!(verify(&presented(signed, signature), &secret, at(337_008_447), TOLERANCE), Ok(()));
    }
}

#[test]
fn the_text_that_is_signed() {
    let expected = "key=zS83UNCPhVTqBxDHACJ30sImZRKAlzQI&method=order.refund&signMethod=HmacSHA256&signVersion=1\
                    &timestamp=1690344393&uri=%2Forders%2FM948164T2023072607034709567189%2Frefunds";
    for encoding in Encoding::ALL {
        assert_eq!(string_to_sign(&refund(REFUNDS), encoding), expected, "{encoding:?}");
    }
    assert_eq!(candidates(&refund(REFUNDS)).len(), 1, "one text, one HMAC");
}

#[test]
fn every_documented_operation_is_signed_alike_in_every_language() {
    let vectors = [
        (REFUNDS, "order.refund", "1690344393", "StdlyfDAdcErN9o5K5nECITEcUkHoNm7qUNasjjLUbs="),
        (
            "/refunds/M948164T2023072607034709567189_R1",
            "refund.detail",
            "1690344400",
            "LjA5uCGLxIOYEWep/Q3R6/GGnGDag4BIzSBshHrOvsg=",
        ),
        (
            "/orders/M948164T2023072607034709567189",
            "order.detail",
            "1690344401",
            "1rjHmUzTeXm9zfZWDhQAQtFQl0SPfuksgNcwP32r5Aw=",
        ),
        (
            "/merchants/M448726",
            "merchant.detail",
            "1672991487",
            "rYKHwY+WoFGrU2qC/cKSHFAZSY0Yn30vij5gFfU6k80=",
        ),
    ];
    for (uri, method, timestamp, signature) in vectors {
        let signed = Signed { uri, key: KEY, timestamp, method };
        for encoding in Encoding::ALL {
            assert_eq!(sign(&signed, encoding, &secret()), signature, "{method} {encoding:?}");
        }
        let now = at(timestamp.parse().unwrap());
        assert_eq!(verify(&presented(signed, signature), &secret(), now, TOLERANCE), Ok(()), "{method}");
    }
}

#[test]
fn odd_characters_are_accepted_as_any_language_encodes_them() {
    let signed = refund("/orders/A b~c(1)*/refunds");
    let node = "Od+FPrKfn9NyPkBOfMHgBTFM6wA6k0ouGo/lpM3j2Rg=";
    let python = "MVgrd/7Rdcx2FIvil+ddQgj7rvhxeApBtWSbi6QuSdM=";
    let php = "gcClhA8n0RyNW459wPyeiRkHelerjdXmkVez5OgwFzs=";
    assert_eq!(sign(&signed, Encoding::Node, &secret()), node);
    assert_eq!(sign(&signed, Encoding::Python, &secret()), python);
    assert_eq!(sign(&signed, Encoding::Php, &secret()), php);
    let java = sign(&signed, Encoding::Java, &secret());
    assert!(![node, python, php].contains(&java.as_str()));
    for signature in [node, python, php, &java] {
        assert_eq!(check(signed, signature), Ok(()), "{signature}");
    }
}

#[test]
fn java_encodes_the_uri_and_nothing_else() {
    let signed = Signed { uri: "/a b", key: "k k", timestamp: "1", method: "m" };
    let text = string_to_sign(&signed, Encoding::Java);
    assert_eq!(text, "key=k k&method=m&signMethod=HmacSHA256&signVersion=1&timestamp=1&uri=%2Fa+b");
}

#[test]
fn the_query_may_be_signed_or_left_out() {
    let with_query = refund("/orders/M1T2/refunds?trace=7");
    for uri in ["/orders/M1T2/refunds?trace=7", "/orders/M1T2/refunds"] {
        let signature = sign(&refund(uri), Encoding::Node, &secret());
        assert_eq!(check(with_query, &signature), Ok(()), "{uri}");
    }
    let other = sign(&refund("/orders/M1T2/refunds?trace=8"), Encoding::Node, &secret());
    assert_eq!(check(with_query, &other), Err(Refused::Signature));
    // A signature with a query is none for the path without it.
    let signature = sign(&with_query, Encoding::Node, &secret());
    assert_eq!(check(refund("/orders/M1T2/refunds"), &signature), Err(Refused::Signature));
}

#[test]
fn whatever_is_signed_cannot_be_changed() {
    let good = refund(REFUNDS);
    let signature = sign(&good, Encoding::Node, &secret());
    assert_eq!(check(good, &signature), Ok(()));
    let changed = [
        Signed { uri: "/orders/M948164T2023072607034709567188/refunds", ..good },
        Signed { key: "zS83UNCPhVTqBxDHACJ30sImZRKAlzQJ", ..good },
        Signed { timestamp: "1690344394", ..good },
        Signed { timestamp: "01690344393", ..good },
        Signed { method: "order.detail", ..good },
    ];
    for signed in changed {
        assert_eq!(check(signed, &signature), Err(Refused::Signature), "{signed:?}");
    }
    let other: SecretString = SECRET.replace('0', "1").into();
    let verdict = verify(&presented(good, &signature), &other, at(SIGNED_AT), TOLERANCE);
    assert_eq!(verdict, Err(Refused::Signature));
}

#[test]
fn a_signature_that_is_none_is_refused() {
    let good = sign(&refund(REFUNDS), Encoding::Node, &secret());
    let shortened = &good[..good.len() - 4];
    let unpadded = good.trim_end_matches('=');
    let doubled = format!("{good}{good}");
    let flipped = good.replacen('S', "T", 1);
    assert_ne!(flipped, good);
    for signature in ["", "=", "not base64 !", shortened, unpadded, &doubled, &flipped] {
        assert_eq!(check(refund(REFUNDS), signature), Err(Refused::Signature), "{signature:?}");
    }
}

#[test]
fn the_time_may_differ_by_the_tolerance_and_no_second_more() {
    let signature = sign(&refund(REFUNDS), Encoding::Node, &secret());
    let check = |seconds| verify(&presented(refund(REFUNDS), &signature), &secret(), at(seconds), TOLERANCE);
    assert_eq!(check(SIGNED_AT + 300), Ok(()));
    assert_eq!(check(SIGNED_AT - 300), Ok(()));
    assert_eq!(check(SIGNED_AT + 301), Err(Refused::Stale));
    assert_eq!(check(SIGNED_AT - 301), Err(Refused::Stale));
}

#[test]
fn a_timestamp_is_digits() {
    for timestamp in
        ["", "-1", "+1690344393", " 1690344393", "1690344393.0", "1e9", "99999999999999999999", "1&uri=x"]
    {
        let signed = Signed { timestamp, ..refund(REFUNDS) };
        let signature = sign(&signed, Encoding::Java, &secret());
        assert_eq!(check(signed, &signature), Err(Refused::NotATimestamp), "{timestamp:?}");
    }
    let signed = Signed { timestamp: "9223372036854775807", ..refund(REFUNDS) };
    assert_eq!(check(signed, "AAAA"), Err(Refused::Stale));
}

#[test]
fn there_is_one_method_and_one_version() {
    let signature = sign(&refund(REFUNDS), Encoding::Node, &secret());
    let good = presented(refund(REFUNDS), &signature);
    let verify = |presented: &Presented<'_>| verify(presented, &secret(), at(SIGNED_AT), TOLERANCE);
    assert_eq!(verify(&good), Ok(()));
    assert_eq!(verify(&Presented { sign_method: "HmacMD5", ..good }), Err(Refused::SignMethod));
    assert_eq!(verify(&Presented { sign_version: "2", ..good }), Err(Refused::SignVersion));
}

#[test]
fn a_notification_carries_headers_that_a_merchant_can_check() {
    let uri = "/Notification?_orderId=M948164T2023072607034709567189&_type=refund";
    let headers = callback_headers(uri, KEY, &secret(), at(1_690_371_491));
    let expected = [
        ("x-auth-signature", "FIdRmvxoWQmt07xfZbCrQXC7Y0Vxwxq/TOaalWfLRgI="),
        ("x-auth-key", KEY),
        ("x-auth-timestamp", "1690371491"),
        ("x-auth-sign-method", "HmacSHA256"),
        ("x-auth-sign-version", "1"),
    ];
    assert_eq!(headers.each_ref().map(|(name, value)| (*name, value.as_str())), expected);
}
