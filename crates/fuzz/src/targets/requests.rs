//! Requests to every face, through the real router. The first line of an input is who calls (`portone`, `sgate`, `api`,
//! or `nobody`), a method and a path with its query; header lines, an empty line and a body follow. Whoever is not nobody
//! is given the right proof here, and may write `$KEY`, `$SECRET`, `$MERCHANT` and `$ACCOUNT` for what they know.
//!
//! A stranger is never answered with a 5xx, nobody is let in, what is answered as JSON is JSON, and the books are whole:
//! what was reserved is a sum that stands in the request, or all there was.

use std::cell::RefCell;

use axum::body::Body;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::request::Builder;
use http::{Method, Request};
use redress_core::decimal::Decimal;
use redress_engine::signing::sgate;
use secrecy::ExposeSecret;

use crate::texts::{Header, canonical, first_line, header_map, headers};
use crate::world::{Answer, CAPTURED, Key, World};

/// Who calls.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Who {
    /// A client of PortOne's face.
    Portone,
    /// A client of SGate's face.
    Sgate,
    /// A client of Redress's own API.
    Api,
    /// A stranger.
    Nobody,
}

thread_local! {
    /// Used again for as long as nothing in it was changed.
    static WORLD: RefCell<Option<World>> = const { RefCell::new(None) };
}

pub(super) fn run(input: &[u8]) {
    let (line, rest) = first_line(input);
    let Ok(line) = std::str::from_utf8(line) else { return };
    let mut words = line.splitn(3, ' ');
    let who = match words.next() {
        Some("portone") => Who::Portone,
        Some("sgate") => Who::Sgate,
        Some("api") => Who::Api,
        Some("nobody") => Who::Nobody,
        _ => return,
    };
    let Some(method) = words.next().and_then(|name| Method::from_bytes(name.as_bytes()).ok()) else { return };
    let Some(path) = words.next().filter(|path| path.starts_with('/')) else { return };
    let (pairs, body) = headers(rest);
    call(who, &method, path, &pairs, body);
}

/// Makes a call and judges its answer.
pub(super) fn call(who: Who, method: &Method, path: &str, pairs: &[Header<'_>], body: &[u8]) {
    let world = WORLD.take().unwrap_or_else(World::new);
    let (path, body) = match who {
        Who::Nobody => (path.to_owned(), body.to_vec()),
        _ => (filled(&world, who, path), fill_bytes(&world, who, body)),
    };
    let mut request = Request::builder().method(method).uri(&path);
    if let Some(all) = request.headers_mut() {
        *all = header_map(pairs);
    }
    let Ok(request) = proved(&world, who, &path, method, request).body(Body::from(body.clone())) else {
        WORLD.set(Some(world));
        return;
    };
    let answer = world.send(request);
    judge(&answer, who, method, &path);
    if answer.status.is_success() && method != Method::GET {
        judge_books(&world, &body);
    } else {
        WORLD.set(Some(world));
    }
}

fn judge(answer: &Answer, who: Who, method: &Method, path: &str) {
    let Answer { status, headers, body } = answer;
    assert!(!status.is_server_error(), "{method} {path}: {status} {body:?}");
    let json = headers.get(CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"application/json"));
    if json && method != Method::HEAD {
        assert!(serde_json::from_slice::<serde_json::Value>(body).is_ok(), "{method} {path}: {body:?}");
    }
    if who == Who::Nobody && status.is_success() {
        let open = ["/healthz", "/readyz", "/psp/"].iter().any(|open| path.starts_with(open));
        assert!(open, "let in: {method} {path}");
    }
}

/// After a change: nothing is given back that was not captured, and only what was asked for.
fn judge_books(world: &World, body: &[u8]) {
    let balance = world.balance();
    let used = balance.refunded + balance.reserved + balance.blocked;
    assert!((0..=balance.captured).contains(&used), "{balance:?}");
    if balance.reserved > 0 && balance.reserved != CAPTURED {
        let text = String::from_utf8_lossy(body);
        let tokens = text.split(|c: char| !c.is_ascii_digit() && !"+-.eE".contains(c));
        let mut numbers = tokens.filter_map(|token| canonical(token, true));
        let sums = [Decimal::from_minor(balance.reserved, 2).to_string(), balance.reserved.to_string()];
        assert!(numbers.any(|number| sums.contains(&number)), "{balance:?}: {text}");
    }
}

fn key_of(world: &World, who: Who) -> &Key {
    match who {
        Who::Sgate => &world.sgate,
        Who::Api => &world.api,
        Who::Portone | Who::Nobody => &world.portone,
    }
}

fn filled(world: &World, who: Who, text: &str) -> String {
    let key = key_of(world, who);
    text.replace("$KEY", &key.public)
        .replace("$SECRET", key.secret.expose_secret())
        .replace("$MERCHANT", &world.merchant_code)
        .replace("$ACCOUNT", &world.account.to_string())
}

fn fill_bytes(world: &World, who: Who, bytes: &[u8]) -> Vec<u8> {
    std::str::from_utf8(bytes).map_or_else(|_| bytes.to_vec(), |text| filled(world, who, text).into_bytes())
}

/// With the caller's proof.
fn proved(world: &World, who: Who, path: &str, method: &Method, request: Builder) -> Builder {
    let key = key_of(world, who);
    match who {
        Who::Portone => {
            let token = redress_http::probe::portone_token(&key.public, &key.secret, world.engine.now());
            request
                .header("x-portone-client-key", &key.public)
                .header(AUTHORIZATION, format!("Bearer {token}"))
        }
        Who::Sgate => {
            let uri = path.strip_prefix("/api_v1").unwrap_or(path);
            let now = world.engine.now();
            let headers = sgate::headers(uri, operation(uri, method), &key.public, &key.secret, now);
            headers.into_iter().fold(request, |request, (name, value)| request.header(name, value))
        }
        Who::Api => request.header(AUTHORIZATION, format!("Bearer {}", key.secret.expose_secret())),
        Who::Nobody => request,
    }
}

/// The logical name that SGate's clients sign.
fn operation(uri: &str, method: &Method) -> &'static str {
    match uri.split('/').nth(1) {
        Some("orders") if method == Method::POST => "order.refund",
        Some("orders") => "order.detail",
        Some("refunds") => "refund.detail",
        Some("transactions") => "transaction.detailForMerchant",
        _ => "merchant.detail",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Otherwise nothing behind the proof would ever be reached.
    #[test]
    fn whoever_is_somebody_is_let_in() {
        let portone = r#"{"amount": 12.5, "refund_type": "partial", "refund_reason": "broken", "channel": "TAP",
            "description": "", "environment": "sandbox"}"#;
        let sgate = r#"{"amount": "12.50", "reason": "broken", "merchantRefundId": "m-1"}"#;
        for (who, method, path, body) in [
            (Who::Portone, Method::POST, "/api/refund/order-1", portone),
            (Who::Sgate, Method::POST, "/api_v1/orders/order-1/refunds", sgate),
            (Who::Portone, Method::GET, "/api/refund/order-1", ""),
            (Who::Portone, Method::GET, "/api/merchant/$KEY/webhook?environment=sandbox", ""),
            (Who::Sgate, Method::GET, "/api_v1/orders/order-1", ""),
            (Who::Sgate, Method::GET, "/api_v1/merchants/$MERCHANT", ""),
            (Who::Api, Method::GET, "/v1/connectors", ""),
        ] {
            let world = World::new();
            let path = filled(&world, who, path);
            let request = proved(&world, who, &path, &method, Request::builder().method(&method).uri(&path));
            let answer = world.send(request.body(Body::from(body)).unwrap());
            assert!(answer.status.is_success(), "{path}: {} {:?}", answer.status, answer.body);
            if method == Method::POST {
                assert_eq!(world.balance().reserved, 1250);
                judge_books(&world, body.as_bytes());
            }
        }
    }
}
