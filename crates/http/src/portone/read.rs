//! Taking bodies apart: JSON objects, in UTF-8, whatever the content type says.
//!
//! A field that is `null` is missing, an unknown one is left alone, a repeated one is refused: two readers could see
//! two different requests. Every problem is told as PortOne's samples tell it, with code 4001.

use redress_core::environment::Environment;

use super::error::PortoneError;
use crate::json_object::{FieldProblem, JsonObject};

impl From<FieldProblem> for PortoneError {
    fn from(problem: FieldProblem) -> Self {
        Self::Invalid(problem.text)
    }
}

/// The fields of a body.
pub(super) fn object(body: &[u8]) -> Result<JsonObject<'_>, PortoneError> {
    Ok(JsonObject::parse(body)?)
}

/// A text that must be there; it may be empty.
pub(super) fn text(
    object: &JsonObject<'_>,
    field: &'static str,
    chars_max: usize,
) -> Result<String, PortoneError> {
    object.text(field, chars_max)?.ok_or(PortoneError::FieldMissing(field))
}

/// The field `environment`, which must be there.
pub(super) fn environment(text: &str) -> Result<Environment, PortoneError> {
    Environment::parse(text).ok_or(PortoneError::invalid("environment must be live or sandbox"))
}
