//! Ids: one text an id, and one id a text.

use redress_core::id::{AccountId, CaseId, EndpointId, KeyId, MerchantId, PaymentId, ProcessId, RefundId};

macro_rules! is_the_text_of_its_id {
    ($text:ident, $($kind:ty),*) => {{
        let mut kinds = 0;
        $(if let Ok(id) = <$kind>::parse($text) {
            kinds += 1;
            assert_eq!(id.to_string(), $text);
            assert_eq!(<$kind>::from_bytes(*id.as_bytes()), id);
        })*
        assert!(kinds <= 1, "{:?} is an id of {kinds} kinds", $text);
    }};
}

pub(super) fn run(input: &[u8]) {
    if let Ok(bytes) = <[u8; 16]>::try_from(input) {
        let id = RefundId::from_bytes(bytes);
        assert_eq!(RefundId::parse(&id.to_string()), Ok(id));
        assert_eq!(RefundId::from_psp_key(&id.psp_key()), Some(id));
        assert_eq!(RefundId::from_base62(&id.to_base62()), Ok(id));
    }
    let Ok(text) = std::str::from_utf8(input) else { return };
    is_the_text_of_its_id!(
        text, MerchantId, PaymentId, RefundId, AccountId, EndpointId, KeyId, CaseId, ProcessId
    );
    if let Some(id) = RefundId::from_psp_key(text) {
        assert_eq!(id.psp_key(), text);
    }
    if let Ok(id) = RefundId::from_base62(text) {
        assert_eq!(id.to_base62(), text);
    }
}
