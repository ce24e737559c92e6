//! The handle of a running sandbox: its state, its world, and the ways in.

use std::collections::BTreeSet;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::config::SandboxConfig;
use crate::state::{Db, Place, State, StateError};
use crate::world::World;

/// A sandbox. Cheap to clone; all clones are one sandbox, which ends when the last of them is dropped.
#[derive(Clone)]
pub struct Sandbox {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) config: SandboxConfig,
    pub(crate) world: World,
    db: Mutex<Db>,
    /// Notifications that somebody is sending right now, so that nobody else sends them too.
    pub(crate) in_flight: Mutex<BTreeSet<i64>>,
    /// Rung when something new may be due, and when the sandbox ends.
    pub(crate) wake: Arc<Notify>,
    pub(crate) started: AtomicBool,
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.wake.notify_one();
    }
}

impl std::fmt::Debug for Sandbox {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sandbox").field("config", &self.inner.config).finish_non_exhaustive()
    }
}

impl Sandbox {
    /// Opens the state and nothing else: no task runs and nothing that is due happens before [`Sandbox::start`],
    /// [`Sandbox::serve`] or [`Sandbox::run_due`].
    ///
    /// # Errors
    /// When the file cannot be opened, or another sandbox still has it after five seconds.
    pub fn open(place: &Place, config: SandboxConfig, world: World) -> Result<Sandbox, StateError> {
        let db = Db::open(place, world.clock.now_ms())?;
        Ok(Sandbox {
            inner: Arc::new(Inner {
                config,
                world,
                db: Mutex::new(db),
                in_flight: Mutex::new(BTreeSet::new()),
                wake: Arc::new(Notify::new()),
                started: AtomicBool::new(false),
            }),
        })
    }

    pub(crate) fn now_ms(&self) -> i64 {
        self.inner.world.clock.now_ms()
    }

    /// Runs the work as one transaction. The state is small and local, so this happens in line: there is no await
    /// between the first statement and the commit, so a caller that hangs up cannot stop it half-way.
    pub(crate) fn transact<T, E: From<StateError>>(
        &self,
        work: impl FnOnce(&State<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let (out, made_due) = self.db().transact(work)?;
        if made_due {
            self.inner.wake.notify_one();
        }
        Ok(out)
    }

    /// The same for work that makes nothing due.
    pub(crate) fn read<T, E: From<StateError>>(
        &self,
        work: impl FnOnce(&State<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        self.db().transact(work).map(|(out, _)| out)
    }

    // A panic inside a transaction rolls it back when the transaction is dropped, so the state behind a poisoned lock is whole.
    fn db(&self) -> MutexGuard<'_, Db> {
        self.inner.db.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
