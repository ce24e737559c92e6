//! What clients send, made and signed before it is needed, and the connections it goes over.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use redress_core::time::Timestamp;
use redress_engine::signing::sgate;
use secrecy::SecretString;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::Outcome;
use crate::load::Recorder;
use crate::measure::shuffled;
use crate::prepare::{Prepared, order_ref};

/// No answer is longer, in bytes.
const ANSWER_BYTES_MAX: usize = 16 * 1024;

/// Requests for refunds, each of another payment as long as there are any, all bytes ready.
pub(crate) struct Requests {
    bytes: Vec<u8>,
    ends: Vec<usize>,
    next: AtomicUsize,
    again: bool,
    /// Running out of them is the end, and no error.
    once: bool,
}

impl Requests {
    /// Makes so many. The signatures hold for five minutes from `signed_at`. Where nothing is written they may be sent
    /// `again`; else running out of them is an error.
    pub(crate) fn make(
        prepared: &Prepared,
        count: usize,
        seed: u64,
        again: bool,
        signed_at: Timestamp,
    ) -> Self {
        let secret = SecretString::from(prepared.sgate_secret.clone());
        let order = shuffled(prepared.payments, seed);
        let (mut bytes, mut ends) = (Vec::new(), Vec::with_capacity(count));
        for (number, payment) in order.iter().cycle().take(count).enumerate() {
            let body = format!(
                r#"{{"amount":"1000","reason":"The customer returned the goods","merchantRefundId":"MR-{seed}-{number:09}"}}"#
            );
            let uri = format!("/orders/{}/refunds", order_ref(*payment));
            let head = format!(
                "POST /api_v1{uri} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\ncontent-length: {}\r\n",
                body.len()
            );
            bytes.extend_from_slice(head.as_bytes());
            for (name, value) in sgate::headers(&uri, "order.refund", &prepared.sgate_key, &secret, signed_at)
            {
                bytes.extend_from_slice(format!("{name}: {value}\r\n").as_bytes());
            }
            bytes.extend_from_slice(b"\r\n");
            bytes.extend_from_slice(body.as_bytes());
            ends.push(bytes.len());
        }
        Self { bytes, ends, next: AtomicUsize::new(0), again, once: false }
    }

    /// Refunds by the own API.
    pub(crate) fn own(prepared: &Prepared, count: usize, seed: u64) -> Self {
        let order = shuffled(prepared.payments, seed);
        let requests = order.iter().cycle().take(count).enumerate().map(|(number, payment)| {
            let body = format!(
                r#"{{"amount":1000,"currency":"VND","reason":"product_unsatisfactory","merchant_refund_id":"MR-{seed}-{number:09}"}}"#
            );
            let path = format!("/v1/payments/{}/refunds", order_ref(*payment));
            let (length, key) = (body.len(), &prepared.api_key);
            format!(
                "POST {path} HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer {key}\r\n\
                 content-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
            )
        });
        Self::of(requests, false)
    }

    /// What can be refunded of payments, again and again.
    pub(crate) fn refundability(prepared: &Prepared, count: usize, seed: u64) -> Self {
        let order = shuffled(prepared.payments, seed);
        let path = |payment: &u32| format!("/v1/payments/{}/refundability", order_ref(*payment));
        Self::of(order.iter().cycle().take(count).map(|payment| prepared.get(&path(payment))), true)
    }

    /// Refunds, read again and again.
    pub(crate) fn reads(prepared: &Prepared, count: usize) -> Self {
        let of = |refund: &String| prepared.get(&format!("/v1/refunds/{refund}"));
        Self::of(prepared.refunds.iter().cycle().take(count).map(of), true)
    }

    fn of(requests: impl Iterator<Item = String>, again: bool) -> Self {
        let (mut bytes, mut ends) = (Vec::new(), Vec::new());
        for request in requests {
            bytes.extend_from_slice(request.as_bytes());
            ends.push(bytes.len());
        }
        Self { bytes, ends, next: AtomicUsize::new(0), again, once: false }
    }

    /// A caller for whom there are none left has done its work.
    pub(crate) fn once(mut self) -> Self {
        self.once = true;
        self
    }

    fn next(&self) -> Option<&[u8]> {
        let next = self.next.fetch_add(1, Relaxed);
        let i = if self.again { next % self.ends.len() } else { next };
        let end = *self.ends.get(i)?;
        let start = i.checked_sub(1).map_or(0, |before| self.ends[before]);
        Some(&self.bytes[start..end])
    }
}

/// One connection: asks, reads the whole answer, asks again.
///
/// # Errors
/// When the connection breaks, or when an answer is neither 200 nor 201.
pub(crate) async fn caller(
    mut recorder: Recorder,
    mut stream: TcpStream,
    requests: Arc<Requests>,
) -> Outcome<Recorder> {
    let mut buffer = vec![0; ANSWER_BYTES_MAX];
    while recorder.goes_on() {
        let request = match requests.next() {
            Some(request) => request,
            None if requests.once => break,
            None => return Err("more requests were answered than had been made ready".to_owned()),
        };
        recorder.timed(exchange(&mut stream, request, &mut buffer)).await?;
    }
    Ok(recorder)
}

async fn exchange(stream: &mut TcpStream, request: &[u8], buffer: &mut [u8]) -> Outcome {
    let fail = |error: std::io::Error| format!("the server cannot be talked to: {error}");
    stream.write_all(request).await.map_err(fail)?;
    let mut read = 0;
    loop {
        let more = stream.read(&mut buffer[read..]).await.map_err(fail)?;
        if more == 0 {
            return Err("the server hung up, or its answer is too long".to_owned());
        }
        read += more;
        if let Some(length) = whole(&buffer[..read])? {
            return match length == read {
                true => Ok(()),
                false => Err("the server sent more than one answer".to_owned()),
            };
        }
    }
}

/// The length of the answer, once its head is there and its body as well.
fn whole(answer: &[u8]) -> Outcome<Option<usize>> {
    let Some(head) = answer.windows(4).position(|four| four == b"\r\n\r\n") else { return Ok(None) };
    let text = String::from_utf8_lossy(&answer[..head]);
    if !text.starts_with("HTTP/1.1 200 ") && !text.starts_with("HTTP/1.1 201 ") {
        return Err(format!("no success: {}", String::from_utf8_lossy(answer)));
    }
    let length = text.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
    });
    let length = head + 4 + length.ok_or("an answer without its length")?;
    Ok((answer.len() >= length).then_some(length))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_whole_when_its_body_is_there() {
        let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}";
        assert_eq!(whole(answer), Ok(Some(answer.len())));
        assert_eq!(whole(&answer[..answer.len() - 1]), Ok(None));
        assert_eq!(whole(&answer[..20]), Ok(None));
        assert!(whole(b"HTTP/1.1 503 No\r\ncontent-length: 0\r\n\r\n").is_err());
    }
}
