//! What waits for a person: a refund of which nobody knows the end, on a real wire.

use serde_json::{Value, json};

use crate::harness::time::{LIMIT, until};
use crate::program::{Place, Sandbox, Server, request};

/// Exchanges and look-ups are short, and one fruitless look-up calls a person.
const SHORT: [(&str, &str); 8] = [
    ("REDRESS_PSP_ALLOW_LOOPBACK", "true"),
    ("REDRESS_PSP_TIMEOUT", "300ms"),
    ("REDRESS_PSP_CONNECT_TIMEOUT", "200ms"),
    ("REDRESS_ENGINE_LEASE", "2s"),
    ("REDRESS_ENGINE_FACE_WAIT", "10ms"),
    ("REDRESS_ENGINE_POLL", "20ms"),
    ("REDRESS_ENGINE_RESOLVE_FIRST", "20ms"),
    ("REDRESS_ENGINE_PERSON_AFTER_QUERIES", "1"),
];

/// A server with a payment at a PSP that hears nothing of the first refund, and a merchant who asks for it.
struct Doubtful {
    place: Place,
    _sandbox: Sandbox,
    _server: Server,
    refund: String,
    case: String,
}

fn doubtful() -> Doubtful {
    let place = Place::new();
    let sandbox = Sandbox::start(&place);
    place.ok("merchant add --name Shop --code M1");
    let base = format!("--base-url http://{}", sandbox.address);
    let add = "psp-account add --merchant M1 --psp tap --environment sandbox";
    let credential = "--credential secret_key=sk_test_XKokBfNWv6FIYuTMg5sLPjhJ";
    let refused = place.run(&format!("{add} {base} {credential}"));
    assert!(refused.code == 1 && refused.err.contains("base_url"), "loopback is not allowed by itself");
    let account =
        place.json_with(&format!("{add} {base} {credential}"), &SHORT)["id"].as_str().unwrap().to_owned();
    let csv = format!(
        "order_ref,psp_account,psp_payment_id,currency,amount,captured_at,channel,payment_method\n\
         o-1,{account},chg_1,SAR,100.00,2026-01-02T03:04:05Z,TAP,tap\n"
    );
    let file = place.file("payments.csv", &csv);
    place.ok(&format!("payments import {} --merchant M1", file.display()));
    let payment = json!({"psp": "tap", "payment": "chg_1", "currency": "SAR", "amount_minor": 10_000});
    sandbox.control("payment", &payment);
    sandbox.control("script", &json!({"psp": "tap", "payment": "chg_1", "steps": ["timeout_before_effect"]}));
    let server = place.serve(&SHORT);
    ask_for_refund(&place, &server);
    let line = until("case", LIMIT, || place.ok("case list").lines().next().map(str::to_owned));
    let words: Vec<_> = line.split_whitespace().collect();
    assert_eq!(words[1], "unresolved", "{line}");
    let (case, refund) = (words[0].to_owned(), words[3].to_owned());
    Doubtful { place, _sandbox: sandbox, _server: server, refund, case }
}

fn ask_for_refund(place: &Place, server: &Server) {
    let key = place.json("key add --merchant M1 --kind portone");
    let proof = json!({"portone_key": key["key"], "portone_secret": key["secret"]}).to_string();
    let head = "POST /api/merchant/auth-token HTTP/1.1\r\ncontent-type: application/json";
    let (status, token) = request(&server.address, head, &proof);
    assert_eq!(status, 200, "{token}");
    let token: Value = serde_json::from_str(&token).unwrap();
    let token = token["content"]["token"].as_str().unwrap();
    let head = format!(
        "POST /api/refund/o-1 HTTP/1.1\r\ncontent-type: application/json\r\nx-portone-client-key: {}\r\n\
         authorization: Bearer {token}",
        key["key"].as_str().unwrap()
    );
    let body = json!({
        "amount": 40, "channel": "TAP", "description": "d", "environment": "sandbox",
        "refund_type": "partial", "refund_reason": "r",
    });
    let (status, answer) = request(&server.address, &head, &body.to_string());
    assert!(status == 200 && answer.contains("IN_QUEUE"), "{status} {answer}");
}

#[test]
fn a_person_says_how_a_refund_ended_and_its_amount_is_released() {
    let Doubtful { place, refund, case, .. } = &doubtful();
    let shown = place.json(&format!("refund show {refund}"));
    assert_eq!((&shown["state"], &shown["amount"]), (&json!("unknown"), &json!("40.00")));
    assert!(!shown["attempts"].as_array().unwrap().is_empty());
    let text = place.ok(&format!("refund show {refund}"));
    assert!(text.contains("reserved 40.00") && text.contains("submit: "), "{text}");
    place.ok(&format!("refund refresh {refund}"));

    let close = place.run_words(&[
        "refund",
        "close",
        refund,
        "--outcome",
        "failed",
        "--author",
        "Ana",
        "--reason",
        "Tap says: no such refund",
    ]);
    assert!(close.code == 0 && close.out.contains("40.00 SAR are released"), "{close:?}");
    let shown = place.json(&format!("refund show {refund}"));
    assert_eq!(shown["state"], "failed");
    let last = shown["events"].as_array().unwrap().last().unwrap();
    assert_eq!(last["author"], json!({"name": "Ana", "reason": "Tap says: no such refund"}));
    assert_eq!(place.ok("case list"), "", "its cases are closed with it");
    let closed = &shown["cases_of_payment"][0]["closed"];
    assert_eq!((&closed["by"], &closed["reason"]), (&json!("Ana"), &json!("Tap says: no such refund")));
    let text = place.ok(&format!("refund show {refund}"));
    assert!(text.contains("by Ana: Tap says: no such refund"), "{text}");
    assert!(place.ok(&format!("refund show {refund}")).contains("reserved 0.00"));

    let again = place.run(&format!("refund close {refund} --outcome succeeded --author Ana --reason x"));
    assert!(again.code == 1 && again.err.contains("failed"), "{again:?}");
    place.ok(&format!("refund refresh {refund}"));
    assert_eq!(place.json(&format!("refund show {refund}"))["state"], "failed", "Tap is asked all the same");
    let closed = place.run(&format!("case close {case} --author Bo --reason x"));
    assert!(closed.code == 1 && closed.err.contains("Ana"), "{closed:?}");
    assert_eq!(place.run("verify").code, 0);
}

#[test]
fn closing_a_case_ends_no_refund_and_a_person_is_called_again() {
    let Doubtful { place, refund, case, .. } = &doubtful();
    assert_eq!(place.json("case list")[0]["refund"], json!(refund));
    let shown = place.json(&format!("case show {case}"));
    assert_eq!((&shown["id"], &shown["closed"]), (&json!(case), &Value::Null));
    assert_eq!(shown["evidence"], json!([]), "no notification opened it");
    place.ok(&format!("case close {case} --author Ana --reason seen"));
    let shown = place.ok(&format!("case show {case}"));
    assert!(shown.contains(refund.as_str()) && shown.contains("by Ana: seen"), "{shown}");
    // Nobody knows any more than before, so the refund is not forgotten.
    place.ok(&format!("refund refresh {refund}"));
    until("case once more", LIMIT, || {
        place.ok("case list").lines().any(|line| line.contains(refund.as_str())).then_some(())
    });
    let again = place.json("case list")[0]["id"].as_str().unwrap().to_owned();
    let gone = place.ok(&format!("case close {again} --gone --author Ana --reason seen"));
    assert!(gone.contains("nothing counts as refunded"), "it blocks nothing: {gone}");
    assert_eq!(place.json(&format!("refund show {refund}"))["state"], "unknown");
    assert_eq!(place.run("verify").code, 0);
}
