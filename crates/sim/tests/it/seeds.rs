//! Seeds.

use std::collections::BTreeMap;

use redress_sim::defect::Defect;
use redress_sim::{Outcome, one};

/// Seeds that every run of the tests goes through.
const SEEDS: u64 = 300;
/// They are shared between so many tests, which run at once.
const SHARES: u64 = 4;

/// Seeds that once found something: the list beside this file, a seed and what it found on each line.
const FOUND: &str = include_str!("found.txt");

fn must_be_good(outcome: &Outcome) {
    assert!(
        outcome.violations.is_empty(),
        "{}\nseed {} breaks a promise: {:#?}\nreplay: cargo xtask sim --seed {}",
        outcome.log.join("\n"),
        outcome.seed,
        outcome.violations,
        outcome.seed
    );
}

fn share(number: u64) {
    (1..=SEEDS).filter(|seed| seed % SHARES == number).for_each(|seed| {
        must_be_good(&one(seed, Defect::None, false));
    });
}

#[test]
fn the_first_quarter_of_the_seeds_is_good() {
    share(0);
}

#[test]
fn the_second_quarter_of_the_seeds_is_good() {
    share(1);
}

#[test]
fn the_third_quarter_of_the_seeds_is_good() {
    share(2);
}

#[test]
fn the_last_quarter_of_the_seeds_is_good() {
    share(3);
}

#[test]
fn seeds_that_found_something_are_good_now() {
    for line in FOUND.lines().filter(|line| !line.starts_with('#')) {
        let seed = line.split_whitespace().next().and_then(|seed| seed.parse().ok());
        let seed = seed.unwrap_or_else(|| panic!("a line begins with its seed: {line}"));
        must_be_good(&one(seed, Defect::None, false));
    }
}

#[test]
fn the_seeds_choose_every_connector_and_read_what_its_psp_tells() {
    let mut counts: BTreeMap<(&str, &str), u64> = BTreeMap::new();
    for seed in 1..=60 {
        for (what, times) in one(seed, Defect::None, false).by_psp {
            *counts.entry(what).or_default() += times;
        }
    }
    let refused_for_now =
        |((_, what), times): (&(&str, &str), &u64)| *what == "PSP: refuse_for_now" && *times > 0;
    assert!(counts.iter().any(refused_for_now), "no PSP refuses for now: {counts:?}");
    for connector in redress_psp::registry::all() {
        let psp = connector.name();
        let count = |what| counts.get(&(psp, what)).copied().unwrap_or(0);
        assert!(count("exchanges") >= 20, "{psp}: {counts:?}");
        let tells = count("PSP notifications") > 0;
        assert_eq!(tells, !["momo", "stcpay"].contains(&psp), "{psp} tells: {tells}");
        assert!(!tells || count("ends told of") > 10, "{psp} is not understood: {counts:?}");
    }
}

#[test]
fn one_seed_is_one_run_whatever_thread_runs_it() {
    for seed in [3, 11, 42] {
        let first = one(seed, Defect::None, true);
        let beside = std::thread::spawn(move || one(seed, Defect::None, true)).join().unwrap();
        assert!(first.log_lines > 20, "a log of {} lines shows nothing", first.log_lines);
        assert_eq!(first.log, beside.log, "seed {seed}");
        assert_eq!(first.log_hash, beside.log_hash);
    }
    assert_ne!(one(3, Defect::None, false).log_hash, one(4, Defect::None, false).log_hash);
}
