//! What commands print on standard output: tables for people, JSON for programs.

use std::io::{ErrorKind, Write};

use redress_core::time::Timestamp;
use serde_json::Value;

use crate::failure::Failure;

/// Prints a line, or several. A reader that went away is no failure: it has seen enough.
pub(crate) fn print(text: &str) -> Result<(), Failure> {
    print_while_read(text).map(|_| ())
}

/// The same; false once the reader went away, so that what would print for ever can end.
pub(crate) fn print_while_read(text: &str) -> Result<bool, Failure> {
    let mut out = std::io::stdout().lock();
    match writeln!(out, "{text}").and_then(|()| out.flush()) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(false),
        Err(error) => Err(Failure::unable(format!("standard output: {error}"))),
    }
}

/// Prints what is shown once and never again. Where nobody can have read it, that is a failure, although what it belongs to is
/// made: `lost` says what to do then.
pub(crate) fn print_once(text: &str, lost: &str) -> Result<(), Failure> {
    match print_while_read(text) {
        Ok(true) => Ok(()),
        Ok(false) => Err(Failure::unable(format!("nobody reads standard output. {lost}"))),
        Err(error) => Err(Failure::unable(format!("{error}. {lost}"))),
    }
}

/// Says something beside what is printed, to whoever looks at standard error.
pub(crate) fn note(text: &str) {
    // Nobody may be looking any more.
    let _ = writeln!(std::io::stderr(), "redress: {text}");
}

/// Prints JSON, indented.
pub(crate) fn print_json(value: &Value) -> Result<(), Failure> {
    print(&format!("{value:#}"))
}

/// Prints rows under headings, in columns; without rows, that there is none of `what`.
pub(crate) fn print_table<const N: usize>(
    what: &str,
    headings: [&str; N],
    rows: &[[String; N]],
) -> Result<(), Failure> {
    if rows.is_empty() {
        return print(&format!("no {what}"));
    }
    print(&table(headings, rows))
}

fn table<const N: usize>(headings: [&str; N], rows: &[[String; N]]) -> String {
    let headings = headings.map(str::to_owned);
    let all = || std::iter::once(&headings).chain(rows);
    let width = |column: usize| all().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<_> = (0..N).map(width).collect();
    let line = |row: &[String; N]| {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}"));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    all().map(line).collect::<Vec<_>>().join("\n")
}

/// A time as people and programs read it: RFC 3339, UTC.
pub(crate) fn time(at: Timestamp) -> String {
    jiff::Timestamp::from_microsecond(at.as_micros())
        .map_or_else(|_| at.as_micros().to_string(), |at| at.to_string())
}

/// A text that others wrote, on one line and without control characters: a terminal obeys some of them.
pub(crate) fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned() {
        let rows = [["a".to_owned(), "1".to_owned()], ["Café".to_owned(), String::new()]];
        assert_eq!(table(["NAME", "N"], &rows), "NAME  N\na     1\nCafé");
    }

    #[test]
    fn times_are_rfc_3339_and_texts_harmless() {
        assert_eq!(time(Timestamp::from_micros(1_700_000_000_500_000)), "2023-11-14T22:13:20.5Z");
        assert_eq!(one_line("a\n\u{1b}[31mb"), "a  [31mb");
    }
}
