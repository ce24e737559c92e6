//! `cargo xtask ci`: what must hold before a change is taken.

use std::process::Command;

use crate::{
    Outcome,
    run::{PROFILE, cargo, program, root, run},
    test, tidy,
};

const STEPS: [&str; 5] = ["fmt", "clippy", "tidy", "test", "demo"];

pub(crate) fn command(args: &[String]) -> Outcome {
    let chosen: Vec<&str> = match args {
        [] => STEPS.to_vec(),
        [only, steps] if only == "--only" => steps.split(',').collect(),
        _ => return Err("usage: cargo xtask ci [--only STEP,...]".into()),
    };
    if let Some(unknown) = chosen.iter().find(|step| !STEPS.contains(step)) {
        return Err(format!("no such step: {unknown}; there are {}", STEPS.join(", ")));
    }
    for step in STEPS.iter().filter(|step| chosen.contains(step)) {
        match *step {
            "fmt" => run(&mut cargo(["fmt", "--all", "--check"]))?,
            "clippy" => {
                let words = ["clippy", "--workspace", "--all-targets", "--profile", PROFILE];
                run(cargo(words).args(["--", "-D", "warnings"]))?;
            }
            "tidy" => tidy::command()?,
            "test" => test::command(&[])?,
            _ => demo()?,
        }
    }
    eprintln!("==> {}: all well", chosen.join(", "));
    Ok(())
}

/// The demo end to end, through the program as the tests have it; in a directory of its own and on a free
/// port, whatever else runs on the machine.
fn demo() -> Outcome {
    let dir = root().join("target").join("ci-demo");
    if dir.exists() {
        std::fs::remove_dir_all(&dir).map_err(|error| format!("{}: {error}", dir.display()))?;
    }
    let mut demo = Command::new(program()?);
    demo.args(["demo", "--once", "--listen", "127.0.0.1:0", "--data"]).arg(dir);
    run(demo.current_dir(root()))
}
