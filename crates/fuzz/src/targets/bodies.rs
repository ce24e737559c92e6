//! The bodies of all that is posted by clients. The first line of an input names the call; the rest is the body, in which
//! `$KEY`, `$SECRET` and `$ACCOUNT` stand for what the caller knows. What must hold is what holds of every request.

use http::Method;

use super::requests::{Who, call};
use crate::texts::first_line;

/// Name, caller and path.
const CALLS: [(&[u8], Who, &str); 11] = [
    (b"R", Who::Portone, "/api/refund/order-1"),
    (b"T", Who::Portone, "/api/merchant/auth-token"),
    (b"W", Who::Portone, "/api/merchant/$KEY/webhook"),
    (b"D", Who::Portone, "/api/$KEY/transaction-details"),
    (b"S", Who::Sgate, "/api_v1/orders/order-1/refunds"),
    (b"P", Who::Api, "/v1/payments"),
    (b"O", Who::Api, "/v1/payments/order-1/refunds"),
    (b"X", Who::Api, "/v1/payments/order-1/dispute"),
    (b"E", Who::Api, "/v1/endpoints"),
    (b"C", Who::Api, "/v1/payment-imports?dry_run=true"),
    (b"L", Who::Api, "/v1/payment-imports?dry_run=true"),
];

pub(super) fn run(input: &[u8]) {
    let (name, body) = first_line(input);
    if let Some((_, who, path)) = CALLS.iter().find(|(call, ..)| *call == name) {
        let kind = if name == b"C" { "text/csv" } else { "application/x-ndjson" };
        call(*who, &Method::POST, path, &[(b"content-type", kind.as_bytes())], body);
    }
}
