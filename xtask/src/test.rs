//! `cargo xtask test`: every test, with a PostgreSQL and a browser beside them.

use std::{
    io::{BufRead, BufReader, IsTerminal, Read, Write},
    process::{Command, Stdio},
};

use redress_cluster::{Cluster, Durable, programs};

use crate::{
    Outcome,
    browser::{Browser, Wanted},
    run::{PROFILE, announce, cannot_start, cargo, run, succeeds, written_to_disk},
};

/// Names the database for the tests that need PostgreSQL.
const PG_URL: &str = "REDRESS_TEST_PG_URL";

const OURS: [&str; 4] =
    ["--no-pg-install", "--without-postgres", "--no-browser-install", "--without-browser"];

pub(crate) fn command(args: &[String]) -> Outcome {
    let (ours, theirs): (Vec<_>, Vec<_>) = args.iter().partition(|arg| OURS.contains(&arg.as_str()));
    let has = |name: &str| ours.iter().any(|arg| *arg == name);
    let given = std::env::var(PG_URL).ok().filter(|url| !url.is_empty());
    let cluster = match (&given, has("--without-postgres")) {
        (_, true) | (Some(_), _) => None,
        (None, false) => Some(Cluster::start(&programs(!has("--no-pg-install"))?, Durable::No)?),
    };
    let url = if has("--without-postgres") { None } else { given.or(cluster.as_ref().map(Cluster::url)) };
    let browser = Browser::get(match (has("--without-browser"), has("--no-browser-install")) {
        (true, _) => Wanted::Nothing,
        (false, true) => Wanted::Found,
        (false, false) => Wanted::Installed,
    });

    let mut total = Counts::default();
    let world = World { url, browser };
    let result = run_all(&theirs, &world, &mut total);
    drop(cluster);
    if world.url.is_none() {
        eprintln!("xtask: WITHOUT POSTGRESQL: every test on PostgreSQL was left out, and says nothing");
    }
    world.browser.warn();
    println!("{} passed, {} failed, {} skipped", total.passed, total.failed, total.skipped);
    result
}

/// Where the test in `crates/redress/tests/browser` puts its pictures.
const SCREENSHOTS: &str = "REDRESS_TEST_SCREENSHOTS";

/// `cargo xtask screenshots DIR`.
pub(crate) fn screenshots(args: &[String]) -> Outcome {
    let [dir] = args else { return Err("usage: cargo xtask screenshots DIR".into()) };
    std::fs::create_dir_all(dir).map_err(|error| format!("{dir}: {error}"))?;
    let dir = std::fs::canonicalize(dir).map_err(|error| format!("{dir}: {error}"))?;
    let browser = Browser::get(Wanted::Installed);
    if !browser.is_there() {
        browser.warn();
        return Err("there is no browser to make pictures with".into());
    }
    let mut test = cargo(["test", "--profile", PROFILE, "--workspace", "--test", "browser", "--"]);
    test.args(["--ignored", "photographs::"]).env(SCREENSHOTS, &dir);
    browser.tell(&mut test);
    run(&mut test)
}

/// What the tests are given besides the program.
struct World {
    /// Of a database that they may fill.
    url: Option<String>,
    browser: Browser,
}

impl World {
    fn tell<'c>(&self, command: &'c mut Command) -> &'c mut Command {
        self.browser.tell(command);
        match &self.url {
            Some(url) => command.env(PG_URL, url),
            None => command.env_remove(PG_URL),
        }
    }
}

fn run_all(args: &[&String], world: &World, total: &mut Counts) -> Outcome {
    let nextest = succeeds(&mut cargo(["nextest", "--version"]));
    let runner = || {
        let mut tests = if nextest {
            cargo(["nextest", "run", "--cargo-profile", PROFILE])
        } else {
            cargo(["test", "--profile", PROFILE])
        };
        if !args.iter().any(|arg| *arg == "-p" || arg.starts_with("--package")) {
            tests.arg("--workspace");
        }
        if !nextest && args.is_empty() {
            // The tests in the documentation follow on their own.
            tests.args(["--lib", "--bins", "--tests"]);
        }
        tests
    };
    if args.is_empty() {
        run(runner().arg("--no-run"))?;
        written_to_disk();
    }
    let mut tests = runner();
    // One run shows all that is broken.
    tests.arg("--no-fail-fast").args(args);
    let first = counted(world.tell(&mut tests), nextest, total);
    if !args.is_empty() {
        return first;
    }
    // Also after a failure.
    let mut docs = cargo(["test", "--workspace", "--doc", "--quiet", "--profile", PROFILE]);
    let second = counted(world.tell(&mut docs), false, total);
    first.and(second)
}

#[derive(Debug, Default, PartialEq, Eq)]
struct Counts {
    passed: u64,
    failed: u64,
    skipped: u64,
}

impl Counts {
    /// Adds what a summary line of either runner says; other lines say nothing.
    fn add_line(&mut self, line: &str) {
        // "Summary [ 0.1s] 9 tests run: 7 passed (1 slow), 2 failed, 1 skipped", or
        // "test result: ok. 7 passed; 2 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.98s".
        let line = without_colours(line);
        let Some((_, counts)) = line
            .split_once("tests run: ")
            .or_else(|| line.split_once("test run: "))
            .or_else(|| line.strip_prefix("test result: ").and_then(|rest| rest.split_once(". ")))
        else {
            return;
        };
        for part in counts.split([',', ';']) {
            let mut words = part.split_whitespace();
            let Some(Ok(n)) = words.next().map(str::parse::<u64>) else { continue };
            match words.next() {
                Some("passed") => self.passed += n,
                Some("failed" | "timed" | "exec") => self.failed += n,
                Some("skipped" | "ignored") => self.skipped += n,
                _ => {}
            }
        }
    }
}

fn without_colours(line: &str) -> String {
    let mut out = String::new();
    let mut rest = line;
    while let Some((before, after)) = rest.split_once('\u{1b}') {
        out.push_str(before);
        rest = after.split_once('m').map_or("", |(_, rest)| rest);
    }
    out + rest
}

/// Runs a test runner in the terminal and reads its summary along the way.
fn counted(command: &mut Command, nextest: bool, total: &mut Counts) -> Outcome {
    announce(command);
    // Nextest reports on the error stream, cargo's own runner on the output.
    if nextest {
        let colour = if std::io::stderr().is_terminal() { "always" } else { "never" };
        command.env("CARGO_TERM_COLOR", colour).stderr(Stdio::piped());
    } else {
        command.stdout(Stdio::piped());
    }
    let mut child = command.spawn().map_err(|error| cannot_start(command, &error))?;
    if let Some(stream) = child.stderr.take() {
        pass_on(stream, &mut std::io::stderr(), total);
    }
    if let Some(stream) = child.stdout.take() {
        pass_on(stream, &mut std::io::stdout(), total);
    }
    let status = child.wait().map_err(|error| error.to_string())?;
    if status.success() { Ok(()) } else { Err(format!("tests failed ({status})")) }
}

fn pass_on(from: impl Read, to: &mut impl Write, total: &mut Counts) {
    let mut from = BufReader::new(from);
    let mut line = Vec::new();
    while from.read_until(b'\n', &mut line).is_ok_and(|n| n > 0) {
        let _ = to.write_all(&line).and_then(|()| to.flush());
        total.add_line(&String::from_utf8_lossy(&line));
        line.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_runners_are_counted() {
        let mut counts = Counts::default();
        for line in [
            "     Summary [   0.103s] 9 tests run: 6 passed (1 slow), 1 failed, 1 timed out, 3 skipped",
            "\u{1b}[32m Summary\u{1b}[0m [ 1s] \u{1b}[1m1\u{1b}[0m test run: \u{1b}[1m1\u{1b}[0m passed, 0 skipped",
            "test result: FAILED. 4 passed; 2 failed; 1 ignored; 0 measured; 5 filtered out; finished in 0.98s",
            "running 28 tests",
            "a test says: 100 passed",
        ] {
            counts.add_line(line);
        }
        assert_eq!(counts, Counts { passed: 11, failed: 4, skipped: 4 });
    }
}
