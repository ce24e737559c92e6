//! The evidence that an attempt's row keeps.

/// The longest evidence kept of one exchange, in bytes.
pub const RECORD_BYTES_MAX: usize = 4 * 1024;
