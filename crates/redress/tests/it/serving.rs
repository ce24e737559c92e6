//! What a server does for callers of every kind, slow ones too.

use std::io::{Read, Write};
use std::net::TcpStream;

use crate::harness::time::LIMIT;
use crate::program::{Place, request};

#[test]
fn health_and_metrics_have_addresses_of_their_own() {
    let place = Place::new();
    let server = place.serve(&[]);
    assert_eq!(request(&server.address, "GET /healthz HTTP/1.1", "").0, 200);
    assert_eq!(request(&server.address, "GET /readyz HTTP/1.1", "").0, 200);
    assert_eq!(request(&server.address, "GET /metrics HTTP/1.1", "").0, 404);
    let (status, metrics) = request(&server.metrics, "GET /metrics HTTP/1.1", "");
    assert_eq!(status, 200);
    for name in [
        "redress_store_commits_total",
        "redress_store_writable 1",
        "redress_cases_open{kind=\"unresolved\"} 0",
        "redress_refunds_due{psp=\"tap\",state=\"queued\"} 0",
        "redress_refunds_oldest_seconds{state=\"unknown\"} 0",
        "redress_build_info{version=",
        "redress_http_request_seconds_count{method=\"GET\",route=\"/healthz\"} 1",
        "redress_deliveries_pending 0",
        "redress_backup_timestamp_seconds 0",
        "redress_psp_notifications_total{psp=\"adyen\"} 0",
        "redress_psp_notifications_refused_total{psp=\"adyen\",why=\"bad_signature\"} 0",
        "redress_http_requests_total{method=\"GET\",route=\"/healthz\",status=\"200\"} 1",
        "# HELP redress_store_queue_depth",
    ] {
        assert!(metrics.contains(name), "{name} is not in:\n{metrics}");
    }
    assert_eq!(request(&server.metrics, "GET /healthz HTTP/1.1", "").0, 404);
}

#[test]
fn when_the_last_backup_was_taken_can_be_watched() {
    let place = Place::new();
    place.ok("merchant add --name Shop");
    let to = place.data().with_file_name("backup.db");
    place.ok(&format!("backup --to {}", to.display()));
    let server = place.serve(&[]);
    let (_, metrics) = request(&server.metrics, "GET /metrics HTTP/1.1", "");
    let told = metrics.lines().find_map(|line| line.strip_prefix("redress_backup_timestamp_seconds "));
    let seconds: u64 = told.unwrap().split('.').next().unwrap().parse().unwrap();
    // 2025-01-01 and 2100-01-01: catches a unit that is wrong by a thousand.
    assert!((1_735_689_600..4_102_444_800).contains(&seconds), "{told:?}");
}

/// A label that nobody declared may be a merchant's, or have values without bounds.
#[test]
fn no_metric_has_a_label_that_the_docs_do_not_name() {
    let docs = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/operate.md");
    let docs = std::fs::read_to_string(docs).unwrap();
    let place = Place::new();
    let server = place.serve(&[]);
    for head in
        ["GET /v1/nothing/stranger HTTP/1.1", "BREW /api/refund/order-1 HTTP/1.1", "GET /readyz HTTP/1.1"]
    {
        request(&server.address, head, "");
    }
    let (_, metrics) = request(&server.metrics, "GET /metrics HTTP/1.1", "");
    assert!(!["stranger", "BREW", "order-1"].iter().any(|word| metrics.contains(word)), "{metrics}");
    let mut seen = 0;
    for line in metrics.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let (name, rest) = line.split_once(['{', ' ']).unwrap();
        let base =
            ["_bucket", "_sum", "_count"].iter().find_map(|part| name.strip_suffix(part)).unwrap_or(name);
        let row = docs.lines().find(|row| row.starts_with(&format!("| `{base}` |")));
        let row = row.unwrap_or_else(|| panic!("{base} is not in the docs"));
        let declared: Vec<_> = row.split(" | ").nth(2).unwrap().split(", ").collect();
        let labels = rest.split_once('}').map_or("", |(labels, _)| labels);
        for label in labels.split("\",").filter_map(|label| label.split_once('=')).map(|(label, _)| label) {
            assert!(label == "le" || declared.contains(&&*format!("`{label}`")), "{line}: {row}");
        }
        seen += 1;
    }
    assert!(seen > 100, "{seen}");
}

#[test]
fn a_service_manager_is_told_when_it_serves_and_when_it_ends() {
    let place = Place::new();
    let socket = place.file("notify", "");
    std::fs::remove_file(&socket).unwrap();
    let manager = std::os::unix::net::UnixDatagram::bind(&socket).unwrap();
    manager.set_read_timeout(Some(LIMIT)).unwrap();
    let said = || {
        let mut text = [0; 64];
        let length = manager.recv(&mut text).unwrap();
        String::from_utf8(text[..length].to_vec()).unwrap()
    };
    let mut server = place.serve(&[("NOTIFY_SOCKET", socket.to_str().unwrap())]);
    assert_eq!(said(), "READY=1\n");
    assert_eq!(request(&server.address, "GET /readyz HTTP/1.1", "").0, 200);
    server.signal("TERM");
    assert_eq!(said(), "STOPPING=1\n");
    assert!(server.wait().success());
}

#[test]
fn a_caller_that_sends_too_slowly_is_let_go() {
    let place = Place::new();
    let limits = [
        ("REDRESS_LIMITS_HEAD_TIMEOUT", "200ms"),
        ("REDRESS_LIMITS_BODY_TIMEOUT", "200ms"),
        ("REDRESS_LIMITS_CONNECTIONS_MAX", "2"),
    ];
    let (server, log) = place.serve_with_log(&limits, "log");
    let begin = |text: &str| {
        let mut stream = TcpStream::connect(&server.address).unwrap();
        stream.write_all(text.as_bytes()).unwrap();
        stream
    };
    // Both places are held: by half a head, and by half a body. A third caller waits and is served.
    let mut half_head = begin("GET /healthz HTTP/1.1\r\nhost: x\r\n");
    let mut half_body = begin(
        "POST /api/merchant/auth-token HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{",
    );
    assert_eq!(request(&server.address, "GET /healthz HTTP/1.1", "").0, 200);
    let mut rest = String::new();
    half_head.read_to_string(&mut rest).unwrap();
    rest.clear();
    half_body.read_to_string(&mut rest).unwrap();
    assert!(rest.starts_with("HTTP/1.1 400") && rest.contains("the body could not be read"), "{rest:?}");
    let log = std::fs::read_to_string(log).unwrap();
    assert!(!log.contains("panicked"), "{log}");
}

/// As the page about limits says, also where it comes in one write.
#[test]
fn a_head_of_a_request_may_have_so_many_bytes_and_no_more() {
    let place = Place::new();
    let server = place.serve(&[]);
    let is_served = |length: usize| {
        let start = "GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\nx-long: ";
        let long = "a".repeat(length - start.len() - "\r\n\r\n".len());
        let mut stream = TcpStream::connect(&server.address).unwrap();
        let _ = stream.write_all(format!("{start}{long}\r\n\r\n").as_bytes());
        // Where some of it was left unread, the answer may be lost with the connection.
        let mut answer = String::new();
        let _ = stream.read_to_string(&mut answer);
        answer.starts_with("HTTP/1.1 200 ")
    };
    assert!(is_served(32_768));
    for length in [32_769, 40_000, 48_000] {
        assert!(!is_served(length), "{length}");
    }
}

#[test]
fn who_sends_far_too_much_still_gets_an_answer() {
    let place = Place::new();
    let server = place.serve(&[]);
    // More than the buffers of both ends hold: hanging up early would break off the writing.
    let body = vec![b' '; 12 * 1024 * 1024];
    for (path, status) in [("/api/merchant/auth-token", "400"), ("/api/refund/order-1", "401")] {
        let mut stream = TcpStream::connect(&server.address).unwrap();
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        stream.write_all(head.as_bytes()).unwrap();
        stream.write_all(&body).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{path}: {answer}");
    }
}
