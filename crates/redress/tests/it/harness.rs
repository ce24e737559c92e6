//! A whole Redress as its users run it, by the same parts as `cargo xtask torture`, with the database that tests have.

pub(crate) mod audit;

pub(crate) use redress_torture::site::{Effect, Server, Tuning};
pub(crate) use redress_torture::{merchant, payment, receiver, time, wire};

use std::ops::Deref;
use std::path::Path;

use redress_store::testing::{PG_URL_VARIABLE, batch};
use redress_store::{PgConfig, Store};
use redress_torture::process::free_address;
use redress_torture::site::Place;

/// The program under test.
pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_redress");

/// Which database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Sqlite,
    Postgres,
}

impl Kind {
    /// False, and said so, where tests have no PostgreSQL.
    pub(crate) fn is_here(self) -> bool {
        let here = self == Self::Sqlite || std::env::var_os(PG_URL_VARIABLE).is_some();
        if !here {
            let variable = PG_URL_VARIABLE;
            eprintln!("left out: {variable} names no database");
        }
        here
    }
}

/// A site, and its part of the database for tests.
pub(crate) struct Site {
    // Before the schema, so that nobody works on it any more when it goes.
    site: redress_torture::site::Site,
    schema: Option<Schema>,
}

impl Site {
    pub(crate) fn new(kind: Kind, tuning: Tuning) -> Self {
        let schema = (kind == Kind::Postgres).then(Schema::new);
        let place = schema.as_ref().map_or(Place::Sqlite, |schema| Place::Postgres(schema.url.clone()));
        let site = redress_torture::site::Site::new(Path::new(PROGRAM), place, tuning);
        Self { site, schema }
    }

    /// Runs statements in its part of the database, where that is PostgreSQL.
    pub(crate) fn batch(&self, sql: &str) {
        let schema = self.schema.as_ref().expect("on PostgreSQL");
        run_at(&schema.url, sql);
    }
}

impl Deref for Site {
    type Target = redress_torture::site::Site;

    fn deref(&self) -> &Self::Target {
        &self.site
    }
}

/// A schema of one test's own in the database for tests.
struct Schema {
    name: String,
    admin_url: String,
    url: String,
}

impl Schema {
    fn new() -> Self {
        let admin_url = std::env::var(PG_URL_VARIABLE).unwrap();
        let address = free_address();
        let name = format!("redress_it_{}_{}", std::process::id(), address.rsplit_once(':').unwrap().1);
        let joint = if admin_url.contains('?') { '&' } else { '?' };
        let url = format!("{admin_url}{joint}options=-c%20search_path%3D{name}");
        let schema = Self { name, admin_url, url };
        schema.run(&format!("CREATE SCHEMA {}", schema.name));
        schema
    }

    fn run(&self, sql: &str) {
        run_at(&self.admin_url, sql);
    }
}

fn run_at(url: &str, sql: &str) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let config = PgConfig { pool_size: 1, ..PgConfig::at(url) };
        batch(&Store::open_postgres(&config).unwrap(), sql).await;
    });
}

impl Drop for Schema {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.run(&format!("DROP SCHEMA {} CASCADE", self.name));
        }
    }
}
