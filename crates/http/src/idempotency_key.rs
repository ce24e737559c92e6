//! The header `Idempotency-Key`: by it a repeat of a request is recognised.

use axum::http::{HeaderMap, HeaderName};

use crate::json_object::FieldProblem;
use crate::limits::IDEMPOTENCY_KEY_CHARS_MAX;

/// The header.
pub(crate) const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// Reads it: visible ASCII, once; `None` where it is not there.
pub(crate) fn read(headers: &HeaderMap) -> Result<Option<String>, FieldProblem> {
    let mut values = headers.get_all(IDEMPOTENCY_KEY).iter();
    let Some(value) = values.next() else { return Ok(None) };
    let key = value.as_bytes();
    let usable = (1..=IDEMPOTENCY_KEY_CHARS_MAX).contains(&key.len()) && key.iter().all(u8::is_ascii_graphic);
    match (usable, values.next(), value.to_str()) {
        (true, None, Ok(key)) => Ok(Some(key.to_owned())),
        _ => Err(FieldProblem::of("Idempotency-Key", "must be 1 to 255 visible ASCII characters, once")),
    }
}
