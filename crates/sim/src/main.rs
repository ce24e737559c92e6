//! `cargo xtask sim`: runs seeds.

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};

use clap::Parser;
use redress_sim::defect::Defect;
use redress_sim::{Outcome, one};

/// Lines of the log that a failing seed shows.
const LINES_SHOWN: usize = 60;
/// Failing seeds after which no further one is begun.
const FAILURES_MAX: usize = 20;

/// The simulator: all of Redress in one thread under simulated time, with faults from a seed.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask sim")]
struct Args {
    /// Runs so many seeds, counted up from --seed.
    #[arg(long)]
    seeds: Option<u64>,
    /// The first seed; alone, that one is run and its whole log printed.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Threads; each runs one seed at a time. As many as the machine has, where left out.
    #[arg(long)]
    threads: Option<usize>,
}

fn main() -> ExitCode {
    let args = Args::parse();
    match args.seeds {
        None => replay(args.seed),
        Some(seeds) => {
            let machine = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
            many(args.seed, seeds, args.threads.unwrap_or(machine).max(1))
        }
    }
}

fn replay(seed: u64) -> ExitCode {
    let outcome = one(seed, Defect::None, true);
    for line in &outcome.log {
        println!("{line}");
    }
    println!("seed {seed}: {} lines, hash {:016x}", outcome.log_lines, outcome.log_hash);
    verdict(outcome.violations.is_empty())
}

fn verdict(good: bool) -> ExitCode {
    if good { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

#[derive(Default)]
struct Totals {
    seeds: u64,
    seconds: u64,
    counts: BTreeMap<&'static str, u64>,
    by_psp: BTreeMap<(&'static str, &'static str), u64>,
    failures: Vec<u64>,
}

#[expect(clippy::disallowed_methods, reason = "the time a batch took is told to the person who waits for it")]
fn many(first: u64, seeds: u64, threads: usize) -> ExitCode {
    let started = std::time::Instant::now();
    let (next, stop) = (AtomicU64::new(first), AtomicBool::new(false));
    let totals = Mutex::new(Totals::default());
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while !stop.load(Relaxed) {
                    let seed = next.fetch_add(1, Relaxed);
                    if seed >= first.saturating_add(seeds) {
                        return;
                    }
                    let outcome = one(seed, Defect::None, false);
                    let mut totals = totals.lock().unwrap_or_else(PoisonError::into_inner);
                    totals.add(&outcome);
                    if totals.failures.len() >= FAILURES_MAX {
                        stop.store(true, Relaxed);
                    }
                }
            });
        }
    });
    let totals = totals.into_inner().unwrap_or_else(PoisonError::into_inner);
    totals.print(started.elapsed().as_secs());
    verdict(totals.failures.is_empty())
}

impl Totals {
    fn add(&mut self, outcome: &Outcome) {
        self.seeds += 1;
        self.seconds += outcome.seconds;
        for (what, times) in &outcome.counts {
            *self.counts.entry(what).or_default() += times;
        }
        for (what, times) in &outcome.by_psp {
            *self.by_psp.entry(*what).or_default() += times;
        }
        if outcome.violations.is_empty() {
            return;
        }
        self.failures.push(outcome.seed);
        println!("seed {} FAILED", outcome.seed);
        for line in outcome.log.iter().rev().take(LINES_SHOWN).rev() {
            println!("  {line}");
        }
        for violation in &outcome.violations {
            println!("  violation: {violation}");
        }
        println!("  replay: cargo xtask sim --seed {}", outcome.seed);
    }

    fn print(&self, took_seconds: u64) {
        for (what, times) in &self.counts {
            println!("{times:>10}  {what}");
        }
        for ((psp, what), times) in &self.by_psp {
            println!("{times:>10}  at {psp}: {what}");
        }
        println!(
            "{} seeds, {} simulated hours, {took_seconds} s, {} failed {:?}",
            self.seeds,
            self.seconds / 3_600,
            self.failures.len(),
            self.failures
        );
    }
}
