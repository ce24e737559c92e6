//! The parameters after a path's `?`, read one by one, so that an answer can name the one that is wrong. A parameter that
//! is not known is refused, at every operation: a filter that is misspelt would else be one that lets everything through.
//! A handler gets them from [`super::auth::Asking`].

use std::collections::BTreeMap;

use axum::extract::Query;
use axum::http::Uri;
use redress_core::time::Timestamp;
use redress_engine::rfc3339;

use super::code::Code;
use super::error::OwnError;
use super::time::TIME_WANTED;
use crate::json_object::FieldProblem;
use crate::limits::{PATH_TEXT_CHARS_MAX, storable};

/// The parameters of one request: each name, with every text that stands there under it.
pub(crate) struct QueryFields(BTreeMap<String, Vec<String>>);

impl QueryFields {
    /// Those of an address.
    pub(super) fn of(uri: &Uri) -> Result<Self, OwnError> {
        let mut fields = BTreeMap::<String, Vec<String>>::new();
        if uri.query().is_some() {
            let Query(pairs) = Query::<Vec<(String, String)>>::try_from_uri(uri).map_err(|_| {
                OwnError::new(Code::Malformed, "the parameters of the address cannot be read")
            })?;
            for (name, text) in pairs {
                fields.entry(name).or_default().push(text);
            }
        }
        Ok(Self(fields))
    }

    /// Refuses every parameter but these.
    pub(super) fn only(self, known: &[&str]) -> Result<Self, OwnError> {
        match self.0.keys().find(|name| !known.contains(&name.as_str())) {
            Some(name) => Err(FieldProblem::unknown("parameter", name, known).into()),
            None => Ok(self),
        }
    }

    /// A parameter's text. One that is there twice is refused: two readers may see two different requests.
    pub(crate) fn text(&self, name: &'static str) -> Result<Option<&str>, FieldProblem> {
        match self.texts(name) {
            [] => Ok(None),
            [text] => readable(name, text).map(Some),
            _ => Err(FieldProblem::repeated("parameter", name)),
        }
    }

    fn texts(&self, name: &str) -> &[String] {
        self.0.get(name).map(Vec::as_slice).unwrap_or_default()
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

    /// A parameter that is one of some words, which are told where it is none of them.
    pub(crate) fn word<T>(
        &self,
        name: &'static str,
        words: impl IntoIterator<Item = &'static str>,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Result<Option<T>, FieldProblem> {
        let Some(text) = self.text(name)? else { return Ok(None) };
        parse(text).map(Some).ok_or_else(|| {
            let words: Vec<_> = words.into_iter().collect();
            FieldProblem::of(name, format_args!("must be one of {}", words.join(", ")))
        })
    }

    /// A parameter that is one or some of some words, with commas between; each is answered once. Many a generated client
    /// repeats the name instead, which says as much.
    pub(crate) fn some_words<T: PartialEq>(
        &self,
        name: &'static str,
        words: impl IntoIterator<Item = &'static str>,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Result<Vec<T>, FieldProblem> {
        let mut all = Vec::new();
        for text in self.texts(name) {
            all.extend(readable(name, text)?.split(','));
        }
        let all: Option<Vec<T>> = all.into_iter().map(parse).collect();
        let all = all.ok_or_else(|| {
            let words: Vec<_> = words.into_iter().collect();
            FieldProblem::of(name, format_args!("must be some of {}, with commas between", words.join(", ")))
        })?;
        let mut once = Vec::with_capacity(all.len());
        for one in all {
            if !once.contains(&one) {
                once.push(one);
            }
        }
        Ok(once)
    }

    /// A parameter that is a time.
    pub(crate) fn time(&self, name: &'static str) -> Result<Option<Timestamp>, FieldProblem> {
        self.parsed(name, TIME_WANTED, rfc3339::read)
    }
}

/// One text of a parameter. One that is empty is refused: a filter whose value somebody forgot would let everything through.
fn readable<'a>(name: &'static str, text: &'a str) -> Result<&'a str, FieldProblem> {
    if text.is_empty() {
        return Err(FieldProblem::of(name, "must not be empty: leave it out"));
    }
    if storable(text, PATH_TEXT_CHARS_MAX) {
        return Ok(text);
    }
    Err(FieldProblem::of(name, format_args!("must have at most {PATH_TEXT_CHARS_MAX} characters, no NUL")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(query: &str, known: &[&str]) -> Result<QueryFields, OwnError> {
        QueryFields::of(&format!("/v1/refunds{query}").parse().unwrap())?.only(known)
    }

    fn readable(query: &str, known: &[&str]) -> QueryFields {
        read(query, known).unwrap_or_else(|error| panic!("{query}: {error:?}"))
    }

    #[test]
    fn parameters_are_read_by_name() {
        let fields = readable("?limit=7&state=&order=a%20b", &["limit", "state", "order"]);
        assert_eq!(fields.parsed("limit", "a number", |text| text.parse().ok()), Ok(Some(7)));
        assert_eq!(fields.text("order"), Ok(Some("a b")));
        assert_eq!(fields.text("state").unwrap_err().field, Some("state"), "forgotten");
        assert_eq!(fields.text("other"), Ok(None));
        assert_eq!(
            fields.parsed("order", "a number", |text| text.parse::<u8>().ok()).unwrap_err().field,
            Some("order")
        );
        let long = readable(&format!("?a={}", "x".repeat(1_000)), &["a"]);
        assert!(long.text("a").is_err());
    }

    #[test]
    fn a_word_that_is_none_is_answered_with_those_that_are() {
        let word = |query: &str| {
            let read = |text: &str| (text == "due").then_some(7);
            readable(query, &["state"]).word("state", ["due", "done"], read)
        };
        assert_eq!((word(""), word("?state=due")), (Ok(None), Ok(Some(7))));
        let wrong = word("?state=lost").unwrap_err();
        assert_eq!((wrong.field, &*wrong.text), (Some("state"), "state must be one of due, done"));
    }

    #[test]
    fn some_words_stand_with_commas_between_and_count_once() {
        let words = |query: &str| {
            let read = |text: &str| ["due", "done"].iter().position(|word| *word == text);
            readable(query, &["state"]).some_words("state", ["due", "done"], read)
        };
        for (query, read) in [
            ("", vec![]),
            ("?state=done", vec![1]),
            ("?state=done,due", vec![1, 0]),
            ("?state=done%2Cdue", vec![1, 0]),
            ("?state=due,due,done,due", vec![0, 1]),
        ] {
            assert_eq!(words(query), Ok(read), "{query}");
        }
        for query in
            ["?state=lost", "?state=due,lost", "?state=due,", "?state=,", "?state=due, done", "?state="]
        {
            let wrong = words(&query.replace(' ', "%20")).unwrap_err();
            assert_eq!(wrong.field, Some("state"), "{query}");
        }
        assert_eq!(
            &*words("?state=due,lost").unwrap_err().text,
            "state must be some of due, done, with commas between"
        );
    }

    #[test]
    fn what_is_not_known_is_refused() {
        let fault = |query: &str, known: &[&str]| read(query, known).err();
        for query in ["", "?"] {
            assert_eq!(fault(query, &[]), None, "{query}");
        }
        let unknown =
            |name, known: &[&str]| Some(OwnError::from(FieldProblem::unknown("parameter", name, known)));
        assert_eq!(fault("?limit=7&lmit=8", &["limit"]), unknown("lmit", &["limit"]));
        assert_eq!(fault("?lmit", &[]), unknown("lmit", &[]));
        assert_eq!(fault("?a=1&a=2", &[]), unknown("a", &[]), "twice or not");
        for query in ["?=1", "?%00=1&%00=2"] {
            assert_eq!(fault(query, &[]), unknown("", &[]), "{query}: no name to give back");
        }
        assert_eq!(fault("?b=1&a=1&a=2&b=2", &["a", "b"]), None, "who reads it says whether it may");
    }

    #[test]
    fn what_is_there_twice_is_refused_but_where_some_may_be_named() {
        let both = readable("?a=1&b=2&a=2", &["a", "b"]);
        let twice = || FieldProblem::repeated("parameter", "a");
        assert_eq!(both.text("a"), Err(twice()));
        assert_eq!(both.parsed("a", "a number", |text| text.parse::<u8>().ok()), Err(twice()));
        assert!(both.word("a", ["1", "2"], |word| word.parse::<u8>().ok()).is_err());
        assert!(both.time("a").is_err());
        assert_eq!(both.text("b"), Ok(Some("2")));
        for query in ["?a=1,2&a=2", "?a=1&b=1&a=2"] {
            let some =
                readable(query, &["a", "b"]).some_words("a", ["1", "2"], |word| word.parse::<u8>().ok());
            assert_eq!(some, Ok(vec![1, 2]), "{query}: a list, however it is written");
        }
        for query in ["?a=1&a=", "?a=&a=1", "?a=1&a=3"] {
            let read = |word: &str| word.parse::<u8>().ok().filter(|number| *number < 3);
            let wrong = readable(query, &["a"]).some_words("a", ["1", "2"], read).unwrap_err();
            assert_eq!(wrong.field, Some("a"), "{query}");
        }
    }
}
