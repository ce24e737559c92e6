//! A new master key beside a running server.

use crate::program::{Place, request};

fn status(address: &str, key: &serde_json::Value) -> u16 {
    let body = serde_json::json!({ "portone_key": key["key"], "portone_secret": key["secret"] }).to_string();
    let head = "POST /api/merchant/auth-token HTTP/1.1\r\ncontent-type: application/json";
    request(address, head, &body).0
}

#[test]
fn a_server_that_knows_the_old_key_only_follows_a_rotation() {
    let place = Place::new();
    place.ok("merchant add --name Shop --code M1");
    let before = place.json("key add --merchant M1 --kind portone");
    let server = place.serve(&[]);
    assert_eq!(status(&server.address, &before), 200);
    let said = place.ok("key rotate-master");
    assert!(said.contains("1 secrets were sealed anew"), "{said}");
    // What it kept in memory is forgotten with this, and has to be opened again.
    let after = place.json("key add --merchant M1 --kind portone");
    assert_eq!(status(&server.address, &after), 200);
    assert_eq!(status(&server.address, &before), 200);
    let keys = || {
        let text = std::fs::read_to_string(place.data().join("master.key")).unwrap();
        text.lines().filter(|line| !line.starts_with('#')).count()
    };
    assert_eq!(keys(), 2);
    place.ok("key rotate-master --drop-old");
    assert_eq!(keys(), 1);
    assert!(place.ok("doctor").contains("ok    master key"));
}
