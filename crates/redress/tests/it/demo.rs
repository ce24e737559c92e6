//! The demo: whole, again, killed anywhere, and on another program's sandbox.

use std::io::{BufRead, BufReader};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

use redress_torture::process::free_address;
use serde_json::Value;

use crate::harness::time::{LIMIT, until};
use crate::program::{Place, Sandbox, is_private, request};

const ONCE: &str = "demo --listen 127.0.0.1:0 --once";
const STEPS: usize = 15;

/// The PSPs of the demo.
const PSPS: [&str; 8] = ["adyen", "momo", "mpgs", "oppwa", "paypal", "stcpay", "stripe", "tap"];

/// Refunds that the tour makes.
const REFUNDS: usize = 6;

/// A demo that stays up, in a process of its own; it is killed when dropped.
struct Demo {
    child: Child,
    out: std::io::Lines<BufReader<ChildStdout>>,
}

impl Demo {
    fn start(dir: &Path, words: &[&str]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_redress"));
        command.args(["demo", "--listen", "127.0.0.1:0", "--data", dir.to_str().unwrap()]).args(words);
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
        let out = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, out }
    }

    /// Reads on until a line that has this.
    #[track_caller]
    fn says(&mut self, text: &str) -> String {
        let mut before = String::new();
        for line in self.out.by_ref() {
            let line = line.unwrap();
            if line.contains(text) {
                return line;
            }
            assert!(!line.contains("FAIL"), "{line}");
            // After that it says nothing more, and stays up.
            assert!(!line.contains("The server stays up"), "it never said {text:?}: {before}");
            before.push_str(&line);
        }
        panic!("it ended without {text:?}: {before}");
    }
}

impl Drop for Demo {
    /// SIGKILL.
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn json(path: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

fn host(url: &Value) -> String {
    url.as_str().unwrap().strip_prefix("http://").unwrap().to_owned()
}

fn ledger(sandbox: &str) -> Vec<Value> {
    let (status, body) = request(sandbox, "GET /control/ledger HTTP/1.1", "");
    assert_eq!(status, 200);
    serde_json::from_str::<Value>(&body).unwrap()["effects"].as_array().unwrap().clone()
}

/// Each refund of the tour has one effect, on one of the first five payments of its kind.
fn assert_one_effect_a_refund(effects: &[Value], demo: &Value) {
    assert_eq!(effects.len(), REFUNDS, "{effects:?}");
    for effect in effects {
        assert_eq!(effect["state"], "succeeded");
        assert_eq!(effects.iter().filter(|other| other["key"] == effect["key"]).count(), 1, "{effects:?}");
        let payments = demo["payments"].as_array().unwrap();
        let kind = payments
            .iter()
            .filter(|one| one["currency"] == effect["currency"] && one["psp"] == effect["psp"]);
        assert!(kind.take(5).any(|one| one["psp_payment_id"] == effect["payment"]), "{effect}");
    }
}

#[test]
fn the_tour_holds_and_is_not_repeated() {
    let place = Place::new();
    let first = place.ok(ONCE);
    assert_eq!(first.matches("  ok  ").count(), STEPS, "{first}");
    assert!(!first.contains('\u{1b}'), "no colours where no person looks: {first}");

    let file = place.data().join("demo.json");
    let demo = json(&file);
    assert!(is_private(&file));
    for pointer in [
        "/base_url",
        "/sandbox_url",
        "/merchant/id",
        "/portone/client_key",
        "/portone/secret",
        "/sgate/key",
        "/sgate/secret",
        "/api_key",
        "/psp_accounts/1/id",
    ] {
        assert!(demo.pointer(pointer).is_some_and(|value| !value.as_str().unwrap().is_empty()), "{pointer}");
    }
    assert_eq!(demo["merchant"]["code"], "M948164");
    for account in demo["psp_accounts"].as_array().unwrap() {
        let psp = account["psp"].as_str().unwrap();
        assert!(PSPS.contains(&psp), "{psp}");
        assert_eq!(account["environment"], "sandbox");
    }
    let people = demo["portal_users"].as_array().unwrap();
    let roles: Vec<_> = people.iter().map(|person| person["role"].as_str().unwrap()).collect();
    assert_eq!(roles, ["viewer", "support", "manager", "admin"]);
    for person in people {
        let text = |field: &str| person[field].as_str().unwrap();
        assert!(text("email").contains('@') && text("password").len() >= 12, "{person}");
        assert_eq!(text("totp_secret").len(), 32, "160 bits in base 32");
    }
    for payment in demo["payments"].as_array().unwrap() {
        for field in
            ["order_ref", "merchant_order_ref", "channel", "payment_method", "psp_payment_id", "amount"]
        {
            assert!(!payment[field].as_str().unwrap().is_empty(), "{payment}");
        }
        assert_eq!(payment["environment"], "sandbox");
        let text = |field: &str| payment[field].as_str().unwrap();
        let by_portone =
            [("momo", "MOMOPAY"), ("stripe", "STRIPE"), ("adyen", "ADYEN"), ("paypal", "PAYPAL")];
        let by_sgate = [
            ("tap", "tap"),
            ("mpgs", "mastercard"),
            ("mpgs", "applePay"),
            ("stcpay", "stcpay"),
            ("oppwa", "stcpay"),
        ];
        let known = by_portone.contains(&(text("psp"), text("channel")))
            || by_sgate.contains(&(text("psp"), text("payment_method")));
        assert!(known, "{payment}");
    }

    let again = place.ok(ONCE);
    assert_eq!(again.matches("  done  ").count(), STEPS, "{again}");
    assert_eq!(json(&file), demo, "ports and keys are kept");
    place.ok("verify");
    // It also goes on at another address, without an account that somebody revoked.
    let account = demo["psp_accounts"][0]["id"].as_str().unwrap();
    place.ok(&format!("psp-account revoke {account}"));
    // None that the system chooses: it may lend that to a connection until the demo is there.
    let free = free_address();
    place.ok(&format!("demo --listen {free} --once"));
    assert_eq!(host(&json(&file)["base_url"]), free);
}

#[test]
fn a_demo_killed_anywhere_goes_on() {
    let place = Place::new();
    let dir = place.data();
    // While it sets up.
    for file in
        ["demo-state.json", "master.key", "redress.db", "sandbox.db", "notifications.jsonl", "demo.json"]
    {
        let _demo = Demo::start(&dir, &[]);
        until(file, LIMIT, || dir.join(file).exists().then_some(()));
    }
    // After each step, where the next one may have begun.
    for number in [1, 2, 5, 6, 8] {
        Demo::start(&dir, &[]).says(&format!("{number}/{STEPS}"));
    }
    // While an answer is lost: the effect is there, and nobody has been told.
    for effects in [3, 4] {
        let mut demo = Demo::start(&dir, &[]);
        demo.says(&format!("8/{STEPS}"));
        let sandbox = host(&json(&dir.join("demo.json"))["sandbox_url"]);
        // The next may have followed before anybody looked.
        until("effect", LIMIT, || (ledger(&sandbox).len() >= effects).then_some(()));
    }
    let ended = place.ok(ONCE);
    assert!(ended.contains(&format!("All {STEPS} steps held")), "{ended}");
    let mut demo = Demo::start(&dir, &[]);
    demo.says("All");
    let handout = json(&dir.join("demo.json"));
    assert_one_effect_a_refund(&ledger(&host(&handout["sandbox_url"])), &handout);
    place.ok("verify");
}

#[test]
fn a_tour_that_is_ended_by_a_signal_did_not_hold() {
    let place = Place::new();
    let ended = |words: &[&str], after: &str| {
        let mut demo = Demo::start(&place.data(), words);
        demo.says(after);
        let pid = demo.child.id().to_string();
        assert!(Command::new("kill").args(["-s", "TERM", &pid]).status().unwrap().success());
        demo.child.wait().unwrap().code()
    };
    assert_eq!(ended(&["--once"], &format!("1/{STEPS}")), Some(1), "most steps are still to come");
    assert_eq!(ended(&[], "The server stays up"), Some(0), "a signal is how that ends");
}

#[test]
fn whoever_finds_it_ready_finds_demo_json() {
    let place = Place::new();
    let dir = place.data();
    Demo::start(&dir, &[]).says(&format!("1/{STEPS}"));
    let handout = dir.join("demo.json");
    let server = host(&json(&handout)["base_url"]);
    std::fs::remove_file(&handout).unwrap();
    let demo = Demo::start(&dir, &[]);
    until("server", LIMIT, || {
        TcpStream::connect(&server).ok()?;
        (request(&server, "GET /readyz HTTP/1.1", "").0 == 200).then_some(())
    });
    assert!(handout.exists());
    drop(demo);
    // Commands beside it know that loopback is allowed here.
    let url = "http://127.0.0.1:20000/hook";
    place.ok(&format!("endpoint add --merchant M948164 --environment sandbox --url {url}"));
}

#[test]
fn two_demos_share_a_sandbox_of_another_program() {
    let (first, second) = (Place::new(), Place::new());
    let sandbox = Sandbox::start(&first);
    let once = format!("{ONCE} --sandbox http://{}/", sandbox.address);
    first.ok(&once);
    let handout = json(&first.data().join("demo.json"));
    assert_eq!(host(&handout["sandbox_url"]), sandbox.address);
    assert_one_effect_a_refund(&ledger(&sandbox.address), &handout);
    assert!(!first.data().join("sandbox.db").exists());
    second.ok(&once);
    assert_eq!(ledger(&sandbox.address).len(), 2 * REFUNDS);
    // Another ledger knows nothing of the refunds of this one.
    let other = first.run(ONCE);
    assert_eq!(other.code, 2, "{other:?}");
    assert!(other.err.contains("--sandbox"), "{other:?}");
}

#[test]
fn a_taken_address_is_told_of() {
    let place = Place::new();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let refused = place.run(&format!("demo --once --listen {address}"));
    assert_eq!(refused.code, 2, "{refused:?}");
    assert!(refused.err.contains(&address.to_string()) && refused.err.contains("--listen"), "{refused:?}");
    let far = place.run("demo --once --listen 0.0.0.0:0");
    assert_eq!(far.code, 2, "{far:?}");
    let named = place.run("demo --once --listen localhost:0");
    assert!(named.code == 2 && named.err.contains("as 127.0.0.1:8080"), "{named:?}");
}
