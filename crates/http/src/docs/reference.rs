//! GET `/docs/api`, `/docs/api/portone` and `/docs/api/sgate`: the references for people, made from the same descriptions
//! that programs read.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use askama::Template;
use axum::response::Response;
use serde_json::Value;
use utoipa::openapi::OpenApi;

use super::page;
use crate::{portone, sgate, v1};

#[derive(Template)]
#[template(path = "docs/reference.html")]
struct Page<'a> {
    reference: &'a Reference,
}

/// The description, as the page shows it.
struct Reference {
    title: String,
    description: String,
    /// Where programs read it.
    address: &'static str,
    credentials: Vec<Field>,
    groups: Vec<Group>,
    schemas: Vec<Schema>,
    /// Those that several answers have.
    headers: Vec<Field>,
}

struct Group {
    name: String,
    operations: Vec<Operation>,
}

struct Operation {
    id: String,
    method: String,
    path: String,
    is_public: bool,
    summary: String,
    description: Vec<String>,
    parameters: Vec<Field>,
    body: Option<Named>,
    /// Of the body, as JSON.
    examples: Vec<String>,
    answers: Vec<Answer>,
}

struct Answer {
    status: String,
    help: String,
    body: Option<Named>,
    /// The names of its headers.
    headers: Vec<String>,
}

struct Schema {
    name: String,
    /// What it is, where it has no fields of its own.
    kind: String,
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

pub(crate) async fn own() -> Response {
    static REFERENCE: OnceLock<Reference> = OnceLock::new();
    shown(&REFERENCE, v1::openapi::document, "/v1/openapi.json")
}

pub(crate) async fn portone() -> Response {
    static REFERENCE: OnceLock<Reference> = OnceLock::new();
    shown(&REFERENCE, portone::openapi::document, "/docs/openapi/portone.json")
}

pub(crate) async fn sgate() -> Response {
    static REFERENCE: OnceLock<Reference> = OnceLock::new();
    shown(&REFERENCE, sgate::openapi::document, "/docs/openapi/sgate.json")
}

fn shown(once: &OnceLock<Reference>, document: fn() -> OpenApi, address: &'static str) -> Response {
    let reference = once.get_or_init(|| {
        let document = serde_json::to_value(document()).unwrap_or_default();
        Reference::of(&document, address)
    });
    page(&Page { reference })
}

impl Reference {
    fn of(document: &Value, address: &'static str) -> Self {
        let mut groups: BTreeMap<String, Vec<Operation>> = BTreeMap::new();
        for (path, methods) in entries(&document["paths"]) {
            for (method, operation) in entries(methods) {
                let group = text(&operation["tags"][0]);
                groups.entry(group).or_default().push(Operation::of(path, method, operation));
            }
        }
        let schemas = entries(&document["components"]["schemas"]).map(|(name, schema)| Schema {
            name: name.clone(),
            kind: if schema["properties"].is_object() { String::new() } else { kind(schema) },
            help: text(&schema["description"]),
            fields: entries(&schema["properties"])
                .map(|(name, field)| Field::of(name, field, field))
                .collect(),
        });
        let headers = entries(&document["components"]["headers"]);
        let credentials =
            entries(&document["components"]["securitySchemes"]).map(|(_, scheme)| credential(scheme));
        Self {
            title: text(&document["info"]["title"]),
            address,
            credentials: credentials.collect(),
            description: text(&document["info"]["description"]),
            groups: groups.into_iter().map(|(name, operations)| Group { name, operations }).collect(),
            schemas: schemas.collect(),
            headers: headers.map(|(name, header)| Field::of(name, &header["schema"], header)).collect(),
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
            headers: entries(&answer["headers"]).map(|(name, _)| name.clone()).collect(),
        });
        Self {
            id: text(&operation["operationId"]),
            method: method.to_uppercase(),
            path: path.to_owned(),
            is_public: operation["security"].is_array(),
            summary: text(&operation["summary"]),
            description: text(&operation["description"]).split("\n\n").map(str::to_owned).collect(),
            parameters: parameters
                .map(|field| Field::of(&text(&field["name"]), &field["schema"], field))
                .collect(),
            body: body(&operation["requestBody"]),
            examples: examples(&operation["requestBody"]),
            answers: answers.collect(),
        }
    }
}

impl Field {
    fn of(name: &str, schema: &Value, described: &Value) -> Self {
        Self { name: name.to_owned(), kind: kind(schema), help: text(&described["description"]) }
    }
}

/// How a caller proves who they are: a header, what stands in it, and what that is.
fn credential(scheme: &Value) -> Field {
    let help = text(&scheme["description"]);
    match scheme["name"].as_str() {
        Some(header) => Field { name: header.to_owned(), kind: String::new(), help },
        None => Field {
            name: "Authorization".to_owned(),
            kind: format!("Bearer {}", text(&scheme["bearerFormat"])),
            help,
        },
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

fn examples(of: &Value) -> Vec<String> {
    let Some((_, content)) = entries(&of["content"]).next() else { return Vec::new() };
    let several = entries(&content["examples"]).map(|(_, example)| &example["value"]);
    let all = several.chain(Some(&content["example"])).filter(|example| !example.is_null());
    all.filter_map(|example| serde_json::to_string_pretty(example).ok()).collect()
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
    let words = schema["enum"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let words: Vec<String> = words.map(|word| format!("“{word}”")).collect();
    if !words.is_empty() {
        return words.join(" or ");
    }
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
        let harness = Harness::new().await;
        for (page, description) in [
            ("/docs/api", "/v1/openapi.json"),
            ("/docs/api/portone", "/docs/openapi/portone.json"),
            ("/docs/api/sgate", "/docs/openapi/sgate.json"),
        ] {
            let get = |path: &str| Request::get(path).body(Body::empty()).unwrap();
            let (answer, document) =
                (harness.send(get(page)).await, harness.send(get(description)).await.json());
            assert!(answer.text().contains(&format!("href=\"{description}\"")), "{page}");
            for (path, methods) in entries(&document["paths"]) {
                for (method, operation) in entries(methods) {
                    let shown = format!("<code>{} {path}</code>", method.to_uppercase());
                    assert!(answer.text().contains(&shown), "{shown}");
                    for named in ["summary", "operationId"] {
                        assert!(!text(&operation[named]).is_empty(), "{method} {path}: {named}");
                    }
                    assert!(!text(&operation["tags"][0]).is_empty(), "{method} {path}: tags");
                    let shown = answer.text().replace("&#34;", "\"");
                    for example in examples(&operation["requestBody"]) {
                        assert!(
                            shown.contains(&format!("<pre>{example}</pre>")),
                            "{method} {path}: {example}"
                        );
                    }
                }
            }
            for (name, _) in entries(&document["components"]["schemas"]) {
                assert!(answer.text().contains(&format!("id=\"schema-{name}\"")), "{name}");
            }
            let answers = entries(&document["paths"])
                .flat_map(|(_, methods)| entries(methods))
                .flat_map(|(_, operation)| entries(&operation["responses"]));
            for (name, _) in answers.flat_map(|(_, answer)| entries(&answer["headers"])) {
                assert!(answer.text().contains(&format!("<code>{name}</code>")), "{page}: {name}");
            }
            for (name, header) in entries(&document["components"]["headers"]) {
                let row = format!("<tr id=\"header-{name}\"><td><code>{name}</code></td>");
                assert!(answer.text().contains(&row) && !text(&header["description"]).is_empty(), "{name}");
            }
            for (_, scheme) in entries(&document["components"]["securitySchemes"]) {
                let header = scheme["name"].as_str().unwrap_or("Authorization");
                assert!(answer.text().contains(&format!("<code>{header}</code>")), "{page}: {header}");
            }
            // An address may stand in an example, as text; a browser fetches what stands in an attribute.
            let fetched =
                ["=\"http", "=\"//", "url(", "<script"].iter().find(|one| answer.text().contains(**one));
            assert_eq!(fetched, None, "{page}: nothing from elsewhere");
        }
    }

    #[tokio::test]
    async fn what_needs_no_credentials_says_so() {
        let request = Request::get("/docs/api/portone").body(Body::empty()).unwrap();
        let answer = Harness::new().await.send(request).await;
        let open = "<code>POST /api/merchant/auth-token</code> (public)";
        assert_eq!((answer.text().matches(open).count(), answer.text().matches("(public)").count()), (1, 1));
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
            (r#"{"type": "string", "enum": ["full", ""]}"#, "“full” or “”"),
            ("{}", ""),
        ] {
            assert_eq!(kind(&serde_json::from_str(schema).unwrap()), told);
        }
    }
}
