//! A browser, as far as pages are concerned: one connection that stays open, a session's cookie, and the wish for
//! compressed answers.

use std::collections::BTreeSet;

use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::Outcome;
use crate::answer;
use crate::measure::now;

/// No page is longer, in bytes.
const PAGE_BYTES_MAX: usize = 1024 * 1024;

/// What browsers take.
const COMPRESSED: &str = "gzip, deflate, br";

/// A connection to the portal.
pub(super) struct Browser {
    stream: TcpStream,
    token: String,
    buffer: Vec<u8>,
}

/// What came, and what it took.
#[derive(Clone, Copy, Debug)]
pub(super) struct Got {
    /// Microseconds from the question to the last byte.
    pub(super) micros: u32,
    /// Bytes on the wire, head and body.
    pub(super) bytes: usize,
    /// The body was compressed.
    pub(super) compressed: bool,
}

impl Browser {
    /// Connects; `token` is that of a session.
    pub(super) async fn open(address: &str, token: String) -> Outcome<Self> {
        let stream = TcpStream::connect(address).await.map_err(|error| format!("{address}: {error}"))?;
        stream.set_nodelay(true).map_err(|error| error.to_string())?;
        Ok(Self { stream, token, buffer: vec![0; PAGE_BYTES_MAX] })
    }

    /// Asks as browsers do; with the session's cookie or without one.
    pub(super) async fn get(&mut self, path: &str, signed_in: bool) -> Outcome<Got> {
        self.ask(path, signed_in, COMPRESSED).await.map(|(got, _)| got)
    }

    /// What a page loads besides itself: its style, scripts and pictures.
    pub(super) async fn loaded_by(&mut self, path: &str, signed_in: bool) -> Outcome<BTreeSet<String>> {
        // Not compressed, so that it can be read here.
        let (_, body) = self.ask(path, signed_in, "identity").await?;
        let page = std::str::from_utf8(body).map_err(|error| format!("{path}: {error}"))?;
        Ok(loaded_by(page))
    }

    async fn ask(&mut self, path: &str, signed_in: bool, encodings: &str) -> Outcome<(Got, &[u8])> {
        let cookie = match signed_in {
            true => format!("cookie: redress-session={}\r\n", self.token),
            false => String::new(),
        };
        let request = format!(
            "GET {path} HTTP/1.1\r\nhost: 127.0.0.1\r\nuser-agent: benchmark\r\naccept: text/html\r\n\
             accept-language: en\r\naccept-encoding: {encodings}\r\n{cookie}\r\n"
        );
        let asked = now();
        self.stream.write_all(request.as_bytes()).await.map_err(|error| format!("{path}: {error}"))?;
        let answer = answer::read(&mut self.stream, &mut self.buffer).await;
        let micros = u32::try_from(asked.elapsed().as_micros()).unwrap_or(u32::MAX);
        let answer = answer.map_err(|error| format!("{path}: {error}"))?;
        let compressed = answer.header("content-encoding").is_some();
        Ok((Got { micros, bytes: answer.bytes(), compressed }, answer.body))
    }
}

/// What stands in the page itself is no address.
fn loaded_by(page: &str) -> BTreeSet<String> {
    let named = |before: &str| -> Vec<String> {
        let rests = page.split(before).skip(1);
        rests.filter_map(|rest| rest.split_once('"')).map(|(address, _)| address.to_owned()).collect()
    };
    let all = [r#"rel="stylesheet" href=""#, r#" src=""#].into_iter().flat_map(named);
    all.filter(|address| !address.starts_with("data:")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_page_loads_is_found() {
        let page = r#"<link rel="icon" href="data:,"><link rel="stylesheet" href="/a.css?1"><script src="/a.js" defer="">
            </script><img src="data:image/png;base64,x"><a href="/b">b</a><img alt="" src="/c.svg">"#;
        assert_eq!(loaded_by(page).into_iter().collect::<Vec<_>>(), ["/a.css?1", "/a.js", "/c.svg"]);
    }
}
