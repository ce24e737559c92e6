//! The handle of a running sandbox: its state, its world, and the ways in.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::body::Body;
use axum::http::{Request, Response};
use tokio::sync::Notify;
use tower::ServiceExt;

use crate::config::SandboxConfig;
use crate::router;
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

    /// Starts the task that does what is due when it is due, what an earlier process left included. Once is enough.
    pub fn start(&self) {
        if !self.inner.started.swap(true, Ordering::SeqCst) {
            self.inner.world.spawner.spawn(Box::pin(crate::due::run(Arc::downgrade(&self.inner))));
        }
    }

    /// All routes: those of the PSPs and those that control the sandbox. A fault that needs the connection itself
    /// (see [`crate::Fault`]) is an extension and a header of the response here; [`Sandbox::serve`] turns it into the
    /// real thing.
    pub fn router(&self) -> Router {
        router::router(self.clone())
    }

    /// Sends one request without a network.
    pub async fn send(&self, request: Request<Body>) -> Response<Body> {
        match self.router().oneshot(request).await {
            Ok(response) => response,
            Err(never) => match never {},
        }
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
