//! The executor: one thread, tasks in an order that the seed decides, and a time that jumps to the next timer when
//! nobody can run.
//!
//! Tasks belong to groups. A group is a process: killed, all its tasks are dropped where they stand, and whatever they
//! would still start is not started.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll, Wake, Waker};

use futures_util::future::BoxFuture;

use crate::rng::Rng;

/// Names a group of tasks that live and die together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Group(usize);

/// The executor. Cloning it shares it.
#[derive(Clone)]
pub struct Exec {
    shared: Arc<Shared>,
}

struct Shared {
    core: Mutex<Core>,
    rng: Rng,
}

struct Core {
    /// Microseconds since 1970.
    now: i64,
    tasks: BTreeMap<u64, Task>,
    ready: Vec<u64>,
    timers: BTreeMap<(i64, u64), Waker>,
    alive: Vec<bool>,
    /// Groups that stand still until then.
    frozen: BTreeMap<Group, i64>,
    begun: u64,
    polls: u64,
}

struct Task {
    group: Group,
    /// None while it is being polled.
    future: Option<BoxFuture<'static, ()>>,
    waker: Arc<Ready>,
}

struct Ready {
    shared: Weak<Shared>,
    task: u64,
    queued: AtomicBool,
}

impl Wake for Ready {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if self.queued.swap(true, Relaxed) {
            return;
        }
        if let Some(shared) = self.shared.upgrade() {
            shared.lock().ready.push(self.task);
        }
    }
}

impl Core {
    /// A task that could run is looked at again when its group goes on.
    fn thaw_later(&mut self, task: u64, group: Group) {
        let until = self.frozen.get(&group).copied().unwrap_or(self.now);
        if let Some(there) = self.tasks.get(&task) {
            there.waker.queued.store(false, Relaxed);
            self.begun += 1;
            self.timers.insert((until, self.begun), Waker::from(Arc::clone(&there.waker)));
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Core> {
        self.core.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Exec {
    /// An executor that begins at this time, in microseconds since 1970.
    pub fn new(seed: u64, now: i64) -> Self {
        let core = Core {
            now,
            tasks: BTreeMap::new(),
            ready: Vec::new(),
            timers: BTreeMap::new(),
            alive: Vec::new(),
            frozen: BTreeMap::new(),
            begun: 0,
            polls: 0,
        };
        Self { shared: Arc::new(Shared { core: Mutex::new(core), rng: Rng::new(seed, "order of tasks") }) }
    }

    /// A new group, alive.
    pub fn group(&self) -> Group {
        let mut core = self.shared.lock();
        core.alive.push(true);
        Group(core.alive.len() - 1)
    }

    /// Whether a group was not killed.
    pub fn alive(&self, group: Group) -> bool {
        self.shared.lock().alive[group.0]
    }

    /// Ends a group: none of its tasks runs any further. The one that is running goes on to its next wait.
    pub fn kill(&self, group: Group) {
        let dropped: Vec<Task> = {
            let mut core = self.shared.lock();
            core.alive[group.0] = false;
            let of_group = |task: &Task| task.group == group && task.future.is_some();
            let ids: Vec<u64> =
                core.tasks.iter().filter(|(_, task)| of_group(task)).map(|(id, _)| *id).collect();
            ids.iter().filter_map(|id| core.tasks.remove(id)).collect()
        };
        // Without the lock: what is dropped may wake others or try to start tasks.
        drop(dropped);
    }

    /// Lets a group stand still for so many microseconds, as a machine does whose memory is swapped out. Its timers run
    /// out meanwhile.
    pub fn freeze(&self, group: Group, micros: u64) {
        let mut core = self.shared.lock();
        let until = core.now.saturating_add(i64::try_from(micros).unwrap_or(i64::MAX));
        core.frozen.insert(group, until);
    }

    /// Lets every group go on.
    pub fn thaw(&self) {
        self.shared.lock().frozen.values_mut().for_each(|until| *until = 0);
    }

    /// Starts a task; nothing where its group is dead.
    pub fn spawn(&self, group: Group, future: impl Future<Output = ()> + Send + 'static) {
        self.spawn_boxed(group, Box::pin(future));
    }

    /// The same for a task in a box.
    pub fn spawn_boxed(&self, group: Group, future: BoxFuture<'static, ()>) {
        let mut core = self.shared.lock();
        if !core.alive[group.0] {
            drop(core);
            drop(future);
            return;
        }
        core.begun += 1;
        let id = core.begun;
        let waker =
            Arc::new(Ready { shared: Arc::downgrade(&self.shared), task: id, queued: AtomicBool::new(true) });
        core.tasks.insert(id, Task { group, future: Some(future), waker });
        core.ready.push(id);
    }

    /// The time, in microseconds since 1970.
    pub fn now(&self) -> i64 {
        self.shared.lock().now
    }

    /// How often a task was polled.
    pub fn polls(&self) -> u64 {
        self.shared.lock().polls
    }

    /// Tasks of a group that have not ended.
    pub fn running(&self, group: Group) -> usize {
        self.shared.lock().tasks.values().filter(|task| task.group == group).count()
    }

    /// Ends when so many microseconds have passed.
    pub fn sleep(&self, micros: u64) -> Sleep {
        let mut core = self.shared.lock();
        core.begun += 1;
        let at = core.now.saturating_add(i64::try_from(micros).unwrap_or(i64::MAX));
        Sleep { at: (at, core.begun), shared: Arc::clone(&self.shared) }
    }

    /// One step: a task that can run is run, else the time jumps to the next timer, but not past `until`. False when
    /// nothing is left to do up to then.
    pub fn step(&self, until: i64) -> bool {
        let mut core = self.shared.lock();
        if core.ready.is_empty() {
            return Self::jump(core, until);
        }
        let at = self.shared.rng.index(core.ready.len());
        let id = core.ready.swap_remove(at);
        let Some(task) = core.tasks.get_mut(&id) else { return true };
        let group = task.group;
        if core.frozen.get(&group).is_some_and(|until| *until > core.now) {
            core.thaw_later(id, group);
            return true;
        }
        let Some(task) = core.tasks.get_mut(&id) else { return true };
        let Some(mut future) = task.future.take() else { return true };
        let waker = Arc::clone(&task.waker);
        core.polls += 1;
        drop(core);
        waker.queued.store(false, Relaxed);
        let polled = future.as_mut().poll(&mut Context::from_waker(&Waker::from(waker)));
        let mut core = self.shared.lock();
        if polled.is_ready() || !core.alive[group.0] {
            let ended = core.tasks.remove(&id);
            drop(core);
            drop((future, ended));
        } else if let Some(task) = core.tasks.get_mut(&id) {
            task.future = Some(future);
        }
        true
    }

    fn jump(mut core: MutexGuard<'_, Core>, until: i64) -> bool {
        let next = core.timers.first_key_value().map(|(at, _)| at.0);
        let Some(next) = next.filter(|next| *next <= until) else {
            core.now = core.now.max(until);
            return false;
        };
        core.now = core.now.max(next);
        let later = core.timers.split_off(&(next, u64::MAX));
        let due = std::mem::replace(&mut core.timers, later);
        drop(core);
        due.into_values().for_each(Waker::wake);
        true
    }

    /// Drops everything, also what a task would keep alive by owning this executor.
    pub fn clear(&self) {
        let groups = self.shared.lock().alive.len();
        (0..groups).for_each(|group| self.kill(Group(group)));
    }
}

/// A wait of [`Exec::sleep`].
pub struct Sleep {
    at: (i64, u64),
    shared: Arc<Shared>,
}

impl Future for Sleep {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let mut core = self.shared.lock();
        if core.now >= self.at.0 {
            return Poll::Ready(());
        }
        core.timers.insert(self.at, context.waker().clone());
        Poll::Pending
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        let removed = self.shared.lock().timers.remove(&self.at);
        drop(removed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noted(log: &Arc<Mutex<Vec<u64>>>, what: u64) {
        log.lock().unwrap().push(what);
    }

    fn order(seed: u64) -> Vec<u64> {
        let exec = Exec::new(seed, 0);
        let group = exec.group();
        let log = Arc::new(Mutex::new(Vec::new()));
        for task in 0..8 {
            let (exec2, log) = (exec.clone(), Arc::clone(&log));
            exec.spawn(group, async move {
                exec2.sleep(10).await;
                noted(&log, task);
            });
        }
        while exec.step(100) {}
        assert_eq!(exec.now(), 100);
        Arc::into_inner(log).map(|log| log.into_inner().unwrap()).unwrap_or_default()
    }

    #[test]
    fn the_seed_decides_the_order() {
        assert_eq!(order(1), order(1));
        assert!((2..20).any(|seed| order(seed) != order(1)));
    }

    #[test]
    fn a_frozen_group_goes_on_later() {
        let exec = Exec::new(1, 0);
        let group = exec.group();
        let log = Arc::new(Mutex::new(Vec::new()));
        let (exec2, log2) = (exec.clone(), Arc::clone(&log));
        exec.spawn(group, async move {
            exec2.sleep(10).await;
            noted(&log2, exec2.now().unsigned_abs());
        });
        exec.freeze(group, 50);
        while exec.step(40) {}
        assert!(log.lock().unwrap().is_empty());
        while exec.step(100) {}
        assert_eq!(*log.lock().unwrap(), [60], "it begins when it may, and then sleeps");
    }

    #[test]
    fn a_killed_group_goes_no_further_and_starts_nothing() {
        let exec = Exec::new(1, 0);
        let (dies, lives) = (exec.group(), exec.group());
        let log = Arc::new(Mutex::new(Vec::new()));
        for (group, name) in [(dies, 1), (lives, 2)] {
            let (exec2, log) = (exec.clone(), Arc::clone(&log));
            exec.spawn(group, async move {
                exec2.sleep(10).await;
                noted(&log, name);
            });
        }
        while exec.step(5) {}
        exec.kill(dies);
        let log2 = Arc::clone(&log);
        exec.spawn(dies, async move { noted(&log2, 3) });
        while exec.step(100) {}
        assert_eq!(*log.lock().unwrap(), [2]);
    }
}
