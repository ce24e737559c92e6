//! The promises of the SQLite engine.

use std::{
    io::{BufRead, BufReader},
    path::PathBuf,
    process::{Command, Stdio},
    sync::mpsc::{Sender, channel},
    time::Duration,
};

use tokio::task::JoinSet;

use super::*;
use crate::{
    migration::{MigrateError, Migration},
    op::Done,
    store::Store,
    testing::{TempDir, batch},
    tx::Tx,
};

const TABLES: &[Migration] = &[Migration {
    version: 1,
    name: "test",
    sql:
        "CREATE TABLE t (k BIGINT PRIMARY KEY, v BYTES, CONSTRAINT t_k_small CHECK (k < 1000)) STRICT_SUFFIX;
          CREATE TABLE late (k BIGINT REFERENCES t (k) DEFERRABLE INITIALLY DEFERRED) STRICT_SUFFIX;",
}];

/// What [`Put`] does after its first statement.
#[derive(Clone, Copy, PartialEq)]
enum Then {
    Keep,
    Undo,
    Panic,
    /// Breaks a rule that SQLite checks in the commit only.
    FailInCommit,
    /// Fails so that SQLite rolls back everything, as it may for a full disk.
    LoseAll,
    /// Ignores a failed statement.
    GoOn,
    /// Waits for something else than the transaction.
    Wait,
}

struct Put {
    k: i64,
    bytes: usize,
    then: Then,
}

impl Put {
    fn of(k: i64) -> Self {
        Put { k, bytes: 1, then: Then::Keep }
    }
}

const INSERT: &str = "INSERT INTO t (k, v) VALUES ($1, $2)";

impl Operation for Put {
    type Out = i64;
    const NAME: &'static str = "put";

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Done<i64>, StoreError> {
        let blob = vec![7; self.bytes];
        tx.exec(INSERT, &[self.k.into(), (&blob).into()]).await?;
        match self.then {
            Then::Keep => {}
            Then::Undo => return Ok(Done::Rollback(self.k)),
            Then::Panic => panic!("on purpose"),
            Then::FailInCommit => {
                tx.exec("INSERT INTO late (k) VALUES ($1)", &[999.into()]).await?;
            }
            Then::LoseAll => {
                tx.exec("INSERT OR ROLLBACK INTO t (k) VALUES ($1)", &[self.k.into()]).await?;
            }
            Then::GoOn => {
                let _ = tx.exec(INSERT, &[self.k.into(), (&blob).into()]).await;
            }
            Then::Wait => std::future::pending().await,
        }
        Ok(Done::Commit(self.k))
    }
}

struct Keys;

impl Query for Keys {
    type Out = Vec<i64>;
    const NAME: &'static str = "keys";

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Vec<i64>, StoreError> {
        tx.rows("SELECT k FROM t ORDER BY k", &[]).await?.iter().map(|row| row.int(0)).collect()
    }
}

async fn store_with(change: impl FnOnce(&mut SqliteConfig)) -> (Store, TempDir) {
    let dir = TempDir::new();
    let mut config = SqliteConfig::at(dir.path().join("test.db"));
    change(&mut config);
    let store = Store::open_sqlite(&config, Role::Server).unwrap();
    store.migrate(TABLES, 0).await.unwrap();
    (store, dir)
}

fn threaded(store: &Store) -> &Arc<SqliteStore> {
    match &store.inner {
        crate::store::Inner::Sqlite(store) => store,
        _ => unreachable!("a file was opened"),
    }
}

/// Keeps the writer busy until the answer is dropped; returns when it has begun.
fn block_writer(store: &Store) -> Sender<()> {
    let (release, released) = channel::<()>();
    let (begun, has_begun) = channel();
    let block = move |_: Result<&mut Connection, StoreError>, _: &Counters| {
        begun.send(()).unwrap();
        let _ = released.recv();
    };
    threaded(store).submit(Work::Admin(Box::new(block))).unwrap();
    has_begun.recv().unwrap();
    release
}

/// Queues all of them behind a busy writer, so that they run as one group; answers in the order given.
async fn as_one_group(store: &Store, ops: Vec<Put>) -> Vec<Result<i64, StoreError>> {
    let release = block_writer(store);
    let mut answers = Vec::new();
    for op in ops {
        let (reply, answer) = oneshot::channel();
        threaded(store).submit(Work::Op(Box::new(OpJob::new(op, reply)))).unwrap();
        answers.push(answer);
    }
    drop(release);
    let mut results = Vec::new();
    for answer in answers {
        results.push(answer.await.unwrap());
    }
    results
}

#[tokio::test]
async fn one_commit_carries_a_group_and_a_failing_operation_leaves_the_others() {
    let (store, _dir) = store_with(|_| ()).await;
    let with = |k, then| Put { k, bytes: 1, then };
    let commits_before = store.stats().commits;
    let results = as_one_group(
        &store,
        vec![
            Put::of(1),
            Put::of(1),
            Put::of(2000),
            with(3, Then::Panic),
            with(4, Then::Undo),
            with(5, Then::GoOn),
            with(6, Then::Wait),
            Put::of(7),
        ],
    )
    .await;
    assert_eq!(store.stats().commits - commits_before, 1);
    assert_eq!(results[0], Ok(1));
    assert_eq!(results[1], Err(StoreError::Conflict("t_pkey".into())));
    assert_eq!(results[2], Err(StoreError::Conflict("t_k_small".into())));
    assert_eq!(results[3], Err(StoreError::Internal("put panicked".into())));
    assert_eq!(results[4], Ok(4));
    assert_eq!(results[5], Err(StoreError::Internal("put went on after a failure".into())));
    assert!(matches!(&results[6], Err(StoreError::Internal(said)) if said.contains("awaited")));
    assert_eq!(results[7], Ok(7));
    assert_eq!(store.read(Keys).await, Ok(vec![1, 7]));
}

#[tokio::test]
async fn a_group_is_no_larger_than_its_limit() {
    let (store, _dir) = store_with(|config| config.group_ops_max = 4).await;
    let before = store.stats().commits;
    as_one_group(&store, (0..10).map(Put::of).collect()).await;
    assert_eq!(store.stats().commits - before, 3);
}

#[tokio::test]
async fn nobody_hears_of_success_when_the_commit_fails() {
    let (store, _dir) = store_with(|_| ()).await;
    let cache_kib = async || {
        let read =
            |conn: &mut Connection| conn.pragma_query_value(None, "cache_size", |row| row.get::<_, i64>(0));
        -threaded(&store).admin(read).await.unwrap().unwrap()
    };
    batch(&store, "PRAGMA cache_size = -77").await;
    let bad = Put { k: 2, bytes: 1, then: Then::FailInCommit };
    let results = as_one_group(&store, vec![Put::of(1), bad, Put::of(3)]).await;
    for result in results {
        assert!(matches!(result, Err(StoreError::Unavailable { maybe_committed: true, .. })), "{result:?}");
    }
    assert_eq!(store.read(Keys).await, Ok(vec![]));
    assert!(!store.stats().writable);
    assert_eq!(cache_kib().await, conn::WRITER_CACHE_KIB, "closed and opened again, with its settings");
    assert_eq!(store.run(Put::of(4)).await, Ok(4));
    assert_eq!(store.read(Keys).await, Ok(vec![4]));
    assert!(store.stats().writable);
}

#[tokio::test]
async fn a_group_that_sqlite_rolled_back_is_answered_so_and_the_next_one_is_kept() {
    let (store, _dir) = store_with(|_| ()).await;
    let bad = Put { k: 2, bytes: 1, then: Then::LoseAll };
    let results = as_one_group(&store, vec![Put::of(1), bad, Put::of(3)]).await;
    for lost in &results[..2] {
        assert!(matches!(lost, Err(StoreError::Unavailable { maybe_committed: false, .. })), "{lost:?}");
    }
    assert_eq!(results[2], Ok(3));
    assert_eq!(store.read(Keys).await, Ok(vec![3]));
}

#[tokio::test]
async fn a_full_queue_refuses_at_once_and_the_rest_is_done() {
    let (store, _dir) = store_with(|config| config.queue_ops_max = 2).await;
    let release = block_writer(&store);
    let mut waiting = JoinSet::new();
    for k in 0..2 {
        let store = store.clone();
        waiting.spawn(async move { store.run(Put::of(k)).await });
    }
    while store.stats().waiting < 2 {
        tokio::task::yield_now().await;
    }
    assert_eq!(store.run(Put::of(2)).await, Err(StoreError::Full));
    assert_eq!(store.stats().refused, 1);
    drop(release);
    assert!(waiting.join_all().await.iter().all(Result::is_ok));
    assert_eq!(store.read(Keys).await, Ok(vec![0, 1]));
    assert_eq!(store.stats().waiting, 0);
}

#[tokio::test]
async fn a_full_disk_refuses_writes_keeps_reads_and_is_got_over() {
    let (store, _dir) = store_with(|_| ()).await;
    store.run(Put::of(0)).await.unwrap();
    batch(&store, "PRAGMA max_page_count = 20").await;
    let large = |k| Put { k, bytes: 200_000, then: Then::Keep };
    let full = store.run(large(1)).await;
    assert!(matches!(full, Err(StoreError::Unavailable { maybe_committed: false, .. })), "{full:?}");
    assert!(!store.stats().writable);
    assert_eq!(store.read(Keys).await, Ok(vec![0]));
    batch(&store, "PRAGMA max_page_count = 2000").await;
    assert_eq!(store.run(large(2)).await, Ok(2));
    assert_eq!(store.read(Keys).await, Ok(vec![0, 2]));
    assert!(store.stats().writable);
}

struct Endless;

impl Query for Endless {
    type Out = ();
    const NAME: &'static str = "endless";

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<(), StoreError> {
        let sql = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n";
        tx.rows(sql, &[]).await.map(drop)
    }
}

#[tokio::test]
async fn a_read_ends_in_time() {
    let (store, _dir) = store_with(|config| config.read_max = Duration::from_millis(50)).await;
    store.run(Put::of(1)).await.unwrap();
    assert_eq!(store.read(Endless).await, Err(StoreError::unavailable("a read took too long")));
    assert_eq!(store.read(Keys).await, Ok(vec![1]));
}

/// The thread that runs it, after so many rows were counted.
struct Where<const BRIEF: bool>(i64);

impl<const BRIEF: bool> Query for Where<BRIEF> {
    type Out = Option<String>;
    const NAME: &'static str = "where";
    const BRIEF: bool = BRIEF;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Option<String>, StoreError> {
        let sql = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < $1) SELECT count(*) FROM n";
        tx.rows(sql, &[self.0.into()]).await?;
        Ok(std::thread::current().name().map(str::to_owned))
    }
}

#[tokio::test]
async fn a_brief_read_runs_on_its_callers_thread_and_a_long_one_does_not() {
    let (store, _dir) = store_with(|config| config.brief_reads = 1).await;
    let here = std::thread::current().name().map(str::to_owned);
    assert_eq!(store.read(Where::<true>(1)).await, Ok(here.clone()));
    let reader = Some("redress-read".to_owned());
    assert_eq!(store.read(Where::<false>(1)).await, Ok(reader.clone()));
    let before = store.stats().reads;
    assert_eq!(store.read(Where::<true>(1_000_000)).await, Ok(reader), "it took more than a millisecond");
    assert_eq!(store.stats().reads, before + 1, "one read, although it began twice");
    assert_eq!(store.read(Where::<true>(1)).await, Ok(here), "the connection is given back");
}

/// Counts the keys twice; each time another process adds one in between.
struct CountTwice(PathBuf);

impl Query for CountTwice {
    type Out = (i64, i64);
    const NAME: &'static str = "count_twice";

    fn autocommit(&self) -> bool {
        true
    }

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<(i64, i64), StoreError> {
        let first = tx.rows("SELECT count(*) FROM t", &[]).await?[0].int(0)?;
        Connection::open(&self.0).unwrap().execute_batch("INSERT INTO t (k) SELECT count(*) FROM t").unwrap();
        Ok((first, tx.rows("SELECT count(*) FROM t", &[]).await?[0].int(0)?))
    }
}

#[tokio::test]
async fn two_statements_of_a_read_see_one_snapshot_though_it_began_without_a_transaction() {
    let (store, dir) = store_with(|_| ()).await;
    let twice = store.read(CountTwice(dir.path().join("test.db"))).await;
    assert_eq!(twice, Ok((1, 1)), "it began anew after the first key was added");
    assert_eq!(store.read(Keys).await, Ok(vec![0, 1]));
}

/// All keys, read on the caller's thread.
struct KeysAtHand;

impl Query for KeysAtHand {
    type Out = Vec<i64>;
    const NAME: &'static str = "keys_at_hand";
    const BRIEF: bool = true;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Vec<i64>, StoreError> {
        Keys.run(tx).await
    }
}

/// Longer than any test runs.
const LONG: Duration = Duration::from_secs(3_600);

#[tokio::test]
async fn a_brief_read_finds_what_was_answered_before_it_however_long_a_snapshot_is_kept() {
    let (store, dir) = store_with(|config| (config.snapshot_kept, config.snapshot_idle) = (LONG, LONG)).await;
    for k in 1..=3 {
        store.run(Put::of(k)).await.unwrap();
        assert_eq!(store.read(KeysAtHand).await, Ok((1..=k).collect()));
    }
    threaded(&store).admin(|conn| conn.execute_batch("DELETE FROM t").unwrap()).await.unwrap();
    assert_eq!(store.read(KeysAtHand).await, Ok(vec![]));
    // What shows that the snapshot is kept: another process's key is not seen, until this one changes something.
    let other = Connection::open(dir.path().join("test.db")).unwrap();
    other.execute_batch("INSERT INTO t (k) VALUES (7)").unwrap();
    assert_eq!(store.read(KeysAtHand).await, Ok(vec![]));
    store.run(Put::of(8)).await.unwrap();
    assert_eq!(store.read(KeysAtHand).await, Ok(vec![7, 8]));
}

#[tokio::test]
async fn what_another_process_wrote_is_seen_when_the_snapshot_was_kept_long_enough() {
    let (store, dir) = store_with(|config| config.snapshot_kept = Duration::ZERO).await;
    let other = Connection::open(dir.path().join("test.db")).unwrap();
    for k in 1..=3 {
        other.execute("INSERT INTO t (k) VALUES (?1)", [k]).unwrap();
        assert_eq!(store.read(KeysAtHand).await, Ok((1..=k).collect()));
    }
}

#[tokio::test]
async fn a_snapshot_that_nobody_reads_in_holds_up_no_log_of_another_process() {
    let (store, dir) = store_with(|config| {
        config.snapshot_kept = LONG;
        config.snapshot_idle = Duration::from_millis(1);
    })
    .await;
    assert_eq!(store.read(KeysAtHand).await, Ok(vec![]));
    let other = Connection::open(dir.path().join("test.db")).unwrap();
    // Longer than it takes: it waits for whoever reads in the log.
    other.busy_timeout(Duration::from_secs(30)).unwrap();
    other.execute_batch("INSERT INTO t (k) VALUES (7)").unwrap();
    let held_up: i64 = other.query_row("PRAGMA wal_checkpoint(RESTART)", [], |row| row.get(0)).unwrap();
    assert_eq!(held_up, 0, "somebody still reads in it");
}

#[tokio::test]
async fn a_brief_read_that_fails_keeps_no_snapshot() {
    let (store, dir) = store_with(|config| (config.snapshot_kept, config.snapshot_idle) = (LONG, LONG)).await;
    assert_eq!(store.read(KeysAtHand).await, Ok(vec![]));
    let other = Connection::open(dir.path().join("test.db")).unwrap();
    other.execute_batch("INSERT INTO t (k) VALUES (7)").unwrap();
    assert_eq!(store.read(Where::<true>(1_000_000)).await, Ok(Some("redress-read".to_owned())));
    assert_eq!(store.read(KeysAtHand).await, Ok(vec![7]), "the one that took too long ended it");
}

#[tokio::test]
async fn where_no_connection_is_at_hand_a_reader_reads() {
    let (store, _dir) = store_with(|config| config.brief_reads = 0).await;
    assert_eq!(store.read(Where::<true>(1)).await, Ok(Some("redress-read".to_owned())));
}

#[tokio::test]
async fn the_log_starts_over_under_a_writer_that_never_pauses() {
    let (store, _dir) = store_with(|config| {
        config.log_pages_max = 16_384;
        config.snapshot_kept = LONG;
    })
    .await;
    let mut longest = 0;
    for k in 0..40 {
        // Its snapshot is kept, and must not keep the log from starting over.
        assert_eq!(store.read(KeysAtHand).await, Ok((0..k).collect()));
        store.run(Put { k, bytes: 3_000_000, then: Then::Keep }).await.unwrap();
        longest = longest.max(store.stats().wal_frames);
    }
    // 40 times 733 pages are 29 000; the pause comes at 16 384, and then the log is written from its start.
    assert!((16_384..18_432).contains(&longest), "{longest}");
    assert!(store.stats().wal_frames < 16_384);
    assert!(store.stats().checkpoints > 2);
}

#[tokio::test]
async fn one_server_a_file_and_tools_beside_it() {
    const WAIT: &str = "PRAGMA busy_timeout";
    let (store, dir) = store_with(|_| ()).await;
    let config = SqliteConfig { lock_wait: Duration::ZERO, ..SqliteConfig::at(dir.path().join("test.db")) };
    let refused = Store::open_sqlite(&config, Role::Server).unwrap_err().to_string();
    assert!(refused.contains("test.db.lock"), "{refused}");
    assert!(refused.contains(&format!("process {}", std::process::id())), "{refused}");

    let tool = Store::open_sqlite(&config, Role::Tool).unwrap();
    tool.run(Put::of(1)).await.unwrap();
    assert_eq!(store.read(Keys).await, Ok(vec![1]));
    store.run(Put::of(2)).await.unwrap();
    assert_eq!(tool.read(Keys).await, Ok(vec![1, 2]));
    let waits = |who| threaded(who).admin(|conn| conn.query_row(WAIT, [], |row| row.get(0)).unwrap());
    assert_eq!((waits(&store).await, waits(&tool).await), (Ok(5_000), Ok(60_000)));
    drop(store);
    assert!(lock::lock_path(&config.path).exists(), "the file stays");
    let next = Store::open_sqlite(&config, Role::Server).unwrap();
    assert_eq!(next.read(Keys).await, Ok(vec![1, 2]));
}

const HOLD_VARIABLE: &str = "REDRESS_TEST_HOLD_LOCK";

/// Not a test of its own: the process that the next one kills.
#[test]
fn hold_the_lock_until_killed() {
    let Ok(path) = std::env::var(HOLD_VARIABLE) else { return };
    let _store = Store::open_sqlite(&SqliteConfig::at(path), Role::Server).unwrap();
    println!("\nlock taken");
    let _ = std::io::stdin().read_line(&mut String::new());
}

#[test]
fn a_killed_server_blocks_nobody() {
    let dir = TempDir::new();
    let mut config = SqliteConfig::at(dir.path().join("test.db"));
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "sqlite::tests::hold_the_lock_until_killed", "--nocapture"])
        .env(HOLD_VARIABLE, &config.path)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let output = BufReader::new(child.stdout.take().unwrap());
    assert!(output.lines().map_while(Result::ok).any(|line| line == "lock taken"));
    config.lock_wait = Duration::ZERO;
    assert!(matches!(Store::open_sqlite(&config, Role::Server), Err(OpenError::Locked { .. })));
    child.kill().unwrap();
    child.wait().unwrap();
    Store::open_sqlite(&config, Role::Server).unwrap();
}

#[tokio::test]
async fn migrations_of_a_file_survive_and_a_changed_one_is_refused() {
    const CHANGED: &[Migration] = &[Migration { version: 1, name: "test", sql: "CREATE TABLE t (k BIGINT)" }];
    const ENDS: &[Migration] =
        &[TABLES[0], Migration { version: 2, name: "ends", sql: "CREATE TABLE u (k BIGINT); COMMIT;" }];
    let (store, dir) = store_with(|_| ()).await;
    drop(store);
    let store = Store::open_sqlite(&SqliteConfig::at(dir.path().join("test.db")), Role::Server).unwrap();
    assert_eq!(store.pending(TABLES).await, Ok(vec![]));
    assert_eq!(store.migrate(TABLES, 5).await, Ok(vec![]));
    let changed = MigrateError::Changed { version: 1, name: "test".into() };
    assert_eq!(store.migrate(CHANGED, 5).await, Err(changed.clone()));
    assert_eq!(store.pending(CHANGED).await, Err(changed));
    assert!(matches!(store.migrate(ENDS, 5).await, Err(MigrateError::Failed { version: 2, .. })));
}

#[cfg(unix)]
#[tokio::test]
async fn the_file_and_its_side_files_are_for_their_owner_only() {
    use std::os::unix::fs::PermissionsExt;
    let (store, dir) = store_with(|_| ()).await;
    store.run(Put::of(1)).await.unwrap();
    for name in ["test.db", "test.db-wal", "test.db-shm"] {
        let mode = std::fs::metadata(dir.path().join(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{name} {mode:o}");
    }
}
