//! A client of raw HTTP/1.1: one request a connection, and nothing of what the program under test uses.

use std::io::{Error, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::Value;

/// How long an answer may take. Longer than any wait of a face, and than a machine stands still.
const READ_TIMEOUT: Duration = Duration::from_secs(120);

/// A request.
#[derive(Clone, Debug)]
pub struct Call {
    /// As in `GET`.
    pub method: &'static str,
    /// With its query.
    pub path: String,
    /// Besides those that every request has.
    pub headers: Vec<(&'static str, String)>,
    /// JSON, where there is one.
    pub body: Option<String>,
}

/// What came back, whole.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The body, unread.
    pub body: String,
}

impl Call {
    /// A `GET`.
    pub fn get(path: impl Into<String>) -> Self {
        Self { method: "GET", path: path.into(), headers: Vec::new(), body: None }
    }

    /// A `POST` of JSON.
    pub fn post(path: impl Into<String>, body: impl Into<String>) -> Self {
        let body = Some(body.into());
        Self { method: "POST", path: path.into(), headers: Vec::new(), body }
    }

    /// The same with one more header.
    #[must_use]
    pub fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// The request as it crosses the wire: its head, and its body.
    pub fn bytes(&self) -> (String, String) {
        let mut head =
            format!("{} {} HTTP/1.1\r\nhost: test\r\nconnection: close\r\n", self.method, self.path);
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        let body = self.body.clone().unwrap_or_default();
        if self.body.is_some() {
            if self.headers.iter().all(|(name, _)| *name != "content-type") {
                head.push_str("content-type: application/json\r\n");
            }
            head.push_str(&format!("content-length: {}\r\n", body.len()));
        }
        head.push_str("\r\n");
        (head, body)
    }

    /// Sends the request and leaves the answer unread.
    ///
    /// # Errors
    /// What went wrong at the socket.
    pub fn send(&self, at: &str) -> Result<TcpStream, Error> {
        let mut stream = TcpStream::connect(at)?;
        stream.set_read_timeout(Some(READ_TIMEOUT))?;
        let (head, body) = self.bytes();
        stream.write_all((head + &body).as_bytes())?;
        Ok(stream)
    }

    /// Sends the request and reads the answer.
    ///
    /// # Errors
    /// Also when the answer is cut off.
    pub fn call(&self, at: &str) -> Result<Answer, Error> {
        read_answer(self.send(at)?)
    }

    /// The same where nothing may go wrong on the way.
    pub fn answer(&self, at: &str) -> Answer {
        self.call(at).unwrap_or_else(|error| panic!("{} {}: {error}", self.method, self.path))
    }
}

/// Reads an answer to its end.
///
/// # Errors
/// Also when it was cut off.
pub fn read_answer(mut stream: TcpStream) -> Result<Answer, Error> {
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes)?;
    let cut_off = || Error::from(ErrorKind::UnexpectedEof);
    let text = String::from_utf8(bytes).map_err(|error| Error::other(error.to_string()))?;
    let (head, body) = text.split_once("\r\n\r\n").ok_or_else(cut_off)?;
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).ok_or_else(cut_off)?;
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
    });
    match length {
        Some(length) if length == body.len() => Ok(Answer { status, body: body.to_owned() }),
        _ => Err(cut_off()),
    }
}

impl Answer {
    /// The body.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error} in {self:?}"))
    }

    /// The body, where the status is the expected one.
    pub fn expect(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{self:?}");
        self.json()
    }
}
