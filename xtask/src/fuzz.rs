//! `cargo xtask fuzz`: looks for inputs that reach new code, with libFuzzer, and keeps some of them.
//!
//! The instrumentation is LLVM's own, asked for by stable flags, and libFuzzer comes as a package, so any toolchain that
//! builds the project will do. What is built lies below `target/fuzz`, as does the whole of what was found; `fuzz/corpus`
//! has the part that is worth keeping and that the tests replay.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use crate::{
    Outcome,
    run::{cargo, root, run, target},
};

/// LLVM's coverage, as libFuzzer reads it.
const FLAGS: [&str; 5] = [
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
];

/// How long one target is looked at unless told otherwise, in seconds.
const SECONDS: &str = "60";

/// So many found inputs of a target are kept, and so many bytes of them.
const KEPT_FILES_MAX: usize = 150;
const KEPT_BYTES_MAX: u64 = 32 * 1024;

/// No input is longer, in bytes.
const INPUT_BYTES_MAX: u32 = 4096;

/// Where the targets are told, one a line.
const LIST: &str = "crates/fuzz/src/targets/mod.rs";

struct Wanted {
    targets: Vec<String>,
    seconds: String,
    seed: Option<String>,
}

pub(crate) fn command(args: &[String]) -> Outcome {
    let wanted = wanted(args)?;
    let driver = build()?;
    let mut broken = Vec::new();
    for name in &wanted.targets {
        if let Err(said) = look(&driver, name, &wanted) {
            eprintln!("{name}: {said}");
            broken.push(name.as_str());
        }
        keep(&driver, name)?;
    }
    if broken.is_empty() {
        return Ok(());
    }
    Err(format!(
        "a promise was broken in {}: the inputs are below {}",
        broken.join(", "),
        artifacts("").display()
    ))
}

fn wanted(args: &[String]) -> Outcome<Wanted> {
    let list = fs::read_to_string(root().join(LIST)).map_err(|error| format!("{LIST}: {error}"))?;
    let known = names(&list);
    let mut wanted = Wanted { targets: Vec::new(), seconds: SECONDS.to_owned(), seed: None };
    let mut args = args.iter();
    while let Some(arg) = args.next() {
        let value = args.next().ok_or_else(|| format!("{arg} needs a value"))?;
        match arg.as_str() {
            "--target" if known.contains(value) => wanted.targets.push(value.clone()),
            "--target" => return Err(format!("no such target: {value}; there are {}", known.join(", "))),
            "--seconds" | "--seed" if value.parse::<u32>().is_err() => {
                return Err(format!("{arg} needs a number"));
            }
            "--seconds" => wanted.seconds.clone_from(value),
            "--seed" => wanted.seed = Some(value.clone()),
            _ => return Err(format!("no such option: {arg}")),
        }
    }
    if wanted.targets.is_empty() {
        wanted.targets = known;
    }
    Ok(wanted)
}

/// The names in the list of targets.
fn names(list: &str) -> Vec<String> {
    let named = |line: &str| {
        let (name, _) = line.trim().strip_prefix("Target { name: \"")?.split_once('"')?;
        Some(name.to_owned())
    };
    list.lines().filter_map(named).collect()
}

fn build() -> Outcome<PathBuf> {
    // Named, so that the flags reach what is fuzzed and not what builds it.
    let host = host()?;
    let into = target().join("fuzz");
    let mut build = cargo(["build", "--profile", "fuzz", "-p", "redress-fuzz", "--features", "driver"]);
    build.args(["--target", &host]).env("CARGO_TARGET_DIR", &into).env("RUSTFLAGS", FLAGS.join(" "));
    build.env_remove("CARGO_ENCODED_RUSTFLAGS");
    run(&mut build)?;
    Ok(into.join(host).join("fuzz/redress-fuzz"))
}

fn host() -> Outcome<String> {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let said = Command::new(rustc).arg("-vV").output().map_err(|error| format!("rustc: {error}"))?;
    let said = String::from_utf8_lossy(&said.stdout).into_owned();
    let host = said.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned).ok_or_else(|| "rustc names no host".to_owned())
}

fn committed(name: &str) -> PathBuf {
    root().join("fuzz/corpus").join(name)
}

fn found(name: &str) -> PathBuf {
    target().join("fuzz/found").join(name)
}

fn artifacts(name: &str) -> PathBuf {
    target().join("fuzz/artifacts").join(name)
}

fn driver(program: &Path, name: &str) -> Command {
    let mut driver = Command::new(program);
    driver.current_dir(root()).env("REDRESS_FUZZ_TARGET", name);
    driver.arg(format!("-max_len={INPUT_BYTES_MAX}"));
    driver
}

/// Looks for inputs, which all go below `target`.
fn look(program: &Path, name: &str, wanted: &Wanted) -> Outcome {
    for dir in [committed(name), found(name), artifacts(name)] {
        fs::create_dir_all(&dir).map_err(|error| format!("{}: {error}", dir.display()))?;
    }
    let mut look = driver(program, name);
    look.arg(format!("-max_total_time={}", wanted.seconds)).arg("-timeout=10").arg("-rss_limit_mb=2048");
    look.arg("-print_final_stats=1").arg("-verbosity=0").arg("-dict=fuzz/words.dict");
    look.args(wanted.seed.iter().map(|seed| format!("-seed={seed}")));
    look.arg(format!("-artifact_prefix={}/", artifacts(name).display()));
    run(look.arg(found(name)).arg(committed(name)))
}

/// Keeps the fewest and smallest inputs that reach what all of them reach. Those with a name of their own (seeds and
/// what once broke a promise) always stay.
fn keep(program: &Path, name: &str) -> Outcome {
    let fail = |error: std::io::Error| format!("{name}: {error}");
    let merged = target().join("fuzz/merged").join(name);
    if merged.exists() {
        fs::remove_dir_all(&merged).map_err(fail)?;
    }
    fs::create_dir_all(&merged).map_err(fail)?;
    let mut merge = driver(program, name);
    merge.args(["-set_cover_merge=1", "-verbosity=0"]).arg(&merged).arg(committed(name)).arg(found(name));
    run(&mut merge)?;
    for file in files(&committed(name))?.into_iter().filter(|file| is_found(file)) {
        fs::remove_file(file).map_err(fail)?;
    }
    let mut inputs: Vec<(u64, PathBuf)> = Vec::new();
    for file in files(&merged)? {
        inputs.push((fs::metadata(&file).map_err(fail)?.len(), file));
    }
    inputs.sort();
    for file in sample(&inputs) {
        let kept = committed(name).join(file.file_name().unwrap_or_default());
        fs::copy(file, kept).map_err(fail)?;
    }
    Ok(())
}

/// As many as may be kept, of every length: the short ones alone would be those that are refused first.
fn sample(inputs: &[(u64, PathBuf)]) -> Vec<&PathBuf> {
    let mut step = inputs.len().div_ceil(KEPT_FILES_MAX).max(1);
    let bytes = |step| inputs.iter().step_by(step).map(|(length, _)| length).sum::<u64>();
    while step < inputs.len() && bytes(step) > KEPT_BYTES_MAX {
        step += 1;
    }
    inputs.iter().step_by(step).map(|(_, file)| file).collect()
}

fn files(dir: &Path) -> Outcome<Vec<PathBuf>> {
    let fail = |error: std::io::Error| format!("{}: {error}", dir.display());
    let entries = fs::read_dir(dir).map_err(fail)?;
    entries.map(|entry| entry.map(|entry| entry.path()).map_err(fail)).collect()
}

/// Whether it has the name that libFuzzer gives: the SHA-1 of its content.
fn is_found(file: &Path) -> bool {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    name.len() == 40 && name.bytes().all(|byte| byte.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_targets_are_those_of_the_list() {
        let list = fs::read_to_string(root().join(LIST)).unwrap();
        let found = names(&list);
        assert_eq!(found.len(), list.matches("Target {").count());
        assert!(found.contains(&"answers-tap".to_owned()), "{found:?}");
    }

    #[test]
    fn only_what_was_found_is_thrown_away() {
        assert!(is_found(Path::new("a/da39a3ee5e6b4b0d3255bfef95601890afd80709")));
        for name in ["seed-01", "regression-a-sum-told-twice", "da39a3ee"] {
            assert!(!is_found(Path::new(name)), "{name}");
        }
    }

    #[test]
    fn what_is_kept_has_its_limits_and_every_length() {
        let inputs: Vec<_> =
            (0..1_000_u64).map(|length| (length, PathBuf::from(length.to_string()))).collect();
        let kept = sample(&inputs);
        let bytes: u64 = kept.iter().map(|file| file.display().to_string().parse::<u64>().unwrap()).sum();
        assert!(kept.len() <= KEPT_FILES_MAX && bytes <= KEPT_BYTES_MAX, "{} {bytes}", kept.len());
        assert!(kept.iter().any(|file| file.as_path() > Path::new("9")), "{kept:?}");
        assert_eq!(sample(&inputs[..100]).len(), 100);
        assert!(sample(&[]).is_empty());
    }

    #[test]
    fn options_are_strict() {
        let read = |words: &[&str]| wanted(&words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>());
        assert_eq!(read(&["--target", "ids", "--seconds", "5"]).unwrap().targets, ["ids"]);
        assert!(read(&[]).unwrap().targets.len() > 20);
        for wrong in [&["--target", "no"][..], &["--seconds", "x"], &["--seconds"], &["--speed", "1"]] {
            assert!(read(wrong).is_err(), "{wrong:?}");
        }
    }
}
