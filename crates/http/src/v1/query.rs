//! The parameters after a path's `?`, read one by one, so that an answer can name the one that is wrong. A parameter that
//! is not known is refused, at every operation: a filter that is misspelt would else be one that lets everything through.
//! A handler gets them from [`super::auth::Asking`].

use std::collections::BTreeMap;

use axum::extract::Query;
use axum::http::Uri;
use redress_core::time::Timestamp;

use super::code::Code;
use super::error::OwnError;
use super::time::{TIME_WANTED, read_time};
use crate::json_object::FieldProblem;
use crate::limits::{PATH_TEXT_CHARS_MAX, storable};

/// Parameters of which some may be given. They are described with commas between, and many a generated client repeats the name
/// all the same, which says as much.
const LISTS: [&str; 2] = ["type", "status"];

/// The parameters of one request.
pub(crate) struct QueryFields {
    fields: BTreeMap<String, String>,
    /// The first that is there twice: then two readers may see two different requests.
    repeated: Option<String>,
}

impl QueryFields {
    /// Those of an address.
    pub(super) fn of(uri: &Uri) -> Result<Self, OwnError> {
        let (mut fields, mut repeated) = (BTreeMap::<String, String>::new(), None);
        if uri.query().is_some() {
            let Query(pairs) = Query::<Vec<(String, String)>>::try_from_uri(uri).map_err(|_| {
                OwnError::new(Code::Malformed, "the parameters of the address cannot be read")
            })?;
            for (name, value) in pairs {
                match fields.get_mut(&name) {
                    None => drop(fields.insert(name, value)),
                    Some(before) if LISTS.contains(&name.as_str()) => {
                        *before = format!("{before},{value}");
                    }
                    Some(_) => repeated = repeated.or(Some(name)),
                }
            }
        }
        Ok(Self { fields, repeated })
    }

    /// Refuses every parameter but these, and one of these that is there twice.
    pub(super) fn only(self, known: &[&str]) -> Result<Self, OwnError> {
        if let Some(name) = self.fields.keys().find(|name| !known.contains(&name.as_str())) {
            return Err(FieldProblem::unknown("parameter", name, known).into());
        }
        if let Some(name) = &self.repeated {
            return Err(FieldProblem::repeated("parameter", name).into());
        }
        Ok(self)
    }

    /// A parameter's text. One that is empty is refused: a filter whose value somebody forgot would let everything through.
    pub(crate) fn text(&self, name: &'static str) -> Result<Option<&str>, FieldProblem> {
        match self.fields.get(name).map(String::as_str) {
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

    /// A parameter that is one or some of some words, with commas between; each is answered once.
    pub(crate) fn some_words<T: PartialEq>(
        &self,
        name: &'static str,
        words: impl IntoIterator<Item = &'static str>,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Result<Vec<T>, FieldProblem> {
        let Some(text) = self.text(name)? else { return Ok(Vec::new()) };
        let all: Option<Vec<T>> = text.split(',').map(parse).collect();
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
        self.parsed(name, TIME_WANTED, read_time)
    }
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
    fn what_is_not_known_or_there_twice_is_refused() {
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
        let twice = |name| Some(OwnError::from(FieldProblem::repeated("parameter", name)));
        assert_eq!(fault("?a=1&a=2", &["a"]), twice("a"));
        for query in ["?type=a,b&type=b", "?type=a&x=1&type=b"] {
            let some =
                readable(query, &["type", "x"]).some_words("type", ["a", "b"], |word| Some(word.to_owned()));
            assert_eq!(
                some,
                Ok(vec!["a".to_owned(), "b".to_owned()]),
                "{query}: a list, however it is written"
            );
        }
        let empty = readable("?type=a&type=", &["type"])
            .some_words("type", ["a"], |word| (word == "a").then_some(()));
        assert!(empty.is_err(), "nothing is no word of it");
        assert_eq!(fault("?b=1&a=1&a=2&b=2", &["a", "b"]), twice("a"), "the first that comes again");
    }
}
