//! MoMo's JSON (<https://developers.momo.vn/v3/docs/payment/api/payment-api/refund>).

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// `POST /v2/gateway/api/refund`. Amounts are whole dong.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RefundRequest<'a> {
    pub(super) partner_code: &'a str,
    pub(super) order_id: &'a str,
    pub(super) request_id: &'a str,
    pub(super) amount: i64,
    pub(super) trans_id: i64,
    pub(super) lang: &'static str,
    pub(super) description: &'a str,
    pub(super) signature: String,
}

/// `POST /v2/gateway/api/refund/query`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct QueryRequest<'a> {
    pub(super) partner_code: &'a str,
    pub(super) order_id: &'a str,
    pub(super) request_id: &'a str,
    pub(super) lang: &'static str,
    pub(super) signature: String,
}

/// The answer to either. MoMo does not sign it, so what it echoes is all that ties it to the question.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Answer<'a> {
    #[serde(borrow)]
    pub(super) result_code: &'a RawValue,
    #[serde(default)]
    pub(super) message: Option<String>,
    #[serde(default)]
    pub(super) order_id: Option<String>,
    #[serde(default)]
    pub(super) request_id: Option<String>,
    #[serde(default, borrow)]
    pub(super) amount: Option<&'a RawValue>,
    #[serde(default, borrow)]
    pub(super) trans_id: Option<&'a RawValue>,
    #[serde(default, borrow)]
    pub(super) refund_trans: Option<Vec<RefundTrans<'a>>>,
}

/// A refund as MoMo shows it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RefundTrans<'a> {
    pub(super) order_id: String,
    #[serde(borrow)]
    pub(super) amount: &'a RawValue,
    #[serde(borrow)]
    pub(super) result_code: &'a RawValue,
    #[serde(default, borrow)]
    pub(super) trans_id: Option<&'a RawValue>,
}
