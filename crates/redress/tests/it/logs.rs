//! What the log says, as whoever searches it needs it.

use std::net::{SocketAddr, TcpListener};

use serde_json::Value;

use crate::harness::payment::Psp;
use crate::harness::time::{LIMIT, until};
use crate::harness::{Kind, Site, Tuning};
use crate::program::{Place, request, run};

#[test]
fn a_line_about_an_exchange_names_its_refund_and_merchant() {
    let site = Site::new(Kind::Sqlite, Tuning { log_format: "json", ..Tuning::default() });
    let server = site.serve(0);
    let merchant = site.merchant(None);
    let payment = site.payment(&server, &merchant, Psp::Momo, 1_000_000);
    merchant.sgate_refund(&payment, 1_000, "sgate").answer(&server.at).expect(200);
    let line = |message: &str| {
        let log = server.process.log();
        let lines = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        lines.into_iter().find(|line| line["message"] == message)
    };
    let settled = until("a line about the end", LIMIT, || line("refund settled"));
    let span = &settled["span"];
    assert_eq!(span["name"], "exchange", "{settled}");
    assert_eq!((&span["psp"], &span["via"]), (&"momo".into(), &"submit".into()), "{settled}");
    assert_eq!(span["refund"], settled["refund"], "{settled}");
    assert!(span["merchant"].as_str().is_some_and(|merchant| !merchant.is_empty()), "{settled}");
    assert!(settled["timestamp"].is_string() && settled["level"] == "INFO", "{settled}");
    let serves = line("redress serves").unwrap();
    for address in ["listen", "metrics_listen"] {
        let told = serves[address].as_str().unwrap_or_default();
        assert!(told.parse::<SocketAddr>().is_ok(), "{address}: {serves}");
    }
}

#[test]
fn a_store_that_is_made_is_told_of_with_its_whole_path() {
    let place = Place::new();
    let data = place.data();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    // Its address is taken, so that it ends.
    let serve =
        || run(&["serve", "--data", data.to_str().unwrap()], &[("REDRESS_SERVER_LISTEN", &address)]).err;
    let said = serve();
    let mut made = said.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let made = made.find(|line| line["message"] == "there was no store here, so an empty one was made");
    let path = made.unwrap_or_else(|| panic!("{said}"))["path"].as_str().unwrap().to_owned();
    assert_eq!(path, data.join("redress.db").to_str().unwrap());
    assert!(!serve().contains("there was no store"), "it is there now");
}

/// The pages tell a caller whose request was refused that the operator finds it by its id.
#[test]
fn what_was_refused_is_in_the_log_by_the_request_id_that_its_caller_was_told() {
    let place = Place::new();
    place.ok("merchant add --name Shop --code M1");
    let key = place.json("key add --merchant M1 --kind api --environment sandbox");
    let key = key["secret"].as_str().unwrap();
    let (server, log) = place.serve_with_log(&[], "serve.log");
    let lines = || {
        let log = std::fs::read_to_string(&log).unwrap();
        let lines = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        lines.filter(|line| line["message"] == "answered").collect::<Vec<_>>()
    };
    let head = |line: &str| {
        format!("{line} HTTP/1.1\r\nauthorization: Bearer {key}\r\ncontent-type: application/json")
    };
    assert_eq!(request(&server.address, &head("GET /v1/payments"), "").0, 200);
    for (line, method, route, status) in [
        ("GET /v1/refunds/rf_1", "GET", "/v1/refunds/{id}", 404),
        ("POST /v1/payments?hush=hush", "POST", "/v1/payments", 422),
    ] {
        let (answered, body) = request(&server.address, &head(line), "{}");
        assert_eq!(answered, status, "{line}: {body}");
        let id = serde_json::from_str::<Value>(&body).unwrap()["request_id"].clone();
        assert!(id.is_string(), "{body}");
        let found = || lines().into_iter().find(|line| line["span"]["request_id"] == id);
        let told = until("the line of an answer", LIMIT, found);
        assert_eq!((&told["level"], &told["status"]), (&"INFO".into(), &status.into()), "{told}");
        assert_eq!(
            (&told["span"]["method"], &told["span"]["route"]),
            (&method.into(), &route.into()),
            "{told}"
        );
        assert!(told["micros"].is_u64() && !told.to_string().contains("hush"), "{told}");
    }
    let told = std::fs::read_to_string(&log).unwrap();
    assert!(!told.contains(key), "no secret is logged");
    assert!(
        lines().iter().all(|line| line["status"].as_u64() >= Some(400)),
        "what went well is not told: {told}"
    );
}
