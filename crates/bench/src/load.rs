//! Callers that ask, wait for the answer and ask again, and what is known of their waiting.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Instant;

use serde::{Deserialize, Serialize};
use tokio::task::JoinSet;

use crate::Outcome;
use crate::measure::{now, percentile};

/// Callers at work.
pub(crate) struct Load {
    began: Instant,
    stop: Arc<AtomicBool>,
    callers: JoinSet<Outcome<Recorder>>,
}

/// One caller's memory.
pub(crate) struct Recorder {
    began: Instant,
    stop: Arc<AtomicBool>,
    done: Vec<Done>,
}

/// One answer: when it came, and after how long, in microseconds.
#[derive(Clone, Copy)]
struct Done {
    at: u32,
    took: u32,
}

/// What came in a span of time.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct Measured {
    pub(crate) count: u64,
    pub(crate) p50_micros: u32,
    pub(crate) p99_micros: u32,
    pub(crate) max_micros: u32,
}

impl Load {
    /// Nobody calls yet.
    pub(crate) fn new() -> Self {
        Self { began: now(), stop: Arc::default(), callers: JoinSet::new() }
    }

    /// Starts a caller, who asks until its recorder says that it is over. Must be called inside a runtime.
    pub(crate) fn add<F>(&mut self, caller: impl FnOnce(Recorder) -> F)
    where
        F: Future<Output = Outcome<Recorder>> + Send + 'static,
    {
        let recorder = Recorder { began: self.began, stop: Arc::clone(&self.stop), done: Vec::new() };
        self.callers.spawn(caller(recorder));
    }

    /// The time since the callers began, in microseconds.
    pub(crate) fn now_micros(&self) -> u32 {
        micros_since(self.began)
    }

    /// Waits until every caller has run out of work.
    ///
    /// # Errors
    /// A caller's sentence when one had to give up.
    pub(crate) async fn all_done(mut self) -> Outcome {
        while let Some(caller) = self.callers.join_next().await {
            caller.map_err(|error| error.to_string())??;
        }
        Ok(())
    }

    /// Lets the callers finish; what came between two times.
    ///
    /// # Errors
    /// A caller's sentence when one had to give up.
    pub(crate) async fn end(mut self, from: u32, to: u32) -> Outcome<Measured> {
        self.stop.store(true, Relaxed);
        let mut took = Vec::new();
        while let Some(caller) = self.callers.join_next().await {
            let recorder = caller.map_err(|error| error.to_string())??;
            took.extend(
                recorder.done.iter().filter(|done| (from..to).contains(&done.at)).map(|done| done.took),
            );
        }
        took.sort_unstable();
        Ok(Measured {
            count: took.len() as u64,
            p50_micros: percentile(&took, 500),
            p99_micros: percentile(&took, 990),
            max_micros: took.last().copied().unwrap_or(0),
        })
    }
}

impl Recorder {
    /// Whether to ask once more.
    pub(crate) fn goes_on(&self) -> bool {
        !self.stop.load(Relaxed)
    }

    /// Waits for an answer and notes how long that took.
    pub(crate) async fn timed<T>(&mut self, answer: impl Future<Output = T>) -> T {
        let started = now();
        let answer = answer.await;
        self.done.push(Done { at: micros_since(self.began), took: micros_since(started) });
        answer
    }
}

fn micros_since(began: Instant) -> u32 {
    u32::try_from(began.elapsed().as_micros()).unwrap_or(u32::MAX)
}
