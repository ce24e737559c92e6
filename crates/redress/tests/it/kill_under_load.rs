//! SIGKILL at random moments under load, and what happens to PostgreSQL under load: short runs of `cargo xtask torture`,
//! with its judge.

use std::path::Path;

use redress_cluster::find_programs;
use redress_torture::database::Database;
use redress_torture::run::{Engine, Plan, run};

use crate::harness::{Kind, PROGRAM};

const KILLS: u64 = 10;

/// The same in every run; what the processes make of it is up to the machine.
const SEED: u64 = 1;

fn plan(engine: Engine) -> Option<Plan> {
    let postgres = match engine {
        Engine::Sqlite => None,
        // Where tests have no PostgreSQL, or only one that somebody else runs, none is started here.
        Engine::Postgres if !Kind::Postgres.is_here() => return None,
        Engine::Postgres => match find_programs() {
            Some(programs) => Some(programs),
            None => {
                eprintln!("left out: PostgreSQL's programs are not here");
                return None;
            }
        },
    };
    let program = Path::new(PROGRAM).to_owned();
    Some(Plan { program, postgres, engine, processes: 1, kills: 0, database: None, seed: SEED, talks: false })
}

fn ends_well(plan: &Plan) {
    let report = run(plan);
    assert!(report.findings.is_empty(), "files in {:?}: {:#?}", report.files, report.findings);
    let counts = (&report.asked, report.ended, report.effects);
    // Enough that it met something.
    assert!(report.ended > 20 && report.effects > 20, "{counts:?}");
}

#[test]
fn kills_under_load_lose_and_double_nothing_on_sqlite() {
    let plan = plan(Engine::Sqlite).expect("SQLite is always here");
    ends_well(&Plan { kills: KILLS, ..plan });
}

#[test]
fn kills_under_load_lose_and_double_nothing_on_postgres() {
    if let Some(plan) = plan(Engine::Postgres) {
        ends_well(&Plan { kills: KILLS, processes: 2, ..plan });
    }
}

#[test]
fn a_broken_way_to_postgres_loses_and_doubles_nothing() {
    if let Some(plan) = plan(Engine::Postgres) {
        ends_well(&Plan { database: Some((Database::Cut, 10)), ..plan });
    }
}

#[test]
fn a_crash_of_postgres_loses_and_doubles_nothing() {
    if let Some(plan) = plan(Engine::Postgres) {
        ends_well(&Plan { database: Some((Database::Restart, 2)), ..plan });
    }
}

#[test]
fn a_synchronous_standby_takes_over_and_nothing_is_lost_or_doubled() {
    if let Some(plan) = plan(Engine::Postgres) {
        ends_well(&Plan { database: Some((Database::Failover, 1)), processes: 2, ..plan });
    }
}
