//! What a change of a schema does, which depends on who writes what it describes.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{Changes, entries};

/// Who writes what a schema describes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Direction {
    /// The client: what it may write must stay good.
    Request,
    /// The server: what it writes must stay understood.
    Answer,
}

/// Both descriptions' schemas, and what was found.
pub(super) struct Schemas<'a> {
    old: &'a Value,
    new: &'a Value,
    seen: BTreeSet<(String, Direction)>,
    pub(super) changes: Changes,
}

/// An object's fields, those of all that it is composed of.
#[derive(Default)]
struct Fields<'a> {
    properties: BTreeMap<&'a str, &'a Value>,
    required: BTreeSet<&'a str>,
}

impl<'a> Schemas<'a> {
    pub(super) fn of(old: &'a Value, new: &'a Value) -> Self {
        let schemas = |document: &'a Value| &document["components"]["schemas"];
        Self { old: schemas(old), new: schemas(new), seen: BTreeSet::new(), changes: Changes::default() }
    }

    /// Compares two schemas, and all that they refer to; each name once.
    pub(super) fn compare(&mut self, place: &str, old: &Value, new: &Value, direction: Direction) {
        let name = name_of(old);
        if let Some(name) = name
            && !self.seen.insert((name.to_owned(), direction))
        {
            return;
        }
        let place = name.unwrap_or(place);
        let (old, new) = (resolved(self.old, old).clone(), resolved(self.new, new).clone());
        self.types(place, &old, &new, direction);
        self.words(place, &old, &new, direction);
        self.bounds(place, &old, &new, direction);
        self.fields(place, &old, &new, direction);
        for part in ["items", "additionalProperties"] {
            if old[part].is_object() && new[part].is_object() {
                self.compare(&format!("{place}[]"), &old[part], &new[part], direction);
            }
        }
        for choice in ["oneOf", "anyOf"] {
            self.choices(place, &old[choice], &new[choice], direction);
        }
    }

    fn types(&mut self, place: &str, old: &Value, new: &Value, direction: Direction) {
        let (old, new) = (types(old), types(new));
        if old == new {
            return;
        }
        // Nothing said is anything.
        let within = |inner: &BTreeSet<&str>, outer: &BTreeSet<&str>| {
            outer.is_empty() || (!inner.is_empty() && inner.is_subset(outer))
        };
        let stays_good = match direction {
            Direction::Request => within(&old, &new),
            Direction::Answer => within(&new, &old),
        };
        let what = format!("{place} was {}, is {}", shown(&old), shown(&new));
        if stays_good {
            self.changes.adds(what);
        } else {
            self.changes.breaks(what);
        }
    }

    fn words(&mut self, place: &str, old: &Value, new: &Value, direction: Direction) {
        match (old["enum"].as_array(), new["enum"].as_array()) {
            (Some(old), Some(new)) => {
                for gone in old.iter().filter(|word| !new.contains(word)) {
                    self.changes.breaks(format!("{place} may no longer be {gone}"));
                }
                for added in new.iter().filter(|word| !old.contains(word)) {
                    self.changes.adds(format!("{place} may be {added}"));
                }
            }
            (None, Some(_)) if direction == Direction::Request => {
                self.changes.breaks(format!("{place} may only be some words"));
            }
            (None, Some(_)) => self.changes.adds(format!("{place} is only some words")),
            (Some(_), None) if direction == Direction::Answer => {
                self.changes.breaks(format!("{place} may be other words too"));
            }
            (Some(_), None) => self.changes.adds(format!("{place} may be any word")),
            (None, None) => {}
        }
    }

    /// Of answers a bound is news; requests must not be held to a narrower one.
    fn bounds(&mut self, place: &str, old: &Value, new: &Value, direction: Direction) {
        for (bound, is_upper) in [
            ("minimum", false),
            ("minLength", false),
            ("minItems", false),
            ("minProperties", false),
            ("maximum", true),
            ("maxLength", true),
            ("maxItems", true),
            ("maxProperties", true),
        ] {
            let narrower = match (old[bound].as_i64(), new[bound].as_i64()) {
                (before, after) if before == after => continue,
                (_, None) => false,
                (None, Some(_)) => true,
                (Some(before), Some(after)) => (after < before) == is_upper,
            };
            let what = format!("{place} has another {bound}");
            if narrower && direction == Direction::Request {
                self.changes.breaks(what);
            } else {
                self.changes.adds(what);
            }
        }
        for form in ["format", "pattern", "multipleOf"] {
            match (&old[form], &new[form]) {
                (old, new) if old == new => {}
                (Value::Null, _) if direction == Direction::Answer => {
                    self.changes.adds(format!("{place} has a {form}"));
                }
                (_, Value::Null) if direction == Direction::Request => {
                    self.changes.adds(format!("{place} has no {form} any more"));
                }
                _ => self.changes.breaks(format!("{place} has another {form}")),
            }
        }
        if old["additionalProperties"] != false && new["additionalProperties"] == false {
            match direction {
                Direction::Request => self.changes.breaks(format!("{place} takes no other fields any more")),
                Direction::Answer => self.changes.adds(format!("{place} has no other fields")),
            }
        }
    }

    fn fields(&mut self, place: &str, old: &Value, new: &Value, direction: Direction) {
        let (mut before, mut now) = (Fields::default(), Fields::default());
        before.gather(self.old, old);
        now.gather(self.new, new);
        for (name, old) in &before.properties {
            let place = format!("{place}.{name}");
            let Some(new) = now.properties.get(name) else {
                self.changes.breaks(format!("{place} is gone"));
                continue;
            };
            match (before.required.contains(name), now.required.contains(name), direction) {
                (false, true, Direction::Request) => self.changes.breaks(format!("{place} is needed now")),
                (false, true, Direction::Answer) => self.changes.adds(format!("{place} is always there")),
                (true, false, Direction::Request) => self.changes.adds(format!("{place} may be left out")),
                (true, false, Direction::Answer) => {
                    self.changes.breaks(format!("{place} may not be there any more"));
                }
                _ => {}
            }
            self.compare(&place, old, new, direction);
        }
        for name in now.properties.keys().filter(|name| !before.properties.contains_key(*name)) {
            match direction {
                Direction::Request if now.required.contains(name) => {
                    self.changes.breaks(format!("{place}.{name} is new and needed"));
                }
                _ => self.changes.adds(format!("{place}.{name} is new")),
            }
        }
    }

    /// Choices are known by what they are: a name, or a type.
    fn choices(&mut self, place: &str, old: &Value, new: &Value, direction: Direction) {
        let (old, new) = (choices(old), choices(new));
        for (name, old) in &old {
            match new.get(name) {
                Some(new) => self.compare(place, old, new, direction),
                None => self.changes.breaks(format!("{place} may no longer be {name}")),
            }
        }
        if !old.is_empty() {
            for name in new.keys().filter(|name| !old.contains_key(*name)) {
                self.changes.adds(format!("{place} may be {name}"));
            }
        }
    }
}

impl<'a> Fields<'a> {
    fn gather(&mut self, schemas: &'a Value, schema: &'a Value) {
        self.properties.extend(entries(&schema["properties"]).map(|(name, value)| (name.as_str(), value)));
        self.required.extend(texts(&schema["required"]));
        for part in schema["allOf"].as_array().into_iter().flatten() {
            self.gather(schemas, resolved(schemas, part));
        }
    }
}

fn name_of(schema: &Value) -> Option<&str> {
    schema["$ref"].as_str().and_then(|link| link.rsplit('/').next())
}

fn resolved<'a>(schemas: &'a Value, schema: &'a Value) -> &'a Value {
    name_of(schema).map_or(schema, |name| &schemas[name])
}

fn types(schema: &Value) -> BTreeSet<&str> {
    schema["type"].as_str().into_iter().chain(texts(&schema["type"])).collect()
}

fn texts(list: &Value) -> impl Iterator<Item = &str> {
    list.as_array().into_iter().flatten().filter_map(Value::as_str)
}

fn shown(types: &BTreeSet<&str>) -> String {
    if types.is_empty() {
        return "anything".to_owned();
    }
    types.iter().copied().collect::<Vec<_>>().join(" or ")
}

fn choices(list: &Value) -> BTreeMap<String, Value> {
    let name = |choice: &Value| name_of(choice).map_or_else(|| shown(&types(choice)), str::to_owned);
    list.as_array().into_iter().flatten().map(|choice| (name(choice), choice.clone())).collect()
}
