//! SGate's callback: a GET to the merchant's address with `_orderId` and `_type=refund` appended
//! (<https://docs.sgate.sa/en/payinApi/callBack/callBack.html>). It tells of successes only and says no more than that
//! something happened: the merchant asks, and answers `COMPLETED::{order id}`.
//!
//! It carries the `x-auth-*` headers with which an older sample server checks it
//! ([`crate::signing::sgate::callback_headers`]).

use http::{HeaderName, Method};
use redress_core::time::Timestamp;
use redress_psp::transport::HttpRequest;
use secrecy::SecretString;
use url::Url;

use super::message::{Message, NotSendable, Taken, Told};
use crate::signing::sgate::callback_headers;

/// An SGate key, as it signs.
pub(super) struct Signer {
    pub(super) key: String,
    pub(super) secret: SecretString,
}

/// Builds the callback to an address.
pub(super) fn message(
    told: &Told<'_>,
    address: &str,
    signer: &Signer,
    now: Timestamp,
) -> Result<Message, NotSendable> {
    let order = &told.payment.order_ref;
    let url = callback_url(address, order)?;
    // Signed is what crosses the wire, after the address was put in its normal form.
    let uri = &url[url::Position::BeforePath..];
    let mut request = HttpRequest::new(Method::GET, url.as_str());
    for (name, value) in callback_headers(uri, &signer.key, &signer.secret, now) {
        request = request.header(HeaderName::from_static(name), value);
    }
    Ok(Message { request, taken: Taken::Text(format!("COMPLETED::{order}")) })
}

/// The address with the order appended. A fragment would not be sent, so it is dropped.
fn callback_url(address: &str, order: &str) -> Result<Url, NotSendable> {
    let mut url =
        Url::parse(address).map_err(|error| NotSendable(format!("the address is no URL: {error}")))?;
    url.set_fragment(None);
    url.query_pairs_mut().append_pair("_orderId", order).append_pair("_type", "refund");
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_is_appended_to_whatever_the_address_has() {
        let built = |address| callback_url(address, "M1T2").unwrap().to_string();
        for (address, expected) in [
            ("https://shop.example", "https://shop.example/?_orderId=M1T2&_type=refund"),
            ("https://shop.example/n", "https://shop.example/n?_orderId=M1T2&_type=refund"),
            ("https://shop.example/n?", "https://shop.example/n?_orderId=M1T2&_type=refund"),
            ("https://shop.example/n?a=%20b+c", "https://shop.example/n?a=%20b+c&_orderId=M1T2&_type=refund"),
            ("https://shop.example/n#top", "https://shop.example/n?_orderId=M1T2&_type=refund"),
            ("https://shop.example/n?a=1#top", "https://shop.example/n?a=1&_orderId=M1T2&_type=refund"),
        ] {
            assert_eq!(built(address), expected);
        }
        let odd = callback_url("https://shop.example/", "a&_type=payment#x").unwrap();
        assert_eq!(odd.query(), Some("_orderId=a%26_type%3Dpayment%23x&_type=refund"));
        assert!(callback_url("no address", "M1T2").is_err());
    }
}
