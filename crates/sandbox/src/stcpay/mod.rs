//! stc pay, the Saudi wallet, played: the refund of its service for merchants' transactions, and the payment inquiry.
//!
//! stc pay publishes nothing. Seen in the code of others, and nowhere stated:
//! * the refund's path (the constants of one Android app; others write `B2B.MerchantTransactions.WebApi`, with one dot
//!   more, for other calls of the same service, so both are here), its message, its answer, and that a sum is a decimal
//!   number of riyals (a Java service of a payment office; one C# model has a whole number);
//! * `X-ClientCode` in every request; an empty body where merchant or certificate are wrong; the codes; the inquiry by
//!   `RefNum` and its `TransactionList` (<https://github.com/shazzad/woocommerce-gateway-stcpay>);
//! * `{"Code","Text","Type":0}` with HTTP 403 for what is wrong in itself, and with HTTP 200 for what the business forbids
//!   (the same Java service).
//!
//! Inferred: which of the codes answers which mistake of a refund; that a payment can be refunded in parts and more than
//! once, up to what was paid; HTTP 403 beside the empty body; the version-less wrapper of the inquiry that is no V4 (as the
//! refund's has none); that `RefNum` finds a payment by stc pay's own number too, because `POST /control/payment` names no
//! other. An inquiry may be without `PaymentsDate`.
//!
//! **Not played: mutual TLS.** The sandbox speaks plain HTTP, so nobody's certificate is asked for, and only the client
//! code tells who asks. Name and password, which one repository sends besides, are not looked at.
//!
//! There is no idempotency, no reference of the merchant's (the ledger's `key` is empty), no look-up of a refund and no
//! notification: two equal requests are two refunds if they fit. The steps mean what they mean everywhere, with these
//! particulars:
//! * `succeed`: `NewSTCPayRefNum`, final at once. `refuse`: HTTP 200 with 2003.
//! * `pend` is played as `succeed`: stc pay knows no refund whose end is open, and to make one up would test what cannot
//!   be. `/control/finish` finds the refund by stc pay's number, ended: `succeeded` changes nothing, `failed` is a 409.
//! * `effect_after:MS`: if it does not fit any more by then, it never was.
//! * Steps that need notifications are refused where they are given, as for every PSP without them.

mod inquiry;
mod refund;
mod wire;

#[cfg(test)]
mod tests;

use axum::Router;
use axum::http::HeaderMap;
use axum::routing::post;

use crate::config::{SandboxConfig, StcPayAccount};
use crate::play::Play;
use crate::psp::Psp;
use crate::sandbox::Sandbox;
use crate::state::{Refund, Stage, State, StateError};
use wire::Refusal;

/// The only currency.
const SAR: &str = "SAR";

/// stc pay.
pub(crate) struct StcPay;

impl Play for StcPay {
    fn routes(&self) -> Router<Sandbox> {
        let (as_in_tests, with_one_dot_more) = ("MerchantTransactionsWebApi", "MerchantTransactions.WebApi");
        [as_in_tests, with_one_dot_more]
            .into_iter()
            .fold(Router::new(), |routes, service| {
                let path = |call: &str| format!("/B2B.{service}/MerchantTransactions/v3/{call}");
                routes
                    .route(&path("RefundPayment"), post(refund::handle))
                    .route(&path("PaymentInquiry"), post(inquiry::v3))
            })
            .route("/B2B.DirectPayment.WebApi/DirectPayment/V4/PaymentInquiry", post(inquiry::v4))
    }

    fn refuses_for_now(&self) -> bool {
        false
    }

    fn refuses_payment(&self, payment: &str, currency: &str) -> Option<&'static str> {
        if !payment.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            Some("a payment of stc pay has an STCPayRefNum of digits or letters")
        } else if currency != SAR {
            Some("payments of stc pay are in SAR")
        } else {
            None
        }
    }

    fn take_effect(&self, state: &State<'_>, mut refund: Refund, now_ms: i64) -> Result<(), StateError> {
        if !state.fits(Psp::StcPay, &refund.payment, refund.amount_minor)? {
            return state.delete_refund(refund.seq);
        }
        refund.stage = Stage::Succeeded;
        refund.created_ms = now_ms;
        state.update_refund(&refund)
    }
}

/// The account whose client code the request carries.
fn account<'a>(config: &'a SandboxConfig, headers: &HeaderMap) -> Result<&'a StcPayAccount, Refusal> {
    let given = headers.get("x-clientcode").filter(|code| !code.is_empty()).ok_or(Refusal::NO_MERCHANT)?;
    config
        .stcpay
        .iter()
        .find(|account| account.client_code.as_bytes() == given.as_bytes())
        .ok_or(Refusal::NOT_LET_IN)
}
