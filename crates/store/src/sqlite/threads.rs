//! Threads that run SQL.

use std::{
    sync::{Mutex, PoisonError},
    thread::JoinHandle,
};

use crate::open_error::OpenError;

/// Starts one.
pub(super) fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>, OpenError> {
    let thread = std::thread::Builder::new().name(name.to_owned());
    thread.spawn(work).map_err(|error| OpenError::Thread(error.to_string()))
}

/// Waits for the end of all of these.
pub(super) fn join(threads: &Mutex<Vec<JoinHandle<()>>>) {
    for thread in std::mem::take(&mut *threads.lock().unwrap_or_else(PoisonError::into_inner)) {
        // The last handle may die inside an operation, on the writer itself.
        if thread.thread().id() != std::thread::current().id() {
            let _ = thread.join();
        }
    }
}
