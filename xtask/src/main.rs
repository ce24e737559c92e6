//! The project's own tool: `cargo xtask COMMAND`. Plain std, because it is compiled first on a fresh machine.

mod bench;
mod browser;
mod ci;
mod conformance;
mod fuzz;
mod model;
mod mutants;
mod npm;
mod run;
mod sim;
mod test;
mod tidy;
mod torture;

use std::process::ExitCode;

use redress_cluster::Outcome;

const HELP: &str = "\
cargo xtask COMMAND

  test [--no-pg-install] [--without-postgres] [--no-browser-install] [--without-browser] [ARGS...]
          every test, on SQLite and on a throw-away PostgreSQL, the portal's in Chromium; ARGS go to the test runner
  screenshots DIR
          a picture of each page of the portal: two widths, light and dark, every language
  bench accept [--payments N] [--seconds N] [--rows A,B,...] [--json] [--no-pg-install] [--without-postgres] [ARGS...]
          how fast refunds are accepted, beside what the machine could do; `bench accept --help` has the rest
  bench settle [--refunds N] [--rounds N] [--json] [--no-pg-install] [--without-postgres] [ARGS...]
          refunds accepted, executed at the sandbox, settled and told, beside the same number only accepted
  bench events [--events N] [--json] [ARGS...]
          how fast the feed of events is read from the embedded store
  bench portal [--rows N] [--times N] [--keep] [--json] [ARGS...]
          how fast the portal's pages are answered, and how large they are
  torture [--kills N] [--engine sqlite|postgres|both] [--processes 1|2] [--database none|cut|restart|failover]
          [--seed S] [--json] [--no-pg-install]
          the released program as real processes: killed, cut off from its database, and judged from outside
  sim [--seeds N] [--seed S] [--threads N]
          the simulator: N seeds counted up from S (1 where left out); S alone replays one and prints its log
  mutants [ARGS...]
          the rules of money broken one by one: does a test notice? ARGS go to cargo-mutants; takes long
  fuzz [--target NAME] [--seconds N] [--seed S]
          looks for inputs that break a parser, guided by coverage; N seconds (60) for each target, or for one
  model [--psp KIND] [--crashes N] [ARGS...]
          every order of events within bounds, played against the functions that decide; `model --help` has the rest
  conformance [DIR]
          what others wrote, run against us: libraries, clients, a mock, validators; DIR holds official descriptions
  tidy    what compilers do not check: file lengths, walls between crates, words, links
  ci [--only STEP,...]
          fmt, clippy, tidy, test, demo: what must hold before a change is taken
";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let (command, rest) = args.split_first().map_or(("help", &[][..]), |(c, rest)| (c.as_str(), rest));
    let outcome = match command {
        "test" => test::command(rest),
        "screenshots" => test::screenshots(rest),
        "bench" => bench::command(rest),
        "mutants" => mutants::command(rest),
        "torture" => torture::command(rest),
        "sim" => sim::command(rest),
        "model" => model::command(rest),
        "fuzz" => fuzz::command(rest),
        "conformance" => conformance::command(rest),
        "tidy" if rest.is_empty() => tidy::command(),
        "ci" => ci::command(rest),
        "help" | "-h" | "--help" => {
            print!("{HELP}");
            Ok(())
        }
        _ => Err(format!("no such command: {}\n\n{HELP}", args.join(" "))),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(said) => {
            eprintln!("xtask: {said}");
            ExitCode::FAILURE
        }
    }
}
