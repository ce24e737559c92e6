//! For tests of this and other crates: fresh stores of each kind, dumps, and faults at every statement.

use std::{
    future::Future,
    panic::{AssertUnwindSafe, resume_unwind},
    path::{Path, PathBuf},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU32, Ordering::Relaxed},
    },
    time::Duration,
};

use futures_util::FutureExt;

pub use crate::dump::Dump;
use crate::{
    error::StoreError,
    fault::{FailStatement, Fault, Faults, INJECTED},
    migration::Migration,
    migrations::MIGRATIONS,
    op::Operation,
    postgres::PgConfig,
    sqlite::{Role, SqliteConfig},
    store::{Inner, Store},
};

/// Names a PostgreSQL database that tests may use; without it they run on SQLite only. `cargo xtask test` sets it.
pub const PG_URL_VARIABLE: &str = "REDRESS_TEST_PG_URL";
/// No operation has more statements than this.
const STATEMENTS_MAX: usize = 64;

/// Fresh stores for one test.
#[derive(Debug)]
pub struct TestStores;

impl TestStores {
    /// Runs a test on each kind of store in turn, each with Redress's tables and nothing in them: SQLite in line,
    /// SQLite in a file with its threads, and PostgreSQL where [`PG_URL_VARIABLE`] is set.
    pub async fn each<F, Fut>(test: F)
    where
        F: Fn(Store) -> Fut,
        Fut: Future<Output = ()>,
    {
        Self::each_with(MIGRATIONS, test).await;
    }

    /// The same with a history of the test's own.
    pub async fn each_with<F, Fut>(steps: &'static [Migration], test: F)
    where
        F: Fn(Store) -> Fut,
        Fut: Future<Output = ()>,
    {
        let migrated = async |store: Store| {
            store.migrate(steps, 0).await.expect("migrations run");
            store
        };
        test(migrated(Store::in_line_sqlite().expect("in memory")).await).await;

        let dir = TempDir::new();
        let config = SqliteConfig::at(dir.path().join("test.db"));
        test(migrated(Store::open_sqlite(&config, Role::Server).expect("in a file")).await).await;

        if let Some(schema) = PgSchema::new().await {
            let store = migrated(schema.store.clone()).await;
            let result = AssertUnwindSafe(test(store)).catch_unwind().await;
            schema.drop_it().await;
            if let Err(panic) = result {
                resume_unwind(panic);
            }
        }
    }
}

/// A directory that goes when it is dropped.
#[derive(Debug)]
pub struct TempDir(PathBuf);

impl TempDir {
    /// Makes one below the system's directory for temporary files.
    ///
    /// # Panics
    /// When it cannot be made.
    #[must_use]
    #[expect(clippy::new_without_default, reason = "it makes a directory: not a default of anything")]
    pub fn new() -> Self {
        loop {
            let path = std::env::temp_dir().join(unique_name());
            match std::fs::create_dir(&path) {
                Ok(()) => return TempDir(path),
                // Of a process that was killed, and had the same number.
                Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
                Err(error) => panic!("a directory for the test, {}: {error}", path.display()),
            }
        }
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for TempDir {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// How long a test's store waits for PostgreSQL. A server gives up sooner, since callers wait; in a test that is for what
/// hangs, and a machine may stand still for most of a minute.
pub(crate) const PG_PATIENCE: Duration = Duration::from_secs(180);

/// How a test's store reaches an address that ends with the server's options.
fn patient(url: &str) -> PgConfig {
    let limits = ["statement_timeout", "idle_in_transaction_session_timeout"];
    let limits = limits.map(|limit| format!("%20-c%20{limit}%3D{}", PG_PATIENCE.as_millis())).concat();
    PgConfig { read_max: PG_PATIENCE, answer_max: PG_PATIENCE, ..PgConfig::at(format!("{url}{limits}")) }
}

/// A PostgreSQL schema of one test's own.
#[derive(Debug)]
pub struct PgSchema {
    /// A store whose tables lie in the schema.
    pub store: Store,
    /// The address whose tables lie in the schema.
    pub url: String,
    admin: Store,
    name: String,
}

impl PgSchema {
    /// Makes a schema, or answers `None` where no database is named for tests.
    ///
    /// # Panics
    /// When a database is named but cannot be used: a test must not pass because nothing ran.
    pub async fn new() -> Option<Self> {
        let url = std::env::var(PG_URL_VARIABLE).ok()?;
        let name = unique_name();
        let joint = if url.contains('?') { '&' } else { '?' };
        let admin = PgConfig { pool_size: 1, ..patient(&format!("{url}{joint}options=")) };
        let admin = Store::open_postgres(&admin).expect("the address for tests");
        batch(&admin, &format!("CREATE SCHEMA {name}")).await;
        let url = format!("{url}{joint}options=-c%20search_path%3D{name}");
        let store = Store::open_postgres(&patient(&url)).expect("the address for tests");
        Some(PgSchema { store, url, admin, name })
    }

    /// Removes the schema with all that lies in it.
    pub async fn drop_it(self) {
        let PgSchema { store, admin, name, .. } = self;
        drop(store);
        batch(&admin, &format!("DROP SCHEMA {name} CASCADE")).await;
    }
}

/// Runs statements of a test's own on either engine, outside any operation.
///
/// # Panics
/// When they fail.
pub async fn batch(store: &Store, sql: &str) {
    let owned = sql.to_owned();
    let result = match &store.inner {
        Inner::Sqlite(store) => {
            let run =
                move |conn: &mut rusqlite::Connection| conn.execute_batch(&owned).map_err(|e| e.to_string());
            store.admin(run).await.expect("the writer")
        }
        Inner::InLine(store) => store.admin(|conn| conn.execute_batch(sql).map_err(|e| e.to_string())),
        Inner::Postgres(store) => store.batch(sql).await.map_err(|e| e.to_string()),
    };
    result.unwrap_or_else(|error| panic!("{error} in: {sql}"));
}

/// Reads the whole database. For comparing before and after; not a snapshot while others write.
///
/// # Panics
/// When it cannot be read.
pub async fn dump_all(store: &Store) -> Dump {
    let dump = match &store.inner {
        Inner::Sqlite(store) => store.admin(|conn| crate::sqlite::dump(conn)).await.and_then(|dump| dump),
        Inner::InLine(store) => store.admin(|conn| crate::sqlite::dump(conn)),
        Inner::Postgres(store) => store.dump().await,
    };
    let mut dump = dump.expect("a dump of all tables");
    dump.values_mut().for_each(|rows| rows.sort());
    dump
}

/// Runs an operation with its first statement failing, then its second, and so on, and asserts each time that nothing
/// in the database has changed; at last it runs whole. Answers its result and how many statements it has.
///
/// # Panics
/// When something is left behind.
pub async fn fail_every_statement<O: Operation>(
    store: &Store,
    make: impl Fn() -> O,
) -> (Result<O::Out, StoreError>, usize) {
    let before = dump_all(store).await;
    for at in 0..STATEMENTS_MAX {
        match store.run(FailStatement { op: make(), at }).await {
            Err(StoreError::Unavailable { reason, .. }) if reason == INJECTED => {
                let after = dump_all(store).await;
                assert_eq!(before, after, "{} left something behind when statement {at} failed", O::NAME);
            }
            result => return (result, at),
        }
    }
    panic!("{} has more than {STATEMENTS_MAX} statements", O::NAME);
}

/// One fault, for the first operation of a name; everything else goes well. For [`Store::with_faults`].
#[derive(Debug)]
pub struct FaultOnce(Mutex<Option<(&'static str, Fault)>>);

impl FaultOnce {
    /// `fault` for the first operation called `name`.
    #[must_use]
    pub fn new(name: &'static str, fault: Fault) -> Self {
        FaultOnce(Mutex::new(Some((name, fault))))
    }
}

impl Faults for FaultOnce {
    fn next(&self, operation: &'static str) -> Fault {
        let mut slot = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        slot.take_if(|(name, _)| *name == operation).map_or(Fault::None, |(_, fault)| fault)
    }
}

fn unique_name() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    format!("redress_test_{}_{}", std::process::id(), NEXT.fetch_add(1, Relaxed))
}
