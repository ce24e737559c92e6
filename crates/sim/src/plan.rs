//! What a seed decides before anything runs: how large the world is, which faults exist in it, and how often they
//! strike. Each seed has a handful of the faults only (swarm testing: Groce and others, "Swarm testing", 2012), since
//! a run with all of them at once never gets far enough to be interesting.

use std::collections::BTreeMap;

use crate::rng::Rng;

macro_rules! faults {
    ($($name:ident = $text:literal, $max:literal;)*) => {
        /// A kind of fault.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Fault {
            $(#[doc = $text] $name,)*
        }

        impl Fault {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The name in logs and tables.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            /// The most often it strikes, in ten thousand chances.
            const fn rate_max(self) -> u32 {
                match self { $(Self::$name => $max,)* }
            }
        }
    };
}

faults! {
    CrashBeforeOperation = "crash before a storage operation", 200;
    CrashAtStatement = "crash at a storage statement", 300;
    CrashAfterCommit = "crash after a commit", 300;
    CrashBeforeRequest = "crash before a request leaves", 500;
    CrashWhileWaiting = "crash while the PSP is at work", 500;
    CrashAtAnswer = "crash when the PSP's answer arrives", 500;
    CrashAnytime = "crash at any time", 2_000;
    RestartAll = "restart of every process", 600;
    OrderlyRestart = "orderly restart", 1_200;
    Freeze = "a process stands still for a while", 800;
    StatementFails = "a storage statement fails", 500;
    CommitAnswerLost = "commit done, answer lost", 500;
    CommitFails = "commit failed, nobody knows", 500;
    QueueFull = "the store's queue is full", 400;
    ReadFails = "a read fails", 300;
    DiskFull = "the disk is full for a while", 1_200;
    ConnectRefused = "the PSP refuses the connection", 1_200;
    RequestLost = "a request to the PSP is lost", 1_200;
    RequestLate = "a request to the PSP is late", 1_200;
    RequestDoubled = "a request to the PSP is doubled", 1_000;
    SubmitDoubled = "a submit to a PSP without keys is doubled", 2_000;
    AnswerLost = "the PSP's answer is lost", 1_200;
    AnswerLate = "the PSP's answer is late", 1_200;
    AnswerReset = "the PSP's answer is cut off", 1_200;
    PspOutage = "the PSP is away for a while", 1_000;
    Refuse = "PSP: refuse", 1_500;
    Pend = "PSP: pend", 1_500;
    TimeoutBeforeEffect = "PSP: timeout_before_effect", 1_000;
    TimeoutAfterEffect = "PSP: timeout_after_effect", 1_000;
    EffectAfter = "PSP: effect_after", 1_000;
    Error500BeforeEffect = "PSP: error500_before_effect", 1_000;
    Error500AfterEffect = "PSP: error500_after_effect", 1_000;
    ResetAfterEffect = "PSP: reset_after_effect", 1_000;
    Garbage = "PSP: garbage", 1_000;
    Slow = "PSP: slow", 1_000;
    DuplicateNotification = "PSP: duplicate_notification", 1_000;
    NotifyBeforeAnswer = "PSP: notify_before_answer", 1_000;
    SucceedThenFail = "PSP: succeed_then_fail", 1_000;
    SucceedThenReverse = "PSP: succeed_then_reverse", 1_000;
    ForeignRefund = "a refund is made at the PSP behind Redress' back", 800;
    NoticeLost = "a PSP's notification is lost", 2_500;
    NoticeRefused = "a PSP's notification finds nobody", 2_500;
    NoticeDoubled = "a PSP's notification is doubled", 2_500;
    NoticeLate = "a PSP's notification is late", 2_500;
    EndpointError = "an endpoint answers 500", 2_500;
    EndpointStalls = "an endpoint stalls", 2_500;
    EndpointSlow = "an endpoint is slow", 2_500;
    EndpointResets = "an endpoint cuts the connection", 2_500;
    EndpointWrongAnswer = "an endpoint answers something else", 2_500;
    EndpointAnswerLost = "an endpoint's answer is lost", 2_500;
    ClientNotHeard = "a client's request is lost", 800;
    ClientAnswerLost = "the answer to a client is lost", 800;
    ClientHangsUp = "a client hangs up", 800;
    ClockSmall = "a clock steps by less than a second", 2_500;
    ClockLarge = "a clock jumps by up to two minutes", 1_500;
    AccountPaused = "an account is paused", 800;
    AccountRevoked = "an account is revoked", 200;
    CredentialsWrong = "an account has wrong credentials for a while", 600;
    CredentialsChanged = "an account's credentials are changed", 800;
    SecretRotated = "an endpoint's secret is rotated", 600;
    PersonCloses = "a person closes a refund, rightly", 2_500;
    PersonErs = "a person closes a refund, wrongly", 2_000;
    RefuseForNow = "PSP: refuse_for_now", 1_500;
    PendForFunds = "PSP: pend_for_funds", 1_500;
}

/// So many seeds in ten thousand have a fault that came later, if they have any.
const LATER_SHARE: u32 = 2_000;

impl Fault {
    /// The sequence from which a fault is drawn that came after seeds had found something: one of its own, so that a seed
    /// without it is the run that it was.
    const fn own_sequence(self) -> Option<&'static str> {
        match self {
            Self::RefuseForNow => Some("plan refuse_for_now"),
            Self::PendForFunds => Some("plan pend_for_funds"),
            _ => None,
        }
    }

    /// Whether it came after seeds had found something.
    pub(crate) const fn came_later(self) -> bool {
        self.own_sequence().is_some()
    }
}

/// The steps of the sandbox that a fault stands for.
pub(crate) const STEPS: [(Fault, &str); 16] = [
    (Fault::Refuse, "refuse"),
    (Fault::Pend, "pend"),
    (Fault::TimeoutBeforeEffect, "timeout_before_effect"),
    (Fault::TimeoutAfterEffect, "timeout_after_effect"),
    (Fault::EffectAfter, "effect_after"),
    (Fault::Error500BeforeEffect, "error500_before_effect"),
    (Fault::Error500AfterEffect, "error500_after_effect"),
    (Fault::ResetAfterEffect, "reset_after_effect"),
    (Fault::Garbage, "garbage"),
    (Fault::Slow, "slow"),
    (Fault::DuplicateNotification, "duplicate_notification"),
    (Fault::NotifyBeforeAnswer, "notify_before_answer"),
    (Fault::SucceedThenFail, "succeed_then_fail"),
    (Fault::SucceedThenReverse, "succeed_then_reverse"),
    (Fault::RefuseForNow, "refuse_for_now"),
    (Fault::PendForFunds, "pend_for_funds"),
];

/// What a seed decided.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The seed.
    pub seed: u64,
    /// Redress processes at once. One has the store for itself and takes over all leases when it starts, as on SQLite;
    /// several share it and wait for leases to end, as on PostgreSQL.
    pub processes: usize,
    /// Merchants.
    pub merchants: usize,
    /// Payments of each merchant.
    pub payments: usize,
    /// Refunds that clients ask for, over all payments.
    pub wishes: usize,
    /// All clients ask at nearly the same time.
    pub burst: bool,
    /// How long faults strike, in simulated seconds.
    pub fault_seconds: u64,
    /// Tries after which a notification is given up.
    pub tries_max: u32,
    /// When an accepted refund is overdue, in seconds.
    pub overdue_seconds: u64,
    /// How often the store is asked for due work, in milliseconds.
    pub poll_ms: u64,
    /// In ten thousand chances, by fault; what is not there does not happen.
    pub rates: BTreeMap<Fault, u32>,
}

impl Plan {
    /// What this seed decides.
    pub fn of(seed: u64) -> Self {
        let rng = Rng::new(seed, "plan");
        // Few faults in some runs, many in others; some runs have none.
        let share = *rng.pick(&[0, 1_000, 2_000, 2_000, 3_000, 4_000, 6_000]);
        let mut rates = BTreeMap::new();
        for &fault in Fault::ALL {
            let (taken, depth) = match fault.own_sequence() {
                None => (rng.chance(share), rng.below(4)),
                Some(own) => {
                    let own = Rng::new(seed, own);
                    (own.chance(LATER_SHARE) && share > 0, own.below(4))
                }
            };
            if taken {
                rates.insert(fault, (fault.rate_max() >> depth).max(1));
            }
        }
        Self {
            seed,
            processes: usize::try_from(rng.between(1, 3)).unwrap_or(1),
            merchants: 2,
            payments: usize::try_from(rng.between(1, 4)).unwrap_or(1),
            wishes: usize::try_from(rng.between(6, 30)).unwrap_or(4),
            burst: rng.chance(2_000),
            fault_seconds: rng.between(10, 60),
            tries_max: *rng.pick(&[100, 100, 6]),
            overdue_seconds: *rng.pick(&[20, 60, 300]),
            poll_ms: *rng.pick(&[500, 1_000, 1_500]),
            rates,
        }
    }

    /// In ten thousand chances.
    pub fn rate(&self, fault: Fault) -> u32 {
        self.rates.get(&fault).copied().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_that_came_later_changes_nothing_else_that_a_seed_decides() {
        // As they were decided before it came.
        for (seed, faults, payments, wishes, fault_seconds) in
            [(31, 11, 3, 7, 23), (80, 31, 2, 15, 31), (717_379, 40, 3, 8, 34)]
        {
            let plan = Plan::of(seed);
            let decided = (plan.rates.len(), plan.payments, plan.wishes, plan.fault_seconds);
            assert_eq!(decided, (faults, payments, wishes, fault_seconds), "{seed}");
        }
    }

    #[test]
    fn what_came_later_strikes_in_no_seed_that_found_something_before() {
        let with = |seed: &u64| Fault::ALL.iter().any(|f| f.came_later() && Plan::of(*seed).rate(*f) > 0);
        let found = [31, 80, 6_322, 10_547, 22_720, 25_455, 43_419, 717_379];
        assert!(!found.iter().any(with));
        let others = (1..=300).filter(with).count();
        assert!((80..130).contains(&others), "{others}");
    }

    /// The page that the sandbox's own tests hold to what it plays.
    const SANDBOX_PAGE: &str = include_str!("../../../docs/sandbox.md");

    #[test]
    fn every_step_that_the_sandbox_plays_is_a_fault_here() {
        let table = SANDBOX_PAGE.split("\n## Steps\n").nth(1).expect("the table of steps");
        let names = table.lines().filter_map(|line| line.strip_prefix("| `")?.split(['`', ':']).next());
        let played: Vec<&str> = names.filter(|name| *name != "succeed").collect();
        assert!(played.len() >= 16, "{played:?}");
        for name in played {
            assert!(STEPS.iter().any(|(_, step)| *step == name), "{name} is scripted in no run");
        }
    }
}
