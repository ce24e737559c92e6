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

/// The accounts that the sandbox accepts. Refunds belong to the account that asked for them; payments belong to all
/// of a PSP's accounts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SandboxConfig {
    /// MoMo's merchants.
    pub momo: Vec<MomoAccount>,
    /// OPPWA's entities.
    pub oppwa: Vec<OppwaAccount>,
    /// Tap's merchants.
    pub tap: Vec<TapAccount>,
}

impl Default for SandboxConfig {
    /// The test credentials that the PSPs print in their own public documentation, so that nothing need be set up:
    /// MoMo's `environment.properties` (<https://github.com/momo-wallet/java>), the key in the samples of
    /// <https://developers.tap.company/reference/list-all-charges>, the entity and the token in those of
    /// <https://hyperpay.docs.oppwa.com/tutorials/reporting/transaction>, and the key with which OPPWA's sample of a
    /// notification is enciphered.
    fn default() -> SandboxConfig {
        SandboxConfig {
            momo: vec![MomoAccount {
                partner_code: "MOMO".to_owned(),
                access_key: "F8BBA842ECF85".to_owned(),
                secret_key: "K951B6PE1waDMi640xX08PD3vg6EkVlz".to_owned(),
            }],
            oppwa: vec![OppwaAccount {
                access_token: "OGE4Mjk0MTc0YjdlY2IyODAxNGI5Njk5MjIwMDE1Y2N8c3k2S0pzVDg=".to_owned(),
                entity_id: "8a8294174b7ecb28014b9699220015ca".to_owned(),
                webhook_key: "000102030405060708090A0B0C0D0E0F000102030405060708090A0B0C0D0E0F".to_owned(),
            }],
            tap: vec![TapAccount { secret_key: "sk_test_XKokBfNWv6FIYuTMg5sLPjhJ".to_owned() }],
        }
    }
}
