//! What the log says, as whoever searches it needs it.

use std::net::{SocketAddr, TcpListener};

use serde_json::Value;

use crate::harness::payment::Psp;
use crate::harness::time::{LIMIT, until};
use crate::harness::{Kind, Site, Tuning};
use crate::program::{Place, run};

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
