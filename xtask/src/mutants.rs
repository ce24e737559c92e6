//! `cargo xtask mutants`: breaks the rules of money one by one and sees whether a test notices.

use std::path::PathBuf;

use redress_cluster::{Outcome, command::succeeds};

use crate::run::{announce, cargo, root, run};

/// The rules: what a sum is, which state may follow which, what to do next, and the operations that hold the promise.
const BROKEN: [(&str, &[&str]); 2] = [
    (
        "redress-core",
        &[
            "crates/core/src/money.rs",
            "crates/core/src/decimal.rs",
            "crates/core/src/balance.rs",
            "crates/core/src/state.rs",
            "crates/core/src/policy.rs",
            "crates/core/src/next_step.rs",
            "crates/core/src/settle.rs",
            "crates/core/src/settle/people.rs",
            "crates/core/src/notice.rs",
            "crates/core/src/turn.rs",
            "crates/core/src/payment.rs",
        ],
    ),
    (
        "redress-store",
        &[
            "crates/store/src/ops/accept.rs",
            "crates/store/src/ops/settle.rs",
            "crates/store/src/ops/claim.rs",
            "crates/store/src/ops/write.rs",
            "crates/store/src/ops/turns.rs",
            "crates/store/src/ops/cancel.rs",
            "crates/store/src/ops/cases/opening.rs",
            "crates/store/src/ops/cases/blocking.rs",
            "crates/store/src/ops/cases/came_back.rs",
            "crates/store/src/ops/cases/closing.rs",
        ],
    ),
];

/// The tool, of which any version of this series will do.
const TOOL: &str = "cargo-mutants@^27";

pub(crate) fn command(args: &[String]) -> Outcome {
    let tool = tool()?;
    // Files of one's own are meant instead of all, not besides.
    let own_files = args.iter().any(|arg| arg == "-f" || arg.starts_with("--file"));
    // The tool makes a directory of its own in one that is there.
    let output = root().join("target/mutants");
    std::fs::create_dir_all(&output).map_err(|error| format!("{}: {error}", output.display()))?;
    let mut survivors = Ok(());
    for (package, files) in BROKEN {
        // Straight to the program, as it need not be on the path for cargo to find it.
        let mut mutants = std::process::Command::new(&tool);
        mutants.current_dir(root()).args(["mutants", "--package", package, "--gitignore", "true"]);
        mutants.arg("--output").arg(output.join(package)).args(["--colors", "never"]);
        if !own_files {
            mutants.args(files.iter().flat_map(|file| ["--file", *file]));
        }
        // Unit tests alone: they run on SQLite in memory.
        mutants.args(args).args(["--", "--lib"]).env_remove("REDRESS_TEST_PG_URL");
        announce(&mutants);
        survivors = survivors.and(run(&mut mutants));
    }
    survivors
}

/// Where the tool is; installed below `target` where it is missing.
fn tool() -> Result<PathBuf, String> {
    let tools = root().join("target/tools");
    let tool = tools.join("bin/cargo-mutants");
    if !succeeds(std::process::Command::new(&tool).args(["mutants", "--version"])) {
        let mut install = cargo(["install", "--quiet", "--locked", TOOL, "--root"]);
        install.arg(&tools);
        run(&mut install)?;
    }
    Ok(tool)
}
