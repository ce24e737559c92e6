//! The parameters after a path's `?`, read one by one, so that an answer can name the one that is wrong. A parameter that
//! is not known is refused: a filter that is misspelt would else be one that lets everything through.

use std::collections::BTreeMap;

use axum::extract::{FromRequestParts, Query};
use axum::http::request::Parts;
use redress_core::time::Timestamp;

use super::code::Code;
use super::error::OwnError;
use super::time::read_time;
use crate::json_object::FieldProblem;
use crate::limits::{PATH_TEXT_CHARS_MAX, storable};

/// The parameters of one request.
pub(crate) struct QueryFields(BTreeMap<String, String>);

impl<S: Send + Sync> FromRequestParts<S> for QueryFields {
    type Rejection = OwnError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, OwnError> {
        let Query(pairs) = Query::<Vec<(String, String)>>::try_from_uri(&parts.uri)
            .map_err(|_| OwnError::new(Code::Malformed, "the parameters of the address cannot be read"))?;
        let mut fields = BTreeMap::new();
        for (name, value) in pairs {
            if fields.insert(name, value).is_some() {
                return Err(OwnError::new(Code::Malformed, "a parameter of the address is repeated"));
            }
        }
        Ok(Self(fields))
    }
}

impl QueryFields {
    /// Refuses every parameter but these.
    pub(crate) fn only(&self, known: &[&str]) -> Result<(), OwnError> {
        match self.0.keys().find(|name| !known.contains(&name.as_str())) {
            None => Ok(()),
            Some(name) => Err(FieldProblem::unknown("parameter", name, known).into()),
        }
    }

    /// A parameter's text. One that is empty is refused: a filter whose value somebody forgot would let everything through.
    pub(crate) fn text(&self, name: &'static str) -> Result<Option<&str>, FieldProblem> {
        match self.0.get(name).map(String::as_str) {
            None => Ok(None),
            Some("") => Err(FieldProblem::of(name, "must not be empty: leave it out")),
            Some(text) if storable(text, PATH_TEXT_CHARS_MAX) => Ok(Some(text)),
            Some(_) => Err(FieldProblem::of(
                name,
                format_args!("must have at most {PATH_TEXT_CHARS_MAX} characters, no NUL"),
            )),
        }
    }

    /// A parameter read by `parse`; `wanted` says what it must be.
    pub(crate) fn parsed<T>(
        &self,
        name: &'static str,
        wanted: &str,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Result<Option<T>, FieldProblem> {
        let Some(text) = self.text(name)? else { return Ok(None) };
        parse(text).map(Some).ok_or_else(|| FieldProblem::of(name, format_args!("must be {wanted}")))
    }

    /// A parameter that is a time.
    pub(crate) fn time(&self, name: &'static str) -> Result<Option<Timestamp>, FieldProblem> {
        self.parsed(name, "a time as RFC 3339 writes it, with a zone", read_time)
    }
}

#[cfg(test)]
mod tests {
    use axum::http::Request;

    use super::*;

    async fn read(query: &str) -> Result<QueryFields, OwnError> {
        let (mut parts, ()) = Request::get(format!("/v1/refunds?{query}")).body(()).unwrap().into_parts();
        QueryFields::from_request_parts(&mut parts, &()).await
    }

    #[tokio::test]
    async fn parameters_are_read_by_name_and_unknown_ones_are_refused() {
        let fields = read("limit=7&state=&order=a%20b").await.unwrap_or_else(|_| panic!("readable"));
        assert_eq!(fields.parsed("limit", "a number", |text| text.parse().ok()), Ok(Some(7)));
        assert_eq!(fields.text("order"), Ok(Some("a b")));
        assert_eq!(fields.text("state").unwrap_err().field, Some("state"), "forgotten");
        assert_eq!(fields.text("other"), Ok(None));
        assert_eq!(
            fields.parsed("order", "a number", |text| text.parse::<u8>().ok()).unwrap_err().field,
            Some("order")
        );
        assert!(
            fields.only(&["limit", "state", "order"]).is_ok() && fields.only(&["limit", "state"]).is_err()
        );
        for query in ["a=1&a=2".to_owned(), "%00=1&%00=2".to_owned()] {
            assert!(read(&query).await.is_err(), "{query}");
        }
        let long = read(&format!("a={}", "x".repeat(1_000))).await.unwrap_or_else(|_| panic!("readable"));
        assert!(long.text("a").is_err());
    }
}
