//! "URL encoding" as five languages understand it. They agree on letters, digits, `-`, `_` and `.`, which stay bare,
//! and differ in the rest. Text is encoded as UTF-8, escapes are upper-case.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

const AGREED: AsciiSet = NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.');
const URI_COMPONENT: AsciiSet =
    AGREED.remove(b'!').remove(b'~').remove(b'*').remove(b'\'').remove(b'(').remove(b')');
// A form writes a space as `+`; a bare `+` is escaped, so that the two cannot be mixed up.
const FORM: AsciiSet = AGREED.remove(b' ');
const FORM_TILDE_BARE: AsciiSet = FORM.remove(b'~');
const FORM_STAR_BARE: AsciiSet = FORM.remove(b'*');

/// JavaScript's `encodeURIComponent` (ECMA-262, section 19.2.6): `!'()*~` bare, a space `%20`.
pub(super) fn js_uri_component(text: &str) -> String {
    utf8_percent_encode(text, &URI_COMPONENT).to_string()
}

/// PHP's `urlencode`, which `http_build_query` uses unless told otherwise
/// (<https://www.php.net/manual/en/function.urlencode.php>): `!'()*~` escaped, a space `+`.
pub(super) fn php_form(text: &str) -> String {
    form(text, &FORM)
}

/// Python's `quote_plus`, which `urlencode` uses
/// (<https://docs.python.org/3/library/urllib.parse.html#urllib.parse.quote_plus>), and Go's `url.QueryEscape`, which
/// `url.Values.Encode` uses (<https://pkg.go.dev/net/url#QueryEscape>): `~` bare, `!'()*` escaped, a space `+`.
pub(super) fn python_and_go_form(text: &str) -> String {
    form(text, &FORM_TILDE_BARE)
}

/// Java's `URLEncoder` (<https://docs.oracle.com/javase/8/docs/api/java/net/URLEncoder.html>): `*` bare, `!'()~`
/// escaped, a space `+`.
pub(super) fn java_form(text: &str) -> String {
    form(text, &FORM_STAR_BARE)
}

fn form(text: &str, escaped: &'static AsciiSet) -> String {
    utf8_percent_encode(text, escaped).to_string().replace(' ', "+")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_languages_agree_where_they_should_and_differ_where_they_do() {
        for encode in [js_uri_component, php_form, python_and_go_form, java_form] {
            assert_eq!(encode("aZ09-_./ü+&=%"), "aZ09-_.%2F%C3%BC%2B%26%3D%25");
            assert_eq!(encode("%20"), "%2520");
        }
        let odd = "a b!'()*~";
        assert_eq!(js_uri_component(odd), "a%20b!'()*~");
        assert_eq!(php_form(odd), "a+b%21%27%28%29%2A%7E");
        assert_eq!(python_and_go_form(odd), "a+b%21%27%28%29%2A~");
        assert_eq!(java_form(odd), "a+b%21%27%28%29*%7E");
    }
}
