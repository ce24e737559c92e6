//! One setting: reading it is what declares it, so the reference cannot say anything else than what is read.

use std::ops::RangeInclusive;

use super::described::Described;
use super::error::SettingsError;
use super::reader::Section;
use super::value::Setting;
use super::variable::variable;

/// A setting that is about to be read.
pub(super) struct Key<'s> {
    section: &'s mut Section,
    name: &'static str,
    meaning: &'static str,
    unit: &'static str,
}

impl Section {
    /// Begins to read a setting: what it is named, and what the reference says of it.
    pub(super) fn key(&mut self, name: &'static str, meaning: &'static str) -> Key<'_> {
        Key::new(self, name, meaning)
    }
}

impl<'s> Key<'s> {
    fn new(section: &'s mut Section, name: &'static str, meaning: &'static str) -> Self {
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
