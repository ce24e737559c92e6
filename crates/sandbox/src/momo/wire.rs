//! MoMo's JSON.

use std::collections::BTreeMap;

use axum::http::StatusCode;
use serde::Serialize;
use serde_json::value::RawValue;

use crate::reply::Reply;
use crate::state::{Refund, StateError};

/// Longest `orderId` and `requestId`, in characters.
const ID_CHARS_MAX: usize = 50;

/// A `resultCode`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Code(i64);

impl Code {
    pub(crate) const DONE: Code = Code(0);
    pub(crate) const UNKNOWN_PARTNER: Code = Code(11);
    pub(crate) const BAD_SIGNATURE: Code = Code(13);
    pub(crate) const BAD_FORMAT: Code = Code(20);
    pub(crate) const BAD_AMOUNT: Code = Code(22);
    pub(crate) const DUPLICATE_REQUEST: Code = Code(40);
    pub(crate) const DUPLICATE_ORDER: Code = Code(41);
    pub(crate) const NOT_FOUND: Code = Code(42);
    pub(crate) const REFUND_FAILED: Code = Code(1080);
    pub(crate) const OVER_REFUND: Code = Code(1081);
    pub(crate) const NOT_ELIGIBLE: Code = Code(1088);
    pub(crate) const RUNNING: Code = Code(7000);
    pub(crate) const AT_PROVIDER: Code = Code(7002);

    pub(crate) fn of(number: i64) -> Code {
        Code(number)
    }

    pub(crate) fn number(self) -> i64 {
        self.0
    }

    /// Whether MoMo flags it final, so that a repeated request gets the same answer again.
    pub(crate) fn is_final(self) -> bool {
        matches!(self, Code::DONE | Code::REFUND_FAILED | Code::OVER_REFUND | Code::NOT_ELIGIBLE)
    }

    pub(crate) fn http(self) -> StatusCode {
        match self {
            Code::RUNNING => StatusCode::UNPROCESSABLE_ENTITY,
            Code(11..=47) => StatusCode::BAD_REQUEST,
            _ => StatusCode::OK,
        }
    }

    pub(crate) fn message(self) -> &'static str {
        match self {
            Code::DONE => "Successful.",
            Code::UNKNOWN_PARTNER => "Access denied.",
            Code::BAD_SIGNATURE => "Merchant authentication failed.",
            Code::BAD_FORMAT => "Bad format request.",
            Code::BAD_AMOUNT => "The amount is out of range.",
            Code::DUPLICATE_REQUEST => "Duplicated requestId.",
            Code::DUPLICATE_ORDER => "Duplicated orderId.",
            Code::NOT_FOUND => "The orderId or transId was not found.",
            Code::REFUND_FAILED => "The refund failed while it was processed.",
            Code::OVER_REFUND => "Already refunded, or more than can be refunded.",
            Code::NOT_ELIGIBLE => "The payment cannot be refunded.",
            Code::RUNNING => "The request is being processed.",
            Code::AT_PROVIDER => "The provider of the payment method is processing the request.",
            _ => "Refused.",
        }
    }
}

/// The fields of a request body, each still as its text.
#[derive(Debug)]
pub(crate) struct Fields(BTreeMap<String, Box<RawValue>>);

impl Fields {
    pub(crate) fn read(body: &[u8]) -> Result<Fields, Code> {
        serde_json::from_slice(body).map(Fields).map_err(|_| Code::BAD_FORMAT)
    }

    pub(crate) fn text(&self, name: &str) -> Result<String, Code> {
        let raw = self.0.get(name).ok_or(Code::BAD_FORMAT)?;
        serde_json::from_str(raw.get()).map_err(|_| Code::BAD_FORMAT)
    }

    /// A JSON whole number; MoMo's `long`.
    pub(crate) fn long(&self, name: &str) -> Result<i64, Code> {
        let raw = self.0.get(name).ok_or(Code::BAD_FORMAT)?;
        serde_json::from_str(raw.get()).map_err(|_| Code::BAD_FORMAT)
    }

    /// An `orderId` or `requestId`: `^[0-9a-zA-Z]([-_.]*[0-9a-zA-Z]+)*$`, at most 50 characters.
    pub(crate) fn id(&self, name: &str) -> Result<String, Code> {
        let id = self.text(name)?;
        let bytes = id.as_bytes();
        let ends_well = [bytes.first(), bytes.last()]
            .iter()
            .all(|end| end.is_some_and(|byte| byte.is_ascii_alphanumeric()));
        let is_clean = bytes.iter().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(byte));
        if ends_well && is_clean && bytes.len() <= ID_CHARS_MAX { Ok(id) } else { Err(Code::BAD_FORMAT) }
    }

    /// `lang` must be there and be one of two.
    pub(crate) fn lang(&self) -> Result<(), Code> {
        match self.text("lang")?.as_str() {
            "vi" | "en" => Ok(()),
            _ => Err(Code::BAD_FORMAT),
        }
    }
}

/// The answer to a refund request.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RefundAnswer<'a> {
    pub(crate) partner_code: &'a str,
    pub(crate) order_id: &'a str,
    pub(crate) request_id: &'a str,
    pub(crate) amount: i64,
    /// MoMo's id of the refund; 0 when there is none.
    pub(crate) trans_id: i64,
    pub(crate) result_code: i64,
    pub(crate) message: &'static str,
    pub(crate) response_time: i64,
}

impl<'a> RefundAnswer<'a> {
    pub(crate) fn about(
        refund: &'a Refund,
        request_id: &'a str,
        code: Code,
        now_ms: i64,
    ) -> RefundAnswer<'a> {
        RefundAnswer {
            partner_code: &refund.account,
            order_id: &refund.key,
            request_id,
            amount: refund.amount_minor,
            trans_id: refund.refund.parse().unwrap_or(0),
            result_code: code.number(),
            message: code.message(),
            response_time: now_ms,
        }
    }

    pub(crate) fn reply(&self) -> Result<Reply, StateError> {
        Ok(Reply::new(Code(self.result_code).http(), super::text(self)?))
    }
}

/// The answer to either query.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct QueryAnswer<'a> {
    pub(crate) partner_code: &'a str,
    pub(crate) order_id: &'a str,
    pub(crate) request_id: &'a str,
    pub(crate) result_code: i64,
    pub(crate) message: &'static str,
    pub(crate) response_time: i64,
    /// Only the purchase's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) amount: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) trans_id: Option<i64>,
    pub(crate) refund_trans: Vec<RefundTrans>,
}

/// One refund in a query's answer.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RefundTrans {
    pub(crate) order_id: String,
    pub(crate) amount: i64,
    pub(crate) result_code: i64,
    pub(crate) trans_id: i64,
    pub(crate) created_time: i64,
}
