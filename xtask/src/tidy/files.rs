//! Lengths of files, unfinished code, and floating point where money is.

use super::{
    Findings, Source,
    code::{Kind, has_word, only},
};

/// From here on a file wants to be divided.
const LINES_WARN: usize = 500;
/// From here on it must be.
const LINES_MAX: usize = 600;
/// Where no floating point may be: everything an amount passes through.
const NO_FLOATS: [&str; 5] =
    ["crates/core/", "crates/store/", "crates/psp/", "crates/engine/", "crates/http/"];
/// On a line that must have one, as a metric's value, with the reason after it.
const FLOAT_ALLOWED: &str = "tidy: float";

pub(super) fn check(source: &Source, findings: &mut Findings) {
    let Source { path, text } = source;
    if !path.ends_with(".rs") {
        return;
    }
    match text.lines().count() {
        lines if lines > LINES_MAX => {
            findings.problem(path, LINES_MAX, &format!("{lines} lines, more than {LINES_MAX}: divide it"));
        }
        lines if lines > LINES_WARN => {
            findings.warning(path, LINES_WARN, &format!("{lines} lines, more than {LINES_WARN}"));
        }
        _ => {}
    }
    let code = only(text, Kind::Code);
    let guarded = NO_FLOATS.iter().any(|dir| path.starts_with(dir));
    for (i, (line, whole)) in code.lines().zip(text.lines()).enumerate() {
        for unfinished in ["todo", "unimplemented"] {
            if has_word(line, unfinished) && line.contains(&format!("{unfinished}!")) {
                findings.problem(path, i + 1, &format!("{unfinished}! is unfinished work"));
            }
        }
        if guarded && has_float(line) && !whole.contains(FLOAT_ALLOWED) {
            findings.problem(path, i + 1, "floating point where amounts are: use integers in minor units");
        }
    }
}

fn has_float(line: &str) -> bool {
    has_word(line, "f32") || has_word(line, "f64") || has_float_literal(line)
}

fn has_float_literal(line: &str) -> bool {
    let bytes = line.as_bytes();
    line.match_indices('.').any(|(dot, _)| {
        let digits = bytes[..dot].iter().rev().take_while(|b| b.is_ascii_digit() || **b == b'_').count();
        let before = dot.checked_sub(digits + 1).map(|i| bytes[i]);
        // `x.0.1` is a field of a field, `a1.2` is one too.
        let number =
            digits > 0 && !before.is_some_and(|b| b == b'.' || b == b'_' || b.is_ascii_alphanumeric());
        number && bytes.get(dot + 1).is_some_and(u8::is_ascii_digit)
    })
}

#[cfg(test)]
mod tests {
    use crate::tidy::tests::problems;

    #[test]
    fn a_long_file_is_refused() {
        assert!(problems("crates/sim/src/a.rs", &"//\n".repeat(600)).is_empty());
        assert_eq!(problems("crates/sim/src/a.rs", &"//\n".repeat(601)).len(), 1);
    }

    #[test]
    fn floats_are_refused_where_amounts_are() {
        for bad in ["let a: f64;", "let a = 1.5;", "fn f() -> f32 {}", "g(0.1)"] {
            assert_eq!(problems("crates/core/src/a.rs", bad).len(), 1, "{bad}");
            assert!(problems("crates/sandbox/src/a.rs", bad).is_empty());
        }
        for good in
            ["let a = x.0.1;", "// 1.5", "\"1.5\"", "0..1", "1.max(2)", "f64x", "a; // tidy: float, for f64"]
        {
            assert!(problems("crates/core/src/a.rs", good).is_empty(), "{good}");
        }
    }

    #[test]
    fn unfinished_code_is_refused() {
        let bad = format!("fn f() {{ {}!() }}", "todo");
        assert_eq!(problems("crates/sandbox/src/a.rs", &bad).len(), 1);
        assert!(problems("crates/sandbox/src/a.rs", "// todo!").is_empty());
    }
}
