//! A field of a form: its label, its hint, what is wrong with it, and what was typed. Every input of the portal is one of
//! these, so that none lacks a label.

use std::borrow::Cow;

use askama::Template;

use super::text::{Texts, fill};

/// Why what was typed is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wrong {
    /// Nothing was typed.
    Missing,
    /// It is longer than this, in characters.
    TooLong {
        /// The most.
        max: usize,
    },
}

impl Wrong {
    /// The words beside the field.
    pub(crate) fn told(self, t: &Texts) -> String {
        match self {
            Self::Missing => t.common.required.to_owned(),
            Self::TooLong { max } => fill(t.common.too_long, &[("max", &max.to_string())]),
        }
    }
}

/// What is typed or chosen in it.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Kind {
    /// One line, of a type of HTML's.
    Line(&'static str),
    /// Several lines.
    Lines,
    /// One of these values, each with its words.
    Choice(Vec<(String, String)>),
    /// The same, all of them in sight: where the words are to be read before one is chosen.
    Radio(Vec<(String, String)>),
    /// Any of these values, each with its words.
    Checks(Vec<(String, String)>),
}

/// A field.
#[derive(Clone, Debug, Template)]
#[template(path = "portal/field.html")]
pub(crate) struct Field {
    name: Cow<'static, str>,
    label: String,
    kind: Kind,
    value: String,
    hint: Option<String>,
    wrong: Option<String>,
    autocomplete: &'static str,
    inputmode: &'static str,
    /// Left to right in every language: addresses, codes, sums.
    is_ltr: bool,
    is_needed: bool,
    has_focus: bool,
}

impl Field {
    /// A field for one line, with the type of HTML's `input`.
    pub(crate) fn line(name: impl Into<Cow<'static, str>>, kind: &'static str, label: &str) -> Self {
        Self {
            name: name.into(),
            label: label.to_owned(),
            kind: Kind::Line(kind),
            value: String::new(),
            hint: None,
            wrong: None,
            autocomplete: "off",
            inputmode: "",
            is_ltr: false,
            is_needed: true,
            has_focus: false,
        }
    }

    /// A field for a code of a second factor.
    pub(crate) fn code(name: &'static str, label: &str) -> Self {
        // `numeric` would keep recovery codes from being typed on a phone.
        Self::line(name, "text", label).autocomplete("one-time-code").ltr()
    }

    /// A field for several lines.
    pub(crate) fn lines(name: impl Into<Cow<'static, str>>, label: &str) -> Self {
        Self { kind: Kind::Lines, ..Self::line(name, "text", label) }
    }

    /// A field to choose one of these values from, each with its words.
    pub(crate) fn choice(name: &'static str, label: &str, values: Vec<(String, String)>) -> Self {
        Self { kind: Kind::Choice(values), ..Self::line(name, "text", label) }
    }

    /// One of these values, each with its words in sight.
    pub(crate) fn radio(name: &'static str, label: &str, values: Vec<(String, String)>) -> Self {
        Self { kind: Kind::Radio(values), ..Self::line(name, "text", label) }
    }

    /// Any of these values, each with its words; what stands in it are the chosen ones, with a space between.
    pub(crate) fn checks(name: &'static str, label: &str, values: Vec<(String, String)>) -> Self {
        Self { kind: Kind::Checks(values), ..Self::line(name, "text", label) }
    }

    /// What stands in it.
    pub(crate) fn value(mut self, value: &str) -> Self {
        value.clone_into(&mut self.value);
        self
    }

    /// A help beside it.
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// What is wrong with what was typed.
    pub(crate) fn wrong(mut self, wrong: Option<String>) -> Self {
        self.wrong = wrong;
        self
    }

    /// What browsers may fill in: a token of HTML's `autocomplete`.
    pub(crate) fn autocomplete(mut self, token: &'static str) -> Self {
        self.autocomplete = token;
        self
    }

    /// Which keys a phone shows: a word of HTML's `inputmode`.
    pub(crate) fn inputmode(mut self, word: &'static str) -> Self {
        self.inputmode = word;
        self
    }

    /// Left to right in every language.
    pub(crate) fn ltr(mut self) -> Self {
        self.is_ltr = true;
        self
    }

    /// It may be left empty.
    pub(crate) fn optional(mut self) -> Self {
        self.is_needed = false;
        self
    }

    /// The page opens with the cursor in it.
    pub(crate) fn focused(mut self) -> Self {
        self.has_focus = true;
        self
    }

    /// Of these fields, in the order of the page, the first with something wrong has the cursor. Where nothing is wrong it
    /// stays where it was.
    pub(crate) fn focus_wrong<'a>(fields: impl Iterator<Item = &'a mut Self>) {
        let mut fields: Vec<_> = fields.collect();
        let Some(first) = fields.iter().position(|field| field.wrong.is_some()) else { return };
        for (at, field) in fields.iter_mut().enumerate() {
            field.has_focus = at == first;
        }
    }

    fn is_group(&self) -> bool {
        matches!(self.kind, Kind::Radio(_) | Kind::Checks(_))
    }

    fn is_checked(&self, value: &str) -> bool {
        self.value.split(' ').any(|chosen| chosen == value)
    }

    fn is_chosen(&self, value: &str) -> bool {
        self.value == value
    }

    /// The ids of its hint and of what is wrong.
    fn described_by(&self) -> String {
        let wrong = self.wrong.as_ref().map(|_| format!("f-{}-wrong", self.name));
        let hint = self.hint.as_ref().map(|_| format!("f-{}-hint", self.name));
        wrong.into_iter().chain(hint).collect::<Vec<_>>().join(" ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_and_codes_run_from_left_to_right_however_many_lines_they_have() {
        for field in [Field::line("x", "text", "X"), Field::lines("x", "X")] {
            let (own, ltr) = (field.clone().to_string(), field.ltr().to_string());
            assert_eq!((own.contains("dir="), ltr.contains("dir=\"ltr\"")), (false, true), "{ltr}");
        }
    }

    #[test]
    fn the_first_that_is_wrong_has_the_cursor() {
        let values = || vec![("a".to_owned(), "A".to_owned()), ("b".to_owned(), "B".to_owned())];
        let fields = |wrongs: [bool; 3]| {
            let wrong = |at: usize| wrongs[at].then(|| "no".to_owned());
            let mut fields = [
                Field::line("x", "text", "X").wrong(wrong(0)).focused(),
                Field::radio("y", "Y", values()).value("b").wrong(wrong(1)),
                Field::lines("z", "Z").wrong(wrong(2)),
            ];
            Field::focus_wrong(fields.iter_mut());
            fields.map(|field| field.to_string().matches("autofocus").count())
        };
        assert_eq!(fields([false, false, false]), [1, 0, 0]);
        assert_eq!(fields([true, true, false]), [1, 0, 0]);
        assert_eq!(fields([false, true, true]), [0, 1, 0], "one of its values alone");
        assert_eq!(fields([false, false, true]), [0, 0, 1]);
    }
}
