//! What the PSPs do on their own time: effects that come after the caller has gone, refunds that settle,
//! notifications and their repetitions. All of it is rows in the state, so that a restart forgets none.

use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError, Weak};

use futures_util::future::join_all;

use crate::notify::Kept;
use crate::sandbox::{Inner, Sandbox};
use crate::script::STEPS_MAX;
use crate::state::{Due, DueKind, Stage, State, StateError};
use crate::world::{Notification, NotifyError};

/// How long the loop rests after an error of the state, in milliseconds.
const ERROR_PAUSE_MS: u64 = 1_000;
/// How many times [`Sandbox::run_due`] looks again for what its own work has made due.
const ROUNDS_MAX: usize = 16 * STEPS_MAX;
/// Pauses before the second and the third try of a notification, in milliseconds. Tap states a first try and two more
/// (<https://developers.tap.company/docs/webhook>), not their distance; these are short because tests wait for them.
const NOTIFY_RETRY_PAUSES_MS: [i64; 2] = [1_000, 5_000];

/// How many notifications are sent at once, those that requests send themselves apart.
const NOTIFICATIONS_MAX: usize = 256;

/// A notification that this process alone is sending, until this is dropped.
#[derive(Debug)]
pub(crate) struct Claimed {
    seq: i64,
    inner: Weak<Inner>,
}

impl Drop for Claimed {
    fn drop(&mut self) {
        if let Some(inner) = self.inner.upgrade() {
            inner.in_flight.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.seq);
            // A place is free, and what was not recorded is still due.
            inner.wake.notify_one();
        }
    }
}

impl std::fmt::Debug for Inner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Inner")
    }
}

impl Sandbox {
    /// Starts the task that does what is due when it is due, what an earlier process left included. Once is enough.
    pub fn start(&self) {
        if !self.inner.started.swap(true, Ordering::SeqCst) {
            self.inner.world.spawner.spawn(Box::pin(run(Arc::downgrade(&self.inner))));
        }
    }

    /// Does everything that is due by now and waits until the notifications among it were tried once. For tests and
    /// simulators that own the clock; a served sandbox does this by itself.
    ///
    /// # Errors
    /// When the state cannot be read or written.
    pub async fn run_due(&self) -> Result<(), StateError> {
        for _ in 0..ROUNDS_MAX {
            let now_ms = self.now_ms();
            self.make_changes(now_ms)?;
            let claimed = self.claim_notifications(now_ms)?;
            if claimed.is_empty() {
                return Ok(());
            }
            for outcome in join_all(claimed.into_iter().map(deliver)).await {
                outcome?;
            }
        }
        Ok(())
    }

    /// Makes every change of a refund that is due by now.
    fn make_changes(&self, now_ms: i64) -> Result<(), StateError> {
        self.read(|state| {
            for due in state.changes_due(now_ms)? {
                change(state, &due, now_ms)?;
            }
            Ok(())
        })
    }

    /// Claims what is due and nobody sends, as far as there are places for it.
    fn claim_notifications(&self, now_ms: i64) -> Result<Vec<Claimed>, StateError> {
        let due = self.read(|state| state.notifications_due(now_ms))?;
        let sent_now = self.inner.in_flight.lock().unwrap_or_else(PoisonError::into_inner).len();
        let places = NOTIFICATIONS_MAX.saturating_sub(sent_now);
        Ok(due.into_iter().filter_map(|due| self.claim(due.seq)).take(places).collect())
    }

    /// Claims one notification; `None` when somebody is sending it.
    pub(crate) fn claim(&self, seq: i64) -> Option<Claimed> {
        let mut in_flight = self.inner.in_flight.lock().unwrap_or_else(PoisonError::into_inner);
        in_flight.insert(seq).then(|| Claimed { seq, inner: Arc::downgrade(&self.inner) })
    }

    /// The claimed notification as it is sent; `None` when it is not owed any more.
    fn prepare(&self, claimed: &Claimed) -> Result<Option<(Due, Notification)>, StateError> {
        let Some(due) = self.read(|state| state.due_by_seq(claimed.seq))? else { return Ok(None) };
        let signed = match self.read(|state| state.refund_by_seq(due.refund_seq))? {
            Some(refund) => {
                let number = due.attempts.saturating_add(1);
                refund.psp.play().sign_try(self, Kept::read(&due.payload)?, number)
            }
            None => None,
        };
        match signed {
            Some(notification) => Ok(Some((due, notification))),
            None => {
                tracing::warn!(
                    due = due.seq,
                    "the account of a notification is not configured any more; dropped"
                );
                self.read(|state| state.delete_due(due.seq))?;
                Ok(None)
            }
        }
    }

    fn record(&self, due: &Due, outcome: &Result<u16, NotifyError>) -> Result<(), StateError> {
        let arrived = matches!(outcome, Ok(status) if (200..300).contains(status));
        let attempt = due.attempts.saturating_add(1);
        if !arrived {
            tracing::info!(due = due.seq, attempt, ?outcome, "a notification did not arrive");
        }
        let pause_ms = NOTIFY_RETRY_PAUSES_MS.get(due.attempts as usize).filter(|_| !arrived);
        let next_ms = pause_ms.map(|pause_ms| self.now_ms().saturating_add(*pause_ms));
        self.transact(|state| match next_ms {
            Some(next_ms) => state.postpone_due(due.seq, next_ms, attempt),
            None => state.delete_due(due.seq),
        })
    }
}

/// Tries a claimed notification once and records how that went. While it is on its way it does not keep the sandbox
/// alive: one that has ended meanwhile still owes it, and sends it again when it is opened again.
pub(crate) async fn deliver(claimed: Claimed) -> Result<(), StateError> {
    let sandbox = |claimed: &Claimed| claimed.inner.upgrade().map(|inner| Sandbox { inner });
    let Some(at_first) = sandbox(&claimed) else { return Ok(()) };
    let Some((due, notification)) = at_first.prepare(&claimed)? else { return Ok(()) };
    let post = at_first.inner.world.notifier.post(notification);
    drop(at_first);
    let outcome = post.await;
    match sandbox(&claimed) {
        Some(sandbox) => sandbox.record(&due, &outcome),
        None => Ok(()),
    }
}

fn change(state: &State<'_>, due: &Due, now_ms: i64) -> Result<(), StateError> {
    state.delete_due(due.seq)?;
    let Some(mut refund) = state.refund_by_seq(due.refund_seq)? else { return Ok(()) };
    // A change that finds another stage than it was meant for comes too late: somebody finished the refund by hand.
    match (due.kind, refund.stage) {
        (DueKind::Effect, Stage::Coming) => refund.psp.play().take_effect(state, refund, now_ms),
        (DueKind::Settle, Stage::Pending) => {
            refund.stage = Stage::Succeeded;
            state.update_refund(&refund)?;
            let plan = Settling::read(&due.payload)?;
            refund.psp.play().tell(state, &refund, plan.notifications, now_ms)?;
            if let Some(pause_ms) = plan.then_fail_after_ms {
                state.add_due(now_ms.saturating_add(pause_ms), refund.seq, DueKind::FailLater, "")?;
            }
            Ok(())
        }
        (DueKind::FailLater, Stage::Succeeded) => {
            refund.stage = Stage::Failed;
            state.update_refund(&refund)?;
            refund.psp.play().tell(state, &refund, 1, now_ms)?;
            Ok(())
        }
        _ => Ok(()),
    }
}

/// What follows when a pending refund settles.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) struct Settling {
    /// How many times the merchant is told.
    pub(crate) notifications: u32,
    /// When it fails after all, counted from when it settles, in milliseconds.
    pub(crate) then_fail_after_ms: Option<i64>,
}

impl Settling {
    /// As it is kept with the due row.
    pub(crate) fn text(self) -> Result<String, StateError> {
        serde_json::to_string(&self).map_err(|error| StateError::Unreadable(error.to_string()))
    }

    fn read(text: &str) -> Result<Settling, StateError> {
        serde_json::from_str(text).map_err(|error| StateError::Unreadable(error.to_string()))
    }
}

/// The loop of [`Sandbox::start`]: ends when the sandbox does.
pub(crate) async fn run(inner: Weak<Inner>) {
    loop {
        let Some(sandbox) = inner.upgrade().map(|inner| Sandbox { inner }) else { return };
        // Taken before the look at the state: a ring between the look and the wait is kept.
        let wake = Arc::clone(&sandbox.inner.wake);
        let rest_ms = match round(&sandbox) {
            Ok(rest_ms) => rest_ms,
            Err(error) => {
                tracing::error!(%error, "what is due could not be done");
                Some(ERROR_PAUSE_MS)
            }
        };
        let timer = rest_ms.map(|rest_ms| sandbox.inner.world.clock.sleep(rest_ms));
        // From here on the loop does not keep the sandbox alive.
        drop(sandbox);
        match timer {
            None => wake.notified().await,
            Some(timer) => tokio::select! {
                biased;
                () = wake.notified() => {}
                () = timer => {}
            },
        }
    }
}

/// One round of the loop; gives how long it may rest, in milliseconds, `None` for until it is woken.
fn round(sandbox: &Sandbox) -> Result<Option<u64>, StateError> {
    // One time for the whole round: what becomes due while it lasts is what the rest is measured to.
    let now_ms = sandbox.now_ms();
    sandbox.make_changes(now_ms)?;
    // Each notification in a task of its own: a receiver that hangs delays nothing else.
    for claimed in sandbox.claim_notifications(now_ms)? {
        sandbox.inner.world.spawner.spawn(Box::pin(async move {
            if let Err(error) = deliver(claimed).await {
                tracing::error!(%error, "the outcome of a notification could not be recorded");
            }
        }));
    }
    let next_ms = sandbox.read(|state| state.next_due_ms(now_ms))?;
    Ok(next_ms.map(|next_ms| u64::try_from(next_ms - sandbox.now_ms()).unwrap_or(0)))
}

#[cfg(test)]
mod tests;
