//! Whose requests the sandbox accepts.

use std::fmt;

/// One merchant's contract with Adyen.
#[derive(Clone, PartialEq, Eq)]
pub struct AdyenAccount {
    /// Sent in every request.
    pub api_key: String,
    /// Adyen's name for the merchant, sent in every request and in every notification.
    pub merchant_account: String,
    /// Signs notifications; hexadecimal.
    pub hmac_key: String,
}

impl fmt::Debug for AdyenAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AdyenAccount")
            .field("merchant_account", &self.merchant_account)
            .finish_non_exhaustive()
    }
}

/// One merchant's contract with MoMo.
#[derive(Clone, PartialEq, Eq)]
pub struct MomoAccount {
    /// MoMo's name for the merchant, sent in every request.
    pub partner_code: String,
    /// Part of the signed text, never sent.
    pub access_key: String,
    /// Signs.
    pub secret_key: String,
}

impl fmt::Debug for MomoAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MomoAccount").field("partner_code", &self.partner_code).finish_non_exhaustive()
    }
}

/// One merchant's contract with Tap.
#[derive(Clone, PartialEq, Eq)]
pub struct TapAccount {
    /// Sent as the bearer token, and signs notifications.
    pub secret_key: String,
}

impl fmt::Debug for TapAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TapAccount").finish_non_exhaustive()
    }
}

/// The accounts that the sandbox accepts. Refunds belong to the account that asked for them; payments belong to all
/// of a PSP's accounts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SandboxConfig {
    /// Adyen's merchants.
    pub adyen: Vec<AdyenAccount>,
    /// MoMo's merchants.
    pub momo: Vec<MomoAccount>,
    /// Tap's merchants.
    pub tap: Vec<TapAccount>,
}

impl Default for SandboxConfig {
    /// The test credentials that the PSPs print in their own public documentation, so that nothing need be set up:
    /// MoMo's `environment.properties` (<https://github.com/momo-wallet/java>) and the key in the samples of
    /// <https://developers.tap.company/reference/list-all-charges>. Adyen prints no API key: its account has the names that
    /// stand for one in its samples, and the merchant and HMAC key of the tests of its own libraries
    /// (<https://github.com/Adyen/adyen-node-api-library>).
    fn default() -> SandboxConfig {
        SandboxConfig {
            adyen: vec![AdyenAccount {
                api_key: "ADYEN_API_KEY".to_owned(),
                merchant_account: "TestMerchant".to_owned(),
                hmac_key: "44782DEF547AAA06C910C43932B1EB0C71FC68D9D0C057550C48EC2ACF6BA056".to_owned(),
            }],
            momo: vec![MomoAccount {
                partner_code: "MOMO".to_owned(),
                access_key: "F8BBA842ECF85".to_owned(),
                secret_key: "K951B6PE1waDMi640xX08PD3vg6EkVlz".to_owned(),
            }],
            tap: vec![TapAccount { secret_key: "sk_test_XKokBfNWv6FIYuTMg5sLPjhJ".to_owned() }],
        }
    }
}
