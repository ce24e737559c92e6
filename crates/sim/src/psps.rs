//! The eight PSPs of a run: whose accounts there are, what payments look like there, and what reads on the wire between
//! Redress and each of them.

use redress_sandbox::{
    AdyenAccount, MomoAccount, MpgsAccount, OppwaAccount, PayPalAccount, SandboxConfig, StcPayAccount,
    StripeAccount, TapAccount,
};
use serde_json::{Value, json};

/// A kind of payment: where, in what, and how it was paid.
#[derive(Debug)]
pub(crate) struct Kind {
    /// The PSP's name.
    pub(crate) psp: &'static str,
    /// ISO 4217.
    pub(crate) currency: &'static str,
    /// Decimals of the currency.
    pub(crate) decimals: u32,
    /// PortOne's channel.
    pub(crate) channel: &'static str,
    /// SGate's way of paying.
    pub(crate) method: &'static str,
}

const fn kind(
    psp: &'static str,
    (currency, decimals): (&'static str, u32),
    channel: &'static str,
    method: &'static str,
) -> Kind {
    Kind { psp, currency, decimals, channel, method }
}

/// What merchants sell through. The two PSPs that know no keys at all stand here twice.
pub(crate) static KINDS: [Kind; 13] = [
    kind("momo", ("VND", 0), "MOMOPAY", "MOMOPAY"),
    kind("tap", ("SAR", 2), "TAP", "tap"),
    kind("tap", ("KWD", 3), "TAP", "tap"),
    kind("mpgs", ("SAR", 2), "MPGS", "mastercard"),
    kind("mpgs", ("KWD", 3), "MPGS", "applePay"),
    kind("stcpay", ("SAR", 2), "STCPAY", "stcpay"),
    kind("stcpay", ("SAR", 2), "STCPAY", "stcpay"),
    kind("oppwa", ("SAR", 2), "OPPWA", "stcpay"),
    kind("stripe", ("USD", 2), "STRIPE", "card"),
    kind("stripe", ("JPY", 0), "STRIPE", "card"),
    kind("adyen", ("EUR", 2), "ADYEN", "card"),
    kind("paypal", ("USD", 2), "PAYPAL", "PAYPAL"),
    kind("paypal", ("JPY", 0), "PAYPAL", "PAYPAL"),
];

/// What follows the PSPs' address in that of an account.
pub(crate) fn path(psp: &str) -> &'static str {
    if psp == "adyen" { "/v71" } else { "" }
}

/// Whether the PSP tells of refunds by itself.
fn notifies(psp: &str) -> bool {
    !["momo", "stcpay"].contains(&psp)
}

/// Whether the PSP's sandbox plays a step here: some are about what a PSP tells, and Adyen alone tells that a refund came
/// back. Two have no word for a refusal that may pass. Stripe alone waits for funds.
///
/// Mastercard's refusal for now leaves nothing behind by which the same request would be known when it comes again: one that
/// the network doubled would be refused, and then done. It is played where nothing is `doubled`.
pub(crate) fn knows_step(psp: &str, step: &str, doubled: bool) -> bool {
    match step {
        "duplicate_notification" | "notify_before_answer" | "succeed_then_fail" => notifies(psp),
        "succeed_then_reverse" => psp == "adyen",
        "pend_for_funds" => psp == "stripe",
        "refuse_for_now" => !(["adyen", "stcpay"].contains(&psp) || psp == "mpgs" && doubled),
        _ => true,
    }
}

/// Whether the PSP takes no reference of ours, so that nothing in its ledger names a refund of Redress.
pub(crate) fn is_nameless(psp: &str) -> bool {
    psp == "stcpay"
}

/// What the sandbox tells a merchant's account apart by, where it is told once where notifications go.
pub(crate) fn told_once(psp: &str, number: usize) -> Option<String> {
    match psp {
        "adyen" => Some(merchant_account(number)),
        "oppwa" => Some(entity(number)),
        "paypal" => Some(client_id(number)),
        "stripe" => Some(stripe_key(number)),
        _ => None,
    }
}

fn merchant_account(number: usize) -> String {
    format!("ShopMerchant{number}")
}

fn entity(number: usize) -> String {
    format!("8a8294174b7ecb28014b96992200{number:04}")
}

fn client_id(number: usize) -> String {
    format!("paypal-client-{number}")
}

fn stripe_key(number: usize) -> String {
    format!("sk_test_shop{number}")
}

fn hex_key(number: usize) -> String {
    format!("{number:064X}")
}

/// The key of a merchant's account at Tap.
pub(crate) fn tap_key(number: usize) -> String {
    format!("sk_test_{number}XKokBfNWv6FIYuTMg5sLPjhJ")
}

/// The PSPs' side of all merchants.
pub(crate) fn sandbox_config(merchants: usize) -> SandboxConfig {
    fn each<T>(merchants: usize, account: impl Fn(usize) -> T) -> Vec<T> {
        (0..merchants).map(account).collect()
    }
    SandboxConfig {
        adyen: each(merchants, |number| AdyenAccount {
            api_key: format!("adyen-key-{number}"),
            merchant_account: merchant_account(number),
            hmac_key: hex_key(number),
        }),
        momo: each(merchants, |number| MomoAccount {
            partner_code: format!("MOMO{number}"),
            access_key: format!("access{number}"),
            secret_key: format!("secret{number}"),
        }),
        mpgs: each(merchants, |number| MpgsAccount {
            merchant_id: format!("TESTSHOP{number}"),
            password: format!("password{number}"),
            notification_secret: format!("secret{number}"),
        }),
        stcpay: each(merchants, |number| StcPayAccount { client_code: format!("6100000000{number}") }),
        stripe: each(merchants, |number| StripeAccount {
            secret_key: stripe_key(number),
            webhook_secret: format!("whsec_shop{number}"),
        }),
        oppwa: each(merchants, |number| OppwaAccount {
            access_token: format!("token{number}"),
            entity_id: entity(number),
            webhook_key: hex_key(number),
        }),
        paypal: each(merchants, |number| PayPalAccount {
            client_id: client_id(number),
            client_secret: format!("client-secret-{number}"),
            webhook_id: format!("WEBHOOK{number}"),
        }),
        tap: each(merchants, |number| TapAccount { secret_key: tap_key(number) }),
    }
}

/// The credentials of a merchant's account, as the sandbox takes them; where asked for, with one that it does not take.
pub(crate) fn credentials(psp: &str, number: usize, wrong: bool) -> Value {
    let tail = if wrong { "x" } else { "" };
    match psp {
        "adyen" => json!({"api_key": format!("adyen-key-{number}{tail}"),
            "merchant_account": merchant_account(number), "hmac_key": hex_key(number)}),
        "momo" => json!({"partner_code": format!("MOMO{number}"), "access_key": format!("access{number}"),
            "secret_key": format!("secret{number}{tail}")}),
        "mpgs" => json!({"merchant_id": format!("TESTSHOP{number}"),
            "password": format!("password{number}{tail}"), "notification_secret": format!("secret{number}")}),
        // All that it is given here is who the merchant is, which no account with payments can have otherwise.
        "stcpay" => json!({"client_code": format!("6100000000{number}")}),
        "stripe" => json!({"secret_key": format!("{}{tail}", stripe_key(number)),
            "webhook_secret": format!("whsec_shop{number}")}),
        "oppwa" => json!({"access_token": format!("token{number}{tail}"), "entity_id": entity(number),
            "test_mode": "EXTERNAL", "webhook_key": hex_key(number)}),
        "paypal" => json!({"client_id": client_id(number),
            "client_secret": format!("client-secret-{number}{tail}"), "webhook_id": format!("WEBHOOK{number}")}),
        _ => json!({"secret_key": format!("{}{tail}", tap_key(number))}),
    }
}

/// The PSP's id of a merchant's payment.
pub(crate) fn payment_id(psp: &str, number: usize, place: usize) -> String {
    match psp {
        "adyen" => format!("9936178949{number:02}{place:04}"),
        "momo" => format!("28200{number}{place:04}"),
        "mpgs" => format!("ORDER-{number}-{place:04}"),
        "stcpay" => format!("12626780{number}{place:04}"),
        "stripe" => format!("ch_3Lmj{number}{place:04}"),
        "oppwa" => format!("8ac7a4a09136ba280191{number:04}{place:08}"),
        "paypal" => format!("2GG279541U47{number}{place:04}"),
        _ => format!("chg_TS{number}{place:04}"),
    }
}

/// Which PSP a request goes to, by its path.
pub(crate) fn of_path(path: &str) -> &'static str {
    const STARTS: [(&str, &str); 7] = [
        ("/v71/", "adyen"),
        ("/v2/gateway/", "momo"),
        ("/api/rest/", "mpgs"),
        ("/B2B.", "stcpay"),
        ("/v1/refunds", "stripe"),
        ("/v2/refunds", "tap"),
        ("/v2/payments/", "paypal"),
    ];
    let found = STARTS.iter().find(|(start, _)| path.starts_with(start)).map(|(_, psp)| *psp);
    let of_paypal = path.starts_with("/v1/oauth2/") || path.starts_with("/v1/notifications/");
    found.unwrap_or(if of_paypal { "paypal" } else { "oppwa" })
}

/// Whether a request makes a refund at a PSP that takes two equal ones for two.
pub(crate) fn is_unkeyed_submit(method: &str, path: &str) -> bool {
    method == "POST" && (path.trim_end_matches('/') == "/v2/refunds" || path.ends_with("/RefundPayment"))
}

/// What a notification says: the PSP's id of the refund, and whether it failed; `None` where it is of no end.
pub(crate) fn told(psp: &str, body: &str, deciphered: Option<&str>) -> Option<(String, bool)> {
    let body: Value = serde_json::from_str(deciphered.unwrap_or(body)).ok()?;
    let text = |pointer: &str| body.pointer(pointer).and_then(Value::as_str);
    let (id, word) = match psp {
        "adyen" => {
            let item = "/notificationItems/0/NotificationRequestItem";
            let field = |name: &str| text(&format!("{item}/{name}"));
            let done = (field("eventCode")?, field("success")?) == ("REFUND", "true");
            (field("pspReference")?.to_owned(), if done { "done" } else { "failed" })
        }
        "mpgs" => {
            let (merchant, order) = (text("/merchant")?, text("/order/id")?);
            (format!("{merchant}/{order}/{}", text("/transaction/id")?), text("/result")?)
        }
        "oppwa" => {
            let code = text("/payload/result/code")?;
            let word = match code.split('.').next() {
                _ if code.starts_with("000.200") => "pending",
                Some("000") => "done",
                _ => "failed",
            };
            (text("/payload/id")?.to_owned(), word)
        }
        "paypal" => (text("/resource/id")?.to_owned(), text("/resource/status")?),
        "stripe" => (text("/data/object/id")?.to_owned(), text("/data/object/status")?),
        _ => (text("/id")?.to_owned(), text("/status")?),
    };
    match word {
        "done" | "SUCCESS" | "COMPLETED" | "succeeded" | "REFUNDED" => Some((id, false)),
        "failed" | "FAILURE" | "FAILED" => Some((id, true)),
        _ => None,
    }
}

/// Opens what OPPWA sends to a merchant: AES-256-GCM, all of it hexadecimal.
pub(crate) fn deciphered(number: usize, vector: &str, tag: &str, body: &str) -> Option<String> {
    use aes_gcm::aead::AeadInPlace;
    use aes_gcm::{Aes256Gcm, KeyInit, Nonce, Tag};
    let key = hex::decode(hex_key(number)).ok()?;
    let (vector, tag) = (hex::decode(vector).ok()?, hex::decode(tag).ok()?);
    let mut bytes = hex::decode(body).ok()?;
    let cipher = Aes256Gcm::new_from_slice(&key).ok()?;
    let (nonce, tag) = (Nonce::from_slice(&vector), Tag::from_slice(&tag));
    cipher.decrypt_in_place_detached(nonce, b"", &mut bytes, tag).ok()?;
    String::from_utf8(bytes).ok()
}
