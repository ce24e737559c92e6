//! Every input of the corpus once more.

use std::panic::catch_unwind;

use redress_fuzz::TARGETS;

use crate::corpus;

/// So many inputs a target at most.
const FILES_MAX: usize = 200;

/// So many bytes in all at most.
const BYTES_MAX: usize = 1024 * 1024;

#[test]
fn nothing_that_was_ever_found_breaks_a_promise_again() {
    let mut bad = Vec::new();
    for target in TARGETS {
        let inputs = corpus::inputs(target.name);
        assert!(!inputs.is_empty(), "{} has no corpus", target.name);
        for (name, input) in inputs {
            if catch_unwind(|| (target.run)(&input)).is_err() {
                bad.push(format!("{}/{name}", target.name));
            }
        }
    }
    assert!(bad.is_empty(), "{bad:#?}");
}

#[test]
fn the_corpus_stays_small() {
    let sizes = TARGETS.iter().map(|target| {
        let inputs = corpus::inputs(target.name);
        assert!(inputs.len() <= FILES_MAX, "{}: {} inputs", target.name, inputs.len());
        inputs.iter().map(|(_, input)| input.len()).sum::<usize>()
    });
    let bytes: usize = sizes.sum();
    assert!(bytes <= BYTES_MAX, "{bytes} bytes");
}

#[test]
fn every_folder_of_the_corpus_belongs_to_a_target() {
    for entry in std::fs::read_dir(corpus::root()).unwrap() {
        let name = entry.unwrap().file_name().to_string_lossy().into_owned();
        assert!(redress_fuzz::target(&name).is_some(), "{name}");
    }
}

/// Each with its neighbours: cut at every byte, so that what was whole is seen when it is not.
#[test]
fn what_is_cut_short_breaks_no_promise_either() {
    for target in TARGETS.iter().filter(|target| !matches!(target.name, "bodies" | "requests")) {
        for (_, input) in corpus::inputs(target.name) {
            let step = (input.len() / 16).max(1);
            (0..input.len()).step_by(step).for_each(|end| (target.run)(&input[..end]));
        }
    }
}
