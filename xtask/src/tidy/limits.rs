//! Queues and bodies have a named limit: what makes one without is refused where it would serve.

use super::{Findings, Source, code};

/// The crates that are part of a running server.
const SERVING: [&str; 6] = [
    "crates/core/src/",
    "crates/store/src/",
    "crates/psp/src/",
    "crates/engine/src/",
    "crates/http/src/",
    "crates/redress/src/",
];

/// What has no bound, and what to take instead.
const UNBOUNDED: [(&str, &str); 5] = [
    ("unbounded_channel", "a queue without a bound: use `channel` with a named limit"),
    ("mpsc::unbounded", "a queue without a bound: use a bounded one with a named limit"),
    (" channel()", "a queue without a bound: use `sync_channel` with a named limit"),
    ("mpsc::channel()", "a queue without a bound: use `sync_channel` with a named limit"),
    ("usize::MAX)", "a limit that is none"),
];

pub(super) fn check(source: &Source, findings: &mut Findings) {
    if !SERVING.iter().any(|dir| source.path.starts_with(dir)) || is_of_tests(&source.path) {
        return;
    }
    for (i, line) in code::only(&source.text, code::Kind::Code).lines().enumerate() {
        // What follows is tests.
        if line.ends_with("mod tests {") {
            return;
        }
        // Its answer is one.
        if line.contains("oneshot") {
            continue;
        }
        for (word, said) in UNBOUNDED.iter().filter(|(word, _)| line.contains(word)) {
            findings.problem(&source.path, i + 1, &format!("{said} ({})", word.trim()));
        }
    }
}

/// By the names of files and folders: `tests`, `a_tests`, `testing`.
fn is_of_tests(path: &str) -> bool {
    let name = |part: &str| part.strip_suffix(".rs").unwrap_or(part).to_owned();
    path.split('/').map(name).any(|name| name == "tests" || name == "testing" || name.ends_with("_tests"))
}

#[cfg(test)]
mod tests {
    use crate::tidy::tests::problems;

    #[test]
    fn what_has_no_limit_is_refused_where_it_serves() {
        for line in [
            "let (a, b) = unbounded_channel();",
            "let (a, b) = mpsc::channel();",
            "let (a, b) = channel();",
            "let body = to_bytes(body, usize::MAX).await;",
        ] {
            assert_eq!(problems("crates/engine/src/a.rs", line).len(), 1, "{line}");
            assert!(problems("crates/engine/src/a_tests.rs", line).is_empty(), "{line}");
            assert_eq!(problems("crates/engine/src/notify/test_event.rs", line).len(), 1, "{line}");
            let tests = format!("fn a() {{}}\n\n#[cfg(test)]\nmod tests {{\n    {line}\n}}");
            assert!(problems("crates/engine/src/a.rs", &tests).is_empty(), "{line}");
            let tests_elsewhere = format!("#[cfg(test)]\nmod tests;\n\nfn a() {{\n    {line}\n}}");
            assert_eq!(problems("crates/engine/src/a.rs", &tests_elsewhere).len(), 1, "{line}");
        }
        for line in ["let (a, b) = oneshot::channel();", "let (a, b) = sync_channel(QUEUE_MAX);"] {
            assert!(problems("crates/engine/src/a.rs", line).is_empty(), "{line}");
        }
    }
}
