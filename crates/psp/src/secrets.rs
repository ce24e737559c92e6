//! An account's secrets, taken out of whatever is kept, logged or shown: a PSP may give back what it was sent, and then
//! also in another writing.

use crate::credentials::Credentials;
use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use secrecy::{ExposeSecret, SecretString};

/// What stands for a text that was taken out.
pub(crate) const HIDDEN: &str = "[hidden]";

/// What stands at the end of a text that was cut.
pub(crate) const ELLIPSIS: &str = "…";

/// The names of credentials that are no secrets: the evidence shows what was called.
const SHOWN_CREDENTIALS: [&str; 3] = ["inquiry_path", "query_path", "refund_path"];

/// Whole secrets only: a partner's name in a body is wanted, and no secret is shorter than this, in bytes.
const SECRET_BYTES_MIN: usize = 8;

/// So much of a secret at the end of a text that was cut is hidden too, in bytes.
const BEGINNING_BYTES_MIN: usize = 4;

/// The secrets of one account, as they may be written.
#[derive(Clone)]
pub(crate) struct Secrets {
    /// The longest first: what is part of another must not leave the rest of it.
    plain: Vec<SecretString>,
    /// The part of a base64 text that is the same whatever stands before and after the secret.
    encoded: Vec<SecretString>,
}

impl Secrets {
    /// Those of an account: its credentials, and the access token that it has now.
    pub(crate) fn of(credentials: &Credentials, token: Option<&SecretString>) -> Self {
        let names = credentials.names().filter(|name| !SHOWN_CREDENTIALS.contains(name));
        let mut whole: Vec<String> = Vec::new();
        for value in names.filter_map(|name| credentials.get(name)) {
            // A key of several lines is a secret in each of them.
            whole.extend(value.lines().map(|line| line.trim().to_owned()));
        }
        whole.extend(token.map(|token| token.expose_secret().to_owned()));
        whole.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
        whole.dedup();
        let mut secrets = Self { plain: Vec::new(), encoded: Vec::new() };
        for secret in whole {
            secrets.add(&secret);
        }
        secrets
    }

    /// One more: an access token that came while an exchange ran. A PSP may send any text as one, the empty one too.
    pub(crate) fn add(&mut self, secret: &str) {
        if secret.len() < SECRET_BYTES_MIN {
            return;
        }
        self.plain.extend(written(secret).into_iter().map(SecretString::from));
        // Most are the same in both alphabets and in all writings.
        let mut encoded: Vec<_> = base64_cores(secret).iter().flat_map(|core| written(core)).collect();
        encoded.sort();
        encoded.dedup();
        self.encoded.extend(encoded.into_iter().map(SecretString::from));
    }

    /// The text without them.
    pub(crate) fn hide(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for secret in &self.plain {
            let secret = secret.expose_secret();
            if text.contains(secret) {
                text = text.replace(secret, HIDDEN);
            }
        }
        for core in &self.encoded {
            let core = core.expose_secret();
            let mut done = 0;
            while let Some(found) = text[done..].find(core) {
                let at = done + found;
                let start = done + text[done..at].trim_end_matches(is_base64).len();
                let rest = text[at + core.len()..].trim_start_matches(is_base64).len();
                text.replace_range(start..text.len() - rest, HIDDEN);
                done = start + HIDDEN.len();
            }
        }
        self.hide_beginning(&mut text);
        text
    }

    /// Where a text was cut, a secret may have been cut too.
    fn hide_beginning(&self, text: &mut String) {
        let Some(kept) = text.strip_suffix(ELLIPSIS).map(str::len) else { return };
        for secret in self.plain.iter().chain(&self.encoded).map(ExposeSecret::expose_secret) {
            let lengths = (BEGINNING_BYTES_MIN..secret.len()).rev();
            let mut beginnings = lengths.filter_map(|length| secret.get(..length));
            if let Some(part) = beginnings.find(|part| text[..kept].ends_with(part)) {
                text.replace_range(kept - part.len()..kept, HIDDEN);
                return;
            }
        }
    }
}

/// A text, and as JSON and forms may write it.
fn written(text: &str) -> Vec<String> {
    let in_json = serde_json::to_string(text).expect("a text is JSON");
    let in_json = in_json.trim_matches('"').to_owned();
    let form: String = url::form_urlencoded::byte_serialize(text.as_bytes()).collect();
    let mut all = vec![text.to_owned(), in_json.replace('/', r"\/"), in_json, form];
    all.sort();
    all.dedup();
    all
}

/// The middle of the three base64 texts that a secret may be part of: as `user:secret`, say, it may begin at any of three
/// places.
fn base64_cores(secret: &str) -> Vec<String> {
    let mut cores = Vec::new();
    for before in 0..3 {
        let mut bytes = vec![0; before];
        bytes.extend_from_slice(secret.as_bytes());
        let text = STANDARD_NO_PAD.encode(&bytes);
        // The digits at the ends hold bits of what stands before and after.
        let start = (before * 8).div_ceil(6);
        let end = bytes.len() * 8 / 6;
        cores.push(text[start..end].to_owned());
    }
    let url_safe: Vec<_> = cores.iter().map(|core| core.replace('+', "-").replace('/', "_")).collect();
    cores.extend(url_safe);
    cores
}

fn is_base64(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '-' | '_' | '=')
}

#[cfg(test)]
mod tests;
