//! Answers over HTTP/1.1, read from a connection that stays open.

use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;

use crate::Outcome;

/// One answer, as it came.
pub(crate) struct Answer<'a> {
    /// The line of the status and those of the headers, without the empty line.
    pub(crate) head: &'a str,
    pub(crate) body: &'a [u8],
}

impl Answer<'_> {
    /// The value of a header; its name in small letters, as this server sends them.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        header(self.head, name)
    }

    /// All of it, in bytes.
    pub(crate) fn bytes(&self) -> usize {
        self.head.len() + HEAD_END.len() + self.body.len()
    }
}

const HEAD_END: &[u8] = b"\r\n\r\n";

/// Reads one answer; it must be a 200, have a length, and fit into the buffer.
pub(crate) async fn read<'a>(stream: &mut TcpStream, buffer: &'a mut [u8]) -> Outcome<Answer<'a>> {
    let (mut filled, mut bounds) = (0, None);
    loop {
        let read = stream.read(&mut buffer[filled..]).await.map_err(|error| error.to_string())?;
        if read == 0 {
            return Err("the answer broke off, or is too long".to_owned());
        }
        filled += read;
        if bounds.is_none()
            && let Some(head) = buffer[..filled].windows(HEAD_END.len()).position(|four| four == HEAD_END)
        {
            let text = std::str::from_utf8(&buffer[..head]).map_err(|error| error.to_string())?;
            if !text.starts_with("HTTP/1.1 200") {
                let status = text.lines().next().unwrap_or_default();
                let to = header(text, "location").map_or_else(String::new, |to| format!(", to {to}"));
                return Err(format!("not a 200: {status}{to}"));
            }
            let length = header(text, "content-length").and_then(|length| length.parse().ok());
            let length: usize = length.ok_or("an answer without a length")?;
            bounds = Some((head, head + HEAD_END.len() + length));
        }
        if let Some((head, end)) = bounds.filter(|(_, end)| filled >= *end) {
            let body = &buffer[head + HEAD_END.len()..end];
            let head = std::str::from_utf8(&buffer[..head]).map_err(|error| error.to_string())?;
            return Ok(Answer { head, body });
        }
    }
}

fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    let value = |line: &'a str| line.strip_prefix(name)?.strip_prefix(':');
    head.lines().find_map(value).map(str::trim)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_found_by_their_whole_name() {
        let head = "HTTP/1.1 200 OK\r\ncontent-length-of: 1\r\ncontent-length: 25\r\nx:y";
        assert_eq!(header(head, "content-length"), Some("25"));
        assert_eq!(header(head, "x"), Some("y"));
        assert_eq!(header(head, "location"), None);
        assert_eq!(Answer { head: "x:y", body: b"ab" }.bytes(), 9);
    }
}
