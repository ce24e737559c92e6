//! Examples in the documentation are tests. Cargo looks for them in one library after the other, each time with all its
//! macros expanded, so a crate that has none says so in its manifest; and then it must have none.

use super::{Findings, Source};

const LEFT_OUT: &str = "doctest = false";

pub(super) fn check(sources: &[Source], findings: &mut Findings) {
    for manifest in sources.iter().filter(|source| leaves_out(source)) {
        let dir = format!("{}src/", manifest.path.trim_end_matches("Cargo.toml"));
        let ours = |source: &&Source| source.path.starts_with(&dir) && source.path.ends_with(".rs");
        for source in sources.iter().filter(ours) {
            if let Some(line) = source.text.lines().position(begins_example) {
                let said = format!("an example that nobody runs: {} says `{LEFT_OUT}`", manifest.path);
                findings.problem(&source.path, line + 1, &said);
            }
        }
    }
}

fn leaves_out(source: &Source) -> bool {
    source.path.ends_with("/Cargo.toml") && source.text.lines().any(|line| line.trim() == LEFT_OUT)
}

/// A line of documentation with a fence.
fn begins_example(line: &str) -> bool {
    let line = line.trim_start();
    let text = line.strip_prefix("///").or_else(|| line.strip_prefix("//!"));
    text.is_some_and(|text| text.trim_start().starts_with("```"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(manifest: &str, code: &str) -> Vec<String> {
        let source = |path: &str, text: &str| Source { path: path.to_owned(), text: text.to_owned() };
        let sources = [source("crates/core/Cargo.toml", manifest), source("crates/core/src/a.rs", code)];
        let mut findings = Findings::default();
        check(&sources, &mut findings);
        findings.problems
    }

    #[test]
    fn an_example_that_is_not_run_is_refused() {
        let (left_out, run) = ("[lib]\ndoctest = false\n", "[lib]\n");
        for example in ["/// Adds.\n/// ```\n/// add(1, 2);\n/// ```\n", "//! ```no_run\n//! f();\n//! ```\n"]
        {
            assert_eq!(found(left_out, example).len(), 1, "{example}");
            assert!(found(run, example).is_empty(), "{example}");
        }
        assert!(found(left_out, "/// Adds `a`.\n// ```\nlet a = \"```\";\n").is_empty());
    }
}
