//! What holds on every engine alike.

use std::sync::Arc;

use crate::{
    error::StoreError,
    fault::Fault,
    migration::Migration,
    op::{Done, Operation, Query},
    store::Store,
    testing::{FaultOnce, TestStores, batch, dump_all, fail_every_statement},
    tx::{Engine, Tx},
    value::{Row, Value},
};

const TABLES: &[Migration] = &[
    Migration {
        version: 1,
        name: "accounts",
        sql: "CREATE TABLE accounts (
                  id BYTES NOT NULL PRIMARY KEY, name TEXT, shade TEXT NOT NULL, total BIGINT,
                  CONSTRAINT accounts_total_positive CHECK (total >= 0), UNIQUE (name, shade)) STRICT_SUFFIX;
              CREATE UNIQUE INDEX accounts_one_total ON accounts (total) WHERE total > 100;",
    },
    Migration {
        version: 2,
        name: "moves",
        sql: "CREATE TABLE moves (account BYTES NOT NULL REFERENCES accounts (id), amount BIGINT NOT NULL)
                  STRICT_SUFFIX;",
    },
];

struct Insert {
    id: [u8; 16],
    name: Option<&'static str>,
    total: Option<i64>,
}

impl Operation for Insert {
    type Out = Vec<Row>;
    const NAME: &'static str = "insert";

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Done<Vec<Row>>, StoreError> {
        let sql = "INSERT INTO accounts (id, name, shade, total) VALUES ($1, $2, $3, $4)
                   RETURNING id, name, shade, total, total > 5, CAST(total AS BIGINT)";
        let params = [Value::from(&self.id), self.name.into(), "x".into(), self.total.into()];
        Ok(Done::Commit(tx.rows(sql, &params).await?))
    }
}

fn insert(id: u8, name: &'static str, total: i64) -> Insert {
    Insert { id: [id; 16], name: Some(name), total: Some(total) }
}

/// Takes a sum; refuses when it is not there, after having written.
struct Take {
    id: u8,
    amount: i64,
}

impl Operation for Take {
    type Out = bool;
    const NAME: &'static str = "take";

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Done<bool>, StoreError> {
        let (id, amount) = ([self.id; 16], self.amount.into());
        tx.exec("INSERT INTO moves (account, amount) VALUES ($1, $2)", &[(&id).into(), amount]).await?;
        let sql = "UPDATE accounts SET total = total - $1 WHERE id = $2 AND total >= $1";
        let changed = tx.exec(sql, &[amount, (&id).into()]).await?;
        Ok(if changed == 1 { Done::Commit(true) } else { Done::Rollback(false) })
    }
}

struct Total;

impl Query for Total {
    type Out = i64;
    const NAME: &'static str = "total";

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<i64, StoreError> {
        tx.rows("SELECT CAST(COALESCE(SUM(total), 0) AS BIGINT) FROM accounts", &[]).await?[0].int(0)
    }
}

#[tokio::test]
async fn values_come_back_as_they_went_in() {
    TestStores::each_with(TABLES, async |store| {
        let rows = store.run(insert(1, "a 'b' é", 7)).await.unwrap();
        let (text, id) = (Value::Text, Value::Bytes(&[1; 16]));
        let values = [id, text("a 'b' é"), text("x"), Value::Int(7), Value::Int(1), Value::Int(7)];
        assert_eq!(rows, vec![Row::new(values)]);
        let rows = store.run(Insert { id: [2; 16], name: None, total: None }).await.unwrap();
        assert_eq!((rows[0].opt_text(1), rows[0].opt_int(3)), (Ok(None), Ok(None)));
        assert_eq!(store.read(Total).await, Ok(7));
    })
    .await;
}

#[tokio::test]
async fn conflicts_have_the_same_names_on_every_engine() {
    TestStores::each_with(TABLES, async |store| {
        store.run(insert(1, "a", 101)).await.unwrap();
        for (op, name) in [
            (insert(1, "b", 1), "accounts_pkey"),
            (insert(2, "a", 1), "accounts_name_shade_key"),
            (insert(2, "b", -1), "accounts_total_positive"),
            (insert(2, "b", 101), "accounts_one_total"),
        ] {
            assert_eq!(store.run(op).await, Err(StoreError::Conflict(name.into())));
        }
        let orphan = store.run(Take { id: 9, amount: 1 }).await;
        assert!(matches!(orphan, Err(StoreError::Inconsistent { .. })), "{orphan:?}");
        assert_eq!(store.read(Total).await, Ok(101));
    })
    .await;
}

#[tokio::test]
async fn an_operation_that_fails_anywhere_leaves_nothing() {
    TestStores::each_with(TABLES, async |store| {
        store.run(insert(1, "a", 10)).await.unwrap();
        let (taken, statements) = fail_every_statement(&store, || Take { id: 1, amount: 4 }).await;
        assert_eq!((taken, statements), (Ok(true), 2));
        assert_eq!(dump_all(&store).await["moves"].len(), 1);
        assert_eq!(store.read(Total).await, Ok(6));
    })
    .await;
}

#[tokio::test]
async fn a_refusal_leaves_no_row_and_still_answers() {
    TestStores::each_with(TABLES, async |store| {
        store.run(insert(1, "a", 10)).await.unwrap();
        assert_eq!(store.run(Take { id: 1, amount: 11 }).await, Ok(false));
        assert!(dump_all(&store).await["moves"].is_empty());
    })
    .await;
}

#[tokio::test]
async fn a_lost_answer_is_not_a_lost_change() {
    TestStores::each_with(TABLES, async |store| {
        store.run(insert(1, "a", 10)).await.unwrap();
        let lossy = store.clone().with_faults(Arc::new(FaultOnce::new("take", Fault::LoseAnswer)));
        let lost = lossy.run(Take { id: 1, amount: 1 }).await;
        assert!(matches!(lost, Err(StoreError::Unavailable { maybe_committed: true, .. })));
        assert_eq!(lossy.run(Take { id: 1, amount: 1 }).await, Ok(true));
        assert_eq!(store.read(Total).await, Ok(8));
        let refusing = store.with_faults(Arc::new(FaultOnce::new("take", Fault::Refuse(StoreError::Full))));
        assert_eq!(refusing.run(Take { id: 1, amount: 1 }).await, Err(StoreError::Full));
        assert_eq!(refusing.read(Total).await, Ok(8));
    })
    .await;
}

#[tokio::test]
async fn many_at_once_never_take_more_than_there_is() {
    TestStores::each_with(TABLES, async |store: Store| {
        store.run(insert(1, "a", 30)).await.unwrap();
        let mut takers = tokio::task::JoinSet::new();
        for _ in 0..50 {
            let store = store.clone();
            takers.spawn(async move { store.run(Take { id: 1, amount: 1 }).await.unwrap() });
        }
        assert_eq!(takers.join_all().await.into_iter().filter(|taken| *taken).count(), 30);
        assert_eq!(store.read(Total).await, Ok(0));
        assert_eq!(dump_all(&store).await["moves"].len(), 30);
    })
    .await;
}

/// Ignores that a statement failed.
struct Swallow;

impl Operation for Swallow {
    type Out = ();
    const NAME: &'static str = "swallow";

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Done<()>, StoreError> {
        let _ = tx.exec("UPDATE accounts SET total = -1", &[]).await;
        Ok(Done::Commit(()))
    }
}

/// A query that is none.
struct WriteInARead<const AUTOCOMMIT: bool>;

impl<const AUTOCOMMIT: bool> Query for WriteInARead<AUTOCOMMIT> {
    type Out = ();
    const NAME: &'static str = "write_in_a_read";

    fn autocommit(&self) -> bool {
        AUTOCOMMIT
    }

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<(), StoreError> {
        tx.exec("DELETE FROM accounts", &[]).await.map(drop)
    }
}

#[tokio::test]
async fn a_failure_cannot_be_ignored_and_a_read_cannot_write() {
    TestStores::each_with(TABLES, async |store| {
        store.run(insert(1, "a", 10)).await.unwrap();
        let said = store.run(Swallow).await;
        assert_eq!(said, Err(StoreError::Internal("swallow went on after a failure".into())));
        for refused in [store.read(WriteInARead::<false>).await, store.read(WriteInARead::<true>).await] {
            assert!(matches!(refused, Err(StoreError::Unavailable { .. })), "{refused:?}");
        }
        assert_eq!(store.read(Total).await, Ok(10));
    })
    .await;
}

/// Counts the accounts so often.
struct Looks(usize);

impl Query for Looks {
    type Out = Vec<i64>;
    const NAME: &'static str = "looks";

    fn autocommit(&self) -> bool {
        true
    }

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Vec<i64>, StoreError> {
        let mut counts = Vec::new();
        for _ in 0..self.0 {
            counts.push(tx.rows("SELECT count(*) FROM accounts", &[]).await?[0].int(0)?);
        }
        Ok(counts)
    }
}

#[tokio::test]
async fn a_read_without_a_transaction_gets_one_where_it_needs_it() {
    TestStores::each_with(TABLES, async |store| {
        store.run(insert(1, "a", 10)).await.unwrap();
        for looks in [0, 1, 3, 1] {
            let before = store.stats().reads;
            assert_eq!(store.read(Looks(looks)).await, Ok(vec![1; looks]));
            assert_eq!(store.stats().reads, before + 1, "one read, also where it began twice");
        }
    })
    .await;
}

#[tokio::test]
async fn migrations_are_taken_once_by_whoever_comes_first() {
    TestStores::each_with(&[], async |store: Store| {
        // Several connections are open before the race begins, or one would be done before the others start.
        let (one, two) = tokio::join!(store.pending(TABLES), store.pending(TABLES));
        assert_eq!((one, two), (Ok(vec![1, 2]), Ok(vec![1, 2])));
        let (one, two) = tokio::join!(store.migrate(&TABLES[..1], 3), store.migrate(&TABLES[..1], 3));
        assert_eq!([one.unwrap(), two.unwrap()].concat(), [1]);
        assert_eq!(store.pending(TABLES).await, Ok(vec![2]));
        let (one, two) = tokio::join!(store.migrate(TABLES, 4), store.migrate(TABLES, 4));
        assert_eq!([one.unwrap(), two.unwrap()].concat(), [2]);
        let older = store.migrate(&TABLES[..1], 5).await.unwrap_err().to_string();
        assert!(older.contains("migration 2 (moves)") && older.contains("newer program"), "{older}");
    })
    .await;
}

#[tokio::test]
async fn a_failed_migration_keeps_the_steps_before_it_and_nothing_of_its_own() {
    const BAD: &[Migration] = &[
        TABLES[0],
        Migration {
            version: 2,
            name: "bad",
            sql: "CREATE TABLE half (a BIGINT); CREATE TABLE accounts (a BIGINT)",
        },
    ];
    TestStores::each_with(&[], async |store: Store| {
        let failed = store.migrate(BAD, 1).await.unwrap_err().to_string();
        assert!(failed.starts_with("migration 2 (bad) failed"), "{failed}");
        let tables: Vec<String> = dump_all(&store).await.into_keys().collect();
        assert_eq!(tables, ["accounts", "schema_migrations"]);
        assert_eq!(store.migrate(TABLES, 2).await, Ok(vec![2]));
    })
    .await;
}

#[tokio::test]
async fn a_dump_sees_every_table_and_every_change() {
    TestStores::each_with(TABLES, async |store: Store| {
        let empty = dump_all(&store).await;
        assert_eq!(empty.keys().collect::<Vec<_>>(), ["accounts", "moves", "schema_migrations"]);
        store.run(insert(1, "a", 1)).await.unwrap();
        let one = dump_all(&store).await;
        assert_ne!(empty, one);
        batch(&store, "UPDATE accounts SET total = 2").await;
        assert_ne!(one, dump_all(&store).await);
    })
    .await;
}

#[tokio::test]
async fn the_tables_of_redress_exist_on_every_engine() {
    TestStores::each(async |store: Store| {
        assert_eq!(store.pending(crate::MIGRATIONS).await, Ok(vec![]));
        assert!(dump_all(&store).await.contains_key("refunds"));
    })
    .await;
}

#[tokio::test]
async fn the_database_says_how_it_is_set() {
    TestStores::each(|store| async move {
        let settings = store.database_settings().await.unwrap();
        let value = |name: &str| settings.iter().find(|(known, _)| known == name).map(|(_, value)| &**value);
        match store.engine() {
            Engine::Sqlite => assert_eq!(value("synchronous"), Some("2"), "FULL"),
            Engine::Postgres => assert!(value("fsync").is_some() && value("synchronous_commit").is_some()),
        }
    })
    .await;
}
