//! What the sandbox needs of the world around it, handed in so that tests and a simulator can own time, tasks and the
//! wire. The real implementations are in [`crate::real`].

use std::sync::Arc;

use futures_util::future::BoxFuture;

/// The time, in milliseconds since the Unix epoch.
pub trait SandboxClock: Send + Sync + 'static {
    /// Now, in milliseconds since the Unix epoch.
    fn now_ms(&self) -> i64;
    /// Ends when `duration_ms` milliseconds have passed.
    fn sleep(&self, duration_ms: u64) -> BoxFuture<'static, ()>;
}

/// Starts background tasks.
pub trait Spawner: Send + Sync + 'static {
    /// Runs the task beside the caller, to its end.
    fn spawn(&self, task: BoxFuture<'static, ()>);
}

/// One notification of a PSP, on its way to the merchant's system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notification {
    /// Where it goes (what the refund request named).
    pub url: String,
    /// Headers besides the content type.
    pub headers: Vec<(&'static str, String)>,
    /// What the body is.
    pub content_type: &'static str,
    /// The body.
    pub body: String,
}

impl Notification {
    /// One whose body is JSON.
    #[must_use]
    pub fn json(url: String, headers: Vec<(&'static str, String)>, body: String) -> Notification {
        Notification { url, headers, content_type: "application/json", body }
    }
}

/// Why a notification did not arrive.
#[derive(Debug, thiserror::Error)]
#[error("the notification was not delivered: {reason}")]
pub struct NotifyError {
    /// What went wrong, for the log.
    pub reason: String,
}

/// Posts notifications.
pub trait Notifier: Send + Sync + 'static {
    /// Posts one and gives the HTTP status of the answer. An implementation bounds its own time.
    fn post(&self, notification: Notification) -> BoxFuture<'static, Result<u16, NotifyError>>;
}

/// The three of them together.
#[derive(Clone)]
pub struct World {
    /// The clock.
    pub clock: Arc<dyn SandboxClock>,
    /// The spawner.
    pub spawner: Arc<dyn Spawner>,
    /// The sender of notifications.
    pub notifier: Arc<dyn Notifier>,
}
