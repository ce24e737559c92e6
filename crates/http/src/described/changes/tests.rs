use serde_json::{Value, json};

use super::{Changes, changes};

/// An operation that takes and answers what the same schema describes, with a list of its answers.
fn document() -> Value {
    let content = json!({"application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}});
    let thing = json!({
        "type": "object",
        "required": ["id"],
        "properties": {
            "id": {"type": "string"},
            "size": {"type": "integer", "minimum": 1, "maximum": 9},
            "colour": {"type": ["string", "null"], "enum": ["red", "green", null]},
            "parts": {"type": "array", "items": {"$ref": "#/components/schemas/Thing"}},
            "owner": {"oneOf": [{"$ref": "#/components/schemas/Owner"}, {"type": "null"}]}
        }
    });
    json!({
        "paths": {
            "/things": {
                "post": {
                    "operationId": "makeThing",
                    "description": "Makes one.",
                    "parameters": [
                        {"name": "limit", "in": "query", "required": false, "schema": {"type": "integer"}}
                    ],
                    "requestBody": {"required": true, "content": content},
                    "responses": {
                        "201": {"description": "Made.", "content": content, "headers": {"Location": {}}},
                        "404": {"description": "None."}
                    }
                },
                "get": {"operationId": "listThings", "responses": {"200": {"content": content}}}
            }
        },
        "components": {"schemas": {
            "Thing": thing,
            "Owner": {"allOf": [
                {"type": "object", "required": ["name"], "properties": {"name": {"type": "string"}}},
                {"type": "object", "properties": {"age": {"type": "integer"}}}
            ]}
        }},
        "security": [{"key": []}]
    })
}

/// What becomes of the description where the value at a place is another, or one more in a list; `null` takes it away.
fn with(pointer: &str, value: Value) -> Changes {
    let (published, mut now) = (document(), document());
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    let name = name.replace("~1", "/");
    match (now.pointer_mut(parent).unwrap_or_else(|| panic!("{pointer}")), value) {
        (Value::Object(object), Value::Null) => drop(object.remove(&name)),
        (Value::Object(object), value) => drop(object.insert(name, value)),
        (Value::Array(list), value) => list.push(value),
        (other, _) => panic!("{other}"),
    }
    changes(&published, &now)
}

const POST: &str = "/paths/~1things/post";
const THING: &str = "/components/schemas/Thing";
const FIELDS: &str = "/components/schemas/Thing/properties";

#[test]
fn what_is_the_same_but_for_words_is_no_change() {
    assert_eq!(changes(&document(), &document()), Changes::default());
    assert_eq!(with(&format!("{POST}/description"), json!("Makes a thing.")), Changes::default());
    assert_eq!(with(&format!("{FIELDS}/id/example"), json!("thing_1")), Changes::default());
}

#[test]
fn what_is_taken_away_or_asked_for_breaks() {
    for (pointer, value, says) in [
        ("/paths/~1things".to_owned(), json!(null), "GET /things is gone"),
        (POST.to_owned(), json!(null), "POST /things is gone"),
        (format!("{POST}/operationId"), json!("createThing"), "operationId"),
        (format!("{POST}/parameters"), json!([]), "query limit is gone"),
        (format!("{POST}/parameters/0/required"), json!(true), "query limit is needed"),
        (format!("{POST}/parameters/0/schema"), json!({"type": "string"}), "was integer, is string"),
        (
            format!("{POST}/parameters/-"),
            json!({"name": "kind", "in": "query", "required": true, "schema": {"type": "string"}}),
            "query kind is new and needed",
        ),
        (format!("{POST}/requestBody"), json!(null), "body is gone"),
        (format!("{POST}/requestBody/content"), json!({"text/csv": {}}), "no application/json any more"),
        ("/paths/~1things/get/requestBody".to_owned(), json!({"required": true}), "body is new and needed"),
        (format!("{POST}/responses/201"), json!(null), "POST /things 201 is gone"),
        (format!("{POST}/responses/201/headers/Location"), json!(null), "no header Location"),
        (format!("{FIELDS}/size"), json!(null), "Thing.size is gone"),
        (format!("{FIELDS}/size/type"), json!("string"), "Thing.size was integer, is string"),
        (format!("{FIELDS}/size/maximum"), json!(8), "Thing.size has another maximum"),
        (format!("{FIELDS}/size/minimum"), json!(2), "Thing.size has another minimum"),
        (format!("{FIELDS}/id/maxLength"), json!(10), "Thing.id has another maxLength"),
        (format!("{FIELDS}/id/maxProperties"), json!(10), "Thing.id has another maxProperties"),
        (format!("{FIELDS}/id/format"), json!("uuid"), "Thing.id has another format"),
        (format!("{FIELDS}/id/enum"), json!(["a"]), "Thing.id may only be some words"),
        (format!("{FIELDS}/colour/enum"), json!(["red", null]), r#"Thing.colour may no longer be "green""#),
        (format!("{FIELDS}/colour/enum"), json!(null), "Thing.colour may be other words"),
        (format!("{FIELDS}/colour/type"), json!("string"), "Thing.colour was null or string, is string"),
        (format!("{FIELDS}/id/type"), json!(["string", "null"]), "Thing.id was string, is null or string"),
        (format!("{THING}/required"), json!(["id", "size"]), "Thing.size is needed now"),
        (format!("{THING}/required"), json!([]), "Thing.id may not be there"),
        (format!("{THING}/additionalProperties"), json!(false), "takes no other fields"),
        (format!("{FIELDS}/owner/oneOf"), json!([{"type": "null"}]), "Thing.owner may no longer be Owner"),
        ("/components/schemas/Owner/allOf".to_owned(), json!([]), "Owner.age is gone"),
        ("/security".to_owned(), json!([]), "other credentials"),
    ] {
        let found = with(&pointer, value).breaking;
        assert!(found.iter().any(|one| one.contains(says)), "{pointer}: {says}: {found:?}");
    }
}

/// What a client writes may not be held to more; what it reads may have more.
#[test]
fn a_new_needed_field_breaks_where_the_client_writes_it() {
    let (published, mut now) = (document(), document());
    now["components"]["schemas"]["Thing"]["properties"]["name"] = json!({"type": "string"});
    now["components"]["schemas"]["Thing"]["required"] = json!(["id", "name"]);
    let both = changes(&published, &now);
    assert_eq!(both.breaking, ["Thing.name is new and needed"]);
    assert_eq!(both.additive, ["Thing.name is new"]);
    let only_answered = |mut document: Value| {
        document["paths"]["/things"]["post"]["requestBody"] = json!(null);
        document
    };
    let read = changes(&only_answered(published), &only_answered(now));
    assert_eq!((read.breaking, read.additive), (vec![], vec!["Thing.name is new".to_owned()]));
}

#[test]
fn what_is_added_breaks_nothing() {
    for (pointer, value, says) in [
        (
            "/paths/~1others".to_owned(),
            json!({"get": {"operationId": "listOthers", "responses": {}}}),
            "GET /others is new",
        ),
        (
            format!("{POST}/parameters/-"),
            json!({"name": "kind", "in": "query", "schema": {"type": "string"}}),
            "query kind is new",
        ),
        ("/paths/~1things/get/requestBody".to_owned(), json!({"content": {}}), "GET /things body is new"),
        (format!("{POST}/requestBody/required"), json!(false), "body may be left out"),
        (format!("{POST}/requestBody/content/text~1csv"), json!({}), "body may be text/csv"),
        (format!("{POST}/responses/409"), json!({}), "POST /things 409 is new"),
        (format!("{FIELDS}/name"), json!({"type": "string"}), "Thing.name is new"),
        (format!("{FIELDS}/size/maximum"), json!(10), "Thing.size has another maximum"),
        (
            format!("{FIELDS}/colour/enum"),
            json!(["red", "green", "blue", null]),
            r#"Thing.colour may be "blue""#,
        ),
        (
            format!("{FIELDS}/owner/oneOf/-"),
            json!({"$ref": "#/components/schemas/Thing"}),
            "Thing.owner may be Thing",
        ),
    ] {
        let found = with(&pointer, value);
        assert_eq!(found.breaking, [] as [&str; 0], "{pointer}");
        assert!(found.additive.iter().any(|one| one.contains(says)), "{pointer}: {says}: {found:?}");
    }
}
