//! A merchant's small server that takes notifications in the dialect `standard` and remembers all of them.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use serde_json::Value;

use super::time::{pause, until};

/// How long a held notification waits at most for the end of the hold.
const HOLD_LIMIT: std::time::Duration = std::time::Duration::from_secs(20);

/// A notification that came.
#[derive(Clone, Debug)]
pub(crate) struct Notice {
    /// As in `refund.succeeded`.
    pub(crate) kind: String,
    /// The refund's id.
    pub(crate) refund: String,
    /// What the merchant called the refund, if anything.
    pub(crate) merchant_refund_id: Option<String>,
    /// It was answered with 200; a held one is not.
    pub(crate) acknowledged: bool,
}

#[derive(Default)]
struct Shared {
    notices: Mutex<Vec<Notice>>,
    holding: AtomicBool,
    closed: AtomicBool,
}

/// The server; it ends when it is dropped.
pub(crate) struct Receiver {
    pub(crate) url: String,
    at: String,
    shared: Arc<Shared>,
    listening: Option<JoinHandle<()>>,
}

impl Receiver {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let at = listener.local_addr().unwrap().to_string();
        let shared = Arc::new(Shared::default());
        let theirs = Arc::clone(&shared);
        let listening = std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if theirs.closed.load(SeqCst) {
                    return;
                }
                let shared = Arc::clone(&theirs);
                std::thread::spawn(move || serve(&stream, &shared));
            }
        });
        Self { url: format!("http://{at}/notifications"), at, shared, listening: Some(listening) }
    }

    /// From now on notifications are read and not answered, until [`Receiver::release`].
    pub(crate) fn hold(&self) {
        self.shared.holding.store(true, SeqCst);
    }

    /// Drops what is held and answers what comes.
    pub(crate) fn release(&self) {
        self.shared.holding.store(false, SeqCst);
    }

    /// Everything that came until now.
    pub(crate) fn notices(&self) -> Vec<Notice> {
        self.shared.notices.lock().unwrap().clone()
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.shared.closed.store(true, SeqCst);
        self.release();
        // Wakes the listener.
        let _ = TcpStream::connect(&self.at);
        let _ = self.listening.take().map(JoinHandle::join);
    }
}

fn serve(mut stream: &TcpStream, shared: &Shared) {
    // A sender that was killed amid a request sent nothing.
    let Some(body) = read_body(stream) else { return };
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let mut notice = Notice {
        kind: text(&body["type"]).unwrap(),
        refund: text(&body["data"]["id"]).unwrap(),
        merchant_refund_id: text(&body["data"]["merchant_refund_id"]),
        acknowledged: false,
    };
    if shared.holding.load(SeqCst) {
        shared.notices.lock().unwrap().push(notice);
        until("the end of the hold", HOLD_LIMIT, || (!shared.holding.load(SeqCst)).then_some(()));
        return;
    }
    // Remembered first: whoever was told 200 finds it here.
    notice.acknowledged = true;
    shared.notices.lock().unwrap().push(notice);
    let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
    pause();
}

fn read_body(stream: &TcpStream) -> Option<Value> {
    let mut reader = BufReader::new(stream);
    let mut length = 0;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        match line.trim_end().split_once(':') {
            Some((name, value)) if name.eq_ignore_ascii_case("content-length") => {
                length = value.trim().parse().ok()?;
            }
            Some(_) => {}
            None if line.trim_end().is_empty() => break,
            None => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    serde_json::from_slice(&body).ok()
}
