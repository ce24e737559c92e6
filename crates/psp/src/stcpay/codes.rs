//! What stc pay's codes mean for a refund.
//!
//! The table is that of <https://github.com/shazzad/woocommerce-gateway-stcpay>, which has it for payments. That a code
//! refuses a refund before anything was done is inferred from its text.

/// Whether a code says that the refund was not and will not be done: format (2001), a rule of the business (2003), merchant
/// not found (2004), no such payment (2006), payment expired (2026) or cancelled (2027), merchant's id missing (2033),
/// merchant not active (2034), merchant's id wrong (2035), sum wrong (2036).
///
/// 2000, "an error occurred", does not say that nothing was done; nor does any code that speaks of other things.
pub(super) fn refuses(code: u32) -> bool {
    matches!(code, 2001 | 2003 | 2004 | 2006 | 2026 | 2027 | 2033..=2036)
}

/// Whether a code says that we are not who we say we are.
pub(super) fn says_merchant(code: u32) -> bool {
    matches!(code, 2004 | 2033..=2035)
}

/// Whether a code says that there is no such payment.
pub(super) fn says_no_payment(code: u32) -> bool {
    code == 2006
}
