//! The sandbox over real connections: faults that only a connection can show, callers that hang up, notifications that arrive,
//! and a server that ends and comes back. The real clock is used, and waited on only through what it makes happen.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail the test")]

use std::io::ErrorKind;
use std::time::Duration;

use redress_sandbox::{Place, Sandbox, SandboxConfig, World};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// Nothing here takes anywhere near as long; a test that hangs fails after it.
const PATIENCE: Duration = Duration::from_secs(180);
/// How often the ledger is looked at before a test gives up.
const LOOKS_MAX: usize = 50_000;

struct Server {
    address: String,
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Server {
    async fn start(place: &Place) -> Server {
        let sandbox = Sandbox::open(place, SandboxConfig::default(), World::real()).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let (stop, stopped) = oneshot::channel::<()>();
        #[expect(clippy::disallowed_methods, reason = "the test owns its runtime")]
        let task = tokio::spawn(async move { sandbox.serve(listener, async { drop(stopped.await) }).await });
        Server { address, stop, task }
    }

    async fn with_script(place: &Place, steps: &str) -> Server {
        let server = Server::start(place).await;
        let payment = r#"{"psp":"tap","payment":"chg_1","currency":"SAR","amount_minor":10000}"#;
        assert!(server.call("POST", "/control/payment", payment).await.starts_with("HTTP/1.1 200"));
        let script = format!(r#"{{"psp":"tap","payment":"chg_1","steps":[{steps}]}}"#);
        assert!(server.call("POST", "/control/script", &script).await.starts_with("HTTP/1.1 200"));
        server
    }

    /// Sends a request on a connection of its own, and leaves the connection open.
    async fn send(&self, method: &str, path: &str, body: &str) -> TcpStream {
        let mut stream = TcpStream::connect(&self.address).await.unwrap();
        let length = body.len();
        let request = format!(
            "{method} {path} HTTP/1.1\r\nhost: sandbox\r\nconnection: close\r\ncontent-length: {length}\r\n\
             authorization: Bearer sk_test_XKokBfNWv6FIYuTMg5sLPjhJ\r\n\r\n{body}"
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        stream
    }

    async fn call(&self, method: &str, path: &str, body: &str) -> String {
        let mut stream = self.send(method, path, body).await;
        let mut answer = String::new();
        within(stream.read_to_string(&mut answer)).await.unwrap();
        answer
    }

    /// Looks until the ledger says this.
    async fn wait_for_ledger(&self, wanted: &str) {
        for _ in 0..LOOKS_MAX {
            if self.call("GET", "/control/ledger", "").await.contains(wanted) {
                return;
            }
        }
        panic!("the ledger never said {wanted}");
    }

    async fn stop(self) {
        self.stop.send(()).unwrap();
        within(self.task).await.unwrap();
    }
}

async fn within<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, future).await.expect("this should not take so long")
}

fn refund(url: &str) -> String {
    format!(
        r#"{{"charge_id":"chg_1","amount":10,"currency":"SAR","reason":"x","reference":{{"merchant":"RF-1"}},"post":{{"url":"{url}"}}}}"#
    )
}

/// A merchant's system: takes one notification and gives its text.
struct Merchant(TcpListener);

impl Merchant {
    async fn start() -> Merchant {
        Merchant(TcpListener::bind("127.0.0.1:0").await.unwrap())
    }

    fn url(&self) -> String {
        format!("http://{}/tap?order=1", self.0.local_addr().unwrap())
    }

    async fn notification(&self) -> String {
        let (mut stream, _) = within(self.0.accept()).await.unwrap();
        let mut text = String::new();
        let mut buffer = [0; 4_096];
        while !text.ends_with('}') {
            let read = within(stream.read(&mut buffer)).await.unwrap();
            assert_ne!(read, 0, "the notification is cut off: {text}");
            text.push_str(std::str::from_utf8(&buffer[..read]).unwrap());
        }
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").await.unwrap();
        text
    }
}

#[tokio::test]
async fn a_refund_and_its_notification() {
    let (server, merchant) = (Server::with_script(&Place::Memory, "").await, Merchant::start().await);
    let answer = server.call("POST", "/v2/refunds", &refund(&merchant.url())).await;
    assert!(answer.contains(r#""status":"PENDING""#), "{answer}");
    let told = merchant.notification().await;
    assert!(told.starts_with("POST /tap?order=1 HTTP/1.1\r\n"), "{told}");
    assert!(told.to_lowercase().contains("\r\nhashstring: "), "{told}");
    assert!(told.contains(r#""status":"REFUNDED""#), "{told}");
    server.stop().await;
}

#[tokio::test]
async fn reset_after_effect_resets_the_connection() {
    let server = Server::with_script(&Place::Memory, r#""reset_after_effect""#).await;
    let mut stream = server.send("POST", "/v2/refunds", &refund("")).await;
    let mut answer = Vec::new();
    let outcome = within(stream.read_to_end(&mut answer)).await;
    assert_eq!(outcome.map_err(|error| error.kind()), Err(ErrorKind::ConnectionReset));
    assert_eq!(answer, b"");
    server.wait_for_ledger("RF-1").await;
    server.stop().await;
}

#[tokio::test]
async fn a_held_caller_gets_nothing_and_its_hanging_up_changes_nothing() {
    let (server, merchant) =
        (Server::with_script(&Place::Memory, r#""timeout_after_effect""#).await, Merchant::start().await);
    let mut stream = server.send("POST", "/v2/refunds", &refund(&merchant.url())).await;
    server.wait_for_ledger("RF-1").await;
    // The notification comes 300 ms later, and still there is no answer.
    merchant.notification().await;
    let silence = stream.try_read(&mut [0; 1]).map_err(|error| error.kind());
    assert_eq!(silence, Err(ErrorKind::WouldBlock));
    stream.shutdown().await.unwrap();
    drop(stream);
    server.wait_for_ledger(r#""state":"succeeded""#).await;
    server.stop().await;
}

#[tokio::test]
async fn an_effect_comes_after_the_caller_has_hung_up() {
    let (server, merchant) =
        (Server::with_script(&Place::Memory, r#""effect_after:40""#).await, Merchant::start().await);
    let stream = server.send("POST", "/v2/refunds", &refund(&merchant.url())).await;
    drop(stream);
    let told = merchant.notification().await;
    assert!(told.contains(r#""status":"REFUNDED""#), "{told}");
    server.stop().await;
}

#[tokio::test]
async fn a_server_ends_although_callers_are_held_and_comes_back_with_what_it_owed() {
    let directory = TempDir::new().unwrap();
    let place = Place::File(directory.path().join("sandbox.db"));
    let merchant = Merchant::start().await;
    let server = Server::with_script(&place, r#""pend","timeout_after_effect""#).await;
    server.call("POST", "/v2/refunds", &refund("")).await;
    let mut held = server.send("POST", "/v2/refunds", &refund(&merchant.url())).await;
    server.wait_for_ledger("},{").await;
    server.stop().await;
    let mut answer = Vec::new();
    drop(within(held.read_to_end(&mut answer)).await);
    assert_eq!(answer, b"");

    let server = Server::start(&place).await;
    merchant.notification().await;
    server.wait_for_ledger(r#""state":"succeeded""#).await;
    server.wait_for_ledger(r#""state":"pending""#).await;
    server.stop().await;
}
