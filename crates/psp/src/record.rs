//! The evidence that an attempt's row keeps: what was said on both sides, without secrets and signatures.

use crate::account::AccountConfig;
use crate::secrets::{ELLIPSIS, HIDDEN, Secrets};
use crate::transport::{HttpRequest, HttpResponse, TransportError};
use secrecy::{ExposeSecret, SecretString};
use std::fmt::Write;
use std::sync::Arc;

/// The longest evidence kept of one exchange, in bytes.
pub const RECORD_BYTES_MAX: usize = 4 * 1024;

/// So much is kept of each body, in bytes: a long question must not push out the answer.
const BODY_BYTES_MAX: usize = 1_500;

/// The names of JSON fields whose values are never kept, in lower case: secrets, signatures, and what PSPs show of the
/// customer's card or account.
const HIDDEN_FIELDS: [&str; 28] = [
    "bin",
    "cardnumber",
    "expirymonth",
    "expiryyear",
    "first_six",
    "first6",
    "holder",
    "iban",
    "last_four",
    "last4",
    "last4digits",
    "mobileno",
    "nameoncard",
    "number",
    "signature",
    "hashstring",
    "hash",
    "hmacsignature",
    "secret",
    "secretkey",
    "secret_key",
    "client_secret",
    "password",
    "accesskey",
    "access_token",
    "transmission_sig",
    "token",
    "authorization",
];

/// Evidence that is being written.
pub(crate) struct Record {
    secrets: Arc<Secrets>,
    text: String,
}

impl Record {
    pub(crate) fn new(account: &AccountConfig) -> Self {
        Self { secrets: Secrets::of(account), text: String::new() }
    }

    /// Keeps a secret out that the account's credentials do not have: an access token.
    pub(crate) fn keep_out(&mut self, secret: &SecretString) {
        Arc::make_mut(&mut self.secrets).add(secret.expose_secret());
    }

    /// Notes what is asked.
    pub(crate) fn request(&mut self, request: &HttpRequest) {
        let path = request.shown_url().split_once("://").map_or("", |(_, rest)| rest);
        let path = path.find('/').map_or("/", |at| &path[at..]);
        self.line(&format!("> {} {path}", request.method));
        self.body(&request.body);
    }

    /// Notes what came back.
    pub(crate) fn answer(&mut self, answer: &Result<HttpResponse, TransportError>) {
        match answer {
            Ok(answer) => {
                self.line(&format!("< HTTP {}", answer.status));
                self.body(&answer.body);
            }
            Err(error) => self.line(&format!("< {error}")),
        }
    }

    /// Notes the body of a notification.
    pub(crate) fn body(&mut self, body: &[u8]) {
        if body.is_empty() {
            return;
        }
        // Before it is cut: a part of a secret is one too.
        let mut text = self.secrets.hide(&hide_fields(&String::from_utf8_lossy(body)));
        cut(&mut text, BODY_BYTES_MAX);
        self.line(&text);
    }

    /// Notes a remark of our own.
    pub(crate) fn line(&mut self, text: &str) {
        let _ = writeln!(self.text, "{text}");
    }

    /// The whole evidence.
    pub(crate) fn finish(self) -> String {
        let mut text = self.secrets.hide(self.text.trim_end());
        cut(&mut text, RECORD_BYTES_MAX);
        text
    }
}

/// Cuts a text to so many bytes, on a character's border, and says so.
pub(crate) fn cut(text: &mut String, bytes_max: usize) {
    if text.len() <= bytes_max {
        return;
    }
    let mut end = bytes_max.saturating_sub(ELLIPSIS.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.truncate(end);
    text.push_str(ELLIPSIS);
}

/// Replaces the values of hidden fields, texts and whole numbers, wherever they stand, also in what is no whole JSON document.
fn hide_fields(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find('"') {
        let (before, quoted) = rest.split_at(start);
        out.push_str(before);
        let (name, after) = quoted.split_at(quoted_bytes(quoted));
        out.push_str(name);
        rest = after;
        let colon = after.trim_start();
        let Some(value) = colon.strip_prefix(':').map(str::trim_start) else { continue };
        let name = name.trim_matches('"').to_ascii_lowercase();
        let bytes = match value.as_bytes().first() {
            Some(b'"') => quoted_bytes(value),
            Some(b'0'..=b'9') => value.bytes().take_while(u8::is_ascii_digit).count(),
            _ => 0,
        };
        if bytes > 0 && HIDDEN_FIELDS.contains(&name.as_str()) {
            let _ = write!(out, ":\"{HIDDEN}\"");
            rest = &value[bytes..];
        }
    }
    out.push_str(rest);
    out
}

/// The length of the JSON text at the beginning, its quotes included; all there is where it has no end.
fn quoted_bytes(text: &str) -> usize {
    let mut escaped = false;
    for (at, byte) in text.bytes().enumerate().skip(1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn signatures_are_taken_out_and_the_rest_stays() {
        let text = r#"{"a":"signature","signature" : "ab\"cd","n":{"hashString":"00","x":1},"signature":"#;
        assert_eq!(
            hide_fields(text),
            r#"{"a":"signature","signature":"[hidden]","n":{"hashString":"[hidden]","x":1},"signature":"#
        );
        let card = r#"{"card":{"bin":"420000","last4Digits":"0000","holder":"Jane Jones","expiryMonth":"05"},"number":512345}"#;
        assert_eq!(
            hide_fields(card),
            r#"{"card":{"bin":"[hidden]","last4Digits":"[hidden]","holder":"[hidden]","expiryMonth":"[hidden]"},"number":"[hidden]"}"#
        );
        assert_eq!(hide_fields("<html>"), "<html>");
        assert_eq!(hide_fields(r#"{"signature":"cut o"#), r#"{"signature":"[hidden]""#);
    }

    proptest! {
        #[test]
        fn any_text_is_cut_and_hidden_without_a_panic(text in ".{0,200}", max in 4usize..100) {
            let mut hidden = hide_fields(&text);
            cut(&mut hidden, max);
            prop_assert!(hidden.len() <= max);
        }

        #[test]
        fn text_without_quotes_is_kept(text in "[^\"]{0,100}") {
            prop_assert_eq!(hide_fields(&text), text);
        }
    }
}
