//! `cargo xtask sim`: the simulator.

use crate::{
    Outcome,
    run::{cargo, run},
};

pub(crate) fn command(args: &[String]) -> Outcome {
    let mut sim = cargo(["run", "--release", "--quiet", "-p", "redress-sim", "--"]);
    run(sim.args(args))
}
