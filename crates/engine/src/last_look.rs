//! What the last look at the store found.

use redress_core::time::Timestamp;
use tokio::sync::Mutex;

/// When it was, and why this process could not serve then.
pub(crate) type LastLook = Mutex<Option<(Timestamp, Result<(), String>)>>;
