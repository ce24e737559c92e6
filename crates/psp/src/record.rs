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

/// So much is kept of what is asked, in bytes: a long question must not push out the answer.
const QUESTION_BYTES_MAX: usize = 1_500;

/// So much is kept of what was said before another question, in bytes: the answer that decides is the last one, and the pages
/// of a list before it must not push it out.
const EARLIER_BYTES_MAX: usize = 2_000;

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
        if self.text.len() > EARLIER_BYTES_MAX {
            // Before it is cut, here too.
            self.text = self.secrets.hide(&self.text);
            cut(&mut self.text, EARLIER_BYTES_MAX);
            self.text.push('\n');
        }
        let path = request.shown_url().split_once("://").map_or("", |(_, rest)| rest);
        let path = path.find('/').map_or("/", |at| &path[at..]);
        self.line(&format!("> {} {path}", request.method));
        self.body_up_to(&request.body, QUESTION_BYTES_MAX);
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

    /// Notes the body of an answer or a notification, as far as evidence goes: the words that decide often stand at its
    /// end.
    pub(crate) fn body(&mut self, body: &[u8]) {
        self.body_up_to(body, RECORD_BYTES_MAX);
    }

    fn body_up_to(&mut self, body: &[u8], bytes_max: usize) {
        if body.is_empty() {
            return;
        }
        // Before it is cut: a part of a secret is one too.
        let mut text = self.secrets.hide(&hide_fields(&String::from_utf8_lossy(body)));
        cut(&mut text, bytes_max);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::account::Credentials;
    use crate::session::Session;
    use crate::testing::answer;
    use http::Method;
    use redress_core::environment::Environment;
    use std::time::Duration;

    fn record() -> Record {
        Record::new(&AccountConfig {
            environment: Environment::Sandbox,
            base_url: None,
            notification_url: None,
            credentials: Credentials::default(),
            timeout: Duration::from_secs(1),
            session: Session::default(),
        })
    }

    /// A body whose last word is this.
    fn body(bytes: usize, last: &str) -> String {
        format!(r#"{{"other":"{}","status":"{last}"}}"#, "x".repeat(bytes))
    }

    #[test]
    fn an_answer_is_kept_to_its_end_and_a_long_question_does_not_push_it_out() {
        let mut record = record();
        let question = HttpRequest::new(Method::PUT, "https://psp.test/refund");
        record.request(&question.body("application/json", body(9_000, "asked")));
        record.answer(&answer(200, body(2_000, "REFUNDED")));
        let text = record.finish();
        assert!(text.starts_with("> PUT /refund\n"), "{text}");
        assert!(text.ends_with(r#""status":"REFUNDED"}"#), "{text}");
        assert!(!text.contains("asked") && text.len() <= RECORD_BYTES_MAX, "{text}");
    }

    #[test]
    fn the_last_of_several_answers_is_not_pushed_out_by_those_before_it() {
        let mut record = record();
        for page in 1..=3 {
            record.request(&HttpRequest::new(Method::GET, format!("https://psp.test/refunds/{page}")));
            let bytes = if page < 3 { 9_000 } else { 1_500 };
            record.answer(&answer(200, body(bytes, &format!("page {page}"))));
        }
        let text = record.finish();
        assert!(text.starts_with("> GET /refunds/1\n< HTTP 200\n{"), "{text}");
        assert!(text.contains("x…\n> GET /refunds/3\n< HTTP 200\n{"), "{text}");
        assert!(text.ends_with(r#""status":"page 3"}"#) && text.len() <= RECORD_BYTES_MAX, "{text}");
    }

    #[test]
    fn a_secret_is_not_kept_in_part_where_what_was_said_before_is_cut() {
        let secret = "0123456789abcdef0123456789abcdef";
        for before in 1_900..2_000 {
            let mut record = record();
            record.keep_out(&secret.into());
            record.line(&format!("{}{secret}{}", "x".repeat(before), "y".repeat(200)));
            record.request(&HttpRequest::new(Method::GET, "https://psp.test/refunds/2"));
            let text = record.finish();
            assert!(!text.contains("01234") && text.ends_with("…\n> GET /refunds/2"), "{before}: {text}");
        }
    }

    #[test]
    fn a_notification_is_kept_as_far_as_evidence_goes() {
        for (bytes, whole) in [(4_000, true), (4_096, false), (100_000, false)] {
            let mut record = record();
            record.body(body(bytes, "REFUNDED").as_bytes());
            let text = record.finish();
            assert_eq!(text.ends_with(r#""status":"REFUNDED"}"#), whole, "{bytes}");
            assert_eq!(text.ends_with(ELLIPSIS), !whole, "{bytes}");
            assert!(text.len() <= RECORD_BYTES_MAX, "{bytes}");
        }
    }
}
