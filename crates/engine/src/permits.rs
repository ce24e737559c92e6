//! How much may be exchanged with each PSP account at once, and when it is left alone.
//!
//! A slow PSP holds only the permits of its own account, so it delays nobody else.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use redress_core::id::AccountId;
use redress_core::outcome::{Finding, Outcome};
use redress_core::time::Timestamp;
use redress_store::ops::accept::{SendPermit, SendPermits};

use crate::world::Clock;

/// Look-ups that may run at once at one account, beside the sends.
pub const QUERIES_IN_FLIGHT_MAX: u32 = 8;

/// Look-ups beside those that may run at once about what a PSP tells and nobody would ask about later.
const CONFIRMS_IN_FLIGHT_MAX: u32 = 2;

/// After so many exchanges in a row that reached nobody, the account is left alone for [`REST`].
pub const FAILURES_IN_A_ROW_MAX: u32 = 5;

/// How long an account that nobody answers at is left alone.
pub const REST: Duration = Duration::from_secs(2);

/// Permits and circuit breakers of all accounts of this process.
pub struct Permits {
    accounts: Mutex<BTreeMap<AccountId, Arc<Account>>>,
    clock: Arc<dyn Clock>,
}

struct Account {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    sends: u32,
    queries: u32,
    confirms: u32,
    failures_in_a_row: u32,
    rests_until: Option<Timestamp>,
}

impl State {
    fn rests(&self, now: Timestamp) -> bool {
        // A clock that was set back makes no rest longer.
        self.rests_until.is_some_and(|until| now < until && until.since(now) <= REST)
    }
}

/// What a permit is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    /// Sending a refund, through an account that sends at most so many at once.
    Send(u32),
    /// Looking one up.
    Query,
    /// Looking one up because the PSP tells of it what nobody would ask about later. Some PSPs tell few times: neither other
    /// look-ups that hang nor a rest takes that room away.
    Confirm,
}

/// A permit; given back when dropped. Giving it back wakes nobody: whoever ends an exchange does that, since a loop
/// that takes permits and finds no use for them must not wake itself.
pub struct Permit {
    account: Arc<Account>,
    what: Use,
}

impl SendPermit for Permit {}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut state = lock(&self.account.state);
        match self.what {
            Use::Send(_) => state.sends = state.sends.saturating_sub(1),
            Use::Query => state.queries = state.queries.saturating_sub(1),
            Use::Confirm => state.confirms = state.confirms.saturating_sub(1),
        }
    }
}

impl Permits {
    /// No account is known yet.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { accounts: Mutex::default(), clock }
    }

    /// Takes up to `wanted` permits; none while the account rests, but to confirm what is told.
    pub fn take(&self, account: AccountId, what: Use, wanted: u32) -> Vec<Permit> {
        let account = self.account(account);
        let now = self.clock.now();
        let mut state = lock(&account.state);
        if what != Use::Confirm && state.rests(now) {
            return Vec::new();
        }
        let (used, max) = match what {
            Use::Send(max) => (&mut state.sends, max),
            Use::Query => (&mut state.queries, QUERIES_IN_FLIGHT_MAX),
            Use::Confirm => (&mut state.confirms, CONFIRMS_IN_FLIGHT_MAX),
        };
        let taken = wanted.min(max.saturating_sub(*used));
        *used += taken;
        drop(state);
        (0..taken).map(|_| Permit { account: Arc::clone(&account), what }).collect()
    }

    /// Learns from an exchange whether the PSP can be reached.
    pub fn learn(&self, account: AccountId, outcome: &Outcome) {
        let silent = matches!(outcome, Outcome::NotSent { .. } | Outcome::Unknown(Finding::NoAnswer));
        let account = self.account(account);
        let now = self.clock.now();
        let mut state = lock(&account.state);
        if !silent {
            state.failures_in_a_row = 0;
            state.rests_until = None;
            return;
        }
        // What is confirmed meanwhile must not make the rest longer: whoever replays what a PSP told would keep the account from
        // sending as long as its look-ups fail.
        if state.rests(now) {
            return;
        }
        state.failures_in_a_row += 1;
        if state.failures_in_a_row >= FAILURES_IN_A_ROW_MAX {
            state.rests_until = Some(now.plus(REST));
            // One more failure after the rest is enough for the next one.
            state.failures_in_a_row = FAILURES_IN_A_ROW_MAX - 1;
        }
    }

    fn account(&self, id: AccountId) -> Arc<Account> {
        let mut accounts = lock(&self.accounts);
        Arc::clone(accounts.entry(id).or_insert_with(|| Arc::new(Account { state: Mutex::default() })))
    }
}

impl SendPermits for Permits {
    fn try_take(&self, account: AccountId, max_in_flight: u32) -> Option<Box<dyn SendPermit>> {
        self.take(account, Use::Send(max_in_flight), 1)
            .pop()
            .map(|permit| Box::new(permit) as Box<dyn SendPermit>)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::ManualClock;

    const A: AccountId = AccountId::from_bytes([1; 16]);
    const B: AccountId = AccountId::from_bytes([2; 16]);

    fn permits() -> (Permits, Arc<ManualClock>) {
        let clock = Arc::new(ManualClock::new(Timestamp::from_micros(0)));
        let permits = Permits::new(Arc::clone(&clock) as Arc<dyn Clock>);
        (permits, clock)
    }

    #[test]
    fn each_account_has_its_own() {
        let (permits, _) = permits();
        let held = permits.take(A, Use::Send(2), 5);
        assert_eq!(held.len(), 2);
        assert!(permits.try_take(A, 2).is_none());
        assert!(permits.try_take(B, 1).is_some(), "another account is not delayed");
        let looked_up = permits.take(A, Use::Query, 99);
        assert_eq!(looked_up.len(), 8, "look-ups have their own");
        let told = permits.take(A, Use::Confirm, 99);
        assert_eq!(told.len(), 2, "and so has what is told");
        assert!(permits.take(A, Use::Confirm, 1).is_empty());
        drop(told);
        assert_eq!(permits.take(A, Use::Confirm, 1).len(), 1);
        drop(held);
        assert!(permits.try_take(A, 2).is_some());
    }

    #[test]
    fn an_account_that_nobody_answers_at_rests() {
        let (permits, clock) = permits();
        let silent = Outcome::Unknown(Finding::NoAnswer);
        for _ in 0..FAILURES_IN_A_ROW_MAX {
            assert!(permits.try_take(A, 2).is_some());
            permits.learn(A, &silent);
        }
        assert!(permits.try_take(A, 2).is_none());
        assert!(permits.try_take(B, 1).is_some());
        assert!(permits.take(A, Use::Query, 1).is_empty());
        assert_eq!(permits.take(A, Use::Confirm, 9).len(), 2, "what is told may not be told again");
        clock.advance(REST);
        assert!(permits.try_take(A, 2).is_some());
        permits.learn(A, &silent);
        assert!(permits.try_take(A, 2).is_none(), "one more failure is enough");
        clock.advance(REST);
        permits.learn(A, &Outcome::Unknown(Finding::NotFound));
        permits.learn(A, &silent);
        assert!(permits.try_take(A, 2).is_some(), "an answer ended the row");
    }

    #[test]
    fn what_is_asked_in_vain_during_a_rest_makes_it_no_longer() {
        let (permits, clock) = permits();
        let silent = Outcome::Unknown(Finding::NoAnswer);
        for _ in 0..FAILURES_IN_A_ROW_MAX {
            permits.learn(A, &silent);
        }
        clock.advance(REST / 2);
        assert_eq!(permits.take(A, Use::Confirm, 1).len(), 1);
        permits.learn(A, &silent);
        assert!(permits.try_take(A, 2).is_none());
        clock.advance(REST / 2);
        assert!(permits.try_take(A, 2).is_some(), "it is over when it was to be");
        permits.learn(A, &silent);
        assert!(permits.try_take(A, 2).is_none(), "and one more failure is enough still");
        permits.learn(A, &Outcome::Unknown(Finding::NotFound));
        assert!(permits.try_take(A, 2).is_some(), "an answer ends it at once");
    }

    #[test]
    fn a_clock_that_was_set_back_makes_no_rest_longer() {
        let (permits, clock) = permits();
        let silent = Outcome::Unknown(Finding::NoAnswer);
        for _ in 0..FAILURES_IN_A_ROW_MAX {
            permits.learn(A, &silent);
        }
        assert!(permits.try_take(A, 2).is_none());
        clock.set(Timestamp::from_micros(-3 * 3600 * 1_000_000));
        assert_eq!(permits.take(A, Use::Send(2), 1).len(), 1, "what was to last 2 s would last 3 h");
        assert_eq!(permits.take(A, Use::Query, 1).len(), 1);
        permits.learn(A, &silent);
        assert!(permits.try_take(A, 2).is_none(), "it is still known that nobody answers");
        clock.advance(REST);
        assert!(permits.try_take(A, 2).is_some());
    }
}
