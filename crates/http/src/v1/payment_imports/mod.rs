//! `/v1/payment-imports`: many payments at once, as a job with a result for each row.

pub(crate) mod create;
pub(crate) mod get;
pub(crate) mod list;
pub(crate) mod rows;
mod upload;
mod view;

use redress_core::id::ImportId;

use super::error::OwnError;
use crate::body::PathText;

/// The id in a path; whatever is none names nothing.
fn id(path: PathText) -> Result<ImportId, OwnError> {
    let id = path.0.and_then(|text| ImportId::parse(&text).ok());
    id.ok_or_else(|| OwnError::not_found("import"))
}

#[cfg(test)]
mod tests;
