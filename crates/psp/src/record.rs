//! The evidence that an attempt's row keeps: what was said on both sides, without secrets and signatures.

use crate::account::AccountConfig;
use crate::hidden_fields::hide_fields;
use crate::secrets::{ELLIPSIS, Secrets};
use crate::transport::{HttpRequest, HttpResponse, TransportError};
use secrecy::{ExposeSecret, SecretString};
use std::fmt::Write;
use std::sync::Arc;

/// The longest evidence kept of one exchange, in bytes.
pub const RECORD_BYTES_MAX: usize = 4 * 1024;

/// So much is kept of each body, in bytes: a long question must not push out the answer.
const BODY_BYTES_MAX: usize = 1_500;

/// Evidence that is being written.
pub(crate) struct Record {
    secrets: Arc<Secrets>,
    text: String,
}

impl Record {
    pub(crate) fn new(account: &AccountConfig) -> Self {
        Self { secrets: account.secrets(), text: String::new() }
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
