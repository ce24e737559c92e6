//! A sandbox that is killed without warning, with requests under way, comes back with everything that it had shown and everything
//! that it still owed.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail the test")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use axum::body::{Body, to_bytes};
use axum::http::Request;
use redress_sandbox::{Place, Sandbox, SandboxConfig, World};
use tempfile::TempDir;

/// Tells the child process which file it serves.
const FILE_VARIABLE: &str = "REDRESS_SANDBOX_TEST_FILE";
/// What the child says before its address.
const READY: &str = "the child listens at ";
/// Between two looks at whether everything has settled.
const BETWEEN_LOOKS: std::time::Duration = std::time::Duration::from_millis(10);
/// Refunds that are under way when the child is killed.
const REFUNDS: usize = 20;

/// Not a test: the process that is killed.
#[tokio::test]
#[ignore = "the other test of this file runs it in a process of its own"]
async fn child() {
    let place = Place::File(std::env::var_os(FILE_VARIABLE).unwrap().into());
    let sandbox = Sandbox::open(&place, SandboxConfig::default(), World::real()).unwrap();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    eprintln!("{READY}{}", listener.local_addr().unwrap());
    sandbox.serve(listener, std::future::pending()).await;
}

fn start(file: &Path) -> (Child, String) {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "--nocapture", "child"])
        .env(FILE_VARIABLE, file)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let address = lines.map_while(Result::ok).find_map(|line| line.strip_prefix(READY).map(str::to_owned));
    (child, address.unwrap())
}

fn send(address: &str, path: &str, body: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).unwrap();
    let length = body.len();
    let request = format!(
        "POST {path} HTTP/1.1\r\nhost: sandbox\r\nconnection: close\r\ncontent-length: {length}\r\n\
         authorization: Bearer sk_test_XKokBfNWv6FIYuTMg5sLPjhJ\r\n\r\n{body}"
    );
    stream.write_all(request.as_bytes()).unwrap();
    stream
}

fn call(address: &str, path: &str, body: &str) -> String {
    let mut answer = String::new();
    send(address, path, body).read_to_string(&mut answer).unwrap();
    answer
}

fn refund(number: usize) -> String {
    format!(
        r#"{{"charge_id":"chg_1","amount":1,"currency":"SAR","reason":"x","reference":{{"merchant":"RF-{number}"}}}}"#
    )
}

async fn ledger(sandbox: &Sandbox) -> Vec<String> {
    let response = sandbox.send(Request::get("/control/ledger").body(Body::empty()).unwrap()).await;
    let bytes = to_bytes(response.into_body(), usize::MAX).await.unwrap();
    let ledger: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
    let line = |effect: &serde_json::Value| format!("{} {}", effect["key"], effect["state"]).replace('"', "");
    ledger["effects"].as_array().unwrap().iter().map(line).collect()
}

// The watching must not hold up what it watches: the sandbox's loop has a thread of its own, and between two looks the
// state's lock is left alone. It is not a fair one: who takes it again at once keeps the loop out for as long as it likes.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_sandbox_keeps_what_it_showed_and_does_what_it_owed() {
    let directory = TempDir::new().unwrap();
    let file = directory.path().join("sandbox.db");
    let (mut child, address) = start(&file);
    let payment = r#"{"psp":"tap","payment":"chg_1","currency":"SAR","amount_minor":100000}"#;
    assert!(call(&address, "/control/payment", payment).starts_with("HTTP/1.1 200"));
    // One that stays pending, one whose effect is due at once when the next process looks, and many that settle at the earliest after the kill.
    let script = r#"{"psp":"tap","payment":"chg_1","steps":["pend","effect_after:1"]}"#;
    assert!(call(&address, "/control/script", script).starts_with("HTTP/1.1 200"));
    assert!(call(&address, "/v2/refunds", &refund(0)).contains("PENDING"));
    let held = send(&address, "/v2/refunds", &refund(1));
    let shown =
        (2..REFUNDS).filter(|number| call(&address, "/v2/refunds", &refund(*number)).contains("PENDING"));
    assert_eq!(shown.count(), REFUNDS - 2);
    child.kill().unwrap();
    child.wait().unwrap();
    drop(held);

    let sandbox = Sandbox::open(&Place::File(file), SandboxConfig::default(), World::real()).unwrap();
    let mut keys = ledger(&sandbox).await;
    keys.iter_mut().for_each(|line| line.truncate(line.find(' ').unwrap()));
    for number in (0..REFUNDS).filter(|number| *number != 1) {
        assert_eq!(
            keys.iter().filter(|key| **key == format!("RF-{number}")).count(),
            1,
            "RF-{number} in {keys:?}"
        );
    }
    sandbox.start();
    let is_settled = |effects: &[String]| {
        effects.len() == REFUNDS
            && effects.iter().filter(|line| line.ends_with("succeeded")).count() == REFUNDS - 1
    };
    let settling = async {
        let mut looks = tokio::time::interval(BETWEEN_LOOKS);
        while !is_settled(&ledger(&sandbox).await) {
            looks.tick().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(180), settling).await.expect("all settle");
    assert!(ledger(&sandbox).await.contains(&"RF-0 pending".to_owned()));
}
