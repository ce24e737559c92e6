//! Whose requests the sandbox accepts.

use std::fmt;

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

/// One merchant's REST app at PayPal.
#[derive(Clone, PartialEq, Eq)]
pub struct PayPalAccount {
    /// Names the app.
    pub client_id: String,
    /// Gets access tokens, and stands in for PayPal's own key when notifications are signed.
    pub client_secret: String,
    /// PayPal's name for the address of the app's notifications.
    pub webhook_id: String,
}

impl fmt::Debug for PayPalAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PayPalAccount").field("client_id", &self.client_id).finish_non_exhaustive()
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
    /// MoMo's merchants.
    pub momo: Vec<MomoAccount>,
    /// PayPal's merchants.
    pub paypal: Vec<PayPalAccount>,
    /// Tap's merchants.
    pub tap: Vec<TapAccount>,
}

impl Default for SandboxConfig {
    /// The test credentials that the PSPs print in their own public documentation, so that nothing need be set up:
    /// MoMo's `environment.properties` (<https://github.com/momo-wallet/java>) and the key in the samples of
    /// <https://developers.tap.company/reference/list-all-charges>. PayPal prints none: its client is made up, and the
    /// webhook is that of the sample in `notifications_webhooks_v1.json`
    /// (<https://github.com/paypal/paypal-rest-api-specifications>).
    fn default() -> SandboxConfig {
        SandboxConfig {
            momo: vec![MomoAccount {
                partner_code: "MOMO".to_owned(),
                access_key: "F8BBA842ECF85".to_owned(),
                secret_key: "K951B6PE1waDMi640xX08PD3vg6EkVlz".to_owned(),
            }],
            paypal: vec![PayPalAccount {
                client_id: "sandbox-paypal-client".to_owned(),
                client_secret: "sandbox-paypal-client-secret".to_owned(),
                webhook_id: "1JE4291016473214C".to_owned(),
            }],
            tap: vec![TapAccount { secret_key: "sk_test_XKokBfNWv6FIYuTMg5sLPjhJ".to_owned() }],
        }
    }
}
