//! The merchant's own data on a refund: an object of texts.

use std::collections::BTreeMap;

use utoipa::Modify;
use utoipa::openapi::schema::{AdditionalProperties, Object, Schema, Type};
use utoipa::openapi::{OpenApi, RefOr};

use crate::json_object::{FieldProblem, JsonObject};
use crate::limits::{METADATA_KEY_CHARS_MAX, METADATA_KEYS_MAX, METADATA_VALUE_CHARS_MAX, storable};

const FIELD: &str = "metadata";

/// Reads it, and writes it in one way whatever the order of its keys was; `None` where it is not there or empty.
pub(super) fn read(body: &JsonObject<'_>) -> Result<Option<String>, FieldProblem> {
    let Some(raw) = body.raw(FIELD) else { return Ok(None) };
    let texts = || FieldProblem::of(FIELD, "must be an object of texts without repeated keys");
    // A map would take the last of two.
    let object: JsonObject<'_> = serde_json::from_str(raw).map_err(|_| texts())?;
    let mut all = BTreeMap::new();
    for name in object.names() {
        let value: String =
            object.raw(name).and_then(|raw| serde_json::from_str(raw).ok()).ok_or_else(texts)?;
        if name.is_empty() || !storable(name, METADATA_KEY_CHARS_MAX) {
            return Err(FieldProblem::of(
                FIELD,
                format_args!("must have keys of 1 to {METADATA_KEY_CHARS_MAX} characters, without NUL"),
            ));
        }
        if !storable(&value, METADATA_VALUE_CHARS_MAX) {
            return Err(FieldProblem::of(
                FIELD,
                format_args!(
                    "must have values of at most {METADATA_VALUE_CHARS_MAX} characters, without NUL"
                ),
            ));
        }
        all.insert(name, value);
    }
    if all.len() > METADATA_KEYS_MAX {
        return Err(FieldProblem::of(FIELD, format_args!("must have at most {METADATA_KEYS_MAX} keys")));
    }
    if all.is_empty() {
        return Ok(None);
    }
    serde_json::to_string(&all).map(Some).map_err(|_| texts())
}

/// Says in the description what is taken, so that a program sends no more.
pub(super) struct MetadataLimits;

impl Modify for MetadataLimits {
    fn modify(&self, document: &mut OpenApi) {
        let schemas = &mut document.components.get_or_insert_default().schemas;
        let Some(RefOr::T(Schema::Object(refund))) = schemas.get_mut("NewRefund") else { return };
        let Some(RefOr::T(Schema::Object(metadata))) = refund.properties.get_mut(FIELD) else { return };
        metadata.max_properties = Some(METADATA_KEYS_MAX);
        let key = Schema::Object(text(Some(1), METADATA_KEY_CHARS_MAX));
        metadata.property_names = Some(Box::new(key));
        let value = RefOr::T(Schema::Object(text(None, METADATA_VALUE_CHARS_MAX)));
        metadata.additional_properties = Some(Box::new(AdditionalProperties::RefOr(value)));
    }
}

fn text(least: Option<usize>, most: usize) -> Object {
    let mut text = Object::with_type(Type::String);
    (text.min_length, text.max_length) = (least, Some(most));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is read is held to the same: see the tests below.
    #[test]
    fn the_description_says_how_much_is_taken() {
        let document = serde_json::to_value(crate::v1::openapi::document()).unwrap();
        let told = &document["components"]["schemas"]["NewRefund"]["properties"][FIELD];
        assert_eq!(
            (&told["maxProperties"], &told["propertyNames"], &told["additionalProperties"]),
            (
                &serde_json::json!(50),
                &serde_json::json!({"type": "string", "minLength": 1, "maxLength": 40}),
                &serde_json::json!({"type": "string", "maxLength": 500}),
            )
        );
    }

    fn metadata(json: &str) -> Result<Option<String>, FieldProblem> {
        let body = format!(r#"{{"metadata":{json}}}"#);
        read(&JsonObject::parse(body.as_bytes()).unwrap())
    }

    #[test]
    fn an_object_of_texts_is_written_in_one_way() {
        assert_eq!(metadata(r#"{"b":"2","a":"é\u0031"}"#), Ok(Some(r#"{"a":"é1","b":"2"}"#.to_owned())));
        for nothing in ["null", "{}"] {
            assert_eq!(metadata(nothing), Ok(None));
        }
    }

    #[test]
    fn what_is_more_than_texts_or_too_much_is_refused() {
        let many: BTreeMap<String, String> = (0..51).map(|n| (n.to_string(), String::new())).collect();
        for json in [
            r#""text""#.to_owned(),
            "[]".to_owned(),
            r#"{"a":1}"#.to_owned(),
            r#"{"a":null}"#.to_owned(),
            r#"{"a":{"b":"c"}}"#.to_owned(),
            r#"{"a":"1","a":"2"}"#.to_owned(),
            r#"{"":"1"}"#.to_owned(),
            r#"{"a":"\u0000"}"#.to_owned(),
            format!(r#"{{"{}":"1"}}"#, "k".repeat(41)),
            format!(r#"{{"a":"{}"}}"#, "v".repeat(501)),
            serde_json::to_string(&many).unwrap(),
        ] {
            assert_eq!(metadata(&json).unwrap_err().field, Some("metadata"), "{json}");
        }
    }
}
