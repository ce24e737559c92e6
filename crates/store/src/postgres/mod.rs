//! PostgreSQL: a pool of connections, one transaction an operation, run again whole where the server asks for it.

mod dump;
mod errors;
mod migrations;
mod served;
mod settings;
mod tls;
mod tx;
mod wake;

use std::{panic::AssertUnwindSafe, path::PathBuf, sync::atomic::Ordering::Relaxed, time::Duration};

use deadpool_postgres::{
    ClientWrapper, HookError, Manager, ManagerConfig, Object, Pool, PoolError, RecyclingMethod, Runtime,
    TimeoutType,
};
use futures_util::FutureExt;
use tokio_postgres::{Config, IsolationLevel, NoTls, config::SslMode};
use tokio_postgres_rustls::MakeRustlsConnect;

use self::{
    errors::{Connection, Meaning, answered, of_commit, plain},
    tx::PgTx,
    wake::Coalescer,
};
pub use self::{served::Alone, wake::Listener};
use crate::{
    error::StoreError,
    op::{Done, Operation, Query},
    open_error::OpenError,
    sqlite::{QUEUE_OPS_MAX, READ_MAX_MS, Role},
    stats::Counters,
};

/// Connections in the pool.
pub const POOL_SIZE: usize = 16;
/// How often an operation is run again after a serialization failure, a deadlock, or a connection found dead.
pub const RETRIES_MAX: usize = 5;
/// How long an operation waits for a free connection, in milliseconds.
const POOL_WAIT_MS: u64 = 5_000;
/// How long one host may take to let us connect, in milliseconds. Where the address names several, one that is down
/// must leave time for the others.
const CONNECT_MS: u64 = 2_000;
/// What is left for encryption, password and greeting once a host is connected to, in milliseconds.
const GREET_MS: u64 = 3_000;
/// How long one statement of an operation may take, in milliseconds; the server ends it.
const STATEMENT_MS: u64 = 10_000;
/// How long an answer is waited for, in milliseconds; longer than the server works on it. A COMMIT has no limit at the
/// server: while it waits for a synchronous standby that is gone, this one is what ends the wait.
const ANSWER_MS: u64 = 12_000;
/// How long a transaction may sit idle before the server ends it, in milliseconds: our process has hung, or cannot be
/// reached, and others wait for its locks.
const IDLE_IN_TRANSACTION_MS: u64 = 10_000;
/// How long the other machine's kernel may leave what was sent unacknowledged, in milliseconds.
const UNACKNOWLEDGED_MS: u64 = 10_000;
/// After so much silence an idle connection is probed, in milliseconds, so that its death is known before it is used.
const KEEPALIVE_MS: u64 = 10_000;

/// How to reach a PostgreSQL database.
#[derive(Clone)]
pub struct PgConfig {
    /// `postgres://user:password@host:port/database`. With `sslmode=require` the connection is encrypted and the
    /// server's certificate is checked; otherwise it is in clear.
    pub url: String,
    /// A server can be seen to be there, from its first connection to its last.
    pub role: Role,
    /// Connections in the pool.
    pub pool_size: usize,
    /// Most operations that wait for a connection; one more is refused with [`StoreError::Full`].
    pub queue_ops_max: usize,
    /// A read statement that lasts longer is ended by the server. One without a transaction has the time that every statement
    /// has: to set another would be a round trip, and it reads a few rows by their keys.
    pub read_max: Duration,
    /// How long an answer is waited for.
    pub answer_max: Duration,
    /// A PEM file of the only roots to trust; none means the system's.
    pub roots_file: Option<PathBuf>,
}

// The address holds a password.
impl std::fmt::Debug for PgConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PgConfig").field("pool_size", &self.pool_size).finish_non_exhaustive()
    }
}

impl PgConfig {
    /// The usual limits, for a command on the database at `url`.
    pub fn at(url: impl Into<String>) -> Self {
        PgConfig {
            url: url.into(),
            role: Role::Tool,
            pool_size: POOL_SIZE,
            queue_ops_max: QUEUE_OPS_MAX,
            read_max: Duration::from_millis(READ_MAX_MS),
            answer_max: Duration::from_millis(ANSWER_MS),
            roots_file: None,
        }
    }
}

#[derive(Clone)]
enum Tls {
    Off,
    On(MakeRustlsConnect),
}

pub(crate) struct PgStore {
    pool: Pool,
    /// For connections outside the pool, which listen.
    config: Config,
    tls: Tls,
    coalescer: Coalescer,
    counters: Counters,
    queue_ops_max: usize,
    answer_max: Duration,
    begin_read: String,
}

impl PgStore {
    /// Prepares the pool; connects to nothing yet.
    pub(crate) fn open(settings: &PgConfig) -> Result<Self, OpenError> {
        // The driver's own words could repeat the password.
        let unreadable = || OpenError::Postgres("its address cannot be read".into());
        let mut config: Config = settings.url.parse().map_err(|_| unreadable())?;
        config.connect_timeout(Duration::from_millis(CONNECT_MS));
        config.keepalives_idle(Duration::from_millis(KEEPALIVE_MS));
        config.tcp_user_timeout(Duration::from_millis(UNACKNOWLEDGED_MS));
        let hosts = u64::try_from(config.get_hosts().len().max(1)).unwrap_or(u64::MAX);
        if config.get_application_name().is_none() {
            config.application_name("redress");
        }
        let limits = format!(
            "-c statement_timeout={STATEMENT_MS} -c idle_in_transaction_session_timeout={IDLE_IN_TRANSACTION_MS}"
        );
        let options = config.get_options().map_or(limits.clone(), |given| format!("{limits} {given}"));
        config.options(options);
        let tls = match config.get_ssl_mode() {
            SslMode::Require => Tls::On(tls::connector(settings.roots_file.as_deref())?),
            _ => Tls::Off,
        };
        let recycle = ManagerConfig { recycling_method: RecyclingMethod::Fast };
        let manager = match &tls {
            Tls::Off => Manager::from_config(config.clone(), NoTls, recycle),
            Tls::On(tls) => Manager::from_config(config.clone(), tls.clone(), recycle),
        };
        let pool = Pool::builder(manager)
            .max_size(settings.pool_size.max(1))
            .wait_timeout(Some(Duration::from_millis(POOL_WAIT_MS)))
            .create_timeout(Some(Duration::from_millis(
                hosts.saturating_mul(CONNECT_MS).saturating_add(GREET_MS),
            )))
            .runtime(Runtime::Tokio1);
        let pool = match settings.role {
            Role::Server => pool.post_create(served::share(settings.answer_max)),
            Role::Tool => pool,
        };
        let pool = pool.build().map_err(|error| OpenError::Postgres(error.to_string()))?;
        let begin_read = format!("SET LOCAL statement_timeout = {}", settings.read_max.as_millis());
        Ok(PgStore {
            pool,
            config,
            tls,
            coalescer: Coalescer::default(),
            counters: Counters::default(),
            queue_ops_max: settings.queue_ops_max,
            answer_max: settings.answer_max,
            begin_read,
        })
    }

    pub(crate) fn counters(&self) -> &Counters {
        self.counters.waiting.store(self.pool.status().waiting as u64, Relaxed);
        &self.counters
    }

    /// Runs an operation in a transaction of its own, again from the start where the server undid it.
    pub(crate) async fn run<O: Operation>(&self, op: O) -> Result<O::Out, StoreError> {
        let mut retries_left = RETRIES_MAX;
        loop {
            let meaning = match Box::pin(self.attempt(&op)).await {
                Ok(out) => {
                    Counters::add(&self.counters.commits);
                    self.counters.writable.store(true, Relaxed);
                    return Ok(out);
                }
                Err(meaning) => meaning,
            };
            if meaning.again && retries_left > 0 {
                retries_left -= 1;
                Counters::add(&self.counters.retries);
                // No wait: of two that deadlocked one goes on, and that one is not waiting for us any more.
                continue;
            }
            if matches!(meaning.error, StoreError::Unavailable { .. }) {
                Counters::add(&self.counters.lost);
                self.counters.writable.store(false, Relaxed);
                tracing::warn!(operation = O::NAME, error = %meaning.error, "an operation was lost");
            }
            return Err(meaning.error);
        }
    }

    async fn attempt<O: Operation>(&self, op: &O) -> Result<O::Out, Meaning> {
        let mut client = self.client().await.map_err(Meaning::of)?;
        let result = self.attempt_on(&mut client, op).await;
        if result.as_ref().is_err_and(|meaning| !meaning.is_well()) {
            self.discard(client);
        }
        result
    }

    async fn attempt_on<O: Operation>(&self, client: &mut ClientWrapper, op: &O) -> Result<O::Out, Meaning> {
        let limit = self.answer_max;
        let tx = self.begin(client, None).await?;
        Counters::add(&self.counters.ops);
        let mut within = PgTx::new(&tx, limit);
        let run = AssertUnwindSafe(op.run(&mut within)).catch_unwind().await;
        let done = match run {
            Ok(Ok(Done::Commit(out))) => within.arrive().await.map(|()| Done::Commit(out)),
            Ok(done) => done,
            Err(_) => Err(StoreError::Internal(format!("{} panicked", O::NAME))),
        };
        let failed = within.into_failed();
        match (done, failed) {
            (Ok(Done::Commit(out)), None) => {
                answered(limit, "COMMIT", tx.commit()).await.map_err(of_commit)?;
                Ok(out)
            }
            (Ok(Done::Rollback(out)), None) => {
                // Also when the connection has gone: nothing of it is kept. One that is silent is found out by the next.
                let _ = answered(limit, "ROLLBACK", tx.rollback()).await;
                Ok(out)
            }
            (done, failed) => {
                if failed.as_ref().is_none_or(Meaning::is_well) {
                    let _ = answered(limit, "ROLLBACK", tx.rollback()).await;
                }
                Err(match (done, failed) {
                    (Err(_), Some(meaning)) => meaning,
                    (Err(error), None) => Meaning::of(error),
                    (Ok(_), failed) => {
                        let error = StoreError::Internal(format!("{} went on after a failure", O::NAME));
                        Meaning { connection: how_is(failed.as_ref()), ..Meaning::of(error) }
                    }
                })
            }
        }
    }

    /// Runs a query in one read-only snapshot.
    pub(crate) async fn read<Q: Query>(&self, query: Q) -> Result<Q::Out, StoreError> {
        let mut retries_left = RETRIES_MAX;
        loop {
            let mut client = self.client().await?;
            let result = self.read_on(&mut client, &query).await;
            let Err(meaning) = result else { return result.map_err(|meaning| meaning.error) };
            if !meaning.is_well() {
                self.discard(client);
            }
            if !meaning.again || retries_left == 0 {
                return Err(meaning.error);
            }
            retries_left -= 1;
        }
    }

    async fn read_on<Q: Query>(&self, client: &mut ClientWrapper, query: &Q) -> Result<Q::Out, Meaning> {
        let limit = self.answer_max;
        if query.autocommit()
            && let Some(answer) = self.read_alone(client, query).await
        {
            return answer;
        }
        let tx = self.begin(client, Some(&self.begin_read)).await?;
        Counters::add(&self.counters.reads);
        let mut within = PgTx::new(&tx, limit);
        let run = AssertUnwindSafe(query.run(&mut within)).catch_unwind().await;
        let result = run.unwrap_or_else(|_| Err(StoreError::Internal(format!("{} panicked", Q::NAME))));
        let connection = how_is(within.into_failed().as_ref());
        if connection == Connection::Well {
            let _ = answered(limit, "ROLLBACK", tx.rollback()).await;
        }
        result.map_err(|error| Meaning { connection, ..Meaning::of(error) })
    }

    /// Runs a query without a transaction around its one statement; `None` where it needs one. The server ends the
    /// statement after as long as any other of an operation.
    async fn read_alone<Q: Query>(
        &self,
        client: &ClientWrapper,
        query: &Q,
    ) -> Option<Result<Q::Out, Meaning>> {
        let mut alone = PgTx::autocommit(client, self.answer_max);
        let run = AssertUnwindSafe(query.run(&mut alone)).catch_unwind().await;
        if alone.needs_transaction() {
            return None;
        }
        Counters::add(&self.counters.reads);
        let result = run.unwrap_or_else(|_| Err(StoreError::Internal(format!("{} panicked", Q::NAME))));
        let connection = how_is(alone.into_failed().as_ref());
        // As when a transaction cannot be begun: a connection found dead is worth another try.
        let again = connection == Connection::Closed;
        Some(result.map_err(|error| Meaning { again, connection, ..Meaning::of(error) }))
    }

    /// Closes a connection that is no good, and the idle ones with it: they lead the same way, and each would cost
    /// somebody the same wait.
    fn discard(&self, client: Object) {
        drop(Object::take(client));
        self.pool.retain(|_, _| false);
    }

    /// The database's clock, in microseconds since 1970.
    pub(crate) async fn time_micros(&self) -> Result<i64, StoreError> {
        let sql = "SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS BIGINT)";
        let client = self.client().await?;
        let row = match answered(self.answer_max, sql, client.query_one(sql, &[])).await {
            Ok(row) => row,
            Err(meaning) => {
                if !meaning.is_well() {
                    self.discard(client);
                }
                return Err(meaning.error);
            }
        };
        row.try_get(0).map_err(|error| StoreError::Internal(plain(&error)))
    }

    async fn client(&self) -> Result<Object, StoreError> {
        if self.pool.status().waiting >= self.queue_ops_max {
            Counters::add(&self.counters.refused);
            return Err(StoreError::Full);
        }
        self.pool.get().await.map_err(|error| match error {
            PoolError::Timeout(TimeoutType::Wait) => {
                Counters::add(&self.counters.refused);
                StoreError::Full
            }
            PoolError::Backend(error) => StoreError::unavailable(plain(&error)),
            PoolError::PostCreateHook(HookError::Message(reason)) => StoreError::unavailable(reason),
            other => StoreError::unavailable(plain(&other)),
        })
    }
    /// Begins a transaction: one that writes, or with a `read` setting one that reads one snapshot. A connection found
    /// dead is worth another try: nothing was done yet.
    async fn begin<'c>(
        &self,
        client: &'c mut ClientWrapper,
        read: Option<&str>,
    ) -> Result<deadpool_postgres::Transaction<'c>, Meaning> {
        let limit = self.answer_max;
        let again = |meaning: Meaning| {
            let again = meaning.again || meaning.connection == Connection::Closed;
            Meaning { again, ..meaning }
        };
        let Some(read) = read else {
            return answered(limit, "BEGIN", client.transaction()).await.map_err(again);
        };
        let tx = client.build_transaction().read_only(true).isolation_level(IsolationLevel::RepeatableRead);
        let tx = answered(limit, "BEGIN", tx.start()).await.map_err(again)?;
        answered(limit, read, tx.batch_execute(read)).await.map_err(again)?;
        Ok(tx)
    }
}

fn how_is(failed: Option<&Meaning>) -> Connection {
    failed.map_or(Connection::Well, |meaning| meaning.connection)
}

#[cfg(test)]
mod tests;
