//! The pages about the API that the server itself has: what each error code means, and the reference. They load nothing
//! from elsewhere and run no script.

pub(crate) mod errors;
pub(crate) mod reference;

use askama::Template;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};

use crate::problem::Problem;

/// What a page may load: its own style and nothing else.
const POLICY: HeaderValue =
    HeaderValue::from_static("default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'");

/// GET `/docs/style.css`.
pub(crate) async fn style() -> ([(header::HeaderName, &'static str); 1], &'static str) {
    ([(header::CONTENT_TYPE, "text/css; charset=utf-8")], include_str!("../../templates/docs/style.css"))
}

/// A text of a description, as HTML: what stands between backticks is code.
fn html(text: &str) -> String {
    let mut html = String::with_capacity(text.len());
    let backticks = text.matches('`').count();
    for (at, part) in text.split('`').enumerate() {
        // Every second part begins behind one that opens, unless none closes it.
        html.push_str(match (at, at % 2) {
            (0, _) => "",
            (_, 0) => "</code>",
            _ if at < backticks => "<code>",
            _ => "`",
        });
        for character in part.chars() {
            match character {
                '&' => html.push_str("&amp;"),
                '<' => html.push_str("&lt;"),
                '>' => html.push_str("&gt;"),
                '"' => html.push_str("&#34;"),
                '\'' => html.push_str("&#39;"),
                other => html.push(other),
            }
        }
    }
    html
}

fn page(template: &impl Template) -> Response {
    match template.render() {
        Ok(html) => {
            let mut response = (StatusCode::OK, Html(html)).into_response();
            response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, POLICY);
            response
        }
        Err(error) => {
            tracing::error!(%error, "a page could not be made");
            Problem::Broken.into_response()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_between_backticks_is_code_and_nothing_else_is_html() {
        for (text, shown) in [
            ("", ""),
            ("a < b & \"c\"", "a &lt; b &amp; &#34;c&#34;"),
            ("`a`", "<code>a</code>"),
            ("send `<a>` or `b`.", "send <code>&lt;a&gt;</code> or <code>b</code>."),
            ("one ` alone", "one ` alone"),
            ("`a` and ` alone", "<code>a</code> and ` alone"),
        ] {
            assert_eq!(html(text), shown, "{text}");
        }
    }
}
