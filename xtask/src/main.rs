//! The project's own tool: `cargo xtask COMMAND`. Plain std, because it is compiled first on a fresh machine.

mod bench;
mod ci;
mod postgres;
mod run;
mod test;
mod tidy;

use std::process::ExitCode;

const HELP: &str = "\
cargo xtask COMMAND

  test [--no-pg-install] [--without-postgres] [ARGS...]
          every test, on SQLite and on a throw-away PostgreSQL; ARGS go to the test runner
  bench accept [--payments N] [--seconds N] [--rows A,B,...] [--json] [--no-pg-install] [--without-postgres] [ARGS...]
          how fast refunds are accepted, beside what the machine could do; `bench accept --help` has the rest
  tidy    what compilers do not check: file lengths, walls between crates, words, links
  ci [--only STEP,...]
          fmt, clippy, tidy, test, demo: what must hold before a change is taken
";

/// What a command answers: nothing, or a sentence for the person at the terminal.
type Outcome<T = ()> = Result<T, String>;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let (command, rest) = args.split_first().map_or(("help", &[][..]), |(c, rest)| (c.as_str(), rest));
    let outcome = match command {
        "test" => test::command(rest),
        "bench" => bench::command(rest),
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
