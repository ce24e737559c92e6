//! The benchmarks. `accept` measures how fast refunds are accepted, beside what the machine could do; what it prints
//! is explained in `docs/benchmarks.md`. It needs Linux: what a process used is read from `/proc`.
#![expect(clippy::float_arithmetic, reason = "rates and ratios for people; no money is counted here")]

mod accept;
mod answer;
mod copy;
mod disk;
mod events;
mod exchange;
mod job;
mod load;
mod measure;
mod peers;
mod pgbench;
mod place;
mod portal;
mod prepare;
mod process;
mod report;
mod requests;
mod runtime;
mod server;
mod settle;
mod sink;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

/// A sentence for the person at the terminal.
type Outcome<T = ()> = Result<T, String>;

/// The benchmarks of Redress.
#[derive(Parser)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// How fast refunds are accepted.
    Accept(AcceptArgs),
    /// How fast refunds are accepted, executed, settled and told.
    Settle(settle::SettleArgs),
    /// How fast the feed of events is read.
    Events(events::EventsArgs),
    /// How fast the portal's pages are answered, and how large they are.
    Portal(portal::PortalArgs),
    /// The PSPs, played; `settle` starts it.
    #[command(hide = true)]
    Sandbox,
    /// The merchant's endpoint; `settle` starts it.
    #[command(hide = true)]
    Sink,
    /// The server's side of one row; `accept` starts it.
    #[command(hide = true)]
    Server {
        /// What to serve.
        job: PathBuf,
    },
}

/// What `accept` measures.
#[derive(Args, Clone, Debug)]
struct AcceptArgs {
    /// Payments to load first; every refund is of another one, in random order.
    #[arg(long, default_value_t = 1_000_000, value_parser = clap::value_parser!(u32).range(1_000..=50_000_000))]
    payments: u32,
    /// Seconds to measure each row.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=280))]
    seconds: u64,
    /// Seconds before that, which do not count.
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u64).range(0..=20))]
    warm_up: u64,
    /// How often the rows on SQLite are measured, in turn. Each row shows its median round, each ratio is the median of
    /// those within the rounds: what a neighbour on the machine does to one of them decides nothing.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u8).range(1..=25))]
    rounds: u8,
    /// Connections, and callers of the bare operation.
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u16).range(1..=1_000))]
    connections: u16,
    /// Only these rows.
    #[arg(long, value_delimiter = ',', value_enum)]
    rows: Vec<report::RowName>,
    /// Where the databases go: on the disk that is to be measured, not in memory.
    #[arg(long, default_value = "target/bench")]
    dir: PathBuf,
    /// Leave the loaded database there and take it up again the next time.
    #[arg(long)]
    keep: bool,
    /// A throw-away PostgreSQL, with its durability on; without it its rows are left out.
    #[arg(long)]
    postgres_url: Option<String>,
    /// Where PostgreSQL's own programs are.
    #[arg(long)]
    postgres_programs: Option<PathBuf>,
    /// Print the figures as JSON instead of the table.
    #[arg(long)]
    json: bool,
}

fn main() -> ExitCode {
    let done = match Cli::parse().command {
        Command::Accept(args) => accept::run(&args),
        Command::Settle(args) => settle::run(&args),
        Command::Events(args) => events::run(&args),
        Command::Portal(args) => portal::run(&args),
        Command::Sandbox => peers::play(),
        Command::Sink => sink::run(),
        Command::Server { job } => server::run(&job),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(said) => {
            eprintln!("redress-bench: {said}");
            ExitCode::FAILURE
        }
    }
}
