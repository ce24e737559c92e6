//! A JSON object whose fields are read one by one, so that an answer can name the field that is wrong, and numbers are
//! read from their text: no amount passes through a float.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};
use serde_json::error::Category;
use serde_json::value::RawValue;

use crate::limits::{REFERENCE_CHARS_MAX, storable};

/// A field that is not as it must be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FieldProblem {
    /// Its name; `None` where the whole body is wrong.
    pub(crate) field: Option<&'static str>,
    /// The name of one that is there and not known: the caller's own word; empty where no field could be called so.
    pub(crate) unknown: Option<String>,
    /// The name of one that is there twice: the caller's own word, or empty, as there.
    pub(crate) repeated: Option<String>,
    /// What is wrong, for the caller's developer.
    pub(crate) text: Cow<'static, str>,
}

impl FieldProblem {
    /// A problem of one field.
    pub(crate) fn of(field: &'static str, problem: impl fmt::Display) -> Self {
        Self { field: Some(field), ..Self::whole(format!("{field} {problem}")) }
    }

    /// A problem of the whole body.
    pub(crate) fn whole(problem: impl Into<Cow<'static, str>>) -> Self {
        Self { field: None, unknown: None, repeated: None, text: problem.into() }
    }

    /// A field or a parameter, as `kind` says, that is none of those that are `known`.
    pub(crate) fn unknown(kind: &str, name: &str, known: &[&str]) -> Self {
        let known = match known {
            [] => ": none is taken".to_owned(),
            known => format!("; these are: {}", known.join(", ")),
        };
        let name = if storable(name, REFERENCE_CHARS_MAX) { name } else { "" };
        let text = match name {
            "" => format!("a {kind} is not known here{known}"),
            name => format!("the {kind} {name:?} is not known here{known}"),
        };
        Self { unknown: Some(name.to_owned()), ..Self::whole(text) }
    }

    /// A field or a parameter, as `kind` says, that is there twice: two readers may see two different requests.
    pub(crate) fn repeated(kind: &str, name: &str) -> Self {
        let name = if storable(name, REFERENCE_CHARS_MAX) { name } else { "" };
        let text = match name {
            "" => format!("a {kind} is there twice"),
            name => format!("the {kind} {name:?} is there twice"),
        };
        Self { repeated: Some(name.to_owned()), ..Self::whole(text) }
    }

    /// A field that must be there and is not.
    pub(crate) fn missing(field: &'static str) -> Self {
        Self::of(field, "is required")
    }
}

/// The fields of a JSON object, each still as text. A field that is `null` is one that is not there, except where
/// [`JsonObject::no_nulls`] refuses it.
pub(crate) struct JsonObject<'a>(BTreeMap<String, &'a RawValue>);

impl<'a> JsonObject<'a> {
    /// Reads a body.
    ///
    /// # Errors
    /// A [`FieldProblem`] of the whole when it is no JSON object, and of the field that it has twice.
    pub(crate) fn parse(body: &'a [u8]) -> Result<Self, FieldProblem> {
        let read: Fields<'a> =
            serde_json::from_slice(body).map_err(|error| FieldProblem::whole(not_an_object(&error)))?;
        match read.repeated {
            None => Ok(Self(read.fields)),
            Some(name) => Err(FieldProblem::repeated("field", &name)),
        }
    }

    /// Reads a body that may be left out: an empty one has no fields.
    ///
    /// # Errors
    /// As [`JsonObject::parse`].
    pub(crate) fn parse_optional(body: &'a [u8]) -> Result<Self, FieldProblem> {
        Self::parse(if body.is_empty() { b"{}" } else { body })
    }

    /// The names of the fields.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// Refuses every field but these.
    ///
    /// # Errors
    /// A [`FieldProblem`] of the first that is not known.
    pub(crate) fn only(&self, known: &[&str]) -> Result<(), FieldProblem> {
        match self.names().find(|name| !known.contains(name)) {
            None => Ok(()),
            Some(name) => Err(FieldProblem::unknown("field", name, known)),
        }
    }

    /// The JSON text of a field.
    pub(crate) fn raw(&self, field: &str) -> Option<&'a str> {
        self.0.get(field).map(|value| value.get()).filter(|text| *text != "null")
    }

    /// Refuses `null` in these fields, whose absence means something: a variable that nobody set must not.
    ///
    /// # Errors
    /// A [`FieldProblem`] of the first that is `null`.
    pub(crate) fn no_nulls(&self, fields: &[&'static str]) -> Result<(), FieldProblem> {
        for &field in fields {
            if self.0.get(field).is_some_and(|value| value.get() == "null") {
                return Err(FieldProblem::of(field, "must not be null: leave it out, or say what it is"));
            }
        }
        Ok(())
    }

    /// A text of at most `chars_max` characters that the store can keep.
    pub(crate) fn text(&self, field: &'static str, chars_max: usize) -> Result<Option<String>, FieldProblem> {
        let Some(raw) = self.raw(field) else { return Ok(None) };
        let text: String =
            serde_json::from_str(raw).map_err(|_| FieldProblem::of(field, "must be a string"))?;
        if storable(&text, chars_max) {
            Ok(Some(text))
        } else if text.contains('\0') {
            Err(FieldProblem::of(field, "must not contain a NUL character"))
        } else {
            Err(FieldProblem::of(field, format_args!("must have at most {chars_max} characters")))
        }
    }

    /// The same, where it must be there.
    pub(crate) fn required_text(
        &self,
        field: &'static str,
        chars_max: usize,
    ) -> Result<String, FieldProblem> {
        self.text(field, chars_max)?.ok_or_else(|| FieldProblem::missing(field))
    }

    /// A whole number: a JSON number without point and exponent. A string is none.
    pub(crate) fn integer(&self, field: &'static str) -> Result<Option<i64>, FieldProblem> {
        let Some(raw) = self.raw(field) else { return Ok(None) };
        raw.parse().map(Some).map_err(|_| {
            FieldProblem::of(
                field,
                "must be a whole number that fits into 64 bits, without quotes, point or exponent",
            )
        })
    }
}

/// Where a body stops being JSON, without a word of what stands there: it may be anybody's.
fn not_an_object(error: &serde_json::Error) -> String {
    match (error.classify(), error.line()) {
        (Category::Data, _) => "the body must be a JSON object".to_owned(),
        (Category::Eof, _) => "the body is not JSON: it ends too early".to_owned(),
        // Of a line of a file the caller knows which one it is.
        (_, 0 | 1) => format!("the body is not JSON: see column {}", error.column()),
        (_, line) => format!("the body is not JSON: see line {line}, column {}", error.column()),
    }
}

/// What an object has, and the first name that it has twice.
struct Fields<'a> {
    fields: BTreeMap<String, &'a RawValue>,
    repeated: Option<String>,
}

impl<'de: 'a, 'a> Deserialize<'de> for Fields<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;

        impl<'de> Visitor<'de> for Object {
            type Value = Fields<'de>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a JSON object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut all = Fields { fields: BTreeMap::new(), repeated: None };
                while let Some((name, value)) = map.next_entry::<String, &'de RawValue>()? {
                    if all.repeated.is_none() && all.fields.contains_key(&name) {
                        all.repeated = Some(name);
                    } else {
                        all.fields.insert(name, value);
                    }
                }
                Ok(all)
            }
        }

        deserializer.deserialize_map(Object)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for JsonObject<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let read = Fields::deserialize(deserializer)?;
        match read.repeated {
            None => Ok(Self(read.fields)),
            Some(_) => Err(D::Error::custom("a field is repeated")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn object(text: &str) -> JsonObject<'_> {
        JsonObject::parse(text.as_bytes()).expect("an object")
    }

    #[test]
    fn only_an_object_without_repeated_fields_is_read() {
        let problem = |body: &[u8]| JsonObject::parse(body).err().unwrap();
        for body in ["", "{", r#"{"a":1,"#] {
            assert_eq!(problem(body.as_bytes()).text, "the body is not JSON: it ends too early", "{body}");
        }
        for body in [r#"{"a":1}x"#, "{\"a\":\u{1}}", r#"{"a":1,}"#, "a=1&b=2"] {
            let told = problem(body.as_bytes()).text;
            assert!(told.starts_with("the body is not JSON: see column "), "{body}: {told}");
        }
        let told = problem(b"{\"a\": 1,\n \"b\": x}").text;
        assert!(told.starts_with("the body is not JSON: see line 2, column "), "{told}");
        for body in ["[]", "1", "null", r#""a""#] {
            assert_eq!(
                problem(body.as_bytes()),
                FieldProblem::whole("the body must be a JSON object"),
                "{body}"
            );
        }
        assert!(JsonObject::parse(b"{\"a\":\"\xff\"}").is_err());
    }

    #[test]
    fn a_field_that_is_there_twice_is_named() {
        let problem = |body: &str| JsonObject::parse(body.as_bytes()).err().unwrap();
        let twice = FieldProblem::repeated("field", "a");
        assert_eq!((twice.repeated.as_deref(), &*twice.text), (Some("a"), r#"the field "a" is there twice"#));
        for body in [r#"{"a":1,"\u0061":2}"#, r#"{"a":1,"b":2,"a":1,"b":2}"#, r#"{"a":1,"a":2,"a":3}"#] {
            assert_eq!(problem(body), twice, "{body}");
        }
        // A name that is none is refused as well, and not repeated.
        let nameless = problem(r#"{"":1,"":2}"#);
        assert_eq!((nameless.repeated.as_deref(), &*nameless.text), (Some(""), "a field is there twice"));
        assert!(serde_json::from_str::<JsonObject<'_>>(r#"{"a":1,"a":2}"#).is_err(), "within a body too");
    }

    #[test]
    fn null_is_absence() {
        let object = object(r#"{"a": null, "b": "null"}"#);
        assert_eq!(object.raw("a"), None);
        assert_eq!(object.text("a", 9), Ok(None));
        assert_eq!(object.required_text("a", 9), Err(FieldProblem::missing("a")));
        assert_eq!(object.text("b", 9), Ok(Some("null".into())));
        assert_eq!(object.no_nulls(&["c", "b"]), Ok(()));
        assert_eq!(object.no_nulls(&["c", "b", "a"]).unwrap_err().field, Some("a"));
    }

    #[test]
    fn a_field_that_is_not_known_is_named() {
        let object = object(r#"{"amount":1,"amont":2}"#);
        assert_eq!(object.only(&["amount", "amont"]), Ok(()));
        let problem = object.only(&["amount", "currency"]).unwrap_err();
        assert_eq!((problem.field, problem.unknown.as_deref()), (None, Some("amont")));
        assert_eq!(problem.text, r#"the field "amont" is not known here; these are: amount, currency"#);
        // A name that is none, or too long for one, is refused as well, and not repeated.
        for name in ["", "\0", &"x".repeat(REFERENCE_CHARS_MAX + 1)] {
            let problem = FieldProblem::unknown("field", name, &[]);
            assert_eq!(problem.unknown.as_deref(), Some(""), "{name:?}");
            assert_eq!(problem.text, "a field is not known here: none is taken");
        }
    }

    #[test]
    fn texts_are_bounded_and_storable() {
        let object = object(r#"{"a":"abc","b":1,"c":"a\u0000","d":"\ud800"}"#);
        assert_eq!(object.text("a", 3), Ok(Some("abc".into())));
        assert!(object.text("a", 2).is_err());
        for field in ["b", "c", "d"] {
            assert_eq!(object.text(field, 9).unwrap_err().field, Some(field));
        }
    }

    #[test]
    fn integers_are_strict() {
        for (text, value) in [("0", Some(0)), ("-3", Some(-3)), ("9223372036854775807", Some(i64::MAX))] {
            assert_eq!(object(&format!(r#"{{"a":{text}}}"#)).integer("a"), Ok(value));
        }
        for text in ["1.0", "1e3", "\"1\"", "true", "[]", "9223372036854775808", "{}"] {
            assert!(object(&format!(r#"{{"a":{text}}}"#)).integer("a").is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_body_is_answered_without_a_panic(body in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = JsonObject::parse(&body);
        }
    }
}
