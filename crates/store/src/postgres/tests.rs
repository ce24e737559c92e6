//! The promises of the PostgreSQL engine. They run where a database is named for tests, and pass without one.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering::SeqCst},
};

use super::*;
use crate::{
    op::Done,
    store::Store,
    testing::{PG_PATIENCE, PgSchema, batch},
    tx::{Touches, Tx},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    sync::Notify,
};

const TERMINATE: &str = "SELECT pg_terminate_backend(pg_backend_pid())";
const SERIALIZATION_FAILURE: &str = "DO 'BEGIN RAISE EXCEPTION USING ERRCODE = ''40001''; END'";

/// Inserts a row, then runs `trouble` in its first `times` attempts.
struct Trouble {
    trouble: &'static str,
    times: usize,
    attempts: Arc<AtomicUsize>,
}

impl Trouble {
    fn new(trouble: &'static str, times: usize) -> (Self, Arc<AtomicUsize>) {
        let attempts = Arc::new(AtomicUsize::new(0));
        (Trouble { trouble, times, attempts: Arc::clone(&attempts) }, attempts)
    }
}

impl Operation for Trouble {
    type Out = ();
    const NAME: &'static str = "trouble";

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Done<()>, StoreError> {
        tx.exec("INSERT INTO t (k) VALUES ($1)", &[1.into()]).await?;
        if self.attempts.fetch_add(1, SeqCst) < self.times {
            tx.rows(self.trouble, &[]).await?;
        }
        Ok(Done::Commit(()))
    }
}

struct Count;

impl Query for Count {
    type Out = i64;
    const NAME: &'static str = "count";

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<i64, StoreError> {
        tx.rows("SELECT count(*) FROM t", &[]).await?[0].int(0)
    }
}

async fn schema() -> Option<(PgSchema, Store)> {
    let schema = PgSchema::new().await?;
    let store = schema.store.clone();
    batch(&store, "CREATE TABLE t (k BIGINT)").await;
    Some((schema, store))
}

#[tokio::test]
async fn an_operation_undone_by_the_server_runs_again_whole() {
    let Some((schema, store)) = schema().await else { return };
    let (op, attempts) = Trouble::new(SERIALIZATION_FAILURE, 2);
    store.run(op).await.unwrap();
    assert_eq!(attempts.load(SeqCst), 3);
    assert_eq!(store.stats().retries, 2);
    assert_eq!(store.read(Count).await, Ok(1));
    schema.drop_it().await;
}

#[tokio::test]
async fn the_retries_are_bounded() {
    let Some((schema, store)) = schema().await else { return };
    let (op, attempts) = Trouble::new(SERIALIZATION_FAILURE, usize::MAX);
    assert!(matches!(store.run(op).await, Err(StoreError::Unavailable { maybe_committed: false, .. })));
    assert_eq!(attempts.load(SeqCst), RETRIES_MAX + 1);
    assert_eq!(store.read(Count).await, Ok(0));
    schema.drop_it().await;
}

#[tokio::test]
async fn a_connection_lost_before_the_commit_keeps_nothing_and_the_next_one_works() {
    let Some((schema, store)) = schema().await else { return };
    let (op, _) = Trouble::new(TERMINATE, 1);
    let lost = store.run(op).await;
    assert!(matches!(lost, Err(StoreError::Unavailable { maybe_committed: false, .. })), "{lost:?}");
    assert!(!store.stats().writable);
    let (op, _) = Trouble::new(TERMINATE, 0);
    store.run(op).await.unwrap();
    assert!(store.stats().writable);
    assert_eq!(store.read(Count).await, Ok(1));
    schema.drop_it().await;
}

#[tokio::test]
async fn a_connection_lost_in_the_commit_leaves_it_unknown() {
    let Some((schema, store)) = schema().await else { return };
    let trigger = "CREATE FUNCTION die() RETURNS trigger LANGUAGE plpgsql AS
            'BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END';
        CREATE CONSTRAINT TRIGGER at_commit AFTER INSERT ON t DEFERRABLE INITIALLY DEFERRED
            FOR EACH ROW EXECUTE FUNCTION die()";
    batch(&store, trigger).await;
    let (op, attempts) = Trouble::new(TERMINATE, 0);
    let lost = store.run(op).await;
    assert!(matches!(lost, Err(StoreError::Unavailable { maybe_committed: true, .. })), "{lost:?}");
    assert_eq!(attempts.load(SeqCst), 1, "never repeated by itself");
    schema.drop_it().await;
}

/// A store on the same tables that does not wait long for an answer: far longer than a busy machine takes for one, and far
/// less than the server sleeps below.
fn impatient(schema: &PgSchema) -> Store {
    Store::open_postgres(&PgConfig { answer_max: Duration::from_secs(2), ..PgConfig::at(&schema.url) })
        .unwrap()
}

#[tokio::test]
async fn a_server_that_does_not_answer_costs_one_wait_and_the_next_operation_works() {
    let Some((schema, _)) = schema().await else { return };
    let store = impatient(&schema);
    let (op, _) = Trouble::new("SELECT CAST(pg_sleep(20) AS TEXT)", 1);
    let lost = store.run(op).await;
    assert!(matches!(lost, Err(StoreError::Unavailable { maybe_committed: false, .. })), "{lost:?}");
    let (op, _) = Trouble::new("SELECT 1", 0);
    store.run(op).await.unwrap();
    assert_eq!(store.read(Count).await, Ok(1));
    drop(store);
    schema.drop_it().await;
}

#[tokio::test]
async fn a_commit_that_is_not_answered_leaves_it_unknown() {
    let Some((schema, store)) = schema().await else { return };
    let trigger = "CREATE FUNCTION doze() RETURNS trigger LANGUAGE plpgsql AS
            'BEGIN PERFORM pg_sleep(20); RETURN NULL; END';
        CREATE CONSTRAINT TRIGGER at_commit AFTER INSERT ON t DEFERRABLE INITIALLY DEFERRED
            FOR EACH ROW EXECUTE FUNCTION doze()";
    batch(&store, trigger).await;
    let store = impatient(&schema);
    let (op, attempts) = Trouble::new(TERMINATE, 0);
    let lost = store.run(op).await;
    assert!(matches!(lost, Err(StoreError::Unavailable { maybe_committed: true, .. })), "{lost:?}");
    assert_eq!(attempts.load(SeqCst), 1, "never repeated by itself");
    drop(store);
    // The one that dozes, and none of the many idle connections of other tests whose last word was COMMIT as well.
    let wake = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
        WHERE query LIKE 'COMMIT%' AND state = 'active' AND wait_event = 'PgSleep'";
    batch(&schema.store, wake).await;
    schema.drop_it().await;
}

#[tokio::test]
async fn a_connection_to_a_server_that_takes_no_changes_is_not_kept() {
    let Some((schema, store)) = schema().await else { return };
    let (op, _) = Trouble::new("SELECT set_config('transaction_read_only', 'on', false)", 1);
    let one = Store::open_postgres(&PgConfig { pool_size: 1, ..PgConfig::at(&schema.url) }).unwrap();
    let backend = || async { one.read(Backend).await.unwrap() };
    let before = backend().await;
    let refused = one.run(Forbidden(op)).await;
    assert!(matches!(refused, Err(StoreError::Unavailable { maybe_committed: false, .. })), "{refused:?}");
    assert_ne!(backend().await, before);
    drop((one, store));
    schema.drop_it().await;
}

/// Runs statements ahead, and then perhaps one that is waited for.
struct InARow {
    ahead: &'static [(&'static str, Touches)],
    then: Option<&'static str>,
}

impl Operation for InARow {
    type Out = i64;
    const NAME: &'static str = "in_a_row";

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Done<i64>, StoreError> {
        for (sql, touches) in self.ahead {
            tx.exec_ahead(sql, &[], *touches).await?;
        }
        let Some(sql) = self.then else { return Ok(Done::Commit(0)) };
        tx.rows(sql, &[]).await?[0].int(0).map(Done::Commit)
    }
}

const ONE: (&str, Touches) = ("INSERT INTO t (k) VALUES (1)", Touches::One("t"));
const COUNT: &str = "SELECT count(*) FROM t";

#[tokio::test]
async fn what_is_sent_ahead_is_done_in_its_place() {
    const DOUBLED: (&str, Touches) = ("INSERT INTO t (k) SELECT k FROM t", Touches::Any);
    let Some((schema, store)) = schema().await else { return };
    assert_eq!(store.run(InARow { ahead: &[ONE, ONE, DOUBLED], then: Some(COUNT) }).await, Ok(4));
    store.run(InARow { ahead: &[ONE], then: None }).await.unwrap();
    assert_eq!(store.read(Count).await, Ok(5));
    schema.drop_it().await;
}

#[tokio::test]
async fn what_is_sent_ahead_and_fails_is_what_the_operation_says_and_undoes() {
    const BELOW: (&str, Touches) = ("INSERT INTO t (k) VALUES (-1)", Touches::One("t"));
    const MISSED: (&str, Touches) = ("UPDATE t SET k = 2 WHERE k = 77", Touches::One("t"));
    let Some((schema, store)) = schema().await else { return };
    batch(&store, "ALTER TABLE t ADD CONSTRAINT none_below_zero CHECK (k >= 0)").await;
    let (wrong, unread) = (StoreError::Conflict("none_below_zero".into()), "touched 0 rows");
    for then in [None, Some(COUNT), Some("SELECT nothing FROM nowhere")] {
        assert_eq!(store.run(InARow { ahead: &[ONE, BELOW], then }).await, Err(wrong.clone()), "{then:?}");
        assert_eq!(
            store.run(InARow { ahead: &[ONE, BELOW, ONE], then }).await,
            Err(wrong.clone()),
            "{then:?}"
        );
    }
    for then in [None, Some(COUNT)] {
        let said = store.run(InARow { ahead: &[ONE, MISSED, ONE], then }).await.unwrap_err().to_string();
        assert!(said.contains(unread), "{said}");
    }
    assert_eq!(store.read(Count).await, Ok(0));
    schema.drop_it().await;
}

#[tokio::test]
async fn no_test_fails_where_the_machine_stands_still_for_a_while() {
    const SECONDS: &str =
        "SELECT CAST(extract(epoch FROM CAST(current_setting('statement_timeout') AS INTERVAL)) AS BIGINT)";
    let Some((schema, store)) = schema().await else { return };
    let limit = store.run(InARow { ahead: &[], then: Some(SECONDS) }).await.unwrap();
    assert_eq!(u64::try_from(limit), Ok(PG_PATIENCE.as_secs()));
    schema.drop_it().await;
}

/// Runs into a serialization failure the first time, ahead.
struct AheadOnce(AtomicUsize);

impl Operation for AheadOnce {
    type Out = ();
    const NAME: &'static str = "ahead_once";

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Done<()>, StoreError> {
        tx.exec_ahead(ONE.0, &[], ONE.1).await?;
        if self.0.fetch_add(1, SeqCst) == 0 {
            tx.exec_ahead(SERIALIZATION_FAILURE, &[], Touches::Any).await?;
        }
        Ok(Done::Commit(()))
    }
}

#[tokio::test]
async fn an_operation_undone_by_what_it_sent_ahead_runs_again_whole() {
    let Some((schema, store)) = schema().await else { return };
    store.run(AheadOnce(AtomicUsize::new(0))).await.unwrap();
    assert_eq!((store.stats().retries, store.read(Count).await), (1, Ok(1)));
    schema.drop_it().await;
}

/// Passes one connection on to a server, whose answers come a byte at a time.
async fn dribble(listener: TcpListener, server: String) -> std::io::Result<()> {
    let (near, far) = (listener.accept().await?.0, TcpStream::connect(server).await?);
    near.set_nodelay(true)?;
    let ((mut questions, mut back), (far_reads, mut on)) = (near.into_split(), far.into_split());
    let asked = tokio::io::copy(&mut questions, &mut on);
    let answered = async {
        let mut answers = BufReader::new(far_reads);
        while let Ok(byte) = answers.read_u8().await {
            back.write_u8(byte).await?;
            // Whoever reads them does so first.
            tokio::task::yield_now().await;
        }
        Ok(())
    };
    tokio::try_join!(asked, answered).map(|_| ())
}

#[tokio::test]
async fn what_is_sent_ahead_is_taken_in_however_small_the_pieces_are() {
    let Some((schema, _)) = schema().await else { return };
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let near = listener.local_addr().unwrap().to_string();
    let begins = schema.url.find('@').map_or("postgres://".len(), |at| at + 1);
    let length = schema.url[begins..].find('/').unwrap();
    let host = &schema.url[begins..begins + length];
    let server = if host.contains(':') { host.to_owned() } else { format!("{host}:5432") };
    let url = format!("{}{near}{}", &schema.url[..begins], &schema.url[begins + length..]);
    let config = PgConfig { pool_size: 1, answer_max: Duration::from_secs(60), ..PgConfig::at(url) };
    let store = Store::open_postgres(&config).unwrap();
    tokio::select! {
        passed = dribble(listener, server) => panic!("{passed:?}"),
        told = store.run(InARow { ahead: &[ONE, ONE, ONE], then: Some(COUNT) }) => assert_eq!(told, Ok(3)),
    }
    drop(store);
    schema.drop_it().await;
}

/// Holds the row until it is told to let go.
struct Holds {
    held: Arc<Notify>,
    let_go: Arc<Notify>,
}

impl Operation for Holds {
    type Out = ();
    const NAME: &'static str = "holds";

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Done<()>, StoreError> {
        tx.rows("SELECT k FROM t FOR UPDATE", &[]).await?;
        self.held.notify_one();
        self.let_go.notified().await;
        // Had the server ended it for its long silence, nothing would run any more.
        tx.rows("SELECT k FROM t", &[]).await?;
        Ok(Done::Rollback(()))
    }
}

/// Changes the row ahead, and only then has it let go.
struct Changes {
    let_go: Arc<Notify>,
}

impl Operation for Changes {
    type Out = ();
    const NAME: &'static str = "changes";

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Done<()>, StoreError> {
        tx.exec_ahead("UPDATE t SET k = 2 WHERE k = 1", &[], Touches::One("t")).await?;
        self.let_go.notify_one();
        Ok(Done::Commit(()))
    }
}

#[tokio::test]
async fn what_is_sent_ahead_is_not_waited_for_and_yet_there_before_the_commit() {
    let Some((schema, store)) = schema().await else { return };
    store.run(InARow { ahead: &[ONE], then: None }).await.unwrap();
    let (held, let_go) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let holds = store.run(Holds { held: Arc::clone(&held), let_go: Arc::clone(&let_go) });
    let changes = async {
        held.notified().await;
        store.run(Changes { let_go }).await
    };
    assert_eq!(tokio::join!(holds, changes), (Ok(()), Ok(())));
    assert_eq!(store.run(InARow { ahead: &[], then: Some("SELECT k FROM t") }).await, Ok(2));
    schema.drop_it().await;
}

/// Inserts once more after its trouble.
struct Forbidden(Trouble);

impl Operation for Forbidden {
    type Out = ();
    const NAME: &'static str = "forbidden";

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Done<()>, StoreError> {
        self.0.run(tx).await?;
        self.0.run(tx).await
    }
}

/// The server process behind a connection.
struct Backend;

impl Query for Backend {
    type Out = i64;
    const NAME: &'static str = "backend";

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<i64, StoreError> {
        tx.rows("SELECT CAST(pg_backend_pid() AS BIGINT)", &[]).await?[0].int(0)
    }
}

#[tokio::test]
async fn a_notification_reaches_the_listener_and_many_count_as_one() {
    let Some((schema, store)) = schema().await else { return };
    let mut listener = store.listener("redress_test_wake").await.unwrap().unwrap();
    let (first, second, third) = tokio::join!(
        store.notify("redress_test_wake"),
        store.notify("redress_test_wake"),
        store.notify("redress_test_wake"),
    );
    assert_eq!((first, second, third), (Ok(()), Ok(()), Ok(())));
    listener.wait().await.unwrap();
    schema.drop_it().await;
}

#[tokio::test]
async fn the_server_tells_its_time_in_microseconds() {
    let Some((schema, store)) = schema().await else { return };
    let first = store.database_time_micros().await.unwrap().unwrap();
    let second = store.database_time_micros().await.unwrap().unwrap();
    // Later than 2020 and not as nanoseconds.
    assert!((1_577_836_800_000_000..10_000_000_000_000_000).contains(&first));
    assert!(second >= first && second - first < 60_000_000);
    schema.drop_it().await;
}

#[tokio::test]
async fn a_server_that_is_not_there_is_said_without_the_password() {
    let store = Store::open_postgres(&PgConfig::at("postgres://u:pass-word@127.0.0.1:1/d")).unwrap();
    let said = store.read(Count).await.unwrap_err().to_string();
    assert!(said.contains("unavailable") && !said.contains("pass-word"), "{said}");
    let config = PgConfig::at("postgres://u:pass-word@[bad");
    assert!(!format!("{config:?}").contains("pass-word"));
    let said = Store::open_postgres(&config).unwrap_err().to_string();
    assert!(!said.contains("pass-word"), "{said}");
}

#[tokio::test]
async fn encryption_is_demanded_or_the_connection_refused() {
    let missing = PgConfig {
        roots_file: Some("no-such-file.pem".into()),
        ..PgConfig::at("postgres://u@127.0.0.1:1/d?sslmode=require")
    };
    let said = Store::open_postgres(&missing).unwrap_err().to_string();
    assert!(said.contains("no-such-file.pem"), "{said}");

    // The server for tests speaks no TLS: a connection in clear must not be made instead.
    let Ok(url) = std::env::var(crate::testing::PG_URL_VARIABLE) else { return };
    let joint = if url.contains('?') { '&' } else { '?' };
    let Ok(store) = Store::open_postgres(&PgConfig::at(format!("{url}{joint}sslmode=require"))) else {
        return; // no root certificates on this machine
    };
    assert!(matches!(store.database_time_micros().await, Err(StoreError::Unavailable { .. })));
}
