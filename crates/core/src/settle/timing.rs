//! The spans by which refunds are followed.

use std::time::Duration;

use crate::refund::Evidence;
use crate::retry::Backoff;
use crate::time::Timestamp;

/// The spans by which refunds are followed. Settings; none of them ever decides an outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timing {
    /// How long a process may take to send one refund and record the answer.
    pub lease: Duration,
    /// Between tries when the request provably never left.
    pub not_sent: Backoff,
    /// Between look-ups while nobody knows.
    pub resolve: Backoff,
    /// Between look-ups while the PSP says that the end is open.
    pub poll: Backoff,
    /// After so many fruitless look-ups in a row a person is called; the looking goes on.
    pub person_after_queries: u32,
    /// After so long without a last word, or without having been sent at all, a person is called; the looking and the
    /// trying go on.
    pub overdue: Duration,
}

impl Timing {
    /// From when on a person is to be called for want of a last word; `None` where nothing was sent yet.
    pub(crate) fn overdue_at(&self, evidence: &Evidence) -> Option<Timestamp> {
        evidence.first_sent_at.map(|sent| sent.plus(self.overdue))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::refund::Refund;
    use crate::settle::tests::{NOW, pending, refund, timing};
    use crate::settle::{Via, Word, settle};
    use crate::state::StateName;

    #[test]
    fn a_wait_that_is_told_again_and_again_puts_off_no_person() {
        let overdue = timing().overdue;
        let mut waits = refund(StateName::Pending);
        waits.evidence.first_sent_at = Some(NOW);
        let due = |waits: &Refund, after: Duration| {
            let now = NOW.plus(after);
            let word = Word {
                outcome: pending(),
                via: Via::Notification,
                started_at: now,
                send: 1,
                superseded_by: &[],
            };
            settle(waits.clone(), &word, &timing(), now, 7).unwrap().refund.due_at.unwrap().since(NOW)
        };
        let second = Duration::from_secs(1);
        assert!(due(&waits, second) < Duration::from_secs(60), "long before, it is looked at in its pace");
        assert_eq!(due(&waits, overdue - second), overdue, "and not later than a person is to be called");
        assert!(due(&waits, overdue) > overdue, "that moment over, it is due no sooner than else");
        waits.evidence.person_called = true;
        assert!(
            due(&waits, overdue - second) > overdue,
            "whom one has been called for is looked at in its pace"
        );
    }
}
