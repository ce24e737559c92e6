//! Commands that speak to a server over HTTP, with what their exit codes say.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;

use redress_torture::process::free_address;
use serde_json::{Value, json};

use crate::harness::time::{LIMIT, until};
use crate::program::{Place, Ran, Sandbox, Server, answer, program, run};

/// Look-ups come soon. No PSP lets anybody wait here, so none is given up.
const SHORT: [(&str, &str); 4] = [
    ("REDRESS_PSP_ALLOW_LOOPBACK", "true"),
    ("REDRESS_ENGINE_POLL", "20ms"),
    ("REDRESS_ENGINE_PENDING_FIRST", "50ms"),
    ("REDRESS_ENGINE_PENDING_MAX", "100ms"),
];

const MOMO: &str = "--credential partner_code=MOMO --credential access_key=F8BBA842ECF85 \
    --credential secret_key=K951B6PE1waDMi640xX08PD3vg6EkVlz";

/// A server with payments of 100 000 VND at a PSP, and an API key.
struct Shop {
    place: Place,
    sandbox: Sandbox,
    server: Server,
    url: String,
    account: String,
    key: String,
}

fn serve(place: &Place, listen: &str) -> Server {
    place.serve(&[&[("REDRESS_SERVER_LISTEN", listen)][..], &SHORT[..]].concat())
}

impl Shop {
    /// With so many payments, `o-1` and on.
    fn open(payments: usize) -> Self {
        Self::open_at("127.0.0.1:0", payments)
    }

    fn open_at(listen: &str, payments: usize) -> Self {
        let place = Place::new();
        let sandbox = Sandbox::start(&place);
        place.ok("merchant add --name Shop --code M1");
        let add = format!(
            "psp-account add --merchant M1 --psp momo --environment sandbox --base-url http://{} {MOMO}",
            sandbox.address
        );
        let account = place.json_with(&add, &SHORT)["id"].as_str().unwrap().to_owned();
        let mut csv =
            "order_ref,psp_account,psp_payment_id,currency,amount,captured_at,channel,payment_method\n"
                .to_owned();
        for n in 1..=payments {
            csv += &format!("o-{n},{account},{n},VND,100000,2026-01-02T03:04:05Z,MOMOPAY,MOMOPAY_WALLET\n");
            let known = n.to_string();
            let known = json!({"psp": "momo", "payment": known, "currency": "VND", "amount_minor": 100_000});
            sandbox.control("payment", &known);
        }
        let file = place.file("payments.csv", &csv);
        place.ok(&format!("payments import {} --merchant M1", file.display()));
        let key = place.json("key add --merchant M1 --kind api --environment sandbox");
        let key = key["secret"].as_str().unwrap().to_owned();
        let server = serve(&place, listen);
        let url = format!("http://{}", server.address);
        Self { place, sandbox, server, url, account, key }
    }

    /// Scripts what happens to the next refund of a payment.
    fn script(&self, payment: &str, step: &str) {
        self.sandbox.control("script", &json!({"psp": "momo", "payment": payment, "steps": [step]}));
    }

    fn variables(&self) -> [(&'static str, &str); 3] {
        [("REDRESS_URL", &self.url), ("REDRESS_API_KEY", &self.key), NO_FILE]
    }

    /// Runs a command with the server and the key in variables. The key is shown by none.
    #[track_caller]
    fn run(&self, words: &str) -> Ran {
        let ran = run(&words.split(' ').collect::<Vec<_>>(), &self.variables());
        assert!(!ran.out.contains(&self.key) && !ran.err.contains(&self.key), "{ran:?}");
        ran
    }

    #[track_caller]
    fn json(&self, words: &str) -> Value {
        let ran = self.run(&format!("{words} --json"));
        assert_eq!(ran.code, 0, "{words}: {ran:?}");
        serde_json::from_str(&ran.out).unwrap()
    }
}

/// No file of profiles of the person who runs the tests.
const NO_FILE: (&str, &str) = ("XDG_CONFIG_HOME", "/nonexistent");

#[track_caller]
fn assert_ends(ran: &Ran, code: i32, says: &str) {
    assert!(ran.code == code && ran.err.contains(says), "{ran:?}");
}

#[test]
fn a_refund_is_made_read_and_listed_and_the_store_shows_the_same() {
    let shop = Shop::open(2);
    let create = "refund create o-1 --amount 40000 --currency VND --reason duplicate --metadata a=b \
        --expected-refundable 100000 --merchant-refund-id r-1 --idempotency-key k-1 --wait 60";
    let made = shop.json(create);
    assert_eq!((&made["status"], &made["amount_minor"]), (&json!("succeeded"), &json!(40_000)));
    assert_eq!((&made["metadata"]["a"], &made["reason"]), (&json!("b"), &json!("duplicate")));
    let id = made["id"].as_str().unwrap();
    let again = shop.run(create);
    assert!(
        again.code == 0 && again.out.starts_with("It was made before") && again.out.contains(id),
        "{again:?}"
    );
    let shown = shop.run(&format!("refund get {id}"));
    assert!(
        shown.code == 0 && shown.out.contains("succeeded") && shown.out.contains("40000 VND"),
        "{shown:?}"
    );
    assert_eq!(shop.json(&format!("refund get {id}")), made);
    let rest = shop.json("refund create o-1 --wait 60");
    assert_eq!(rest["amount_minor"], 60_000, "what is left");
    let twice = shop.run("refund create o-2 --metadata a=b --metadata a=c");
    assert_ends(&twice, 2, "--metadata a is there twice");
    let keyed = "refund create o-2 --amount-minor 1000 --currency VND --idempotency-key k-2 --wait 60";
    let other = shop.json(keyed);
    assert_eq!(shop.json(keyed)["id"], other["id"], "the key alone makes it the same");

    let list = shop.json("refund list");
    let ids: Vec<_> = list["data"].as_array().unwrap().iter().map(|one| &one["id"]).collect();
    assert_eq!(ids, [&other["id"], &rest["id"], &made["id"]]);
    let first = shop.json("refund list --limit 1");
    let cursor = first["next_cursor"].as_str().unwrap();
    assert_eq!(shop.json(&format!("refund list --cursor {cursor}"))["data"].as_array().unwrap().len(), 2);
    let one = shop.run("refund list --merchant-refund-id r-1 --status succeeded");
    assert!(one.out.contains(id) && one.out.lines().count() == 2, "{one:?}");
    assert_eq!(shop.run("refund list --status failed").out.trim(), "no refunds");

    let local = shop.place.json(&format!("refund show {id}"));
    assert_eq!((&local["state"], &local["amount_minor"]), (&json!("succeeded"), &json!(40_000)));
}

#[test]
fn each_end_has_a_code_of_its_own() {
    let shop = Shop::open(4);
    let create = |order: &str| format!("refund create {order} --amount 50000 --currency VND");
    // Refused.
    assert_ends(&shop.run(&format!("{} --expected-refundable 1", create("o-1"))), 1, "refundable_changed");
    assert_ends(&shop.run("refund create o-1 --amount-minor 100001 --currency VND"), 1, "more_than_left");
    assert_ends(&shop.run("refund create o-1 --reason whim"), 1, "field reason");
    // It cannot run.
    assert_ends(&shop.run("refund create o-1 --amount 1"), 2, "--currency");
    assert_ends(&shop.run("refund create o-1 --amount 1.5 --currency VND"), 2, "decimals");
    assert_ends(&run(&["refund", "list"], &[NO_FILE]), 2, "which server");
    // Nobody there.
    let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap();
    let nowhere = format!("http://{free}");
    let ran = run(&["refund", "list", "--url", &nowhere], &[("REDRESS_API_KEY", "rk_1"), NO_FILE]);
    assert_ends(&ran, 3, "cannot be reached");
    // Not let in.
    let url = shop.url.as_str();
    let ran = run(&["refund", "list", "--url", url], &[("REDRESS_API_KEY", "rk_1"), NO_FILE]);
    assert_ends(&ran, 4, "unauthorized");
    // Not there.
    assert_ends(&shop.run("refund get rf_00000000000000000000000000"), 5, "not_found");
    assert_ends(&shop.run("refund create o-9"), 5, "not_found");
    // It ended without effect.
    shop.script("2", "refuse");
    let failed = shop.run(&format!("{} --wait 60 --json", create("o-2")));
    assert_ends(&failed, 6, "is failed");
    let id = serde_json::from_str::<Value>(&failed.out).unwrap()["id"].as_str().unwrap().to_owned();
    assert_ends(&shop.run(&format!("refund watch {id}")), 6, "is failed");
    assert_eq!(shop.run(&format!("refund get {id}")).code, 0, "it was read");
    assert_ends(&shop.run("refund list --profiles nowhere.toml"), 2, "nowhere.toml");
    // The end is not known yet.
    shop.script("3", "pend");
    assert_ends(&shop.run(&format!("{} --wait 5", create("o-3"))), 7, "is still pending");
    shop.script("4", "pend");
    assert_eq!(shop.run(&create("o-4")).code, 0, "without a wait it is accepted");
}

#[test]
fn a_refund_is_watched_to_its_end() {
    let shop = Shop::open(1);
    shop.script("1", "pend");
    let made = shop.json("refund create o-1");
    let id = made["id"].as_str().unwrap();
    until("word of the PSP", LIMIT, || {
        (shop.json(&format!("refund get {id}"))["status"] == "pending").then_some(())
    });
    let early = shop.run(&format!("refund watch {id} --timeout 2"));
    assert_ends(&early, 7, "is still pending");
    assert!(early.out.contains("100000 VND  pending"), "{early:?}");
    let shown = shop.place.json(&format!("refund show {id}"));
    assert!(shown["psp_note"].as_str().unwrap().contains("7002"), "{shown}");
    let key = shown["psp_key"].clone();
    let mut watch = program(&["refund", "watch", id, "--json"], &shop.variables());
    let mut watch = watch.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(watch.stdout.take().unwrap()).lines();
    let status = |line: String| serde_json::from_str::<Value>(&line).unwrap()["status"].clone();
    assert_eq!(status(lines.next().unwrap().unwrap()), "pending");
    shop.sandbox.control("finish", &json!({"psp": "momo", "refund": key, "state": "succeeded"}));
    assert_eq!(status(lines.next().unwrap().unwrap()), "succeeded");
    assert!(lines.next().is_none());
    assert_eq!(watch.wait().unwrap().code(), Some(0));
    assert_eq!(shop.place.json(&format!("refund show {id}"))["psp_note"], Value::Null, "it waits no more");
    assert!(!shop.place.ok(&format!("refund show {id}")).contains("psp says"));
}

#[test]
fn what_was_not_sent_is_canceled() {
    let shop = Shop::open(2);
    shop.place.ok(&format!("psp-account pause {}", shop.account));
    let queued = shop.json("refund create o-1");
    let id = queued["id"].as_str().unwrap();
    let canceled = shop.run(&format!("refund cancel {id} --reason typo"));
    assert!(canceled.code == 0 && canceled.out.contains("canceled"), "{canceled:?}");
    shop.place.ok(&format!("psp-account resume {}", shop.account));
    let done = shop.json("refund create o-2 --wait 60");
    let id = done["id"].as_str().unwrap();
    assert_ends(&shop.run(&format!("refund cancel {id}")), 1, "conflict");
}

/// Else a restart would take as long as the longest wait that somebody asked for.
#[test]
fn who_waits_for_an_end_is_answered_when_the_server_ends() {
    let mut shop = Shop::open(1);
    shop.script("1", "pend");
    let mut idle = TcpStream::connect(&shop.server.address).unwrap();
    let mut caller = TcpStream::connect(&shop.server.address).unwrap();
    let head = format!(
        "POST /v1/payments/o-1/refunds HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\nprefer: wait=60\r\n\
         content-length: 2\r\nexpect: 100-continue\r\n\r\n",
        shop.key
    );
    caller.write_all(head.as_bytes()).unwrap();
    // The server waits for the body: it has the request.
    let mut said = [0; "HTTP/1.1 100 Continue\r\n\r\n".len()];
    caller.read_exact(&mut said).unwrap();
    shop.server.signal("TERM");
    // An idle connection is closed at once, which says that the end has begun.
    let _ = idle.read_to_end(&mut Vec::new());
    caller.write_all(b"{}").unwrap();
    let (status, body) = answer(caller);
    let refund: Value = serde_json::from_str(&body).unwrap();
    assert_eq!((status, &refund["finished_at"]), (201, &Value::Null), "it is made, and open: {refund}");
    assert_eq!(shop.server.wait().code(), Some(0));
}

#[test]
fn a_lost_answer_is_told_with_what_finds_out() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let taken = std::thread::spawn(move || {
        let mut keys = Vec::new();
        for stream in listener.incoming().take(4) {
            let (mut text, mut bytes) = (String::new(), [0; 4096]);
            let mut stream = stream.unwrap();
            while !text.ends_with('}') {
                let read = stream.read(&mut bytes).unwrap();
                text.push_str(std::str::from_utf8(&bytes[..read]).unwrap());
            }
            keys.extend(
                text.lines().find_map(|line| Some(line.strip_prefix("idempotency-key: ")?.to_owned())),
            );
        }
        keys
    });
    let ran = run(&["refund", "create", "o-1", "--url", &url], &[("REDRESS_API_KEY", "rk_1"), NO_FILE]);
    let keys = taken.join().unwrap();
    assert_eq!(keys.len(), 4);
    assert!(keys.iter().all(|key| *key == keys[0]), "one refund: {keys:?}");
    assert_ends(&ran, 7, &format!("--idempotency-key {}", keys[0]));
}

#[test]
fn the_feed_is_followed_and_resumed() {
    let shop = Shop::open(1);
    shop.json("refund create o-1 --amount 1000 --currency VND --wait 60");
    let lines = |words: &str| -> Vec<Value> {
        let ran = shop.run(&format!("events tail --no-follow --json {words}"));
        assert_eq!(ran.code, 0, "{ran:?}");
        ran.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    };
    let all = lines("--from beginning");
    let kinds: Vec<_> = all.iter().map(|line| line["event"]["type"].as_str()).collect();
    assert_eq!(kinds, [Some("refund.created"), Some("refund.succeeded"), None]);
    assert!(all[0]["cursor"].is_null(), "its page is not done with");
    assert_eq!((&all[1]["cursor"], all[1]["cursor"].is_string()), (&all[2]["cursor"], true));
    let cursor = all[1]["cursor"].as_str().unwrap();
    assert_eq!(
        lines(&format!("--from {cursor}")),
        [json!({"cursor": cursor, "event": null})],
        "nothing twice"
    );
    assert_eq!(lines("--from now")[0], json!({"cursor": cursor, "event": null}));
    let text = shop.run("events tail --no-follow --from beginning --type refund.succeeded");
    assert!(text.out.lines().count() == 1 && text.out.contains("o-1  1000 VND"), "{text:?}");
    assert_ends(&shop.run("events tail --from x"), 1, "cursor");

    let words = ["events", "tail", "--json", "--from", cursor, "--type", "refund.succeeded"];
    let mut tail = program(&words, &shop.variables());
    let mut tail = tail.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
    let mut followed = BufReader::new(tail.stdout.take().unwrap()).lines();
    let made = shop.json("refund create o-1 --amount 2000 --currency VND --wait 60");
    let line: Value = serde_json::from_str(&followed.next().unwrap().unwrap()).unwrap();
    assert_eq!(line["event"]["data"]["id"], made["id"]);
    // Nobody reads any more: what comes next is the end.
    drop(followed);
    shop.json("refund create o-1 --amount 3000 --currency VND --wait 60");
    let status = until("end", LIMIT, || tail.try_wait().unwrap());
    assert_eq!(status.code(), Some(0));
}

#[test]
fn who_follows_outlasts_a_restart() {
    // One that nobody takes while the server is down, as may happen to what the system chooses.
    let address = free_address();
    let mut shop = Shop::open_at(&address, 1);
    shop.script("1", "pend");
    let made = shop.json("refund create o-1");
    let id = made["id"].as_str().unwrap();
    let key = shop.place.json(&format!("refund show {id}"))["psp_key"].clone();
    let start = |words: &[&str]| {
        let mut command = program(words, &shop.variables());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    };
    let mut watch = start(&["refund", "watch", id, "--json"]);
    let mut tail = start(&["events", "tail", "--json", "--from", "beginning"]);
    let read = |line: std::io::Result<String>| serde_json::from_str::<Value>(&line.unwrap()).unwrap();
    let mut watched = BufReader::new(watch.stdout.take().unwrap()).lines().map(read);
    let mut followed = BufReader::new(tail.stdout.take().unwrap()).lines().map(read);
    // Both were answered.
    assert_eq!(watched.next().unwrap()["id"], id);
    assert_eq!(followed.next().unwrap()["event"]["type"], "refund.created");
    shop.server.signal("TERM");
    assert_eq!(shop.server.wait().code(), Some(0));
    // They say so, the one and the other, before there is a server again.
    for child in [&mut watch, &mut tail] {
        let mut said = String::new();
        BufReader::new(child.stderr.take().unwrap()).read_line(&mut said).unwrap();
        assert!(said.contains("it is asked again until it is back"), "{said}");
    }
    shop.server = serve(&shop.place, &address);
    shop.sandbox.control("finish", &json!({"psp": "momo", "refund": key, "state": "succeeded"}));
    assert!(watched.any(|refund| refund["status"] == "succeeded"));
    assert!(followed.any(|line| line["event"]["type"] == "refund.succeeded"));
    assert_eq!(watch.wait().unwrap().code(), Some(0));
    tail.kill().unwrap();
    tail.wait().unwrap();
}

#[test]
fn a_profile_names_the_server_and_its_key() {
    let shop = Shop::open(1);
    let folder = shop.place.data().with_file_name("config");
    let (file, key) = (folder.join("redress/profiles.toml"), folder.join("redress/key"));
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    let url = shop.url.as_str();
    let text = format!(
        "default = \"shop\"\n[profiles.shop]\nurl = \"{url}\"\napi_key_file = \"key\"\n\
         [profiles.other]\nurl = \"http://127.0.0.1:1\"\napi_key_env = \"OTHER\"\n"
    );
    std::fs::write(&file, text).unwrap();
    std::fs::write(&key, format!("{}\n", shop.key)).unwrap();
    let own = |mode| std::fs::set_permissions(&key, std::fs::Permissions::from_mode(mode)).unwrap();
    let run = |words: &[&str], more: &[(&str, &str)]| {
        let config = [("XDG_CONFIG_HOME", folder.to_str().unwrap())];
        let ran = run(words, &[&config[..], more].concat());
        assert!(!ran.out.contains(&shop.key) && !ran.err.contains(&shop.key), "{ran:?}");
        ran
    };
    own(0o644);
    assert_ends(&run(&["refund", "list"], &[]), 2, "chmod 600");
    own(0o600);
    assert_eq!(run(&["refund", "list"], &[]).code, 0);
    let whole = std::fs::read(&key).unwrap();
    std::fs::write(&key, "\n").unwrap();
    assert_ends(&run(&["refund", "list"], &[]), 2, "there is no key");
    std::fs::write(&key, whole).unwrap();
    assert_ends(
        &run(&["refund", "list", "--profile", "other"], &[("OTHER", "rk_1")]),
        3,
        "cannot be reached",
    );
    let there = [("REDRESS_PROFILE", "other"), ("OTHER", "rk_1")];
    assert_eq!(run(&["refund", "list"], &there).code, 3);
    assert_eq!(run(&["refund", "list", "--profile", "shop"], &there).code, 0);
    assert_ends(&run(&["refund", "list", "--profile", "nobody"], &[]), 2, "other, shop");
    // A key of a profile goes nowhere else.
    assert_ends(&run(&["refund", "list", "--url", "http://127.0.0.1:1"], &[]), 2, "REDRESS_API_KEY");
    // These variables are no settings of the server.
    let data = shop.place.data();
    let local = ["merchant", "list", "--data", data.to_str().unwrap()];
    let variables = [("REDRESS_URL", url), ("REDRESS_API_KEY", "rk_1"), ("REDRESS_PROFILE", "x")];
    assert_eq!(run(&local, &variables).code, 0);
}
