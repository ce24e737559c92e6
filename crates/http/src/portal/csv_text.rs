//! Rows of CSV (RFC 4180) for people's spreadsheets.

/// What makes a spreadsheet take a field for a formula
/// (<https://owasp.org/www-community/attacks/CSV_Injection>).
const FORMULA: [char; 6] = ['=', '+', '-', '@', '\t', '\r'];

/// One row, with its line break. A field that a spreadsheet would take for a formula gets an apostrophe in front.
pub(super) fn row<'a>(fields: impl IntoIterator<Item = &'a str>) -> String {
    let mut row = String::new();
    for (index, field) in fields.into_iter().enumerate() {
        if index > 0 {
            row.push(',');
        }
        let guard = if field.starts_with(FORMULA) { "'" } else { "" };
        if field.contains([',', '"', '\n', '\r']) {
            row.push_str(&format!("\"{guard}{}\"", field.replace('"', "\"\"")));
        } else {
            row.push_str(guard);
            row.push_str(field);
        }
    }
    row.push_str("\r\n");
    row
}

#[cfg(test)]
mod tests {
    use super::row;

    #[test]
    fn fields_are_quoted_where_they_must_be_and_are_never_formulas() {
        assert_eq!(row(["a", "b c", ""]), "a,b c,\r\n");
        assert_eq!(row(["a,b", "say \"x\"", "two\nlines"]), "\"a,b\",\"say \"\"x\"\"\",\"two\nlines\"\r\n");
        for formula in ["=1+1", "+1", "-1", "@SUM(A1)", "\tx"] {
            assert_eq!(row([formula]), format!("'{formula}\r\n"));
        }
        assert_eq!(row(["\r=x"]), "\"'\r=x\"\r\n");
        assert_eq!(row(["=cmd,\""]), "\"'=cmd,\"\"\"\r\n");
        assert_eq!(row(["a=b"]), "a=b\r\n");
    }
}
