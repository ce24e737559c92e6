//! The books, recomputed; and what the doctor says.

use std::os::unix::fs::PermissionsExt;

use rusqlite::Connection;

use crate::harness::time::{LIMIT, until};
use crate::program::{Place, run};

fn with_payment() -> Place {
    let place = Place::new();
    place.ok("merchant add --name Shop --code M1");
    let add =
        "psp-account add --merchant M1 --psp tap --environment sandbox --credential secret_key=sk_test_1";
    let account = place.json(add)["id"].as_str().unwrap().to_owned();
    let csv = format!(
        "order_ref,psp_account,psp_payment_id,currency,amount,captured_at\no-1,{account},p-1,SAR,10,2026-01-02T03:04:05Z\n"
    );
    let file = place.file("payments.csv", &csv);
    place.ok(&format!("payments import {} --merchant M1", file.display()));
    place
}

#[test]
fn a_planted_difference_is_found() {
    let place = with_payment();
    assert!(place.ok("verify").contains("1 payments and 0 refunds: 0 differences"));
    let _server = place.serve(&[]);
    let database = Connection::open(place.data().join("redress.db")).unwrap();
    database.execute("UPDATE payments SET refunded = refunded + 1", []).unwrap();
    let ran = place.run("verify");
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(
        ran.out.contains("pay_") && ran.out.contains("refunded is kept as 1, and adds up to 0"),
        "{ran:?}"
    );
}

#[test]
fn books_that_cannot_be_read_are_no_difference() {
    let place = with_payment();
    let database = Connection::open(place.data().join("redress.db")).unwrap();
    database.execute("DROP TABLE cases", []).unwrap();
    assert_eq!(place.run("verify").code, 2);
    let nowhere = run(&["verify", "--config", "/nowhere.toml"], &[]);
    assert_eq!(nowhere.code, 2);
}

#[test]
fn a_place_that_is_named_goes_over_the_environment() {
    let place = with_payment();
    let data = place.data();
    let data = data.to_str().unwrap();
    let (config, dir) = (("REDRESS_CONFIG", "/nowhere.toml"), ("REDRESS_DATA", data));
    assert_eq!(run(&["verify"], &[config]).code, 2, "the variable names no file");
    assert_eq!(run(&["verify"], &[dir]).code, 0);
    let named = run(&["verify", "--data", data], &[config]);
    assert_eq!(named.code, 0, "{named:?}");
    let file = run(&["verify", "--config", "/nowhere.toml"], &[dir]);
    assert!(file.code == 2 && file.err.contains("/nowhere.toml"), "{file:?}");
    let both = run(&["verify"], &[config, dir]);
    assert!(both.code == 2 && both.err.contains("are both set"), "{both:?}");
}

#[test]
fn the_doctor_finds_what_is_wrong() {
    let place = with_payment();
    let data = place.data();
    let doctor = |variables: &[(&str, &str)]| {
        let listen =
            [("REDRESS_SERVER_LISTEN", "127.0.0.1:0"), ("REDRESS_SERVER_METRICS_LISTEN", "127.0.0.1:0")];
        run(&["doctor", "--data", data.to_str().unwrap()], &[&listen[..], variables].concat())
    };
    let healthy = doctor(&[]);
    assert_eq!(healthy.code, 0, "{healthy:?}");
    let lines = healthy.out.lines().collect::<Vec<_>>();
    // How fast the disk is just now is the machine's matter.
    let well = lines.iter().filter(|line| line.starts_with("ok ") || line.starts_with("warn  writing "));
    // Nothing is wrong, but that nobody took a backup.
    assert!(lines.len() >= 12 && well.count() == lines.len() - 1, "{healthy:?}");
    assert!(healthy.out.contains("warn  backup"), "{healthy:?}");
    let to = data.with_file_name("backup.db");
    place.ok(&format!("backup --to {}", to.display()));
    assert!(doctor(&[]).out.contains("ok    backup"), "{healthy:?}");
    let server = place.serve(&[]);
    let ask_beside = || {
        doctor(&[
            ("REDRESS_SERVER_LISTEN", &server.address),
            ("REDRESS_SERVER_METRICS_LISTEN", &server.metrics),
        ])
    };
    let beside = ask_beside();
    assert!(beside.code == 0 && beside.out.matches("a running server answers").count() == 2, "{beside:?}");
    // The tables went on to a newer program: the server lives, and must not be asked any more.
    let database = Connection::open(data.join("redress.db")).unwrap();
    let newer =
        "INSERT INTO schema_migrations (version, name, checksum, applied_at) VALUES (99, 'newer', '', 0)";
    database.execute(newer, []).unwrap();
    let unready = until("server that is not ready", LIMIT, || {
        let ran = ask_beside();
        ran.out.contains("but is not ready (HTTP/1.1 503").then_some(ran)
    });
    assert!(unready.code == 1 && unready.out.contains("FAIL  server"), "{unready:?}");
    database.execute("DELETE FROM schema_migrations WHERE version = 99", []).unwrap();
    // An event that is still to come: the clock was set back since.
    let later = "INSERT INTO events (merchant_id, environment, payment_id, number, kind, amount, happened_at) \
         SELECT merchant_id, environment, payment_id, 0, 'payment.disputed', 0, 4102444800000000 FROM payments LIMIT 1";
    assert_eq!(database.execute(later, []).unwrap(), 1);
    let behind = ask_beside();
    assert!(behind.code == 1 && behind.out.contains("FAIL  clock"), "{behind:?}");
    database.execute("DELETE FROM events WHERE happened_at = 4102444800000000", []).unwrap();
    // The addresses exchanged: each is taken by something else.
    let taken = doctor(&[
        ("REDRESS_SERVER_LISTEN", &server.metrics),
        ("REDRESS_SERVER_METRICS_LISTEN", &server.address),
    ]);
    assert!(taken.code == 1 && taken.out.matches("FAIL").count() == 2, "{taken:?}");
    let contradicting = doctor(&[("REDRESS_ENGINE_LEASE", "1s")]);
    assert!(contradicting.code == 1 && contradicting.out.contains("FAIL  settings"), "{contradicting:?}");

    let key = data.join("master.key");
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o644)).unwrap();
    let readable = doctor(&[]);
    assert!(readable.code == 1 && readable.out.contains("FAIL  master key"), "{readable:?}");
    let other = Place::new();
    other.ok("merchant add --name Other");
    std::fs::copy(other.data().join("master.key"), &key).unwrap();
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o600)).unwrap();
    let foreign = doctor(&[]);
    assert!(foreign.code == 1 && foreign.out.contains("1 of 1 secrets do not open"), "{foreign:?}");
    // Never a word of making a new one: it would open nothing.
    std::fs::remove_file(&key).unwrap();
    let keyless = doctor(&[]);
    assert!(keyless.code == 1 && keyless.out.contains("is not there: put it back"), "{keyless:?}");
}

/// An address that resolves is no endpoint that takes what it is sent.
#[test]
fn the_doctor_tells_of_endpoints_that_take_nothing() {
    let place = Place::new();
    place.ok("merchant add --name Shop --code M1");
    let endpoint = place.json(
        "endpoint add --merchant M1 --environment sandbox --url https://93.184.216.34/ --dialect standard",
    );
    let id = endpoint["id"].as_str().unwrap();
    let doctor = || {
        let ran = place.run("doctor");
        ran.out.lines().find(|line| line.contains(id)).expect("a line about it").to_owned()
    };
    assert!(doctor().starts_with("ok    endpoints"), "{}", doctor());
    let database = Connection::open(place.data().join("redress.db")).unwrap();
    database.execute("UPDATE endpoints SET failing_since = 1767312245000000", []).unwrap();
    let failing = doctor();
    assert!(failing.starts_with("warn  endpoints") && failing.contains("2026-01-02T00:04:05Z"), "{failing}");
    database.execute("UPDATE endpoints SET disabled_at = 1767312245000000", []).unwrap();
    let disabled = doctor();
    assert!(disabled.starts_with("warn  endpoints") && disabled.contains("endpoint enable"), "{disabled}");
}

#[test]
fn the_doctor_makes_nothing() {
    let place = Place::new();
    let ran = place.run("doctor");
    assert!(ran.code == 1 && ran.out.contains("FAIL  store"), "{ran:?}");
    assert!(!place.data().exists());
}
