//! Setting things up, on a fresh directory and beside a running server.

use std::process::Stdio;
use std::time::Duration;

use redress_store::ServerLock;
use serde_json::json;

use crate::program::{Place, is_private, program, request, run};

/// Asks for a token with a PortOne key: the shortest request that needs one.
fn token_status(address: &str, key: &str, secret: &str) -> u16 {
    let body = json!({ "portone_key": key, "portone_secret": secret }).to_string();
    let head = "POST /api/merchant/auth-token HTTP/1.1\r\ncontent-type: application/json";
    request(address, head, &body).0
}

#[test]
fn a_fresh_directory_is_made_private_and_can_be_used_at_once() {
    let place = Place::new();
    let merchant = place.json("merchant add --name Shop --code M1");
    assert_eq!(merchant["code"], "M1");
    for name in ["", "redress.db", "master.key"] {
        assert!(is_private(&place.data().join(name)), "{name}");
    }
    assert_eq!(place.run("merchant add --name Other --code M1").code, 1, "the code is taken");
    let drawn = place.json("merchant add --name Drawn");
    assert_eq!(drawn["code"].as_str().unwrap().len(), "M948164".len());
    assert_eq!(place.json("merchant list").as_array().unwrap().len(), 2);
}

#[test]
fn a_database_without_its_master_key_is_refused() {
    let place = Place::new();
    place.ok("merchant add --name Shop");
    std::fs::remove_file(place.data().join("master.key")).unwrap();
    let ran = place.run("merchant list");
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("master.key") && ran.err.contains("put it back"), "{ran:?}");
    assert!(!place.data().join("master.key").exists(), "no new one is made");
}

#[test]
fn a_secret_is_shown_once() {
    let place = Place::new();
    place.ok("merchant add --name Shop --code M1");
    let mut secrets = Vec::new();
    for kind in ["portone", "sgate --environment live", "api --environment sandbox"] {
        let key = place.json(&format!("key add --merchant M1 --kind {kind}"));
        secrets.push(key["secret"].as_str().unwrap().to_owned());
    }
    let endpoint = "endpoint add --merchant M1 --url https://shop.example/hook?t=1 --environment live";
    let endpoint = place.json(endpoint);
    secrets.push(endpoint["secret"].as_str().unwrap().to_owned());
    let account =
        "psp-account add --merchant M1 --psp tap --environment sandbox --credential secret_key=sk_test_4242";
    place.ok(account);
    secrets.push("sk_test_4242".to_owned());
    for words in ["key list --merchant M1", "endpoint list --merchant M1", "psp-account list", "case list"] {
        let (text, json) = (place.ok(words), place.ok(&format!("{words} --json")));
        for secret in &secrets {
            assert!(!text.contains(secret) && !json.contains(secret), "{words}");
        }
        assert!(!text.contains("t=1") && !json.contains("t=1"), "a merchant's query may hold a secret");
    }
    let files = ["redress.db", "redress.db-wal"].map(|name| std::fs::read(place.data().join(name)));
    for bytes in files.into_iter().flatten() {
        for secret in &secrets {
            let found = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
            assert!(!found, "a secret lies in the database in clear");
        }
    }
    let id = endpoint["id"].as_str().unwrap();
    let rotated = place.ok(&format!("endpoint rotate --merchant M1 {id}"));
    assert!(rotated.contains("whsec_") && !rotated.contains(secrets[3].as_str()));
    assert!(rotated.contains("the old one signs too until "), "{rotated}");
    let rotated = place.ok(&format!("endpoint rotate --merchant M1 {id} --overlap-seconds 0"));
    assert!(rotated.contains("the old one signs no more") && !rotated.contains(" until "), "{rotated}");
    place.ok(&format!("endpoint revoke --merchant M1 {id}"));
    assert_eq!(place.run(&format!("endpoint rotate --merchant M1 {id}")).code, 1, "it is revoked");
}

#[test]
fn a_merchant_is_revoked_with_all_that_acts_for_it() {
    let place = Place::new();
    for code in ["M1", "M2"] {
        place.ok(&format!("merchant add --name Shop --code {code}"));
        place.ok(&format!("key add --merchant {code} --kind portone"));
        place.ok(&format!(
            "psp-account add --merchant {code} --psp tap --environment sandbox --credential secret_key=sk_test_{code}"
        ));
        let email = format!("{}@shop.example", code.to_lowercase());
        place.ok(&format!("user add --merchant {code} --email {email} --name Ana --role admin"));
    }
    let ended = |code: &str| {
        let of = |what: &str| place.json(&format!("{what} list --merchant {code}"))[0].clone();
        let (person, key, account) = (of("user"), of("key"), of("psp-account"));
        [!person["disabled_at"].is_null(), !key["revoked_at"].is_null(), account["state"] == "revoked"]
    };
    assert_eq!((ended("M1"), ended("M2")), ([false; 3], [false; 3]));
    let said = place.ok("merchant revoke M1");
    assert_eq!(said.trim(), "M1 is revoked: people 1, keys 1, PSP accounts 1");
    assert_eq!((ended("M1"), ended("M2")), ([true; 3], [false; 3]));
    let again = place.ok("merchant revoke M1");
    assert_eq!(again.trim(), "M1 is revoked: people 0, keys 0, PSP accounts 0");
    assert_eq!(place.run("merchant revoke M3").code, 1);
}

#[test]
fn a_merchant_that_is_revoked_takes_nothing_new_and_is_shown_so() {
    let place = Place::new();
    for code in ["M1", "M2"] {
        place.ok(&format!("merchant add --name Shop --code {code}"));
    }
    let account = "--psp tap --environment sandbox --credential secret_key=sk_test_1";
    let account = place.json(&format!("psp-account add --merchant M1 {account}"));
    let id = account["id"].as_str().unwrap();
    place.ok("user add --merchant M1 --email ana@shop.example --name Ana --role admin");
    place.ok("merchant revoke M1");
    let payments = format!(
        "order_ref,psp_account,psp_payment_id,currency,amount,captured_at,refunded_before\n\
         o-1,{id},p-1,SAR,100.00,2026-01-02T03:04:05Z,"
    );
    let payments = place.file("payments.csv", &payments);
    for words in [
        "key add --merchant M1 --kind portone".to_owned(),
        "psp-account add --merchant M1 --psp tap --environment sandbox --credential secret_key=sk_test_2"
            .to_owned(),
        "endpoint add --merchant M1 --url https://shop.example/ --environment live".to_owned(),
        "user add --merchant M1 --email mai@shop.example --name Mai --role admin".to_owned(),
        "user enable ana@shop.example".to_owned(),
        format!("payments import {} --merchant M1", payments.display()),
    ] {
        let ran = place.run(&words);
        let says = "the merchant is revoked";
        assert!(ran.code == 1 && (ran.err.contains(says) || ran.out.contains(says)), "{words}: {ran:?}");
    }
    let listed = place.json("merchant list");
    assert!(listed[0]["revoked_at"].is_string() && listed[1]["revoked_at"].is_null(), "{listed}");
    let table = place.ok("merchant list");
    let shows = |code: &str| table.lines().any(|line| line.starts_with(code) && line.contains("revoked "));
    assert!(shows("M1") && !shows("M2"), "{table}");
    place.ok("key add --merchant M2 --kind portone");
}

#[test]
fn endpoints_are_tested_and_told_again() {
    let place = Place::new();
    place.ok("merchant add --name Shop --code M1");
    // A name that no resolver knows (RFC 6761, section 6.4).
    let endpoint = place.json("endpoint add --merchant M1 --url https://shop.invalid/ --environment live");
    let id = endpoint["id"].as_str().unwrap();
    let tested = place.run(&format!("endpoint test --merchant M1 {id}"));
    assert!(tested.code == 1 && tested.err.contains("did not take it, no answer"), "{tested:?}");
    assert_eq!(place.ok("endpoint deliveries --merchant M1 --environment live").trim(), "no deliveries");
    let replayed = place.ok(&format!("endpoint replay --merchant M1 {id} --since 2026-01-01T00:00:00Z"));
    assert!(replayed.starts_with("0 deliveries"), "{replayed}");
    let unknown = format!("endpoint resend --merchant M1 dlv_{}1", "0".repeat(52));
    assert_eq!(place.run(&unknown).code, 1);
    assert_eq!(place.run("endpoint resend --merchant M1 dlv_x").code, 2);
}

#[test]
fn an_endpoint_that_will_not_be_called_says_so() {
    let place = Place::new();
    place.ok("merchant add --name Shop --code M1");
    let add = "endpoint add --merchant M1 --url https://shop.example/ --environment live --dialect";
    let (no_key, never) = ("key add --kind sgate", "never called");
    let said = place.ok(&format!("{add} sgate"));
    assert!(said.contains(no_key) && !said.contains(never), "{said}");
    assert!(!place.ok(&format!("{add} portone")).contains("called"), "it is told without a hash of its own");
    place.ok("key add --merchant M1 --kind sgate --environment sandbox");
    assert!(place.ok(&format!("{add} sgate")).contains(no_key), "a key counts in its environment");
    place.ok("key add --merchant M1 --kind sgate --environment live");
    assert!(!place.ok(&format!("{add} sgate")).contains("called"));
    let said = place.ok(&format!("{add} sgate --events refund.failed"));
    assert!(said.contains(never) && !said.contains(no_key), "{said}");
}

#[test]
fn what_is_wrong_is_refused_with_its_field() {
    let place = Place::new();
    place.ok("merchant add --name Shop --code M1");
    for (words, says) in [
        ("key add --merchant M1 --kind sgate", "environment"),
        ("key add --merchant M1 --kind portone --environment live", "environment"),
        ("key list --merchant M2", "no such merchant"),
        ("merchant add --name X --code a/b", "code"),
        ("endpoint add --merchant M1 --url ftp://x.example/ --environment live", "url"),
        (
            "endpoint add --merchant M1 --url http://127.0.0.1:9000/ --environment live",
            "url is refused: the address is not on the public internet; notifications.allow_loopback and \
             notifications.allow_nets can allow it",
        ),
        (
            "psp-account add --merchant M1 --psp tap --environment sandbox --base-url http://127.0.0.1:9000 --credential \
             secret_key=sk_test_1",
            "psp.allow_loopback and psp.allow_nets can allow it",
        ),
        ("psp-account add --merchant M1 --psp nobody --environment live --credential a=b", "momo, "),
        ("psp-account add --merchant M1 --psp tap --environment live", "credentials"),
        (
            "psp-account add --merchant M1 --psp tap --environment live --credential secret_key=sk_test_1",
            "secret_key",
        ),
        ("refund show rf_00000000000000000000000000", "no such refund"),
        ("case close case_00000000000000000000000000 --author a --reason b", "no such case"),
    ] {
        let ran = place.run(words);
        assert_eq!(ran.code, 1, "{words}: {ran:?}");
        assert!(ran.err.contains(says) && !ran.err.contains("sk_test"), "{words}: {ran:?}");
    }
}

#[test]
fn an_account_changes_by_versions_and_its_state_by_name() {
    let place = Place::new();
    place.ok("merchant add --name Shop --code M1");
    let add =
        "psp-account add --merchant M1 --psp tap --environment sandbox --credential secret_key=sk_test_1";
    let account = place.json(add);
    let id = account["id"].as_str().unwrap();
    assert_eq!(account["notification_url"], serde_json::Value::Null);
    place.ok(&format!("psp-account change {id} --max-in-flight 3 --name Tap"));
    let moved = place.run(&format!("psp-account change {id} --base-url https://elsewhere.example"));
    assert!(moved.code == 1 && moved.err.contains("credentials"), "{moved:?}");
    place.ok(&format!(
        "psp-account change {id} --base-url https://elsewhere.example --credential secret_key=sk_test_2"
    ));
    let listed = place.json("psp-account list");
    assert_eq!((&listed[0]["version"], &listed[0]["max_in_flight"]), (&json!(3), &json!(3)));
    let row = format!("{id}  M1        tap");
    assert!(place.ok("psp-account list").contains(&row), "whose each is stands beside it");
    for (action, state) in [("pause", "paused"), ("resume", "active"), ("revoke", "revoked")] {
        place.ok(&format!("psp-account {action} {id}"));
        assert_eq!(place.json("psp-account list")[0]["state"], state);
    }
    assert_eq!(place.run(&format!("psp-account resume {id}")).code, 1, "revoked is for ever");
}

#[test]
fn an_account_with_payments_is_put_right_while_nothing_was_refunded() {
    let place = Place::new();
    place.ok("merchant add --name Shop --code M1");
    let named = |id: &str| format!("--credential merchant_id={id} --credential password=hush-hush");
    let add = |id: &str| {
        let base =
            "psp-account add --merchant M1 --psp mpgs --environment sandbox --base-url https://bank.example";
        place.run(&format!("{base} {} --json", named(id)))
    };
    let added = add("SHOP01");
    assert!(added.code == 0 && !added.err.contains("warning: "), "{added:?}");
    let account: serde_json::Value = serde_json::from_str(&added.out).unwrap();
    let account = account["id"].as_str().unwrap();
    place.ok(&format!("psp-account change {account} {}", named("SHOP02")));
    let row = format!("o-1,{account},p-1,SAR,10,2026-01-02T03:04:05Z");
    let header = "order_ref,psp_account,psp_payment_id,currency,amount,captured_at";
    let file = place.file("payments.csv", &format!("{header}\n{row}\n"));
    place.ok(&format!("payments import {} --merchant M1", file.display()));
    place.ok(&format!("psp-account change {account} {}", named("SHOP03")));
    place.ok(&format!("psp-account change {account} {}", named("SHOP03").replace("hush-hush", "new-hush")));
    assert_eq!(place.json("psp-account list")[0]["version"], 4);

    let again = add("SHOP03");
    let warned = again.err.contains("warning: ") && again.err.contains(account);
    assert!(again.code == 0 && warned && !again.err.contains("hush"), "{again:?}");
    let other: serde_json::Value = serde_json::from_str(&again.out).expect("JSON and nothing else");
    assert_ne!(other["id"].as_str(), Some(account));
    let help = place.run_words(&["psp-account", "change", "--help"]);
    let help = help.out.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(help.contains("can be changed until a refund took effect under it"), "{help}");
}

#[test]
fn a_check_that_could_ask_nothing_does_not_end_as_a_proof() {
    let place = Place::new();
    place.ok("merchant add --name Shop --code M1");
    let add = |psp: &str, more: &str| {
        let words = format!("psp-account add --merchant M1 --psp {psp} --environment sandbox {more}");
        place.json(&words)["id"].as_str().unwrap().to_owned()
    };
    let silent = add("stcpay", "--base-url https://stcpay.example --credential client_code=61000000001");
    let doctor = place.run("doctor --probe");
    let of_silent = doctor.out.lines().find(|line| line.contains(&silent)).expect("a line about it");
    assert!(of_silent.starts_with("warn") && of_silent.contains("cannot be checked"), "{of_silent}");
    let revoked = add("tap", "--credential secret_key=sk_test_1");
    place.ok(&format!("psp-account revoke {revoked}"));
    for (account, why) in [(silent, "inquiry_path"), (revoked, "revoked")] {
        let ran = place.run(&format!("psp-account check {account}"));
        assert_eq!(ran.code, 2, "{ran:?}");
        assert!(ran.err.contains("cannot be checked") && ran.err.contains(why), "{ran:?}");
    }
}

#[test]
fn commands_take_effect_in_a_running_server() {
    let place = Place::new();
    let server = place.serve(&[]);
    place.ok("merchant add --name Shop --code M1");
    let key = place.json("key add --merchant M1 --kind portone");
    let (id, public) = (key["id"].as_str().unwrap(), key["key"].as_str().unwrap());
    let secret = key["secret"].as_str().unwrap();
    assert_eq!(token_status(&server.address, public, "wrong"), 401);
    assert_eq!(token_status(&server.address, public, secret), 200, "a new key counts at once");
    place.ok(&format!("key revoke --merchant M1 {id}"));
    // Written when the key was revoked; the promise is a second, a busy machine gets more.
    let revoked = std::fs::metadata(place.data().join("redress.db-wal")).unwrap().modified().unwrap();
    while token_status(&server.address, public, secret) == 200 {
        assert!(revoked.elapsed().unwrap().as_secs() < 5, "a revoked key counts for ever");
    }
}

#[test]
fn a_secret_that_nobody_can_have_read_is_a_failure_which_says_what_to_do() {
    let place = Place::new();
    place.ok("merchant add --name Shop --code M1");
    place.ok("user add --merchant M1 --email mai@shop.example --name Mai --role viewer");
    let data = place.data();
    let unread = |words: &str, output: Stdio| {
        let words: Vec<_> = words.split(' ').chain(["--data", data.to_str().unwrap()]).collect();
        let ended = program(&words, &[]).stdin(Stdio::null()).stdout(output).output().unwrap();
        (ended.status.code().unwrap(), String::from_utf8(ended.stderr).unwrap())
    };
    let key = "key add --merchant M1 --kind portone";
    let endpoint = "endpoint add --merchant M1 --environment sandbox --url https://shop.example/";
    let as_json = format!("{key} --json");
    for words in [key, endpoint, as_json.as_str(), "user password mai@shop.example"] {
        // A reader that went away before anything was printed.
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let (code, said) = unread(words, writer.into());
        assert!(code == 2 && said.contains("is lost"), "{words}: {code} {said}");
    }
    let keys = place.json("key list --merchant M1");
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let (code, said) = unread(key, full.into());
    assert!(code == 2 && said.contains("is lost: revoke it"), "{code} {said}");
    assert_eq!(keys.as_array().unwrap().len(), 2, "they are there all the same");
    // Who lists something and has seen enough loses nothing.
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    assert_eq!(unread("key list --merchant M1", writer.into()).0, 0);
}

/// As of a file that was cut off: its books do not agree because there are none.
#[test]
fn an_empty_file_is_not_taken_for_books_that_agree() {
    let place = Place::new();
    place.ok("merchant add --name Shop --code M1");
    let store = place.data().join("redress.db");
    std::fs::write(&store, "").unwrap();
    for words in ["verify", "merchant list", "psp-account list"] {
        let ran = place.run(words);
        assert!(ran.code == 2 && ran.err.contains("lacks"), "{words}: {ran:?}");
    }
    // Nor is a directory that somebody mistyped.
    let mistyped = Place::new();
    let ran = mistyped.run("merchant list");
    assert!(ran.code == 2 && ran.err.contains("there is no store") && !mistyped.data().exists(), "{ran:?}");
    // Whoever named no place is told where one was looked for.
    let dir = mistyped.file("here", "");
    let dir = dir.parent().unwrap();
    let ran = program(&["merchant", "list"], &[]).current_dir(dir).output().unwrap();
    let said = String::from_utf8(ran.stderr).unwrap();
    let path = dir.canonicalize().unwrap().join("redress-data/redress.db");
    assert!(said.contains(&format!("there is no store at {}:", path.display())), "{said}");
    // What may come first makes it, as where a first start was killed.
    place.ok("merchant add --name Shop --code M1");
    place.ok("verify");
}

/// Else somebody makes a new key for a database whose key is only out of reach.
#[test]
fn what_cannot_be_looked_at_is_not_told_to_be_gone() {
    let place = Place::new();
    place.ok("merchant add --name Shop --code M1");
    let (data, plain) = (place.data(), place.file("plain", ""));
    let (store, key) = (plain.join("data"), plain.join("master.key"));
    for words in [&["verify"][..], &["backup", "--to", "/nowhere/b.db"]] {
        let ran = run(&[words, &["--data", store.to_str().unwrap()]].concat(), &[]);
        assert!(ran.code == 2 && ran.err.contains("Not a directory"), "{ran:?}");
        assert!(!ran.err.contains("there is no store"), "{ran:?}");
    }
    let unreachable = [("REDRESS_STORE_MASTER_KEY_FILE", key.to_str().unwrap())];
    for words in ["verify", "doctor", "restore --from b.db --copied-at 2026-01-01T00:00:00Z"] {
        let words: Vec<_> = words.split(' ').chain(["--data", data.to_str().unwrap()]).collect();
        let ran = run(&words, &unreachable);
        let said = ran.out + &ran.err;
        assert!(ran.code != 0 && said.contains("Not a directory"), "{said}");
        assert!(!said.contains("put it back") && !said.contains("put the master key"), "{said}");
    }
}

/// A server of an earlier version would go on over tables that it does not know.
#[test]
fn tables_are_changed_while_nobody_serves_them() {
    let place = Place::new();
    std::fs::create_dir(place.data()).unwrap();
    let serve = || ServerLock::take(&place.data().join("redress.db"), Duration::ZERO).unwrap();
    let serving = serve();
    let refused = place.run("migrate");
    assert!(refused.code == 2 && refused.err.contains("another server uses this database"), "{refused:?}");
    drop(serving);
    assert!(place.ok("migrate").contains("took migration 1 "));
    let _serving = serve();
    let said = place.ok("migrate");
    assert!(said.contains("is up to date") && !said.contains("took"), "nothing was to be done: {said}");
}

#[test]
fn wrong_settings_end_with_2() {
    let place = Place::new();
    let file = place.file("redress.toml", "[server]\nlissten = \"127.0.0.1:1\"\n");
    let ran = run(&["serve", "--config", file.to_str().unwrap()], &[]);
    assert!(ran.code == 2 && ran.err.contains("server.lissten"), "{ran:?}");
    let data = place.data();
    let open = run(&["serve", "--data", data.to_str().unwrap()], &[("REDRESS_SERVER_LISTEN", "0.0.0.0:0")]);
    assert!(open.code == 2 && open.err.contains("behind_tls_proxy"), "{open:?}");
    assert!(!data.exists(), "nothing was made");
    assert_eq!(run(&["serve", "--nonsense"], &[]).code, 2);
}
