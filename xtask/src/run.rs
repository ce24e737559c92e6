//! Running other programs.

use std::{
    ffi::OsStr,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use crate::Outcome;

pub(crate) use redress_cluster::command::{announce, cannot_start, run, succeeds};

/// What every check is built with, so that all of them share one build.
pub(crate) const PROFILE: &str = "ci";

/// The repository's root.
pub(crate) fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_path_buf()
}

/// The cargo that runs us, in the root.
pub(crate) fn cargo<S: AsRef<OsStr>>(args: impl IntoIterator<Item = S>) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(args).current_dir(root());
    for (name, _) in std::env::vars_os() {
        if tells_of_us(&name) {
            command.env_remove(name);
        }
    }
    command
}

/// Cargo tells us our own package; a build script that reads the same names would run again for it, and all that
/// depends on it.
fn tells_of_us(name: &OsStr) -> bool {
    let name = name.to_string_lossy();
    ["CARGO_PKG_", "CARGO_MANIFEST_"].iter().any(|group| name.starts_with(group))
        || ["CARGO_BIN_NAME", "CARGO_CRATE_NAME", "CARGO_PRIMARY_PACKAGE"].contains(&name.as_ref())
}

/// Where cargo puts what it builds.
pub(crate) fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), Into::into)
}

/// The program that the tests of the workspace are run with, built where it was not yet.
///
/// What cargo turns on in a dependency follows from the packages that are selected, and from whether anything that may
/// use their dev-dependencies is. So the program is built among all packages, and with the examples, of which there
/// are none: for the program alone cargo would compile most of what it needs a second time.
pub(crate) fn program() -> Outcome<PathBuf> {
    let mut build = cargo(["build", "--workspace", "--profile", PROFILE, "--bin", PROGRAM, "--examples"]);
    build.args(["--message-format", "json-render-diagnostics"]).stderr(Stdio::inherit());
    announce(&build);
    let output = build.output().map_err(|error| cannot_start(&build, &error))?;
    if !output.status.success() {
        return Err(format!("{PROGRAM} cannot be built ({})", output.status));
    }
    written_to_disk();
    built(&String::from_utf8_lossy(&output.stdout))
        .ok_or_else(|| format!("cargo does not say where {PROGRAM} is"))
}

/// Waits until all that a build wrote is on the disk. Else the first commits of what is run next wait for it, on a slow
/// disk longer than anybody waits for an answer.
pub(crate) fn written_to_disk() {
    // Where there is no such program, what is run next may be slow, which is no reason not to run it.
    succeeds(&mut Command::new("sync"));
}

const PROGRAM: &str = "redress";

/// Where the program was put, of cargo's messages, which are objects of JSON, one a line
/// (<https://doc.rust-lang.org/cargo/reference/external-tools.html#artifact-messages>). A path in which JSON writes
/// something otherwise is not read.
fn built(messages: &str) -> Option<PathBuf> {
    let name = format!("\"name\":\"{PROGRAM}\"");
    let line = messages.lines().find(|line| line.contains("\"kind\":[\"bin\"]") && line.contains(&name))?;
    let (_, path) = line.split_once("\"executable\":\"")?;
    let (path, _) = path.split_once('"')?;
    (!path.contains('\\')).then(|| path.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn artifact(kind: &str, name: &str, executable: &str) -> String {
        let target = format!(r#"{{"kind":["{kind}"],"crate_types":["{kind}"],"name":"{name}","test":true}}"#);
        format!(
            r#"{{"reason":"compiler-artifact","target":{target},"executable":{executable},"fresh":true}}"#
        )
    }

    #[test]
    fn the_program_is_where_cargo_put_it() {
        let messages = [
            artifact("lib", "redress", "null"),
            artifact("test", "redress", r#""/t/ci/deps/redress-1""#),
            artifact("bin", "redress-sim", r#""/t/ci/redress-sim""#),
            artifact("bin", "redress", r#""/t/ci/redress""#),
            r#"{"reason":"build-finished","success":true}"#.to_owned(),
        ];
        assert_eq!(built(&messages.join("\n")), Some("/t/ci/redress".into()));
        assert_eq!(built(&messages[..3].join("\n")), None);
        assert_eq!(built(&artifact("bin", "redress", r#""/a \"t\"/redress""#)), None);
    }
}
