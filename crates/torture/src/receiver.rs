//! A merchant's small server that takes notifications in the dialect `standard` and remembers all of them.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use serde_json::Value;

use crate::dice::Dice;
use crate::time::{LIMIT, pause, until};

/// How many of a hundred notifications a moody receiver does not take.
const MOODY_PERCENT: u64 = 8;

/// A notification that came.
#[derive(Clone, Debug)]
pub struct Notice {
    /// As in `refund.succeeded`.
    pub kind: String,
    /// The refund's id.
    pub refund: String,
    /// What the merchant called the refund, if anything.
    pub merchant_refund_id: Option<String>,
    /// It was answered with 200; a held one is not.
    pub acknowledged: bool,
    /// `webhook-id`, the same for every try.
    pub id: String,
    /// `webhook-timestamp`.
    pub timestamp: String,
    /// `webhook-signature`.
    pub signature: String,
    /// As it came.
    pub body: String,
}

#[derive(Default)]
struct Shared {
    notices: Mutex<Vec<Notice>>,
    /// Decides what is refused; none where nothing is.
    moods: Mutex<Option<Dice>>,
    holding: AtomicBool,
    closed: AtomicBool,
}

/// The server; it ends when it is dropped.
pub struct Receiver {
    /// Where it is notified.
    pub url: String,
    at: String,
    shared: Arc<Shared>,
    listening: Option<JoinHandle<()>>,
}

impl Receiver {
    /// One that takes everything.
    pub fn start() -> Self {
        Self::with(None)
    }

    /// One that at random answers 500 or nothing at all.
    pub fn moody(dice: Dice) -> Self {
        Self::with(Some(dice))
    }

    fn with(moods: Option<Dice>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let at = listener.local_addr().unwrap().to_string();
        let shared = Arc::new(Shared { moods: Mutex::new(moods), ..Shared::default() });
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
    pub fn hold(&self) {
        self.shared.holding.store(true, SeqCst);
    }

    /// Drops what is held and answers what comes.
    pub fn release(&self) {
        self.shared.holding.store(false, SeqCst);
    }

    /// Everything that came until now.
    pub fn notices(&self) -> Vec<Notice> {
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
    let Some((headers, text_body)) = read_request(stream) else { return };
    let Ok(body) = serde_json::from_str::<Value>(&text_body) else { return };
    let header = |name: &str| headers.get(name).cloned().unwrap_or_default();
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let mut notice = Notice {
        kind: text(&body["type"]).unwrap(),
        refund: text(&body["data"]["id"]).unwrap(),
        merchant_refund_id: text(&body["data"]["merchant_refund_id"]),
        acknowledged: false,
        id: header("webhook-id"),
        timestamp: header("webhook-timestamp"),
        signature: header("webhook-signature"),
        body: text_body,
    };
    if shared.holding.load(SeqCst) {
        shared.notices.lock().unwrap().push(notice);
        until("the end of the hold", LIMIT, || (!shared.holding.load(SeqCst)).then_some(()));
        return;
    }
    if let Some(dice) = shared.moods.lock().unwrap().as_mut()
        && dice.percent(MOODY_PERCENT)
    {
        if dice.percent(50) {
            let _ = stream.write_all(b"HTTP/1.1 500 No\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
        }
        shared.notices.lock().unwrap().push(notice);
        return;
    }
    // Remembered first: whoever was told 200 finds it here.
    notice.acknowledged = true;
    shared.notices.lock().unwrap().push(notice);
    let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
    pause();
}

fn read_request(stream: &TcpStream) -> Option<(BTreeMap<String, String>, String)> {
    let mut reader = BufReader::new(stream);
    let mut headers = BTreeMap::new();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        match line.trim_end().split_once(':') {
            Some((name, value)) => {
                headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
            }
            None if line.trim_end().is_empty() => break,
            None => {}
        }
    }
    let mut body = vec![0; headers.get("content-length")?.parse().ok()?];
    reader.read_exact(&mut body).ok()?;
    Some((headers, String::from_utf8(body).ok()?))
}
