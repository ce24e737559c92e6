//! `/v1/deliveries`: what a merchant's endpoints were told and what they answered. A key sees those of its own merchant
//! and environment.

pub(crate) mod get;
pub(crate) mod list;
pub(crate) mod resend;
mod view;

use redress_engine::notify::history::DeliveryId;

use super::error::OwnError;
use crate::body::PathText;

/// The id in a path; whatever is none names nothing.
fn id(path: PathText) -> Result<DeliveryId, OwnError> {
    let id = path.0.and_then(|text| DeliveryId::parse(&text).ok());
    id.ok_or_else(|| OwnError::not_found("delivery"))
}

#[cfg(test)]
mod tests;
