//! The bodies of all that is posted by clients. The first line of an input names the call; the rest is the body, in which
//! `$KEY`, `$SECRET` and `$ACCOUNT` stand for what the caller knows. What must hold is what holds of every request.

use http::Method;

use super::requests::{Who, call};
use crate::texts::first_line;

/// Nobody's: its calls read their body before they look for it.
const ENDPOINT: &str = "/v1/endpoints/ep_00000000000000000000000000";

/// Name, caller and path; [`of_endpoint`] has those of one endpoint.
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
    } else if let Some((method, path)) = of_endpoint(name) {
        call(Who::Api, &method, &path, &[(b"content-type", b"application/json")], body);
    }
}

fn of_endpoint(name: &[u8]) -> Option<(Method, String)> {
    match name {
        b"H" => Some((Method::PATCH, ENDPOINT.to_owned())),
        b"N" => Some((Method::POST, format!("{ENDPOINT}/enable"))),
        b"Y" => Some((Method::POST, format!("{ENDPOINT}/replay"))),
        _ => None,
    }
}
