//! Rows of CSV (RFC 4180) for people's spreadsheets.

use csv::{Terminator, WriterBuilder};

/// What a file begins with, so that spreadsheets read it as UTF-8: without it some take Arabic names for something else.
pub(super) const MARK: char = '\u{feff}';

/// What makes a spreadsheet take a field for a formula
/// (<https://owasp.org/www-community/attacks/CSV_Injection>); last the wide forms of the first four, which some take for them.
const FORMULA: [char; 11] =
    ['=', '+', '-', '@', '\t', '\r', '\n', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}'];

/// One row, with its line break. A field that a spreadsheet would take for a formula gets an apostrophe in front.
pub(super) fn row<'a>(fields: impl IntoIterator<Item = &'a str>) -> String {
    let mut writer = WriterBuilder::new().terminator(Terminator::CRLF).from_writer(Vec::new());
    let guarded = fields.into_iter().map(|field| {
        let guard = if field.starts_with(FORMULA) { "'" } else { "" };
        format!("{guard}{field}")
    });
    writer.write_record(guarded).expect("memory takes every row");
    let row = writer.into_inner().expect("memory takes every row");
    String::from_utf8(row).expect("rows of texts are text")
}

#[cfg(test)]
mod tests {
    use super::row;

    #[test]
    fn fields_are_quoted_where_they_must_be_and_are_never_formulas() {
        assert_eq!(row(["a", "b c", ""]), "a,b c,\r\n");
        assert_eq!(row(["a,b", "say \"x\"", "two\nlines"]), "\"a,b\",\"say \"\"x\"\"\",\"two\nlines\"\r\n");
        for formula in ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\u{ff1d}1+1", "\u{ff20}SUM(A1)"] {
            assert_eq!(row([formula]), format!("'{formula}\r\n"));
        }
        assert_eq!(row(["\r=x"]), "\"'\r=x\"\r\n");
        assert_eq!(row(["\n=x"]), "\"'\n=x\"\r\n");
        assert_eq!(row(["=cmd,\""]), "\"'=cmd,\"\"\"\r\n");
        assert_eq!(row(["a=b"]), "a=b\r\n");
    }
}
