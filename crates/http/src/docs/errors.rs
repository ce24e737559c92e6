//! GET `/docs/errors` and `/docs/errors/{code}`: what each code of the own API means, from the table that the answers
//! are made from. `type` of an error points here.

use askama::Template;
use axum::response::{IntoResponse, Response};

use super::{html, page};
use crate::body::PathText;
use crate::problem::Problem;
use crate::v1::code::{Entry, TABLE};

#[derive(Template)]
#[template(path = "docs/errors.html")]
struct All {
    entries: &'static [Entry],
}

#[derive(Template)]
#[template(path = "docs/error.html")]
struct One {
    entry: &'static Entry,
    /// As HTML, as the two after it.
    cause: String,
    advice: String,
    again: String,
}

impl From<&'static Entry> for One {
    fn from(entry: &'static Entry) -> Self {
        let (cause, advice, again) = (html(entry.cause), html(entry.advice), html(entry.again.sentence()));
        Self { entry, cause, advice, again }
    }
}

pub(crate) async fn all() -> Response {
    page(&All { entries: TABLE })
}

pub(crate) async fn one(PathText(name): PathText) -> Response {
    let entry = name.and_then(|name| TABLE.iter().find(|entry| entry.name == name));
    entry.map_or_else(|| Problem::NoRoute.into_response(), |entry| page(&One::from(entry)))
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::http::Request;

    use super::*;
    use crate::testing::{Answer, Harness};

    async fn get(harness: &Harness, path: &str) -> Answer {
        harness.send(Request::get(path).body(Body::empty()).unwrap()).await
    }

    #[tokio::test]
    async fn every_code_has_a_page_at_the_address_that_errors_point_to() {
        let harness = Harness::new().await;
        let all = get(&harness, "/docs/errors").await;
        for entry in TABLE {
            assert!(all.text().contains(&format!("href=\"/docs/errors/{}\"", entry.name)), "{}", entry.name);
            let one = get(&harness, &format!("/docs/errors/{}", entry.name)).await;
            assert!(one.status == 200 && one.text().contains(entry.title), "{one:?}");
            for told in [entry.cause, entry.advice, entry.again.sentence()] {
                assert!(!told.is_empty() && one.text().contains(&html(told)), "{}: {told}", entry.name);
            }
            assert_eq!(one.headers["content-type"], "text/html; charset=utf-8");
        }
        let refused = get(&harness, "/v1/payments/x").await.json();
        assert_eq!(get(&harness, refused["type"].as_str().unwrap()).await.status, 200);
        assert_eq!(get(&harness, "/docs/errors/nothing").await.status, 404);
        assert_eq!(get(&harness, "/docs/style.css").await.status, 200);
    }
}
