//! `cargo xtask torture`: Redress as real processes, killed and cut off, and judged from outside.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, ValueEnum};
use redress_torture::database::Database;
use redress_torture::report::{print_json, print_table};
use redress_torture::run::{Engine, Plan, Report, run};
use redress_torture::time::unix_seconds;

/// Things done to the database in one run, by default.
const CUTS: u64 = 60;
const RESTARTS: u64 = 8;
const FAILOVERS: u64 = 4;

/// Kill, cut off and judge Redress as real processes
#[derive(Debug, Parser)]
#[command(name = "cargo xtask torture", disable_version_flag = true)]
struct Args {
    /// Kills of each run
    #[arg(long, default_value_t = 200)]
    kills: u64,
    /// On which database
    #[arg(long, value_enum, default_value_t = On::Both)]
    engine: On,
    /// With so many server processes, 1 or 2; left out, both (SQLite: 1)
    #[arg(long, value_parser = clap::value_parser!(u8).range(1..=2))]
    processes: Option<u8>,
    /// What happens to PostgreSQL; left out, all of it, after the kills
    #[arg(long, value_enum)]
    database: Option<Happens>,
    /// Draws everything that is drawn; left out, the time
    #[arg(long)]
    seed: Option<u64>,
    /// Print the figures as JSON instead of a table
    #[arg(long)]
    json: bool,
    /// The program under test
    #[arg(long)]
    program: PathBuf,
    /// Where PostgreSQL's programs are
    #[arg(long)]
    postgres_programs: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum On {
    Sqlite,
    Postgres,
    Both,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Happens {
    /// Nothing: kills alone
    None,
    /// The way to it breaks
    Cut,
    /// It crashes and starts again
    Restart,
    /// Its synchronous standby takes over
    Failover,
}

fn main() -> ExitCode {
    let args = Args::parse();
    let seed = args.seed.unwrap_or_else(unix_seconds);
    let mut reports = Vec::new();
    for plan in plans(&args, seed) {
        eprintln!("==> {} (seed {seed})", plan.name());
        let mut report = catch_unwind(AssertUnwindSafe(|| run(&plan))).unwrap_or_else(|panic| {
            let said = panic.downcast_ref::<String>().map(String::as_str);
            let said = said.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("see above");
            Report { name: plan.name(), findings: vec![said.to_owned()], ..Report::default() }
        });
        report.judge_return();
        for finding in &report.findings {
            eprintln!("WRONG: {finding}");
        }
        if let Some(files) = &report.files {
            eprintln!("everything lies in {}", files.display());
        }
        reports.push(report);
    }
    let sound = reports.iter().all(|report| report.findings.is_empty());
    if args.json {
        print_json(seed, &reports);
    } else {
        print_table(&reports);
    }
    if sound {
        return ExitCode::SUCCESS;
    }
    eprintln!("something is wrong; the same again: --seed {seed}");
    ExitCode::FAILURE
}

fn plans(args: &Args, seed: u64) -> Vec<Plan> {
    let plan = |engine, processes, kills, database| Plan {
        program: args.program.clone(),
        postgres: args.postgres_programs.clone(),
        engine,
        processes,
        kills,
        database,
        seed,
        talks: true,
    };
    let mut plans = Vec::new();
    let with = |processes| args.processes.is_none_or(|given| usize::from(given) == processes);
    let kills_alone = matches!(args.database, None | Some(Happens::None));
    if args.engine != On::Postgres && kills_alone && with(1) {
        plans.push(plan(Engine::Sqlite, 1, args.kills, None));
    }
    if args.engine == On::Sqlite {
        return plans;
    }
    for processes in (1..=2).filter(|processes| kills_alone && with(*processes)) {
        plans.push(plan(Engine::Postgres, processes, args.kills, None));
    }
    let all = [
        (Happens::Cut, Database::Cut, CUTS),
        (Happens::Restart, Database::Restart, RESTARTS),
        (Happens::Failover, Database::Failover, FAILOVERS),
    ];
    let processes = usize::from(args.processes.unwrap_or(2));
    for (_, database, times) in all.into_iter().filter(|it| args.database.is_none_or(|given| given == it.0)) {
        plans.push(plan(Engine::Postgres, processes, 0, Some((database, times))));
    }
    plans
}
