use std::time::Duration;

use axum::body::Body;
use axum::http::Request;
use futures_util::{StreamExt, stream};
use redress_core::environment::Environment;
use redress_core::role::Role;
use redress_engine::admin::keys::CredentialKind;
use redress_engine::uploads::UPLOADS_AT_ONCE;
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use tokio::sync::oneshot;
use tokio::task::JoinSet;
use tower::ServiceExt;

use crate::limits::{IMPORT_BYTES_MAX, IMPORT_ROWS_MAX};
use crate::portal::testing::form;
use crate::testing::{Answer, Harness, HeldBack, hang_up, settle_down};

const CSV: &str = "text/csv";
const LINES: &str = "application/x-ndjson";

async fn upload(harness: &Harness, query: &str, kind: &str, key: Option<&str>, body: &str) -> Answer {
    let mut request = Request::post(format!("/v1/payment-imports{query}"))
        .header("authorization", format!("Bearer {}", harness.merchant.api_key))
        .header("content-type", kind);
    if let Some(key) = key {
        request = request.header("idempotency-key", key);
    }
    harness.send(request.body(Body::from(body.to_owned())).unwrap()).await
}

async fn get_with(harness: &Harness, key: &str, path: &str) -> (u16, Value) {
    let request = Request::get(path).header("authorization", format!("Bearer {key}")).body(Body::empty());
    let answer = harness.send(request.unwrap()).await;
    (answer.status.as_u16(), answer.json())
}

async fn get(harness: &Harness, path: &str) -> Value {
    let (status, told) = get_with(harness, &harness.merchant.api_key.clone(), path).await;
    assert_eq!(status, 200, "{path}: {told}");
    told
}

async fn work(harness: &Harness) {
    while harness.engine.work_imports_once().await.unwrap() {}
}

fn csv(harness: &Harness, rows: &[(&str, &str)]) -> String {
    let account = harness.merchant.tap;
    let rows = rows
        .iter()
        .map(|(order, amount)| format!("{order},{account},p-{order},SAR,{amount},2026-11-18T15:00:00Z\n"));
    "order_ref,psp_account,psp_payment_id,currency,amount,captured_at\n".to_owned()
        + &rows.collect::<String>()
}

fn json_line(harness: &Harness, order: &str, amount: i64) -> String {
    json!({"order_ref": order, "psp_account": harness.merchant.tap.to_string(), "psp_payment_id": format!("p-{order}"),
        "currency": "SAR", "amount": amount, "captured_at": "2026-11-18T15:00:00Z"})
    .to_string()
}

/// Line, outcome, code and field of each row.
fn short(page: &Value) -> Vec<(u64, String, String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let row = |row: &Value| {
        (row["line"].as_u64().unwrap(), text(&row["outcome"]), text(&row["code"]), text(&row["field"]))
    };
    page["data"].as_array().unwrap().iter().map(row).collect()
}

fn row(line: u64, outcome: &str, code: &str, field: &str) -> (u64, String, String, String) {
    (line, outcome.to_owned(), code.to_owned(), field.to_owned())
}

#[tokio::test]
async fn an_upload_is_a_job_with_progress_and_a_result_for_each_row() {
    let harness = Harness::new().await;
    let file = csv(&harness, &[("a", "100.50"), ("b", "1.005"), ("c", "20")]);
    let answer = upload(&harness, "", CSV, None, &file).await;
    let told = answer.json();
    assert_eq!((answer.status.as_u16(), &told["status"]), (202, &json!("running")), "{told}");
    let path = answer.headers["location"].to_str().unwrap().to_owned();
    assert_eq!(path, format!("/v1/payment-imports/{}", told["id"].as_str().unwrap()));
    let counts = json!({"total": 3, "waiting": 2, "created": 0, "updated": 0, "unchanged": 0, "refused": 1});
    assert_eq!(get(&harness, &path).await["rows"], counts);
    assert_eq!(short(&get(&harness, &format!("{path}/rows")).await)[0], row(2, "waiting", "", ""));
    work(&harness).await;
    let done = get(&harness, &path).await;
    assert_eq!(
        (&done["status"], &done["rows"]["created"], done["finished_at"].is_string()),
        (&json!("done"), &json!(2), true)
    );
    let rows = get(&harness, &format!("{path}/rows")).await;
    assert_eq!(
        short(&rows),
        [row(2, "created", "", ""), row(3, "refused", "invalid", "amount"), row(4, "created", "", "")]
    );
    let detail = rows["data"][1]["detail"].as_str().unwrap();
    assert!(detail.starts_with("amount in SAR has"), "{detail}");
    let payment = get(&harness, "/v1/payments/a").await;
    assert_eq!((&payment["id"], &payment["captured"]), (&rows["data"][0]["payment"], &payment["captured"]));

    let refused = get(&harness, &format!("{path}/rows?outcome=refused")).await;
    assert_eq!(short(&refused).len(), 1);
    let page = get(&harness, &format!("{path}/rows?limit=2")).await;
    assert_eq!((short(&page).len(), &page["has_more"]), (2, &json!(true)));
    let rest = format!("{path}/rows?limit=2&cursor={}", page["next_cursor"].as_str().unwrap());
    assert_eq!(short(&get(&harness, &rest).await), [row(4, "created", "", "")]);
    assert_eq!(get(&harness, "/v1/payment-imports").await["data"], json!([done]));
}

#[tokio::test]
async fn json_lines_are_bodies_of_payments_and_the_same_file_again_changes_nothing() {
    let harness = Harness::new().await;
    let line = |order, amount| json_line(&harness, order, amount);
    let first = [line("a", 100), line("b", 200)].join("\n");
    upload(&harness, "", LINES, None, &first).await;
    work(&harness).await;
    // The sum of one has risen; another's PSP has another id; one has no account; the last's id is none of its PSP's.
    let other = line("b", 200).replace("p-b", "p-x");
    let strange = line("c", 1).replace(&harness.merchant.tap.to_string(), &harness.other.tap.to_string());
    let id = line("pay_00000000000000000000000001", 1);
    let to_come = line("d", 1).replace("2026-11-18T15:00:00Z", "2026-11-19T15:00:00Z");
    let formless = line("e", 1).replace("p-e", "p e");
    let second = [line("a", 150), other, strange, "{\"order_ref\":1}".to_owned(), id, to_come, formless];
    let second = second.join("\r\n");
    let told = upload(&harness, "", LINES, None, &second).await.json();
    work(&harness).await;
    let rows = get(&harness, &format!("/v1/payment-imports/{}/rows", told["id"].as_str().unwrap())).await;
    assert_eq!(
        short(&rows),
        [
            row(1, "updated", "", ""),
            row(2, "refused", "conflict", "psp_payment_id"),
            row(3, "refused", "invalid", "psp_account"),
            row(4, "refused", "invalid", "order_ref"),
            row(5, "refused", "invalid", "order_ref"),
            row(6, "refused", "invalid", "captured_at"),
            row(7, "refused", "invalid", "psp_payment_id"),
        ]
    );
}

#[tokio::test]
async fn a_dry_run_changes_no_payment() {
    let harness = Harness::new().await;
    let told = upload(&harness, "?dry_run=true", CSV, None, &csv(&harness, &[("a", "1")])).await.json();
    assert_eq!(told["dry_run"], true);
    work(&harness).await;
    let path = format!("/v1/payment-imports/{}", told["id"].as_str().unwrap());
    let rows = get(&harness, &format!("{path}/rows")).await;
    assert_eq!((short(&rows), &rows["data"][0]["payment"]), (vec![row(2, "created", "", "")], &Value::Null));
    assert_eq!(get_with(&harness, &harness.merchant.api_key, "/v1/payments/a").await.0, 404);
}

/// Rows that clash are judged alike, whether they are taken in together or not: 100 are at once.
#[tokio::test]
async fn a_dry_run_says_what_the_real_run_would_come_to() {
    let harness = Harness::new().await;
    let mut lines: Vec<String> = (0..250).map(|n| json_line(&harness, &format!("o-{n}"), 100)).collect();
    // Of the first batch, met again in the second and in the third.
    for place in [120, 230] {
        lines[place] = json_line(&harness, "o-0", 100);
        lines[place + 1] = json_line(&harness, "o-1", i64::try_from(place).unwrap());
        lines[place + 2] = json_line(&harness, "x", 100).replace("p-x", "p-o-2");
        lines[place + 3] = json_line(&harness, "o-3", 100).replace("p-o-3", "p-y");
    }
    let file = lines.join("\n");
    let mut said = Vec::new();
    for query in ["?dry_run=true", ""] {
        let told = upload(&harness, query, LINES, None, &file).await.json();
        work(&harness).await;
        let path = format!("/v1/payment-imports/{}", told["id"].as_str().unwrap());
        assert_eq!(get(&harness, &path).await["status"], "done");
        let rows = get(&harness, &format!("{path}/rows?limit=500")).await;
        if !query.is_empty() {
            let named = rows["data"].as_array().unwrap().iter().filter(|row| !row["payment"].is_null());
            assert_eq!(named.count(), 0, "no payment is there that a row could name");
        }
        said.push(short(&rows));
    }
    assert_eq!(said[0], said[1]);
    assert_eq!(said[0][120], row(121, "unchanged", "", ""));
    assert_eq!(said[0][231], row(232, "updated", "", ""));
    assert_eq!(said[0][122], row(123, "refused", "conflict", "psp_payment_id"));
    assert_eq!(said[0][233], row(234, "refused", "conflict", "psp_payment_id"));
}

/// Some spreadsheets end a line with a carriage return alone.
#[tokio::test]
async fn rows_are_told_apart_by_their_lines_however_lines_end() {
    let harness = Harness::new().await;
    for (order, end) in [("n", "\n"), ("rn", "\r\n"), ("r", "\r")] {
        let [first, second, third] = ["1", "2", "3"].map(|number| format!("{order}-{number}"));
        let rows = [(first.as_str(), "1"), (second.as_str(), "x"), (third.as_str(), "1")];
        let file = csv(&harness, &rows).replace('\n', end);
        let answer = upload(&harness, "", CSV, None, &file).await;
        assert_eq!(answer.status, 202, "{end:?}: {answer:?}");
        work(&harness).await;
        let path = format!("/v1/payment-imports/{}/rows", answer.json()["id"].as_str().unwrap());
        let expected =
            [row(2, "created", "", ""), row(3, "refused", "invalid", "amount"), row(4, "created", "", "")];
        assert_eq!(short(&get(&harness, &path).await), expected, "{end:?}");
    }
    for (order, end) in [("jn", "\n"), ("jrn", "\r\n"), ("jr", "\r")] {
        let [first, third] = ["1", "3"].map(|number| json_line(&harness, &format!("{order}-{number}"), 1));
        let answer = upload(&harness, "", LINES, None, &[first.as_str(), "{", &third, ""].join(end)).await;
        work(&harness).await;
        let path = format!("/v1/payment-imports/{}/rows", answer.json()["id"].as_str().unwrap());
        let expected =
            [row(1, "created", "", ""), row(2, "refused", "invalid", ""), row(3, "created", "", "")];
        assert_eq!(short(&get(&harness, &path).await), expected, "{end:?}");
    }
}

#[tokio::test]
async fn a_repeat_with_its_key_imports_nothing_again() {
    let harness = Harness::new().await;
    let file = csv(&harness, &[("a", "1")]);
    let first = upload(&harness, "", CSV, Some("k-1"), &file).await;
    work(&harness).await;
    let again = upload(&harness, "", CSV, Some("k-1"), &file).await;
    assert_eq!((again.status.as_u16(), again.headers.contains_key("idempotent-replayed")), (202, true));
    assert_eq!((&again.json()["id"], &again.json()["status"]), (&first.json()["id"], &json!("done")));
    for (kind, file) in [(CSV, csv(&harness, &[("b", "1")])), (LINES, file)] {
        let other = upload(&harness, "", kind, Some("k-1"), &file).await;
        assert_eq!((other.status.as_u16(), &other.json()["code"]), (422, &json!("idempotency_key_reused")));
    }
    assert_eq!(get(&harness, "/v1/payment-imports").await["data"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn what_cannot_be_read_imports_nothing() {
    let harness = Harness::new().await;
    let good = csv(&harness, &[("a", "1")]);
    let many = "x\n".repeat(IMPORT_ROWS_MAX + 1);
    let long = "x".repeat(IMPORT_BYTES_MAX + 1);
    for (query, kind, body, expected) in [
        ("", "application/json", good.as_str(), (415, "unsupported_media_type")),
        ("", CSV, "order_ref,colour\n", (400, "malformed")),
        ("", CSV, "order_ref,psp_account,psp_payment_id,currency,amount,captured_at\n", (422, "invalid")),
        ("", LINES, " \n", (422, "invalid")),
        ("", LINES, &many, (422, "invalid")),
        ("", LINES, &long, (413, "body_too_large")),
        ("?dry_run=yes", CSV, &good, (422, "invalid")),
        ("?dryrun=true", CSV, &good, (422, "invalid")),
    ] {
        let answer = upload(&harness, query, kind, None, body).await;
        assert_eq!(
            (answer.status.as_u16(), answer.json()["code"].as_str().unwrap()),
            expected,
            "{query} {kind}"
        );
    }
    assert_eq!(get(&harness, "/v1/payment-imports").await["data"], json!([]));
}

#[tokio::test]
async fn an_import_of_another_merchant_or_environment_is_not_there() {
    let harness = Harness::new().await;
    let told = upload(&harness, "", CSV, None, &csv(&harness, &[("a", "1")])).await.json();
    let live = harness.engine.add_key(harness.merchant.id, CredentialKind::Api, Some(Environment::Live));
    let live = live.await.unwrap().1.expose_secret().to_owned();
    let path = format!("/v1/payment-imports/{}", told["id"].as_str().unwrap());
    for stranger in [harness.other.api_key.clone(), live] {
        assert_eq!(get_with(&harness, &stranger, &path).await.0, 404);
        assert_eq!(get_with(&harness, &stranger, &format!("{path}/rows")).await.0, 404);
        assert_eq!(get_with(&harness, &stranger, "/v1/payment-imports").await.1["data"], json!([]));
    }
    for path in ["/v1/payment-imports/x", "/v1/payment-imports/%FF/rows"] {
        assert_eq!(get_with(&harness, &harness.merchant.api_key, path).await.0, 404, "{path}");
    }
}

/// Whoever takes it up after a crash finds what was not done yet, and only that.
#[tokio::test]
async fn what_a_crash_left_is_taken_up_when_the_lease_is_over() {
    let harness = Harness::new().await;
    let rows: Vec<(String, &str)> = (0..250).map(|n| (format!("o-{n}"), "1")).collect();
    let rows: Vec<(&str, &str)> = rows.iter().map(|(order, amount)| (order.as_str(), *amount)).collect();
    let told = upload(&harness, "", CSV, None, &csv(&harness, &rows)).await.json();
    let path = format!("/v1/payment-imports/{}", told["id"].as_str().unwrap());
    assert!(harness.engine.work_imports_once().await.unwrap());
    assert_eq!(get(&harness, &path).await["rows"]["created"], 100);
    // Somebody took it and died.
    let now = harness.engine.now();
    let import = redress_core::id::ImportId::parse(told["id"].as_str().unwrap()).unwrap();
    let merchant = harness.merchant.id;
    let until = now.plus(Duration::from_secs(60));
    let lease = redress_store::ops::imports::LeaseImport { merchant, import, now, until };
    assert!(harness.store.run(lease).await.unwrap().is_some());
    assert!(!harness.engine.work_imports_once().await.unwrap(), "it may be alive");
    harness.clock.advance(Duration::from_secs(60));
    work(&harness).await;
    let done = get(&harness, &path).await;
    assert_eq!((&done["status"], &done["rows"]["created"]), (&json!("done"), &json!(250)));
}

/// All of it is here: whoever sent it may be gone when the last of it is written.
#[tokio::test]
async fn an_upload_whose_caller_hangs_up_is_taken_in_all_the_same() {
    for (key, held) in [
        (None, "add_import_rows"),
        (None, "start_import"),
        (Some("k-1"), "start_import"),
        (Some("k-1"), "end_keyed"),
    ] {
        let holds = HeldBack::new(held);
        let harness = Harness::with_faults(holds.clone()).await;
        let file = csv(&harness, &[("a", "1"), ("b", "2")]);
        let mut request = Request::post("/v1/payment-imports")
            .header("authorization", format!("Bearer {}", harness.merchant.api_key))
            .header("content-type", CSV);
        if let Some(key) = key {
            request = request.header("idempotency-key", key);
        }
        hang_up(&harness, request.body(Body::from(file.clone())).unwrap()).await;
        holds.let_go();
        settle_down().await;
        work(&harness).await;
        let all = get(&harness, "/v1/payment-imports").await;
        assert_eq!(
            (&all["data"][0]["status"], &all["data"][0]["rows"]["created"]),
            (&json!("done"), &json!(2)),
            "{held}: {all}"
        );
        if key.is_some() {
            let again = upload(&harness, "", CSV, key, &file).await;
            assert_eq!((again.status.as_u16(), &again.json()["id"]), (202, &all["data"][0]["id"]), "{held}");
        }
    }
}

/// An upload of which no more comes until the sender that is answered with it says so, or is dropped.
fn stops_in_its_middle(harness: &Harness, order: &str) -> (oneshot::Sender<()>, Request<Body>) {
    let (go_on, held) = oneshot::channel();
    let file = csv(harness, &[(order, "1")]);
    let (beginning, end) = file.split_at(40);
    let (beginning, end) = (beginning.to_owned(), end.to_owned());
    let rest = async move { held.await.map(|()| end).map_err(std::io::Error::other) };
    let body = stream::iter([Ok(beginning)]).chain(stream::once(rest));
    let request = Request::post("/v1/payment-imports")
        .header("authorization", format!("Bearer {}", harness.merchant.api_key))
        .header("content-type", CSV);
    (go_on, request.body(Body::from_stream(body)).unwrap())
}

/// Each costs a multiple of its length in memory until its rows are written.
#[tokio::test]
async fn no_more_uploads_are_in_memory_than_there_are_places() {
    let harness = Harness::new().await;
    let (mut callers, mut ends) = (JoinSet::new(), Vec::new());
    for n in 0..UPLOADS_AT_ONCE {
        let (go_on, request) = stops_in_its_middle(&harness, &format!("o-{n}"));
        ends.push(go_on);
        callers.spawn(harness.router.clone().oneshot(request));
    }
    settle_down().await;
    let another = async || upload(&harness, "", CSV, Some("k-1"), &csv(&harness, &[("a", "1")])).await;
    for _ in 0..2 {
        let refused = another().await;
        assert_eq!((refused.status.as_u16(), &refused.json()["code"]), (503, &json!("busy")), "{refused:?}");
        assert_eq!(refused.headers["retry-after"], "1");
    }
    let mut browser = harness.browser(&harness.person(Role::Manager).await).await;
    let page = browser.get("/portal/imports").await;
    let fields = form(&page, "/portal/imports", &[]);
    let file = csv(&harness, &[("b", "1")]);
    let refused = browser.upload("/portal/imports", &fields, &file).await;
    assert_eq!(refused.status, 503, "{refused:?}");
    assert_eq!(refused.headers["retry-after"], "1");

    ends.pop().unwrap().send(()).unwrap();
    let whole = callers.join_next().await.unwrap().unwrap().unwrap();
    assert_eq!(whole.status(), 202);
    assert_eq!(another().await.status, 202, "there is a place again");
    let at_portal = browser.upload("/portal/imports", &fields, &file).await;
    assert_eq!(at_portal.status, 303, "and one after that");
    // One that breaks off leaves its place too.
    let (_, last) = stops_in_its_middle(&harness, "c");
    callers.spawn(harness.router.clone().oneshot(last));
    let broken = callers.join_next().await.unwrap().unwrap().unwrap();
    assert_eq!(broken.status(), 400);
    assert_eq!(another().await.status, 202);
    callers.abort_all();
}

#[tokio::test]
async fn an_upload_that_breaks_off_imports_nothing() {
    let harness = Harness::new().await;
    let file = csv(&harness, &[("a", "1")]);
    let broken = stream::iter([
        Ok(file),
        Err(std::io::Error::new(std::io::ErrorKind::ConnectionReset, "the caller is gone")),
    ]);
    let request = Request::post("/v1/payment-imports")
        .header("authorization", format!("Bearer {}", harness.merchant.api_key))
        .header("content-type", CSV)
        .header("idempotency-key", "k-1");
    let answer = harness.send(request.body(Body::from_stream(broken)).unwrap()).await;
    assert_eq!((answer.status.as_u16(), &answer.json()["code"]), (400, &json!("malformed")));
    assert_eq!(get(&harness, "/v1/payment-imports").await["data"], json!([]));
    let whole = upload(&harness, "", CSV, Some("k-1"), &csv(&harness, &[("a", "1"), ("b", "2")])).await;
    assert_eq!(whole.status, 202, "its key is as new");
}
