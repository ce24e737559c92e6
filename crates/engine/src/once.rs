//! Requests with an idempotency key that create no refund: the first runs, its repeats are told what came of it.
//!
//! Refunds are the records of their own keys, so the same key may stand for a refund and for something else. A run that
//! dies between its work and its end frees the key after [`RUN_SPAN`]: what it did may then be done once more.

use std::time::Duration;

use redress_core::environment::Environment;
use redress_core::id::MerchantId;
use redress_core::time::Timestamp;
use redress_store::ops::idempotency::{BeginKeyed, EndKeyed, KeyName};

use crate::engine::Engine;
use crate::error::EngineError;
use crate::request_hash::hash;

pub use redress_store::ops::idempotency::Begun;

/// So long a key is remembered.
pub const KEY_KEPT: Duration = Duration::from_secs(30 * 24 * 3_600);

/// A run that has not ended by then is thought dead: far longer than any request is served, also one that waits.
pub const RUN_SPAN: Duration = Duration::from_secs(180);

/// One run of a request with a key.
#[derive(Clone, Debug)]
pub struct KeyedRun {
    name: KeyName,
    run: [u8; 16],
}

impl Engine {
    /// A request with a key begins. `parts` is what a repeat must have in common with it: method, path, body. Where the
    /// answer is [`Begun::First`] the caller does the work and ends the run.
    ///
    /// # Errors
    /// [`EngineError`] when the store does not answer.
    pub async fn begin_keyed(
        &self,
        merchant: MerchantId,
        environment: Environment,
        key: &str,
        parts: &[&[u8]],
    ) -> Result<(Begun, KeyedRun), EngineError> {
        let now = self.now();
        let mut run = [0; 16];
        self.parts.world.random.fill(&mut run);
        let name = KeyName { merchant, environment, key: key.to_owned() };
        let begin = BeginKeyed {
            name: name.clone(),
            request_hash: hash(parts),
            run,
            run_until: now.plus(RUN_SPAN),
            forgotten_before: earlier(now, KEY_KEPT),
            now,
        };
        let begun = self.parts.store.run(begin).await?;
        Ok((begun, KeyedRun { name, run }))
    }

    /// The work of a request with a key was done; `object` names what came of it. `None` frees the key: the request was
    /// refused and changed nothing.
    ///
    /// # Errors
    /// [`EngineError`] when the store does not answer.
    pub async fn end_keyed(&self, run: KeyedRun, object: Option<String>) -> Result<(), EngineError> {
        let KeyedRun { name, run } = run;
        Ok(self.parts.store.run(EndKeyed { name, run, object }).await?)
    }
}

fn earlier(now: Timestamp, span: Duration) -> Timestamp {
    let span = i64::try_from(span.as_micros()).unwrap_or(i64::MAX);
    Timestamp::from_micros(now.as_micros().saturating_sub(span))
}
