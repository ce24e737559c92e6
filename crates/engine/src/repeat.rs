//! The rhythm of a worker: once through what is due, again soon while that finds more, else when woken or at the poll.

use std::time::Duration;

use redress_store::StoreError;
use tokio::sync::Notify;

use crate::engine::Engine;

/// After a look that found something. What becomes due in the meantime is found by one look then: under load each
/// exchange that ends would else cause one of its own, which costs more than the exchange.
pub(crate) const LOOK_PAUSE: Duration = Duration::from_millis(3);

impl Engine {
    /// Repeats `once` until `stop` resolves. `due` wakes it; `what` says in the log what cannot be asked for.
    pub(crate) async fn repeat<F, Once>(
        &self,
        what: &'static str,
        due: &Notify,
        once: F,
        stop: impl Future<Output = ()>,
    ) where
        F: Fn() -> Once,
        Once: Future<Output = Result<bool, StoreError>>,
    {
        tokio::pin!(stop);
        let mut outage = Outage::default();
        loop {
            // Before the look, so that what becomes due meanwhile is not missed.
            let woken = due.notified();
            let again = outage.heard(what, once().await);
            tokio::select! {
                biased;
                () = &mut stop => return,
                () = self.parts.world.clock.sleep(LOOK_PAUSE), if again => {}
                () = woken, if !again => {}
                () = self.parts.world.clock.sleep(self.parts.config.poll), if !again => {}
            }
        }
    }

    /// Repeats `once` at an interval of `every`, and at once again where it says so, until `stop` resolves. Nothing wakes it;
    /// `what` says in the log what cannot be done.
    pub(crate) async fn repeat_every<F, Once>(
        &self,
        what: &'static str,
        every: Duration,
        once: F,
        stop: impl Future<Output = ()>,
    ) where
        F: Fn() -> Once,
        Once: Future<Output = Result<bool, StoreError>>,
    {
        tokio::pin!(stop);
        let mut outage = Outage::default();
        loop {
            let again = outage.heard(what, once().await);
            let pause = if again { LOOK_PAUSE } else { every };
            tokio::select! {
                biased;
                () = &mut stop => return,
                () = self.parts.world.clock.sleep(pause) => {}
            }
        }
    }
}

/// Why the last look failed, if it did. A database that is away for an hour is a line in the log, not one for every look.
#[derive(Debug, Default)]
struct Outage(Option<String>);

/// What is worth a line.
#[derive(Debug, PartialEq, Eq)]
enum News {
    None,
    Failed,
    Over,
}

impl Outage {
    /// Says in the log what is new, and whether to look again at once.
    fn heard(&mut self, what: &'static str, look: Result<bool, StoreError>) -> bool {
        match (self.news(&look), &look) {
            (News::Failed, Err(error)) => tracing::warn!(%error, "the store cannot be asked for {what}"),
            (News::Over, _) => tracing::info!("the store can be asked for {what} again"),
            _ => {}
        }
        look.unwrap_or(false)
    }

    fn news(&mut self, look: &Result<bool, StoreError>) -> News {
        let reason = look.as_ref().err().map(ToString::to_string);
        if reason == self.0 {
            return News::None;
        }
        let news = if reason.is_some() { News::Failed } else { News::Over };
        self.0 = reason;
        news
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outage_is_told_when_it_begins_when_its_reason_changes_and_when_it_is_over() {
        let mut outage = Outage::default();
        let away = |reason: &str| Err(StoreError::unavailable(reason));
        let looks = [
            (Ok(true), News::None),
            (away("connection refused"), News::Failed),
            (away("connection refused"), News::None),
            (away("starting up"), News::Failed),
            (Ok(false), News::Over),
            (Ok(true), News::None),
            (away("starting up"), News::Failed),
        ];
        for (look, news) in looks {
            assert_eq!(outage.news(&look), news, "{look:?}");
        }
        assert!(outage.heard("tests", Ok(true)) && !outage.heard("tests", Ok(false)));
        assert!(!outage.heard("tests", away("gone")));
    }
}
