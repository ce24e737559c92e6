//! What a list is narrowed by, read from its address: typed values are kept, and what is wrong stands beside its field.

use std::collections::BTreeMap;

use redress_core::decimal::Decimal;
use redress_core::money::Currency;
use redress_core::time::Timestamp;
use redress_engine::lists::{COUNT_MAX, Count, Place, Turn};

use super::field::Field;
use super::form::Form;
use super::format;
use super::page::query_value;
use super::text::{Texts, fill};
use crate::limits::REFERENCE_CHARS_MAX;

/// Rows on a page of a list.
pub(super) const PAGE_ROWS: u32 = 50;

const OLDER: &str = "older";
const NEWER: &str = "newer";

/// The address of a list, being read.
pub(super) struct ListQuery {
    form: Form,
    t: &'static Texts,
    wrongs: BTreeMap<&'static str, String>,
}

impl ListQuery {
    pub(super) fn of(query: Option<String>, t: &'static Texts) -> Self {
        Self { form: Form::parse(query.unwrap_or_default().as_bytes()), t, wrongs: BTreeMap::new() }
    }

    /// Whether something was typed that cannot be.
    pub(super) fn is_wrong(&self) -> bool {
        !self.wrongs.is_empty()
    }

    /// A text; `None` where nothing was typed.
    pub(super) fn text(&mut self, name: &'static str) -> Option<String> {
        let read = self.form.optional(name, REFERENCE_CHARS_MAX);
        read.unwrap_or_else(|wrong| {
            self.wrongs.insert(name, wrong.told(self.t));
            None
        })
    }

    /// A currency's code.
    pub(super) fn currency(&mut self, name: &'static str) -> Option<Currency> {
        let code = self.text(name)?.to_uppercase();
        let found = Currency::from_code(&code).ok();
        if found.is_none() {
            self.wrongs.insert(name, self.t.lists.no_currency.to_owned());
        }
        found
    }

    /// The least and the most of a sum, in minor units. What lies the wrong way round would find nothing: that is said.
    pub(super) fn sums(&mut self, currency: Option<Currency>) -> (Option<i64>, Option<i64>) {
        let (least, most) = (self.sum("least", currency), self.sum("most", currency));
        if least.zip(most).is_some_and(|(least, most)| least > most) {
            self.wrongs.insert("most", self.t.lists.sums_crossed.to_owned());
        }
        (least, most)
    }

    /// The beginning of a first day and the end of a last one. What lies the wrong way round is said.
    pub(super) fn days(&mut self) -> (Option<Timestamp>, Option<Timestamp>) {
        let (from, to) = (self.day("from", false), self.day("to", true));
        // The end of a day is where the next one begins.
        if from.zip(to).is_some_and(|(from, to)| from >= to) {
            self.wrongs.insert("to", self.t.lists.days_crossed.to_owned());
        }
        (from, to)
    }

    /// A sum in minor units. Without a currency it is no sum.
    fn sum(&mut self, name: &'static str, currency: Option<Currency>) -> Option<i64> {
        let typed = format::western(&self.text(name)?);
        let Some(currency) = currency else {
            self.wrongs.insert(name, self.t.lists.needs_currency.to_owned());
            return None;
        };
        let sum = Decimal::from_text(&typed).ok();
        let minor = sum.and_then(|sum| sum.to_minor_as_written(&typed, currency).ok());
        if minor.is_none() {
            let decimals = currency.decimals().to_string();
            self.wrongs.insert(name, fill(self.t.lists.no_sum, &[("decimals", &decimals)]));
        }
        minor
    }

    /// The beginning of a day; with `after`, of the day after it.
    fn day(&mut self, name: &'static str, after: bool) -> Option<Timestamp> {
        let typed = format::western(&self.text(name)?);
        let read = || {
            let day: jiff::civil::Date = typed.parse().ok()?;
            let day = if after { day.tomorrow().ok()? } else { day };
            let at = day.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp();
            Some(Timestamp::from_micros(at.as_microsecond()))
        };
        let day = read();
        if day.is_none() {
            self.wrongs.insert(name, self.t.lists.no_day.to_owned());
        }
        day
    }

    /// One of some words, which `parse` knows; what is none of them is as if nothing was chosen.
    pub(super) fn word<T>(&self, name: &str, parse: impl Fn(&str) -> Option<T>) -> Option<T> {
        parse(self.form.typed(name))
    }

    /// A field with what was typed, and what is wrong with it.
    pub(super) fn field(&self, field: Field, name: &'static str) -> Field {
        field.value(self.form.typed(name)).wrong(self.wrongs.get(name).cloned()).optional()
    }

    /// Which page is asked for.
    pub(super) fn turn(&self) -> Turn {
        let place = |name: &str| Place::parse(self.form.typed(name));
        match (place(OLDER), place(NEWER)) {
            (Some(place), _) => Turn::Older(place),
            (None, Some(place)) => Turn::Newer(place),
            (None, None) => Turn::First,
        }
    }

    /// The query with all that narrows the list, and no page.
    pub(super) fn kept(&self) -> String {
        let kept =
            self.form.all().filter(|(name, value)| ![OLDER, NEWER].contains(name) && !value.is_empty());
        let pairs: Vec<_> =
            kept.map(|(name, value)| format!("{}={}", query_value(name), query_value(value))).collect();
        pairs.join("&")
    }

    /// The pages around this one.
    pub(super) fn links(&self, path: &str, newer: Option<Place>, older: Option<Place>) -> Links {
        let link = |name: &str, place: Place| {
            let kept = self.kept();
            let and = if kept.is_empty() { "" } else { "&" };
            format!("{path}?{kept}{and}{name}={place}")
        };
        Links { newer: newer.map(|place| link(NEWER, place)), older: older.map(|place| link(OLDER, place)) }
    }
}

/// The pages around one.
pub(super) struct Links {
    pub(super) newer: Option<String>,
    pub(super) older: Option<String>,
}

/// How many there are, in words.
pub(super) fn count_told(count: Option<Count>, time: impl Fn(Timestamp) -> String, t: &Texts) -> String {
    match count {
        None => String::new(),
        Some(Count::Exact(count)) => fill(t.lists.count, &[("count", &format::count(u64::from(count)))]),
        Some(Count::More) => {
            let count = format!("{}+", format::count(u64::from(COUNT_MAX)));
            fill(t.lists.count, &[("count", &count)])
        }
        Some(Count::Since { found, back_to }) => {
            let found = format::count(u64::from(found));
            fill(t.lists.count_since, &[("count", &found), ("time", &time(back_to))])
        }
    }
}
