//! What the client takes from its surroundings besides the network: pauses and randomness.

use std::time::Duration;

use futures_util::future::BoxFuture;

/// Pauses and randomness, handed in so that tests wait for nothing and draw what they know.
pub trait World: Send + Sync {
    /// Waits so long.
    fn sleep(&self, pause: Duration) -> BoxFuture<'_, ()>;

    /// Random bytes that nobody can guess: idempotency keys are made of them.
    ///
    /// # Errors
    /// Why there are none, in words.
    fn random(&self) -> Result<[u8; 16], String>;
}

/// The timers of the tokio runtime, and the system's randomness.
#[derive(Clone, Copy, Debug, Default)]
pub struct RealWorld;

impl World for RealWorld {
    #[expect(clippy::disallowed_methods, reason = "the one place that pauses: it is what is handed in")]
    fn sleep(&self, pause: Duration) -> BoxFuture<'_, ()> {
        Box::pin(tokio::time::sleep(pause))
    }

    fn random(&self) -> Result<[u8; 16], String> {
        let mut bytes = [0; 16];
        getrandom::fill(&mut bytes).map_err(|error| error.to_string())?;
        Ok(bytes)
    }
}
