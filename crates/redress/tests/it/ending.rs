//! How a server ends.

use std::io::{Read, Write};
use std::net::TcpStream;

use crate::program::{Place, Server, answer};

/// A request whose body the server waits for: it has said so.
fn half_a_request(server: &Server) -> TcpStream {
    let mut stream = TcpStream::connect(&server.address).unwrap();
    let head = "POST /api/merchant/auth-token HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n\
                content-length: 2\r\nexpect: 100-continue\r\n\r\n";
    stream.write_all(head.as_bytes()).unwrap();
    let mut said = [0; "HTTP/1.1 100 Continue\r\n\r\n".len()];
    stream.read_exact(&mut said).unwrap();
    assert!(said.starts_with(b"HTTP/1.1 100"));
    stream
}

#[test]
fn a_signal_lets_requests_end_and_takes_no_new_ones() {
    let place = Place::new();
    let mut server = place.serve(&[]);
    let mut idle = TcpStream::connect(&server.address).unwrap();
    let mut stream = half_a_request(&server);
    server.signal("TERM");
    // An idle connection is closed at once, which says that the end has begun.
    let mut rest = Vec::new();
    let _ = idle.read_to_end(&mut rest);
    stream.write_all(b"{}").unwrap();
    let (status, _) = answer(stream);
    assert_eq!(status, 400, "it was answered: the body lacks the key");
    assert_eq!(server.wait().code(), Some(0));
    assert!(TcpStream::connect(&server.address).is_err());
    // The database was closed in order.
    assert!(!place.data().join("redress.db-wal").exists());
}

#[test]
fn a_request_that_never_ends_holds_nothing_for_ever() {
    let place = Place::new();
    let mut server = place.serve(&[("REDRESS_SERVER_SHUTDOWN_LIMIT", "100ms")]);
    let _held = half_a_request(&server);
    server.signal("TERM");
    assert_eq!(server.wait().code(), Some(0));
}

#[test]
fn a_head_that_never_ends_holds_up_no_stop() {
    let place = Place::new();
    let mut server =
        place.serve(&[("REDRESS_SERVER_SHUTDOWN_LIMIT", "10m"), ("REDRESS_LIMITS_HEAD_TIMEOUT", "10m")]);
    let mut held = TcpStream::connect(&server.address).unwrap();
    held.write_all(b"GET /v1/refunds HTTP/1.1\r\nhost: ").unwrap();
    // Nothing says that the server has read that; after some requests of others it has.
    for _ in 0..20 {
        let mut other = TcpStream::connect(&server.address).unwrap();
        other.write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n").unwrap();
        other.read_exact(&mut [0; 12]).unwrap();
    }
    server.signal("TERM");
    assert_eq!(server.wait().code(), Some(0));
}

#[test]
fn a_second_signal_ends_at_once() {
    let place = Place::new();
    let mut server = place.serve(&[("REDRESS_SERVER_SHUTDOWN_LIMIT", "10m")]);
    let mut idle = TcpStream::connect(&server.address).unwrap();
    let _held = half_a_request(&server);
    server.signal("INT");
    let _ = idle.read_to_end(&mut Vec::new());
    server.signal("INT");
    assert_eq!(server.wait().code(), Some(0));
}

#[test]
fn a_killed_server_leaves_nothing_that_blocks_the_next() {
    let place = Place::new();
    let mut server = place.serve(&[]);
    place.ok("merchant add --name Shop --code M1");
    server.signal("KILL");
    server.wait();
    let _next = place.serve(&[]);
    assert_eq!(place.json("merchant list")[0]["code"], "M1");
}
