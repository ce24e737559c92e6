//! What a form sends: `application/x-www-form-urlencoded` (WHATWG URL Standard, section 5.1).

use std::hash::{DefaultHasher, Hash, Hasher};

use super::field::Wrong;
use crate::limits::storable;

/// The most fields of a form that are read.
const FIELDS_MAX: usize = 64;

/// The field that proves that a form is ours.
pub(super) const PROOF: &str = "proof";

/// The field that says which environment the page of a form was in.
pub(super) const MADE_IN: &str = "made_in";

/// The longest key of a form that is taken, in bytes: ours are shorter.
const FORM_KEY_BYTES_MAX: usize = 64;

/// The key that was drawn with a form, by which what it does is done once; `None` where the form has none of ours.
pub(super) fn form_key(form: &Form) -> Option<&str> {
    Some(form.typed("key")).filter(|key| {
        (1..=FORM_KEY_BYTES_MAX).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic())
    })
}

/// What a person decides on, in a few characters that a form carries along: a decision on a page that was made before any of
/// it changed is not taken. It need not last: whoever comes with that of another version of this program looks once more.
pub(super) fn stamp(of: &impl Hash) -> String {
    let mut hasher = DefaultHasher::new();
    of.hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}

/// The fields of a form, as they were typed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Form {
    fields: Vec<(String, String)>,
}

impl Form {
    /// Reads a body; what is no UTF-8 is replaced. Also reads the query of an address.
    pub(crate) fn parse(body: &[u8]) -> Self {
        Self { fields: form_urlencoded::parse(body).into_owned().take(FIELDS_MAX).collect() }
    }

    /// A form of these fields.
    pub(super) fn of(fields: Vec<(String, String)>) -> Self {
        Self { fields }
    }

    /// What stands in a field; empty where it was not sent.
    pub(crate) fn typed(&self, name: &str) -> &str {
        self.fields
            .iter()
            .find_map(|(key, value)| (key == name).then_some(value.as_str()))
            .unwrap_or_default()
    }

    /// What is chosen in a field of several values, with a space between.
    pub(crate) fn chosen(&self, name: &str) -> String {
        let chosen = self.fields.iter().filter(|(key, _)| key == name).map(|(_, value)| value.as_str());
        chosen.collect::<Vec<_>>().join(" ")
    }

    /// A text that must be there, without the spaces around it.
    ///
    /// # Errors
    /// [`Wrong`] goes beside the field.
    pub(crate) fn needed(&self, name: &str, chars_max: usize) -> Result<String, Wrong> {
        match self.optional(name, chars_max)? {
            Some(text) => Ok(text),
            None => Err(Wrong::Missing),
        }
    }

    /// A text that may be left out, without the spaces around it. Line breaks and several spaces become
    /// one.
    ///
    /// # Errors
    /// [`Wrong`] goes beside the field.
    pub(crate) fn optional(&self, name: &str, chars_max: usize) -> Result<Option<String>, Wrong> {
        Self::one_line(self.typed(name), chars_max)
    }

    /// The same of a text that was typed in a field.
    ///
    /// # Errors
    /// [`Wrong`] goes beside the field.
    pub(crate) fn one_line(typed: &str, chars_max: usize) -> Result<Option<String>, Wrong> {
        let text = typed.split_whitespace().collect::<Vec<_>>().join(" ");
        if text.is_empty() {
            return Ok(None);
        }
        if storable(&text, chars_max) { Ok(Some(text)) } else { Err(Wrong::TooLong { max: chars_max }) }
    }

    /// Every field but the proof, in the order in which they were sent.
    pub(super) fn all(&self) -> impl Iterator<Item = (&str, &str)> {
        self.fields.iter().map(|(key, value)| (key.as_str(), value.as_str())).filter(|(key, _)| *key != PROOF)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_decoded_and_bounded() {
        let form = Form::parse(b"a=1+2&b=%D8%B1%3D&c&=x&a=second&long=12345&break=1%0D%0A2");
        assert_eq!(
            [form.typed("a"), form.typed("b"), form.typed("c"), form.typed("d")],
            ["1 2", "ر=", "", ""]
        );
        assert_eq!((form.chosen("a"), form.chosen("d")), ("1 2 second".to_owned(), String::new()));
        assert_eq!(form.needed("b", 2), Ok("ر=".to_owned()));
        assert_eq!(form.needed("c", 2), Err(Wrong::Missing));
        assert_eq!(form.optional("c", 2), Ok(None));
        assert_eq!(form.optional("long", 4), Err(Wrong::TooLong { max: 4 }));
        assert_eq!(form.optional("break", 9), Ok(Some("1 2".to_owned())));
        let many = Form::parse("x=1&".repeat(100).as_bytes());
        assert_eq!(many.all().count(), FIELDS_MAX);
    }
}
