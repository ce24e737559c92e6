use std::collections::BTreeSet;

use axum::body::Body;
use axum::extract::Request;
use redress_engine::config::EngineConfig;
use redress_engine::portal::PortalConfig;

use super::*;
use crate::testing::Harness;

/// Whoever adds an endpoint says here who may call it. The tests of its face then call it as those who may not:
/// PortOne's and SGate's go through [`routes`] themselves.
const WHO: [(Auth, &[&str]); 6] = [
    (
        Auth::Portone,
        &[
            "GET /api/merchant/{key}/webhook",
            "GET /api/refund/{order_ref}",
            "GET /api/transaction/{merchant_order_ref}/status",
            "POST /api/merchant/{key}/webhook",
            "POST /api/refund/{order_ref}",
            "POST /api/{key}/transaction-details",
        ],
    ),
    (
        Auth::Sgate,
        &[
            "GET /api_v1/merchants/{id}",
            "GET /api_v1/orders/{id}",
            "GET /api_v1/refunds/{id}",
            "GET /api_v1/transactions/{id}/merchant",
            "POST /api_v1/orders/{id}/refunds",
        ],
    ),
    (
        Auth::ApiKey,
        &[
            "DELETE /v1/endpoints/{id}",
            "GET /v1/cases",
            "GET /v1/cases/{id}",
            "GET /v1/connectors",
            "GET /v1/deliveries",
            "GET /v1/deliveries/{id}",
            "GET /v1/endpoints",
            "GET /v1/endpoints/{id}",
            "GET /v1/events",
            "GET /v1/payment-imports",
            "GET /v1/payment-imports/{id}",
            "GET /v1/payment-imports/{id}/rows",
            "GET /v1/payments",
            "GET /v1/payments/{payment}",
            "GET /v1/payments/{payment}/refundability",
            "GET /v1/psp-accounts",
            "GET /v1/psp-accounts/{id}",
            "GET /v1/refunds",
            "GET /v1/refunds/{id}",
            "GET /v1/refunds/{id}/timeline",
            "PATCH /v1/endpoints/{id}",
            "POST /v1/cases/{id}/close",
            "POST /v1/deliveries/{id}/resend",
            "POST /v1/endpoints",
            "POST /v1/endpoints/{id}/enable",
            "POST /v1/endpoints/{id}/replay",
            "POST /v1/endpoints/{id}/rotate-secret",
            "POST /v1/endpoints/{id}/test",
            "POST /v1/payment-imports",
            "POST /v1/payments",
            "POST /v1/payments/{payment}/dispute",
            "POST /v1/payments/{payment}/refunds",
            "POST /v1/payments/{payment}/release-dispute",
            "POST /v1/refunds/{id}/cancel",
            "POST /v1/refunds/{id}/close",
            "POST /v1/refunds/{id}/refresh",
        ],
    ),
    (Auth::InMessage, &["POST /api/merchant/auth-token", "POST /psp/{psp}/{account_id}"]),
    (
        Auth::Nobody,
        &[
            "GET /docs",
            "GET /docs/api",
            "GET /docs/api/portone",
            "GET /docs/api/sgate",
            "GET /docs/errors",
            "GET /docs/errors/{code}",
            "GET /docs/openapi/portone.json",
            "GET /docs/openapi/sgate.json",
            "GET /docs/style.css",
            "GET /healthz",
            "GET /portal/portal.css",
            "GET /portal/portal.js",
            "GET /portal/sign-in",
            "GET /readyz",
            "GET /v1/openapi.json",
            "POST /portal/preferences",
            "POST /portal/sign-in",
        ],
    ),
    (
        Auth::Portal,
        &[
            "GET /portal",
            "GET /portal/account",
            "GET /portal/audit",
            "GET /portal/cases",
            "GET /portal/cases/{id}",
            "GET /portal/code",
            "GET /portal/imports",
            "GET /portal/imports/{id}",
            "GET /portal/overview",
            "GET /portal/password",
            "GET /portal/payments",
            "GET /portal/payments.csv",
            "GET /portal/payments/{payment}",
            "GET /portal/payments/{payment}/dispute",
            "GET /portal/payments/{payment}/refund",
            "GET /portal/payments/{payment}/refund/summary",
            "GET /portal/refunds",
            "GET /portal/refunds.csv",
            "GET /portal/refunds/{id}",
            "GET /portal/refunds/{id}/cancel",
            "GET /portal/refunds/{id}/close",
            "GET /portal/refunds/{id}/live",
            "GET /portal/second-factor",
            "GET /portal/second-factor/confirm",
            "GET /portal/settings",
            "GET /portal/settings/accounts",
            "GET /portal/settings/accounts/new",
            "GET /portal/settings/accounts/{id}",
            "GET /portal/settings/accounts/{id}/edit",
            "GET /portal/settings/endpoints",
            "GET /portal/settings/endpoints/new",
            "GET /portal/settings/endpoints/{id}",
            "GET /portal/settings/endpoints/{id}/edit",
            "GET /portal/settings/keys",
            "GET /portal/settings/keys/new",
            "GET /portal/settings/keys/{id}",
            "GET /portal/settings/people",
            "GET /portal/settings/people/new",
            "GET /portal/settings/people/{id}",
            "POST /portal/account/end-session",
            "POST /portal/cases/{id}/close",
            "POST /portal/code",
            "POST /portal/imports",
            "POST /portal/imports/{id}",
            "POST /portal/password",
            "POST /portal/payments/{payment}/dispute",
            "POST /portal/payments/{payment}/refund",
            "POST /portal/recovery-codes",
            "POST /portal/refunds/{id}/cancel",
            "POST /portal/refunds/{id}/close",
            "POST /portal/refunds/{id}/refresh",
            "POST /portal/refunds/{id}/resend",
            "POST /portal/second-factor",
            "POST /portal/second-factor/confirm",
            "POST /portal/settings/accounts",
            "POST /portal/settings/accounts/{id}/check",
            "POST /portal/settings/accounts/{id}/edit",
            "POST /portal/settings/accounts/{id}/pause",
            "POST /portal/settings/accounts/{id}/resume",
            "POST /portal/settings/accounts/{id}/revoke",
            "POST /portal/settings/endpoints",
            "POST /portal/settings/endpoints/{id}/disable",
            "POST /portal/settings/endpoints/{id}/edit",
            "POST /portal/settings/endpoints/{id}/enable",
            "POST /portal/settings/endpoints/{id}/resend",
            "POST /portal/settings/endpoints/{id}/revoke",
            "POST /portal/settings/endpoints/{id}/rotate",
            "POST /portal/settings/endpoints/{id}/test",
            "POST /portal/settings/keys",
            "POST /portal/settings/keys/{id}/revoke",
            "POST /portal/settings/keys/{id}/rotate",
            "POST /portal/settings/people",
            "POST /portal/settings/people/{id}",
            "POST /portal/settings/people/{id}/disable",
            "POST /portal/settings/people/{id}/enable",
            "POST /portal/settings/people/{id}/password",
            "POST /portal/settings/people/{id}/second-factor",
            "POST /portal/settings/people/{id}/sessions",
            "POST /portal/sign-out",
            "POST /portal/sign-out-everywhere",
        ],
    ),
];

#[test]
fn every_endpoint_stands_in_the_list() {
    let mut listed = 0;
    for (auth, expected) in WHO {
        let of_this = routes().into_iter().filter(|route| route.auth == auth);
        let served: BTreeSet<String> =
            of_this.map(|route| format!("{} {}", route.method, route.path)).collect();
        assert_eq!(served.iter().map(String::as_str).collect::<Vec<_>>(), expected, "{auth:?}");
        listed += expected.len();
    }
    assert_eq!(listed, routes().len());
}

#[tokio::test]
async fn nobody_is_let_in_without_credentials() {
    let harness = Harness::new().await;
    for route in routes().into_iter().filter(|route| route.auth != Auth::Nobody) {
        let path = route.path.replace(['{', '}'], "");
        let request = Request::builder().method(&route.method).uri(&path).body(Body::from("{}")).unwrap();
        let answer = harness.send(request).await;
        let status = answer.status.as_u16();
        if route.auth == Auth::Portal {
            // A person is not told 401 but sent to sign in, and shown nothing on the way.
            assert_eq!((status, &*answer.body), (303, &b""[..]), "{route:?} {answer:?}");
            let to = answer.headers["location"].to_str().unwrap();
            assert!(to == "/portal/sign-in" || to.starts_with("/portal/sign-in?next="), "{route:?} {to}");
        } else if route.auth == Auth::InMessage {
            assert!((400..500).contains(&status) && status != 405, "{route:?} {answer:?}");
        } else {
            assert_eq!(status, 401, "{route:?} {answer:?}");
        }
    }
}
#[tokio::test]
async fn without_a_portal_none_of_it_is_served() {
    let portal = PortalConfig { enabled: false, ..PortalConfig::default() };
    let harness = Harness::with(EngineConfig { portal, ..EngineConfig::default() }).await;
    for route in routes().into_iter().filter(|route| route.path.starts_with("/portal")) {
        let request = Request::builder().method(&route.method).uri(route.path).body(Body::empty()).unwrap();
        assert_eq!(harness.send(request).await.status, 404, "{route:?}");
    }
}

#[tokio::test]
async fn another_method_is_told_which_there_are_and_who_asks_for_no_body_gets_none() {
    let harness = Harness::new().await;
    let send = async |method: &str, path: &str| {
        harness.send(Request::builder().method(method).uri(path).body(Body::empty()).unwrap()).await
    };
    for path in [
        "/api/merchant/auth-token",
        "/api_v1/orders/x/refunds",
        "/v1/refunds/x/cancel",
        "/psp/tap/x",
        "/portal/preferences",
    ] {
        let [told, head] = [send("GET", path).await, send("HEAD", path).await];
        for answer in [&told, &head] {
            let allow = answer.headers["allow"].to_str().unwrap();
            assert_eq!((answer.status.as_u16(), allow), (405, "POST"), "{path}");
        }
        assert_eq!((told.body.is_empty(), head.body.is_empty()), (false, true), "{path}");
        assert_eq!(told.headers["content-type"], head.headers["content-type"], "{path}");
    }
}
