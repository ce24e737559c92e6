//! How many uploads are held in memory at once: one is read whole before anything of it is written, whoever sends it.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::engine::Engine;
use crate::error::EngineError;

/// So many uploads at once, in this process. One of 16 MiB takes about 59 MB until its rows are written, so that all of them
/// take a quarter of a gigabyte; and they wait for one writer in any case.
pub const UPLOADS_AT_ONCE: usize = 4;

/// The places for uploads.
#[derive(Debug)]
pub(crate) struct Uploads(Arc<Semaphore>);

impl Default for Uploads {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(UPLOADS_AT_ONCE)))
    }
}

/// A place for one upload, free again when it is dropped.
#[derive(Debug)]
#[must_use = "the upload has it until it is dropped"]
pub struct UploadPlace {
    _permit: OwnedSemaphorePermit,
}

impl Engine {
    /// A place for an upload, to be taken before its body is read, and kept until its rows are written.
    ///
    /// # Errors
    /// [`EngineError::Busy`] at once where there is none: whoever waited would hold a connection, and perhaps what of the body
    /// is on its way.
    pub fn upload_place(&self) -> Result<UploadPlace, EngineError> {
        let taken = Arc::clone(&self.parts.uploads.0).try_acquire_owned();
        let permit =
            taken.map_err(|_| EngineError::Busy("too many uploads are held in memory".to_owned()))?;
        Ok(UploadPlace { _permit: permit })
    }
}
