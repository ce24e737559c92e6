//! `/v1/endpoints`: where a merchant is told what happens to its refunds. A key sees and changes those of its own
//! merchant and environment. A signing secret is shown when it is made, and again to repeats of that request alone.

pub(crate) mod change;
pub(crate) mod create;
pub(crate) mod enable;
pub(crate) mod get;
pub(crate) mod list;
pub(crate) mod replay;
pub(crate) mod revoke;
pub(crate) mod rotate_secret;
pub(crate) mod test;
mod view;

use redress_core::event::EventKind;
use redress_core::id::EndpointId;
use redress_engine::admin::endpoints::Dialect;

use super::error::OwnError;
use crate::body::PathText;
use crate::json_object::{FieldProblem, JsonObject};

/// The longest name and address that are read, in characters; the engine's own bounds are narrower still.
const TEXT_CHARS_MAX: usize = 2_048;

/// The id in a path; whatever is none names nothing.
fn id(path: PathText) -> Result<EndpointId, OwnError> {
    let id = path.0.and_then(|text| EndpointId::parse(&text).ok());
    id.ok_or_else(|| OwnError::not_found("endpoint"))
}

fn dialect(object: &JsonObject<'_>) -> Result<Option<Dialect>, FieldProblem> {
    let Some(text) = object.text("dialect", TEXT_CHARS_MAX)? else { return Ok(None) };
    let found = Dialect::parse(&text);
    found.map(Some).ok_or_else(|| FieldProblem::of("dialect", "must be standard, portone or sgate"))
}

/// The kinds of events that are named, as the store keeps them.
fn events(object: &JsonObject<'_>) -> Result<Option<i64>, FieldProblem> {
    let problem = || {
        let kinds = EventKind::ALL.map(EventKind::as_str).join(", ");
        FieldProblem::of("events", format_args!("must be a list of some of {kinds}"))
    };
    let Some(raw) = object.raw("events") else { return Ok(None) };
    let named: Vec<String> = serde_json::from_str(raw).map_err(|_| problem())?;
    let kinds: Option<Vec<EventKind>> = named.iter().map(|name| EventKind::parse(name)).collect();
    Ok(Some(kinds.ok_or_else(problem)?.into_iter().fold(0, |mask, kind| mask | kind.bit())))
}

#[cfg(test)]
mod tests;
