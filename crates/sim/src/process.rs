//! Redress' processes: each an engine with its own id, permits, memory and clock, over the one store.

use std::sync::atomic::{AtomicI64, Ordering::Relaxed};
use std::sync::{Arc, Weak};
use std::time::Duration;

use axum::Router;
use futures_util::future::BoxFuture;
use redress_core::retry::Backoff;
use redress_core::settle::Timing;
use redress_core::time::Timestamp;
use redress_engine::config::{DeliverySchedule, EngineConfig};
use redress_engine::engine::{Engine, EngineParts};
use redress_engine::world::{Clock, Spawner, World};
use redress_store::ops::claim::TakeOverLeases;
use redress_store::{Fault as StoreFault, Faults, Moment, StoreError};
use tokio::sync::Notify;

use crate::exec::{Exec, Group};
use crate::network::{ToMerchants, ToPsps};
use crate::plan::{Fault, Plan};
use crate::rng::Rng;
use crate::state::{Run, lock};

/// A place where a process runs, and what runs there now.
#[derive(Clone)]
pub(crate) struct Process {
    pub(crate) group: Group,
    /// How far its clock is from the true time, in microseconds.
    pub(crate) skew: Arc<AtomicI64>,
    /// None while it starts or is dead.
    pub(crate) serving: Option<Serving>,
}

/// What a running process offers.
#[derive(Clone)]
pub(crate) struct Serving {
    pub(crate) router: Router,
    stop: Arc<Notify>,
}

/// The settings of a run: production's proportions, in shorter spans.
pub(crate) fn config(plan: &Plan) -> EngineConfig {
    let s = Duration::from_secs;
    EngineConfig {
        timing: Timing {
            lease: s(8),
            not_sent: Backoff { first: s(1), max: s(4) },
            resolve: Backoff { first: s(1), max: s(8) },
            poll: Backoff { first: s(1), max: s(8) },
            person_after_queries: 4,
            overdue: s(plan.overdue_seconds),
        },
        psp_timeout: s(3),
        face_wait: s(2),
        poll: Duration::from_millis(plan.poll_ms),
        delivery_timeout: s(2),
        delivery: DeliverySchedule {
            backoff: Backoff { first: s(1), max: s(16) },
            sgate_silent_tries: 3,
            sgate_silent_gap: s(1),
            sgate_gap: s(10),
            tries_max: plan.tries_max,
            secret_overlap: s(100_000),
            disable_after: s(100_000),
        },
        ..EngineConfig::default()
    }
}

impl Run {
    /// Starts a process in a place; it serves a moment later, when the store has let it.
    pub(crate) fn start(self: &Arc<Self>, place: usize) {
        let group = self.exec.group();
        {
            let mut processes = lock(&self.processes);
            let skew = processes.get(place).map_or_else(Arc::default, |old| Arc::clone(&old.skew));
            let process = Process { group, skew, serving: None };
            match processes.get_mut(place) {
                Some(there) => *there = process,
                None => processes.push(process),
            }
        }
        self.note(format_args!("p{place} starts"));
        let run = Arc::downgrade(self);
        self.exec.spawn(group, async move {
            let Some(engine) = opened(&run, place, group).await else { return };
            if let Some(run) = run.upgrade() {
                run.serve(place, group, engine);
            }
        });
    }

    /// An engine of this process, not yet at work. `faulty`: with a process's faults around its storage, else with a
    /// command's.
    pub(crate) fn engine(
        self: &Arc<Self>,
        place: usize,
        group: Group,
        skew: Arc<AtomicI64>,
        faulty: bool,
    ) -> Engine {
        let run = Arc::downgrade(self);
        let incarnation = self.incarnations.fetch_add(1, Relaxed);
        let random = Rng::new(self.plan.seed, &format!("process {incarnation}"));
        let faults: Arc<dyn Faults> = match faulty {
            true => Arc::new(Gate { run: Weak::clone(&run), place, group }),
            false => Arc::new(CommandGate(Weak::clone(&run))),
        };
        let store = self.store.clone().with_faults(faults);
        Engine::new(EngineParts {
            store,
            world: World {
                clock: Arc::new(ProcessClock { exec: self.exec.clone(), skew }),
                random: Arc::new(random),
                spawner: Arc::new(ProcessSpawner { exec: self.exec.clone(), group }),
            },
            config: config(&self.plan),
            psp_transport: Arc::new(ToPsps { run: Weak::clone(&run), place, group }),
            notify_transport: Arc::new(ToMerchants { run }),
            connectors: crate::planted::connectors(self.defect),
            vault: Arc::clone(&self.vault),
        })
    }

    fn serve(self: &Arc<Self>, place: usize, group: Group, engine: Engine) {
        let stop = Arc::new(Notify::new());
        let serving =
            Serving { router: redress_http::router::router(engine.clone()), stop: Arc::clone(&stop) };
        {
            let mut processes = lock(&self.processes);
            if processes[place].group != group {
                return;
            }
            processes[place].serving = Some(serving);
        }
        self.note(format_args!("p{place} serves"));
        let (deliveries, stop2) = (engine.clone(), Arc::clone(&stop));
        let (events, stop3) = (engine.clone(), Arc::clone(&stop));
        let (days, stop4) = (engine.clone(), Arc::clone(&stop));
        let (verdicts, stop5) = (engine.clone(), Arc::clone(&stop));
        self.exec.spawn(group, async move { engine.work_refunds(stop.notified()).await });
        self.exec.spawn(group, async move { deliveries.work_deliveries(stop2.notified()).await });
        self.exec.spawn(group, async move { events.work_events(stop3.notified()).await });
        self.exec.spawn(group, async move { days.work_daily_sums(stop4.notified()).await });
        self.exec.spawn(group, async move { verdicts.work_late_checks(stop5.notified()).await });
    }

    /// Kills the process of a place, and starts another there in a while.
    pub(crate) fn kill(self: &Arc<Self>, place: usize, group: Group) {
        if !self.exec.alive(group) {
            return;
        }
        self.count("crashes");
        self.note(format_args!("p{place} dies"));
        if let Some(process) = lock(&self.processes).get_mut(place).filter(|it| it.group == group) {
            process.serving = None;
        }
        self.exec.kill(group);
        self.restart_later(place);
    }

    fn restart_later(self: &Arc<Self>, place: usize) {
        let run = Arc::clone(self);
        self.exec.spawn(self.outside, async move {
            let seconds = *run.rng.pick(&[0, 0, 1, 3, 12]);
            run.pause(10_000, 500_000 + seconds * 1_000_000).await;
            run.start(place);
        });
    }

    /// Asks a process to end, as a supervisor does: it takes no more requests, ends what is under way, and goes.
    pub(crate) async fn stop_orderly(self: &Arc<Self>, place: usize) {
        let (group, serving) = {
            let mut processes = lock(&self.processes);
            let process = &mut processes[place];
            (process.group, process.serving.take())
        };
        let Some(serving) = serving else { return };
        self.note(format_args!("p{place} is asked to end"));
        serving.stop.notify_waiters();
        // A supervisor waits so long, then it kills.
        for _ in 0..200 {
            self.exec.sleep(100_000).await;
            if !self.exec.alive(group) {
                return;
            }
            if self.exec.running(group) == 0 {
                break;
            }
        }
        self.note(format_args!("p{place} ends"));
        self.exec.kill(group);
        self.restart_later(place);
    }

    /// Somebody who serves, by the place's number.
    pub(crate) fn any_serving(&self) -> Option<(usize, Group, Serving)> {
        let serving: Vec<_> = lock(&self.processes)
            .iter()
            .enumerate()
            .filter_map(|(place, process)| Some((place, process.group, process.serving.clone()?)))
            .collect();
        (!serving.is_empty()).then(|| serving[self.rng.index(serving.len())].clone())
    }
}

async fn opened(run: &Weak<Run>, place: usize, group: Group) -> Option<Engine> {
    let (engine, store, alone) = {
        let run = run.upgrade()?;
        let skew = Arc::clone(&lock(&run.processes)[place].skew);
        let gate = Gate { run: Arc::downgrade(&run), place, group };
        let store = run.store.clone().with_faults(Arc::new(gate));
        (run.engine(place, group, skew, true), store, run.plan.processes == 1)
    };
    if alone {
        // The lock on the file proves every other owner dead. A start that cannot do this is tried again.
        while store.run(TakeOverLeases { now: engine.now() }).await.is_err() {
            let exec = run.upgrade()?.exec.clone();
            exec.sleep(1_000_000).await;
        }
    }
    Some(engine)
}

struct ProcessClock {
    exec: Exec,
    skew: Arc<AtomicI64>,
}

impl Clock for ProcessClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.exec.now() + self.skew.load(Relaxed))
    }

    fn sleep<'a>(&'a self, span: Duration) -> BoxFuture<'a, ()> {
        // A machine's timers do not follow its calendar clock.
        Box::pin(self.exec.sleep(u64::try_from(span.as_micros()).unwrap_or(u64::MAX)))
    }
}

struct ProcessSpawner {
    exec: Exec,
    group: Group,
}

impl Spawner for ProcessSpawner {
    fn spawn(&self, _: &'static str, task: BoxFuture<'static, ()>) {
        self.exec.spawn_boxed(self.group, task);
    }
}

/// Stands between a process and its store.
struct Gate {
    run: Weak<Run>,
    place: usize,
    group: Group,
}

/// The last statement, counted from zero, at which an operation is mostly made to fail: more have no more.
const STATEMENT_LAST: u64 = 7;
/// The last one at which it sometimes is: a claim of many refunds has as many.
const STATEMENT_LAST_OF_MANY: u64 = 99;

fn gone(why: &str) -> StoreError {
    StoreError::unavailable(why)
}

impl Faults for Gate {
    fn next(&self, operation: &'static str) -> StoreFault {
        let Some(run) = self.run.upgrade() else { return StoreFault::None };
        let statement = some_statement(&run);
        if run.strikes(Fault::CrashAtStatement) {
            run.note(format_args!("p{} {operation}, statement {statement}", self.place));
            run.kill(self.place, self.group);
            return StoreFault::FailStatement(statement);
        }
        if !run.calm() && run.exec.now() < *lock(&run.full_until) {
            return match run.rng.chance(3_000) {
                true => StoreFault::Refuse(gone("the disk is full")),
                false => StoreFault::FailStatement(statement.min(3)),
            };
        }
        if run.strikes(Fault::StatementFails) {
            return StoreFault::FailStatement(statement);
        }
        if run.strikes(Fault::CommitAnswerLost) {
            return StoreFault::LoseAnswer;
        }
        if run.strikes(Fault::CommitFails) {
            let reason = "the commit failed".to_owned();
            return StoreFault::Refuse(StoreError::Unavailable { reason, maybe_committed: true });
        }
        if run.strikes(Fault::QueueFull) {
            return StoreFault::Refuse(StoreError::Full);
        }
        StoreFault::None
    }

    fn next_read(&self, _: &'static str) -> Option<StoreError> {
        let run = self.run.upgrade()?;
        run.strikes(Fault::ReadFails).then(|| gone("a read took too long"))
    }

    fn pass<'a>(&'a self, moment: Moment, name: &'static str) -> BoxFuture<'a, ()> {
        Box::pin(async move {
            let Some(run) = self.run.upgrade() else { return };
            let crash = match moment {
                Moment::Before => Fault::CrashBeforeOperation,
                Moment::After => Fault::CrashAfterCommit,
            };
            // Reads come a hundred times as often, and a crash there is one between operations.
            if is_write(name) && run.strikes(crash) {
                run.note(format_args!("p{} {name}", self.place));
                run.kill(self.place, self.group);
            }
            if !run.exec.alive(self.group) {
                drop(run);
                // This process goes no further.
                return std::future::pending().await;
            }
            // Others get their turn between the operations of one task, and sometimes many turns.
            let micros = match run.rng.below(16) {
                0..=3 => 0,
                4..=13 => run.rng.between(10, 800),
                14 => run.rng.between(800, 20_000),
                _ => run.rng.between(5_000, 60_000),
            };
            let wait = (micros > 0).then(|| run.exec.sleep(micros));
            drop(run);
            if let Some(wait) = wait {
                wait.await;
            }
        })
    }
}

fn some_statement(run: &Run) -> usize {
    let last = if run.rng.chance(1_000) { STATEMENT_LAST_OF_MANY } else { STATEMENT_LAST };
    usize::try_from(run.rng.below(last + 1)).unwrap_or(0)
}

/// Stands between a person's command and the store. Nothing of it dies here: the next command is a process of its own.
struct CommandGate(Weak<Run>);

impl Faults for CommandGate {
    fn next(&self, operation: &'static str) -> StoreFault {
        let Some(run) = self.0.upgrade() else { return StoreFault::None };
        if !operation.starts_with("close") {
            return StoreFault::None;
        }
        let statement = some_statement(&run);
        if run.strikes(Fault::StatementFails) {
            return StoreFault::FailStatement(statement);
        }
        if run.strikes(Fault::CommitAnswerLost) {
            return StoreFault::LoseAnswer;
        }
        StoreFault::None
    }
}

fn is_write(name: &str) -> bool {
    const WRITES: [&str; 9] = [
        "accept",
        "settle",
        "claim",
        "record",
        "refresh",
        "cancel",
        "begin_keyed",
        "end_keyed",
        "leave_keyed",
    ];
    WRITES.iter().any(|write| name.starts_with(write))
}
