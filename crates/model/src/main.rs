//! `cargo xtask model`: checks the models to the end of their bounds, takes each guard away, and prints both tables.

use redress_model::{Bounds, Kind, Redress, Without, check, find};
use std::process::ExitCode;
use std::time::{Duration, Instant};

const HELP: &str = "\
cargo xtask model [--psp KIND] [--refunds N] [--captured N] [--threads N] [--no-guards] [--BOUND N]...

Without bounds: what the tests check. KIND is one of key-and-query, key-only, by-id, list, bare-list, blind,
one-at-a-time, bounded. BOUND is one of crashes, copies, silences, unsent, verdicts, reversals, cancels, forgeries,
closings (each kind of trouble), troubles (all of them together), sends (of one refund), queries (about one refund at
once), notices (under way at once). Where one kind of trouble is allowed more often than all of them together, and
--troubles is not given, all of them together are allowed as often.
";

/// What the command line asks for.
struct Asked {
    kinds: Vec<Kind>,
    bounds: Vec<(String, u8)>,
    captured: Option<i64>,
    refunds: Option<u8>,
    threads: usize,
    guards: bool,
}

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    if args.iter().any(|arg| arg == "--help" || arg == "-h") {
        print!("{HELP}");
        return ExitCode::SUCCESS;
    }
    match read(args.into_iter()) {
        Err(said) => {
            eprint!("{said}{HELP}");
            ExitCode::FAILURE
        }
        Ok(asked) => {
            let mut holds = models(&asked);
            if asked.guards {
                holds &= guards(asked.threads);
            }
            if holds { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
    }
}

fn read(mut args: impl Iterator<Item = String>) -> Result<Asked, String> {
    let mut asked = Asked {
        kinds: Kind::ALL.to_vec(),
        bounds: Vec::new(),
        captured: None,
        refunds: None,
        threads: 2,
        guards: true,
    };
    while let Some(arg) = args.next() {
        if arg == "--no-guards" {
            asked.guards = false;
            continue;
        }
        let name = arg.strip_prefix("--").ok_or_else(|| format!("{arg}: not an option\n"))?;
        let value = args.next().ok_or_else(|| format!("{arg} wants a value\n"))?;
        let number = || value.parse::<u8>().map_err(|_| format!("{arg} {value}: not a number up to 255\n"));
        match name {
            "psp" => {
                asked.kinds = vec![Kind::parse(&value).ok_or_else(|| format!("{value}: no such kind\n"))?];
            }
            "captured" => asked.captured = Some(number()?.into()),
            "refunds" => asked.refunds = Some(number()?.clamp(1, 2)),
            "threads" => asked.threads = number()?.max(1).into(),
            bound if Bounds::NAMES.contains(&bound) => asked.bounds.push((bound.to_owned(), number()?)),
            _ => return Err(format!("{arg}: no such option\n")),
        }
    }
    Ok(asked)
}

fn models(asked: &Asked) -> bool {
    println!("| PSP | captured | bounds | states | longest way | time |\n|---|---|---|---|---|---|");
    let mut holds = true;
    for model in asked.kinds.iter().flat_map(|kind| Redress::default_models(*kind)) {
        let mut model = model;
        if asked.refunds.is_some_and(|refunds| refunds != model.bounds.refunds) {
            continue;
        }
        model.captured = asked.captured.unwrap_or(model.captured);
        for (name, bound) in &asked.bounds {
            if let Some(known) = model.bounds.by_name(name) {
                *known = *bound;
            }
        }
        if !asked.bounds.iter().any(|(name, _)| name == "troubles") {
            let most =
                asked.bounds.iter().filter(|(name, _)| Bounds::is_trouble(name)).map(|(_, bound)| *bound);
            model.bounds.troubles = model.bounds.troubles.max(most.max().unwrap_or(0));
        }
        let (checked, took) = timed(|| check(model, asked.threads));
        let shown = format!(
            "{} refunds, {} troubles, {} sends",
            model.bounds.refunds, model.bounds.troubles, model.bounds.sends
        );
        let (kind, captured) = (model.kind.name(), model.captured);
        println!(
            "| {kind} | {captured} | {shown} | {} | {} steps | {:.1?} |",
            checked.states, checked.depth, took
        );
        for (property, way) in &checked.broken {
            println!("\nBROKEN: {property}\n{way}");
        }
        for name in &checked.not_reached {
            println!("\nNEVER REACHED: {name}");
        }
        holds &= checked.broken.is_empty() && checked.not_reached.is_empty();
    }
    holds
}

fn guards(threads: usize) -> bool {
    println!("\n| without | PSP | what breaks | states until found |\n|---|---|---|---|");
    let mut caught = true;
    for without in Without::ALL {
        let (model, property) = Redress::missing(without);
        match find(model, property, threads) {
            Some(broke) => {
                println!("| {without:?} | {} | {property} | {} |", model.kind.name(), broke.states);
            }
            None => {
                caught = false;
                println!("| {without:?} | {} | NOT FOUND: {property} | |", model.kind.name());
            }
        }
    }
    caught
}

#[expect(
    clippy::disallowed_methods,
    reason = "a person wants to know how long it took; nothing depends on it"
)]
fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let started = Instant::now();
    let done = work();
    (done, started.elapsed())
}
