//! The `hashstring` of a notification: HMAC-SHA256 over a text made of the object's fields, keyed by the secret key,
//! in lower-case hex. Source: <https://developers.tap.company/docs/webhook>.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// The fields that are signed, as they are printed in the object; what is missing there is empty here.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Signed<'a> {
    pub(crate) id: &'a str,
    /// With all of the currency's decimals.
    pub(crate) amount: &'a str,
    pub(crate) currency: &'a str,
    pub(crate) gateway_reference: &'a str,
    pub(crate) payment_reference: &'a str,
    pub(crate) status: &'a str,
    pub(crate) created: &'a str,
}

impl Signed<'_> {
    pub(crate) fn text(&self) -> String {
        let Signed { id, amount, currency, gateway_reference, payment_reference, status, created } = self;
        format!(
            "x_id{id}x_amount{amount}x_currency{currency}x_gateway_reference{gateway_reference}\
             x_payment_reference{payment_reference}x_status{status}x_created{created}"
        )
    }
}

/// The `hashstring` of the text.
pub(crate) fn hashstring(secret_key: &str, text: &str) -> String {
    let mut mac =
        Hmac::<Sha256>::new_from_slice(secret_key.as_bytes()).expect("HMAC takes keys of any length");
    mac.update(text.as_bytes());
    hex::encode(mac.finalize().into_bytes())
}

#[cfg(test)]
mod tests {
    use super::{Signed, hashstring};

    const KEY: &str = "sk_test_XKokBfNWv6FIYuTMg5sLPjhJ";

    #[test]
    fn the_vectors_of_the_documented_test_key() {
        let mut signed = Signed {
            id: "re_TS02A5720231234Xy120612345",
            amount: "10.00",
            currency: "SAR",
            gateway_reference: "",
            payment_reference: "5720231234061234567",
            status: "REFUNDED",
            created: "1699943940123",
        };
        assert_eq!(
            signed.text(),
            "x_idre_TS02A5720231234Xy120612345x_amount10.00x_currencySARx_gateway_reference\
             x_payment_reference5720231234061234567x_statusREFUNDEDx_created1699943940123"
        );
        assert_eq!(
            hashstring(KEY, &signed.text()),
            "329d5cb659a18f8c025f2cce9c36017b25ff5c44fce9e4e8c167c21e8fc73295"
        );
        (signed.amount, signed.currency, signed.gateway_reference) = ("1.500", "KWD", "123456789");
        assert_eq!(
            hashstring(KEY, &signed.text()),
            "f40c13afdb918a2ddf1798b394e4771c8ff44e1601b41bf1cabc5419f24e467d"
        );
        let charge = "x_idchg_TS05A4120230736x9K22710693x_amount1.00x_currencySAR\
                      x_gateway_referencemada_pg70983e7a-a686-40ba-83e2-c5e9f4074fe5\
                      x_payment_reference4327230736106619650x_statusCAPTUREDx_created1698392202943";
        assert_eq!(
            hashstring(KEY, charge),
            "a5335ad4bf54b5304821eba79c74943daba772b7cae882d743257868698639f5"
        );
    }
}
