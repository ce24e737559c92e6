//! A backup of a running server, and what a store that was restored from it does.

use std::net::TcpListener;
use std::path::PathBuf;
use std::time::Duration;

use redress_store::{MIGRATIONS, Role, SqliteConfig, Store};

use crate::harness::merchant::Merchant;
use crate::harness::payment::{Payment, Psp};
use crate::harness::time::{LIMIT, pass, until};
use crate::harness::{Kind, Server, Site, Tuning};
use crate::program::{Place, is_private, run};

const CAPTURED: i64 = 1_000_000;
const AMOUNT: i64 = 250_000;

fn set(site: &Site, merchant: &Merchant, psp: Psp, word: &str) {
    assert_eq!(site.run(&format!("psp-account {word} {}", merchant.account(psp))).code, Some(0));
}

fn succeeded(merchant: &Merchant, server: &Server, payment: &Payment) {
    until("success", LIMIT, || {
        let (refunds, _) = merchant.refunds(server, payment);
        (refunds.len() == 1 && refunds[0].status == "SUCCESS").then_some(())
    });
}

/// A refund at each of two PSPs, queued: one PSP takes the same key as the same request, the other never.
fn queued(site: &Site, server: &Server, merchant: &Merchant) -> [(Psp, Payment); 2] {
    [Psp::Momo, Psp::Tap].map(|psp| {
        let payment = site.payment(server, merchant, psp, CAPTURED);
        set(site, merchant, psp, "pause");
        // A running server heeds it within a second.
        pass(Duration::from_millis(1_100));
        merchant.sgate_refund(&payment, AMOUNT, &payment.order_ref).answer(&server.at).expect(200);
        (psp, payment)
    })
}

#[test]
fn what_was_queued_in_the_backup_and_sent_since_is_never_sent_again() {
    let site = Site::new(Kind::Sqlite, Tuning::default());
    let mut server = site.serve(0);
    let merchant = site.merchant(None);
    let payments = queued(&site, &server, &merchant);
    let file = site.dir().join("backup.db");
    assert_eq!(site.run(&format!("backup --to {}", file.display())).code, Some(0));
    for (psp, payment) in &payments {
        assert!(site.effects(payment).is_empty(), "it waits");
        set(&site, &merchant, *psp, "resume");
        succeeded(&merchant, &server, payment);
    }
    server.kill();
    for suffix in ["", "-wal", "-shm"] {
        let _ = std::fs::remove_file(site.dir().join(format!("redress.db{suffix}")));
    }
    assert_eq!(site.run(&format!("restore --verify --from {}", file.display())).code, Some(0));
    let server = site.serve(0);
    for (psp, payment) in &payments {
        set(&site, &merchant, *psp, "resume");
        succeeded(&merchant, &server, payment);
        assert_eq!(site.effects(payment).len(), 1, "{psp:?} gave the money back twice");
    }
    site.verify();
}

/// As PostgreSQL's own tools copy a database and put it back, within one schema.
const COPY: &str = "DO $$ DECLARE t text; BEGIN \
     FOR t IN SELECT tablename FROM pg_tables WHERE schemaname = current_schema() LOOP \
     EXECUTE format('CREATE TABLE %I AS TABLE %I', 'copy_of_' || t, t); END LOOP; END $$";
/// All but the tables that others refer to, in which nothing has changed but that the accounts send.
const PUT_BACK: &str = "DO $$ DECLARE t text; BEGIN \
     FOR t IN SELECT tablename FROM pg_tables WHERE schemaname = current_schema() \
     AND left(tablename, 8) <> 'copy_of_' AND tablename NOT IN ('merchants', 'psp_accounts', 'portal_users') LOOP \
     EXECUTE format('DELETE FROM %I', t); \
     EXECUTE format('INSERT INTO %I TABLE %I', t, 'copy_of_' || t); END LOOP; END $$";
const IN_PLACE: &str = "restore --in-place --copied-at 2020-01-01T00:00:00Z";

#[test]
fn what_was_queued_in_a_copy_of_postgres_and_sent_since_is_never_sent_again() {
    if !Kind::Postgres.is_here() {
        return;
    }
    let site = Site::new(Kind::Postgres, Tuning::default());
    let mut server = site.serve(0);
    let merchant = site.merchant(None);
    let payments = queued(&site, &server, &merchant);
    site.batch(COPY);
    for (psp, payment) in &payments {
        set(&site, &merchant, *psp, "resume");
        succeeded(&merchant, &server, payment);
    }
    server.kill();
    site.batch(PUT_BACK);
    // Until PostgreSQL knows that the server is gone it is refused.
    until("restore", LIMIT, || (site.run(&format!("{IN_PLACE} --verify")).code == Some(0)).then_some(()));
    let server = site.serve(0);
    for (psp, payment) in &payments {
        // Its account is paused, and it is looked for all the same.
        succeeded(&merchant, &server, payment);
        assert_eq!(site.effects(payment).len(), 1, "{psp:?} gave the money back twice");
    }
    site.verify();
}

#[test]
fn a_database_of_postgres_that_is_served_is_left_as_it_is() {
    if !Kind::Postgres.is_here() {
        return;
    }
    let site = Site::new(Kind::Postgres, Tuning::default());
    let merchant = site.merchant(None);
    let settings = site.dir().join("server-0.toml");
    let words = format!("{IN_PLACE} --config {}", settings.display());
    let restore = || run(&words.split(' ').collect::<Vec<_>>(), &[]);
    let accounts_are = |state: &str| {
        let accounts = site.json(&format!("psp-account list --merchant {}", merchant.code));
        let accounts = accounts.as_array().unwrap();
        assert!(
            accounts.len() == 2 && accounts.iter().all(|account| account["state"] == state),
            "{accounts:?}"
        );
    };
    let refused = || {
        let ran = restore();
        assert!(ran.code == 1 && ran.err.contains("servers use the database"), "{ran:?}");
        assert!(ran.err.contains("since 2") && ran.err.contains("stop all of them"), "{ran:?}");
        accounts_are("active");
    };
    let done = || {
        until("restore", LIMIT, || (restore().code == 0).then_some(()));
        accounts_are("paused");
        for psp in Psp::ALL {
            set(&site, &merchant, psp, "resume");
        }
    };
    let [mut first, mut second] = [0, 1].map(|number| site.serve(number));
    first.kill();
    refused();
    second.process.terminate();
    assert!(second.process.ended(LIMIT).success());
    done();
    let mut server = site.serve(0);
    refused();
    server.kill();
    done();
}

/// A place with a secret in it, its backup, and an empty place with the same key.
fn backed_up() -> (Place, PathBuf, Place) {
    let place = Place::new();
    place.ok("merchant add --name Shop --code M1");
    place.ok("key add --merchant M1 --kind portone");
    let file = place.data().with_file_name("backup.db");
    place.ok(&format!("backup --to {}", file.display()));
    let empty = Place::new();
    std::fs::create_dir(empty.data()).unwrap();
    std::fs::copy(place.data().join("master.key"), empty.data().join("master.key")).unwrap();
    (place, file, empty)
}

#[test]
fn a_backup_is_private_named_once_and_says_what_is_not_in_it() {
    let (place, file, _) = backed_up();
    assert!(is_private(&file));
    let before = std::fs::read(&file).unwrap();
    let again = place.run(&format!("backup --to {}", file.display()));
    assert!(again.code == 1 && again.err.contains("there already"), "{again:?}");
    assert_eq!(std::fs::read(&file).unwrap(), before);
    let other = file.with_file_name("other.db");
    let said = place.ok(&format!("backup --to {}", other.display()));
    assert!(said.contains("MASTER KEY IS NOT IN IT") && said.contains("master.key"), "{said}");
    let manifest = place.json(&format!("backup --to {}", other.with_extension("2.db").display()));
    assert_eq!(manifest["master_keys"].as_array().unwrap().len(), 1);
    let left = std::fs::read_dir(file.parent().unwrap()).unwrap();
    assert!(
        !left.map(|file| file.unwrap().file_name()).any(|name| name.to_str().unwrap().contains("partial"))
    );
    let (third, beside) = (other.with_extension("3.db"), other.with_extension("3.db.json"));
    std::fs::write(&beside, "somebody's").unwrap();
    let refused = place.run(&format!("backup --to {}", third.display()));
    assert!(refused.code == 1 && refused.err.contains("3.db.json is there already"), "{refused:?}");
    assert!(!third.exists() && std::fs::read(&beside).unwrap() == b"somebody's");
    assert_eq!(place.run("backup --to /nowhere/b.db").code, 2);
    let url = [("REDRESS_STORE_URL", "postgres://h/d"), ("REDRESS_STORE_MASTER_KEY_FILE", "/nowhere")];
    let postgres = run(&["backup", "--to", "/nowhere/b.db"], &url);
    assert!(postgres.code == 2 && postgres.err.contains("pg_dump"), "{postgres:?}");
}

fn names_of(place: &Place) -> impl Iterator<Item = String> {
    let entries = std::fs::read_dir(place.data()).unwrap();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap())
}

#[test]
fn a_restore_is_refused_where_anything_is_in_doubt_and_leaves_nothing() {
    let (place, file, empty) = backed_up();
    let restore =
        |place: &Place, file: &PathBuf| place.run(&format!("restore --verify --from {}", file.display()));
    let refused = |place: &Place, file: &PathBuf, says: &str| {
        let ran = restore(place, file);
        assert!(ran.code == 1 && ran.err.contains(says), "{says}: {ran:?}");
        assert!(!names_of(place).any(|name| name.contains("restoring")));
    };
    refused(&place, &file, "is there already");
    let server = place.serve(&[]);
    refused(&place, &file, "another server uses this database");
    drop(server);
    let key = empty.data().join("master.key");
    let right = std::fs::read(&key).unwrap();
    std::fs::write(&key, "mk-other:AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=\n").unwrap();
    refused(&empty, &file, "needs the master key mk-");
    std::fs::remove_file(&key).unwrap();
    refused(&empty, &file, "put the master key file at");
    std::fs::write(&key, &right).unwrap();
    let changed = file.with_file_name("changed.db");
    let mut content = std::fs::read(&file).unwrap();
    let end = content.len() - 1;
    content[end] ^= 1;
    std::fs::write(&changed, &content).unwrap();
    refused(&empty, &changed, "--copied-at");
    std::fs::copy(file.with_file_name("backup.db.json"), changed.with_file_name("changed.db.json")).unwrap();
    refused(&empty, &changed, "not what its manifest describes");
    assert!(!empty.data().join("redress.db").exists());
    // As of a restore that was killed, with a log that is not this copy's.
    for suffix in ["", "-wal", "-shm"] {
        std::fs::write(empty.data().join(format!("redress.db.restoring{suffix}")), "cut off").unwrap();
    }
    let done = restore(&empty, &file);
    assert!(done.code == 0 && done.out.contains("PAUSED"), "{done:?}");
    assert!(is_private(&empty.data().join("redress.db")));
    assert!(!names_of(&empty).any(|name| name.contains("restoring")));
    assert_eq!(empty.json("key list --merchant M1").as_array().unwrap().len(), 1);
}

#[test]
fn where_a_restore_was_cut_off_no_empty_store_is_made() {
    let (_source, file, place) = backed_up();
    let data = place.data();
    std::fs::write(data.join("redress.db.restoring"), "cut off").unwrap();
    // Its address is taken, so that a server which comes so far ends.
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    for words in ["serve", "migrate", "merchant add --name Shop", "merchant list"] {
        let words: Vec<_> = words.split(' ').chain(["--data", data.to_str().unwrap()]).collect();
        let ran = run(&words, &[("REDRESS_SERVER_LISTEN", &address)]);
        assert!(ran.code == 2 && ran.err.contains("`redress restore`"), "{words:?}: {ran:?}");
        assert!(!data.join("redress.db").exists(), "{words:?}");
    }
    let seen = place.run("doctor");
    assert!(seen.out.contains("`redress restore`"), "{seen:?}");
    place.ok(&format!("restore --verify --from {}", file.display()));
    assert_eq!(place.json("merchant list").as_array().unwrap().len(), 1);
    place.ok("migrate");
}

#[tokio::test]
async fn a_store_with_older_tables_is_backed_up_as_it_is() {
    const OLDER: usize = 8;
    let (_, _, place) = backed_up();
    let older = SqliteConfig::at(place.data().join("redress.db"));
    Store::open_sqlite(&older, Role::Server).unwrap().migrate(&MIGRATIONS[..OLDER], 0).await.unwrap();
    let file = place.data().with_file_name("older.db");
    let manifest = place.json(&format!("backup --to {}", file.display()));
    assert_eq!(manifest["schema_version"], 8);
    assert_eq!(manifest["master_keys"], serde_json::json!([]));
    for suffix in ["", "-wal", "-shm"] {
        let _ = std::fs::remove_file(place.data().join(format!("redress.db{suffix}")));
    }
    let said = place.ok(&format!("restore --verify --from {}", file.display()));
    assert!(!said.contains("took migration 8\n") && said.contains("took migration 9\n"), "{said}");
}
