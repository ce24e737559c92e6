//! What leaves as a trace, seen by a collector that takes everything.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::sync::mpsc::{Receiver, channel};

use crate::harness::time::LIMIT;
use crate::program::{Place, request};

/// Takes what is posted; answers its address and the way to the bodies, with their paths.
fn collector() -> (String, Receiver<(String, Vec<u8>)>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let (bodies, taken) = channel();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let bodies = bodies.clone();
            std::thread::spawn(move || {
                let mut reader = BufReader::new(stream.unwrap());
                loop {
                    let (mut path, mut length) = (String::new(), 0);
                    for n in 0.. {
                        let mut line = String::new();
                        if reader.read_line(&mut line).unwrap_or(0) == 0 {
                            return;
                        }
                        let line = line.trim().to_ascii_lowercase();
                        match line.split_once(':') {
                            _ if n == 0 => path = line.split(' ').nth(1).unwrap().to_owned(),
                            Some(("content-length", value)) => length = value.trim().parse().unwrap(),
                            _ if line.is_empty() => break,
                            _ => {}
                        }
                    }
                    let mut body = vec![0; length];
                    reader.read_exact(&mut body).unwrap();
                    bodies.send((path, body)).unwrap();
                    reader.get_mut().write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").unwrap();
                }
            });
        }
    });
    (address, taken)
}

fn has(body: &[u8], part: &[u8]) -> bool {
    body.windows(part.len()).any(|window| window == part)
}

#[test]
fn a_request_is_a_span_in_its_callers_trace_and_no_secret_is_in_it() {
    let (address, taken) = collector();
    let place = Place::new();
    let merchant = place.json("merchant add --name M");
    let id = merchant["id"].as_str().unwrap().to_owned();
    let code = merchant["code"].as_str().unwrap_or_else(|| panic!("{merchant}")).to_owned();
    let key = place.json(&format!("key add --merchant {code} --kind api --environment sandbox"));
    let secret = key["secret"].as_str().unwrap_or_else(|| panic!("{key}")).to_owned();
    let mut server = place.serve(&[("REDRESS_TELEMETRY_OTLP_ENDPOINT", &address)]);
    let trace = "0af7651916cd43dd8448eb211c80319c";
    let head = format!(
        "POST /v1/payments?note=query-secret HTTP/1.1\r\nauthorization: Bearer {secret}\r\n\
         content-type: application/json\r\ntraceparent: 00-{trace}-b7ad6b7169203331-01\r\nx-request-id: seen-1"
    );
    let (status, answer) = request(&server.address, &head, "{\"order_ref\": \"body-secret\"}");
    assert!((400..500).contains(&status) && status != 401, "{status} {answer}");
    // The end of the server brings what was gathered.
    server.signal("TERM");
    assert!(server.wait().success());
    let (path, mut body) = taken.recv_timeout(LIMIT).expect("spans arrive");
    assert_eq!(path, "/v1/traces");
    // The batch that has it may have left before the end, or not be the only one.
    for (path, more) in taken.try_iter() {
        assert_eq!(path, "/v1/traces");
        body.extend(more);
    }
    for part in ["redress", "request", "/v1/payments", "seen-1", "POST", "service.version", &id] {
        assert!(has(&body, part.as_bytes()), "{part} is not in {}", String::from_utf8_lossy(&body));
    }
    let trace_id: Vec<u8> =
        (0..16).map(|n| u8::from_str_radix(&trace[2 * n..2 * n + 2], 16).unwrap()).collect();
    assert!(has(&body, &trace_id), "it is in the caller's trace");
    for hidden in [secret.as_str(), "query-secret", "body-secret", "Bearer"] {
        assert!(!has(&body, hidden.as_bytes()), "{hidden} left");
    }
}

#[test]
fn a_collector_that_is_away_holds_nothing_up() {
    let place = Place::new();
    // Nobody listens on a port that was just given back.
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let address = format!("http://127.0.0.1:{port}");
    let mut server = place.serve(&[("REDRESS_TELEMETRY_OTLP_ENDPOINT", &address)]);
    assert_eq!(request(&server.address, "GET /readyz HTTP/1.1", "").0, 200);
    server.signal("TERM");
    assert!(server.wait().success());
}

#[test]
fn a_second_signal_does_not_wait_for_the_last_traces() {
    // Takes connections and never answers: left to itself, the end would wait and say that the traces were not taken.
    let collector = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", collector.local_addr().unwrap());
    let place = Place::new();
    let (mut server, log) =
        place.serve_with_log(&[("REDRESS_TELEMETRY_OTLP_ENDPOINT", &address)], "server.log");
    assert_eq!(request(&server.address, "GET /readyz HTTP/1.1", "").0, 200);
    server.signal("TERM");
    let (_held, _) = collector.accept().unwrap();
    server.signal("TERM");
    assert!(server.wait().success());
    let said = std::fs::read_to_string(log).unwrap();
    assert!(said.contains("stopping") && !said.contains("the last traces were not taken"), "{said}");
}
