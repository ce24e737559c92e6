//! Seeds.

use std::collections::BTreeMap;

use redress_sim::defect::Defect;
use redress_sim::{Outcome, one};

/// Every run of the tests goes through five times so many seeds, from the first on: as many tests, which run at once.
const FIFTH: u64 = 60;

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

/// What happened at each PSP, and how often.
type ByPsp = BTreeMap<(&'static str, &'static str), u64>;

/// Runs a fifth of the seeds, counted from zero.
fn fifth(number: u64) -> ByPsp {
    let mut counts = ByPsp::new();
    for seed in (1..=FIFTH).map(|seed| number * FIFTH + seed) {
        let outcome = one(seed, Defect::None, false);
        must_be_good(&outcome);
        for (what, times) in outcome.by_psp {
            *counts.entry(what).or_default() += times;
        }
    }
    counts
}

/// And chooses every connector, and reads what its PSP tells.
#[test]
fn the_first_fifth_of_the_seeds_is_good() {
    let counts = fifth(0);
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
fn the_second_fifth_of_the_seeds_is_good() {
    fifth(1);
}

#[test]
fn the_third_fifth_of_the_seeds_is_good() {
    fifth(2);
}

#[test]
fn the_fourth_fifth_of_the_seeds_is_good() {
    fifth(3);
}

#[test]
fn the_last_fifth_of_the_seeds_is_good() {
    fifth(4);
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
