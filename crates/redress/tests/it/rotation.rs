//! A new master key beside a running server.

use std::net::TcpListener;
use std::time::Duration;

use redress_store::ServerLock;

use crate::program::{Place, request, run};

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

/// The second would write the file without the key that the first has just added, and sealed everything with.
#[test]
fn one_rotation_at_a_time_changes_the_key_file() {
    let place = Place::new();
    place.ok("merchant add --name Shop --code M1");
    place.json("key add --merchant M1 --kind portone");
    let file = place.data().join("master.key");
    let before = std::fs::read(&file).unwrap();
    let first = ServerLock::take(&file.canonicalize().unwrap(), Duration::ZERO).unwrap();
    for words in ["key rotate-master", "key rotate-master --to mk-1", "key rotate-master --drop-old"] {
        let second = place.run(words);
        assert!(second.code == 1 && second.err.contains("another command changes"), "{words}: {second:?}");
    }
    assert_eq!(std::fs::read(&file).unwrap(), before);
    drop(first);
    place.ok("key rotate-master");
    assert_ne!(std::fs::read(&file).unwrap(), before);
}

#[test]
fn a_server_whose_key_file_opens_nothing_does_not_start_and_one_that_lacks_a_key_says_so() {
    let (place, other) = (Place::new(), Place::new());
    place.ok("merchant add --name Shop --code M1");
    place.json("key add --merchant M1 --kind portone");
    other.ok("merchant add --name Other");
    let file = place.data().join("master.key");
    let line = |of: &Place| {
        let text = std::fs::read_to_string(of.data().join("master.key")).unwrap();
        text.lines().find(|line| !line.starts_with('#')).unwrap().to_owned()
    };
    let (own, foreign) = (line(&place), line(&other));
    let id = |line: &str| line.split_once(':').unwrap().0.to_owned();
    // Its address is taken, so that it ends in any case.
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let serve =
        || run(&["serve", "--data", place.data().to_str().unwrap()], &[("REDRESS_SERVER_LISTEN", &address)]);

    std::fs::write(&file, &foreign).unwrap();
    let ran = serve();
    assert!(ran.code == 2 && ran.err.contains("opens nothing in the database"), "{ran:?}");
    assert!(ran.err.contains(&id(&own)) && !ran.err.contains("cannot listen"), "{ran:?}");

    std::fs::write(&file, format!("{foreign}\n{own}\n")).unwrap();
    place.json("key add --merchant M1 --kind portone");
    let ran = serve();
    assert!(ran.err.contains("cannot listen") && !ran.err.contains("do not open"), "{ran:?}");

    std::fs::write(&file, &foreign).unwrap();
    let ran = serve();
    assert!(ran.err.contains("cannot listen") && ran.err.contains("do not open"), "{ran:?}");
    assert!(ran.err.contains(&id(&own)), "{ran:?}");
}
