//! The client held to the published description of the API: every operation of it has a method with its parameters, and
//! whatever it may answer is understood, whole.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::{BTreeMap, BTreeSet};

use redress_client::{Described, EventData, Problem, operations};
use serde_json::{Map, Value, json};

fn description() -> Value {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/openapi/v1.json");
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

/// Method and path, and the operation.
fn described(description: &Value) -> BTreeMap<String, Value> {
    let mut found = BTreeMap::new();
    for (path, methods) in description["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            found.insert(format!("{} {path}", method.to_uppercase()), operation.clone());
        }
    }
    found
}

fn of<'a>(ours: &[&'a dyn Described], request: &str) -> &'a dyn Described {
    *ours.iter().find(|one| one.request() == request).unwrap_or_else(|| panic!("the client lacks {request}"))
}

#[test]
fn every_operation_has_a_method_with_its_parameters() {
    let (description, ours) = (description(), operations());
    let described = described(&description);
    for (request, operation) in &described {
        let one = of(&ours, request);
        assert_eq!(one.id(), operation["operationId"], "{request}");
        let named = operation["parameters"].as_array().into_iter().flatten();
        let named = named.filter(|parameter| parameter["in"] != "path");
        let named: BTreeSet<_> = named.map(|parameter| parameter["name"].as_str().unwrap()).collect();
        assert_eq!(BTreeSet::from_iter(one.parameters()), named, "{request}");
    }
    let requests: BTreeSet<_> = ours.iter().map(|one| one.request()).collect();
    assert_eq!(requests, described.into_keys().collect(), "more than there is");
}

#[test]
fn whatever_may_be_answered_is_understood_whole() {
    let (description, ours) = (description(), operations());
    let described = described(&description);
    for (request, operation) in &described {
        let one = of(&ours, request);
        let good =
            operation["responses"].as_object().unwrap().iter().filter(|(status, _)| status.starts_with('2'));
        for (status, answer) in good {
            let schema = &answer["content"]["application/json"]["schema"];
            for sample in samples(&description, schema) {
                let reread = one.reread_answer(&sample);
                let reread = reread.unwrap_or_else(|error| panic!("{request} {status}: {error}: {sample}"));
                assert_eq!(without_nulls(&reread), without_nulls(&sample), "{request} {status}");
            }
        }
    }
}

#[test]
fn whatever_may_be_asked_can_be_said() {
    let (description, ours) = (description(), operations());
    let described = described(&description);
    for (request, operation) in &described {
        let Some(schema) = operation["requestBody"]["content"]["application/json"].as_object() else {
            // A text of another kind is sent as it is.
            let content = &operation["requestBody"]["content"];
            assert!(content.is_null() || content["text/csv"].is_object(), "{request}");
            continue;
        };
        let examples = schema.get("example").cloned();
        for sample in samples(&description, &schema["schema"]).into_iter().chain(examples) {
            if sample.is_null() {
                continue;
            }
            let reread = of(&ours, request).reread_body(&sample);
            let reread = reread.unwrap_or_else(|error| panic!("{request}: {error}: {sample}"));
            assert_eq!(without_nulls(&reread), without_nulls(&sample), "{request}");
        }
    }
}

#[test]
fn problems_and_events_are_read_as_what_they_are() {
    let description = description();
    let named = |name: &str| json!({"$ref": format!("#/components/schemas/{name}")});
    for sample in samples(&description, &named("Problem")) {
        let problem: Problem = serde_json::from_value(sample.clone()).unwrap();
        let written = serde_json::to_value(problem).unwrap();
        assert_eq!(without_nulls(&written), without_nulls(&sample));
    }
    let read = |name: &str| {
        let samples = samples(&description, &named(name));
        samples.into_iter().map(|sample| serde_json::from_value::<EventData>(sample).unwrap())
    };
    assert!(read("RefundAtEvent").all(|data| matches!(data, EventData::Refund(_))));
    assert!(read("PaymentAtEvent").all(|data| matches!(data, EventData::Payment(_))));
    assert!(read("EndpointAtEvent").all(|data| matches!(data, EventData::Endpoint(_))));
    let kinds = &description["components"]["schemas"]["EventData"]["anyOf"];
    assert_eq!(kinds.as_array().unwrap().len(), 3, "another kind of data");
}

/// What a schema lets through: all of it, each alternative; and only what must be there, the rest null or left out.
fn samples(description: &Value, schema: &Value) -> Vec<Value> {
    let mut made: Vec<_> =
        (0..3).map(|choice| Sampler { description, choice, full: true }.of(schema)).collect();
    made.push(Sampler { description, choice: 0, full: false }.of(schema));
    made
}

struct Sampler<'a> {
    description: &'a Value,
    /// Which alternative, where there are some.
    choice: usize,
    /// Also what may be left out.
    full: bool,
}

impl Sampler<'_> {
    fn of(&self, schema: &Value) -> Value {
        if let Some(name) = schema["$ref"].as_str() {
            return self.of(self.description.pointer(name.strip_prefix('#').unwrap()).unwrap());
        }
        if let Some(all) = schema["allOf"].as_array() {
            let parts = all.iter().flat_map(|part| self.of(part).as_object().unwrap().clone());
            return Value::Object(parts.collect());
        }
        if let Some(any) = schema["oneOf"].as_array().or(schema["anyOf"].as_array()) {
            let some: Vec<_> = any.iter().filter(|one| one["type"] != "null").collect();
            return match some.len() < any.len() && !self.full {
                true => Value::Null,
                false => self.of(some[self.choice.min(some.len() - 1)]),
            };
        }
        let kinds = schema["type"].as_array().cloned().unwrap_or_else(|| vec![schema["type"].clone()]);
        if !self.full && kinds.contains(&json!("null")) {
            return Value::Null;
        }
        let kind = kinds.iter().find(|kind| **kind != "null").and_then(Value::as_str);
        match kind.unwrap_or_else(|| panic!("a schema without a type: {schema}")) {
            "object" => self.object(schema),
            "array" => json!([self.of(&schema["items"])]),
            "string" if schema["format"] == "date-time" => json!("2026-11-18T15:06:40.123456Z"),
            "string" => schema.get("example").cloned().unwrap_or(json!("a text")),
            "integer" => schema.get("example").cloned().unwrap_or(json!(7)),
            "boolean" => json!(true),
            other => panic!("no sample of a {other}"),
        }
    }

    fn object(&self, schema: &Value) -> Value {
        let mut made = Map::new();
        let required: Vec<_> =
            schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        for (name, property) in schema["properties"].as_object().into_iter().flatten() {
            if self.full || required.contains(&name.as_str()) {
                made.insert(name.clone(), self.of(property));
            }
        }
        if schema["additionalProperties"].is_object() && self.full {
            made.insert("a name".to_owned(), self.of(&schema["additionalProperties"]));
        }
        Value::Object(made)
    }
}

fn without_nulls(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            let kept = members.iter().filter(|(_, value)| !value.is_null());
            Value::Object(kept.map(|(name, value)| (name.clone(), without_nulls(value))).collect())
        }
        Value::Array(all) => Value::Array(all.iter().map(without_nulls).collect()),
        other => other.clone(),
    }
}
