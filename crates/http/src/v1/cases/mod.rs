//! `/v1/cases`: what a person must look at. [What each kind means and what to do](../../../../docs/people.md).

pub(crate) mod close;
pub(crate) mod get;
pub(crate) mod list;
mod view;

use redress_core::id::CaseId;

use super::error::OwnError;
use crate::body::PathText;

/// The id in a path; whatever is none names nothing.
fn id(path: PathText) -> Result<CaseId, OwnError> {
    let id = path.0.and_then(|text| CaseId::parse(&text).ok());
    id.ok_or_else(|| OwnError::not_found("case"))
}

#[cfg(test)]
mod tests;
