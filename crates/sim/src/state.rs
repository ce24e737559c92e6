//! What all parts of one run share.

use std::collections::BTreeMap;
use std::fmt::{self, Write};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use axum::Router;
use bytes::Bytes;
use redress_engine::vault::Vault;
use redress_store::Store;

use crate::defect::Defect;
use crate::exec::{Exec, Group};
use crate::merchant::Merchant;
use crate::plan::{Fault, Plan};
use crate::process::Process;
use crate::rng::Rng;
use crate::witness::{Received, Submit, Wish, Withdrawal};

/// When every run begins, in microseconds since 1970: 2026-11-18T15:06:40Z.
pub(crate) const START: i64 = 1_795_014_400_000_000;

/// The last lines of a log that are kept where not all of it is asked for.
const LINES_KEPT: usize = 400;

/// One run.
pub(crate) struct Run {
    pub(crate) plan: Plan,
    pub(crate) exec: Exec,
    /// Decides faults and delays.
    pub(crate) rng: Rng,
    /// Decides the faults that came after seeds had found something.
    later: Rng,
    pub(crate) defect: Defect,
    /// Everything that is no process of Redress: clients, the network, the PSPs, the people.
    pub(crate) outside: Group,
    /// The clients alone, to see when all of them are done.
    pub(crate) clients: Group,
    pub(crate) store: Store,
    pub(crate) vault: std::sync::Arc<Vault>,
    pub(crate) sandbox: OnceLock<Router>,
    pub(crate) merchants: OnceLock<Vec<Merchant>>,
    pub(crate) processes: Mutex<Vec<Process>>,
    pub(crate) wishes: Mutex<Vec<Wish>>,
    pub(crate) withdrawals: Mutex<Vec<Withdrawal>>,
    pub(crate) received: Mutex<Vec<Received>>,
    /// What an answer showed that it must not have, as it was seen.
    pub(crate) seen: Mutex<Vec<String>>,
    /// What the PSPs told of refunds' ends.
    pub(crate) told: Mutex<Vec<Told>>,
    /// What somebody gave back in a PSP's dashboard: the payment there and minor units.
    pub(crate) foreign: Mutex<Vec<(String, i64)>>,
    /// Refunds whose submit was doubled on its way to a PSP that makes two of it, by the reference there.
    pub(crate) doubled: Mutex<Vec<String>>,
    /// The bodies of requests that have left a process and not come to a PSP yet, or are being judged there.
    pub(crate) under_way: Mutex<Vec<Bytes>>,
    /// The requests by which refunds were asked for at PSPs that can tell no two of a payment apart.
    pub(crate) submits: Mutex<Vec<Submit>>,
    /// When a person closed which refund, by the reference that Redress has for the PSP.
    pub(crate) closings: Mutex<Vec<(String, i64)>>,
    /// Of refunds at such a PSP, the references of those that had an effect when a person closed them.
    pub(crate) explained: Mutex<Vec<String>>,
    /// Refunds that a person closed wrongly, by the reference at the PSP.
    pub(crate) mistakes: Mutex<Vec<String>>,
    /// Faults strike no more.
    pub(crate) calm: AtomicBool,
    /// Nothing can be written before this time.
    pub(crate) full_until: Mutex<i64>,
    /// The PSPs answer nobody before this time.
    pub(crate) outage_until: Mutex<i64>,
    pub(crate) incarnations: AtomicU64,
    counts: Mutex<BTreeMap<&'static str, u64>>,
    by_psp: Mutex<BTreeMap<(&'static str, &'static str), u64>>,
    log: Mutex<Log>,
}

/// A PSP's notification of an end.
pub(crate) struct Told {
    /// The PSP's id of the refund.
    pub(crate) refund: String,
    /// It failed; else it is done.
    pub(crate) failed: bool,
    /// Redress said that it heard.
    pub(crate) heard: bool,
}

struct Log {
    lines: Vec<String>,
    all: bool,
    hash: u64,
    count: u64,
}

impl Run {
    pub(crate) fn new(plan: Plan, defect: Defect, store: Store, vault: Vault, whole_log: bool) -> Self {
        let exec = Exec::new(plan.seed, START);
        let (outside, clients) = (exec.group(), exec.group());
        Self {
            rng: Rng::new(plan.seed, "faults"),
            later: Rng::new(plan.seed, "later faults"),
            plan,
            exec,
            defect,
            outside,
            clients,
            store,
            vault: std::sync::Arc::new(vault),
            sandbox: OnceLock::new(),
            merchants: OnceLock::new(),
            processes: Mutex::default(),
            wishes: Mutex::default(),
            withdrawals: Mutex::default(),
            received: Mutex::default(),
            seen: Mutex::default(),
            told: Mutex::default(),
            foreign: Mutex::default(),
            doubled: Mutex::default(),
            under_way: Mutex::default(),
            submits: Mutex::default(),
            closings: Mutex::default(),
            explained: Mutex::default(),
            mistakes: Mutex::default(),
            calm: AtomicBool::new(false),
            full_until: Mutex::new(0),
            outage_until: Mutex::new(0),
            incarnations: AtomicU64::new(0),
            counts: Mutex::default(),
            by_psp: Mutex::default(),
            log: Mutex::new(Log { lines: Vec::new(), all: whole_log, hash: 0xcbf2_9ce4_8422_2325, count: 0 }),
        }
    }

    /// Writes a line of the log.
    pub(crate) fn note(&self, text: fmt::Arguments<'_>) {
        let since = self.exec.now() - START;
        let mut line = format!("{:>5}.{:06} ", since / 1_000_000, since % 1_000_000);
        let _ = line.write_fmt(text);
        let mut log = lock(&self.log);
        for byte in line.bytes() {
            log.hash = (log.hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
        log.count += 1;
        if !log.all && log.lines.len() >= LINES_KEPT * 2 {
            log.lines.drain(..LINES_KEPT);
        }
        log.lines.push(line);
    }

    /// Whether the fault strikes here and now; if so it is counted and noted.
    pub(crate) fn strikes(&self, fault: Fault) -> bool {
        let rng = if fault.came_later() { &self.later } else { &self.rng };
        if self.calm.load(Relaxed) || !rng.chance(self.plan.rate(fault)) {
            return false;
        }
        self.struck(fault);
        true
    }

    /// The same for one that strikes at a PSP.
    pub(crate) fn strikes_at(&self, fault: Fault, psp: &'static str) -> bool {
        let strikes = self.strikes(fault);
        if strikes {
            self.count_at(psp, fault.name());
        }
        strikes
    }

    pub(crate) fn count_at(&self, psp: &'static str, what: &'static str) {
        *lock(&self.by_psp).entry((psp, what)).or_default() += 1;
    }

    pub(crate) fn by_psp(&self) -> BTreeMap<(&'static str, &'static str), u64> {
        lock(&self.by_psp).clone()
    }

    pub(crate) fn struck(&self, fault: Fault) {
        self.count(fault.name());
        self.note(format_args!("! {}", fault.name()));
    }

    pub(crate) fn count(&self, what: &'static str) {
        *lock(&self.counts).entry(what).or_default() += 1;
    }

    pub(crate) fn counts(&self) -> BTreeMap<&'static str, u64> {
        lock(&self.counts).clone()
    }

    /// Waits between so many microseconds.
    pub(crate) async fn pause(&self, low: u64, high: u64) {
        self.exec.sleep(self.rng.between(low, high)).await;
    }

    pub(crate) fn calm(&self) -> bool {
        self.calm.load(Relaxed)
    }

    pub(crate) fn merchants(&self) -> &[Merchant] {
        self.merchants.get().map_or(&[], Vec::as_slice)
    }

    /// The last lines, or all where all were to be kept.
    pub(crate) fn lines(&self) -> Vec<String> {
        lock(&self.log).lines.clone()
    }

    /// A hash over all lines, and how many there were.
    pub(crate) fn log_hash(&self) -> (u64, u64) {
        let log = lock(&self.log);
        (log.hash, log.count)
    }
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
