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

/// One merchant's contract with a bank on Mastercard Gateway.
#[derive(Clone, PartialEq, Eq)]
pub struct MpgsAccount {
    /// Stands in every address and, as `merchant.<id>`, in the authentication.
    pub merchant_id: String,
    /// The API password.
    pub password: String,
    /// Sent with every notification.
    pub notification_secret: String,
}

impl fmt::Debug for MpgsAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MpgsAccount").field("merchant_id", &self.merchant_id).finish_non_exhaustive()
    }
}

/// One merchant's entity at OPPWA.
#[derive(Clone, PartialEq, Eq)]
pub struct OppwaAccount {
    /// Sent as the bearer token; several entities may have the same.
    pub access_token: String,
    /// Sent in every request.
    pub entity_id: String,
    /// Enciphers notifications: 64 hex digits.
    pub webhook_key: String,
}

impl fmt::Debug for OppwaAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OppwaAccount").field("entity_id", &self.entity_id).finish_non_exhaustive()
    }
}

/// One merchant's contract with stc pay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StcPayAccount {
    /// stc pay's number of the merchant, sent in the header `X-ClientCode`.
    pub client_code: String,
}

/// One merchant's contract with Stripe.
#[derive(Clone, PartialEq, Eq)]
pub struct StripeAccount {
    /// Sent as the bearer token.
    pub secret_key: String,
    /// Signs notifications.
    pub webhook_secret: String,
}

impl fmt::Debug for StripeAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StripeAccount").finish_non_exhaustive()
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
    /// Adyen's merchants.
    pub adyen: Vec<AdyenAccount>,
    /// MoMo's merchants.
    pub momo: Vec<MomoAccount>,
    /// Mastercard Gateway's merchants.
    pub mpgs: Vec<MpgsAccount>,
    /// stc pay's merchants.
    pub stcpay: Vec<StcPayAccount>,
    /// Stripe's merchants.
    pub stripe: Vec<StripeAccount>,
    /// OPPWA's entities.
    pub oppwa: Vec<OppwaAccount>,
    /// PayPal's merchants.
    pub paypal: Vec<PayPalAccount>,
    /// Tap's merchants.
    pub tap: Vec<TapAccount>,
}

impl Default for SandboxConfig {
    /// The test credentials that the PSPs print in their own public documentation, so that nothing need be set up:
    ///
    /// * Adyen: the names that stand for an API key in its samples, and the merchant and HMAC key of the tests of its own
    ///   libraries (<https://github.com/Adyen/adyen-node-api-library>),
    /// * MoMo: `environment.properties` (<https://github.com/momo-wallet/java>),
    /// * OPPWA: the entity and the token in the samples of
    ///   <https://hyperpay.docs.oppwa.com/tutorials/reporting/transaction>, and the key of its sample of a notification,
    /// * PayPal: the webhook of the sample in `notifications_webhooks_v1.json`
    ///   (<https://github.com/paypal/paypal-rest-api-specifications>); its client is made up,
    /// * Tap: the key in the samples of <https://developers.tap.company/reference/list-all-charges>.
    ///
    /// Mastercard, stc pay and Stripe print none for all: theirs are made up.
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
            // Mastercard prints none; these are made up, in the usual lengths.
            mpgs: vec![MpgsAccount {
                merchant_id: "TESTREDRESS01".to_owned(),
                password: "7f1d3a9c5e2b4860a1c3e5f708192a3b".to_owned(),
                notification_secret: "A1B2C3D4E5F60718293A4B5C6D7E8F90".to_owned(),
            }],
            stcpay: vec![StcPayAccount { client_code: "61000000001".to_owned() }],
            stripe: vec![StripeAccount {
                secret_key: "sk_test_sandbox".to_owned(),
                webhook_secret: "whsec_sandbox".to_owned(),
            }],
            oppwa: vec![OppwaAccount {
                access_token: "OGE4Mjk0MTc0YjdlY2IyODAxNGI5Njk5MjIwMDE1Y2N8c3k2S0pzVDg=".to_owned(),
                entity_id: "8a8294174b7ecb28014b9699220015ca".to_owned(),
                webhook_key: "000102030405060708090A0B0C0D0E0F000102030405060708090A0B0C0D0E0F".to_owned(),
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
