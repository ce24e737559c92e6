//! The handle everybody holds: [`Store::run`] and [`Store::read`] are the only doors.

use std::sync::Arc;

use crate::{
    error::StoreError,
    fault::{FailStatement, Fault, Faults, INJECTED, Moment},
    op::{Operation, Query},
    open_error::OpenError,
    postgres::{Alone, Listener, PgConfig, PgStore},
    sqlite::{InLineStore, Role, SqliteConfig, SqliteStore},
    stats::StoreStats,
    tx::Engine,
};

/// A database, whichever engine it is. Cheap to clone; the last clone to go closes it.
#[derive(Clone)]
pub struct Store {
    pub(crate) inner: Inner,
    faults: Option<Arc<dyn Faults>>,
}

#[derive(Clone)]
pub(crate) enum Inner {
    Sqlite(Arc<SqliteStore>),
    InLine(Arc<InLineStore>),
    Postgres(Arc<PgStore>),
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store").field("engine", &self.engine()).finish_non_exhaustive()
    }
}

impl Store {
    fn new(inner: Inner) -> Self {
        Store { inner, faults: None }
    }

    /// Opens a SQLite file. Blocks up to `lock_wait` when another server has it. Does not migrate.
    ///
    /// # Errors
    /// [`OpenError`] says which file, and what to do where something can be done.
    pub fn open_sqlite(config: &SqliteConfig, role: Role) -> Result<Self, OpenError> {
        Ok(Self::new(Inner::Sqlite(Arc::new(SqliteStore::open(config, role)?))))
    }

    /// A SQLite database in memory that runs each operation on its caller, without a thread.
    ///
    /// # Errors
    /// [`OpenError::Sqlite`], as when memory is short.
    pub fn in_line_sqlite() -> Result<Self, OpenError> {
        Ok(Self::new(Inner::InLine(Arc::new(InLineStore::open()?))))
    }

    /// A PostgreSQL database behind a pool. Connects when the first operation comes. Does not migrate. Needs tokio.
    ///
    /// # Errors
    /// [`OpenError::Postgres`] when the address or the certificates cannot be read.
    pub fn open_postgres(config: &PgConfig) -> Result<Self, OpenError> {
        Ok(Self::new(Inner::Postgres(Arc::new(PgStore::open(config)?))))
    }

    /// The same database, with faults around everything run through this handle and its clones.
    #[must_use]
    pub fn with_faults(mut self, faults: Arc<dyn Faults>) -> Self {
        self.faults = Some(faults);
        self
    }

    /// The engine behind this handle.
    #[must_use]
    pub fn engine(&self) -> Engine {
        match &self.inner {
            Inner::Sqlite(_) | Inner::InLine(_) => Engine::Sqlite,
            Inner::Postgres(_) => Engine::Postgres,
        }
    }

    /// Runs an operation: all of it is kept and then answered, or nothing of it is.
    ///
    /// An operation once handed over runs to its end on SQLite, even when the caller goes away.
    ///
    /// # Errors
    /// What the operation answered, or [`StoreError::Full`], or [`StoreError::Unavailable`].
    pub async fn run<O: Operation>(&self, op: O) -> Result<O::Out, StoreError> {
        let Some(faults) = &self.faults else { return self.run_now(op).await };
        faults.pass(Moment::Before, O::NAME).await;
        let answer = self.run_with(faults.next(O::NAME), op).await;
        faults.pass(Moment::After, O::NAME).await;
        answer
    }

    async fn run_with<O: Operation>(&self, fault: Fault, op: O) -> Result<O::Out, StoreError> {
        match fault {
            Fault::None => self.run_now(op).await,
            Fault::Refuse(error) => Err(error),
            Fault::FailStatement(at) => self.run_now(FailStatement { op, at }).await,
            Fault::LoseAnswer => {
                self.run_now(op).await?;
                Err(StoreError::Unavailable { reason: INJECTED.into(), maybe_committed: true })
            }
        }
    }

    /// Runs a query in one snapshot, on a connection that cannot write.
    ///
    /// # Errors
    /// What the query answered, or [`StoreError::Full`], or [`StoreError::Unavailable`] (also when it took too long).
    pub async fn read<Q: Query>(&self, query: Q) -> Result<Q::Out, StoreError> {
        let Some(faults) = &self.faults else { return self.read_now(query).await };
        faults.pass(Moment::Before, Q::NAME).await;
        let answer = match faults.next_read(Q::NAME) {
            Some(error) => Err(error),
            None => self.read_now(query).await,
        };
        faults.pass(Moment::After, Q::NAME).await;
        answer
    }

    async fn read_now<Q: Query>(&self, query: Q) -> Result<Q::Out, StoreError> {
        match &self.inner {
            Inner::Sqlite(store) => store.read(query).await,
            Inner::InLine(store) => store.read(&query),
            Inner::Postgres(store) => store.read(query).await,
        }
    }

    /// The counters as they are now.
    #[must_use]
    pub fn stats(&self) -> StoreStats {
        match &self.inner {
            Inner::Sqlite(store) => store.counters().read(),
            Inner::InLine(store) => store.counters().read(),
            Inner::Postgres(store) => store.counters().read(),
        }
    }

    /// The time on the database's own clock, in microseconds since 1970; `None` on SQLite, which has none of its own.
    /// The caller compares it with its clock before and after.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn database_time_micros(&self) -> Result<Option<i64>, StoreError> {
        match &self.inner {
            Inner::Sqlite(_) | Inner::InLine(_) => Ok(None),
            Inner::Postgres(store) => store.time_micros().await.map(Some),
        }
    }

    /// How the database is set where that bears on what is kept: names and values in the engine's own words.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn database_settings(&self) -> Result<Vec<(String, String)>, StoreError> {
        match &self.inner {
            Inner::Sqlite(store) => store.admin(|conn| crate::sqlite::settings(conn)).await?,
            Inner::InLine(store) => store.admin(|conn| crate::sqlite::settings(conn)),
            Inner::Postgres(store) => store.settings().await,
        }
    }

    /// Tells other processes that there is work. Several calls at once become one; a hint only, so a failure may be
    /// ignored. Does nothing on SQLite, where there is no other process to wake.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn notify(&self, channel: &'static str) -> Result<(), StoreError> {
        match &self.inner {
            Inner::Sqlite(_) | Inner::InLine(_) => Ok(()),
            Inner::Postgres(store) => store.notify(channel).await,
        }
    }

    /// Listens for [`Store::notify`] of any process; `None` on SQLite.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn listener(&self, channel: &'static str) -> Result<Option<Listener>, StoreError> {
        match &self.inner {
            Inner::Sqlite(_) | Inner::InLine(_) => Ok(None),
            Inner::Postgres(store) => store.listener(channel).await.map(Some),
        }
    }

    /// Keeps servers away from a PostgreSQL database until the answer is dropped. A file has its
    /// [`ServerLock`](crate::ServerLock).
    ///
    /// # Errors
    /// [`OpenError::Served`] where servers work on it: nothing is waited for. [`OpenError::Postgres`] where that cannot be
    /// told, or where the store is a file.
    pub async fn alone(&self) -> Result<Alone, OpenError> {
        match &self.inner {
            Inner::Sqlite(_) | Inner::InLine(_) => Err(OpenError::Postgres("this store is a file".into())),
            Inner::Postgres(store) => store.alone().await,
        }
    }

    async fn run_now<O: Operation>(&self, op: O) -> Result<O::Out, StoreError> {
        match &self.inner {
            Inner::Sqlite(store) => store.run(op).await,
            Inner::InLine(store) => store.run(op),
            Inner::Postgres(store) => store.run(op).await,
        }
    }
}
