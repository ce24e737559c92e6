//! On PostgreSQL: tables by command only, and any number of equal servers.

use redress_store::testing::{PG_URL_VARIABLE, batch};
use redress_store::{PgConfig, Store};

use crate::program::{Place, Server, request, run};

/// A schema of one test's own.
struct Schema {
    admin: Store,
    name: String,
    url: String,
}

impl Schema {
    /// `None`, and said so, where tests have no PostgreSQL.
    async fn new(name: &str) -> Option<Self> {
        let Ok(base) = std::env::var(PG_URL_VARIABLE) else {
            eprintln!("left out: {PG_URL_VARIABLE} names no database");
            return None;
        };
        let name = format!("{name}_{}", std::process::id());
        let admin = Store::open_postgres(&PgConfig { pool_size: 1, ..PgConfig::at(&base) }).unwrap();
        batch(&admin, &format!("CREATE SCHEMA {name}")).await;
        let joint = if base.contains('?') { '&' } else { '?' };
        let url = format!("{base}{joint}options=-c%20search_path%3D{name}");
        Some(Self { admin, name, url })
    }

    async fn drop_it(self) {
        batch(&self.admin, &format!("DROP SCHEMA {} CASCADE", self.name)).await;
    }
}

#[tokio::test]
async fn tables_come_by_command_only_and_servers_are_equal() {
    let Some(schema) = Schema::new("it_migrate").await else { return };
    let place = Place::new();
    let key = place.file("master.key", "mk-1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n");
    let settings = format!("[store]\nurl = {:?}\nmaster_key_file = {key:?}\n", schema.url);
    let file = place.file("redress.toml", &settings);
    let config = ["--config", file.to_str().unwrap()];
    let command = |words: &str| run(&[&words.split(' ').collect::<Vec<_>>()[..], &config].concat(), &[]);
    for words in ["serve", "merchant list"] {
        let early = command(words);
        assert!(early.code == 2 && early.err.contains("redress migrate"), "{early:?}");
    }
    let doctor = command("doctor");
    assert!(doctor.code == 1 && doctor.out.contains("FAIL  migrations"), "{doctor:?}");
    let migrated = command("migrate");
    assert!(migrated.code == 0 && migrated.out.contains("took migration 1"), "{migrated:?}");
    let again = command("migrate");
    assert!(again.code == 0 && !again.out.contains("took"), "{again:?}");
    assert_eq!(command("merchant add --name Shop --code M1").code, 0);

    let mut servers = [Server::start(&config, &[]), Server::start(&config, &[])];
    for server in &mut servers {
        assert_eq!(request(&server.address, "GET /readyz HTTP/1.1", "").0, 200);
        server.signal("TERM");
        assert_eq!(server.wait().code(), Some(0));
    }
    assert_eq!(command("verify").code, 0);
    schema.drop_it().await;
}

#[test]
fn a_database_that_is_not_there_is_told_without_its_password() {
    let place = Place::new();
    let key = place.file("master.key", "mk-1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n");
    let settings =
        format!("[store]\nurl = \"postgres://u:hunter2@127.0.0.1:1/d\"\nmaster_key_file = {key:?}\n");
    let file = place.file("redress.toml", &settings);
    for words in ["serve", "migrate", "doctor"] {
        let ran = run(&[words, "--config", file.to_str().unwrap()], &[]);
        assert_ne!(ran.code, 0, "{words}");
        assert!(!format!("{ran:?}").contains("hunter2"), "{ran:?}");
    }
}
