//! On PostgreSQL: tables by command only, and any number of equal servers.

use std::os::unix::fs::PermissionsExt;

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

/// A machine that was not given the file of the second step yet would seal everything with the old key again.
#[tokio::test]
async fn a_rotation_goes_on_only_to_a_key_that_is_named() {
    let Some(schema) = Schema::new("it_rotate").await else { return };
    let place = Place::new();
    let key = place.file("master.key", "mk-1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n");
    std::fs::set_permissions(&key, PermissionsExt::from_mode(0o600)).unwrap();
    let settings = format!("[store]\nurl = {:?}\nmaster_key_file = {key:?}\n", schema.url);
    let file = place.file("redress.toml", &settings);
    let config = ["--config", file.to_str().unwrap()];
    let command = |words: &str| run(&[&words.split(' ').collect::<Vec<_>>()[..], &config].concat(), &[]);
    let ok = |words: &str| {
        let ran = command(words);
        assert_eq!(ran.code, 0, "{words}: {ran:?}");
        ran.out
    };
    ok("migrate");
    ok("merchant add --name Shop --code M1");
    ok("key add --merchant M1 --kind portone");
    ok("key rotate-master");
    let first_step = std::fs::read_to_string(&key).unwrap();
    let new = first_step.lines().last().unwrap().split_once(':').unwrap().0.to_owned();
    ok(&format!("key rotate-master --to {new}"));
    let second_step = std::fs::read_to_string(&key).unwrap();

    std::fs::write(&key, &first_step).unwrap();
    let refused = command("key rotate-master");
    assert!(refused.code == 1 && refused.err.contains("--to mk-1"), "{refused:?}");
    assert_eq!(std::fs::read_to_string(&key).unwrap(), first_step);
    let doctor = command("doctor");
    assert!(doctor.out.contains("lacks the newest key file"), "{doctor:?}");

    std::fs::write(&key, &second_step).unwrap();
    assert!(ok("key rotate-master --drop-old").contains("dropped mk-1"), "nothing is sealed with it again");
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
