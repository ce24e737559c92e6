//! GET `/docs/api`: the reference for people, made from the same description that programs read.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use askama::Template;
use axum::response::Response;
use serde_json::Value;

use super::page;
use crate::v1::openapi;

#[derive(Template)]
#[template(path = "docs/reference.html")]
struct Page<'a> {
    reference: &'a Reference,
}

/// The description, as the page shows it.
struct Reference {
    description: String,
    groups: Vec<Group>,
    schemas: Vec<Schema>,
}

struct Group {
    name: String,
    operations: Vec<Operation>,
}

struct Operation {
    id: String,
    method: String,
    path: String,
    summary: String,
    description: Vec<String>,
    parameters: Vec<Field>,
    body: Option<Named>,
    answers: Vec<Answer>,
}

struct Answer {
    status: String,
    help: String,
    body: Option<Named>,
}

struct Schema {
    name: String,
    help: String,
    fields: Vec<Field>,
}

struct Field {
    name: String,
    kind: String,
    help: String,
}

/// What a body is: one of the described objects, or something else.
struct Named {
    name: String,
    is_ours: bool,
}

pub(crate) async fn serve() -> Response {
    static REFERENCE: OnceLock<Reference> = OnceLock::new();
    let reference = REFERENCE.get_or_init(|| {
        let document = serde_json::to_value(openapi::document()).unwrap_or_default();
        Reference::of(&document)
    });
    page(&Page { reference })
}

impl Reference {
    fn of(document: &Value) -> Self {
        let mut groups: BTreeMap<String, Vec<Operation>> = BTreeMap::new();
        for (path, methods) in entries(&document["paths"]) {
            for (method, operation) in entries(methods) {
                let group = text(&operation["tags"][0]);
                groups.entry(group).or_default().push(Operation::of(path, method, operation));
            }
        }
        let schemas = entries(&document["components"]["schemas"]).map(|(name, schema)| Schema {
            name: name.clone(),
            help: text(&schema["description"]),
            fields: entries(&schema["properties"])
                .map(|(name, field)| Field::of(name, field, field))
                .collect(),
        });
        Self {
            description: text(&document["info"]["description"]),
            groups: groups.into_iter().map(|(name, operations)| Group { name, operations }).collect(),
            schemas: schemas.collect(),
        }
    }
}

impl Operation {
    fn of(path: &str, method: &str, operation: &Value) -> Self {
        let parameters = operation["parameters"].as_array().into_iter().flatten();
        let answers = entries(&operation["responses"]).map(|(status, answer)| Answer {
            status: status.clone(),
            help: text(&answer["description"]),
            body: body(answer),
        });
        Self {
            id: text(&operation["operationId"]),
            method: method.to_uppercase(),
            path: path.to_owned(),
            summary: text(&operation["summary"]),
            description: text(&operation["description"]).split("\n\n").map(str::to_owned).collect(),
            parameters: parameters
                .map(|field| Field::of(&text(&field["name"]), &field["schema"], field))
                .collect(),
            body: body(&operation["requestBody"]),
            answers: answers.collect(),
        }
    }
}

impl Field {
    fn of(name: &str, schema: &Value, described: &Value) -> Self {
        Self { name: name.to_owned(), kind: kind(schema), help: text(&described["description"]) }
    }
}

/// The members of an object, in the order of the description.
fn entries(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn body(of: &Value) -> Option<Named> {
    let (media, content) = entries(&of["content"]).next()?;
    let schema = &content["schema"];
    Some(match reference(schema) {
        Some(name) => Named { name, is_ours: true },
        None => Named { name: media.clone(), is_ours: false },
    })
}

fn reference(schema: &Value) -> Option<String> {
    schema["$ref"].as_str()?.rsplit('/').next().map(str::to_owned)
}

/// A type in a few words: `integer`, `string or null`, `array of Method`.
fn kind(schema: &Value) -> String {
    if let Some(name) = reference(schema) {
        return name;
    }
    let alternatives = ["oneOf", "anyOf", "allOf"].into_iter().find_map(|of| schema[of].as_array());
    if let Some(alternatives) = alternatives {
        return alternatives.iter().map(kind).collect::<Vec<_>>().join(" or ");
    }
    let names: Vec<&str> = match &schema["type"] {
        Value::String(one) => vec![one],
        Value::Array(several) => several.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    let names = names.iter().map(|name| match *name {
        "array" => format!("array of {}", kind(&schema["items"])),
        name => name.to_owned(),
    });
    names.collect::<Vec<_>>().join(" or ")
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::http::Request;

    use super::*;
    use crate::testing::Harness;

    #[tokio::test]
    async fn every_operation_and_every_object_stands_on_the_page() {
        let request = Request::get("/docs/api").body(Body::empty()).unwrap();
        let answer = Harness::new().await.send(request).await;
        let document = serde_json::to_value(openapi::document()).unwrap();
        for (path, methods) in entries(&document["paths"]) {
            for (method, operation) in entries(methods) {
                let shown = format!("<code>{} {path}</code>", method.to_uppercase());
                assert!(answer.text().contains(&shown), "{shown}");
                for named in ["summary", "operationId"] {
                    assert!(!text(&operation[named]).is_empty(), "{method} {path}: {named}");
                }
                assert!(!text(&operation["tags"][0]).is_empty(), "{method} {path}: tags");
            }
        }
        for (name, _) in entries(&document["components"]["schemas"]) {
            assert!(answer.text().contains(&format!("id=\"schema-{name}\"")), "{name}");
        }
        assert!(
            !answer.text().contains("http://") && !answer.text().contains("https://"),
            "nothing from elsewhere"
        );
    }

    #[test]
    fn types_are_told_in_a_few_words() {
        for (schema, told) in [
            (r#"{"type": "integer"}"#, "integer"),
            (r#"{"type": ["string", "null"]}"#, "string or null"),
            (r##"{"type": "array", "items": {"$ref": "#/components/schemas/Method"}}"##, "array of Method"),
            (
                r##"{"oneOf": [{"type": "null"}, {"$ref": "#/components/schemas/Failure"}]}"##,
                "null or Failure",
            ),
            ("{}", ""),
        ] {
            assert_eq!(kind(&serde_json::from_str(schema).unwrap()), told);
        }
    }
}
