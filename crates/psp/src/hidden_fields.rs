//! The fields of PSPs' JSON whose values are never kept: secrets, signatures, and what is shown of a customer's card,
//! account or person. What evidence of a refund needs stays: sums, ids, statuses, reference numbers and reasons.

use crate::secrets::HIDDEN;
use std::fmt::Write;

/// The names, as [`plain_name`] writes them. Whatever the value is, it is hidden whole: a text, a number, or an object or
/// a list with all that is in it.
const HIDDEN_FIELDS: &[&str] = &[
    // Secrets and signatures.
    "accesskey",
    "accesstoken",
    "authorization",
    "callbacktoken",
    "clientsecret",
    "hash",
    "hashstring",
    "hmacsignature",
    "password",
    "secret",
    "secretkey",
    "signature",
    "token",
    "transmissionsig",
    // Cards, and what stands for one: `bin` and `number` are also Adyen's `card.bin` and OPPWA's and Mastercard's
    // `card.number`; `expiry` is a text at PayPal and an object at Mastercard Gateway and Tap.
    "bin",
    "cardaltid",
    "cardbin",
    "cardholder",
    "cardholdername",
    "cardno",
    "cardnumber",
    "cardsummary",
    "cvc",
    "cvv",
    "devicespecificexpiry",
    "devicespecificnumber",
    "expiry",
    "expirydate",
    "expirymonth",
    "expiryyear",
    "expmonth",
    "expyear",
    "fingerprint",
    "first6",
    "firsteight",
    "firstsix",
    "holder",
    "issuerbin",
    "last4",
    "last4digits",
    "lastdigits",
    "lastfour",
    "maskedcardnumber",
    "maskedpan",
    "nameoncard",
    "number",
    "pan",
    "paymentaccountreference",
    "paymentmethoddetails",
    "paymentsource",
    "recurringdetailreference",
    "securitycode",
    "storedpaymentmethodid",
    "tokenid",
    // Accounts at a bank or a wallet.
    "accountnumber",
    "bankaccount",
    "bankaccountholder",
    "bankaccountnumber",
    "bic",
    "iban",
    "partnerclientid",
    "routingnumber",
    "virtualaccount",
    // People, and where they are: `customer` is an object at Mastercard Gateway, OPPWA and Tap, `payer` at PayPal,
    // `userInfo` at MoMo; `billing` and `shipping` are objects at Mastercard Gateway and OPPWA.
    "address",
    "alias",
    "billing",
    "billingaddress",
    "billingdetails",
    "birthdate",
    "customer",
    "customeremail",
    "customerip",
    "customermobile",
    "customername",
    "customerphone",
    "dateofbirth",
    "deliveryaddress",
    "email",
    "emailaddress",
    "emailsentto",
    "familyname",
    "firstname",
    "fullname",
    "givenname",
    "instructionsemail",
    "ip",
    "ipaddress",
    "lastname",
    "middlename",
    "mobile",
    "mobileno",
    "mobilenumber",
    "mobilephone",
    "ownername",
    "payer",
    "payeremail",
    "payername",
    "phone",
    "phonenumber",
    "receiptemail",
    "shipping",
    "shippingaddress",
    "shopperemail",
    "shopperip",
    "shoppername",
    "shopperreference",
    "shoppertelephone",
    "socialsecuritynumber",
    "surname",
    "telephonenumber",
    "userinfo",
];

/// An object in which a plain `name` is that of a person (Tap's card). Elsewhere it may be the name of an error (PayPal).
const CARD: &str = "card";

/// Replaces the values of hidden fields wherever they stand, also in what is no whole JSON document.
pub(crate) fn hide_fields(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    // What is left after the card that is being read; a card in a card is part of the outer one.
    let mut after_card = text.len();
    while let Some(start) = rest.find('"') {
        let (before, quoted) = rest.split_at(start);
        out.push_str(before);
        let (name, after) = quoted.split_at(quoted_bytes(quoted));
        out.push_str(name);
        rest = after;
        let colon = after.trim_start();
        let Some(value) = colon.strip_prefix(':').map(str::trim_start) else { continue };
        let name = plain_name(name);
        let in_card = value.len() > after_card && after_card < text.len();
        if is_hidden(&name) || (in_card && name == "name") {
            let bytes = value_bytes(value);
            if bytes > 0 {
                let _ = write!(out, ":\"{HIDDEN}\"");
                rest = &value[bytes..];
            }
        } else if name == CARD && value.starts_with('{') && !in_card {
            after_card = value.len() - value_bytes(value);
        }
    }
    out.push_str(rest);
    out
}

/// A name in lower case, without quotes and without what joins words: PSPs write `last_four` and `lastFour`.
fn plain_name(quoted: &str) -> String {
    let letters = quoted.chars().filter(|letter| !matches!(letter, '"' | '_' | '-' | ' '));
    letters.map(|letter| letter.to_ascii_lowercase()).collect()
}

/// Whether a name, or a part of one with dots, is hidden: Adyen writes a card's number as `card.bin`, a town as
/// `billingAddress.city`.
fn is_hidden(name: &str) -> bool {
    name.split('.').any(|part| HIDDEN_FIELDS.contains(&part))
}

/// The length of the JSON value at the beginning; 0 for `null`, `true` and `false`, which tell nothing.
fn value_bytes(text: &str) -> usize {
    match text.as_bytes().first() {
        Some(b'"') => quoted_bytes(text),
        Some(b'{' | b'[') => nested_bytes(text),
        Some(b'-' | b'0'..=b'9') => {
            let is_of_number = |byte: &u8| byte.is_ascii_digit() || b"+-.eE".contains(byte);
            text.bytes().take_while(is_of_number).count()
        }
        _ => 0,
    }
}

/// The length of the JSON text at the beginning, its quotes included; all there is where it has no end.
fn quoted_bytes(text: &str) -> usize {
    let mut escaped = false;
    for (at, byte) in text.bytes().enumerate().skip(1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// The length of the JSON object or list at the beginning; all there is where it has no end.
fn nested_bytes(text: &str) -> usize {
    let bytes = text.as_bytes();
    let (mut at, mut depth) = (0, 0_usize);
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => {
                at += quoted_bytes(&text[at..]);
                continue;
            }
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        at += 1;
        if depth == 0 {
            return at;
        }
    }
    text.len()
}

#[cfg(test)]
mod tests;
