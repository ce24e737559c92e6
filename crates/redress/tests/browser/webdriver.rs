//! The WebDriver protocol (<https://www.w3.org/TR/webdriver2/>), as far as these tests speak it: JSON over HTTP on
//! loopback. A client library would bring its own HTTP, cookies and calendars for about twenty commands.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::time::Duration;

use redress_torture::process::{Process, free_address};
use redress_torture::time::{LIMIT, until};
use serde_json::{Value, json};

/// For one command: longer than every wait that a session has of its own.
const COMMAND_LIMIT: Duration = Duration::from_secs(300);

/// The longest answer that is read, in bytes: a picture of a long page.
const ANSWER_BYTES_MAX: usize = 64 * 1024 * 1024;

/// A driver in a process of its own; it is killed when dropped.
pub(crate) struct Driver {
    _process: Process,
    at: String,
}

impl Driver {
    /// Starts one, which logs into `dir`.
    pub(crate) fn start(program: &Path, dir: &Path) -> Self {
        let at = free_address();
        let (_, port) = at.rsplit_once(':').unwrap();
        let process = Process::start(program, &[&format!("--port={port}")], &dir.join("chromedriver.log"));
        until("answer of the driver", LIMIT, || exchange(&at, "GET", "/status", None).ok());
        Self { _process: process, at }
    }

    /// Opens a browser with these capabilities.
    pub(crate) fn open(&self, capabilities: &Value) -> Session {
        let body = json!({ "capabilities": { "alwaysMatch": capabilities } });
        let made = command(&self.at, "POST", "/session", Some(&body)).unwrap();
        Session { at: self.at.clone(), path: format!("/session/{}", made["sessionId"].as_str().unwrap()) }
    }
}

/// A browser that a driver has open; it ends when dropped.
pub(crate) struct Session {
    at: String,
    path: String,
}

impl Session {
    /// A command without a body, its address after the session's; else what the driver says instead of a value.
    pub(crate) fn get(&self, path: &str) -> Result<Value, String> {
        command(&self.at, "GET", &format!("{}{path}", self.path), None)
    }

    /// A command with a body, its address after the session's.
    pub(crate) fn post(&self, path: &str, body: &Value) -> Result<Value, String> {
        command(&self.at, "POST", &format!("{}{path}", self.path), Some(body))
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        // The browser must end before its driver is killed, or it stays.
        let _ = exchange(&self.at, "DELETE", &self.path, None);
    }
}

fn command(at: &str, method: &str, path: &str, body: Option<&Value>) -> Result<Value, String> {
    let answer = exchange(at, method, path, body).unwrap_or_else(|error| panic!("{method} {path}: {error}"));
    let mut answer: Value = serde_json::from_slice(&answer).unwrap();
    let value = answer["value"].take();
    match value["error"].as_str() {
        None => Ok(value),
        Some(error) => {
            let message = value["message"].as_str().unwrap_or_default();
            let first = message.lines().next().unwrap_or_default();
            Err(format!("{error}: {first}"))
        }
    }
}

/// One request on a connection of its own, and the body of its answer.
fn exchange(at: &str, method: &str, path: &str, body: Option<&Value>) -> std::io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect(at)?;
    stream.set_read_timeout(Some(COMMAND_LIMIT))?;
    let body = body.map(Value::to_string).unwrap_or_default();
    let length = body.len();
    // The driver looks whether the host is a local one.
    let head = format!(
        "{method} {path} HTTP/1.1\r\nhost: {at}\r\nconnection: close\r\ncontent-type: application/json\r\n\
         content-length: {length}\r\n\r\n"
    );
    stream.write_all((head + &body).as_bytes())?;
    let mut answer = BufReader::new(stream);
    let mut length = None;
    loop {
        let mut line = String::new();
        answer.read_line(&mut line)?;
        if line.trim().is_empty() {
            break;
        }
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse::<usize>().ok();
        }
    }
    let length = length.filter(|length| *length <= ANSWER_BYTES_MAX);
    let mut body = vec![0; length.ok_or_else(|| std::io::Error::other("an answer without a length"))?];
    answer.read_exact(&mut body)?;
    Ok(body)
}
