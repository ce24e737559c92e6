//! How a request is known again.

/// What makes a repeat of a request recognisable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dedupe {
    /// 16 bytes of a hash over the merchant and the caller's key.
    pub key: [u8; 16],
    /// 16 bytes of a hash over what a repeat must have in common with the first request.
    pub request_hash: [u8; 16],
}
