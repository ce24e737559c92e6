//! Requests with an idempotency key that create no refund: the first runs, its repeats are told what came of it.
//!
//! Refunds are the records of their own keys, so the same key may stand for a refund and for something else. A run that
//! dies before its end frees the key after [`RUN_SPAN`], and one of which nobody knows what it did frees it for a repeat at
//! once where that is right. The request then runs again, and what it did may be done once more, but where the work itself
//! knows it again by its [`Work`].

use std::time::Duration;

use redress_core::environment::Environment;
use redress_core::id::{EndpointId, MerchantId};
use redress_core::time::Timestamp;
use redress_store::ops::idempotency::{BeginKeyed, EndKeyed, KeyName, LeaveKeyed};

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
    work: Work,
}

impl KeyedRun {
    /// What it is to do.
    #[must_use]
    pub fn work(&self) -> Work {
        self.work
    }
}

/// The work of one request, in each of its runs: by this a run knows again what one before it did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Work {
    /// When its first run began.
    pub(crate) since: Timestamp,
    /// Whether a run before may have done it.
    pub(crate) before: bool,
    /// The same in each run, and in those of no other request; `None` where it runs once.
    drawn: Option<[u8; 10]>,
}

impl Work {
    /// The id of the endpoint that it adds, where it has the same in each run.
    pub(crate) fn endpoint(&self) -> Option<EndpointId> {
        self.drawn.map(|drawn| EndpointId::new(self.since, drawn))
    }
}

/// What came of work that a run before may have done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Did<T, B> {
    /// It was done now.
    Now(T),
    /// It had been done before; the name of what came of it.
    Before(B),
}

impl<T, B> Did<T, B> {
    /// What came of work without a key, which no run was before.
    pub(crate) fn now(self) -> Result<T, EngineError> {
        match self {
            Self::Now(done) => Ok(done),
            Self::Before(_) => Err(EngineError::Broken("an id was drawn twice".to_owned())),
        }
    }
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ended {
    /// Its work was done; the name of what came of it.
    Done(String),
    /// It was refused and changed nothing: the key is free.
    Refused,
    /// Nobody knows whether it was done, and it does no harm once more: the next repeat runs, as begun when this one was.
    Open,
    /// Nobody knows whether it was done, and it would do harm: the key stays in use until the run is thought dead, so that
    /// whoever asked has looked.
    Held,
}

impl Engine {
    /// A request with a key begins. `parts` is what a repeat must have in common with it: method, path, body. Where the
    /// answer is [`Begun::First`] or [`Begun::Again`] the caller does the work and ends the run.
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
        let request_hash = hash(parts);
        let begin = BeginKeyed {
            name: name.clone(),
            request_hash,
            run,
            run_until: now.plus(RUN_SPAN),
            forgotten_before: earlier(now, KEY_KEPT),
            now,
        };
        let begun = self.parts.store.run(begin).await?;
        let (since, before) = match begun {
            Begun::Again { since } => (since, true),
            _ => (now, false),
        };
        let of: [&[u8]; 5] = [
            merchant.as_bytes(),
            environment.as_str().as_bytes(),
            key.as_bytes(),
            &request_hash,
            &since.as_micros().to_be_bytes(),
        ];
        let mut drawn = [0; 10];
        drawn.copy_from_slice(&hash(&of)[..10]);
        Ok((begun, KeyedRun { name, run, work: Work { since, before, drawn: Some(drawn) } }))
    }

    /// The work of a request without a key, which runs once.
    pub fn work_without_key(&self) -> Work {
        Work { since: self.now(), before: false, drawn: None }
    }

    /// A run of a request with a key ended.
    ///
    /// # Errors
    /// [`EngineError`] when the store does not answer.
    pub async fn end_keyed(&self, run: KeyedRun, ended: Ended) -> Result<(), EngineError> {
        let KeyedRun { name, run, .. } = run;
        let object = match ended {
            Ended::Done(object) => Some(object),
            Ended::Refused => None,
            Ended::Open => {
                return Ok(self.parts.store.run(LeaveKeyed { name, run, now: self.now() }).await?);
            }
            Ended::Held => return Ok(()),
        };
        Ok(self.parts.store.run(EndKeyed { name, run, object }).await?)
    }
}

fn earlier(now: Timestamp, span: Duration) -> Timestamp {
    let span = i64::try_from(span.as_micros()).unwrap_or(i64::MAX);
    Timestamp::from_micros(now.as_micros().saturating_sub(span))
}
