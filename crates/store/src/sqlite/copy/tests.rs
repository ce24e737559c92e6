use super::*;
use crate::ops::fixtures::{Cell, Sql, audit, bytes, id, queued, world};
use crate::sqlite::{Role, SqliteConfig};
use crate::store::Store;
use crate::testing::{TempDir, dump_all};

const ROWS: i64 = 3_000;

/// A merchant more, with a name so long that few of them fill a step.
fn merchant(n: i64) -> Sql {
    let text = "INSERT INTO merchants (merchant_id, code, name, created_at) VALUES ($1, $2, $3, 0)";
    let n32 = u32::try_from(n).unwrap();
    Sql(text, vec![bytes(&id(9, n32)), Cell::Text(format!("C{n}")), Cell::Text("x".repeat(1_500))])
}

async fn filled(path: &Path) -> Store {
    let store = Store::open_sqlite(&SqliteConfig::at(path), Role::Server).unwrap();
    store.migrate(crate::MIGRATIONS, 0).await.unwrap();
    world(&store).await;
    queued(&store, "order-1", "1.00", 1).await;
    for n in 0..ROWS {
        store.run(merchant(n)).await.unwrap();
    }
    store
}

fn empty(dir: &TempDir) -> std::path::PathBuf {
    let path = dir.path().join("copy.db");
    std::fs::File::create(&path).unwrap();
    path
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().build().unwrap()
}

#[test]
fn a_copy_is_all_of_one_moment_and_ends_though_the_server_writes_all_the_time() {
    let dir = TempDir::new();
    let path = dir.path().join("served.db");
    let runtime = runtime();
    let store = runtime.block_on(filled(&path));
    let before = runtime.block_on(dump_all(&store));
    let (mut steps, mut written) = (0, ROWS);
    let to = empty(&dir);
    copy_sqlite(&path, &to, |progress| {
        steps += 1;
        assert!(progress.pages <= progress.pages_total);
        // Between any two steps the server commits, and is not held up.
        runtime.block_on(store.run(merchant(written))).unwrap();
        written += 1;
    })
    .unwrap();
    assert!((3..100).contains(&steps), "{steps} steps: it is not read at once, nor from the start again");
    assert_ne!(runtime.block_on(dump_all(&store)), before, "the server went on");
    assert_eq!(check_sqlite(&to).unwrap(), Vec::<String>::new());
    let copy = Store::open_sqlite(&SqliteConfig::at(&to), Role::Server).unwrap();
    assert_eq!(runtime.block_on(dump_all(&copy)), before);
    assert_eq!(runtime.block_on(copy.pending(crate::MIGRATIONS)), Ok(Vec::new()));
    runtime.block_on(audit(&copy));
    drop(copy);
    assert!(!dir.path().join("copy.db-wal").exists(), "closed, it is one file");
}

#[test]
fn damage_is_found() {
    let dir = TempDir::new();
    let path = dir.path().join("served.db");
    let store = runtime().block_on(filled(&path));
    let to = empty(&dir);
    copy_sqlite(&path, &to, |_| {}).unwrap();
    let mut content = std::fs::read(&to).unwrap();
    let middle = content.len() / 2;
    content[middle..middle + 4_096].fill(0xa5);
    std::fs::write(&to, &content).unwrap();
    let damage = check_sqlite(&to);
    assert!(damage.as_ref().map_or(true, |damage| !damage.is_empty()), "{damage:?}");
    std::fs::write(&to, "no database at all, but of some length".repeat(100)).unwrap();
    assert!(check_sqlite(&to).is_err());
    let orphan = Connection::open(&to).and_then(|_| Connection::open(dir.path().join("orphans.db"))).unwrap();
    orphan
        .execute_batch(
            "PRAGMA foreign_keys = OFF; CREATE TABLE a (x INTEGER PRIMARY KEY); \
             CREATE TABLE b (x INTEGER REFERENCES a (x)); INSERT INTO b VALUES (7);",
        )
        .unwrap();
    drop(orphan);
    let lost = check_sqlite(&dir.path().join("orphans.db")).unwrap();
    assert!(lost.len() == 1 && lost[0].contains("a row of b"), "{lost:?}");
    drop(store);
}

#[test]
fn what_is_not_there_is_not_copied() {
    let dir = TempDir::new();
    let to = empty(&dir);
    assert!(copy_sqlite(&dir.path().join("nowhere").join("served.db"), &to, |_| {}).is_err());
    assert!(copy_sqlite(&to, &dir.path().join("not-made.db"), |_| {}).is_err());
}
