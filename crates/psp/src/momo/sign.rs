//! MoMo's signatures: HMAC-SHA256 over a text of all signed fields, as lower-case hex.
//!
//! Texts: <https://developers.momo.vn/v3/docs/payment/api/payment-api/refund>; that of the refund query has the keys of
//! <https://developers.momo.vn/v3/docs/payment/api/payment-api/query>. Values are raw UTF-8, never URL-encoded.

use super::wire::RefundRequest;
use crate::account::{AccountConfig, AccountConfigError};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// A merchant's keys at MoMo.
pub(super) struct Keys<'a> {
    pub(super) partner_code: &'a str,
    pub(super) access_key: &'a str,
    secret_key: &'a str,
}

impl<'a> Keys<'a> {
    pub(super) fn of(account: &'a AccountConfig) -> Result<Self, AccountConfigError> {
        Ok(Self {
            partner_code: account.credentials.need("partner_code")?,
            access_key: account.credentials.need("access_key")?,
            secret_key: account.credentials.need("secret_key")?,
        })
    }

    /// Signs a refund.
    pub(super) fn refund(&self, body: &RefundRequest<'_>) -> String {
        let Self { access_key, .. } = self;
        let RefundRequest { partner_code, order_id, request_id, amount, trans_id, description, .. } = body;
        self.hex(&format!(
            "accessKey={access_key}&amount={amount}&description={description}&orderId={order_id}\
             &partnerCode={partner_code}&requestId={request_id}&transId={trans_id}"
        ))
    }

    /// Signs a question about a refund.
    pub(super) fn query(&self, key: &str, request_id: &str) -> String {
        let Self { access_key, partner_code, .. } = self;
        self.hex(&format!(
            "accessKey={access_key}&orderId={key}&partnerCode={partner_code}&requestId={request_id}"
        ))
    }

    fn hex(&self, text: &str) -> String {
        let mut mac = Hmac::<Sha256>::new_from_slice(self.secret_key.as_bytes())
            .expect("HMAC takes a key of any length");
        mac.update(text.as_bytes());
        hex::encode(mac.finalize().into_bytes())
    }
}
