//! MoMo's signature: HMAC-SHA256 over the fields of a request, in alphabetical order, as they are (UTF-8, no URL
//! encoding), keyed by the secret key, in lower-case hex. The access key is signed and not sent.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;

use crate::config::MomoAccount;

/// The text a refund request is signed over.
pub(crate) fn refund_text(
    account: &MomoAccount,
    amount: i64,
    description: &str,
    order_id: &str,
    request_id: &str,
    trans_id: i64,
) -> String {
    let (access_key, partner_code) = (&account.access_key, &account.partner_code);
    format!(
        "accessKey={access_key}&amount={amount}&description={description}&orderId={order_id}&partnerCode={partner_code}\
         &requestId={request_id}&transId={trans_id}"
    )
}

/// The text both queries are signed over.
pub(crate) fn query_text(account: &MomoAccount, order_id: &str, request_id: &str) -> String {
    let (access_key, partner_code) = (&account.access_key, &account.partner_code);
    format!("accessKey={access_key}&orderId={order_id}&partnerCode={partner_code}&requestId={request_id}")
}

/// The signature of a text.
pub(crate) fn signature(account: &MomoAccount, text: &str) -> String {
    let mut mac =
        Hmac::<Sha256>::new_from_slice(account.secret_key.as_bytes()).expect("HMAC takes keys of any length");
    mac.update(text.as_bytes());
    hex::encode(mac.finalize().into_bytes())
}

/// Whether this is the signature of the text.
pub(crate) fn is_signature(account: &MomoAccount, text: &str, given: &str) -> bool {
    signature(account, text).as_bytes().ct_eq(given.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::{is_signature, query_text, refund_text, signature};
    use crate::config::SandboxConfig;

    #[test]
    fn the_vectors_of_the_public_test_key() {
        let account = &SandboxConfig::default().momo[0];
        let empty = refund_text(account, 55_000, "", "RF-1527297954700", "1527314064527", 144_492_817);
        assert_eq!(
            empty,
            "accessKey=F8BBA842ECF85&amount=55000&description=&orderId=RF-1527297954700&partnerCode=MOMO\
             &requestId=1527314064527&transId=144492817"
        );
        assert_eq!(
            signature(account, &empty),
            "5c3ebb0a1807786b1925a6ab2fa3f8e8c676450929080c9f2a3f0f711b1bd319"
        );
        let description = "Hoàn tiền đơn hàng 42";
        let request_id = "7f9c2f1e-7c1e-4d6e-9a55-0c6c0f5b9a01";
        let vietnamese = refund_text(account, 50_000, description, "RF-42-1", request_id, 2_820_086_739);
        assert_eq!(
            signature(account, &vietnamese),
            "e3372734785e89e695e20334f9e6299d0b7f80b82919f18cc63e44d81e33263f"
        );
        let query = query_text(account, "RF-42-1", "7f9c2f1e-7c1e-4d6e-9a55-0c6c0f5b9a02");
        let query_signature = "b73025c95d95528cbf2e8aad532b01f854be48497080bcc67914e68fbbb574a7";
        assert_eq!(signature(account, &query), query_signature);
        assert!(is_signature(account, &query, query_signature));
        assert!(!is_signature(account, &query, &query_signature.to_uppercase()));
        assert!(!is_signature(account, &query, ""));
    }
}
