//! `cargo xtask torture`: the program as it is released, as real processes, killed and cut off, and judged from outside.

use redress_cluster::programs;

use crate::{
    Outcome,
    run::{cargo, run, target},
};

pub(crate) fn command(args: &[String]) -> Outcome {
    let (ours, theirs): (Vec<_>, Vec<_>) = args.iter().partition(|arg| *arg == "--no-pg-install");
    run(&mut cargo(["build", "--release", "--quiet", "-p", "redress"]))?;
    let mut torture = cargo(["run", "--release", "--quiet", "-p", "redress-torture", "--"]);
    torture.arg("--program").arg(target().join("release").join("redress"));
    if needs_postgres(&theirs) {
        torture.arg("--postgres-programs").arg(programs(ours.is_empty())?);
    }
    run(torture.args(theirs))
}

fn needs_postgres(args: &[&String]) -> bool {
    let args: Vec<&str> = args.iter().map(|arg| arg.as_str()).collect();
    let sqlite_alone = args.windows(2).any(|pair| pair == ["--engine", "sqlite"]);
    !sqlite_alone && !args.iter().any(|arg| ["--engine=sqlite", "-h", "--help"].contains(arg))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn postgresql_is_looked_for_where_it_is_needed() {
        let needs = |args: &[&str]| {
            let args: Vec<String> = args.iter().map(|arg| (*arg).to_owned()).collect();
            needs_postgres(&args.iter().collect::<Vec<_>>())
        };
        assert!(needs(&[]) && needs(&["--engine", "both"]) && needs(&["--database", "cut"]));
        assert!(!needs(&["--kills", "9", "--engine", "sqlite"]) && !needs(&["--engine=sqlite"]));
    }
}
