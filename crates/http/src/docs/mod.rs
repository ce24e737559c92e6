//! The pages about the API that the server itself has: what each error code means, and the reference. They load nothing
//! from elsewhere and run no script.

pub(crate) mod errors;
pub(crate) mod reference;

use askama::Template;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};

use crate::face::{Face, Problem};

/// What a page may load: its own style and nothing else.
const POLICY: HeaderValue =
    HeaderValue::from_static("default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'");

/// GET `/docs/style.css`.
pub(crate) async fn style() -> ([(header::HeaderName, &'static str); 1], &'static str) {
    ([(header::CONTENT_TYPE, "text/css; charset=utf-8")], include_str!("../../templates/docs/style.css"))
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
            Face::Own.answer(Problem::Broken)
        }
    }
}
