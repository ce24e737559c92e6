//! GET `/docs/api`, which is `/docs` too, `/docs/api/portone` and `/docs/api/sgate`: the references for people, made from the
//! same descriptions that programs read.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use askama::Template;
use axum::response::Response;
use serde_json::Value;
use utoipa::openapi::OpenApi;

use super::{html, page};
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
    help: String,
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
    /// As a command line, one for each example of the body; where the credentials are signatures it would not be one.
    commands: Vec<String>,
    /// Of the body, where there are no command lines.
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
    /// Of an answer: that of a request stands where it is sent.
    example: String,
}

struct Field {
    name: String,
    /// The type, whether a request must have it, and how much it may be.
    kind: String,
    /// As HTML, as every `help`.
    help: String,
}

/// What a body is: one of the described objects, or something else.
struct Named {
    name: String,
    is_ours: bool,
}

pub(crate) async fn own() -> Response {
    static REFERENCE: OnceLock<Reference> = OnceLock::new();
    answer(&REFERENCE, v1::openapi::document, "/v1/openapi.json")
}

pub(crate) async fn portone() -> Response {
    static REFERENCE: OnceLock<Reference> = OnceLock::new();
    answer(&REFERENCE, portone::openapi::document, "/docs/openapi/portone.json")
}

pub(crate) async fn sgate() -> Response {
    static REFERENCE: OnceLock<Reference> = OnceLock::new();
    answer(&REFERENCE, sgate::openapi::document, "/docs/openapi/sgate.json")
}

fn answer(once: &OnceLock<Reference>, document: fn() -> OpenApi, address: &'static str) -> Response {
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
                groups.entry(group).or_default().push(Operation::of(document, path, method, operation));
            }
        }
        let schemas = entries(&document["components"]["schemas"]).map(|(name, schema)| Schema {
            name: name.clone(),
            kind: kind_of_object(schema),
            help: help(&schema["description"]),
            fields: parts(schema)
                .flat_map(|part| entries(&part["properties"]).map(move |field| (part, field)))
                .map(|(part, (name, field))| Field::of(name, field, field, needed(part, name)))
                .collect(),
            example: shown(&schema["example"]).filter(|_| !takes_no_other(schema)).unwrap_or_default(),
        });
        let headers = entries(&document["components"]["headers"]);
        let credentials =
            entries(&document["components"]["securitySchemes"]).map(|(_, scheme)| credential(scheme));
        Self {
            title: text(&document["info"]["title"]),
            address,
            credentials: credentials.collect(),
            description: help(&document["info"]["description"]),
            groups: in_order(document, groups),
            schemas: schemas.collect(),
            headers: headers
                .map(|(name, header)| Field::of(name, &header["schema"], header, false))
                .collect(),
        }
    }
}

/// As the description orders them; those that it does not name come last, by their names.
fn in_order(document: &Value, groups: BTreeMap<String, Vec<Operation>>) -> Vec<Group> {
    let tags: Vec<&Value> = document["tags"].as_array().into_iter().flatten().collect();
    let place = |name: &str| tags.iter().position(|tag| tag["name"] == name);
    let mut groups: Vec<Group> = groups
        .into_iter()
        .map(|(name, operations)| Group {
            help: place(&name).map(|at| help(&tags[at]["description"])).unwrap_or_default(),
            name,
            operations,
        })
        .collect();
    groups.sort_by_key(|group| place(&group.name).unwrap_or(tags.len()));
    groups
}

/// What an object's fields stand in: the object itself, or what it is made of.
fn parts(schema: &Value) -> impl Iterator<Item = &Value> {
    let parts = schema["allOf"].as_array();
    parts.into_iter().flatten().chain(parts.is_none().then_some(schema))
}

/// What an object is besides its fields: nothing, or the others that it has all fields of.
fn kind_of_object(schema: &Value) -> String {
    let others: Vec<_> = parts(schema).filter_map(reference).collect();
    match schema["properties"].is_object() {
        true => String::new(),
        false if others.is_empty() => kind(schema),
        false => format!("All that {} has, and:", others.join(" and ")),
    }
}

/// Whether a request must have the field. Bodies of requests are those that take no other fields: of an answer it says
/// nothing to its reader.
fn needed(schema: &Value, field: &str) -> bool {
    let required = schema["required"].as_array().is_some_and(|all| all.iter().any(|one| one == field));
    required && takes_no_other(schema)
}

fn takes_no_other(schema: &Value) -> bool {
    schema["additionalProperties"] == false
}

impl Operation {
    fn of(document: &Value, path: &str, method: &str, operation: &Value) -> Self {
        let parameters = operation["parameters"].as_array().into_iter().flatten();
        let commands = commands(document, path, method, operation);
        let answers = entries(&operation["responses"]).map(|(status, answer)| Answer {
            status: status.clone(),
            help: help(&answer["description"]),
            body: body(answer),
            headers: entries(&answer["headers"]).map(|(name, _)| name.clone()).collect(),
        });
        Self {
            id: text(&operation["operationId"]),
            method: method.to_uppercase(),
            path: path.to_owned(),
            is_public: operation["security"].is_array(),
            summary: text(&operation["summary"]),
            description: text(&operation["description"]).split("\n\n").map(html).collect(),
            parameters: parameters
                .map(|field| {
                    Field::of(&text(&field["name"]), &field["schema"], field, field["required"] == true)
                })
                .collect(),
            body: body(&operation["requestBody"]),
            examples: if commands.is_empty() { examples(document, operation) } else { Vec::new() },
            commands,
            answers: answers.collect(),
        }
    }
}

impl Field {
    fn of(name: &str, schema: &Value, described: &Value, is_needed: bool) -> Self {
        let needed = is_needed.then(|| "required".to_owned());
        let kind = [Some(kind(schema)), bounds(schema), needed];
        let kind = kind.into_iter().flatten().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(", ");
        Self { name: name.to_owned(), kind, help: help(&described["description"]) }
    }
}

/// How a caller proves who they are: a header, what stands in it, and what that is.
fn credential(scheme: &Value) -> Field {
    let help = help(&scheme["description"]);
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

/// The same as HTML.
fn help(value: &Value) -> String {
    html(value.as_str().unwrap_or_default())
}

fn body(of: &Value) -> Option<Named> {
    let (media, content) = entries(&of["content"]).next()?;
    Some(match named(&content["schema"]) {
        Some(name) => Named { name, is_ours: true },
        None => Named { name: media.clone(), is_ours: false },
    })
}

/// The examples of an operation's body, each as text; those of its schema where it has none of its own.
fn examples(document: &Value, operation: &Value) -> Vec<String> {
    let Some((_, content)) = entries(&operation["requestBody"]["content"]).next() else { return Vec::new() };
    let several = entries(&content["examples"]).map(|(_, example)| &example["value"]);
    let mut all: Vec<&Value> = several.chain(Some(&content["example"])).collect();
    all.retain(|example| !example.is_null());
    if all.is_empty() {
        let name = named(&content["schema"]).unwrap_or_default();
        all.extend(Some(&document["components"]["schemas"][name]["example"]).filter(|one| !one.is_null()));
    }
    all.into_iter().filter_map(shown).collect()
}

/// An example as it is shown: a file as it is, anything else as JSON.
fn shown(example: &Value) -> Option<String> {
    match example {
        Value::Null => None,
        Value::String(file) => Some(file.trim_end().to_owned()),
        example => serde_json::to_string_pretty(example).ok(),
    }
}

/// Command lines that call an operation, where a key as bearer is all that it takes.
fn commands(document: &Value, path: &str, method: &str, operation: &Value) -> Vec<String> {
    let bearer =
        entries(&document["components"]["securitySchemes"]).all(|(_, one)| one["scheme"] == "bearer");
    if !bearer {
        return Vec::new();
    }
    let mut address = path.to_owned();
    let mut line = String::from("curl");
    if !matches!((method, operation["requestBody"].is_object()), ("get", _) | ("post", true)) {
        line = format!("{line} -X {}", method.to_uppercase());
    }
    let mut keyed = "";
    for parameter in operation["parameters"].as_array().into_iter().flatten() {
        let (name, example) = (text(&parameter["name"]), text(&parameter["example"]));
        match parameter["in"].as_str() {
            Some("path") => address = address.replace(&format!("{{{name}}}"), &example),
            _ if name == "Idempotency-Key" => {
                keyed = " \\\n  -H \"Idempotency-Key: $(openssl rand -hex 16)\"";
            }
            _ => {}
        }
    }
    let line = format!("{line} \"$BASE{address}\" -H \"Authorization: Bearer $API_KEY\"{keyed}");
    let media = entries(&operation["requestBody"]["content"]).next().map(|(media, _)| media.as_str());
    let with = |body: String| match media {
        None | Some("application/json") => format!("{line} \\\n  -d {}", quoted(&body)),
        Some(media) => {
            format!("{line} \\\n  -H 'Content-Type: {media}' --data-binary {}", quoted(&body))
        }
    };
    let all: Vec<String> = examples(document, operation).into_iter().map(with).collect();
    if all.is_empty() { vec![line] } else { all }
}

/// A text as a shell takes it for one word, whatever is in it.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// The described object that a body is, also where it may be left out.
fn named(schema: &Value) -> Option<String> {
    let choices = schema["oneOf"].as_array().into_iter().flatten();
    reference(schema).or_else(|| choices.filter_map(reference).next())
}

/// How long, how many or how much, in a few words.
fn bounds(schema: &Value) -> Option<String> {
    let between = |least: &str, most: &str| match (schema[least].as_i64(), schema[most].as_i64()) {
        (Some(least), Some(most)) => Some(format!("{least} to {most}")),
        (None, Some(most)) => Some(format!("at most {most}")),
        (Some(least), None) => Some(format!("at least {least}")),
        (None, None) => None,
    };
    between("minLength", "maxLength")
        .map(|much| format!("{much} characters"))
        .or_else(|| between("minProperties", "maxProperties").map(|much| format!("{much} keys")))
        .or_else(|| between("minItems", "maxItems").map(|much| format!("{much} of them")))
        .or_else(|| between("minimum", "maximum"))
}

fn reference(schema: &Value) -> Option<String> {
    schema["$ref"].as_str()?.rsplit('/').next().map(str::to_owned)
}

/// A type in a few words: `integer`, `string or null`, `array of Method`.
fn kind(schema: &Value) -> String {
    if let Some(name) = reference(schema) {
        return name;
    }
    let alternatives = ["oneOf", "anyOf"].into_iter().find_map(|of| schema[of].as_array());
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
#[path = "reference_tests.rs"]
mod tests;
