//! What a change of a description does to those who hold to the one that was published: breaks them, or only adds.

mod schemas;
mod tests;

use std::collections::BTreeMap;

use serde_json::Value;

use schemas::{Direction, Schemas};

/// What changed between two descriptions, for people.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Changes {
    /// Clients of the published one may fail.
    pub(crate) breaking: Vec<String>,
    /// Clients of the published one go on as they are.
    pub(crate) additive: Vec<String>,
}

impl Changes {
    fn breaks(&mut self, what: String) {
        self.breaking.push(what);
    }

    fn adds(&mut self, what: String) {
        self.additive.push(what);
    }
}

const METHODS: [&str; 7] = ["get", "put", "post", "delete", "patch", "head", "options"];

/// What changed, but for words.
pub(crate) fn changes(published: &Value, now: &Value) -> Changes {
    let mut schemas = Schemas::of(published, now);
    let (old, new) = (operations(published), operations(now));
    for (name, old) in &old {
        match new.get(name) {
            Some(new) => operation(&mut schemas, name, old, new),
            None => schemas.changes.breaks(format!("{name} is gone")),
        }
    }
    for name in new.keys().filter(|name| !old.contains_key(*name)) {
        schemas.changes.adds(format!("{name} is new"));
    }
    if published["security"] != now["security"] {
        schemas.changes.breaks("other credentials are needed".to_owned());
    }
    schemas.changes
}

fn operations(document: &Value) -> BTreeMap<String, &Value> {
    let mut all = BTreeMap::new();
    for (path, item) in entries(&document["paths"]) {
        for (method, operation) in entries(item).filter(|(method, _)| METHODS.contains(&method.as_str())) {
            all.insert(format!("{} {path}", method.to_uppercase()), operation);
        }
    }
    all
}

fn operation(schemas: &mut Schemas<'_>, name: &str, old: &Value, new: &Value) {
    if old["operationId"] != new["operationId"] {
        schemas.changes.breaks(format!("{name} has another operationId"));
    }
    if old["security"] != new["security"] {
        schemas.changes.breaks(format!("{name} needs other credentials"));
    }
    parameters(schemas, name, &old["parameters"], &new["parameters"]);
    body(schemas, name, &old["requestBody"], &new["requestBody"]);
    let (old, new) = (&old["responses"], &new["responses"]);
    for (status, old) in entries(old) {
        let place = format!("{name} {status}");
        match new.get(status) {
            None => schemas.changes.breaks(format!("{place} is gone")),
            Some(new) => {
                content(schemas, &place, &old["content"], &new["content"], Direction::Answer);
                let gone =
                    entries(&old["headers"]).filter(|(header, _)| new["headers"].get(header).is_none());
                for (header, _) in gone {
                    schemas.changes.breaks(format!("{place} has no header {header} any more"));
                }
            }
        }
    }
    for (status, _) in entries(new).filter(|(status, _)| old.get(status).is_none()) {
        schemas.changes.adds(format!("{name} {status} is new"));
    }
}

fn parameters(schemas: &mut Schemas<'_>, name: &str, old: &Value, new: &Value) {
    let by_name = |all: &'static str, list: &Value| -> BTreeMap<String, Value> {
        let one = |parameter: &Value| {
            let text = |key| parameter[key].as_str().unwrap_or(all).to_owned();
            (format!("{} {}", text("in"), text("name")), parameter.clone())
        };
        list.as_array().into_iter().flatten().map(one).collect()
    };
    let (old, new) = (by_name("?", old), by_name("?", new));
    let is_needed = |parameter: &Value| parameter["required"].as_bool().unwrap_or(false);
    for (key, old) in &old {
        let place = format!("{name} {key}");
        let Some(new) = new.get(key) else {
            schemas.changes.breaks(format!("{place} is gone"));
            continue;
        };
        match (is_needed(old), is_needed(new)) {
            (false, true) => schemas.changes.breaks(format!("{place} is needed now")),
            (true, false) => schemas.changes.adds(format!("{place} may be left out")),
            _ => {}
        }
        schemas.compare(&place, &old["schema"], &new["schema"], Direction::Request);
    }
    for (key, new) in new.iter().filter(|(key, _)| !old.contains_key(*key)) {
        match is_needed(new) {
            true => schemas.changes.breaks(format!("{name} {key} is new and needed")),
            false => schemas.changes.adds(format!("{name} {key} is new")),
        }
    }
}

fn body(schemas: &mut Schemas<'_>, name: &str, old: &Value, new: &Value) {
    let place = format!("{name} body");
    let is_needed = |body: &Value| body["required"].as_bool().unwrap_or(false);
    match (old.is_null(), new.is_null()) {
        (true, true) => return,
        (false, true) => return schemas.changes.breaks(format!("{place} is gone")),
        (true, false) if is_needed(new) => {
            return schemas.changes.breaks(format!("{place} is new and needed"));
        }
        (true, false) => return schemas.changes.adds(format!("{place} is new")),
        (false, false) => {}
    }
    match (is_needed(old), is_needed(new)) {
        (false, true) => schemas.changes.breaks(format!("{place} is needed now")),
        (true, false) => schemas.changes.adds(format!("{place} may be left out")),
        _ => {}
    }
    content(schemas, &place, &old["content"], &new["content"], Direction::Request);
}

fn content(schemas: &mut Schemas<'_>, place: &str, old: &Value, new: &Value, direction: Direction) {
    for (kind, old) in entries(old) {
        match new.get(kind) {
            Some(new) => schemas.compare(place, &old["schema"], &new["schema"], direction),
            None => schemas.changes.breaks(format!("{place} is no {kind} any more")),
        }
    }
    for (kind, _) in entries(new).filter(|(kind, _)| old.get(kind).is_none()) {
        schemas.changes.adds(format!("{place} may be {kind}"));
    }
}

/// The fields of an object; of anything else none.
fn entries(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}
