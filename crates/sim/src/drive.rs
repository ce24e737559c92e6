//! One seed from beginning to end: set up, faults, calm, the auditor.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use redress_engine::vault::{Vault, generate_line};
use redress_sandbox::{Place, Sandbox};
use redress_store::{MIGRATIONS, Query, Row, Store, StoreError, Tx};
use secrecy::ExposeSecret;

use crate::audit::{self, Evidence};
use crate::defect::Defect;
use crate::merchant::now;
use crate::network::{PspTasks, TrueClock};
use crate::notices::Notices;
use crate::plan::Plan;
use crate::planted::{spoil, spoil_late};
use crate::psps::{is_nameless, sandbox_config};
use crate::rng::Rng;
use crate::state::{Run, START, lock};

/// How long everything may take to come to rest after the last fault, in simulated seconds. What is late is at most
/// half a minute late, clocks are two minutes off at most, and no pause of the settings is longer than 16 s.
const REST_SECONDS_MAX: i64 = 900;
/// So long after the last fault nothing is judged: whatever was late arrives, in simulated seconds.
const REST_SECONDS_MIN: i64 = 65;
/// Who waits for a request to arrive looks again after so long, in simulated microseconds.
const LOOK_AGAIN_MICROS: i64 = 100_000;
/// So long after people have closed everything it is judged once more, in simulated seconds.
const CLOSED_SECONDS: i64 = 40;
/// So often people look through all that was left to them: each time one of a payment's waiting refunds may have had its
/// turn, and be left to them then.
const ROUNDS_MAX: u32 = 40;
/// A run that needs more turns than this goes round in circles.
const POLLS_MAX: u64 = 3_000_000;

/// What became of a seed.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The seed.
    pub seed: u64,
    /// Broken promises; none is good.
    pub violations: Vec<String>,
    /// The log: all of it where that was asked for, else its end.
    pub log: Vec<String>,
    /// A hash over the whole log.
    pub log_hash: u64,
    /// Lines of the whole log.
    pub log_lines: u64,
    /// How often what happened: faults by name, and some more.
    pub counts: BTreeMap<&'static str, u64>,
    /// How often what happened at which PSP: the PSP's name first.
    pub by_psp: BTreeMap<(&'static str, &'static str), u64>,
    /// Simulated seconds.
    pub seconds: u64,
}

/// Runs one seed. `whole_log`: keep all lines, not only the last.
///
/// # Panics
/// When the simulator itself is broken.
pub fn one(seed: u64, defect: Defect, whole_log: bool) -> Outcome {
    let plan = Plan::of(seed);
    let store = Store::in_line_sqlite().expect("a database in memory");
    now(store.migrate(MIGRATIONS, START)).expect("the tables of an empty database");
    let line = generate_line(&Rng::new(seed, "master key"));
    let vault = Vault::parse(line.expose_secret()).expect("a fresh key");
    let run = Arc::new(Run::new(plan, defect, store, vault, whole_log));
    run.note(format_args!("{:?}", run.plan));
    let sandbox = open_sandbox(&run);
    let operator = run.engine(0, run.outside, Arc::default(), false);
    run.set_up(&operator);
    drop(operator);
    spoil(&run.store, defect);
    run.script();
    sandbox.start();
    let lived = catch_unwind(AssertUnwindSafe(|| {
        let stuck = live(&run);
        spoil_late(&run.store, defect);
        stuck.map_or_else(|| judged_twice(&run), |stuck| vec![stuck])
    }));
    let violations = lived.unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        let text = text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("something");
        vec![format!("a panic: {text}")]
    });
    for violation in &violations {
        run.note(format_args!("VIOLATION: {violation}"));
    }
    run.exec.clear();
    let (log_hash, log_lines) = run.log_hash();
    let seconds = u64::try_from((run.exec.now() - START) / 1_000_000).unwrap_or(0);
    let outcome = Outcome {
        seed,
        violations,
        log: run.lines(),
        log_hash,
        log_lines,
        counts: run.counts(),
        by_psp: run.by_psp(),
        seconds,
    };
    // What runs in the sandbox and in the processes knows the run only weakly.
    lock(&run.processes).clear();
    outcome
}

fn open_sandbox(run: &Arc<Run>) -> Sandbox {
    let world = redress_sandbox::World {
        clock: Arc::new(TrueClock(run.exec.clone())),
        spawner: Arc::new(PspTasks(run.exec.clone(), run.outside)),
        notifier: Arc::new(Notices(Arc::downgrade(run))),
    };
    let sandbox = Sandbox::open(&Place::Memory, sandbox_config(run.plan.merchants), world)
        .expect("a sandbox in memory");
    run.sandbox.set(sandbox.router()).expect("set once");
    sandbox
}

/// Lets everything happen. Answers why it never came to rest, where it did not.
fn live(run: &Arc<Run>) -> Option<String> {
    for place in 0..run.plan.processes {
        run.start(place);
    }
    run.start_clients();
    run.exec.spawn(run.outside, Arc::clone(run).trouble());
    let faults_end = START + i64::try_from(run.plan.fault_seconds).unwrap_or(0) * 1_000_000;
    if !pass_until(run, faults_end) {
        return Some("stuck: it goes round in circles while faults strike".into());
    }
    run.calm.store(true, Relaxed);
    run.note(format_args!("the calm"));
    run.exec.thaw();
    now(run.put_right());
    let latest = run.exec.now() + REST_SECONDS_MAX * 1_000_000;
    let mut look = run.exec.now() + REST_SECONDS_MIN * 1_000_000;
    while look <= latest {
        if !pass_until(run, look) {
            return Some("stuck: it goes round in circles in the calm".into());
        }
        run.finish_pending();
        let waiting = what_waits(run);
        if waiting.is_empty() {
            return None;
        }
        look += 5_000_000;
        if look > latest {
            return Some(format!("stuck: {}", waiting.join("; ")));
        }
    }
    None
}

fn pass_until(run: &Run, until: i64) -> bool {
    while run.exec.step(until) {
        if run.exec.polls() > POLLS_MAX {
            return false;
        }
    }
    true
}

const WAITING: &str = "SELECT 'refund ' || r.state || ' ' || hex(r.refund_id) FROM refunds r \
     WHERE r.state NOT IN ('succeeded', 'failed', 'canceled', 'reversed') AND NOT EXISTS (SELECT 1 FROM cases c \
     WHERE c.merchant_id = r.merchant_id AND c.refund_id = r.refund_id AND c.closed_at IS NULL) \
     AND NOT (r.state = 'queued' AND EXISTS (SELECT 1 FROM payments p JOIN cases c ON c.merchant_id = p.merchant_id \
     AND c.refund_id = p.turn_refund_id AND c.closed_at IS NULL \
     WHERE p.merchant_id = r.merchant_id AND p.payment_id = r.payment_id AND p.turn_refund_id <> r.refund_id)) \
     UNION ALL SELECT 'delivery ' || d.dialect || ' ' || hex(d.refund_id) || ' ' || d.number FROM deliveries d \
     WHERE d.state = 'due'";

/// Whatever has not come to rest.
fn what_waits(run: &Run) -> Vec<String> {
    let rows = now(run.store.read(Raw(WAITING))).expect("a statement of the simulator's");
    let mut waiting: Vec<String> = rows.iter().filter_map(|row| row.text(0).ok()).collect();
    let clients = run.exec.running(run.clients);
    if clients > 0 {
        waiting.push(format!("{clients} clients"));
    }
    waiting
}

/// Whether people are still called for something.
fn waits_for_people(run: &Run) -> bool {
    const OPEN: &str = "SELECT 1 FROM cases WHERE closed_at IS NULL LIMIT 1";
    !now(run.store.read(Raw(OPEN))).expect("a statement of the simulator's").is_empty()
}

/// Judges what is there, and once more when people have closed what was left to them.
fn judged_twice(run: &Arc<Run>) -> Vec<String> {
    let found = judged(run, false);
    if !found.is_empty() {
        return found;
    }
    // Twice for what comes to light only after the first time, and as often as somebody waited for a turn.
    for round in 1..=ROUNDS_MAX {
        if let Some(stuck) = people_close(run) {
            return vec![stuck];
        }
        if round > 1 && !waits_for_people(run) {
            break;
        }
    }
    let waiting = what_waits(run);
    if !waiting.is_empty() {
        return vec![format!("stuck after all cases are closed: {}", waiting.join("; "))];
    }
    judged(run, true)
}

/// People close what is left, as soon as they can know how it ended. Answers why they never could.
fn people_close(run: &Arc<Run>) -> Option<String> {
    run.note(format_args!("people close what is left"));
    let latest = run.exec.now() + REST_SECONDS_MAX * 1_000_000;
    while now(run.close_everything()) > 0 {
        let until = run.exec.now() + LOOK_AGAIN_MICROS;
        if until > latest {
            return Some("stuck: something of a refund is always on its way".into());
        }
        if !pass_until(run, until) {
            return Some("stuck: it goes round in circles while people wait".into());
        }
        run.finish_pending();
    }
    let until = run.exec.now() + CLOSED_SECONDS * 1_000_000;
    (!pass_until(run, until)).then(|| "stuck: it goes round in circles after all cases are closed".into())
}

fn judged(run: &Run, closed: bool) -> Vec<String> {
    let table = |sql| -> Vec<Row> { now(run.store.read(Raw(sql))).expect("a statement of the auditor's") };
    let evidence = Evidence {
        closed,
        foreign: lock(&run.foreign).clone(),
        tries_max: i64::from(run.plan.tries_max),
        merchants: run
            .merchants()
            .iter()
            .map(|merchant| audit::Merchant {
                id: *merchant.id.as_bytes(),
                code: merchant.code.clone(),
                portone_secret: merchant.portone.secret.clone(),
                sgate_key: merchant.sgate.key.clone(),
                sgate_secret: merchant.sgate.secret.clone(),
                endpoints: merchant
                    .endpoints
                    .iter()
                    .map(|endpoint| audit::Endpoint {
                        id: *endpoint.id.as_bytes(),
                        name: endpoint.name,
                        secrets: merchant.endpoint_secrets(endpoint.name),
                    })
                    .collect(),
                payments: merchant
                    .payments
                    .iter()
                    .map(|payment| audit::Payment {
                        order_ref: payment.order_ref.clone(),
                        psp: payment.kind.psp,
                        nameless: is_nameless(payment.kind.psp),
                        psp_payment_id: payment.psp_payment_id.clone(),
                        currency: payment.kind.currency,
                        decimals: payment.kind.decimals,
                        captured: payment.captured,
                        own_address: payment.own_address,
                    })
                    .collect(),
            })
            .collect(),
        wishes: lock(&run.wishes).clone(),
        withdrawals: lock(&run.withdrawals).clone(),
        received: lock(&run.received).clone(),
        seen: lock(&run.seen).clone(),
        mistakes: lock(&run.mistakes).clone(),
        doubled: lock(&run.doubled).clone(),
        submits: lock(&run.submits).clone(),
        closings: lock(&run.closings).clone(),
        once_done: once_done(run),
        told_done: heard(run, false),
        told_failed: heard(run, true),
        ledger: run.ledger().to_string(),
        payments: table(audit::PAYMENTS),
        refunds: table(audit::REFUNDS),
        events: table(audit::EVENTS),
        deliveries: table(audit::DELIVERIES),
        cases: table(audit::CASES),
    };
    audit::judge(&evidence)
}

/// The PSPs' ids of refunds of whose end Redress said that it heard.
fn heard(run: &Run, failed: bool) -> Vec<String> {
    let told = lock(&run.told);
    told.iter().filter(|told| told.failed == failed && told.heard).map(|told| told.refund.clone()).collect()
}

/// The PSPs' ids of refunds that are done, or that a PSP once told of as done.
fn once_done(run: &Run) -> Vec<String> {
    lock(&run.told).iter().filter(|told| !told.failed).map(|told| told.refund.clone()).collect()
}

/// A statement, run as it stands.
pub(crate) struct Raw(pub(crate) &'static str);

impl Query for Raw {
    type Out = Vec<Row>;
    const NAME: &'static str = "raw";

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Vec<Row>, StoreError> {
        tx.rows(self.0, &[]).await
    }
}
