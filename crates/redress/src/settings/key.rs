//! One setting: reading it is what declares it, so the reference cannot say anything else than what is read.

use std::ops::RangeInclusive;

use super::SettingsError;
use super::reader::{Section, variable};
use super::value::Setting;

/// A setting that is about to be read.
pub(super) struct Key<'s> {
    section: &'s mut Section,
    name: &'static str,
    meaning: &'static str,
    unit: &'static str,
}

/// What the reference says of one setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Described {
    /// Its name in its section.
    pub(super) name: &'static str,
    /// Its variable.
    pub(super) variable: String,
    /// What kind of value it is.
    pub(super) kind: &'static str,
    /// What a number counts; empty where the value says it itself.
    pub(super) unit: &'static str,
    /// What holds where it is not given, as Markdown.
    pub(super) default: String,
    /// The least and the most.
    pub(super) bounds: Option<(String, String)>,
    /// What it is for, as Markdown.
    pub(super) meaning: &'static str,
}

/// What the reference says of one section.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DescribedSection {
    pub(super) name: &'static str,
    /// What holds for all of it, as Markdown.
    pub(super) about: &'static str,
    /// In the order in which they are read.
    pub(super) keys: Vec<Described>,
}

impl<'s> Key<'s> {
    pub(super) fn new(section: &'s mut Section, name: &'static str, meaning: &'static str) -> Self {
        Self { section, name, meaning, unit: "" }
    }

    /// What a number counts.
    pub(super) fn unit(mut self, unit: &'static str) -> Self {
        self.unit = unit;
        self
    }

    /// The setting where it is given; `otherwise` tells people what holds where it is not.
    pub(super) fn or_none<T: Setting>(mut self, otherwise: &str) -> Result<Option<T>, SettingsError> {
        self.read(otherwise.to_owned(), None)
    }

    /// The setting, or its default.
    pub(super) fn or<T: Setting>(mut self, default: T) -> Result<T, SettingsError> {
        let shown = shown(&default);
        Ok(self.read(shown, None)?.unwrap_or(default))
    }

    /// A number or a span within bounds, or its default.
    pub(super) fn within<T: Setting + PartialOrd>(
        mut self,
        bounds: RangeInclusive<T>,
        default: T,
    ) -> Result<T, SettingsError> {
        let (least, most) = (bounds.start().show(), bounds.end().show());
        let problem = format!("must be within {least} and {most}");
        let given = self.read(shown(&default), Some((least, most)))?;
        let value = given.unwrap_or(default);
        if bounds.contains(&value) { Ok(value) } else { Err(self.section.refuse(self.name, problem)) }
    }

    fn read<T: Setting>(
        &mut self,
        default: String,
        bounds: Option<(String, String)>,
    ) -> Result<Option<T>, SettingsError> {
        self.section.describe(Described {
            name: self.name,
            variable: variable(self.section.name(), self.name),
            kind: T::KIND,
            unit: self.unit,
            default,
            bounds,
            meaning: self.meaning,
        });
        self.section.given(self.name)
    }
}

fn shown<T: Setting>(default: &T) -> String {
    let text = default.show();
    if text.is_empty() { "none".to_owned() } else { format!("`{text}`") }
}
