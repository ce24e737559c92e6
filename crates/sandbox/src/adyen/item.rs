//! What a notification tells of one refund.

use serde::Serialize;

use super::wire::Amount;

/// The item, as it is sent.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Item<'a> {
    pub(super) additional_data: AdditionalData,
    pub(super) amount: Amount,
    pub(super) event_code: &'static str,
    pub(super) event_date: String,
    pub(super) merchant_account_code: &'a str,
    pub(super) merchant_reference: &'a str,
    pub(super) original_reference: &'a str,
    pub(super) payment_method: &'static str,
    pub(super) psp_reference: &'a str,
    pub(super) reason: &'a str,
    pub(super) success: &'static str,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct AdditionalData {
    pub(super) hmac_signature: &'static str,
    /// Described for `REFUND` only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) arn: Option<String>,
}
