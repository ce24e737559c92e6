//! One engine's own SQL stands in few places; everything else runs on both.

use super::{
    Findings, Source,
    code::{Kind, only},
};

/// What only one of the engines understands, in capitals.
const OWN: [&str; 19] = [
    "SKIP LOCKED",
    "FOR UPDATE",
    "PRAGMA",
    "SQLITE_SCHEMA",
    "SQLITE_MASTER",
    "PG_ADVISORY",
    "PG_CATALOG",
    "PG_CLASS",
    "PG_NOTIFY",
    "AUTOINCREMENT",
    "ILIKE",
    "NOW()",
    "CURRENT_TIMESTAMP",
    "::BIGINT",
    "::TEXT",
    "JSONB",
    "SERIAL ",
    "STRFTIME",
    "LISTEN \"",
];
/// The engines themselves, the two that claim what is due (refunds, deliveries), the lock that every accepted refund
/// takes, the sequencer of events that PostgreSQL alone needs, and tests of the engines.
const ALLOWED: [&str; 7] = [
    "crates/store/src/sqlite/",
    "crates/store/src/postgres/",
    "crates/store/src/ops/accept.rs",
    "crates/store/src/ops/claim.rs",
    "crates/store/src/ops/deliveries.rs",
    "crates/store/src/ops/sequence.rs",
    "crates/store/src/testing.rs",
];
/// The sandbox has a store of its own on SQLite alone.
const WHERE: [&str; 6] =
    ["crates/core/", "crates/store/", "crates/psp/", "crates/engine/", "crates/http/", "crates/redress/"];

pub(super) fn check(source: &Source, findings: &mut Findings) {
    let Source { path, text } = source;
    let texts = if path.starts_with("migrations/") && path.ends_with(".sql") {
        // A comment there may say what the words mean.
        text.lines().map(|line| line.split("--").next().unwrap_or("")).collect::<Vec<_>>().join("\n")
    } else if path.ends_with(".rs") && WHERE.iter().any(|dir| path.starts_with(dir)) {
        only(text, Kind::Text)
    } else {
        return;
    };
    if ALLOWED.iter().any(|allowed| path.starts_with(allowed)) {
        return;
    }
    for (i, line) in texts.lines().enumerate() {
        let line = line.to_uppercase();
        for own in OWN.iter().filter(|own| contains(&line, own)) {
            findings.problem(
                path,
                i + 1,
                &format!("SQL of one engine alone ({own}): say it in a way both understand"),
            );
        }
    }
}

/// Contained, and not as the end of a longer word.
fn contains(line: &str, own: &str) -> bool {
    line.match_indices(own)
        .any(|(i, _)| !line[..i].chars().next_back().is_some_and(|c| c.is_alphanumeric() || c == '_'))
}

#[cfg(test)]
mod tests {
    use crate::tidy::tests::problems;

    #[test]
    fn one_engines_words_are_refused_outside_its_files() {
        let bad = r#"const A: &str = "SELECT 1 FOR UPDATE SKIP LOCKED";"#;
        assert_eq!(problems("crates/store/src/ops/settle.rs", bad).len(), 2);
        assert!(problems("crates/store/src/ops/claim.rs", bad).is_empty());
        assert!(problems("crates/store/src/postgres/mod.rs", bad).is_empty());
        assert!(problems("crates/store/src/ops/settle.rs", "// never SKIP LOCKED here").is_empty());
        assert_eq!(problems("migrations/0001_a.sql", "a bigserial, b jsonb -- NOW()").len(), 1);
        assert_eq!(problems("crates/engine/src/a.rs", r#""select pg_notify($1)""#).len(), 1);
        assert!(problems("crates/store/src/a.rs", r#""wrong_pg_name""#).is_empty());
    }
}
