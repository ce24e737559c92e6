//! `cargo xtask model`: the model checker.

use crate::{
    Outcome,
    run::{cargo, run},
};

/// As the tests build it: optimised, with its arithmetic checked.
pub(crate) fn command(args: &[String]) -> Outcome {
    run(cargo(["run", "--quiet", "-p", "redress-model", "--"]).args(args))
}
