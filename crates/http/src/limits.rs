//! The limits of what is read from callers.

/// The longest body of a request that is read, in bytes. The largest honest one, a payment with all its fields, is
/// far below.
pub(crate) const BODY_BYTES_MAX: usize = 64 * 1024;

/// The longest upload of payments, in bytes.
pub(crate) const IMPORT_BYTES_MAX: usize = 16 * 1024 * 1024;

/// The most rows of an upload of payments.
pub(crate) const IMPORT_ROWS_MAX: usize = 100_000;

/// The longest reference or key that is looked up, in characters; a longer one names nothing.
pub(crate) const REFERENCE_CHARS_MAX: usize = 255;

/// The longest text in a path, in characters: a reference, and what an API's ids put behind it (`_R4294967295`).
pub(crate) const PATH_TEXT_CHARS_MAX: usize = REFERENCE_CHARS_MAX + 12;

/// The longest reason of a refund, in characters.
pub(crate) const REASON_CHARS_MAX: usize = 1_000;

/// The longest description of a refund, in characters.
pub(crate) const DESCRIPTION_CHARS_MAX: usize = 1_000;

/// The most keys of the merchant's own data on a refund.
pub(crate) const METADATA_KEYS_MAX: usize = 50;

/// The longest of those keys, in characters.
pub(crate) const METADATA_KEY_CHARS_MAX: usize = 40;

/// The longest value there, in characters.
pub(crate) const METADATA_VALUE_CHARS_MAX: usize = 500;

/// The longest `Idempotency-Key`, in characters.
pub(crate) const IDEMPOTENCY_KEY_CHARS_MAX: usize = 255;

/// The longest `X-Request-Id` of a caller that is taken over, in characters; for a longer one a new id is made.
pub(crate) const REQUEST_ID_CHARS_MAX: usize = 64;

/// When a caller should come back who was told "busy", or that the first request with the key still runs; in seconds.
pub(crate) const RETRY_AFTER_SECONDS: u32 = 1;

/// Whether a text may go to the store: short enough, and without NUL, which PostgreSQL cannot keep. What fails this
/// names nothing that exists and is no text that may be stored.
pub(crate) fn storable(text: &str, chars_max: usize) -> bool {
    // A character has at least one byte, so most texts are not counted.
    !text.contains('\0') && (text.len() <= chars_max || text.chars().count() <= chars_max)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The page for callers says what is enforced.
    #[test]
    fn the_page_about_limits_says_what_is_enforced() {
        use redress_engine::admin::endpoints::ENDPOINTS_MAX;
        use redress_engine::admin::{NAME_BYTES_MAX, REFERENCE_BYTES_MAX, URL_BYTES_MAX};
        use redress_engine::uploads::UPLOADS_AT_ONCE;

        use crate::v1::page::{PAGE_LIMIT_DEFAULT, PAGE_LIMIT_MAX};
        let page = include_str!("../../../docs/limits.md");
        for row in [
            format!("| body of a request | {BODY_BYTES_MAX} bytes |"),
            format!("| upload of payments | {IMPORT_BYTES_MAX} bytes, {IMPORT_ROWS_MAX} rows |"),
            format!("| uploads of payments at once, of all callers | {UPLOADS_AT_ONCE} |"),
            format!(
                "in a path or a parameter | {PATH_TEXT_CHARS_MAX} characters: one of {REFERENCE_CHARS_MAX}, "
            ),
            format!("| `merchant_refund_id` of a refund | {REFERENCE_CHARS_MAX} characters |"),
            format!("not counting revoked ones | {ENDPOINTS_MAX} |"),
            format!("`payment_method` of a payment | {REFERENCE_BYTES_MAX} bytes of UTF-8 each"),
            format!("| name of an endpoint | {NAME_BYTES_MAX} bytes of UTF-8 |"),
            format!("| address for notifications | {URL_BYTES_MAX} bytes of UTF-8 |"),
            format!("| reason of a refund or a dispute | {REASON_CHARS_MAX} characters |"),
            format!("| description of a refund | {DESCRIPTION_CHARS_MAX} characters |"),
            format!("| `Idempotency-Key` | {IDEMPOTENCY_KEY_CHARS_MAX} visible ASCII characters |"),
            format!("| `X-Request-Id` that is taken over | {REQUEST_ID_CHARS_MAX} characters |"),
            format!(
                "| things on a page | {PAGE_LIMIT_MAX}, and {PAGE_LIMIT_DEFAULT} where `limit` is left out |"
            ),
            format!("looks at | {} |", redress_engine::lookup::SEARCH_ROWS_MAX),
            format!("is kept for {} days", redress_engine::once::KEY_KEPT.as_secs() / 86_400),
            format!("frees the key after {} seconds", redress_engine::once::RUN_SPAN.as_secs()),
        ] {
            assert!(page.contains(&row), "docs/limits.md lacks: {row}");
        }
    }

    #[test]
    fn characters_count_and_nul_is_never_stored() {
        assert!(storable("", 3) && storable("ééé", 3));
        assert!(!storable("éééé", 3) && !storable("a\0", 3));
    }
}
