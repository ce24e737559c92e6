//! stc pay's JSON, as the code of others has it.

use super::SAR;
use redress_core::money::Amount;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// A reference of no payment, to see whether we are let in.
const NO_PAYMENT: &str = "redress-check";

#[derive(Serialize)]
struct RefundRequest<'a> {
    #[serde(rename = "RefundPaymentRequestMessage")]
    message: RefundMessage<'a>,
}

#[derive(Serialize)]
struct RefundMessage<'a> {
    #[serde(rename = "STCPayRefNum")]
    payment: &'a str,
    #[serde(rename = "Amount")]
    amount: Box<RawValue>,
}

/// The body of a refund; `None` for what is no positive sum in SAR. The sum is a JSON number in riyals with two decimals:
/// others send the payment's own decimal, and one model has a whole number.
pub(super) fn refund(payment: &str, amount: Amount) -> Option<Vec<u8>> {
    if amount.currency().code() != SAR || amount.minor() <= 0 {
        return None;
    }
    let amount = RawValue::from_string(amount.to_fixed()).ok()?;
    serde_json::to_vec(&RefundRequest { message: RefundMessage { payment, amount } }).ok()
}

#[derive(Serialize)]
struct Inquiry {
    #[serde(rename = "RefNum")]
    reference: &'static str,
}

/// The body of a payment inquiry. The service of direct payments, V4, has its version in the wrapper's name; that the other
/// service has none is inferred from its refund.
pub(super) fn inquiry(path: &str) -> Vec<u8> {
    let version = if path.contains("/V4/") { "V4" } else { "" };
    let wrapper = format!("PaymentInquiry{version}RequestMessage");
    let inquiry = Inquiry { reference: NO_PAYMENT };
    serde_json::to_vec(&std::collections::BTreeMap::from([(wrapper, inquiry)])).expect("texts are JSON")
}

/// An answer of any kind.
#[derive(Deserialize)]
pub(super) struct Answer<'a> {
    #[serde(default, borrow, rename = "RefundPaymentResponseMessage")]
    pub(super) refund: Option<Refunded<'a>>,
    /// What was found, which nobody looks at.
    #[serde(
        default,
        borrow,
        rename = "PaymentInquiryV4ResponseMessage",
        alias = "PaymentInquiryResponseMessage"
    )]
    pub(super) inquiry: Option<&'a RawValue>,
    #[serde(default, borrow, rename = "Code")]
    pub(super) code: Option<&'a RawValue>,
    #[serde(default, rename = "Text")]
    pub(super) text: Option<String>,
}

/// A refund that was made. Nobody has seen the last two in an answer; were they there, they would have to agree.
#[derive(Deserialize)]
pub(super) struct Refunded<'a> {
    #[serde(borrow, rename = "NewSTCPayRefNum")]
    pub(super) refund: &'a RawValue,
    #[serde(default, borrow, rename = "STCPayRefNum")]
    pub(super) payment: Option<&'a RawValue>,
    #[serde(default, borrow, rename = "Amount")]
    pub(super) amount: Option<&'a RawValue>,
}
