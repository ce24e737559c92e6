//! How far a server is on its way to its end.

use tokio::sync::watch;

/// How far it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Phase {
    /// It takes requests and claims what is due.
    Open,
    /// It takes nothing new and finishes what it has.
    Closing,
    /// It breaks off connections that are still there.
    Cut,
}

/// Resolves when the server begins to end.
pub(super) async fn closing(mut phase: watch::Receiver<Phase>) {
    // An error means that the server is gone altogether.
    let _ = phase.wait_for(|phase| *phase != Phase::Open).await;
}
