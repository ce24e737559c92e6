//! The people of the portal, from the command line.

use std::io::Write;
use std::process::Stdio;

use crate::program::{Place, program};

fn place() -> Place {
    let place = Place::new();
    place.ok("merchant add --name Shop --code M1");
    place
}

/// Runs a command that is given this on standard input.
fn given(place: &Place, words: &str, input: &str) -> i32 {
    let data = place.data();
    let words: Vec<_> = words.split(' ').chain(["--data", data.to_str().unwrap()]).collect();
    let mut command = program(&words, &[]);
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    child.wait().unwrap().code().unwrap()
}

#[test]
fn people_are_added_changed_and_disabled() {
    let place = place();
    let added = place.json("user add --merchant M1 --email Mai@shop.example --name Mai --role admin");
    assert_eq!((&added["email"], &added["role"]), (&"mai@shop.example".into(), &"admin".into()));
    assert_eq!(added["password_temporary"], true);
    let support = "user add --merchant M1 --email tu@shop.example --name Tu --role support";
    place.ok(&format!("{support} --limit SAR=1000.00 --limit KWD=50 --limit VND=2000000"));
    let taken = place.run(support);
    assert!(taken.code == 1 && taken.err.contains("email address already"), "{taken:?}");

    let people = place.json("user list --merchant M1");
    assert_eq!(people[1]["limits"], serde_json::json!(["50.000 KWD", "1000.00 SAR", "2000000 VND"]));
    assert_eq!(people.as_array().unwrap().len(), 2);
    let table = place.ok("user list --merchant M1");
    assert!(table.contains("1000.00 SAR") && table.contains("never"), "{table}");

    assert!(place.ok("user role tu@shop.example manager").contains("is now manager"));
    assert!(place.ok("user role tu@shop.example manager").contains("was already"));
    assert!(place.ok("user disable tu@shop.example").contains("is now disabled"));
    assert!(place.json("user list --merchant M1")[1]["disabled_at"].is_string());
    assert!(place.ok("user enable tu@shop.example").contains("is now enabled"));
    assert!(place.ok("user second-factor reset tu@shop.example").contains("had none"));
    assert!(place.ok("user sign-out tu@shop.example").contains("0 sessions"));
    assert_eq!(place.run("user disable nobody@shop.example").code, 1);
    for limit in ["SAR", "SAR=1.001", "sar=1", "SAR=0", "SAR=1 --limit SAR=2"] {
        let ran = place.run(&format!("user role tu@shop.example support --limit {limit}"));
        assert_ne!(ran.code, 0, "{limit}: {ran:?}");
    }
}

#[test]
fn a_password_is_shown_once_and_kept_as_a_hash() {
    let place = place();
    let added = place.json("user add --merchant M1 --email mai@shop.example --name Mai --role admin");
    let drawn = added["password"].as_str().unwrap().to_owned();
    let again = place.ok("user password mai@shop.example");
    assert!(!again.contains(&drawn) && again.contains("never again"), "{again}");
    let words = "user password mai@shop.example --password-stdin";
    assert_eq!(given(&place, words, "short\n"), 1);
    let chosen = "a phrase that somebody chose";
    assert_eq!(given(&place, words, &format!("{chosen}\nmore\n")), 0);
    let listed = place.json("user list --merchant M1");
    assert_eq!(listed[0]["password_temporary"], false);
    let files = ["redress.db", "redress.db-wal"].map(|name| std::fs::read(place.data().join(name)));
    for bytes in files.into_iter().flatten() {
        for secret in [drawn.as_str(), chosen] {
            assert!(!bytes.windows(secret.len()).any(|window| window == secret.as_bytes()));
        }
    }
    assert!(!listed.to_string().contains(&drawn));
}
